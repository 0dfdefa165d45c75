// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What an echo costs a server that uses GIO's streams with callbacks, and a cancellable to end it.

#include <gio/gio.h>

#include "glib-peers.h"

typedef struct
{
  BenchEcho       *echo;
  GSocketListener *listener;
  GCancellable    *cancellable;
  guint            n_accepted;
  guint            n_open;        /* connections, and the accepting */
  guint            n_echoes;
} Echo;

typedef struct
{
  Echo              *echo;
  GSocketConnection *connection;
  char               buffer[BENCH_ECHO_SIZE];
} Connection;

static void
connection_free (Connection *self)
{
  self->echo->n_open--;
  g_object_unref (self->connection);
  g_free (self);
}

static void connection_read (Connection *self);

static void
written_cb (GObject      *source_object,
            GAsyncResult *result,
            gpointer      user_data)
{
  Connection *self = user_data;

  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (source_object), result, NULL, NULL))
    {
      connection_free (self);
      return;
    }

  self->echo->n_echoes++;
  connection_read (self);
}

static void
read_cb (GObject      *source_object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Connection *self = user_data;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source_object), result, NULL);

  if (n > 0)
    g_output_stream_write_all_async (g_io_stream_get_output_stream (G_IO_STREAM (self->connection)), self->buffer,
                                     (gsize) n, G_PRIORITY_DEFAULT, self->echo->cancellable, written_cb, self);
  else
    connection_free (self);
}

static void
connection_read (Connection *self)
{
  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (self->connection)), self->buffer,
                             sizeof self->buffer, G_PRIORITY_DEFAULT, self->echo->cancellable, read_cb, self);
}

static void
accepted_cb (GObject      *source_object,
             GAsyncResult *result,
             gpointer      user_data)
{
  Echo *self = user_data;
  GSocketConnection *accepted = g_socket_listener_accept_finish (self->listener, result, NULL, NULL);
  Connection *connection;

  if (accepted == NULL)
    {
      self->n_open--;
      return;
    }

  connection = g_new (Connection, 1);
  connection->echo = self;
  connection->connection = accepted;
  self->n_open++;
  self->n_accepted++;
  connection_read (connection);
  g_socket_listener_accept_async (self->listener, self->cancellable, accepted_cb, self);
}

static gpointer
begin (guint n)
{
  Echo *self = g_new0 (Echo, 1);
  GSocket *socket;

  self->echo = bench_echo_new (n);
  self->cancellable = g_cancellable_new ();
  self->listener = g_socket_listener_new ();
  socket = g_socket_new_from_fd (bench_echo_get_fd (self->echo), NULL);
  g_assert_true (g_socket_listener_add_socket (self->listener, socket, NULL, NULL));
  g_object_unref (socket);
  self->n_open = 1;
  g_socket_listener_accept_async (self->listener, self->cancellable, accepted_cb, self);

  return self;
}

static void
end (gpointer state)
{
  Echo *self = state;

  g_cancellable_cancel (self->cancellable);
  while (self->n_open > 0)
    g_main_context_iteration (NULL, TRUE);
  bench_echo_free (self->echo);
  g_object_unref (self->listener);
  g_object_unref (self->cancellable);
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

const BenchPeer glib_echo_peer = {
  .scenario = "echo",
  .name = "GIO",
  .begin = begin,
  .end = end,
  .steps = {
    { "one connection", "echo", connect_one, ask_one, BENCH_CPU },
    { "one active", "echo", connect_all, ask_one, BENCH_CPU },
    { "all active", "echo", NULL, ask_all, BENCH_CPU },
  },
};
