// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the end of a manager waits for, to be shown while it goes on: a list of the tasks, their ages, and when those
// that are left are stopped.
//
// The list is made when somebody asks for it, and from then on the job that notifies of the properties compares it with
// what there is: once in a turn in which anything has changed, here or in a manager below. It takes time in proportion
// to all tasks that are awaited. Each manager below knows that there is a list above, and else does nothing.
//
// The manager holds the list. A list that outlives its manager is empty. Ownership: the loop thread's.

#include "tend-manager-private.h"
#include "tend-manager-shutdown-private.h"

#define TEND_TYPE_AWAITED (tend_awaited_get_type ())
G_DECLARE_FINAL_TYPE (TendAwaited, tend_awaited, TEND, AWAITED, GObject)

struct _TendAwaited
{
  GObject    parent_instance;
  TendLoop  *loop;          /* constant; a use of it */
  GPtrArray *tasks;         /* of TendTask; references */
  gboolean   is_updating;   /* those who hear of the changes may run the loop */
  gboolean   is_outdated;   /* it changed meanwhile */
};

static void tend_awaited_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TendAwaited, tend_awaited, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, tend_awaited_list_model_init))

static GType
tend_awaited_get_item_type (GListModel *model)
{
  return TEND_TYPE_TASK;
}

static guint
tend_awaited_get_n_items (GListModel *model)
{
  return TEND_AWAITED (model)->tasks->len;
}

static gpointer
tend_awaited_get_item (GListModel *model,
                       guint       position)
{
  TendAwaited *self = TEND_AWAITED (model);

  if (!tend_loop_is_mine (self->loop))
    {
      g_critical ("%s(): the list belongs to the main context of another thread", G_STRFUNC);
      return NULL;
    }

  return position < self->tasks->len ? g_object_ref (g_ptr_array_index (self->tasks, position)) : NULL;
}

static void
tend_awaited_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = tend_awaited_get_item_type;
  iface->get_n_items = tend_awaited_get_n_items;
  iface->get_item = tend_awaited_get_item;
}

static void
tend_awaited_finalize (GObject *object)
{
  TendAwaited *self = TEND_AWAITED (object);

  g_ptr_array_unref (self->tasks);
  tend_loop_release (self->loop);

  G_OBJECT_CLASS (tend_awaited_parent_class)->finalize (object);
}

static void
tend_awaited_class_init (TendAwaitedClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = tend_awaited_finalize;
}

static void
tend_awaited_init (TendAwaited *self)
{
  self->tasks = g_ptr_array_new_with_free_func (g_object_unref);
}

/* --- What is awaited --- */

/* Whether the manager waits for its own tasks, or for a shutdown task. */
static gboolean
is_ending (TendTaskManagerPrivate *priv)
{
  return priv->state > TEND_MANAGER_CLOSED && priv->state < TEND_MANAGER_SHUT_DOWN;
}

static void
add_awaited (TendTaskManagerPrivate *priv,
             GPtrArray              *tasks)
{
  TendTask *task = g_queue_peek_head (&priv->shutdown_tasks);

  if (priv->state == TEND_MANAGER_RUNNING_TASKS && task != NULL && tend_task_status (task) != TEND_TASK_STATUS_CREATED)
    g_ptr_array_add (tasks, g_object_ref (task));
  if (priv->state != TEND_MANAGER_DRAINING && priv->state != TEND_MANAGER_ENDING_TASKS)
    return;

  for (TendEntry *entry = NULL; (entry = tend_entry_list_next (&priv->entries, entry)) != NULL;)
    {
      if (!tend_manager_is_caller (priv, entry->task))
        g_ptr_array_add (tasks, g_object_ref (entry->task));
    }
}

/* The tasks that the end of the manager waits for, with those of the managers below; none while there is no end. */
static GPtrArray *
find_awaited (TendTaskManager *self)
{
  GPtrArray *tasks = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GPtrArray) family = NULL;

  if (!is_ending (tend_manager_get_private (self)))
    return tasks;

  family = tend_manager_copy_family (self);
  for (guint i = 0; i < family->len; i++)
    add_awaited (tend_manager_get_private (g_ptr_array_index (family, i)), tasks);

  return tasks;
}

/* --- The list --- */

/* Takes out what is not in @tasks any more, each row of neighbours at once. */
static void
remove_old (TendAwaited *self,
            GPtrArray   *tasks)
{
  g_autoptr(GHashTable) kept = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < tasks->len; i++)
    g_hash_table_add (kept, g_ptr_array_index (tasks, i));

  for (guint end = self->tasks->len; end > 0; end--)
    {
      guint begin = end;

      while (begin > 0 && !g_hash_table_contains (kept, g_ptr_array_index (self->tasks, begin - 1)))
        begin--;
      if (begin == end)
        continue;

      g_ptr_array_remove_range (self->tasks, begin, end - begin);
      g_list_model_items_changed (G_LIST_MODEL (self), begin, end - begin, 0);
      if (begin == 0)
        return;
      end = begin;
    }
}

/* What is new comes behind, most times; whatever stands behind it is put in anew. */
static void
add_new (TendAwaited *self,
         GPtrArray   *tasks)
{
  guint n_kept = 0, n_removed;

  while (n_kept < self->tasks->len && n_kept < tasks->len &&
         g_ptr_array_index (self->tasks, n_kept) == g_ptr_array_index (tasks, n_kept))
    n_kept++;

  n_removed = self->tasks->len - n_kept;
  if (n_removed == 0 && n_kept == tasks->len)
    return;

  g_ptr_array_set_size (self->tasks, (int) n_kept);
  for (guint i = n_kept; i < tasks->len; i++)
    g_ptr_array_add (self->tasks, g_object_ref (g_ptr_array_index (tasks, i)));
  g_list_model_items_changed (G_LIST_MODEL (self), n_kept, n_removed, tasks->len - n_kept);
}

