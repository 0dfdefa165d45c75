// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Waiting for a cache that may be added later.
//
// A waiter is a task that the request cache completes. The table holds it until it has ended, however
// that comes: an observer of the task takes it out. Ownership: the loop thread's.

#include "tend-request-cache-private.h"

typedef struct
{
  guint64  number;      /* or the hash of the key */
  GBytes  *bytes;       /* the key; NULL: there is a number */
  char    *prefix;
} Key;

/* In the table for as long as it is there. */
typedef struct
{
  TendObserver      observer;       /* of its task */
  GList             link;           /* among those for the same number; its data is this */
  TendRequestCache *request_cache;  /* not a reference */
  TendTask         *task;           /* a reference */
  Key               key;
} Waiter;

static guint
key_hash (gconstpointer data)
{
  const Key *key = data;

  return g_str_hash (key->prefix) ^ g_int64_hash (&key->number);
}

static gboolean
key_equal (gconstpointer a,
           gconstpointer b)
{
  const Key *left = a, *right = b;

  if (left->number != right->number || !g_str_equal (left->prefix, right->prefix))
    return FALSE;

  return left->bytes == right->bytes ||
         (left->bytes != NULL && right->bytes != NULL && g_bytes_equal (left->bytes, right->bytes));
}

static Key
key_copy (const Key *key)
{
  return (Key) { key->number, key->bytes != NULL ? g_bytes_ref (key->bytes) : NULL, g_strdup (key->prefix) };
}

static void
key_clear (Key *key)
{
  g_clear_pointer (&key->bytes, g_bytes_unref);
  g_free (key->prefix);
}

static void
key_free (gpointer data)
{
  Key *key = data;

  key_clear (key);
  g_free (key);
}

/* Frees the waiter, which is out of its queue: returns its task, a reference. */
static TendTask *
waiter_free (Waiter *waiter)
{
  TendTask *task = waiter->task;

  tend_task_remove_observer (task, &waiter->observer);
  key_clear (&waiter->key);
  g_free (waiter);

  return task;
}

/* It has ended before a cache came. */
static void
waiter_ended (TendObserver *observer,
              TendTask     *task)
{
  Waiter *waiter = (Waiter *) observer;
  GHashTable *table = waiter->request_cache->waiters;
  GQueue *waiters = g_hash_table_lookup (table, &waiter->key);

  g_queue_unlink (waiters, &waiter->link);
  if (waiters->length == 0)
    g_hash_table_remove (table, &waiter->key);
  g_object_unref (waiter_free (waiter));
}

static const TendObserverClass waiter_observer = {
  .ended = waiter_ended,
};

/* @user_data prints the number. */
static gboolean
waiter_late_cb (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  tend_number_cache_set_error (user_data, error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("was not added in time"));
  return FALSE;
}

static void
add_waiter (TendRequestCache *self,
            Waiter           *waiter)
{
  GQueue *waiters;

  if (self->waiters == NULL)
    self->waiters = g_hash_table_new_full (key_hash, key_equal, key_free, g_free);

  waiters = g_hash_table_lookup (self->waiters, &waiter->key);
  if (waiters == NULL)
    {
      Key *key = g_new (Key, 1);

      *key = key_copy (&waiter->key);
      waiters = g_new0 (GQueue, 1);
      g_hash_table_insert (self->waiters, key, waiters);
    }
  g_queue_push_tail_link (waiters, &waiter->link);
}

/* Gives the references to the tasks of all these, which are in the table no more. */
static void
take_out (GQueue    *waiters,
          GPtrArray *tasks)
{
  GList *link;

  while ((link = g_queue_pop_head_link (waiters)) != NULL)
    g_ptr_array_add (tasks, waiter_free (link->data));
}

/* A cache was added for which some may wait. */
void
tend_request_cache_tell_waiters (TendRequestCache *self,
                                 TendNumberCache  *cache)
{
  TendNumberCachePrivate *priv = tend_number_cache_get_private (cache);
  Key key = {
    priv->is_keyed ? tend_key_hash (priv->key) : priv->number,
    priv->is_keyed ? priv->key : NULL,
    (char *) tend_number_cache_peek_prefix (cache),
  };
  GQueue *waiters = g_hash_table_lookup (self->waiters, &key);
  g_autoptr(GPtrArray) tasks = NULL;

  if (waiters == NULL)
    return;

  /* The tasks are ended after they have left the table: the notified code may wait again. */
  tasks = g_ptr_array_new_full (waiters->length, g_object_unref);
  take_out (waiters, tasks);
  g_hash_table_remove (self->waiters, &key);
  for (guint i = 0; i < tasks->len; i++)
    tend_task_return_object (g_ptr_array_index (tasks, i), cache);
}

/* Nothing will be added any more. */
void
tend_request_cache_cancel_waiters (TendRequestCache *self)
{
  g_autoptr(GHashTable) table = g_steal_pointer (&self->waiters);
  g_autoptr(GPtrArray) tasks = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer value;

  if (table == NULL)
    return;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    take_out (value, tasks);

  for (guint i = 0; i < tasks->len; i++)
    tend_task_cancel (g_ptr_array_index (tasks, i));
}

