// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Child managers: their tasks count in the limits of their parents, and end with them.
//
// The parent keeps its children until they were removed, or were shut down and have nothing left whose body runs. A
// child only knows its parent. Ownership: the loop thread's.

#include "tend-manager-private.h"
#include "tend-manager-shutdown-private.h"

/* Whether @other is @self or one of those above it. One that has no children is above nobody else. */
static gboolean
is_above (TendTaskManager *self,
          TendTaskManager *other)
{
  GPtrArray *children = tend_manager_get_private (other)->children;

  if (self != other && (children == NULL || children->len == 0))
    return FALSE;

  for (TendTaskManager *m = self; m != NULL; m = tend_manager_get_private (m)->parent)
    {
      if (m == other)
        return TRUE;
    }

  return FALSE;
}

static gboolean
check_child (TendTaskManager  *self,
             TendTaskManager  *child,
             GError          **error)
{
  TendTaskManagerPrivate *parent = tend_manager_get_private (self);
  TendTaskManagerPrivate *priv = tend_manager_get_private (child);

  if (tend_loop_get_context (priv->loop) != tend_loop_get_context (parent->loop))
    g_set_error (error, TEND_ERROR, TEND_ERROR_WRONG_THREAD,
                 _("Manager: the child belongs to another main context"));
  else if (priv->parent != NULL)
    g_set_error (error, TEND_ERROR, TEND_ERROR_STATE, _("Manager: the child has a parent already"));
  else if (is_above (self, child))
    g_set_error (error, TEND_ERROR, TEND_ERROR_STATE, _("Manager: cannot be below itself"));
  else if (priv->state != TEND_MANAGER_OPEN)
    g_set_error (error, TEND_ERROR, TEND_ERROR_SHUT_DOWN,
                 _("Manager: the child %s"), tend_manager_describe_end (priv));
  else if (parent->state != TEND_MANAGER_OPEN)
    g_set_error (error, TEND_ERROR, TEND_ERROR_SHUT_DOWN,
                 _("Manager: it %s"), tend_manager_describe_end (parent));
  else
    return TRUE;

  return FALSE;
}

/* The child managers as they are now, with references, to walk while user code changes them. */
GPtrArray *
tend_manager_copy_children (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  GPtrArray *children = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; priv->children != NULL && i < priv->children->len; i++)
    g_ptr_array_add (children, g_object_ref (g_ptr_array_index (priv->children, i)));

  return children;
}

/* The manager and all below it, each before those below it, with references. */
GPtrArray *
tend_manager_copy_family (TendTaskManager *self)
{
  GPtrArray *family = g_ptr_array_new_with_free_func (g_object_unref);

  g_ptr_array_add (family, g_object_ref (self));
  for (guint i = 0; i < family->len; i++)
    {
      GPtrArray *children = tend_manager_get_private (g_ptr_array_index (family, i))->children;

      for (guint j = 0; children != NULL && j < children->len; j++)
        g_ptr_array_add (family, g_object_ref (g_ptr_array_index (children, j)));
    }

  return family;
}

/* Somebody wants to know of changes in the manager and in all below it, which are to tell those above from now on. */
void
tend_manager_set_watched (TendTaskManager *self)
{
  g_autoptr(GPtrArray) family = tend_manager_copy_family (self);

  for (guint i = 0; i < family->len; i++)
    tend_manager_get_private (g_ptr_array_index (family, i))->is_watched = TRUE;
}

/* Has the manager and all below it refuse new tasks. */
void
tend_manager_close (TendTaskManager *self)
{
  g_autoptr(GPtrArray) family = tend_manager_copy_family (self);

  for (guint i = 0; i < family->len; i++)
    {
      TendTaskManagerPrivate *priv = tend_manager_get_private (g_ptr_array_index (family, i));

      if (priv->state == TEND_MANAGER_OPEN)
        {
          priv->state = TEND_MANAGER_CLOSED;
          tend_manager_changed (priv);
        }
    }
}

static void
notify_parent_native_cb (gpointer data)
{
  tend_manager_notify (data, TEND_MANAGER_PROP_PARENT);
}

/* Takes the manager from its parent, which drops its reference. */
void
tend_manager_leave_parent (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  TendTaskManager *parent = priv->parent;
  gboolean has_tasks = priv->slots.n_running > 0 || priv->slots.n_waiting > 0;
  gboolean stood_still;
  guint i;

  if (parent == NULL)
    return;

  stood_still = tend_manager_stands_still (priv);
  tend_slots_move (self, parent, NULL);
  priv->parent = NULL;

  tend_manager_changed (tend_manager_get_private (parent));
  g_object_ref (parent);
  g_object_ref (self);
  if (g_ptr_array_find (tend_manager_get_private (parent)->children, self, &i))
    g_ptr_array_remove_index (tend_manager_get_private (parent)->children, i);
  if (has_tasks)
    {
      tend_slots_pump (parent);
      tend_slots_pump (self);
    }
  tend_call_native (notify_parent_native_cb, self);
  if (stood_still && !priv->is_paused)
    tend_manager_update_pause (self);
  g_object_unref (self);
  g_object_unref (parent);
}

