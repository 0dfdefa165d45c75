// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code of doc/which-manager.md, as it is written with GLib alone: an editor and its work.

#include <gio/gio.h>

typedef struct
{
  GMainLoop    *loop;
  GFile        *file;
  GBytes       *text;

  guint         idle_id;
  guint         save_id;
  gboolean      is_saving;
  gboolean      is_changed;
  GCancellable *cancellable;
  GQueue        waiting;        /* of GFile */
  guint         n_running;

  guint         n_pending;      /* operations that have not come back */
  guint         grace_id;
  gboolean      is_closing;
} Editor;

static void shutdown_check (Editor *self);

/* --- A timer that is reset --- */

static gboolean
idle_cb (gpointer user_data)
{
  Editor *self = user_data;

  self->idle_id = 0;
  g_print ("nobody is there\n");
  return G_SOURCE_REMOVE;
}

static void
reset_idle (Editor *self)
{
  g_clear_handle_id (&self->idle_id, g_source_remove);
  self->idle_id = g_timeout_add_seconds (300, idle_cb, self);
}

/* --- A save --- */

static void changed (Editor *self);

static void
saved_cb (GObject *file, GAsyncResult *result, gpointer user_data)
{
  Editor *self = user_data;
  g_autoptr(GError) error = NULL;

  self->is_saving = FALSE;
  if (!g_file_replace_contents_finish (G_FILE (file), result, NULL, &error))
    g_printerr ("save: %s\n", error->message);
  else
    g_print ("saved\n");
  if (self->is_changed)
    changed (self);     /* what has changed since then is not in the file */

  self->n_pending--;
  shutdown_check (self);
}

static gboolean
save_cb (gpointer user_data)
{
  Editor *self = user_data;

  self->save_id = 0;
  self->is_saving = TRUE;
  self->is_changed = FALSE;
  self->n_pending++;
  g_file_replace_contents_bytes_async (self->file, self->text, NULL, FALSE, G_FILE_CREATE_NONE,
                                       self->cancellable, saved_cb, self);
  return G_SOURCE_REMOVE;
}

static void
changed (Editor *self)
{
  self->is_changed = TRUE;
  g_clear_handle_id (&self->save_id, g_source_remove);
  if (!self->is_saving && !self->is_closing)
    self->save_id = g_timeout_add_seconds (2, save_cb, self);
}

/* --- All that belongs to a window --- */

static void
loaded_cb (GObject *file, GAsyncResult *result, gpointer user_data)
{
  Editor *self;
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;
  gsize length;

  if (!g_file_load_contents_finish (G_FILE (file), result, &text, &length, NULL, &error))
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        g_printerr ("load: %s\n", error->message);
      return;
    }

  /* Only now it is known that the editor is still there. */
  self = user_data;
  g_clear_pointer (&self->text, g_bytes_unref);
  self->text = g_bytes_new_take (g_steal_pointer (&text), length);
}

static void
load (Editor *self)
{
  g_file_load_contents_async (self->file, self->cancellable, loaded_cb, self);
}

static void
dispose (Editor *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_handle_id (&self->idle_id, g_source_remove);
  g_clear_handle_id (&self->save_id, g_source_remove);
}

/* --- So many at a time --- */

static void begin_waiting (Editor *self);

static void
looked_cb (GObject *file, GAsyncResult *result, gpointer user_data)
{
  Editor *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GFileInfo) info = g_file_query_info_finish (G_FILE (file), result, &error);

  if (info != NULL)
    g_print ("looked at one\n");
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_printerr ("look: %s\n", error->message);

  self->n_running--;
  self->n_pending--;
  begin_waiting (self);
  shutdown_check (self);
}

static void
begin_waiting (Editor *self)
{
  while (self->n_running < 2 && !self->is_closing && self->waiting.length > 0)
    {
      g_autoptr(GFile) file = g_queue_pop_head (&self->waiting);

      self->n_running++;
      self->n_pending++;
      g_file_query_info_async (file, G_FILE_ATTRIBUTE_STANDARD_SIZE, G_FILE_QUERY_INFO_NONE,
                               G_PRIORITY_DEFAULT, self->cancellable, looked_cb, self);
    }
}

static void
look_at (Editor *self, const char *path)
{
  g_queue_push_tail (&self->waiting, g_file_new_for_path (path));
  begin_waiting (self);
}

/* --- The end --- */

static void
close_store (Editor *self)
{
  g_print ("closed\n");
  g_main_loop_quit (self->loop);
}

static void
shutdown_check (Editor *self)
{
  if (!self->is_closing || self->n_pending > 0 || self->grace_id == 0)
    return;

  g_clear_handle_id (&self->grace_id, g_source_remove);
  close_store (self);
}

static gboolean
grace_over_cb (gpointer user_data)
{
  Editor *self = user_data;

  g_printerr ("%u operations have not come back\n", self->n_pending);
  self->grace_id = 0;
  close_store (self);   /* their callbacks must not find the editor freed */
  return G_SOURCE_REMOVE;
}

static void
shut_down (Editor *self)
{
  self->is_closing = TRUE;
  g_clear_handle_id (&self->idle_id, g_source_remove);
  g_clear_handle_id (&self->save_id, g_source_remove);
  g_queue_clear_full (&self->waiting, g_object_unref);
  g_cancellable_cancel (self->cancellable);
  self->grace_id = g_timeout_add_seconds (5, grace_over_cb, self);
  shutdown_check (self);
}

static gboolean
shut_down_cb (gpointer user_data)
{
  shut_down (user_data);
  return G_SOURCE_REMOVE;
}

int
main (void)
{
  g_autofree char *name = g_strdup_printf ("tend-by-hand-%" G_GINT64_FORMAT, g_get_real_time ());
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), name, NULL);
  Editor editor = {
    .loop = g_main_loop_new (NULL, FALSE),
    .file = g_file_new_for_path (path),
    .text = g_bytes_new_static (NULL, 0),
    .waiting = G_QUEUE_INIT,
    .cancellable = g_cancellable_new (),
  };

  g_file_set_contents (path, "text", -1, NULL);
  load (&editor);
  reset_idle (&editor);
  changed (&editor);
  changed (&editor);
  for (guint i = 0; i < 3; i++)
    look_at (&editor, "/dev/null");

  g_timeout_add_seconds (3, shut_down_cb, &editor);
  g_main_loop_run (editor.loop);

  g_file_delete (editor.file, NULL, NULL);
  dispose (&editor);
  g_object_unref (editor.file);
  g_bytes_unref (editor.text);
  g_main_loop_unref (editor.loop);
  return 0;
}
