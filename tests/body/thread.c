// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The body that is a function in a thread of a pool.

#include "../task/common.h"

/* A gate that bodies wait at, and count themselves through. */
typedef struct
{
  GMutex   lock;
  GCond    changed;
  gboolean is_open;     /* under lock, as all below */
  int      n_inside;
  int      n_most;      /* the most that were inside at once */
  int      n_passed;
  guint    n_yields;    /* constant; how often those inside let other threads run */
} Gate;

static void
gate_open (Gate *gate)
{
  g_mutex_lock (&gate->lock);
  gate->is_open = TRUE;
  g_cond_broadcast (&gate->changed);
  g_mutex_unlock (&gate->lock);
}

static void
gate_wait_for_inside (Gate *gate,
                      int   n)
{
  g_mutex_lock (&gate->lock);
  while (gate->n_inside < n)
    g_cond_wait (&gate->changed, &gate->lock);
  g_mutex_unlock (&gate->lock);
}

static gboolean
gate_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  Gate *gate = user_data;

  g_mutex_lock (&gate->lock);
  gate->n_inside++;
  gate->n_most = MAX (gate->n_most, gate->n_inside);
  g_cond_broadcast (&gate->changed);
  while (!gate->is_open)
    g_cond_wait (&gate->changed, &gate->lock);
  g_mutex_unlock (&gate->lock);

  for (guint i = 0; i < gate->n_yields; i++)
    g_thread_yield ();

  g_mutex_lock (&gate->lock);
  gate->n_inside--;
  gate->n_passed++;
  g_mutex_unlock (&gate->lock);

  tend_task_return_int (task, 1);
  return TRUE;
}

/* --- Where things run --- */

typedef struct
{
  GThread  *home;
  GThread  *worker;
  int       n_destroyed;
  int       n_results_destroyed;
} Places;

static void
destroyed_cb (gpointer user_data)
{
  Places *places = user_data;

  g_assert_true (g_thread_self () == places->home);
  places->n_destroyed++;
}

static void
result_destroyed_cb (gpointer user_data)
{
  Places *places = user_data;

  g_assert_true (g_thread_self () == places->home);
  places->n_results_destroyed++;
}

static gboolean
places_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  Places *places = user_data;

  places->worker = g_thread_self ();
  tend_task_set_progress (task, 0.5, NULL);
  tend_task_return_pointer (task, places, result_destroyed_cb);
  return TRUE;
}

static void
at_home_cb (GObject    *object,
            GParamSpec *pspec,
            gpointer    user_data)
{
  Places *places = user_data;

  g_assert_true (g_thread_self () == places->home);
  note ("%s", pspec->name);
}

static void
exit_at_home_cb (TendTask *task,
                 gpointer  user_data)
{
  Places *places = user_data;

  g_assert_true (g_thread_self () == places->home);
  note ("exit");
}

static void
test_runs_elsewhere_and_ends_at_home (void)
{
  Places places = { .home = g_thread_self () };
  g_autoptr(TendTask) task = tend_task_new_thread (NULL, places_body, &places, destroyed_cb);

  g_signal_connect (task, "notify::status", G_CALLBACK (at_home_cb), &places);
  g_signal_connect (task, "notify::progress", G_CALLBACK (at_home_cb), &places);
  tend_task_add_exit_handler (task, exit_at_home_cb, &places, NULL);
  g_assert_true (tend_task_start (task, NULL));
  g_assert_true (tend_task_wait_sync (task, NULL));
  settle ();
  assert_notes ("status progress exit status");
  g_assert_nonnull (places.worker);
  g_assert_true (places.worker != places.home);
  g_assert_true (tend_task_get_pointer (task) == &places);
  g_assert_cmpint (places.n_destroyed, ==, 1);
  g_assert_cmpint (places.n_results_destroyed, ==, 0);
  assert_gone (task);
  g_assert_cmpint (places.n_results_destroyed, ==, 1);
}

static gboolean
fail_thread_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "Full");
  return FALSE;
}

static void
test_gives_the_error (void)
{
  g_autoptr(TendTask) task = tend_task_run_thread (NULL, fail_thread_body, NULL, NULL);

  g_assert_false (tend_task_wait_sync (task, NULL));
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  assert_gone (task);
}

static gboolean
join_thread_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(TendGroup) group = NULL;
  gboolean ok;

  g_main_context_push_thread_default (context);
  group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  ok = tend_group_wait (group, error);
  g_clear_object (&group);
  g_main_context_pop_thread_default (context);

  return ok;
}

