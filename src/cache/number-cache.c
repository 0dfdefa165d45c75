// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// One request that waits for its answer, under a number, and the tasks that end with it.
//
// Ownership: the thread's of the request cache that it was made for or added to. It comes home to that
// thread when its last reference is dropped elsewhere, since it gives its number back.
//
// Its properties and signals are in number-cache-props.c, which calls nothing here.

#include "tend-request-cache-private.h"

#include <string.h>

/**
 * TendNumberCache:
 *
 * A request that waits for its answer: a number by which the answer finds it, a timeout, and what a derived class adds.
 *
 * A [class@Tend.RequestCache] holds it from [method@Tend.RequestCache.add] until the answer pops it or its time is
 * over. When the time is over, [signal@Tend.NumberCache::timed-out] is emitted, and the tasks that were added to the
 * cache end with the values or errors that they were added with.
 *
 * Numbers belong to prefixes, such as `dns-query`: each prefix has a space of numbers of its own. For numbers that
 * others cannot guess, use a [class@Tend.RandomNumberCache].
 *
 * You may derive from this class in any language. A number cache is for the thread of the request cache that holds it.
 *
 * If a single task waits for one answer and no number is sent, use a [class@Tend.Completion].
 *
 * Since: 0.1
 */

G_DEFINE_TYPE_WITH_PRIVATE (TendNumberCache, tend_number_cache, G_TYPE_OBJECT)

/* The time of a cache in a request cache is over: its number is freed before anything is notified. */
static void
timed_out_cb (TendJob *job)
{
  TendNumberCachePrivate *priv = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendNumberCachePrivate, job));
  TendNumberCache *self = G_STRUCT_MEMBER_P (priv, -(glong) tend_number_cache_private_offset);

  self = tend_request_cache_release (tend_number_cache_get_holder (self), self);
  tend_number_cache_mark_due (self);
  tend_number_cache_notify_held (self);
  tend_number_cache_emit_timed_out (self);
  tend_number_cache_settle_due (self);
  g_object_unref (self);
}

/* A request cache has released it without an answer, and its time is not over. The caller has a reference. */
void
tend_number_cache_drop (TendNumberCache *self,
                        const GError    *reason,
                        gboolean         is_told)
{
  tend_number_cache_mark_due (self);
  tend_number_cache_notify_held (self);
  if (is_told)
    tend_number_cache_emit_dropped (self);
  tend_number_cache_drop_due (self, reason);
}

/* --- The object --- */

static void
tend_number_cache_timed_out (TendNumberCache *self)
{
}

static void
tend_number_cache_dropped (TendNumberCache *self)
{
}

static gint64
tend_number_cache_real_get_timeout (TendNumberCache *self)
{
  return tend_number_cache_get_private (self)->timeout;
}

typedef struct
{
  TendNumberCache *cache;
  gint64           timeout;
} AskTimeout;

static void
ask_timeout_native_cb (gpointer data)
{
  AskTimeout *ask = data;

  ask->timeout = TEND_NUMBER_CACHE_GET_CLASS (ask->cache)->get_timeout (ask->cache);
}

static G_GNUC_NO_INLINE gint64
ask_class (TendNumberCache *self)
{
  AskTimeout ask = { self, 0 };

  tend_call_native (ask_timeout_native_cb, &ask);
  return ask.timeout;
}

/* Whether a derived class decides on the time-out, which may do anything meanwhile. */
gboolean
tend_number_cache_has_own_timeout (TendNumberCache *self)
{
  return TEND_NUMBER_CACHE_GET_CLASS (self)->get_timeout != tend_number_cache_real_get_timeout;
}

/* The time-out that its class wants for it. A derived class may be an interpreter's. */
gint64
tend_number_cache_ask_timeout (TendNumberCache *self)
{
  if (G_LIKELY (!tend_number_cache_has_own_timeout (self)))
    return tend_number_cache_get_private (self)->timeout;

  return ask_class (self);
}

static void
tend_number_cache_dispose (GObject *object)
{
  TendNumberCache *self = TEND_NUMBER_CACHE (object);
  TendNumberCachePrivate *priv = tend_number_cache_get_private (self);
  gboolean was_held = priv->is_held;

  if (priv->loop != NULL && tend_loop_take_home (priv->loop, object))
    return;

  /* A request cache that has it holds a reference: by now none has it, unless it was disposed of by hand. */
  if (was_held)
    g_object_unref (tend_request_cache_release (tend_number_cache_get_holder (self), self));
  tend_number_cache_give_back (self);

  if (!priv->is_popped)
    tend_number_cache_cancel_tasks (self);
  tend_number_cache_forget_tasks (self);
  if (was_held)
    tend_number_cache_notify_held (self);

  G_OBJECT_CLASS (tend_number_cache_parent_class)->dispose (object);
}

static void
tend_number_cache_finalize (GObject *object)
{
  TendNumberCachePrivate *priv = tend_number_cache_get_private (TEND_NUMBER_CACHE (object));

  if (priv->prefix != priv->short_prefix)
    g_free (priv->prefix);
  if (priv->is_keyed)
    g_bytes_unref (priv->key);
  g_clear_pointer (&priv->loop, tend_loop_release);

  G_OBJECT_CLASS (tend_number_cache_parent_class)->finalize (object);
}

