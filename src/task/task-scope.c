// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The scope of a task: the timers, posts, sources and cancellables made through it, and its exit
// handlers. All of it dies with the task, and what is added afterwards is dead on arrival.
//
// Ownership: the loop thread's, but for a post from another thread, which belongs to the inbox
// until it arrives. Destroy notifies run on the native stack, and never while their callback does.
//
// Lock: linked_lock guards the way from a cancellable to the task that it cancels, and nothing but
// taking a reference happens under it.

#include "tend-task-private.h"

#define FIRST_PRUNE 16

typedef struct
{
  GDestroyNotify notify;
  gpointer       user_data;
} Destroy;

static void
destroy_native_cb (gpointer data)
{
  Destroy *destroy = data;

  destroy->notify (destroy->user_data);
}

static void
destroy_natively (GDestroyNotify notify,
                  gpointer       user_data)
{
  Destroy destroy = { notify, user_data };

  if (notify != NULL)
    tend_call_native (destroy_native_cb, &destroy);
}

TendScope *
tend_task_ensure_scope (TendTask *self)
{
  if (self->scope == NULL)
    {
      self->scope = g_new0 (TendScope, 1);
      self->scope->prune_at = FIRST_PRUNE;
      self->scope->deadline = TEND_FOREVER;
      self->scope->rest = -1;
      tend_queue_init (&self->scope->paused);
    }

  return self->scope;
}

static void
link_item (TendTask      *self,
           TendScopeItem *item)
{
  TendScope *scope = tend_task_ensure_scope (self);

  item->prev = NULL;
  item->next = scope->items;
  if (item->next != NULL)
    item->next->prev = item;
  scope->items = item;
}

static void
unlink_item (TendTask      *self,
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

void
tend_task_free_scope (TendTask *self)
{
  if (self->scope != NULL)
    g_clear_pointer (&self->scope->deadline_timer, tend_timer_unref);
  g_clear_pointer (&self->scope, g_free);
}

void
tend_task_kill_scope (TendTask *self)
{
  TendScopeItem *item;

  while (self->scope != NULL && (item = self->scope->items) != NULL)
    {
      unlink_item (self, item);
      item->kill (item);
    }
}

/* --- Timers and posts --- */

/**
 * TendTimer:
 *
 * A timer of a task's scope.
 *
 * [method@Tend.Task.add_timer] makes one. It is active until it has fired for the last time, was
 * cancelled, or its task has ended.
 *
 * Since: 0.1
 */
struct _TendTimer
{
  TendScopeItem    item;        /* loop thread; linked while active */
  TendJob          job;         /* loop thread, or the inbox's until a post arrives */
  TendTask        *task;        /* loop thread; NULL once inactive; not a reference */
  TendWorkFunc     func;        /* constant */
  gpointer         user_data;   /* loop thread */
  GDestroyNotify   notify;      /* loop thread; NULL once inactive */
  gint64           deadline;    /* loop thread; while the task is paused, how long is left */
  gint64           interval;    /* constant; 0: fires once */
  gboolean         in_call;     /* loop thread; its callback is on the stack */
  gatomicrefcount  ref_count;   /* the scope holds one while active */
};

G_DEFINE_BOXED_TYPE (TendTimer, tend_timer, tend_timer_ref, tend_timer_unref)

/* Lets go of the callback's data, but not while it runs: a binding's closure is among them. */
static void
timer_drop_data (TendTimer *self)
{
  if (!self->in_call)
    destroy_natively (g_steal_pointer (&self->notify), self->user_data);
}

/* The timer is unlinked: takes it out of the loop and lets go of what it holds. */
static void
timer_kill (TendScopeItem *item)
{
  TendTimer *self = (TendTimer *) item;

  tend_loop_remove (self->task->loop, &self->job);
  self->task = NULL;
  timer_drop_data (self);
  tend_timer_unref (self);
}

static void
timer_wait (TendTimer *self,
            gint64     usec)
{
  TendLoop *loop = self->task->loop;

  self->deadline = tend_time_add (tend_loop_now (loop), usec);
  if (usec == 0)
    tend_loop_queue_ready (loop, &self->job);
  else
    tend_loop_arm (loop, &self->job, self->deadline);
}

/* Takes the timer out of the loop while its task is paused, and puts it back with what was left. */
static void
timer_stand (TendScopeItem *item,
             gboolean       still)
{
  TendTimer *self = (TendTimer *) item;
  TendLoop *loop = self->task->loop;

  if (still)
    {
      gboolean is_ready = self->job.place == TEND_JOB_QUEUED;

      self->deadline = is_ready ? 0 : MAX (0, self->deadline - tend_loop_now (loop));
      tend_loop_remove (loop, &self->job);
    }
  else
    timer_wait (self, self->deadline);
}

/* Lets a new timer wait, once its task goes on if that is paused. */
static void
timer_begin (TendTimer *self,
             gint64     usec)
{
  self->deadline = usec;
  if (!tend_task_stands_still (self->task))
    timer_wait (self, usec);
}

/* Runs the callback on behalf of @task, which a failure fails. */
static gboolean
timer_call (TendTimer *self,
            TendTask  *task)
{
  GError *error = NULL;
  TendTask *previous = tend_task_enter (task);
  gboolean was_in_call = self->in_call;
  gboolean go_on;

  self->in_call = TRUE;
  go_on = self->func (task, self->user_data, &error);
  self->in_call = was_in_call;
  tend_task_leave (previous);

  if (error != NULL)
    tend_task_fail (task, error);

  return go_on;
}

static void
timer_fire (TendJob *job)
{
  TendTimer *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendTimer, job));
  TendTask *task = g_object_ref (self->task);
  gboolean go_on;

  tend_timer_ref (self);

  if (self->interval > 0)
    {
      gint64 late = tend_loop_now (task->loop) - self->deadline;

      /* Fixed rate: the next tick stays on the grid, and the ticks that were missed are skipped. */
      self->deadline = tend_time_add (self->deadline, self->interval * (1 + late / self->interval));
      tend_loop_arm (task->loop, &self->job, self->deadline);
      go_on = timer_call (self, task);
    }
  else
    {
      timer_call (self, task);
      go_on = FALSE;
    }

  if (self->task == NULL)
    timer_drop_data (self);
  else if (!go_on)
    tend_timer_cancel (self);

  tend_timer_unref (self);
  g_object_unref (task);
}

