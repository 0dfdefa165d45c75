// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Connecting in a fiber: the addresses race, and what is left of those that lose.

#include "net.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#define STAGGER (250 * G_TIME_SPAN_MILLISECOND)

/* --- A host whose addresses the test says --- */

#define TEST_TYPE_HOST (test_host_get_type ())
G_DECLARE_FINAL_TYPE (TestHost, test_host, TEST, HOST, GObject)

struct _TestHost
{
  GObject    parent_instance;

  GPtrArray *addresses;     /* of GSocketAddress */
  GError    *error;         /* behind the last one; NULL: none */
};

#define TEST_TYPE_ADDRESSES (test_addresses_get_type ())
G_DECLARE_FINAL_TYPE (TestAddresses, test_addresses, TEST, ADDRESSES, GSocketAddressEnumerator)

struct _TestAddresses
{
  GSocketAddressEnumerator parent_instance;

  TestHost *host;
  guint     n_given;
};

G_DEFINE_FINAL_TYPE (TestAddresses, test_addresses, G_TYPE_SOCKET_ADDRESS_ENUMERATOR)

static GSocketAddress *
test_addresses_next (GSocketAddressEnumerator  *enumerator,
                     GCancellable              *cancellable,
                     GError                   **error)
{
  TestAddresses *self = TEST_ADDRESSES (enumerator);

  if (self->n_given < self->host->addresses->len)
    return g_object_ref (self->host->addresses->pdata[self->n_given++]);

  if (self->host->error != NULL)
    g_propagate_error (error, g_error_copy (self->host->error));
  return NULL;
}

static void
test_addresses_finalize (GObject *object)
{
  g_object_unref (TEST_ADDRESSES (object)->host);
  G_OBJECT_CLASS (test_addresses_parent_class)->finalize (object);
}

static void
test_addresses_class_init (TestAddressesClass *class)
{
  G_OBJECT_CLASS (class)->finalize = test_addresses_finalize;
  G_SOCKET_ADDRESS_ENUMERATOR_CLASS (class)->next = test_addresses_next;
}

static void
test_addresses_init (TestAddresses *self)
{
}

static GSocketAddressEnumerator *
test_host_enumerate (GSocketConnectable *connectable)
{
  TestAddresses *addresses = g_object_new (TEST_TYPE_ADDRESSES, NULL);

  addresses->host = g_object_ref (TEST_HOST (connectable));
  return G_SOCKET_ADDRESS_ENUMERATOR (addresses);
}

static char *
test_host_to_string (GSocketConnectable *connectable)
{
  return g_strdup ("host.example");
}

static void
test_host_connectable_init (GSocketConnectableIface *iface)
{
  iface->enumerate = test_host_enumerate;
  iface->to_string = test_host_to_string;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestHost, test_host, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_SOCKET_CONNECTABLE, test_host_connectable_init))

static void
test_host_finalize (GObject *object)
{
  TestHost *self = TEST_HOST (object);

  g_ptr_array_unref (self->addresses);
  g_clear_error (&self->error);
  G_OBJECT_CLASS (test_host_parent_class)->finalize (object);
}

static void
test_host_class_init (TestHostClass *class)
{
  G_OBJECT_CLASS (class)->finalize = test_host_finalize;
}

static void
test_host_init (TestHost *self)
{
  self->addresses = g_ptr_array_new_with_free_func (g_object_unref);
}

static TestHost *
host_new (void)
{
  return g_object_new (TEST_TYPE_HOST, NULL);
}

static void
host_add (TestHost *self,
          GSocket  *socket)
{
  g_ptr_array_add (self->addresses, address_of (socket));
}

/* --- Those that do not answer --- */

/* A port whose queue is full: a connection to it neither succeeds nor fails. */
typedef struct
{
  GSocket   *listener;
  GPtrArray *others;
} Silent;

static Silent
silent_new (void)
{
  Silent self = { listen_socket ("127.0.0.1", 0), g_ptr_array_new_with_free_func (g_object_unref) };
  g_autoptr(GSocketAddress) address = address_of (self.listener);

  for (guint i = 0; i < 3; i++)
    {
      GSocket *socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);

      g_socket_set_blocking (socket, FALSE);
      g_socket_connect (socket, address, NULL, NULL);
      g_ptr_array_add (self.others, socket);
    }

  return self;
}

static void
silent_clear (Silent *self)
{
  g_clear_object (&self->listener);
  g_clear_pointer (&self->others, g_ptr_array_unref);
}

/* --- The tests --- */

