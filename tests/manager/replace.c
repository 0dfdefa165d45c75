// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Replacing: the name moves at once, the old task is cancelled, and the new one begins after its real end.

#include "named.h"

static void
test_name_moves_at_once (Fixture       *fixture,
                         gconstpointer  unused)
{
  TendTask *old = add (fixture, "A", TEND_NAME_POLICY_REPLACE);
  TendTask *new;

  settle (fixture);
  new = add (fixture, "B", TEND_NAME_POLICY_REPLACE);
  g_assert_true (find (fixture) == new);
  g_assert_true (tend_task_is_cancelling (old));
  g_assert_false (tend_task_is_cancelling (new));
  g_assert_cmpuint (n_tasks (fixture), ==, 2);

  tend_clock_advance (fixture->clock, SECOND - 1, NULL);
  assert_log (fixture, "A+ A!");
  g_assert_cmpint (tend_task_get_status (new), ==, TEND_TASK_STATUS_PENDING);
  tend_clock_advance (fixture->clock, 1, NULL);
  assert_log (fixture, "A- B+");
  g_assert_true (find (fixture) == new);
  end_all (fixture);
}

/* Of several in a row only the last begins, in the same turn or later. */
static void
test_several_in_a_row (Fixture       *fixture,
                       gconstpointer  unused)
{
  TendTask *last = NULL;

  add (fixture, "A", TEND_NAME_POLICY_REPLACE);
  settle (fixture);
  add (fixture, "B", TEND_NAME_POLICY_REPLACE);
  add (fixture, "C", TEND_NAME_POLICY_REPLACE);
  tend_clock_advance (fixture->clock, SECOND / 2, NULL);
  last = add (fixture, "D", TEND_NAME_POLICY_REPLACE);

  /* Those in between have gone: they have no body that could end later. */
  g_assert_cmpuint (n_tasks (fixture), ==, 2);
  g_assert_true (find (fixture) == last);
  tend_clock_advance (fixture->clock, SECOND / 2, NULL);
  assert_log (fixture, "A+ A! A- D+");

  /* And once more, with the one that has just begun. */
  add (fixture, "E", TEND_NAME_POLICY_REPLACE);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "D! D- E+");
  end_all (fixture);
}

static void
test_whole_queue_is_replaced (Fixture       *fixture,
                              gconstpointer  unused)
{
  add (fixture, "A", TEND_NAME_POLICY_QUEUE);
  add (fixture, "B", TEND_NAME_POLICY_QUEUE);
  add (fixture, "C", TEND_NAME_POLICY_QUEUE);
  settle (fixture);
  add (fixture, "D", TEND_NAME_POLICY_REPLACE);
  add (fixture, "E", TEND_NAME_POLICY_QUEUE);
  g_assert_cmpuint (n_tasks (fixture), ==, 3);

  tend_clock_advance (fixture->clock, 11 * SECOND, NULL);
  assert_log (fixture, "A+ A! A- D+ D. E+");
  end_all (fixture);
}

/* The new one's delay passes while it waits for the end of the old one. */
static void
test_delay_passes_meanwhile (Fixture       *fixture,
                             gconstpointer  unused)
{
  static const gint64 delays[] = { 1, SECOND / 2, SECOND - 1, SECOND, 2 * SECOND };

  for (guint i = 0; i < G_N_ELEMENTS (delays); i++)
    {
      gint64 expected = MAX (delays[i], SECOND);

      add (fixture, "A", TEND_NAME_POLICY_REPLACE);
      settle (fixture);
      add_delayed (fixture, "B", TEND_NAME_POLICY_REPLACE, delays[i]);
      tend_clock_advance (fixture->clock, expected - 1, NULL);
      assert_log (fixture, expected > SECOND ? "A+ A! A-" : "A+ A!");
      tend_clock_advance (fixture->clock, 1, NULL);
      assert_log (fixture, expected > SECOND ? "B+" : "A- B+");
      end_all (fixture);
    }
}

/* An interval task that is replaced between two runs ends at once, and its heir keeps its own time. */
static void
test_interval_task (Fixture       *fixture,
                    gconstpointer  unused)
{
  guint n_old = 0;
  guint n_new = 0;
  g_autoptr(TendTask) old = watch (fixture, tend_task_new_open (NAME, count_run, &n_old, NULL));
  g_autoptr(TendTask) new = watch (fixture, tend_task_new_open (NAME, count_run, &n_new, NULL));

  tend_task_set_interval (old, SECOND);
  tend_task_set_interval (new, SECOND);
  g_assert_true (tend_task_manager_register (fixture->manager, g_object_ref (old), TEND_NAME_POLICY_REJECT, NULL));
  tend_clock_advance (fixture->clock, 2 * SECOND + SECOND / 2, NULL);
  g_assert_cmpuint (n_old, ==, 2);

  g_assert_nonnull (tend_task_manager_register (fixture->manager, g_object_ref (new), TEND_NAME_POLICY_REPLACE,
                                                NULL));
  g_assert_cmpint (tend_task_get_status (old), ==, TEND_TASK_STATUS_CANCELLED);
  tend_clock_advance (fixture->clock, SECOND - 1, NULL);
  g_assert_cmpuint (n_new, ==, 0);
  tend_clock_advance (fixture->clock, 1, NULL);
  g_assert_cmpuint (n_new, ==, 1);
  g_assert_cmpuint (n_old, ==, 2);
}

