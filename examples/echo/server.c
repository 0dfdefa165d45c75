// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// echo-server: sends back what it receives, with a fiber for each connection.
//
// The main part is a fiber that accepts. The fibers of the connections belong to a manager. The first SIGINT or SIGTERM
// ends the program in order: it accepts no more, sends back what has come, and gives the connections a time to end. The
// second signal has its default effect, and ends the program at once.

#include "echo.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define BUFFER_SIZE    4096

/* A connection that says nothing for so long is closed. */
#define IDLE_TIMEOUT   (60 * G_TIME_SPAN_SECOND)

/* How long the connections may go on after the signal. */
#define GRACE_TIME     (2 * G_TIME_SPAN_SECOND)

/* After the system had no descriptor for a connection: others may end meanwhile. */
#define PAUSE          (100 * G_TIME_SPAN_MILLISECOND)

#define BACKLOG        4096

typedef struct
{
  GSocket         *listener;
  TendTaskManager *manager;
  GQueue           connections;     /* of Connection */
  guint            n_connections;   /* so far */
  guint            n_failed;
  guint64          n_bytes;
} Server;

typedef struct
{
  Server  *server;
  GSocket *socket;
  GList    link;            /* in the server's; its data is the connection */
} Connection;

/* --- A connection --- */

static void
connection_free (gpointer data)
{
  Connection *self = data;

  g_queue_unlink (&self->server->connections, &self->link);
  g_object_unref (self->socket);
  g_free (self);
}

static gboolean
connection_body (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  Connection *self = user_data;
  char buffer[BUFFER_SIZE];
  gssize n;

  while ((n = tend_socket_receive (self->socket, buffer, sizeof buffer, tend_get_time () + IDLE_TIMEOUT, error)) > 0)
    {
      if (!tend_socket_send_all (self->socket, buffer, (gsize) n, NULL, tend_get_time () + IDLE_TIMEOUT, error))
        return FALSE;
      self->server->n_bytes += (guint64) n;
    }

  return n == 0;
}

/* A connection that breaks is nothing that the server fails for. */
static void
failed_cb (TendTaskManager *manager,
           TendTask        *task,
           const GError    *error,
           gpointer         user_data)
{
  ((Server *) user_data)->n_failed++;
}

/* --- Accepting --- */

static gboolean
accept_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  Server *self = user_data;

  while (TRUE)
    {
      g_autoptr(GError) failure = NULL;
      GSocket *socket = tend_socket_accept (self->listener, TEND_FOREVER, &failure);
      Connection *connection;

      if (socket == NULL && g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES))
        {
          if (!tend_sleep (PAUSE, error))
            return FALSE;
          continue;
        }
      if (socket == NULL)
        {
          g_propagate_error (error, g_steal_pointer (&failure));
          return FALSE;
        }

      connection = g_new (Connection, 1);
      *connection = (Connection) { self, socket, { .data = connection } };
      g_queue_push_tail_link (&self->connections, &connection->link);
      self->n_connections++;
      tend_task_manager_register (self->manager,
                                  tend_task_new_fiber (NULL, connection_body, connection, connection_free),
                                  TEND_NAME_POLICY_REJECT, NULL);
    }
}

/* --- The main part --- */

static gboolean
listen_on (Server  *self,
           guint16  port,
           GError **error)
{
  g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr(GSocketAddress) address = g_inet_socket_address_new (loopback, port);
  g_autoptr(GSocketAddress) bound = NULL;

  self->listener = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, error);
  if (self->listener == NULL)
    return FALSE;

  g_socket_set_listen_backlog (self->listener, BACKLOG);
  if (!g_socket_bind (self->listener, address, TRUE, error) || !g_socket_listen (self->listener, error))
    return FALSE;

  bound = g_socket_get_local_address (self->listener, error);
  if (bound == NULL)
    return FALSE;

  printf ("listening on port %u\n", g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound)));
  fflush (stdout);
  return TRUE;
}

/* Waits for a signal; the error is that of accepting, which ends for nothing else. */
static gboolean
wait_for_signal (TendTask  *accepting,
                 GError   **error)
{
  g_autoptr(TendTask) interrupted = tend_task_run_signal (SIGINT);
  g_autoptr(TendTask) terminated = tend_task_run_signal (SIGTERM);
  g_autoptr(TendTask) first = tend_when_any ((TendTask *[]) { accepting, interrupted, terminated }, 3);
  gboolean ok = tend_await (first, error);

  /* From here on either signal has its default effect. */
  tend_task_cancel (interrupted);
  tend_task_cancel (terminated);

  return ok;
}

/* The time that the connections had is over. */
static gboolean
give_up_cb (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  Server *self = user_data;

  tend_task_manager_cancel_all (self->manager);
  return FALSE;
}

static gboolean
server_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  Server *self = user_data;
  g_autoptr(TendTask) accepting = tend_task_run_fiber ("accept", accept_body, self, NULL);
  gboolean ok = wait_for_signal (accepting, error);

  tend_task_cancel (accepting);
  tend_await (accepting, NULL);
  g_socket_close (self->listener, NULL);

  /* Each connection receives what has come, and then the end. */
  for (GList *each = self->connections.head; each != NULL; each = each->next)
    g_socket_shutdown (((Connection *) each->data)->socket, TRUE, FALSE, NULL);
  tend_task_add_timer (task, GRACE_TIME, -1, give_up_cb, self, NULL);

  return tend_task_manager_drain (self->manager, ok ? error : NULL) && ok;
}

int
main (int    argc,
      char **argv)
{
  int port = 0;
  const GOptionEntry entries[] = {
    { "port", 'p', 0, G_OPTION_ARG_INT, &port, "Listen on PORT; 0: any that is free", "PORT" },
    { NULL }
  };
  g_autoptr(GOptionContext) context = g_option_context_new ("- send back what is received");
  g_autoptr(GError) error = NULL;
  Server self = { .connections = G_QUEUE_INIT };
  gboolean ok;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || port < 0 || port > 65535)
    {
      fprintf (stderr, "echo-server: %s\n", error != NULL ? error->message : "the port is no number of a port");
      return 2;
    }

  files_raise_limit ();
  self.manager = tend_task_manager_new ();
  g_signal_connect (self.manager, "task-failed", G_CALLBACK (failed_cb), &self);
  ok = listen_on (&self, (guint16) port, &error) && tend_run (server_body, &self, &error);

  if (!ok)
    fprintf (stderr, "echo-server: %s\n", error->message);
  printf ("%u connections, %" G_GUINT64_FORMAT " bytes, %u failed\n", self.n_connections, self.n_bytes, self.n_failed);
  g_clear_object (&self.listener);
  g_clear_object (&self.manager);

  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
