// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Finding and popping by a key of bytes or text; request-cache.c does it by number. Ownership: the loop thread's.

#include "tend-request-cache-private.h"

static GBytes *
text_to_key (const char *text)
{
  return g_bytes_new (text, strlen (text));
}

/**
 * tend_request_cache_lookup_key:
 * @self: a request cache
 * @prefix: a prefix
 * @key: a key
 *
 * Finds the cache of a key, and leaves it in the request cache.
 *
 * Use [method@Tend.RequestCache.pop_key] when the answer has come.
 *
 * Returns: (transfer none) (nullable): the cache; %NULL if there is none, for example because an answer came late
 *
 * Since: 0.1
 */
TendNumberCache *
tend_request_cache_lookup_key (TendRequestCache *self,
                               const char       *prefix,
                               GBytes           *key)
{
  g_return_val_if_fail (TEND_IS_REQUEST_CACHE (self), NULL);
  g_return_val_if_fail (prefix != NULL, NULL);
  g_return_val_if_fail (key != NULL, NULL);

  if (!tend_request_cache_check_thread (self, G_STRFUNC))
    return NULL;

  return tend_place_get_cache (tend_request_cache_find_key (self, prefix, key));
}

/**
 * tend_request_cache_has_key:
 * @self: a request cache
 * @prefix: a prefix
 * @key: a key
 *
 * Checks whether there is a cache with that key.
 *
 * Returns: %TRUE if [method@Tend.RequestCache.lookup_key] would find one
 *
 * Since: 0.1
 */
gboolean
tend_request_cache_has_key (TendRequestCache *self,
                            const char       *prefix,
                            GBytes           *key)
{
  return tend_request_cache_lookup_key (self, prefix, key) != NULL;
}

/**
 * tend_request_cache_pop_key:
 * @self: a request cache
 * @prefix: a prefix
 * @key: a key
 *
 * Takes the cache of a key out of the request cache, because its answer has come.
 *
 * See [method@Tend.RequestCache.pop].
 *
 * Returns: (transfer full) (nullable): the cache; %NULL if there is none
 *
 * Since: 0.1
 */
TendNumberCache *
tend_request_cache_pop_key (TendRequestCache *self,
                            const char       *prefix,
                            GBytes           *key)
{
  TendNumberCache *cache;
  TendTablePlace *place;

  g_return_val_if_fail (TEND_IS_REQUEST_CACHE (self), NULL);
  g_return_val_if_fail (prefix != NULL, NULL);
  g_return_val_if_fail (key != NULL, NULL);

  if (!tend_request_cache_check_thread (self, G_STRFUNC))
    return NULL;

  place = tend_request_cache_find_key (self, prefix, key);
  if (tend_place_get_cache (place) == NULL)
    return NULL;

  cache = tend_request_cache_take_out (self, place);
  tend_number_cache_get_private (cache)->is_popped = TRUE;
  tend_number_cache_notify_held (cache);

  return cache;
}

/**
 * tend_request_cache_lookup_text:
 * @self: a request cache
 * @prefix: a prefix
 * @text: a key that is text
 *
 * Finds the cache of a key that is text, and leaves it in the request cache.
 *
 * Use [method@Tend.RequestCache.pop_text] when the answer has come.
 *
 * Returns: (transfer none) (nullable): the cache; %NULL if there is none, for example because an answer came late
 *
 * Since: 0.1
 */
TendNumberCache *
tend_request_cache_lookup_text (TendRequestCache *self,
                                const char       *prefix,
                                const char       *text)
{
  g_autoptr(GBytes) key = NULL;

  g_return_val_if_fail (text != NULL, NULL);

  key = text_to_key (text);
  return tend_request_cache_lookup_key (self, prefix, key);
}

/**
 * tend_request_cache_has_text:
 * @self: a request cache
 * @prefix: a prefix
 * @text: a key that is text
 *
 * Checks whether there is a cache with that key.
 *
 * Returns: %TRUE if [method@Tend.RequestCache.lookup_text] would find one
 *
 * Since: 0.1
 */
gboolean
tend_request_cache_has_text (TendRequestCache *self,
                             const char       *prefix,
                             const char       *text)
{
  return tend_request_cache_lookup_text (self, prefix, text) != NULL;
}

/**
 * tend_request_cache_pop_text:
 * @self: a request cache
 * @prefix: a prefix
 * @text: a key that is text
 *
 * Takes the cache of a key that is text out of the request cache, because its answer has come.
 *
 * See [method@Tend.RequestCache.pop].
 *
 * Returns: (transfer full) (nullable): the cache; %NULL if there is none
 *
 * Since: 0.1
 */
TendNumberCache *
tend_request_cache_pop_text (TendRequestCache *self,
                             const char       *prefix,
                             const char       *text)
{
  g_autoptr(GBytes) key = NULL;

  g_return_val_if_fail (text != NULL, NULL);

  key = text_to_key (text);
  return tend_request_cache_pop_key (self, prefix, key);
}
