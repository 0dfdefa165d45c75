// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The properties and signals of a number cache: what they are, their getters and setters, and who is told.
//
// Below number-cache.c, which has the class. Ownership: as there.

#include "tend-request-cache-private.h"

#include <string.h>

typedef enum
{
  PROP_PREFIX = 1,
  PROP_NUMBER,
  PROP_KEY,
  PROP_TIMEOUT,
  PROP_HELD,
  PROP_RESERVATION,
} TendNumberCacheProperty;

#define N_PROPERTIES (PROP_RESERVATION + 1)

enum
{
  SIGNAL_TIMED_OUT,
  SIGNAL_DROPPED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPERTIES];
static guint signals[N_SIGNALS];

/* A request cache has taken the cache, or released it. What is notified may add or drop it. */
void
tend_number_cache_notify_held (TendNumberCache *self)
{
  tend_notify_native (G_OBJECT (self), properties[PROP_HELD]);
}

/* No answer has come in time. */
void
tend_number_cache_emit_timed_out (TendNumberCache *self)
{
  g_signal_emit (self, signals[SIGNAL_TIMED_OUT], 0);
}

/* It was dropped before its time. */
void
tend_number_cache_emit_dropped (TendNumberCache *self)
{
  g_signal_emit (self, signals[SIGNAL_DROPPED], 0);
}

/* Protocols have short names: to allocate them took 30 ns of the 500 that a request costs in all, and 16 bytes. */
void
tend_number_cache_set_prefix (TendNumberCachePrivate *priv,
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

  tend_number_cache_set_prefix (priv, prefix);
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

/* Takes over what is reserved for another cache. Without it, nothing else must be added under its number. */
void
tend_number_cache_give_reservation (TendNumberCache *self,
                                    TendNumberCache *reservation)
{
  TendNumberCachePrivate *priv = tend_number_cache_get_private (self), *other;
  g_autofree char *name = NULL;

  if (reservation == NULL ||
      !check_unset (self, priv->has_number || priv->prefix != NULL, properties[PROP_RESERVATION]) ||
      !tend_number_cache_check_thread (reservation, G_STRFUNC))
    return;

  if (!tend_number_cache_has_reservation (reservation))
    {
      name = tend_number_cache_print (reservation);
      priv->has_no_number = TRUE;
      g_critical ("Cache '%s': nothing is reserved for it that another cache could take over", name);
      return;
    }

  other = tend_number_cache_get_private (reservation);
  tend_number_cache_set_prefix (priv, tend_number_cache_peek_prefix (reservation));
  priv->loop = tend_loop_ref (other->loop);
  priv->is_keyed = other->is_keyed;
  priv->has_number = TRUE;
  priv->has_no_number = FALSE;
  if (priv->is_keyed)
    priv->key = g_bytes_ref (other->key);
  else
    priv->number = other->number;
  tend_number_cache_hand_on (reservation, self);

  tend_notify_native (G_OBJECT (self), properties[priv->is_keyed ? PROP_KEY : PROP_NUMBER]);
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
    case PROP_RESERVATION:
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
    case PROP_RESERVATION:
      tend_number_cache_give_reservation (self, g_value_get_object (value));
      break;
    case PROP_HELD:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
create_key_properties (void)
{
  /**
   * TendNumberCache:reservation:
   *
   * A cache that is not added, and whose reservation this cache takes over, with its prefix and its number or key.
   *
   * Set it at construction, instead of the prefix and the number. The other cache must be reserved; afterwards it is
   * not: see [method@Tend.RequestCache.reserve].
   *
   * Since: 0.1
   */
  properties[PROP_RESERVATION] =
    g_param_spec_object ("reservation", NULL, NULL, TEND_TYPE_NUMBER_CACHE,
                         G_PARAM_WRITABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

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
create_properties (void)
{
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
    g_param_spec_int64 ("timeout", NULL, NULL, 0, G_MAXINT64, TEND_NUMBER_CACHE_TIMEOUT,
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
}

/* Properties and signals of the class, with what reads and writes them. */
void
tend_number_cache_install_properties (TendNumberCacheClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = tend_number_cache_get_property;
  object_class->set_property = tend_number_cache_set_property;

  create_key_properties ();
  create_properties ();
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
  install_signals (G_TYPE_FROM_CLASS (klass));
}

/* --- Public --- */

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
