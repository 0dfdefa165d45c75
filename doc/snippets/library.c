// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code of doc/library.md: a class whose asynchronous functions are tasks inside, and a program that uses it.

#include <tend.h>

#define MY_TYPE_COUNTER (my_counter_get_type ())
G_DECLARE_FINAL_TYPE (MyCounter, my_counter, MY, COUNTER, GObject)

struct _MyCounter
{
  GObject          parent_instance;
  TendTaskManager *manager;
};

G_DEFINE_FINAL_TYPE (MyCounter, my_counter, G_TYPE_OBJECT)

static void
my_counter_dispose (GObject *object)
{
  MyCounter *self = MY_COUNTER (object);

  g_clear_object (&self->manager);

  G_OBJECT_CLASS (my_counter_parent_class)->dispose (object);
}

static void
my_counter_class_init (MyCounterClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = my_counter_dispose;
}

static void
my_counter_init (MyCounter *self)
{
  self->manager = tend_task_manager_new ();
  tend_task_manager_set_max_running (self->manager, 8);
}

static gboolean
count_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  GFile *file = user_data;
  g_autofree char *text = NULL;
  g_auto(TendCall) call = TEND_CALL_INIT;
  gint64 n_lines = 0;

  g_file_load_contents_async (file, tend_call_start (&call), tend_call_ready, &call);
  if (!tend_await_call (&call, error) ||
      !g_file_load_contents_finish (file, call.result, &text, NULL, NULL, error))
    return FALSE;

  for (const char *c = text; *c != '\0'; c++)
    n_lines += *c == '\n';

  tend_task_return_int (task, n_lines);
  return TRUE;
}

static void
my_counter_count_async (MyCounter           *self,
                        GFile               *file,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  g_autoptr(GTask) result = g_task_new (self, cancellable, callback, user_data);
  g_autoptr(TendTask) task = tend_task_run_fiber ("count", count_body, g_object_ref (file), g_object_unref);

  tend_task_return_to_task (task, result);
}

static gssize
my_counter_count_finish (MyCounter     *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), -1);

  return g_task_propagate_int (G_TASK (result), error);
}

/* The same with a limit of eight at a time; any number may be asked for at once. */
static void
my_counter_count_queued_async (MyCounter           *self,
                               GFile               *file,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  g_autoptr(GTask) result = g_task_new (self, cancellable, callback, user_data);
  g_autoptr(GError) error = NULL;
  TendTask *task;

  task = tend_task_manager_register (self->manager,
                                     tend_task_new_fiber ("count", count_body, g_object_ref (file), g_object_unref),
                                     TEND_NAME_POLICY_ANONYMOUS, &error);
  if (task != NULL)
    tend_task_return_to_task (task, result);
  else
    g_task_return_error (result, g_steal_pointer (&error));
}

/* --- The program, which knows nothing of tasks --- */

static int n_left;

static void
counted_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  gssize n_lines = my_counter_count_finish (MY_COUNTER (source), result, &error);

  if (error != NULL)
    g_print ("%s: %s\n", (const char *) user_data,
             g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ? "cancelled" : "no such file");
  else
    g_print ("%s: %d lines\n", (const char *) user_data, (int) n_lines);
  n_left--;
}

static void
wait_for (int n_calls)
{
  n_left = n_calls;
  while (n_left > 0)
    g_main_context_iteration (NULL, TRUE);
}

int
main (void)
{
  g_autoptr(MyCounter) counter = g_object_new (MY_TYPE_COUNTER, NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GFileIOStream) stream = NULL;
  g_autoptr(GFile) file = g_file_new_tmp (NULL, &stream, NULL);
  g_autoptr(GFile) missing = g_file_new_for_path ("/nowhere/at/all");

  if (file == NULL || !g_file_replace_contents (file, "1\n2\n3\n", 6, NULL, FALSE, 0, NULL, NULL, NULL))
    return 1;

  my_counter_count_async (counter, file, NULL, counted_cb, "one");
  wait_for (1);
  my_counter_count_queued_async (counter, file, NULL, counted_cb, "queued");
  wait_for (1);
  my_counter_count_async (counter, missing, NULL, counted_cb, "missing");
  wait_for (1);
  my_counter_count_queued_async (counter, file, cancellable, counted_cb, "given up");
  g_cancellable_cancel (cancellable);
  wait_for (1);

  return g_file_delete (file, NULL, NULL) ? 0 : 1;
}
