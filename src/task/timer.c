// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The timers of a task's scope, and the functions that were posted to it, which are timers that fire
// once and at once.
//
// Ownership: the loop thread's, but for a post from another thread, which belongs to the inbox
// until it arrives. Destroy notifies run on the native stack, and never while their callback does.

#include "task-cancel-private.h"
#include "task-life-private.h"

/**
 * TendTimer:
 *
 * A timer that belongs to a task.
 *
 * Create it with [method@Tend.Task.add_timer]. It is active until it has fired for the last time, was cancelled, or its
 * task has ended.
 *
 * Since: 0.1
 */
struct _TendTimer
{
  /*
   * In the order in which they are used together: among many timers, each line of the cache is missed. Up to
   * 120 bytes malloc keeps what is freed apart for a while, which is cheaper for all but a million at once.
   */
  TendJob          job;         /* loop thread, or the inbox's until a post arrives */
  TendScopeItem    item;        /* loop thread; linked while active */
  gatomicrefcount  ref_count;   /* the scope holds one while active, which calls that go on take over */
  guint            n_calls : 31; /* loop thread; how many times its callback is on the stack */
  guint            is_set : 1;  /* loop thread; whether it was set anew since its last call began */
  TendTask        *task;        /* loop thread; NULL once inactive; not a reference */
  GDestroyNotify   notify;      /* loop thread; NULL once inactive */
  gpointer         user_data;   /* loop thread */
  TendScopeFunc    func;        /* constant */
  gint64           interval;    /* constant; -1: fires once */
  gint64           deadline;    /* loop thread; while the task is paused, how long is left */
  guint64          sequence;    /* loop thread; its place among equal deadlines, at each tick, until it is set anew */
};

G_DEFINE_BOXED_TYPE (TendTimer, tend_timer, tend_timer_ref, tend_timer_unref)

static inline TendTimer *
timer_of_item (TendScopeItem *item)
{
  return G_STRUCT_MEMBER_P (item, -(glong) G_STRUCT_OFFSET (TendTimer, item));
}

/* Destroys the callback's data, and drops the scope's reference. */
static void
timer_free (TendTimer *self)
{
  tend_destroy_natively (g_steal_pointer (&self->notify), self->user_data);
  tend_timer_unref (self);
}

/* Takes the timer out of the loop. */
static void
timer_detach (TendScopeItem *item)
{
  TendTimer *self = timer_of_item (item);

  tend_loop_remove (self->task->loop, &self->job);
  self->task = NULL;
}

/* While its callback runs the last call does it: a binding's closure is among the data, and no call has a reference. */
static void
timer_let_go (TendScopeItem *item)
{
  TendTimer *self = timer_of_item (item);

  if (self->n_calls == 0)
    timer_free (self);
}

/* Whether it fires once, and its callback runs, which has not set it anew. */
static gboolean
timer_is_going (TendTimer *self)
{
  return self->interval < 0 && self->n_calls > 0 && !self->is_set;
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
    tend_loop_arm_as (loop, &self->job, self->deadline, self->sequence);
}

/* Takes the timer out of the loop while its task is paused, and puts it back with what was left. */
static void
timer_stand (TendScopeItem *item,
             gboolean       still)
{
  TendTimer *self = timer_of_item (item);
  TendLoop *loop = self->task->loop;

  if (timer_is_going (self))
    return;

  if (still)
    {
      gboolean is_ready = self->job.place == TEND_JOB_QUEUED;

      self->deadline = is_ready ? 0 : MAX (0, self->deadline - tend_loop_now (loop));
      tend_loop_remove (loop, &self->job);
    }
  else
    timer_wait (self, self->deadline);
}

static const TendScopeItemClass timer_item_class = {
  .detach = timer_detach,
  .let_go = timer_let_go,
  .stand = timer_stand,
};
static const TendScopeItemClass clock_timer_item_class = {
  .detach = timer_detach,
  .let_go = timer_let_go,
};

/* Lets a timer that is new or set anew wait, once its task goes on if that is paused. */
static void
timer_begin (TendTimer *self,
             gint64     usec)
{
  self->deadline = usec;
  self->sequence = tend_loop_next_sequence (self->task->loop);
  if (!tend_task_stands_still (self->task))
    timer_wait (self, usec);
}

/* Runs the callback on behalf of @task. Returns: whether the timer is to fire again */
static gboolean
timer_call (TendTimer  *self,
            TendTask   *task,
            GError    **error)
{
  TendTask *previous = tend_task_enter (task);
  gboolean go_on;

  self->n_calls++;
  self->is_set = FALSE;
  go_on = self->func (task, self->user_data, error);
  self->n_calls--;
  tend_task_leave (previous);

  return self->interval > 0 ? go_on : self->is_set;
}

