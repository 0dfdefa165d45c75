// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The scope of a task: what is dropped with it, as items that each have a table of functions, and its handlers. What is
// added after the end is dropped at once. The scope knows no kind of item: see timer.c, task-sources.c.
//
// Ownership: the loop thread's, except for a post from another thread, which belongs to the inbox until it arrives.
// Destroy notifies run on the native stack, and not while their callback runs.

#include "task-fields-private.h"

static void
scope_init (TendScope *self,
            TendTask  *task)
{
  *self = (TendScope) {
    .task = task,
    .delay = -1,
    .interval = -1,
    .prune_at = TEND_SCOPE_FIRST_PRUNE,
    .deadline = TEND_FOREVER,
    .rest = -1,
  };
  tend_job_init (&self->job, NULL);
  tend_queue_init (&self->waiters);
  tend_queue_init (&self->paused);
}

TendScope *
tend_task_ensure_scope (TendTask *self)
{
  if (self->scope == NULL)
    {
      self->scope = g_new (TendScope, 1);
      scope_init (self->scope, self);
    }

  return self->scope;
}

void
tend_task_link_item (TendTask      *self,
                     TendScopeItem *item)
{
  TendScope *scope = tend_task_ensure_scope (self);

  item->prev = NULL;
  item->next = scope->items;
  if (item->next != NULL)
    item->next->prev = item;
  scope->items = item;
}

void
tend_task_unlink_item (TendTask      *self,
                       TendScopeItem *item)
{
  if (item->prev != NULL)
    item->prev->next = item->next;
  else
    self->scope->items = item->next;
  if (item->next != NULL)
    item->next->prev = item->prev;
  item->prev = item->next = NULL;
}

/* Whether the scope of the task is held. */
gboolean
tend_task_stands_still (TendTask *self)
{
  return self->scope != NULL && self->scope->stands_still;
}

void
tend_task_add_waiter (TendTask *self,
                      TendJob  *waiter)
{
  tend_queue_push (&tend_task_ensure_scope (self)->waiters, waiter);
  if (tend_task_status (self) == TEND_TASK_STATUS_CREATED)
    tend_task_expect_start (self);
}

/* Sets the delay of a task that was not started, without a notification. */
void
tend_task_replace_delay (TendTask *self,
                         gint64    usec)
{
  tend_task_ensure_scope (self)->delay = usec;
}

/* Makes the scope as if it were new. */
void
tend_task_clear_scope (TendTask *self)
{
  if (self->scope == NULL)
    return;

  g_free (self->scope->old_name);
  g_clear_pointer (&self->scope->gate, tend_gate_unref);
  scope_init (self->scope, self);
}

/* Detaches everything in the scope before it frees the first item: that may run the main context. */
void
tend_task_kill_scope (TendTask *self)
{
  TendScopeItem *items;

  if (self->scope == NULL)
    return;

  self->scope->deadline_timer = NULL;
  items = g_steal_pointer (&self->scope->items);
  for (TendScopeItem *item = items; item != NULL; item = item->next)
    {
      if (item->klass->detach != NULL)
        item->klass->detach (item);
    }

  tend_task_drop_cancel_handlers (self);
  for (TendScopeItem *item = items, *next; item != NULL; item = next)
    {
      next = item->next;
      item->klass->let_go (item);
    }
}

/* --- Handlers --- */

struct _TendHandler
{
  TendHandler    *next;
  TendTaskFunc    func;
  gpointer        user_data;
  GDestroyNotify  notify;
};

static void
add_handler (TendHandler    **handlers,
             TendTaskFunc     func,
             gpointer         user_data,
             GDestroyNotify   notify)
{
  TendHandler *handler = g_new (TendHandler, 1);

  handler->func = func;
  handler->user_data = user_data;
  handler->notify = notify;
  handler->next = *handlers;
  *handlers = handler;
}

/* Calls the one that was added last, unless the task is barred, and drops it. Native stack. */
static void
run_handler (TendTask     *self,
             TendHandler **handlers)
{
  TendHandler *handler = *handlers;
  TendTask *previous = tend_task_enter (self);

  *handlers = handler->next;
  if (!tend_task_is_barred (self))
    handler->func (self, handler->user_data);
  tend_task_leave (previous);

  if (handler->notify != NULL)
    handler->notify (handler->user_data);
  g_free (handler);
}

