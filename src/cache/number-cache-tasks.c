// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The tasks of a cache: they get their values or errors when it times out, and are cancelled when it goes in any other
// way. Ownership: that of the cache.

#include "tend-number-cache-private.h"

typedef struct
{
  TendTask    *task;        /* a reference */
  TendOutcome  outcome;     /* its outcome at the timeout; no value if there is neither */
  gboolean     is_due;      /* the current timeout completes it */
} ManagedTask;

static void
managed_free (ManagedTask *managed)
{
  g_object_unref (managed->task);
  tend_outcome_clear (&managed->outcome);
  g_free (managed);
}

/* Whether the task is completed from outside: a body that returns completes it itself, and the main part never ends. */
static gboolean
check_settable (TendTask  *task,
                GError   **error)
{
  if (tend_task_loop (task) != NULL && (tend_task_body (task) == NULL || !tend_task_body (task)->returns))
    return TRUE;

  tend_task_set_error (task, error, TEND_ERROR, TEND_ERROR_STATE,
                       tend_task_loop (task) == NULL ? _("never ends, and cannot be given a result") :
                       _("ends when its body returns, and cannot be given a result"));
  return FALSE;
}

/* The first of the tasks, or NULL. */
static GList *
peek_tasks (TendNumberCache *self)
{
  GQueue *tasks = tend_number_cache_get_private (self)->tasks;

  return tasks != NULL ? tasks->head : NULL;
}

/*
 * Adds @task with @outcome. Takes that and references to both: to copy it has called others, who may drop them, and so
 * all else is decided here. At the end, so that they are settled in the order in which they were added.
 */
static gboolean
add (TendNumberCache  *self,
     TendTask         *task,
     TendOutcome       outcome,
     const char       *func,
     GError          **error)
{
  TendNumberCachePrivate *priv = tend_number_cache_get_private (self);
  G_GNUC_UNUSED g_autoptr(TendNumberCache) kept = self;
  g_autoptr(TendTask) kept_task = task;
  ManagedTask *managed;

  if (!tend_number_cache_check_thread (self, func) || !check_settable (task, error))
    {
      tend_outcome_clear (&outcome);
      return FALSE;
    }

  if (priv->tasks == NULL)
    priv->tasks = g_queue_new ();

  managed = g_new0 (ManagedTask, 1);
  managed->task = g_steal_pointer (&kept_task);
  managed->outcome = outcome;
  g_queue_push_tail (priv->tasks, managed);

  return TRUE;
}

/* Whether the body of @task runs and can be given a result: not if it has not begun, or waits for its interval. */
static gboolean
is_answerable (TendTask *task)
{
  return !tend_loop_is_mine (tend_task_loop (task)) || (tend_task_is_active (task) && !tend_task_has_returned (task));
}

static void
settle (ManagedTask *managed)
{
  TendTask *task = managed->task;

  /* Another thread may have completed it, and that may be on its way: the first outcome counts. */
  if (tend_task_body (task) == NULL)
    {
      if (tend_task_try_return (task, &managed->outcome))
        managed->outcome = (TendOutcome) { G_VALUE_INIT, NULL };
    }
  else if (!is_answerable (task))
    tend_task_cancel (task);
  else
    {
      /* Copying the value may run user code, which ends the task. */
      tend_task_return_outcome (task, &managed->outcome);
      managed->outcome = (TendOutcome) { G_VALUE_INIT, NULL };
    }
}

/* The timeout completes the tasks that there are now: not those that a handler adds for the next time. */
void
tend_number_cache_mark_due (TendNumberCache *self)
{
  for (GList *l = peek_tasks (self); l != NULL; l = l->next)
    ((ManagedTask *) l->data)->is_due = TRUE;
}

/* Takes out the first of the tasks that were marked and are still there: they are before all that were added since. */
static ManagedTask *
take_due (TendNumberCache *self)
{
  GList *first = peek_tasks (self);

  if (first == NULL || !((ManagedTask *) first->data)->is_due)
    return NULL;

  return g_queue_pop_head (tend_number_cache_get_private (self)->tasks);
}

/* Completes the tasks that were marked and are still there. */
void
tend_number_cache_settle_due (TendNumberCache *self)
{
  ManagedTask *managed;

  while ((managed = take_due (self)) != NULL)
    {
      settle (managed);
      managed_free (managed);
    }
}

/* Ends those tasks with @reason instead of their own values and errors, or cancels them if that is NULL. */
void
tend_number_cache_drop_due (TendNumberCache *self,
                            const GError    *reason)
{
  ManagedTask *managed;

  while ((managed = take_due (self)) != NULL)
    {
      if (reason == NULL)
        tend_task_cancel (managed->task);
      else
        {
          tend_outcome_clear (&managed->outcome);
          managed->outcome = (TendOutcome) { G_VALUE_INIT, g_error_copy (reason) };
          settle (managed);
        }
      managed_free (managed);
    }
}

/* Cancels the tasks that the cache has. */
void
tend_number_cache_cancel_tasks (TendNumberCache *self)
{
  GQueue *cancelled = g_steal_pointer (&tend_number_cache_get_private (self)->tasks);
  ManagedTask *managed;

  if (cancelled == NULL)
    return;

  while ((managed = g_queue_pop_head (cancelled)) != NULL)
    {
      tend_task_cancel (managed->task);
      managed_free (managed);
    }
  g_queue_free (cancelled);
}

