// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// TendCall with GIO's files, streams, resolver and child processes.

#include "call-gio.h"

#include <glib/gstdio.h>

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

/* Large enough for several steps of a copy. */
#define SIZE (1 << 20)

typedef struct
{
  char   *dir;
  GFile  *file;         /* of SIZE bytes */
  GFile  *copy;
  GBytes *bytes;
  int     ends[2];      /* of a socket pair */
  pid_t   pid;
} Scene;

static void
set_up (Scene         *scene,
        gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;

  scene->dir = g_dir_make_tmp ("tend-call-XXXXXX", &error);
  g_assert_no_error (error);
  scene->file = g_file_new_build_filename (scene->dir, "file", NULL);
  scene->copy = g_file_new_build_filename (scene->dir, "copy", NULL);
  scene->bytes = g_bytes_new_take (g_malloc0 (SIZE), SIZE);
  g_assert_true (g_file_set_contents (g_file_peek_path (scene->file), g_bytes_get_data (scene->bytes, NULL), SIZE,
                                      NULL));
}

static void
empty (const char *path)
{
  g_autoptr(GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);

      g_unlink (file);
    }
}

/* The threads of GIO may still be at work for operations that were cancelled and have called back. */
static void
tear_down (Scene         *scene,
           gconstpointer  unused)
{
  do
    empty (scene->dir);
  while (g_rmdir (scene->dir) != 0);
  while (g_atomic_int_get (&G_OBJECT (scene->file)->ref_count) > 1 ||
         g_atomic_int_get (&G_OBJECT (scene->copy)->ref_count) > 1)
    g_main_context_iteration (NULL, FALSE);
  g_free (scene->dir);
  g_assert_finalize_object (scene->file);
  g_assert_finalize_object (scene->copy);
  g_bytes_unref (scene->bytes);
}

/* --- Files --- */

static gboolean
load_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  Scene *scene = user_data;
  g_auto(TendCall) call = TEND_CALL_INIT;
  g_autofree char *contents = NULL;
  gsize length;

  g_file_load_contents_async (scene->file, tend_call_start (&call), tend_call_ready, &call);
  if (!await_call (&call, error) ||
      !g_file_load_contents_finish (scene->file, call.result, &contents, &length, NULL, error))
    return FALSE;

  g_assert_cmpuint (length, ==, SIZE);
  return TRUE;
}

static void
test_load (Scene         *scene,
           gconstpointer  unused)
{
  run_all_ways (load_body, scene);
}

static gboolean
replace_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  Scene *scene = user_data;
  g_auto(TendCall) call = TEND_CALL_INIT;

  g_file_replace_contents_bytes_async (scene->copy, scene->bytes, NULL, FALSE, G_FILE_CREATE_NONE,
                                       tend_call_start (&call), tend_call_ready, &call);
  return await_call (&call, error) && g_file_replace_contents_finish (scene->copy, call.result, NULL, error);
}

static void
test_replace (Scene         *scene,
              gconstpointer  unused)
{
  run_all_ways (replace_body, scene);
}

static gboolean
enumerate_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  Scene *scene = user_data;
  g_autoptr(GFile) dir = g_file_new_for_path (scene->dir);
  g_autoptr(GFileEnumerator) enumerator = NULL;
  g_auto(TendCall) call = TEND_CALL_INIT;
  guint n = 0;

  g_file_enumerate_children_async (dir, G_FILE_ATTRIBUTE_STANDARD_NAME, G_FILE_QUERY_INFO_NONE, G_PRIORITY_DEFAULT,
                                   tend_call_start (&call), tend_call_ready, &call);
  if (!await_call (&call, error))
    return FALSE;
  enumerator = g_file_enumerate_children_finish (dir, call.result, error);
  if (enumerator == NULL)
    return FALSE;

  while (TRUE)
    {
      g_autolist(GFileInfo) infos = NULL;
      g_autoptr(GError) failure = NULL;

      g_file_enumerator_next_files_async (enumerator, 1, G_PRIORITY_DEFAULT, tend_call_start (&call), tend_call_ready,
                                          &call);
      if (!await_call (&call, error))
        return FALSE;
      infos = g_file_enumerator_next_files_finish (enumerator, call.result, &failure);
      g_assert_no_error (failure);
      if (infos == NULL)
        break;
      n++;
    }

  g_assert_cmpuint (n, ==, 1);
  return TRUE;
}

static void
test_enumerate (Scene         *scene,
                gconstpointer  unused)
{
  run_all_ways (enumerate_body, scene);
}

/* In the context of the fiber, and so not within it. */
static void
progress_cb (goffset  current,
             goffset  total,
             gpointer user_data)
{
  g_assert_true (tend_task_get_current () != user_data);
  tend_task_set_progress (user_data, (double) current / (double) total, NULL);
}

static gboolean
copy_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  Scene *scene = user_data;
  g_auto(TendCall) call = TEND_CALL_INIT;

  g_file_copy_async (scene->file, scene->copy, G_FILE_COPY_OVERWRITE, G_PRIORITY_DEFAULT, tend_call_start (&call),
                     progress_cb, task, tend_call_ready, &call);
  if (!await_call (&call, error) || !g_file_copy_finish (scene->file, call.result, error))
    return FALSE;

  g_assert_cmpfloat (tend_task_get_progress (task), ==, 1.0);
  return TRUE;
}

static void
test_copy (Scene         *scene,
           gconstpointer  unused)
{
  run_all_ways (copy_body, scene);
}

