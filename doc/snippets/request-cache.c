// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code of doc/request-cache.md: a resolver that asks a server and waits for answers, with a network
// that is made up: it answers after 20 ms, and never for "nowhere.invalid".

#include <tend.h>

/* --- A query --- */

#define TYPE_QUERY (query_get_type ())
G_DECLARE_FINAL_TYPE (Query, query, RESOLVER, QUERY, TendRandomNumberCache)

typedef struct
{
  TendRequestCache *requests;
  const char       *server;
  guint             n_sent;
} Resolver;

struct _Query
{
  TendRandomNumberCache parent_instance;

  Resolver       *resolver;
  char           *host;
  TendCompletion *answer;
  guint           n_tries;
};

G_DEFINE_FINAL_TYPE (Query, query, TEND_TYPE_RANDOM_NUMBER_CACHE)

static void query_send (Query *self);

/* If no answer comes, those who wait for it get this error. */
static void
query_expect_answer (Query *self)
{
  g_autoptr(GError) reason = NULL;

  reason = g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "No answer from %s", self->resolver->server);
  tend_number_cache_add_task_with_error (TEND_NUMBER_CACHE (self),
                                         tend_completion_get_task (self->answer), reason, NULL);
}

static void
query_timed_out (TendNumberCache *cache)
{
  Query *self = RESOLVER_QUERY (cache);

  if (self->n_tries == 3)
    return;   /* now those who wait get the error */

  /* Not yet: the task is removed from this timeout, and added to the next one. */
  tend_number_cache_remove_task (cache, tend_completion_get_task (self->answer));
  query_expect_answer (self);
  if (tend_request_cache_add (self->resolver->requests, cache, NULL))
    query_send (self);
}

static gint64
query_get_timeout (TendNumberCache *cache)
{
  return G_TIME_SPAN_SECOND;
}

static void
query_finalize (GObject *object)
{
  Query *self = RESOLVER_QUERY (object);

  g_free (self->host);
  g_object_unref (self->answer);
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
  self->answer = tend_completion_new ("answer");
}

static Query *
query_new (Resolver *resolver, const char *host)
{
  Query *self = g_object_new (TYPE_QUERY, "request-cache", resolver->requests, "prefix", "dns", NULL);

  self->resolver = resolver;
  self->host = g_strdup (host);
  query_expect_answer (self);

  return self;
}

/* --- Sending, and what comes back --- */

static void
received (Resolver *self, const char *server, guint64 number, const char *address)
{
  TendNumberCache *waiting = tend_request_cache_lookup (self->requests, "dns", number);
  g_autoptr(TendNumberCache) cache = NULL;

  /* Late, twice, or never asked for; or from somebody who only guesses numbers. */
  if (waiting == NULL || !g_str_equal (server, RESOLVER_QUERY (waiting)->resolver->server))
    return;

  cache = tend_request_cache_pop (self->requests, "dns", number);
  tend_completion_set_string (RESOLVER_QUERY (cache)->answer, address, NULL);
}

/* Two that fetch the same piece share one request. */
static TendNumberCache *
fetch (TendRequestCache *requests, GBytes *sha1, GError **error)
{
  TendNumberCache *running = tend_request_cache_lookup_key (requests, "piece", sha1);
  g_autoptr(TendNumberCache) cache = NULL;

  if (running != NULL)
    return running;

  cache = tend_number_cache_new_for_key ("piece", sha1);
  return tend_request_cache_add (requests, cache, error) ? cache : NULL;
}

typedef struct
{
  Resolver *resolver;
  guint64   number;
} Datagram;

static gboolean
network (TendTask *task, gpointer user_data, GError **error)
{
  Datagram *datagram = user_data;

  if (!tend_sleep (20 * 1000, error))
    return FALSE;

  received (datagram->resolver, "203.0.113.66", datagram->number, "203.0.113.66");
  received (datagram->resolver, "192.0.2.53", datagram->number, "192.0.2.1");
  received (datagram->resolver, "192.0.2.53", datagram->number, "192.0.2.2");
  return TRUE;
}

