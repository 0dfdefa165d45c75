// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Anonymous tasks: numbers are added to their names, and they are in nobody's way.

#include "fixture.h"

static TendTask *
add_anonymous (Fixture    *fixture,
               const char *base)
{
  g_autoptr(GError) error = NULL;
  TendTask *task = tend_task_manager_register (fixture->manager,
                                               tend_task_new_open (base, never_run, NULL, NULL),
                                               TEND_NAME_POLICY_ANONYMOUS, &error);

  g_assert_no_error (error);
  return watch (fixture, task);
}

static void
test_numbers_rise_over_all_bases (Fixture       *fixture,
                                  gconstpointer  unused)
{
  static const char *const bases[] = { "test", "other", "test", "test 1" };
  static const char *const names[] = { "test 1", "other 2", "test 3", "test 1 4" };
  TendTaskManager *other = tend_task_manager_new ();
  TendTask *task;

  for (guint i = 0; i < G_N_ELEMENTS (bases); i++)
    g_assert_cmpstr (tend_task_get_name (add_anonymous (fixture, bases[i])), ==, names[i]);

  /* Another manager has numbers of its own, and no number is given twice. */
  task = watch (fixture, tend_task_manager_register (other, tend_task_new_open ("test", never_run, NULL, NULL),
                                                     TEND_NAME_POLICY_ANONYMOUS, NULL));
  g_assert_cmpstr (tend_task_get_name (task), ==, "test 1");
  g_assert_finalize_object (other);

  tend_task_manager_cancel_all (fixture->manager);
  g_assert_cmpstr (tend_task_get_name (add_anonymous (fixture, "test")), ==, "test 5");
}

/* Nobody finds or cancels an anonymous task by its name, and nobody is refused for it. */
static void
test_collides_with_nobody (Fixture       *fixture,
                           gconstpointer  unused)
{
  static const TendNamePolicy policies[] = {
    TEND_NAME_POLICY_REJECT, TEND_NAME_POLICY_REPLACE, TEND_NAME_POLICY_KEEP, TEND_NAME_POLICY_QUEUE
  };
  Work *anonymous = work_new (fixture);
  g_autoptr(TendTask) task = work_make_task (anonymous, FIBER, "test");
  Work *named;

  /* One of that name stands there already. */
  named = register_work (fixture, FIBER, "test 1");
  g_assert_true (tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_ANONYMOUS,
                                             NULL) ==
                 task);
  g_assert_cmpstr (tend_task_get_name (task), ==, "test 1");
  settle (fixture);
  g_assert_true (work_has_run (anonymous));
  g_assert_true (tend_task_manager_lookup (fixture->manager, "test 1") == named->task);

  work_let_go (named);
  settle (fixture);
  g_assert_null (tend_task_manager_lookup (fixture->manager, "test 1"));
  g_assert_false (tend_task_manager_is_active (fixture->manager, "test 1"));
  g_assert_null (tend_task_manager_cancel_task (fixture->manager, "test 1"));

  /* And others of its name come, and begin beside it. */
  for (guint i = 0; i < G_N_ELEMENTS (policies); i++)
    {
      Work *later = register_work_as (fixture, CALLBACK, "test 1", policies[i]);

      settle (fixture);
      g_assert_true (work_has_run (later));
      work_let_go (later);
      settle (fixture);
    }
  g_assert_true (tend_task_is_running (task));
  g_assert_false (tend_task_is_cancelling (task));
}

static void
assert_listed (Fixture    *fixture,
               const char *base,
               TendTask   *first,
               TendTask   *second)
{
  g_autoptr(GPtrArray) tasks = tend_task_manager_list_anonymous (fixture->manager, base);

  g_assert_cmpuint (tasks->len, ==, (first != NULL) + (second != NULL));
  if (first != NULL)
    g_assert_true (g_ptr_array_index (tasks, 0) == first);
  if (second != NULL)
    g_assert_true (g_ptr_array_index (tasks, 1) == second);
}

