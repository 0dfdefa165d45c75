// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// One request that waits for its answer, under a number, and the tasks that end with it.
//
// Ownership: the thread's of the request cache that it was made for or added to. It comes home to that
// thread when its last reference is dropped elsewhere, since it gives its number back.

#include "tend-request-cache-private.h"

#include <string.h>

#define DEFAULT_TIMEOUT (10 * G_TIME_SPAN_SECOND)

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

typedef enum
{
  PROP_PREFIX = 1,
  PROP_NUMBER,
  PROP_KEY,
  PROP_TIMEOUT,
  PROP_HELD,
} TendNumberCacheProperty;

#define N_PROPERTIES (PROP_HELD + 1)

enum
{
  SIGNAL_TIMED_OUT,
  SIGNAL_DROPPED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPERTIES];
static guint signals[N_SIGNALS];

G_DEFINE_TYPE_WITH_PRIVATE (TendNumberCache, tend_number_cache, G_TYPE_OBJECT)

/* A request cache has taken the cache, or released it. What is notified may add or drop it. */
void
tend_number_cache_notify_held (TendNumberCache *self)
{
  tend_notify_native (G_OBJECT (self), properties[PROP_HELD]);
}

/* The time of a cache in a request cache is over: its number is freed before anything is notified. */
static void
timed_out_cb (TendJob *job)
{
  TendNumberCachePrivate *priv = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendNumberCachePrivate, job));
  TendNumberCache *self = G_STRUCT_MEMBER_P (priv, -(glong) tend_number_cache_private_offset);

  self = tend_request_cache_release (tend_number_cache_get_holder (self), self);
  tend_number_cache_mark_due (self);
  tend_number_cache_notify_held (self);
  g_signal_emit (self, signals[SIGNAL_TIMED_OUT], 0);
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
    g_signal_emit (self, signals[SIGNAL_DROPPED], 0);
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

/* Protocols have short names: to allocate them took 30 ns of the 500 that a request costs in all, and 16 bytes. */
static void
set_prefix (TendNumberCachePrivate *priv,
            const char             *prefix)
{
  gsize size = strlen (prefix) + 1;

  if (size <= sizeof priv->short_prefix)
    priv->prefix = memcpy (priv->short_prefix, prefix, size);
  else
    priv->prefix = g_memdup2 (prefix, size);
}

/*
 * Prefix and number are what a cache is made with, and do not change. They are not construct-only: GObject sets
 * properties of that kind one by one even where there is nothing to set, which took as long as all the rest
 * of making a cache.
 */
static gboolean
check_unset (TendNumberCache *self,
             gboolean         is_set,
             GParamSpec      *pspec)
{
  g_autofree char *name = NULL;

  if (!is_set && tend_number_cache_get_private (self)->loop == NULL)
    return TRUE;

  name = tend_number_cache_print (self);
  g_critical ("Cache '%s': the %s cannot be changed", name, pspec->name);
  return FALSE;
}

void
tend_number_cache_give_prefix (TendNumberCache *self,
                               const char      *prefix)
{
  TendNumberCachePrivate *priv = tend_number_cache_get_private (self);

  /* None at all leaves the name of the class. */
  if (prefix == priv->prefix || !check_unset (self, priv->prefix != NULL, properties[PROP_PREFIX]))
    return;

  set_prefix (priv, prefix);
  tend_notify_native (G_OBJECT (self), properties[PROP_PREFIX]);
}

static void
give_number (TendNumberCache *self,
             guint64          number)
{
  TendNumberCachePrivate *priv = tend_number_cache_get_private (self);

  if (!check_unset (self, priv->has_number, properties[PROP_NUMBER]))
    return;

  priv->number = number;
  priv->has_number = TRUE;
  tend_notify_native (G_OBJECT (self), properties[PROP_NUMBER]);
}

/* Takes the place of a number: what has the one does not have the other. */
static void
give_key (TendNumberCache *self,
          GBytes          *key)
{
  TendNumberCachePrivate *priv = tend_number_cache_get_private (self);

  if (key == NULL || !check_unset (self, priv->has_number, properties[PROP_KEY]))
    return;

  priv->key = g_bytes_ref (key);
  priv->has_number = priv->is_keyed = TRUE;
  tend_notify_native (G_OBJECT (self), properties[PROP_KEY]);
}

