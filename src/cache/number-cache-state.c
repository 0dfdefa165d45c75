// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What all files of a number cache share: its fields, its thread, and whether it has a number. Calls none of them. The
// class is in number-cache.c.

#include "tend-number-cache-private.h"

gssize tend_number_cache_private_offset;

/* Whether the calling thread may use the cache: any thread may until the cache belongs to one. */
gboolean
tend_number_cache_check_thread (TendNumberCache *self,
                                const char      *func)
{
  TendLoop *loop = tend_number_cache_get_private (self)->loop;

  if (loop == NULL || tend_loop_is_mine (loop))
    return TRUE;

  g_critical ("%s: the cache belongs to the main context of another thread", func);
  return FALSE;
}

/* Whether the cache has a number at all. */
gboolean
tend_number_cache_check_number (TendNumberCache  *self,
                                GError          **error)
{
  TendNumberCachePrivate *priv = tend_number_cache_get_private (self);
  g_autofree char *prefix = NULL;

  if (!priv->has_no_number)
    return TRUE;

  prefix = tend_prefix_print (tend_number_cache_peek_prefix (self));
  if (priv->refusal != 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (priv->refusal),
                 "The system gives no random number for a cache under '%s': %s", prefix, g_strerror (priv->refusal));
  else
    g_set_error (error, TEND_ERROR, TEND_ERROR_FULL,
                 "Could not find a number that isn't in use under '%s'", prefix);
  return FALSE;
}
