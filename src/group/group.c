// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A structured group: children that begin and end within a scope.
//
// Each child has a record, which watches it and is freed when the child is finished. The group is over when it was
// joined and no child is left; only then does the task that stands for the group end. Ownership: the loop thread's.

#include "tend-group-private.h"

#include "tend-group.h"

/**
 * TendGroup:
 *
 * A scope for tasks: the group is over when all of its children are finished.
 *
 * A group starts the tasks that are added to it, and adopts those that run already. When the wait for the group is
 * over, no body of a child runs any more. In a fiber:
 *
 *     g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_FIRST_ERROR);
 *
 *     if (!tend_group_add (group, first, error) || !tend_group_add (group, second, error))
 *       return FALSE;
 *     return tend_group_wait (group, error);
 *
 * The fiber may return at any point: a group that is dropped cancels its children. Code outside of fibers waits for the
 * task of [method@Tend.Group.join]. Children may add children. To nest groups, let a child create a group of its own.
 *
 * The *scope* of a group is the task that is current when the group is created or, later, joined for the first time. If
 * this task fails, is cancelled or is stopped before the group is over, the group is cancelled, even if somebody still
 * has a reference to it. If the task completes, the group goes on until it is over or dropped. A group of the main part
 * of the program has no scope. See [method@Tend.Group.cancel] for the children that do not end then.
 *
 * The [enum@Tend.GroupPolicy] decides what happens to the other children when one ends. The group ends with the errors
 * of its children, except for cancellations that the group caused, and for failures under
 * %TEND_GROUP_POLICY_FIRST_SUCCESS if a child completes. It keeps the first 65,536 children that fail; the errors of
 * others are reported, see [func@Tend.set_unobserved_func].
 *
 * Use a [class@Tend.TaskManager] for tasks with names that come and go, and [func@Tend.wait_all] for tasks that
 * somebody else owns.
 *
 * Only for the thread that created the group.
 *
 * Since: 0.1
 */

/**
 * TendGroupPolicy:
 * @TEND_GROUP_POLICY_WAIT_ALL: every child runs to its end; if any of them fails, the group fails at the end
 * @TEND_GROUP_POLICY_FIRST_ERROR: when a child fails, the others are cancelled
 * @TEND_GROUP_POLICY_FIRST_SUCCESS: when a child completes, the others are cancelled, and that child is the result; the
 *   group fails only if no child completes
 *
 * Decides what happens to the other children of a group when one of them ends.
 *
 * Since: 0.1
 */
G_DEFINE_ENUM_TYPE (TendGroupPolicy, tend_group_policy,
                    G_DEFINE_ENUM_VALUE (TEND_GROUP_POLICY_WAIT_ALL, "wait-all"),
                    G_DEFINE_ENUM_VALUE (TEND_GROUP_POLICY_FIRST_ERROR, "first-error"),
                    G_DEFINE_ENUM_VALUE (TEND_GROUP_POLICY_FIRST_SUCCESS, "first-success"))

G_DEFINE_TYPE (TendGroup, tend_group, G_TYPE_OBJECT)

/* --- Waiting --- */

/* The task that stands for the group: its body is the group, which it keeps alive. */

static void
join_run (TendTask *task)
{
  /* Either the group has no children to wait for, or their ends will be noticed. */
}

static void
join_cancel (TendTask *task)
{
  tend_group_cancel (tend_task_user_data (task));
}

static void
join_abandon (TendTask *task)
{
  tend_task_run_ended (task, NULL);
}

static const TendBodyClass join_body = {
  .returns = FALSE,
  .runs_once = TRUE,
  .starts_at_once = TRUE,
  .passes_on = TRUE,
  .run = join_run,
  .cancel = join_cancel,
  .abandon = join_abandon,
};

/**
 * tend_group_join:
 * @self: a group
 *
 * Gets the task that ends when the group is over: when all children are finished.
 *
 * It completes if no child failed. With %TEND_GROUP_POLICY_FIRST_SUCCESS its result is the child that completed. It
 * fails with the error of the child that failed, or with `TEND_ERROR_SEVERAL` if several did. Each call returns the
 * same task.
 *
 * Cancelling the task cancels the group; it still ends when all children are finished. A group without children is over
 * at once.
 *
 * Returns: (transfer full): the task
 *
 * Since: 0.1
 */
