// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The registry of a manager: names, slots, the list, and those who wait for tasks.
//
// Each task has one entry, which watches it. The entry leaves the list when the task is released,
// which is when its body has really ended, and gives up the name when those who wait for the task
// have been told, so that they can still look it up. It is freed at the later of the two.
//
// Ownership: the loop thread's. Signals are emitted on the native stack, when the registry says
// what they tell.

#include "tend-manager-private.h"

#include "tend-fiber.h"

#define DEFAULT_GRACE_PERIOD (5 * G_USEC_PER_SEC)

/**
 * TendTaskManager:
 *
 * Owns the unfinished work of a program, or of a part of it.
 *
 * A task that is registered runs in the next turn of the loop at the earliest, after its delay, and
 * when fewer than [property@Tend.TaskManager:max-running] others run. A named task can be looked
 * up and cancelled by its name, and no other can have that name meanwhile.
 *
 * [method@Tend.TaskManager.shutdown_async] ends all of it in order and in bounded time: no new tasks,
 * every task cancelled and its real end awaited, those that do not end in the grace period stopped,
 * and then the shutdown tasks, all of them.
 *
 * The manager is a [iface@Gio.ListModel] of the tasks whose bodies have not ended, in the order of
 * registration. It may be derived from.
 *
 * A manager that is finalized without having been shut down cancels its tasks and lets go of
 * them. The main context that was the thread's default when the manager was made is the one that
 * it belongs to, and its tasks have to belong to the same; everything is for that thread only.
 *
 * A program that has one task at a time needs no manager: the task alone is enough.
 *
 * Since: 0.1
 */

typedef enum
{
  PROP_MAX_RUNNING = 1,
  PROP_GRACE_PERIOD,
} TendTaskManagerProperty;

#define N_PROPERTIES (PROP_GRACE_PERIOD + 1)

enum
{
  SIGNAL_TASK_FAILED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPERTIES];
static guint signals[N_SIGNALS];

static void tend_task_manager_list_model_init (GListModelInterface *iface);

G_DEFINE_TYPE_WITH_CODE (TendTaskManager, tend_task_manager, G_TYPE_OBJECT,
                         G_ADD_PRIVATE (TendTaskManager)
                         G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, tend_task_manager_list_model_init))

TendTaskManagerPrivate *
tend_manager_get_private (TendTaskManager *self)
{
  return tend_task_manager_get_instance_private (self);
}

/* Whether the caller is in the manager's thread; says so if not. */
gboolean
tend_manager_check_thread (TendTaskManager *self,
                           const char      *func)
{
  if (tend_loop_is_mine (tend_manager_get_private (self)->loop))
    return TRUE;

  g_critical ("%s: the manager belongs to the main context of another thread", func);
  return FALSE;
}

/* --- Slots --- */

static gboolean
needs_slot (TendEntry *entry)
{
  /* An interval task sleeps most of its life: it would keep its slot from the others for ever. */
  return entry->task->interval == 0;
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
static void
give_slots (TendTaskManagerPrivate *priv)
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

static void
free_name (TendTaskManagerPrivate *priv,
           TendEntry          *entry)
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
  g_signal_emit (self, signals[SIGNAL_TASK_FAILED], 0, task, tend_task_peek_error (task));
  g_object_unref (self);
}

static void
entry_told (TendObserver *observer,
            TendTask     *task)
{
  TendEntry *entry = (TendEntry *) observer;

  free_name (tend_manager_get_private (entry->manager), entry);
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
  give_slots (priv);

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

/* The list as it is now, with references to the tasks, to walk while user code changes it. */
static GPtrArray *
copy_tasks (TendTaskManager *self)
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
  g_autoptr(GPtrArray) tasks = copy_tasks (self);

  for (GSequenceIter *iter = g_sequence_get_begin_iter (priv->entries);
       !g_sequence_iter_is_end (iter);
       iter = g_sequence_iter_next (iter))
    {
      TendEntry *entry = g_sequence_get (iter);

      if (entry->task != except)
        free_name (priv, entry);
    }

  for (guint i = 0; i < tasks->len; i++)
    {
      TendTask *task = g_ptr_array_index (tasks, i);

      if (task != except)
        tend_task_cancel (task);
    }
}

