// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Calls that lead to the next of their kind: some nest, and what comes deeper waits for the outermost.

#include "tend-core-private.h"

static GString *trace;
static guint n_inside;      /* nested calls that have not come back */

static void
note_cb (gpointer data)
{
  g_assert_cmpuint (n_inside, ==, 0);
  g_string_append_c (trace, *(const char *) data);
}

/* Leads to the next that waits, in turn. */
static void
note_and_go_on_cb (gpointer data)
{
  note_cb (data);
  tend_call_flat (note_cb, (gpointer) "-", 0);
}

static void
nest_cb (gpointer data)
{
  n_inside++;
  if (!tend_is_deep ())
    tend_call_flat (nest_cb, NULL, 0);
  else
    for (char letter = 'a'; letter <= 'c'; letter++)
      tend_call_flat (note_and_go_on_cb, &letter, sizeof letter);
  g_assert_cmpstr (trace->str, ==, "");
  n_inside--;
}

/* It comes in order, with what it was given, although that is gone by then. */
static void
test_what_is_deep_waits_for_the_outermost (void)
{
  trace = g_string_new (NULL);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_false (tend_is_deep ());
      tend_call_flat (nest_cb, NULL, 0);
      g_assert_cmpstr (trace->str, ==, "a-b-c-");
      g_string_truncate (trace, 0);
    }
  g_string_free (trace, TRUE);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/flat/what-is-deep-waits-for-the-outermost", test_what_is_deep_waits_for_the_outermost);

  return g_test_run ();
}
