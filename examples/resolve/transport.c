// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The UDP sockets, each on a port that the kernel chose at random.
//
// Datagrams are sent and received many at a time, because the calls cost most. Datagrams to send are gathered until the
// main part waits, or until the next turn, and kept while the socket has no room.
//
// Everything that comes is dropped and counted unless it is the answer to a query: on its socket, from the server's
// address and port, with the id and the question. The query does not notice dropped datagrams, so nobody can end it by
// sending rubbish.

#include "resolve.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define BATCH_SIZE   32

/* So many batches are read before others have their turn. */
#define MAX_BATCHES  8

#define BUFFER_SIZE  (1024 * 1024)

#define ID_BITS      16
#define N_IDS        (1 << ID_BITS)

typedef struct
{
  Transport *transport;
  char      *prefix;            /* of the queries that were asked here */
  GSocket   *socket;
  GQueue     queue;             /* references to queries that were not sent yet */
  guint32   *hashes;            /* of the question that was asked last under each id */
  TendTask  *task;              /* its receiver; a reference */
  gboolean   has_no_room;       /* a source tells when that is over */
} Socket;

struct _Transport
{
  Run                    *run;
  Socket                 *sockets;
  guint                   n_sockets;
  struct sockaddr_storage server;
  socklen_t               server_size;
  gboolean                has_post;     /* the next turn flushes */
  gboolean                has_said;     /* that something could not be sent */
  guint8                  packets[BATCH_SIZE][DNS_UDP_SIZE];
};

/* --- Receiving --- */

static gboolean
is_server (Transport                     *self,
           const struct sockaddr_storage *from)
{
  if (from->ss_family != self->server.ss_family)
    return FALSE;

  if (from->ss_family == AF_INET6)
    {
      const struct sockaddr_in6 *a = (const void *) from, *b = (const void *) &self->server;

      return a->sin6_port == b->sin6_port && memcmp (&a->sin6_addr, &b->sin6_addr, sizeof a->sin6_addr) == 0 &&
             (b->sin6_scope_id == 0 || a->sin6_scope_id == b->sin6_scope_id);
    }
  else
    {
      const struct sockaddr_in *a = (const void *) from, *b = (const void *) &self->server;

      return a->sin_port == b->sin_port && a->sin_addr.s_addr == b->sin_addr.s_addr;
    }
}

/* Counts an answer that nobody waits for: late or twice if that was asked here, and wrong otherwise. */
static void
count_unexpected (Socket       *socket,
                  const guint8 *packet,
                  gsize         size)
{
  Counts *counts = &socket->transport->run->counts;
  guint8 name[DNS_MAX_NAME];
  guint16 type;
  gsize offset;

  if (!dns_read_question (packet, size, &offset, name, &type))
    counts->n_malformed++;
  else if (socket->hashes[dns_get_id (packet)] == dns_hash_question (name, type))
    counts->n_late++;
  else
    counts->n_wrong_id++;
}

static void
received (Socket              *socket,
          const struct msghdr *header,
          gsize                size)
{
  Run *run = socket->transport->run;
  const guint8 *packet = header->msg_iov->iov_base;
  TendNumberCache *found = NULL;
  DnsAnswer answer;
  DnsResult result;

  if (!is_server (socket->transport, header->msg_name))
    {
      run->counts.n_wrong_source++;
      return;
    }
  if (header->msg_flags & MSG_TRUNC)
    {
      run->counts.n_oversized++;
      return;
    }

  if (size >= DNS_HEADER_SIZE)
    found = tend_request_cache_lookup (run->cache, socket->prefix, dns_get_id (packet));
  if (found == NULL)
    {
      count_unexpected (socket, packet, size);
      return;
    }

  result = dns_read_answer (packet, size, RESOLVE_QUERY (found)->request->qname,
                            RESOLVE_QUERY (found)->request->type, &answer);
  if (result == DNS_MALFORMED)
    run->counts.n_malformed++;
  else if (result == DNS_WRONG_QUESTION)
    run->counts.n_wrong_id++;
  else
    {
      g_autoptr(TendNumberCache) cache = tend_request_cache_pop (run->cache, socket->prefix, dns_get_id (packet));

      request_answered (RESOLVE_QUERY (cache)->request, result, &answer);
    }
}

