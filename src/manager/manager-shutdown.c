// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The shutdown of a manager, step by step: cancel every task, and shut the child managers down; wait for
// the real end of each, but no longer than the grace period; stop and name those that are left; run
// the shutdown tasks, all of them, each for no longer than that period; tell those who wait.
//
// Each step is a job of the loop or comes from the end of a task, and so never runs inside the call
// that begins the shutdown. Ownership: the loop thread's.

#include "tend-manager-private.h"

static void shut_down (TendTaskManager *self,
                       GTask           *result,
                       TendTask        *caller);

static void
return_result (TendTaskManagerPrivate *priv,
               GTask              *result)
{
  if (priv->shutdown_errors->len == 0)
    g_task_return_boolean (result, TRUE);
  else if (priv->shutdown_errors->len == 1)
    g_task_return_error (result, g_error_copy (g_ptr_array_index (priv->shutdown_errors, 0)));
  else
    g_task_return_error (result, tend_error_new_several (priv->shutdown_errors));
}

/* The last step: tells those who wait what came of it. */
void
tend_manager_shutdown_finish (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  TendTaskManager *held = g_steal_pointer (&priv->shutting_down);

  /* Whoever is told may dispose of the owner, and must find that there is nothing left to end. */
  priv->state = TEND_MANAGER_SHUT_DOWN;
  tend_manager_leave_parent (self);
  while (priv->shutdown_waits->len > 0)
    {
      TendManagerWait *wait = tend_manager_wait_take (priv->shutdown_waits, 0);

      return_result (priv, wait->result);
      tend_manager_wait_free (wait);
    }

  g_object_unref (held);
}

/* --- The child managers --- */

static void
child_done_cb (GObject      *source_object,
               GAsyncResult *result,
               gpointer      user_data)
{
  TendTaskManager *child = TEND_TASK_MANAGER (source_object);
  g_autoptr(TendTaskManager) self = user_data;
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  g_autoptr(GError) error = NULL;

  if (!tend_task_manager_shutdown_finish (child, result, &error))
    {
      g_autoptr(GPtrArray) errors = tend_task_error_list (error);

      for (guint i = 0; i < errors->len; i++)
        g_ptr_array_add (priv->shutdown_errors, g_error_copy (g_ptr_array_index (errors, i)));
    }

  priv->n_ending--;
  tend_manager_shutdown_check (self);
}

/* Takes the result, whose source is the child manager. */
static void
shut_child_down_cb (gpointer data)
{
  GTask *result = data;

  shut_down (g_task_get_source_object (result), result, NULL);
}

static void
shut_children_down (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  g_autoptr(GPtrArray) children = tend_manager_copy_children (self);

  priv->n_ending = children->len;
  for (guint i = 0; i < children->len; i++)
    {
      GTask *result = g_task_new (g_ptr_array_index (children, i), NULL, child_done_cb, g_object_ref (self));

      /* Nothing keeps this callback from being called. */
      g_task_set_source_tag (result, tend_task_manager_shutdown_async);
      tend_call_flat (shut_child_down_cb, result, 0);
    }
}

/* --- The end of the tasks --- */

static gboolean
is_waiting (GPtrArray *waits,
            TendTask  *task)
{
  for (guint i = 0; i < waits->len; i++)
    {
      if (((TendManagerWait *) g_ptr_array_index (waits, i))->caller == task)
        return TRUE;
    }

  return FALSE;
}

/* Whether @task waits for the shutdown, or that of a manager above, which then cannot wait for it. */
static gboolean
is_caller (TendTaskManagerPrivate *priv,
           TendTask               *task)
{
  while (!is_waiting (priv->shutdown_waits, task))
    {
      if (priv->parent == NULL)
        return FALSE;
      priv = tend_manager_get_private (priv->parent);
    }

  return TRUE;
}

/*
 * Whether no task is left but those that wait. This is asked at the end of each of them, and the list
 * has holes where they were: it is only looked through when the callers could be all that is left.
 */