/* Leaves the tasks alone. */
void
tend_number_cache_forget_tasks (TendNumberCache *self)
{
  GQueue *tasks = g_steal_pointer (&tend_number_cache_get_private (self)->tasks);

  if (tasks != NULL)
    g_queue_free_full (tasks, (GDestroyNotify) managed_free);
}

/* --- Public --- */

/**
 * tend_number_cache_add_task:
 * @self: a cache
 * @task: a task that is completed from outside, such as that of a [class@Tend.Completion]
 * @value: (nullable): the result of @task if the cache times out, or %NULL for none
 * @error: return location for an error
 *
 * Adds a task that the cache ends when it times out or is dropped.
 *
 * If the cache times out, [signal@Tend.NumberCache::timed-out] is emitted first, and its handlers may still list and
 * remove @task. Then @task completes with @value, if it has not ended. If the cache goes in any other way, @task is
 * cancelled: when the request cache is cleared, shut down or freed, when it refuses the cache, or when the cache is
 * freed without having been popped. [method@Tend.RequestCache.clear_with_error] lets it fail instead. After
 * [method@Tend.RequestCache.pop] the task is yours.
 *
 * A task whose body does not run when the cache times out, because it was not started or waits for its interval, cannot
 * get a result: it is cancelled as well.
 *
 * Returns: %TRUE, or %FALSE with `TEND_ERROR_STATE` if @task ends when its body returns, or never ends
 *
 * Since: 0.1
 */
gboolean
tend_number_cache_add_task (TendNumberCache  *self,
                            TendTask         *task,
                            const GValue     *value,
                            GError          **error)
{
  TendOutcome outcome = { G_VALUE_INIT, NULL };

  g_return_val_if_fail (TEND_IS_NUMBER_CACHE (self), FALSE);
  g_return_val_if_fail (TEND_IS_TASK (task), FALSE);
  g_return_val_if_fail (value == NULL || G_IS_VALUE (value), FALSE);

  g_object_ref (self);
  g_object_ref (task);
  tend_outcome_copy_value (&outcome, value);

  return add (self, task, outcome, G_STRFUNC, error);
}

/**
 * tend_number_cache_add_task_with_error:
 * @self: a cache
 * @task: a task that is completed from outside, such as that of a [class@Tend.Completion]
 * @reason: the error of @task if the cache times out
 * @error: return location for an error
 *
 * Adds a task that fails with an error when the cache times out.
 *
 * In everything else it behaves as [method@Tend.NumberCache.add_task].
 *
 * Returns: %TRUE, or %FALSE with `TEND_ERROR_STATE` if @task ends when its body returns, or never ends
 *
 * Since: 0.1
 */
gboolean
tend_number_cache_add_task_with_error (TendNumberCache  *self,
                                       TendTask         *task,
                                       const GError     *reason,
                                       GError          **error)
{
  g_return_val_if_fail (TEND_IS_NUMBER_CACHE (self), FALSE);
  g_return_val_if_fail (TEND_IS_TASK (task), FALSE);
  g_return_val_if_fail (reason != NULL, FALSE);

  g_object_ref (self);
  g_object_ref (task);

  return add (self, task, (TendOutcome) { G_VALUE_INIT, g_error_copy (reason) }, G_STRFUNC, error);
}

/**
 * tend_number_cache_remove_task:
 * @self: a cache
 * @task: a task
 *
 * Removes a task from the cache, and leaves the task alone.
 *
 * Returns: %TRUE if the cache had it
 *
 * Since: 0.1
 */
gboolean
tend_number_cache_remove_task (TendNumberCache *self,
                               TendTask        *task)
{
  g_return_val_if_fail (TEND_IS_NUMBER_CACHE (self), FALSE);
  g_return_val_if_fail (TEND_IS_TASK (task), FALSE);

  if (!tend_number_cache_check_thread (self, G_STRFUNC))
    return FALSE;

  for (GList *l = peek_tasks (self); l != NULL; l = l->next)
    {
      ManagedTask *managed = l->data;

      if (managed->task == task)
        {
          g_queue_delete_link (tend_number_cache_get_private (self)->tasks, l);
          managed_free (managed);
          return TRUE;
        }
    }

  return FALSE;
}

/**
 * tend_number_cache_list_tasks:
 * @self: a cache
 *
 * Lists the tasks of the cache, in the order in which they were added.
 *
 * Returns: (transfer container) (element-type TendTask): the tasks, to which the list holds references
 *
 * Since: 0.1
 */
GPtrArray *
tend_number_cache_list_tasks (TendNumberCache *self)
{
  GPtrArray *tasks;

  g_return_val_if_fail (TEND_IS_NUMBER_CACHE (self), NULL);

  tasks = g_ptr_array_new_with_free_func (g_object_unref);
  if (!tend_number_cache_check_thread (self, G_STRFUNC))
    return tasks;

  for (GList *l = peek_tasks (self); l != NULL; l = l->next)
    g_ptr_array_add (tasks, g_object_ref (((ManagedTask *) l->data)->task));

  return tasks;
}