/* Reads a batch: FALSE if there is no more to be read now. */
static gboolean
read_batch (Socket *socket)
{
  Transport *self = socket->transport;
  struct mmsghdr messages[BATCH_SIZE];
  struct iovec vectors[BATCH_SIZE];
  struct sockaddr_storage from[BATCH_SIZE];
  int n;

  memset (messages, 0, sizeof messages);
  for (guint i = 0; i < BATCH_SIZE; i++)
    {
      vectors[i] = (struct iovec) { self->packets[i], DNS_UDP_SIZE };
      from[i].ss_family = AF_UNSPEC;
      messages[i].msg_hdr = (struct msghdr) {
        .msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &vectors[i], .msg_iovlen = 1,
      };
    }

  n = recvmmsg (g_socket_get_fd (socket->socket), messages, BATCH_SIZE, MSG_DONTWAIT, NULL);
  for (int i = 0; i < n; i++)
    received (socket, &messages[i].msg_hdr, messages[i].msg_len);

  return n == BATCH_SIZE || (n < 0 && errno == EINTR);
}

static gboolean
readable_cb (GSocket      *gsocket,
             GIOCondition  condition,
             gpointer      user_data)
{
  for (guint i = 0; i < MAX_BATCHES && read_batch (user_data); i++)
    ;

  return G_SOURCE_CONTINUE;
}

/* The source lives in the scope of this task, which does nothing itself until the shutdown cancels it. */
static gboolean
receive (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  Socket *socket = user_data;
  g_autoptr(GSource) source = g_socket_create_source (socket->socket, G_IO_IN, NULL);

  g_source_set_callback (source, G_SOURCE_FUNC (readable_cb), socket, NULL);
  tend_task_add_source (task, source);

  return tend_sleep (G_MAXINT64, error);
}

/* --- Sending --- */

static void flush (Socket *socket);

static gboolean
writable_cb (GSocket      *gsocket,
             GIOCondition  condition,
             gpointer      user_data)
{
  Socket *socket = user_data;

  socket->has_no_room = FALSE;
  flush (socket);

  return G_SOURCE_REMOVE;
}

static void
wait_for_room (Socket *socket)
{
  g_autoptr(GSource) source = g_socket_create_source (socket->socket, G_IO_OUT, NULL);

  socket->has_no_room = TRUE;
  g_source_set_callback (source, G_SOURCE_FUNC (writable_cb), socket, NULL);
  tend_task_add_source (socket->task, source);
}

static void
drop_first (Socket *socket)
{
  g_object_unref (g_queue_pop_head (&socket->queue));
}

