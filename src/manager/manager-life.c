// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The life of a registered task, from its registration until the manager drops it. The manager follows it through the
// entry, an observer of the task, and calls the files that depend on tasks: names, slots, statistics, waits, the
// shutdown. They are below this file, and none of them calls it.
//
//   add --> delayed, blocked --> in a lane --> begun --> ended ----> released, told ----> freed
//           (its time, those     (a slot)                (error)     (both, in either
//           of its name)                                             order)
//
// A new entry waits for its delay, and at the same time until the tasks before it that have its name are finished. Then
// it waits for a slot, and then its task begins. It leaves the list when its task is finished. It gives up the name
// when the waiters of the task have been notified, because they can still look it up. It is freed when both have
// happened.
//
// Ownership: the loop thread's. User code is called on the native stack, when the registry says what it is told.

#include "tend-manager-private.h"
#include "tend-manager-shutdown-private.h"
#include "tend-manager-slow-private.h"
#include "tend-manager-wait-private.h"

/* --- From registered to begun --- */

static void
entry_enter_cb (TendJob *job)
{
  tend_slots_enter (tend_entry_of_job (job));
}

static void
entry_due_cb (TendJob *job)
{
  TendEntry *entry = tend_entry_of_job (job);

  entry->is_delayed = FALSE;
  if (!entry->is_blocked)
    tend_slots_enter (entry);
}

static void
enter_later (TendEntry *entry)
{
  entry->job.run = entry_enter_cb;
  tend_loop_queue_micro (tend_task_loop (entry->task), &entry->job);
}

/* All tasks of the same name before the entry are finished. */
static void
entry_unblock (TendEntry *entry)
{
  entry->is_blocked = FALSE;

  /* One that is paused enters when it goes on, which may be before this job would run. */
  if (entry->is_delayed || tend_task_has_ended (entry->task) || tend_task_stands_still (entry->task))
    return;

  enter_later (entry);
}

/* Lets what is left of the entry's delay pass: the next turn, if nothing is. */
static void
entry_wait (TendEntry *entry)
{
  TendLoop *loop = tend_task_loop (entry->task);

  if (entry->rest > 0)
    tend_loop_arm (loop, &entry->job, tend_time_add (tend_loop_now (loop), entry->rest));
  else
    tend_loop_queue_ready (loop, &entry->job);
}

/* A task that was pending when it was adopted is about to run. */
static void
entry_began (TendObserver *observer,
             TendTask     *task)
{
  TendEntry *entry = (TendEntry *) observer;

  if (!entry->has_begun && entry->is_adopted)
    tend_entry_note_begin (entry, tend_loop_now (tend_task_loop (task)));
}

static void
entry_paused (TendObserver *observer,
              TendTask     *task,
              gboolean      still)
{
  TendEntry *entry = (TendEntry *) observer;
  gint64 now = tend_loop_now (tend_task_loop (task));
  gboolean is_ready = entry->job.place == TEND_JOB_QUEUED;

  if (tend_task_has_ended (task) || (entry->is_adopted && !entry->has_begun))
    return;

  if (entry->has_begun)
    {
      if (still)
        entry->rest = now - entry->began;
      else
        entry->began = now - entry->rest;
    }
  else if (entry->is_delayed && !still)
    entry_wait (entry);
  else if (entry->is_delayed)
    {
      entry->rest = is_ready ? 0 : MAX (0, tend_loop_get_deadline (tend_task_loop (task), &entry->job) - now);
      tend_loop_remove (tend_task_loop (task), &entry->job);
    }
  else if (still)
    tend_slots_leave (entry);
  else if (!entry->is_blocked && !tend_job_is_waiting (&entry->job))
    enter_later (entry);
}

/* --- The end --- */

/* Releases the task, whatever it does. */
static void
entry_free (TendEntry *entry)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (entry->manager);

  /* When a throttled task began is known to nobody else. */
  if (priv->throttles != NULL && entry->is_in_chain)
    priv->forget_throttled (priv, entry);
  tend_names_remove (priv, entry);
  tend_entry_free (entry);
}

static void
entry_ended (TendObserver *observer,
             TendTask     *task)
{
  TendEntry *entry = (TendEntry *) observer;
  TendTaskManager *self = entry->manager;
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  gboolean is_heard;
  gint64 usec = -1;

  if (entry->has_begun && tend_task_interval (task) <= 0)
    usec = tend_entry_get_run_time (entry, tend_loop_now (tend_task_loop (task)));
  if (entry->is_running)
    tend_running_remove (entry);
  tend_statistics_ended (&priv->statistics, tend_task_status (task), entry->has_begun, usec);
  tend_manager_changed (priv);

  /* Who hears of the error may drop the manager. */
  is_heard = tend_manager_is_heard (self, TEND_MANAGER_SIGNAL_ENDED);
  if (is_heard)
    g_object_ref (self);

  if (tend_task_status (task) == TEND_TASK_STATUS_FAILED &&
      tend_manager_tell_error (self, task, tend_task_peek_error (task)))
    tend_task_set_observed (task);

  if (is_heard)
    {
      if (!tend_manager_is_bereaved (priv))
        tend_manager_emit_task (self, TEND_MANAGER_SIGNAL_ENDED, task);
      g_object_unref (self);
    }
}

static void
entry_told (TendObserver *observer,
            TendTask     *task)
{
  TendEntry *entry = (TendEntry *) observer;

  entry->is_named = FALSE;
  entry->is_told = TRUE;
  if (!entry->is_listed)
    entry_free (entry);
}