static gboolean
is_empty (TendTaskManagerPrivate *priv)
{
  guint n_callers = priv->shutdown_waits->len;

  if (priv->entries.n_items == 0)
    return TRUE;

  for (TendTaskManager *m = priv->parent; m != NULL; m = tend_manager_get_private (m)->parent)
    n_callers += tend_manager_get_private (m)->shutdown_waits->len;
  if (priv->entries.n_items > n_callers)
    return FALSE;

  for (TendEntry *entry = NULL; (entry = tend_entry_list_next (&priv->entries, entry)) != NULL;)
    {
      if (!is_caller (priv, entry->task))
        return FALSE;
    }

  return TRUE;
}

static GError *
new_straggler (TendTaskManagerPrivate *priv,
               TendEntry              *entry)
{
  g_autofree char *task = tend_task_to_string (entry->task);
  gint64 now = tend_loop_now (priv->loop);

  return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                      "%s was stopped: it is %.3f s old and %s, and did not end within %.3f s",
                      task, (double) (now - entry->registered) / G_TIME_SPAN_SECOND,
                      tend_task_status_to_string (tend_task_status (entry->task)),
                      (double) (now - priv->shutdown_began) / G_TIME_SPAN_SECOND);
}

static void end_grace_cb (gpointer data);

/* The grace period is over: names whoever is left, and stops them. */
static void
grace_over_cb (TendJob *job)
{
  TendTaskManager *self = tend_manager_of_step (job);
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  g_autoptr(GPtrArray) tasks = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GPtrArray) children = tend_manager_copy_children (self);

  /* From here on the ends of tasks do not move the shutdown on. */
  priv->state = TEND_MANAGER_ENDING_CHILDREN;

  for (TendEntry *entry = NULL; (entry = tend_entry_list_next (&priv->entries, entry)) != NULL;)
    {
      if (is_caller (priv, entry->task))
        continue;

      g_ptr_array_add (priv->shutdown_errors, new_straggler (priv, entry));
      g_ptr_array_add (tasks, g_object_ref (entry->task));
    }

  g_object_ref (self);
  for (guint i = 0; i < tasks->len; i++)
    tend_task_stop (g_ptr_array_index (tasks, i));

  for (guint i = 0; i < children->len; i++)
    tend_call_flat (end_grace_cb, g_object_ref (g_ptr_array_index (children, i)), 0);
  tend_manager_shutdown_check (self);
  g_object_unref (self);
}

/* The grace period of a manager above is over, and so is this one's. Takes the reference to the manager. */
static void
end_grace_cb (gpointer data)
{
  g_autoptr(TendTaskManager) self = data;
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  if (priv->state == TEND_MANAGER_ENDING_TASKS)
    {
      tend_loop_remove (priv->loop, &priv->shutdown_step);
      grace_over_cb (&priv->shutdown_step);
    }
}

/* A task has been released, or a child manager is down: perhaps it was the last. */
void
tend_manager_shutdown_check (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  if (priv->n_ending > 0)
    return;

  if (priv->state == TEND_MANAGER_ENDING_CHILDREN ||
      (priv->state == TEND_MANAGER_ENDING_TASKS && is_empty (priv)))
    {
      priv->state = TEND_MANAGER_RUNNING_TASKS;
      tend_manager_set_step (self, tend_manager_run_next_cb, 0);
    }
}

/* The owner or the manager goes: the shutdown tasks never run, and whoever waits for the shutdown is told. */
void
tend_manager_shutdown_force (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  TendTask *task = g_queue_peek_head (&priv->shutdown_tasks);
  g_autoptr(TendTask) running = NULL;
  GQueue never_run;

  if (priv->state == TEND_MANAGER_RUNNING_TASKS && task != NULL && tend_task_status (task) != TEND_TASK_STATUS_CREATED)
    {
      tend_task_remove_observer (task, &priv->shutdown_observer);
      running = g_object_ref (task);
    }
  tend_loop_remove (priv->loop, &priv->shutdown_step);

  /* Whoever hears of anything from here on finds the manager shut down, and can add nothing to it. */
  priv->state = TEND_MANAGER_SHUT_DOWN;
  never_run = priv->shutdown_tasks;
  g_queue_init (&priv->shutdown_tasks);

  if (priv->shutting_down != NULL)
    {
      g_ptr_array_add (priv->shutdown_errors,
                       g_error_new (TEND_TASK_ERROR, TEND_TASK_ERROR_STOPPED,
                                    "The manager, or its owner, was disposed of during the shutdown"));
      tend_manager_shutdown_finish (self);
    }
  tend_manager_leave_parent (self);
  g_queue_clear_full (&never_run, g_object_unref);

  if (running != NULL)
    {
      tend_task_stop (running);
      tend_task_unwind (running);
    }
}

