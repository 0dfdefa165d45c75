// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The body that is a fiber: a function on a stack of its own, which is suspended while it waits.
//
// A fiber is always resumed from the native stack of its loop's thread. It goes back to that stack when it waits, when
// it ends, and when it has to call something that a language binding may observe (a hop). So no fiber runs on top of
// another, and user callbacks do not run on a fiber's stack.
//
// Each wait puts the one job of the fiber into one place: the loop's ready queue, its timers, or the waiters of another
// task. The code that takes the job out of there resumes the fiber. Cancelling and stopping move it to the micro-queue.
//
// Ownership: everything belongs to the loop thread. The fiber's record is at the top of its own stack, and is freed
// with it.

#include "call-private.h"
#include "switch-private.h"
#include "tend-task-private.h"

#include "tend-fiber.h"

/*
 * How often the body of an ended task may try to wait before it is given up. Each of these waits fails and so reports
 * the end, so only a loop without an exit comes here.
 */
#define MAX_REFUSED_WAITS 1000

/* How many waits in a row may need no waiting before the fiber lets the loop turn. */
#define MAX_AT_ONCE 128

/* It is on the stack of the fiber that hops. */
typedef struct
{
  TendNativeFunc func;
  gpointer       data;
} Hop;

/* The stack that has resumed a fiber. */
typedef struct
{
  TendContext context;
  Hop        *hop;          /* the function to call there before the fiber goes on */
} Native;

typedef struct
{
  TendContext     context;
  Native         *native;           /* the context that resumed it; valid while it runs */
  TendStack       stack;
  TendTask       *task;             /* not a reference: the task is held while it is active */
  TendJob         wake;
  TendCalls       calls;            /* operations that will write to its stack */
  GError         *error;            /* what the body ended with */
  TendExceptions  exceptions;       /* its own while it is suspended; the native stack's while it runs */
  guint           shield;           /* how many shields are on */
  guint           n_refused : 16;
  guint           n_at_once : 8;    /* waits that were begun since it was last suspended */
  guint           is_waiting : 1;
  guint           is_bound : 1;     /* its wait cannot be cut short: another function will write to its stack */
  guint           has_looked : 1;   /* for a runtime of C++ */
  guint           is_done : 1;
} Fiber;

/* What is written at each switch: two cache lines, and no more of the page that a fiber has. */
G_STATIC_ASSERT (sizeof (Fiber) <= 128);

/* The space that the record takes at the top of the stack. */
#define FIBER_ROOM ((sizeof (Fiber) + TEND_STACK_STAGGER - 1) / TEND_STACK_STAGGER * TEND_STACK_STAGGER)

static TEND_THREAD Fiber *current;
static TEND_THREAD gboolean is_watched;     /* we are notified when the thread ends */

/* --- What the layers above see --- */

/* The task of a body that does not heed its end is reported once, and its body given up. */
static void
give_up (Fiber *self)
{
  g_autofree char *task = tend_task_head (self->task);

  g_warning ("%s: has ended, and its body has ignored that in %u waits: it is given up", task, self->n_refused);
  g_clear_pointer (&task, g_free);
  g_clear_error (&self->error);

  tend_calls_end (&self->calls);
  self->is_done = TRUE;
  tend_context_switch_last (&self->context, &self->native->context);
}

/* Whether the task goes on; otherwise sets the error with which every wait of an ended or cancelled task fails. */
static gboolean
check_going (Fiber   *self,
             GError **error)
{
  TendTask *task = self->task;

  if (G_UNLIKELY (tend_task_has_ended (task)))
    {
      if (++self->n_refused >= MAX_REFUSED_WAITS)
        give_up (self);
      if (error != NULL)
        *error = tend_task_new_stopped (task);
      return FALSE;
    }

  if (G_UNLIKELY (self->shield == 0 && tend_task_cancelling (task)))
    {
      if (error != NULL)
        *error = tend_task_new_cancelled (task);
      return FALSE;
    }

  return TRUE;
}

/*
 * A fiber is to its body what a thread is to other functions: pthread_exit() ends the fiber. The C library has all
 * frames of the fiber unwound, and would end the thread next; we go on with the thread instead. It counts as one that
 * is about to exit from then on, so that setuid() and the like pass it over.
 */