static void
entry_released (TendObserver *observer,
                TendTask     *task)
{
  TendEntry *entry = (TendEntry *) observer;
  TendTaskManager *self = entry->manager;
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  g_autoptr(GPtrArray) over = tend_manager_count_off (priv, entry);
  TendTaskManager *held = over != NULL ? g_object_ref (self) : NULL;
  TendEntry *next;

  tend_manager_end_entry (entry);
  entry->is_listed = FALSE;
  tend_slots_leave (entry);
  next = tend_names_released (entry);
  if (next != NULL)
    entry_unblock (next);
  if (tend_manager_count_tasks (priv) == 0)
    {
      tend_loop_remove (priv->loop, &priv->slow_job);
      priv->statistics.n_done = 0;
    }
  tend_manager_changed (priv);

  if (entry->is_told)
    entry_free (entry);
  else
    tend_queue_push (&priv->leaving, &entry->job);

  /* From here on user code runs, if there is any that hears of it, and may drop the manager. */
  for (guint i = 0; over != NULL && i < over->len; i++)
    g_task_return_boolean (((TendManagerWait *) g_ptr_array_index (over, i))->result, TRUE);
  tend_manager_trim_ended (self);
  tend_manager_shutdown_check (self);

  g_clear_object (&held);
}

/* A run of an interval task has failed: an error that is ignored or reported does not end the task. */
static gboolean
entry_run_failed (TendObserver *observer,
                  TendTask     *task,
                  const GError *error)
{
  TendTaskManager *self = ((TendEntry *) observer)->manager;

  if (!tend_task_get_keep_going (task) && !tend_manager_ignores (tend_manager_get_private (self), error))
    return FALSE;

  return tend_manager_tell_error (self, task, error);
}

static void
entry_changed (TendObserver *observer,
               TendTask     *task)
{
  tend_manager_changed (tend_manager_get_private (((TendEntry *) observer)->manager));
}

static void
entry_asked (TendObserver *observer,
             TendTask     *task)
{
  ((TendEntry *) observer)->asked = MAX (1, tend_loop_now (tend_task_loop (task)));
  entry_changed (observer, task);
}

/* Says what entries do when they hear of their tasks. */
void
tend_manager_life_init (void)
{
  tend_entry_observer = (TendObserverClass) {
    .began = entry_began,
    .ended = entry_ended,
    .told = entry_told,
    .released = entry_released,
    .paused = entry_paused,
    .asked = entry_asked,
    .progressed = entry_changed,
    .run_failed = entry_run_failed,
  };
}

/* --- A new entry --- */

typedef struct
{
  TendTaskManager *manager;
  TendTask        *task;
  gboolean         is_new;
  gboolean         is_paused;   /* which nobody has been told */
} Added;

/* Tells of the task before it tells of its status: who hears of that may cancel it, or drop the manager. */
static void
tell_added (Added *added)
{
  TendTaskManager *self = added->manager;

  if (!tend_manager_is_heard (self, TEND_MANAGER_SIGNAL_ADDED))
    return;

  g_object_ref (self);
  if (!tend_manager_is_bereaved (tend_manager_get_private (self)))
    tend_manager_emit_task (self, TEND_MANAGER_SIGNAL_ADDED, added->task);
  g_object_unref (self);
}

static void
added_native_cb (gpointer data)
{
  Added *added = data;

  if (added->is_new)
    tend_task_set_pending (added->task);
  tell_added (added);
  if (added->is_new && tend_task_status (added->task) == TEND_TASK_STATUS_PENDING)
    tend_task_notify_status (added->task);
  if (added->is_paused)
    tend_task_notify_paused (added->task);
}

/*
 * Gives @task an entry, which begins it when it is due; one that runs already is only watched. With
 * @base the task is anonymous, and does not answer to its name.
 */
void
tend_manager_add_entry (TendTaskManager *self,
                        TendTask        *task,
                        const char      *base)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  gboolean is_new = tend_task_status (task) == TEND_TASK_STATUS_CREATED && tend_task_body (task) != NULL;
  Added added = { self, task, is_new, FALSE };
  TendEntry *entry = tend_entry_new (self, task, base);

  tend_job_init (&entry->job, entry_due_cb);
  tend_task_set_managed (task);
  entry->is_suspended = tend_manager_stands_still (priv);
  if (G_UNLIKELY (entry->is_suspended))
    added.is_paused = tend_task_suspend (task, TRUE);
  tend_task_add_observer (task, &entry->observer);
  if (priv->gate != NULL)
    tend_task_set_gate (task, priv->gate);
  if (tend_task_peek_name (task) != NULL && base == NULL)
    tend_names_add (priv, entry);
  tend_statistics_registered (&priv->statistics);
  tend_manager_changed (priv);

  if (is_new)
    {
      entry->is_delayed = TRUE;
      entry->rest = MAX (0, tend_task_get_first_wait (task));
      if (!tend_task_stands_still (task))
        entry_wait (entry);
    }
  else
    {
      entry->is_blocked = FALSE;
      entry->is_adopted = TRUE;
      if (tend_task_status (task) != TEND_TASK_STATUS_PENDING)
        tend_entry_note_begin (entry, tend_loop_now (tend_task_loop (task)));
    }

  tend_slow_check_arm (self);
  tend_call_native (added_native_cb, &added);
}

/* --- The end of the manager --- */

/* Releases every task, and leaves it to the caller to end them. */
void
tend_manager_abandon_entries (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  TendJob *job;

  for (TendEntry *entry = tend_entry_list_next (&priv->entries, NULL), *next; entry != NULL; entry = next)
    {
      next = tend_entry_list_next (&priv->entries, entry);
      tend_slots_leave (entry);
      entry_free (entry);
    }
  tend_manager_clear_ended (self);
  tend_entry_list_clear (&priv->entries);

  while ((job = tend_queue_peek (&priv->leaving)) != NULL)
    entry_free (tend_entry_of_job (job));
}
