// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Sockets in fibers: bytes, datagrams, accepting; and what ends a wait.

#define _GNU_SOURCE

#include "net.h"

#if defined(__linux__)
#include <sys/epoll.h>
#include <sys/syscall.h>

/* The library calls this one, which counts. */
static guint n_registrations;

int
epoll_ctl (int                 epfd,
           int                 op,
           int                 fd,
           struct epoll_event *event)
{
  n_registrations++;
  return (int) syscall (SYS_epoll_ctl, epfd, op, fd, event);
}
#endif

/* --- Bytes --- */

/* Sends back what it receives. */
static gboolean
echo_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  g_autoptr(GSocket) socket = g_object_ref (user_data);
  char buffer[64];
  gssize n;

  while ((n = tend_socket_receive (socket, buffer, sizeof buffer, TEND_FOREVER, error)) > 0)
    {
      if (!tend_socket_send_all (socket, buffer, (gsize) n, NULL, TEND_FOREVER, error))
        return FALSE;
    }

  return n == 0;
}

static gboolean
serve_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  g_autoptr(GSocket) connection = tend_socket_accept (user_data, TEND_FOREVER, error);

  return connection != NULL && echo_body (task, connection, error);
}

static gboolean
ask_body (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  g_autoptr(GSocketAddress) address = address_of (user_data);
  g_autoptr(GSocket) socket = tend_socket_connect (G_SOCKET_CONNECTABLE (address), TEND_FOREVER, error);
  char buffer[64];

  g_assert_nonnull (socket);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (tend_socket_send_all (socket, "hello", 5, NULL, TEND_FOREVER, error));
      g_assert_cmpint (tend_socket_receive (socket, buffer, sizeof buffer, TEND_FOREVER, error), ==, 5);
      g_assert_cmpmem (buffer, 5, "hello", 5);
    }

  /* The other direction is still open, and says when the peer has seen this. */
  g_assert_true (g_socket_shutdown (socket, FALSE, TRUE, error));
  g_assert_cmpint (tend_socket_receive (socket, buffer, sizeof buffer, TEND_FOREVER, error), ==, 0);

  return TRUE;
}

static void
test_echo (void)
{
  GSocket *listener = listen_socket ("127.0.0.1", 8);
  TendTask *servers[2];

  /* Both wait for the same socket. */
  for (guint i = 0; i < 2; i++)
    servers[i] = tend_task_run_fiber (NULL, serve_body, listener, NULL);
  settle ();
  for (guint i = 0; i < 2; i++)
    assert_runs (ask_body, listener);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (tend_task_wait_sync (servers[i], NULL));
      assert_gone (servers[i]);
    }
  g_assert_finalize_object (listener);
}

/* Receives once, and returns how much that was. */
static gboolean
receive_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  char buffer[8];
  gssize n = tend_socket_receive (user_data, buffer, sizeof buffer, TEND_FOREVER, error);

  if (n >= 0)
    tend_task_return_int (task, n);
  else
    g_assert_true (error == NULL || *error != NULL);

  return n >= 0;
}

static void
test_waits_for_bytes (void)
{
  Ends ends = ends_new (SOCK_STREAM);
  TendTask *task = tend_task_run_fiber (NULL, receive_body, ends.here, NULL);

  settle ();
  assert_status (task, "running");
  put (ends.there, "abc");
  g_assert_true (tend_task_wait_sync (task, NULL));
  g_assert_cmpint (tend_task_get_int (task), ==, 3);
  assert_gone (task);

  /* What does not fit is there for the next. */
  put (ends.there, "0123456789");
  for (guint i = 0; i < 2; i++)
    {
      task = tend_task_run_fiber (NULL, receive_body, ends.here, NULL);
      g_assert_true (tend_task_wait_sync (task, NULL));
      g_assert_cmpint (tend_task_get_int (task), ==, i == 0 ? 8 : 2);
      assert_gone (task);
    }
  ends_clear (&ends);
}

/* Either side may end either direction. */
static void
test_shutdown (void)
{
  for (guint i = 0; i < 2; i++)
    {
      Ends ends = ends_new (SOCK_STREAM);
      TendTask *task = tend_task_run_fiber (NULL, receive_body, ends.here, NULL);

      settle ();
      if (i == 0)
        g_assert_true (g_socket_shutdown (ends.there, FALSE, TRUE, NULL));
      else
        g_assert_true (g_socket_shutdown (ends.here, TRUE, FALSE, NULL));
      g_assert_true (tend_task_wait_sync (task, NULL));
      g_assert_cmpint (tend_task_get_int (task), ==, 0);
      assert_gone (task);
      ends_clear (&ends);
    }
}

