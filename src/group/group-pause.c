// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Pausing and resuming a group: its children stand still, as task-pause.c does it. Ownership: the loop thread's.

#include "tend-group-private.h"

static void
set_paused (TendGroup *self,
            gboolean   is_paused)
{
  g_autoptr(GPtrArray) changed = g_ptr_array_new_with_free_func (g_object_unref);

  self->is_paused = is_paused;
  for (TendChild *child = self->children; child != NULL; child = child->next)
    {
      if (child->is_suspended == is_paused)
        continue;

      child->is_suspended = is_paused;
      if (tend_task_suspend (child->task, is_paused))
        g_ptr_array_add (changed, g_object_ref (child->task));
    }

  /* Those who hear of it may do anything with the group and its children. */
  g_object_ref (self);
  for (guint i = changed->len; i > 0; i--)
    tend_task_notify_paused (g_ptr_array_index (changed, i - 1));
  tend_notify_native (G_OBJECT (self), g_object_class_find_property (G_OBJECT_GET_CLASS (self), "paused"));
  g_object_unref (self);
}

/* The children were cancelled: one that stands still would take longer to end. */
void
tend_group_end_pause (TendGroup *self)
{
  if (self->is_paused)
    set_paused (self, FALSE);
}

/**
 * tend_group_pause:
 * @self: a group
 *
 * Pauses the children of the group, until [method@Tend.Group.resume].
 *
 * Each child is paused, as [method@Tend.Task.pause] does it, and so is each that is added before the group is resumed.
 * Children that wait for others to make room go on waiting. A child that you have paused yourself stays paused when the
 * group is resumed. To cancel the group resumes it, and so does its policy when that cancels the children.
 *
 * Does nothing if the group is paused or was cancelled.
 *
 * Since: 0.1
 */
void
tend_group_pause (TendGroup *self)
{
  g_return_if_fail (TEND_IS_GROUP (self));
  g_return_if_fail (tend_loop_is_mine (self->loop));

  if (!self->is_paused && !self->is_cancelled && !self->is_settled)
    set_paused (self, TRUE);
}

/**
 * tend_group_resume:
 * @self: a group
 *
 * Resumes a paused group.
 *
 * Its children go on with the time that was left, unless you have paused them, or their manager is paused. Does nothing
 * if the group is not paused.
 *
 * Since: 0.1
 */
void
tend_group_resume (TendGroup *self)
{
  g_return_if_fail (TEND_IS_GROUP (self));
  g_return_if_fail (tend_loop_is_mine (self->loop));

  tend_group_end_pause (self);
}

/**
 * tend_group_is_paused:
 * @self: a group
 *
 * Checks whether the group is paused.
 *
 * Returns: %TRUE between [method@Tend.Group.pause] and [method@Tend.Group.resume]
 *
 * Since: 0.1
 */
gboolean
tend_group_is_paused (TendGroup *self)
{
  g_return_val_if_fail (TEND_IS_GROUP (self), FALSE);

  return self->is_paused;
}