/* --- Registration --- */

/* Whether @task can run where the manager does. */
gboolean
tend_manager_check_context (TendTaskManager  *self,
                            TendTask         *task,
                            GError          **error)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  g_autofree char *text = NULL;

  if (tend_loop_get_context (task->loop) == tend_loop_get_context (priv->loop))
    return TRUE;

  text = tend_task_to_string (task);
  g_set_error (error, TEND_TASK_ERROR, TEND_TASK_ERROR_WRONG_THREAD,
               "%s belongs to another main context than its manager", text);
  return FALSE;
}

static gboolean
check_registration (TendTaskManager  *self,
                    TendTask         *task,
                    GError          **error)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  g_autofree char *text = NULL;
  TendEntry *entry;

  if (!tend_task_check_startable (task, error))
    return FALSE;

  if (task->name != NULL && !tend_check_name (task->name, error))
    return FALSE;

  if (!tend_manager_check_context (self, task, error))
    return FALSE;

  if (priv->state != TEND_MANAGER_OPEN)
    {
      text = tend_task_to_string (task);
      g_set_error (error, TEND_TASK_ERROR, TEND_TASK_ERROR_SHUT_DOWN,
                   "Not adding %s: the manager has been shut down", text);
      return FALSE;
    }

  entry = task->name != NULL ? g_hash_table_lookup (priv->names, task->name) : NULL;
  if (entry != NULL && !tend_task_has_ended (entry->task))
    {
      g_set_error (error, TEND_TASK_ERROR, TEND_TASK_ERROR_EXISTS,
                   "Task already exists: '%s'", task->name);
      return FALSE;
    }

  /* A task that has ended may still be looked up, but its name is free. */
  if (entry != NULL)
    free_name (priv, entry);

  return TRUE;
}

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

static void
add_entry (TendTaskManager *self,
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

  if (wait > 0)
    tend_loop_arm (task->loop, &entry->job, tend_time_add (now, wait));
  else
    tend_loop_queue_ready (task->loop, &entry->job);

  tend_call_native (added_native_cb, &added);
}

/**
 * tend_task_manager_register_task:
 * @self: a manager
 * @task: a task that was not started yet
 * @error: return location for an error
 *
 * Gives @task to the manager, which starts it.
 *
 * Its body never runs before this returns: it runs in the next turn of the loop, or after its delay
 * or first interval, and waits for a slot after that. If the task has a name, the name must be free.
 * The manager holds a reference until the body has really ended.
 *
 * When the task fails, [signal@Tend.TaskManager::task-failed] is emitted before those who wait are
 * told, and the error counts as observed.
 *
 * Returns: %TRUE, or %FALSE with `TEND_TASK_ERROR_EXISTS` if the name is in use,
 *   `TEND_TASK_ERROR_SHUT_DOWN` if the manager was shut down, `TEND_TASK_ERROR_STATE` if the task was
 *   started before, `TEND_TASK_ERROR_WRONG_THREAD` if it belongs elsewhere, or
 *   `G_IO_ERROR_INVALID_ARGUMENT` if the name is empty
 *
 * Since: 0.1
 */
gboolean
tend_task_manager_register_task (TendTaskManager  *self,
                                 TendTask         *task,
                                 GError          **error)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), FALSE);
  g_return_val_if_fail (TEND_IS_TASK (task), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_registration (self, task, error))
    return FALSE;

  add_entry (self, task);

  return TRUE;
}

/* Whether @name can be in a task at all, before one is made of it; destroys the data if not. */
static gboolean
check_name (const char      *name,
            gpointer         user_data,
            GDestroyNotify   notify,
            GError         **error)
{
  if (name == NULL || tend_check_name (name, error))
    return TRUE;

  if (notify != NULL)
    notify (user_data);
  return FALSE;
}

