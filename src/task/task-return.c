// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// How a body gives its result, from whichever thread. Reading it is in task-result.c.
//
// A callback completes its task by returning a result. A body that ends by returning (a fiber, a
// thread, an async pair) only records it, and its end completes the task. What another thread
// returns travels in remote_outcome, which is set once per run and taken by the loop thread.
//
// A task without a body can be completed from several sides at once, and the first wins
// (completion.c). There remote_outcome decides: it leaves NULL once, for a completion's outcome on
// its way home or for a mark, and is the mark when that has come home. What tend_task_return_value()
// gives such a task from another thread goes home on its own, and is given there.

#include "tend-task-private.h"

static TEND_THREAD TendOutcome *worker_outcome;
static TEND_THREAD TendTask *worker_task;
static TEND_THREAD const TendWorkerClass *worker_class;

/* Says that this is a thread of the pool. */
void
tend_set_worker_class (const TendWorkerClass *klass)
{
  worker_class = klass;
}

/* To be called before a body waits: while it does, its thread does not count against the limit. Of no other thread. */
void
tend_worker_block (void)
{
  if (worker_class != NULL)
    worker_class->block ();
}

void
tend_worker_unblock (void)
{
  if (worker_class != NULL)
    worker_class->unblock ();
}

/* Only its address counts: the mark of a task without a body that was given its outcome, or has ended. */
static TendOutcome settled;

/* In the child of a fork the body is the parent's. */
static void
begin_anew (void)
{
  worker_task = NULL;
  worker_outcome = NULL;
  worker_class = NULL;
}

/* Says that this thread runs the body of @self, which leaves its result in @outcome. */
void
tend_task_set_worker (TendTask    *self,
                      TendOutcome *outcome)
{
  static TendAtFork at_fork = { begin_anew };

  tend_at_fork (&at_fork);
  worker_task = self;
  worker_outcome = outcome;
}

/* The task whose body this worker thread runs, or NULL on other threads. */
TendTask *
tend_task_get_worker (void)
{
  return worker_task;
}

/*
 * The task whose body, which runs in this thread, is what calls now; or NULL. Such a body may wait, and blocks the thread.
 * One may also run a main context of its own there, with other tasks.
 */
TendTask *
tend_task_get_blocking (void)
{
  return worker_task != NULL && !tend_is_on_fiber () && tend_task_peek_current () == worker_task ? worker_task : NULL;
}

static void
complain_twice (TendTask *self)
{
  g_autofree char *task = tend_task_to_string (self);

  g_critical ("%s has returned a result already", task);
}

static void
complain_idle (TendTask *self)
{
  g_autofree char *task = tend_task_to_string (self);

  g_critical ("%s does not run and cannot return a result", task);
}

static inline gboolean
is_outcome_set (const TendOutcome *outcome)
{
  return tend_outcome_has_value (outcome) || outcome->error != NULL;
}

/* Keeps what @outcome holds for the task's end, and gives there what was kept before. */
void
tend_task_exchange (TendTask    *self,
                    TendOutcome *outcome)
{
  TendOutcome old = { G_VALUE_INIT, NULL };

  if (self->outcome == NULL && is_outcome_set (outcome))
    self->outcome = g_new0 (TendOutcome, 1);

  if (self->outcome != NULL)
    {
      old = *self->outcome;
      *self->outcome = *outcome;
    }
  *outcome = old;
}

/*
 * Keeps what @outcome holds, which is taken, for the task's end; instead of what was there. That is freed
 * last, since it may be a binding's, and do to the task what it likes.
 */
void
tend_task_record (TendTask    *self,
                  TendOutcome *outcome)
{
  TendOutcome old = *outcome;

  tend_task_exchange (self, &old);
  *outcome = (TendOutcome) { G_VALUE_INIT, NULL };
  tend_outcome_clear (&old);
}

