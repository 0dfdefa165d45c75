// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// How a group ends: when its scope does, when it is cancelled, and when no child is left.
//
// The scope of a group is the task that created it, or that joined it. The group watches this task. Each child that the
// group cancels has the grace period to finish, for which the job of its record waits: the record may outlive the
// group.
//
// Ownership: the loop thread's.

#include "tend-group-private.h"

/* --- The scope --- */

void
tend_group_leave_scope (TendGroup *self)
{
  TendTask *scope = g_steal_pointer (&self->scope);

  if (scope == NULL)
    return;

  tend_task_remove_observer (scope, &self->scope_observer);
  g_object_unref (scope);
}

static void
scope_ended (TendObserver *observer,
             TendTask     *task)
{
  TendGroup *self = G_STRUCT_MEMBER_P (observer, -(glong) G_STRUCT_OFFSET (TendGroup, scope_observer));
  gboolean has_completed = tend_task_status (task) == TEND_TASK_STATUS_COMPLETED;

  g_object_ref (self);
  tend_group_leave_scope (self);
  if (!has_completed)
    tend_group_cancel (self);
  g_object_unref (self);
}

static const TendObserverClass scope_observer = { .ended = scope_ended };

/* The current task answers for the group from here on. Elsewhere, whoever did so goes on. */
void
tend_group_enter_scope (TendGroup *self)
{
  TendTask *task = tend_task_peek_current ();

  if (task == NULL || task == self->scope || tend_task_loop (task) == NULL ||
      !tend_loop_is_mine (tend_task_loop (task)) ||
      tend_loop_get_context (tend_task_loop (task)) != tend_loop_get_context (self->loop) || tend_task_has_ended (task))
    return;

  tend_group_leave_scope (self);
  self->scope = g_object_ref (task);
  self->scope_observer.klass = &scope_observer;
  tend_task_add_observer (task, &self->scope_observer);
}

/* --- The task that stands for the group --- */

/* The error of the group, whose children @failed: that of one, or of all of them. */
static GError *
make_error (GPtrArray *failed)
{
  g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);

  for (guint i = 0; i < failed->len; i++)
    g_ptr_array_add (errors, g_error_copy (tend_task_peek_error (g_ptr_array_index (failed, i))));

  if (errors->len == 1)
    return g_ptr_array_steal_index (errors, 0);

  return errors->len > 1 ? tend_combine_errors (errors) : NULL;
}

static GError *
make_late_error (TendTask *joined)
{
  GError *error = NULL;

  tend_task_set_error (joined, &error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("the group did not end in time"));
  return error;
}

static gpointer
ref_cb (gconstpointer object,
        gpointer      user_data)
{
  return g_object_ref ((gpointer) object);
}

/* Ends the task of a group that was joined and has no child left. */
void
tend_group_check_end (TendGroup *self)
{
  g_autoptr(GPtrArray) failed = NULL;
  g_autoptr(TendGroup) kept = NULL;
  g_autoptr(TendTask) joined = NULL;
  g_autoptr(GError) error = NULL;

  if (self->joined == NULL || self->n_left > 0 || self->is_ending || tend_task_has_ended (self->joined))
    return;

  /*
   * Copying an error may run user code, which cancels the group, disposes of it or drops it, or ends the joined task.
   */
  kept = g_object_ref (self);
  joined = g_object_ref (self->joined);
  failed = g_ptr_array_copy (self->failed, ref_cb, NULL);
  self->is_ending = TRUE;
  error = make_error (failed);
  self->is_ending = FALSE;
  if (tend_task_has_ended (joined))
    return;

  for (guint i = 0; i < failed->len; i++)
    tend_task_set_observed (g_ptr_array_index (failed, i));
  g_ptr_array_set_size (self->failed, 0);
  tend_group_leave_scope (self);
  tend_loop_remove (self->loop, &self->limit);

  if (self->winner != NULL)
    tend_task_return_object (joined, self->winner);
  else if (error != NULL)
    tend_task_return_error (joined, g_steal_pointer (&error));
  else if (self->is_late)
    tend_task_return_error (joined, make_late_error (joined));
  else if (self->is_cancelled)
    tend_task_return_error (joined, tend_task_new_cancelled (joined));
  else
    tend_task_return_value (joined, NULL);
}

/* --- Cancelling --- */

