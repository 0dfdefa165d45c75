// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The shutdown of a manager, step by step: cancel every task, and shut the child managers down; wait until each is
// finished, but no longer than the grace period; stop and name those that are left; run all shutdown tasks, each for no
// longer than that period; notify those who wait.
//
//   OPEN, CLOSED ---- begin_drain() ----> DRAINING --- the last task and the last child have ended ---> RUNNING_TASKS
//     | begin()                              | begin()
//     +--------------------------------------+
//     |
//   ENDING_TASKS ------ the grace period is over: ------> ENDING_CHILDREN
//     |                 grace_over_cb() stops the rest      |
//     | the last task and the last child have ended         | the last child has ended
//     +--------------------------+--------------------------+
//                                | tend_manager_shutdown_check()
//   RUNNING_TASKS <--------------+
//     | tend_manager_run_next_cb(), once for each, and then tend_manager_shutdown_finish()
//   SHUT_DOWN <---- from any state: tend_manager_shutdown_force(), when the owner or the manager goes
//     | end_again(), when something is left that drains
//   CLOSED
//
// A manager that is down may have a rest: threads that go on after they were stopped, child managers that have some,
// and all that an owner's end has left. Its parent keeps it for so long, and a shutdown or a drain of the parent ends
// it once more, without shutdown tasks: it waits for the rest, and names whoever is late. If the owner has gone, a
// shutdown of the manager itself does so too, once.
//
// Whoever asks for the shutdown comes in by shut_down(). Whatever ends calls tend_manager_shutdown_check(). A step is a
// job of the loop or comes from the end of a task, and never runs inside the call that begins the shutdown: the job is
// shutdown_step, and its function is the next step. To end a task, or to tell somebody who waits, may run user code,
// which may end the manager: each function holds what it needs after such a call.
//
// RUNNING_TASKS and what follows is in manager-shutdown-tasks.c. Tasks that wait for the shutdown themselves are in
// manager-shutdown-callers.c. Ownership: the loop thread's.

#include "tend-manager-private.h"
#include "tend-manager-shutdown-private.h"
#include "tend-manager-wait-private.h"

static void end_manager (TendTaskManager  *self,
                         GTask            *result,
                         TendTask         *caller,
                         TendManagerState  state);

/* --- The child managers --- */

/* A manager that is down, and has a rest, is to be ended once more; what was told of its end is not told again. */
static void
end_again (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  priv->is_bereft = FALSE;
  if (priv->state != TEND_MANAGER_SHUT_DOWN || !tend_manager_has_rest (self))
    return;

  priv->state = TEND_MANAGER_CLOSED;
  g_ptr_array_unref (priv->shutdown_errors);
  priv->shutdown_errors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);
}

static void end_child (TendTaskManager *self,
                       TendTaskManager *child,
                       TendFlatFunc     func);
static void shut_child_down_cb (gpointer data);
static void drain_child_cb (gpointer data);

static void
child_done_cb (GObject      *source_object,
               GAsyncResult *result,
               gpointer      user_data)
{
  TendTaskManager *child = TEND_TASK_MANAGER (source_object);
  g_autoptr(TendTaskManager) self = user_data;
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  g_autoptr(GError) error = NULL;
  gboolean is_drained;

  if (!tend_task_manager_shutdown_finish (child, result, &error))
    {
      g_autoptr(GPtrArray) errors = tend_error_list (error);

      for (guint i = 0; i < errors->len; i++)
        g_ptr_array_add (priv->shutdown_errors, g_error_copy (g_ptr_array_index (errors, i)));
    }

  /* A drain waits for all. A shutdown waits for what is left where an owner has gone meanwhile. */
  is_drained = priv->state == TEND_MANAGER_DRAINING;
  if ((is_drained || (priv->state == TEND_MANAGER_ENDING_TASKS && tend_manager_get_private (child)->is_bereft)) &&
      tend_manager_has_rest (child))
    {
      end_child (self, child, is_drained ? drain_child_cb : shut_child_down_cb);
      return;
    }

  priv->n_ending--;
  tend_manager_changed (priv);
  tend_manager_shutdown_check (self);
}