/* On the task's own thread: takes what @outcome holds. */
static void
deliver (TendTask    *self,
         TendOutcome *outcome)
{
  if (self->has_returned)
    {
      complain_twice (self);
      tend_outcome_clear (outcome);
      return;
    }

  if (self->body != NULL && !self->is_active && !tend_task_has_ended (self))
    {
      complain_idle (self);
      tend_outcome_clear (outcome);
      return;
    }

  self->has_returned = TRUE;

  if (tend_task_has_ended (self))
    {
      /* It was stopped, or failed in its scope: what its body gives now is dropped. */
      gboolean was_active = self->is_active;

      tend_outcome_clear (outcome);
      if (was_active && !self->body->returns)
        tend_task_run_ended (self, NULL);
      return;
    }

  tend_task_record (self, outcome);

  if (self->body == NULL)
    {
      self->is_active = TRUE;
      tend_task_run_ended (self, NULL);
    }
  else if (!self->body->returns && self->is_active)
    tend_task_run_ended (self, NULL);
}

/* On the task's own thread: delivers what another thread has sent. */
void
tend_task_take_remote (TendTask *self)
{
  TendOutcome *outcome = g_atomic_pointer_get (&self->remote_outcome);

  if (outcome == NULL || outcome == &settled)
    return;

  g_atomic_pointer_set (&self->remote_outcome, self->body == NULL ? &settled : NULL);
  deliver (self, outcome);
  g_free (outcome);
}

/* Marks a task without a body if nothing came first; delivers what did. On its own thread. */
static gboolean
claim (TendTask *self)
{
  if (g_atomic_pointer_compare_and_exchange (&self->remote_outcome, NULL, &settled))
    return TRUE;

  tend_task_take_remote (self);
  return FALSE;
}

/*
 * To be called before a task ends that was not given its outcome, on its own thread: FALSE if an
 * outcome came first, with which the task has ended then.
 */
gboolean
tend_task_settle (TendTask *self)
{
  return self->body != NULL || claim (self) || !tend_task_has_ended (self);
}

/* Whether a task without a body has its outcome, be it on its way, or has ended. Any thread. */
gboolean
tend_task_is_settled (TendTask *self)
{
  return g_atomic_pointer_get (&self->remote_outcome) != NULL;
}

/* Takes what @outcome holds, if nothing is on its way or marked. */
static gboolean
send_home (TendTask    *self,
           TendOutcome *outcome)
{
  TendOutcome *sent = g_memdup2 (outcome, sizeof *outcome);

  if (g_atomic_pointer_compare_and_exchange (&self->remote_outcome, NULL, sent))
    {
      tend_task_request (self, TEND_REQUEST_RETURN);
      return TRUE;
    }

  g_free (sent);
  return FALSE;
}

/*
 * Gives a task without a body what @outcome holds, unless it was given something or has ended:
 * FALSE then, and @outcome is left as it is. Any thread.
 */
gboolean
tend_task_try_return (TendTask    *self,
                      TendOutcome *outcome)
{
  TendLoop *loop = self->loop;
  TendPass pass;
  gboolean is_first;

  g_assert (self->body == NULL);

  pass = tend_loop_enter (loop);
  if (pass == TEND_PASS_NONE)
    return send_home (self, outcome);

  is_first = claim (self);
  if (is_first)
    deliver (self, outcome);
  tend_loop_leave (loop, pass);

  return is_first;
}

/* What another thread returns for a task without a body, on its way home. */
typedef struct
{
  TendJob      job;
  TendTask    *task;        /* a reference */
  TendOutcome  outcome;
} Return;

static void
return_home_cb (TendJob *job)
{
  Return *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (Return, job));

  claim (self->task);
  deliver (self->task, &self->outcome);
  g_object_unref (self->task);
  g_free (self);
}

static void
return_from_afar (TendTask    *self,
                  TendOutcome *outcome)
{
  Return *sent = g_new0 (Return, 1);

  tend_job_init (&sent->job, return_home_cb);
  sent->task = g_object_ref (self);
  sent->outcome = *outcome;
  tend_loop_send (self->loop, &sent->job);
}

static void
return_to_loop (TendTask    *self,
                TendOutcome *outcome)
{
  TendLoop *loop = self->loop;
  TendPass pass = tend_loop_enter (loop);

  if (pass != TEND_PASS_NONE)
    {
      if (self->body == NULL)
        claim (self);
      deliver (self, outcome);
      tend_loop_leave (loop, pass);
    }
  else if (self->body == NULL)
    return_from_afar (self, outcome);
  else if (!send_home (self, outcome))
    {
      complain_twice (self);
      tend_outcome_clear (outcome);
    }
}

