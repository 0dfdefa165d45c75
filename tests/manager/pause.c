// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Pausing and resuming managers and groups: who stands still, who has paused whom, and what ends all the same.

#include "../task/common.h"

typedef struct
{
  TendClock       *clock;
  TendTaskManager *manager;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  unused)
{
  fixture->clock = tend_clock_freeze (NULL);
  fixture->manager = tend_task_manager_new ();
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  unused)
{
  settle ();
  g_assert_finalize_object (g_steal_pointer (&fixture->manager));
  g_assert_finalize_object (g_steal_pointer (&fixture->clock));
}

static void
advance (Fixture *fixture,
         gint64   usec)
{
  tend_clock_advance (fixture->clock, usec, NULL);
}

/* A task that completes after a delay of some seconds. */
static TendTask *
register_delayed (TendTaskManager *manager,
                  const char      *name,
                  gint64           seconds,
                  TendNamePolicy   policy)
{
  TendTask *task = tend_task_new (name, complete_body, NULL, NULL);
  g_autoptr(GError) error = NULL;

  tend_task_set_delay (task, seconds * SECOND);
  task = tend_task_manager_register (manager, task, policy, &error);
  g_assert_no_error (error);
  return task;
}

static void
test_tasks_stand_still (Fixture       *fixture,
                        gconstpointer  unused)
{
  g_autoptr(TendTask) before = g_object_ref (register_delayed (fixture->manager, "a", 3, TEND_NAME_POLICY_REJECT));
  g_autoptr(TendTask) later = NULL;

  advance (fixture, SECOND);
  tend_task_manager_pause (fixture->manager);
  tend_task_manager_pause (fixture->manager);
  g_assert_true (tend_task_manager_is_paused (fixture->manager));
  g_assert_true (tend_task_is_paused (before));
  later = g_object_ref (register_delayed (fixture->manager, "b", 1, TEND_NAME_POLICY_REJECT));
  g_assert_true (tend_task_is_paused (later));
  advance (fixture, 10 * SECOND);
  assert_status (before, "pending");
  assert_status (later, "pending");

  tend_task_manager_resume (fixture->manager);
  g_assert_false (tend_task_is_paused (before));
  advance (fixture, SECOND);
  assert_status (later, "completed");
  assert_status (before, "pending");
  advance (fixture, SECOND - 1);
  assert_status (before, "pending");
  advance (fixture, 1);
  assert_status (before, "completed");
}

/* The user's pause is apart from the manager's, whichever comes first. */
static void
test_user_pause_stays (Fixture       *fixture,
                       gconstpointer  unused)
{
  g_autoptr(TendTask) first = g_object_ref (register_delayed (fixture->manager, "a", 1, TEND_NAME_POLICY_REJECT));
  g_autoptr(TendTask) second = g_object_ref (register_delayed (fixture->manager, "b", 1, TEND_NAME_POLICY_REJECT));

  tend_task_pause (first);
  tend_task_manager_pause (fixture->manager);
  tend_task_pause (second);
  tend_task_manager_resume (fixture->manager);
  g_assert_true (tend_task_is_paused (first));
  g_assert_true (tend_task_is_paused (second));
  tend_task_manager_pause (fixture->manager);
  tend_task_resume (first);
  g_assert_true (tend_task_is_paused (first));
  advance (fixture, 10 * SECOND);
  assert_status (first, "pending");
  tend_task_manager_resume (fixture->manager);
  advance (fixture, SECOND);
  assert_status (first, "completed");
  assert_status (second, "pending");
  tend_task_resume (second);
  advance (fixture, SECOND);
  assert_status (second, "completed");
}

