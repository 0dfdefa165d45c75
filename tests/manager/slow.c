// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The check for tasks that run for very long. All but the first tests use a class that overrides
// task_slow, and notes the task and the seconds instead of the warning.

#include "fixture.h"

#define AGE (600 * SECOND)

typedef TendTaskManager QuietManager;
typedef TendTaskManagerClass QuietManagerClass;

static Fixture *the_fixture;

GType quiet_manager_get_type (void);
G_DEFINE_TYPE (QuietManager, quiet_manager, TEND_TYPE_TASK_MANAGER)

static void
quiet_manager_task_slow (TendTaskManager *self,
                         TendTask        *task,
                         gint64           usec)
{
  assert_is_native (the_fixture);
  note (the_fixture, "%s:%g", tend_task_get_name (task), (double) usec / G_TIME_SPAN_SECOND);
}

static void
quiet_manager_class_init (QuietManagerClass *klass)
{
  klass->task_slow = quiet_manager_task_slow;
}

static void
quiet_manager_init (QuietManager *self)
{
}

static void
set_up_quiet (Fixture       *fixture,
              gconstpointer  data)
{
  set_up (fixture, data);
  g_object_unref (fixture->manager);
  fixture->manager = g_object_new (quiet_manager_get_type (), NULL);
  g_signal_connect (fixture->manager, "items-changed", G_CALLBACK (items_changed_cb), fixture);
  the_fixture = fixture;
}

/* The tasks that heed no cancelling are stopped at the end. */
static void
tear_down_slow (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr(GPtrArray) tasks = fixture->manager != NULL ? tend_task_manager_list_tasks (fixture->manager) : NULL;

  for (guint i = 0; tasks != NULL && i < tasks->len; i++)
    tend_task_stop (g_ptr_array_index (tasks, i));
  g_clear_pointer (&tasks, g_ptr_array_unref);
  tear_down (fixture, data);
}

static void
add_loud_test (const char *path,
               void     (* test) (Fixture       *fixture,
                                  gconstpointer  data))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down_slow);
}

static void
add_quiet_test (const char *path,
                void     (* test) (Fixture       *fixture,
                                   gconstpointer  data))
{
  g_test_add (path, Fixture, NULL, set_up_quiet, test, tear_down_slow);
}

static gboolean
run_on (TendTask  *task,
        gpointer   data,
        GError   **error)
{
  return TRUE;
}

static TendTask *
register_with_delay (Fixture      *fixture,
                     const char   *name,
                     TendBodyFunc  func,
                     gint64        delay,
                     gint64        interval)
{
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_open (name, func, NULL, NULL));

  if (delay >= 0)
    tend_task_set_delay (task, delay);
  if (interval > 0)
    tend_task_set_interval (task, interval);
  g_assert_true (tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT,
                                             NULL));

  return task;
}

/* --- The warning --- */

static void
test_text_of_the_warning (Fixture       *fixture,
                          gconstpointer  unused)
{
  tend_task_manager_set_slow_check (fixture->manager, AGE, AGE);
  register_callback (fixture, "NAME", run_on, NULL);
  tend_clock_advance (fixture->clock, AGE - 1, NULL);
  g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING,
                         "Task 'NAME': has no interval, and has been running for 600.00 s");
  tend_clock_advance (fixture->clock, 1, NULL);
  g_test_assert_expected_messages ();

  tend_clock_advance (fixture->clock, AGE - 1, NULL);
  g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING,
                         "Task 'NAME': has no interval, and has been running for 1200.00 s");
  tend_clock_advance (fixture->clock, 1, NULL);
  g_test_assert_expected_messages ();
}

static void
test_task_without_a_name (Fixture       *fixture,
                          gconstpointer  unused)
{
  g_autofree char *expected = NULL;
  guint64 id = tend_task_get_id (register_callback (fixture, NULL, run_on, NULL));

  tend_task_manager_set_slow_check (fixture->manager, AGE, AGE);
  expected = g_strdup_printf ("Task %" G_GUINT64_FORMAT ": has no interval, and has been running for 600.00 s", id);
  g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING, expected);
  tend_clock_advance (fixture->clock, AGE, NULL);
  g_test_assert_expected_messages ();
}

static void
test_off_by_default (Fixture       *fixture,
                     gconstpointer  unused)
{
  register_callback (fixture, "n", run_on, NULL);
  tend_clock_advance (fixture->clock, 100 * AGE, NULL);

  /* And it can be taken back. */
  tend_task_manager_set_slow_check (fixture->manager, AGE, AGE);
  tend_task_manager_set_slow_check (fixture->manager, TEND_FOREVER, -1);
  tend_clock_advance (fixture->clock, 100 * AGE, NULL);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, 0);
}

static void
slow_cb (TendTaskManager *manager,
         TendTask        *task,
         gint64           usec,
         gpointer         data)
{
  note (data, "signal");
}

