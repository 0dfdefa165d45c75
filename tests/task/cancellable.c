// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The cancellable: parents, time, reason and handlers, and what it does to a task.

#include "common.h"

static gboolean
is_cancelled (gpointer cancellable)
{
  return g_cancellable_is_cancelled (cancellable);
}

static void
assert_reason (TendCancellable *cancellable,
               const char      *expected)
{
  g_autofree char *reason = tend_cancellable_dup_reason (cancellable);

  g_assert_cmpstr (reason, ==, expected);
}

static void
assert_error_ends (const GError *error,
                   const char   *text)
{
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (g_str_has_suffix (error->message, text));
}

/* No child is known to @parent any more. */
static void
assert_childless (gpointer parent)
{
  g_assert_false (g_signal_has_handler_pending (parent, g_signal_lookup ("cancelled", G_TYPE_CANCELLABLE), 0, TRUE));
}

static void
note_handler_cb (TendCancellable *cancellable,
                 gpointer         user_data)
{
  g_assert_true (is_cancelled (cancellable));
  note ("%s", (const char *) user_data);
}

static gpointer
cancel_cancellable_thread (gpointer data)
{
  g_cancellable_cancel (data);
  return NULL;
}

static gpointer
unref_thread (gpointer data)
{
  g_object_unref (data);
  return NULL;
}

/* --- Once --- */

static void
test_cancels_once (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();

  tend_cancellable_add_handler (cancellable, note_handler_cb, (gpointer) "a", NULL);
  g_assert_false (is_cancelled (cancellable));
  g_cancellable_cancel (G_CANCELLABLE (cancellable));
  g_assert_true (is_cancelled (cancellable));
  g_cancellable_cancel (G_CANCELLABLE (cancellable));
  tend_cancellable_cancel_with_reason (cancellable, "too late");
  settle ();
  assert_notes ("a");
  assert_reason (cancellable, NULL);
  g_assert_finalize_object (cancellable);
}