/* Sends the first of the queue: how many of them, or -1. */
static int
send_batch (Socket *socket)
{
  Transport *self = socket->transport;
  struct mmsghdr messages[BATCH_SIZE];
  struct iovec vectors[BATCH_SIZE];
  guint8 packets[BATCH_SIZE][DNS_MAX_QUERY];
  guint n = 0;

  memset (messages, 0, sizeof messages);
  for (GList *l = socket->queue.head; l != NULL && n < BATCH_SIZE; l = l->next, n++)
    {
      Query *query = l->data;
      guint16 id = (guint16) tend_number_cache_get_number (l->data);

      vectors[n].iov_base = packets[n];
      vectors[n].iov_len = dns_build_query (id, query->request->qname, query->request->type, packets[n]);
      messages[n].msg_hdr = (struct msghdr) {
        .msg_name = &self->server, .msg_namelen = self->server_size, .msg_iov = &vectors[n], .msg_iovlen = 1,
      };
    }

  return sendmmsg (g_socket_get_fd (socket->socket), messages, n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void
flush (Socket *socket)
{
  while (!socket->has_no_room)
    {
      int n;

      /* What was answered or has timed out meanwhile need not be sent any more. */
      while (socket->queue.length > 0 && !tend_number_cache_is_held (g_queue_peek_head (&socket->queue)))
        drop_first (socket);
      if (socket->queue.length == 0)
        return;

      n = send_batch (socket);
      for (int i = 0; i < n; i++)
        drop_first (socket);

      if (n < 0 && (errno == EAGAIN || errno == ENOBUFS))
        wait_for_room (socket);
      else if (n < 0 && errno != EINTR)
        {
          /* As good as lost on the way: it times out, and is tried again. */
          if (!socket->transport->has_said)
            g_printerr ("resolve: Could not send: %s\n", g_strerror (errno));
          socket->transport->has_said = TRUE;
          drop_first (socket);
        }
    }
}

/* Sends what was gathered. */
void
transport_flush (Transport *self)
{
  for (guint i = 0; i < self->n_sockets; i++)
    flush (&self->sockets[i]);
}

static gboolean
flush_cb (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  Transport *self = user_data;

  self->has_post = FALSE;
  transport_flush (self);

  return TRUE;
}

/* Asks on any of the sockets, at the end of this turn. */
void
transport_ask (Transport *self,
               Request   *request)
{
  guint first = (guint) g_random_int_range (0, (gint32) self->n_sockets);

  for (guint i = 0; i < self->n_sockets; i++)
    {
      Socket *socket = &self->sockets[(first + i) % self->n_sockets];
      Query *query = query_new (request, socket->prefix, ID_BITS);

      /* Another one may have a number left. */
      if (query == NULL)
        continue;

      socket->hashes[tend_number_cache_get_number (TEND_NUMBER_CACHE (query))] = request->hash;
      g_queue_push_tail (&socket->queue, query);
      break;
    }

  if (!self->has_post)
    {
      self->has_post = TRUE;
      tend_task_post (self->run->task, flush_cb, self, NULL);
    }
}

/* --- The object --- */

static gboolean
open_socket (Socket     *socket,
             Transport  *transport,
             guint       number,
             GError    **error)
{
  GSocketFamily family = g_socket_address_get_family (transport->run->options->server);
  g_autoptr(GInetAddress) any = g_inet_address_new_any (family);
  g_autoptr(GSocketAddress) address = g_inet_socket_address_new (any, 0);
  g_autofree char *name = g_strdup_printf ("receive on %u", number);

  socket->transport = transport;
  socket->prefix = g_strdup_printf ("udp-%u", number);
  socket->hashes = g_new0 (guint32, N_IDS);
  socket->socket = g_socket_new (family, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, error);
  if (socket->socket == NULL || !g_socket_bind (socket->socket, address, FALSE, error))
    return FALSE;

  /* Less than that will do as well. */
  g_socket_set_option (socket->socket, SOL_SOCKET, SO_RCVBUF, BUFFER_SIZE, NULL);
  g_socket_set_blocking (socket->socket, FALSE);

  socket->task = tend_task_manager_register (tend_request_cache_get_manager (transport->run->cache),
                                             tend_task_new_fiber (name, receive, socket, NULL),
                                             TEND_NAME_POLICY_REJECT, error);
  if (socket->task != NULL)
    g_object_ref (socket->task);

  return socket->task != NULL;
}

Transport *
transport_new (Run *run)
{
  Transport *self = g_new0 (Transport, 1);

  self->run = run;
  self->n_sockets = run->options->n_sockets;
  self->sockets = g_new0 (Socket, self->n_sockets);

  return self;
}

/* Opens the sockets, and has the manager of the request cache receive on them. */
gboolean
transport_open (Transport  *self,
                GError    **error)
{
  GSocketAddress *server = self->run->options->server;

  self->server_size = (socklen_t) g_socket_address_get_native_size (server);
  if (!g_socket_address_to_native (server, &self->server, sizeof self->server, error))
    return FALSE;

  for (guint i = 0; i < self->n_sockets; i++)
    {
      if (!open_socket (&self->sockets[i], self, i, error))
        {
          g_prefix_error (error, "Socket %u of %u: ", i + 1, self->n_sockets);
          return FALSE;
        }
    }

  return TRUE;
}

/* Closes the sockets, whose tasks have ended. */
void
transport_free (Transport *self)
{
  for (guint i = 0; i < self->n_sockets; i++)
    {
      Socket *socket = &self->sockets[i];

      g_queue_clear_full (&socket->queue, g_object_unref);
      g_clear_object (&socket->task);
      g_clear_object (&socket->socket);
      g_free (socket->hashes);
      g_free (socket->prefix);
    }
  g_free (self->sockets);
  g_free (self);
}
