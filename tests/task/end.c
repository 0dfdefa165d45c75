// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// How a task ends: stopping it, its exit handlers, and the order in which its end is told.

#include "common.h"

/* --- The order --- */

static void
end_by_completing (TendTask *task)
{
  tend_task_return_int (task, 1);
}

static void
end_by_failing (TendTask *task)
{
  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "Nothing");
}

static void
end_by_cancelling (TendTask *task)
{
  tend_task_cancel (task);
  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Enough");
}

static void
end_by_stopping (TendTask *task)
{
  tend_task_stop (task);
}

static const struct
{
  const char  *status;
  const char  *waiter;
  void      (* end) (TendTask *task);
} ways[] = {
  { "completed", "ok", end_by_completing },
  { "failed", "io-1", end_by_failing },
  { "cancelled", "io-19", end_by_cancelling },
  { "stopped", "tend-0", end_by_stopping },
};

static void
look_exit_cb (TendTask *task,
              gpointer  user_data)
{
  note ("exit:%s:%s", tend_task_status_to_string (tend_task_get_status (task)),
        tend_timer_is_active (user_data) ? "alive" : "dead");
}

static void
test_order (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autofree char *expected =
        g_strdup_printf ("exit:%s:dead first:%s notify:%s wait:%s wait:%s",
                         ways[i].status, ways[i].status, ways[i].status, ways[i].waiter, ways[i].waiter);
      g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);
      g_autoptr(TendTimer) timer = NULL;

      timer = tend_timer_ref (tend_task_add_timer (task, SECOND, -1, note_cb, (gpointer) "timer", NULL));
      tend_task_wait_async (task, NULL, note_wait_cb, (gpointer) "wait");
      tend_task_wait_async (task, NULL, note_wait_cb, (gpointer) "wait");
      g_signal_connect (task, "notify::status", G_CALLBACK (note_status_cb), NULL);
      tend_task_add_exit_handler (task, note_exit_cb, (gpointer) "first", NULL);
      tend_task_add_exit_handler (task, look_exit_cb, timer, NULL);

      ways[i].end (task);
      settle ();
      assert_notes (expected);
      assert_gone (task);
    }
}

/* The part before the waiters happens within the call that ends the task. */
static void
test_handlers_run_at_once (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autofree char *expected = g_strdup_printf ("exit:%s after", ways[i].status);
      g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

      tend_task_add_exit_handler (task, note_exit_cb, (gpointer) "exit", NULL);
      ways[i].end (task);
      note ("after");
      assert_notes (expected);
      tend_task_get_error (task);
      assert_gone (task);
    }
}

static gboolean
failing_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  tend_task_add_exit_handler (task, note_exit_cb, (gpointer) "exit", NULL);
  note ("work");

  return fail_body (task, NULL, error);
}

static void
test_handlers_run_within_start (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, failing_body, NULL, NULL);

  note ("started");
  assert_notes ("work exit:failed started");
  tend_task_get_error (task);
  assert_gone (task);
}

static void
test_handlers_run_last_first (void)
{
  int n_destroyed = 0;
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_add_exit_handler (task, note_exit_cb, (gpointer) "1", NULL);
  tend_task_add_exit_handler (task, note_exit_cb, (gpointer) "2", NULL);
  tend_task_add_exit_handler (task, note_exit_cb, (gpointer) "3", NULL);
  tend_task_add_exit_handler (task, idle_handler, &n_destroyed, count_cb);
  g_assert_cmpint (n_destroyed, ==, 0);
  tend_task_stop (task);
  assert_notes ("3:stopped 2:stopped 1:stopped");
  g_assert_cmpint (n_destroyed, ==, 1);
  assert_gone (task);
}

static void
add_late_cb (TendTask *task,
             gpointer  user_data)
{
  tend_task_add_exit_handler (task, note_exit_cb, user_data, count_cb);
}

