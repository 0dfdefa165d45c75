// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Waiting for the tasks of a manager, by callback and in a fiber.

#include "tend-manager-private.h"

#include "tend-fiber.h"

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
  g_clear_pointer (&wait->excused, g_hash_table_unref);
  g_clear_object (&wait->caller);
  g_object_unref (wait->result);
  g_object_unref (wait->manager);
  g_free (wait);
}

/* The task waits no longer, and does something else: those that wait for tasks wait for it again. */
static void
stop_excusing (GPtrArray *waits,
               TendTask  *task)
{
  for (guint i = 0; i < waits->len; i++)
    {
      if (((TendManagerWait *) g_ptr_array_index (waits, i))->caller == task)
        return;
    }

  for (guint i = 0; i < waits->len; i++)
    {
      TendManagerWait *wait = g_ptr_array_index (waits, i);

      if (wait->excused != NULL && g_hash_table_remove (wait->excused, task))
        wait->n_left++;
    }
}

static gboolean
wait_cancelled_cb (GCancellable *cancellable,
                   gpointer      user_data)
{
  TendManagerWait *wait = user_data;
  TendTaskManagerPrivate *priv = tend_manager_get_private (wait->manager);
  guint i;

  if (g_ptr_array_find (priv->waits, wait, &i))
    {
      tend_manager_wait_take (priv->waits, i);
      stop_excusing (priv->waits, wait->caller);
    }
  else if (g_ptr_array_find (priv->shutdown_waits, wait, &i))
    tend_manager_wait_take (priv->shutdown_waits, i);

  g_task_return_error_if_cancelled (wait->result);
  tend_manager_wait_free (wait);

  return G_SOURCE_REMOVE;
}

/* The wait is over since the last one that it was for waits as well. */
static void
wait_over_cb (TendJob *job)
{
  TendManagerWait *wait = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendManagerWait, job));

  g_task_return_boolean (wait->result, TRUE);
  tend_manager_wait_free (wait);
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
  if (wait->caller != NULL)
    g_object_ref (wait->caller);
  tend_job_init (&wait->job, wait_over_cb);
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
 * goes on outside of the context, for which virtual time stands still. The caller holds @self, since
 * the fiber may stand still before anything is begun.
 */
gboolean
tend_manager_wait_in_fiber (gpointer           self,
                            TendLoop          *loop,
                            const char        *func,
                            TendManagerBegin   begin,
                            TendManagerFinish  finish,
                            GError           **error)
{
  TendJob *wake = tend_begin_wait (func, error);
  FiberWait *wait;
  gboolean ok = TRUE;

  if (wake == NULL)
    return FALSE;

  if (!tend_loop_is_mine (loop))
    {
      g_set_error (error, TEND_TASK_ERROR, TEND_TASK_ERROR_WRONG_THREAD,
                   "%s(): the object belongs to the main context of another thread", func);
      return FALSE;
    }

  wait = g_new0 (FiberWait, 1);
  wait->loop = tend_task_loop (tend_task_get_current ());
  tend_queue_init (&wait->fiber);
  begin (self, tend_current_cancellable (), fiber_wait_cb, wait);

  /* Whoever was told of what began may have run the loop until the result was there. */
  if (wait->result == NULL)
    {
      tend_queue_push (&wait->fiber, wake);
      ok = tend_wait (error);
    }
  if (wait->result == NULL)
    {
      wait->is_left = TRUE;
      return FALSE;
    }

  ok = ok && finish (self, wait->result, error);
  fiber_wait_free (wait);

  return ok;
}

/* --- Callbacks that may be barred --- */

typedef struct
{
  TendGate            *gate;
  GAsyncReadyCallback  callback;
  gpointer             user_data;
} Gated;

static void
gated_cb (GObject      *source_object,
          GAsyncResult *result,
          gpointer      user_data)
{
  Gated *self = user_data;

  if (!tend_gate_is_closed (self->gate))
    self->callback (source_object, result, self->user_data);
  tend_gate_unref (self->gate);
  g_free (self);
}

/*
 * The result of a wait that @self offers to a program. Its callback goes through the gate of the calling task, or
 * outside of tasks through @gate, if there is one; but a fiber's must come, which frees what it waits with.
 */
GTask *
tend_manager_new_result (gpointer             self,
                         TendGate            *gate,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data,
                         gpointer             tag)
{
  TendTask *caller = tend_task_get_current ();
  GTask *result;

  if (tend_task_loop (caller) != NULL)
    gate = tend_task_get_callback_gate (caller, callback);

  if (gate != NULL && callback != NULL && callback != fiber_wait_cb)
    {
      Gated *gated = g_new (Gated, 1);

      gated->gate = tend_gate_ref (gate);
      gated->callback = callback;
      gated->user_data = user_data;
      callback = gated_cb;
      user_data = gated;
    }

  result = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (result, tag);

  return result;
}