static TendTimer *
timer_new (TendTask       *task,
           TendWorkFunc    func,
           gpointer        user_data,
           GDestroyNotify  notify)
{
  TendTimer *self = g_new0 (TendTimer, 1);

  g_atomic_ref_count_init (&self->ref_count);
  tend_job_init (&self->job, timer_fire);
  self->item.kill = timer_kill;
  self->item.stand = timer_stand;
  self->task = task;
  self->func = func;
  self->user_data = user_data;
  self->notify = notify;

  return self;
}

/**
 * tend_timer_ref:
 * @self: a timer
 *
 * Adds a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
TendTimer *
tend_timer_ref (TendTimer *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * tend_timer_unref:
 * @self: (transfer full): a timer
 *
 * Drops a reference. An active timer stays with its task.
 *
 * Since: 0.1
 */
void
tend_timer_unref (TendTimer *self)
{
  g_return_if_fail (self != NULL);

  if (g_atomic_ref_count_dec (&self->ref_count))
    g_free (self);
}

/**
 * tend_timer_is_active:
 * @self: a timer
 *
 * Tells whether the timer will fire.
 *
 * Only for the thread that owns the timer's task.
 *
 * Returns: %FALSE once it has fired for the last time, was cancelled, or its task has ended
 *
 * Since: 0.1
 */
gboolean
tend_timer_is_active (TendTimer *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->task != NULL;
}

/**
 * tend_timer_cancel:
 * @self: a timer
 *
 * Cancels the timer: it does not fire any more, and its data are destroyed.
 *
 * Does nothing if the timer is not active. Only for the thread that owns the timer's task.
 *
 * Since: 0.1
 */
void
tend_timer_cancel (TendTimer *self)
{
  g_return_if_fail (self != NULL);

  if (self->task == NULL)
    return;

  unlink_item (self->task, &self->item);
  timer_kill (&self->item);
}

/**
 * tend_task_add_timer:
 * @self: a task
 * @delay: when to fire first, in microseconds from now; 0 is the next turn of the loop
 * @interval: how often to fire again, in microseconds; 0 fires once
 * @func: (scope notified) (closure user_data) (destroy notify): what to call; %FALSE ends a repeating timer
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the timer is no longer active
 *
 * Adds a timer to the task's scope.
 *
 * A repeating timer keeps its rate: tick n is due at @delay + n @interval, however long @func takes,
 * and a tick that was missed is skipped. An error of @func fails the task. The timer dies with the
 * task; if that has ended already, @func never runs.
 *
 * Only for the owning thread.
 *
 * Returns: (transfer none): the timer, which is valid while it is active; keep a reference to
 *   keep it longer
 *
 * Since: 0.1
 */
