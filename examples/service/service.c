// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// tend-lines-service: counts the lines of files for others, over D-Bus. Each call is a task.
//
// The manager of the calls limits how many run at once, and each call has a deadline. A call ends when its caller
// leaves the bus. The service exits when nobody has called for a while, and at the first SIGTERM or SIGINT. Either way
// it gives up its name first, so that the bus starts another one for new callers, and then answers the calls that it
// has got.

#include <tend.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define NAME        "org.libtend.Lines"
#define PATH        "/org/libtend/Lines"
#define BUS         "org.freedesktop.DBus"
#define BUS_PATH    "/org/freedesktop/DBus"
#define BUFFER_SIZE 65536

/* What the bus says to whoever gets the name. */
#define NAME_IS_OURS 1

static const char xml[] =
  "<node>"
  "  <interface name='" NAME "'>"
  "    <method name='Count'>"
  "      <arg name='path' type='s' direction='in'/>"
  "      <arg name='lines' type='t' direction='out'/>"
  "    </method>"
  "    <method name='Wait'>"
  "      <arg name='seconds' type='d' direction='in'/>"
  "    </method>"
  "    <property name='Running' type='u' access='read'/>"
  "  </interface>"
  "</node>";

typedef struct
{
  GDBusConnection *connection;
  TendTaskManager *manager;
  gint64           deadline;    /* of a call, from its arrival */
  gint64           idle_time;   /* for which nobody calls before the service exits */
  gint64           last_used;   /* a point of tend_get_time() */
} Service;

/* --- The calls --- */

static gboolean
count_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  GDBusMethodInvocation *invocation = tend_task_get_invocation (task);
  g_autofree char *buffer = g_malloc (BUFFER_SIZE);
  g_autoptr(GFile) file = NULL;
  g_autoptr(GFileInputStream) stream = NULL;
  const char *path;
  guint64 n_lines = 0;
  gssize n = 1;

  g_variant_get (g_dbus_method_invocation_get_parameters (invocation), "(&s)", &path);
  file = g_file_new_for_path (path);

  {
    g_auto(TendCall) call = TEND_CALL_INIT;

    g_file_read_async (file, G_PRIORITY_DEFAULT, tend_call_start (&call), tend_call_ready, &call);
    if (!tend_await_call (&call, error))
      return FALSE;
    stream = g_file_read_finish (file, call.result, error);
    if (stream == NULL)
      return FALSE;
  }

  while (n > 0)
    {
      g_auto(TendCall) call = TEND_CALL_INIT;

      g_input_stream_read_async (G_INPUT_STREAM (stream), buffer, BUFFER_SIZE, G_PRIORITY_DEFAULT,
                                 tend_call_start (&call), tend_call_ready, &call);
      if (!tend_await_call (&call, error))
        return FALSE;
      n = g_input_stream_read_finish (G_INPUT_STREAM (stream), call.result, error);
      for (gssize i = 0; i < n; i++)
        n_lines += buffer[i] == '\n';
    }
  if (n < 0)
    return FALSE;

  tend_task_return_variant (task, g_variant_new ("(t)", n_lines));
  return TRUE;
}

static gboolean
wait_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  GDBusMethodInvocation *invocation = tend_task_get_invocation (task);
  double seconds;

  g_variant_get (g_dbus_method_invocation_get_parameters (invocation), "(d)", &seconds);
  if (!(seconds >= 0 && seconds <= 86400))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "the time is out of range");
      return FALSE;
    }

  return tend_sleep ((gint64) (seconds * G_TIME_SPAN_SECOND), error);
}

static void
method_call_cb (GDBusConnection       *connection,
                const char            *sender,
                const char            *path,
                const char            *interface,
                const char            *method,
                GVariant              *parameters,
                GDBusMethodInvocation *invocation,
                gpointer               user_data)
{
  Service *self = user_data;
  TendBodyFunc body = g_str_equal (method, "Count") ? count_body : wait_body;
  TendTask *task = tend_task_manager_register_invocation (self->manager, invocation, body, self, NULL, NULL);

  /* A refused call was answered. */
  if (task != NULL)
    tend_task_set_deadline (task, tend_get_time () + self->deadline);
}

/* What takes no time needs no task. */
static GVariant *
get_property_cb (GDBusConnection  *connection,
                 const char       *sender,
                 const char       *path,
                 const char       *interface,
                 const char       *property,
                 GError          **error,
                 gpointer          user_data)
{
  Service *self = user_data;

  return g_variant_new_uint32 ((guint32) tend_task_manager_get_n_tasks (self->manager, TEND_TASK_STATUS_RUNNING));
}

static void
task_ended_cb (TendTaskManager *manager,
               TendTask        *task,
               gpointer         user_data)
{
  Service *self = user_data;

  self->last_used = tend_get_time ();
  printf ("%s %s\n", tend_task_get_name (task), tend_task_status_to_string (tend_task_get_status (task)));
  fflush (stdout);
}

/* --- The bus --- */

static gboolean
connect_to_bus (Service  *self,
                GError  **error)
{
  g_autofree char *address = g_dbus_address_get_for_bus_sync (G_BUS_TYPE_SESSION, NULL, error);
  g_auto(TendCall) call = TEND_CALL_INIT;

  if (address == NULL)
    return FALSE;

  g_dbus_connection_new_for_address (address,
                                     G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                     G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                     NULL, tend_call_start (&call), tend_call_ready, &call);
  if (!tend_await_call (&call, error))
    return FALSE;

  self->connection = g_dbus_connection_new_for_address_finish (call.result, error);
  return self->connection != NULL;
}

