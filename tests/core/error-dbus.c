// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Errors of libtend that go over D-Bus keep their domain and code.

#include <tend.h>

#include <sys/socket.h>

#define PATH "/org/libtend/Test"
#define INTERFACE "org.libtend.Test"

static const char xml[] =
  "<node><interface name='" INTERFACE "'>"
  "<method name='Fail'><arg type='i' name='code' direction='in'/></method>"
  "</interface></node>";

typedef struct
{
  GDBusConnection *server;
  GDBusConnection *client;
} Peers;

static void
call_cb (GDBusConnection       *connection,
         const char            *sender,
         const char            *path,
         const char            *interface,
         const char            *method,
         GVariant              *parameters,
         GDBusMethodInvocation *invocation,
         gpointer               user_data)
{
  int code;

  g_variant_get (parameters, "(i)", &code);
  g_dbus_method_invocation_take_error (invocation, g_error_new (TEND_ERROR, code, "number %d", code));
}

static void
connected_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  GDBusConnection **connection = user_data;
  g_autoptr(GError) error = NULL;

  *connection = g_dbus_connection_new_finish (result, &error);
  g_assert_no_error (error);
}

static GIOStream *
make_stream (int fd)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocket) socket = g_socket_new_from_fd (fd, &error);

  g_assert_no_error (error);
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

static void
connect_peers (Peers *peers)
{
  g_autofree char *guid = g_dbus_generate_guid ();
  g_autoptr(GIOStream) server = NULL, client = NULL;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
  server = make_stream (fds[0]);
  client = make_stream (fds[1]);
  *peers = (Peers) { NULL, NULL };
  g_dbus_connection_new (server, guid,
                         G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER |
                         G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_ALLOW_ANONYMOUS,
                         NULL, NULL, connected_cb, &peers->server);
  g_dbus_connection_new (client, NULL, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT,
                         NULL, NULL, connected_cb, &peers->client);
  while (peers->server == NULL || peers->client == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
answered_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  GError **error = user_data;

  g_assert_null (g_dbus_connection_call_finish (G_DBUS_CONNECTION (object), result, error));
}

static void
test_round_trip (void)
{
  static const GDBusInterfaceVTable vtable = { .method_call = call_cb };
  g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (xml, NULL);
  g_autoptr(GEnumClass) codes = g_type_class_ref (TEND_TYPE_ERROR);
  g_autoptr(TendTask) task = tend_task_new_open (NULL, NULL, NULL, NULL);
  Peers peers;

  connect_peers (&peers);
  g_assert_cmpuint (g_dbus_connection_register_object (peers.server, PATH, node->interfaces[0], &vtable,
                                                       NULL, NULL, NULL), >, 0);

  for (guint i = 0; i < codes->n_values; i++)
    {
      int code = codes->values[i].value;
      g_autofree char *message = g_strdup_printf ("number %d", code);
      g_autoptr(GError) error = NULL;

      g_dbus_connection_call (peers.client, NULL, PATH, INTERFACE, "Fail", g_variant_new ("(i)", code), NULL,
                              G_DBUS_CALL_FLAGS_NONE, -1, NULL, answered_cb, &error);
      while (error == NULL)
        g_main_context_iteration (NULL, TRUE);
      g_assert_error (error, TEND_ERROR, code);
      g_assert_true (g_dbus_error_strip_remote_error (error));
      g_assert_cmpstr (error->message, ==, message);
    }

  tend_task_return_value (task, NULL);
  g_dbus_connection_close_sync (peers.client, NULL, NULL);
  g_dbus_connection_close_sync (peers.server, NULL, NULL);
  g_object_unref (peers.client);
  g_object_unref (peers.server);
}

static void
test_names (void)
{
  g_autoptr(GError) error = g_error_new (TEND_ERROR, TEND_ERROR_SHUT_DOWN, "no");
  g_autofree char *name = g_dbus_error_encode_gerror (error);

  g_assert_cmpstr (g_quark_to_string (TEND_ERROR), ==, "tend-error-quark");
  g_assert_cmpstr (name, ==, "org.libtend.Error.ShutDown");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/error/dbus/round-trip", test_round_trip);
  g_test_add_func ("/tend/error/dbus/names", test_names);

  return g_test_run ();
}