TendTimer *
tend_task_add_timer (TendTask       *self,
                     gint64          delay,
                     gint64          interval,
                     TendWorkFunc    func,
                     gpointer        user_data,
                     GDestroyNotify  notify)
{
  static TendTimer dead = { .ref_count = 1 };
  TendTimer *timer;

  g_return_val_if_fail (TEND_IS_TASK (self), NULL);
  g_return_val_if_fail (self->loop != NULL && tend_loop_is_mine (self->loop), NULL);
  g_return_val_if_fail (delay >= 0, NULL);
  g_return_val_if_fail (interval >= 0, NULL);
  g_return_val_if_fail (func != NULL, NULL);

  if (tend_task_has_ended (self))
    {
      destroy_natively (notify, user_data);
      return &dead;
    }

  timer = timer_new (self, func, user_data, notify);
  timer->interval = interval;
  link_item (self, &timer->item);
  timer_begin (timer, delay);

  return timer;
}

/* Adds a timer that goes on while the task is paused. */
TendTimer *
tend_task_add_clock_timer (TendTask     *self,
                           gint64        delay,
                           TendWorkFunc  func)
{
  TendTimer *timer = timer_new (self, func, NULL, NULL);

  timer->item.stand = NULL;
  link_item (self, &timer->item);
  timer_wait (timer, delay);

  return timer;
}

/* A post from another thread has arrived; it holds a reference to its task. */
static void
post_arrive (TendJob *job)
{
  TendTimer *post = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendTimer, job));
  TendTask *task = post->task;

  if (!tend_task_has_ended (task) && tend_task_stands_still (task))
    {
      /* It waits with everything else in the scope, which holds no reference. */
      post->job.run = timer_fire;
      link_item (task, &post->item);
      g_object_unref (task);
      return;
    }

  if (!tend_task_has_ended (task))
    timer_call (post, task);

  destroy_natively (g_steal_pointer (&post->notify), post->user_data);
  tend_timer_unref (post);
  g_object_unref (task);
}

/**
 * tend_task_post:
 * @self: a task
 * @func: (scope notified) (closure user_data) (destroy notify): what to call; its return value does not count
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data afterwards
 *
 * Calls @func in the next turn of the task's loop, unless the task ends before.
 *
 * An error of @func fails the task. May be called from any thread; @func and @notify run in the
 * task's own.
 *
 * Since: 0.1
 */
void
tend_task_post (TendTask       *self,
                TendWorkFunc    func,
                gpointer        user_data,
                GDestroyNotify  notify)
{
  TendTimer *post;

  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (self->loop != NULL);
  g_return_if_fail (func != NULL);

  if (!tend_loop_is_mine (self->loop))
    {
      post = timer_new (g_object_ref (self), func, user_data, notify);
      post->job.run = post_arrive;
      tend_loop_send (self->loop, &post->job);
    }
  else if (tend_task_has_ended (self))
    destroy_natively (notify, user_data);
  else
    {
      post = timer_new (self, func, user_data, notify);
      link_item (self, &post->item);
      timer_begin (post, 0);
    }
}

/* --- Sources and cancellables --- */

typedef struct
{
  TendScopeItem  item;
  GSource       *source;
} SourceItem;

static void
source_kill (TendScopeItem *item)
{
  SourceItem *self = (SourceItem *) item;

  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_free (self);
}

/* Forgets the sources that have destroyed themselves, when so many more have been added. */
static void
prune_sources (TendTask *self)
{
  TendScope *scope = self->scope;

  for (TendScopeItem *item = scope->items, *next; item != NULL; item = next)
    {
      next = item->next;
      if (item->kill == source_kill && g_source_is_destroyed (((SourceItem *) item)->source))
        {
          unlink_item (self, item);
          item->kill (item);
          scope->n_sources--;
        }
    }

  scope->prune_at = MAX (FIRST_PRUNE, scope->n_sources * 2);
}

/**
 * tend_task_add_source:
 * @self: a task
 * @source: a source that is not attached yet
 *
 * Attaches @source to the task's main context, and destroys it when the task ends.
 *
 * Use it for what GLib has a source for, such as file descriptors, signals and children; timers
 * are cheaper with [method@Tend.Task.add_timer]. If the task has ended already, @source is destroyed.
 *
 * Only for the owning thread.
 *
 * Since: 0.1
 */
void
tend_task_add_source (TendTask *self,
                      GSource  *source)
{
  SourceItem *item;

  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (self->loop != NULL && tend_loop_is_mine (self->loop));
  g_return_if_fail (source != NULL);
  g_return_if_fail (g_source_get_context (source) == NULL);

  if (tend_task_has_ended (self))
    {
      g_source_destroy (source);
      return;
    }

  item = g_new0 (SourceItem, 1);
  item->item.kill = source_kill;
  item->source = g_source_ref (source);
  link_item (self, &item->item);
  g_source_attach (source, tend_loop_get_context (self->loop));

  if (++self->scope->n_sources >= self->scope->prune_at)
    prune_sources (self);
}