/* These take the result, whose source is the child manager. */
static void
shut_child_down_cb (gpointer data)
{
  GTask *result = data;

  end_again (g_task_get_source_object (result));
  end_manager (g_task_get_source_object (result), result, NULL, TEND_MANAGER_ENDING_TASKS);
}

static void
drain_child_cb (gpointer data)
{
  GTask *result = data;

  end_again (g_task_get_source_object (result));
  end_manager (g_task_get_source_object (result), result, NULL, TEND_MANAGER_DRAINING);
}

/* Has @func, one of these two, end @child. */
static void
end_child (TendTaskManager *self,
           TendTaskManager *child,
           TendFlatFunc     func)
{
  GTask *result = g_task_new (child, NULL, child_done_cb, g_object_ref (self));

  /* A plain GTask: no gate bars this callback. */
  g_task_set_source_tag (result, tend_task_manager_shutdown_async);
  tend_call_flat (func, result, 0);
}

/* Has @func, one of these two, end each of @children, and waits for it. */
static void
end_children (TendTaskManager *self,
              GPtrArray       *children,
              TendFlatFunc     func)
{
  tend_manager_get_private (self)->n_ending = children->len;
  for (guint i = 0; i < children->len; i++)
    end_child (self, g_ptr_array_index (children, i), func);
}

/* --- The end of the tasks --- */

