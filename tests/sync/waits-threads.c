// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Semaphores, events and conditions, and other threads: the last reference goes there while the own thread runs, waits
// are cancelled there, and nothing else is allowed there.

#include "../support/rounds.h"

static GThread *home;
static int has_ended;           /* atomic */
static gpointer handed;         /* atomic; an object, with the reference to drop */

static void
iterate_until (const guint *count,
               guint        n)
{
  while (*count < n)
    if (!g_main_context_iteration (NULL, FALSE))
      g_thread_yield ();
}

static void
end_thread (GThread *thread)
{
  g_atomic_int_set (&has_ended, TRUE);
  g_thread_join (thread);
  g_atomic_int_set (&has_ended, FALSE);
  for (guint i = 0; i < 10; i++)
    g_main_context_iteration (NULL, FALSE);
}

/* --- The last reference --- */

static gpointer
drop_thread (gpointer data)
{
  while (!g_atomic_int_get (&has_ended))
    {
      gpointer object = g_atomic_pointer_exchange (&handed, NULL);

      if (object == NULL)
        g_thread_yield ();
      g_clear_object (&object);
    }

  return NULL;
}

static void
gone_cb (gpointer data)
{
  if (g_thread_self () != home)
    g_error ("an object was finalized in another thread");
  ++*(guint *) data;
}

static gpointer
watch (gpointer  object,
       guint    *n_gone)
{
  g_object_set_qdata_full (object, g_quark_from_static_string ("tend-test-gone"), n_gone, gone_cb);
  return object;
}

static void
acquired_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (g_thread_self () == home);
  if (tend_semaphore_acquire_finish (TEND_SEMAPHORE (source), result, &error))
    tend_semaphore_release (TEND_SEMAPHORE (source));
  else
    g_assert_nonnull (error);
  ++*(guint *) user_data;
}

static gboolean
hold_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  return tend_semaphore_try_acquire (user_data) && tend_yield (error);
}

/* The holder gives its permit back while the semaphore is on its way home. */
static void
test_semaphore_dropped_elsewhere (void)
{
  Rounds rounds = rounds_begin (100000, G_MAXUINT);
  GThread *thread = g_thread_new ("drop", drop_thread, NULL);
  guint n_acquired = 0, n_gone = 0;

  while (rounds_next (&rounds))
    {
      TendSemaphore *semaphore = watch (tend_semaphore_new (1), &n_gone);
      g_autoptr(TendTask) holder = tend_task_run_fiber ("holder", hold_body, semaphore, NULL);

      tend_semaphore_acquire_async (semaphore, NULL, acquired_cb, &n_acquired);
      tend_semaphore_acquire_async (semaphore, NULL, acquired_cb, &n_acquired);
      g_atomic_pointer_set (&handed, semaphore);
      iterate_until (&n_acquired, 2 * rounds.n);
      iterate_until (&n_gone, rounds.n);
    }
  end_thread (thread);
}

static void
waited_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  gboolean ok;

  g_assert_true (g_thread_self () == home);
  if (TEND_IS_EVENT (source))
    ok = tend_event_wait_finish (TEND_EVENT (source), result, &error);
  else
    ok = tend_condition_wait_finish (TEND_CONDITION (source), result, &error);
  g_assert_true (ok == (error == NULL));
  ++*(guint *) user_data;
}

static void
test_event_and_condition_dropped_elsewhere (void)
{
  Rounds rounds = rounds_begin (100000, G_MAXUINT);
  GThread *thread = g_thread_new ("drop", drop_thread, NULL);
  guint n_waited = 0, n_gone = 0;

  while (rounds_next (&rounds))
    {
      TendEvent *event = watch (tend_event_new (), &n_gone);
      TendCondition *condition = watch (tend_condition_new (), &n_gone);

      tend_event_wait_async (event, NULL, waited_cb, &n_waited);
      if (rounds.n % 2 == 0)
        tend_event_set (event);
      g_atomic_pointer_set (&handed, event);
      iterate_until (&n_waited, 2 * rounds.n - 1);
      iterate_until (&n_gone, 2 * rounds.n - 1);

      tend_condition_wait_async (condition, NULL, waited_cb, &n_waited);
      if (rounds.n % 2 == 0)
        tend_condition_notify_one (condition);
      g_atomic_pointer_set (&handed, condition);
      iterate_until (&n_waited, 2 * rounds.n);
      iterate_until (&n_gone, 2 * rounds.n);
    }
  end_thread (thread);
}

/* --- Cancelling --- */

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

/* The permit was on its way to the wait that is cancelled, or has come too late to be. */
static void
test_permit_of_a_cancelled_wait (void)
{
  Rounds rounds = rounds_begin (100000, G_MAXUINT);
  TendSemaphore *semaphore = tend_semaphore_new (1);
  GThread *thread = g_thread_new ("cancel", cancel_thread, NULL);
  guint n_acquired = 0;

  while (rounds_next (&rounds))
    {
      GCancellable *cancellable = g_cancellable_new ();

      g_assert_true (tend_semaphore_try_acquire (semaphore));
      tend_semaphore_acquire_async (semaphore, cancellable, acquired_cb, &n_acquired);
      tend_semaphore_acquire_async (semaphore, NULL, acquired_cb, &n_acquired);
      g_atomic_pointer_set (&handed, cancellable);
      tend_semaphore_release (semaphore);
      iterate_until (&n_acquired, 2 * rounds.n);
      g_assert_cmpuint (tend_semaphore_get_n_available (semaphore), ==, 1);
    }
  end_thread (thread);
  g_assert_finalize_object (semaphore);
}

