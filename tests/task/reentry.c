// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a task calls, or frees, and that ends the task just then, or drops the last reference to it.

#include "common.h"

/* --- Values --- */

/* A result that ends its task when it is freed, as an object of a language binding may. */
static void
stop_freed_cb (gpointer data)
{
  note ("freed");
  tend_task_stop (data);
}

static gboolean
return_stopping_body (TendTask  *task,
                      gpointer   user_data,
                      GError   **error)
{
  note ("run");
  tend_task_return_pointer (task, task, stop_freed_cb);

  return TRUE;
}

static void
test_result_of_a_run_ends_the_task (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_open (NULL, return_stopping_body, NULL, NULL);

  tend_task_set_interval (task, SECOND);
  tend_task_add_exit_handler (task, note_exit_cb, (gpointer) "exit", NULL);
  g_assert_true (tend_task_start (task, NULL));
  tend_clock_advance (clock, 3 * SECOND, NULL);
  assert_notes ("run freed exit:stopped");
  g_assert_error (tend_task_get_error (task), TEND_ERROR, TEND_ERROR_STOPPED);
  assert_gone (task);
}

static gboolean
return_and_sleep_body (TendTask  *task,
                       gpointer   user_data,
                       GError   **error)
{
  tend_task_return_pointer (task, task, stop_freed_cb);
  return tend_sleep (SECOND, error);
}

/* The result is freed for the error, while the task ends. */
static void
test_result_that_is_dropped_ends_the_task (void)
{
  static const struct
  {
    void (* end) (TendTask *task);
    const char *notes;
  } ways[] = {
    { tend_task_cancel, "freed exit:cancelled" },
    { tend_task_stop, "freed exit:stopped" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autoptr(TendTask) task = tend_task_run_fiber (NULL, return_and_sleep_body, NULL, NULL);

      tend_task_add_exit_handler (task, note_exit_cb, (gpointer) "exit", NULL);
      ways[i].end (task);
      settle ();
      assert_notes (ways[i].notes);
      assert_gone (task);
    }
}

static void
settle_freed_cb (gpointer data)
{
  note ("freed");
  settle ();
}

static gboolean
return_and_wait_body (TendTask  *task,
                      gpointer   user_data,
                      GError   **error)
{
  tend_task_return_pointer (task, task, settle_freed_cb);
  return tend_sleep (SECOND, error);
}

static gboolean
never_cb (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  g_assert_not_reached ();
}

/* The result is freed when nothing is left of the scope. */
static void
test_result_that_is_dropped_runs_the_loop (void)
{
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, return_and_wait_body, NULL, NULL);

  tend_task_add_exit_handler (task, note_exit_cb, (gpointer) "exit", NULL);
  tend_task_add_timer (task, 0, -1, never_cb, NULL, NULL);
  tend_task_stop (task);
  assert_notes ("freed exit:stopped");
  settle ();
  assert_gone (task);
}

/* --- The last reference --- */

static void
give_up_cb (TendTask *task,
            gpointer  user_data)
{
  g_assert_true (tend_task_return_error_if_cancelled (task));
}

/* A task that only its body keeps, and that notes when it goes. */
static TendTask *
run_kept (void)
{
  TendTask *task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_add_exit_handler (task, note_exit_cb, (gpointer) "exit", NULL);
  g_object_unref (task);

  return task;
}

static void
test_late_cancel_handler_ends_the_task (void)
{
  TendTask *task = run_kept ();

  tend_task_cancel (task);
  tend_task_add_cancel_handler (task, give_up_cb, NULL, NULL);
  assert_notes ("exit:cancelled");
}

static void
complete_cancelled_cb (GCancellable *cancellable,
                       TendTask     *task)
{
  tend_task_return_boolean (task, TRUE);
}

static void
test_cancelled_signal_ends_the_task (void)
{
  TendTask *task = run_kept ();

  g_signal_connect (tend_task_get_cancellable (task), "cancelled", G_CALLBACK (complete_cancelled_cb), task);
  tend_task_cancel (task);
  assert_notes ("exit:completed");
}

static void
drop_cancelled_cb (GCancellable *cancellable,
                   TendTask     *task)
{
  g_object_unref (task);
}

