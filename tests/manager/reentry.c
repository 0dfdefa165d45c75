// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the manager calls back does what it likes at that moment: it lets tasks go on, drops the manager or
// disposes of it, adds to it, or runs the loop until all is over.

#include "fixture.h"

/* --- Names --- */

static void
resume_at_removal_cb (GListModel *model,
                      guint       position,
                      guint       n_removed,
                      guint       n_added,
                      gpointer    data)
{
  if (n_removed > 0)
    tend_task_resume (data);
}

/* It was paused while it waited for its name, and goes on in the moment in which it has it. */
static void
test_goes_on_when_the_name_is_free (Fixture       *fixture,
                                    gconstpointer  unused)
{
  Work *old = register_work (fixture, CALLBACK, "n");
  g_autoptr(TendTask) next = NULL;
  guint n_runs = 0;

  settle (fixture);
  next = watch (fixture, tend_task_new_open ("n", count_run, &n_runs, NULL));
  tend_task_manager_register (fixture->manager, g_object_ref (next), TEND_NAME_POLICY_QUEUE, NULL);
  settle (fixture);
  tend_task_pause (next);
  g_signal_connect (fixture->manager, "items-changed", G_CALLBACK (resume_at_removal_cb), next);

  work_let_go (old);
  settle (fixture);
  g_assert_cmpuint (n_runs, ==, 1);
  g_assert_true (tend_task_is_ended (next));
}

/* --- The end --- */

static void
settle_cb (TendTask *task,
           gpointer  data)
{
  settle (data);
}

/* It was about to begin when it was cancelled, and who is told of that runs the loop. */
static void
test_does_not_begin_while_it_ends (Fixture       *fixture,
                                   gconstpointer  unused)
{
  g_autoptr(TendTask) task = NULL;
  guint n_runs = 0;

  task = watch (fixture, tend_task_new_open ("n", count_run, &n_runs, NULL));
  tend_task_add_exit_handler (task, settle_cb, fixture, NULL);
  g_assert_true (tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT,
                                             NULL));

  tend_task_cancel (task);
  settle (fixture);
  g_assert_cmpuint (n_runs, ==, 0);
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_CANCELLED);
}

/* --- The owner --- */

static void
drop_manager_cb (gpointer  data,
                 GObject  *owner)
{
  g_clear_object (&((Fixture *) data)->manager);
}

static void
use_manager_of (Fixture *fixture,
                GObject *owner)
{
  g_assert_finalize_object (g_steal_pointer (&fixture->manager));
  fixture->manager = watch (fixture, tend_task_manager_new_for_owner (owner));
}

/* A window that is destroyed is not freed yet: it tells of it, and who hears of it first drops the manager. */
static void
test_weak_notify_drops_the_manager (Fixture       *fixture,
                                    gconstpointer  unused)
{
  g_autoptr(GObject) owner = g_object_new (G_TYPE_OBJECT, NULL);
  TendTask *task;

  g_object_weak_ref (owner, drop_manager_cb, fixture);
  use_manager_of (fixture, owner);
  task = register_callback (fixture, "n", count_run, NULL);
  g_object_ref (task);

  g_object_run_dispose (owner);
  g_assert_null (fixture->manager);
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_STOPPED);
  g_object_unref (task);

  /* It is told again when it is freed. */
  fixture->manager = watch (fixture, tend_task_manager_new_for_owner (owner));
  g_assert_finalize_object (g_steal_pointer (&owner));
  g_assert_true (tend_task_manager_is_shut_down (fixture->manager));
}

typedef struct
{
  Fixture         *fixture;
  TendTaskManager *other;
} Pair;

static void
drop_other_cb (gpointer data)
{
  Pair *pair = data;

  note (pair->fixture, "dropped");
  g_clear_object (&pair->other);
}

static void
note_exit (TendTask *task,
           gpointer  data)
{
  note (data, "exit");
}

