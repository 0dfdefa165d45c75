// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The children of a group: adding, slots, watching and counting.
//
// Ownership: the loop thread's.

#include "tend-group-private.h"

/* A group may take children for as long as the program runs. Failures above this number are reported as unobserved. */
#define MAX_FAILED 65536

static TendChild *
child_of_job (TendJob *job)
{
  return G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendChild, job));
}

/* It has a slot. A delay begins here, as for a child that need not wait. */
static void
begin_cb (TendJob *job)
{
  TendTask *task = child_of_job (job)->task;
  gint64 wait = tend_task_get_first_wait (task);

  /* Those who are notified of its end run the main context, and it gives the slot back afterwards. */
  if (tend_task_has_ended (task))
    return;

  if (wait >= 0)
    tend_task_run_later (task, wait);
  else
    tend_task_begin (task);
}

void
tend_group_give_slots (TendGroup *self)
{
  TendJob *job;

  while ((self->max_running == 0 || self->n_running < self->max_running) &&
         (job = tend_queue_peek (&self->waiting)) != NULL)
    {
      TendChild *child = child_of_job (job);

      tend_job_unlink (job);
      child->has_slot = TRUE;
      self->n_running++;
      tend_loop_queue_micro (tend_task_loop (child->task), job);
    }
}

static void
child_free (TendChild *child)
{
  TendGroup *self = child->group;

  if (child->prev != NULL)
    child->prev->next = child->next;
  else if (self != NULL)
    self->children = child->next;
  if (child->next != NULL)
    child->next->prev = child->prev;
  if (self != NULL)
    self->n_left--;

  tend_loop_remove (tend_task_loop (child->task), &child->job);
  tend_task_remove_observer (child->task, &child->observer);
  if (child->is_suspended)
    tend_task_suspend (child->task, FALSE);
  g_object_unref (child->task);
  g_free (child);
}

static void
child_ended (TendObserver *observer,
             TendTask     *task)
{
  TendChild *child = (TendChild *) observer;
  TendGroup *self = child->group;
  const GError *error;
  gboolean is_ours, settles;

  if (self == NULL)
    return;

  g_object_ref (self);
  error = tend_task_peek_error (task);
  is_ours = self->is_cancelled || self->is_settled;
  if (error == NULL)
    {
      settles = self->policy == TEND_GROUP_POLICY_FIRST_SUCCESS;
      if (settles && self->winner == NULL)
        self->winner = g_object_ref (task);
    }
  else
    {
      gboolean is_cancelled = tend_error_is_cancelled (error) || child->is_late;

      /* A cancellation that the group has caused is not an error of the group. */
      if ((!is_cancelled || !is_ours) && self->failed->len < MAX_FAILED)
        g_ptr_array_add (self->failed, g_object_ref (task));
      settles = self->policy == TEND_GROUP_POLICY_FIRST_ERROR && !is_cancelled;
    }

  if (settles && !self->is_settled)
    {
      self->is_settled = TRUE;
      tend_group_cancel_others (self);
    }

  g_object_unref (self);
}

static void
child_released (TendObserver *observer,
                TendTask     *task)
{
  TendChild *child = (TendChild *) observer;
  TendGroup *self = child->group;

  if (self == NULL)
    {
      child_free (child);
      return;
    }

  g_object_ref (self);
  if (child->has_slot)
    self->n_running--;
  child_free (child);
  tend_group_give_slots (self);
  tend_group_check_end (self);

  g_object_unref (self);
}

static const TendObserverClass child_observer = {
  .ended = child_ended,
  .released = child_released,
};

/* A task that was started is adopted. */
static gboolean
is_started (TendTask *task)
{
  return tend_task_loop (task) != NULL && tend_loop_is_mine (tend_task_loop (task)) &&
         tend_task_status (task) != TEND_TASK_STATUS_CREATED;
}

