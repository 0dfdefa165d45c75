// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What is pushed for a scope is popped where that is left, on every way out.

#include "../task/common.h"

/* --- Shields --- */

static gboolean
clean_up (GError **error)
{
  g_auto(TendShield) shield = tend_shield_enter ();

  g_assert_null (tend_current_cancellable ());
  return tend_sleep (SECOND, error);
}

static gboolean
shielded_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  g_autoptr(GError) early = NULL;

  g_assert_false (tend_sleep (SECOND, &early));
  g_assert_error (early, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (clean_up (error));
  note ("clean");

  /* It is off again. */
  g_assert_false (tend_sleep (SECOND, error));
  return FALSE;
}

static void
test_shield (void)
{
  TendClock *clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, shielded_body, NULL, NULL);

  tend_task_cancel (task);
  tend_clock_advance (clock, 10 * SECOND, NULL);
  assert_notes ("clean");
  assert_status (task, "cancelled");
  assert_gone (task);
  g_assert_finalize_object (clock);
}

static gboolean
left_early_body (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  g_auto(TendShield) outer = tend_shield_enter ();

  for (int i = 0; i < 3; i++)
    {
      g_auto(TendShield) inner = tend_shield_enter ();

      if (i == 1)
        continue;
      tend_shield_leave (&inner);
    }

  tend_shield_leave (&outer);
  g_assert_nonnull (tend_current_cancellable ());
  return TRUE;
}

/* A guard may be left by hand, and does nothing then at the end of its scope. */
static void
test_shield_left_by_hand (void)
{
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, left_early_body, NULL, NULL);

  settle ();
  assert_status (task, "completed");
  assert_gone (task);
}

/* --- Time-outs --- */

static void
test_timeout_override (void)
{
  TendClock *clock = tend_clock_freeze (NULL);
  TendRequestCache *requests = tend_request_cache_new ();
  g_autoptr(TendNumberCache) inside = tend_number_cache_new ("inside", 1);
  g_autoptr(TendNumberCache) outside = tend_number_cache_new ("outside", 1);

  tend_number_cache_set_timeout (inside, 10 * SECOND);
  tend_number_cache_set_timeout (outside, 10 * SECOND);
  {
    g_auto(TendTimeoutOverride) override = tend_timeout_override_enter (requests, TEND_TYPE_NUMBER_CACHE, SECOND);

    g_assert_nonnull (override.request_cache);
    g_assert_true (tend_request_cache_add (requests, inside, NULL));
  }
  g_assert_true (tend_request_cache_add (requests, outside, NULL));

  tend_clock_advance (clock, SECOND, NULL);
  g_assert_false (tend_request_cache_has (requests, "inside", 1));
  g_assert_true (tend_request_cache_has (requests, "outside", 1));
  tend_clock_advance (clock, 9 * SECOND, NULL);
  g_assert_false (tend_request_cache_has (requests, "outside", 1));
  g_assert_finalize_object (requests);
  g_assert_finalize_object (clock);
}

/* --- The current task --- */

static void
test_current_task (void)
{
  g_autoptr(TendTask) task = tend_task_new_open (NULL, NULL, NULL, NULL);

  for (int i = 0; i < 2; i++)
    {
      g_auto(TendCurrentTask) current = tend_current_task_enter (task);

      g_assert_true (tend_task_get_current () == task);
      if (i == 0)
        continue;
      tend_current_task_leave (&current);
      g_assert_true (tend_task_get_current () != task);
    }
  g_assert_true (tend_task_get_current () != task);
  tend_task_return_value (task, NULL);
  assert_gone (task);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/guards/shield", test_shield);
  g_test_add_func ("/tend/guards/shield-left-by-hand", test_shield_left_by_hand);
  g_test_add_func ("/tend/guards/timeout-override", test_timeout_override);
  g_test_add_func ("/tend/guards/current-task", test_current_task);

  return g_test_run ();
}
