// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code of doc/which-manager.md, as it is written with libtend: the editor of by-hand.c. The
// test that runs it does so on a clock that stands still.

#include <tend.h>

typedef struct
{
  GMainLoop       *loop;
  GFile           *file;
  GBytes          *text;

  TendTaskManager *tasks;
} Editor;

/* --- A timer that is reset --- */

static gboolean
idle (TendTask *task, gpointer user_data, GError **error)
{
  g_print ("nobody is there\n");
  return TRUE;
}

static void
reset_idle (Editor *self)
{
  tend_task_manager_debounce (self->tasks, tend_task_new ("idle", idle, self, NULL), 300 * G_TIME_SPAN_SECOND, NULL);
}

/* --- A save --- */

static gboolean
save (TendTask *task, gpointer user_data, GError **error)
{
  Editor *self = user_data;
  g_auto(TendCall) call = TEND_CALL_INIT;

  g_file_replace_contents_bytes_async (self->file, self->text, NULL, FALSE, G_FILE_CREATE_NONE,
                                       tend_call_start (&call), tend_call_ready, &call);
  if (!tend_await_call (&call, error) ||
      !g_file_replace_contents_finish (self->file, call.result, NULL, error))
    return FALSE;

  g_print ("saved\n");
  return TRUE;
}

static void
changed (Editor *self)
{
  tend_task_manager_debounce (self->tasks, tend_task_new_fiber ("save", save, self, NULL),
                              2 * G_TIME_SPAN_SECOND, NULL);
}

/* --- So many at a time --- */

static gboolean
look (TendTask *task, gpointer user_data, GError **error)
{
  g_auto(TendCall) call = TEND_CALL_INIT;
  g_autoptr(GFileInfo) info = NULL;

  g_file_query_info_async (user_data, G_FILE_ATTRIBUTE_STANDARD_SIZE, G_FILE_QUERY_INFO_NONE,
                           G_PRIORITY_DEFAULT, tend_call_start (&call), tend_call_ready, &call);
  if (!tend_await_call (&call, error))
    return FALSE;

  info = g_file_query_info_finish (user_data, call.result, error);
  if (info != NULL)
    g_print ("looked at one\n");
  return info != NULL;
}

static void
look_at (Editor *self, const char *path)
{
  tend_task_manager_register (self->tasks,
                              tend_task_new_fiber (NULL, look, g_file_new_for_path (path), g_object_unref),
                              TEND_NAME_POLICY_REJECT, NULL);
}

/* --- The end --- */

static gboolean
close_store (TendTask *task, gpointer user_data, GError **error)
{
  g_print ("closed\n");
  return TRUE;
}

static void
shut_down_cb (GObject *tasks, GAsyncResult *result, gpointer user_data)
{
  Editor *self = user_data;
  g_autoptr(GError) error = NULL;

  if (!tend_task_manager_shutdown_finish (self->tasks, result, &error))
    g_printerr ("%s\n", error->message);
  g_main_loop_quit (self->loop);
}

static void
shut_down (Editor *self)
{
  tend_task_manager_add_shutdown_task (self->tasks, tend_task_new ("close", close_store, self, NULL), NULL);
  tend_task_manager_shutdown_async (self->tasks, NULL, shut_down_cb, self);
}

int
main (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autofree char *name = g_strdup_printf ("tend-from-glib-%" G_GINT64_FORMAT, g_get_real_time ());
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), name, NULL);
  Editor editor = {
    .loop = g_main_loop_new (NULL, FALSE),
    .file = g_file_new_for_path (path),
    .text = g_bytes_new_static ("text", 4),
    .tasks = tend_task_manager_new (),
  };

  tend_task_manager_set_max_running (editor.tasks, 2);
  reset_idle (&editor);
  changed (&editor);
  changed (&editor);
  for (guint i = 0; i < 3; i++)
    look_at (&editor, "/dev/null");

  tend_clock_run_until_idle (clock, NULL);

  shut_down (&editor);
  g_main_loop_run (editor.loop);

  g_file_delete (editor.file, NULL, NULL);
  g_object_unref (editor.file);
  g_object_unref (editor.tasks);
  g_bytes_unref (editor.text);
  g_main_loop_unref (editor.loop);
  return 0;
}
