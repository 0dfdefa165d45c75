// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Debouncing: the last thing that was asked for is done, when nothing was asked for during a while.

#include "calls.h"

static TendTask *
debounce (Fixture    *fixture,
          const char *tag,
          gint64      usec)
{
  return ask (fixture, tend_task_manager_debounce, tag, usec);
}

static TendTask *
debounce_task (Fixture    *fixture,
               const char *tag,
               gint64      duration,
               gint64      usec)
{
  return ask_task (fixture, tend_task_manager_debounce, tag, duration, usec);
}

static void
test_only_the_last_runs (Fixture       *fixture,
                         gconstpointer  unused)
{
  g_autoptr(TendTask) first = NULL;

  begin_time (fixture);
  first = g_object_ref (debounce (fixture, "A", SECOND));
  go_to (fixture, 5);
  debounce (fixture, "B", SECOND);
  g_assert_cmpint (tend_task_get_status (first), ==, TEND_TASK_STATUS_CANCELLED);
  g_assert_cmpuint (n_tasks (fixture), ==, 1);
  go_to (fixture, 14);
  debounce (fixture, "C", SECOND);
  go_to (fixture, 23);
  assert_log (fixture, "");
  go_to (fixture, 40);
  assert_log (fixture, "C@24");

  /* And the next burst is one of its own. */
  debounce (fixture, "D", SECOND);
  debounce (fixture, "E", SECOND);
  go_to (fixture, 60);
  assert_log (fixture, "E@50");
}

/* The while is that of the last call. */
static void
test_different_times (Fixture       *fixture,
                      gconstpointer  unused)
{
  begin_time (fixture);
  debounce (fixture, "A", SECOND);
  debounce (fixture, "B", 3 * SECOND);
  go_to (fixture, 20);
  debounce (fixture, "C", SECOND / 2);
  go_to (fixture, 60);
  assert_log (fixture, "C@25");

  /* Of none it is the next turn. */
  debounce (fixture, "D", 0);
  debounce (fixture, "E", 0);
  assert_log (fixture, "");
  settle (fixture);
  assert_log (fixture, "E@60");
}

static void
test_running_body_is_cancelled (Fixture       *fixture,
                                gconstpointer  unused)
{
  begin_time (fixture);
  debounce_task (fixture, "A", 5 * SECOND, SECOND);
  go_to (fixture, 20);
  debounce_task (fixture, "B", SECOND, SECOND);
  go_to (fixture, 50);
  assert_log (fixture, "A@10 A!20 B@30 B.40");
}

/* A body that is slow to end delays the next one beyond its silence, and only the last begins. */
static void
test_waits_for_the_real_end (Fixture       *fixture,
                             gconstpointer  unused)
{
  Work *work = work_new (fixture);
  g_autoptr(TendTask) task = work_make_task (work, THREAD, NAME);

  begin_time (fixture);
  work->is_deaf = TRUE;
  g_assert_true (tend_task_manager_debounce (fixture->manager, g_object_ref (task), 0, NULL));
  work_wait_begun (work);
  debounce (fixture, "A", SECOND);
  go_to (fixture, 20);
  debounce (fixture, "B", SECOND);
  go_to (fixture, 40);
  assert_log (fixture, "");
  g_assert_cmpuint (n_tasks (fixture), ==, 2);

  work_let_go (work);
  work_wait_gone (work);
  settle (fixture);
  assert_log (fixture, "B@40");
}

static void
test_cancelled_by_name (Fixture       *fixture,
                        gconstpointer  unused)
{
  begin_time (fixture);
  debounce (fixture, "A", SECOND);
  go_to (fixture, 5);
  tend_task_manager_cancel_task (fixture->manager, NAME);
  go_to (fixture, 20);
  assert_log (fixture, "");
  debounce (fixture, "B", SECOND);
  go_to (fixture, 40);
  assert_log (fixture, "B@30");
}

static void
test_names_are_apart (Fixture       *fixture,
                      gconstpointer  unused)
{
  begin_time (fixture);
  debounce (fixture, "A", SECOND);
  watch (fixture, tend_task_manager_debounce (fixture->manager,
                                              tend_task_new_open ("m", call_body, call_new (fixture, "M", 0), g_free),
                                              2 * SECOND, NULL));
  go_to (fixture, 30);
  assert_log (fixture, "A@10 M@20");
}

static gboolean
debounce_oneself (TendTask  *task,
                  gpointer   data,
                  GError   **error)
{
  Call *call = data;

  note_time (call, "@");
  debounce (call->fixture, "B", SECOND);
  return tend_sleep (0, error);
}

static void
test_inside_its_own_body (Fixture       *fixture,
                          gconstpointer  unused)
{
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_fiber (NAME, debounce_oneself,
                                                                  call_new (fixture, "A", 0), g_free));

  begin_time (fixture);
  g_assert_true (tend_task_manager_debounce (fixture->manager, g_object_ref (task), SECOND, NULL));
  go_to (fixture, 40);
  assert_log (fixture, "A@10 B@20");
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_CANCELLED);
}

static void
test_refusals_lose_nothing (Fixture       *fixture,
                            gconstpointer  unused)
{
  begin_time (fixture);
  debounce (fixture, "A", SECOND);
  assert_refusals_lose_nothing (fixture, tend_task_manager_debounce);
  go_to (fixture, 100);
  assert_log (fixture, "A@10");
}

static void
test_after_shutdown (Fixture       *fixture,
                     gconstpointer  unused)
{
  begin_time (fixture);
  debounce (fixture, "A", SECOND);
  assert_refused_after_shutdown (fixture, tend_task_manager_debounce);
}

static void
test_other_thread (Fixture       *fixture,
                   gconstpointer  unused)
{
  begin_time (fixture);
  assert_refused_elsewhere (fixture, tend_task_manager_debounce);
  go_to (fixture, 20);
  assert_log (fixture, "A@10 A.10");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/task-manager/debounce/only-the-last-runs", test_only_the_last_runs);
  add_test ("/tend/task-manager/debounce/different-times", test_different_times);
  add_test ("/tend/task-manager/debounce/running-body-is-cancelled", test_running_body_is_cancelled);
  add_test ("/tend/task-manager/debounce/waits-for-the-real-end", test_waits_for_the_real_end);
  add_test ("/tend/task-manager/debounce/cancelled-by-name", test_cancelled_by_name);
  add_test ("/tend/task-manager/debounce/names-are-apart", test_names_are_apart);
  add_test ("/tend/task-manager/debounce/inside-its-own-body", test_inside_its_own_body);
  add_test ("/tend/task-manager/debounce/refusals-lose-nothing", test_refusals_lose_nothing);
  add_test ("/tend/task-manager/debounce/after-shutdown", test_after_shutdown);
  add_test ("/tend/task-manager/debounce/other-thread", test_other_thread);

  return g_test_run ();
}