/* Connects, and returns the port. */
static gboolean
connect_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  g_autoptr(GSocket) socket = tend_socket_connect (user_data, TEND_FOREVER, error);
  g_autoptr(GSocketAddress) address = NULL;

  if (socket == NULL)
    return FALSE;

  g_assert_true (g_socket_get_blocking (socket));
  address = g_socket_get_remote_address (socket, NULL);
  tend_task_return_int (task, g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)));
  return TRUE;
}

static TendTask *
begin_connect (TestHost *host)
{
  return tend_task_run_fiber ("client", connect_body, host, NULL);
}

static void
assert_connected (TendTask *task,
                  GSocket  *listener)
{
  g_autoptr(GSocketAddress) address = address_of (listener);
  g_autoptr(GError) error = NULL;

  tend_task_wait_sync (task, &error);
  g_assert_no_error (error);
  g_assert_cmpint (tend_task_get_int (task), ==, g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)));
  assert_gone (task);
}

static void
test_first (void)
{
  g_autoptr(GSocket) good = listen_socket ("127.0.0.1", 8);
  TestHost *host = host_new ();

  host_add (host, good);
  assert_connected (begin_connect (host), good);
  g_assert_finalize_object (host);
}

/* The error says what to, and by whom. */
static void
test_refused (void)
{
  g_autoptr(GSocket) bound = bind_socket ("127.0.0.1", G_SOCKET_TYPE_STREAM);
  g_autoptr(GError) error = NULL;
  TestHost *host = host_new ();
  TendTask *task;

  host_add (host, bound);
  task = begin_connect (host);
  g_assert_false (tend_task_wait_sync (task, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  g_assert_true (g_str_has_prefix (error->message, "Task 'client': cannot connect to host.example: "));
  assert_gone (task);
  g_assert_finalize_object (host);
}

/* The next one after a failure does not wait. */
static void
test_next_after_failure (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(GSocket) bound = bind_socket ("127.0.0.1", G_SOCKET_TYPE_STREAM);
  g_autoptr(GSocket) good = listen_socket ("127.0.0.1", 8);
  TestHost *host = host_new ();
  gint64 begin = tend_clock_get_time (clock);

  host_add (host, bound);
  host_add (host, good);
  assert_connected (begin_connect (host), good);
  g_assert_cmpint (tend_clock_get_time (clock), ==, begin);
  g_assert_finalize_object (host);
}

/* The next one begins beside one that does not answer, and wins. */
static void
test_stagger (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(GSocket) good = listen_socket ("127.0.0.1", 8);
  Silent silent = silent_new ();
  TestHost *host = host_new ();
  guint n_fds = count_fds ();
  TendTask *task;

  host_add (host, silent.listener);
  host_add (host, good);
  task = begin_connect (host);
  settle ();
  tend_clock_advance (clock, STAGGER - 1, NULL);
  settle ();
  assert_status (task, "running");
  g_assert_cmpuint (count_fds (), <=, n_fds + 2);   /* one attempt, and that of epoll */
  tend_clock_advance (clock, 1, NULL);
  assert_connected (task, good);
  g_assert_cmpuint (count_fds (), <=, n_fds + 1);
  g_assert_finalize_object (host);
  silent_clear (&silent);
}

static gboolean
have_ipv6 (void)
{
  g_autoptr(GSocketAddress) any = g_inet_socket_address_new_from_string ("::1", 0);
  g_autoptr(GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV6, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT,
                                            NULL);

  return socket != NULL && g_socket_bind (socket, any, FALSE, NULL);
}

/* The second one that is tried is the first of the other family. */
static void
test_families_alternate (void)
{
  g_autoptr(TendClock) clock = NULL;
  g_autoptr(GSocket) good = NULL;
  Silent silent;
  TestHost *host;
  TendTask *task;

  if (!have_ipv6 ())
    {
      g_test_skip ("there is no IPv6");
      return;
    }

  clock = tend_clock_freeze (NULL);
  good = listen_socket ("::1", 8);
  silent = silent_new ();
  host = host_new ();
  host_add (host, silent.listener);
  host_add (host, silent.listener);
  host_add (host, silent.listener);
  host_add (host, good);
  task = begin_connect (host);
  settle ();
  tend_clock_advance (clock, STAGGER, NULL);
  assert_connected (task, good);
  g_assert_finalize_object (host);
  silent_clear (&silent);
}

static void
test_no_address (void)
{
  TestHost *host = host_new ();
  TendTask *task = begin_connect (host);

  assert_fails (task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);

  host->error = g_error_new_literal (G_RESOLVER_ERROR, G_RESOLVER_ERROR_TEMPORARY_FAILURE, "the test says so");
  task = begin_connect (host);
  assert_fails (task, G_RESOLVER_ERROR, G_RESOLVER_ERROR_TEMPORARY_FAILURE);
  g_assert_finalize_object (host);
}

/* Nothing is left of the attempts. */
static void
test_ended (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Silent silent = silent_new ();
  TestHost *host = host_new ();
  guint n_fds = count_fds ();

  for (guint i = 0; i < 3; i++)
    host_add (host, silent.listener);
  for (guint i = 0; i < 6; i++)
    {
      TendTask *task = begin_connect (host);

      /* While the addresses are not known yet, and with two attempts. */
      if (i >= 2)
        {
          settle ();
          tend_clock_advance (clock, STAGGER, NULL);
          settle ();
        }
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
      g_assert_cmpuint (count_fds (), <=, n_fds + 1);
    }
  tend_clock_advance (clock, SECOND, NULL);
  settle ();
  g_assert_finalize_object (host);
  silent_clear (&silent);
}

static gboolean
connect_soon_body (TendTask  *task,
                   gpointer   user_data,
                   GError   **error)
{
  g_autoptr(GSocket) socket = tend_socket_connect (user_data, tend_get_time () + SECOND, error);

  return socket != NULL;
}

static void
test_deadline (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Silent silent = silent_new ();
  TestHost *host = host_new ();
  TendTask *task;

  host_add (host, silent.listener);
  task = tend_task_run_fiber (NULL, connect_soon_body, host, NULL);
  settle ();
  tend_clock_advance (clock, SECOND - 1, NULL);
  assert_status (task, "running");
  tend_clock_advance (clock, 1, NULL);
  assert_fails (task, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_finalize_object (host);
  silent_clear (&silent);
}

static gboolean
connect_unix_body (TendTask  *task,
                   gpointer   user_data,
                   GError   **error)
{
  g_autoptr(GSocket) socket = tend_socket_connect (user_data, tend_get_time () + SECOND, error);

  return socket != NULL;
}

/* Connects until there is no room for another one. */
static GPtrArray *
fill_queue (GSocketAddress *address)
{
  GPtrArray *sockets = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GError) error = NULL;

  while (error == NULL)
    {
      GSocket *socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);

      g_socket_set_blocking (socket, FALSE);
      g_socket_connect (socket, address, NULL, &error);
      g_ptr_array_add (sockets, socket);
    }
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);

  return sockets;
}