/* The base itself decides, and not how a name begins. */
static void
test_listed_by_their_base (Fixture       *fixture,
                           gconstpointer  unused)
{
  TendTask *first, *longer, *second;

  register_callback (fixture, "test", never_run, NULL);
  register_callback (fixture, "test 7", never_run, NULL);
  register_callback (fixture, NULL, never_run, NULL);
  assert_listed (fixture, "test", NULL, NULL);

  first = add_anonymous (fixture, "test");
  longer = add_anonymous (fixture, "testing");
  second = add_anonymous (fixture, "test");
  assert_listed (fixture, "test", first, second);
  assert_listed (fixture, "testing", longer, NULL);
  assert_listed (fixture, "test 1", NULL, NULL);
  assert_listed (fixture, "tes", NULL, NULL);
  assert_listed (fixture, "", NULL, NULL);

  tend_task_cancel (first);
  assert_listed (fixture, "test", second, NULL);
  g_assert_cmpuint (n_tasks (fixture), ==, 5);
}

/* One that was cancelled is listed until its body has really ended. */
static void
test_listed_until_the_real_end (Fixture       *fixture,
                                gconstpointer  unused)
{
  Work *work = register_work_as (fixture, THREAD, "test", TEND_NAME_POLICY_ANONYMOUS);

  work->is_deaf = TRUE;
  work_wait_begun (work);
  tend_task_stop (work->task);
  assert_listed (fixture, "test", work->task, NULL);
  work_let_go (work);
  work_wait_gone (work);
  assert_listed (fixture, "test", NULL, NULL);
}

static void
test_bad_base (Fixture       *fixture,
               gconstpointer  unused)
{
  static const char *const bases[] = { "", "caf\xe9" };

  for (guint i = 0; i < G_N_ELEMENTS (bases); i++)
    {
      g_autoptr(GError) error = NULL;
      Work work = { .fixture = fixture };

      g_assert_null (tend_task_manager_register (fixture->manager,
                                                 tend_task_new_open (bases[i], never_run, &work, work_freed_cb),
                                                 TEND_NAME_POLICY_ANONYMOUS, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_cmpuint (work.n_freed, ==, 1);
    }

  /* No number was spent on them. */
  g_assert_cmpstr (tend_task_get_name (add_anonymous (fixture, "test")), ==, "test 1");
}

/* A task without a name has no base: it stays without. */
static void
test_without_name (Fixture       *fixture,
                   gconstpointer  unused)
{
  Work *work = register_work_as (fixture, FIBER, NULL, TEND_NAME_POLICY_ANONYMOUS);

  g_assert_null (tend_task_get_name (work->task));
  g_assert_cmpstr (tend_task_get_name (add_anonymous (fixture, "test")), ==, "test 1");
}

/* --- The name changes --- */

static void
note_name_cb (TendTask   *task,
              GParamSpec *pspec,
              gpointer    data)
{
  assert_is_native (data);
  note (data, "%s", tend_task_get_name (task));
}

static void
note_task_cb (TendTaskManager *manager,
              TendTask        *task,
              gpointer         data)
{
  note (data, "task: %s", tend_task_get_name (task));
}

static gboolean
register_inside_fiber (TendTask  *task,
                       gpointer   data,
                       GError   **error)
{
  Fixture *fixture = data;
  TendTask *inner = tend_task_new_open ("inner", count_run, NULL, NULL);

  g_signal_connect (inner, "notify::name", G_CALLBACK (note_name_cb), fixture);
  watch (fixture, inner);
  tend_task_manager_register (fixture->manager, g_object_ref (inner), TEND_NAME_POLICY_ANONYMOUS, NULL);
  g_object_unref (inner);

  return TRUE;
}

/* Whoever hears of the task hears its new name. */
static void
test_new_name_is_notified (Fixture       *fixture,
                           gconstpointer  unused)
{
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_open ("test", count_run, NULL, NULL));

  g_signal_connect (task, "notify::name", G_CALLBACK (note_name_cb), fixture);
  g_signal_connect (fixture->manager, "task-added", G_CALLBACK (note_task_cb), fixture);
  tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_ANONYMOUS, NULL);
  assert_log (fixture, "task: test 1 test 1");

  g_signal_handlers_disconnect_by_func (fixture->manager, note_task_cb, fixture);
  register_fiber (fixture, NULL, register_inside_fiber, fixture);
  settle (fixture);
  assert_log (fixture, "inner 2");
}

static void
cancel_notified_cb (TendTask   *task,
                    GParamSpec *pspec,
                    gpointer    data)
{
  note (data, "cancel");
  tend_task_cancel (task);
}