static gboolean
splice_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  Scene *scene = user_data;
  g_autoptr(GOutputStream) out = g_memory_output_stream_new_resizable ();
  g_autoptr(GFileInputStream) in = NULL;
  g_auto(TendCall) call = TEND_CALL_INIT;

  g_file_read_async (scene->file, G_PRIORITY_DEFAULT, tend_call_start (&call), tend_call_ready, &call);
  if (!await_call (&call, error))
    return FALSE;
  in = g_file_read_finish (scene->file, call.result, error);
  if (in == NULL)
    return FALSE;

  g_output_stream_splice_async (out, G_INPUT_STREAM (in),
                                G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE | G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET,
                                G_PRIORITY_DEFAULT, tend_call_start (&call), tend_call_ready, &call);
  if (!await_call (&call, error))
    return FALSE;

  g_assert_cmpint (g_output_stream_splice_finish (out, call.result, error), ==, SIZE);
  return TRUE;
}

static void
test_splice (Scene         *scene,
             gconstpointer  unused)
{
  run_all_ways (splice_body, scene);
}

/* --- Sockets and names --- */

static gboolean
read_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  GInputStream *stream = user_data;
  g_auto(TendCall) call = TEND_CALL_INIT;
  char byte;

  g_input_stream_read_async (stream, &byte, 1, G_PRIORITY_DEFAULT, tend_call_start (&call), tend_call_ready, &call);
  return await_call (&call, error) && g_input_stream_read_finish (stream, call.result, error) == 1;
}

/* Nothing comes, so it ends by what ends the task. */
static void
test_read_that_has_nothing (Scene         *scene,
                            gconstpointer  unused)
{
  g_autoptr(GSocket) socket = NULL;
  g_autoptr(GSocketConnection) connection = NULL;
  GInputStream *stream;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, scene->ends), ==, 0);
  socket = g_socket_new_from_fd (scene->ends[0], NULL);
  connection = g_socket_connection_factory_create_connection (socket);
  stream = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  run_interrupted (read_body, stream, WAY_CANCELLED, "cancelled");
  run_interrupted (read_body, stream, WAY_STOPPED, "stopped");
  run_out_of_time (read_body, stream, 1);
  g_assert_cmpint (write (scene->ends[1], "123", 3), ==, 3);
  run_all_ways (read_body, stream);
  close (scene->ends[1]);
}

static gboolean
resolve_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  g_autoptr(GResolver) resolver = g_resolver_get_default ();
  g_autolist(GInetAddress) addresses = NULL;
  g_auto(TendCall) call = TEND_CALL_INIT;

  g_resolver_lookup_by_name_async (resolver, "localhost", tend_call_start (&call), tend_call_ready, &call);
  if (!await_call (&call, error))
    return FALSE;
  addresses = g_resolver_lookup_by_name_finish (resolver, call.result, error);

  return addresses != NULL;
}

static void
test_resolve (Scene         *scene,
              gconstpointer  unused)
{
  run_all_ways (resolve_body, scene);
}

/* --- Child processes --- */

static gboolean
communicate_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  Scene *scene = user_data;
  g_autoptr(GSubprocess) child = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE,
                                                   error, "cat", NULL);
  g_autoptr(GBytes) out = NULL;
  g_auto(TendCall) call = TEND_CALL_INIT;

  if (child == NULL)
    return FALSE;

  g_subprocess_communicate_async (child, scene->bytes, tend_call_start (&call), tend_call_ready, &call);
  if (!await_call (&call, error))
    {
      g_subprocess_force_exit (child);
      return FALSE;
    }
  if (!g_subprocess_communicate_finish (child, call.result, &out, NULL, error))
    return FALSE;

  g_assert_true (g_bytes_equal (out, scene->bytes));
  return TRUE;
}

static void
test_communicate (Scene         *scene,
                  gconstpointer  unused)
{
  run_all_ways (communicate_body, scene);
}

/* The recipe of the page: the child goes with the wait for it. */
static gboolean
long_child_body (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  Scene *scene = user_data;
  g_autoptr(GSubprocess) child = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, error, "sleep", "1000", NULL);
  g_auto(TendCall) call = TEND_CALL_INIT;

  if (child == NULL)
    return FALSE;

  scene->pid = (pid_t) g_ascii_strtoll (g_subprocess_get_identifier (child), NULL, 10);
  g_subprocess_communicate_async (child, NULL, tend_call_start (&call), tend_call_ready, &call);
  if (!await_call (&call, error))
    {
      g_subprocess_force_exit (child);
      return FALSE;
    }
  return g_subprocess_communicate_finish (child, call.result, NULL, NULL, error);
}

static void
assert_child_is_gone (Scene *scene)
{
  while (kill (scene->pid, 0) == 0)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpint (errno, ==, ESRCH);
}

static void
test_kills_the_child (Scene         *scene,
                      gconstpointer  unused)
{
  run_interrupted (long_child_body, scene, WAY_CANCELLED, "cancelled");
  assert_child_is_gone (scene);
  run_interrupted (long_child_body, scene, WAY_STOPPED, "stopped");
  assert_child_is_gone (scene);
  run_out_of_time (long_child_body, scene, 1);
  assert_child_is_gone (scene);
}

#define add(path, func) g_test_add (path, Scene, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("/tend/call/gio/load", test_load);
  add ("/tend/call/gio/replace", test_replace);
  add ("/tend/call/gio/enumerate", test_enumerate);
  add ("/tend/call/gio/copy", test_copy);
  add ("/tend/call/gio/splice", test_splice);
  add ("/tend/call/gio/read-that-has-nothing", test_read_that_has_nothing);
  add ("/tend/call/gio/resolve", test_resolve);
  add ("/tend/call/gio/communicate", test_communicate);
  add ("/tend/call/gio/kills-the-child", test_kills_the_child);

  return g_test_run ();
}