static GVariant *
call_bus (Service    *self,
          const char *method,
          GVariant   *parameters,
          GError    **error)
{
  g_auto(TendCall) call = TEND_CALL_INIT;

  g_dbus_connection_call (self->connection, BUS, BUS_PATH, BUS, method, parameters, G_VARIANT_TYPE ("(u)"),
                          G_DBUS_CALL_FLAGS_NONE, -1, tend_call_start (&call), tend_call_ready, &call);
  if (!tend_await_call (&call, error))
    return NULL;

  return g_dbus_connection_call_finish (self->connection, call.result, error);
}

/* The object comes before the name: a call may come with it. */
static gboolean
take_name (Service  *self,
           GError  **error)
{
  static const GDBusInterfaceVTable vtable = { .method_call = method_call_cb, .get_property = get_property_cb };
  g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (xml, NULL);
  g_autoptr(GVariant) answer = NULL;
  guint status;

  if (g_dbus_connection_register_object (self->connection, PATH, node->interfaces[0], &vtable, self, NULL, error) == 0)
    return FALSE;

  answer = call_bus (self, "RequestName", g_variant_new ("(su)", NAME, 4u), error);
  if (answer == NULL)
    return FALSE;

  g_variant_get (answer, "(u)", &status);
  if (status != NAME_IS_OURS)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_EXISTS, "the name " NAME " is taken");
      return FALSE;
    }

  return TRUE;
}

static gboolean
flush (Service  *self,
       GError  **error)
{
  g_auto(TendCall) call = TEND_CALL_INIT;

  g_dbus_connection_flush (self->connection, tend_call_start (&call), tend_call_ready, &call);
  return tend_await_call (&call, error) && g_dbus_connection_flush_finish (self->connection, call.result, error);
}

/* --- The main part --- */

/* Ends when nothing has run for the idle time. */
static gboolean
idle_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  Service *self = user_data;
  gint64 left;

  self->last_used = tend_get_time ();
  while ((left = self->last_used + self->idle_time - tend_get_time ()) > 0 || tend_task_manager_is_busy (self->manager))
    {
      if (!tend_task_manager_wait_for_tasks (self->manager, error) || !tend_sleep (MAX (left, 0), error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
wait_for_end (Service  *self,
              GError  **error)
{
  g_autoptr(TendTask) idle = tend_task_run_fiber ("idle", idle_body, self, NULL);
  g_autoptr(TendTask) interrupted = tend_task_run_signal (SIGINT);
  g_autoptr(TendTask) terminated = tend_task_run_signal (SIGTERM);
  g_autoptr(TendTask) first = tend_when_any ((TendTask *[]) { idle, interrupted, terminated }, 3);
  gboolean ok = tend_await (first, error);

  /* From here on either signal has its default effect. */
  tend_task_cancel (idle);
  tend_task_cancel (interrupted);
  tend_task_cancel (terminated);

  return ok;
}

static gboolean
service_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  Service *self = user_data;
  g_autoptr(GVariant) released = NULL;

  if (!connect_to_bus (self, error) || !take_name (self, error))
    return FALSE;

  printf ("ready\n");
  fflush (stdout);
  if (!wait_for_end (self, error))
    return FALSE;

  /* What was sent to the name before it was released is here when the bus answers. */
  released = call_bus (self, "ReleaseName", g_variant_new ("(s)", NAME), error);
  return released != NULL && tend_task_manager_drain (self->manager, error) && flush (self, error);
}

int
main (int    argc,
      char **argv)
{
  int limit = 4;
  double deadline = 20, idle_time = 60;
  const GOptionEntry entries[] = {
    { "limit", 0, 0, G_OPTION_ARG_INT, &limit, "How many calls run at once (4)", "N" },
    { "deadline", 0, 0, G_OPTION_ARG_DOUBLE, &deadline, "How long a call may take (20)", "SECONDS" },
    { "idle", 0, 0, G_OPTION_ARG_DOUBLE, &idle_time, "Exit when nobody has called for so long (60)", "SECONDS" },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr(GOptionContext) options = g_option_context_new (NULL);
  g_autoptr(GError) error = NULL;
  Service service = { 0 };

  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error) || limit < 1 || !(deadline > 0) || !(idle_time >= 0))
    {
      fprintf (stderr, "tend-lines-service: %s\n", error != NULL ? error->message : "an option is out of range");
      return 2;
    }

  service.deadline = (gint64) (MIN (deadline, 86400) * G_TIME_SPAN_SECOND);
  service.idle_time = (gint64) (MIN (idle_time, 86400) * G_TIME_SPAN_SECOND);
  service.manager = tend_task_manager_new ();
  tend_task_manager_set_max_running (service.manager, (guint) limit);
  g_signal_connect (service.manager, "task-ended", G_CALLBACK (task_ended_cb), &service);

  if (!tend_run (service_body, &service, &error))
    fprintf (stderr, "tend-lines-service: %s\n", error->message);

  g_object_unref (service.manager);
  g_clear_object (&service.connection);

  return error == NULL ? EXIT_SUCCESS : EXIT_FAILURE;
}
