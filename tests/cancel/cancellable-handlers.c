// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The handlers of a cancellable: when and where they run, how they are removed, and what becomes of
// their data.

#include "cancellable.h"

/* --- When they run --- */

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

/* --- Removing --- */

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

/* --- Their data --- */

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
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_post (task, remove_within_cb, NULL, NULL);
  settle ();
  assert_notes ("within");
  tend_task_stop (task);
  assert_gone (task);
}

/* --- At home --- */

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

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

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

  return g_test_run ();
}
