// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Threads that look at a context's time and let go of its loop, while its own thread has the loop retire.

#include "../support/rounds.h"

static int has_ended;           /* atomic */

static void
end_threads (GThread **threads,
             guint     n)
{
  g_atomic_int_set (&has_ended, TRUE);
  for (guint i = 0; i < n; i++)
    g_thread_join (threads[i]);
  g_atomic_int_set (&has_ended, FALSE);
}

static void
run_dry (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* --- The time --- */

static gpointer
ask_thread (gpointer data)
{
  while (!g_atomic_int_get (&has_ended))
    g_assert_cmpint (tend_get_time (), >, 0);

  return NULL;
}

static gboolean
returning_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  tend_task_return_value (task, NULL);
  return TRUE;
}

/* The context's only loop comes and goes in each round, and what is known of the context with it. */
static void
test_time_may_be_asked_while_the_loop_retires (void)
{
  Rounds rounds = rounds_begin (200000, G_MAXUINT);
  GThread *threads[2];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("ask", ask_thread, NULL);
  while (rounds_next (&rounds))
    {
      g_object_unref (tend_task_run_open ("short", returning_body, NULL, NULL));
      run_dry ();
    }
  end_threads (threads, G_N_ELEMENTS (threads));
}

/* The clock may come and go as well: the time is then the machine's or the clock's, and never anything else. */
static void
test_time_may_be_asked_while_a_clock_comes_and_goes (void)
{
  Rounds rounds = rounds_begin (200000, G_MAXUINT);
  GThread *threads[2];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("ask", ask_thread, NULL);
  while (rounds_next (&rounds))
    {
      g_autoptr(TendClock) clock = tend_clock_freeze (NULL);

      tend_clock_advance (clock, 1, NULL);
    }
  end_threads (threads, G_N_ELEMENTS (threads));
}

/* --- The last use of a loop --- */

static GCancellable *handed;    /* atomic; with a reference */

static gpointer
cancel_thread (gpointer data)
{
  while (!g_atomic_int_get (&has_ended))
    {
      g_autoptr(GCancellable) cancellable = g_atomic_pointer_exchange (&handed, NULL);

      if (cancellable != NULL)
        g_cancellable_cancel (cancellable);
      else
        g_thread_yield ();
    }

  return NULL;
}

static void
given_up_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (tend_task_wait_finish (TEND_TASK (source), result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  *(gboolean *) user_data = TRUE;
}

/* The wait has a use of the loop, which the thread that cancels may be the last to give back. */
static void
test_loop_may_be_let_go_by_another_thread (void)
{
  Rounds rounds = rounds_begin (200000, G_MAXUINT);
  GThread *thread = g_thread_new ("cancel", cancel_thread, NULL);

  while (rounds_next (&rounds))
    {
      TendTask *task = tend_task_new_open (NULL, NULL, NULL, NULL);
      GCancellable *cancellable = g_cancellable_new ();
      gboolean is_over = FALSE;

      tend_task_wait_async (task, cancellable, given_up_cb, &is_over);
      g_atomic_pointer_set (&handed, cancellable);
      while (!is_over)
        if (!g_main_context_iteration (NULL, FALSE))
          g_thread_yield ();
      g_object_unref (task);
      run_dry ();
    }
  end_threads (&thread, 1);
}

/* --- A use that comes as the loop retires --- */

static gpointer
make_thread (gpointer data)
{
  while (!g_atomic_int_get (&has_ended))
    {
      TendTask *task = tend_task_new_open (NULL, NULL, NULL, NULL);

      g_atomic_int_inc ((int *) data);
      tend_task_stop (task);
      g_object_unref (task);
      g_thread_yield ();
    }

  return NULL;
}

/* A worker without a context of its own makes tasks of the default one, whose loop is about to go each time. */
static void
test_loop_may_be_wanted_while_it_retires (void)
{
  Rounds rounds = rounds_begin (G_MAXUINT, G_MAXUINT);
  int n_made = 0;
  GThread *thread = g_thread_new ("make", make_thread, &n_made);

  while (rounds_next (&rounds) || g_atomic_int_get (&n_made) == 0)
    if (!g_main_context_iteration (NULL, FALSE))
      g_thread_yield ();
  end_threads (&thread, 1);
  run_dry ();
}

/* --- The first use of the library --- */

static gpointer
first_thread (gpointer data)
{
  g_assert_true (tend_task_is_running (tend_task_get_current ()));
  g_atomic_int_set (&has_ended, TRUE);
  g_main_context_wakeup (NULL);
  return NULL;
}

/* A thread has the main part's task made, with the default context's loop, which it then lets go of. */
static void
first_use (void)
{
  GThread *thread = g_thread_new ("first", first_thread, NULL);

  while (!g_atomic_int_get (&has_ended))
    g_main_context_iteration (NULL, FALSE);
  g_thread_join (thread);
  run_dry ();
}

static void
test_first_use_may_be_in_another_thread (void)
{
  Rounds rounds = rounds_begin (20, 500);

  if (g_test_subprocess ())
    {
      first_use ();
      return;
    }

  while (rounds_next (&rounds))
    {
      g_test_trap_subprocess (NULL, 0, 0);
      g_test_trap_assert_passed ();
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/loop/first-use-may-be-in-another-thread", test_first_use_may_be_in_another_thread);
  g_test_add_func ("/tend/loop/time-may-be-asked-while-the-loop-retires",
                   test_time_may_be_asked_while_the_loop_retires);
  g_test_add_func ("/tend/loop/time-may-be-asked-while-a-clock-comes-and-goes",
                   test_time_may_be_asked_while_a_clock_comes_and_goes);
  g_test_add_func ("/tend/loop/may-be-let-go-by-another-thread", test_loop_may_be_let_go_by_another_thread);
  g_test_add_func ("/tend/loop/may-be-wanted-while-it-retires", test_loop_may_be_wanted_while_it_retires);

  return g_test_run ();
}