/* Two managers of one owner: the end of the first one's task, which calls nothing back, drops the second. */
static void
test_one_manager_of_an_owner_drops_another (Fixture       *fixture,
                                            gconstpointer  unused)
{
  GObject *owner = g_object_new (G_TYPE_OBJECT, NULL);
  Pair pair = { fixture, NULL };
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_open (NULL, never_run, NULL, NULL));

  use_manager_of (fixture, owner);
  pair.other = watch (fixture, tend_task_manager_new_for_owner (owner));
  tend_task_manager_register (fixture->manager, tend_task_new_open (NULL, never_run, &pair, drop_other_cb),
                              TEND_NAME_POLICY_REJECT, NULL);
  tend_task_add_exit_handler (task, note_exit, fixture, NULL);
  tend_task_manager_register (pair.other, g_object_ref (task), TEND_NAME_POLICY_REJECT, NULL);

  g_object_run_dispose (owner);
  assert_log (fixture, "dropped");
  g_assert_null (pair.other);
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_STOPPED);
  g_assert_finalize_object (owner);
}

static void
add_another_cb (gpointer data)
{
  Fixture *fixture = data;
  g_autoptr(GError) error = NULL;
  TendTask *task = tend_task_new_open ("late", never_run, NULL, NULL);

  g_assert_false (tend_task_manager_add_shutdown_task (fixture->manager, g_object_ref (watch (fixture, task)),
                                                       &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_SHUT_DOWN);
  g_object_unref (task);
  note (fixture, "refused");
}

/* The data of a shutdown task that never runs are destroyed: whoever hears of it can add none. */
static void
test_dropped_shutdown_task_adds_another (Fixture       *fixture,
                                         gconstpointer  unused)
{
  GObject *owner = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_open (NULL, never_run, fixture, add_another_cb));

  use_manager_of (fixture, owner);
  tend_task_manager_add_shutdown_task (fixture->manager, g_object_ref (task), NULL);
  g_clear_object (&task);
  g_assert_finalize_object (owner);
  assert_log (fixture, "refused");
}

/* --- The shutdown --- */

static void
shut_down_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      data)
{
  Fixture *fixture = data;
  g_autoptr(GError) error = NULL;

  assert_is_native (fixture);
  note (fixture, tend_task_manager_shutdown_finish (TEND_TASK_MANAGER (object), result, &error) ? "down" : "error");
}

static gboolean
sleep_for_long (TendTask  *task,
                gpointer   data,
                GError   **error)
{
  return tend_sleep (3 * SECOND, error);
}

static gboolean
dispose_in_fiber (TendTask  *task,
                  gpointer   data,
                  GError   **error)
{
  Fixture *fixture = data;

  if (!tend_sleep (SECOND, error))
    return FALSE;

  g_object_run_dispose (G_OBJECT (fixture->manager));
  return TRUE;
}

/* Those who wait for the shutdown are told on the native stack. */
static void
test_disposed_in_a_fiber (Fixture       *fixture,
                          gconstpointer  unused)
{
  g_autoptr(TendTask) fiber = watch (fixture, tend_task_new_fiber (NULL, dispose_in_fiber, fixture, NULL));
  g_autoptr(TendTask) last = watch (fixture, tend_task_new_fiber (NULL, sleep_for_long, NULL, NULL));

  tend_task_manager_add_shutdown_task (fixture->manager, g_object_ref (last), NULL);
  g_assert_true (tend_task_start (fiber, NULL));
  tend_task_manager_shutdown_async (fixture->manager, NULL, shut_down_cb, fixture);
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_log (fixture, "error");
}

static void
dispose_cb (gpointer  data,
            GObject  *object)
{
  g_object_run_dispose (G_OBJECT (((Fixture *) data)->manager));
}

/* One that was cancelled before cannot run: the shutdown drops it, and who hears of that ends it all. */
static void
test_dropped_shutdown_task_disposes (Fixture       *fixture,
                                     gconstpointer  unused)
{
  TendTask *task = tend_task_new_open (NULL, never_run, NULL, NULL);

  tend_task_manager_add_shutdown_task (fixture->manager, g_object_ref (task), NULL);
  tend_task_cancel (task);
  g_object_weak_ref (G_OBJECT (task), dispose_cb, fixture);
  g_object_unref (task);

  tend_task_manager_shutdown_async (fixture->manager, NULL, shut_down_cb, fixture);
  settle (fixture);
  assert_log (fixture, "error");
}

typedef struct
{
  Fixture         *fixture;
  TendTaskManager *manager;     /* a reference, until it is dropped */
} Nested;

