// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Sockets for fibers: each function tries first, and waits when the system has nothing yet.
//
// The descriptor of a GSocket never blocks, whatever the GSocket says of itself, so the calls here are those of the
// system. Those of GSocket create a GError with a text each time when there is nothing.
//
// A wait needs no call of the system as a rule. A GSocket has one descriptor as long as it is open, and is not opened
// again. So it keeps the serial number of the registration that its last wait has used. No other registration has that
// number, in no loop: if the loop still knows the number, the registration is this socket's.
//
// A fiber whose socket is always ready does not keep the loop from everything else: tend_begin_wait() yields now and
// then, before the call has taken anything.
//
// Ownership: everything is the loop thread's.

/* accept4() */
#define _GNU_SOURCE

#include "net-private.h"

#include "tend-socket.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Where a peer that has gone is an error and not a signal. */
#ifdef MSG_NOSIGNAL
#define SEND_FLAGS MSG_NOSIGNAL
#else
#define SEND_FLAGS 0
#endif

/* One call of a fiber, which may try several times. */
typedef struct
{
  GSocket      *socket;     /* the caller's; a reference while it waits */
  const char   *func;
  GIOCondition  condition;
  gint64        deadline;
  int           fd;
  TendJob      *wake;
} Call;

static G_DEFINE_QUARK (tend-socket-serial, serial)

/* --- A call --- */

/* Before each try: whether the fiber goes on, and the socket is open. */
static gboolean
call_look (Call    *self,
           GError **error)
{
  self->wake = tend_begin_wait (self->func, error);
  if (self->wake == NULL)
    return FALSE;

  self->fd = g_socket_get_fd (self->socket);
  if (self->fd >= 0)
    return TRUE;

  tend_task_set_error (tend_task_get_current (), error, G_IO_ERROR, G_IO_ERROR_CLOSED, _("the socket is closed"));
  return FALSE;
}

/* Waits until the socket may be ready. */
static gboolean
call_wait (Call    *self,
           GError **error)
{
  g_autoptr(GSocket) kept = g_object_ref (self->socket);
  TendTask *task = tend_task_get_current ();
  TendLoop *loop = tend_task_loop (task);
  guint32 known = GPOINTER_TO_UINT (g_object_get_qdata (G_OBJECT (kept), serial_quark ()));
  TendNetDeadline deadline;
  TendFdWait wait;
  gboolean goes_on;
  int status;

  tend_fd_wait_init (&wait, self->fd, self->condition, self->wake);
  wait.serial = known;
  status = tend_fd_wait_again (&wait, loop);
  if (status != 0)
    {
      g_propagate_error (error, tend_task_new_fd_error (task, self->fd, status));
      return FALSE;
    }
  if (wait.serial != known)
    g_object_set_qdata (G_OBJECT (kept), serial_quark (), GUINT_TO_POINTER (wait.serial));

  tend_net_deadline_begin (&deadline, loop, self->wake, self->deadline);
  tend_loop_hold (loop);
  goes_on = tend_wait (error);
  tend_loop_unhold (loop);
  tend_net_deadline_end (&deadline);
  tend_fd_wait_end (&wait, loop);
  if (!goes_on)
    return FALSE;

  /* What is ready at the deadline is ready. */
  if (wait.revents == 0 && !tend_net_deadline_check (&deadline, error))
    return FALSE;

  if (wait.error != 0)
    g_propagate_error (error, tend_task_new_fd_error (task, self->fd, wait.error));

  return wait.error == 0;
}

/* After a try that gave errno's @status: whether to try again. @what is for tend_net_set_error(). */
static gboolean
call_try_again (Call        *self,
                int          status,
                const char  *what,
                GError     **error)
{
  if (status == EAGAIN || status == EWOULDBLOCK)
    return call_wait (self, error) && call_look (self, error);

  if (status == EINTR)
    return call_look (self, error);

  tend_net_set_error (error, status, what);
  return FALSE;
}

/* --- Connections --- */

/* A connection may be gone before it is accepted: that says nothing of the others. */
static gboolean
is_of_connection (int status)
{
  return status == ECONNABORTED || status == EPROTO || status == ENETDOWN || status == ENETUNREACH ||
         status == EHOSTUNREACH;
}