/* It can sleep and wait for tasks; what else a fiber can wait for, it cannot. */
static void
test_is_no_fiber (void)
{
  g_autoptr(TendTask) task = tend_task_run_thread (NULL, join_thread_body, NULL, NULL);

  g_assert_false (tend_task_wait_sync (task, NULL));
  g_assert_error (tend_task_get_error (task), TEND_ERROR, TEND_ERROR_NO_FIBER);
  assert_gone (task);
}

/* --- Ending --- */

static gboolean
never_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  g_assert_not_reached ();
}

/* The pool is full when they are cancelled or stopped, and so they never run. */
static void
test_never_runs_when_ended_before_its_turn (void)
{
  Gate gate = { .n_inside = 0 };
  int n_destroyed = 0;
  g_autoptr(TendTask) first = NULL;
  g_autoptr(TendTask) cancelled = NULL;
  g_autoptr(TendTask) stopped = NULL;

  tend_set_max_threads (1);
  first = tend_task_run_thread (NULL, gate_body, &gate, NULL);
  gate_wait_for_inside (&gate, 1);
  cancelled = tend_task_run_thread (NULL, never_body, NULL, NULL);
  stopped = tend_task_run_thread (NULL, never_body, &n_destroyed, count_cb);
  tend_task_cancel (cancelled);
  tend_task_stop (stopped);
  assert_status (stopped, "stopped");
  g_assert_cmpint (n_destroyed, ==, 0);
  gate_open (&gate);
  g_assert_true (tend_task_wait_sync (first, NULL));
  g_assert_false (tend_task_wait_sync (cancelled, NULL));
  assert_status (cancelled, "cancelled");
  while (G_OBJECT (stopped)->ref_count > 1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (n_destroyed, ==, 1);
  tend_set_max_threads (0);
  assert_gone (first);
  assert_gone (cancelled);
  assert_gone (stopped);
}

static void
test_stop_drops_its_result (void)
{
  Gate gate = { .n_inside = 0 };
  g_autoptr(TendTask) task = tend_task_run_thread (NULL, gate_body, &gate, NULL);

  gate_wait_for_inside (&gate, 1);
  tend_task_add_exit_handler (task, note_exit_cb, (gpointer) "exit", NULL);
  tend_task_stop (task);
  assert_notes ("exit:stopped");
  g_assert_true (tend_task_is_cancelling (task));
  gate_open (&gate);
  while (G_OBJECT (task)->ref_count > 1)
    g_main_context_iteration (NULL, TRUE);
  assert_status (task, "stopped");
  g_assert_null (tend_task_get_result (task, NULL));
  assert_gone (task);
}

/* --- The pool --- */

static void
test_limit_holds (void)
{
  Gate gate = { .n_inside = 0 };
  TendTask *tasks[20];

  tend_set_max_threads (3);
  g_assert_cmpuint (tend_get_max_threads (), ==, 3);
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    tasks[i] = tend_task_run_thread (NULL, gate_body, &gate, NULL);
  gate_wait_for_inside (&gate, 3);
  gate_open (&gate);
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      g_assert_true (tend_task_wait_sync (tasks[i], NULL));
      assert_gone (tasks[i]);
    }
  g_assert_cmpint (gate.n_most, ==, 3);
  g_assert_cmpint (gate.n_passed, ==, G_N_ELEMENTS (tasks));

  tend_set_max_threads (0);
  g_assert_cmpuint (tend_get_max_threads (), >=, 16);
  g_assert_cmpuint (tend_get_max_threads (), >=, 4 * g_get_num_processors ());
}

/* A higher limit lets those run that wait. */
static void
test_limit_can_be_raised (void)
{
  Gate gate = { .n_inside = 0 };
  TendTask *tasks[5];

  tend_set_max_threads (1);
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    tasks[i] = tend_task_run_thread (NULL, gate_body, &gate, NULL);
  gate_wait_for_inside (&gate, 1);
  tend_set_max_threads (5);
  gate_wait_for_inside (&gate, 5);
  gate_open (&gate);
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      g_assert_true (tend_task_wait_sync (tasks[i], NULL));
      assert_gone (tasks[i]);
    }
  tend_set_max_threads (0);
}

