// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// An exit handler runs however the task ends, and frees what the task had taken.

#include <tend.h>

typedef struct
{
  GObject *handle;
} Work;

static void
exit_cb (TendTask *task, gpointer user_data)
{
  Work *work = user_data;
  g_autofree char *text = tend_task_to_string (task);

  g_print ("%s exit with status: '%s'\n", text,
           tend_task_status_to_string (tend_task_get_status (task)));

  if (work->handle != NULL)
    {
      g_clear_object (&work->handle);
      g_print ("%s frees up: 'handle'\n", text);
    }
}

static gboolean
fail (TendTask *task, gpointer user_data, GError **error)
{
  Work *work = user_data;

  tend_task_add_exit_handler (task, exit_cb, work, NULL);
  work->handle = g_object_new (G_TYPE_OBJECT, NULL);

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "Error");
  return FALSE;
}

static gboolean
example (TendTask *main_task, gpointer user_data, GError **error)
{
  g_autoptr(TendTask) task = tend_task_run (NULL, fail, g_new0 (Work, 1), g_free);
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
