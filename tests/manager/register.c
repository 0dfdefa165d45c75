// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Registering tasks: what is taken and what is refused, and when the bodies run.

#include "fixture.h"

/* --- When it runs --- */

static void
test_runs_in_next_turn (Fixture       *fixture,
                        gconstpointer  unused)
{
  guint n_runs = 0;
  TendTask *task = register_callback (fixture, "n", count_run, &n_runs);

  g_assert_cmpuint (n_runs, ==, 0);
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_PENDING);

  settle (fixture);
  g_assert_cmpuint (n_runs, ==, 1);
}

static gboolean
register_inside (TendTask  *task,
                 gpointer   data,
                 GError   **error)
{
  Fixture *fixture = data;
  guint *n_runs = g_new0 (guint, 1);
  TendTask *inner = tend_task_manager_register (fixture->manager,
                                                tend_task_new_open ("inner", count_run, n_runs, g_free),
                                                TEND_NAME_POLICY_REJECT, NULL);

  watch (fixture, inner);
  g_assert_cmpuint (*n_runs, ==, 0);
  tend_task_return_boolean (task, TRUE);
  g_assert_cmpuint (*n_runs, ==, 0);

  return TRUE;
}

/* A turn of the loop ends although work is registered in it again and again. */
static void
test_inside_body_runs_in_turn_after (Fixture       *fixture,
                                     gconstpointer  unused)
{
  register_callback (fixture, "outer", register_inside, fixture);

  while (!tend_task_manager_is_active (fixture->manager, "inner"))
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (tend_task_manager_is_active (fixture->manager, "outer"));

  g_main_context_iteration (NULL, TRUE);
  g_assert_false (tend_task_manager_is_active (fixture->manager, "inner"));
}

static void
test_cancelled_before_turn_never_runs (Fixture       *fixture,
                                       gconstpointer  unused)
{
  Work *works[N_KINDS];

  for (Kind kind = 0; kind < N_KINDS; kind++)
    works[kind] = register_work (fixture, kind, NULL);
  for (Kind kind = 0; kind < N_KINDS; kind++)
    {
      g_autoptr(TendTask) task = g_object_ref (works[kind]->task);

      tend_task_cancel (task);
      g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_CANCELLED);
      g_assert_cmpuint (works[kind]->n_freed, ==, 1);
    }

  tend_clock_run_until_idle (fixture->clock, NULL);
  for (Kind kind = 0; kind < N_KINDS; kind++)
    g_assert_false (work_has_run (works[kind]));
}

static void
test_every_kind (Fixture       *fixture,
                 gconstpointer  unused)
{
  Work *works[N_KINDS];

  for (Kind kind = 0; kind < N_KINDS; kind++)
    works[kind] = register_work (fixture, kind, NULL);
  for (Kind kind = 0; kind < N_KINDS; kind++)
    {
      g_autoptr(TendTask) task = g_object_ref (works[kind]->task);

      work_wait_begun (works[kind]);
      g_assert_true (tend_task_is_running (task));
      work_let_go (works[kind]);
      work_wait_gone (works[kind]);

      g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_COMPLETED);
      g_assert_cmpint (tend_task_get_int (task), ==, 1);
      g_assert_cmpint (g_atomic_int_get (&works[kind]->n_runs), ==, 1);
    }
  g_assert_cmpuint (n_tasks (fixture), ==, 0);
}

static gboolean
answer_in_fiber (TendTask  *task,
                 gpointer   data,
                 GError   **error)
{
  tend_task_return_string (task, "fiber");
  return tend_sleep (1, error);
}

static gboolean
answer_in_thread (TendTask  *task,
                  gpointer   data,
                  GError   **error)
{
  g_assert_true (g_thread_self () != data);
  tend_task_return_string (task, "thread");
  return TRUE;
}

static gboolean
answer (TendTask  *task,
        gpointer   data,
        GError   **error)
{
  tend_task_return_string (task, "callback");
  return TRUE;
}

