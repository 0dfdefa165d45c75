// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Connecting, in a fiber: the addresses of a host race, as RFC 8305 says.
//
// The race begins with the first address. The next one begins 250 ms later, or at once when an attempt has failed; the
// attempts before it go on. Families alternate. The first connection wins, and all other attempts are given up.
//
// Addresses come from an enumerator of GIO, asynchronously, and may still come when the fiber has left: so the race is
// counted. Everything else of it ends with the fiber's wait.
//
// Ownership: everything is the loop thread's.

#include "net-private.h"

#include "tend-clock.h"
#include "tend-socket.h"

/* RFC 8305, section 5: Connection Attempt Delay. */
#define STAGGER (G_TIME_SPAN_MILLISECOND * 250)

/* How long until a server on a Unix socket that has no room for another client is asked again: nothing tells. */
#define FULL_DELAY (G_TIME_SPAN_MILLISECOND * 10)

typedef struct
{
  TendLoop                 *loop;         /* constant */
  TendJob                  *wake;         /* the fiber's; NULL: it has left */
  GSocketAddressEnumerator *enumerator;   /* constant */
  GCancellable             *cancellable;  /* of the enumerator */
  GQueue                    addresses;    /* of GSocketAddress, those that have not begun */
  GQueue                    attempts;     /* of Attempt */
  TendJob                   next;         /* begins another one; while it waits, none begins */
  GSocketFamily             last_family;
  gboolean                  keeps_order;  /* constant; families do not alternate */
  gboolean                  is_complete;  /* no more addresses will come */
  GSocket                  *winner;       /* NULL: none yet */
  GError                   *error;        /* of the last attempt that failed */
  guint                     n_refs;
} Race;

/* An address that is tried. */
typedef struct
{
  TendJob    job;
  TendFdWait wait;
  GList      link;          /* in the race's attempts; its data is the attempt */
  Race      *race;
  GSocket   *socket;
} Attempt;

/* --- An attempt --- */

static void
attempt_free (Attempt *self)
{
  Race *race = self->race;

  g_queue_unlink (&race->attempts, &self->link);
  tend_fd_wait_end (&self->wait, race->loop);
  tend_loop_remove (race->loop, &self->job);
  g_clear_object (&self->socket);
  g_free (self);
}

/* Takes @error. */
static void
note_error (Race   *self,
            GError *error)
{
  g_clear_error (&self->error);
  self->error = error;
}

static void
note_status (Race *self,
             int   status)
{
  note_error (self, g_error_new_literal (G_IO_ERROR, (int) g_io_error_from_errno (status), g_strerror (status)));
}

/* Takes the socket. */
static void
set_winner (Race    *self,
            GSocket *socket)
{
  g_socket_set_blocking (socket, TRUE);
  self->winner = socket;
}

static void go_on (Race *self);

static void
attempt_ready_cb (TendJob *job)
{
  Attempt *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (Attempt, job));
  Race *race = self->race;
  GError *error = NULL;

  /* The fiber that was woken by another one may not have left yet. */
  if (self->wait.error != 0)
    note_status (race, self->wait.error);
  else if (!g_socket_check_connect_result (self->socket, &error))
    note_error (race, error);
  else if (race->winner == NULL)
    set_winner (race, g_steal_pointer (&self->socket));
  attempt_free (self);

  /* The next one need not wait any longer. */
  tend_loop_remove (race->loop, &race->next);
  go_on (race);
}

/* Waits for a connection that has begun. Takes @socket. */
static void
await_attempt (Race    *race,
               GSocket *socket)
{
  Attempt *self = g_new0 (Attempt, 1);
  int status;

  self->race = race;
  self->socket = socket;
  self->link.data = self;
  tend_job_init (&self->job, attempt_ready_cb);
  tend_fd_wait_init (&self->wait, g_socket_get_fd (socket), G_IO_OUT, &self->job);
  g_queue_push_tail_link (&race->attempts, &self->link);

  status = tend_fd_wait_begin (&self->wait, race->loop);
  if (status != 0)
    {
      note_status (race, status);
      attempt_free (self);
      return;
    }

  tend_loop_arm (race->loop, &race->next, tend_time_add (tend_loop_now (race->loop), STAGGER));
}

/* Takes @address. */
static void
try_address (Race           *self,
             GSocketAddress *address)
{
  g_autoptr(GSocketAddress) tried G_GNUC_UNUSED = address;
  g_autoptr(GSocket) socket = NULL;
  GError *error = NULL;

  self->last_family = g_socket_address_get_family (address);
  socket = g_socket_new (self->last_family, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, &error);
  if (socket == NULL)
    {
      note_error (self, error);
      return;
    }

  g_socket_set_blocking (socket, FALSE);
  if (g_socket_connect (socket, address, NULL, &error))
    set_winner (self, g_steal_pointer (&socket));
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PENDING))
    {
      g_clear_error (&error);
      await_attempt (self, g_steal_pointer (&socket));
    }
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      note_error (self, error);
      g_queue_push_head (&self->addresses, g_object_ref (address));
      tend_loop_arm (self->loop, &self->next, tend_time_add (tend_loop_now (self->loop), FULL_DELAY));
    }
  else
    note_error (self, error);
}

/* --- The race --- */

static void
race_unref (Race *self)
{
  if (--self->n_refs > 0)
    return;

  g_queue_clear_full (&self->addresses, g_object_unref);
  g_clear_object (&self->enumerator);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->winner);
  g_clear_error (&self->error);
  g_free (self);
}

