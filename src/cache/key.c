// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The keys that take the place of a number: their hash, and their text for messages.

#include "tend-number-cache-private.h"

#include <string.h>

/* So many bytes of a key are in a message: those of a SHA-256 and no more. */
#define MAX_PRINTED 32

/* FNV-1a with 64 bits. Whoever chooses keys to collide must be the program itself: an answer is only looked up. */
guint64
tend_key_hash (GBytes *key)
{
  gsize size;
  const guint8 *bytes = g_bytes_get_data (key, &size);
  guint64 hash = G_GUINT64_CONSTANT (0xcbf29ce484222325);

  for (gsize i = 0; i < size; i++)
    hash = (hash ^ bytes[i]) * G_GUINT64_CONSTANT (0x100000001b3);

  return hash;
}

/* Whether a message may have the bytes as they are. */
static gboolean
is_text (const char *bytes,
         gsize       size)
{
  if (!g_utf8_validate_len (bytes, size, NULL))
    return FALSE;

  for (const char *at = bytes; at < bytes + size; at = g_utf8_next_char (at))
    {
      if (!g_unichar_isprint (g_utf8_get_char (at)))
        return FALSE;
    }

  return TRUE;
}

char *
tend_key_print (const char *prefix,
                GBytes     *key)
{
  gsize size;
  const guint8 *bytes = g_bytes_get_data (key, &size);
  g_autoptr(GString) text = NULL;
  g_autofree char *start = tend_prefix_print (prefix);

  text = g_string_new (start);
  g_string_append_c (text, '-');
  if (size <= MAX_PRINTED && is_text ((const char *) bytes, size))
    g_string_append_len (text, (const char *) bytes, (gssize) size);
  else
    {
      for (gsize i = 0; i < MIN (size, MAX_PRINTED); i++)
        g_string_append_printf (text, "%02x", bytes[i]);
      if (size > MAX_PRINTED)
        g_string_append (text, "...");
    }

  return g_string_free (g_steal_pointer (&text), FALSE);
}

char *
tend_number_cache_print (TendNumberCache *self)
{
  const TendNumberCachePrivate *priv = tend_number_cache_get_private (self);
  const char *prefix = tend_number_cache_peek_prefix (self);

  return priv->is_keyed ? tend_key_print (prefix, priv->key) : tend_number_print (prefix, priv->number);
}
