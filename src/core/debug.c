// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// TEND_DEBUG, the environment variable: what the library leaves out or does in addition, to help in finding a fault.
// Its words are separated by commas or spaces, as in GLib.

#include "tend-core-private.h"

static const GDebugKey keys[] = {
  { "no-overflow-report", TEND_DEBUG_NO_OVERFLOW_REPORT },
  { "no-spares", TEND_DEBUG_NO_SPARES },
};

gboolean
tend_debug_has (TendDebug what)
{
  static gsize found;

  /* The highest bit says that the variable was read: a value that is initialized once is not 0. */
  if (g_once_init_enter (&found))
    g_once_init_leave (&found, g_parse_debug_string (g_getenv ("TEND_DEBUG"), keys, G_N_ELEMENTS (keys)) | 1u << 31);

  return (found & what) != 0;
}