static void
unwound (gboolean is_forced)
{
  Fiber *self = current;
  g_autofree char *task = NULL;

  if (is_forced)
    {
      g_clear_error (&self->error);
      self->error = tend_task_new_error (self->task, TEND_ERROR, TEND_ERROR_STATE,
                                         _("the body has tried to end its thread, as pthread_exit() does"));
      tend_calls_end (&self->calls);
      self->is_done = TRUE;
      tend_context_switch_last (&self->context, &self->native->context);
    }

  /* The runtime of the language ends the process, and can say what the exception is. */
  task = tend_task_head (self->task);
  g_critical ("%s: an exception leaves the body, where nobody can catch it", task);
}

/* The same for a thread that ended without unwinding the fiber. Otherwise those who wait for it would wait for ever. */
static void
thread_ended_cb (gpointer data)
{
  g_autofree char *task = NULL;

  if (current == NULL)
    return;

  task = tend_task_head (current->task);
  g_error ("%s: the body has ended its thread, as pthread_exit() does", task);
}

static inline void
watch_thread (void)
{
  static GPrivate at_end = G_PRIVATE_INIT (thread_ended_cb);

  if (G_UNLIKELY (!is_watched))
    {
      g_private_set (&at_end, &is_watched);
      is_watched = TRUE;
    }
}

static void
peek (const char **name,
      guint64     *id)
{
  const Fiber *self = current;

  /* Both are constant, and the task is held while it is active. */
  *name = tend_task_peek_name (self->task);
  *id = tend_task_peek_id (self->task);
}

static void
call_natively (TendNativeFunc func,
               gpointer       data)
{
  Fiber *self = current;
  Hop hop = { func, data };

  self->native->hop = &hop;
  tend_context_switch (&self->context, &self->native->context);
}

/* Suspends the fiber until its job is run. */
static void
stand_still (Fiber *self)
{
  self->n_at_once = 0;
  self->is_waiting = TRUE;
  tend_context_switch (&self->context, &self->native->context);
  self->is_waiting = FALSE;
}

static gboolean
wait_for_wake (GError **error)
{
  Fiber *self = current;

  stand_still (self);

  return check_going (self, error);
}

static TendJob *
begin_wait (GError **error)
{
  Fiber *self = current;

  if (!check_going (self, error))
    return NULL;

  /* What the fiber is about to wait for may already be there, again and again. */
  if (G_UNLIKELY (++self->n_at_once > MAX_AT_ONCE))
    {
      tend_loop_queue_ready (tend_task_loop (self->task), &self->wake);
      if (!wait_for_wake (error))
        return NULL;
    }

  return &self->wake;
}

static gboolean
lets_run (void)
{
  return current->n_at_once >= MAX_AT_ONCE;
}

static gboolean
goes_on (void)
{
  Fiber *self = current;

  if (self->n_at_once >= MAX_AT_ONCE || tend_task_has_ended (self->task) ||
      (self->shield == 0 && tend_task_cancelling (self->task)))
    return FALSE;

  self->n_at_once++;
  return TRUE;
}

static TendJob *
get_job (void)
{
  return &current->wake;
}

static void
wait_bound (void)
{
  Fiber *self = current;

  self->is_bound = TRUE;
  stand_still (self);
  self->is_bound = FALSE;
}

static gboolean
shield (int change)
{
  if (change < 0 && current->shield == 0)
    return FALSE;

  current->shield += (guint) change;
  return change < 0 || current->shield > 0;
}

static TendCalls *
get_calls (void)
{
  return &current->calls;
}

static const TendFiberClass fiber_class = {
  .hop = call_natively,
  .begin_wait = begin_wait,
  .lets_run = lets_run,
  .goes_on = goes_on,
  .wait = wait_for_wake,
  .get_job = get_job,
  .wait_bound = wait_bound,
  .shield = shield,
  .get_calls = get_calls,
  .peek = peek,
  .unwound = unwound,
};

/* --- Resuming --- */

static void
check_stack (Fiber *self)
{
  g_autofree char *task = NULL;

  if (G_LIKELY (self->stack.guard != TEND_GUARD_CANARY))
    return;

  task = tend_task_head (self->task);
  tend_stack_check (&self->stack, task);
}