/*
 * Registers @task, which was made by the code at @origin; takes @task, and the manager keeps it.
 * Somebody who listens to the manager may have ended the task by now, and then nobody keeps it.
 */
static TendTask *
register_taken (TendTaskManager  *self,
                TendTask         *task,
                gconstpointer     origin,
                GError          **error)
{
  TendTask *kept = task;

  task->origin = origin;
  if (!tend_task_manager_register_task (self, task, error) ||
      (tend_task_has_ended (task) && !tend_task_propagate (task, error)))
    kept = NULL;
  g_object_unref (task);

  return kept;
}

/**
 * tend_task_manager_register:
 * @self: a manager
 * @name: (nullable): a name, or %NULL for an anonymous task
 * @func: (scope notified) (closure user_data) (destroy notify): the body, on the loop's thread
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the task has ended, or if it is not registered
 * @error: return location for an error
 *
 * Makes a task as [ctor@Tend.Task.new] does, and registers it as
 * [method@Tend.TaskManager.register_task] does.
 *
 * Returns: (transfer none) (nullable): the task, which the manager owns; %NULL with @error set
 *
 * Since: 0.1
 */
TendTask *
tend_task_manager_register (TendTaskManager  *self,
                            const char       *name,
                            TendTaskFunc      func,
                            gpointer          user_data,
                            GDestroyNotify    notify,
                            GError          **error)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);
  g_return_val_if_fail (func != NULL, NULL);

  if (!check_name (name, user_data, notify, error))
    return NULL;

  return register_taken (self, tend_task_new (name, func, user_data, notify),
                         __builtin_return_address (0), error);
}

/**
 * tend_task_manager_register_fiber: (skip)
 * @self: a manager
 * @name: (nullable): a name, or %NULL for an anonymous task
 * @func: the body
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the task has ended, or if it is not registered
 * @error: return location for an error
 *
 * Makes a task as tend_task_new_fiber() does, and registers it as
 * [method@Tend.TaskManager.register_task] does.
 *
 * Returns: (transfer none) (nullable): the task, which the manager owns; %NULL with @error set
 *
 * Since: 0.1
 */
TendTask *
tend_task_manager_register_fiber (TendTaskManager  *self,
                                  const char       *name,
                                  TendWorkFunc      func,
                                  gpointer          user_data,
                                  GDestroyNotify    notify,
                                  GError          **error)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);
  g_return_val_if_fail (func != NULL, NULL);

  if (!check_name (name, user_data, notify, error))
    return NULL;

  return register_taken (self, tend_task_new_fiber (name, func, user_data, notify),
                         __builtin_return_address (0), error);
}

/**
 * tend_task_manager_register_thread:
 * @self: a manager
 * @name: (nullable): a name, or %NULL for an anonymous task
 * @func: (scope notified) (closure user_data) (destroy notify): the body, in a thread
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the task has ended, or if it is not registered
 * @error: return location for an error
 *
 * Makes a task as [ctor@Tend.Task.new_thread] does, and registers it as
 * [method@Tend.TaskManager.register_task] does.
 *
 * Name and shutdown are checked before the body is given to any thread.
 *
 * Returns: (transfer none) (nullable): the task, which the manager owns; %NULL with @error set
 *
 * Since: 0.1
 */
TendTask *
tend_task_manager_register_thread (TendTaskManager  *self,
                                   const char       *name,
                                   TendWorkFunc      func,
                                   gpointer          user_data,
                                   GDestroyNotify    notify,
                                   GError          **error)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);
  g_return_val_if_fail (func != NULL, NULL);

  if (!check_name (name, user_data, notify, error))
    return NULL;

  return register_taken (self, tend_task_new_thread (name, func, user_data, notify),
                         __builtin_return_address (0), error);
}

/* --- Looking up and cancelling --- */