static void
waited_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      data)
{
  g_assert_false (tend_task_wait_finish (TEND_TASK (object), result, NULL));
  note (data, "waited");
}

/* Those who waited for the old one are told before the new one begins. */
static void
test_waiters_come_first (Fixture       *fixture,
                         gconstpointer  unused)
{
  tend_task_wait_async (add (fixture, "A", TEND_NAME_POLICY_REPLACE), NULL, waited_cb, fixture);
  settle (fixture);
  add (fixture, "B", TEND_NAME_POLICY_REPLACE);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "A+ A! A- waited B+");
  end_all (fixture);
}

/* --- From inside --- */

static gboolean
replace_oneself (TendTask  *task,
                 gpointer   data,
                 GError   **error)
{
  Fixture *fixture = data;

  note (fixture, "A+");
  add (fixture, "B", TEND_NAME_POLICY_REPLACE);
  g_assert_true (tend_task_is_cancelling (task));
  g_assert_true (find (fixture) != task);
  g_assert_false (tend_sleep (SECOND, error));
  note (fixture, "A-");

  return FALSE;
}

static void
test_inside_fiber (Fixture       *fixture,
                   gconstpointer  unused)
{
  g_autoptr(TendTask) task = g_object_ref (register_fiber (fixture, NAME, replace_oneself, fixture));

  settle (fixture);
  assert_log (fixture, "A+ A- B+");
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_CANCELLED);
  end_all (fixture);
}

static gboolean
replace_and_return (TendTask  *task,
                    gpointer   data,
                    GError   **error)
{
  Fixture *fixture = data;

  add (fixture, "B", TEND_NAME_POLICY_REPLACE);
  tend_task_return_boolean (task, TRUE);
  note (fixture, "A-");

  return TRUE;
}

static void
test_inside_callback (Fixture       *fixture,
                      gconstpointer  unused)
{
  g_autoptr(TendTask) task = g_object_ref (register_callback (fixture, NAME, replace_and_return, fixture));

  settle (fixture);
  assert_log (fixture, "A- B+");
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_COMPLETED);
  end_all (fixture);
}

static gboolean
register_in_clean_up (TendTask  *task,
                      gpointer   data,
                      GError   **error)
{
  Fixture *fixture = data;
  g_autoptr(TendTask) refused = named_new (fixture, "refused");
  g_autoptr(GError) exists = NULL;

  note (fixture, "A+");
  g_assert_false (tend_sleep (10 * SECOND, error));

  g_assert_false (tend_task_manager_register (fixture->manager, g_object_ref (refused), TEND_NAME_POLICY_REJECT,
                                              &exists));
  g_assert_error (exists, TEND_ERROR, TEND_ERROR_EXISTS);
  add (fixture, "C", TEND_NAME_POLICY_REPLACE);
  note (fixture, "A-");

  return FALSE;
}

/* While it ends, the old task takes the name back from the one that has replaced it. */
static void
test_ending_task_replaces_its_heir (Fixture       *fixture,
                                    gconstpointer  unused)
{
  register_fiber (fixture, NAME, register_in_clean_up, fixture);
  settle (fixture);
  add (fixture, "B", TEND_NAME_POLICY_REPLACE);
  settle (fixture);
  assert_log (fixture, "A+ A- C+");
  g_assert_cmpuint (n_tasks (fixture), ==, 1);
  end_all (fixture);
}

static void
replace_in_exit_handler (TendTask *task,
                         gpointer  data)
{
  Fixture *fixture = data;

  note (fixture, "exit");
  add (fixture, "C", TEND_NAME_POLICY_REPLACE);
}