/* Whether @other is @self or below it. */
static gboolean
is_within (TendTaskManager *self,
           TendTaskManager *other)
{
  while (other != NULL && other != self)
    other = tend_manager_get_private (other)->parent;

  return other != NULL;
}

/* Whether @task is the shutdown task that runs in the manager or in one below, which waits for it. */
static gboolean
is_shutdown_task (TendTaskManager *self,
                  TendTask        *task)
{
  for (TendObserver *o = tend_task_observers (task); o != NULL; o = o->next)
    {
      TendTaskManagerPrivate *priv = G_STRUCT_MEMBER_P (o, -(glong) G_STRUCT_OFFSET (TendTaskManagerPrivate, shutdown_observer));

      if (o->klass == &tend_shutdown_observer && is_within (self, priv->shutting_down))
        return TRUE;
    }

  return FALSE;
}

/* The manager of @task, if it is @self or one below. */
static TendTaskManager *
find_manager (TendTaskManager *self,
              TendTask        *task)
{
  TendTaskManager *manager = tend_manager_of_task (task);

  return manager != NULL && is_within (self, manager) ? manager : NULL;
}

static void
begin (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  priv->state = TEND_MANAGER_ENDING_TASKS;
  priv->shutting_down = g_object_ref (self);
  priv->shutdown_began = tend_loop_now (priv->loop);

  tend_manager_set_step (self, grace_over_cb, MAX (1, priv->grace_period));
  shut_children_down (self);
  tend_manager_cancel_entries (self, tend_task_get_current ());
}

/*
 * Begins the shutdown, or joins it, or gives what came of it, for the task @caller; takes @result. NULL
 * is the parent: the task that has called waits for that alone. A manager below, which has the task,
 * would cancel it if it went when it is down: it stays for the wait.
 *
 * The tasks that are cancelled call user code, which may drop the last reference to the manager, and run
 * the loop until the shutdown is over.
 */
static void
shut_down (TendTaskManager *self,
           GTask           *result,
           TendTask        *caller)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  g_autoptr(TendTaskManager) manager = NULL;

  g_object_ref (self);
  if (priv->state == TEND_MANAGER_SHUT_DOWN)
    {
      return_result (priv, result);
      g_object_unref (result);
    }
  else if (caller != NULL && is_shutdown_task (self, caller))
    {
      g_task_return_new_error (result, TEND_TASK_ERROR, TEND_TASK_ERROR_STATE,
                               "A shutdown task cannot wait for the shutdown that waits for it");
      g_object_unref (result);
    }
  else
    {
      TendManagerWait *wait = tend_manager_wait_new (self, priv->shutdown_waits, result);

      g_set_object (&wait->caller, caller);
      if (caller != NULL && g_set_object (&manager, find_manager (self, caller)))
        g_task_set_task_data (result, g_object_ref (manager), g_object_unref);
    }

  if (priv->state == TEND_MANAGER_OPEN)
    begin (self);

  /* The caller may be what the manager waits for that has it, however far below. */
  if (manager != NULL)
    tend_manager_shutdown_check (manager);
  tend_manager_shutdown_check (self);
  g_object_unref (self);
}

void
tend_manager_shutdown_init (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  g_queue_init (&priv->shutdown_tasks);
  tend_job_init (&priv->shutdown_step, grace_over_cb);
  priv->shutdown_observer.klass = &tend_shutdown_observer;
}

/**
 * tend_task_manager_is_shut_down:
 * @self: a manager
 *
 * Tells whether the shutdown has begun.
 *
 * Returns: %TRUE if the manager takes no new tasks
 *
 * Since: 0.1
 */
gboolean
tend_task_manager_is_shut_down (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), FALSE);

  priv = tend_manager_get_private (self);

  return priv->state != TEND_MANAGER_OPEN || tend_manager_is_bereaved (priv);
}