/*
 * Takes the manager from its parent, if it is down and has nothing left. Until then the parent waits for what is left:
 * threads that were stopped, and child managers. The parent may have waited for nothing else.
 */
void
tend_manager_leave_when_done (TendTaskManager *self)
{
  g_autoptr(TendTaskManager) manager = g_object_ref (self);

  while (manager != NULL)
    {
      TendTaskManagerPrivate *priv = tend_manager_get_private (manager);
      TendTaskManager *parent = priv->parent;

      if (parent == NULL || priv->state != TEND_MANAGER_SHUT_DOWN || tend_manager_count_tasks (priv) > 0 ||
          (priv->children != NULL && priv->children->len > 0))
        return;

      g_object_ref (parent);
      tend_manager_leave_parent (manager);
      g_object_unref (manager);
      manager = parent;
    }
}

/* The shutdown of a manager that has no parent is over: nobody waits any more for what those below have left. */
void
tend_manager_release_rest (TendTaskManager *self)
{
  g_autoptr(GPtrArray) family = NULL;

  if (tend_manager_get_private (self)->parent != NULL)
    return;

  family = tend_manager_copy_family (self);
  for (guint i = 1; i < family->len; i++)
    {
      TendTaskManager *manager = g_ptr_array_index (family, i);

      if (tend_manager_get_private (manager)->state == TEND_MANAGER_SHUT_DOWN)
        tend_manager_leave_parent (manager);
    }
}

/* The manager goes: its children go on without it. */
void
tend_manager_drop_children (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  while (priv->children != NULL && priv->children->len > 0)
    {
      TendTaskManager *child = g_object_ref (g_ptr_array_index (priv->children, 0));

      tend_manager_leave_parent (child);
      tend_manager_cancel_entries (child, NULL);
      tend_call_flat (g_object_unref, child, 0);
    }
  g_clear_pointer (&priv->children, g_ptr_array_unref);
}

/* Whether the manager has nothing that a pause could stop: whether there is one takes a walk up to the top. */
static gboolean
is_empty (const TendTaskManagerPrivate *priv)
{
  return priv->entries.n_items == 0 && (priv->children == NULL || priv->children->len == 0);
}

/**
 * tend_task_manager_add_child:
 * @self: a manager
 * @child: another manager of the same main context, without a parent
 * @error: return location for an error
 *
 * Adds a child manager.
 *
 * The tasks of @child count in the limit and the rate of @self as well as in its own. A shutdown of @self shuts @child
 * down before the shutdown tasks of @self run. Everything else of @child is separate: names, errors, statistics, and
 * the tasks that [method@Tend.TaskManager.wait_for_tasks_async] waits for.
 *
 * @self keeps a reference to @child until @child is removed, or was shut down and its last task is finished. So a
 * shutdown or a drain of @self also waits for tasks that an earlier shutdown of @child has stopped, and for those of a
 * @child whose owner is gone. If @self is finalized without a shutdown, the tasks of @child are cancelled.
 *
 * Returns: %TRUE, or %FALSE with `TEND_ERROR_STATE` if @child has a parent or is above @self, `TEND_ERROR_SHUT_DOWN` if
 *   either was closed or shut down, or `TEND_ERROR_WRONG_THREAD` if they belong to different contexts
 *
 * Since: 0.1
 */
gboolean
tend_task_manager_add_child (TendTaskManager  *self,
                             TendTaskManager  *child,
                             GError          **error)
{
  TendTaskManagerPrivate *priv;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), FALSE);
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (child), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!tend_manager_check_thread (self, G_STRFUNC) || !check_child (self, child, error))
    return FALSE;

  priv = tend_manager_get_private (self);
  if (priv->children == NULL)
    priv->children = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (priv->children, g_object_ref (child));
  tend_manager_get_private (child)->parent = self;
  if (priv->is_watched)
    tend_manager_set_watched (child);
  tend_slots_move (child, NULL, self);
  g_object_ref (child);
  tend_call_native (notify_parent_native_cb, child);
  if (!is_empty (tend_manager_get_private (child)) && tend_manager_stands_still (tend_manager_get_private (child)))
    tend_manager_update_pause (child);
  g_object_unref (child);

  return TRUE;
}

/**
 * tend_task_manager_remove_child:
 * @self: a manager
 * @child: a child of @self
 *
 * Removes a child manager, and drops the reference to it.
 *
 * Does nothing if @child is not a child of @self. A shutdown that is under way goes on in both.
 *
 * Since: 0.1
 */
void
tend_task_manager_remove_child (TendTaskManager *self,
                                TendTaskManager *child)
{
  g_return_if_fail (TEND_IS_TASK_MANAGER (self));
  g_return_if_fail (TEND_IS_TASK_MANAGER (child));

  if (tend_manager_check_thread (self, G_STRFUNC) && tend_manager_get_private (child)->parent == self)
    tend_manager_leave_parent (child);
}

/**
 * tend_task_manager_get_parent:
 * @self: a manager
 *
 * Gets the manager of which this one is a child.
 *
 * Returns: (transfer none) (nullable): the parent
 *
 * Since: 0.1
 */
TendTaskManager *
tend_task_manager_get_parent (TendTaskManager *self)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);

  return tend_manager_get_private (self)->parent;
}
