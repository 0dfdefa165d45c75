// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Sockets for tests, all on this machine: listeners, and connections to them.

#pragma once

#include "../task/common.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

/* A port on the loopback, of any number. */
G_GNUC_UNUSED
static GSocket *
bind_socket (const char  *address,
             GSocketType  type)
{
  g_autoptr(GSocketAddress) any = g_inet_socket_address_new_from_string (address, 0);
  g_autoptr(GError) error = NULL;
  GSocket *self = g_socket_new (g_socket_address_get_family (any), type, G_SOCKET_PROTOCOL_DEFAULT, &error);

  g_assert_no_error (error);
  g_assert_true (g_socket_bind (self, any, FALSE, NULL));

  return self;
}

G_GNUC_UNUSED
static GSocket *
listen_socket (const char *address,
               int         backlog)
{
  GSocket *self = bind_socket (address, G_SOCKET_TYPE_STREAM);

  g_socket_set_listen_backlog (self, backlog);
  g_assert_true (g_socket_listen (self, NULL));

  return self;
}

G_GNUC_UNUSED
static GSocketAddress *
address_of (GSocket *socket)
{
  GSocketAddress *address = g_socket_get_local_address (socket, NULL);

  g_assert_nonnull (address);
  return address;
}

/* Two ends of a connection. */
typedef struct
{
  GSocket *here;
  GSocket *there;
} Ends;

G_GNUC_UNUSED
static Ends
ends_new (int type)
{
  int fds[2];
  Ends self;

  g_assert_cmpint (socketpair (AF_UNIX, type | SOCK_CLOEXEC, 0, fds), ==, 0);
  self.here = g_socket_new_from_fd (fds[0], NULL);
  self.there = g_socket_new_from_fd (fds[1], NULL);

  return self;
}

G_GNUC_UNUSED
static void
ends_clear (Ends *self)
{
  g_clear_object (&self->here);
  g_clear_object (&self->there);
}

/* From outside of fibers. */
G_GNUC_UNUSED
static void
put (GSocket    *socket,
     const char *text)
{
  gssize n = (gssize) strlen (text);

  g_assert_cmpint (g_socket_send_with_blocking (socket, text, strlen (text), FALSE, NULL, NULL), ==, n);
}

/* How many descriptors this process has. */
G_GNUC_UNUSED
static guint
count_fds (void)
{
  guint n = 0;

  for (int fd = 0; fd < 1024; fd++)
    n += fcntl (fd, F_GETFD) >= 0;

  return n;
}

/* Runs a fiber to its end, which is to be a good one. */
G_GNUC_UNUSED
static void
assert_runs (TendBodyFunc func,
             gpointer     data)
{
  g_autoptr(GError) error = NULL;
  TendTask *task = tend_task_run_fiber (NULL, func, data, NULL);

  tend_task_wait_sync (task, &error);
  g_assert_no_error (error);
  assert_gone (task);
}

/* Waits for the end of a task, and sees it fail. */
#define assert_fails(task, domain, code) \
  do \
    { \
      g_autoptr(GError) failed_with = NULL; \
      \
      g_assert_false (tend_task_wait_sync (task, &failed_with)); \
      g_assert_error (failed_with, domain, code); \
      assert_gone (task); \
    } \
  while (0)
