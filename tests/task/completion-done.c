// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A completion notifies at home that it is done, once, while any thread may drop it.

#include "completion.h"
#include "../support/rounds.h"

static GThread *home;

static void
note_done_cb (TendCompletion *completion,
              GParamSpec     *pspec,
              gpointer        unused)
{
  gboolean is_done;

  g_assert_true (g_thread_self () == home);
  g_object_get (completion, "done", &is_done, NULL);
  g_assert_true (is_done == tend_completion_is_done (completion));
  note ("%s:%d", pspec->name, is_done);
}

static TendCompletion *
new_noted (void)
{
  TendCompletion *completion = tend_completion_new (NULL);

  g_signal_connect (completion, "notify", G_CALLBACK (note_done_cb), NULL);
  return completion;
}

static void
set_first (TendCompletion *completion)
{
  g_assert_true (tend_completion_set_int (completion, 1, NULL));
}

static void
cancel (TendCompletion *completion)
{
  tend_task_cancel (tend_completion_get_task (completion));
}

static void
stop (TendCompletion *completion)
{
  tend_task_stop (tend_completion_get_task (completion));
}

static void
return_nothing (TendCompletion *completion)
{
  tend_task_return_value (tend_completion_get_task (completion), NULL);
}

static void
test_each_outcome_is_notified (void)
{
  void (* const outcomes[]) (TendCompletion *) = { set_first, cancel, stop, return_nothing };

  for (guint i = 0; i < G_N_ELEMENTS (outcomes); i++)
    {
      TendCompletion *completion = new_noted ();
      gboolean is_done = TRUE;
      TendTask *task;

      g_object_get (completion, "done", &is_done, NULL);
      g_assert_false (is_done);
      outcomes[i] (completion);
      assert_notes ("done:1");
      g_assert_false (tend_completion_set_value (completion, NULL, NULL));
      settle ();
      assert_notes ("");

      task = drop (completion);
      assert_gone (task);
    }
}

static gpointer
set_thread (gpointer data)
{
  set_first (data);
  return NULL;
}

static void
test_outcome_of_another_thread_is_notified_at_home (void)
{
  TendCompletion *completion = new_noted ();
  TendTask *task;

  in_thread (set_thread, completion);
  g_assert_true (tend_completion_is_done (completion));
  assert_notes ("");
  settle ();
  assert_notes ("done:1");

  task = drop (completion);
  assert_gone (task);
}

static gboolean
set_in_fiber (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  set_first (user_data);
  return TRUE;
}

static void
test_fiber_notifies_on_native_stack (void)
{
  TendCompletion *completion = new_noted ();
  TendTask *task;

  g_object_unref (tend_task_run_fiber ("fiber", set_in_fiber, completion, NULL));
  settle ();
  assert_notes ("done:1");

  task = drop (completion);
  assert_gone (task);
}

static void
unref_cb (TendCompletion *completion,
          GParamSpec     *pspec,
          gpointer        unused)
{
  g_object_unref (completion);
}

static void
test_notified_code_may_drop_it (void)
{
  TendCompletion *completion = new_noted ();
  TendTask *task = g_object_ref (tend_completion_get_task (completion));
  gpointer weak = completion;

  g_object_add_weak_pointer (G_OBJECT (completion), &weak);
  g_signal_connect (completion, "notify::done", G_CALLBACK (unref_cb), NULL);
  tend_task_cancel (task);
  assert_notes ("done:1");
  g_assert_null (weak);
  assert_gone (task);
}

static void
test_drop_is_not_notified (void)
{
  TendCompletion *completion = new_noted ();
  TendTask *task = drop (completion);

  assert_status (task, "failed");
  assert_notes ("");
  g_assert_error (tend_task_get_error (task), TEND_ERROR, TEND_ERROR_NOT_STARTED);
  assert_gone (task);
}

/* --- Another thread drops it --- */

static void
gone_at_home_cb (gpointer  data,
                 GObject  *completion)
{
  g_assert_true (g_thread_self () == home);
  ++*(guint *) data;
}

static gpointer
unref_thread (gpointer data)
{
  g_object_unref (data);
  return NULL;
}