/**
 * tend_task_manager_lookup:
 * @self: a manager
 * @name: a name
 *
 * Finds the task of a name.
 *
 * A task that has ended is found until those who waited for it have been told. One that was
 * cancelled by [method@Tend.TaskManager.cancel_task] has lost its name.
 *
 * Returns: (transfer none) (nullable): the task
 *
 * Since: 0.1
 */
TendTask *
tend_task_manager_lookup (TendTaskManager *self,
                          const char      *name)
{
  TendEntry *entry;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  if (!tend_manager_check_thread (self, G_STRFUNC))
    return NULL;

  entry = g_hash_table_lookup (tend_manager_get_private (self)->names, name);

  return entry != NULL ? entry->task : NULL;
}

/**
 * tend_task_manager_is_active:
 * @self: a manager
 * @name: a name
 *
 * Tells whether the name is in use.
 *
 * Returns: %TRUE if there is a task of that name that has not ended
 *
 * Since: 0.1
 */
gboolean
tend_task_manager_is_active (TendTaskManager *self,
                             const char      *name)
{
  TendTask *task;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  task = tend_task_manager_lookup (self, name);

  return task != NULL && !tend_task_has_ended (task);
}

/**
 * tend_task_manager_list_tasks:
 * @self: a manager
 *
 * Lists the tasks whose bodies have not ended, in the order of registration.
 *
 * Among them are those that were cancelled and still end.
 *
 * Returns: (transfer full) (element-type TendTask): the tasks
 *
 * Since: 0.1
 */
GPtrArray *
tend_task_manager_list_tasks (TendTaskManager *self)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);

  if (!tend_manager_check_thread (self, G_STRFUNC))
    return NULL;

  return copy_tasks (self);
}

/**
 * tend_task_manager_cancel_task:
 * @self: a manager
 * @name: a name
 *
 * Cancels the task of a name, and frees the name at once.
 *
 * The manager keeps the task until its body has really ended. See [method@Tend.Task.cancel].
 *
 * Returns: (transfer full) (nullable): the task, to wait for; %NULL if there is none
 *
 * Since: 0.1
 */
TendTask *
tend_task_manager_cancel_task (TendTaskManager *self,
                               const char      *name)
{
  TendTask *task;
  TendEntry *entry;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  if (!tend_manager_check_thread (self, G_STRFUNC))
    return NULL;

  entry = g_hash_table_lookup (tend_manager_get_private (self)->names, name);
  if (entry == NULL)
    return NULL;

  task = g_object_ref (entry->task);
  if (!tend_task_has_ended (task))
    {
      free_name (tend_manager_get_private (self), entry);
      tend_task_cancel (task);
    }

  return task;
}

/**
 * tend_task_manager_cancel_all:
 * @self: a manager
 *
 * Cancels every task, and frees every name at once.
 *
 * The manager stays open. See [method@Tend.Task.cancel].
 *
 * Since: 0.1
 */
void
tend_task_manager_cancel_all (TendTaskManager *self)
{
  g_return_if_fail (TEND_IS_TASK_MANAGER (self));

  if (tend_manager_check_thread (self, G_STRFUNC))
    tend_manager_cancel_entries (self, NULL);
}

/* --- Waiting --- */

static void
wait_unlisten (TendManagerWait *wait)
{
  if (wait->cancelled != NULL)
    g_source_destroy (wait->cancelled);
  g_clear_pointer (&wait->cancelled, g_source_unref);
}

/*
 * Takes the wait at @i out of @waits, for the caller to return and to free it. Whoever waited is
 * called by the return, and must find it in no list and beyond giving up.
 */
TendManagerWait *
tend_manager_wait_take (GPtrArray *waits,
                        guint      i)
{
  TendManagerWait *wait = g_ptr_array_steal_index (waits, i);

  wait_unlisten (wait);

  return wait;
}

void
tend_manager_wait_free (TendManagerWait *wait)
{
  wait_unlisten (wait);
  g_object_unref (wait->result);
  g_object_unref (wait->manager);
  g_free (wait);
}

