// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code of doc/watchdog.md.

#include <tend.h>

static gboolean
launch (TendTask  *task,
        gpointer   user_data,
        GError   **error)
{
  return tend_sleep (G_TIME_SPAN_MILLISECOND, error);
}

int
main (void)
{
  g_autoptr(GError) error = NULL;

  if (!tend_watchdog_start (100 * G_TIME_SPAN_MILLISECOND, &error))
    g_warning ("%s", error->message);

  tend_run (launch, NULL, NULL);

  tend_watchdog_stop ();

  return 0;
}