static void
test_class_silences_it (Fixture       *fixture,
                        gconstpointer  unused)
{
  g_signal_connect (fixture->manager, "task-slow", G_CALLBACK (slow_cb), fixture);
  tend_task_manager_set_slow_check (fixture->manager, AGE, AGE);
  register_callback (fixture, "n", run_on, NULL);
  tend_clock_advance (fixture->clock, AGE, NULL);
  assert_log (fixture, "signal n:600");
}

/* --- When --- */

static void
test_age_and_interval (Fixture       *fixture,
                       gconstpointer  unused)
{
  tend_task_manager_set_slow_check (fixture->manager, 900 * SECOND, 100 * SECOND);
  register_callback (fixture, "a", run_on, NULL);
  tend_clock_advance (fixture->clock, 150 * SECOND, NULL);
  register_callback (fixture, "b", run_on, NULL);
  tend_clock_advance (fixture->clock, 750 * SECOND - 1, NULL);
  assert_log (fixture, "");
  tend_clock_advance (fixture->clock, 1, NULL);
  assert_log (fixture, "a:900");
  tend_clock_advance (fixture->clock, 100 * SECOND, NULL);
  assert_log (fixture, "a:1000");
  tend_clock_advance (fixture->clock, 100 * SECOND, NULL);
  assert_log (fixture, "a:1100 b:950");
}

static void
test_set_again_while_they_run (Fixture       *fixture,
                               gconstpointer  unused)
{
  tend_task_manager_set_slow_check (fixture->manager, AGE, AGE);
  register_callback (fixture, "n", run_on, NULL);
  tend_clock_advance (fixture->clock, 500 * SECOND, NULL);
  tend_task_manager_set_slow_check (fixture->manager, 50 * SECOND, 20 * SECOND);
  tend_clock_advance (fixture->clock, 50 * SECOND - 1, NULL);
  assert_log (fixture, "");
  tend_clock_advance (fixture->clock, 1, NULL);
  assert_log (fixture, "n:550");
  tend_clock_advance (fixture->clock, 40 * SECOND, NULL);
  assert_log (fixture, "n:570 n:590");
}

/* Its timer does not outlive the tasks by more than one look. */
static void
test_no_timer_without_tasks (Fixture       *fixture,
                             gconstpointer  unused)
{
  tend_task_manager_set_slow_check (fixture->manager, AGE, 10 * SECOND);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, 0);
  register_callback (fixture, NULL, count_run, NULL);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), <=, AGE);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, 0);

  /* And comes back with the next one. */
  tend_task_stop (register_callback (fixture, "b", run_on, NULL));
  register_callback (fixture, "n", run_on, NULL);
  tend_clock_advance (fixture->clock, AGE, NULL);
  assert_log (fixture, "n:600");
}

/* --- What counts --- */

static void
test_delay_does_not_count (Fixture       *fixture,
                           gconstpointer  unused)
{
  tend_task_manager_set_slow_check (fixture->manager, AGE, 100 * SECOND);
  register_with_delay (fixture, "n", run_on, 1050 * SECOND, 0);
  tend_clock_advance (fixture->clock, 1600 * SECOND, NULL);
  assert_log (fixture, "");
  tend_clock_advance (fixture->clock, 100 * SECOND, NULL);
  assert_log (fixture, "n:650");
}

static void
test_wait_for_a_slot_does_not_count (Fixture       *fixture,
                                     gconstpointer  unused)
{
  TendTask *first;

  tend_task_manager_set_slow_check (fixture->manager, AGE, 100 * SECOND);
  tend_task_manager_set_max_running (fixture->manager, 1);
  first = register_callback (fixture, "first", run_on, NULL);
  register_callback (fixture, "n", run_on, NULL);
  tend_clock_advance (fixture->clock, 750 * SECOND, NULL);
  assert_log (fixture, "first:600 first:700");
  tend_task_return_boolean (first, TRUE);
  tend_clock_advance (fixture->clock, 550 * SECOND, NULL);
  assert_log (fixture, "");
  tend_clock_advance (fixture->clock, 100 * SECOND, NULL);
  assert_log (fixture, "n:650");
}

static void
test_pause_does_not_count (Fixture       *fixture,
                           gconstpointer  unused)
{
  TendTask *task;

  tend_task_manager_set_slow_check (fixture->manager, AGE, 100 * SECOND);
  task = register_callback (fixture, "n", run_on, NULL);
  tend_clock_advance (fixture->clock, 200 * SECOND, NULL);
  tend_task_pause (task);
  tend_clock_advance (fixture->clock, 1000 * SECOND, NULL);
  tend_task_resume (task);
  tend_clock_advance (fixture->clock, 300 * SECOND, NULL);
  assert_log (fixture, "");
  tend_clock_advance (fixture->clock, 100 * SECOND, NULL);
  assert_log (fixture, "n:600");

  /* One that stands still is as old as it was. */
  tend_task_pause (task);
  tend_clock_advance (fixture->clock, 200 * SECOND, NULL);
  assert_log (fixture, "n:600 n:600");
}

