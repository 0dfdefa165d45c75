// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// User code that hears of a task as it is registered, stops it and drops it; and managers that are dropped while a
// fiber waits for them.

#include "../task/borrowed.h"

/* --- Registering --- */

typedef TendTask * (* Register) (TendTaskManager  *manager,
                                 TendTask         *task,
                                 GError          **error);

static TendTask *
register_named (TendTaskManager  *manager,
                TendTask         *task,
                GError          **error)
{
  return tend_task_manager_register (manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, error);
}

static TendTask *
register_anonymous (TendTaskManager  *manager,
                    TendTask         *task,
                    GError          **error)
{
  return tend_task_manager_register (manager, g_object_ref (task), TEND_NAME_POLICY_ANONYMOUS, error);
}

static TendTask *
debounce (TendTaskManager  *manager,
          TendTask         *task,
          GError          **error)
{
  return tend_task_manager_debounce (manager, g_object_ref (task), SECOND, error);
}

static TendTask *
throttle (TendTaskManager  *manager,
          TendTask         *task,
          GError          **error)
{
  return tend_task_manager_throttle (manager, g_object_ref (task), SECOND, error);
}

typedef struct
{
  const char *name;
  Register    func;
} Kind;

static const Kind kinds[] = {
  { "register", register_named },
  { "register-anonymous", register_anonymous },
  { "debounce", debounce },
  { "throttle", throttle },
};

static void
stop_and_drop_lent (void)
{
  tend_task_stop (lent);
  drop_lent ();
}

static void
task_added_cb (TendTaskManager *manager,
               TendTask        *task,
               gpointer         user_data)
{
  run_user_code ();
}

static void
status_cb (GObject    *object,
           GParamSpec *pspec,
           gpointer    user_data)
{
  run_user_code ();
}

static TendTask *
lend_task (void)
{
  TendTask *task = lend (tend_task_new_open ("name", idle_body, NULL, NULL));

  user_code = stop_and_drop_lent;
  return task;
}

/* A throttled name has something to tell of a delay only the second time. */
static void
check_kind (TendTaskManager *manager,
            Register         func,
            gboolean         by_status)
{
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < 2; i++)
    {
      TendTask *task = lend_task ();

      if (by_status)
        g_signal_connect (task, "notify::status", G_CALLBACK (status_cb), NULL);
      g_assert_null (func (manager, task, &error));
      g_assert_error (error, TEND_ERROR, TEND_ERROR_STOPPED);
      g_clear_error (&error);
      assert_dropped ();
    }
}

static void
test_task_added (gconstpointer data)
{
  g_autoptr(TendTaskManager) manager = tend_task_manager_new ();

  g_signal_connect (manager, "task-added", G_CALLBACK (task_added_cb), NULL);
  check_kind (manager, ((const Kind *) data)->func, FALSE);
}

static void
test_status (gconstpointer data)
{
  g_autoptr(TendTaskManager) manager = tend_task_manager_new ();

  check_kind (manager, ((const Kind *) data)->func, TRUE);
}

/* --- Waiting in a fiber --- */

static gboolean
wait_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  use_up_waits ();
  return tend_task_manager_wait_for_tasks (user_data, error);
}

static void
test_wait (void)
{
  run_dropping (wait_body, tend_task_manager_new ());
}

static gboolean
shutdown_late_body (TendTask  *task,
                    gpointer   user_data,
                    GError   **error)
{
  use_up_waits ();
  return tend_task_manager_shutdown (user_data, error);
}

static void
test_shutdown_late (void)
{
  run_dropping (shutdown_late_body, tend_task_manager_new ());
}

static gboolean
shutdown_fails_body (TendTask  *task,
                     gpointer   user_data,
                     GError   **error)
{
  g_autoptr(GError) failure = NULL;

  g_assert_false (tend_task_manager_shutdown (user_data, &failure));
  g_assert_error (failure, G_IO_ERROR, G_IO_ERROR_FAILED);
  return TRUE;
}

/* The manager is kept by its shutdown alone, which is over before the fiber goes on. */
static void
test_shutdown_fails (void)
{
  TendTaskManager *manager = tend_task_manager_new ();
  g_autoptr(TendTask) last = tend_task_new_open (NULL, fail_body, NULL, NULL);

  g_assert_true (tend_task_manager_add_shutdown_task (manager, g_object_ref (last), NULL));
  run_dropping (shutdown_fails_body, manager);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *items_path = g_strdup_printf ("/tend/borrowed/task-added/%s", kinds[i].name);
      g_autofree char *status_path = g_strdup_printf ("/tend/borrowed/status/%s", kinds[i].name);

      g_test_add_data_func (items_path, &kinds[i], test_task_added);
      g_test_add_data_func (status_path, &kinds[i], test_status);
    }
  g_test_add_func ("/tend/borrowed/wait", test_wait);
  g_test_add_func ("/tend/borrowed/shutdown-late", test_shutdown_late);
  g_test_add_func ("/tend/borrowed/shutdown-fails", test_shutdown_fails);

  return g_test_run ();
}
