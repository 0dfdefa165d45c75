// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Replacing a task in each of the states that it can be in, and replacing one that does not end.

#include "named.h"

/* --- Not begun --- */

static void
test_pending (Fixture       *fixture,
              gconstpointer  unused)
{
  g_autoptr(TendTask) old = g_object_ref (add (fixture, "A", TEND_NAME_POLICY_REPLACE));

  add (fixture, "B", TEND_NAME_POLICY_REPLACE);
  g_assert_cmpint (tend_task_get_status (old), ==, TEND_TASK_STATUS_CANCELLED);
  g_assert_cmpuint (n_tasks (fixture), ==, 1);
  settle (fixture);
  assert_log (fixture, "B+");
  end_all (fixture);
}

static void
test_delayed (Fixture       *fixture,
              gconstpointer  unused)
{
  add_delayed (fixture, "A", TEND_NAME_POLICY_REPLACE, 5 * SECOND);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  add (fixture, "B", TEND_NAME_POLICY_REPLACE);
  g_assert_cmpuint (n_tasks (fixture), ==, 1);
  tend_clock_advance (fixture->clock, 10 * SECOND, NULL);
  assert_log (fixture, "B+ B.");
}

/* One that waits for a slot is replaced by one that waits for it. */
static void
test_waiting_for_a_slot (Fixture       *fixture,
                         gconstpointer  unused)
{
  Work *work;

  tend_task_manager_set_max_running (fixture->manager, 1);
  work = register_work (fixture, FIBER, "busy");
  settle (fixture);
  add (fixture, "A", TEND_NAME_POLICY_REPLACE);
  settle (fixture);
  add (fixture, "B", TEND_NAME_POLICY_REPLACE);
  settle (fixture);
  assert_log (fixture, "");
  g_assert_cmpuint (n_tasks (fixture), ==, 2);

  work_let_go (work);
  settle (fixture);
  assert_log (fixture, "B+");
  end_all (fixture);
}

/* The old one keeps its slot while it ends, and then the new one comes behind those who waited for it. */
static void
test_slot_of_the_old_one (Fixture       *fixture,
                          gconstpointer  unused)
{
  guint n_runs = 0;

  tend_task_manager_set_max_running (fixture->manager, 1);
  add (fixture, "A", TEND_NAME_POLICY_REPLACE);
  settle (fixture);
  register_callback (fixture, "other", count_run, &n_runs);
  settle (fixture);
  add (fixture, "B", TEND_NAME_POLICY_REPLACE);
  tend_clock_advance (fixture->clock, SECOND - 1, NULL);
  g_assert_cmpuint (n_runs, ==, 0);
  tend_clock_advance (fixture->clock, 1, NULL);
  g_assert_cmpuint (n_runs, ==, 1);
  assert_log (fixture, "A+ A! A- B+");
  end_all (fixture);
}

static void
test_paused_before_it_began (Fixture       *fixture,
                             gconstpointer  unused)
{
  TendTask *old = add_delayed (fixture, "A", TEND_NAME_POLICY_REPLACE, SECOND);

  tend_task_pause (old);
  add (fixture, "B", TEND_NAME_POLICY_REPLACE);
  g_assert_cmpuint (n_tasks (fixture), ==, 1);
  settle (fixture);
  assert_log (fixture, "B+");
  end_all (fixture);
}

/* The new one is paused while it waits for the end of the old one: it begins when it goes on. */
static void
test_heir_is_paused (Fixture       *fixture,
                     gconstpointer  unused)
{
  for (gint64 delay = 0; delay <= 3 * SECOND; delay += SECOND)
    {
      TendTask *heir;

      add (fixture, "A", TEND_NAME_POLICY_REPLACE);
      settle (fixture);
      heir = add_delayed (fixture, "B", TEND_NAME_POLICY_REPLACE, delay);
      tend_task_pause (heir);
      tend_clock_advance (fixture->clock, 20 * SECOND, NULL);
      assert_log (fixture, "A+ A! A-");

      tend_task_resume (heir);
      tend_clock_advance (fixture->clock, MAX (0, delay - 1), NULL);
      assert_log (fixture, delay > 0 ? "" : "B+");
      tend_clock_advance (fixture->clock, 1, NULL);
      assert_log (fixture, delay > 0 ? "B+" : "");
      end_all (fixture);
    }
}

