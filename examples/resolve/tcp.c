// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// An answer that does not fit into a datagram, asked for over TCP: a fiber for each.
//
// The manager of the request cache holds the fibers and limits how many run, and so the number of descriptors. A try
// begins when its fiber does. If the connection fails or ends too soon, the fiber ends and the query stays: its timeout
// begins the next try, so a server that has no room is not asked again at once.

#include "resolve.h"

#define PREFIX      "tcp"

/*
 * Each connection has ids of its own, and those whose server has hung up keep their numbers until they time
 * out: there may be more of them than an id has values. It is the lowest bits of the number.
 */
#define NUMBER_BITS 64
#define LENGTH_SIZE 2

/* Reads exactly so many bytes. */
static gboolean
receive_all (GSocket  *socket,
             guint8   *bytes,
             gsize     size,
             GError  **error)
{
  for (gsize n_received = 0; n_received < size;)
    {
      gssize n = tend_socket_receive (socket, bytes + n_received, size - n_received, TEND_FOREVER, error);

      if (n == 0)
        g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The server has closed the connection");
      if (n <= 0)
        return FALSE;
      n_received += (gsize) n;
    }

  return TRUE;
}

/* Connects, asks, and reads the answer: NULL if there is none. */
static guint8 *
exchange (Request  *request,
          guint16   id,
          gsize    *size,
          GError  **error)
{
  g_autoptr(GSocket) socket = NULL;
  g_autofree guint8 *answer = NULL;
  guint8 packet[LENGTH_SIZE + DNS_MAX_QUERY], length[LENGTH_SIZE];
  gsize n = dns_build_query (id, request->qname, request->type, packet + LENGTH_SIZE);

  socket = tend_socket_connect (G_SOCKET_CONNECTABLE (request->run->options->server), TEND_FOREVER, error);
  if (socket == NULL)
    return NULL;

  /* The length and the packet in one call, so that they travel together. */
  packet[0] = (guint8) (n >> 8);
  packet[1] = (guint8) n;
  if (!tend_socket_send_all (socket, packet, LENGTH_SIZE + n, NULL, TEND_FOREVER, error) ||
      !receive_all (socket, length, LENGTH_SIZE, error))
    return NULL;

  *size = (gsize) length[0] << 8 | length[1];
  answer = g_malloc (*size + 1);
  if (!receive_all (socket, answer, *size, error))
    return NULL;

  return g_steal_pointer (&answer);
}

static gboolean
ask (TendTask  *task,
     gpointer   user_data,
     GError   **error)
{
  Request *request = user_data;
  TendRequestCache *cache = request->run->cache;
  g_autoptr(Query) query = query_new (request, PREFIX, NUMBER_BITS);
  g_autoptr(TendNumberCache) popped = NULL;
  g_autofree guint8 *packet = NULL;
  DnsAnswer answer;
  DnsResult result;
  guint64 number;
  guint16 id;
  gsize size;

  /* The shutdown has begun. */
  if (query == NULL)
    return TRUE;

  query->task = g_object_ref (task);
  number = tend_number_cache_get_number (TEND_NUMBER_CACHE (query));
  id = (guint16) number;
  packet = exchange (request, id, &size, NULL);
  if (packet == NULL || !tend_number_cache_is_held (TEND_NUMBER_CACHE (query)))
    return TRUE;

  popped = tend_request_cache_pop (cache, PREFIX, number);
  result = size < DNS_HEADER_SIZE || dns_get_id (packet) != id
           ? DNS_MALFORMED
           : dns_read_answer (packet, size, request->qname, request->type, &answer);
  request_answered (request, result, &answer);

  return TRUE;
}

/* Begins a try as soon as there is a slot for it. */
void
tcp_ask (Request *request)
{
  TendTaskManager *manager = tend_request_cache_get_manager (request->run->cache);

  tend_task_manager_register (manager,
                              tend_task_new_fiber (NULL, ask, request_ref (request), (GDestroyNotify) request_unref),
                              TEND_NAME_POLICY_REJECT, NULL);
}