static gboolean
wait_cancelled_cb (GCancellable *cancellable,
                   gpointer      user_data)
{
  TendManagerWait *wait = user_data;
  TendTaskManagerPrivate *priv = tend_manager_get_private (wait->manager);
  guint i;

  if (g_ptr_array_find (priv->waits, wait, &i))
    tend_manager_wait_take (priv->waits, i);
  else if (g_ptr_array_find (priv->shutdown_waits, wait, &i))
    tend_manager_wait_take (priv->shutdown_waits, i);

  g_task_return_error_if_cancelled (wait->result);
  tend_manager_wait_free (wait);

  return G_SOURCE_REMOVE;
}

/* Adds a wait to @waits, which ends by a return of @result and its removal; takes @result. */
TendManagerWait *
tend_manager_wait_new (TendTaskManager *self,
                       GPtrArray       *waits,
                       GTask           *result)
{
  TendManagerWait *wait = g_new0 (TendManagerWait, 1);
  GCancellable *cancellable = g_task_get_cancellable (result);

  wait->manager = g_object_ref (self);
  wait->result = result;
  wait->caller = tend_task_get_current ();
  g_ptr_array_add (waits, wait);

  if (cancellable != NULL)
    {
      wait->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (wait->cancelled, G_SOURCE_FUNC (wait_cancelled_cb), wait, NULL);
      g_source_set_static_name (wait->cancelled, "[libtend] wait");
      g_source_attach (wait->cancelled, g_task_get_context (result));
    }

  return wait;
}

/* What a fiber waits for, and what it gets: freed by the fiber, or by the callback once that left. */
typedef struct
{
  TendLoop     *loop;       /* the fiber's */
  TendQueue     fiber;      /* its job, while it waits */
  GAsyncResult *result;
  gboolean      is_left;
} FiberWait;

static void
fiber_wait_free (FiberWait *wait)
{
  g_clear_object (&wait->result);
  g_free (wait);
}

static void
fiber_wait_cb (GObject      *source_object,
               GAsyncResult *result,
               gpointer      user_data)
{
  FiberWait *wait = user_data;
  TendJob *fiber = tend_queue_peek (&wait->fiber);

  wait->result = g_object_ref (result);
  if (fiber != NULL)
    {
      tend_job_unlink (fiber);
      tend_loop_queue_micro (wait->loop, fiber);
    }
  else if (wait->is_left)
    fiber_wait_free (wait);
}

/*
 * Waits in a fiber for what @begin begins. tend_await_result() would not do: it is for work that
 * goes on outside of the context, for which virtual time stands still.
 */
gboolean
tend_manager_wait_in_fiber (TendTaskManager   *self,
                            const char        *func,
                            TendManagerBegin   begin,
                            TendManagerFinish  finish,
                            GError           **error)
{
  TendJob *wake = tend_begin_wait (func, error);
  FiberWait *wait;
  gboolean ok;

  if (wake == NULL)
    return FALSE;

  if (!tend_loop_is_mine (tend_manager_get_private (self)->loop))
    {
      g_set_error (error, TEND_TASK_ERROR, TEND_TASK_ERROR_WRONG_THREAD,
                   "%s(): the manager belongs to the main context of another thread", func);
      return FALSE;
    }

  wait = g_new0 (FiberWait, 1);
  wait->loop = tend_task_get_current ()->loop;
  tend_queue_init (&wait->fiber);
  begin (self, tend_current_cancellable (), fiber_wait_cb, wait);
  tend_queue_push (&wait->fiber, wake);

  ok = tend_wait (error);
  if (wait->result == NULL)
    {
      wait->is_left = TRUE;
      return FALSE;
    }

  ok = ok && finish (self, wait->result, error);
  fiber_wait_free (wait);

  return ok;
}

/**
 * tend_task_manager_wait_for_tasks_async:
 * @self: a manager
 * @cancellable: (nullable): gives up waiting; the tasks go on
 * @callback: (nullable) (scope async) (closure user_data): what to call at the end
 * @user_data: data for @callback
 *
 * Waits until every task that is registered now has really ended, in whichever way.
 *
 * Tasks that are registered meanwhile are not waited for, and neither is the task that calls.
 *
 * Since: 0.1
 */
