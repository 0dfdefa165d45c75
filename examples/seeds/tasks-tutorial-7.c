// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Three requests that each have something to wait for: the first is answered, the second times out, the
// third is cancelled by the shutdown.

#include <tend.h>

/* --- A request, and what the program waits for --- */

#define MY_TYPE_CACHE (my_cache_get_type ())
G_DECLARE_FINAL_TYPE (MyCache, my_cache, MY, CACHE, TendNumberCache)

struct _MyCache
{
  TendNumberCache parent_instance;

  TendCompletion *future;
};

G_DEFINE_FINAL_TYPE (MyCache, my_cache, TEND_TYPE_NUMBER_CACHE)

static void
my_cache_timed_out (TendNumberCache *cache)
{
  /* Nothing to clean up: the future gets its value by itself. */
}

static void
my_cache_finalize (GObject *object)
{
  g_object_unref (MY_CACHE (object)->future);
  G_OBJECT_CLASS (my_cache_parent_class)->finalize (object);
}

static void
my_cache_class_init (MyCacheClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = my_cache_finalize;
  TEND_NUMBER_CACHE_CLASS (klass)->timed_out = my_cache_timed_out;
}

static void
my_cache_init (MyCache *self)
{
  g_auto(GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_BOOLEAN);
  self->future = tend_completion_new (NULL);
  tend_number_cache_add_task (TEND_NUMBER_CACHE (self), tend_completion_get_task (self->future), &value, NULL);
}

static MyCache *
my_cache_new (guint64 number)
{
  return g_object_new (MY_TYPE_CACHE, "prefix", "my cache", "number", number, NULL);
}

/* --- The example --- */

static TendTask *
get_future (MyCache *cache)
{
  return tend_completion_get_task (cache->future);
}

static const char *
say (gboolean value)
{
  return value ? "True" : "False";
}

static gboolean
is_cancelled (TendTask *task)
{
  return tend_task_get_status (task) == TEND_TASK_STATUS_CANCELLED;
}

static gboolean
example (TendTask *main_task, gpointer user_data, GError **error)
{
  g_autoptr(TendRequestCache) requests = tend_request_cache_new ();
  g_autoptr(MyCache) cache0 = my_cache_new (0);
  g_autoptr(MyCache) cache1 = my_cache_new (1);
  g_autoptr(MyCache) cache2 = my_cache_new (2);

  if (!tend_request_cache_add (requests, TEND_NUMBER_CACHE (cache0), error) ||
      !tend_completion_set_boolean (cache0->future, TRUE, error))
    return FALSE;

  /* For what is added in between the time-out is zero, and not ten seconds. */
  tend_request_cache_push_timeout (requests, TEND_TYPE_NUMBER_CACHE, 0);
  tend_request_cache_add (requests, TEND_NUMBER_CACHE (cache1), NULL);
  tend_request_cache_pop_timeout (requests);
  if (!tend_await (get_future (cache1), error))
    return FALSE;

  if (!tend_request_cache_add (requests, TEND_NUMBER_CACHE (cache2), error) ||
      !tend_request_cache_shutdown (requests, error))
    return FALSE;

  g_print ("future0.result()=%s\n", say (tend_task_get_boolean (get_future (cache0))));
  g_print ("future1.result()=%s\n", say (tend_task_get_boolean (get_future (cache1))));
  g_print ("future2.cancelled()=%s\n", say (is_cancelled (get_future (cache2))));
  return TRUE;
}

int
main (void)
{
  return tend_run (example, NULL, NULL) ? 0 : 1;
}