typedef struct
{
  TendScopeItem    item;
  TendTask        *task;        /* under linked_lock; not a reference; NULL once killed */
  GCancellable    *cancellable; /* constant */
  gulong           handler;     /* loop thread */
  gatomicrefcount  ref_count;   /* the scope holds one, the handler another */
} CancellableItem;

static GMutex linked_lock;

static void
cancellable_item_unref (gpointer data)
{
  CancellableItem *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_object_unref (self->cancellable);
  g_free (self);
}

/* Runs in whichever thread cancels, and only sends a request. */
static void
cancellable_cancelled_cb (GCancellable *cancellable,
                          gpointer      user_data)
{
  CancellableItem *self = user_data;
  TendTask *task;

  g_mutex_lock (&linked_lock);
  task = self->task != NULL ? g_object_ref (self->task) : NULL;
  g_mutex_unlock (&linked_lock);

  if (task == NULL)
    return;

  if (TEND_IS_CANCELLABLE (cancellable))
    {
      g_autofree char *reason = tend_cancellable_dup_reason (TEND_CANCELLABLE (cancellable));

      tend_task_set_cancel_reason (task, reason);
    }
  tend_task_request (task, TEND_REQUEST_CANCEL);
  g_object_unref (task);
}

/*
 * Not g_cancellable_disconnect(): that waits until the cancellable's handlers have returned, and
 * one of them may be who ends the task.
 */
static void
cancellable_kill (TendScopeItem *item)
{
  CancellableItem *self = (CancellableItem *) item;

  g_mutex_lock (&linked_lock);
  self->task = NULL;
  g_mutex_unlock (&linked_lock);

  if (self->handler != 0)
    g_signal_handler_disconnect (self->cancellable, self->handler);
  cancellable_item_unref (self);
}

/**
 * tend_task_add_cancellable:
 * @self: a task
 * @cancellable: (nullable): a cancellable
 *
 * Cancels the task when @cancellable is cancelled, which may be at once.
 *
 * The reason of a [class@Tend.Cancellable] stands in the error of the task.
 *
 * The task lets go of @cancellable when it ends. Only for the owning thread; @cancellable may be
 * cancelled from any.
 *
 * Since: 0.1
 */
void
tend_task_add_cancellable (TendTask     *self,
                           GCancellable *cancellable)
{
  CancellableItem *item;

  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (self->loop != NULL && tend_loop_is_mine (self->loop));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (cancellable == NULL || tend_task_has_ended (self))
    return;

  item = g_new0 (CancellableItem, 1);
  item->item.kill = cancellable_kill;
  item->task = self;
  item->cancellable = g_object_ref (cancellable);
  g_atomic_ref_count_init (&item->ref_count);
  g_atomic_ref_count_inc (&item->ref_count);
  link_item (self, &item->item);
  item->handler = g_cancellable_connect (cancellable, G_CALLBACK (cancellable_cancelled_cb),
                                         item, cancellable_item_unref);
}

/* --- Exit handlers --- */

struct _TendExitHandler
{
  TendExitHandler *next;
  TendTaskFunc     func;
  gpointer         user_data;
  GDestroyNotify   notify;
};

/* Runs the exit handlers of a task that has just ended, on the native stack. */
void
tend_task_run_exit_handlers (TendTask *self)
{
  TendExitHandler *handler;

  while (self->scope != NULL && (handler = self->scope->exit_handlers) != NULL)
    {
      TendTask *previous = tend_task_enter (self);

      self->scope->exit_handlers = handler->next;
      handler->func (self, handler->user_data);
      tend_task_leave (previous);

      if (handler->notify != NULL)
        handler->notify (handler->user_data);
      g_free (handler);
    }
}

/**
 * tend_task_add_exit_handler:
 * @self: a task
 * @func: (scope notified) (closure user_data) (destroy notify): what to call
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data afterwards
 *
 * Calls @func when the task ends, in whichever way.
 *
 * The status is final then, the scope is dead, and those who wait have not been woken. Where
 * [method@Tend.Task.stop] ends the task, @func runs before that returns. Several handlers run in
 * the opposite order of their registration. If the task has ended already, @func never runs.
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
  TendExitHandler *handler;

  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (self->loop != NULL && tend_loop_is_mine (self->loop));
  g_return_if_fail (func != NULL);

  if (tend_task_has_ended (self))
    {
      destroy_natively (notify, user_data);
      return;
    }

  handler = g_new0 (TendExitHandler, 1);
  handler->func = func;
  handler->user_data = user_data;
  handler->notify = notify;
  handler->next = tend_task_ensure_scope (self)->exit_handlers;
  self->scope->exit_handlers = handler;
}