static void
test_names_wait (Fixture       *fixture,
                 gconstpointer  unused)
{
  g_autoptr(TendTask) first = g_object_ref (register_delayed (fixture->manager, "a", 1, TEND_NAME_POLICY_QUEUE));
  g_autoptr(TendTask) second = g_object_ref (register_delayed (fixture->manager, "a", 1, TEND_NAME_POLICY_QUEUE));

  tend_task_manager_pause (fixture->manager);
  tend_task_cancel (first);
  advance (fixture, 10 * SECOND);
  assert_status (first, "cancelled");
  assert_status (second, "pending");
  tend_task_manager_resume (fixture->manager);
  advance (fixture, SECOND);
  assert_status (second, "completed");
}

/* Those of a child manager stand still as long as it or its parent is paused. */
static void
test_children (Fixture       *fixture,
               gconstpointer  unused)
{
  g_autoptr(TendTaskManager) child = tend_task_manager_new ();
  g_autoptr(TendTask) task = NULL;

  g_assert_true (tend_task_manager_add_child (fixture->manager, child, NULL));
  task = g_object_ref (register_delayed (child, "a", 1, TEND_NAME_POLICY_REJECT));
  tend_task_manager_pause (fixture->manager);
  g_assert_true (tend_task_is_paused (task));
  g_assert_false (tend_task_manager_is_paused (child));
  tend_task_manager_pause (child);
  tend_task_manager_resume (fixture->manager);
  g_assert_true (tend_task_is_paused (task));
  tend_task_manager_pause (fixture->manager);
  tend_task_manager_resume (child);
  g_assert_true (tend_task_is_paused (task));

  tend_task_manager_remove_child (fixture->manager, child);
  g_assert_false (tend_task_is_paused (task));
  g_assert_true (tend_task_manager_add_child (fixture->manager, child, NULL));
  g_assert_true (tend_task_is_paused (task));
  tend_task_manager_resume (fixture->manager);
  advance (fixture, SECOND);
  assert_status (task, "completed");
  tend_task_manager_remove_child (fixture->manager, child);
}

/* --- Ends --- */

static void
ended_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  if (user_data == tend_task_manager_drain_async)
    tend_task_manager_drain_finish (TEND_TASK_MANAGER (source), result, &error);
  else
    tend_task_manager_shutdown_finish (TEND_TASK_MANAGER (source), result, &error);
  g_assert_no_error (error);
  note ("down");
}

/* A drain lets the tasks go on, of a child manager too, even while a manager above is paused. */
static void
test_drain_resumes (Fixture       *fixture,
                    gconstpointer  unused)
{
  g_autoptr(TendTaskManager) middle = tend_task_manager_new ();
  g_autoptr(TendTaskManager) low = tend_task_manager_new ();
  g_autoptr(TendTask) first = NULL, second = NULL;

  g_assert_true (tend_task_manager_add_child (fixture->manager, middle, NULL));
  g_assert_true (tend_task_manager_add_child (middle, low, NULL));
  first = g_object_ref (register_delayed (middle, "a", 1, TEND_NAME_POLICY_REJECT));
  second = g_object_ref (register_delayed (low, "b", 2, TEND_NAME_POLICY_REJECT));
  tend_task_manager_pause (fixture->manager);
  tend_task_manager_pause (middle);
  tend_task_manager_pause (low);
  tend_task_manager_drain_async (middle, NULL, ended_cb, tend_task_manager_drain_async);
  g_assert_false (tend_task_manager_is_paused (middle));
  tend_task_manager_pause (middle);
  g_assert_false (tend_task_manager_is_paused (middle));
  advance (fixture, 2 * SECOND);
  assert_status (first, "completed");
  assert_status (second, "completed");
  settle ();
  assert_notes ("down");
  g_assert_true (tend_task_manager_is_paused (fixture->manager));
}

static void
test_shutdown_cancels (Fixture       *fixture,
                       gconstpointer  unused)
{
  g_autoptr(TendTask) waiting = g_object_ref (register_delayed (fixture->manager, "a", 1, TEND_NAME_POLICY_REJECT));
  g_autoptr(TendTask) running = NULL;

  running = g_object_ref (tend_task_manager_register (fixture->manager,
                                                      tend_task_new_fiber ("b", sleep_body, NULL, NULL),
                                                      TEND_NAME_POLICY_REJECT, NULL));
  settle ();
  tend_task_manager_pause (fixture->manager);
  tend_task_manager_shutdown_async (fixture->manager, NULL, ended_cb, NULL);
  settle ();
  assert_status (waiting, "cancelled");
  assert_status (running, "cancelled");
  assert_notes ("interrupted down");
  g_assert_false (tend_task_manager_is_paused (fixture->manager));
}

