// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the tests of what is kept share: something of each class, and how much memory is in use.

#pragma once

#include <tend.h>

#include <malloc.h>

#include "../support/tool.h"

#define SECOND G_TIME_SPAN_SECOND

/* What there is all the time. */
typedef struct
{
  TendClock        *clock;
  TendTask         *task;       /* runs */
  TendTaskStream   *stream;     /* of it */
  TendTaskManager  *manager;
  TendRequestCache *requests;
  TendNumberCache  *cache;
  TendChannel      *channel;
  TendCancellable  *cancellable;
  TendGroup        *group;
  gboolean          is_full;     /* the group has as many children that failed as it keeps */
  TendRetry        *retry;
  GObject          *owner;
  guint             n;          /* the round */
} World;

typedef void (* Round) (World *world);

G_GNUC_UNUSED
static gboolean
idle_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  return TRUE;
}

G_GNUC_UNUSED
static gboolean
return_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  tend_task_return_boolean (task, TRUE);
  return TRUE;
}

G_GNUC_UNUSED
static void
unobserved_cb (const char   *task,
               const GError *error,
               const char   *origin,
               gpointer      user_data)
{
}

G_GNUC_UNUSED
static void
ready_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
}

G_GNUC_UNUSED
static gboolean
tick_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  return TRUE;
}

G_GNUC_UNUSED
static void
cancel_cb (TendCancellable *cancellable,
           gpointer         user_data)
{
}

G_GNUC_UNUSED
static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

G_GNUC_UNUSED
static gsize
count_bytes (void)
{
#if defined (__GLIBC__) && __GLIBC_PREREQ (2, 33)
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
#else
  return 0;
#endif
}

G_GNUC_UNUSED
static void
world_init (World *world)
{
  *world = (World) { 0 };
  world->clock = tend_clock_freeze (NULL);
  world->task = tend_task_run_open ("long", idle_body, NULL, NULL);
  world->stream = tend_when_each (&world->task, 1);
  world->manager = tend_task_manager_new ();
  world->requests = tend_request_cache_new ();
  world->cache = tend_number_cache_new ("p", 1);
  world->channel = tend_channel_new (0);
  world->cancellable = tend_cancellable_new ();
  world->group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  world->retry = tend_retry_new (0);
  world->owner = g_object_new (G_TYPE_OBJECT, NULL);
  tend_set_unobserved_func (unobserved_cb, NULL, NULL);
}

G_GNUC_UNUSED
static void
world_clear (World *world)
{
  g_object_unref (world->stream);
  tend_task_stop (world->task);
  settle ();
  g_assert_finalize_object (world->task);
  g_assert_finalize_object (world->channel);
  g_assert_finalize_object (world->cancellable);
  g_assert_finalize_object (world->group);
  g_assert_finalize_object (world->retry);
  g_assert_finalize_object (world->cache);
  g_object_unref (world->requests);
  g_object_unref (world->manager);
  g_object_unref (world->owner);
  settle ();
  tend_set_unobserved_func (NULL, NULL, NULL);
  g_object_unref (world->clock);
}

G_GNUC_UNUSED
static void
assert_less_than (gsize most)
{
  if (count_bytes () == 0 || IS_SANITIZED)
    g_test_skip ("The C library does not tell how much memory is in use");
  else if (glib_check_version (2, 76, 0) != NULL && g_getenv ("G_SLICE") == NULL)
    g_test_skip ("GLib keeps memory for itself: G_SLICE=always-malloc");
  else
    g_assert_cmpuint (count_bytes (), <, most);
}

typedef struct
{
  const char *name;
  Round       round;
} Case;

G_GNUC_UNUSED
static void
add_cases (const char        *path,
           const Case        *cases,
           guint              n_cases,
           GTestDataFunc      test)
{
  for (guint i = 0; i < n_cases; i++)
    {
      g_autofree char *each = g_strdup_printf ("%s/%s", path, cases[i].name);

      g_test_add_data_func (each, (gconstpointer) cases[i].round, test);
    }
}
