// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code blocks of doc/fibers.md.

#include <tend.h>

static gboolean
load (TendTask  *task,
      gpointer   user_data,
      GError   **error)
{
  GFile *file = user_data;
  g_autoptr(GAsyncResult) result = NULL;
  g_autofree char *contents = NULL;

  if (!tend_sleep (G_TIME_SPAN_SECOND / 2, error))
    return FALSE;

  g_file_load_contents_async (file, tend_current_cancellable (), tend_resume, &result);
  if (!tend_await_result (&result, error))
    return FALSE;
  if (!g_file_load_contents_finish (file, result, &contents, NULL, NULL, error))
    return FALSE;

  tend_task_return_string (task, contents);
  return TRUE;
}

static void
save_what_there_is (GFile *file)
{
  g_auto(TendShield) shield = tend_shield_enter ();

  tend_sleep (G_TIME_SPAN_SECOND / 10, NULL);
  g_print ("saved\n");
}

static gboolean
run (TendTask  *task,
     gpointer   user_data,
     GError   **error)
{
  g_autoptr(GFile) file = g_file_new_for_path ("/etc/hostname");
  g_autoptr(TendTask) loading = tend_task_run_fiber ("load", load, file, NULL);

  if (!tend_await (loading, error))
    return FALSE;

  g_print ("%s", tend_task_get_string (loading));
  save_what_there_is (file);
  return TRUE;
}

int
main (void)
{
  g_autoptr(GError) error = NULL;

  if (!tend_run (run, NULL, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  return 0;
}
