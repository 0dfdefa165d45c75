// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The body of a retry: a task whose work is done by one new task after another.
//
// A run is in one of three places: in a call of the user's (the function that makes an attempt, or
// the predicate), watching an attempt, or waiting for the next. Each is left in one step, and the
// step looks first whether the task has been cancelled, stopped or timed out meanwhile.
//
// An attempt is over when it is finished, not when it ends: no attempt begins, and the run does not end, while the body
// of another one still runs.
//
// Ownership: all of it is the loop thread's.

#include "tend-group-private.h"

typedef struct
{
  TendRetry      *retry;        /* constant; a reference */
  TendTask       *task;         /* constant; it owns this */
  TendRetryFunc   func;         /* constant */
  gpointer        user_data;    /* constant */
  GDestroyNotify  notify;       /* constant */

  /* From here on anew for each run of the task. */
  TendRetrySettings settings;
  gint64          end;          /* monotonic microseconds; TEND_FOREVER: none */
  GRand          *random;       /* NULL: GLib's own */
  TendTimer      *timeout;      /* a reference; NULL: no deadline of the run's own */
  TendTimer      *pause;        /* a reference; NULL unless it waits for the next attempt */
  GList           waiting_link; /* among those of the retry that wait; its data is this while it is there */
  double          wait;         /* microseconds; until the next attempt, without jitter */
  GError         *last_error;   /* of the attempt before; NULL before the second */
  guint           n_attempts;
  TendTask       *attempt;      /* a reference; NULL while none runs */
  TendObserver    observer;     /* of the attempt */
  TendJob         over;         /* the attempt is, and what comes next is not done within its end */
  gboolean        in_call;      /* the user's function is on the stack */
  gboolean        is_timed_out; /* the deadline has passed with an attempt running */
} Run;

static void begin_attempt (Run *self);

/* --- The end of a run --- */

static void
clear_timer (TendTimer **timer)
{
  if (*timer != NULL)
    tend_timer_cancel (*timer);
  g_clear_pointer (timer, tend_timer_unref);
}

/* Copying and freeing an error may run user code, which ends the task: the run goes on until our caller ends it. */
static void
set_last_error (Run          *self,
                const GError *error)
{
  g_autoptr(GError) old = g_steal_pointer (&self->last_error);

  self->in_call = TRUE;
  self->last_error = error != NULL ? g_error_copy (error) : NULL;
  g_clear_error (&old);
  self->in_call = FALSE;
}

/* The wait for the next attempt is over, or the run is. */
static void
clear_pause (Run *self)
{
  if (self->waiting_link.data != NULL)
    {
      self->retry->waiting = g_list_remove_link (self->retry->waiting, &self->waiting_link);
      self->waiting_link.data = NULL;
    }
  clear_timer (&self->pause);
}

static void
run_clear (Run *self)
{
  clear_timer (&self->timeout);
  clear_pause (self);
  g_clear_pointer (&self->random, g_rand_free);
  set_last_error (self, NULL);
}

/* Ends the run; takes @error. */
static void
run_end (Run    *self,
         GError *error)
{
  run_clear (self);
  tend_task_run_ended (self->task, error);
}

/* Ends the run with the error of the last attempt, and adds the number of attempts. */
static void
run_fail (Run          *self,
          const GError *error,
          const char   *why)
{
  g_autofree char *message = NULL;
  GError *last;

  set_last_error (self, error);
  last = g_steal_pointer (&self->last_error);
  message = last->message;
  last->message = g_strdup_printf (tend_ngettext ("%s (after %u attempt%s)", "%s (after %u attempts%s)",
                                                  self->n_attempts), message, self->n_attempts, why);
  run_end (self, last);
}

/* Ends the run as the task was asked to end it, unless @error, the attempt's, says that it failed. */
static void
run_interrupted (Run          *self,
                 const GError *error)
{
  gboolean was_interrupted = error == NULL || tend_error_is_cancelled (error) ||
                             g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  if (!was_interrupted)
    run_fail (self, error, "");
  else if (self->is_timed_out)
    {
      run_end (self, tend_task_new_error (self->task, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                                          _("ran out of time in attempt %u%s%s"), self->n_attempts,
                                          self->last_error != NULL ? _("; the one before: ") : "",
                                          self->last_error != NULL ? self->last_error->message : ""));
    }
  else
    run_end (self, tend_task_new_cancelled (self->task));
}

/* Whether the task was asked to end, or has ended. */
static gboolean
is_interrupted (Run *self)
{
  return self->is_timed_out || tend_task_cancelling (self->task) != TEND_CANCELLING_NOT;
}

/* --- Between two attempts --- */

/* How long to wait before the next attempt, in microseconds; the wait after that is longer. */
static gint64
take_wait (Run *self)
{
  const TendRetrySettings *settings = &self->settings;
  double wait = self->wait;

  self->wait = MIN (wait * settings->factor, (double) settings->most);
  if (settings->jitter > 0.0)
    wait *= 1.0 - settings->jitter * (self->random != NULL ? g_rand_double (self->random) : g_random_double ());

  return wait < (double) TEND_FOREVER ? (gint64) wait : TEND_FOREVER;
}

