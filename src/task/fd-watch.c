// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The descriptors that are watched in a task's scope.
//
// Between two calls the watch waits for its descriptor again, without a system call: whoever added it vouches that the
// descriptor stays open. While its callback runs it does not wait, so a main context that runs in the callback does not
// call it again.
//
// Ownership: the loop thread's. Destroy notifies run on the native stack, and never while their callback does.

#include "task-cancel-private.h"
#include "task-life-private.h"
#include "tend-descriptor-private.h"

#include "tend-fd-watch.h"

/**
 * TendFdFunc:
 * @task: the task
 * @fd: the file descriptor
 * @condition: what @fd is ready for, which may be an error or a hang-up
 * @user_data: the data given with the function
 * @error: return location for an error
 *
 * A callback that is called when a file descriptor is ready.
 *
 * It runs in the task's thread. If it sets @error, the task fails.
 *
 * Returns: %TRUE to be called again; %FALSE to end the watch
 *
 * Since: 0.1
 */

/**
 * TendFdWatch:
 *
 * A watch on a file descriptor that belongs to a task.
 *
 * Create it with [method@Tend.Task.add_fd]. It is active until its function has returned %FALSE, it was cancelled, or
 * its task has ended.
 *
 * Since: 0.1
 */
struct _TendFdWatch
{
  TendJob          job;         /* loop thread */
  TendFdWait       wait;        /* loop thread */
  TendScopeItem    item;        /* loop thread; linked while active */
  gatomicrefcount  ref_count;   /* the scope holds one while active, which calls that go on take over */
  guint            n_calls;     /* loop thread; how many times its callback is on the stack */
  gboolean         is_still;    /* loop thread; the task is paused */
  TendTask        *task;        /* loop thread; NULL once inactive; not a reference */
  GDestroyNotify   notify;      /* loop thread; NULL once inactive */
  gpointer         user_data;   /* loop thread */
  TendFdFunc       func;        /* constant */
};

G_DEFINE_BOXED_TYPE (TendFdWatch, tend_fd_watch, tend_fd_watch_ref, tend_fd_watch_unref)

static inline TendFdWatch *
watch_of_item (TendScopeItem *item)
{
  return G_STRUCT_MEMBER_P (item, -(glong) G_STRUCT_OFFSET (TendFdWatch, item));
}

/* What is wrong with a descriptor that cannot be waited for. */
GError *
tend_task_new_fd_error (TendTask *self,
                        int       fd,
                        int       error)
{
  return tend_task_new_error (self, G_IO_ERROR, (int) g_io_error_from_errno (error),
                              _("cannot wait for descriptor %d: %s"), fd, g_strerror (error));
}

/* Destroys the callback's data, and drops the scope's reference. */
static void
watch_free (TendFdWatch *self)
{
  tend_destroy_natively (g_steal_pointer (&self->notify), self->user_data);
  tend_fd_watch_unref (self);
}

static void
leave_loop (TendFdWatch *self)
{
  tend_fd_wait_end (&self->wait, self->task->loop);
  tend_loop_remove (self->task->loop, &self->job);
}

static void
watch_detach (TendScopeItem *item)
{
  TendFdWatch *self = watch_of_item (item);

  leave_loop (self);
  self->task = NULL;
}

static void
watch_let_go (TendScopeItem *item)
{
  TendFdWatch *self = watch_of_item (item);

  if (self->n_calls == 0)
    watch_free (self);
}

/* Ends the watch with the task. */
static void
watch_fail (TendFdWatch *self,
            int          error)
{
  TendTask *task = self->task;
  GError *failure = tend_task_new_fd_error (task, self->wait.fd, error);

  tend_fd_watch_cancel (self);
  tend_task_fail (task, failure);
}

static void
watch_again (TendFdWatch *self)
{
  int error = tend_fd_wait_again (&self->wait, self->task->loop);

  if (error != 0)
    watch_fail (self, error);
}

/* A watch whose callback runs waits again when that has returned. */
static void
watch_stand (TendScopeItem *item,
             gboolean       still)
{
  TendFdWatch *self = watch_of_item (item);

  self->is_still = still;
  if (still)
    leave_loop (self);
  else if (self->n_calls == 0)
    watch_again (self);
}

static const TendScopeItemClass watch_item_class = {
  .detach = watch_detach,
  .let_go = watch_let_go,
  .stand = watch_stand,
};

/* Runs the callback on behalf of @task. */
static gboolean
watch_call (TendFdWatch  *self,
            TendTask     *task,
            GError      **error)
{
  TendTask *previous = tend_task_enter (task);
  gboolean go_on;

  self->n_calls++;
  go_on = self->func (task, self->wait.fd, (GIOCondition) self->wait.revents, self->user_data, error);
  self->n_calls--;
  tend_task_leave (previous);

  return go_on;
}