/* A handler may end the task: the manager must not keep for ever what had ended before it came. */
static void
test_ended_by_the_notification (Fixture       *fixture,
                                gconstpointer  unused)
{
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_open ("test", never_run, NULL, NULL));
  g_autoptr(GError) error = NULL;

  g_signal_connect (task, "notify::name", G_CALLBACK (cancel_notified_cb), fixture);
  g_assert_null (tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_ANONYMOUS,
                                             &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_log (fixture, "cancel");
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_CANCELLED);
  g_assert_cmpuint (n_tasks (fixture), ==, 0);
  settle (fixture);
}

static void
register_notified_cb (TendTask   *task,
                      GParamSpec *pspec,
                      gpointer    data)
{
  g_autoptr(GError) error = NULL;

  note (data, "again");
  g_assert_false (tend_task_manager_register (((Fixture *) data)->manager, g_object_ref (task),
                                              TEND_NAME_POLICY_REJECT, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_STATE);
}

static void
test_registered_again_by_the_notification (Fixture       *fixture,
                                           gconstpointer  unused)
{
  guint n_runs = 0;
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_open ("test", count_run, &n_runs, NULL));

  g_signal_connect (task, "notify::name", G_CALLBACK (register_notified_cb), fixture);
  g_assert_true (tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_ANONYMOUS,
                                             NULL) ==
                 task);
  assert_log (fixture, "again");
  g_assert_cmpuint (n_tasks (fixture), ==, 1);
  settle (fixture);
  g_assert_cmpuint (n_runs, ==, 1);
}

typedef struct
{
  GMutex      lock;
  GCond       cond;
  const char *name;     /* under lock; as the thread has seen it */
  gboolean    is_open;  /* under lock */
} Reader;

static gboolean
read_name (TendTask  *task,
           gpointer   data,
           GError   **error)
{
  Reader *reader = data;
  const char *name = tend_task_get_name (task);

  g_mutex_lock (&reader->lock);
  reader->name = name;
  g_cond_broadcast (&reader->cond);
  while (!reader->is_open)
    g_cond_wait (&reader->cond, &reader->lock);
  g_mutex_unlock (&reader->lock);

  g_assert_cmpstr (name, ==, "test");
  g_assert_cmpstr (tend_task_get_name (task), ==, "test");
  return TRUE;
}

/* The name of a task that runs may be in use in a thread: it stays, and the task is listed all the same. */
static void
test_running_task_keeps_its_name (Fixture       *fixture,
                                  gconstpointer  unused)
{
  Reader reader = { .name = NULL };
  g_autoptr(TendTask) task = watch (fixture, tend_task_run_thread ("test", read_name, &reader, NULL));

  g_mutex_init (&reader.lock);
  g_cond_init (&reader.cond);
  g_mutex_lock (&reader.lock);
  while (reader.name == NULL)
    g_cond_wait (&reader.cond, &reader.lock);
  g_mutex_unlock (&reader.lock);

  g_assert_true (tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_ANONYMOUS,
                                             NULL) ==
                 task);
  g_assert_cmpstr (tend_task_get_name (task), ==, "test");
  g_assert_null (tend_task_manager_lookup (fixture->manager, "test"));
  assert_listed (fixture, "test", task, NULL);

  g_mutex_lock (&reader.lock);
  reader.is_open = TRUE;
  g_cond_broadcast (&reader.cond);
  g_mutex_unlock (&reader.lock);
  tend_clock_run_until_idle (fixture->clock, NULL);
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_COMPLETED);
  assert_listed (fixture, "test", NULL, NULL);

  g_mutex_clear (&reader.lock);
  g_cond_clear (&reader.cond);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/task-manager/anonymous/numbers-rise-over-all-bases", test_numbers_rise_over_all_bases);
  add_test ("/tend/task-manager/anonymous/collides-with-nobody", test_collides_with_nobody);
  add_test ("/tend/task-manager/anonymous/listed-by-base", test_listed_by_their_base);
  add_test ("/tend/task-manager/anonymous/listed-until-the-real-end", test_listed_until_the_real_end);
  add_test ("/tend/task-manager/anonymous/bad-base", test_bad_base);
  add_test ("/tend/task-manager/anonymous/without-name", test_without_name);

  add_test ("/tend/task-manager/anonymous/new-name-is-notified", test_new_name_is_notified);
  add_test ("/tend/task-manager/anonymous/ended-by-the-notification", test_ended_by_the_notification);
  add_test ("/tend/task-manager/anonymous/registered-again-by-the-notification",
            test_registered_again_by_the_notification);
  add_test ("/tend/task-manager/anonymous/running-task-keeps-its-name", test_running_task_keeps_its_name);

  return g_test_run ();
}
