// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The entries of a manager: one for each task, which it watches. They hold the slots and the names.
//
// An entry leaves the list when its task is released, which is when the body has really ended, and
// gives up the name when those who wait for the task have been told, so that they can still look it
// up. It is freed at the later of the two.
//
// Ownership: the loop thread's. User code is called on the native stack, when the registry says
// what it is told.

#include "tend-manager-private.h"

/* --- Slots --- */

static gboolean
needs_slot (TendEntry *entry)
{
  /* An interval task sleeps most of its life: it would keep its slot from the others for ever. */
  return entry->task->interval < 0;
}

static gboolean
is_slot_free (TendTaskManagerPrivate *priv)
{
  return priv->max_running == 0 || priv->n_running < priv->max_running;
}

static void
take_slot (TendTaskManagerPrivate *priv,
           TendEntry          *entry)
{
  entry->has_slot = TRUE;
  priv->n_running++;
}

static TendEntry *
entry_of_job (TendJob *job)
{
  return G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendEntry, job));
}

static void
entry_begin_cb (TendJob *job)
{
  tend_task_begin (entry_of_job (job)->task);
}

/* The entry's delay is over. */
static void
entry_due_cb (TendJob *job)
{
  TendEntry *entry = entry_of_job (job);
  TendTaskManagerPrivate *priv = tend_manager_get_private (entry->manager);

  entry->is_delayed = FALSE;
  if (needs_slot (entry))
    {
      if (!is_slot_free (priv))
        {
          tend_queue_push (&priv->waiting, job);
          return;
        }
      take_slot (priv, entry);
    }

  tend_task_begin (entry->task);
}

/* Lets those go on that wait for a slot, as far as there are any. */
void
tend_manager_give_slots (TendTaskManagerPrivate *priv)
{
  TendJob *job;

  while (is_slot_free (priv) && (job = tend_queue_peek (&priv->waiting)) != NULL)
    {
      TendEntry *entry = entry_of_job (job);

      tend_job_unlink (job);
      take_slot (priv, entry);
      job->run = entry_begin_cb;
      tend_loop_queue_micro (entry->task->loop, job);
    }
}

/* --- Entries --- */

/* Frees the name of the entry, if it has one. */
void
tend_manager_free_name (TendTaskManagerPrivate *priv,
                        TendEntry              *entry)
{
  if (entry->is_named)
    g_hash_table_remove (priv->names, entry->task->name);
  entry->is_named = FALSE;
}

/* Lets go of the task, whatever it does. */
static void
entry_free (TendEntry *entry)
{
  tend_loop_remove (entry->task->loop, &entry->job);
  tend_task_remove_observer (entry->task, &entry->observer);
  g_object_unref (entry->task);
  g_free (entry);
}

static void
entry_ended (TendObserver *observer,
             TendTask     *task)
{
  TendEntry *entry = (TendEntry *) observer;
  TendTaskManager *self = entry->manager;

  if (tend_task_status (task) != TEND_TASK_STATUS_FAILED)
    return;

  tend_task_set_observed (task);
  g_object_ref (self);
  tend_manager_emit_failed (self, task);
  g_object_unref (self);
}

/* Lets what is left of the entry's delay pass: the next turn, if nothing is. */
static void
entry_wait (TendEntry *entry)
{
  TendLoop *loop = entry->task->loop;

  if (entry->rest > 0)
    tend_loop_arm (loop, &entry->job, tend_time_add (tend_loop_now (loop), entry->rest));
  else
    tend_loop_queue_ready (loop, &entry->job);
}

static void
entry_paused (TendObserver *observer,
              TendTask     *task,
              gboolean      still)
{
  TendEntry *entry = (TendEntry *) observer;
  gboolean is_ready = entry->job.place == TEND_JOB_QUEUED;

  if (!entry->is_delayed || tend_task_has_ended (task))
    return;

  if (!still)
    entry_wait (entry);
  else
    {
      entry->rest = is_ready ? 0 :
                    MAX (0, tend_loop_get_deadline (task->loop, &entry->job) - tend_loop_now (task->loop));
      tend_loop_remove (task->loop, &entry->job);
    }
}

static void
entry_told (TendObserver *observer,
            TendTask     *task)
{
  TendEntry *entry = (TendEntry *) observer;

  tend_manager_free_name (tend_manager_get_private (entry->manager), entry);
  entry->is_told = TRUE;
  if (entry->iter == NULL)
    entry_free (entry);
}

/* Counts the entry off the waits that were for it, and takes out those that are over by that. */
static GPtrArray *
count_off (TendTaskManagerPrivate *priv,
           TendEntry              *entry)
{
  GPtrArray *over = NULL;

  for (guint i = 0; i < priv->waits->len;)
    {
      TendManagerWait *wait = g_ptr_array_index (priv->waits, i);

      if (entry->serial > wait->last_serial || entry->task == wait->caller || --wait->n_left > 0)
        {
          i++;
          continue;
        }

      if (over == NULL)
        over = g_ptr_array_new_with_free_func ((GDestroyNotify) tend_manager_wait_free);
      g_ptr_array_add (over, tend_manager_wait_take (priv->waits, i));
    }

  return over;
}

