// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The watchdog of a process that has lowered its limit of descriptors so far that it may not poll.

#include "../monitor/words.h"
#include "refuse.h"

#define N_BLOCKS 20

static gboolean
block_cb (gpointer user_data)
{
  Word **word = user_data;

  set_threshold (SOON);
  refuse_from (REFUSE_POLL, 1, REFUSE_EVER);
  *word = wait_for_word ();
  refuse_nothing ();
  set_threshold (NEVER);

  return G_SOURCE_REMOVE;
}

/* The blocked thread answers as ever, which is seen a little later. */
static void
test_may_not_poll (void)
{
  for (guint i = 0; i < N_BLOCKS; i++)
    {
      g_autoptr(GSource) source = g_idle_source_new ();
      g_autoptr(Word) word = NULL;

      g_source_set_static_name (source, "blocks");
      g_source_set_callback (source, block_cb, &word, NULL);
      g_source_attach (source, NULL);
      set_threshold (NEVER);
      while (word == NULL)
        g_main_context_iteration (NULL, TRUE);
      stop_watchdog ();

      g_assert_cmpstr (word->source, ==, "GSource 'blocks'");
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  catch_words ();

  g_test_add_func ("/tend/failures/watchdog/may-not-poll", test_may_not_poll);

  return g_test_run ();
}