void
tend_task_manager_wait_for_tasks_async (TendTaskManager     *self,
                                        GCancellable        *cancellable,
                                        GAsyncReadyCallback  callback,
                                        gpointer             user_data)
{
  TendTaskManagerPrivate *priv;
  TendManagerWait *wait;
  TendTask *caller = tend_task_get_current ();
  guint n_left = 0;
  GTask *result;

  g_return_if_fail (TEND_IS_TASK_MANAGER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (!tend_manager_check_thread (self, G_STRFUNC))
    return;

  priv = tend_manager_get_private (self);
  result = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (result, tend_task_manager_wait_for_tasks_async);

  for (GSequenceIter *iter = g_sequence_get_begin_iter (priv->entries);
       !g_sequence_iter_is_end (iter);
       iter = g_sequence_iter_next (iter))
    n_left += ((TendEntry *) g_sequence_get (iter))->task != caller;

  if (n_left == 0)
    {
      g_task_return_boolean (result, TRUE);
      g_object_unref (result);
      return;
    }

  wait = tend_manager_wait_new (self, priv->waits, result);
  wait->last_serial = priv->serial;
  wait->n_left = n_left;
}

/**
 * tend_task_manager_wait_for_tasks_finish:
 * @self: a manager
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Finishes a wait that [method@Tend.TaskManager.wait_for_tasks_async] began.
 *
 * Returns: %TRUE, whatever became of the tasks; %FALSE with `G_IO_ERROR_CANCELLED` if the wait was
 *   given up
 *
 * Since: 0.1
 */
gboolean
tend_task_manager_wait_for_tasks_finish (TendTaskManager  *self,
                                         GAsyncResult     *result,
                                         GError          **error)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, tend_task_manager_wait_for_tasks_async),
                        FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * tend_task_manager_wait_for_tasks: (skip)
 * @self: a manager
 * @error: return location for an error
 *
 * Waits in a fiber as [method@Tend.TaskManager.wait_for_tasks_async] does.
 *
 * Returns: %TRUE, or %FALSE with `G_IO_ERROR_CANCELLED` or `TEND_TASK_ERROR_STOPPED` if the calling
 *   task was cancelled or ended, and `TEND_TASK_ERROR_NO_FIBER` outside a fiber
 *
 * Since: 0.1
 */
gboolean
tend_task_manager_wait_for_tasks (TendTaskManager  *self,
                                  GError          **error)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return tend_manager_wait_in_fiber (self, G_STRFUNC, tend_task_manager_wait_for_tasks_async,
                                     tend_task_manager_wait_for_tasks_finish, error);
}

/* --- The list model --- */

static GType
tend_task_manager_get_item_type (GListModel *model)
{
  return TEND_TYPE_TASK;
}

static guint
tend_task_manager_get_n_items (GListModel *model)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (TEND_TASK_MANAGER (model));

  return (guint) g_sequence_get_length (priv->entries);
}

static gpointer
tend_task_manager_get_item (GListModel *model,
                            guint       position)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (TEND_TASK_MANAGER (model));
  GSequenceIter *iter;

  if (position >= (guint) g_sequence_get_length (priv->entries))
    return NULL;

  iter = g_sequence_get_iter_at_pos (priv->entries, (int) position);

  return g_object_ref (((TendEntry *) g_sequence_get (iter))->task);
}

static void
tend_task_manager_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = tend_task_manager_get_item_type;
  iface->get_n_items = tend_task_manager_get_n_items;
  iface->get_item = tend_task_manager_get_item;
}

/* --- Settings --- */

/**
 * tend_task_manager_get_max_running:
 * @self: a manager
 *
 * Gets how many tasks run at once.
 *
 * Returns: the limit, or 0 for none
 *
 * Since: 0.1
 */
