// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The client of the echo benchmarks: a process of its own, so that only the server's time counts and each of the two
// has as many descriptors as a process may have.
//
// It is told what to do by lines of two numbers, and does it with calls that block. It reads all answers of a round
// after it has sent all questions. Its connections are reset at the end, so that none of them waits for its port.

#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct _BenchEcho
{
  guint n;
  int   listener;
  int   orders;         /* to the client */
  pid_t client;
};

typedef struct
{
  guint n_active;       /* 0: connect */
  guint n;
} Order;

/* --- The client, which uses nothing of GLib's that a fork might have left locked --- */

static int fds[65536];
static guint n_fds;

static void
client_connect (const struct sockaddr_in *address)
{
  struct linger linger = { 1, 0 };
  int yes = 1;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd < 0 || connect (fd, (const struct sockaddr *) address, sizeof *address) != 0)
    abort ();
  setsockopt (fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  fds[n_fds++] = fd;
}

static void
client_ask (guint n_active)
{
  char buffer[BENCH_ECHO_SIZE] = { 'x' };

  for (guint i = 0; i < n_active; i++)
    if (write (fds[i], buffer, sizeof buffer) != sizeof buffer)
      abort ();
  for (guint i = 0; i < n_active; i++)
    if (recv (fds[i], buffer, sizeof buffer, MSG_WAITALL) != sizeof buffer)
      abort ();
}

static void
run_client (int                       orders,
            const struct sockaddr_in *address)
{
  Order order;

  while (read (orders, &order, sizeof order) == sizeof order)
    {
      if (order.n_active == 0)
        while (n_fds < order.n)
          client_connect (address);
      else
        for (guint i = 0; i < order.n; i++)
          client_ask (order.n_active);
    }
  _exit (0);
}

/* --- The server's side --- */

/* As many as the system lets us have. */
static guint
raise_limit (guint n)
{
  struct rlimit limit;

  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);

  return MIN (n, MIN ((guint) MIN (limit.rlim_max, G_N_ELEMENTS (fds)), 65000) - 64);
}

BenchEcho *
bench_echo_new (guint n)
{
  BenchEcho *self = g_new0 (BenchEcho, 1);
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  int ends[2];

  self->n = raise_limit (n);
  self->listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  g_assert_cmpint (bind (self->listener, (struct sockaddr *) &address, length), ==, 0);
  g_assert_cmpint (listen (self->listener, SOMAXCONN), ==, 0);
  g_assert_cmpint (getsockname (self->listener, (struct sockaddr *) &address, &length), ==, 0);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);

  self->client = fork ();
  g_assert_cmpint (self->client, >=, 0);
  if (self->client == 0)
    {
      close (self->listener);
      close (ends[0]);
      run_client (ends[1], &address);
    }
  close (ends[1]);
  self->orders = ends[0];

  return self;
}

/* The server has closed its listener, if it has taken it. */
void
bench_echo_free (BenchEcho *self)
{
  int status;

  close (self->orders);
  waitpid (self->client, &status, 0);
  g_assert_true (WIFEXITED (status));
  g_free (self);
}

int
bench_echo_get_fd (BenchEcho *self)
{
  return self->listener;
}

guint
bench_echo_get_n (BenchEcho *self)
{
  return self->n;
}

static void
give_order (BenchEcho *self,
            Order      order)
{
  g_assert_cmpint (write (self->orders, &order, sizeof order), ==, sizeof order);
}

void
bench_echo_connect (BenchEcho *self,
                    guint      n)
{
  give_order (self, (Order) { 0, n });
}

guint
bench_echo_ask (BenchEcho *self,
                guint      n_active,
                guint      n_rounds)
{
  give_order (self, (Order) { n_active, n_rounds });
  return n_active * n_rounds;
}
