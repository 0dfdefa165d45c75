// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A task keeps its error until somebody reads it.

#include <tend.h>

static gboolean
fail (TendTask *task, gpointer user_data, GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "Error");
  return FALSE;
}

static gboolean
example (TendTask *main_task, gpointer user_data, GError **error)
{
  g_autoptr(TendTask) task = tend_task_run (NULL, fail, NULL, NULL);
  g_autoptr(GError) failure = NULL;

  g_print ("Do some work\n");
  if (!tend_sleep (G_TIME_SPAN_SECOND, error))
    return FALSE;
  g_print ("Work completed\n");

  if (tend_await (task, &failure))
    g_print ("Result: %" G_GINT64_FORMAT "\n", tend_task_get_int (task));
  else
    g_print ("%s\n", failure->message);

  return TRUE;
}

int
main (void)
{
  return tend_run (example, NULL, NULL) ? 0 : 1;
}