TendTask *
tend_group_join (TendGroup *self)
{
  TendTask *joined;

  g_return_val_if_fail (TEND_IS_GROUP (self), NULL);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), NULL);

  if (self->joined != NULL)
    return g_object_ref (self->joined);

  self->joined = tend_task_create_for (self->loop, &join_body, g_object_ref (self), g_object_unref,
                                       __builtin_return_address (0));
  tend_group_enter_scope (self);
  /* Those who are notified of its end may dispose of the group. */
  joined = g_object_ref (self->joined);
  tend_task_start_or_fail (joined);
  tend_group_check_end (self);

  return joined;
}

/**
 * tend_group_join_with_timeout:
 * @self: a group
 * @timeout: how long the group may still take, in microseconds; %TEND_FOREVER for no limit
 *
 * Gets the task that ends when the group is over, and limits how long that takes.
 *
 * When @timeout passes and children are left, the group is cancelled as by [method@Tend.Group.cancel]: the children are
 * waited for, and those that have not ended after the [property@Tend.Group:grace-period] are stopped. Then the task
 * fails with `G_IO_ERROR_TIMED_OUT`. Errors of children take precedence, and so does a child that has completed under
 * %TEND_GROUP_POLICY_FIRST_SUCCESS. The nearest limit of several calls applies to all who wait.
 *
 * Use [method@Tend.Task.with_timeout] on the task of [method@Tend.Group.join] to end a wait and let the children go on.
 *
 * Returns: (transfer full): the task
 *
 * Since: 0.1
 */
TendTask *
tend_group_join_with_timeout (TendGroup *self,
                              gint64     timeout)
{
  TendTask *joined;

  g_return_val_if_fail (TEND_IS_GROUP (self), NULL);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), NULL);
  g_return_val_if_fail (timeout >= 0, NULL);

  /* Those who are notified of its end may drop the group, which the task keeps only until then. */
  g_object_ref (self);
  joined = tend_group_join (self);
  if (self->joined == joined)
    tend_group_limit (self, timeout);
  g_object_unref (self);

  return joined;
}

/* Whether the group ended with another error than the one that ended the caller's wait. */
static gboolean
says_more (TendTask     *joined,
           const GError *own)
{
  const GError *error = tend_task_peek_error (joined);

  return error != NULL && !g_error_matches (error, own->domain, own->code);
}

/* Waits with a limit, for a public function. */
static gboolean
wait_for_group (TendGroup   *self,
                gint64       timeout,
                const char  *func,
                GError     **error)
{
  G_GNUC_UNUSED g_autoptr(TendGroup) kept = g_object_ref (self);
  g_autoptr(TendTask) joined = NULL;
  GError *own = NULL;
  gboolean over;
  TendJob *wake;

  /* The fiber may be suspended already, and the joined task keeps the group only until it has ended. */
  wake = tend_begin_wait (func, &own);
  if (wake == NULL && g_error_matches (own, TEND_ERROR, TEND_ERROR_NO_FIBER))
    {
      g_propagate_error (error, own);
      return FALSE;
    }

  joined = tend_group_join_with_timeout (self, timeout);
  over = wake != NULL && tend_wait_for_task (joined, &own);
  if (!over)
    {
      tend_group_cancel (self);

      /* Under a shield: the end of the children belongs to the scope, cancelled or not. */
      tend_shield_fiber (1);
      tend_wait_for_task (joined, NULL);
      tend_shield_fiber (-1);
    }

  if (own != NULL && !(tend_task_has_ended (joined) && says_more (joined, own)))
    {
      if (tend_task_has_ended (joined))
        tend_task_set_observed (joined);
      g_propagate_error (error, own);
      return FALSE;
    }

  g_clear_error (&own);
  return tend_task_propagate (joined, error);
}