/* Fixed rate: the next tick stays on the grid, and the ticks that were missed are skipped. */
static void
timer_arm_next (TendTimer *self)
{
  TendLoop *loop = self->task->loop;
  gint64 late = tend_loop_now (loop) - self->deadline;

  self->deadline = tend_time_add (self->deadline, self->interval * (1 + late / self->interval));
  tend_loop_arm_as (loop, &self->job, self->deadline, self->sequence);
}

/*
 * The callback has failed, and so the task fails, which is the timer's unless that has ended meanwhile. Takes @error.
 */
static void
timer_fail (TendTimer *self,
            TendTask  *task,
            GError    *error,
            gboolean   go_on)
{
  tend_timer_ref (self);
  tend_task_fail (task, error);
  if (!go_on)
    tend_timer_cancel (self);
  tend_timer_unref (self);
}

static void
timer_fire (TendJob *job)
{
  TendTimer *self = (TendTimer *) job;
  TendTask *task = self->task;
  GError *error = NULL;
  gboolean by_itself, go_on;

  /* That ends the task, and the timer with it. */
  if (tend_task_stop_if_barred (task))
    return;

  by_itself = tend_task_keep (task);
  if (self->interval > 0)
    timer_arm_next (self);
  go_on = timer_call (self, task, &error);

  if (self->task == NULL)
    {
      if (error != NULL)
        tend_task_fail (task, error);
      if (self->n_calls == 0)
        timer_free (self);
    }
  else if (error != NULL)
    timer_fail (self, task, error, go_on);
  else if (!go_on)
    tend_timer_cancel (self);

  tend_task_unkeep (task, by_itself);
}

static TendTimer *
timer_new (TendTask       *task,
           TendScopeFunc   func,
           gpointer        user_data,
           GDestroyNotify  notify)
{
  TendTimer *self = g_new (TendTimer, 1);

  tend_job_init (&self->job, timer_fire);
  self->item.prev = self->item.next = NULL;
  self->item.klass = &timer_item_class;
  g_atomic_ref_count_init (&self->ref_count);
  self->n_calls = 0;
  self->is_set = FALSE;
  self->task = task;
  self->notify = notify;
  self->user_data = user_data;
  self->func = func;
  self->interval = -1;
  self->deadline = 0;
  self->sequence = 0;

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
 * Drops a reference. An active timer is kept by its task.
 *
 * Since: 0.1
 */
void
tend_timer_unref (TendTimer *self)
{
  g_return_if_fail (self != NULL);

  /* Nobody can share the only reference any more, and counting it down would cost 5 ns more than reading it. */
  if (g_atomic_ref_count_compare (&self->ref_count, 1) || g_atomic_ref_count_dec (&self->ref_count))
    g_free (self);
}

/**
 * tend_timer_is_active:
 * @self: a timer
 *
 * Checks whether the timer will fire.
 *
 * Only for the thread that owns the timer's task.
 *
 * Returns: %FALSE if it has fired for the last time, was cancelled, or its task has ended
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
 * tend_timer_get_remaining:
 * @self: a timer
 *
 * Gets how long it takes until the timer fires next.
 *
 * While the task is paused, this is what is left when the task is resumed. In the callback of a timer that fires once
 * it is 0, until [method@Tend.Timer.set_delay] is called.
 *
 * Only for the thread that owns the timer's task.
 *
 * Returns: the time in microseconds; 0 if the timer is due, -1 if it is not active
 *
 * Since: 0.1
 */
gint64
tend_timer_get_remaining (TendTimer *self)
{
  g_return_val_if_fail (self != NULL, -1);

  if (self->task == NULL)
    return -1;

  g_return_val_if_fail (tend_loop_is_mine (self->task->loop), -1);
  if (timer_is_going (self))
    return 0;
  if (tend_task_stands_still (self->task))
    return self->deadline;

  return MAX (0, self->deadline - tend_loop_now (self->task->loop));
}

/**
 * tend_timer_set_delay:
 * @self: a timer
 * @delay: when to fire next, in microseconds from now; 0 is the next turn of the loop
 *
 * Sets when the timer fires next, earlier or later than it would have.
 *
 * A repeating timer counts its further ticks from there. In its own callback, a timer that fires once is set to fire
 * once more; without this, it ends when the callback returns. While the task is paused, the timer waits, and @delay is
 * the time that is left when the task is resumed.
 *
 * Does nothing if the timer is not active. Only for the thread that owns the timer's task.
 *
 * Since: 0.1
 */
void
tend_timer_set_delay (TendTimer *self,
                      gint64     delay)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (delay >= 0);

  if (self->task == NULL)
    return;

  g_return_if_fail (tend_loop_is_mine (self->task->loop));
  tend_loop_remove (self->task->loop, &self->job);
  self->is_set = TRUE;
  timer_begin (self, delay);
}