static void
watch_fire (TendJob *job)
{
  TendFdWatch *self = (TendFdWatch *) job;
  TendTask *task = self->task;
  GError *error = NULL;
  gboolean by_itself, go_on;

  /* That ends the task, and the watch with it. */
  if (tend_task_stop_if_barred (task))
    return;

  by_itself = tend_task_keep (task);
  if (self->wait.error != 0)
    watch_fail (self, self->wait.error);
  else
    {
      go_on = watch_call (self, task, &error) && error == NULL;
      if (self->task == NULL)
        watch_free (self);
      else if (!go_on)
        tend_fd_watch_cancel (self);
      else if (!self->is_still)
        watch_again (self);
      if (error != NULL)
        tend_task_fail (task, error);
    }
  tend_task_unkeep (task, by_itself);
}

/**
 * tend_fd_watch_ref:
 * @self: a watch
 *
 * Adds a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
TendFdWatch *
tend_fd_watch_ref (TendFdWatch *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * tend_fd_watch_unref:
 * @self: (transfer full): a watch
 *
 * Drops a reference. An active watch is kept by its task.
 *
 * Since: 0.1
 */
void
tend_fd_watch_unref (TendFdWatch *self)
{
  g_return_if_fail (self != NULL);

  if (g_atomic_ref_count_dec (&self->ref_count))
    g_free (self);
}

/**
 * tend_fd_watch_is_active:
 * @self: a watch
 *
 * Checks whether the watch will call its function.
 *
 * Only for the thread that owns the watch's task.
 *
 * Returns: %FALSE if its function has returned %FALSE, it was cancelled, or its task has ended
 *
 * Since: 0.1
 */
gboolean
tend_fd_watch_is_active (TendFdWatch *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->task != NULL;
}

/**
 * tend_fd_watch_cancel:
 * @self: a watch
 *
 * Cancels the watch: its function is not called any more, and its data is destroyed.
 *
 * The descriptor may be closed afterwards. Does nothing if the watch is not active. Only for the thread that owns the
 * watch's task.
 *
 * Since: 0.1
 */
void
tend_fd_watch_cancel (TendFdWatch *self)
{
  g_return_if_fail (self != NULL);

  if (self->task == NULL)
    return;

  tend_task_unlink_item (self->task, &self->item);
  watch_detach (&self->item);
  watch_let_go (&self->item);
}

static TendFdWatch *
watch_new (TendTask       *task,
           int             fd,
           GIOCondition    condition,
           TendFdFunc      func,
           gpointer        user_data,
           GDestroyNotify  notify)
{
  TendFdWatch *self = g_new0 (TendFdWatch, 1);

  tend_job_init (&self->job, watch_fire);
  tend_fd_wait_init (&self->wait, fd, condition, &self->job);
  self->item.klass = &watch_item_class;
  g_atomic_ref_count_init (&self->ref_count);
  self->task = task;
  self->notify = notify;
  self->user_data = user_data;
  self->func = func;

  return self;
}

/**
 * tend_task_add_fd:
 * @self: a task
 * @fd: a file descriptor
 * @condition: what to wait for: %G_IO_IN, %G_IO_OUT, %G_IO_PRI, or several of them; an error and a hang-up are
 *   reported in any case
 * @func: (scope notified) (closure user_data) (destroy notify): the callback; if it returns %FALSE, the watch ends
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the watch is no longer active
 * @error: return location for an error
 *
 * Watches a file descriptor in the scope of the task.
 *
 * @func is called in each turn of the loop in which @fd is ready: what it leaves unread is reported again. If it sets
 * an error, the task fails. The watch is removed when the task ends. While the task is paused, @func is not called. If
 * the task has already ended, @func never runs.
 *
 * The watch does not own @fd, which has to stay open as long as the watch is active. Cancel the watch before you close
 * it: the system does not report that a descriptor was closed. A regular file is ready all the time.
 *
 * To wait once, in the middle of other code, use [func@Tend.await_fd] in a fiber, or [func@Tend.Task.run_fd]. Many
 * descriptors cost the main context no more than one. A watch does not keep a [class@Tend.Clock] from moving time.
 *
 * Only for the owning thread.
 *
 * Returns: (transfer none) (nullable): the watch, which is valid while it is active; take a reference to keep it for
 *   longer. %NULL with @error set, and @user_data destroyed, if @fd is not open or the system refuses: the code is that
 *   of [func@Gio.io_error_from_errno]
 *
 * Since: 0.1
 */
TendFdWatch *
tend_task_add_fd (TendTask        *self,
                  int              fd,
                  GIOCondition     condition,
                  TendFdFunc       func,
                  gpointer         user_data,
                  GDestroyNotify   notify,
                  GError         **error)
{
  static TendFdWatch dead = { .ref_count = 1 };
  TendFdWatch *watch;
  int status;

  g_return_val_if_fail (TEND_IS_TASK (self), NULL);
  g_return_val_if_fail (self->loop != NULL && tend_loop_is_mine (self->loop), NULL);
  g_return_val_if_fail (func != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (tend_task_has_ended (self))
    {
      tend_destroy_natively (notify, user_data);
      return &dead;
    }

  watch = watch_new (self, fd, condition, func, user_data, notify);
  status = tend_fd_wait_begin (&watch->wait, self->loop);
  if (status != 0)
    {
      g_propagate_error (error, tend_task_new_fd_error (self, fd, status));
      watch_free (watch);
      return NULL;
    }

  tend_task_link_item (self, &watch->item);
  if (tend_task_stands_still (self))
    watch_stand (&watch->item, TRUE);

  return watch;
}
