// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The example service, on a bus of the test's own, with callers that are killed: this program again, as a process of
// its own.
//
// service SERVICE; service --caller ADDRESS

#include "../support/bus.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#define NAME "org.libtend.Lines"
#define PATH "/org/libtend/Lines"

static const char *program;
static const char *service_program;

typedef struct
{
  TestBus           bus;
  GDBusConnection  *client;
  GSubprocess      *process;
  GDataInputStream *lines;
} Service;

/* --- The service --- */

static void
assert_line (Service    *service,
             const char *expected)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *line = g_data_input_stream_read_line (service->lines, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (line, ==, expected);
}

static void
start (Service    *service,
       const char *option,
       const char *value)
{
  g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autoptr(GError) error = NULL;

  g_subprocess_launcher_setenv (launcher, "DBUS_SESSION_BUS_ADDRESS", service->bus.address, TRUE);
  g_subprocess_launcher_set_child_setup (launcher, bus_child_setup, NULL, NULL);
  service->process = g_subprocess_launcher_spawn (launcher, &error, service_program, option, value, NULL);
  g_assert_no_error (error);
  service->lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (service->process));
  assert_line (service, "ready");
}

static void
assert_exits (Service *service,
              int      status)
{
  g_assert_true (g_subprocess_wait (service->process, NULL, NULL));
  g_assert_true (g_subprocess_get_if_exited (service->process));
  g_assert_cmpint (g_subprocess_get_exit_status (service->process), ==, status);
  assert_line (service, NULL);
  g_clear_object (&service->lines);
  g_clear_object (&service->process);
}

static void
terminate (Service *service)
{
  g_subprocess_send_signal (service->process, SIGTERM);
  assert_exits (service, 0);
}

static void
set_up (Service       *service,
        gconstpointer  unused)
{
  if (!test_bus_up (&service->bus))
    g_error ("dbus-daemon is not installed");
  service->client = test_bus_connect (&service->bus);
}

static void
tear_down (Service       *service,
           gconstpointer  unused)
{
  g_assert_true (g_dbus_connection_close_sync (service->client, NULL, NULL));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_clear_object (&service->client);
  test_bus_down (&service->bus);
}

/* --- Its callers --- */

typedef struct
{
  GVariant *result;
  GError   *error;
  gboolean  is_there;
} Reply;

static void
replied_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Reply *reply = user_data;

  reply->result = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &reply->error);
  reply->is_there = TRUE;
}

static void
call (Service    *service,
      const char *method,
      GVariant   *parameters,
      Reply      *reply)
{
  *reply = (Reply) { 0 };
  g_dbus_connection_call (service->client, NAME, PATH, NAME, method, parameters, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START,
                          G_MAXINT, NULL, replied_cb, reply);
}

static void
assert_reply (Reply      *reply,
              const char *expected)
{
  g_autofree char *text = NULL;

  while (!reply->is_there)
    g_main_context_iteration (NULL, TRUE);
  g_assert_no_error (reply->error);
  text = g_variant_print (reply->result, FALSE);
  g_assert_cmpstr (text, ==, expected);
  g_clear_pointer (&reply->result, g_variant_unref);
}

static void
assert_failure (Reply *reply,
                int    code)
{
  while (!reply->is_there)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (reply->error, G_IO_ERROR, code);
  g_clear_error (&reply->error);
}

/* How many calls run. What was sent before is there when the answer comes. */
static guint
get_running (Service *service)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = NULL;
  g_autoptr(GVariant) value = NULL;

  answer = g_dbus_connection_call_sync (service->client, NAME, PATH, "org.freedesktop.DBus.Properties", "Get",
                                        g_variant_new ("(ss)", NAME, "Running"), G_VARIANT_TYPE ("(v)"),
                                        G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error (error);
  g_variant_get (answer, "(v)", &value);
  return g_variant_get_uint32 (value);
}

static void
await_running (Service *service,
               guint    n)
{
  while (get_running (service) != n)
    g_usleep (1000);
}

static GSubprocess *
start_caller (Service *service)
{
  g_autoptr(GError) error = NULL;
  GSubprocess *caller = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, &error, program, "--caller", service->bus.address,
                                          NULL);

  g_assert_no_error (error);
  return caller;
}

static void
kill_caller (GSubprocess *caller)
{
  g_subprocess_force_exit (caller);
  g_assert_true (g_subprocess_wait (caller, NULL, NULL));
  g_object_unref (caller);
}

/* Asks for a wait that only the death of this process ends. */
static int
be_caller (const char *address)
{
  TestBus bus = { NULL, (char *) address };
  g_autoptr(GDBusConnection) connection = NULL;

  bus_child_setup (NULL);
  connection = test_bus_connect (&bus);
  g_dbus_connection_call_sync (connection, NAME, PATH, NAME, "Wait", g_variant_new ("(d)", 86400.0), NULL,
                               G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, NULL);
  return 1;
}