/* Takes what @outcome holds, wherever this is called. */
void
tend_task_return_outcome (TendTask    *self,
                          TendOutcome *outcome)
{
  if (worker_task == self)
    {
      if (is_outcome_set (worker_outcome))
        {
          complain_twice (self);
          tend_outcome_clear (outcome);
        }
      else
        *worker_outcome = *outcome;
    }
  else if (self->loop == NULL || tend_task_status (self) == TEND_TASK_STATUS_CREATED)
    {
      complain_idle (self);
      tend_outcome_clear (outcome);
    }
  else
    return_to_loop (self, outcome);
}

/**
 * tend_task_return_value:
 * @self: a task
 * @value: (nullable): the result, or %NULL for none
 *
 * Gives the result of the task.
 *
 * Completes a task whose body is a function on the loop, or that has none; records the result
 * where the body is a fiber, a thread or an async pair, which completes the task by returning.
 * An interval task's run ends so, and the next one comes.
 *
 * A body returns once: a second result is a critical, and dropped. What comes after the task was
 * stopped is dropped without a word. May be called from any thread.
 *
 * Since: 0.1
 */
void
tend_task_return_value (TendTask     *self,
                        const GValue *value)
{
  TendOutcome outcome = { G_VALUE_INIT, NULL };

  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (value == NULL || G_IS_VALUE (value));

  g_object_ref (self);
  tend_outcome_copy_value (&outcome, value);
  tend_task_return_outcome (self, &outcome);
  g_object_unref (self);
}

/**
 * tend_task_return_boolean:
 * @self: a task
 * @value: the result
 *
 * Gives a boolean as the result of the task; see [method@Tend.Task.return_value].
 *
 * Since: 0.1
 */
void
tend_task_return_boolean (TendTask *self,
                          gboolean  value)
{
  TendOutcome outcome = { G_VALUE_INIT, NULL };

  g_return_if_fail (TEND_IS_TASK (self));

  g_value_init (&outcome.value, G_TYPE_BOOLEAN);
  g_value_set_boolean (&outcome.value, value);
  tend_task_return_outcome (self, &outcome);
}

/**
 * tend_task_return_int:
 * @self: a task
 * @value: the result
 *
 * Gives an integer as the result of the task; see [method@Tend.Task.return_value].
 *
 * Since: 0.1
 */
void
tend_task_return_int (TendTask *self,
                      gint64    value)
{
  TendOutcome outcome = { G_VALUE_INIT, NULL };

  g_return_if_fail (TEND_IS_TASK (self));

  g_value_init (&outcome.value, G_TYPE_INT64);
  g_value_set_int64 (&outcome.value, value);
  tend_task_return_outcome (self, &outcome);
}

/**
 * tend_task_return_double:
 * @self: a task
 * @value: the result
 *
 * Gives a number as the result of the task; see [method@Tend.Task.return_value].
 *
 * Since: 0.1
 */
void
tend_task_return_double (TendTask *self,
                         double    value)
{
  TendOutcome outcome = { G_VALUE_INIT, NULL };

  g_return_if_fail (TEND_IS_TASK (self));

  g_value_init (&outcome.value, G_TYPE_DOUBLE);
  g_value_set_double (&outcome.value, value);
  tend_task_return_outcome (self, &outcome);
}

/**
 * tend_task_return_string:
 * @self: a task
 * @value: (nullable): the result, which is copied
 *
 * Gives a string as the result of the task; see [method@Tend.Task.return_value].
 *
 * Since: 0.1
 */
void
tend_task_return_string (TendTask   *self,
                         const char *value)
{
  TendOutcome outcome = { G_VALUE_INIT, NULL };

  g_return_if_fail (TEND_IS_TASK (self));

  g_value_init (&outcome.value, G_TYPE_STRING);
  g_value_set_string (&outcome.value, value);
  tend_task_return_outcome (self, &outcome);
}

/**
 * tend_task_return_object:
 * @self: a task
 * @value: (nullable) (type GObject.Object): the result, of which a reference is taken
 *
 * Gives an object as the result of the task; see [method@Tend.Task.return_value].
 *
 * Since: 0.1
 */
void
tend_task_return_object (TendTask *self,
                         gpointer  value)
{
  TendOutcome outcome = { G_VALUE_INIT, NULL };

  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (value == NULL || G_IS_OBJECT (value));

  g_object_ref (self);
  g_value_init (&outcome.value, value != NULL ? G_OBJECT_TYPE (value) : G_TYPE_OBJECT);
  g_value_set_object (&outcome.value, value);
  tend_task_return_outcome (self, &outcome);
  g_object_unref (self);
}

