// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Managers below managers, as deep as a program likes: what goes down and up takes no more of the stack for that.

#include "children.h"

#define N_CHAIN 100000

/* A chain of managers below @top; gives the last. Each but the first is only held by the one above it. */
static TendTaskManager *
make_chain (TendTaskManager *top)
{
  TendTaskManager *manager = top;

  for (guint i = 1; i < N_CHAIN; i++)
    {
      g_autoptr(TendTaskManager) child = tend_task_manager_new ();

      g_assert_true (tend_task_manager_add_child (manager, child, NULL));
      manager = child;
    }

  return manager;
}

static gboolean
sleep_body (TendTask  *task,
            gpointer   data,
            GError   **error)
{
  return tend_sleep (SECOND, error);
}

static void
down_cb (GObject      *source_object,
         GAsyncResult *result,
         gpointer      data)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (tend_task_manager_shutdown_finish (TEND_TASK_MANAGER (source_object), result, &error));
  g_assert_no_error (error);
  *(gboolean *) data = TRUE;
}

static void
test_shutdown (Fixture       *fixture,
               gconstpointer  unused)
{
  g_autoptr(TendTaskManager) last = g_object_ref (make_chain (fixture->manager));
  g_autoptr(GError) error = NULL;
  gboolean is_down = FALSE;

  tend_task_manager_register (last, tend_task_new_fiber ("last", sleep_body, NULL, NULL),
                              TEND_NAME_POLICY_REJECT, NULL);
  tend_clock_advance (fixture->clock, 0, NULL);
  tend_task_manager_shutdown_async (fixture->manager, NULL, down_cb, &is_down);

  /* Each of them takes a turn of the loop, and the clock has patience for 10,000. */
  while (tend_clock_run_until_idle (fixture->clock, &error) < 0)
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      g_clear_error (&error);
    }
  g_assert_true (is_down);
  g_assert_true (tend_task_manager_is_shut_down (last));
}

/* The limit of the first holds for the last, and what waits for it is found. */
static void
test_limit (Fixture       *fixture,
            gconstpointer  unused)
{
  TendTaskManager *last = make_chain (fixture->manager);
  g_autoptr(TendTask) waiting = NULL;
  TendTask *running;

  tend_task_manager_set_max_running (fixture->manager, 1);
  running = tend_task_manager_register (fixture->manager,
                                        tend_task_new_fiber ("running", sleep_body, NULL, NULL),
                                        TEND_NAME_POLICY_REJECT, NULL);
  waiting = g_object_ref (tend_task_manager_register (last,
                                                      tend_task_new_fiber ("waiting", sleep_body, NULL, NULL),
                                                      TEND_NAME_POLICY_REJECT, NULL));
  tend_clock_advance (fixture->clock, 0, NULL);
  g_assert_cmpint (tend_task_get_status (running), ==, TEND_TASK_STATUS_RUNNING);
  g_assert_cmpint (tend_task_get_status (waiting), ==, TEND_TASK_STATUS_PENDING);

  tend_clock_advance (fixture->clock, SECOND, NULL);
  g_assert_cmpint (tend_task_get_status (waiting), ==, TEND_TASK_STATUS_RUNNING);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  g_assert_cmpint (tend_task_get_status (waiting), ==, TEND_TASK_STATUS_COMPLETED);
}

/* What a manager keeps goes with it. */
static void
test_drop (Fixture       *fixture,
           gconstpointer  unused)
{
  TendTaskManager *last = make_chain (fixture->manager);
  GWeakRef ref;

  g_weak_ref_init (&ref, last);
  g_assert_finalize_object (g_steal_pointer (&fixture->manager));
  g_assert_null (g_weak_ref_get (&ref));
  g_weak_ref_clear (&ref);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/task-manager/chains/shutdown", test_shutdown);
  add_test ("/tend/task-manager/chains/limit", test_limit);
  add_test ("/tend/task-manager/chains/drop", test_drop);

  return g_test_run ();
}