static gboolean
check_addition (TendGroup  *self,
                TendTask   *task,
                GError    **error)
{
  if (!is_started (task) && !tend_task_check_startable (task, error))
    return FALSE;

  if (task == self->scope || task == self->joined)
    tend_task_set_error (task, error, TEND_ERROR, TEND_ERROR_STATE, _("is not added: it would wait for itself"));
  else if (tend_loop_get_context (tend_task_loop (task)) != tend_loop_get_context (self->loop))
    tend_task_set_error (task, error, TEND_ERROR, TEND_ERROR_WRONG_THREAD,
                         _("belongs to another main context than its group"));
  else if (self->is_cancelled || self->is_settled)
    tend_task_set_error (task, error, TEND_ERROR, TEND_ERROR_SHUT_DOWN,
                         _("is not added: its group has been cancelled"));
  else if (self->joined != NULL && tend_task_has_ended (self->joined))
    tend_task_set_error (task, error, TEND_ERROR, TEND_ERROR_SHUT_DOWN, _("is not added: its group has ended"));
  else
    return TRUE;

  return FALSE;
}

/* Takes in a task that runs already, whatever the limit, or that has ended. */
static void
adopt (TendGroup *self,
       TendChild *child)
{
  TendTask *task = child->task;

  child->has_slot = TRUE;
  self->n_running++;
  if (!tend_task_has_ended (task))
    return;

  /* What it would have told the group. If its body still runs, the rest comes. */
  child_ended (&child->observer, task);
  if (tend_task_is_finished (task))
    child_released (&child->observer, task);
}

/**
 * tend_group_add:
 * @self: a group
 * @task: (transfer full): a task
 * @error: return location for an error
 *
 * Adds a child, and starts it, or adopts a task that runs already.
 *
 * The body of @task runs at once, up to its first wait, unless it has a delay or an interval, or waits for a slot; see
 * [property@Tend.Group:max-running]. A child may add further children, also while somebody waits for the group. The
 * group keeps @task until it is finished.
 *
 * A task that was started before becomes a child as any other: the group waits for it, fails with its error and cancels
 * it. It goes on as it is, and takes a slot even if there is none free. A task that has ended counts with its outcome.
 * Its manager, if it has one, keeps it, too. A task can be a child of several groups.
 *
 * Returns: %TRUE, or %FALSE with `TEND_ERROR_SHUT_DOWN` if the group was cancelled or is over, `TEND_ERROR_STATE` if
 *   the group waits within @task, or stands for it, and the errors of [method@Tend.Task.start]
 *
 * Since: 0.1
 */
gboolean
tend_group_add (TendGroup  *self,
                TendTask   *task,
                GError    **error)
{
  G_GNUC_UNUSED g_autoptr(TendTask) held = task;
  gboolean is_paused = FALSE, ok = TRUE;
  TendChild *child;

  g_return_val_if_fail (TEND_IS_GROUP (self), FALSE);
  g_return_val_if_fail (TEND_IS_TASK (task), FALSE);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_addition (self, task, error))
    return FALSE;

  child = g_new0 (TendChild, 1);
  child->observer.klass = &child_observer;
  child->group = self;
  child->task = g_object_ref (task);
  tend_job_init (&child->job, begin_cb);
  child->next = self->children;
  if (child->next != NULL)
    child->next->prev = child;
  self->children = child;
  self->n_left++;
  tend_task_add_observer (task, &child->observer);

  child->is_suspended = self->is_paused;
  if (child->is_suspended)
    is_paused = tend_task_suspend (task, TRUE);

  if (is_started (task))
    {
      adopt (self, child);
      if (is_paused)
        tend_task_notify_paused (task);
      return TRUE;
    }

  /* The child works for the code that adds it, which may have an owner. */
  tend_task_inherit_gate (task, tend_task_get_current ());

  if (self->max_running > 0 && self->n_running >= self->max_running)
    {
      tend_queue_push (&self->waiting, &child->job);
      tend_task_make_pending (task);
    }
  else
    {
      child->has_slot = TRUE;
      self->n_running++;
      ok = tend_task_start (task, error);
    }

  if (is_paused)
    tend_task_notify_paused (task);
  return ok;
}
