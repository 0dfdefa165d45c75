// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Errors whose copy is user code, which ends the task that the copy is made for.

#include "common.h"

typedef struct
{
  char *text;
} TestErrorPrivate;

static TendTask *ended_by_copy;     /* a reference; what the next copy stops; NULL: nothing */

GQuark test_error_quark (void);

static void
test_error_private_init (TestErrorPrivate *priv)
{
  priv->text = g_strdup ("text");
}

static void
test_error_private_clear (TestErrorPrivate *priv)
{
  g_free (priv->text);
}

/* What is copied is there until the copy is made. */
static void
test_error_private_copy (const TestErrorPrivate *src,
                         TestErrorPrivate       *dest)
{
  g_autoptr(TendTask) task = g_steal_pointer (&ended_by_copy);

  if (task != NULL)
    tend_task_stop (task);
  g_free (dest->text);
  dest->text = g_strdup (src->text);
  g_assert_cmpstr (dest->text, ==, "text");
}

G_DEFINE_EXTENDED_ERROR (TestError, test_error)

/* A task that has ended with such an error. */
static TendTask *
new_failed (void)
{
  TendTask *task = tend_task_new (NULL, NULL, NULL, NULL);

  tend_task_return_error (task, g_error_new_literal (test_error_quark (), 1, "No luck"));
  assert_status (task, "failed");
  tend_task_get_error (task);

  return task;
}

/* Nobody but the wait holds the task. */
static void
check_stopped_by_copy (TendTask *wait)
{
  ended_by_copy = g_object_ref (wait);
  settle ();
  g_assert_null (ended_by_copy);
  assert_status (wait, "stopped");
  assert_gone (wait);
}

static void
test_of_who_follows (void)
{
  TendTask *task = new_failed ();
  TendTask *wait = tend_task_with_cancellable (task, NULL);

  g_object_unref (task);
  check_stopped_by_copy (wait);
}

static void
test_of_who_waits_for_all (void)
{
  TendTask *task = new_failed ();
  TendTask *wait = tend_wait_all (&task, 1);

  g_object_unref (task);
  check_stopped_by_copy (wait);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/copy-of-an-error/of-who-follows", test_of_who_follows);
  g_test_add_func ("/tend/copy-of-an-error/of-who-waits-for-all", test_of_who_waits_for_all);

  return g_test_run ();
}