/* Lets happen what happens now, from inside of what happens. */
static void
drop_and_run_the_loop (gpointer data)
{
  Nested *nested = data;

  g_clear_object (&nested->manager);
  settle (nested->fixture);
  note (nested->fixture, "nested");
}

/* A task that has not begun, whose end runs the loop. */
static void
add_trap (Nested *nested)
{
  g_autoptr(TendTask) task = tend_task_new_open (NULL, never_run, nested, drop_and_run_the_loop);

  tend_task_set_delay (watch (nested->fixture, task), 3600 * SECOND);
  g_assert_true (tend_task_manager_register (nested->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, NULL));
}

static gboolean
shut_down_later_cb (gpointer data)
{
  Nested *nested = data;

  tend_task_manager_shutdown_async (nested->manager, NULL, shut_down_cb, nested->fixture);
  note (nested->fixture, "back");
  return G_SOURCE_REMOVE;
}

static gboolean
shut_down_in_fiber (TendTask  *task,
                    gpointer   data,
                    GError   **error)
{
  Nested *nested = data;

  if (!tend_task_manager_shutdown (nested->manager, error))
    return FALSE;

  note (nested->fixture, "down");
  return TRUE;
}

/* The shutdown is over before the call that begins it returns, and so is the manager. */
static void
test_shutdown_ends_in_a_nested_loop (Fixture       *fixture,
                                     gconstpointer  unused)
{
  Nested nested = { fixture, watch (fixture, tend_task_manager_new ()) };

  add_trap (&nested);
  g_idle_add (shut_down_later_cb, &nested);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  assert_log (fixture, "down nested back");
}

/* The same for a fiber, which must not wait for what has been. */
static void
test_fiber_finds_the_shutdown_over (Fixture       *fixture,
                                    gconstpointer  unused)
{
  Nested nested = { fixture, watch (fixture, tend_task_manager_new ()) };
  g_autoptr(TendTask) fiber = watch (fixture, tend_task_new_fiber (NULL, shut_down_in_fiber, &nested, NULL));

  add_trap (&nested);
  tend_task_set_delay (fiber, 0);
  g_assert_true (tend_task_start (fiber, NULL));
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_log (fixture, "nested down");
  g_assert_cmpint (tend_task_get_status (fiber), ==, TEND_TASK_STATUS_COMPLETED);
}

/* --- Waiting and looking --- */

static void
waited_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      data)
{
  g_autoptr(GError) error = NULL;

  assert_is_native (data);
  g_assert_false (tend_task_manager_wait_for_tasks_finish (TEND_TASK_MANAGER (object), result, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_STOPPED);
  note (data, "stopped");
}

/* Those who wait hold the manager, and would do so for ever. */
static void
test_disposed_while_somebody_waits (Fixture       *fixture,
                                    gconstpointer  unused)
{
  register_work (fixture, FIBER, NULL);
  settle (fixture);
  tend_task_manager_wait_for_tasks_async (fixture->manager, NULL, waited_cb, fixture);
  g_object_run_dispose (G_OBJECT (fixture->manager));
  g_ptr_array_set_size (fixture->shadow, 0);
  settle (fixture);
  assert_log (fixture, "stopped");
}

static void
dispose_when_slow_cb (TendTaskManager *manager,
                      TendTask        *task,
                      gint64           usec,
                      gpointer         data)
{
  note (data, "slow");
  g_object_run_dispose (G_OBJECT (manager));
}

/* The others are no longer the manager's, and it tells of none of them. */
static void
test_disposed_while_slow_tasks_are_told (Fixture       *fixture,
                                         gconstpointer  unused)
{
  g_signal_connect (fixture->manager, "task-slow", G_CALLBACK (dispose_when_slow_cb), fixture);
  g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING, "*has been running*");
  tend_task_manager_set_slow_check (fixture->manager, SECOND, SECOND);
  for (guint i = 0; i < 3; i++)
    register_work (fixture, FIBER, NULL);
  tend_clock_advance (fixture->clock, 10 * SECOND, NULL);
  g_test_assert_expected_messages ();
  g_ptr_array_set_size (fixture->shadow, 0);
  assert_log (fixture, "slow");
}

static void
run_at_addition_cb (TendTaskManager *manager,
                    TendTask        *task,
                    gpointer         data)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static gboolean
