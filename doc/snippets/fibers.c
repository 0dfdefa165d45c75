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
  g_auto(TendCall) call = TEND_CALL_INIT;
  g_autofree char *contents = NULL;

  if (!tend_sleep (G_TIME_SPAN_SECOND / 2, error))
    return FALSE;

  g_file_load_contents_async (file, tend_call_start (&call), tend_call_ready, &call);
  if (!tend_await_call (&call, error))
    return FALSE;
  if (!g_file_load_contents_finish (file, call.result, &contents, NULL, NULL, error))
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

static gboolean
load_both (GFile   *first,
           GFile   *second,
           GBytes **contents,
           GError **error)
{
  g_auto(TendCall) one = TEND_CALL_INIT;
  g_auto(TendCall) two = TEND_CALL_INIT;

  g_file_load_bytes_async (first, tend_call_start (&one), tend_call_ready, &one);
  g_file_load_bytes_async (second, tend_call_start (&two), tend_call_ready, &two);

  if (!tend_await_call (&one, error))
    return FALSE;
  contents[0] = g_file_load_bytes_finish (first, one.result, NULL, error);
  if (contents[0] == NULL)
    return FALSE;

  if (!tend_await_call (&two, error))
    return FALSE;
  contents[1] = g_file_load_bytes_finish (second, two.result, NULL, error);
  return contents[1] != NULL;
}

static gboolean
compress (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  g_autoptr(GSubprocess) child = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE,
                                                   error, "gzip", "-c", NULL);
  g_auto(TendCall) call = TEND_CALL_INIT;
  g_autoptr(GBytes) packed = NULL;

  if (child == NULL)
    return FALSE;

  g_subprocess_communicate_async (child, user_data, tend_call_start (&call), tend_call_ready, &call);
  if (!tend_await_call (&call, error))
    {
      g_subprocess_force_exit (child);
      return FALSE;
    }
  if (!g_subprocess_communicate_finish (child, call.result, &packed, NULL, error))
    return FALSE;

  tend_task_return_int (task, (gint64) g_bytes_get_size (packed));
  return TRUE;
}

static gboolean
run_more (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  g_autoptr(GFile) first = g_file_new_for_path ("/etc/hostname");
  g_autoptr(GFile) second = g_file_new_for_path ("/etc/passwd");
  GBytes *contents[2] = { NULL, NULL };
  gboolean ok = load_both (first, second, contents, error);

  if (ok)
    {
      g_autoptr(TendTask) packing = tend_task_run_fiber ("pack", compress, contents[1], NULL);

      ok = tend_await (packing, error);
    }
  g_clear_pointer (&contents[0], g_bytes_unref);
  g_clear_pointer (&contents[1], g_bytes_unref);

  return ok;
}

int
main (void)
{
  g_autoptr(GError) error = NULL;

  if (!tend_run (run, NULL, &error) || !tend_run (run_more, NULL, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  return 0;
}