/**
 * tend_group_wait: (skip)
 * @self: a group
 * @error: return location for an error
 *
 * Waits in a fiber until the group is over.
 *
 * If the calling task is cancelled, the children are cancelled and still waited for: when this returns, no child is
 * left. The error of a child that failed then takes precedence over the cancellation. A calling task that is stopped
 * cancels its children without waiting for them, and their errors are reported, see [func@Tend.set_unobserved_func].
 *
 * Returns: %TRUE, or %FALSE with the error that the task of [method@Tend.Group.join] has, `TEND_ERROR_STOPPED` if the
 *   calling task ended, and `TEND_ERROR_NO_FIBER` outside a fiber
 *
 * Since: 0.1
 */
gboolean
tend_group_wait (TendGroup  *self,
                 GError    **error)
{
  g_return_val_if_fail (TEND_IS_GROUP (self), FALSE);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return wait_for_group (self, TEND_FOREVER, G_STRFUNC, error);
}

/**
 * tend_group_wait_with_timeout: (skip)
 * @self: a group
 * @timeout: how long the group may still take, in microseconds; %TEND_FOREVER for no limit
 * @error: return location for an error
 *
 * Waits in a fiber until the group is over, and limits how long that takes.
 *
 * When @timeout passes, the children are cancelled and still waited for, as [method@Tend.Group.join_with_timeout]
 * describes: when this returns, no child is left. Everything else is as with tend_group_wait().
 *
 * Returns: %TRUE, or %FALSE with `G_IO_ERROR_TIMED_OUT` if children were left, or with an error as tend_group_wait()
 *   sets it
 *
 * Since: 0.1
 */
gboolean
tend_group_wait_with_timeout (TendGroup  *self,
                              gint64      timeout,
                              GError    **error)
{
  g_return_val_if_fail (TEND_IS_GROUP (self), FALSE);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), FALSE);
  g_return_val_if_fail (timeout >= 0, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return wait_for_group (self, timeout, G_STRFUNC, error);
}

/* --- The object --- */

static void
tend_group_dispose (GObject *object)
{
  TendGroup *self = TEND_GROUP (object);
  g_autoptr(GPtrArray) failed = NULL;

  if (tend_loop_take_home (self->loop, object))
    return;

  tend_group_leave_scope (self);
  tend_loop_remove (self->loop, &self->limit);
  tend_group_abandon_children (self);

  /* The joined task keeps the group, unless the group is disposed of by hand: those who wait must not hang. */
  tend_group_check_end (self);

  /* The tasks themselves report failures that nobody observed, unless one child has succeeded for all. */
  for (guint i = 0; self->winner != NULL && i < self->failed->len; i++)
    tend_task_set_observed (g_ptr_array_index (self->failed, i));
  failed = g_steal_pointer (&self->failed);
  self->failed = g_ptr_array_new_with_free_func (g_object_unref);

  g_clear_object (&self->winner);
  g_clear_object (&self->joined);

  G_OBJECT_CLASS (tend_group_parent_class)->dispose (object);
}

static void
tend_group_finalize (GObject *object)
{
  TendGroup *self = TEND_GROUP (object);

  g_ptr_array_unref (self->failed);
  tend_loop_release (self->loop);

  G_OBJECT_CLASS (tend_group_parent_class)->finalize (object);
}

static void
tend_group_class_init (TendGroupClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = tend_group_dispose;
  object_class->finalize = tend_group_finalize;
  tend_group_install_properties (object_class);
}

static void
tend_group_init (TendGroup *self)
{
  self->loop = tend_loop_acquire (NULL, G_PRIORITY_DEFAULT);
  self->failed = g_ptr_array_new_with_free_func (g_object_unref);
  self->grace_period = TEND_GROUP_GRACE_PERIOD;
  tend_queue_init (&self->waiting);
  tend_group_init_limit (self);
  tend_group_enter_scope (self);
}

/**
 * tend_group_new:
 * @policy: decides what happens to the other children when one ends
 *
 * Creates a group.
 *
 * Returns: (transfer full): the group, for the thread-default main context
 *
 * Since: 0.1
 */
TendGroup *
tend_group_new (TendGroupPolicy policy)
{
  return g_object_new (TEND_TYPE_GROUP, "policy", policy, NULL);
}