/* --- Tests --- */

static void
test_count (Service       *service,
            gconstpointer  unused)
{
  g_autofree char *path = NULL;
  Reply reply;

  g_assert_true (g_close (g_file_open_tmp (NULL, &path, NULL), NULL));
  g_assert_true (g_file_set_contents (path, "one\ntwo\nthree\n", -1, NULL));
  start (service, "--limit", "2");
  call (service, "Count", g_variant_new ("(s)", path), &reply);
  assert_reply (&reply, "(3,)");
  assert_line (service, "Count 1 completed");

  call (service, "Count", g_variant_new ("(s)", "/nowhere/at/all"), &reply);
  assert_failure (&reply, G_IO_ERROR_NOT_FOUND);
  assert_line (service, "Count 2 failed");
  call (service, "Wait", g_variant_new ("(d)", -1.0), &reply);
  assert_failure (&reply, G_IO_ERROR_INVALID_ARGUMENT);
  assert_line (service, "Wait 3 failed");
  g_assert_cmpint (g_unlink (path), ==, 0);
  terminate (service);
}

static void
test_deadline (Service       *service,
               gconstpointer  unused)
{
  Reply reply;

  start (service, "--deadline", "0.05");
  call (service, "Wait", g_variant_new ("(d)", 86400.0), &reply);
  assert_failure (&reply, G_IO_ERROR_TIMED_OUT);
  assert_line (service, "Wait 1 failed");
  terminate (service);
}

/* The killed ones have all turns, and the next caller gets one. */
static void
test_killed_callers (Service       *service,
                     gconstpointer  unused)
{
  GSubprocess *first, *second;
  Reply reply;

  start (service, "--limit", "2");
  first = start_caller (service);
  await_running (service, 1);
  second = start_caller (service);
  await_running (service, 2);
  call (service, "Wait", g_variant_new ("(d)", 0.0), &reply);
  g_assert_cmpuint (get_running (service), ==, 2);
  g_assert_false (reply.is_there);

  kill_caller (first);
  assert_line (service, "Wait 1 cancelled");
  assert_line (service, "Wait 3 completed");
  assert_reply (&reply, "()");
  kill_caller (second);
  assert_line (service, "Wait 2 cancelled");
  g_assert_cmpuint (get_running (service), ==, 0);
  terminate (service);
}

static void
test_idle_exit (Service       *service,
                gconstpointer  unused)
{
  Reply reply;

  start (service, "--idle", "0.05");
  call (service, "Wait", g_variant_new ("(d)", 0.2), &reply);
  assert_reply (&reply, "()");
  assert_line (service, "Wait 1 completed");
  assert_exits (service, 0);
}

/* What came before the end is answered. */
static void
test_termination_answers (Service       *service,
                          gconstpointer  unused)
{
  Reply reply, late;

  start (service, "--limit", "1");
  call (service, "Wait", g_variant_new ("(d)", 0.2), &reply);
  call (service, "Wait", g_variant_new ("(d)", 0.0), &late);
  await_running (service, 1);
  g_subprocess_send_signal (service->process, SIGTERM);
  assert_reply (&reply, "()");
  assert_reply (&late, "()");
  assert_line (service, "Wait 1 completed");
  assert_line (service, "Wait 2 completed");
  assert_exits (service, 0);

  call (service, "Wait", g_variant_new ("(d)", 0.0), &late);
  while (!late.is_there)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (late.error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER);
  g_clear_error (&late.error);
}

static void
test_name_is_taken (Service       *service,
                    gconstpointer  unused)
{
  g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr(GSubprocess) second = NULL;
  g_autofree char *message = NULL;

  start (service, "--limit", "1");
  g_subprocess_launcher_setenv (launcher, "DBUS_SESSION_BUS_ADDRESS", service->bus.address, TRUE);
  second = g_subprocess_launcher_spawn (launcher, NULL, service_program, NULL);
  g_assert_true (g_subprocess_communicate_utf8 (second, NULL, NULL, NULL, &message, NULL));
  g_assert_cmpstr (message, ==, "tend-lines-service: the name " NAME " is taken\n");
  g_assert_cmpint (g_subprocess_get_exit_status (second), ==, 1);
  terminate (service);
}

#define add(name, func) g_test_add ("/examples/service/" name, Service, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  if (argc == 3 && strcmp (argv[1], "--caller") == 0)
    return be_caller (argv[2]);

  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 2);
  program = argv[0];
  service_program = argv[1];

  add ("count", test_count);
  add ("deadline", test_deadline);
  add ("killed-callers", test_killed_callers);
  add ("idle-exit", test_idle_exit);
  add ("termination-answers", test_termination_answers);
  add ("name-is-taken", test_name_is_taken);

  return g_test_run ();
}