/* A lower limit holds for workers that were there before, and perhaps still look for something to do. */
static void
test_limit_can_be_lowered (void)
{
  Gate gate = { .is_open = TRUE };
  TendTask *tasks[50];

  for (int n_threads = 5; n_threads > 0; n_threads -= 2)
    {
      gate.n_most = 0;
      tend_set_max_threads ((guint) n_threads);
      for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
        tasks[i] = tend_task_run_thread (NULL, gate_body, &gate, NULL);
      for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
        {
          g_assert_true (tend_task_wait_sync (tasks[i], NULL));
          assert_gone (tasks[i]);
        }
      g_assert_cmpint (gate.n_most, <=, n_threads);
    }
  tend_set_max_threads (0);
}

/* Of two that run when the limit is lowered to one, the first that is through takes no other body. */
static void
test_limit_can_be_lowered_meanwhile (void)
{
  Gate gate = { .n_inside = 0 };
  Gate later = { .is_open = TRUE, .n_yields = 100 };
  TendTask *tasks[200];

  tend_set_max_threads (2);
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    tasks[i] = tend_task_run_thread (NULL, gate_body, i < 2 ? &gate : &later, NULL);
  gate_wait_for_inside (&gate, 2);
  tend_set_max_threads (1);
  gate_open (&gate);
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      g_assert_true (tend_task_wait_sync (tasks[i], NULL));
      assert_gone (tasks[i]);
    }
  g_assert_cmpint (later.n_most, ==, 1);
  tend_set_max_threads (0);
}

/* Whoever blocks keeps no other waiting, however short the jobs before were. */
static void
test_blocked_keep_nobody_waiting (void)
{
  Gate short_gate = { .is_open = TRUE };
  Gate gate = { .n_inside = 0 };
  TendTask *tasks[2 * 16];

  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    tasks[i] = tend_task_run_thread (NULL, gate_body, i % 2 == 0 ? &short_gate : &gate, NULL);
  gate_wait_for_inside (&gate, 16);
  gate_open (&gate);
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      g_assert_true (tend_task_wait_sync (tasks[i], NULL));
      assert_gone (tasks[i]);
    }
  g_assert_cmpint (short_gate.n_passed, ==, 16);
}

/* --- For how long workers look before they sleep --- */

static void
test_spin_time_can_be_set (void)
{
  gint64 before = tend_get_thread_spin_time ();

  g_assert_cmpint (before, ==, 10);
  tend_set_thread_spin_time (0);
  g_assert_cmpint (tend_get_thread_spin_time (), ==, 0);
  tend_set_thread_spin_time (1000);
  g_assert_cmpint (tend_get_thread_spin_time (), ==, 1000);
  g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, "*spin_time*");
  tend_set_thread_spin_time (1001);
  g_test_assert_expected_messages ();
  g_assert_cmpint (tend_get_thread_spin_time (), ==, 1000);
  tend_set_thread_spin_time (before);
}

/* Jobs come while workers look, stop looking and fall asleep: each is run, or this waits for ever. */
static void
test_none_is_missed (void)
{
  static const gint64 spin_times[] = { 0, 1, 10, 1000 };
  gint64 before = tend_get_thread_spin_time ();
  Gate gate = { .is_open = TRUE };

  for (guint i = 0; i < G_N_ELEMENTS (spin_times); i++)
    {
      tend_set_thread_spin_time (spin_times[i]);
      for (guint j = 0; j < 300; j++)
        {
          g_autoptr(TendTask) first = tend_task_run_thread (NULL, gate_body, &gate, NULL);
          g_autoptr(TendTask) second = NULL;
          gint64 end = g_get_monotonic_time () + j % 20;

          while (g_get_monotonic_time () < end)
            ;
          second = tend_task_run_thread (NULL, gate_body, &gate, NULL);
          g_assert_true (tend_task_wait_sync (first, NULL));
          g_assert_true (tend_task_wait_sync (second, NULL));
        }
    }
  g_assert_cmpint (gate.n_passed, ==, G_N_ELEMENTS (spin_times) * 600);
  tend_set_thread_spin_time (before);
}

static void
test_many_run (void)
{
  Gate gate = { .is_open = TRUE };
  g_autoptr(GPtrArray) tasks = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < 2000; i++)
    g_ptr_array_add (tasks, tend_task_run_thread (NULL, gate_body, &gate, NULL));
  for (guint i = 0; i < tasks->len; i++)
    {
      g_assert_true (tend_task_wait_sync (g_ptr_array_index (tasks, i), NULL));
      g_assert_cmpint (tend_task_get_int (g_ptr_array_index (tasks, i)), ==, 1);
    }
  g_assert_cmpint (gate.n_passed, ==, 2000);
}

