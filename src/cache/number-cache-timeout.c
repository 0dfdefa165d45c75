// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Another timeout for a cache that waits already.

#include "tend-request-cache-private.h"

/**
 * tend_number_cache_restart_timeout:
 * @self: a cache
 * @timeout: microseconds from now; 0 for the next turn of the loop, %TEND_FOREVER for no limit
 *
 * Gives a cache that a request cache holds another timeout, which counts from now.
 *
 * Use it if a first part of the answer shows that the rest is on its way. It applies to this wait alone: it does not
 * change [property@Tend.NumberCache:timeout], and no override applies to it.
 *
 * Returns: %TRUE, or %FALSE if no request cache holds the cache, for example because its time is over
 *
 * Since: 0.1
 */
gboolean
tend_number_cache_restart_timeout (TendNumberCache *self,
                                   gint64           timeout)
{
  TendRequestCache *requests;
  TendNumberCachePrivate *priv;

  g_return_val_if_fail (TEND_IS_NUMBER_CACHE (self), FALSE);
  g_return_val_if_fail (timeout >= 0, FALSE);

  if (!tend_number_cache_check_thread (self, G_STRFUNC))
    return FALSE;

  requests = tend_number_cache_get_holder (self);
  if (requests == NULL)
    return FALSE;

  priv = tend_number_cache_get_private (self);
  tend_loop_remove (requests->loop, &priv->job);
  tend_request_cache_arm (requests, priv, timeout);

  return TRUE;
}