static gboolean
wait_over_cb (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  Run *self = tend_task_user_data (task);

  clear_pause (self);
  begin_attempt (self);
  return FALSE;
}

static void
begin_wait (Run    *self,
            gint64  wait)
{
  self->pause = tend_timer_ref (tend_task_add_timer (self->task, wait, -1, wait_over_cb, NULL, NULL));
  self->waiting_link.data = self;
  self->retry->waiting = g_list_concat (&self->waiting_link, self->retry->waiting);
}

/* Lets every run that waits begin its next attempt in the next turn: a paused one, when it is resumed. */
void
tend_retry_end_waits (TendRetry *retry)
{
  GList *waiting = g_steal_pointer (&retry->waiting);

  while (waiting != NULL)
    {
      Run *self = waiting->data;

      waiting = g_list_remove_link (waiting, &self->waiting_link);
      self->waiting_link.data = NULL;
      clear_timer (&self->pause);
      begin_wait (self, 0);
    }
}

/* Asks the predicate whether @error is worth another attempt. */
static gboolean
is_worth (Run          *self,
          const GError *error)
{
  TendTask *previous;
  gboolean worth;

  previous = tend_task_enter (self->task);
  self->in_call = TRUE;
  worth = tend_retry_ask (self->retry, self->task, self->n_attempts, error);
  self->in_call = FALSE;
  tend_task_leave (previous);

  return worth;
}

/* An attempt has failed by itself. */
static void
attempt_failed (Run          *self,
                const GError *error)
{
  guint max_attempts = self->settings.max_attempts;
  gboolean is_last = max_attempts > 0 && self->n_attempts >= max_attempts;
  gint64 end, wait;

  if (is_last || !is_worth (self, error))
    {
      run_fail (self, error, "");
      return;
    }

  if (!is_interrupted (self))
    set_last_error (self, error);
  if (is_interrupted (self))
    {
      run_interrupted (self, NULL);
      return;
    }

  wait = take_wait (self);
  end = MIN (self->end, tend_task_get_deadline (self->task));
  if (end != TEND_FOREVER && tend_time_add (tend_loop_now (tend_task_loop (self->task)), wait) >= end)
    run_fail (self, error, _(", with no time left for another"));
  else
    begin_wait (self, wait);
}

/* --- An attempt --- */

/* Copying the value may run user code, which ends the task: the run is over then as well. */
static void
take_value (Run          *self,
            const GValue *value)
{
  TendOutcome outcome = { G_VALUE_INIT, NULL };

  if (value == NULL)
    return;

  self->in_call = TRUE;
  tend_outcome_copy_value (&outcome, value);
  self->in_call = FALSE;

  if (tend_task_has_ended (self->task))
    tend_outcome_clear (&outcome);
  else
    tend_task_record (self->task, &outcome);
}

/* The attempt is finished, and everything that follows from its end has been done. */
static void
over_cb (TendJob *job)
{
  Run *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (Run, over));
  g_autoptr(TendTask) attempt = g_steal_pointer (&self->attempt);
  const GError *error = tend_task_peek_error (attempt);

  tend_task_set_observed (attempt);

  /* Where that stops the task, the run is over with it. */
  if (!tend_task_has_ended (self->task) && tend_task_stop_if_barred (self->task))
    return;

  if (tend_task_has_ended (self->task))
    run_end (self, NULL);
  else if (error == NULL)
    {
      take_value (self, tend_task_get_result (attempt, NULL));
      run_end (self, NULL);
    }
  else if (is_interrupted (self))
    run_interrupted (self, error);
  else if (tend_task_status (attempt) == TEND_TASK_STATUS_FAILED)
    attempt_failed (self, error);
  else
    run_fail (self, error, "");
}

static void
attempt_released (TendObserver *observer,
                  TendTask     *attempt)
{
  Run *self = G_STRUCT_MEMBER_P (observer, -(glong) G_STRUCT_OFFSET (Run, observer));

  tend_task_remove_observer (attempt, observer);
  tend_loop_queue_micro (tend_task_loop (self->task), &self->over);
}

static const TendObserverClass attempt_observer = {
  .released = attempt_released,
};

/* Asks the attempt to end as the task was; it may have ended on its own meanwhile. */
static void
interrupt_attempt (Run *self)
{
  if (tend_task_has_ended (self->task))
    tend_task_stop (self->attempt);
  else
    tend_task_cancel (self->attempt);
}

