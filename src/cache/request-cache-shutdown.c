// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The end of the caches, all at once, and the manager of what belongs to them.
//
// Whoever ends first, the request cache or its manager, ends the other: the first shutdown task of the
// manager drops the caches. Ownership: the loop thread's.

#include "tend-request-cache-private.h"

#include "tend-manager-shutdown-private.h"
#include "tend-manager-wait-private.h"

/* Drops every cache, and cancels its tasks. */
void
tend_request_cache_drop_all (TendRequestCache *self)
{
  g_autoptr(GPtrArray) caches = tend_request_cache_release_all (self);

  tend_request_cache_changed (self);
  for (guint i = 0; i < caches->len; i++)
    tend_number_cache_cancel_tasks (g_ptr_array_index (caches, i));

  if (self->is_shut_down)
    tend_request_cache_cancel_waiters (self);
}

typedef struct
{
  TendRequestCache *request_cache;
  gboolean          is_end;
} Drop;

/* Those who are told of the tasks' ends are on the native stack. */
static void
drop_native_cb (gpointer data)
{
  Drop *drop = data;

  g_object_ref (drop->request_cache);
  drop->request_cache->is_shut_down |= drop->is_end;
  tend_request_cache_drop_all (drop->request_cache);
  g_object_unref (drop->request_cache);
}

/**
 * tend_request_cache_clear:
 * @self: a request cache
 *
 * Drops every cache.
 *
 * They do not time out, and their tasks are cancelled. Those who wait for caches to come wait on.
 *
 * Since: 0.1
 */
void
tend_request_cache_clear (TendRequestCache *self)
{
  Drop drop = { self, FALSE };

  g_return_if_fail (TEND_IS_REQUEST_CACHE (self));

  if (tend_request_cache_check_thread (self, G_STRFUNC))
    tend_call_native (drop_native_cb, &drop);
}

/**
 * tend_request_cache_is_shut_down:
 * @self: a request cache
 *
 * Tells whether the shutdown has begun.
 *
 * Returns: %TRUE if no caches are taken any more
 *
 * Since: 0.1
 */
gboolean
tend_request_cache_is_shut_down (TendRequestCache *self)
{
  g_return_val_if_fail (TEND_IS_REQUEST_CACHE (self), FALSE);

  return self->is_shut_down;
}

/* --- The manager --- */

/*
 * What the shutdown task of the manager has of the request cache, which lets go of it when it is disposed of. Both are
 * the loop thread's, and a GWeakRef would take a reference under a lock of GLib's: see manager-owner.c.
 */
struct _TendRequestCacheLink
{
  guint             ref_count;
  TendRequestCache *request_cache;  /* not a reference; NULL once it is disposed of */
};

static void
link_unref (gpointer data)
{
  TendRequestCacheLink *link = data;

  if (--link->ref_count == 0)
    g_free (link);
}

static gboolean
manager_ends_cb (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  TendRequestCacheLink *link = user_data;
  g_autoptr(TendRequestCache) self = link->request_cache != NULL ? g_object_ref (link->request_cache) : NULL;

  if (self != NULL)
    {
      self->is_shut_down = TRUE;
      tend_request_cache_drop_all (self);
    }

  return TRUE;
}

/* Lets go of the manager, which may live on. */
void
tend_request_cache_leave_manager (TendRequestCache *self)
{
  if (self->link != NULL)
    self->link->request_cache = NULL;
  g_clear_pointer (&self->link, link_unref);
  g_clear_object (&self->manager);
}

/**
 * tend_request_cache_get_manager:
 * @self: a request cache
 *
 * Gets the manager of the tasks that belong to the requests, such as those that send them again.
 *
 * It is shut down with the request cache, and so are the caches if it is shut down alone: when its tasks
 * have ended. Of a request cache that is shut down it takes no tasks.
 *
 * Returns: (transfer none): the manager
 *
 * Since: 0.1
 */
TendTaskManager *
tend_request_cache_get_manager (TendRequestCache *self)
{
  GMainContext *context;
  TendTask *task;

  g_return_val_if_fail (TEND_IS_REQUEST_CACHE (self), NULL);

  context = tend_loop_get_context (self->loop);
  if (!tend_request_cache_check_thread (self, G_STRFUNC) || self->manager != NULL)
    return self->manager;

  self->link = g_new (TendRequestCacheLink, 1);
  *self->link = (TendRequestCacheLink) { .ref_count = 2, .request_cache = self };

  /* Another context of this thread may be the default just now. */
  g_main_context_push_thread_default (context);
  task = tend_task_new ("drop the caches", manager_ends_cb, self->link, link_unref);
  self->manager = tend_task_manager_new ();
  g_main_context_pop_thread_default (context);
  tend_task_manager_add_shutdown_task (self->manager, task, NULL);

  /* There was none when the request cache was shut down: nothing may begin in it any more. */
  if (self->is_shut_down)
    tend_task_manager_shutdown_async (self->manager, NULL, NULL, NULL);

  return self->manager;
}

