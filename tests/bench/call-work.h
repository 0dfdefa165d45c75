// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the operations of GIO of one scenario are done on: a pair of sockets, and a context of their own.

#pragma once

#include <gio/gio.h>

#include <sys/socket.h>
#include <unistd.h>

typedef struct
{
  guint          n;
  guint          n_done;
  GMainContext  *context;
  GInputStream  *stream;
  GIOStream     *connection;
  GCancellable  *cancellable;   /* of a program that takes one for all */
  int            other;         /* the other end */
  char           byte;
} CallWork;

static inline gpointer
call_work_begin (guint n)
{
  CallWork *self = g_new0 (CallWork, 1);
  g_autoptr(GSocket) socket = NULL;
  int ends[2];

  if (socketpair (AF_UNIX, SOCK_STREAM, 0, ends) != 0)
    g_error ("socketpair() has failed");

  self->n = n;
  self->context = g_main_context_new ();
  g_main_context_push_thread_default (self->context);
  self->other = ends[1];
  self->cancellable = g_cancellable_new ();
  socket = g_socket_new_from_fd (ends[0], NULL);
  self->connection = G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
  self->stream = g_io_stream_get_input_stream (self->connection);

  return self;
}

static inline void
call_work_end (gpointer state)
{
  CallWork *self = state;

  close (self->other);
  g_object_unref (self->connection);
  g_object_unref (self->cancellable);
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_main_context_pop_thread_default (self->context);
  g_main_context_unref (self->context);
  g_free (self);
}

/* A byte comes from the other end, which an operation has waited for. */
static inline void
call_work_answer (CallWork *self)
{
  if (write (self->other, "x", 1) != 1)
    g_error ("write() has failed");
}

static inline guint
call_work_run (CallWork *self)
{
  while (self->n_done < self->n)
    g_main_context_iteration (self->context, TRUE);

  return self->n;
}
