// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// TendCall over D-Bus, on a bus of the test's own.

#include "call-gio.h"
#include "../support/bus.h"

#define NAME "org.libtend.Watched"

typedef struct
{
  TestBus          bus;
  GDBusConnection *connection;
} Bus;

static void
set_up (Bus           *bus,
        gconstpointer  unused)
{
  if (!test_bus_up (&bus->bus))
    g_error ("dbus-daemon is not installed");
  bus->connection = test_bus_connect (&bus->bus);
}

static void
tear_down (Bus           *bus,
           gconstpointer  unused)
{
  g_assert_true (g_dbus_connection_close_sync (bus->connection, NULL, NULL));
  settle ();
  g_object_unref (bus->connection);
  test_bus_down (&bus->bus);
}

static gboolean
connect_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  Bus *bus = user_data;
  g_autoptr(GDBusConnection) connection = NULL;
  g_auto(TendCall) call = TEND_CALL_INIT;

  g_dbus_connection_new_for_address (bus->bus.address,
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

  add ("/tend/call/dbus/connect", test_connect);
  add ("/tend/call/dbus/call", test_call);
  add ("/tend/call/dbus/proxy", test_proxy);
  add ("/tend/call/dbus/watch", test_watch);

  return g_test_run ();
}