/* On the native stack: those who hear of it may do anything with the manager. */
static void
update (TendTaskManager *self)
{
  g_autoptr(TendAwaited) list = g_object_ref (TEND_AWAITED (tend_manager_get_private (self)->awaited));

  list->is_outdated = TRUE;
  if (list->is_updating)
    return;

  list->is_updating = TRUE;
  while (list->is_outdated)
    {
      g_autoptr(GPtrArray) tasks = find_awaited (self);

      list->is_outdated = FALSE;
      remove_old (list, tasks);
      add_new (list, tasks);
    }
  list->is_updating = FALSE;
}

/* Something has changed in the manager: updates its list, and the lists of those above. On the native stack. */
void
tend_manager_update_awaited (TendTaskManager *self)
{
  g_autoptr(TendTaskManager) manager = NULL;

  if (tend_manager_get_private (self)->is_watched)
    manager = g_object_ref (self);

  while (manager != NULL)
    {
      TendTaskManagerPrivate *priv = tend_manager_get_private (manager);
      TendTaskManager *parent;

      if (priv->awaited != NULL)
        update (manager);

      parent = priv->parent != NULL ? g_object_ref (priv->parent) : NULL;
      g_object_unref (manager);
      manager = parent;
    }
}

/**
 * tend_task_manager_get_awaited:
 * @self: a manager
 *
 * Gets a list of the tasks that the drain or the shutdown of the manager waits for.
 *
 * Use it to show what a program waits for before it ends. The list is empty while no end is under way. From the
 * beginning of a drain or a shutdown on, it contains each task that is not finished, except those that wait for this
 * end themselves, and the tasks of child managers after those of this one; then each shutdown task while it runs. A
 * task that was stopped at the end of the grace period is not in it any longer.
 *
 * It changes with the manager, at most once in a turn of the loop, so a task that is finished may still be in it for
 * the rest of a turn. Each call returns the same list. The list outlives the manager if somebody holds it, and is empty
 * then. Only for the owning thread.
 *
 * [property@Tend.TaskManager:grace-deadline] is when the tasks are stopped, and [method@Tend.TaskManager.get_age]
 * returns how old each one is.
 *
 * Returns: (transfer none): the list, of [class@Tend.Task]
 *
 * Since: 0.1
 */
GListModel *
tend_task_manager_get_awaited (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv;
  TendAwaited *list;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);

  priv = tend_manager_get_private (self);
  if (!tend_manager_check_thread (self, G_STRFUNC))
    return NULL;

  if (priv->awaited == NULL)
    {
      list = g_object_new (TEND_TYPE_AWAITED, NULL);
      list->loop = tend_loop_ref (priv->loop);
      g_ptr_array_unref (list->tasks);
      list->tasks = find_awaited (self);
      priv->awaited = G_LIST_MODEL (list);
      tend_manager_set_watched (self);
    }

  return priv->awaited;
}

/* The manager is disposed of, and awaits nothing any more. On the native stack. */
void
tend_manager_clear_awaited (TendTaskManager *self)
{
  if (tend_manager_get_private (self)->awaited != NULL)
    update (self);
}

/* --- The time --- */

/**
 * tend_task_manager_get_grace_deadline:
 * @self: a manager
 *
 * Gets when the tasks that the shutdown waits for are stopped.
 *
 * This is the end of the [property@Tend.TaskManager:grace-period], which begins with the shutdown, and again with each
 * shutdown task. When it has passed, the tasks have been stopped, and the shutdown may still wait for the shutdown
 * tasks of child managers. A child manager has a deadline of its own; that of a manager above it may be earlier.
 *
 * Returns: a point of [func@Tend.get_time]; %TEND_FOREVER if the manager is not shut down, is drained, or has a grace
 *   period of %TEND_FOREVER
 *
 * Since: 0.1
 */
gint64
tend_task_manager_get_grace_deadline (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), TEND_FOREVER);

  priv = tend_manager_get_private (self);

  return priv->state >= TEND_MANAGER_ENDING_TASKS && priv->state < TEND_MANAGER_SHUT_DOWN ? priv->grace_deadline
                                                                                          : TEND_FOREVER;
}

/* When @task came to @self or to a manager below, or began as a shutdown task of one; -1 if it did neither. */
static gint64
find_beginning (TendTaskManager *self,
                TendTask        *task)
{
  TendTaskManager *manager = tend_manager_find_within (self, task);

  if (manager != NULL)
    return tend_manager_find_entry (manager, task)->registered;

  manager = tend_manager_find_ending (self, task);

  return manager != NULL ? tend_manager_get_private (manager)->step_began : -1;
}

/**
 * tend_task_manager_get_age:
 * @self: a manager
 * @task: a task
 *
 * Gets how long the manager has had a task.
 *
 * The time counts from the registration of @task with @self or with a manager below, and with a shutdown task from the
 * moment at which its turn came.
 *
 * Returns: microseconds; -1 if none of these managers has @task, or if it is finished
 *
 * Since: 0.1
 */
gint64
tend_task_manager_get_age (TendTaskManager *self,
                           TendTask        *task)
{
  gint64 began;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), -1);
  g_return_val_if_fail (TEND_IS_TASK (task), -1);

  if (!tend_manager_check_thread (self, G_STRFUNC))
    return -1;

  began = find_beginning (self, task);

  return began >= 0 ? MAX (0, tend_loop_now (tend_manager_get_private (self)->loop) - began) : -1;
}
