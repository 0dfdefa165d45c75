// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// How the outcome of a body reaches its task, from any thread.
//
// The function of an open task completes it by returning a result. A body that ends by returning only records the
// result, and its end completes the task. A result of another thread travels in remote_outcome, which is set once per
// run and taken by the loop thread.
//
// A task without a body can be completed from several sides at once, and the first wins
// (completion.c). There remote_outcome decides: it leaves NULL once, for a completion's outcome on
// its way home or for a mark, and is the mark when that has come home. What tend_task_return_value()
// gives such a task from another thread goes home on its own, and is given there.

#include "task-outcome-private.h"
#include "task-state-private.h"

/* Only its address counts: it marks a task without a body that has its outcome, or has ended. */
static TendOutcome settled;

static void
complain_twice (TendTask *self)
{
  g_autofree char *task = tend_task_head (self);

  g_critical ("%s: has returned a result already", task);
}

static void
complain_idle (TendTask *self)
{
  g_autofree char *task = tend_task_head (self);

  g_critical ("%s: does not run, and cannot return a result", task);
}

/* On the task's own thread: takes the contents of @outcome. */
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
      /* It was stopped, or failed in its scope: the result of its body is dropped, and its error told. */
      GError *error = g_steal_pointer (&outcome->error);
      G_GNUC_UNUSED g_autoptr(TendTask) kept = g_object_ref (self);

      tend_outcome_clear (outcome);
      if (self->is_active && !self->body->returns)
        tend_task_run_ended (self, error);
      else
        tend_task_take_late_error (self, error);
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

/* On the task's own thread: delivers the outcome that another thread has sent. */
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

/* Marks a task without a body if no outcome came first; delivers one that did. On its own thread. */
static gboolean
claim (TendTask *self)
{
  if (g_atomic_pointer_compare_and_exchange (&self->remote_outcome, NULL, &settled))
    return TRUE;

  tend_task_take_remote (self);
  return FALSE;
}

/*
 * Called before a task ends that has no outcome, on its own thread: FALSE if an outcome came first, with which the task
 * has ended then.
 */
gboolean
tend_task_settle (TendTask *self)
{
  return self->body != NULL || claim (self) || !tend_task_has_ended (self);
}

/* Whether a task without a body has its outcome, even on its way, or has ended. Any thread. */
gboolean
tend_task_is_settled (TendTask *self)
{
  return g_atomic_pointer_get (&self->remote_outcome) != NULL;
}

/* Takes the contents of @outcome, if no outcome is on its way or marked. */
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
 * Gives the contents of @outcome to a task without a body, unless it has an outcome or has ended: FALSE then, and
 * @outcome stays as it is. Any thread.
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

/* An outcome of another thread for a task without a body, on its way home. */
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

/* Takes the contents of @outcome, in any thread. */
void
tend_task_return_outcome (TendTask    *self,
                          TendOutcome *outcome)
{
  TendOutcome *left = tend_task_get_worker_outcome (self);

  if (left != NULL)
    {
      if (tend_outcome_is_set (left))
        {
          complain_twice (self);
          tend_outcome_clear (outcome);
        }
      else
        *left = *outcome;
    }
  else if (self->loop == NULL || tend_task_status (self) == TEND_TASK_STATUS_CREATED)
    {
      complain_idle (self);
      tend_outcome_clear (outcome);
    }
  else
    return_to_loop (self, outcome);
}
