// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What all files of a number cache share: its fields, thread and messages, and whether it has a number. Calls none of
// them. The class is in number-cache.c.

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

  g_critical ("%s(): the cache belongs to the main context of another thread", func);
  return FALSE;
}

char *
tend_number_print (const char *prefix,
                   guint64     number)
{
  g_autofree char *text = tend_prefix_print (prefix);

  return g_strdup_printf ("%s-%" G_GUINT64_FORMAT, text, number);
}

/* @error may be NULL. */
void
tend_number_cache_set_error (const char  *name,
                             GError     **error,
                             GQuark       domain,
                             int          code,
                             const char  *format,
                             ...)
{
  va_list args;

  if (error == NULL)
    return;

  va_start (args, format);
  *error = tend_message_new_error (_("Cache '%s': "), name, domain, code, format, args);
  va_end (args);
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
    tend_number_cache_set_error (prefix, error, G_IO_ERROR, g_io_error_from_errno (priv->refusal),
                                 _("the system gives no random number: %s"), g_strerror (priv->refusal));
  else
    tend_number_cache_set_error (prefix, error, TEND_ERROR, TEND_ERROR_FULL, _("every number is in use"));
  return FALSE;
}
