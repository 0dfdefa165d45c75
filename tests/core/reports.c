// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Reports of unobserved errors that a language binding takes when it can. That cannot be undone, so each test is a
// process.

#include <tend.h>

static gboolean
fail_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, user_data);
  return FALSE;
}

/* Drops a task whose error nobody has read. */
static void
fail (const char *message)
{
  TendTask *task = tend_task_run_open ("x", fail_body, (gpointer) message, NULL);

  tend_task_set_origin (task, "reports.c:1");
  g_assert_finalize_object (task);
}

static void
called_cb (gpointer user_data)
{
  (*(guint *) user_data)++;
}

static void
assert_report (const char *message)
{
  g_autofree char *task = NULL;
  g_autofree char *origin = NULL;
  g_autoptr(GError) error = tend_take_report (&task, &origin);

  if (message == NULL)
    {
      g_assert_null (error);
      g_assert_null (task);
      g_assert_null (origin);
      return;
    }

  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_cmpstr (error->message, ==, message);
  g_assert_true (g_str_has_prefix (task, "Task"));
  g_assert_cmpstr (origin, ==, "reports.c:1");
}

static void
in_process (void (* func) (void))
{
  if (g_test_subprocess ())
    {
      func ();
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
}

static void
take_in_the_next_turn (void)
{
  guint n_calls = 0;

  tend_keep_reports (called_cb, &n_calls, NULL);
  fail ("one");
  fail ("two");
  g_assert_cmpuint (n_calls, ==, 0);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_cmpuint (n_calls, ==, 1);
  assert_report ("one");
  assert_report ("two");
  assert_report (NULL);
}

static void
test_are_taken_in_the_next_turn (void)
{
  in_process (take_in_the_next_turn);
}

static void
skip_a_call (void)
{
  guint n_calls = 0;

  tend_keep_reports (called_cb, &n_calls, NULL);
  fail ("one");
  while (n_calls < 3)
    g_main_context_iteration (NULL, TRUE);
  assert_report ("one");
  while (n_calls < 4)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < 5; i++)
    {
      g_usleep (5000);
      g_main_context_iteration (NULL, FALSE);
    }
  g_assert_cmpuint (n_calls, ==, 4);
  fail ("two");
  while (n_calls < 5)
    g_main_context_iteration (NULL, TRUE);
  assert_report ("two");
}

static void
test_are_called_for_until_they_are_taken (void)
{
  in_process (skip_a_call);
}

static void
leave_one (void)
{
  static guint n_calls;

  tend_keep_reports (called_cb, &n_calls, NULL);
  fail ("left over");
}

static void
test_what_is_left_is_logged (void)
{
  in_process (leave_one);
  if (!g_test_subprocess ())
    g_test_trap_assert_stderr ("*nobody observed its error; it was made at reports.c:1: left over*");
}

static void
not_called_cb (const char   *task,
               const GError *error,
               const char   *origin,
               gpointer      user_data)
{
  g_assert_not_reached ();
}

static void
set_both (void)
{
  static guint n_calls;

  tend_set_unobserved_func (not_called_cb, NULL, NULL);
  tend_keep_reports (called_cb, &n_calls, NULL);
  fail ("one");
  assert_report ("one");
}

static void
test_stand_before_the_function (void)
{
  in_process (set_both);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  /* What is left at the end of a process is a warning, which fails a test. */
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);

  g_test_add_func ("/tend/reports/are-taken-in-the-next-turn", test_are_taken_in_the_next_turn);
  g_test_add_func ("/tend/reports/are-called-for-until-they-are-taken", test_are_called_for_until_they_are_taken);
  g_test_add_func ("/tend/reports/what-is-left-is-logged", test_what_is_left_is_logged);
  g_test_add_func ("/tend/reports/stand-before-the-function", test_stand_before_the_function);

  return g_test_run ();
}