static void
test_interval_task_is_left_out (Fixture       *fixture,
                                gconstpointer  unused)
{
  tend_task_manager_set_slow_check (fixture->manager, AGE, AGE);
  register_with_delay (fixture, "tick", run_on, 0, SECOND);
  tend_clock_advance (fixture->clock, 10 * AGE, NULL);
  assert_log (fixture, "");
}

static void
test_cancel_all_leaves_it (Fixture       *fixture,
                           gconstpointer  unused)
{
  Work *thread;

  tend_task_manager_set_slow_check (fixture->manager, AGE, AGE);
  register_callback (fixture, "a", run_on, NULL);
  thread = register_work (fixture, THREAD, "b");
  thread->is_deaf = TRUE;
  work_wait_begun (thread);
  tend_task_manager_cancel_all (fixture->manager);
  tend_task_stop (thread->task);
  tend_clock_advance (fixture->clock, AGE, NULL);
  assert_log (fixture, "a:600 b:600");
  register_callback (fixture, "c", run_on, NULL);
  tend_clock_advance (fixture->clock, AGE, NULL);
  assert_log (fixture, "a:1200 b:1200 c:600");
  work_let_go (thread);
  work_wait_gone (thread);
}

/* --- Handlers that change things --- */

static void
stop_all_cb (TendTaskManager *manager,
             TendTask        *task,
             gint64           usec,
             gpointer         data)
{
  g_autoptr(GPtrArray) tasks = tend_task_manager_list_tasks (manager);

  for (guint i = 0; i < tasks->len; i++)
    tend_task_stop (g_ptr_array_index (tasks, i));
  tend_task_manager_set_slow_check (manager, TEND_FOREVER, -1);
}

/* Those that a handler has ended are not named after that. */
static void
test_handler_ends_the_others (Fixture       *fixture,
                              gconstpointer  unused)
{
  g_signal_connect (fixture->manager, "task-slow", G_CALLBACK (stop_all_cb), NULL);
  tend_task_manager_set_slow_check (fixture->manager, AGE, AGE);
  for (guint i = 0; i < 3; i++)
    register_callback (fixture, i == 0 ? "a" : NULL, run_on, NULL);
  tend_clock_advance (fixture->clock, AGE, NULL);
  assert_log (fixture, "a:600");
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, 0);
}

static void
drop_manager_cb (TendTaskManager *manager,
                 TendTask        *task,
                 gint64           usec,
                 gpointer         data)
{
  g_clear_object (&((Fixture *) data)->manager);
}

static void
test_handler_drops_the_manager (Fixture       *fixture,
                                gconstpointer  unused)
{
  g_signal_connect (fixture->manager, "task-slow", G_CALLBACK (drop_manager_cb), fixture);
  tend_task_manager_set_slow_check (fixture->manager, AGE, AGE);
  register_callback (fixture, "a", run_on, NULL);
  register_callback (fixture, "b", run_on, NULL);
  tend_clock_advance (fixture->clock, AGE, NULL);
  g_assert_null (fixture->manager);
  for (guint i = 0; i < fixture->shadow->len; i++)
    tend_task_stop (g_ptr_array_index (fixture->shadow, i));
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, 0);
}

static void
test_nonsense_is_refused (Fixture       *fixture,
                          gconstpointer  unused)
{
  g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, "*age > 0*");
  tend_task_manager_set_slow_check (fixture->manager, -1, 1);
  g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, "*age > 0*");
  tend_task_manager_set_slow_check (fixture->manager, 0, 1);
  g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, "*interval > 0*");
  tend_task_manager_set_slow_check (fixture->manager, 1, 0);
  g_test_assert_expected_messages ();
}

/* --- Names that are kept --- */

static TendTask *
replace (Fixture *fixture)
{
  TendTask *task = tend_task_manager_register (fixture->manager, tend_task_new_open ("NAME", count_run, NULL, NULL),
                                               TEND_NAME_POLICY_REPLACE, NULL);

  return watch (fixture, task);
}

static void
test_text_about_a_kept_name (Fixture       *fixture,
                             gconstpointer  unused)
{
  TendTask *task = register_callback (fixture, "NAME", run_on, NULL);

  settle (fixture);
  tend_task_manager_set_slow_check (fixture->manager, AGE, AGE);
  tend_task_set_origin (task, "search.c:12");
  tend_clock_advance (fixture->clock, 60 * SECOND, NULL);
  replace (fixture);
  g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING, "Task 'NAME': has no interval, and has been running for *");
  g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING,
                         "Task 'NAME': waits for the task of its name before it, which was made at search.c:12, was "
                         "asked to end 1140.00 s ago, and is not finished");
  g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING, "Task 'NAME': has no interval, and has been running for *");
  tend_clock_advance (fixture->clock, 2 * AGE - 60 * SECOND, NULL);
  g_test_assert_expected_messages ();
}

