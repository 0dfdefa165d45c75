// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A D-Bus service that ends when it is idle: its tasks hold it, and it waits for no more when they are finished.

#include <tend.h>

#define NAME "org.libtend.TestService"
#define PATH "/org/libtend/TestService"

typedef struct
{
  GApplication    *application;
  TendTaskManager *manager;
  guint            n_done;
} Service;

static gboolean
work_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  Service *self = user_data;

  /* By far longer than the time in which an idle service ends. */
  if (!tend_sleep (200 * G_TIME_SPAN_MILLISECOND, error))
    return FALSE;

  self->n_done++;
  return TRUE;
}

static void
activate_cb (Service *self)
{
  g_autoptr(GError) error = NULL;

  tend_task_manager_register (self->manager, tend_task_new_fiber ("works", work_body, self, NULL),
                              TEND_NAME_POLICY_ANONYMOUS, &error);
  g_assert_no_error (error);
}

/* Somebody else on the bus activates the service when its name is there. */
static void
name_appeared_cb (GDBusConnection *connection,
                  const char      *name,
                  const char      *owner,
                  gpointer         user_data)
{
  GVariantBuilder data = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  g_dbus_connection_call (connection, NAME, PATH, "org.freedesktop.Application", "Activate",
                          g_variant_new ("(a{sv})", &data), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
}

static void
test_ends_when_it_is_idle (void)
{
  g_autoptr(GTestDBus) bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_autoptr(GDBusConnection) caller = NULL;
  g_autoptr(GError) error = NULL;
  Service self = { 0 };
  guint watch;

  g_test_dbus_up (bus);
  caller = g_dbus_connection_new_for_address_sync (g_test_dbus_get_bus_address (bus),
                                                   G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                   G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL, NULL, &error);
  g_assert_no_error (error);
  watch = g_bus_watch_name_on_connection (caller, NAME, G_BUS_NAME_WATCHER_FLAGS_NONE, name_appeared_cb, NULL, NULL,
                                          NULL);

  self.application = g_application_new (NAME, G_APPLICATION_IS_SERVICE);
  self.manager = tend_task_manager_new ();
  g_application_set_inactivity_timeout (self.application, 1);
  tend_application_add_manager (self.application, self.manager, TEND_APPLICATION_FLAGS_NONE);
  g_signal_connect_swapped (self.application, "activate", G_CALLBACK (activate_cb), &self);
  g_assert_cmpint (g_application_run (self.application, 0, NULL), ==, 0);
  g_assert_cmpuint (self.n_done, ==, 1);
  g_assert_true (tend_task_manager_is_shut_down (self.manager));

  g_bus_unwatch_name (watch);
  g_object_unref (self.application);
  g_assert_finalize_object (self.manager);
  g_clear_object (&caller);
  g_test_dbus_down (bus);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/application/service/ends-when-it-is-idle", test_ends_when_it_is_idle);

  return g_test_run ();
}