/* The body has returned, or was given up: frees the stack, and notifies the task. */
static void
finish (Fiber *self)
{
  TendTask *task = self->task;
  GError *error = self->error;
  TendStack stack = self->stack;
  gboolean is_lost = self->calls.first != NULL;

  if (G_UNLIKELY (is_lost))
    tend_calls_leave (&self->calls, task);

  tend_task_set_body_state (task, NULL);
  tend_context_clear (&self->context);
  if (G_LIKELY (!is_lost))
    tend_stack_release (&stack);
  tend_stack_see_to_trim (tend_loop_get_context (tend_task_loop (task)));
  tend_task_run_ended (task, error);
}

/* A nested main context runs on a fiber's stack, and it is another fiber's turn. */
static void
complain_nested (Fiber *self)
{
  g_autofree char *outer = tend_task_head (current->task);
  g_autofree char *inner = tend_task_head (self->task);

  g_error ("%s: its fiber runs the main context, and the fiber of %s cannot go on there: use tend_await()",
           outer, inner);
}

/*
 * What the fiber has just left behind on its thread, if there is a runtime of C++ by now: until then nobody had
 * exceptions. A fiber that never waits leaves nothing, and loading is rare: it is looked for once.
 */
static TendExceptions *
look_for_exceptions (Fiber *self)
{
  if (self->is_done)
    return NULL;

  if (!self->has_looked)
    tend_exceptions_prepare ();
  self->has_looked = TRUE;

  return tend_exceptions_get ();
}

/* Lets the fiber run until it waits or ends. On the native stack. */
static void
resume (Fiber *self)
{
  TendExceptions *exceptions = tend_exceptions_get ();
  Native native = { 0 };
  TendTask *previous;

  if (G_UNLIKELY (current != NULL))
    complain_nested (self);

  self->native = &native;
  previous = tend_task_enter (self->task);

  while (TRUE)
    {
      Hop *hop;

      current = self;
      tend_set_fiber (&fiber_class);
      tend_exceptions_swap (exceptions, &self->exceptions);
      tend_context_switch (&native.context, &self->context);
      if (exceptions == NULL)
        exceptions = look_for_exceptions (self);
      tend_exceptions_swap (exceptions, &self->exceptions);
      tend_set_fiber (NULL);
      current = NULL;

      hop = g_steal_pointer (&native.hop);
      if (hop == NULL)
        break;
      hop->func (hop->data);
    }

  tend_task_leave (previous);
  check_stack (self);

  if (self->is_done)
    finish (self);
}

/*
 * Stops the task, whose callbacks are barred, so that the wait that has just ended fails. Those who are notified of the
 * end may run the main context, where the fiber may be unwound and freed. Returns whether it still waits for its turn.
 */
static gboolean
stop_barred (Fiber *self)
{
  g_autoptr(TendTask) task = g_object_ref (self->task);

  if (tend_task_has_ended (task))
    return TRUE;

  tend_task_stop (task);
  if (tend_task_body_state (task) != self)
    return FALSE;

  return self->is_bound || tend_job_is_waiting (&self->wake);
}

static void
wake_cb (TendJob *job)
{
  Fiber *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (Fiber, wake));

  if (G_UNLIKELY (tend_task_is_barred (self->task)) && !stop_barred (self))
    return;

  tend_loop_remove (tend_task_loop (self->task), job);
  resume (self);
}

static void
enter_cb (gpointer data)
{
  Fiber *self = data;
  TendTask *task = self->task;
  TendBodyFunc func = tend_task_func (task);

  if (!func (task, tend_task_user_data (task), &self->error) && self->error == NULL &&
      tend_task_peek_recorded_error (task) == NULL)
    self->error = tend_task_new_missing (task);

  self->is_done = TRUE;
  tend_context_switch_last (&self->context, &self->native->context);
}

/* --- The body --- */

/* The child of a fork goes on at the point where its parent was, but on no fiber that could wait. */
static void
begin_anew (void)
{
  current = NULL;
  tend_set_fiber (NULL);
}