#define MUCH (4 * 1024 * 1024)

static gsize n_sent;

static gboolean
send_much_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  g_autofree char *much = g_malloc0 (MUCH);

  return tend_socket_send_all (user_data, much, MUCH, &n_sent, TEND_FOREVER, error);
}

static gboolean
drain_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  g_autofree char *buffer = g_malloc (65536);
  gsize n_received = 0;

  while (n_received < MUCH)
    {
      gssize n = tend_socket_receive (user_data, buffer, 65536, TEND_FOREVER, error);

      g_assert_cmpint (n, >, 0);
      n_received += (gsize) n;
    }

  return TRUE;
}

static void
test_send_all (void)
{
  Ends ends = ends_new (SOCK_STREAM);
  TendTask *task = tend_task_run_fiber (NULL, send_much_body, ends.here, NULL);

  settle ();
  assert_status (task, "running");
  assert_runs (drain_body, ends.there);
  g_assert_true (tend_task_wait_sync (task, NULL));
  g_assert_cmpuint (n_sent, ==, MUCH);
  assert_gone (task);

  /* Some of it was sent before it was cancelled. */
  task = tend_task_run_fiber (NULL, send_much_body, ends.here, NULL);
  settle ();
  tend_task_cancel (task);
  assert_fails (task, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (n_sent, >, 0);
  g_assert_cmpuint (n_sent, <, MUCH);
  ends_clear (&ends);
}

/* That is no signal, which would end the test. */
static void
test_peer_is_gone (void)
{
  Ends ends = ends_new (SOCK_STREAM);
  TendTask *task;

  g_clear_object (&ends.there);
  task = tend_task_run_fiber ("sender", send_much_body, ends.here, NULL);
  assert_fails (task, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  ends_clear (&ends);
}

/* --- Datagrams --- */

static gboolean
datagrams_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  GSocket *server = user_data;
  g_autoptr(GSocket) client = bind_socket ("127.0.0.1", G_SOCKET_TYPE_DATAGRAM);
  g_autoptr(GSocketAddress) there = address_of (server);
  g_autoptr(GSocketAddress) here = address_of (client);
  char buffer[8];

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(GSocketAddress) from = NULL;
      gsize size = i * 5;

      g_assert_cmpint (tend_socket_send_to (client, there, "hello", size, TEND_FOREVER, error), ==, size);
      g_assert_cmpint (tend_socket_receive_from (server, &from, buffer, sizeof buffer, TEND_FOREVER, error), ==, size);
      g_assert_cmpint (g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (from)), ==,
                       g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (here)));
    }

  /* A connected socket needs no address. */
  g_assert_true (g_socket_connect (client, there, NULL, error));
  g_assert_cmpint (tend_socket_send_to (client, NULL, "hi", 2, TEND_FOREVER, error), ==, 2);
  g_assert_cmpint (tend_socket_receive_from (server, NULL, buffer, sizeof buffer, TEND_FOREVER, error), ==, 2);

  return TRUE;
}

static void
test_datagrams (void)
{
  GSocket *server = bind_socket ("127.0.0.1", G_SOCKET_TYPE_DATAGRAM);

  assert_runs (datagrams_body, server);
  g_assert_finalize_object (server);
}

/* --- What ends a wait --- */

static void
test_ended (void)
{
  for (guint i = 0; i < 4; i++)
    {
      Ends ends = ends_new (SOCK_STREAM);
      TendTask *task = tend_task_run_fiber (NULL, receive_body, ends.here, NULL);

      settle ();

      /* Ready as well. */
      if (i >= 2)
        put (ends.there, "abc");
      if (i % 2 == 0)
        {
          tend_task_cancel (task);
          assert_fails (task, G_IO_ERROR, G_IO_ERROR_CANCELLED);
        }
      else
        {
          tend_task_stop (task);
          assert_fails (task, TEND_ERROR, TEND_ERROR_STOPPED);
        }

      /* Nothing was taken. */
      if (i >= 2)
        {
          task = tend_task_run_fiber (NULL, receive_body, ends.here, NULL);
          g_assert_true (tend_task_wait_sync (task, NULL));
          g_assert_cmpint (tend_task_get_int (task), ==, 3);
          assert_gone (task);
        }
      ends_clear (&ends);
    }
}

