// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// How far a task has come.
//
// Lock: progress_lock guards the progress of every task, which any thread may set. Its notification
// goes through the task's inbox, and so comes at most once per turn of the loop. It stands in a table, since
// few tasks tell of any.

#include "task-state-private.h"

#include <math.h>

typedef struct
{
  double  fraction;
  char   *message;
} Progress;

static TEND_DEFINE_LOCK (progress_lock);
static GHashTable *table;   /* under progress_lock; of Progress, by task; NULL while there is none */

static void
progress_free (gpointer data)
{
  Progress *self = data;

  g_free (self->message);
  g_free (self);
}

/* What the task has told, or NULL. */
static Progress *
find_locked (TendTask *self)
{
  return g_atomic_int_get (&self->flags) & TEND_FLAG_PROGRESS ? g_hash_table_lookup (table, self) : NULL;
}

static Progress *
ensure_locked (TendTask *self)
{
  Progress *progress = find_locked (self);

  if (progress != NULL)
    return progress;

  if (table == NULL)
    table = g_hash_table_new_full (NULL, NULL, NULL, progress_free);
  progress = g_new0 (Progress, 1);
  g_hash_table_insert (table, self, progress);
  g_atomic_int_or ((guint *) &self->flags, TEND_FLAG_PROGRESS);

  return progress;
}

/**
 * tend_task_get_progress:
 * @self: a task
 *
 * Gets the progress of the task.
 *
 * May be called from any thread.
 *
 * Returns: a fraction from 0 to 1, or -1 while it is unknown
 *
 * Since: 0.1
 */
double
tend_task_get_progress (TendTask *self)
{
  const Progress *progress;
  double fraction;

  g_return_val_if_fail (TEND_IS_TASK (self), 0.0);

  tend_lock (&progress_lock);
  progress = find_locked (self);
  fraction = progress != NULL ? progress->fraction : 0.0;
  tend_unlock (&progress_lock);

  return fraction;
}

/**
 * tend_task_dup_message:
 * @self: a task
 *
 * Gets the message about the progress of the task.
 *
 * May be called from any thread.
 *
 * Returns: (transfer full) (nullable): a copy of the message
 *
 * Since: 0.1
 */
char *
tend_task_dup_message (TendTask *self)
{
  const Progress *progress;
  char *message;

  g_return_val_if_fail (TEND_IS_TASK (self), NULL);

  tend_lock (&progress_lock);
  progress = find_locked (self);
  message = progress != NULL ? g_strdup (progress->message) : NULL;
  tend_unlock (&progress_lock);

  return message;
}

/* Any thread. */
static void
tell_progress (TendTask   *self,
               double      fraction,
               const char *message)
{
  g_autofree char *old = NULL;
  Progress *progress;

  tend_lock (&progress_lock);
  progress = ensure_locked (self);
  progress->fraction = fraction;
  if (message != NULL)
    {
      old = progress->message;
      progress->message = g_strdup (message);
    }
  tend_unlock (&progress_lock);

  if (self->loop != NULL)
    tend_task_request (self, TEND_REQUEST_PROGRESS);
}

/**
 * tend_task_set_progress:
 * @self: a task
 * @fraction: how much is done, from 0 to 1
 * @message: (nullable): what to say of it; %NULL leaves the last message
 *
 * Says how far the task has come.
 *
 * A fraction below 0 or above 1, as rounding gives it, is taken for the nearer of the two.
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
  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (!isnan (fraction));
  g_return_if_fail (message == NULL || g_utf8_validate (message, -1, NULL));

  tell_progress (self, CLAMP (fraction, 0.0, 1.0), message);
}

/**
 * tend_task_pulse:
 * @self: a task
 * @message: (nullable): what to say of it; %NULL leaves the last message
 *
 * Says that the task goes on, and that nobody knows how far it has come.
 *
 * [property@Tend.Task:progress] is -1 until the next [method@Tend.Task.set_progress]. A progress bar shows activity
 * instead of a fraction then. Notified as set_progress() does, and may be called from any thread.
 *
 * Since: 0.1
 */
void
tend_task_pulse (TendTask   *self,
                 const char *message)
{
  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (message == NULL || g_utf8_validate (message, -1, NULL));

  tell_progress (self, -1.0, message);
}

void
tend_task_notify_progress (TendTask *self)
{
  for (TendObserver *o = self->observers; o != NULL; o = o->next)
    {
      if (o->klass->progressed != NULL)
        o->klass->progressed (o, self);
    }

  g_object_freeze_notify (G_OBJECT (self));
  g_object_notify_by_pspec (G_OBJECT (self), tend_task_properties[PROP_PROGRESS]);
  g_object_notify_by_pspec (G_OBJECT (self), tend_task_properties[PROP_MESSAGE]);
  g_object_thaw_notify (G_OBJECT (self));
}

/* Forgets the progress of a task that goes. */
void
tend_task_clear_progress (TendTask *self)
{
  if (!(g_atomic_int_get (&self->flags) & TEND_FLAG_PROGRESS))
    return;

  tend_lock (&progress_lock);
  g_hash_table_remove (table, self);
  if (g_hash_table_size (table) == 0)
    g_clear_pointer (&table, g_hash_table_unref);
  g_atomic_int_and ((guint *) &self->flags, ~(guint) TEND_FLAG_PROGRESS);
  tend_unlock (&progress_lock);
}