guint
tend_task_manager_get_max_running (TendTaskManager *self)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), 0);

  return tend_manager_get_private (self)->max_running;
}

/**
 * tend_task_manager_set_max_running:
 * @self: a manager
 * @n_tasks: the limit, or 0 for none
 *
 * Sets how many tasks run at once.
 *
 * Those above the limit are pending, and start in the order in which they became due. A task that
 * was cancelled or stopped counts until its body has really ended. Interval tasks do not count.
 *
 * Since: 0.1
 */
void
tend_task_manager_set_max_running (TendTaskManager *self,
                                   guint            n_tasks)
{
  TendTaskManagerPrivate *priv;

  g_return_if_fail (TEND_IS_TASK_MANAGER (self));

  priv = tend_manager_get_private (self);
  if (!tend_manager_check_thread (self, G_STRFUNC) || priv->max_running == n_tasks)
    return;

  priv->max_running = n_tasks;
  give_slots (priv);
  tend_notify_native (G_OBJECT (self), properties[PROP_MAX_RUNNING]);
}

/**
 * tend_task_manager_get_grace_period:
 * @self: a manager
 *
 * Gets how long a shutdown waits for the tasks that it has cancelled.
 *
 * Returns: microseconds
 *
 * Since: 0.1
 */
gint64
tend_task_manager_get_grace_period (TendTaskManager *self)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), 0);

  return tend_manager_get_private (self)->grace_period;
}

/**
 * tend_task_manager_set_grace_period:
 * @self: a manager
 * @usec: microseconds; five seconds by default
 *
 * Sets how long a shutdown waits for the tasks that it has cancelled, before it stops them.
 *
 * Since: 0.1
 */
void
tend_task_manager_set_grace_period (TendTaskManager *self,
                                    gint64           usec)
{
  TendTaskManagerPrivate *priv;

  g_return_if_fail (TEND_IS_TASK_MANAGER (self));
  g_return_if_fail (usec >= 0);

  priv = tend_manager_get_private (self);
  if (!tend_manager_check_thread (self, G_STRFUNC) || priv->grace_period == usec)
    return;

  priv->grace_period = usec;
  tend_notify_native (G_OBJECT (self), properties[PROP_GRACE_PERIOD]);
}

/* --- The object --- */

static void
come_home_cb (TendJob *job)
{
  TendTaskManagerPrivate *priv = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendTaskManagerPrivate, home));

  g_object_unref (g_steal_pointer (&priv->homeless));
}

/* Lets go of every task: cancels those that have not ended, which then end by themselves. */
static void
abandon_tasks (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  g_autoptr(GPtrArray) tasks = copy_tasks (self);
  TendJob *job;

  while (!g_sequence_is_empty (priv->entries))
    {
      GSequenceIter *first = g_sequence_get_begin_iter (priv->entries);
      TendEntry *entry = g_sequence_get (first);

      g_sequence_remove (first);
      free_name (priv, entry);
      entry_free (entry);
    }

  while ((job = tend_queue_peek (&priv->leaving)) != NULL)
    {
      TendEntry *entry = entry_of_job (job);

      free_name (priv, entry);
      entry_free (entry);
    }

  for (guint i = 0; i < tasks->len; i++)
    tend_task_cancel (g_ptr_array_index (tasks, i));
}

static void
tend_task_manager_dispose (GObject *object)
{
  TendTaskManager *self = TEND_TASK_MANAGER (object);
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  /* Its tasks can only be cancelled in its own thread: the last reference goes there. */
  if (!tend_loop_is_mine (priv->loop))
    {
      priv->homeless = g_object_ref (self);
      tend_loop_send (priv->loop, &priv->home);
      return;
    }

  /* What ends now, or is freed, may call those who would register once more. */
  priv->state = TEND_MANAGER_SHUT_DOWN;
  abandon_tasks (self);
  tend_manager_shutdown_clear (self);

  G_OBJECT_CLASS (tend_task_manager_parent_class)->dispose (object);
}

