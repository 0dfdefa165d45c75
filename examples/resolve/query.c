// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// One name and type, and its tries.
//
// A query is a TendRandomNumberCache: its number is the id in the packet, its prefix is the socket on which it was
// sent, and its timeout is that of the try. So the request cache is the table in which an answer finds its query, and
// there is no other table. Each try has a new id, and usually another socket: an attacker who guesses has to start
// again.

#include "resolve.h"

#include <string.h>

/* A try lasts up to so much longer, so that those that began together do not go on so. */
#define JITTER 0.1

/* More doublings than that would be years. */
#define MAX_DOUBLINGS 20

G_DEFINE_FINAL_TYPE (Query, query, TEND_TYPE_RANDOM_NUMBER_CACHE)

/* --- The request --- */

Request *
request_ref (Request *self)
{
  self->ref_count++;

  return self;
}

void
request_unref (Request *self)
{
  if (--self->ref_count > 0)
    return;

  g_free (self->outcome);
  g_free (self->name);
  g_free (self);
}

static Request *
request_new (Run        *run,
             const char *name,
             guint16     type)
{
  guint8 qname[DNS_MAX_NAME];
  gsize size = dns_name_from_text (name, strlen (name), qname) ? dns_name_size (qname) : 0;
  Request *self = g_malloc0 (sizeof (Request) + size);

  self->link.data = self;
  self->ref_count = 1;
  self->run = run;
  self->type = type;
  self->name = g_strdup (name);
  self->is_valid = size > 0;
  if (self->is_valid)
    {
      memcpy (self->qname, qname, size);
      self->hash = dns_hash_question (qname, type);
    }
  g_queue_push_tail_link (&run->requests, &self->link);

  return self;
}

/* Prints what has an outcome, as far as the order allows. */
static void
print_outcomes (Run     *run,
                Request *request,
                char    *outcome)
{
  if (!run->options->is_ordered)
    {
      print_text (run->print, outcome);
      g_free (outcome);
      g_queue_unlink (&run->requests, &request->link);
      request_unref (request);
      return;
    }

  request->outcome = outcome;
  while (run->requests.head != NULL)
    {
      Request *first = run->requests.head->data;

      if (first->outcome == NULL)
        return;

      print_text (run->print, first->outcome);
      g_queue_unlink (&run->requests, &first->link);
      request_unref (first);
    }
}

/* The one outcome of the request: the addresses of @answer, or the error @message. */
void
request_end (Request    *self,
             DnsAnswer  *answer,
             const char *message)
{
  Run *run = self->run;

  g_assert (!self->is_done);

  self->is_done = TRUE;
  if (message == NULL)
    run->counts.n_answered++;
  else
    run->counts.n_errors++;

  run->n_outstanding--;

  /* The request may go with it. */
  print_outcomes (run, self, print_format (run->print, self, answer, message));

  if (run->room != NULL && run_has_room (run, run->n_awaited))
    tend_task_return_boolean (g_steal_pointer (&run->room), TRUE);
}

static void
end_failed (Request    *self,
            const char *message)
{
  self->run->has_failed = TRUE;
  request_end (self, NULL, message);
}

static void
try_again (Request *self)
{
  self->n_tries++;
  if (self->is_tcp)
    tcp_ask (self);
  else
    transport_ask (self->run->transport, self);
}

/* The server has said something definite, if only that it does not fit. */
void
request_answered (Request   *self,
                  DnsResult  result,
                  DnsAnswer *answer)
{
  const char *name;
  g_autofree char *text = NULL;

  switch (result)
    {
    case DNS_ANSWERED:
      request_end (self, answer, NULL);
      break;
    case DNS_NO_ADDRESS:
      request_end (self, NULL, "no address");
      break;
    case DNS_NOT_FOUND:
      request_end (self, NULL, "not found");
      break;
    case DNS_SERVER_FAILURE:
      end_failed (self, "server failure");
      break;
    case DNS_REFUSED:
      end_failed (self, "refused");
      break;
    case DNS_OTHER_ERROR:
      name = dns_code_to_string (answer->code);
      text = name != NULL ? g_strdup_printf ("SERVER %s", name) : g_strdup_printf ("SERVER RCODE%u", answer->code);
      end_failed (self, text);
      break;
    case DNS_TRUNCATED:
      /* It is the same try, and goes on over TCP; so does any that follows. */
      if (!self->is_tcp)
        {
          self->is_tcp = TRUE;
          self->run->counts.n_tcp++;
          tcp_ask (self);
          break;
        }
      G_GNUC_FALLTHROUGH;
    case DNS_WRONG_QUESTION:
    case DNS_MALFORMED:
    default:
      end_failed (self, "malformed answer");
    }
}

/* Begins with a name and type, unless @waits: then it is outstanding, and no more. */
void
request_begin (Run        *run,
               const char *name,
               guint16     type,
               gboolean    waits)
{
  Request *self = request_new (run, name, type);

  run->n_outstanding++;
  self->began = g_get_monotonic_time ();
  if (!self->is_valid)
    end_failed (self, "invalid name");
  else if (!waits)
    try_again (self);
}

/* --- The query --- */

static gint64
query_get_timeout (TendNumberCache *cache)
{
  return RESOLVE_QUERY (cache)->timeout;
}

/* The request cache has let go of it: its number is free. */
static void
query_timed_out (TendNumberCache *cache)
{
  Query *self = RESOLVE_QUERY (cache);
  Request *request = self->request;

  if (self->task != NULL)
    tend_task_cancel (self->task);

  if (request->n_tries > request->run->options->n_retries)
    end_failed (request, "timed out");
  else
    {
      request->run->counts.n_retries++;
      try_again (request);
    }
}

static void
query_finalize (GObject *object)
{
  Query *self = RESOLVE_QUERY (object);

  g_clear_object (&self->task);
  g_clear_pointer (&self->request, request_unref);

  G_OBJECT_CLASS (query_parent_class)->finalize (object);
}

static void
query_class_init (QueryClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = query_finalize;
  TEND_NUMBER_CACHE_CLASS (klass)->timed_out = query_timed_out;
  TEND_NUMBER_CACHE_CLASS (klass)->get_timeout = query_get_timeout;
}

static void
query_init (Query *self)
{
}

static gint64
choose_timeout (Request *request)
{
  guint doublings = MIN (request->n_tries - 1u, MAX_DOUBLINGS);
  double timeout = (double) (request->run->options->timeout << doublings);

  return (gint64) (timeout * g_random_double_range (1, 1 + JITTER));
}

/*
 * A try of the request, which the request cache has from now on, under a number of so many bits. NULL if
 * there is none left, or the request cache has been shut down; the request is as it was then.
 */
Query *
query_new (Request    *request,
           const char *prefix,
           guint       bits)
{
  TendRequestCache *cache = request->run->cache;
  g_autoptr(Query) self = g_object_new (QUERY_TYPE, "request-cache", cache, "prefix", prefix, "bits", bits, NULL);

  self->request = request_ref (request);
  self->timeout = choose_timeout (request);
  if (!tend_request_cache_add (cache, TEND_NUMBER_CACHE (self), NULL))
    return NULL;

  return g_steal_pointer (&self);
}