/**
 * tend_timer_cancel:
 * @self: a timer
 *
 * Cancels the timer: it does not fire any more, and its data is destroyed.
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

  tend_task_unlink_item (self->task, &self->item);
  timer_detach (&self->item);
  timer_let_go (&self->item);
}

/**
 * tend_task_add_timer:
 * @self: a task
 * @delay: when to fire first, in microseconds from now; 0 is the next turn of the loop
 * @interval: how often to fire again, in microseconds, above 0; -1 fires once
 * @func: (scope notified) (closure user_data) (destroy notify): the callback; if it returns %FALSE, a repeating timer
 *   ends
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the timer is no longer active
 *
 * Adds a timer to the task.
 *
 * A repeating timer keeps its rate: tick n is due at @delay + n @interval, however long @func takes, and a missed tick
 * is skipped. If @func sets an error, the task fails. The timer is removed when the task ends. If the task has already
 * ended, @func never runs.
 *
 * Only for the owning thread.
 *
 * Returns: (transfer none): the timer, which is valid while it is active; take a reference to keep it for longer
 *
 * Since: 0.1
 */
TendTimer *
tend_task_add_timer (TendTask       *self,
                     gint64          delay,
                     gint64          interval,
                     TendScopeFunc   func,
                     gpointer        user_data,
                     GDestroyNotify  notify)
{
  static TendTimer dead = { .ref_count = 1 };
  TendTimer *timer;

  g_return_val_if_fail (TEND_IS_TASK (self), NULL);
  g_return_val_if_fail (self->loop != NULL && tend_loop_is_mine (self->loop), NULL);
  g_return_val_if_fail (delay >= 0, NULL);
  g_return_val_if_fail (interval == -1 || interval > 0, NULL);
  g_return_val_if_fail (func != NULL, NULL);

  if (tend_task_has_ended (self))
    {
      tend_destroy_natively (notify, user_data);
      return &dead;
    }

  timer = timer_new (self, func, user_data, notify);
  timer->interval = interval;
  tend_task_link_item (self, &timer->item);
  timer_begin (timer, delay);

  return timer;
}

/* Adds a timer that goes on while the task is paused. */
TendTimer *
tend_task_add_clock_timer (TendTask     *self,
                           gint64        delay,
                           TendScopeFunc func)
{
  TendTimer *timer = timer_new (self, func, NULL, NULL);

  timer->item.klass = &clock_timer_item_class;
  timer->sequence = tend_loop_next_sequence (self->loop);
  tend_task_link_item (self, &timer->item);
  timer_wait (timer, delay);

  return timer;
}

/* A post from another thread has arrived; it holds a reference to its task. */
static void
post_arrive (TendJob *job)
{
  TendTimer *post = (TendTimer *) job;
  TendTask *task = post->task;
  GError *error = NULL;

  tend_task_stop_if_barred (task);
  if (!tend_task_has_ended (task) && tend_task_stands_still (task))
    {
      /* It waits with everything else in the scope, which holds no reference. */
      post->job.run = timer_fire;
      tend_task_link_item (task, &post->item);
      g_object_unref (task);
      return;
    }

  if (!tend_task_has_ended (task))
    timer_call (post, task, &error);
  if (error != NULL)
    tend_task_fail (task, error);

  timer_free (post);
  g_object_unref (task);
}

/**
 * tend_task_post:
 * @self: a task
 * @func: (scope notified) (closure user_data) (destroy notify): the function; its return value is ignored
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data afterwards
 *
 * Calls a function in the next turn of the task's loop, unless the task ends before.
 *
 * Use it to run code in the task's thread from another one. If @func sets an error, the task fails. @func and @notify
 * run in the task's own thread.
 *
 * May be called from any thread.
 *
 * Since: 0.1
 */
void
tend_task_post (TendTask       *self,
                TendScopeFunc   func,
                gpointer        user_data,
                GDestroyNotify  notify)
{
  TendPass pass;
  TendTimer *post;
  TendLoop *loop;

  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (self->loop != NULL);
  g_return_if_fail (func != NULL);

  loop = self->loop;
  pass = tend_loop_enter (loop);
  if (pass == TEND_PASS_NONE)
    {
      post = timer_new (g_object_ref (self), func, user_data, notify);
      post->job.run = post_arrive;
      tend_loop_send (self->loop, &post->job);
    }
  else if (tend_task_has_ended (self))
    tend_destroy_natively (notify, user_data);
  else
    {
      post = timer_new (self, func, user_data, notify);
      tend_task_link_item (self, &post->item);
      timer_begin (post, 0);
    }
  tend_loop_leave (loop, pass);
}