static void
test_cancelled_signal_drops_the_task (void)
{
  TendTask *task = tend_task_new_open (NULL, idle_body, NULL, NULL);

  tend_task_add_exit_handler (task, note_exit_cb, (gpointer) "exit", NULL);
  g_signal_connect (tend_task_get_cancellable (task), "cancelled", G_CALLBACK (drop_cancelled_cb), task);
  tend_task_cancel (task);
  assert_notes ("exit:cancelled");
}

/* --- Another thread --- */

static gpointer
give_up_thread (gpointer data)
{
  while (!tend_task_return_error_if_cancelled (data))
    g_thread_yield ();

  return NULL;
}

/* While the task's own thread stops it, another gives up for its body: it looks at nothing of the first. */
static void
test_gives_up_in_another_thread (void)
{
  for (guint i = 0; i < 50; i++)
    {
      g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);
      GThread *thread = g_thread_new ("test", give_up_thread, task);

      tend_task_cancel (task);
      g_thread_yield ();
      tend_task_stop (task);
      g_thread_join (thread);
      assert_status (task, "stopped");
      assert_gone (task);
    }
}

static void
stop_and_drop_cb (TendTask   *task,
                  GParamSpec *pspec,
                  gpointer    user_data)
{
  if (tend_task_get_status (task) != TEND_TASK_STATUS_PENDING)
    return;

  tend_task_stop (task);
  g_object_unref (task);
}

/* Who hears that it is pending ends it, and drops the reference of who starts it. */
static void
test_is_stopped_and_dropped_by_its_start (void)
{
  TendTask *task = tend_task_new_open (NULL, idle_body, NULL, NULL);

  tend_task_set_delay (task, SECOND);
  tend_task_add_exit_handler (task, note_exit_cb, (gpointer) "exit", NULL);
  g_signal_connect (task, "notify::status", G_CALLBACK (stop_and_drop_cb), NULL);
  g_assert_true (tend_task_start (task, NULL));
  assert_notes ("exit:stopped");
}

/* --- Sources --- */

typedef struct
{
  GSource   source;
  TendTask *task;
  guint    *n_freed;
} FreedSource;

/* Each of them ends the task when it is freed. */
static void
freed_source_finalize (GSource *source)
{
  FreedSource *self = (FreedSource *) source;

  ++*self->n_freed;
  tend_task_stop (self->task);
}

static GSourceFuncs freed_source_funcs = { .finalize = freed_source_finalize };

/* Those that are through are forgotten when so many more have been added, with the last reference to them. */
static void
test_forgotten_source_ends_the_task (void)
{
  g_autoptr(TendTask) task = tend_task_new_open (NULL, NULL, NULL, NULL);
  guint n_added = 0, n_freed = 0;

  while (n_freed == 0)
    {
      GSource *source = g_source_new (&freed_source_funcs, sizeof (FreedSource));

      ((FreedSource *) source)->task = task;
      ((FreedSource *) source)->n_freed = &n_freed;
      n_added++;
      tend_task_add_source (task, source);
      g_source_destroy (source);
      g_source_unref (source);
    }

  /* The last was not through when it was added, and went with the scope. */
  g_assert_cmpuint (n_freed, ==, n_added);
  assert_status (task, "stopped");
  assert_gone (task);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/task/reentry/result-of-a-run-ends-the-task", test_result_of_a_run_ends_the_task);
  g_test_add_func ("/tend/task/reentry/result-that-is-dropped-ends-the-task",
                   test_result_that_is_dropped_ends_the_task);
  g_test_add_func ("/tend/task/reentry/result-that-is-dropped-runs-the-loop", test_result_that_is_dropped_runs_the_loop);
  g_test_add_func ("/tend/task/reentry/late-cancel-handler-ends-the-task", test_late_cancel_handler_ends_the_task);
  g_test_add_func ("/tend/task/reentry/cancelled-signal-ends-the-task", test_cancelled_signal_ends_the_task);
  g_test_add_func ("/tend/task/reentry/cancelled-signal-drops-the-task", test_cancelled_signal_drops_the_task);
  g_test_add_func ("/tend/task/reentry/gives-up-in-another-thread", test_gives_up_in_another_thread);
  g_test_add_func ("/tend/task/reentry/is-stopped-and-dropped-by-its-start", test_is_stopped_and_dropped_by_its_start);
  g_test_add_func ("/tend/task/reentry/forgotten-source-ends-the-task", test_forgotten_source_ends_the_task);

  return g_test_run ();
}