static void
test_result_is_result_of_body (Fixture       *fixture,
                               gconstpointer  unused)
{
  g_autoptr(TendTask) callback = g_object_ref (register_callback (fixture, "c", answer, NULL));
  g_autoptr(TendTask) fiber = g_object_ref (register_fiber (fixture, "f", answer_in_fiber, NULL));
  g_autoptr(TendTask) thread =
    g_object_ref (tend_task_manager_register (fixture->manager,
                                              tend_task_new_thread ("t", answer_in_thread, g_thread_self (), NULL),
                                              TEND_NAME_POLICY_REJECT, NULL));

  watch (fixture, thread);
  tend_clock_run_until_idle (fixture->clock, NULL);
  g_assert_cmpstr (tend_task_get_string (callback), ==, "callback");
  g_assert_cmpstr (tend_task_get_string (fiber), ==, "fiber");
  g_assert_cmpstr (tend_task_get_string (thread), ==, "thread");
}

/* The manager alone keeps a task that nobody else holds. */
static void
test_manager_holds_task (Fixture       *fixture,
                         gconstpointer  unused)
{
  Work *work = register_work (fixture, CALLBACK, "n");

  tend_clock_advance (fixture->clock, 3600 * SECOND, NULL);
  g_assert_cmpuint (fixture->n_alive, ==, 1);
  g_assert_true (tend_task_manager_lookup (fixture->manager, "n") == work->task);

  work_let_go (work);
  settle (fixture);
  g_assert_cmpuint (fixture->n_alive, ==, 0);
  g_assert_null (tend_task_manager_lookup (fixture->manager, "n"));
}

static void
test_anonymous (Fixture       *fixture,
                gconstpointer  unused)
{
  guint n_runs = 0;

  for (guint i = 0; i < 3; i++)
    g_assert_null (tend_task_get_name (register_callback (fixture, NULL, count_run, &n_runs)));
  g_assert_cmpuint (n_tasks (fixture), ==, 3);

  settle (fixture);
  g_assert_cmpuint (n_runs, ==, 3);
}

/* --- What is refused --- */

static void
assert_refused (Fixture    *fixture,
                const char *name,
                GQuark      domain,
                int         code,
                const char *message)
{
  guint n_before = fixture->n_changes;
  guint n_freed = 0;

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(GError) error = NULL;
      TendTask *task = NULL;
      Work work = { .fixture = fixture, .n_freed = 0 };

      if (i == 0)
        task = tend_task_manager_register (fixture->manager,
                                           tend_task_new_open (name, never_run, &work, work_freed_cb),
                                           TEND_NAME_POLICY_REJECT, &error);
      else if (i == 1)
        task = tend_task_manager_register (fixture->manager,
                                           tend_task_new_fiber (name, fiber_work, &work, work_freed_cb),
                                           TEND_NAME_POLICY_REJECT, &error);
      else
        task = tend_task_manager_register (fixture->manager,
                                           tend_task_new_thread (name, thread_work, &work, work_freed_cb),
                                           TEND_NAME_POLICY_REJECT, &error);

      g_assert_null (task);
      g_assert_error (error, domain, code);
      g_assert_cmpstr (error->message, ==, message);
      g_assert_cmpuint (work.n_freed, ==, 1);
      n_freed += work.n_freed;

      /* Without somewhere to put the error it is the same. */
      g_assert_null (tend_task_manager_register (fixture->manager,
                                                 tend_task_new_open (name, never_run, NULL, NULL),
                                                 TEND_NAME_POLICY_REJECT, NULL));
    }
  g_assert_cmpuint (n_freed, ==, 3);

  /* Nothing runs now or later: the bodies that were refused would run into what is gone. */
  g_assert_cmpuint (fixture->n_changes, ==, n_before);
  settle (fixture);
}

static void
test_name_in_use (Fixture       *fixture,
                  gconstpointer  unused)
{
  Work *work = register_work (fixture, FIBER, "n");

  assert_refused (fixture, "n", TEND_ERROR, TEND_ERROR_EXISTS, "Task 'n': the name is taken");
  g_assert_true (tend_task_manager_lookup (fixture->manager, "n") == work->task);
}

static void
test_task_with_name_in_use_stays_as_it_is (Fixture       *fixture,
                                           gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;
  Work *work = work_new (fixture);
  g_autoptr(TendTask) task = work_make_task (work, FIBER, "n");

  register_work (fixture, CALLBACK, "n");
  g_assert_false (tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT,
                                              &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_EXISTS);
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_CREATED);

  /* It can be registered once the name is free. */
  tend_task_manager_cancel_task (fixture->manager, "n");
  g_assert_true (tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT,
                                             NULL));
}

