// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the tests of the caches share: a request cache on a clock that stands still, a class derived from
// the cache and one derived from that, and tasks that note how they ended. At the end of each test the
// request cache must be finalized, unless the test has done so.

#pragma once

#include "../task/common.h"

/* --- A class with a hook, and one derived from it --- */

#define TEST_TYPE_REQUEST (test_request_get_type ())
G_DECLARE_DERIVABLE_TYPE (TestRequest, test_request, TEST, REQUEST, TendNumberCache)

typedef void (* Hook) (TendNumberCache  *cache,
                       TendRequestCache *requests);

struct _TestRequestClass
{
  TendNumberCacheClass parent_class;
};

typedef struct
{
  TendRequestCache *requests;   /* not a reference */
  Hook              hook;       /* called by timed_out */
  Hook              ask_hook;   /* called by get_timeout */
  gint64            timeout;    /* what the class says; G_MININT64: what the property says */
} TestRequestPrivate;

G_DEFINE_TYPE_WITH_PRIVATE (TestRequest, test_request, TEND_TYPE_NUMBER_CACHE)

static inline TestRequestPrivate *
get_private (gpointer request)
{
  return test_request_get_instance_private (TEST_REQUEST (request));
}

static void
test_request_timed_out (TendNumberCache *cache)
{
  TestRequestPrivate *priv = get_private (cache);

  TEND_NUMBER_CACHE_CLASS (test_request_parent_class)->timed_out (cache);
  note ("%s-%" G_GUINT64_FORMAT, tend_number_cache_get_prefix (cache), tend_number_cache_get_number (cache));
  if (priv->hook != NULL)
    priv->hook (cache, priv->requests);
}

static gint64
test_request_get_timeout (TendNumberCache *cache)
{
  TestRequestPrivate *priv = get_private (cache);

  if (priv->ask_hook != NULL)
    priv->ask_hook (cache, priv->requests);
  return priv->timeout != G_MININT64 ? priv->timeout
                                     : TEND_NUMBER_CACHE_CLASS (test_request_parent_class)->get_timeout (cache);
}

static void
test_request_class_init (TestRequestClass *klass)
{
  TEND_NUMBER_CACHE_CLASS (klass)->timed_out = test_request_timed_out;
  TEND_NUMBER_CACHE_CLASS (klass)->get_timeout = test_request_get_timeout;
}

static void
test_request_init (TestRequest *self)
{
  get_private (self)->timeout = G_MININT64;
}

#define TEST_TYPE_SPECIAL (test_special_get_type ())
G_DECLARE_FINAL_TYPE (TestSpecial, test_special, TEST, SPECIAL, TestRequest)

struct _TestSpecial
{
  TestRequest parent_instance;
};

G_DEFINE_FINAL_TYPE (TestSpecial, test_special, TEST_TYPE_REQUEST)

static void
test_special_class_init (TestSpecialClass *klass)
{
}

static void
test_special_init (TestSpecial *self)
{
}

/* --- The fixture --- */

typedef struct
{
  TendClock        *clock;
  TendRequestCache *requests;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  unused)
{
  fixture->clock = tend_clock_freeze (NULL);
  fixture->requests = tend_request_cache_new ();
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  unused)
{
  settle ();
  if (fixture->requests != NULL)
    g_assert_finalize_object (g_steal_pointer (&fixture->requests));
  g_assert_finalize_object (g_steal_pointer (&fixture->clock));
  assert_notes ("");
}

static inline void
add_test (const char *path,
          void     (* test) (Fixture       *fixture,
                             gconstpointer  data))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

static inline void
advance (Fixture *fixture,
         gint64   usec)
{
  tend_clock_advance (fixture->clock, usec, NULL);
}

/* --- Caches and tasks --- */

/* A cache of the derived class, with its default prefix "p", that has not been added. */
static inline TendNumberCache *
request_new (Fixture *fixture,
             guint64  number)
{
  TendNumberCache *cache = g_object_new (TEST_TYPE_REQUEST, "prefix", "p", "number", number, NULL);

  get_private (cache)->requests = fixture->requests;
  return cache;
}

static inline void
add (TendRequestCache *requests,
     TendNumberCache  *cache)
{
  g_autoptr(GError) error = NULL;

  tend_request_cache_add (requests, cache, &error);
  g_assert_no_error (error);
}

/* The same, added; only the request cache holds it. */
static inline TendNumberCache *
request_add (Fixture *fixture,
             guint64  number,
             gint64   timeout,
             Hook     hook)
{
  TendNumberCache *cache = request_new (fixture, number);

  tend_number_cache_set_timeout (cache, timeout);
  get_private (cache)->hook = hook;
  add (fixture->requests, cache);
  g_object_unref (cache);

  return cache;
}

/* A task that others complete, and that notes its end by this name. */
static inline TendTask *
answer_new (const char *name)
{
  TendTask *task = tend_task_new_open (name, NULL, NULL, NULL);

  tend_task_add_exit_handler (task, note_exit_cb, (gpointer) name, NULL);
  return task;
}

/* One that @cache is to settle without a value. */
static inline TendTask *
answer_add (TendNumberCache *cache,
            const char      *name)
{
  TendTask *task = answer_new (name);

  g_assert_true (tend_number_cache_add_task (cache, task, NULL, NULL));
  return task;
}

/* One that @cache is to settle with a number. */
static inline TendTask *
answer_add_int (TendNumberCache *cache,
                const char      *name,
                gint64           number)
{
  g_auto(GValue) value = G_VALUE_INIT;
  TendTask *task = answer_new (name);

  g_value_init (&value, G_TYPE_INT64);
  g_value_set_int64 (&value, number);
  g_assert_true (tend_number_cache_add_task (cache, task, &value, NULL));
  return task;
}

static inline gpointer
unref_thread (gpointer object)
{
  g_object_unref (object);
  return NULL;
}

/* Drops a reference in another thread, while this one is at home in the main context. */
static inline void
unref_elsewhere (gpointer object)
{
  g_assert_true (g_main_context_acquire (NULL));
  in_thread (unref_thread, object);
  g_main_context_release (NULL);
}