/* Creates the task for which @cache is, which is there, or any cache of @key that is added later. */
static TendTask *
wait_for (TendRequestCache *self,
          TendNumberCache  *cache,
          const Key        *key,
          gint64            timeout,
          gconstpointer     origin)
{
  TendTask *task = tend_task_create_for (self->loop, NULL, NULL, NULL, origin);
  Waiter *waiter;

  if (cache != NULL)
    {
      tend_task_return_object (task, cache);
      return task;
    }

  if (self->is_shut_down)
    {
      tend_task_cancel (task);
      return task;
    }

  waiter = g_new0 (Waiter, 1);
  waiter->observer.klass = &waiter_observer;
  waiter->link.data = waiter;
  waiter->request_cache = self;
  waiter->task = g_object_ref (task);
  waiter->key = key_copy (key);
  add_waiter (self, waiter);
  tend_task_add_observer (task, &waiter->observer);
  if (timeout < TEND_FOREVER)
    {
      char *name = key->bytes != NULL ? tend_key_print (key->prefix, key->bytes)
                                      : tend_number_print (key->prefix, key->number);

      tend_task_add_timer (task, timeout, -1, waiter_late_cb, name, g_free);
    }

  return task;
}

/**
 * tend_request_cache_wait_for:
 * @self: a request cache
 * @prefix: a prefix
 * @number: a number
 * @timeout: microseconds for which to wait; 0 for the rest of this turn, %TEND_FOREVER for no limit
 *
 * Waits for a cache with a number, which may be there or be added later.
 *
 * Any number of tasks may wait for the same number, each with its own timeout. Cancel the task to end the wait. The
 * task fails with `G_IO_ERROR_TIMED_OUT` if no cache comes in time, and is cancelled if the request cache is shut down
 * or freed.
 *
 * Returns: (transfer full): a task to wait for, whose result is the cache
 *
 * Since: 0.1
 */
TendTask *
tend_request_cache_wait_for (TendRequestCache *self,
                             const char       *prefix,
                             guint64           number,
                             gint64            timeout)
{
  Key key = { number, NULL, (char *) prefix };
  TendNumberCache *cache;

  g_return_val_if_fail (TEND_IS_REQUEST_CACHE (self), NULL);
  g_return_val_if_fail (prefix != NULL, NULL);
  g_return_val_if_fail (timeout >= 0, NULL);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), NULL);

  cache = tend_place_get_cache (tend_request_cache_find (self, prefix, number));
  return wait_for (self, cache, &key, timeout, __builtin_return_address (0));
}

/**
 * tend_request_cache_wait_for_key:
 * @self: a request cache
 * @prefix: a prefix
 * @key: a key
 * @timeout: microseconds for which to wait; 0 for the rest of this turn, %TEND_FOREVER for no limit
 *
 * Waits for a cache with a key, which may be there or be added later.
 *
 * In everything else it behaves as [method@Tend.RequestCache.wait_for].
 *
 * Returns: (transfer full): a task to wait for, whose result is the cache
 *
 * Since: 0.1
 */
TendTask *
tend_request_cache_wait_for_key (TendRequestCache *self,
                                 const char       *prefix,
                                 GBytes           *key,
                                 gint64            timeout)
{
  Key wanted = { 0, key, (char *) prefix };
  TendNumberCache *cache;

  g_return_val_if_fail (TEND_IS_REQUEST_CACHE (self), NULL);
  g_return_val_if_fail (prefix != NULL, NULL);
  g_return_val_if_fail (key != NULL, NULL);
  g_return_val_if_fail (timeout >= 0, NULL);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), NULL);

  wanted.number = tend_key_hash (key);
  cache = tend_place_get_cache (tend_request_cache_find_key (self, prefix, key));
  return wait_for (self, cache, &wanted, timeout, __builtin_return_address (0));
}

/**
 * tend_request_cache_wait_for_text:
 * @self: a request cache
 * @prefix: a prefix
 * @text: a key that is text
 * @timeout: microseconds for which to wait; 0 for the rest of this turn, %TEND_FOREVER for no limit
 *
 * Waits for a cache with a key that is text, which may be there or be added later.
 *
 * In everything else it behaves as [method@Tend.RequestCache.wait_for].
 *
 * Returns: (transfer full): a task to wait for, whose result is the cache
 *
 * Since: 0.1
 */
TendTask *
tend_request_cache_wait_for_text (TendRequestCache *self,
                                  const char       *prefix,
                                  const char       *text,
                                  gint64            timeout)
{
  g_autoptr(GBytes) key = NULL;
  Key wanted = { 0, NULL, (char *) prefix };
  TendNumberCache *cache;

  g_return_val_if_fail (TEND_IS_REQUEST_CACHE (self), NULL);
  g_return_val_if_fail (prefix != NULL, NULL);
  g_return_val_if_fail (text != NULL, NULL);
  g_return_val_if_fail (timeout >= 0, NULL);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), NULL);

  key = g_bytes_new (text, strlen (text));
  wanted.bytes = key;
  wanted.number = tend_key_hash (key);
  cache = tend_place_get_cache (tend_request_cache_find_key (self, prefix, key));
  return wait_for (self, cache, &wanted, timeout, __builtin_return_address (0));
}