/* The call that replaces a task may itself be overtaken before it returns. */
static void
test_exit_handler_replaces_its_heir (Fixture       *fixture,
                                     gconstpointer  unused)
{
  TendTask *old = add (fixture, "A", TEND_NAME_POLICY_REPLACE);
  g_autoptr(TendTask) heir = named_new (fixture, "B");
  g_autoptr(GError) error = NULL;

  tend_task_add_exit_handler (old, replace_in_exit_handler, fixture, NULL);
  g_assert_null (tend_task_manager_register (fixture->manager, g_object_ref (heir), TEND_NAME_POLICY_REPLACE,
                                             &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (tend_task_get_status (heir), ==, TEND_TASK_STATUS_CANCELLED);
  settle (fixture);
  assert_log (fixture, "exit C+");
  end_all (fixture);
}

/* --- The list --- */

static void
note_change_cb (GListModel *model,
                guint       position,
                guint       n_removed,
                guint       n_added,
                gpointer    data)
{
  Fixture *fixture = data;
  TendTask *named = find (fixture);

  note (fixture, "%u-%u+%u", position, n_removed, n_added);
  g_assert_true (named == nth_task (fixture, n_tasks (fixture) - 1));
  g_assert_false (tend_task_is_cancelling (named));
}

/* The new one is in the list, and has the name, whenever a change is told. */
static void
test_list_has_the_new_one_first (Fixture       *fixture,
                                 gconstpointer  unused)
{
  g_signal_connect (fixture->manager, "items-changed", G_CALLBACK (note_change_cb), fixture);
  add (fixture, "A", TEND_NAME_POLICY_REPLACE);
  add (fixture, "B", TEND_NAME_POLICY_REPLACE);
  settle (fixture);
  assert_log (fixture, "0-0+1 B+");
  add (fixture, "C", TEND_NAME_POLICY_REPLACE);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "B! 1-0+1 B- C+ 0-1+0");

  g_signal_handlers_disconnect_by_func (fixture->manager, note_change_cb, fixture);
  end_all (fixture);
}

static void
replace_new_cb (TendTaskManager *manager,
                TendTask        *task,
                gpointer         data)
{
  Fixture *fixture = data;

  if (n_tasks (fixture) < 6)
    add (fixture, "last", TEND_NAME_POLICY_REPLACE);
}

/* Whoever is told of the new one may replace it in turn, and so on. */
static void
test_replaced_while_it_is_told (Fixture       *fixture,
                                gconstpointer  unused)
{
  gulong handler;

  add (fixture, "A", TEND_NAME_POLICY_REPLACE);
  settle (fixture);
  handler = g_signal_connect (fixture->manager, "task-added", G_CALLBACK (replace_new_cb), fixture);
  add (fixture, "B", TEND_NAME_POLICY_REPLACE);
  g_signal_handler_disconnect (fixture->manager, handler);
  g_assert_cmpuint (n_tasks (fixture), ==, 2);

  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "A+ A! A- last+");
  end_all (fixture);
}

/* --- The end of the manager --- */

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
test_shutdown_meanwhile (Fixture       *fixture,
                         gconstpointer  unused)
{
  add (fixture, "A", TEND_NAME_POLICY_REPLACE);
  settle (fixture);
  add (fixture, "B", TEND_NAME_POLICY_REPLACE);
  tend_task_manager_shutdown_async (fixture->manager, NULL, shut_down_cb, fixture);
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_log (fixture, "A+ A! A- down");
}

static void
test_manager_goes_meanwhile (Fixture       *fixture,
                             gconstpointer  unused)
{
  g_autoptr(TendTask) heir = NULL;

  add (fixture, "A", TEND_NAME_POLICY_REPLACE);
  settle (fixture);
  heir = g_object_ref (add (fixture, "B", TEND_NAME_POLICY_REPLACE));
  g_assert_finalize_object (g_steal_pointer (&fixture->manager));
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_log (fixture, "A+ A! A-");
  g_assert_cmpint (tend_task_get_status (heir), ==, TEND_TASK_STATUS_CANCELLED);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/task-manager/replace/name-moves-at-once", test_name_moves_at_once);
  add_test ("/tend/task-manager/replace/several-in-a-row", test_several_in_a_row);
  add_test ("/tend/task-manager/replace/whole-queue", test_whole_queue_is_replaced);
  add_test ("/tend/task-manager/replace/delay-passes-meanwhile", test_delay_passes_meanwhile);
  add_test ("/tend/task-manager/replace/interval-task", test_interval_task);
  add_test ("/tend/task-manager/replace/waiters-come-first", test_waiters_come_first);

  add_test ("/tend/task-manager/replace/inside-fiber", test_inside_fiber);
  add_test ("/tend/task-manager/replace/inside-callback", test_inside_callback);
  add_test ("/tend/task-manager/replace/ending-task-replaces-its-heir", test_ending_task_replaces_its_heir);
  add_test ("/tend/task-manager/replace/exit-handler-replaces-its-heir", test_exit_handler_replaces_its_heir);

  add_test ("/tend/task-manager/replace/list-has-the-new-one-first", test_list_has_the_new_one_first);
  add_test ("/tend/task-manager/replace/replaced-while-it-is-told", test_replaced_while_it_is_told);
  add_test ("/tend/task-manager/replace/shutdown-meanwhile", test_shutdown_meanwhile);
  add_test ("/tend/task-manager/replace/manager-goes-meanwhile", test_manager_goes_meanwhile);

  return g_test_run ();
}