static void
test_empty_name (Fixture       *fixture,
                 gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_open ("", never_run, NULL, NULL));

  assert_refused (fixture, "", G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "Task '': the name is empty");

  g_assert_false (tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT,
                                              &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

static void
test_name_that_is_not_utf8 (Fixture       *fixture,
                            gconstpointer  unused)
{
  assert_refused (fixture, "caf\xe9", G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                  "Task 'caf\357\277\275': the name is not valid UTF-8");
}

static void
shut_down_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      data)
{
  g_autoptr(GError) error = NULL;

  tend_task_manager_shutdown_finish (TEND_TASK_MANAGER (object), result, &error);
  g_assert_no_error (error);
  note (data, "down");
}

static void
test_after_shutdown (Fixture       *fixture,
                     gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_open (NULL, never_run, NULL, NULL));

  tend_task_manager_shutdown_async (fixture->manager, NULL, shut_down_cb, fixture);
  g_assert_true (tend_task_manager_is_shut_down (fixture->manager));
  g_assert_null (tend_task_manager_register (fixture->manager, tend_task_new_open ("n", never_run, NULL, NULL),
                                             TEND_NAME_POLICY_REJECT, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_SHUT_DOWN);
  g_clear_error (&error);

  settle (fixture);
  assert_log (fixture, "down");
  g_assert_null (tend_task_manager_register (fixture->manager, tend_task_new_open ("n", never_run, NULL, NULL),
                                             TEND_NAME_POLICY_REJECT, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_SHUT_DOWN);
  g_assert_nonnull (strstr (error->message, "Task 'n': "));
  g_clear_error (&error);

  g_assert_false (tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT,
                                              &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_SHUT_DOWN);
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_CREATED);
}

static void
assert_state_error (Fixture  *fixture,
                    TendTask *task)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT,
                                              &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_STATE);
  g_assert_nonnull (strstr (error->message, "Task "));
}

static void
test_task_in_other_state (Fixture       *fixture,
                          gconstpointer  unused)
{
  g_autoptr(TendTask) ended = watch (fixture, tend_task_run_open (NULL, count_run, NULL, NULL));
  g_autoptr(TendTask) stopped = watch (fixture, tend_task_new_open (NULL, never_run, NULL, NULL));
  Work *pending = register_work (fixture, FIBER, "p");

  assert_state_error (fixture, ended);
  tend_task_stop (stopped);
  assert_state_error (fixture, stopped);
  assert_state_error (fixture, pending->task);
  assert_state_error (fixture, tend_task_get_current ());
  g_assert_cmpuint (n_tasks (fixture), ==, 1);

  tend_clock_run_until_idle (fixture->clock, NULL);
}

typedef struct
{
  Fixture  *fixture;
  gboolean  has_context;
  gboolean  is_freed;
} Elsewhere;

static void
freed_at_home_cb (gpointer data)
{
  Elsewhere *elsewhere = data;

  elsewhere->is_freed = TRUE;
}

