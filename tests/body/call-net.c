// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// TendCall with connections: TLS, with a certificate that is made here, and D-Bus, on a bus of the test's own.

#include "call-gio.h"

#include <glib/gstdio.h>

/* --- TLS --- */

typedef struct
{
  GTlsCertificate *certificate;
  GSocketService  *service;
  guint16          port;
  guint            n_served;
} Tls;

/* Makes a key and a certificate for it, or returns NULL where there is no program that does. */
static GTlsCertificate *
make_certificate (void)
{
  g_autofree char *dir = g_dir_make_tmp ("tend-tls-XXXXXX", NULL);
  g_autofree char *key = g_build_filename (dir, "key.pem", NULL);
  g_autofree char *pem = g_build_filename (dir, "certificate.pem", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(GSubprocess) openssl = NULL;
  GTlsCertificate *certificate = NULL;

  openssl = g_subprocess_new (G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL,
                              "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                              "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", key, "-out", pem, NULL);
  if (openssl != NULL && g_subprocess_wait_check (openssl, NULL, &error))
    certificate = g_tls_certificate_new_from_files (pem, key, &error);
  g_assert_no_error (error);

  g_unlink (key);
  g_unlink (pem);
  g_rmdir (dir);

  return certificate;
}

static void
closed_cb (GObject      *source_object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_io_stream_close_finish (G_IO_STREAM (source_object), result, NULL);
}

static void
shaken_cb (GObject      *source_object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Tls *tls = user_data;

  if (g_tls_connection_handshake_finish (G_TLS_CONNECTION (source_object), result, NULL))
    tls->n_served++;
  g_io_stream_close_async (G_IO_STREAM (source_object), G_PRIORITY_DEFAULT, NULL, closed_cb, NULL);
}

static gboolean
incoming_cb (GSocketService    *service,
             GSocketConnection *connection,
             GObject           *source_object,
             gpointer           user_data)
{
  Tls *tls = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GIOStream) stream = g_tls_server_connection_new (G_IO_STREAM (connection), tls->certificate, &error);

  g_assert_no_error (error);
  g_tls_connection_handshake_async (G_TLS_CONNECTION (stream), G_PRIORITY_DEFAULT, NULL, shaken_cb, tls);
  return TRUE;
}

static gboolean
accept_cb (GTlsConnection       *connection,
           GTlsCertificate      *certificate,
           GTlsCertificateFlags  errors,
           gpointer              user_data)
{
  return g_tls_certificate_is_same (certificate, ((Tls *) user_data)->certificate);
}

static void
event_cb (GSocketClient      *client,
          GSocketClientEvent  event,
          GSocketConnectable *connectable,
          GIOStream          *stream,
          gpointer            user_data)
{
  if (event == G_SOCKET_CLIENT_TLS_HANDSHAKING)
    g_signal_connect (stream, "accept-certificate", G_CALLBACK (accept_cb), user_data);
}

static gboolean
tls_body (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  Tls *tls = user_data;
  g_autoptr(GSocketClient) client = g_socket_client_new ();
  g_autoptr(GSocketConnection) connection = NULL;
  g_auto(TendCall) call = TEND_CALL_INIT;
  char byte;

  g_socket_client_set_tls (client, TRUE);
  g_socket_client_set_enable_proxy (client, FALSE);
  g_signal_connect (client, "event", G_CALLBACK (event_cb), tls);

  g_socket_client_connect_to_host_async (client, "localhost", tls->port, tend_call_start (&call), tend_call_ready,
                                         &call);
  if (!await_call (&call, error))
    return FALSE;
  connection = g_socket_client_connect_to_host_finish (client, call.result, error);
  if (connection == NULL)
    return FALSE;

  /* The server closes in order. */
  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (connection)), &byte, 1, G_PRIORITY_DEFAULT,
                             tend_call_start (&call), tend_call_ready, &call);
  return await_call (&call, error) &&
         g_input_stream_read_finish (g_io_stream_get_input_stream (G_IO_STREAM (connection)), call.result, error) == 0;
}

static void
test_tls (void)
{
  Tls tls = { NULL };
  g_autoptr(GError) error = NULL;

  if (!g_tls_backend_supports_tls (g_tls_backend_get_default ()) || (tls.certificate = make_certificate ()) == NULL)
    {
      g_test_skip ("glib-networking or openssl is not installed");
      return;
    }

  tls.service = g_socket_service_new ();
  tls.port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (tls.service), NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (tls.service, "incoming", G_CALLBACK (incoming_cb), &tls);

  run_all_ways (tls_body, &tls);
  g_assert_cmpuint (tls.n_served, >=, 1);

  g_socket_service_stop (tls.service);
  g_socket_listener_close (G_SOCKET_LISTENER (tls.service));
  settle ();
  g_object_unref (tls.service);
  g_object_unref (tls.certificate);
}

/* --- D-Bus --- */

#define NAME "org.libtend.Watched"

typedef struct
{
  GTestDBus       *daemon;
  GDBusConnection *connection;
} Bus;

static void
set_up (Bus           *bus,
        gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;

  bus->daemon = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (bus->daemon);
  bus->connection = g_dbus_connection_new_for_address_sync (g_test_dbus_get_bus_address (bus->daemon),
                                                            G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                            G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                                            NULL, NULL, &error);
  g_assert_no_error (error);
}

static void
tear_down (Bus           *bus,
           gconstpointer  unused)
{
  g_assert_true (g_dbus_connection_close_sync (bus->connection, NULL, NULL));
  settle ();
  g_object_unref (bus->connection);
  g_test_dbus_down (bus->daemon);
  g_object_unref (bus->daemon);
}