/* Runs the exit handlers of a task that has just ended, on the native stack; drops them if it is barred. */
void
tend_task_run_exit_handlers (TendTask *self)
{
  while (self->scope != NULL && self->scope->exit_handlers != NULL)
    run_handler (self, &self->scope->exit_handlers);
}

/* Runs the cancel handlers of a body that was asked to end, until one of them ends it. Native stack. */
void
tend_task_run_cancel_handlers (TendTask *self)
{
  while (self->is_active && !tend_task_has_ended (self) && self->scope != NULL && self->scope->cancel_handlers != NULL)
    run_handler (self, &self->scope->cancel_handlers);
}

/* The run is over for which the handlers were added. Native stack. */
void
tend_task_drop_cancel_handlers (TendTask *self)
{
  TendHandler *handler;

  while (self->scope != NULL && (handler = self->scope->cancel_handlers) != NULL)
    {
      self->scope->cancel_handlers = handler->next;
      if (handler->notify != NULL)
        handler->notify (handler->user_data);
      g_free (handler);
    }
}

/**
 * tend_task_add_exit_handler:
 * @self: a task
 * @func: (scope notified) (closure user_data) (destroy notify): the handler
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data afterwards
 *
 * Adds a handler that is called when the task ends, in whichever way.
 *
 * When @func runs, the status is final, the timers and sources of the task are gone, and those who wait have not been
 * woken. If [method@Tend.Task.stop] ends the task, @func runs before that returns. Several handlers run in the opposite
 * order of their registration. If the task has already ended, @func never runs. It does not run either when the owner
 * of the task's manager is gone.
 *
 * Only for the owning thread.
 *
 * Since: 0.1
 */
void
tend_task_add_exit_handler (TendTask       *self,
                            TendTaskFunc    func,
                            gpointer        user_data,
                            GDestroyNotify  notify)
{
  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (self->loop != NULL && tend_loop_is_mine (self->loop));
  g_return_if_fail (func != NULL);

  if (tend_task_has_ended (self))
    tend_destroy_natively (notify, user_data);
  else
    add_handler (&tend_task_ensure_scope (self)->exit_handlers, func, user_data, notify);
}

/* A handler may end the body, which kept the task alive. */
static void
run_cancel_handlers_cb (gpointer data)
{
  TendTask *self = g_object_ref (data);

  tend_task_run_cancel_handlers (self);
  g_object_unref (self);
}

/**
 * tend_task_add_cancel_handler:
 * @self: a task
 * @func: (scope notified) (closure user_data) (destroy notify): the handler
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data afterwards
 *
 * Adds a handler that is called when the task is asked to end while its body runs.
 *
 * Use it for operations that take no cancellable: @func ends the operation, and then either the body ends soon, or
 * @func ends it with [method@Tend.Task.return_error_if_cancelled]. If the operation takes a cancellable, use that of
 * [method@Tend.Task.get_cancellable] instead.
 *
 * @func runs in the task's own thread: before [method@Tend.Task.cancel] returns if that is called in this thread, and
 * when the deadline of the task passes. The body of a fiber is woken afterwards. If the body was already asked to end,
 * @func runs at once.
 *
 * A handler belongs to one run of the body, and is dropped when that is over. Several handlers run in the opposite
 * order of their registration, until one of them ends the body. None runs when the task is stopped, or is cancelled
 * while its body does not run: put what has to be undone then into an exit handler.
 *
 * Only for the owning thread. For a body in another thread, add the handler before the task starts.
 *
 * Since: 0.1
 */
void
tend_task_add_cancel_handler (TendTask       *self,
                              TendTaskFunc    func,
                              gpointer        user_data,
                              GDestroyNotify  notify)
{
  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (self->loop != NULL && tend_loop_is_mine (self->loop));
  g_return_if_fail (func != NULL);

  if (tend_task_has_ended (self))
    {
      tend_destroy_natively (notify, user_data);
      return;
    }

  add_handler (&tend_task_ensure_scope (self)->cancel_handlers, func, user_data, notify);
  if (tend_task_cancelling (self))
    tend_call_native (run_cancel_handlers_cb, self);
}