/* The grace period is over, and the child is not finished. */
static void
late_cb (TendJob *job)
{
  TendChild *child = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendChild, job));
  g_autoptr(TendTask) task = g_object_ref (child->task);
  g_autofree char *head = NULL;
  g_autofree char *origin = NULL;

  /* Either its owner is gone, and it may not have been told, or somebody has stopped it, and its thread goes on. */
  if (tend_task_stop_if_barred (task) || tend_task_has_ended (task))
    return;

  child->is_late = TRUE;
  head = tend_task_head (task);
  origin = tend_task_dup_origin (task);
  g_warning ("%s: did not end within %g s after its group was cancelled, and is stopped; it was made at %s",
             head, (double) child->grace_period / G_TIME_SPAN_SECOND, origin);
  tend_task_stop (task);
}

/* Gives the child its time to finish. If it has not begun yet, it never will. */
static void
expect_end (TendChild *child,
            gint64     grace_period)
{
  TendLoop *loop = tend_task_loop (child->task);

  if (child->job.run == late_cb)
    return;

  tend_loop_remove (loop, &child->job);
  child->job.run = late_cb;
  child->grace_period = grace_period;
  if (grace_period < TEND_FOREVER)
    tend_loop_arm (loop, &child->job, tend_time_add (tend_loop_now (loop), MAX (1, grace_period)));
}

static GPtrArray *
list_tasks (TendGroup *self)
{
  GPtrArray *tasks = g_ptr_array_new_with_free_func (g_object_unref);

  for (TendChild *child = self->children; child != NULL; child = child->next)
    g_ptr_array_add (tasks, g_object_ref (child->task));

  return tasks;
}

/* In the order in which they were added: the list has the newest first. */
static void
cancel_tasks (GPtrArray *tasks)
{
  for (guint i = tasks->len; i > 0; i--)
    tend_task_cancel (g_ptr_array_index (tasks, i - 1));
}

/* One child has decided the end of the others: they may take their time, since somebody waits for the group. */
void
tend_group_cancel_others (TendGroup *self)
{
  g_autoptr(GPtrArray) tasks = list_tasks (self);

  cancel_tasks (tasks);
  tend_group_end_pause (self);
}

/* The group goes: its children are cancelled, and their records look after themselves. */
void
tend_group_abandon_children (TendGroup *self)
{
  g_autoptr(GPtrArray) tasks = list_tasks (self);
  TendChild *child;

  while ((child = self->children) != NULL)
    {
      expect_end (child, self->grace_period);
      if (child->is_suspended)
        tend_task_suspend (child->task, FALSE);
      child->is_suspended = FALSE;
      self->children = child->next;
      child->group = NULL;
      child->prev = child->next = NULL;
    }
  self->n_left = self->n_running = 0;
  self->is_cancelled = TRUE;
  cancel_tasks (tasks);
}

/**
 * tend_group_cancel:
 * @self: a group
 *
 * Cancels every child, and refuses new ones.
 *
 * The group ends when all children are finished: as cancelled, if no child failed with another error. A child that has
 * not ended after [property@Tend.Group:grace-period] is stopped, and a warning names it.
 *
 * Since: 0.1
 */
void
tend_group_cancel (TendGroup *self)
{
  g_autoptr(GPtrArray) tasks = NULL;

  g_return_if_fail (TEND_IS_GROUP (self));
  g_return_if_fail (tend_loop_is_mine (self->loop));

  if (self->is_cancelled)
    return;

  self->is_cancelled = TRUE;
  g_object_ref (self);
  tasks = list_tasks (self);
  for (TendChild *child = self->children; child != NULL; child = child->next)
    expect_end (child, self->grace_period);
  cancel_tasks (tasks);
  tend_group_end_pause (self);
  tend_group_check_end (self);
  g_object_unref (self);
}

/* --- The limit of a wait --- */

static void
limit_cb (TendJob *job)
{
  TendGroup *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendGroup, limit));

  /* What was cancelled before ends as cancelled, however long it takes. */
  self->is_late = !self->is_cancelled;
  tend_group_cancel (self);
}

/* Somebody waits for the group, and not for longer than @timeout. The nearest of several limits applies. */
void
tend_group_limit (TendGroup *self,
                  gint64     timeout)
{
  gint64 deadline = tend_time_add (tend_loop_now (self->loop), MAX (1, timeout));

  if (timeout == TEND_FOREVER || tend_task_has_ended (self->joined) || deadline >= self->limit_time)
    return;

  self->limit_time = deadline;
  tend_loop_remove (self->loop, &self->limit);
  tend_loop_arm (self->loop, &self->limit, deadline);
}

void
tend_group_init_limit (TendGroup *self)
{
  self->limit_time = TEND_FOREVER;
  tend_job_init (&self->limit, limit_cb);
}
