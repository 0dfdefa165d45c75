// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The run of a program, which leaves no task behind. Ownership: the loop thread's.

#include "task-life-private.h"
#include "task-sigint-private.h"

/* As a manager has it at first. */
#define GRACE_PERIOD (5 * G_TIME_SPAN_SECOND)

/* So many turns pass for what was stopped: fibers leave their functions at their next wait. */
#define MAX_LAST_TURNS 100

typedef struct
{
  TendJob     job;
  TendLoop   *loop;
  TendHub    *hub;      /* the loop's */
  GHashTable *before;   /* of TendTask, a reference each: what was there before it */
  TendSigint  sigint;
  gboolean    is_late;
} Run;

static void
late_cb (TendJob *job)
{
  Run *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (Run, job));

  tend_loop_remove (self->loop, job);
  self->is_late = TRUE;
}

static void
run_init (Run      *self,
          TendLoop *loop)
{
  tend_job_init (&self->job, late_cb);
  self->loop = tend_loop_ref (loop);
  self->hub = tend_loop_get_hub (loop);
  self->before = g_hash_table_new_full (NULL, NULL, g_object_unref, NULL);
  self->is_late = FALSE;
  for (TendTask *task = self->hub->tasks; task != NULL; task = task->next_started)
    g_hash_table_add (self->before, g_object_ref (task));
}

static void
run_clear (Run *self)
{
  g_hash_table_unref (self->before);
  tend_loop_release (self->loop);
}

/*
 * Whether it has left nothing behind: what was there before is older. What has ended and is not finished was stopped,
 * by somebody who knows that it goes on.
 */
static gboolean
run_is_over (Run *self)
{
  TendTask *task = self->hub->tasks;

  while (task != NULL && tend_task_has_ended (task) && !g_hash_table_contains (self->before, task))
    task = task->next_started;

  return task == NULL || g_hash_table_contains (self->before, task);
}

/* What was started since and has not ended, newest first. */
static GPtrArray *
run_list (Run *self)
{
  GPtrArray *tasks = g_ptr_array_new_with_free_func (g_object_unref);

  for (TendTask *task = self->hub->tasks; task != NULL; task = task->next_started)
    if (!tend_task_has_ended (task) && !g_hash_table_contains (self->before, task))
      g_ptr_array_add (tasks, g_object_ref (task));

  return tasks;
}

static void
stop_started (Run *self)
{
  g_autoptr(GPtrArray) tasks = run_list (self);

  for (guint i = 0; i < tasks->len; i++)
    tend_task_stop (tasks->pdata[i]);
}

static void
warn_of_late (Run *self)
{
  g_autoptr(GPtrArray) tasks = run_list (self);
  g_autoptr(GPtrArray) late = g_ptr_array_new ();
  g_autofree char *text = NULL;

  /* What nobody can end was told before. */
  for (guint i = 0; i < tasks->len; i++)
    if (!((TendTask *) tasks->pdata[i])->is_told_forgotten)
      g_ptr_array_add (late, tasks->pdata[i]);
  if (late->len == 0)
    return;

  text = tend_task_print_list (late);
  g_warning ("Program: has ended, and stops what did not end within %.0f s after that: %s",
             (double) GRACE_PERIOD / G_TIME_SPAN_SECOND, text);
}

static gboolean
must_stop (Run *self)
{
  return self->is_late || self->sigint.is_stopped;
}

/* A task that a round waits for. It is not held: that would hide that nobody has a reference who could end it. */
typedef struct
{
  TendObserver observer;
  TendTask    *task;    /* NULL: it has ended */
  guint       *n_left;
} Awaited;

static void
awaited_ended (TendObserver *observer,
               TendTask     *task)
{
  Awaited *self = (Awaited *) observer;

  tend_task_remove_observer (task, observer);
  self->task = NULL;
  (*self->n_left)--;
}

static const TendObserverClass awaited_class = { .ended = awaited_ended };

