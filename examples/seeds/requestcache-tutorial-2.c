// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A request that nobody answers. Its class says how long to wait and what to do then.

#include <tend.h>

#define MY_TYPE_REQUEST (my_request_get_type ())
G_DECLARE_FINAL_TYPE (MyRequest, my_request, MY, REQUEST, TendRandomNumberCache)

struct _MyRequest
{
  TendRandomNumberCache parent_instance;
};

G_DEFINE_FINAL_TYPE (MyRequest, my_request, TEND_TYPE_RANDOM_NUMBER_CACHE)

static void
my_request_timed_out (TendNumberCache *cache)
{
  g_print ("Oh no! I never received a response!\n");
}

static gint64
my_request_get_timeout (TendNumberCache *cache)
{
  return 3 * G_TIME_SPAN_SECOND;
}

static void
my_request_class_init (MyRequestClass *klass)
{
  TEND_NUMBER_CACHE_CLASS (klass)->timed_out = my_request_timed_out;
  TEND_NUMBER_CACHE_CLASS (klass)->get_timeout = my_request_get_timeout;
}

static void
my_request_init (MyRequest *self)
{
}

static gboolean
example (TendTask *main_task, gpointer user_data, GError **error)
{
  g_autoptr(TendRequestCache) requests = tend_request_cache_new ();
  g_autoptr(TendNumberCache) request = g_object_new (MY_TYPE_REQUEST, "request-cache", requests, NULL);

  /* Here the request would be sent, with its number in it. */
  return tend_request_cache_add (requests, request, error) &&
         tend_sleep (4 * G_TIME_SPAN_SECOND, error) &&
         tend_request_cache_shutdown (requests, error);
}

int
main (void)
{
  return tend_run (example, NULL, NULL) ? 0 : 1;
}