static TendPointer *
tend_pointer_ref (TendPointer *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
tend_pointer_unref (TendPointer *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  if (self->notify != NULL)
    self->notify (self->pointer);
  g_free (self);
}

G_DEFINE_BOXED_TYPE (TendPointer, tend_pointer, tend_pointer_ref, tend_pointer_unref)

/**
 * tend_task_return_pointer: (skip)
 * @self: a task
 * @value: (nullable): the result
 * @notify: (nullable): frees @value when the task is finalized
 *
 * Gives a pointer as the result of the task; see [method@Tend.Task.return_value].
 *
 * @notify is called in the task's own thread, also where the result is dropped.
 *
 * Since: 0.1
 */
void
tend_task_return_pointer (TendTask       *self,
                          gpointer        value,
                          GDestroyNotify  notify)
{
  TendOutcome outcome = { G_VALUE_INIT, NULL };
  TendPointer *pointer;

  g_return_if_fail (TEND_IS_TASK (self));

  pointer = g_new0 (TendPointer, 1);
  g_atomic_ref_count_init (&pointer->ref_count);
  pointer->pointer = value;
  pointer->notify = notify;
  g_value_init (&outcome.value, tend_pointer_get_type ());
  g_value_take_boxed (&outcome.value, pointer);
  tend_task_return_outcome (self, &outcome);
}

/**
 * tend_task_return_error:
 * @self: a task
 * @error: (transfer full): the error
 *
 * Fails the task; see [method@Tend.Task.return_value].
 *
 * With `G_IO_ERROR_CANCELLED` the task is cancelled.
 *
 * Since: 0.1
 */
void
tend_task_return_error (TendTask *self,
                        GError   *error)
{
  TendOutcome outcome = { G_VALUE_INIT, error };

  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (error != NULL);

  tend_task_return_outcome (self, &outcome);
}

/* Whether the body runs in this thread, has not returned, and counts. */
static gboolean
is_at_home (TendTask *self)
{
  /* The thread comes first: another must not look at the rest. */
  return worker_task != self && self->body != NULL && tend_loop_is_mine (self->loop) &&
         self->is_active && !self->has_returned && !tend_task_has_ended (self);
}

/**
 * tend_task_return_error_if_cancelled:
 * @self: a task
 *
 * Cancels the task if it was asked to end; see [method@Tend.Task.return_value].
 *
 * The error is the task's own, `G_IO_ERROR_CANCELLED` with the reason, or `G_IO_ERROR_TIMED_OUT` if its
 * deadline has passed. A body of which nothing is left to undo ends itself so, where it looks whether
 * it was cancelled, or in a cancel handler.
 *
 * Returns: %TRUE if the task was asked to end; %FALSE if not, and nothing has happened
 *
 * Since: 0.1
 */
gboolean
tend_task_return_error_if_cancelled (TendTask *self)
{
  TendOutcome outcome = { G_VALUE_INIT, NULL };
  int is_cancelling;

  g_return_val_if_fail (TEND_IS_TASK (self), FALSE);

  is_cancelling = tend_task_cancelling (self);
  if (is_cancelling == TEND_CANCELLING_NOT)
    return FALSE;

  if (is_cancelling == TEND_CANCELLING_ASKED && is_at_home (self))
    {
      /* The error is made when somebody asks for it. */
      self->has_returned = self->has_given_up = TRUE;
      if (!self->body->returns)
        tend_task_run_ended (self, NULL);
    }
  else
    {
      outcome.error = tend_task_new_cancelled (self);
      tend_task_return_outcome (self, &outcome);
    }

  return TRUE;
}

/**
 * tend_task_return_new_error: (skip)
 * @self: a task
 * @domain: the domain of the error
 * @code: its code
 * @format: its message, in the manner of printf()
 * @...: what @format asks for
 *
 * Fails the task with a new error; see [method@Tend.Task.return_error].
 *
 * Since: 0.1
 */
void
tend_task_return_new_error (TendTask   *self,
                            GQuark      domain,
                            int         code,
                            const char *format,
                            ...)
{
  va_list args;

  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (format != NULL);

  va_start (args, format);
  tend_task_return_error (self, g_error_new_valist (domain, code, format, args));
  va_end (args);
}
