// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code of doc/descriptors.md about sockets: a server that sends back what it receives.

#include <tend.h>

#define IDLE_TIMEOUT (60 * G_TIME_SPAN_SECOND)

static gboolean
serve (TendTask  *task,
       gpointer   user_data,
       GError   **error)
{
  GSocket *connection = user_data;
  char buffer[512];
  gssize n;

  while ((n = tend_socket_receive (connection, buffer, sizeof buffer, tend_get_time () + IDLE_TIMEOUT, error)) > 0)
    {
      if (!tend_socket_send_all (connection, buffer, (gsize) n, NULL, TEND_FOREVER, error))
        return FALSE;
    }

  return n == 0;
}

static gboolean
run (TendTask  *task,
     gpointer   user_data,
     GError   **error)
{
  g_autoptr(TendTaskManager) manager = tend_task_manager_new ();
  GSocket *listener = user_data;
  GSocket *connection;

  while ((connection = tend_socket_accept (listener, TEND_FOREVER, error)) != NULL)
    tend_task_manager_register (manager, tend_task_new_fiber (NULL, serve, connection, g_object_unref),
                                TEND_NAME_POLICY_REJECT, NULL);

  return FALSE;
}

int
main (void)
{
  g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr(GSocketAddress) address = g_inet_socket_address_new (loopback, 7777);
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocket) listener = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT,
                                              &error);

  if (listener == NULL || !g_socket_bind (listener, address, TRUE, &error) || !g_socket_listen (listener, &error) ||
      !tend_run (run, listener, &error))
    g_printerr ("%s\n", error->message);

  return 1;
}
