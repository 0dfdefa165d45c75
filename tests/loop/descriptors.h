// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Descriptors for tests: pairs of sockets, files, numbers that are closed.

#pragma once

#include "../task/common.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* What is waited for. */
typedef struct
{
  int          fd;
  GIOCondition condition;
} Wait;

/* Two ends of a connection. */
typedef struct
{
  int here;
  int there;
} Pair;

G_GNUC_UNUSED
static Pair
pair_new (void)
{
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), ==, 0);
  return (Pair) { ends[0], ends[1] };
}

G_GNUC_UNUSED
static void
pair_clear (Pair *self)
{
  close (self->here);
  close (self->there);
}

/* Makes this end readable. */
G_GNUC_UNUSED
static void
pair_write (const Pair *self,
            gsize       n)
{
  static const char zeros[64];

  g_assert_cmpuint (n, <=, sizeof zeros);
  g_assert_cmpint (write (self->there, zeros, n), ==, (gssize) n);
}

/* Writes until this end is not writable any more. */
G_GNUC_UNUSED
static void
pair_fill (const Pair *self)
{
  static const char zeros[4096];

  while (write (self->here, zeros, sizeof zeros) > 0)
    ;
  g_assert_cmpint (errno, ==, EAGAIN);
}

G_GNUC_UNUSED
static void
pair_drain (int fd)
{
  char buffer[4096];

  while (read (fd, buffer, sizeof buffer) > 0)
    ;
}

/* A regular file without a name. */
G_GNUC_UNUSED
static int
open_file (void)
{
  g_autofree char *name = NULL;
  int fd = g_file_open_tmp (NULL, &name, NULL);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (g_unlink (name), ==, 0);
  return fd;
}

/* A number that nobody has. */
G_GNUC_UNUSED
static int
closed_number (void)
{
  int fd = fcntl (0, F_DUPFD_CLOEXEC, 500);

  g_assert_cmpint (fd, >=, 500);
  close (fd);
  return fd;
}