/* Another thread, with a main context of its own or without, registers in the manager of this one. */
static gpointer
register_elsewhere (gpointer data)
{
  Elsewhere *elsewhere = data;
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(GError) error = NULL;

  if (elsewhere->has_context)
    g_main_context_push_thread_default (context);

  g_assert_null (tend_task_manager_register (elsewhere->fixture->manager,
                                             tend_task_new_open ("n", never_run, data, freed_at_home_cb),
                                             TEND_NAME_POLICY_REJECT, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_WRONG_THREAD);

  if (elsewhere->has_context)
    g_main_context_pop_thread_default (context);

  return NULL;
}

static void
test_other_thread (Fixture       *fixture,
                   gconstpointer  unused)
{
  for (guint i = 0; i < 2; i++)
    {
      Elsewhere elsewhere = { fixture, i == 0, FALSE };

      g_assert_true (g_main_context_acquire (NULL));
      g_thread_join (g_thread_new ("elsewhere", register_elsewhere, &elsewhere));
      g_main_context_release (NULL);
      settle (fixture);
      g_assert_true (elsewhere.is_freed);
      g_assert_cmpuint (fixture->n_changes, ==, 0);
    }
}

/* Names and shutdown are checked before a thread gets anything. */
static void
test_refused_thread_never_runs (Fixture       *fixture,
                                gconstpointer  unused)
{
  Work *first = register_work (fixture, THREAD, "n");
  Work *second = work_new (fixture);

  work_wait_begun (first);
  g_assert_null (tend_task_manager_register (fixture->manager,
                                             tend_task_new_thread ("n", thread_work, second, work_freed_cb),
                                             TEND_NAME_POLICY_REJECT, NULL));
  g_assert_cmpuint (second->n_freed, ==, 1);

  work_let_go (first);
  tend_task_manager_shutdown_async (fixture->manager, NULL, shut_down_cb, fixture);
  second->n_freed = 0;
  g_assert_null (tend_task_manager_register (fixture->manager,
                                             tend_task_new_thread ("m", thread_work, second, work_freed_cb),
                                             TEND_NAME_POLICY_REJECT, NULL));
  g_assert_cmpuint (second->n_freed, ==, 1);

  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_log (fixture, "down");
  g_assert_false (work_has_run (second));
}

/* --- What is handed back is alive --- */

static void
cancel_new_cb (TendTaskManager *manager,
               TendTask        *task,
               gpointer         unused)
{
  tend_task_cancel (task);
}

static void
test_cancelled_while_it_is_registered (Fixture       *fixture,
                                       gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;
  guint n_freed = 0;
  Work work = { .fixture = fixture };

  g_signal_connect (fixture->manager, "task-added", G_CALLBACK (cancel_new_cb), NULL);
  g_assert_null (tend_task_manager_register (fixture->manager,
                                             tend_task_new_open ("n", never_run, &work, work_freed_cb),
                                             TEND_NAME_POLICY_REJECT, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  n_freed = work.n_freed;
  g_assert_cmpuint (n_freed, ==, 1);
  settle (fixture);
  g_assert_cmpuint (fixture->n_changes, ==, 0);
}

static void
cancel_pending_cb (TendTask   *task,
                   GParamSpec *pspec,
                   gpointer    unused)
{
  if (tend_task_get_status (task) == TEND_TASK_STATUS_PENDING)
    tend_task_cancel (task);
}

static void
test_cancelled_by_its_first_notify (Fixture       *fixture,
                                    gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_open ("n", never_run, NULL, NULL));

  g_signal_connect (task, "notify::status", G_CALLBACK (cancel_pending_cb), NULL);
  g_assert_null (tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_CANCELLED);
  g_assert_null (tend_task_manager_lookup (fixture->manager, "n"));
  settle (fixture);
  g_assert_cmpuint (fixture->n_changes, ==, 0);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/task-manager/register/runs-in-next-turn", test_runs_in_next_turn);
  add_test ("/tend/task-manager/register/inside-body-runs-in-turn-after", test_inside_body_runs_in_turn_after);
  add_test ("/tend/task-manager/register/cancelled-before-turn-never-runs", test_cancelled_before_turn_never_runs);
  add_test ("/tend/task-manager/register/every-kind", test_every_kind);
  add_test ("/tend/task-manager/register/result-is-result-of-body", test_result_is_result_of_body);
  add_test ("/tend/task-manager/register/manager-holds-task", test_manager_holds_task);
  add_test ("/tend/task-manager/register/anonymous", test_anonymous);

  add_test ("/tend/task-manager/register/name-in-use", test_name_in_use);
  add_test ("/tend/task-manager/register/task-with-name-in-use-stays-as-it-is",
            test_task_with_name_in_use_stays_as_it_is);
  add_test ("/tend/task-manager/register/empty-name", test_empty_name);
  add_test ("/tend/task-manager/register/name-that-is-not-utf8", test_name_that_is_not_utf8);
  add_test ("/tend/task-manager/register/after-shutdown", test_after_shutdown);
  add_test ("/tend/task-manager/register/task-in-other-state", test_task_in_other_state);
  add_test ("/tend/task-manager/register/other-thread", test_other_thread);
  add_test ("/tend/task-manager/register/refused-thread-never-runs", test_refused_thread_never_runs);

  add_test ("/tend/task-manager/register/cancelled-while-it-is-registered", test_cancelled_while_it_is_registered);
  add_test ("/tend/task-manager/register/cancelled-by-its-first-notify", test_cancelled_by_its_first_notify);

  return g_test_run ();
}