/* Paused after its delay has passed, and let go on before or after the old one's end. */
static void
test_heir_is_paused_after_its_delay (Fixture       *fixture,
                                     gconstpointer  unused)
{
  for (guint early = 0; early < 2; early++)
    {
      TendTask *heir;

      add (fixture, "A", TEND_NAME_POLICY_REPLACE);
      settle (fixture);
      heir = add_delayed (fixture, "B", TEND_NAME_POLICY_REPLACE, SECOND / 4);
      tend_clock_advance (fixture->clock, SECOND / 2, NULL);
      tend_task_pause (heir);
      if (early)
        tend_task_resume (heir);
      tend_clock_advance (fixture->clock, SECOND, NULL);
      assert_log (fixture, early ? "A+ A! A- B+" : "A+ A! A-");
      tend_task_resume (heir);
      settle (fixture);
      assert_log (fixture, early ? "" : "B+");
      end_all (fixture);
    }
}

/* --- Running --- */

static void
resume_at_removal_cb (GListModel *model,
                      guint       position,
                      guint       n_removed,
                      guint       n_added,
                      gpointer    heir)
{
  if (n_removed > 0)
    tend_task_resume (heir);
}

/* Let go on in the very moment in which the old one's end lets it begin: it begins once. */
static void
test_heir_goes_on_with_the_end (Fixture       *fixture,
                                gconstpointer  unused)
{
  TendTask *heir;
  gulong handler;

  add (fixture, "A", TEND_NAME_POLICY_REPLACE);
  settle (fixture);
  heir = add_delayed (fixture, "B", TEND_NAME_POLICY_REPLACE, SECOND / 4);
  tend_clock_advance (fixture->clock, SECOND / 2, NULL);
  tend_task_pause (heir);
  handler = g_signal_connect (fixture->manager, "items-changed", G_CALLBACK (resume_at_removal_cb), heir);

  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "A+ A! A- B+");
  g_signal_handler_disconnect (fixture->manager, handler);
  end_all (fixture);
}

static void
test_every_kind (Fixture       *fixture,
                 gconstpointer  unused)
{
  for (Kind kind = 0; kind < N_KINDS; kind++)
    {
      Work *old = register_work (fixture, kind, NAME);

      work_wait_begun (old);
      add (fixture, "B", TEND_NAME_POLICY_REPLACE);
      assert_log (fixture, "");
      work_wait_gone (old);
      settle (fixture);
      assert_log (fixture, "B+");
      end_all (fixture);
    }
}

static void
test_paused_while_it_runs (Fixture       *fixture,
                           gconstpointer  unused)
{
  TendTask *old = add (fixture, "A", TEND_NAME_POLICY_REPLACE);

  settle (fixture);
  tend_task_pause (old);
  add (fixture, "B", TEND_NAME_POLICY_REPLACE);
  tend_clock_advance (fixture->clock, 2 * SECOND, NULL);
  assert_log (fixture, "A+ A! A- B+");
  end_all (fixture);
}

/* A thread that does not look whether it was cancelled has to return first, however long it takes. */
static void
test_deaf_thread (Fixture       *fixture,
                  gconstpointer  unused)
{
  Work *old = register_work (fixture, THREAD, NAME);

  old->is_deaf = TRUE;
  work_wait_begun (old);
  add (fixture, "B", TEND_NAME_POLICY_REPLACE);
  tend_clock_advance (fixture->clock, 3600 * SECOND, NULL);
  assert_log (fixture, "");

  work_let_go (old);
  work_wait_gone (old);
  settle (fixture);
  assert_log (fixture, "B+");
  end_all (fixture);
}

/* A thread that was stopped has ended, and its name is free: still nobody begins beside it. */
static void
test_stopped_thread (Fixture       *fixture,
                     gconstpointer  unused)
{
  static const TendNamePolicy policies[] = {
    TEND_NAME_POLICY_REJECT, TEND_NAME_POLICY_REPLACE, TEND_NAME_POLICY_KEEP, TEND_NAME_POLICY_QUEUE
  };

  for (guint i = 0; i < G_N_ELEMENTS (policies); i++)
    {
      Work *old = register_work (fixture, THREAD, NAME);

      old->is_deaf = TRUE;
      work_wait_begun (old);
      tend_task_stop (old->task);
      add (fixture, "B", policies[i]);
      tend_clock_advance (fixture->clock, SECOND, NULL);
      assert_log (fixture, "");

      work_let_go (old);
      work_wait_gone (old);
      settle (fixture);
      assert_log (fixture, "B+");
      end_all (fixture);
    }
}