typedef struct
{
  guint n_over;
  guint n_notified;
} Waits;

static void
notified_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Waits *waits = user_data;

  waits->n_over++;
  if (tend_condition_wait_finish (TEND_CONDITION (source), result, NULL))
    waits->n_notified++;
}

/* The notification goes to one of the two in every case. */
static void
test_notification_of_a_cancelled_wait (void)
{
  Rounds rounds = rounds_begin (100000, G_MAXUINT);
  TendCondition *condition = tend_condition_new ();
  GThread *thread = g_thread_new ("cancel", cancel_thread, NULL);

  while (rounds_next (&rounds))
    {
      GCancellable *cancellable = g_cancellable_new ();
      Waits waits = { 0, 0 };

      tend_condition_wait_async (condition, cancellable, notified_cb, &waits);
      tend_condition_wait_async (condition, NULL, notified_cb, &waits);
      g_atomic_pointer_set (&handed, cancellable);
      tend_condition_notify_one (condition);
      iterate_until (&waits.n_notified, 1);
      tend_condition_notify_all (condition);
      iterate_until (&waits.n_over, 2);
    }
  end_thread (thread);
  g_assert_finalize_object (condition);
}

/* --- What is not allowed --- */

static gpointer
misuse_thread (gpointer data)
{
  gpointer *objects = data;

  g_assert_false (tend_semaphore_try_acquire (objects[0]));
  tend_semaphore_release (objects[0]);
  g_assert_false (tend_semaphore_acquire (objects[0], NULL));
  tend_semaphore_acquire_async (objects[0], NULL, NULL, NULL);
  tend_event_set (objects[1]);
  g_assert_false (tend_event_wait (objects[1], NULL));
  tend_condition_notify_one (objects[2]);
  g_assert_false (tend_condition_wait (objects[2], NULL));
  return NULL;
}

static void
test_other_threads (void)
{
  g_autoptr(TendSemaphore) semaphore = tend_semaphore_new (1);
  g_autoptr(TendEvent) event = tend_event_new ();
  g_autoptr(TendCondition) condition = tend_condition_new ();
  gpointer objects[] = { semaphore, event, condition };

  /* What runs the context owns it. */
  g_assert_true (tend_semaphore_try_acquire (semaphore));
  tend_semaphore_release (semaphore);
  g_main_context_iteration (NULL, FALSE);

  for (guint i = 0; i < 8; i++)
    g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, "*tend_loop_is_mine*");
  g_thread_join (g_thread_new ("misuse", misuse_thread, objects));
  g_test_assert_expected_messages ();
  g_assert_cmpuint (tend_semaphore_get_n_available (semaphore), ==, 1);
  g_assert_false (tend_event_is_set (event));
}

static gboolean
foreign_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  gpointer *objects = user_data;
  g_autoptr(GError) failure = NULL;

  g_assert_false (tend_semaphore_acquire (objects[0], &failure));
  g_assert_error (failure, TEND_ERROR, TEND_ERROR_WRONG_THREAD);
  g_clear_error (&failure);
  g_assert_false (tend_event_wait (objects[1], &failure));
  g_assert_error (failure, TEND_ERROR, TEND_ERROR_WRONG_THREAD);
  g_clear_error (&failure);
  g_assert_false (tend_condition_wait (objects[2], &failure));
  g_assert_error (failure, TEND_ERROR, TEND_ERROR_WRONG_THREAD);
  return TRUE;
}

/* A fiber of another main context, which the same thread runs. */
static void
test_other_context (void)
{
  g_autoptr(TendSemaphore) semaphore = tend_semaphore_new (1);
  g_autoptr(TendEvent) event = tend_event_new ();
  g_autoptr(TendCondition) condition = tend_condition_new ();
  gpointer objects[] = { semaphore, event, condition };
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(TendTask) task = NULL;

  g_main_context_push_thread_default (context);
  task = tend_task_run_fiber ("foreign", foreign_body, objects, NULL);
  while (!tend_task_is_finished (task))
    g_main_context_iteration (context, FALSE);
  g_main_context_pop_thread_default (context);
  g_assert_no_error (tend_task_get_error (task));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  home = g_thread_self ();

  g_test_add_func ("/tend/waits/threads/semaphore-dropped-elsewhere", test_semaphore_dropped_elsewhere);
  g_test_add_func ("/tend/waits/threads/event-and-condition-dropped-elsewhere",
                   test_event_and_condition_dropped_elsewhere);
  g_test_add_func ("/tend/waits/threads/permit-of-a-cancelled-wait", test_permit_of_a_cancelled_wait);
  g_test_add_func ("/tend/waits/threads/notification-of-a-cancelled-wait", test_notification_of_a_cancelled_wait);
  g_test_add_func ("/tend/waits/threads/other-threads", test_other_threads);
  g_test_add_func ("/tend/waits/threads/other-context", test_other_context);

  return g_test_run ();
}
