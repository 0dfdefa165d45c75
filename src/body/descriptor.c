// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Waiting once for a file descriptor: in a fiber or in the body of a thread, and as a task.
//
// A wait counts as work outside the main context: a virtual clock does not jump over it.

#include "thread-private.h"
#include "tend-descriptor-private.h"

#include "tend-fiber.h"

/* --- In a fiber --- */

/**
 * tend_await_fd: (skip)
 * @fd: a file descriptor
 * @condition: what to wait for: %G_IO_IN, %G_IO_OUT, %G_IO_PRI, or several of them
 * @revents: (out) (optional): return location for what @fd is ready for
 * @error: return location for an error
 *
 * Waits until a file descriptor is ready, in the body of a fiber or of a thread.
 *
 * A fiber is suspended while the loop goes on. The body of a thread blocks, and its thread does not count against the
 * limit of [func@Tend.set_max_threads] meanwhile. Several may wait for the same descriptor, and all of them go on when
 * it is ready. An error and a hang-up end the wait in any case: @revents tells. What is ready is not consumed: a part
 * may be read, and the next wait does not wait.
 *
 * Try first, and wait when the call reports `EAGAIN`: the descriptor has to be non-blocking for that. A regular file is
 * ready at once, as for poll().
 *
 * Do not close @fd while somebody waits for it: the system does not report that. Cancel the task that waits before. If
 * the library notices, because somebody waits for the same number again, the wait ends with %G_IO_NVAL.
 *
 * Returns: %TRUE if @fd is ready; %FALSE with `G_IO_ERROR_CANCELLED` or `TEND_ERROR_STOPPED` if the task was cancelled
 *   or has ended, `TEND_ERROR_NO_FIBER` outside such a body, and with the code of g_io_error_from_errno() if @fd is not
 *   open or the system refuses
 *
 * Since: 0.1
 */
gboolean
tend_await_fd (int            fd,
               GIOCondition   condition,
               GIOCondition  *revents,
               GError       **error)
{
  TendTask *worker = tend_task_get_blocking ();
  TendFdWait wait;
  TendTask *task;
  TendLoop *loop;
  TendJob *wake;
  int status;

  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (revents != NULL)
    *revents = 0;
  if (worker != NULL)
    return tend_thread_await_fd (worker, fd, condition, revents, error);

  wake = tend_begin_wait (G_STRFUNC, error);
  if (wake == NULL)
    return FALSE;

  task = tend_task_get_current ();
  loop = tend_task_loop (task);
  tend_fd_wait_init (&wait, fd, condition, wake);
  status = tend_fd_wait_begin (&wait, loop);
  if (status == 0)
    {
      gboolean goes_on;

      tend_loop_hold (loop);
      goes_on = tend_wait (error);
      tend_loop_unhold (loop);
      tend_fd_wait_end (&wait, loop);
      if (!goes_on)
        return FALSE;
      status = wait.error;
    }

  if (status != 0)
    g_propagate_error (error, tend_task_new_fd_error (task, fd, status));
  else if (revents != NULL)
    *revents = (GIOCondition) wait.revents;

  return status == 0;
}

/* --- As a task --- */

/* The task's data. */
typedef struct
{
  TendJob      job;
  TendFdWait   wait;
  TendTask    *task;        /* not a reference: it is held while it is active */
  int          fd;
  GIOCondition condition;
} FdBody;

/* Takes the wait out of the loop. */
static void
leave_loop (TendTask *task)
{
  FdBody *self = tend_task_user_data (task);
  TendLoop *loop = tend_task_loop (task);

  tend_fd_wait_end (&self->wait, loop);
  tend_loop_remove (loop, &self->job);
  tend_loop_unhold (loop);
}

static void
ready_cb (TendJob *job)
{
  FdBody *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (FdBody, job));
  TendTask *task = self->task;
  GError *error = NULL;

  if (tend_task_stop_if_barred (task))
    return;

  leave_loop (task);
  if (self->wait.error != 0)
    error = tend_task_new_fd_error (task, self->fd, self->wait.error);
  else
    tend_task_return_int (task, self->wait.revents);
  tend_task_run_ended (task, error);
}

static void
fd_run (TendTask *task)
{
  FdBody *self = tend_task_user_data (task);
  int status;

  self->task = task;
  tend_job_init (&self->job, ready_cb);
  tend_fd_wait_init (&self->wait, self->fd, self->condition, &self->job);
  status = tend_fd_wait_begin (&self->wait, tend_task_loop (task));
  if (status == 0)
    tend_loop_hold (tend_task_loop (task));
  else
    tend_task_run_ended (task, tend_task_new_fd_error (task, self->fd, status));
}

static void
fd_cancel (TendTask *task)
{
  leave_loop (task);
  tend_task_run_ended (task, tend_task_new_cancelled (task));
}

static void
fd_abandon (TendTask *task)
{
  leave_loop (task);
  tend_task_run_ended (task, NULL);
}

static const TendBodyClass fd_body = {
  .returns = TRUE,
  .run = fd_run,
  .cancel = fd_cancel,
  .abandon = fd_abandon,
};

static TendTask *
create (const char    *name,
        int            fd,
        GIOCondition   condition,
        gconstpointer  origin)
{
  FdBody *self = g_new0 (FdBody, 1);

  self->fd = fd;
  self->condition = condition;

  return tend_task_create (name, &fd_body, NULL, self, g_free, origin);
}

/**
 * tend_task_new_fd:
 * @name: (nullable): a name
 * @fd: a file descriptor
 * @condition: what to wait for: %G_IO_IN, %G_IO_OUT, %G_IO_PRI, or several of them
 *
 * Creates a task that completes when a file descriptor is ready.
 *
 * Its result is the conditions for which @fd is ready, an integer for [method@Tend.Task.get_int]. An error and a
 * hang-up of the descriptor are among them, and complete the task as well. If @fd is not open or the system refuses,
 * the task fails with the code of [func@Gio.io_error_from_errno].
 *
 * Use it to wait for a descriptor and for something else, with [func@Tend.when_any]. A fiber waits with
 * tend_await_fd(), and a task that is called again and again uses [method@Tend.Task.add_fd].
 *
 * The task does not own @fd, which has to stay open until the task has ended.
 *
 * The task belongs to the thread-default main context of the thread that creates it.
 *
 * Returns: (transfer full): the task, not started
 *
 * Since: 0.1
 */
TendTask *
tend_task_new_fd (const char   *name,
                  int           fd,
                  GIOCondition  condition)
{
  return create (name, fd, condition, __builtin_return_address (0));
}

/**
 * tend_task_run_fd:
 * @name: (nullable): a name
 * @fd: a file descriptor
 * @condition: what to wait for
 *
 * Creates a task as [ctor@Tend.Task.new_fd] does and starts it.
 *
 * In a thread that does not run the task's context, the task cannot be started: it fails with
 * `TEND_ERROR_WRONG_THREAD`, in the thread that runs the context.
 *
 * Returns: (transfer full): the task, which waits
 *
 * Since: 0.1
 */
TendTask *
tend_task_run_fd (const char   *name,
                  int           fd,
                  GIOCondition  condition)
{
  TendTask *task = create (name, fd, condition, __builtin_return_address (0));

  tend_task_start_or_fail (task);

  return task;
}