static void
query_send (Query *self)
{
  Datagram *datagram = g_new (Datagram, 1);

  self->n_tries++;
  self->resolver->n_sent++;
  *datagram = (Datagram) { self->resolver, tend_number_cache_get_number (TEND_NUMBER_CACHE (self)) };
  if (g_str_equal (self->host, "nowhere.invalid"))
    g_free (datagram);
  else
    tend_task_manager_register (tend_request_cache_get_manager (self->resolver->requests),
                                tend_task_new_fiber (NULL, network, datagram, g_free), TEND_NAME_POLICY_REJECT,
                                NULL);
}

/* --- The request --- */

static char *
resolve (Resolver *self, const char *host, GError **error)
{
  g_autoptr(Query) query = query_new (self, host);
  TendTask *answer = tend_completion_get_task (query->answer);

  if (!tend_request_cache_add (self->requests, TEND_NUMBER_CACHE (query), error))
    return NULL;

  query_send (query);
  if (!tend_await (answer, error))
    {
      /* Nobody waits for the answer any more: a timeout later should not report it. */
      tend_task_cancel (answer);
      return NULL;
    }

  return g_strdup (tend_task_get_string (answer));
}

/* The message needs a number, and whether anybody waits for its answer is only known when it is written. */
static char *
write_message (Resolver *self, const char *host, gboolean wants_answer, GError **error)
{
  g_autoptr(TendRandomNumberCache) reserved = tend_random_number_cache_new (self->requests, "dns", 16, error);
  g_autoptr(TendNumberCache) query = NULL;
  guint64 number;

  if (reserved == NULL)
    return NULL;

  /* Nobody else gets the number. It is free again at the end of this function, unless the query takes it over. */
  number = tend_number_cache_get_number (TEND_NUMBER_CACHE (reserved));
  if (wants_answer)
    {
      query = g_object_new (TYPE_QUERY, "reservation", reserved, NULL);
      if (!tend_request_cache_add (self->requests, query, error))
        return NULL;
    }

  return g_strdup_printf ("%" G_GUINT64_FORMAT " %s", number, host);
}

static gboolean
try_resolve (Resolver *self, const char *host)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *address = resolve (self, host, &error);

  g_print ("%s: %s\n", host, address != NULL ? address : error->message);
  return address != NULL;
}

/* The first try is over in the next turn. What the handler adds is not this task's, and has its second. */
static void
test_no_answer (Resolver *self)
{
  g_auto(TendTimeoutOverride) override = tend_timeout_override_enter (self->requests, TYPE_QUERY, 0);

  g_assert_false (try_resolve (self, "nowhere.invalid"));
}

static gboolean
resolve_all (TendTask *task, gpointer user_data, GError **error)
{
  g_autoptr(TendRequestCache) requests = tend_request_cache_new ();
  g_autoptr(GBytes) sha1 = g_bytes_new_static ("aaaaabbbbbcccccddddd", 20);
  Resolver resolver = { requests, "192.0.2.53", 0 };
  g_autofree char *message = NULL;
  g_autofree char *other = NULL;

  try_resolve (&resolver, "example.org");
  try_resolve (&resolver, "nowhere.invalid");
  test_no_answer (&resolver);
  g_print ("%u datagrams\n", resolver.n_sent);

  message = write_message (&resolver, "example.org", TRUE, NULL);
  other = write_message (&resolver, "example.org", FALSE, NULL);
  g_assert_cmpuint (tend_request_cache_get_n_caches (requests), ==, 1);
  tend_request_cache_clear (requests);
  g_assert_true (fetch (requests, sha1, NULL) == fetch (requests, sha1, NULL));

  return tend_request_cache_shutdown (requests, error);
}

int
main (void)
{
  TendClock *clock = tend_clock_freeze (NULL);
  gboolean ok = tend_run (resolve_all, NULL, NULL);

  g_object_unref (clock);
  return ok ? 0 : 1;
}
