// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// How long a shutdown takes when what it ends does all it can against that. In each test the virtual
// time that it takes is known.

#include "children.h"

/* Everything is over after just this time. */
static void
assert_time (Fixture *fixture,
             gint64   usec)
{
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, usec);
}

/* The same where a thread goes on, for which the clock would wait: the log tells what is over. */
static void
assert_time_and_log (Fixture    *fixture,
                     gint64      usec,
                     const char *last)
{
  tend_clock_advance (fixture->clock, usec - 1, NULL);
  g_assert_false (g_str_has_suffix (fixture->log->str, last));
  tend_clock_advance (fixture->clock, 1, NULL);
  g_assert_true (g_str_has_suffix (fixture->log->str, last));
}

/* --- Shutdown tasks that do not end --- */

static gboolean
wait_on_and_on (TendTask  *task,
                gpointer   data,
                GError   **error)
{
  tend_shield_push ();
  while (tend_sleep (SECOND, NULL) || TRUE)
    ;

  return TRUE;
}

static void
test_fiber_that_refuses (Fixture       *fixture,
                         gconstpointer  unused)
{
  g_autoptr(GPtrArray) errors = NULL;
  const char *expected = "Task 'stubborn': stopped: this shutdown task is running, and did not end within 5.000 s";

  add_shutdown_task (fixture, tend_task_new_fiber ("stubborn", wait_on_and_on, NULL, NULL));
  add_note (fixture, "next");
  shut_down (fixture);
  tend_clock_advance (fixture->clock, 5 * SECOND - 1, NULL);
  assert_log (fixture, "");

  g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING, "Task 'stubborn': has ended*given up");
  assert_time (fixture, 1);
  g_test_assert_expected_messages ();
  assert_log (fixture, "next error");
  errors = take_errors (fixture);
  g_assert_error (get_error (errors, 0), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpstr (get_error (errors, 0)->message, ==, expected);
  g_assert_cmpuint (fixture->n_alive, ==, 0);
}

static void
test_thread_that_blocks (Fixture       *fixture,
                         gconstpointer  unused)
{
  Work *work = work_new (fixture);
  TendTask *task = work_make_task (work, THREAD, "blocked");

  work->is_deaf = TRUE;
  tend_task_manager_add_shutdown_task (fixture->manager, g_object_ref (task), NULL);
  g_object_unref (task);
  add_sleep (fixture, "next");
  shut_down (fixture);
  assert_time_and_log (fixture, 6 * SECOND, "error");
  assert_log (fixture, "next< >next error");

  /* The manager may go while the thread still works. */
  g_assert_finalize_object (g_steal_pointer (&fixture->manager));
  work_let_go (work);
  work_wait_gone (work);
}

/* One that only begins later, one that is paused, one that runs again and again, one that does nothing. */
static void
test_each_has_its_time (Fixture       *fixture,
                        gconstpointer  unused)
{
  g_autoptr(GPtrArray) errors = NULL;
  TendTask *delayed = tend_task_new_open ("delayed", never_run, NULL, NULL);
  TendTask *paused = tend_task_new_open ("paused", never_run, NULL, NULL);
  TendTask *ticking = tend_task_new_open ("tick", note_name, fixture, NULL);

  tend_task_manager_set_grace_period (fixture->manager, SECOND);
  tend_task_set_delay (delayed, 2 * SECOND);
  tend_task_pause (paused);
  tend_task_set_interval (ticking, 2 * SECOND / 5);
  add_shutdown_task (fixture, delayed);
  add_shutdown_task (fixture, paused);
  add_shutdown_task (fixture, ticking);
  add_shutdown_task (fixture, tend_task_new_open ("idle", ignore_cancel, NULL, NULL));
  add_note (fixture, "last");
  shut_down (fixture);
  assert_time (fixture, 4 * SECOND);
  assert_log (fixture, "tick tick last errors");

  errors = take_errors (fixture);
  g_assert_cmpuint (errors->len, ==, 4);
  assert_message (errors, 0, "'delayed'");
  assert_message (errors, 0, "this shutdown task is pending");
  assert_message (errors, 1, "'paused'");
  assert_message (errors, 2, "'tick'");
  assert_message (errors, 3, "'idle'");
}

/* The last moment is early enough. */
static gboolean
sleep_to_the_limit (TendTask  *task,
                    gpointer   data,
                    GError   **error)
{
  return tend_sleep (SECOND - 1, error);
}