static void
test_stop_all (Fixture       *fixture,
               gconstpointer  unused)
{
  g_autoptr(TendTask) task = g_object_ref (register_delayed (fixture->manager, "a", 1, TEND_NAME_POLICY_REJECT));

  tend_task_manager_pause (fixture->manager);
  tend_task_manager_stop_all (fixture->manager);
  assert_status (task, "stopped");
}

static void
notified_cb (GObject    *object,
             GParamSpec *pspec,
             gpointer    user_data)
{
  gboolean is_paused;

  g_object_get (object, "paused", &is_paused, NULL);
  note ("%s%s", (const char *) user_data, is_paused ? "+" : "-");
}

static void
test_notified (Fixture       *fixture,
               gconstpointer  unused)
{
  g_autoptr(TendTask) task = g_object_ref (register_delayed (fixture->manager, "a", 1, TEND_NAME_POLICY_REJECT));

  g_signal_connect (fixture->manager, "notify::paused", G_CALLBACK (notified_cb), (gpointer) "manager");
  g_signal_connect (task, "notify::paused", G_CALLBACK (notified_cb), (gpointer) "task");
  tend_task_manager_pause (fixture->manager);
  settle ();
  assert_notes ("task+ manager+");
  tend_task_pause (task);
  tend_task_manager_resume (fixture->manager);
  settle ();
  assert_notes ("manager-");
  tend_task_resume (task);
  assert_notes ("task-");
  tend_task_stop (task);
  settle ();
}

/* --- Groups --- */

static TendTask *
group_add_delayed (TendGroup *group,
                   gint64     seconds)
{
  TendTask *task = tend_task_new (NULL, complete_body, NULL, NULL);
  g_autoptr(GError) error = NULL;

  tend_task_set_delay (task, seconds * SECOND);
  tend_group_add (group, g_object_ref (task), &error);
  g_assert_no_error (error);
  return task;
}

static void
test_group (Fixture       *fixture,
            gconstpointer  unused)
{
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) first = group_add_delayed (group, 2);
  g_autoptr(TendTask) second = NULL, joined = NULL;

  g_signal_connect (group, "notify::paused", G_CALLBACK (notified_cb), (gpointer) "group");
  advance (fixture, SECOND);
  tend_group_pause (group);
  tend_group_pause (group);
  assert_notes ("group+");
  second = group_add_delayed (group, 0);
  tend_task_pause (second);
  joined = tend_group_join (group);
  advance (fixture, 10 * SECOND);
  assert_status (first, "pending");
  assert_status (second, "pending");
  tend_group_resume (group);
  assert_notes ("group-");
  advance (fixture, SECOND);
  assert_status (first, "completed");
  assert_status (second, "pending");
  tend_task_resume (second);
  advance (fixture, 0);
  assert_status (joined, "completed");
}

static void
test_group_is_cancelled (Fixture       *fixture,
                         gconstpointer  unused)
{
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) task = group_add_delayed (group, 2);
  g_autoptr(TendTask) joined = tend_group_join (group);

  tend_group_pause (group);
  tend_group_cancel (group);
  g_assert_false (tend_group_is_paused (group));
  tend_group_pause (group);
  g_assert_false (tend_group_is_paused (group));
  settle ();
  assert_status (task, "cancelled");
  assert_status (joined, "cancelled");
}

/* --- Against a model --- */

#define N_MANAGERS 4
#define N_TASKS 8

typedef struct
{
  TendTaskManager *managers[N_MANAGERS];    /* each below the one before it, and linked or not */
  gboolean         is_paused[N_MANAGERS];
  gboolean         is_linked[N_MANAGERS];
  TendTask        *tasks[N_TASKS];
  gboolean         is_user_paused[N_TASKS];
} Model;