/* --- The shutdown --- */

static void
manager_down_cb (GObject      *source_object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;

  if (tend_task_manager_shutdown_finish (TEND_TASK_MANAGER (source_object), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/**
 * tend_request_cache_shutdown_async:
 * @self: a request cache
 * @cancellable: (nullable): gives up waiting; the shutdown goes on
 * @callback: (nullable) (scope async) (closure user_data): what to call at the end
 * @user_data: data for @callback
 *
 * Ends the request cache: no new caches, those that there are dropped before this returns and their tasks
 * cancelled, as are those who wait for caches. Then the manager is shut down, in bounded time: see
 * [method@Tend.TaskManager.shutdown_async].
 *
 * No cache times out by that.
 *
 * Since: 0.1
 */
void
tend_request_cache_shutdown_async (TendRequestCache    *self,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data)
{
  Drop drop = { self, TRUE };
  GTask *task;

  g_return_if_fail (TEND_IS_REQUEST_CACHE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (!tend_request_cache_check_thread (self, G_STRFUNC))
    return;

  task = tend_manager_new_result (self, NULL, cancellable, callback, user_data, tend_request_cache_shutdown_async);
  tend_call_native (drop_native_cb, &drop);

  /* What the manager tells us has to come, whatever bars the callback. */
  if (self->manager != NULL)
    tend_manager_shut_down (self->manager, g_task_new (self->manager, cancellable, manager_down_cb, task));
  else
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
    }
}

/**
 * tend_request_cache_shutdown_finish:
 * @self: a request cache
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Finishes a shutdown that [method@Tend.RequestCache.shutdown_async] began.
 *
 * Returns: %TRUE, or %FALSE with an error of the manager's shutdown, or `G_IO_ERROR_CANCELLED`
 *
 * Since: 0.1
 */
gboolean
tend_request_cache_shutdown_finish (TendRequestCache  *self,
                                    GAsyncResult      *result,
                                    GError           **error)
{
  g_return_val_if_fail (TEND_IS_REQUEST_CACHE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, tend_request_cache_shutdown_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * tend_request_cache_shutdown: (skip)
 * @self: a request cache
 * @error: return location for an error
 *
 * Shuts the request cache down in a fiber, as [method@Tend.RequestCache.shutdown_async] does.
 *
 * Returns: %TRUE, or %FALSE with an error as [method@Tend.RequestCache.shutdown_finish] gives it,
 *   `TEND_ERROR_STOPPED` if the calling task ended, and `TEND_ERROR_NO_FIBER` outside a fiber
 *
 * Since: 0.1
 */
gboolean
tend_request_cache_shutdown (TendRequestCache  *self,
                             GError           **error)
{
  g_autoptr(TendRequestCache) kept = NULL;

  g_return_val_if_fail (TEND_IS_REQUEST_CACHE (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  kept = g_object_ref (self);
  return tend_manager_wait_in_fiber (self, self->loop, G_STRFUNC,
                                     (TendManagerBegin) tend_request_cache_shutdown_async,
                                     (TendManagerFinish) tend_request_cache_shutdown_finish, error);
}

/* --- Tags --- */

/**
 * tend_tag_equal:
 * @tag: what came
 * @other: what it should be
 *
 * Compares two secrets in a time that does not tell where they differ.
 *
 * For a request that carries a secret of its own, which the answer must repeat. Only their lengths can be
 * told from the time.
 *
 * Returns: %TRUE if they are the same
 *
 * Since: 0.1
 */
gboolean
tend_tag_equal (GBytes *tag,
                GBytes *other)
{
  gsize size, other_size;
  const volatile guint8 *bytes, *others;
  guint8 difference = 0;

  g_return_val_if_fail (tag != NULL, FALSE);
  g_return_val_if_fail (other != NULL, FALSE);

  bytes = g_bytes_get_data (tag, &size);
  others = g_bytes_get_data (other, &other_size);
  if (size != other_size)
    return FALSE;

  for (gsize i = 0; i < size; i++)
    difference |= bytes[i] ^ others[i];

  return difference == 0;
}