static void
tend_task_manager_finalize (GObject *object)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (TEND_TASK_MANAGER (object));

  g_sequence_free (priv->entries);
  g_hash_table_unref (priv->names);
  g_ptr_array_unref (priv->waits);
  g_ptr_array_unref (priv->shutdown_waits);
  g_ptr_array_unref (priv->shutdown_errors);
  tend_loop_release (priv->loop);

  G_OBJECT_CLASS (tend_task_manager_parent_class)->finalize (object);
}

static void
tend_task_manager_get_property (GObject    *object,
                                guint       prop_id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  TendTaskManager *self = TEND_TASK_MANAGER (object);

  switch ((TendTaskManagerProperty) prop_id)
    {
    case PROP_MAX_RUNNING:
      g_value_set_uint (value, tend_task_manager_get_max_running (self));
      break;
    case PROP_GRACE_PERIOD:
      g_value_set_int64 (value, tend_task_manager_get_grace_period (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
tend_task_manager_set_property (GObject      *object,
                                guint         prop_id,
                                const GValue *value,
                                GParamSpec   *pspec)
{
  TendTaskManager *self = TEND_TASK_MANAGER (object);

  switch ((TendTaskManagerProperty) prop_id)
    {
    case PROP_MAX_RUNNING:
      tend_task_manager_set_max_running (self, g_value_get_uint (value));
      break;
    case PROP_GRACE_PERIOD:
      tend_task_manager_set_grace_period (self, g_value_get_int64 (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
tend_task_manager_class_init (TendTaskManagerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = tend_task_manager_dispose;
  object_class->finalize = tend_task_manager_finalize;
  object_class->get_property = tend_task_manager_get_property;
  object_class->set_property = tend_task_manager_set_property;

  /**
   * TendTaskManager:max-running:
   *
   * How many tasks run at once; 0 is no limit.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_RUNNING] =
    g_param_spec_uint ("max-running", NULL, NULL, 0, G_MAXUINT, 0,
                       G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * TendTaskManager:grace-period:
   *
   * How long a shutdown waits before it stops what has not ended, in microseconds.
   *
   * Since: 0.1
   */
  properties[PROP_GRACE_PERIOD] =
    g_param_spec_int64 ("grace-period", NULL, NULL, 0, G_MAXINT64, DEFAULT_GRACE_PERIOD,
                        G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPERTIES, properties);

  /**
   * TendTaskManager::task-failed:
   * @self: a manager
   * @task: the task
   * @error: its error
   *
   * A task has failed.
   *
   * Emitted once per failed task, before those who wait for it are told.
   *
   * Since: 0.1
   */
  signals[SIGNAL_TASK_FAILED] =
    g_signal_new ("task-failed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                  G_STRUCT_OFFSET (TendTaskManagerClass, task_failed), NULL, NULL, NULL,
                  G_TYPE_NONE, 2, TEND_TYPE_TASK, G_TYPE_ERROR);
}

static void
tend_task_manager_init (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  priv->loop = tend_loop_acquire (NULL, G_PRIORITY_DEFAULT);
  priv->names = g_hash_table_new (g_str_hash, g_str_equal);
  priv->entries = g_sequence_new (NULL);
  priv->waits = g_ptr_array_new_with_free_func ((GDestroyNotify) tend_manager_wait_free);
  priv->shutdown_waits = g_ptr_array_new_with_free_func ((GDestroyNotify) tend_manager_wait_free);
  priv->shutdown_errors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);
  priv->grace_period = DEFAULT_GRACE_PERIOD;
  tend_queue_init (&priv->waiting);
  tend_queue_init (&priv->leaving);
  tend_job_init (&priv->home, come_home_cb);
  tend_manager_shutdown_init (self);
}

/**
 * tend_task_manager_new:
 *
 * Makes a manager.
 *
 * Returns: (transfer full): the manager, for the thread-default main context
 *
 * Since: 0.1
 */
TendTaskManager *
tend_task_manager_new (void)
{
  return g_object_new (TEND_TYPE_TASK_MANAGER, NULL);
}