static void
test_late_handlers_never_run (void)
{
  int n_destroyed = 0;
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_add_exit_handler (task, add_late_cb, &n_destroyed, NULL);
  tend_task_stop (task);
  g_assert_cmpint (n_destroyed, ==, 1);
  add_late_cb (task, &n_destroyed);
  g_assert_cmpint (n_destroyed, ==, 2);
  assert_notes ("");
  assert_gone (task);
}

/* --- Stop --- */

static void
test_stops_before_the_start (void)
{
  int n_destroyed = 0;
  g_autoptr(TendTask) task = tend_task_new_open ("early", idle_body, &n_destroyed, count_cb);

  tend_task_stop (task);
  assert_status (task, "stopped");
  g_assert_error (tend_task_get_error (task), TEND_ERROR, TEND_ERROR_STOPPED);
  g_assert_true (g_pattern_match_simple ("Task 'early': stopped", tend_task_get_error (task)->message));
  g_assert_cmpint (n_destroyed, ==, 1);
  assert_gone (task);
}

static void
test_stops_while_pending (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_open (NULL, complete_body, NULL, NULL);

  tend_task_set_delay (task, SECOND);
  g_assert_true (tend_task_start (task, NULL));
  tend_task_stop (task);
  assert_status (task, "stopped");
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  assert_status (task, "stopped");
  assert_gone (task);
}

static void
test_stops_between_runs (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_fiber (NULL, note_cb, (gpointer) "run", NULL);

  tend_task_set_interval (task, SECOND);
  g_assert_true (tend_task_start (task, NULL));
  tend_clock_advance (clock, SECOND, NULL);
  tend_task_stop (task);
  assert_status (task, "stopped");
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  assert_notes ("run");
  assert_gone (task);
}

static void
test_stops_without_body (void)
{
  g_autoptr(TendTask) task = tend_task_new_open (NULL, NULL, NULL, NULL);

  tend_task_stop (task);
  assert_status (task, "stopped");
  tend_task_return_int (task, 1);
  assert_status (task, "stopped");
  assert_gone (task);
}

static void
test_drops_what_comes_after (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  int n_destroyed = 0;

  tend_task_stop (task);
  tend_task_return_pointer (task, &n_destroyed, count_cb);
  g_assert_cmpint (n_destroyed, ==, 1);
  assert_status (task, "stopped");
  g_assert_null (tend_task_get_result (task, NULL));
  assert_gone (task);
}

static gboolean
stop_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  note ("timer");
  tend_task_stop (user_data);
  return TRUE;
}

static void
test_stops_from_a_timer (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  g_autoptr(TendTask) other = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);

  tend_task_add_timer (task, SECOND / 2, SECOND / 2, stop_cb, other, NULL);
  tend_task_add_timer (task, SECOND, SECOND, stop_cb, task, NULL);
  tend_clock_advance (clock, SECOND / 2, NULL);
  assert_status (other, "stopped");
  tend_clock_run_until_idle (clock, NULL);
  assert_status (task, "stopped");
  /* At one deadline a repeating timer keeps its place, so that the second one ends it. */
  assert_notes ("timer interrupted timer timer");
  assert_gone (task);
  assert_gone (other);
}

static gboolean
stop_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  tend_task_add_exit_handler (task, note_exit_cb, (gpointer) "own", NULL);
  tend_task_stop (user_data != NULL ? user_data : task);
  note ("goes on");
  tend_task_return_int (task, 7);
  return TRUE;
}

static void
test_stops_from_itself (void)
{
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, stop_body, NULL, NULL);

  assert_notes ("own:stopped goes on");
  assert_status (task, "stopped");
  assert_gone (task);
}

static void
test_stops_from_another_task (void)
{
  g_autoptr(TendTask) other = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);
  g_autoptr(TendTask) task = NULL;

  tend_task_add_exit_handler (other, note_exit_cb, (gpointer) "other", NULL);
  task = tend_task_run_fiber (NULL, stop_body, other, NULL);
  settle ();
  assert_notes ("other:stopped goes on own:completed interrupted");
  g_assert_cmpint (tend_task_get_int (task), ==, 7);
  assert_gone (task);
  assert_gone (other);
}