/* As the current task; takes @result, which tend_task_manager_shutdown_finish() is for. */
void
tend_manager_shut_down (TendTaskManager *self,
                        GTask           *result)
{
  g_task_set_source_tag (result, tend_task_manager_shutdown_async);
  shut_down (self, result, tend_task_get_current ());
}

/**
 * tend_task_manager_shutdown_async:
 * @self: a manager
 * @cancellable: (nullable): gives up waiting; the shutdown goes on
 * @callback: (nullable) (scope async) (closure user_data): what to call at the end
 * @user_data: data for @callback
 *
 * Ends every task, and then the manager, in bounded time.
 *
 * From now on no task can be registered. Every task is cancelled, and its real end is waited for.
 * Those that have not ended after [property@Tend.TaskManager:grace-period] are stopped, and named in
 * the error with their age and status. Child managers are shut down in the same time, and their
 * errors are among those of this one. Then the shutdown tasks run.
 *
 * The shutdown keeps the manager alive. A second call joins the first. The task that begins it is
 * not cancelled, and no task of the manager or of one below that waits for the shutdown is waited for
 * or stopped: it should end by itself. A shutdown task of these managers cannot wait for it, and gets
 * `TEND_TASK_ERROR_STATE`; the shutdown begins all the same.
 *
 * Since: 0.1
 */
void
tend_task_manager_shutdown_async (TendTaskManager     *self,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data)
{
  g_return_if_fail (TEND_IS_TASK_MANAGER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (tend_manager_check_thread (self, G_STRFUNC))
    tend_manager_shut_down (self, tend_manager_new_result (self, tend_manager_get_private (self)->gate, cancellable,
                                                           callback, user_data, NULL));
}

/**
 * tend_task_manager_shutdown_finish:
 * @self: a manager
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Finishes a shutdown that [method@Tend.TaskManager.shutdown_async] began.
 *
 * Returns: %TRUE if every task ended in time and every shutdown task completed; %FALSE with @error
 *   set if not: the errors of the shutdown tasks and of the child managers, `G_IO_ERROR_TIMED_OUT` for
 *   each task that had to be stopped, and `TEND_TASK_ERROR_STOPPED` if the owner went meanwhile.
 *   Several of them come as one, see [func@Tend.TaskError.list]. `G_IO_ERROR_CANCELLED` if the wait was
 *   given up, and `TEND_TASK_ERROR_STATE` in a shutdown task
 *
 * Since: 0.1
 */
gboolean
tend_task_manager_shutdown_finish (TendTaskManager  *self,
                                   GAsyncResult     *result,
                                   GError          **error)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, tend_task_manager_shutdown_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * tend_task_manager_shutdown: (skip)
 * @self: a manager
 * @error: return location for an error
 *
 * Shuts the manager down in a fiber, as [method@Tend.TaskManager.shutdown_async] does.
 *
 * A task that was cancelled before cannot wait unless it is shielded: then the shutdown begins all the
 * same, and only the wait fails.
 *
 * Returns: %TRUE, or %FALSE with an error as [method@Tend.TaskManager.shutdown_finish] gives it,
 *   `G_IO_ERROR_CANCELLED` or `TEND_TASK_ERROR_STOPPED` if the calling task was cancelled or ended, and
 *   `TEND_TASK_ERROR_NO_FIBER` outside a fiber
 *
 * Since: 0.1
 */
gboolean
tend_task_manager_shutdown (TendTaskManager  *self,
                            GError          **error)
{
  g_autoptr(TendTaskManager) kept = NULL;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  /* What the fiber waits for keeps the manager no longer than that lasts. */
  kept = g_object_ref (self);
  if (tend_manager_wait_in_fiber (self, tend_manager_get_private (self)->loop, G_STRFUNC,
                                  (TendManagerBegin) tend_task_manager_shutdown_async,
                                  (TendManagerFinish) tend_task_manager_shutdown_finish, error))
    return TRUE;

  /* Whoever is cancelled and cleans up must not leave the manager open. */
  if (tend_is_on_fiber () && tend_manager_get_private (self)->state == TEND_MANAGER_OPEN)
    tend_task_manager_shutdown_async (self, NULL, NULL, NULL);

  return FALSE;
}