/* A server on a Unix socket takes no more for a while: the kernel does not queue who connects, as it does with TCP. */
static void
test_full_queue (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autofree char *dir = g_dir_make_tmp ("tend-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (dir, "socket", NULL);
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr(GSocket) listener = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT,
                                              NULL);
  g_autoptr(GPtrArray) others = NULL;
  g_autoptr(GSocket) accepted = NULL;
  TendTask *patient, *late;

  g_assert_true (g_socket_bind (listener, address, FALSE, NULL));
  g_socket_set_listen_backlog (listener, 1);
  g_assert_true (g_socket_listen (listener, NULL));
  others = fill_queue (address);

  late = tend_task_run_fiber (NULL, connect_unix_body, address, NULL);
  settle ();
  tend_clock_advance (clock, SECOND, NULL);
  assert_fails (late, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  patient = tend_task_run_fiber (NULL, connect_unix_body, address, NULL);
  settle ();
  tend_clock_advance (clock, SECOND / 2, NULL);
  assert_status (patient, "running");
  accepted = g_socket_accept (listener, NULL, NULL);
  tend_clock_advance (clock, SECOND / 100, NULL);
  assert_status (patient, "completed");
  assert_gone (patient);

  g_unlink (path);
  g_rmdir (dir);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/socket-connect/first", test_first);
  g_test_add_func ("/tend/socket-connect/refused", test_refused);
  g_test_add_func ("/tend/socket-connect/next-after-failure", test_next_after_failure);
  g_test_add_func ("/tend/socket-connect/stagger", test_stagger);
  g_test_add_func ("/tend/socket-connect/families-alternate", test_families_alternate);
  g_test_add_func ("/tend/socket-connect/no-address", test_no_address);
  g_test_add_func ("/tend/socket-connect/ended", test_ended);
  g_test_add_func ("/tend/socket-connect/deadline", test_deadline);
  g_test_add_func ("/tend/socket-connect/full-queue", test_full_queue);

  return g_test_run ();
}
