// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A cache whose number nobody can guess.

#include "tend-request-cache-private.h"

#define DEFAULT_BITS 16

/**
 * TendRandomNumberCache:
 *
 * A number cache with a random number: an answer that finds it comes from somebody who has seen the request.
 *
 * The number comes from the kernel's random source. It is chosen when the object is created, among the numbers of the
 * prefix that are not in use in the request cache. It stays reserved until the object is freed or times out, so you may
 * send it before the cache is added. Numbers of 16 bits, as in DNS, are easily guessed by trying: use more bits, or
 * also check where an answer comes from.
 *
 * If every number is in use, or the kernel gives no random numbers, [ctor@Tend.RandomNumberCache.new] fails at once. If
 * the object was created in another way, [method@Tend.RequestCache.add] refuses it with the same error.
 *
 * Since: 0.1
 */

typedef enum
{
  PROP_PREFIX = 1,
  PROP_REQUEST_CACHE,
  PROP_BITS,
  PROP_RESERVATION,
} TendRandomNumberCacheProperty;

#define N_PROPERTIES (PROP_RESERVATION + 1)

static GParamSpec *properties[N_PROPERTIES];

typedef struct
{
  TendRequestCache *request_cache;  /* a reference, while the object is made */
  guint             bits;           /* constant */
} TendRandomNumberCachePrivate;

G_DEFINE_TYPE_WITH_PRIVATE (TendRandomNumberCache, tend_random_number_cache, TEND_TYPE_NUMBER_CACHE)

static void
tend_random_number_cache_constructed (GObject *object)
{
  TendRandomNumberCache *self = TEND_RANDOM_NUMBER_CACHE (object);
  TendRandomNumberCachePrivate *priv = tend_random_number_cache_get_instance_private (self);

  G_OBJECT_CLASS (tend_random_number_cache_parent_class)->constructed (object);

  /* One that takes over a reservation has its number, and belongs where that was made. */
  if (tend_number_cache_has_reservation (TEND_NUMBER_CACHE (self)))
    {
      g_clear_object (&priv->request_cache);
      return;
    }

  g_return_if_fail (priv->request_cache != NULL);

  if (tend_request_cache_check_thread (priv->request_cache, G_STRFUNC))
    tend_number_cache_reserve (TEND_NUMBER_CACHE (self), priv->request_cache, priv->bits);
  g_clear_object (&priv->request_cache);
}

static void
tend_random_number_cache_get_property (GObject    *object,
                                       guint       prop_id,
                                       GValue     *value,
                                       GParamSpec *pspec)
{
  switch ((TendRandomNumberCacheProperty) prop_id)
    {
    case PROP_PREFIX:
      g_value_set_string (value, tend_number_cache_get_prefix (TEND_NUMBER_CACHE (object)));
      break;
    case PROP_BITS:
      g_value_set_uint (value, tend_random_number_cache_get_bits (TEND_RANDOM_NUMBER_CACHE (object)));
      break;
    case PROP_REQUEST_CACHE:
    case PROP_RESERVATION:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
tend_random_number_cache_set_property (GObject      *object,
                                       guint         prop_id,
                                       const GValue *value,
                                       GParamSpec   *pspec)
{
  TendRandomNumberCache *self = TEND_RANDOM_NUMBER_CACHE (object);
  TendRandomNumberCachePrivate *priv = tend_random_number_cache_get_instance_private (self);

  switch ((TendRandomNumberCacheProperty) prop_id)
    {
    case PROP_PREFIX:
      tend_number_cache_give_prefix (TEND_NUMBER_CACHE (self), g_value_get_string (value));
      break;
    case PROP_REQUEST_CACHE:
      priv->request_cache = g_value_dup_object (value);
      break;
    case PROP_BITS:
      priv->bits = g_value_get_uint (value);
      break;
    case PROP_RESERVATION:
      tend_number_cache_give_reservation (TEND_NUMBER_CACHE (self), g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
tend_random_number_cache_class_init (TendRandomNumberCacheClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = tend_random_number_cache_constructed;
  object_class->get_property = tend_random_number_cache_get_property;
  object_class->set_property = tend_random_number_cache_set_property;

  /**
   * TendRandomNumberCache:prefix:
   *
   * The prefix of the cache. It is construct-only here, because the number is chosen among those of the prefix when the
   * object is created.
   *
   * Since: 0.1
   */
  properties[PROP_PREFIX] =
    g_param_spec_string ("prefix", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * TendRandomNumberCache:request-cache:
   *
   * The request cache in which the number must not be in use. The object keeps no reference to it.
   *
   * Since: 0.1
   */
  properties[PROP_REQUEST_CACHE] =
    g_param_spec_object ("request-cache", NULL, NULL, TEND_TYPE_REQUEST_CACHE,
                         G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * TendRandomNumberCache:bits:
   *
   * The size of the number in bits: the number is below two to the power of this.
   *
   * Since: 0.1
   */
  properties[PROP_BITS] =
    g_param_spec_uint ("bits", NULL, NULL, 1, 64, DEFAULT_BITS,
                       G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * TendRandomNumberCache:reservation:
   *
   * A cache whose reservation this cache takes over, instead of choosing a number: see
   * [property@Tend.NumberCache:reservation]. It is construct-only here, as the prefix is.
   *
   * Since: 0.1
   */
  properties[PROP_RESERVATION] =
    g_param_spec_object ("reservation", NULL, NULL, TEND_TYPE_NUMBER_CACHE,
                         G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

static void
tend_random_number_cache_init (TendRandomNumberCache *self)
{
  /* Until one is chosen: it must not be added under a number that anybody can guess. */
  tend_number_cache_get_private (TEND_NUMBER_CACHE (self))->has_no_number = TRUE;
}

/**
 * tend_random_number_cache_new:
 * @request_cache: the request cache in which the number must not be in use
 * @prefix: (nullable): the space of numbers, or %NULL for the name of the class
 * @bits: the size of the number in bits, from 1 to 64
 * @error: return location for an error
 *
 * Creates a cache with a random number, which stays reserved until the object is freed.
 *
 * Returns: (transfer full): the cache, or %NULL with `TEND_ERROR_FULL` if every number is in use, or with an error of
 *   the `G_IO_ERROR` domain if the system gives no random numbers
 *
 * Since: 0.1
 */
TendRandomNumberCache *
tend_random_number_cache_new (TendRequestCache  *request_cache,
                              const char        *prefix,
                              guint              bits,
                              GError           **error)
{
  TendRandomNumberCache *self;

  g_return_val_if_fail (TEND_IS_REQUEST_CACHE (request_cache), NULL);
  g_return_val_if_fail (bits >= 1 && bits <= 64, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  self = g_object_new (TEND_TYPE_RANDOM_NUMBER_CACHE,
                       "request-cache", request_cache, "prefix", prefix, "bits", bits, NULL);
  if (!tend_number_cache_check_number (TEND_NUMBER_CACHE (self), error))
    g_clear_object (&self);

  return self;
}

/**
 * tend_random_number_cache_get_bits:
 * @self: a cache
 *
 * Gets the size of the number in bits.
 *
 * Returns: the number of bits
 *
 * Since: 0.1
 */
guint
tend_random_number_cache_get_bits (TendRandomNumberCache *self)
{
  TendRandomNumberCachePrivate *priv;

  g_return_val_if_fail (TEND_IS_RANDOM_NUMBER_CACHE (self), 0);

  priv = tend_random_number_cache_get_instance_private (self);
  return priv->bits;
}