static GError *
new_straggler (TendTaskManagerPrivate *priv,
               TendEntry              *entry)
{
  gint64 now = tend_loop_now (priv->loop);

  return tend_task_new_error (entry->task, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                              _("stopped: it is %.3f s old and %s, and did not end within %.3f s"),
                              (double) (now - entry->registered) / G_TIME_SPAN_SECOND,
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

  /* From here on the shutdown waits for children, and for no task. */
  priv->state = TEND_MANAGER_ENDING_CHILDREN;
  tend_manager_changed (priv);

  for (TendEntry *entry = NULL; (entry = tend_entry_list_next (&priv->entries, entry)) != NULL;)
    {
      if (tend_manager_is_caller (priv, entry->task))
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

/* The grace period of a manager above is over, and that ends the one of this manager. Takes the reference to it. */
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

  if (priv->state == TEND_MANAGER_SHUT_DOWN)
    {
      tend_manager_leave_when_done (self);
      return;
    }
  if (priv->n_ending > 0)
    return;

  if (priv->state == TEND_MANAGER_ENDING_CHILDREN ||
      ((priv->state == TEND_MANAGER_ENDING_TASKS || priv->state == TEND_MANAGER_DRAINING) &&
       tend_manager_has_only_callers (priv)))
    {
      priv->state = TEND_MANAGER_RUNNING_TASKS;
      tend_manager_changed (priv);
      tend_manager_set_step (self, tend_manager_run_next_cb, 0);
    }
}

/* The owner or the manager goes: no further shutdown task runs, and those who wait for the shutdown get an error. */
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

  /* User code that runs from here on finds the manager shut down, and can add nothing to it. */
  priv->state = TEND_MANAGER_SHUT_DOWN;
  priv->was_down = TRUE;
  tend_manager_changed (priv);
  never_run = priv->shutdown_tasks;
  g_queue_init (&priv->shutdown_tasks);

  if (priv->shutting_down != NULL)
    {
      g_ptr_array_add (priv->shutdown_errors,
                       g_error_new (TEND_ERROR, TEND_ERROR_STOPPED,
                                    _("Manager: it, or its owner, was disposed of during the shutdown")));
      tend_manager_shutdown_finish (self);
    }
  tend_manager_leave_when_done (self);
  g_queue_clear_full (&never_run, g_object_unref);

  if (running != NULL)
    {
      tend_task_stop (running);
      tend_task_unwind (running);
    }
}

static void begin (TendTaskManager *self);

/* The shutdown of a manager above has begun, and this one is drained. Takes the reference to it. */
static void
shut_drained_down_cb (gpointer data)
{
  g_autoptr(TendTaskManager) self = data;

  if (tend_manager_get_private (self)->state < TEND_MANAGER_ENDING_TASKS)
    {
      begin (self);
      tend_manager_shutdown_check (self);
    }
}

/* Begins the shutdown. Where the manager drains already, its children do, and it waits for them. */
static void
begin (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  gboolean was_draining = priv->state == TEND_MANAGER_DRAINING;
  g_autoptr(GPtrArray) children = was_draining ? g_steal_pointer (&priv->drained) : tend_manager_copy_children (self);

  priv->state = TEND_MANAGER_ENDING_TASKS;

  tend_manager_changed (priv);
  if (!was_draining)
    priv->shutting_down = g_object_ref (self);
  priv->shutdown_began = tend_loop_now (priv->loop);

  tend_manager_set_step (self, grace_over_cb, MAX (1, priv->grace_period));
  if (!was_draining)
    end_children (self, children, shut_child_down_cb);
  for (guint i = 0; was_draining && i < children->len; i++)
    tend_call_flat (shut_drained_down_cb, g_object_ref (g_ptr_array_index (children, i)), 0);
  tend_manager_cancel_entries (self, tend_manager_is_caller);
  tend_manager_end_pause (self);
}

static void
begin_drain (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  g_autoptr(GPtrArray) children = tend_manager_copy_children (self);

  tend_manager_close (self);
  priv->state = TEND_MANAGER_DRAINING;
  tend_manager_changed (priv);
  priv->shutting_down = g_object_ref (self);
  priv->drained = g_ptr_array_ref (children);
  end_children (self, children, drain_child_cb);
  tend_manager_end_pause (self);
}

/*
 * Begins the shutdown or the drain, as @state says, or joins what has begun, or gives its result if it is over; takes
 * @result. A shutdown overtakes a drain. @caller is the task that waits.
 * It is NULL where the parent waits: the task that has called waits for the parent then.
 *
 * The task @caller may belong to a manager below. That manager would cancel it if it were freed after its own shutdown,
 * and so the wait holds that manager.
 *
 * To cancel tasks runs user code, which may drop the last reference to the manager, or run the loop until the shutdown
 * is over.
 */
static void
end_manager (TendTaskManager  *self,
             GTask            *result,
             TendTask         *caller,
             TendManagerState  state)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  g_autoptr(TendTaskManager) manager = NULL;

  g_object_ref (self);
  if (priv->is_bereft)
    end_again (self);
  if (priv->state == TEND_MANAGER_SHUT_DOWN)
    {
      tend_manager_shutdown_return (priv->shutdown_errors, result);
      g_object_unref (result);
    }
  else if (caller != NULL && tend_manager_find_ending (self, caller) != NULL)
    {
      g_task_return_new_error (result, TEND_ERROR, TEND_ERROR_STATE,
                               "A shutdown task cannot wait for the shutdown that waits for it");
      g_object_unref (result);
    }
  else
    {
      TendManagerWait *wait = tend_manager_wait_new (self, priv->shutdown_waits, result, NULL);

      tend_manager_changed (priv);
      g_set_object (&wait->caller, caller);
      if (caller != NULL && g_set_object (&manager, tend_manager_find_within (self, caller)))
        {
          g_task_set_task_data (result, g_object_ref (manager), g_object_unref);
          if (tend_task_end_runs (caller))
            tend_task_cancel (caller);
        }
    }

  if (priv->state < state)
    (state == TEND_MANAGER_DRAINING ? begin_drain : begin) (self);

  /* The manager that has the caller, however far below, may have waited for nothing else. */
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
 * Tells whether the shutdown has begun, or the owner is gone.
 *
 * A drain begins the shutdown when every task is finished; see [method@Tend.TaskManager.is_closed] for whether new
 * tasks are refused.
 *
 * Returns: %TRUE from the beginning of the shutdown on
 *
 * Since: 0.1
 */
gboolean
tend_task_manager_is_shut_down (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), FALSE);

  priv = tend_manager_get_private (self);

  return priv->state >= TEND_MANAGER_ENDING_TASKS || priv->was_down || tend_manager_is_bereaved (priv);
}