static int
accept_next (int fd)
{
#if defined(__linux__)
  return accept4 (fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
#else
  int accepted = accept (fd, NULL, NULL);

  if (accepted >= 0)
    fcntl (accepted, F_SETFD, FD_CLOEXEC);
  return accepted;
#endif
}

/**
 * tend_socket_accept: (skip)
 * @socket: a socket that listens
 * @deadline: until when to wait, in the time of [func@Tend.get_time]; %TEND_FOREVER: no limit
 * @error: return location for an error
 *
 * Waits for a connection to a listening socket, in a fiber.
 *
 * Several fibers may accept from the same socket. A connection that is gone before it is accepted is passed over. If
 * the process has no descriptors left, the call fails with `G_IO_ERROR_TOO_MANY_OPEN_FILES` and the connection stays
 * where it is: let some time pass before you try again.
 *
 * Returns: (transfer full): the socket of the connection; %NULL with `G_IO_ERROR_TIMED_OUT` if there was none by
 *   @deadline, `G_IO_ERROR_CANCELLED` or `TEND_ERROR_STOPPED` if the task was cancelled or has ended,
 *   `G_IO_ERROR_CLOSED` if @socket is closed, `TEND_ERROR_NO_FIBER` outside a fiber, and with another code of
 *   [error@Gio.IOErrorEnum] if the system refuses
 *
 * Since: 0.1
 */
GSocket *
tend_socket_accept (GSocket  *socket,
                    gint64    deadline,
                    GError  **error)
{
  Call call = { socket, G_STRFUNC, G_IO_IN, deadline, -1, NULL };
  GSocket *connection;
  int fd;

  g_return_val_if_fail (G_IS_SOCKET (socket), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!call_look (&call, error))
    return NULL;

  while ((fd = accept_next (call.fd)) < 0)
    {
      if (!is_of_connection (errno) && !call_try_again (&call, errno, _("cannot accept a connection: "), error))
        return NULL;
    }

  connection = g_socket_new_from_fd (fd, error);
  if (connection == NULL)
    close (fd);

  return connection;
}

/* --- Bytes --- */

/**
 * tend_socket_receive: (skip)
 * @socket: a socket that is connected
 * @buffer: (array length=size) (element-type guint8): where to put what is received
 * @size: how much there is room for
 * @deadline: until when to wait, in the time of [func@Tend.get_time]; %TEND_FOREVER: no limit
 * @error: return location for an error
 *
 * Receives bytes in a fiber, and waits until there are some.
 *
 * What has come is received at once, be it less than @size. If the call fails, nothing is lost: the bytes that come
 * later are there for the next call. The time-out of the socket itself does not count.
 *
 * Returns: the number of bytes; 0 if the peer sends no more; -1 with an error as for tend_socket_accept()
 *
 * Since: 0.1
 */
gssize
tend_socket_receive (GSocket  *socket,
                     void     *buffer,
                     gsize     size,
                     gint64    deadline,
                     GError  **error)
{
  Call call = { socket, G_STRFUNC, G_IO_IN, deadline, -1, NULL };
  gssize n;

  g_return_val_if_fail (G_IS_SOCKET (socket), -1);
  g_return_val_if_fail (error == NULL || *error == NULL, -1);

  if (!call_look (&call, error))
    return -1;

  while ((n = recv (call.fd, buffer, size, 0)) < 0)
    {
      if (!call_try_again (&call, errno, _("cannot receive: "), error))
        return -1;
    }

  return n;
}

/**
 * tend_socket_send: (skip)
 * @socket: a socket that is connected
 * @buffer: (array length=size) (element-type guint8): what to send
 * @size: how much that is
 * @deadline: until when to wait, in the time of [func@Tend.get_time]; %TEND_FOREVER: no limit
 * @error: return location for an error
 *
 * Sends bytes in a fiber, and waits until the socket takes some of them.
 *
 * A socket of a stream may take less than @size: tend_socket_send_all() goes on until everything is sent. If the call
 * fails, nothing of @buffer was sent. A peer that is gone is the error `G_IO_ERROR_BROKEN_PIPE`, and no signal.
 *
 * Returns: the number of bytes; -1 with an error as for tend_socket_accept()
 *
 * Since: 0.1
 */
gssize
tend_socket_send (GSocket     *socket,
                  const void  *buffer,
                  gsize        size,
                  gint64       deadline,
                  GError     **error)
{
  Call call = { socket, G_STRFUNC, G_IO_OUT, deadline, -1, NULL };
  gssize n;

  g_return_val_if_fail (G_IS_SOCKET (socket), -1);
  g_return_val_if_fail (error == NULL || *error == NULL, -1);

  if (!call_look (&call, error))
    return -1;

  while ((n = send (call.fd, buffer, size, SEND_FLAGS)) < 0)
    {
      if (!call_try_again (&call, errno, _("cannot send: "), error))
        return -1;
    }

  return n;
}

/**
 * tend_socket_send_all: (skip)
 * @socket: a socket that is connected
 * @buffer: (array length=size) (element-type guint8): what to send
 * @size: how much that is
 * @bytes_sent: (out) (optional): return location for how much was sent, also if the call fails
 * @deadline: until when to wait, in the time of [func@Tend.get_time]; %TEND_FOREVER: no limit
 * @error: return location for an error
 *
 * Sends all of the bytes in a fiber, and waits as often as the socket takes no more.
 *
 * The system may still hold what was sent: the peer need not have received it. To say that no more will come, call
 * [method@Gio.Socket.shutdown], which does not wait.
 *
 * Returns: %TRUE if everything was sent; %FALSE with an error as for tend_socket_accept()
 *
 * Since: 0.1
 */
gboolean
tend_socket_send_all (GSocket     *socket,
                      const void  *buffer,
                      gsize        size,
                      gsize       *bytes_sent,
                      gint64       deadline,
                      GError     **error)
{
  const char *bytes = buffer;
  gsize n_sent = 0;
  gssize n = 0;

  g_return_val_if_fail (G_IS_SOCKET (socket), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  while (n_sent < size)
    {
      n = tend_socket_send (socket, bytes + n_sent, size - n_sent, deadline, error);
      if (n < 0)
        break;
      n_sent += (gsize) n;
    }
  if (bytes_sent != NULL)
    *bytes_sent = n_sent;

  return n >= 0;
}

/* --- Datagrams --- */

/**
 * tend_socket_receive_from: (skip)
 * @socket: a socket for datagrams
 * @address: (out) (optional) (nullable) (transfer full): return location for who has sent it; %NULL: the sender has no
 *   address
 * @buffer: (array length=size) (element-type guint8): where to put what is received
 * @size: how much there is room for; the rest of a longer datagram is lost
 * @deadline: until when to wait, in the time of [func@Tend.get_time]; %TEND_FOREVER: no limit
 * @error: return location for an error
 *
 * Receives a datagram and its sender's address in a fiber, and waits until there is one.
 *
 * Returns: the number of bytes, which may be 0; -1 with an error as for tend_socket_accept()
 *
 * Since: 0.1
 */
gssize
tend_socket_receive_from (GSocket         *socket,
                          GSocketAddress **address,
                          void            *buffer,
                          gsize            size,
                          gint64           deadline,
                          GError         **error)
{
  Call call = { socket, G_STRFUNC, G_IO_IN, deadline, -1, NULL };
  struct sockaddr_storage native;
  socklen_t length = sizeof native;
  gssize n;

  g_return_val_if_fail (G_IS_SOCKET (socket), -1);
  g_return_val_if_fail (error == NULL || *error == NULL, -1);

  if (address != NULL)
    *address = NULL;
  if (!call_look (&call, error))
    return -1;

  while ((n = recvfrom (call.fd, buffer, size, 0, (struct sockaddr *) &native, &length)) < 0)
    {
      if (!call_try_again (&call, errno, _("cannot receive: "), error))
        return -1;
      length = sizeof native;
    }
  if (address != NULL && length > 0)
    *address = g_socket_address_new_from_native (&native, length);

  return n;
}

/**
 * tend_socket_send_to: (skip)
 * @socket: a socket for datagrams
 * @address: (nullable): where to send it; %NULL: where @socket is connected to
 * @buffer: (array length=size) (element-type guint8): what to send
 * @size: how much that is
 * @deadline: until when to wait, in the time of [func@Tend.get_time]; %TEND_FOREVER: no limit
 * @error: return location for an error
 *
 * Sends a datagram in a fiber, and waits until the socket takes it.
 *
 * Returns: the number of bytes; -1 with an error as for tend_socket_accept()
 *
 * Since: 0.1
 */
gssize
tend_socket_send_to (GSocket         *socket,
                     GSocketAddress  *address,
                     const void      *buffer,
                     gsize            size,
                     gint64           deadline,
                     GError         **error)
{
  Call call = { socket, G_STRFUNC, G_IO_OUT, deadline, -1, NULL };
  struct sockaddr_storage native;
  socklen_t length;
  gssize n;

  g_return_val_if_fail (G_IS_SOCKET (socket), -1);
  g_return_val_if_fail (address == NULL || G_IS_SOCKET_ADDRESS (address), -1);
  g_return_val_if_fail (error == NULL || *error == NULL, -1);

  if (address == NULL)
    return tend_socket_send (socket, buffer, size, deadline, error);
  if (!g_socket_address_to_native (address, &native, sizeof native, error) || !call_look (&call, error))
    return -1;

  length = (socklen_t) g_socket_address_get_native_size (address);
  while ((n = sendto (call.fd, buffer, size, SEND_FLAGS, (struct sockaddr *) &native, length)) < 0)
    {
      if (!call_try_again (&call, errno, _("cannot send: "), error))
        return -1;
    }

  return n;
}
