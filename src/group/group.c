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
 * A group starts the tasks that are added to it. When the wait for the group is over, no body of a child runs any more.
 * In a fiber:
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
 * The [enum@Tend.GroupPolicy] decides what happens to the other children when one ends. The group ends with the errors
 * of its children, except for cancellations that the group caused, and for failures under
 * %TEND_GROUP_POLICY_FIRST_SUCCESS if a child completes. It keeps the first 1,024 children that fail; the errors of
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

/* --- The end of the group --- */

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

  if (self->winner != NULL)
    tend_task_return_object (joined, self->winner);
  else if (error != NULL)
    tend_task_return_error (joined, g_steal_pointer (&error));
  else if (self->is_cancelled)
    tend_task_return_error (joined, tend_task_new_cancelled (joined));
  else
    tend_task_return_value (joined, NULL);
}

void
tend_group_cancel_children (TendGroup *self)
{
  g_autoptr(GPtrArray) tasks = g_ptr_array_new_with_free_func (g_object_unref);

  for (TendChild *child = self->children; child != NULL; child = child->next)
    g_ptr_array_add (tasks, g_object_ref (child->task));

  /* In the order in which they were added: the list has the newest first. */
  for (guint i = tasks->len; i > 0; i--)
    tend_task_cancel (g_ptr_array_index (tasks, i - 1));
}

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
  /* Those who are notified of its end may dispose of the group. */
  joined = g_object_ref (self->joined);
  tend_task_start_or_fail (joined);
  tend_group_check_end (self);

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
  g_autoptr(TendGroup) kept = NULL;
  g_autoptr(TendTask) joined = NULL;
  GError *own = NULL;
  gboolean over;
  TendJob *wake;

  g_return_val_if_fail (TEND_IS_GROUP (self), FALSE);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  /* The fiber may be suspended already, and the joined task keeps the group only until it has ended. */
  kept = g_object_ref (self);
  wake = tend_begin_wait (G_STRFUNC, &own);
  if (wake == NULL && g_error_matches (own, TEND_ERROR, TEND_ERROR_NO_FIBER))
    {
      g_propagate_error (error, own);
      return FALSE;
    }

  joined = tend_group_join (self);
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

/* --- Settings --- */

typedef enum
{
  PROP_POLICY = 1,
  PROP_MAX_RUNNING,
} TendGroupProperty;

#define N_PROPERTIES (PROP_MAX_RUNNING + 1)

static GParamSpec *properties[N_PROPERTIES];

/**
 * tend_group_get_policy:
 * @self: a group
 *
 * Gets the policy of the group.
 *
 * Returns: the policy
 *
 * Since: 0.1
 */
TendGroupPolicy
tend_group_get_policy (TendGroup *self)
{
  g_return_val_if_fail (TEND_IS_GROUP (self), TEND_GROUP_POLICY_WAIT_ALL);

  return self->policy;
}

/**
 * tend_group_get_max_running:
 * @self: a group
 *
 * Gets how many children may run at once.
 *
 * Returns: the limit, or 0 for none
 *
 * Since: 0.1
 */
guint
tend_group_get_max_running (TendGroup *self)
{
  g_return_val_if_fail (TEND_IS_GROUP (self), 0);

  return self->max_running;
}

/**
 * tend_group_set_max_running:
 * @self: a group
 * @n_tasks: the limit, or 0 for none
 *
 * Sets how many children may run at once.
 *
 * Children above the limit wait, in the order in which they were added.
 *
 * Since: 0.1
 */
void
tend_group_set_max_running (TendGroup *self,
                            guint      n_tasks)
{
  g_return_if_fail (TEND_IS_GROUP (self));
  g_return_if_fail (tend_loop_is_mine (self->loop));

  if (self->max_running == n_tasks)
    return;

  self->max_running = n_tasks;
  tend_group_give_slots (self);
  tend_notify_native (G_OBJECT (self), properties[PROP_MAX_RUNNING]);
}

/**
 * tend_group_get_n_left:
 * @self: a group
 *
 * Gets the number of children that are not finished.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint
tend_group_get_n_left (TendGroup *self)
{
  g_return_val_if_fail (TEND_IS_GROUP (self), 0);

  return self->n_left;
}

static void
tend_group_get_property (GObject    *object,
                         guint       prop_id,
                         GValue     *value,
                         GParamSpec *pspec)
{
  TendGroup *self = TEND_GROUP (object);

  switch ((TendGroupProperty) prop_id)
    {
    case PROP_POLICY:
      g_value_set_enum (value, self->policy);
      break;
    case PROP_MAX_RUNNING:
      g_value_set_uint (value, self->max_running);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
tend_group_set_property (GObject      *object,
                         guint         prop_id,
                         const GValue *value,
                         GParamSpec   *pspec)
{
  TendGroup *self = TEND_GROUP (object);

  switch ((TendGroupProperty) prop_id)
    {
    case PROP_POLICY:
      self->policy = (TendGroupPolicy) g_value_get_enum (value);
      break;
    case PROP_MAX_RUNNING:
      tend_group_set_max_running (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
tend_group_dispose (GObject *object)
{
  TendGroup *self = TEND_GROUP (object);
  g_autoptr(GPtrArray) failed = NULL;
  g_autoptr(GPtrArray) tasks = NULL;

  if (tend_loop_take_home (self->loop, object))
    return;

  tasks = g_ptr_array_new_with_free_func (g_object_unref);
  while (self->children != NULL)
    {
      g_ptr_array_add (tasks, g_object_ref (self->children->task));
      tend_child_free (self->children);
    }
  self->n_running = 0;
  self->is_cancelled = TRUE;
  for (guint i = tasks->len; i > 0; i--)
    tend_task_cancel (g_ptr_array_index (tasks, i - 1));

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
  object_class->get_property = tend_group_get_property;
  object_class->set_property = tend_group_set_property;

  /**
   * TendGroup:policy:
   *
   * Decides what happens to the other children when one ends.
   *
   * Since: 0.1
   */
  properties[PROP_POLICY] =
    g_param_spec_enum ("policy", NULL, NULL, TEND_TYPE_GROUP_POLICY, TEND_GROUP_POLICY_WAIT_ALL,
                       G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * TendGroup:max-running:
   *
   * How many children may run at once; 0 is no limit.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_RUNNING] =
    g_param_spec_uint ("max-running", NULL, NULL, 0, G_MAXUINT, 0,
                       G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

static void
tend_group_init (TendGroup *self)
{
  self->loop = tend_loop_acquire (NULL, G_PRIORITY_DEFAULT);
  self->failed = g_ptr_array_new_with_free_func (g_object_unref);
  tend_queue_init (&self->waiting);
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
