// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The outcome of a task: what its body has recorded so far, and the value or error that it has ended with.
//
// Ownership: the loop thread's. A result of another thread is on its way (task-deliver.c) until it is recorded here.

#include "task-outcome-private.h"

/* Keeps the contents of @outcome for the task's end, and puts the previous contents there. */
void
tend_task_exchange (TendTask    *self,
                    TendOutcome *outcome)
{
  TendOutcome old = { G_VALUE_INIT, NULL };

  if (self->outcome == NULL && tend_outcome_is_set (outcome))
    self->outcome = g_new0 (TendOutcome, 1);

  if (self->outcome != NULL)
    {
      old = *self->outcome;
      *self->outcome = *outcome;
    }
  *outcome = old;
}

/*
 * Keeps the contents of @outcome, which are taken, for the task's end, instead of the previous ones. Those are freed
 * last: freeing them may run user code, which may use the task.
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

/* --- A result that is dropped --- */

typedef struct
{
  TendScopeItem item;
  TendOutcome   outcome;
} OutcomeItem;

static void
outcome_let_go (TendScopeItem *item)
{
  OutcomeItem *self = (OutcomeItem *) item;

  tend_outcome_clear (&self->outcome);
  g_free (self);
}

static const TendScopeItemClass outcome_item_class = { .let_go = outcome_let_go };

/*
 * Moves the contents of @outcome into the scope, because the task ends otherwise: the code that frees them may run the
 * loop, which must not find anything of the scope.
 */
void
tend_task_drop_with_scope (TendTask    *self,
                           TendOutcome *outcome)
{
  OutcomeItem *item;

  if (!tend_outcome_is_set (outcome))
    return;

  item = g_new0 (OutcomeItem, 1);
  item->item.klass = &outcome_item_class;
  item->outcome = *outcome;
  tend_task_link_item (self, &item->item);
}

/* --- The error of a task that has ended --- */

/*
 * Returns the error of the task, or NULL if it has completed or not ended. The error of a task that was cancelled or
 * stopped from outside is created here.
 */
const GError *
tend_task_peek_error (TendTask *self)
{
  TendTaskStatus status = tend_task_status (self);

  if (!tend_status_is_ended (status))
    return NULL;

  if (status != TEND_TASK_STATUS_COMPLETED && tend_task_peek_recorded_error (self) == NULL)
    {
      gboolean is_stopped = status == TEND_TASK_STATUS_STOPPED;
      GError *error = is_stopped ? tend_task_new_stopped (self) : tend_task_new_cancelled (self);
      TendOutcome outcome = { G_VALUE_INIT, error };

      tend_task_record (self, &outcome);
    }

  return tend_task_peek_recorded_error (self);
}

/* Whether the ended task has completed; if not, copies its error to the caller and counts it as observed. */
gboolean
tend_task_propagate (TendTask  *self,
                     GError   **error)
{
  g_assert (tend_task_has_ended (self));

  if (tend_task_status (self) == TEND_TASK_STATUS_COMPLETED)
    return TRUE;

  self->is_observed = TRUE;
  if (error != NULL)
    *error = g_error_copy (tend_task_peek_error (self));

  return FALSE;
}

/*
 * Whether the task's error is that of a deadline which it inherited from the task that started it. That task has the
 * same error, so it need not be reported twice.
 */
gboolean
tend_task_has_inherited_timeout (TendTask *self)
{
  return self->scope != NULL && self->scope->is_deadline_inherited &&
         tend_task_cancelling (self) == TEND_CANCELLING_TIMED_OUT &&
         g_error_matches (tend_task_peek_recorded_error (self), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}
