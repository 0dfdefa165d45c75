// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A task that nobody keeps: its error cannot be read any more, and is reported once. The program
// goes on.

#include <tend.h>

static gboolean
fail (TendTask *task, gpointer user_data, GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "Error");
  return FALSE;
}

/* Starts the work in the next turn of the main loop, and forgets it. */
static void
begin (GError **error)
{
  g_autoptr(TendTask) task = tend_task_new (NULL, fail, NULL, NULL);

  tend_task_set_delay (task, 0);
  tend_task_start (task, error);
}

static gboolean
example (TendTask *main_task, gpointer user_data, GError **error)
{
  begin (error);

  g_print ("Do some work\n");
  if (!tend_sleep (G_TIME_SPAN_SECOND, error))
    return FALSE;
  g_print ("Work completed\n");

  return TRUE;
}

int
main (void)
{
  return tend_run (example, NULL, NULL) ? 0 : 1;
}