/* Whether @attempt can be watched. */
static gboolean
check_attempt (Run       *self,
               TendTask  *attempt,
               GError   **error)
{
  if (attempt == NULL)
    {
      tend_task_set_error (self->task, error, TEND_ERROR, TEND_ERROR_STATE, _("gave up at attempt %u%s%s"),
                           self->n_attempts, self->last_error != NULL ? _("; the one before: ") : "",
                           self->last_error != NULL ? self->last_error->message : "");
      return FALSE;
    }

  if (attempt == self->task || tend_task_loop (attempt) == NULL)
    {
      tend_task_set_error (self->task, error, TEND_ERROR, TEND_ERROR_STATE,
                           _("was given no task that can be attempt %u"), self->n_attempts);
      return FALSE;
    }

  if (tend_loop_get_context (tend_task_loop (attempt)) != tend_loop_get_context (tend_task_loop (self->task)))
    {
      tend_task_set_error (self->task, error, TEND_ERROR, TEND_ERROR_WRONG_THREAD,
                           _("was given a task of another main context as attempt %u"), self->n_attempts);
      return FALSE;
    }

  /* Its callbacks are those of the task, which may have an owner. */
  tend_task_inherit_gate (attempt, self->task);

  return tend_task_is_started (attempt) || tend_task_start (attempt, error);
}

/* Calls the user's function, and starts the task that it returns: a reference to a task that can be watched. */
static TendTask *
make_attempt (Run     *self,
              GError **error)
{
  TendTask *previous = tend_task_enter (self->task);
  g_autoptr(TendTask) attempt = NULL;

  self->in_call = TRUE;
  attempt = self->func (self->n_attempts, self->user_data);
  if (!check_attempt (self, attempt, error))
    g_clear_object (&attempt);
  self->in_call = FALSE;
  tend_task_leave (previous);

  return g_steal_pointer (&attempt);
}

static void
begin_attempt (Run *self)
{
  guint max_attempts = self->settings.max_attempts;
  g_autofree char *message = NULL;
  GError *error = NULL;

  self->n_attempts++;
  message = max_attempts > 0 ? g_strdup_printf ("attempt %u of %u", self->n_attempts, max_attempts)
                             : g_strdup_printf ("attempt %u", self->n_attempts);
  tend_task_set_progress (self->task, max_attempts > 0 ? (self->n_attempts - 1) / (double) max_attempts : 0.0,
                          message);

  self->attempt = make_attempt (self, &error);
  if (self->attempt == NULL)
    {
      run_end (self, error);
      return;
    }

  if (tend_task_is_released (self->attempt))
    {
      tend_loop_queue_micro (tend_task_loop (self->task), &self->over);
      return;
    }

  self->observer.klass = &attempt_observer;
  tend_task_add_observer (self->attempt, &self->observer);
  if (is_interrupted (self) || tend_task_has_ended (self->task))
    interrupt_attempt (self);
}

/* --- The body --- */

/* Asked to end, or ended without it: lets the attempt end first, if one runs. */
static void
retry_interrupt (TendTask *task)
{
  Run *self = tend_task_user_data (task);

  /* Whoever made the call finds out when it returns; an attempt that is over, in its own job. */
  if (self->in_call)
    return;

  if (self->attempt != NULL)
    interrupt_attempt (self);
  else
    run_interrupted (self, NULL);
}

static void
retry_unwind (TendTask *task)
{
  Run *self = tend_task_user_data (task);

  if (self->attempt != NULL)
    tend_task_unwind (self->attempt);
}

static gboolean
timed_out_cb (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  ((Run *) tend_task_user_data (task))->is_timed_out = TRUE;
  retry_interrupt (task);

  return FALSE;
}

static void
retry_run (TendTask *task)
{
  Run *self = tend_task_user_data (task);

  self->settings = self->retry->settings;
  self->wait = (double) self->settings.first;
  self->n_attempts = 0;
  self->is_timed_out = FALSE;
  self->end = TEND_FOREVER;
  if (self->settings.has_seed)
    self->random = g_rand_new_with_seed (self->settings.seed);
  if (self->settings.timeout != TEND_FOREVER)
    {
      self->end = tend_time_add (tend_loop_now (tend_task_loop (task)), self->settings.timeout);
      self->timeout = tend_timer_ref (tend_task_add_clock_timer (task, self->settings.timeout, timed_out_cb));
    }

  begin_attempt (self);
}

static const TendBodyClass retry_body = {
  .returns = TRUE,
  .passes_on = TRUE,
  .run = retry_run,
  .cancel = retry_interrupt,
  .abandon = retry_interrupt,
  .unwind = retry_unwind,
};

static void
run_free (gpointer data)
{
  Run *self = data;

  g_assert (self->attempt == NULL);

  run_clear (self);
  if (self->notify != NULL)
    self->notify (self->user_data);
  g_object_unref (self->retry);
  g_free (self);
}

/* Creates the task, of the thread-default context, on behalf of the code at @origin. */
TendTask *
tend_retry_create (TendRetry      *retry,
                   const char     *name,
                   TendRetryFunc   func,
                   gpointer        user_data,
                   GDestroyNotify  notify,
                   gconstpointer   origin)
{
  Run *self = g_new0 (Run, 1);

  tend_job_init (&self->over, over_cb);
  self->retry = g_object_ref (retry);
  self->func = func;
  self->user_data = user_data;
  self->notify = notify;
  self->task = tend_task_create (name, &retry_body, NULL, self, run_free, origin);

  return self->task;
}