static void
test_stops_from_another_thread (void)
{
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);

  in_thread (stop_thread, task);
  assert_status (task, "running");
  g_assert_false (tend_task_wait_sync (task, NULL));
  assert_status (task, "stopped");
  settle ();
  assert_notes ("interrupted");
  assert_gone (task);
}

/* A handler's stop is over, handlers and all, before the handler goes on. */
static void
stop_children_cb (TendTask *task,
                  gpointer  user_data)
{
  TendTask **children = user_data;

  note ("parent:%s", tend_task_status_to_string (tend_task_get_status (task)));
  for (guint i = 0; i < 2; i++)
    {
      note ("stops:%s", tend_task_get_name (children[i]));
      tend_task_stop (children[i]);
    }
}

static void
test_nested_stops_are_nested (void)
{
  g_autoptr(TendTask) parent = tend_task_run_open (NULL, idle_body, NULL, NULL);
  g_autoptr(TendTask) a = tend_task_run_open ("a", idle_body, NULL, NULL);
  g_autoptr(TendTask) b = tend_task_run_open ("b", idle_body, NULL, NULL);
  TendTask *children[] = { a, b };

  tend_task_add_exit_handler (a, note_exit_cb, (gpointer) "a", NULL);
  tend_task_add_exit_handler (b, note_exit_cb, (gpointer) "b", NULL);
  tend_task_add_exit_handler (parent, stop_children_cb, children, NULL);
  tend_task_stop (parent);
  assert_notes ("parent:stopped stops:a a:stopped stops:b b:stopped");
  assert_gone (parent);
  assert_gone (a);
  assert_gone (b);
}

/* There is no parent and no child: what else a task has started goes on. */
static void
test_leaves_others_alone (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);
  g_autoptr(TendTask) other = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);

  tend_task_stop (task);
  tend_clock_run_until_idle (clock, NULL);
  assert_notes ("interrupted slept");
  assert_status (other, "completed");
  assert_gone (task);
  assert_gone (other);
}

/* --- What is called while a task ends may end its body as well --- */

static void
return_cb (GCancellable *cancellable,
           gpointer      user_data)
{
  note ("cancelled");
  tend_task_return_new_error (user_data, G_IO_ERROR, G_IO_ERROR_CANCELLED, "As you wish");
}

static void
return_exit_cb (TendTask *task,
                gpointer  user_data)
{
  note ("exit");
  tend_task_return_int (task, 1);
}

static void
note_destroy_cb (gpointer user_data)
{
  note ("%s", (const char *) user_data);
}

static void
test_body_may_end_while_its_task_does (void)
{
  g_autoptr(TendTask) heeding = tend_task_run_open (NULL, idle_body, (gpointer) "data", note_destroy_cb);
  g_autoptr(TendTask) handling = tend_task_run_open (NULL, idle_body, (gpointer) "data", note_destroy_cb);

  tend_task_add_exit_handler (heeding, note_exit_cb, (gpointer) "exit", NULL);
  g_signal_connect (tend_task_get_cancellable (heeding), "cancelled", G_CALLBACK (return_cb), heeding);
  tend_task_stop (heeding);
  assert_notes ("cancelled exit:stopped data");
  assert_status (heeding, "stopped");

  tend_task_add_exit_handler (handling, return_exit_cb, NULL, NULL);
  tend_task_stop (handling);
  assert_notes ("exit data");
  assert_gone (heeding);
  assert_gone (handling);
}

static void
stop_on_notify_cb (GObject    *object,
                   GParamSpec *pspec,
                   gpointer    user_data)
{
  note_status_cb (object, pspec, NULL);
  if (tend_task_get_status (TEND_TASK (object)) == (TendTaskStatus) GPOINTER_TO_INT (user_data))
    tend_task_stop (TEND_TASK (object));
}

