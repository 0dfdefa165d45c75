// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A bus of the test's own. GTestDBus forks the test to watch over the daemon, and the child, which has lost the other
// threads, has leaks.

#pragma once

#include <gio/gio.h>

#ifdef __linux__
#include <signal.h>
#include <sys/prctl.h>
#endif

typedef struct
{
  GSubprocess *daemon;
  char        *address;
} TestBus;

static inline void
bus_child_setup (gpointer data)
{
#ifdef __linux__
  prctl (PR_SET_PDEATHSIG, SIGKILL);
#endif
}

/* FALSE where there is no daemon. */
static inline gboolean
test_bus_up (TestBus *self)
{
  g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                                                       G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autoptr(GDataInputStream) lines = NULL;
  g_autoptr(GError) error = NULL;

  g_subprocess_launcher_set_child_setup (launcher, bus_child_setup, NULL, NULL);
  self->daemon = g_subprocess_launcher_spawn (launcher, NULL, "dbus-daemon", "--session", "--nofork",
                                              "--print-address=1", NULL);
  if (self->daemon == NULL)
    return FALSE;

  lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->daemon));
  self->address = g_data_input_stream_read_line (lines, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (self->address);

  return TRUE;
}

static inline void
test_bus_down (TestBus *self)
{
  g_subprocess_force_exit (self->daemon);
  g_assert_true (g_subprocess_wait (self->daemon, NULL, NULL));
  g_clear_object (&self->daemon);
  g_clear_pointer (&self->address, g_free);
}

static inline GDBusConnection *
test_bus_connect (TestBus *self)
{
  g_autoptr(GError) error = NULL;
  GDBusConnection *connection;

  connection = g_dbus_connection_new_for_address_sync (self->address,
                                                       G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                       G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                                       NULL, NULL, &error);
  g_assert_no_error (error);

  return connection;
}
