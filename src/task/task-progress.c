// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// How far a task has come.
//
// Lock: progress_lock guards the progress of every task, which any thread may set. Its notification
// goes through the task's inbox, and so comes at most once per turn of the loop.

#include "tend-task-private.h"

static GMutex progress_lock;

/**
 * tend_task_get_progress:
 * @self: a task
 *
 * Gets how much of the task is done. May be called from any thread.
 *
 * Returns: a fraction from 0 to 1
 *
 * Since: 0.1
 */
double
tend_task_get_progress (TendTask *self)
{
  double fraction;

  g_return_val_if_fail (TEND_IS_TASK (self), 0.0);

  g_mutex_lock (&progress_lock);
  fraction = self->progress != NULL ? self->progress->fraction : 0.0;
  g_mutex_unlock (&progress_lock);

  return fraction;
}

/**
 * tend_task_dup_message:
 * @self: a task
 *
 * Gets what the task says of its progress. May be called from any thread.
 *
 * Returns: (transfer full) (nullable): a copy of the message
 *
 * Since: 0.1
 */
char *
tend_task_dup_message (TendTask *self)
{
  char *message;

  g_return_val_if_fail (TEND_IS_TASK (self), NULL);

  g_mutex_lock (&progress_lock);
  message = self->progress != NULL ? g_strdup (self->progress->message) : NULL;
  g_mutex_unlock (&progress_lock);

  return message;
}

/**
 * tend_task_set_progress:
 * @self: a task
 * @fraction: how much is done, from 0 to 1
 * @message: (nullable): what to say of it; %NULL leaves the last message
 *
 * Says how far the task has come.
 *
 * May be called from any thread, and as often as the body likes: the properties are notified in the
 * task's own thread, at most once per turn of its loop.
 *
 * Since: 0.1
 */
void
tend_task_set_progress (TendTask   *self,
                        double      fraction,
                        const char *message)
{
  g_autofree char *old = NULL;

  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (fraction >= 0.0 && fraction <= 1.0);
  g_return_if_fail (message == NULL || g_utf8_validate (message, -1, NULL));

  g_mutex_lock (&progress_lock);
  if (self->progress == NULL)
    self->progress = g_new0 (TendProgress, 1);
  self->progress->fraction = fraction;
  if (message != NULL)
    {
      old = self->progress->message;
      self->progress->message = g_strdup (message);
    }
  g_mutex_unlock (&progress_lock);

  if (self->loop != NULL)
    tend_task_request (self, TEND_REQUEST_PROGRESS);
}

void
tend_task_notify_progress (TendTask *self)
{
  g_object_freeze_notify (G_OBJECT (self));
  g_object_notify_by_pspec (G_OBJECT (self), tend_task_properties[PROP_PROGRESS]);
  g_object_notify_by_pspec (G_OBJECT (self), tend_task_properties[PROP_MESSAGE]);
  g_object_thaw_notify (G_OBJECT (self));
}

void
tend_task_clear_progress (TendTask *self)
{
  if (self->progress != NULL)
    g_free (self->progress->message);
  g_clear_pointer (&self->progress, g_free);
}