/* The first address, of another family than the last one if there is any. */
static GSocketAddress *
take_address (Race *self)
{
  if (!self->keeps_order)
    {
      for (GList *each = self->addresses.head; each != NULL; each = each->next)
        if (g_socket_address_get_family (each->data) != self->last_family)
          {
            GSocketAddress *address = each->data;

            g_queue_delete_link (&self->addresses, each);
            return address;
          }
    }

  return g_queue_pop_head (&self->addresses);
}

/* Begins what may begin now, and wakes the fiber when the race is over. */
static void
go_on (Race *self)
{
  while (self->winner == NULL && !tend_job_is_waiting (&self->next) && self->addresses.length > 0)
    try_address (self, take_address (self));

  if (self->winner != NULL || (self->is_complete && self->addresses.length == 0 && self->attempts.length == 0))
    tend_net_wake (self->loop, self->wake);
}

static void
next_cb (TendJob *job)
{
  go_on (G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (Race, next)));
}

static void
enumerated_cb (GObject      *source_object,
               GAsyncResult *result,
               gpointer      user_data)
{
  Race *self = user_data;
  GError *error = NULL;
  GSocketAddress *address = g_socket_address_enumerator_next_finish (self->enumerator, result, &error);

  if (self->wake == NULL)
    {
      g_clear_object (&address);
      g_clear_error (&error);
      race_unref (self);
      return;
    }

  if (address != NULL)
    {
      g_queue_push_tail (&self->addresses, address);
      g_socket_address_enumerator_next_async (self->enumerator, self->cancellable, enumerated_cb, self);
      go_on (self);
      return;
    }

  self->is_complete = TRUE;
  if (error != NULL && self->error == NULL)
    note_error (self, g_steal_pointer (&error));
  g_clear_error (&error);
  go_on (self);
  race_unref (self);
}

static Race *
race_begin (GSocketConnectable *connectable,
            TendLoop           *loop,
            TendJob            *wake)
{
  Race *self = g_new0 (Race, 1);

  self->loop = loop;
  self->wake = wake;
  self->enumerator = g_socket_connectable_enumerate (connectable);
  self->cancellable = g_cancellable_new ();
  /* The servers of a service come in the order of their priorities. */
  self->keeps_order = G_IS_NETWORK_SERVICE (connectable);
  tend_job_init (&self->next, next_cb);
  self->n_refs = 2;
  g_socket_address_enumerator_next_async (self->enumerator, self->cancellable, enumerated_cb, self);

  return self;
}

/* The fiber leaves, and so do all who still run. */
static void
race_end (Race *self)
{
  self->wake = NULL;
  tend_loop_remove (self->loop, &self->next);
  while (self->attempts.length > 0)
    attempt_free (self->attempts.head->data);
  if (!self->is_complete)
    g_cancellable_cancel (self->cancellable);
  race_unref (self);
}

static void
set_connect_error (GError             **error,
                   const GError        *cause,
                   GSocketConnectable  *connectable)
{
  g_autofree char *name = g_socket_connectable_to_string (connectable);

  if (cause != NULL)
    tend_task_set_error (tend_task_get_current (), error, cause->domain, cause->code, _("cannot connect to %s: %s"),
                         name, cause->message);
  else
    tend_task_set_error (tend_task_get_current (), error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                         _("cannot connect to %s, which has no address"), name);
}

/**
 * tend_socket_connect: (skip)
 * @connectable: what to connect to, as a [class@Gio.NetworkAddress]
 * @deadline: until when to wait, in the time of [func@Tend.get_time]; %TEND_FOREVER: no limit
 * @error: return location for an error
 *
 * Connects a stream socket, in a fiber.
 *
 * The addresses of @connectable race, as RFC 8305 says: 250 ms after one was tried, or at once if it fails, the next
 * one is tried as well, of the other family if there is one. The first connection wins, and the others are given up.
 * The servers of a [class@Gio.NetworkService] are tried in their order. Each address is tried as soon as it is known.
 * A server on a Unix socket whose queue of connections is full is tried again every 10 ms.
 *
 * For a proxy, for TLS and for the settings of [class@Gio.SocketClient] use that. For streams of GIO give the socket to
 * [method@Gio.Socket.connection_factory_create_connection].
 *
 * Returns: (transfer full): a connected socket; %NULL with the error of the last attempt that failed, with
 *   `G_IO_ERROR_TIMED_OUT` if no address has answered by @deadline, `G_IO_ERROR_CANCELLED` or `TEND_ERROR_STOPPED` if
 *   the task was cancelled or has ended, `G_IO_ERROR_NOT_FOUND` if there is no address, and `TEND_ERROR_NO_FIBER`
 *   outside a fiber
 *
 * Since: 0.1
 */
GSocket *
tend_socket_connect (GSocketConnectable  *connectable,
                     gint64               deadline,
                     GError             **error)
{
  g_autoptr(GSocketConnectable) kept = NULL;
  TendNetDeadline timer;
  GSocket *socket;
  gboolean goes_on;
  TendLoop *loop;
  TendJob *wake;
  Race *race;

  g_return_val_if_fail (G_IS_SOCKET_CONNECTABLE (connectable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  wake = tend_begin_wait (G_STRFUNC, error);
  if (wake == NULL)
    return NULL;

  kept = g_object_ref (connectable);
  loop = tend_task_loop (tend_task_get_current ());
  race = race_begin (connectable, loop, wake);
  tend_net_deadline_begin (&timer, loop, wake, deadline);
  tend_loop_hold (loop);
  goes_on = tend_wait (error);
  tend_loop_unhold (loop);
  tend_net_deadline_end (&timer);

  socket = goes_on ? g_steal_pointer (&race->winner) : NULL;
  if (socket == NULL && goes_on && tend_net_deadline_check (&timer, error))
    set_connect_error (error, race->error, connectable);
  race_end (race);

  return socket;
}