/* Once for the one that keeps it, whoever waits, and only while somebody who is due does. */
static void
test_kept_name_is_told_once (Fixture       *fixture,
                             gconstpointer  unused)
{
  TendTask *ticking = register_with_delay (fixture, "NAME", run_on, 0, SECOND);

  tend_task_manager_set_slow_check (fixture->manager, AGE, SECOND);
  settle (fixture);
  tend_task_manager_cancel_task (fixture->manager, "NAME");
  tend_clock_advance (fixture->clock, 2 * AGE, NULL);
  assert_log (fixture, "");

  /* Who waits for its delay does not wait for the name yet. */
  tend_task_manager_debounce (fixture->manager, watch (fixture, tend_task_new_open ("NAME", never_run, NULL, NULL)),
                              5 * SECOND, NULL);
  tend_clock_advance (fixture->clock, 4 * SECOND, NULL);
  assert_log (fixture, "");
  tend_clock_advance (fixture->clock, 2 * SECOND, NULL);
  assert_log (fixture, "NAME:1205");
  tend_clock_advance (fixture->clock, AGE, NULL);
  replace (fixture);
  tend_clock_advance (fixture->clock, AGE, NULL);
  assert_log (fixture, "");

  tend_task_stop (ticking);
  settle (fixture);
  g_assert_cmpuint (n_tasks (fixture), ==, 0);
}

/* A queue is told of at its head alone, and not while the one before it is just at work. */
static void
test_queue_behind_a_kept_name (Fixture       *fixture,
                               gconstpointer  unused)
{
  TendTask *ticking = register_with_delay (fixture, "NAME", run_on, 0, SECOND);

  tend_task_manager_set_slow_check (fixture->manager, AGE, SECOND);
  for (guint i = 0; i < 5; i++)
    tend_task_manager_register (fixture->manager, watch (fixture, tend_task_new_open ("NAME", count_run, NULL, NULL)),
                                TEND_NAME_POLICY_QUEUE, NULL);
  tend_clock_advance (fixture->clock, 2 * AGE, NULL);
  assert_log (fixture, "");
  tend_task_cancel (ticking);
  tend_clock_advance (fixture->clock, AGE - 1, NULL);
  assert_log (fixture, "");
  tend_clock_advance (fixture->clock, AGE, NULL);
  assert_log (fixture, "NAME:600");
  tend_task_stop (ticking);
  settle (fixture);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_loud_test ("/tend/task-manager/slow/text-of-the-warning", test_text_of_the_warning);
  add_loud_test ("/tend/task-manager/slow/task-without-a-name", test_task_without_a_name);
  add_loud_test ("/tend/task-manager/slow/off-by-default", test_off_by_default);
  add_loud_test ("/tend/task-manager/slow/nonsense-is-refused", test_nonsense_is_refused);
  add_quiet_test ("/tend/task-manager/slow/class-silences-it", test_class_silences_it);

  add_quiet_test ("/tend/task-manager/slow/age-and-interval", test_age_and_interval);
  add_quiet_test ("/tend/task-manager/slow/set-again-while-they-run", test_set_again_while_they_run);
  add_quiet_test ("/tend/task-manager/slow/no-timer-without-tasks", test_no_timer_without_tasks);

  add_quiet_test ("/tend/task-manager/slow/delay-does-not-count", test_delay_does_not_count);
  add_quiet_test ("/tend/task-manager/slow/wait-for-a-slot-does-not-count", test_wait_for_a_slot_does_not_count);
  add_quiet_test ("/tend/task-manager/slow/pause-does-not-count", test_pause_does_not_count);
  add_quiet_test ("/tend/task-manager/slow/interval-task-is-left-out", test_interval_task_is_left_out);
  add_quiet_test ("/tend/task-manager/slow/cancel-all-leaves-it", test_cancel_all_leaves_it);

  add_quiet_test ("/tend/task-manager/slow/handler-ends-the-others", test_handler_ends_the_others);
  add_quiet_test ("/tend/task-manager/slow/handler-drops-the-manager", test_handler_drops_the_manager);

  add_loud_test ("/tend/task-manager/slow/text-about-a-kept-name", test_text_about_a_kept_name);
  add_quiet_test ("/tend/task-manager/slow/kept-name-is-told-once", test_kept_name_is_told_once);
  add_quiet_test ("/tend/task-manager/slow/queue-behind-a-kept-name", test_queue_behind_a_kept_name);

  return g_test_run ();
}
