// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What an echo costs a server that has a fiber for each of n connections.

#include <tend.h>

#include "tend-peers.h"

typedef struct
{
  BenchEcho *echo;
  GSocket   *listener;
  TendTask  *server;
  GPtrArray *connections;   /* of TendTask */
  guint      n_accepted;
  guint      n_echoes;
} Echo;

typedef struct
{
  Echo    *echo;
  GSocket *socket;
} Connection;

static void
connection_free (gpointer data)
{
  Connection *self = data;

  g_object_unref (self->socket);
  g_free (self);
}

static gboolean
echo_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  Connection *self = user_data;
  char buffer[BENCH_ECHO_SIZE];
  gssize n;

  while ((n = tend_socket_receive (self->socket, buffer, sizeof buffer, TEND_FOREVER, NULL)) > 0 &&
         tend_socket_send_all (self->socket, buffer, (gsize) n, NULL, TEND_FOREVER, NULL))
    self->echo->n_echoes++;

  return TRUE;
}

static gboolean
accept_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  Echo *self = user_data;

  while (TRUE)
    {
      GSocket *socket = tend_socket_accept (self->listener, TEND_FOREVER, error);
      Connection *connection;

      if (socket == NULL)
        return FALSE;

      connection = g_new (Connection, 1);
      *connection = (Connection) { self, socket };
      g_ptr_array_add (self->connections, tend_task_run_fiber (NULL, echo_body, connection, connection_free));
      self->n_accepted++;
    }
}

static gpointer
begin (guint n)
{
  Echo *self = g_new0 (Echo, 1);

  self->echo = bench_echo_new (n);
  self->listener = g_socket_new_from_fd (bench_echo_get_fd (self->echo), NULL);
  self->connections = g_ptr_array_new_with_free_func (g_object_unref);
  self->server = tend_task_run_fiber ("server", accept_body, self, NULL);

  return self;
}

static void
end (gpointer state)
{
  Echo *self = state;

  tend_task_stop (self->server);
  for (guint i = 0; i < self->connections->len; i++)
    tend_task_stop (self->connections->pdata[i]);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  bench_echo_free (self->echo);
  g_ptr_array_unref (self->connections);
  g_object_unref (self->server);
  g_object_unref (self->listener);
  g_free (self);
}

static guint
wait_connections (Echo  *self,
                  guint  n)
{
  bench_echo_connect (self->echo, n);
  while (self->n_accepted < n)
    g_main_context_iteration (NULL, TRUE);

  return n;
}

static guint
wait_echoes (Echo  *self,
             guint  n)
{
  for (self->n_echoes = 0; self->n_echoes < n;)
    g_main_context_iteration (NULL, TRUE);

  return n;
}

static guint
connect_one (gpointer state)
{
  return wait_connections (state, 1);
}

static guint
connect_all (gpointer state)
{
  return wait_connections (state, bench_echo_get_n (((Echo *) state)->echo));
}

static guint
ask_one (gpointer state)
{
  Echo *self = state;

  return wait_echoes (self, bench_echo_ask (self->echo, 1, BENCH_ECHO_ROUNDS));
}

static guint
ask_all (gpointer state)
{
  Echo *self = state;

  return wait_echoes (self, bench_echo_ask (self->echo, bench_echo_get_n (self->echo), 1));
}

const BenchPeer tend_echo_peer = {
  .scenario = "echo",
  .name = "libtend",
  .begin = begin,
  .end = end,
  .steps = {
    { "one connection", "echo", connect_one, ask_one, BENCH_CPU },
    { "one active", "echo", connect_all, ask_one, BENCH_CPU },
    { "all active", "echo", NULL, ask_all, BENCH_CPU },
  },
};
