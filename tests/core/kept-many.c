// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Of what was there 20,000 times at once, less is left than a hundred bytes for each.

#include "kept.h"

#define N_AT_ONCE 20000
#define MOST_LEFT (N_AT_ONCE * 100)

static void
many_managed (World *world)
{
  for (guint i = 0; i < N_AT_ONCE; i++)
    {
      g_autofree char *name = g_strdup_printf ("name %u", i);

      tend_task_manager_register (world->manager, tend_task_new_open (name, return_body, NULL, NULL),
                                  TEND_NAME_POLICY_REJECT, NULL);
    }
  settle ();
}

static void
many_delays (World *world)
{
  g_autoptr(GPtrArray) tasks = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < N_AT_ONCE; i++)
    g_ptr_array_add (tasks, tend_task_run_delay (i));
  tend_clock_advance (world->clock, N_AT_ONCE, NULL);
}

static void
many_timers (World *world)
{
  for (guint i = 0; i < N_AT_ONCE; i++)
    tend_task_add_timer (world->task, i, -1, tick_cb, NULL, NULL);
  tend_clock_advance (world->clock, N_AT_ONCE, NULL);
}

static void
many_waiters (World *world)
{
  g_autoptr(TendTask) task = tend_task_run_delay (SECOND);

  for (guint i = 0; i < N_AT_ONCE; i++)
    tend_task_wait_async (task, NULL, ready_cb, NULL);
  tend_clock_advance (world->clock, SECOND, NULL);
}

static void
many_values (World *world)
{
  g_auto(GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_UINT);
  for (guint i = 0; i < N_AT_ONCE; i++)
    g_assert_true (tend_channel_try_send (world->channel, &value));
  g_value_unset (&value);
  for (guint i = 0; i < N_AT_ONCE; i++)
    {
      g_assert_true (tend_channel_try_receive (world->channel, &value));
      g_value_unset (&value);
    }
  settle ();
}

static void
many_requests (World *world)
{
  for (guint i = 0; i < N_AT_ONCE; i++)
    {
      g_autoptr(TendNumberCache) cache = tend_number_cache_new ("p", i);

      tend_number_cache_set_timeout (cache, SECOND);
      g_assert_true (tend_request_cache_add (world->requests, cache, NULL));
    }
  tend_clock_advance (world->clock, SECOND, NULL);
}

static void
many_handlers (World *world)
{
  g_autofree gulong *ids = g_new (gulong, N_AT_ONCE);

  for (guint i = 0; i < N_AT_ONCE; i++)
    ids[i] = tend_cancellable_add_handler (world->cancellable, cancel_cb, NULL, NULL);
  for (guint i = 0; i < N_AT_ONCE; i++)
    tend_cancellable_remove_handler (world->cancellable, ids[i]);
  settle ();
}

static void
many_children (World *world)
{
  for (guint i = 0; i < N_AT_ONCE; i++)
    {
      g_autoptr(TendTask) child = tend_task_new_open (NULL, return_body, NULL, NULL);

      g_assert_true (tend_group_add (world->group, g_object_ref (child), NULL));
    }
  settle ();
}

static void
test_gives_back (gconstpointer data)
{
  World world;
  gsize before;

  world_init (&world);
  before = count_bytes ();
  ((Round) data) (&world);
  assert_less_than (before + MOST_LEFT);
  world_clear (&world);
}

int
main (int   argc,
      char *argv[])
{
  static const Case at_once[] = {
    { "managed-tasks", many_managed },
    { "delays", many_delays },
    { "timers", many_timers },
    { "waiters", many_waiters },
    { "values", many_values },
    { "requests", many_requests },
    { "cancel-handlers", many_handlers },
    { "children", many_children },
  };

  g_test_init (&argc, &argv, NULL);

  add_cases ("/tend/kept/little-of-many", at_once, G_N_ELEMENTS (at_once), test_gives_back);

  return g_test_run ();
}