static void
fiber_run (TendTask *task)
{
  static TendAtFork at_fork = { begin_anew };
  g_autoptr(GError) error = NULL;
  TendStack stack, below;
  Fiber *self;

  tend_at_fork (&at_fork);
  if (!tend_stack_acquire (&stack, tend_task_get_stack_size (task), &error))
    {
      tend_task_run_ended (task, tend_task_new_error (task, error->domain, error->code, "%s", error->message));
      return;
    }

  tend_stack_prepare_thread ();
  watch_thread ();

  self = (Fiber *) (tend_stack_top (&stack) - FIBER_ROOM);
  memset (self, 0, sizeof *self);
  self->stack = stack;
  self->task = task;
  tend_job_init (&self->wake, wake_cb);
  tend_task_set_body_state (task, self);

  below = stack;
  below.size -= FIBER_ROOM;
  tend_context_prepare (&self->context, &below, enter_cb, self);
  resume (self);
}

/* Cuts the fiber's wait short, if that is possible. */
static void
interrupt (Fiber *self)
{
  TendLoop *loop = tend_task_loop (self->task);

  if (!self->is_waiting || self->is_bound)
    return;

  tend_loop_remove (loop, &self->wake);
  tend_loop_queue_micro (loop, &self->wake);
}

static void
fiber_cancel (TendTask *task)
{
  Fiber *self = tend_task_body_state (task);

  if (self->shield == 0)
    interrupt (self);
  if (self->calls.first != NULL)
    tend_calls_cancel (&self->calls, FALSE);
}

static void
fiber_abandon (TendTask *task)
{
  Fiber *self = tend_task_body_state (task);

  interrupt (self);
  if (self->calls.first != NULL)
    tend_calls_cancel (&self->calls, TRUE);
}

static void
fiber_unwind (TendTask *task)
{
  Fiber *self = tend_task_body_state (task);

  if (!self->is_waiting || self->is_bound)
    return;

  tend_loop_remove (tend_task_loop (task), &self->wake);
  resume (self);
}

static const TendBodyClass fiber_body = {
  .returns = TRUE,
  .run = fiber_run,
  .cancel = fiber_cancel,
  .abandon = fiber_abandon,
  .unwind = fiber_unwind,
  .ready = tend_call_ready,
};

/**
 * tend_task_new_fiber: (skip)
 * @name: (nullable): a name
 * @func: the body
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the task is finished
 *
 * Creates a task whose body is a fiber: sequential code that waits while the main context goes on.
 *
 * The body waits with tend_await(), tend_sleep() and similar functions. The task ends when @func returns.
 *
 * The stack has 64 KiB, or the size that [method@Tend.Task.set_stack_size] sets. Only the part that is in use takes
 * memory. If there is no memory for the stack, the task fails with `TEND_ERROR_NO_STACK`.
 *
 * For C and Vala: the interpreters of Python and JavaScript cannot run on the stack of a fiber. Without a wait,
 * [ctor@Tend.Task.new] is cheaper; for calls that block, use [ctor@Tend.Task.new_thread].
 *
 * The task belongs to the thread-default main context of the thread that creates it.
 *
 * Returns: (transfer full): the task, not started
 *
 * Since: 0.1
 */
TendTask *
tend_task_new_fiber (const char     *name,
                     TendBodyFunc    func,
                     gpointer        user_data,
                     GDestroyNotify  notify)
{
  g_return_val_if_fail (func != NULL, NULL);

  return tend_task_create (name, &fiber_body, func, user_data, notify,
                           __builtin_return_address (0));
}

/**
 * tend_task_run_fiber: (skip)
 * @name: (nullable): a name
 * @func: the body
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the task is finished
 *
 * Creates a task as tend_task_new_fiber() does and starts it.
 *
 * In a thread that does not run the task's context, the task cannot be started: it fails with
 * `TEND_ERROR_WRONG_THREAD`, in the thread that runs the context.
 *
 * Returns: (transfer full): the task, whose body has run up to its first wait
 *
 * Since: 0.1
 */
TendTask *
tend_task_run_fiber (const char     *name,
                     TendBodyFunc    func,
                     gpointer        user_data,
                     GDestroyNotify  notify)
{
  TendTask *task;

  g_return_val_if_fail (func != NULL, NULL);

  task = tend_task_create (name, &fiber_body, func, user_data, notify,
                           __builtin_return_address (0));
  tend_task_start_or_fail (task);

  return task;
}