static gboolean
model_stands_still (Model *model,
                    guint  task)
{
  gboolean still = model->is_user_paused[task];

  for (guint m = task % N_MANAGERS;; m--)
    {
      still |= model->is_paused[m];
      if (!model->is_linked[m])
        return still;
    }
}

static void
model_step (Model *model)
{
  int m = g_test_rand_int_range (0, N_MANAGERS), t = g_test_rand_int_range (0, N_TASKS);

  switch (g_test_rand_int_range (0, 3))
    {
    case 0:
      model->is_paused[m] = !model->is_paused[m];
      (model->is_paused[m] ? tend_task_manager_pause : tend_task_manager_resume) (model->managers[m]);
      break;
    case 1:
      model->is_user_paused[t] = !model->is_user_paused[t];
      (model->is_user_paused[t] ? tend_task_pause : tend_task_resume) (model->tasks[t]);
      break;
    default:
      if (m == 0)
        return;
      if (model->is_linked[m])
        tend_task_manager_remove_child (model->managers[m - 1], model->managers[m]);
      else
        g_assert_true (tend_task_manager_add_child (model->managers[m - 1], model->managers[m], NULL));
      model->is_linked[m] = !model->is_linked[m];
    }
}

static void
test_model (Fixture       *fixture,
            gconstpointer  unused)
{
  Model model = { 0 };

  for (guint m = 0; m < N_MANAGERS; m++)
    model.managers[m] = tend_task_manager_new ();
  for (guint t = 0; t < N_TASKS; t++)
    {
      g_autofree char *name = g_strdup_printf ("%u", t);

      model.tasks[t] = g_object_ref (register_delayed (model.managers[t % N_MANAGERS], name, 1,
                                                       TEND_NAME_POLICY_REJECT));
    }

  for (guint step = 0; step < 2000; step++)
    {
      model_step (&model);
      for (guint t = 0; t < N_TASKS; t++)
        g_assert_cmpint (tend_task_is_paused (model.tasks[t]), ==, model_stands_still (&model, t));
    }

  /* What stands still does not run, and the others do. */
  advance (fixture, 10 * SECOND);
  for (guint t = 0; t < N_TASKS; t++)
    assert_status (model.tasks[t], model_stands_still (&model, t) ? "pending" : "completed");

  for (guint t = 0; t < N_TASKS; t++)
    tend_task_stop (model.tasks[t]);
  settle ();
  for (guint t = 0; t < N_TASKS; t++)
    g_object_unref (model.tasks[t]);
  for (guint m = 1; m < N_MANAGERS; m++)
    {
      if (model.is_linked[m])
        tend_task_manager_remove_child (model.managers[m - 1], model.managers[m]);
    }
  for (guint m = 0; m < N_MANAGERS; m++)
    g_assert_finalize_object (model.managers[m]);
}

static void
add_test (const char *path,
          void     (* test) (Fixture       *fixture,
                             gconstpointer  data))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/task-manager/pause/tasks-stand-still", test_tasks_stand_still);
  add_test ("/tend/task-manager/pause/user-pause-stays", test_user_pause_stays);
  add_test ("/tend/task-manager/pause/names-wait", test_names_wait);
  add_test ("/tend/task-manager/pause/children", test_children);
  add_test ("/tend/task-manager/pause/drain-resumes", test_drain_resumes);
  add_test ("/tend/task-manager/pause/shutdown-cancels", test_shutdown_cancels);
  add_test ("/tend/task-manager/pause/stop-all", test_stop_all);
  add_test ("/tend/task-manager/pause/notified", test_notified);
  add_test ("/tend/group/pause/children-stand-still", test_group);
  add_test ("/tend/group/pause/is-cancelled", test_group_is_cancelled);
  add_test ("/tend/task-manager/pause/model", test_model);

  return g_test_run ();
}
