// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Numbers and keys that are kept for a cache before it is added. Ownership: the loop thread's.

#include "tend-request-cache-private.h"

/**
 * tend_request_cache_reserve:
 * @self: a request cache
 * @cache: a cache that is in no request cache
 * @error: return location for an error
 *
 * Reserves the number or the key of a cache, before the cache is added.
 *
 * From then on, [method@Tend.RequestCache.add] and this function refuse every other cache with the same number or key,
 * and no [class@Tend.RandomNumberCache] chooses the number. The cache itself is not found yet: it is in no list and not
 * counted, and has no timeout. To add it uses the reservation. If another cache is to be added in its place, create
 * that one with this one as its [property@Tend.NumberCache:reservation].
 *
 * The reservation lasts until [method@Tend.NumberCache.release], or until the last reference to @cache is dropped. To
 * clear or to shut down the request cache leaves it. If something else is reserved for the cache in another request
 * cache, that is released. A [class@Tend.RandomNumberCache] has its reservation from the start.
 *
 * Does nothing if the reservation is there already.
 *
 * Returns: %TRUE, or %FALSE with `TEND_ERROR_EXISTS` if the number or key is in use or reserved,
 *   `TEND_ERROR_SHUT_DOWN` after the shutdown, `TEND_ERROR_STATE` if a request cache holds the cache, `TEND_ERROR_FULL`
 *   or an error of the `G_IO_ERROR` domain if it has no number, or `TEND_ERROR_WRONG_THREAD` if it belongs to another
 *   thread
 *
 * Since: 0.1
 */
gboolean
tend_request_cache_reserve (TendRequestCache  *self,
                            TendNumberCache   *cache,
                            GError           **error)
{
  TendNumberCachePrivate *priv;

  g_return_val_if_fail (TEND_IS_REQUEST_CACHE (self), FALSE);
  g_return_val_if_fail (TEND_IS_NUMBER_CACHE (cache), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!tend_request_cache_check_thread (self, G_STRFUNC) || !tend_request_cache_check_home (cache, error) ||
      !tend_request_cache_check_addable (self, cache, error) ||
      !tend_request_cache_reserve_number (self, cache, error))
    return FALSE;

  priv = tend_number_cache_get_private (cache);
  if (priv->loop == NULL)
    priv->loop = tend_loop_ref (self->loop);

  return TRUE;
}

/**
 * tend_number_cache_is_reserved:
 * @self: a cache
 *
 * Checks whether the number or the key of the cache is reserved for it, and the cache is in no request cache.
 *
 * Returns: %TRUE from [method@Tend.RequestCache.reserve] until the cache is added, or the reservation is released or
 *   taken over
 *
 * Since: 0.1
 */
gboolean
tend_number_cache_is_reserved (TendNumberCache *self)
{
  g_return_val_if_fail (TEND_IS_NUMBER_CACHE (self), FALSE);

  return tend_number_cache_has_reservation (self);
}

/**
 * tend_number_cache_release:
 * @self: a cache
 *
 * Releases what is reserved for the cache: others may use the number or the key.
 *
 * Use it if you do not send the request after all. The cache keeps its number, and may still be added if nobody else
 * uses the number by then. A cache that a request cache holds is left there: use [method@Tend.RequestCache.remove].
 *
 * Returns: %TRUE if something was reserved
 *
 * Since: 0.1
 */
gboolean
tend_number_cache_release (TendNumberCache *self)
{
  g_return_val_if_fail (TEND_IS_NUMBER_CACHE (self), FALSE);

  if (!tend_number_cache_check_thread (self, G_STRFUNC) || !tend_number_cache_has_reservation (self))
    return FALSE;

  tend_number_cache_give_back (self);
  return TRUE;
}