/* Shuts the manager down for the current task; takes @result, to be given to tend_task_manager_shutdown_finish(). */
void
tend_manager_shut_down (TendTaskManager *self,
                        GTask           *result)
{
  g_task_set_source_tag (result, tend_task_manager_shutdown_async);
  end_manager (self, result, tend_task_get_current (), TEND_MANAGER_ENDING_TASKS);
}

/* The same of a drain: takes @result, which the caller has given its tag. */
void
tend_manager_drain (TendTaskManager *self,
                    GTask           *result)
{
  end_manager (self, result, tend_task_get_current (), TEND_MANAGER_DRAINING);
}

/**
 * tend_task_manager_shutdown_async:
 * @self: a manager
 * @cancellable: (nullable): ends the wait when it is cancelled; the shutdown goes on
 * @callback: (nullable) (scope async) (closure user_data): called at the end
 * @user_data: data for @callback
 *
 * Shuts the manager down, in bounded time.
 *
 * New tasks are refused from now on. Every task is cancelled, and the shutdown waits until it is finished. Tasks that
 * are not finished after [property@Tend.TaskManager:grace-period] are stopped, and the error names them with their age
 * and status. Child managers are shut down in the same time, and their errors are part of the error. Then the shutdown
 * tasks run.
 *
 * The shutdown keeps the manager alive. A second call joins the first one. A manager that drains is shut down now, and
 * so are the child managers that it drains. The task that begins the shutdown is not cancelled. The shutdown neither
 * waits for nor stops tasks of the manager, or of a child manager, that wait for the shutdown: they should return when
 * it is over. One with an interval is cancelled when its run is over. A shutdown task of these managers cannot wait for
 * the shutdown, and gets `TEND_ERROR_STATE`; the shutdown begins all the same.
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
 * @result: the result that @callback was given
 * @error: return location for an error
 *
 * Finishes the operation of [method@Tend.TaskManager.shutdown_async].
 *
 * Returns: %TRUE if every task was finished in time and every shutdown task completed; %FALSE with @error set if not:
 *   the errors of the shutdown tasks and of the child managers, `G_IO_ERROR_TIMED_OUT` for each task that was stopped,
 *   and `TEND_ERROR_STOPPED` if the owner was disposed of meanwhile. Several errors come as one, see
 *   [func@Tend.Error.list]. `G_IO_ERROR_CANCELLED` if the wait was cancelled, and `TEND_ERROR_STATE` in a shutdown task
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
 * Shuts the manager down, and waits for it in a fiber.
 *
 * It does what [method@Tend.TaskManager.shutdown_async] does. If the calling task was cancelled before and is not
 * shielded, the shutdown begins all the same, and only the wait fails.
 *
 * Returns: %TRUE, or %FALSE with an error as [method@Tend.TaskManager.shutdown_finish] sets it, `G_IO_ERROR_CANCELLED`
 *   or `TEND_ERROR_STOPPED` if the calling task was cancelled or ended, and `TEND_ERROR_NO_FIBER` outside a fiber
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

  /* The wait holds the manager, but only until it is over. */
  kept = g_object_ref (self);
  if (tend_manager_wait_in_fiber (self, tend_manager_get_private (self)->loop, G_STRFUNC,
                                  (TendManagerBegin) tend_task_manager_shutdown_async,
                                  (TendManagerFinish) tend_task_manager_shutdown_finish, error))
    return TRUE;

  /* A task that was cancelled cannot wait, but its clean-up must not leave the manager open. */
  if (tend_is_on_fiber () && tend_manager_get_private (self)->state < TEND_MANAGER_ENDING_TASKS)
    tend_task_manager_shutdown_async (self, NULL, NULL, NULL);

  return FALSE;
}