static gboolean
receive_soon_body (TendTask  *task,
                   gpointer   user_data,
                   GError   **error)
{
  char buffer[8];

  return tend_socket_receive (user_data, buffer, sizeof buffer, tend_get_time () + SECOND, error) > 0;
}

static void
test_deadline (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Ends ends = ends_new (SOCK_STREAM);
  TendTask *task = tend_task_run_fiber (NULL, receive_soon_body, ends.here, NULL);

  tend_clock_advance (clock, SECOND - 1, NULL);
  assert_status (task, "running");
  tend_clock_advance (clock, 1, NULL);
  assert_fails (task, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  /* What comes in time leaves nothing of the deadline. */
  task = tend_task_run_fiber (NULL, receive_soon_body, ends.here, NULL);
  settle ();
  put (ends.there, "x");
  g_assert_true (tend_task_wait_sync (task, NULL));
  assert_gone (task);
  tend_clock_advance (clock, 2 * SECOND, NULL);
  ends_clear (&ends);
}

static gboolean
accept_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  g_autoptr(GSocket) connection = tend_socket_accept (user_data, TEND_FOREVER, error);

  return connection != NULL;
}

static void
test_closed_socket (void)
{
  Ends ends = ends_new (SOCK_STREAM);
  TendTask *task;

  g_socket_close (ends.here, NULL);
  task = tend_task_run_fiber (NULL, receive_body, ends.here, NULL);
  assert_fails (task, G_IO_ERROR, G_IO_ERROR_CLOSED);
  task = tend_task_run_fiber (NULL, accept_body, ends.here, NULL);
  assert_fails (task, G_IO_ERROR, G_IO_ERROR_CLOSED);

  /* It does not listen. */
  task = tend_task_run_fiber (NULL, accept_body, ends.there, NULL);
  assert_fails (task, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  ends_clear (&ends);
}

static void
test_outside_of_fibers (void)
{
  g_autoptr(GError) error = NULL;
  Ends ends = ends_new (SOCK_STREAM);
  TendTask *task;
  char byte;

  g_assert_cmpint (tend_socket_receive (ends.here, &byte, 1, TEND_FOREVER, &error), ==, -1);
  g_assert_error (error, TEND_ERROR, TEND_ERROR_NO_FIBER);

  /* A thread has the calls that block. */
  task = tend_task_run_thread (NULL, receive_body, ends.here, NULL);
  assert_fails (task, TEND_ERROR, TEND_ERROR_NO_FIBER);
  ends_clear (&ends);
}

/* The socket stays as long as somebody waits, whatever becomes of the reference. */
static gboolean
receive_dropped_body (TendTask  *task,
                      gpointer   user_data,
                      GError   **error)
{
  Ends *ends = user_data;
  char byte;
  gssize n = tend_socket_receive (ends->here, &byte, 1, TEND_FOREVER, error);

  return n == 1;
}

static void
test_dropped_meanwhile (void)
{
  Ends ends = ends_new (SOCK_STREAM);
  TendTask *task = tend_task_run_fiber (NULL, receive_dropped_body, &ends, NULL);
  GSocket *here = ends.here;

  settle ();
  g_object_add_weak_pointer (G_OBJECT (here), (gpointer *) &here);
  g_object_unref (ends.here);
  g_assert_nonnull (here);
  tend_task_cancel (task);
  assert_fails (task, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (here);
  g_clear_object (&ends.there);
}

/* --- Registrations --- */

static gboolean
receive_all_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  char byte;
  gssize n;
  int count = 0;

  while ((n = tend_socket_receive (user_data, &byte, 1, TEND_FOREVER, error)) > 0)
    count++;
  tend_task_return_int (task, count);

  return n == 0;
}

/* The socket is known, so that each wait after the first one costs no call. */
static void
test_registered_once (void)
{
#if defined(__linux__)
  Ends ends = ends_new (SOCK_STREAM);
  TendTask *task = tend_task_run_fiber (NULL, receive_all_body, ends.here, NULL);
  guint before;

  settle ();
  before = n_registrations;
  if (before == 0)
    {
      g_test_skip ("the library has no epoll");
      tend_task_stop (task);
      assert_gone (task);
      ends_clear (&ends);
      return;
    }

  for (guint i = 0; i < 10; i++)
    {
      put (ends.there, "x");
      settle ();
    }
  g_assert_cmpuint (n_registrations, ==, before);
  g_clear_object (&ends.there);
  g_assert_true (tend_task_wait_sync (task, NULL));
  g_assert_cmpint (tend_task_get_int (task), ==, 10);
  assert_gone (task);
  ends_clear (&ends);
#else
  g_test_skip ("there is no epoll");
#endif
}

/* Another socket with the same number is another one, also while the old file lives on by a copy. */
static void
test_number_comes_again (void)
{
  for (guint i = 0; i < 2; i++)
    {
      Ends first = ends_new (SOCK_STREAM), second;
      TendTask *task = tend_task_run_fiber (NULL, receive_body, first.here, NULL);
      int fd = g_socket_get_fd (first.here);
      int copy = -1;

      settle ();
      put (first.there, "x");
      g_assert_true (tend_task_wait_sync (task, NULL));
      assert_gone (task);
      if (i == 1)
        copy = fcntl (fd, F_DUPFD_CLOEXEC, 500);
      g_clear_object (&first.here);

      second = ends_new (SOCK_STREAM);
      g_assert_cmpint (g_socket_get_fd (second.here), ==, fd);
      task = tend_task_run_fiber (NULL, receive_body, second.here, NULL);
      settle ();

      /* That is for nobody. */
      if (i == 1)
        {
          put (first.there, "x");
          settle ();
        }
      assert_status (task, "running");
      put (second.there, "ab");
      g_assert_true (tend_task_wait_sync (task, NULL));
      g_assert_cmpint (tend_task_get_int (task), ==, 2);
      assert_gone (task);
      if (copy >= 0)
        close (copy);
      ends_clear (&first);
      ends_clear (&second);
    }
}

/* --- Fairness --- */

#define N_READY 1000

typedef struct
{
  GSocket *socket;
  gboolean is_done;
  guint    n_turns;
} Fair;

static gboolean
receive_ready_body (TendTask  *task,
                    gpointer   user_data,
                    GError   **error)
{
  Fair *self = user_data;
  char byte;

  for (guint i = 0; i < N_READY; i++)
    g_assert_cmpint (tend_socket_receive (self->socket, &byte, 1, TEND_FOREVER, error), ==, 1);
  self->is_done = TRUE;

  return TRUE;
}

static gboolean
count_turns_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  Fair *self = user_data;

  for (; !self->is_done; self->n_turns++)
    g_assert_true (tend_yield (error));

  return TRUE;
}