/* Cancels what has not ended, oldest first, and waits for it. */
static void
cancel_round (Run *self)
{
  g_autoptr(GPtrArray) tasks = run_list (self);
  g_autofree Awaited *awaited = g_new (Awaited, tasks->len);
  guint n_tasks = tasks->len;
  guint n_left = n_tasks;

  for (guint i = 0; i < n_tasks; i++)
    {
      awaited[i] = (Awaited) { .observer.klass = &awaited_class, .task = tasks->pdata[i], .n_left = &n_left };
      tend_task_add_observer (awaited[i].task, &awaited[i].observer);
    }

  for (guint i = n_tasks; i > 0; i--)
    tend_task_cancel (tasks->pdata[i - 1]);
  g_ptr_array_set_size (tasks, 0);

  while (n_left > 0 && !must_stop (self))
    tend_hub_turn (self->hub);

  for (guint i = 0; i < n_tasks; i++)
    if (awaited[i].task != NULL)
      tend_task_remove_observer (awaited[i].task, &awaited[i].observer);
}

/*
 * Cancels what was started under the run, and waits for it: no longer than the grace period. What is started meanwhile
 * is cancelled when all those of the round before have ended, since the clean-up of one of them may wait for it.
 */
static void
cancel_and_wait (Run *self)
{
  tend_loop_arm (self->loop, &self->job, tend_time_add (tend_loop_now (self->loop), GRACE_PERIOD));
  while (!run_is_over (self) && !must_stop (self))
    cancel_round (self);
  tend_loop_remove (self->loop, &self->job);
}

static void
run_end (Run *self)
{
  cancel_and_wait (self);
  if (!run_is_over (self))
    {
      if (!self->sigint.is_stopped)
        warn_of_late (self);
      stop_started (self);
    }

  for (guint i = 0; i < MAX_LAST_TURNS && self->hub->tasks != NULL &&
                    !g_hash_table_contains (self->before, self->hub->tasks); i++)
    g_main_context_iteration (self->hub->context, FALSE);
}

/**
 * tend_run_task:
 * @task: a task that has not ended
 * @error: return location for an error
 *
 * Starts @task if it was not started, and iterates the main context until it has ended and left nothing behind.
 *
 * Use it as the main part of a program; [func@Tend.run] does the same for a function. When @task has ended, all tasks
 * of this main context that were started meanwhile and have not ended are cancelled and waited for. Those that have not
 * ended after 5 seconds are stopped, and a warning names them. While a [class@Tend.Clock] has frozen time, time
 * jumps from deadline to deadline. A task that is started by the clean-up of others is cancelled when these have ended.
 *
 * Ctrl-C, the signal `SIGINT`, cancels @task the first time: the task may clean up, and its error is
 * `G_IO_ERROR_CANCELLED`. The second time, it stops @task and all tasks of this main context that were started
 * meanwhile. The third time, it kills the process; so does a second time before the main context has noticed the
 * first, because a callback does not return. In a run within another run of the same thread, the signal is for both.
 * All this holds if the default action of the signal is set when the run begins, and no other thread runs a program
 * likewise. A handler that you install meanwhile replaces that of the run. A program that was interrupted exits with
 * the status 130.
 *
 * Only for the owning thread, outside fibers.
 *
 * Returns: %TRUE if the task completed; %FALSE with the error of the task if it did not, or with `TEND_ERROR_STATE` if
 *   the caller is a fiber
 *
 * Since: 0.1
 */
gboolean
tend_run_task (TendTask  *task,
               GError   **error)
{
  g_autoptr(TendTask) kept = NULL;
  gboolean has_completed;
  Run run;

  g_return_val_if_fail (TEND_IS_TASK (task), FALSE);
  g_return_val_if_fail (task->loop != NULL && tend_loop_is_mine (task->loop), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (tend_is_on_fiber ())
    return tend_task_wait_sync (task, error);

  kept = g_object_ref (task);
  run_init (&run, task->loop);
  tend_sigint_begin (&run.sigint, task, FALSE);
  has_completed = (tend_task_status (task) != TEND_TASK_STATUS_CREATED || tend_task_start (task, error)) &&
                  tend_task_wait_here (task, error);
  run_end (&run);
  tend_sigint_end (&run.sigint);
  run_clear (&run);

  return has_completed;
}