static gboolean
connect_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  Bus *bus = user_data;
  g_autoptr(GDBusConnection) connection = NULL;
  g_auto(TendCall) call = TEND_CALL_INIT;

  g_dbus_connection_new_for_address (g_test_dbus_get_bus_address (bus->daemon),
                                     G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                     G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                     NULL, tend_call_start (&call), tend_call_ready, &call);
  if (!await_call (&call, error))
    return FALSE;
  connection = g_dbus_connection_new_for_address_finish (call.result, error);
  if (connection == NULL)
    return FALSE;

  g_dbus_connection_close (connection, tend_call_start (&call), tend_call_ready, &call);
  return await_call (&call, error) && g_dbus_connection_close_finish (connection, call.result, error);
}

static void
test_connect (Bus           *bus,
              gconstpointer  unused)
{
  run_all_ways (connect_body, bus);
}

static gboolean
call_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  Bus *bus = user_data;
  g_autoptr(GVariant) answer = NULL;
  g_auto(TendCall) call = TEND_CALL_INIT;

  g_dbus_connection_call (bus->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                          "GetId", NULL, G_VARIANT_TYPE ("(s)"), G_DBUS_CALL_FLAGS_NONE, -1,
                          tend_call_start (&call), tend_call_ready, &call);
  if (!await_call (&call, error))
    return FALSE;
  answer = g_dbus_connection_call_finish (bus->connection, call.result, error);

  return answer != NULL;
}

static void
test_call (Bus           *bus,
           gconstpointer  unused)
{
  run_all_ways (call_body, bus);
}

static gboolean
proxy_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  Bus *bus = user_data;
  g_autoptr(GDBusProxy) proxy = NULL;
  g_autoptr(GVariant) answer = NULL;
  g_auto(TendCall) call = TEND_CALL_INIT;

  g_dbus_proxy_new (bus->connection, G_DBUS_PROXY_FLAGS_NONE, NULL, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                    "org.freedesktop.DBus", tend_call_start (&call), tend_call_ready, &call);
  if (!await_call (&call, error))
    return FALSE;
  proxy = g_dbus_proxy_new_finish (call.result, error);
  if (proxy == NULL)
    return FALSE;

  g_dbus_proxy_call (proxy, "ListNames", NULL, G_DBUS_CALL_FLAGS_NONE, -1, tend_call_start (&call), tend_call_ready,
                     &call);
  if (!await_call (&call, error))
    return FALSE;
  answer = g_dbus_proxy_call_finish (proxy, call.result, error);

  return answer != NULL;
}

static void
test_proxy (Bus           *bus,
            gconstpointer  unused)
{
  run_all_ways (proxy_body, bus);
}

/* A wait for a name, as a library would offer it. */
typedef struct
{
  GTask  *task;
  guint   watch;
  gulong  handler;
} NameWait;

static gboolean
name_wait_end_cb (gpointer data)
{
  NameWait *wait = data;

  g_signal_handler_disconnect (g_task_get_cancellable (wait->task), wait->handler);
  g_bus_unwatch_name (wait->watch);
  if (!g_task_return_error_if_cancelled (wait->task))
    g_task_return_boolean (wait->task, TRUE);
  g_object_unref (wait->task);
  g_free (wait);

  return G_SOURCE_REMOVE;
}

static void
name_appeared_cb (GDBusConnection *connection,
                  const char      *name,
                  const char      *owner,
                  gpointer         user_data)
{
  NameWait *wait = user_data;

  if (!g_cancellable_is_cancelled (g_task_get_cancellable (wait->task)))
    name_wait_end_cb (wait);
}

static void
name_wait_cancelled_cb (GCancellable *cancellable,
                        gpointer      user_data)
{
  g_idle_add (name_wait_end_cb, user_data);
}

static void
name_wait_async (GDBusConnection     *connection,
                 const char          *name,
                 GCancellable        *cancellable,
                 GAsyncReadyCallback  callback,
                 gpointer             user_data)
{
  NameWait *wait = g_new0 (NameWait, 1);

  wait->task = g_task_new (connection, cancellable, callback, user_data);
  wait->handler = g_signal_connect (cancellable, "cancelled", G_CALLBACK (name_wait_cancelled_cb), wait);
  wait->watch = g_bus_watch_name_on_connection (connection, name, G_BUS_NAME_WATCHER_FLAGS_NONE, name_appeared_cb,
                                                NULL, wait, NULL);
}

static gboolean
watch_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  Bus *bus = user_data;
  g_auto(TendCall) call = TEND_CALL_INIT;

  name_wait_async (bus->connection, NAME, tend_call_start (&call), tend_call_ready, &call);
  return await_call (&call, error) && g_task_propagate_boolean (G_TASK (call.result), error);
}

static void
test_watch (Bus           *bus,
            gconstpointer  unused)
{
  guint owner;

  run_interrupted (watch_body, bus, WAY_CANCELLED, "cancelled");
  run_interrupted (watch_body, bus, WAY_STOPPED, "stopped");
  run_out_of_time (watch_body, bus, 1);

  owner = g_bus_own_name_on_connection (bus->connection, NAME, G_BUS_NAME_OWNER_FLAGS_NONE, NULL, NULL, NULL, NULL);
  run_all_ways (watch_body, bus);
  g_bus_unown_name (owner);
}

#define add(path, func) g_test_add (path, Bus, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/call/tls", test_tls);
  add ("/tend/call/dbus/connect", test_connect);
  add ("/tend/call/dbus/call", test_call);
  add ("/tend/call/dbus/proxy", test_proxy);
  add ("/tend/call/dbus/watch", test_watch);

  return g_test_run ();
}