static gpointer
set_and_unref_thread (gpointer data)
{
  set_first (data);
  g_object_unref (data);
  return NULL;
}

static void
forget_notes (void)
{
  if (notes != NULL)
    g_string_free (g_steal_pointer (&notes), TRUE);
}

/* Whether the notification comes before it goes is left open. */
static void
test_it_goes_at_home (void)
{
  GThreadFunc const ways[] = { unref_thread, set_and_unref_thread };

  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      TendCompletion *completion = tend_completion_new (NULL);
      TendTask *task = g_object_ref (tend_completion_get_task (completion));
      guint n_gone = 0;

      g_signal_connect (completion, "notify", G_CALLBACK (note_done_cb), NULL);
      g_object_weak_ref (G_OBJECT (completion), gone_at_home_cb, &n_gone);
      in_thread (ways[i], completion);
      g_assert_cmpuint (n_gone, ==, 0);
      settle ();
      g_assert_cmpuint (n_gone, ==, 1);
      forget_notes ();
      assert_status (task, ways[i] == unref_thread ? "failed" : "completed");
      g_assert_true ((tend_task_get_error (task) != NULL) == (ways[i] == unref_thread));
      assert_gone (task);
    }
}

static gpointer handed;         /* atomic; a completion, with the reference to drop */
static int has_ended;           /* atomic */

static gpointer
drop_thread (gpointer data)
{
  guint n = 0;

  while (!g_atomic_int_get (&has_ended))
    {
      gpointer completion = g_atomic_pointer_exchange (&handed, NULL);

      if (completion == NULL)
        g_thread_yield ();
      else if (n++ % 3 == 0)
        tend_completion_set_int (completion, 1, NULL);
      g_clear_object (&completion);
    }

  return NULL;
}

static void
check_thread_cb (TendCompletion *completion,
                 GParamSpec     *pspec,
                 gpointer        n_notified)
{
  g_assert_true (g_thread_self () == home);
  ++*(guint *) n_notified;
}

/* Home ends the task, and is about to notify, while the last reference is dropped elsewhere. */
static void
test_race_of_drop_and_end (void)
{
  GThread *thread = g_thread_new ("drop", drop_thread, NULL);
  Rounds rounds = rounds_begin (20000, 1000000);
  guint n_notified = 0, n_gone = 0;

  while (rounds_next (&rounds))
    {
      TendCompletion *completion = tend_completion_new (NULL);
      TendTask *task = g_object_ref (tend_completion_get_task (completion));

      g_signal_connect (completion, "notify::done", G_CALLBACK (check_thread_cb), &n_notified);
      g_object_weak_ref (G_OBJECT (completion), gone_at_home_cb, &n_gone);
      g_atomic_pointer_set (&handed, completion);
      if (rounds.n % 2 == 0)
        while (g_atomic_pointer_get (&handed) != NULL)
          g_thread_yield ();
      tend_task_cancel (task);
      while (n_gone < rounds.n)
        g_main_context_iteration (NULL, FALSE);
      assert_gone (task);
    }

  g_atomic_int_set (&has_ended, TRUE);
  g_thread_join (thread);
  g_test_message ("%u were notified", n_notified);
  g_assert_cmpuint (n_notified, <=, rounds.n);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  home = g_thread_self ();

  g_test_add_func ("/tend/completion/each-outcome-is-notified", test_each_outcome_is_notified);
  g_test_add_func ("/tend/completion/outcome-of-another-thread-is-notified-at-home",
                   test_outcome_of_another_thread_is_notified_at_home);
  g_test_add_func ("/tend/completion/fiber-notifies-on-native-stack", test_fiber_notifies_on_native_stack);
  g_test_add_func ("/tend/completion/notified-code-may-drop-it", test_notified_code_may_drop_it);
  g_test_add_func ("/tend/completion/drop-is-not-notified", test_drop_is_not_notified);
  g_test_add_func ("/tend/completion/goes-at-home", test_it_goes_at_home);
  g_test_add_func ("/tend/completion/race-of-drop-and-end", test_race_of_drop_and_end);

  return g_test_run ();
}