static void
test_time_is_not_shared (Fixture       *fixture,
                         gconstpointer  unused)
{
  tend_task_manager_set_grace_period (fixture->manager, SECOND);
  for (guint i = 0; i < 10; i++)
    add_shutdown_task (fixture, tend_task_new_fiber (NULL, sleep_to_the_limit, NULL, NULL));
  shut_down (fixture);
  assert_time (fixture, 10 * (SECOND - 1));
  assert_log (fixture, "down");
}

/* One that was given up is over, even if it comes back while the next one runs. */
static void
test_late_thread_comes_back_meanwhile (Fixture       *fixture,
                                       gconstpointer  unused)
{
  Work *work = work_new (fixture);
  TendTask *task = work_make_task (work, THREAD, NULL);

  work->is_deaf = TRUE;
  tend_task_manager_add_shutdown_task (fixture->manager, g_object_ref (task), NULL);
  g_object_unref (task);
  add_sleep (fixture, "a");
  add_sleep (fixture, "b");
  shut_down (fixture);
  tend_clock_advance (fixture->clock, 5 * SECOND, NULL);
  assert_log (fixture, "a<");
  work_let_go (work);
  work_wait_gone (work);
  assert_log (fixture, "");
  assert_time (fixture, 2 * SECOND);
  assert_log (fixture, ">a b< >b error");
}

/* --- Tasks that do not want to end --- */

static gboolean
fail_in_clean_up (TendTask  *task,
                  gpointer   data,
                  GError   **error)
{
  tend_sleep (3600 * SECOND, NULL);
  tend_shield_push ();
  tend_sleep (SECOND, NULL);
  tend_shield_pop ();
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, "clean-up failed");
  return FALSE;
}

static void
note_failed_cb (TendTaskManager *manager,
                TendTask        *task,
                const GError    *error,
                gpointer         data)
{
  note (data, "failed");
}

/* All that can go wrong at once: nothing keeps anything else from running, and everything is told. */
static void
test_everything_goes_wrong (Fixture       *fixture,
                            gconstpointer  unused)
{
  g_autoptr(GPtrArray) errors = NULL;

  g_signal_connect (fixture->manager, "task-failed", G_CALLBACK (note_failed_cb), fixture);
  register_fiber (fixture, NULL, fail_in_clean_up, NULL);
  register_callback (fixture, "idle", ignore_cancel, NULL);
  add_shutdown_task (fixture, tend_task_new_open ("first", fail_at_once, NULL, NULL));
  add_shutdown_task (fixture, tend_task_new_open ("never", ignore_cancel, NULL, NULL));
  add_shutdown_task (fixture, tend_task_new_open ("second", fail_at_once, NULL, NULL));
  add_note (fixture, "last");
  settle (fixture);
  shut_down (fixture);
  assert_time (fixture, 10 * SECOND);
  assert_log (fixture, "failed last errors");

  errors = take_errors (fixture);
  g_assert_cmpuint (errors->len, ==, 4);
  assert_message (errors, 0, "'idle'");
  assert_message (errors, 1, "first failed");
  assert_message (errors, 2, "'never'");
  assert_message (errors, 3, "second failed");
}

static gboolean
register_another (TendTask  *task,
                  gpointer   data,
                  GError   **error)
{
  Fixture *fixture = data;
  g_autoptr(GError) refused = NULL;

  tend_sleep (3600 * SECOND, NULL);
  tend_shield_push ();
  for (guint i = 0; i < 3; i++)
    {
      g_assert_null (tend_task_manager_register (fixture->manager,
                                                 tend_task_new_fiber ("again", register_another, data, NULL),
                                                 TEND_NAME_POLICY_REJECT, &refused));
      g_assert_error (refused, TEND_ERROR, TEND_ERROR_SHUT_DOWN);
      g_clear_error (&refused);
      tend_sleep (SECOND, NULL);
    }
  tend_shield_pop ();
  note (fixture, "refused");

  return TRUE;
}

static void
test_tasks_that_register_others (Fixture       *fixture,
                                 gconstpointer  unused)
{
  register_fiber (fixture, "again", register_another, fixture);
  settle (fixture);
  shut_down (fixture);
  assert_time (fixture, 3 * SECOND);
  assert_log (fixture, "refused down");
}

static void
shut_down_at_exit (TendTask *task,
                   gpointer  data)
{
  shut_down (data);
}

/* When the stragglers are stopped, their exit handlers call the shutdown again. */
static void
test_stragglers_that_call_again (Fixture       *fixture,
                                 gconstpointer  unused)
{
  for (guint i = 0; i < 3; i++)
    tend_task_add_exit_handler (register_callback (fixture, NULL, ignore_cancel, NULL),
                                shut_down_at_exit, fixture, NULL);
  add_note (fixture, "last");
  settle (fixture);
  shut_down (fixture);
  assert_time (fixture, 5 * SECOND);
  assert_log (fixture, "last errors errors errors errors");
}

