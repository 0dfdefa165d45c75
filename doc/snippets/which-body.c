// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code blocks of doc/which-body.md.

#include <tend.h>

static gboolean
poll_fiber (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  for (int i = 0; i < 3; i++)
    {
      g_print ("look %d\n", i);
      if (!tend_sleep (G_TIME_SPAN_SECOND / 10, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
sum_thread (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  gint64 sum = 0;

  for (gint64 i = 0; i < 10; i++)
    {
      if (!tend_checkpoint (error))
        return FALSE;
      for (gint64 j = 0; j < 1000000; j++)
        sum += j;
    }

  tend_task_return_int (task, sum);
  return TRUE;
}

static gboolean
answered_cb (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  tend_task_return_string (task, "answer");
  return FALSE;
}

static gboolean
ask (TendTask  *task,
     gpointer   user_data,
     GError   **error)
{
  tend_task_add_timer (task, G_TIME_SPAN_SECOND / 10, -1, answered_cb, NULL, NULL);
  return TRUE;
}

static void
query_async (TendTask            *task,
             GCancellable        *cancellable,
             GAsyncReadyCallback  callback,
             gpointer             callback_data,
             gpointer             user_data)
{
  g_file_query_info_async (user_data, G_FILE_ATTRIBUTE_STANDARD_SIZE, G_FILE_QUERY_INFO_NONE,
                           G_PRIORITY_DEFAULT, cancellable, callback, callback_data);
}

static gboolean
query_finish (TendTask      *task,
              GAsyncResult  *result,
              gpointer       user_data,
              GError       **error)
{
  g_autoptr(GFileInfo) info = g_file_query_info_finish (user_data, result, error);

  if (info == NULL)
    return FALSE;

  tend_task_return_int (task, g_file_info_get_size (info));
  return TRUE;
}

static gboolean
run (TendTask  *main_task,
     gpointer   user_data,
     GError   **error)
{
  g_autoptr(GFile) file = g_file_new_for_path ("/etc/hostname");
  g_autoptr(TendTask) poll = tend_task_run_fiber ("poll", poll_fiber, NULL, NULL);
  g_autoptr(TendTask) sum = tend_task_run_thread ("sum", sum_thread, NULL, NULL);
  g_autoptr(TendTask) answer = tend_task_run_open ("ask", ask, NULL, NULL);
  g_autoptr(TendTask) query = tend_task_run_async ("query", query_async, query_finish, file, NULL);
  g_autoptr(TendTask) all = tend_wait_all ((TendTask *[]) { poll, sum, answer, query }, 4);

  if (!tend_await (all, error))
    return FALSE;

  g_print ("%s\n", tend_task_get_string (answer));
  return TRUE;
}

int
main (void)
{
  return tend_run (run, NULL, NULL) ? 0 : 1;
}
