// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The end of all caches at once, and the manager of the tasks that belong to them.
//
// The request cache and its manager end each other, whichever ends first: the first shutdown task of the manager drops
// the caches. Ownership: the loop thread's.

#include "tend-request-cache-private.h"

#include "tend-manager-shutdown-private.h"
#include "tend-manager-wait-private.h"

/* Drops every cache. Its tasks end with @reason, or are cancelled if that is NULL. @is_told: "dropped" is emitted. */
void
tend_request_cache_drop_all (TendRequestCache *self,
                             const GError     *reason,
                             gboolean          is_told)
{
  g_autoptr(GPtrArray) caches = tend_request_cache_release_all (self);

  tend_request_cache_changed (self);
  for (guint i = 0; i < caches->len; i++)
    tend_number_cache_drop (g_ptr_array_index (caches, i), reason, is_told);

  if (self->is_shut_down)
    tend_request_cache_cancel_waiters (self);
}

typedef struct
{
  TendRequestCache *request_cache;
  gboolean          is_end;
  const GError     *reason;         /* NULL: cancel */
} Drop;

/* Code that is notified of the tasks' ends runs on the native stack. */
static void
drop_native_cb (gpointer data)
{
  Drop *drop = data;

  g_object_ref (drop->request_cache);
  drop->request_cache->is_shut_down |= drop->is_end;
  tend_request_cache_drop_all (drop->request_cache, drop->reason, TRUE);
  g_object_unref (drop->request_cache);
}

/**
 * tend_request_cache_clear:
 * @self: a request cache
 *
 * Drops every cache.
 *
 * The caches do not time out. [signal@Tend.NumberCache::dropped] is emitted for each, and then its tasks are
 * cancelled. Tasks of [method@Tend.RequestCache.wait_for] go on
 * waiting.
 *
 * Since: 0.1
 */
void
tend_request_cache_clear (TendRequestCache *self)
{
  Drop drop = { self, FALSE, NULL };

  g_return_if_fail (TEND_IS_REQUEST_CACHE (self));

  if (tend_request_cache_check_thread (self, G_STRFUNC))
    tend_call_native (drop_native_cb, &drop);
}

/**
 * tend_request_cache_clear_with_error:
 * @self: a request cache
 * @reason: the error of the tasks that wait for the answers
 *
 * Drops every cache, and lets the tasks of the caches fail with an error.
 *
 * Use it if you know that no answer comes, for example because the connection is lost. The values and errors that the
 * tasks were added with do not count. In everything else it behaves as [method@Tend.RequestCache.clear].
 *
 * Since: 0.1
 */
void
tend_request_cache_clear_with_error (TendRequestCache *self,
                                     const GError     *reason)
{
  g_autoptr(GError) kept = NULL;
  Drop drop = { self, FALSE, NULL };

  g_return_if_fail (TEND_IS_REQUEST_CACHE (self));
  g_return_if_fail (reason != NULL);

  if (!tend_request_cache_check_thread (self, G_STRFUNC))
    return;

  /* Those who hear of it may free the caller's, and copying it may run code that drops the request cache. */
  g_object_ref (self);
  kept = g_error_copy (reason);
  drop.reason = kept;
  tend_call_native (drop_native_cb, &drop);
  g_object_unref (self);
}

/**
 * tend_request_cache_is_shut_down:
 * @self: a request cache
 *
 * Checks whether the shutdown has begun.
 *
 * Returns: %TRUE if the request cache refuses new caches
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
      tend_request_cache_drop_all (self, NULL, TRUE);
    }

  return TRUE;
}

/* Releases the manager, which may live on. */
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
 * Gets the manager for the tasks that belong to the requests, such as tasks that send a request again.
 *
 * It is shut down together with the request cache. If the manager is shut down alone, the request cache is shut down
 * when the manager's tasks have ended. After the request cache was shut down, the manager refuses new tasks.
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
 * @cancellable: (nullable): ends the wait when it is cancelled; the shutdown goes on
 * @callback: (nullable) (scope async) (closure user_data): called at the end
 * @user_data: data for @callback
 *
 * Shuts the request cache down, in bounded time.
 *
 * Before this returns, new caches are refused, all caches are dropped, and their tasks and those of
 * [method@Tend.RequestCache.wait_for] are cancelled. `timed-out` is not emitted. Then the manager is shut down: see
 * [method@Tend.TaskManager.shutdown_async].
 *
 * Since: 0.1
 */
void
tend_request_cache_shutdown_async (TendRequestCache    *self,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data)
{
  Drop drop = { self, TRUE, NULL };
  GTask *task;

  g_return_if_fail (TEND_IS_REQUEST_CACHE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (!tend_request_cache_check_thread (self, G_STRFUNC))
    return;

  task = tend_manager_new_result (self, NULL, cancellable, callback, user_data, tend_request_cache_shutdown_async);
  tend_call_native (drop_native_cb, &drop);

  /* The manager's callback has to come, even if the callback of the user is barred. */
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
 * @result: the result that @callback was given
 * @error: return location for an error
 *
 * Finishes the operation of [method@Tend.RequestCache.shutdown_async].
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
 * Shuts the request cache down, and waits for it in a fiber.
 *
 * It does what [method@Tend.RequestCache.shutdown_async] does.
 *
 * Returns: %TRUE, or %FALSE with an error as [method@Tend.RequestCache.shutdown_finish] sets it, `TEND_ERROR_STOPPED`
 *   if the calling task ended, and `TEND_ERROR_NO_FIBER` outside a fiber
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
 * @tag: the secret that came
 * @other: the secret that was expected
 *
 * Compares two secrets in a time that does not reveal where they differ.
 *
 * Use it if a request carries a secret of its own that the answer must repeat. The time reveals only the lengths of the
 * secrets.
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