static void
tend_number_cache_class_init (TendNumberCacheClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  tend_number_cache_private_offset = g_type_class_get_instance_private_offset (klass);

  object_class->dispose = tend_number_cache_dispose;
  object_class->finalize = tend_number_cache_finalize;
  klass->timed_out = tend_number_cache_timed_out;
  klass->dropped = tend_number_cache_dropped;
  klass->get_timeout = tend_number_cache_real_get_timeout;

  tend_number_cache_install_properties (klass);
}

static void
tend_number_cache_init (TendNumberCache *self)
{
  TendNumberCachePrivate *priv = tend_number_cache_get_private (self);

  priv->timeout = TEND_NUMBER_CACHE_TIMEOUT;
  tend_job_init (&priv->job, timed_out_cb);
}

/* --- Public --- */

/**
 * tend_number_cache_new:
 * @prefix: (nullable): the space of numbers, or %NULL for the name of the class
 * @number: a number
 *
 * Creates a cache.
 *
 * Returns: (transfer full): the cache, which is in no request cache
 *
 * Since: 0.1
 */
TendNumberCache *
tend_number_cache_new (const char *prefix,
                       guint64     number)
{
  TendNumberCache *self = g_object_new (TEND_TYPE_NUMBER_CACHE, NULL);
  TendNumberCachePrivate *priv = tend_number_cache_get_private (self);

  if (prefix != NULL)
    tend_number_cache_set_prefix (priv, prefix);
  priv->number = number;
  priv->has_number = TRUE;

  return self;
}

/**
 * tend_number_cache_new_for_key:
 * @prefix: (nullable): the space of keys, or %NULL for the name of the class
 * @key: bytes of any length, such as a hash
 *
 * Creates a cache that is found by bytes instead of a number.
 *
 * A key and a number never clash, even under the same prefix. Find the cache by
 * [method@Tend.RequestCache.lookup_key] and [method@Tend.RequestCache.pop_key]. If the answer has a number of up to 64
 * bits, use [ctor@Tend.NumberCache.new], which is faster.
 *
 * Returns: (transfer full): the cache, which is in no request cache
 *
 * Since: 0.1
 */
TendNumberCache *
tend_number_cache_new_for_key (const char *prefix,
                               GBytes     *key)
{
  TendNumberCache *self;
  TendNumberCachePrivate *priv;

  g_return_val_if_fail (key != NULL, NULL);

  self = g_object_new (TEND_TYPE_NUMBER_CACHE, NULL);
  priv = tend_number_cache_get_private (self);
  if (prefix != NULL)
    tend_number_cache_set_prefix (priv, prefix);
  priv->key = g_bytes_ref (key);
  priv->has_number = priv->is_keyed = TRUE;

  return self;
}

/**
 * tend_number_cache_new_for_text:
 * @prefix: (nullable): the space of keys, or %NULL for the name of the class
 * @text: text of any length
 *
 * Creates a cache that is found by text instead of a number.
 *
 * The key is the bytes of the text. See [ctor@Tend.NumberCache.new_for_key].
 *
 * Returns: (transfer full): the cache, which is in no request cache
 *
 * Since: 0.1
 */
TendNumberCache *
tend_number_cache_new_for_text (const char *prefix,
                                const char *text)
{
  g_autoptr(GBytes) key = NULL;

  g_return_val_if_fail (text != NULL, NULL);

  key = g_bytes_new (text, strlen (text));
  return tend_number_cache_new_for_key (prefix, key);
}

/**
 * tend_number_cache_to_string:
 * @self: a cache
 *
 * Prints the cache: `<TendNumberCache dns-query-4711>`.
 *
 * A key that is printable text is printed as it is, any other key in hexadecimal. Of a key longer than 32 bytes, only
 * the first 32 are printed.
 *
 * Returns: (transfer full): the text
 *
 * Since: 0.1
 */
char *
tend_number_cache_to_string (TendNumberCache *self)
{
  g_autofree char *name = NULL;

  g_return_val_if_fail (TEND_IS_NUMBER_CACHE (self), NULL);

  name = tend_number_cache_print (self);
  return g_strdup_printf ("<%s %s>", G_OBJECT_TYPE_NAME (self), name);
}

/**
 * tend_number_cache_get_timeout:
 * @self: a cache
 *
 * Gets how long a request cache holds the cache.
 *
 * [method@Tend.RequestCache.add] calls this once. A class may override it for all of its objects. By default it is
 * [property@Tend.NumberCache:timeout].
 *
 * Returns: microseconds; 0 for the next turn of the loop
 *
 * Since: 0.1
 */
gint64
tend_number_cache_get_timeout (TendNumberCache *self)
{
  g_return_val_if_fail (TEND_IS_NUMBER_CACHE (self), 0);

  return tend_number_cache_ask_timeout (self);
}
