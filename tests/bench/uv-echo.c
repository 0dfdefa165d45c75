// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What an echo costs a server on libuv: bare callbacks.

#include <uv.h>

#include "bench.h"

extern const BenchPeer uv_echo_peer;

typedef struct
{
  BenchEcho *echo;
  uv_loop_t  loop;
  uv_tcp_t   listener;
  guint      n_accepted;
  guint      n_echoes;
} Echo;

typedef struct
{
  uv_tcp_t tcp;
  char     buffer[BENCH_ECHO_SIZE];
} Connection;

static void
free_cb (uv_handle_t *handle)
{
  g_free (handle);
}

static void
close_cb (uv_handle_t *handle,
          void        *data)
{
  Echo *self = data;

  if (!uv_is_closing (handle))
    uv_close (handle, handle == (uv_handle_t *) &self->listener ? NULL : free_cb);
}

static void
alloc_cb (uv_handle_t *handle,
          size_t       suggested,
          uv_buf_t    *buffer)
{
  Connection *self = (Connection *) handle;

  *buffer = uv_buf_init (self->buffer, sizeof self->buffer);
}

/* The socket takes an answer at once, so that no request for it is needed. */
static void
read_cb (uv_stream_t    *stream,
         ssize_t         n,
         const uv_buf_t *buffer)
{
  Connection *self = (Connection *) stream;
  uv_buf_t answer = uv_buf_init (self->buffer, (unsigned) MAX (n, 0));

  if (n > 0 && uv_try_write (stream, &answer, 1) == n)
    ((Echo *) stream->data)->n_echoes++;
  else if (n < 0 && !uv_is_closing ((uv_handle_t *) stream))
    uv_close ((uv_handle_t *) stream, free_cb);
}

static void
connected_cb (uv_stream_t *listener,
              int          status)
{
  Echo *self = listener->data;
  Connection *connection = g_new0 (Connection, 1);

  uv_tcp_init (&self->loop, &connection->tcp);
  connection->tcp.data = self;
  g_assert_cmpint (uv_accept (listener, (uv_stream_t *) &connection->tcp), ==, 0);
  uv_read_start ((uv_stream_t *) &connection->tcp, alloc_cb, read_cb);
  self->n_accepted++;
}

static gpointer
begin (guint n)
{
  Echo *self = g_new0 (Echo, 1);

  self->echo = bench_echo_new (n);
  uv_loop_init (&self->loop);
  uv_tcp_init (&self->loop, &self->listener);
  self->listener.data = self;
  g_assert_cmpint (uv_tcp_open (&self->listener, bench_echo_get_fd (self->echo)), ==, 0);
  g_assert_cmpint (uv_listen ((uv_stream_t *) &self->listener, SOMAXCONN, connected_cb), ==, 0);

  return self;
}

static void
end (gpointer state)
{
  Echo *self = state;

  uv_walk (&self->loop, close_cb, self);
  uv_run (&self->loop, UV_RUN_DEFAULT);
  g_assert_cmpint (uv_loop_close (&self->loop), ==, 0);
  bench_echo_free (self->echo);
  g_free (self);
}

static guint
wait_connections (Echo  *self,
                  guint  n)
{
  bench_echo_connect (self->echo, n);
  while (self->n_accepted < n)
    uv_run (&self->loop, UV_RUN_ONCE);

  return n;
}

static guint
wait_echoes (Echo  *self,
             guint  n)
{
  for (self->n_echoes = 0; self->n_echoes < n;)
    uv_run (&self->loop, UV_RUN_ONCE);

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

const BenchPeer uv_echo_peer = {
  .scenario = "echo",
  .name = "libuv",
  .begin = begin,
  .end = end,
  .steps = {
    { "one connection", "echo", connect_one, ask_one, BENCH_CPU },
    { "one active", "echo", connect_all, ask_one, BENCH_CPU },
    { "all active", "echo", NULL, ask_all, BENCH_CPU },
  },
};