static void
test_sets_an_error_iff_cancelled (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();
  g_autoptr(GError) error = NULL;

  g_assert_false (tend_cancellable_set_error_if_cancelled (cancellable, &error));
  g_assert_no_error (error);
  g_cancellable_cancel (G_CANCELLABLE (cancellable));
  g_assert_true (tend_cancellable_set_error_if_cancelled (cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpstr (error->message, ==, "The operation was cancelled");
  g_assert_true (tend_cancellable_set_error_if_cancelled (cancellable, NULL));
  g_assert_finalize_object (cancellable);
}

/* --- Handlers --- */

static void
test_handlers_run_in_order_after_the_cancel (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();

  tend_cancellable_add_handler (cancellable, note_handler_cb, (gpointer) "a", NULL);
  tend_cancellable_add_handler (cancellable, note_handler_cb, (gpointer) "b", NULL);
  tend_cancellable_add_handler (cancellable, note_handler_cb, (gpointer) "c", NULL);
  g_cancellable_cancel (G_CANCELLABLE (cancellable));
  assert_notes ("");
  settle ();
  assert_notes ("a b c");
  g_assert_finalize_object (cancellable);
}

static void
test_handler_added_late_runs_soon (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();

  g_cancellable_cancel (G_CANCELLABLE (cancellable));
  g_assert_cmpuint (tend_cancellable_add_handler (cancellable, note_handler_cb, (gpointer) "late", NULL), ==, 0);
  tend_cancellable_add_handler (cancellable, note_handler_cb, (gpointer) "later", NULL);
  assert_notes ("");
  settle ();
  assert_notes ("late later");
  g_assert_finalize_object (cancellable);
}

static void
test_removing_none_does_nothing (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();
  gulong id;

  tend_cancellable_remove_handler (cancellable, 0);
  tend_cancellable_remove_handler (cancellable, 12345);
  id = tend_cancellable_add_handler (cancellable, note_handler_cb, (gpointer) "a", NULL);
  tend_cancellable_remove_handler (cancellable, id + 1);
  tend_cancellable_remove_handler (cancellable, id);
  tend_cancellable_remove_handler (cancellable, id);
  g_cancellable_cancel (G_CANCELLABLE (cancellable));
  settle ();
  assert_notes ("");
  g_assert_finalize_object (cancellable);
}

static void
count_handler_cb (TendCancellable *cancellable,
                  gpointer         user_data)
{
  note ("run");
}

/* The data of a handler go once, however the handler goes, and not before it has run. */
static void
test_data_are_destroyed_once (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();
  int n_removed = 0, n_run = 0, n_dropped = 0;
  gulong removed, run;

  removed = tend_cancellable_add_handler (cancellable, count_handler_cb, &n_removed, count_cb);
  run = tend_cancellable_add_handler (cancellable, count_handler_cb, &n_run, count_cb);
  tend_cancellable_remove_handler (cancellable, removed);
  settle ();
  g_assert_cmpint (n_removed, ==, 1);

  g_cancellable_cancel (G_CANCELLABLE (cancellable));
  g_assert_cmpint (n_run, ==, 0);
  settle ();
  assert_notes ("run");
  g_assert_cmpint (n_run, ==, 1);
  tend_cancellable_remove_handler (cancellable, run);
  g_assert_finalize_object (cancellable);

  cancellable = tend_cancellable_new ();
  tend_cancellable_add_handler (cancellable, count_handler_cb, &n_dropped, count_cb);
  g_assert_finalize_object (cancellable);
  settle ();
  assert_notes ("");
  g_assert_cmpint (n_removed, ==, 1);
  g_assert_cmpint (n_run, ==, 1);
  g_assert_cmpint (n_dropped, ==, 1);
}

/* Within a turn of the loop they go at once. */
static gboolean
remove_within_cb (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  TendCancellable *cancellable = tend_cancellable_new ();
  int n_destroyed = 0;
  gulong id = tend_cancellable_add_handler (cancellable, note_handler_cb, &n_destroyed, count_cb);

  tend_cancellable_remove_handler (cancellable, id);
  g_assert_cmpint (n_destroyed, ==, 1);
  tend_cancellable_add_handler (cancellable, note_handler_cb, &n_destroyed, count_cb);
  tend_cancellable_cancel_after (cancellable, SECOND);
  g_assert_finalize_object (cancellable);
  g_assert_cmpint (n_destroyed, ==, 2);
  note ("within");
  return FALSE;
}

static void
test_data_are_destroyed_at_once_within_a_turn (void)
{
  g_autoptr(TendTask) task = tend_task_run (NULL, idle_body, NULL, NULL);

  tend_task_post (task, remove_within_cb, NULL, NULL);
  settle ();
  assert_notes ("within");
  tend_task_stop (task);
  assert_gone (task);
}

static void
test_same_function_twice_is_two_handlers (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();
  gulong first = tend_cancellable_add_handler (cancellable, note_handler_cb, (gpointer) "a", NULL);
  gulong second = tend_cancellable_add_handler (cancellable, note_handler_cb, (gpointer) "a", NULL);

  g_assert_cmpuint (first, !=, second);
  tend_cancellable_add_handler (cancellable, note_handler_cb, (gpointer) "a", NULL);
  tend_cancellable_remove_handler (cancellable, first);
  g_cancellable_cancel (G_CANCELLABLE (cancellable));
  settle ();
  assert_notes ("a a");
  g_assert_finalize_object (cancellable);
}

static gulong ids[3];

static void
remove_all_cb (TendCancellable *cancellable,
               gpointer         user_data)
{
  note ("%s", (const char *) user_data);
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    tend_cancellable_remove_handler (cancellable, ids[i]);
  tend_cancellable_add_handler (cancellable, note_handler_cb, (gpointer) "added", NULL);
}

/* It removes itself and those behind it, and adds one: no lock is held, and nothing waits. */
static void
test_handler_may_remove_handlers (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();

  ids[0] = tend_cancellable_add_handler (cancellable, note_handler_cb, (gpointer) "a", NULL);
  ids[1] = tend_cancellable_add_handler (cancellable, remove_all_cb, (gpointer) "b", NULL);
  ids[2] = tend_cancellable_add_handler (cancellable, note_handler_cb, (gpointer) "c", NULL);
  g_cancellable_cancel (G_CANCELLABLE (cancellable));
  settle ();
  assert_notes ("a b added");
  g_assert_finalize_object (cancellable);
}

static void
remove_in_signal_cb (GCancellable *cancellable,
                     gpointer      user_data)
{
  tend_cancellable_remove_handler (TEND_CANCELLABLE (cancellable), *(gulong *) user_data);
  tend_cancellable_add_handler (TEND_CANCELLABLE (cancellable), note_handler_cb, (gpointer) "added", NULL);
}

/* Within the emission, where g_cancellable_disconnect() would wait for itself. */
static void
test_signal_handler_may_remove_handlers (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();
  gulong id;

  tend_cancellable_add_handler (cancellable, note_handler_cb, (gpointer) "first", NULL);
  id = tend_cancellable_add_handler (cancellable, note_handler_cb, (gpointer) "removed", NULL);
  g_signal_connect (cancellable, "cancelled", G_CALLBACK (remove_in_signal_cb), &id);
  g_cancellable_cancel (G_CANCELLABLE (cancellable));
  settle ();
  assert_notes ("first added");
  g_assert_finalize_object (cancellable);
}

/* Removed after the cancel, before it ran: it does not run. */
static void
test_removed_handler_does_not_run_on_its_way (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();
  gulong id = tend_cancellable_add_handler (cancellable, note_handler_cb, (gpointer) "a", NULL);

  g_cancellable_cancel (G_CANCELLABLE (cancellable));
  tend_cancellable_remove_handler (cancellable, id);
  settle ();
  id = tend_cancellable_add_handler (cancellable, note_handler_cb, (gpointer) "b", NULL);
  assert_notes ("");
  settle ();
  assert_notes ("b");
  g_assert_finalize_object (cancellable);
}

typedef struct
{
  TendCancellable *cancellable;
  GThread         *home;
  int              n_run;
  int              n_destroyed;
} AtHome;

static void
run_at_home_cb (TendCancellable *cancellable,
                gpointer         user_data)
{
  AtHome *at_home = user_data;

  g_assert_true (g_thread_self () == at_home->home);
  g_assert_true (cancellable == at_home->cancellable);
  at_home->n_run++;
}

static void
destroy_at_home_cb (gpointer data)
{
  AtHome *at_home = data;

  g_assert_true (g_thread_self () == at_home->home);
  at_home->n_destroyed++;
}

/* Whoever cancels, drops or removes: the function and its data see one thread only. */
static void
test_handler_runs_where_it_was_added (void)
{
  AtHome at_home = { tend_cancellable_new (), g_thread_self (), 0, 0 };

  tend_cancellable_add_handler (at_home.cancellable, run_at_home_cb, &at_home, destroy_at_home_cb);
  tend_cancellable_add_handler (at_home.cancellable, run_at_home_cb, &at_home, destroy_at_home_cb);
  in_thread (cancel_cancellable_thread, at_home.cancellable);
  g_assert_cmpint (at_home.n_run, ==, 0);
  settle ();
  g_assert_cmpint (at_home.n_run, ==, 2);
  g_assert_cmpint (at_home.n_destroyed, ==, 2);
  g_assert_finalize_object (at_home.cancellable);

  at_home.cancellable = tend_cancellable_new ();
  tend_cancellable_add_handler (at_home.cancellable, run_at_home_cb, &at_home, destroy_at_home_cb);
  in_thread (unref_thread, at_home.cancellable);
  settle ();
  g_assert_cmpint (at_home.n_run, ==, 2);
  g_assert_cmpint (at_home.n_destroyed, ==, 3);
}

static gpointer
remove_thread (gpointer data)
{
  tend_cancellable_remove_handler (((AtHome *) data)->cancellable, ids[0]);
  return NULL;
}

static void
test_handler_removed_elsewhere_is_destroyed_at_home (void)
{
  AtHome at_home = { tend_cancellable_new (), g_thread_self (), 0, 0 };

  ids[0] = tend_cancellable_add_handler (at_home.cancellable, run_at_home_cb, &at_home, destroy_at_home_cb);
  in_thread (remove_thread, &at_home);
  g_assert_cmpint (at_home.n_destroyed, ==, 0);
  settle ();
  g_assert_cmpint (at_home.n_run, ==, 0);
  g_assert_cmpint (at_home.n_destroyed, ==, 1);
  g_assert_finalize_object (at_home.cancellable);
}

/* The pattern around an action: added before it, removed after it, whatever came of it. */
static gboolean
run_cancellable (TendCancellable  *cancellable,
                 gboolean          succeeds,
                 GError          **error)
{
  gulong id = tend_cancellable_add_handler (cancellable, note_handler_cb, (gpointer) "on-cancel", NULL);

  settle ();
  tend_cancellable_remove_handler (cancellable, id);
  if (!succeeds)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "The action failed");
  return succeeds;
}

static void
test_handler_lasts_as_long_as_an_action (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();
  g_autoptr(GError) error = NULL;

  g_assert_true (run_cancellable (cancellable, TRUE, &error));
  g_assert_false (run_cancellable (cancellable, FALSE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_cancellable_cancel (G_CANCELLABLE (cancellable));
  settle ();
  assert_notes ("");
  g_assert_true (run_cancellable (cancellable, TRUE, NULL));
  assert_notes ("on-cancel");
  g_assert_finalize_object (cancellable);
}

/* --- The time --- */

static void
test_cancels_after_a_time (void)
{
  TendClock *clock = tend_clock_freeze (NULL);
  TendCancellable *cancellable = tend_cancellable_new ();

  tend_cancellable_add_handler (cancellable, note_handler_cb, (gpointer) "a", NULL);
  tend_cancellable_cancel_after (cancellable, 5 * SECOND);
  tend_clock_advance (clock, 5 * SECOND - 1);
  g_assert_false (is_cancelled (cancellable));
  tend_clock_advance (clock, 1);
  g_assert_true (is_cancelled (cancellable));
  assert_reason (cancellable, "its time of 5 s was up");
  assert_notes ("a");
  g_assert_finalize_object (cancellable);
  g_assert_finalize_object (clock);
}

static void
test_zero_is_the_next_turn (void)
{
  TendClock *clock = tend_clock_freeze (NULL);
  TendCancellable *cancellable = tend_cancellable_new ();

  tend_cancellable_cancel_after (cancellable, 0);
  g_assert_false (is_cancelled (cancellable));
  tend_clock_advance (clock, 0);
  g_assert_true (is_cancelled (cancellable));
  g_assert_finalize_object (cancellable);
  g_assert_finalize_object (clock);
}

static void
test_new_time_replaces_the_old (void)
{
  TendClock *clock = tend_clock_freeze (NULL);
  TendCancellable *cancellable = tend_cancellable_new ();

  tend_cancellable_cancel_after (cancellable, SECOND);
  settle ();
  tend_cancellable_cancel_after (cancellable, 3 * SECOND);
  tend_clock_advance (clock, 2 * SECOND);
  g_assert_false (is_cancelled (cancellable));
  tend_clock_advance (clock, SECOND);
  g_assert_true (is_cancelled (cancellable));
  g_assert_finalize_object (cancellable);

  cancellable = tend_cancellable_new ();
  tend_cancellable_cancel_after (cancellable, 3 * SECOND);
  tend_cancellable_cancel_after (cancellable, SECOND);
  g_assert_cmpint (tend_clock_run_until_idle (clock), ==, SECOND);
  g_assert_true (is_cancelled (cancellable));
  g_assert_finalize_object (cancellable);
  g_assert_finalize_object (clock);
}

static void
test_time_can_be_taken_back (void)
{
  TendClock *clock = tend_clock_freeze (NULL);
  TendCancellable *cancellable = tend_cancellable_new ();

  tend_cancellable_cancel_after (cancellable, SECOND);
  settle ();
  tend_cancellable_cancel_after (cancellable, G_MAXINT64);
  g_assert_cmpint (tend_clock_run_until_idle (clock), ==, 0);
  g_assert_false (is_cancelled (cancellable));
  tend_cancellable_cancel_after (cancellable, G_MAXINT64 - 1);
  tend_clock_advance (clock, 1000 * SECOND);
  g_assert_false (is_cancelled (cancellable));
  g_assert_finalize_object (cancellable);
  g_assert_finalize_object (clock);
}

static void
test_negative_time_is_refused (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();

  expect_critical ("*usec >= 0*");
  tend_cancellable_cancel_after (cancellable, -1);
  g_test_assert_expected_messages ();
  settle ();
  g_assert_false (is_cancelled (cancellable));
  g_assert_finalize_object (cancellable);
}

/* Cancelled by hand, dropped, or in another thread: the loop has nothing left to wait for. */
static void
test_time_leaves_with_its_cancellable (void)
{
  TendClock *clock = tend_clock_freeze (NULL);
  TendCancellable *cancellable = tend_cancellable_new ();

  tend_cancellable_cancel_after (cancellable, SECOND);
  settle ();
  g_cancellable_cancel (G_CANCELLABLE (cancellable));
  g_assert_cmpint (tend_clock_run_until_idle (clock), ==, 0);
  tend_cancellable_cancel_after (cancellable, SECOND);
  g_assert_cmpint (tend_clock_run_until_idle (clock), ==, 0);
  g_assert_finalize_object (cancellable);

  cancellable = tend_cancellable_new ();
  tend_cancellable_cancel_after (cancellable, SECOND);
  settle ();
  in_thread (cancel_cancellable_thread, cancellable);
  g_assert_cmpint (tend_clock_run_until_idle (clock), ==, 0);
  g_assert_finalize_object (cancellable);

  cancellable = tend_cancellable_new ();
  tend_cancellable_cancel_after (cancellable, SECOND);
  settle ();
  g_assert_finalize_object (cancellable);
  g_assert_cmpint (tend_clock_run_until_idle (clock), ==, 0);

  cancellable = tend_cancellable_new ();
  tend_cancellable_cancel_after (cancellable, SECOND);
  settle ();
  in_thread (unref_thread, cancellable);
  g_assert_cmpint (tend_clock_run_until_idle (clock), ==, 0);

  /* Before the loop has heard of it. */
  cancellable = tend_cancellable_new ();
  tend_cancellable_cancel_after (cancellable, SECOND);
  g_assert_finalize_object (cancellable);
  g_assert_cmpint (tend_clock_run_until_idle (clock), ==, 0);
  g_assert_finalize_object (clock);
}

static gpointer
cancel_after_thread (gpointer data)
{
  tend_cancellable_cancel_after (data, SECOND);
  return NULL;
}

/* A thread without a context of its own has the default one, whose loop takes the time. */
static void
test_time_may_be_set_from_another_thread (void)
{
  TendClock *clock = tend_clock_freeze (NULL);
  TendCancellable *cancellable = tend_cancellable_new ();

  in_thread (cancel_after_thread, cancellable);
  g_assert_cmpint (tend_clock_run_until_idle (clock), ==, SECOND);
  g_assert_true (is_cancelled (cancellable));
  g_assert_finalize_object (cancellable);

  cancellable = tend_cancellable_new ();
  in_thread (cancel_after_thread, cancellable);
  tend_cancellable_cancel_after (cancellable, 2 * SECOND);
  g_assert_cmpint (tend_clock_run_until_idle (clock), ==, 2 * SECOND);
  g_assert_finalize_object (cancellable);

  cancellable = tend_cancellable_new ();
  in_thread (cancel_after_thread, cancellable);
  g_assert_finalize_object (cancellable);
  g_assert_cmpint (tend_clock_run_until_idle (clock), ==, 0);
  g_assert_finalize_object (clock);
}

/* --- Parents --- */

static void
test_any_parent_cancels (void)
{
  for (guint i = 0; i < 3; i++)
    {
      TendCancellable *child = tend_cancellable_new ();
      GCancellable *parents[3] = {
        G_CANCELLABLE (tend_cancellable_new ()), g_cancellable_new (), G_CANCELLABLE (tend_cancellable_new ())
      };

      for (guint j = 0; j < 3; j++)
        tend_cancellable_add_parent (child, parents[j]);
      g_assert_false (is_cancelled (child));
      g_cancellable_cancel (parents[i]);
      g_assert_true (is_cancelled (child));
      for (guint j = 0; j < 3; j++)
        {
          g_assert_cmpint (is_cancelled (parents[j]), ==, j == i);
          assert_childless (parents[j]);
          g_assert_finalize_object (parents[j]);
        }
      g_assert_finalize_object (child);
    }
}

/* At no moment is the parent cancelled and the child not, for who looks after the cancelling. */
static void
test_child_and_parent_agree_at_once (void)
{
  TendCancellable *first = tend_cancellable_new ();
  TendCancellable *last = g_object_ref (first);

  for (guint i = 0; i < 50; i++)
    {
      g_autoptr(TendCancellable) parent = last;

      last = tend_cancellable_new ();
      tend_cancellable_add_parent (last, G_CANCELLABLE (parent));
    }
  tend_cancellable_cancel_with_reason (first, "all of it");
  g_assert_true (is_cancelled (last));
  assert_reason (last, "all of it");
  g_assert_finalize_object (last);
  g_assert_finalize_object (first);
}

static void
test_cancelled_parent_cancels_at_once (void)
{
  TendCancellable *child = tend_cancellable_new ();
  TendCancellable *parent = tend_cancellable_new ();
  g_autoptr(GCancellable) plain = g_cancellable_new ();

  tend_cancellable_cancel_with_reason (parent, "the window was closed");
  tend_cancellable_add_parent (child, G_CANCELLABLE (parent));
  g_assert_true (is_cancelled (child));
  assert_reason (child, "the window was closed");
  g_assert_finalize_object (parent);
  g_assert_finalize_object (child);

  child = tend_cancellable_new ();
  g_cancellable_cancel (plain);
  tend_cancellable_add_parent (child, plain);
  g_assert_true (is_cancelled (child));
  assert_reason (child, NULL);
  g_assert_finalize_object (child);
}

static void
test_child_leaves_its_parents_alone (void)
{
  TendCancellable *child = tend_cancellable_new ();
  TendCancellable *parent = tend_cancellable_new ();

  tend_cancellable_add_parent (child, G_CANCELLABLE (parent));
  g_cancellable_cancel (G_CANCELLABLE (child));
  g_assert_false (is_cancelled (parent));
  assert_childless (parent);
  tend_cancellable_add_parent (child, G_CANCELLABLE (parent));
  assert_childless (parent);
  g_assert_finalize_object (parent);
  g_assert_finalize_object (child);
}

/* Without parents it is a cancellable like any other; itself it cannot have for one. */
static void
test_no_parent_is_fine_and_itself_is_refused (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();

  expect_critical ("*parent != G_CANCELLABLE (self)*");
  tend_cancellable_add_parent (cancellable, G_CANCELLABLE (cancellable));
  g_test_assert_expected_messages ();
  g_assert_false (is_cancelled (cancellable));
  g_assert_finalize_object (cancellable);
}

static void
test_same_parent_twice (void)
{
  TendCancellable *child = tend_cancellable_new ();
  TendCancellable *parent = tend_cancellable_new ();

  tend_cancellable_add_parent (child, G_CANCELLABLE (parent));
  tend_cancellable_add_parent (child, G_CANCELLABLE (parent));
  tend_cancellable_cancel_with_reason (parent, "once");
  assert_reason (child, "once");
  g_assert_finalize_object (parent);
  g_assert_finalize_object (child);
}

/* A chain holds together though nobody else has the one in the middle. */
static void
test_child_keeps_its_parents (void)
{
  TendCancellable *first = tend_cancellable_new ();
  TendCancellable *middle = tend_cancellable_new ();
  TendCancellable *last = tend_cancellable_new ();

  tend_cancellable_add_parent (middle, G_CANCELLABLE (first));
  tend_cancellable_add_parent (last, G_CANCELLABLE (middle));
  g_object_unref (middle);
  g_cancellable_cancel (G_CANCELLABLE (first));
  g_assert_true (is_cancelled (last));
  g_assert_finalize_object (last);
  g_assert_finalize_object (first);
}

/* One after the other, they leave nothing behind; with "-m slow" a million of them. */
static void
test_short_lived_children_leave_nothing (void)
{
  g_autoptr(GCancellable) parent = g_cancellable_new ();
  guint n_children = g_test_slow () ? 1000000 : 20000;

  for (guint i = 0; i < n_children; i++)
    {
      TendCancellable *child = tend_cancellable_new ();

      tend_cancellable_add_parent (child, parent);
      g_object_unref (child);
    }
  assert_childless (parent);
}

/* How long it takes to add so many children, and to remove them from the last to the first or so. */
static gint64
time_children (guint    n_children,
               gboolean from_the_end)
{
  g_autoptr(GCancellable) parent = g_cancellable_new ();
  TendCancellable **children = g_new (TendCancellable *, n_children);
  gint64 begin = g_get_monotonic_time ();

  for (guint i = 0; i < n_children; i++)
    {
      children[i] = tend_cancellable_new ();
      tend_cancellable_add_parent (children[i], parent);
    }
  for (guint i = 0; i < n_children; i++)
    g_object_unref (children[from_the_end ? n_children - 1 - i : i]);
  begin = g_get_monotonic_time () - begin;

  assert_childless (parent);
  g_free (children);
  return begin;
}

/* 64 times as many take some 64 times as long: with a list to walk it would be 4096 times. */
static void
test_child_costs_the_same_among_many (void)
{
  for (guint i = 0; i < 2; i++)
    {
      gint64 few = G_MAXINT64;
      gint64 many;

      for (guint j = 0; j < 5; j++)
        few = MIN (few, time_children (500, i));
      many = time_children (32000, i);
      g_test_message ("500: %" G_GINT64_FORMAT " us, 32,000: %" G_GINT64_FORMAT " us", few, many);
      g_assert_cmpint (many, <, few * 1500);
    }
}

typedef struct
{
  GCancellable *parent;
  int           is_over;    /* atomic */
} Storm;

static gpointer
storm_thread (gpointer data)
{
  Storm *storm = data;

  while (!g_atomic_int_get (&storm->is_over))
    {
      g_autoptr(TendCancellable) child = tend_cancellable_new ();

      tend_cancellable_add_parent (child, storm->parent);
      tend_cancellable_cancel_after (child, 0);
    }
  return NULL;
}

/* Children come and go in other threads while their parent is cancelled. */
static void
test_parent_is_cancelled_while_children_come_and_go (void)
{
  for (guint round = 0; round < 30; round++)
    {
      Storm storm = { g_cancellable_new (), FALSE };
      GThread *threads[3];

      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        threads[i] = g_thread_new ("storm", storm_thread, &storm);
      for (guint i = 0; i < 20; i++)
        g_main_context_iteration (NULL, FALSE);
      g_cancellable_cancel (storm.parent);
      g_atomic_int_set (&storm.is_over, TRUE);
      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        g_thread_join (threads[i]);
      settle ();
      assert_childless (storm.parent);
      g_assert_finalize_object (storm.parent);
    }
}

/* --- The reason --- */

static void
test_reason_is_in_the_error (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();
  g_autoptr(GError) error = NULL;

  assert_reason (cancellable, NULL);
  tend_cancellable_cancel_with_reason (cancellable, "the window was closed");
  assert_reason (cancellable, "the window was closed");
  g_assert_true (tend_cancellable_set_error_if_cancelled (cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpstr (error->message, ==, "The operation was cancelled: the window was closed");
  g_assert_finalize_object (cancellable);
}

static void
test_first_reason_stays (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();

  tend_cancellable_cancel_with_reason (cancellable, "first");
  tend_cancellable_cancel_with_reason (cancellable, "second");
  assert_reason (cancellable, "first");
  g_assert_finalize_object (cancellable);
}

/* --- With tasks --- */

static void
test_ends_nothing_by_itself (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();
  g_autoptr(TendTask) task = tend_task_run (NULL, idle_body, cancellable, NULL);

  g_cancellable_cancel (G_CANCELLABLE (cancellable));
  settle ();
  assert_status (task, "running");
  tend_task_return_value (task, NULL);
  assert_gone (task);
  g_assert_finalize_object (cancellable);
}

static void
test_task_has_the_reason (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();
  g_autoptr(TendTask) fiber = tend_task_run_fiber ("fiber", sleep_body, NULL, NULL);
  g_autoptr(TendTask) bare = tend_task_new ("x", NULL, NULL, NULL);
  g_autofree char *expected = NULL;

  tend_task_add_cancellable (fiber, G_CANCELLABLE (cancellable));
  tend_task_add_cancellable (bare, G_CANCELLABLE (cancellable));
  tend_cancellable_cancel_with_reason (cancellable, "the window was closed");
  settle ();
  assert_status (fiber, "cancelled");
  assert_error_ends (tend_task_get_error (fiber), ") was cancelled: the window was closed");
  expected = g_strdup_printf ("Task('x', %" G_GUINT64_FORMAT ") was cancelled: the window was closed",
                              tend_task_get_id (bare));
  g_assert_cmpstr (tend_task_get_error (bare)->message, ==, expected);
  assert_notes ("interrupted");
  assert_gone (fiber);
  assert_gone (bare);
  g_assert_finalize_object (cancellable);
}

static void
test_task_has_the_reason_of_the_parent (void)
{
  TendClock *clock = tend_clock_freeze (NULL);
  TendCancellable *parent = tend_cancellable_new ();
  TendCancellable *child = tend_cancellable_new ();
  g_autoptr(TendTask) fiber = tend_task_run_fiber ("fiber", sleep_body, NULL, NULL);

  tend_cancellable_add_parent (child, G_CANCELLABLE (parent));
  tend_task_add_cancellable (fiber, G_CANCELLABLE (child));
  tend_cancellable_cancel_after (parent, SECOND / 2);
  g_assert_cmpint (tend_clock_run_until_idle (clock), ==, SECOND / 2);
  assert_error_ends (tend_task_get_error (fiber), ") was cancelled: its time of 0.5 s was up");
  assert_notes ("interrupted");
  assert_gone (fiber);
  g_assert_finalize_object (child);
  g_assert_finalize_object (parent);
  g_assert_finalize_object (clock);
}

/* A task's own is one of these. */
static void
test_cancellable_of_a_task_takes_a_reason (void)
{
  g_autoptr(TendTask) fiber = tend_task_run_fiber ("fiber", sleep_body, NULL, NULL);
  TendCancellable *cancellable = TEND_CANCELLABLE (tend_task_get_cancellable (fiber));

  tend_cancellable_cancel_with_reason (cancellable, "enough");
  settle ();
  assert_error_ends (tend_task_get_error (fiber), ") was cancelled: enough");
  assert_notes ("interrupted");
  assert_gone (fiber);
}

/* Cancelled first by hand, it has no reason, though one comes after. */
static void
test_task_cancelled_by_hand_has_no_reason (void)
{
  g_autoptr(TendTask) fiber = tend_task_run_fiber ("fiber", sleep_body, NULL, NULL);
  TendCancellable *cancellable = tend_cancellable_new ();

  tend_task_add_cancellable (fiber, G_CANCELLABLE (cancellable));
  tend_task_get_cancellable (fiber);
  tend_task_cancel (fiber);
  tend_cancellable_cancel_with_reason (cancellable, "too late");
  settle ();
  assert_error_ends (tend_task_get_error (fiber), ") was cancelled");
  assert_notes ("interrupted");
  assert_gone (fiber);
  g_assert_finalize_object (cancellable);
}

/* A sleep that is cancelled rejects at once, and its timer goes: no time passes. */
static void
test_sleep_ends_at_once (void)
{
  TendClock *clock = tend_clock_freeze (NULL);
  TendCancellable *cancellable = tend_cancellable_new ();
  g_autoptr(TendTask) early = NULL;
  g_autoptr(TendTask) late = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);

  tend_task_add_cancellable (late, G_CANCELLABLE (cancellable));
  g_cancellable_cancel (G_CANCELLABLE (cancellable));
  early = tend_task_new_fiber (NULL, sleep_body, NULL, NULL);
  tend_task_add_cancellable (early, G_CANCELLABLE (cancellable));
  tend_task_start (early, NULL);
  g_assert_cmpint (tend_clock_run_until_idle (clock), ==, 0);
  assert_status (late, "cancelled");
  assert_status (early, "cancelled");
  assert_notes ("interrupted interrupted");
  assert_gone (late);
  assert_gone (early);
  g_assert_finalize_object (cancellable);
  g_assert_finalize_object (clock);
}

/* Given to a wait, it ends the wait and not the task; cancelled before, at once. */
static void
test_wait_ends (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();
  g_autoptr(TendTask) task = tend_task_run (NULL, idle_body, NULL, NULL);

  tend_task_wait_async (task, G_CANCELLABLE (cancellable), note_wait_cb, (gpointer) "before");
  settle ();
  assert_notes ("");
  g_cancellable_cancel (G_CANCELLABLE (cancellable));
  settle ();
  assert_notes ("before:io-19");
  tend_task_wait_async (task, G_CANCELLABLE (cancellable), note_wait_cb, (gpointer) "entry");
  assert_notes ("");
  settle ();
  assert_notes ("entry:io-19");
  assert_status (task, "running");
  tend_task_return_value (task, NULL);
  assert_gone (task);
  g_assert_finalize_object (cancellable);
}

static void
load_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  GError **error = user_data;

  g_assert_null (g_file_query_info_finish (G_FILE (source), result, error));
}

/* GIO takes it for what it is. */
static void
test_gio_operation_ends (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();
  g_autoptr(GFile) file = g_file_new_for_path ("/");
  g_autoptr(GError) error = NULL;

  g_cancellable_cancel (G_CANCELLABLE (cancellable));
  g_file_query_info_async (file, "standard::name", G_FILE_QUERY_INFO_NONE, G_PRIORITY_DEFAULT,
                           G_CANCELLABLE (cancellable), load_cb, &error);
  while (error == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  /* GIO's own thread may have it for a moment more. */
  g_object_unref (cancellable);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/cancellable/cancels-once", test_cancels_once);
  g_test_add_func ("/tend/cancellable/sets-an-error-iff-cancelled", test_sets_an_error_iff_cancelled);
  g_test_add_func ("/tend/cancellable/handlers-run-in-order-after-the-cancel",
                   test_handlers_run_in_order_after_the_cancel);
  g_test_add_func ("/tend/cancellable/handler-added-late-runs-soon", test_handler_added_late_runs_soon);
  g_test_add_func ("/tend/cancellable/removing-none-does-nothing", test_removing_none_does_nothing);
  g_test_add_func ("/tend/cancellable/data-are-destroyed-once", test_data_are_destroyed_once);
  g_test_add_func ("/tend/cancellable/data-are-destroyed-at-once-within-a-turn",
                   test_data_are_destroyed_at_once_within_a_turn);
  g_test_add_func ("/tend/cancellable/same-function-twice-is-two-handlers", test_same_function_twice_is_two_handlers);
  g_test_add_func ("/tend/cancellable/handler-may-remove-handlers", test_handler_may_remove_handlers);
  g_test_add_func ("/tend/cancellable/signal-handler-may-remove-handlers", test_signal_handler_may_remove_handlers);
  g_test_add_func ("/tend/cancellable/removed-handler-does-not-run-on-its-way",
                   test_removed_handler_does_not_run_on_its_way);
  g_test_add_func ("/tend/cancellable/handler-runs-where-it-was-added", test_handler_runs_where_it_was_added);
  g_test_add_func ("/tend/cancellable/handler-removed-elsewhere-is-destroyed-at-home",
                   test_handler_removed_elsewhere_is_destroyed_at_home);
  g_test_add_func ("/tend/cancellable/handler-lasts-as-long-as-an-action", test_handler_lasts_as_long_as_an_action);
  g_test_add_func ("/tend/cancellable/cancels-after-a-time", test_cancels_after_a_time);
  g_test_add_func ("/tend/cancellable/zero-is-the-next-turn", test_zero_is_the_next_turn);
  g_test_add_func ("/tend/cancellable/new-time-replaces-the-old", test_new_time_replaces_the_old);
  g_test_add_func ("/tend/cancellable/time-can-be-taken-back", test_time_can_be_taken_back);
  g_test_add_func ("/tend/cancellable/negative-time-is-refused", test_negative_time_is_refused);
  g_test_add_func ("/tend/cancellable/time-leaves-with-its-cancellable", test_time_leaves_with_its_cancellable);
  g_test_add_func ("/tend/cancellable/time-may-be-set-from-another-thread", test_time_may_be_set_from_another_thread);
  g_test_add_func ("/tend/cancellable/any-parent-cancels", test_any_parent_cancels);
  g_test_add_func ("/tend/cancellable/child-and-parent-agree-at-once", test_child_and_parent_agree_at_once);
  g_test_add_func ("/tend/cancellable/cancelled-parent-cancels-at-once", test_cancelled_parent_cancels_at_once);
  g_test_add_func ("/tend/cancellable/child-leaves-its-parents-alone", test_child_leaves_its_parents_alone);
  g_test_add_func ("/tend/cancellable/no-parent-is-fine-and-itself-is-refused",
                   test_no_parent_is_fine_and_itself_is_refused);
  g_test_add_func ("/tend/cancellable/same-parent-twice", test_same_parent_twice);
  g_test_add_func ("/tend/cancellable/child-keeps-its-parents", test_child_keeps_its_parents);
  g_test_add_func ("/tend/cancellable/short-lived-children-leave-nothing", test_short_lived_children_leave_nothing);
  g_test_add_func ("/tend/cancellable/child-costs-the-same-among-many", test_child_costs_the_same_among_many);
  g_test_add_func ("/tend/cancellable/parent-is-cancelled-while-children-come-and-go",
                   test_parent_is_cancelled_while_children_come_and_go);
  g_test_add_func ("/tend/cancellable/reason-is-in-the-error", test_reason_is_in_the_error);
  g_test_add_func ("/tend/cancellable/first-reason-stays", test_first_reason_stays);
  g_test_add_func ("/tend/cancellable/ends-nothing-by-itself", test_ends_nothing_by_itself);
  g_test_add_func ("/tend/cancellable/task-has-the-reason", test_task_has_the_reason);
  g_test_add_func ("/tend/cancellable/task-has-the-reason-of-the-parent", test_task_has_the_reason_of_the_parent);
  g_test_add_func ("/tend/cancellable/cancellable-of-a-task-takes-a-reason", test_cancellable_of_a_task_takes_a_reason);
  g_test_add_func ("/tend/cancellable/task-cancelled-by-hand-has-no-reason", test_task_cancelled_by_hand_has_no_reason);
  g_test_add_func ("/tend/cancellable/sleep-ends-at-once", test_sleep_ends_at_once);
  g_test_add_func ("/tend/cancellable/wait-ends", test_wait_ends);
  g_test_add_func ("/tend/cancellable/gio-operation-ends", test_gio_operation_ends);

  return g_test_run ();
}