static gboolean
do_nothing (TendTask  *task,
            gpointer   data,
            GError   **error)
{
  return TRUE;
}

static void
test_one_that_refuses_to_end (Fixture       *fixture,
                              gconstpointer  unused)
{
  TendTask *old = register_callback (fixture, NAME, do_nothing, NULL);

  settle (fixture);
  add (fixture, "B", TEND_NAME_POLICY_REPLACE);
  tend_clock_advance (fixture->clock, 3600 * SECOND, NULL);
  assert_log (fixture, "");
  g_assert_cmpint (tend_task_get_status (old), ==, TEND_TASK_STATUS_RUNNING);

  /* Stopping it helps where cancelling did not. */
  tend_task_stop (old);
  settle (fixture);
  assert_log (fixture, "B+");
  end_all (fixture);
}

/* The clean-up fails: that is told, and the new one begins all the same. */
static gboolean
fail_to_clean_up (TendTask  *task,
                  gpointer   data,
                  GError   **error)
{
  g_assert_false (tend_sleep (SECOND, NULL));
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, "clean-up failed");
  return FALSE;
}

static void
failed_cb (TendTaskManager *manager,
           TendTask        *task,
           const GError    *error,
           gpointer         data)
{
  note (data, "%s", error->message);
}

static void
test_one_that_fails_to_clean_up (Fixture       *fixture,
                                 gconstpointer  unused)
{
  g_signal_connect (fixture->manager, "task-failed", G_CALLBACK (failed_cb), fixture);
  register_fiber (fixture, NAME, fail_to_clean_up, NULL);
  settle (fixture);
  add (fixture, "B", TEND_NAME_POLICY_REPLACE);
  settle (fixture);
  assert_log (fixture, "clean-up failed B+");
  end_all (fixture);
}

static void
replace_after_end_cb (GObject      *object,
                      GAsyncResult *result,
                      gpointer      data)
{
  tend_task_wait_finish (TEND_TASK (object), result, NULL);
  add (data, "B", TEND_NAME_POLICY_REPLACE);
}

/* One that has ended, and is only remembered for those who wait, is in nobody's way. */
static void
test_one_that_has_ended (Fixture       *fixture,
                         gconstpointer  unused)
{
  TendTask *old = register_callback (fixture, NAME, count_run, NULL);

  tend_task_wait_async (old, NULL, replace_after_end_cb, fixture);
  settle (fixture);
  assert_log (fixture, "B+");
  end_all (fixture);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/task-manager/replace/pending", test_pending);
  add_test ("/tend/task-manager/replace/delayed", test_delayed);
  add_test ("/tend/task-manager/replace/waiting-for-a-slot", test_waiting_for_a_slot);
  add_test ("/tend/task-manager/replace/slot-of-the-old-one", test_slot_of_the_old_one);
  add_test ("/tend/task-manager/replace/paused-before-it-began", test_paused_before_it_began);
  add_test ("/tend/task-manager/replace/heir-is-paused", test_heir_is_paused);
  add_test ("/tend/task-manager/replace/heir-is-paused-after-its-delay", test_heir_is_paused_after_its_delay);
  add_test ("/tend/task-manager/replace/heir-goes-on-with-the-end", test_heir_goes_on_with_the_end);

  add_test ("/tend/task-manager/replace/every-kind", test_every_kind);
  add_test ("/tend/task-manager/replace/paused-while-it-runs", test_paused_while_it_runs);
  add_test ("/tend/task-manager/replace/deaf-thread", test_deaf_thread);
  add_test ("/tend/task-manager/replace/stopped-thread", test_stopped_thread);
  add_test ("/tend/task-manager/replace/one-that-refuses-to-end", test_one_that_refuses_to_end);
  add_test ("/tend/task-manager/replace/one-that-fails-to-clean-up", test_one_that_fails_to_clean_up);
  add_test ("/tend/task-manager/replace/one-that-has-ended", test_one_that_has_ended);

  return g_test_run ();
}