/* The clock waits for a body in a thread before it lets time go on. */
static void
test_virtual_time_waits_for_it (void)
{
  Gate gate = { .is_open = TRUE };
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) fiber = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);
  g_autoptr(TendTask) task = tend_task_run_thread (NULL, gate_body, &gate, NULL);

  tend_task_add_exit_handler (task, note_exit_cb, (gpointer) "exit", NULL);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND);
  assert_notes ("exit:completed slept");
  assert_gone (fiber);
  assert_gone (task);
}

/* --- What cannot be started --- */

static TendTask *
attempt_cb (guint    attempt,
            gpointer user_data)
{
  return tend_task_new_open (NULL, idle_body, NULL, NULL);
}

/* Makes and runs a task of each kind in a thread that does not run the context; gives them in an array. */
static gboolean
run_elsewhere_body (TendTask  *task,
                    gpointer   user_data,
                    GError   **error)
{
  g_autoptr(TendRetry) retry = tend_retry_new (1);
  TendTask **made = user_data;
  TendTask *other;

  made[0] = tend_task_run_open ("elsewhere", complete_body, NULL, NULL);
  made[1] = tend_task_run_fiber ("elsewhere", gate_body, NULL, NULL);
  made[2] = tend_task_run_thread ("elsewhere", gate_body, NULL, NULL);
  made[3] = tend_task_run_delay (SECOND);
  made[4] = tend_retry_run (retry, "elsewhere", attempt_cb, NULL, NULL);
  other = made[0];
  made[5] = tend_wait_all (&other, 1);

  return TRUE;
}

static void
test_run_in_another_thread_fails (void)
{
  TendTask *made[6] = { NULL };
  g_autoptr(TendTask) outer = tend_task_run_thread ("outer", run_elsewhere_body, made, NULL);

  g_assert_true (tend_task_wait_sync (outer, NULL));
  settle ();
  for (guint i = 0; i < G_N_ELEMENTS (made); i++)
    {
      assert_status (made[i], "failed");
      g_assert_error (tend_task_get_error (made[i]), TEND_ERROR, TEND_ERROR_WRONG_THREAD);
      assert_gone (made[i]);
    }
  assert_notes ("");
}

static gboolean
run_and_drop_body (TendTask  *task,
                   gpointer   user_data,
                   GError   **error)
{
  g_object_unref (tend_task_run_open ("lost", complete_body, user_data, count_cb));
  return TRUE;
}

/* Nobody has the task any more when it fails: that is told like any failure, at home, where its data is freed. */
static void
test_run_in_another_thread_and_drop (void)
{
  int n_destroyed = 0;
  g_autoptr(TendTask) outer = tend_task_run_thread ("outer", run_and_drop_body, &n_destroyed, NULL);

  g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING, "Task 'lost': nobody observed its error*another thread*");
  g_assert_true (tend_task_wait_sync (outer, NULL));
  settle ();
  g_test_assert_expected_messages ();
  g_assert_cmpint (n_destroyed, ==, 1);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/thread/runs-elsewhere-and-ends-at-home", test_runs_elsewhere_and_ends_at_home);
  g_test_add_func ("/tend/thread/gives-the-error", test_gives_the_error);
  g_test_add_func ("/tend/thread/is-no-fiber", test_is_no_fiber);
  g_test_add_func ("/tend/thread/never-runs-when-ended-before-its-turn", test_never_runs_when_ended_before_its_turn);
  g_test_add_func ("/tend/thread/stop-drops-its-result", test_stop_drops_its_result);
  g_test_add_func ("/tend/thread/limit-holds", test_limit_holds);
  g_test_add_func ("/tend/thread/limit-can-be-raised", test_limit_can_be_raised);
  g_test_add_func ("/tend/thread/limit-can-be-lowered", test_limit_can_be_lowered);
  g_test_add_func ("/tend/thread/limit-can-be-lowered-meanwhile", test_limit_can_be_lowered_meanwhile);
  g_test_add_func ("/tend/thread/blocked-keep-nobody-waiting", test_blocked_keep_nobody_waiting);
  g_test_add_func ("/tend/thread/many-run", test_many_run);
  g_test_add_func ("/tend/thread/virtual-time-waits-for-it", test_virtual_time_waits_for_it);
  g_test_add_func ("/tend/thread/spin-time-can-be-set", test_spin_time_can_be_set);
  g_test_add_func ("/tend/thread/run-in-another-thread-fails", test_run_in_another_thread_fails);
  g_test_add_func ("/tend/thread/run-in-another-thread-and-drop", test_run_in_another_thread_and_drop);
  g_test_add_func ("/tend/thread/none-is-missed", test_none_is_missed);

  return g_test_run ();
}