static void
test_is_fair (void)
{
  Ends ends = ends_new (SOCK_STREAM);
  char much[N_READY];
  Fair fair = { ends.here };
  TendTask *other;

  memset (much, 'x', sizeof much);
  g_assert_cmpint (g_socket_send (ends.there, much, sizeof much, NULL, NULL), ==, N_READY);
  other = tend_task_run_fiber (NULL, count_turns_body, &fair, NULL);
  assert_runs (receive_ready_body, &fair);
  g_assert_cmpuint (fair.n_turns, >=, N_READY / 200);
  assert_gone (other);
  ends_clear (&ends);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/socket/echo", test_echo);
  g_test_add_func ("/tend/socket/waits-for-bytes", test_waits_for_bytes);
  g_test_add_func ("/tend/socket/shutdown", test_shutdown);
  g_test_add_func ("/tend/socket/send-all", test_send_all);
  g_test_add_func ("/tend/socket/peer-is-gone", test_peer_is_gone);
  g_test_add_func ("/tend/socket/datagrams", test_datagrams);
  g_test_add_func ("/tend/socket/ended", test_ended);
  g_test_add_func ("/tend/socket/deadline", test_deadline);
  g_test_add_func ("/tend/socket/closed-socket", test_closed_socket);
  g_test_add_func ("/tend/socket/outside-of-fibers", test_outside_of_fibers);
  g_test_add_func ("/tend/socket/dropped-meanwhile", test_dropped_meanwhile);
  g_test_add_func ("/tend/socket/registered-once", test_registered_once);
  g_test_add_func ("/tend/socket/number-comes-again", test_number_comes_again);
  g_test_add_func ("/tend/socket/is-fair", test_is_fair);

  return g_test_run ();
}