complete_at_once (TendTask  *task,
                  gpointer   data,
                  GError   **error)
{
  tend_task_return_value (task, NULL);
  return TRUE;
}

/* Whoever hears of the new task runs it to its end: nobody has it any more, and it cannot be given. */
static void
test_ends_while_it_is_added (Fixture       *fixture,
                             gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;

  g_signal_connect (fixture->manager, "task-added", G_CALLBACK (run_at_addition_cb), NULL);
  g_assert_null (tend_task_manager_register (fixture->manager,
                                             tend_task_new_open ("a", complete_at_once, NULL, NULL),
                                             TEND_NAME_POLICY_REJECT, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_STATE);
  g_assert_true (g_str_has_suffix (error->message, " has ended already"));
  g_clear_error (&error);
  g_assert_null (tend_task_manager_register (fixture->manager,
                                             tend_task_new_open ("a", complete_at_once, NULL, NULL),
                                             TEND_NAME_POLICY_ANONYMOUS, NULL));

  g_assert_null (tend_task_manager_throttle (fixture->manager,
                                             tend_task_new_open ("b", complete_at_once, NULL, NULL), SECOND,
                                             NULL));

  /* With a wait, which is the clock's, it is there. */
  g_assert_nonnull (tend_task_manager_debounce (fixture->manager,
                                                tend_task_new_open ("c", complete_at_once, NULL, NULL), SECOND,
                                                NULL));
}

static void
dispose_at_addition_cb (TendTaskManager *manager,
                        TendTask        *task,
                        gpointer         data)
{
  run_at_addition_cb (manager, task, data);
  g_object_run_dispose (G_OBJECT (manager));
}

static gboolean
keep_task_body (TendTask  *task,
                gpointer   data,
                GError   **error)
{
  *(TendTask **) data = task;
  return TRUE;
}

/* Whoever hears of the new task runs it, and disposes of the manager: the task goes on, and nobody has it. */
static void
test_disposed_while_it_is_added (Fixture       *fixture,
                                 gconstpointer  unused)
{
  g_autoptr(TendTaskManager) manager = tend_task_manager_new ();
  TendTask *running = NULL;
  g_autoptr(GError) error = NULL;

  g_signal_connect (manager, "task-added", G_CALLBACK (dispose_at_addition_cb), NULL);
  g_assert_null (tend_task_manager_register (manager, tend_task_new_open ("a", keep_task_body, &running, NULL),
                                             TEND_NAME_POLICY_REJECT, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_STATE);
  g_assert_true (tend_task_is_cancelling (running));
  tend_task_stop (running);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/task-manager/reentry/goes-on-when-the-name-is-free", test_goes_on_when_the_name_is_free);

  add_test ("/tend/task-manager/reentry/does-not-begin-while-it-ends", test_does_not_begin_while_it_ends);

  add_test ("/tend/task-manager/reentry/weak-notify-drops-the-manager", test_weak_notify_drops_the_manager);
  add_test ("/tend/task-manager/reentry/one-manager-of-an-owner-drops-another",
            test_one_manager_of_an_owner_drops_another);
  add_test ("/tend/task-manager/reentry/dropped-shutdown-task-adds-another", test_dropped_shutdown_task_adds_another);

  add_test ("/tend/task-manager/reentry/disposed-in-a-fiber", test_disposed_in_a_fiber);
  add_test ("/tend/task-manager/reentry/dropped-shutdown-task-disposes", test_dropped_shutdown_task_disposes);
  add_test ("/tend/task-manager/reentry/shutdown-ends-in-a-nested-loop", test_shutdown_ends_in_a_nested_loop);
  add_test ("/tend/task-manager/reentry/fiber-finds-the-shutdown-over", test_fiber_finds_the_shutdown_over);

  add_test ("/tend/task-manager/reentry/disposed-while-somebody-waits", test_disposed_while_somebody_waits);
  add_test ("/tend/task-manager/reentry/ends-while-it-is-added", test_ends_while_it_is_added);
  add_test ("/tend/task-manager/reentry/disposed-while-it-is-added", test_disposed_while_it_is_added);
  add_test ("/tend/task-manager/reentry/disposed-while-slow-tasks-are-told",
            test_disposed_while_slow_tasks_are_told);

  return g_test_run ();
}