static void
test_message_of_a_straggler (Fixture       *fixture,
                             gconstpointer  unused)
{
  static const char *const texts[] = { "running", "stopped" };
  g_autoptr(GPtrArray) errors = NULL;
  Work *works[2];

  for (guint i = 0; i < 2; i++)
    {
      works[i] = register_work (fixture, THREAD, i == 0 ? "name" : NULL);
      works[i]->is_deaf = TRUE;
      work_wait_begun (works[i]);
    }
  tend_task_stop (works[1]->task);
  tend_clock_advance (fixture->clock, 3661 * SECOND, NULL);
  shut_down (fixture);
  assert_time_and_log (fixture, 5 * SECOND, "errors");
  assert_log (fixture, "errors");

  errors = take_errors (fixture);
  g_assert_cmpuint (errors->len, ==, 2);
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *head = i == 0 ? g_strdup ("Task 'name'") :
                              g_strdup_printf ("Task %" G_GUINT64_FORMAT, tend_task_get_id (works[i]->task));
      g_autofree char *expected =
        g_strdup_printf ("%s: stopped: it is 3666.000 s old and %s, and did not end within 5.000 s", head, texts[i]);

      g_assert_error (get_error (errors, i), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      g_assert_cmpstr (get_error (errors, i)->message, ==, expected);
      work_let_go (works[i]);
      work_wait_gone (works[i]);
    }
}

/* --- Callers --- */

static gboolean
shut_down_in_fiber (TendTask  *task,
                    gpointer   data,
                    GError   **error)
{
  Fixture *fixture = data;
  gboolean ok = tend_task_manager_shutdown (fixture->manager, error);

  note (fixture, ok ? "fiber-down" : "fiber-error");
  return ok;
}

/* A task of the manager, which waits for the others: for no longer than the grace period. */
static void
test_managed_caller_with_stragglers (Fixture       *fixture,
                                     gconstpointer  unused)
{
  Work *thread = register_work (fixture, THREAD, NULL);
  g_autoptr(TendTask) task = NULL;

  thread->is_deaf = TRUE;
  work_wait_begun (thread);
  task = g_object_ref (register_fiber (fixture, NULL, shut_down_in_fiber, fixture));
  assert_time_and_log (fixture, 5 * SECOND, "fiber-error");
  assert_log (fixture, "fiber-error");
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_FAILED);
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  work_let_go (thread);
  work_wait_gone (thread);
}

static gboolean
call_and_end (TendTask  *task,
              gpointer   data,
              GError   **error)
{
  shut_down (data);
  tend_task_return_boolean (task, TRUE);

  return TRUE;
}

/* What it is told waits for its turn. */
static void
test_callback_that_is_a_shutdown_task (Fixture       *fixture,
                                       gconstpointer  unused)
{
  add_shutdown_task (fixture, tend_task_new_open (NULL, call_and_end, fixture, NULL));
  shut_down (fixture);
  assert_time (fixture, 0);
  assert_log (fixture, "down error");
}

/* The caller gives up: the shutdown keeps its time, and another call is told the end. */
static void
test_caller_gives_up (Fixture       *fixture,
                      gconstpointer  unused)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  register_callback (fixture, NULL, ignore_cancel, NULL);
  settle (fixture);
  tend_task_manager_shutdown_async (fixture->manager, cancellable, shut_down_cb, fixture);
  tend_clock_advance (fixture->clock, 2 * SECOND, NULL);
  g_cancellable_cancel (cancellable);
  settle (fixture);
  assert_log (fixture, "given-up");
  shut_down (fixture);
  assert_time (fixture, 3 * SECOND);
  assert_log (fixture, "error");
}

/* A whole program whose fiber is cancelled while it shuts down is told so, and nothing else is. */
static gboolean
shut_down_and_tell (TendTask  *task,
                    gpointer   data,
                    GError   **error)
{
  gboolean ok = shut_down_in_fiber (task, data, error);

  g_assert_false (ok);
  g_assert_error (*error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  return FALSE;
}

static void
test_cancelled_caller_is_told (Fixture       *fixture,
                               gconstpointer  unused)
{
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_fiber (NULL, shut_down_and_tell, fixture, NULL));

  register_callback (fixture, NULL, ignore_cancel, NULL);
  settle (fixture);
  g_assert_true (tend_task_start (task, NULL));
  tend_clock_advance (fixture->clock, SECOND, NULL);
  tend_task_cancel (task);
  settle (fixture);
  assert_log (fixture, "fiber-error");
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_CANCELLED);
  assert_time (fixture, 4 * SECOND);
}