static void
tend_number_cache_get_property (GObject    *object,
                                guint       prop_id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  TendNumberCache *self = TEND_NUMBER_CACHE (object);

  switch ((TendNumberCacheProperty) prop_id)
    {
    case PROP_PREFIX:
      g_value_set_string (value, tend_number_cache_get_prefix (self));
      break;
    case PROP_NUMBER:
      g_value_set_uint64 (value, tend_number_cache_get_number (self));
      break;
    case PROP_KEY:
      g_value_set_boxed (value, tend_number_cache_get_key (self));
      break;
    case PROP_TIMEOUT:
      g_value_set_int64 (value, tend_number_cache_get_private (self)->timeout);
      break;
    case PROP_HELD:
      g_value_set_boolean (value, tend_number_cache_get_private (self)->is_held);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
tend_number_cache_set_property (GObject      *object,
                                guint         prop_id,
                                const GValue *value,
                                GParamSpec   *pspec)
{
  TendNumberCache *self = TEND_NUMBER_CACHE (object);

  switch ((TendNumberCacheProperty) prop_id)
    {
    case PROP_PREFIX:
      tend_number_cache_give_prefix (self, g_value_get_string (value));
      break;
    case PROP_NUMBER:
      give_number (self, g_value_get_uint64 (value));
      break;
    case PROP_KEY:
      give_key (self, g_value_get_boxed (value));
      break;
    case PROP_TIMEOUT:
      tend_number_cache_set_timeout (self, g_value_get_int64 (value));
      break;
    case PROP_HELD:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
create_key_property (void)
{
  /**
   * TendNumberCache:key:
   *
   * The bytes by which the answer finds the cache, instead of a number; %NULL for a cache with a number.
   *
   * It is set once, usually at construction, before the cache is added, and without a number.
   *
   * Since: 0.1
   */
  properties[PROP_KEY] =
    g_param_spec_boxed ("key", NULL, NULL, G_TYPE_BYTES,
                        G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void
install_properties (GObjectClass *object_class)
{
  create_key_property ();

  /**
   * TendNumberCache:prefix:
   *
   * The space of numbers to which the number belongs; by default the name of the class.
   *
   * It is set once, usually at construction, before the cache is added.
   *
   * Since: 0.1
   */
  properties[PROP_PREFIX] =
    g_param_spec_string ("prefix", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * TendNumberCache:number:
   *
   * The number by which the answer finds the cache.
   *
   * It is set once, usually at construction, before the cache is added.
   *
   * Since: 0.1
   */
  properties[PROP_NUMBER] =
    g_param_spec_uint64 ("number", NULL, NULL, 0, G_MAXUINT64, 0,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * TendNumberCache:timeout:
   *
   * How long a request cache holds the cache, in microseconds.
   *
   * A class that overrides `get_timeout` may use another time.
   *
   * Since: 0.1
   */
  properties[PROP_TIMEOUT] =
    g_param_spec_int64 ("timeout", NULL, NULL, 0, G_MAXINT64, DEFAULT_TIMEOUT,
                        G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * TendNumberCache:held:
   *
   * Whether a request cache holds the cache.
   *
   * Notified each time that a request cache takes the cache or releases it. If it was released because its time is
   * over, this comes before [signal@Tend.NumberCache::timed-out].
   *
   * Since: 0.1
   */
  properties[PROP_HELD] =
    g_param_spec_boolean ("held", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

static void
install_signals (GType type)
{
  /**
   * TendNumberCache::timed-out:
   * @self: a cache
   *
   * Emitted when no answer has come in time.
   *
   * The request cache no longer holds the cache, whose number is free: a handler may add it again. The tasks of the
   * cache have not ended yet. A task that a handler completes keeps the handler's result.
   *
   * Since: 0.1
   */
  signals[SIGNAL_TIMED_OUT] =
    g_signal_new ("timed-out", type, G_SIGNAL_RUN_LAST,
                  G_STRUCT_OFFSET (TendNumberCacheClass, timed_out), NULL, NULL, NULL, G_TYPE_NONE, 0);

  /**
   * TendNumberCache::dropped:
   * @self: a cache
   *
   * Emitted when the request cache has dropped the cache without an answer, before its time was over.
   *
   * [method@Tend.RequestCache.remove] drops one cache. [method@Tend.RequestCache.clear],
   * [method@Tend.RequestCache.clear_with_error] and the shutdown drop all. The request cache no longer holds the cache,
   * whose number is free. The tasks of the cache have not ended yet. A task that a handler completes or removes keeps
   * what the handler made of it.
   *
   * It is not emitted if the request cache is freed without a shutdown: in JavaScript, a garbage collection does that,
   * during which no handler can run.
   *
   * Since: 0.1
   */
  signals[SIGNAL_DROPPED] =
    g_signal_new ("dropped", type, G_SIGNAL_RUN_LAST,
                  G_STRUCT_OFFSET (TendNumberCacheClass, dropped), NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
tend_number_cache_class_init (TendNumberCacheClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  tend_number_cache_private_offset = g_type_class_get_instance_private_offset (klass);

  object_class->dispose = tend_number_cache_dispose;
  object_class->finalize = tend_number_cache_finalize;
  object_class->get_property = tend_number_cache_get_property;
  object_class->set_property = tend_number_cache_set_property;
  klass->timed_out = tend_number_cache_timed_out;
  klass->dropped = tend_number_cache_dropped;
  klass->get_timeout = tend_number_cache_real_get_timeout;

  install_properties (object_class);

  install_signals (G_TYPE_FROM_CLASS (klass));
}

static void
tend_number_cache_init (TendNumberCache *self)
{
  TendNumberCachePrivate *priv = tend_number_cache_get_private (self);

  priv->timeout = DEFAULT_TIMEOUT;
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
    set_prefix (priv, prefix);
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
    set_prefix (priv, prefix);
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
 * tend_number_cache_get_prefix:
 * @self: a cache
 *
 * Gets the space of numbers to which the number belongs.
 *
 * Returns: (transfer none): the prefix
 *
 * Since: 0.1
 */
const char *
tend_number_cache_get_prefix (TendNumberCache *self)
{
  g_return_val_if_fail (TEND_IS_NUMBER_CACHE (self), NULL);

  return tend_number_cache_peek_prefix (self);
}

/**
 * tend_number_cache_get_number:
 * @self: a cache
 *
 * Gets the number by which the answer finds the cache.
 *
 * Returns: the number; 0 for a cache with a key
 *
 * Since: 0.1
 */
guint64
tend_number_cache_get_number (TendNumberCache *self)
{
  g_return_val_if_fail (TEND_IS_NUMBER_CACHE (self), 0);

  return tend_number_cache_get_private (self)->is_keyed ? 0 : tend_number_cache_get_private (self)->number;
}

/**
 * tend_number_cache_get_key:
 * @self: a cache
 *
 * Gets the key by which the answer finds the cache.
 *
 * Returns: (transfer none) (nullable): the key, or %NULL for a cache with a number
 *
 * Since: 0.1
 */
GBytes *
tend_number_cache_get_key (TendNumberCache *self)
{
  g_return_val_if_fail (TEND_IS_NUMBER_CACHE (self), NULL);

  return tend_number_cache_get_private (self)->is_keyed ? tend_number_cache_get_private (self)->key : NULL;
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

/**
 * tend_number_cache_set_timeout:
 * @self: a cache
 * @timeout: microseconds, ten seconds by default; %TEND_FOREVER for no limit
 *
 * Sets how long a request cache holds the cache; ten seconds by default.
 *
 * Set it before the cache is added: a request cache that already holds the cache keeps the old time. For that, use
 * [method@Tend.NumberCache.restart_timeout].
 *
 * Since: 0.1
 */
void
tend_number_cache_set_timeout (TendNumberCache *self,
                               gint64           timeout)
{
  TendNumberCachePrivate *priv;

  g_return_if_fail (TEND_IS_NUMBER_CACHE (self));
  g_return_if_fail (timeout >= 0);

  priv = tend_number_cache_get_private (self);
  if (priv->timeout == timeout)
    return;

  priv->timeout = timeout;
  tend_notify_native (G_OBJECT (self), properties[PROP_TIMEOUT]);
}

/**
 * tend_number_cache_is_held:
 * @self: a cache
 *
 * Checks whether a request cache holds the cache.
 *
 * Returns: %TRUE from the moment when it was added until it was popped, was dropped or has timed out
 *
 * Since: 0.1
 */
gboolean
tend_number_cache_is_held (TendNumberCache *self)
{
  g_return_val_if_fail (TEND_IS_NUMBER_CACHE (self), FALSE);

  return tend_number_cache_get_private (self)->is_held;
}
