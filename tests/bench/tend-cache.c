// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a request cache costs that has very many requests, next to what programs write by hand.
//
// Each peer makes and adds n requests, looks them up by number in random order, looks for as many that are not
// there, and takes them out in random order. Then all of that is done once more with requests that were
// made before and stay for longer, so that only the adding and the taking out are measured; and once with
// numbers that are chosen at random. At last n time out in the same turn. The peers:
//
// - libtend: a TendRequestCache with a TendNumberCache for each, which is a GObject;
// - GLib source: a table from numbers to small structs, and a time-out source for each;
// - GLib table: the same without time-outs, which is what the numbers alone cost.

#include <tend.h>

#include "tend-peers.h"

#define HOUR_USEC (3600 * G_TIME_SPAN_SECOND)
#define PREFIX "bench"

/* --- The request cache --- */

typedef struct
{
  BenchWork          work;
  TendRequestCache  *cache;
  TendNumberCache  **requests;      /* references, or NULL */
  guint64           *numbers;       /* in the random order of the positions */
} Cached;

static gpointer
cached_begin (guint n)
{
  Cached *self = g_new0 (Cached, 1);

  bench_work_init (&self->work, n);
  self->cache = tend_request_cache_new ();
  self->requests = g_new0 (TendNumberCache *, n);
  self->numbers = g_new (guint64, n);
  for (guint i = 0; i < n; i++)
    self->numbers[i] = bench_get_number (self->work.positions[i]);

  return self;
}

static void
cached_drop (Cached *self)
{
  for (guint i = 0; i < self->work.n; i++)
    g_clear_object (&self->requests[i]);
}

static void
cached_end (gpointer state)
{
  Cached *self = state;

  cached_drop (self);
  g_object_unref (self->cache);
  bench_work_clear (&self->work);
  g_free (self->requests);
  g_free (self->numbers);
  g_free (self);
}

static void
cached_add_one (Cached          *self,
                TendNumberCache *request)
{
  g_autoptr(GError) error = NULL;

  tend_request_cache_add (self->cache, request, &error);
  g_assert_no_error (error);
}

static guint
cached_make_and_add (gpointer state)
{
  Cached *self = state;

  for (guint i = 0; i < self->work.n; i++)
    {
      g_autoptr(TendNumberCache) request = tend_number_cache_new (PREFIX, bench_get_number (i));

      tend_number_cache_set_timeout (request, HOUR_USEC);
      cached_add_one (self, request);
    }

  return self->work.n;
}

static guint
cached_look_up (gpointer state)
{
  Cached *self = state;

  for (guint i = 0; i < self->work.n; i++)
    g_assert_nonnull (tend_request_cache_lookup (self->cache, PREFIX, self->numbers[i]));

  return self->work.n;
}

static guint
cached_miss (gpointer state)
{
  Cached *self = state;

  for (guint i = 0; i < self->work.n; i++)
    g_assert_null (tend_request_cache_lookup (self->cache, PREFIX, ~self->numbers[i]));

  return self->work.n;
}

static guint
cached_pop (gpointer state)
{
  Cached *self = state;

  for (guint i = 0; i < self->work.n; i++)
    {
      g_autoptr(TendNumberCache) request = tend_request_cache_pop (self->cache, PREFIX, self->numbers[i]);

      g_assert_nonnull (request);
    }
  g_assert_cmpuint (tend_request_cache_get_n_caches (self->cache), ==, 0);

  return self->work.n;
}

static guint
cached_make (gpointer state)
{
  Cached *self = state;

  for (guint i = 0; i < self->work.n; i++)
    {
      self->requests[i] = tend_number_cache_new (PREFIX, bench_get_number (i));
      tend_number_cache_set_timeout (self->requests[i], HOUR_USEC);
    }

  return self->work.n;
}

static guint
cached_add (gpointer state)
{
  Cached *self = state;

  for (guint i = 0; i < self->work.n; i++)
    cached_add_one (self, self->requests[i]);

  return self->work.n;
}

static guint
cached_add_random (gpointer state)
{
  Cached *self = state;

  for (guint i = 0; i < self->work.n; i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(TendRandomNumberCache) request =
        tend_random_number_cache_new (self->cache, PREFIX, BENCH_RANDOM_BITS, &error);

      g_assert_no_error (error);
      cached_add_one (self, TEND_NUMBER_CACHE (request));
    }

  return self->work.n;
}

static guint
cached_clear (gpointer state)
{
  Cached *self = state;

  tend_request_cache_clear (self->cache);

  return self->work.n;
}

static guint
cached_make_due (gpointer state)
{
  Cached *self = state;

  cached_drop (self);
  tend_request_cache_push_timeout (self->cache, TEND_TYPE_NUMBER_CACHE, 1);
  cached_make_and_add (self);
  tend_request_cache_pop_timeout (self->cache);

  /* All of them are due when the clock has moved on. */
  g_usleep (1000);

  return self->work.n;
}

static guint
cached_time_out (gpointer state)
{
  Cached *self = state;

  while (tend_request_cache_get_n_caches (self->cache) > 0)
    bench_work_turn (&self->work);

  return self->work.n;
}

const BenchPeer tend_cache_peer = {
  .scenario = "S4",
  .name = "libtend",
  .begin = cached_begin,
  .end = cached_end,
  .steps = {
    { "make and add", "request", NULL, cached_make_and_add, BENCH_WEIGHED },
    { "look up", "request", NULL, cached_look_up },
    { "look up in vain", "request", NULL, cached_miss },
    { "pop and free", "request", NULL, cached_pop },
    { "make", "request", NULL, cached_make },
    { "add", "request", NULL, cached_add },
    { "pop", "request", NULL, cached_pop },
    { "make and add, random", "request", NULL, cached_add_random },
    { "clear", "request", NULL, cached_clear },
    { "time out", "request", cached_make_due, cached_time_out },
  },
};
