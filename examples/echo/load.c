// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// echo-load: many connections to an echo server at once, each of which asks and compares the answers.
//
// There is a fiber for each connection. The main part waits for all of them. Ctrl-C cancels the main part, as in any
// program that tend_run() runs, and with it the connections.

#include "echo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whoever waits for longer has met a server that does not answer. */
#define TIMEOUT       (30 * G_TIME_SPAN_SECOND)

/* So many are connecting at once: the queue of a listening socket is finite. */
#define MAX_CONNECTING 128

typedef struct
{
  GSocketConnectable *address;
  TendChannel        *permits;      /* a value for each that may connect */
  int                 port;
  int                 n_connections;
  int                 n_rounds;
  int                 size;
  guint               n_failed;
  guint64             n_echoes;
} Load;

/* --- A connection --- */

/* Reads exactly as much as was sent. */
static gboolean
receive_all (GSocket  *socket,
             char     *buffer,
             gsize     size,
             gint64    deadline,
             GError  **error)
{
  for (gsize n_received = 0; n_received < size;)
    {
      gssize n = tend_socket_receive (socket, buffer + n_received, size - n_received, deadline, error);

      if (n == 0)
        g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "the server has closed the connection");
      if (n <= 0)
        return FALSE;
      n_received += (gsize) n;
    }

  return TRUE;
}

static GSocket *
connect_in_turn (Load    *self,
                 GError **error)
{
  GSocket *socket;
  gint64 permit;

  if (!tend_channel_receive_int (self->permits, &permit, error))
    return NULL;

  socket = tend_socket_connect (self->address, tend_get_time () + TIMEOUT, error);
  tend_channel_send_int (self->permits, 0, NULL);

  return socket;
}

static gboolean
connection_body (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  Load *self = user_data;
  g_autoptr(GSocket) socket = connect_in_turn (self, error);
  gsize size = (gsize) self->size;
  g_autofree char *question = g_malloc (size);
  g_autofree char *answer = g_malloc (size);

  if (socket == NULL)
    return FALSE;

  for (int i = 0; i < self->n_rounds; i++)
    {
      gint64 deadline = tend_get_time () + TIMEOUT;

      memset (question, 'a' + i % 26, size);
      if (!tend_socket_send_all (socket, question, size, NULL, deadline, error) ||
          !receive_all (socket, answer, size, deadline, error))
        return FALSE;
      if (memcmp (question, answer, size) != 0)
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the answer is another one");
          return FALSE;
        }
      self->n_echoes++;
    }

  /* The server sees the end, and closes its side too. */
  return g_socket_shutdown (socket, FALSE, TRUE, error) &&
         tend_socket_receive (socket, answer, size, tend_get_time () + TIMEOUT, error) == 0;
}

/* --- The main part --- */

/* The first error is printed, and all of them are counted. */
static void
failed_cb (TendTaskManager *manager,
           TendTask        *task,
           const GError    *error,
           gpointer         user_data)
{
  Load *self = user_data;

  if (self->n_failed++ == 0)
    fprintf (stderr, "echo-load: %s\n", error->message);
}

static gboolean
load_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  Load *self = user_data;
  g_autoptr(TendTaskManager) manager = tend_task_manager_new ();
  gboolean ok;

  g_signal_connect (manager, "task-failed", G_CALLBACK (failed_cb), self);
  for (int i = 0; i < MAX_CONNECTING; i++)
    tend_channel_send_int (self->permits, 0, NULL);
  for (int i = 0; i < self->n_connections; i++)
    tend_task_manager_register (manager, tend_task_new_fiber (NULL, connection_body, self, NULL),
                                TEND_NAME_POLICY_REJECT, NULL);

  ok = tend_task_manager_wait_for_tasks (manager, error);

  /* After Ctrl-C the connections are still there. */
  g_auto(TendShield) shield = tend_shield_enter ();
  tend_task_manager_shutdown (manager, NULL);

  return ok;
}

static gboolean
parse_options (Load    *self,
               int      argc,
               char   **argv,
               GError **error)
{
  const GOptionEntry entries[] = {
    { "port", 'p', 0, G_OPTION_ARG_INT, &self->port, "The port of the server, on this machine", "PORT" },
    { "connections", 'c', 0, G_OPTION_ARG_INT, &self->n_connections, "N connections at once", "N" },
    { "rounds", 'r', 0, G_OPTION_ARG_INT, &self->n_rounds, "N questions for each of them", "N" },
    { "size", 's', 0, G_OPTION_ARG_INT, &self->size, "Questions of N bytes", "N" },
    { NULL }
  };
  g_autoptr(GOptionContext) context = g_option_context_new ("- ask an echo server");

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, error))
    return FALSE;

  if (self->port > 0 && self->port < 65536 && self->n_connections > 0 && self->n_rounds >= 0 && self->size > 0)
    return TRUE;

  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "a number is missing or out of range");
  return FALSE;
}

int
main (int    argc,
      char **argv)
{
  Load self = { .n_connections = 100, .n_rounds = 10, .size = 64 };
  g_autoptr(GInetAddress) loopback = NULL;
  g_autoptr(GError) error = NULL;
  gint64 began = g_get_monotonic_time ();
  gboolean ok;

  if (!parse_options (&self, argc, argv, &error))
    {
      fprintf (stderr, "echo-load: %s\n", error->message);
      return 2;
    }

  files_raise_limit ();
  loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  self.address = G_SOCKET_CONNECTABLE (g_inet_socket_address_new (loopback, (guint16) self.port));
  self.permits = tend_channel_new (MAX_CONNECTING);
  ok = tend_run (load_body, &self, &error);
  if (!ok)
    fprintf (stderr, "echo-load: %s\n", error->message);

  printf ("%" G_GUINT64_FORMAT " echoes in %.2f s, %u of %d connections failed\n", self.n_echoes,
          (double) (g_get_monotonic_time () - began) / G_TIME_SPAN_SECOND, self.n_failed, self.n_connections);
  g_object_unref (self.permits);
  g_object_unref (self.address);

  return ok && self.n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