/* Whoever is told of a state may end it. */
static void
test_notified_may_stop_it (void)
{
  static const struct
  {
    TendTaskStatus  when;
    const char     *expected;
  } cases[] = {
    { TEND_TASK_STATUS_PENDING, "notify:pending notify:stopped" },
    { TEND_TASK_STATUS_RUNNING, "notify:pending notify:running notify:stopped" },
    { TEND_TASK_STATUS_COMPLETED, "notify:pending notify:running body notify:completed" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
      g_autoptr(TendTask) task = tend_task_new_fiber (NULL, note_cb, (gpointer) "body", NULL);

      tend_task_set_delay (task, SECOND);
      g_signal_connect (task, "notify::status", G_CALLBACK (stop_on_notify_cb), GINT_TO_POINTER (cases[i].when));
      g_assert_true (tend_task_start (task, NULL));
      tend_clock_run_until_idle (clock, NULL);
      assert_notes (cases[i].expected);
      assert_gone (task);
    }
}

/* The example's group: a timer stops the parent, whose handler stops the children. */
static void
test_group_ends_in_order (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) killer = tend_task_run_open (NULL, idle_body, NULL, NULL);
  g_autoptr(TendTask) parent = tend_task_run_open (NULL, idle_body, NULL, NULL);
  g_autoptr(TendTask) a = tend_task_run_fiber ("a", sleep_body, NULL, NULL);
  g_autoptr(TendTask) b = tend_task_run_fiber ("b", sleep_body, NULL, NULL);
  TendTask *children[] = { a, b };

  tend_task_add_exit_handler (a, note_exit_cb, (gpointer) "a", NULL);
  tend_task_add_exit_handler (b, note_exit_cb, (gpointer) "b", NULL);
  tend_task_add_exit_handler (parent, stop_children_cb, children, NULL);
  tend_task_wait_async (b, NULL, note_wait_cb, (gpointer) "wait");

  /* Armed after the children's, so that at one deadline they come first. */
  tend_task_add_timer (killer, SECOND / 2, -1, stop_cb, parent, NULL);
  tend_clock_run_until_idle (clock, NULL);
  assert_notes ("timer parent:stopped stops:a a:stopped stops:b b:stopped interrupted wait:tend-0 interrupted");
  tend_task_stop (killer);
  assert_gone (killer);
  assert_gone (parent);
  assert_gone (a);
  assert_gone (b);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/task/end/order", test_order);
  g_test_add_func ("/tend/task/end/handlers-run-at-once", test_handlers_run_at_once);
  g_test_add_func ("/tend/task/end/handlers-run-within-start", test_handlers_run_within_start);
  g_test_add_func ("/tend/task/end/handlers-run-last-first", test_handlers_run_last_first);
  g_test_add_func ("/tend/task/end/late-handlers-never-run", test_late_handlers_never_run);
  g_test_add_func ("/tend/task/stop/before-the-start", test_stops_before_the_start);
  g_test_add_func ("/tend/task/stop/while-pending", test_stops_while_pending);
  g_test_add_func ("/tend/task/stop/between-runs", test_stops_between_runs);
  g_test_add_func ("/tend/task/stop/without-body", test_stops_without_body);
  g_test_add_func ("/tend/task/stop/drops-what-comes-after", test_drops_what_comes_after);
  g_test_add_func ("/tend/task/stop/from-a-timer", test_stops_from_a_timer);
  g_test_add_func ("/tend/task/stop/from-itself", test_stops_from_itself);
  g_test_add_func ("/tend/task/stop/from-another-task", test_stops_from_another_task);
  g_test_add_func ("/tend/task/stop/from-another-thread", test_stops_from_another_thread);
  g_test_add_func ("/tend/task/stop/nested-stops-are-nested", test_nested_stops_are_nested);
  g_test_add_func ("/tend/task/stop/leaves-others-alone", test_leaves_others_alone);
  g_test_add_func ("/tend/task/end/body-may-end-while-its-task-does", test_body_may_end_while_its_task_does);
  g_test_add_func ("/tend/task/end/notified-may-stop-it", test_notified_may_stop_it);
  g_test_add_func ("/tend/task/end/group-ends-in-order", test_group_ends_in_order);

  return g_test_run ();
}