/* --- Waiting for the tasks --- */

/* Whether @wait is for @entry's task. */
static gboolean
is_for (TendManagerWait *wait,
        TendEntry       *entry)
{
  return entry->serial <= wait->last_serial && entry->task != wait->caller &&
         (wait->excused == NULL || !g_hash_table_contains (wait->excused, entry->task));
}

static void
excuse (TendManagerWait *wait,
        TendTask        *task)
{
  if (wait->excused == NULL)
    wait->excused = g_hash_table_new (NULL, NULL);
  g_hash_table_add (wait->excused, task);
}

/* Counts the entry off the waits that are for it, and takes out those that are over by that. */
GPtrArray *
tend_manager_count_off (TendTaskManagerPrivate *priv,
                        TendEntry              *entry)
{
  GPtrArray *over = NULL;

  for (guint i = 0; i < priv->waits->len;)
    {
      TendManagerWait *wait = g_ptr_array_index (priv->waits, i);

      if (!is_for (wait, entry))
        {
          /* Another task may come to stand at that address. */
          if (wait->excused != NULL)
            g_hash_table_remove (wait->excused, entry->task);
          i++;
          continue;
        }

      if (--wait->n_left > 0)
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

/* The manager goes, although they hold it, and hears no more of its tasks: tells those who wait for them. */
void
tend_manager_give_up_waits (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  while (priv->waits->len > 0)
    {
      TendManagerWait *wait = tend_manager_wait_take (priv->waits, 0);

      g_task_return_new_error (wait->result, TEND_TASK_ERROR, TEND_TASK_ERROR_STOPPED,
                               "The manager was disposed of");
      tend_manager_wait_free (wait);
    }
}

/*
 * Excuses a task of the manager, which is about to wait for the others, from being waited for by those
 * of them that wait as well: else they would wait for one another for ever.
 */
static void
excuse_caller (TendTaskManager *self,
               TendEntry       *caller)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  for (guint i = 0; i < priv->waits->len;)
    {
      TendManagerWait *wait = g_ptr_array_index (priv->waits, i);

      if (!is_for (wait, caller) || tend_manager_find_entry (self, wait->caller) == NULL)
        {
          i++;
          continue;
        }

      excuse (wait, caller->task);
      if (--wait->n_left > 0)
        i++;
      else
        tend_loop_queue_micro (priv->loop, &tend_manager_wait_take (priv->waits, i)->job);
    }
}

/* Has the new wait of a task of the manager leave out those that wait already. */
static void
excuse_callers (TendTaskManager *self,
                TendManagerWait *wait)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  for (guint i = 0; i < priv->waits->len; i++)
    {
      TendManagerWait *other = g_ptr_array_index (priv->waits, i);
      TendEntry *entry = other != wait ? tend_manager_find_entry (self, other->caller) : NULL;

      if (entry != NULL && is_for (wait, entry))
        {
          excuse (wait, entry->task);
          wait->n_left--;
        }
    }
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
 * Tasks that are registered meanwhile are not waited for, and neither is the task that calls. Tasks of
 * the manager that wait for its tasks do not wait for one another. Tasks of child managers are not
 * waited for.
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
  TendEntry *caller;

  g_return_if_fail (TEND_IS_TASK_MANAGER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (!tend_manager_check_thread (self, G_STRFUNC))
    return;

  priv = tend_manager_get_private (self);
  caller = tend_manager_find_entry (self, tend_task_get_current ());
  wait = tend_manager_wait_new (self, priv->waits,
                                tend_manager_new_result (self, priv->gate, cancellable, callback, user_data,
                                                         tend_task_manager_wait_for_tasks_async));
  wait->last_serial = priv->serial;
  wait->n_left = priv->entries.n_items - (caller != NULL);

  if (caller != NULL)
    {
      excuse_callers (self, wait);
      excuse_caller (self, caller);
    }

  if (wait->n_left == 0)
    {
      tend_manager_wait_take (priv->waits, priv->waits->len - 1);
      g_task_return_boolean (wait->result, TRUE);
      tend_manager_wait_free (wait);
    }
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
 *   given up, and `TEND_TASK_ERROR_STOPPED` if somebody has disposed of the manager
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
  g_autoptr(TendTaskManager) kept = NULL;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  kept = g_object_ref (self);
  return tend_manager_wait_in_fiber (self, tend_manager_get_private (self)->loop, G_STRFUNC,
                                     (TendManagerBegin) tend_task_manager_wait_for_tasks_async,
                                     (TendManagerFinish) tend_task_manager_wait_for_tasks_finish, error);
}
