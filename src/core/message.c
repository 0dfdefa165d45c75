// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The one form of a message about an object: "Task 'fetch': cancelled". What stands before the colon is the object, and
// what follows it is what is wrong, in lower case and without a full stop. Both are translated apart from each other.

#include "tend-core-private.h"

#include <string.h>

/*
 * Puts @name where @form has its "%s", and adds @what, and @more if not NULL. Without printf(), which would take three
 * times as long, for each task that is cancelled. A translation may number the place, as in "%1$s".
 */
char *
tend_message (const char *form,
              const char *name,
              const char *what,
              const char *more)
{
  const char *place = strchr (form, '%');
  const char *rest = place != NULL ? strchr (place, 's') : NULL;
  gsize before = rest != NULL ? (gsize) (place - form) : strlen (form);
  gsize length = strlen (form) + strlen (name) + strlen (what) + (more != NULL ? strlen (more) : 0) + 1;
  char *message = g_malloc (length);
  char *end = message + before;

  memcpy (message, form, before);
  *end = '\0';
  if (rest != NULL)
    {
      end = g_stpcpy (end, name);
      end = g_stpcpy (end, rest + 1);
    }
  end = g_stpcpy (end, what);
  if (more != NULL)
    g_stpcpy (end, more);

  return message;
}

/* The same for an error, with @format for what is wrong. */
GError *
tend_message_new_error (const char *form,
                        const char *name,
                        GQuark      domain,
                        int         code,
                        const char *format,
                        va_list     args)
{
  g_autofree char *what = g_strdup_vprintf (format, args);
  g_autofree char *message = tend_message (form, name, what, NULL);

  return g_error_new_literal (domain, code, message);
}