/* --- Owners --- */

typedef struct
{
  Fixture *fixture;
  GObject *owner;
} Owned;

static void
drop_owner_cb (GObject      *object,
               GAsyncResult *result,
               gpointer      data)
{
  Owned *owned = data;

  shut_down_cb (object, result, owned->fixture);
  g_clear_object (&owned->owner);
}

/* A window that waits for the shutdown, and closes then. */
static void
test_owner_goes_in_callback (Fixture       *fixture,
                             gconstpointer  unused)
{
  Owned owned = { fixture, g_object_new (G_TYPE_OBJECT, NULL) };
  g_autoptr(TendTaskManager) manager = tend_task_manager_new_for_owner (owned.owner);

  tend_task_manager_shutdown_async (manager, NULL, drop_owner_cb, &owned);
  tend_task_manager_shutdown_async (manager, NULL, shut_down_cb, fixture);
  assert_time (fixture, 0);
  g_assert_null (owned.owner);
  assert_log (fixture, "down");
  g_assert_finalize_object (g_steal_pointer (&manager));
}

static void
drop_owner_at_exit (TendTask *task,
                    gpointer  data)
{
  g_clear_object (&((Owned *) data)->owner);
}

/* When a straggler is stopped, and when a task is cancelled, the owner goes. */
static void
test_owner_goes_meanwhile (Fixture       *fixture,
                           gconstpointer  unused)
{
  for (guint i = 0; i < 2; i++)
    {
      Owned owned = { fixture, g_object_new (G_TYPE_OBJECT, NULL) };
      g_autoptr(TendTaskManager) manager = tend_task_manager_new_for_owner (owned.owner);
      TendTaskManager *child = add_child (fixture, manager);

      callback_in (fixture, child, NULL, ignore_cancel, NULL);
      tend_task_add_exit_handler (callback_in (fixture, manager, NULL, ignore_cancel, NULL),
                                  drop_owner_at_exit, &owned, NULL);
      callback_in (fixture, manager, NULL, ignore_cancel, NULL);
      if (i == 0)
        settle (fixture);
      tend_task_manager_shutdown_async (manager, NULL, NULL, NULL);
      assert_time (fixture, 5 * SECOND * (i == 0));
      g_assert_null (owned.owner);
      g_assert_finalize_object (g_steal_pointer (&manager));
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_shutdown_test ("/tend/task-manager/shutdown-tasks/fiber-that-refuses", test_fiber_that_refuses);
  add_shutdown_test ("/tend/task-manager/shutdown-tasks/thread-that-blocks", test_thread_that_blocks);
  add_shutdown_test ("/tend/task-manager/shutdown-tasks/each-has-its-time", test_each_has_its_time);
  add_shutdown_test ("/tend/task-manager/shutdown-tasks/time-is-not-shared", test_time_is_not_shared);
  add_shutdown_test ("/tend/task-manager/shutdown-tasks/late-thread-comes-back-meanwhile",
                     test_late_thread_comes_back_meanwhile);

  add_shutdown_test ("/tend/task-manager/shutdown/everything-goes-wrong", test_everything_goes_wrong);
  add_shutdown_test ("/tend/task-manager/shutdown/tasks-that-register-others", test_tasks_that_register_others);
  add_shutdown_test ("/tend/task-manager/grace/stragglers-that-call-again", test_stragglers_that_call_again);
  add_shutdown_test ("/tend/task-manager/grace/message-of-a-straggler", test_message_of_a_straggler);

  add_shutdown_test ("/tend/task-manager/shutdown-calls/managed-caller-with-stragglers",
                     test_managed_caller_with_stragglers);
  add_shutdown_test ("/tend/task-manager/shutdown-calls/callback-that-is-a-shutdown-task",
                     test_callback_that_is_a_shutdown_task);
  add_shutdown_test ("/tend/task-manager/shutdown-calls/caller-gives-up", test_caller_gives_up);
  add_shutdown_test ("/tend/task-manager/shutdown-calls/cancelled-caller-is-told", test_cancelled_caller_is_told);

  add_shutdown_test ("/tend/task-manager/shutdown/owner-goes-in-callback", test_owner_goes_in_callback);
  add_shutdown_test ("/tend/task-manager/shutdown/owner-goes-meanwhile", test_owner_goes_meanwhile);

  return g_test_run ();
}
