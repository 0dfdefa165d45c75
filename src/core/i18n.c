// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Where the translations of the library are. They are looked for when the first message is made, so that a program
// whose tasks do not fail pays nothing for them.

#include "tend-i18n-private.h"

#ifdef HAVE_GETTEXT
#include <libintl.h>

static gpointer
bind_domain (gpointer unused)
{
  bindtextdomain (GETTEXT_PACKAGE, TEND_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  return NULL;
}
#endif

static void
ensure_domain (void)
{
#ifdef HAVE_GETTEXT
  static GOnce once = G_ONCE_INIT;

  g_once (&once, bind_domain, NULL);
#endif
}

/* Gives @text as the user's language has it; it is not freed. */
const char *
tend_gettext (const char *text)
{
  ensure_domain ();
  return g_dgettext (GETTEXT_PACKAGE, text);
}

/* The same for a text that depends on the number @n. */
const char *
tend_ngettext (const char *one,
               const char *many,
               gulong      n)
{
  ensure_domain ();
  return g_dngettext (GETTEXT_PACKAGE, one, many, n);
}
