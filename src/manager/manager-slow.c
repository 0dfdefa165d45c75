// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The check for tasks that run for very long, and for tasks that keep a name: they were asked to end, have not finished
// since, and the next of the name waits for them.
//
// It looks at all tasks once in a while, and its timer is armed only while there are any. A queue in
// the order of their beginnings would find the slow ones without looking at the others, but pauses
// would put it out of order, and a look at a million tasks takes a few milliseconds in ten minutes.

#include "tend-manager-slow-private.h"

typedef struct
{
  TendTask *task;
  gint64    usec;
} Slow;

static void
slow_clear (gpointer data)
{
  g_object_unref (((Slow *) data)->task);
}

static void
add_slow (GArray   *found,
          TendTask *task,
          gint64    usec)
{
  Slow slow = { g_object_ref (task), usec };

  g_array_append_val (found, slow);
}

/* Adds the task that waits for the name of @entry's, if that one has drained for too long: once for each that does. */
static void
find_waiting (GArray    *found,
              TendEntry *entry,
              gint64     age,
              gint64     now)
{
  TendEntry *waiting;

  if (entry->asked == 0 || entry->is_told_of || !entry->is_in_chain || now - entry->asked < age)
    return;

  waiting = tend_names_find_waiting (entry);
  if (waiting == NULL)
    return;

  entry->is_told_of = TRUE;
  add_slow (found, waiting->task, now - entry->asked);
}

/* Lists the tasks that have run, or wait for a name, for longer than they should. */
static GArray *
find_slow (TendTaskManagerPrivate *priv)
{
  GArray *found = g_array_new (FALSE, FALSE, sizeof (Slow));
  gint64 now = tend_loop_now (priv->loop);

  g_array_set_clear_func (found, slow_clear);
  for (TendEntry *entry = NULL; (entry = tend_entry_list_next (&priv->entries, entry)) != NULL;)
    {
      gint64 usec;

      find_waiting (found, entry, priv->slow_age, now);
      if (!entry->has_begun || tend_task_interval (entry->task) > 0)
        continue;

      usec = tend_entry_get_run_time (entry, now);
      if (usec >= priv->slow_age)
        add_slow (found, entry->task, usec);
    }

  return found;
}

static void
slow_cb (TendJob *job)
{
  TendTaskManagerPrivate *priv = TEND_MANAGER_PRIVATE_OF (job, slow_job);
  TendTaskManager *self = g_object_ref (priv->slots.manager);
  g_autoptr(GArray) found = NULL;

  if (tend_manager_is_bereaved (priv))
    {
      g_object_unref (self);
      return;
    }

  found = find_slow (priv);
  if (tend_manager_count_tasks (priv) > 0)
    tend_loop_arm (priv->loop, job, tend_time_add (tend_loop_now (priv->loop), priv->slow_interval));

  for (guint i = 0; i < found->len; i++)
    {
      Slow *slow = &g_array_index (found, Slow, i);

      /* Who is told may have ended the next one, or the manager, or dropped the last reference to the owner. */
      if (tend_manager_find_entry (self, slow->task) != NULL && !tend_manager_is_bereaved (priv))
        tend_manager_emit_slow (self, slow->task, slow->usec);
    }

  g_object_unref (self);
}

void
tend_slow_check_init (TendTaskManagerPrivate *priv)
{
  priv->slow_age = TEND_FOREVER;
  priv->slow_interval = TEND_DEFAULT_SLOW_INTERVAL;
  tend_job_init (&priv->slow_job, slow_cb);
}

/* The default handler of task-slow. */
void
tend_slow_check_warn (TendTaskManager *self,
                      TendTask        *task,
                      gint64           usec)
{
  g_autofree char *head = tend_task_head (task);
  g_autofree char *origin = NULL;
  double seconds = (double) usec / G_TIME_SPAN_SECOND;
  TendEntry *entry = tend_manager_find_entry (self, task);
  TendEntry *draining = entry != NULL && entry->is_blocked ? tend_names_find_draining (entry) : NULL;

  if (draining == NULL)
    {
      g_warning ("%s: has no interval, and has been running for %.2f s", head, seconds);
      return;
    }

  /* Both have the same name: it is the place that tells which one is late. */
  origin = tend_task_dup_origin (draining->task);
  g_warning ("%s: waits for the task of its name before it, which was made at %s, was asked to end %.2f s ago, and is "
             "not finished", head, origin != NULL ? origin : "an unknown place", seconds);
}

/* There is a task: the first look is at the earliest moment at which it can be slow. */
void
tend_slow_check_arm (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  if (priv->slow_age < TEND_FOREVER && !tend_job_is_waiting (&priv->slow_job))
    tend_loop_arm (priv->loop, &priv->slow_job,
                   tend_time_add (tend_loop_now (priv->loop), priv->slow_age));
}

/**
 * tend_task_manager_set_slow_check:
 * @self: a manager
 * @age: microseconds for which a task may run, or %TEND_FOREVER for no check, as it is by default
 * @interval: microseconds between two looks, above 0; -1 where there is no check
 *
 * Sets up a check for tasks that run for long.
 *
 * Sets [property@Tend.TaskManager:slow-age] and [property@Tend.TaskManager:slow-interval] together.
 *
 * At each check, [signal@Tend.TaskManager::task-slow] is emitted for each task that has run for longer than @age. Time
 * spent waiting or paused does not count, and interval tasks are left out. The first check comes @age after the first
 * task is registered, and further ones every @interval, as long as there are tasks. A task that was cancelled and takes
 * long to finish is reported too. Child managers have checks of their own.
 *
 * The signal is also emitted for a pending task that is due, and waits for its name because a task before it was asked
 * to end longer than @age ago and is not finished: once for each task that keeps a name so, interval tasks included.
 *
 * Since: 0.1
 */
void
tend_task_manager_set_slow_check (TendTaskManager *self,
                                  gint64           age,
                                  gint64           interval)
{
  TendTaskManagerPrivate *priv;
  gboolean has_age, has_interval;

  g_return_if_fail (TEND_IS_TASK_MANAGER (self));
  g_return_if_fail (age > 0);
  g_return_if_fail (age == TEND_FOREVER || interval > 0);

  if (!tend_manager_check_thread (self, G_STRFUNC))
    return;

  priv = tend_manager_get_private (self);
  has_age = priv->slow_age != age;
  has_interval = age < TEND_FOREVER && priv->slow_interval != interval;
  priv->slow_age = age;
  if (age < TEND_FOREVER)
    priv->slow_interval = interval;

  tend_loop_remove (priv->loop, &priv->slow_job);
  if (tend_manager_count_tasks (priv) > 0)
    tend_slow_check_arm (self);

  /* Code that is notified may drop the manager. */
  g_object_ref (self);
  if (has_age)
    tend_manager_notify (self, TEND_MANAGER_PROP_SLOW_AGE);
  if (has_interval)
    tend_manager_notify (self, TEND_MANAGER_PROP_SLOW_INTERVAL);
  g_object_unref (self);
}

/* Sets the interval of the check, for now if there is one, and else for the next. */
void
tend_slow_check_set_interval (TendTaskManager *self,
                              gint64           interval)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  if (!tend_manager_check_thread (self, G_STRFUNC) || priv->slow_interval == interval)
    return;

  if (priv->slow_age < TEND_FOREVER)
    {
      tend_task_manager_set_slow_check (self, priv->slow_age, interval);
      return;
    }

  priv->slow_interval = interval;
  tend_manager_notify (self, TEND_MANAGER_PROP_SLOW_INTERVAL);
}