static void
entry_released (TendObserver *observer,
                TendTask     *task)
{
  TendEntry *entry = (TendEntry *) observer;
  TendTaskManager *self = g_object_ref (entry->manager);
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  guint position = (guint) g_sequence_iter_get_position (entry->iter);
  g_autoptr(GPtrArray) over = count_off (priv, entry);

  tend_loop_remove (task->loop, &entry->job);
  g_sequence_remove (g_steal_pointer (&entry->iter));
  if (entry->has_slot)
    priv->n_running--;
  tend_manager_give_slots (priv);

  if (entry->is_told)
    entry_free (entry);
  else
    tend_queue_push (&priv->leaving, &entry->job);

  /* From here on user code runs. The list comes first: those who waited may change it again. */
  g_list_model_items_changed (G_LIST_MODEL (self), position, 1, 0);
  for (guint i = 0; over != NULL && i < over->len; i++)
    g_task_return_boolean (((TendManagerWait *) g_ptr_array_index (over, i))->result, TRUE);
  tend_manager_shutdown_check (self);

  g_object_unref (self);
}

/* --- A new entry --- */

typedef struct
{
  TendTaskManager *manager;
  TendTask        *task;
  guint            position;
} Added;

/* Tells of the task in the list before it tells of its status: who hears of that may cancel it. */
static void
added_native_cb (gpointer data)
{
  Added *added = data;

  g_object_freeze_notify (G_OBJECT (added->task));
  tend_task_make_pending (added->task);
  g_list_model_items_changed (G_LIST_MODEL (added->manager), added->position, 0, 1);
  g_object_thaw_notify (G_OBJECT (added->task));
}

/* Gives @task an entry, which begins it when it is due. */
void
tend_manager_add_entry (TendTaskManager *self,
                        TendTask        *task)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  TendEntry *entry = g_new0 (TendEntry, 1);
  gint64 now = tend_loop_now (task->loop);
  gint64 wait = tend_task_get_first_wait (task);
  Added added = { self, task, (guint) g_sequence_get_length (priv->entries) };

  entry->observer.ended = entry_ended;
  entry->observer.told = entry_told;
  entry->observer.released = entry_released;
  entry->observer.paused = entry_paused;
  entry->manager = self;
  entry->task = g_object_ref (task);
  entry->iter = g_sequence_append (priv->entries, entry);
  entry->serial = ++priv->serial;
  entry->registered = now;
  tend_job_init (&entry->job, entry_due_cb);
  tend_task_add_observer (task, &entry->observer);

  if (task->name != NULL)
    {
      entry->is_named = TRUE;
      g_hash_table_insert (priv->names, task->name, entry);
    }

  entry->is_delayed = TRUE;
  entry->rest = MAX (0, wait);
  if (!tend_task_stands_still (task))
    entry_wait (entry);

  tend_call_native (added_native_cb, &added);
}

/* --- All of them --- */

/* The list as it is now, with references to the tasks, to walk while user code changes it. */
GPtrArray *
tend_manager_copy_tasks (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  GPtrArray *tasks = g_ptr_array_new_full ((guint) g_sequence_get_length (priv->entries),
                                           g_object_unref);

  for (GSequenceIter *iter = g_sequence_get_begin_iter (priv->entries);
       !g_sequence_iter_is_end (iter);
       iter = g_sequence_iter_next (iter))
    {
      TendEntry *entry = g_sequence_get (iter);

      g_ptr_array_add (tasks, g_object_ref (entry->task));
    }

  return tasks;
}

/* Frees every name, and then cancels every task, but for @except. */
void
tend_manager_cancel_entries (TendTaskManager *self,
                             TendTask        *except)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  g_autoptr(GPtrArray) tasks = tend_manager_copy_tasks (self);

  for (GSequenceIter *iter = g_sequence_get_begin_iter (priv->entries);
       !g_sequence_iter_is_end (iter);
       iter = g_sequence_iter_next (iter))
    {
      TendEntry *entry = g_sequence_get (iter);

      if (entry->task != except)
        tend_manager_free_name (priv, entry);
    }

  for (guint i = 0; i < tasks->len; i++)
    {
      TendTask *task = g_ptr_array_index (tasks, i);

      if (task != except)
        tend_task_cancel (task);
    }
}

/* Lets go of every task: cancels those that have not ended, which then end by themselves. */
void
tend_manager_abandon_entries (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  g_autoptr(GPtrArray) tasks = tend_manager_copy_tasks (self);
  TendJob *job;

  while (!g_sequence_is_empty (priv->entries))
    {
      GSequenceIter *first = g_sequence_get_begin_iter (priv->entries);
      TendEntry *entry = g_sequence_get (first);

      g_sequence_remove (first);
      tend_manager_free_name (priv, entry);
      entry_free (entry);
    }

  while ((job = tend_queue_peek (&priv->leaving)) != NULL)
    {
      TendEntry *entry = entry_of_job (job);

      tend_manager_free_name (priv, entry);
      entry_free (entry);
    }

  for (guint i = 0; i < tasks->len; i++)
    tend_task_cancel (g_ptr_array_index (tasks, i));
}
