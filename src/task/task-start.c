// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Starting a task: at once, later, or by other code, for which it is pending meanwhile.
//
// Ownership: the loop thread's.

#include "task-cancel-private.h"
#include "task-life-private.h"

/* Whether the task could be started or given to a manager now. */
gboolean
tend_task_check_startable (TendTask  *self,
                           GError   **error)
{
  if (self->loop != NULL && self->body != NULL && tend_loop_is_mine (self->loop) &&
      tend_task_status (self) == TEND_TASK_STATUS_CREATED)
    return TRUE;

  if (self->loop != NULL && !tend_loop_is_mine (self->loop))
    tend_task_set_error (self, error, TEND_ERROR, TEND_ERROR_WRONG_THREAD,
                         _("belongs to the main context of another thread"));
  else if (self->body == NULL)
    tend_task_set_error (self, error, TEND_ERROR, TEND_ERROR_STATE, _("has no body to start"));
  else
    tend_task_set_error (self, error, TEND_ERROR, TEND_ERROR_STATE, _("has been started already"));

  return FALSE;
}

static void
hold (TendTask *self)
{
  if (!self->is_held)
    {
      tend_task_look_no_more (self);
      self->is_held = TRUE;
      self->is_told_forgotten = FALSE;
      tend_task_enlist (self);
      g_object_ref (self);
    }
}

static void
make_pending_native_cb (gpointer data)
{
  tend_task_notify_status (data);
}

/* Marks the task as given to code that will begin it, and that announces this. */
void
tend_task_set_pending (TendTask *self)
{
  hold (self);
  tend_task_start_deadline (self);
  tend_task_expect_run (self, MAX (0, tend_task_get_first_wait (self)));
  tend_task_set_status (self, TEND_TASK_STATUS_PENDING);
}

void
tend_task_make_pending (TendTask *self)
{
  tend_task_set_pending (self);
  tend_call_native (make_pending_native_cb, self);
}

/* The error that keeps a task from its start, on the way to the task's thread. */
typedef struct
{
  TendJob   job;
  TendTask *task;       /* a reference */
  GError   *error;
} Failure;

static void
failure_cb (TendJob *job)
{
  Failure *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (Failure, job));

  tend_task_fail (self->task, self->error);
  g_object_unref (self->task);
  g_free (self);
}

/*
 * Starts a task that was just created, for a function that returns only the task: an error that keeps it from its
 * start, such as a thread that does not run the context, fails the task, in its own thread.
 */
void
tend_task_start_or_fail (TendTask *self)
{
  GError *error = NULL;
  Failure *failure;

  if (tend_task_start (self, &error))
    return;

  failure = g_new (Failure, 1);
  tend_job_init (&failure->job, failure_cb);
  failure->task = g_object_ref (self);
  failure->error = error;
  tend_loop_send (self->loop, &failure->job);
}

static void
begin_native_cb (gpointer data)
{
  tend_task_begin (data);
}

/*
 * Bodies that start the next one use up the native stack, a fiber's too. Nobody nests so deep by hand, and the stack of
 * an interpreter still has room.
 */
#define MAX_STARTING 32

static TEND_THREAD guint n_starting;

/**
 * tend_task_start:
 * @self: a task that was not started yet
 * @error: return location for an error
 *
 * Starts the task.
 *
 * The body runs before this returns, up to its first wait. If the task has a delay or an interval, the first run comes
 * after that time. If more than 32 bodies start each other in turn, the next one begins in the next turn of the loop.
 *
 * The task keeps itself alive until it has ended. Only for the owning thread.
 *
 * Returns: %TRUE, or %FALSE with `TEND_ERROR_STATE` if the task was started or has ended before, or has no body, and
 *   `TEND_ERROR_WRONG_THREAD` in another thread than its own
 *
 * Since: 0.1
 */
gboolean
tend_task_start (TendTask  *self,
                 GError   **error)
{
  gboolean is_deep;
  gint64 wait;

  g_return_val_if_fail (TEND_IS_TASK (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!tend_task_check_startable (self, error))
    return FALSE;

  wait = tend_task_get_first_wait (self);
  is_deep = n_starting >= MAX_STARTING && !self->body->starts_at_once;
  if (wait >= 0 || tend_task_stands_still (self) || is_deep)
    {
      /* Code that is notified of the pending status may end the task, and drop the reference of the starter. */
      g_object_ref (self);
      tend_task_make_pending (self);
      if (!tend_task_has_ended (self))
        tend_task_run_later (self, MAX (0, wait));
      g_object_unref (self);
    }
  else
    {
      hold (self);
      tend_task_start_deadline (self);
      n_starting++;
      tend_call_native (begin_native_cb, self);
      n_starting--;
    }

  return TRUE;
}
