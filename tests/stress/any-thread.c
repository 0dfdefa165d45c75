// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Each function that may be called from any thread is: in each round the home makes an object with timers,
// handlers and those who wait for it, and gives a reference to each of two other threads. The first calls the
// function and drops its reference; the second drops its own meanwhile, or calls the function as well; the home
// drops its own and runs its loop. So the last reference goes in any of the three, with all of it in flight.
// In the end all that the object had has ended once, and at home.
//
// check-any-thread.py looks whether the table has a row for each such function.

#include "rack.h"

#define N_THREADS 2

/* No round takes so long: something in it has got lost. */
#define MAX_SECONDS 30

static Worker *const home = &workers[0];

typedef enum
{
  TASK,             /* of any kind, in any state */
  OPEN_TASK,        /* without a body, and running */
  COMPLETION,
  CANCELLABLE,
  CHANNEL,
} Kind;

typedef struct
{
  const char *name;
  Kind        kind;
  void      (*func) (gpointer object);
  gboolean    is_once;          /* a second call would be a mistake */
} Row;

static const Row *row;          /* constant in a test */
static gpointer handed[N_THREADS];      /* atomic; with a reference each */
static int calls_too;           /* atomic; the second thread calls the function as well */
static int n_done;              /* atomic; threads that are done with the round */
static int is_over;             /* atomic */

/* --- What the functions are called with --- */

static gboolean
post_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  g_assert_true (me == home);
  return TRUE;
}

static void
handler_cb (TendCancellable *cancellable,
            gpointer         user_data)
{
  g_assert_true (me == home);
}

static void
unobserved_cb (const char   *task,
               const GError *error,
               const char   *origin,
               gpointer      user_data)
{
}

static void
use_error (GError *error)
{
  if (error != NULL)
    g_error_free (error);
}

static GError *
new_error (void)
{
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "At random");
}

/* --- The functions --- */

#define CALL(func_, ...) \
  static void \
  call_##func_ (gpointer object) \
  { \
    func_ (__VA_ARGS__); \
  }

/* What is given back is freed by @free_, and what is not needs no more than to be looked at. */
#define CALL_FREE(func_, free_, ...) \
  static void \
  call_##func_ (gpointer object) \
  { \
    free_ (func_ (__VA_ARGS__)); \
  }

static void
see (guint64 value)
{
}

static void
see_pointer (gconstpointer value)
{
}

CALL (tend_task_cancel, object)
CALL (tend_task_stop, object)
CALL (tend_task_pause, object)
CALL (tend_task_resume, object)
CALL_FREE (tend_task_is_paused, see, object)
CALL_FREE (tend_task_get_cancellable, see_pointer, object)
CALL_FREE (tend_task_get_context, see_pointer, object)
CALL_FREE (tend_task_is_owner_thread, g_assert_false, object)
CALL_FREE (tend_task_get_id, see, object)
CALL_FREE (tend_task_get_name, see_pointer, object)
CALL_FREE (tend_task_to_string, g_free, object)
CALL_FREE (tend_task_get_status, see, object)
CALL_FREE (tend_task_is_started, see, object)
CALL_FREE (tend_task_is_running, see, object)
CALL_FREE (tend_task_is_ended, see, object)
CALL_FREE (tend_task_is_cancelling, see, object)
CALL_FREE (tend_task_dup_message, g_free, object)
CALL_FREE (tend_task_get_progress, see, object)
CALL (tend_task_set_progress, object, 0.5, "half")
CALL (tend_task_pulse, object, "going on")
CALL (tend_task_post, object, post_cb, ticket_new ("post", home), ticket_end)
CALL (tend_task_return_value, object, NULL)
CALL (tend_task_return_boolean, object, TRUE)
CALL (tend_task_return_int, object, 1)
CALL (tend_task_return_double, object, 0.5)
CALL (tend_task_return_string, object, "result")
CALL (tend_task_return_variant, object, g_variant_new_int32 (5))
CALL (tend_task_return_pointer, object, ticket_new ("result", home), ticket_end)
CALL (tend_task_return_error, object, new_error ())
CALL (tend_task_return_new_error, object, G_IO_ERROR, G_IO_ERROR_FAILED, "%s", "At random")
CALL_FREE (tend_task_return_error_if_cancelled, see, object)
CALL_FREE (tend_task_get_current, see_pointer)

static void
call_tend_task_return_object (gpointer object)
{
  g_autoptr(GObject) result = g_object_new (G_TYPE_OBJECT, NULL);

  tend_task_return_object (object, result);
}

CALL_FREE (tend_completion_get_task, see_pointer, object)
CALL_FREE (tend_completion_is_done, see, object)
CALL_FREE (tend_completion_new, g_object_unref, NULL)
CALL (tend_completion_set_boolean, object, TRUE, NULL)
CALL (tend_completion_set_int, object, 1, NULL)
CALL (tend_completion_set_string, object, "result", NULL)
CALL (tend_completion_set_cancelled, object, NULL)

static void
call_tend_completion_set_value (gpointer object)
{
  tend_completion_set_value (object, NULL, NULL);
}

static void
call_tend_completion_set_object (gpointer object)
{
  g_autoptr(GObject) result = g_object_new (G_TYPE_OBJECT, NULL);

  tend_completion_set_object (object, result, NULL);
}

static void
call_tend_completion_set_error (gpointer object)
{
  g_autoptr(GError) reason = new_error ();
  GError *error = NULL;

  if (!tend_completion_set_error (object, reason, &error))
    use_error (error);
}

CALL (tend_cancellable_cancel_with_reason, object, "chance")
CALL (tend_cancellable_cancel_after, object, pick (me, 200))
CALL_FREE (tend_cancellable_dup_reason, g_free, object)
CALL_FREE (tend_cancellable_add_handler, see, object, handler_cb, ticket_new ("handler", home), ticket_end)

static void
call_tend_cancellable_new (gpointer object)
{
  g_autoptr(TendCancellable) child = tend_cancellable_new ();

  tend_cancellable_add_parent (child, object);
}

static void
call_tend_cancellable_add_parent (gpointer object)
{
  g_autoptr(GCancellable) parent = g_cancellable_new ();

  tend_cancellable_add_parent (object, parent);
  g_cancellable_cancel (parent);
  g_assert_true (g_cancellable_is_cancelled (object));
}

static void
call_tend_cancellable_set_error_if_cancelled (gpointer object)
{
  GError *error = NULL;

  if (tend_cancellable_set_error_if_cancelled (object, &error))
    use_error (error);
}

static void
call_tend_cancellable_remove_handler (gpointer object)
{
  gulong id = tend_cancellable_add_handler (object, handler_cb, ticket_new ("removed handler", home), ticket_end);

  tend_cancellable_remove_handler (object, id);
}

CALL_FREE (tend_channel_get_capacity, see, object)

/* --- Those without an object --- */

CALL_FREE (tend_get_max_threads, see)
CALL_FREE (tend_get_thread_spin_time, see)
CALL_FREE (tend_get_stack_idle_time, see)
CALL_FREE (tend_get_time, see)
CALL (tend_set_max_threads, pick (me, 4))
CALL (tend_set_thread_spin_time, pick (me, 50))
CALL (tend_set_stack_idle_time, G_TIME_SPAN_SECOND + pick (me, 50))
CALL (tend_set_unobserved_func, unobserved_cb, ticket_new ("unobserved function", NULL), ticket_end)

static void
call_tend_error_list (gpointer object)
{
  g_autoptr(GError) error = new_error ();

  g_ptr_array_unref (tend_error_list (error));
}

#define ROW(func_, kind_, ...) { #func_, kind_, call_##func_, __VA_ARGS__ }

static const Row rows[] = {
  ROW (tend_task_cancel, TASK, FALSE),
  ROW (tend_task_stop, TASK, FALSE),
  ROW (tend_task_pause, OPEN_TASK, FALSE),
  ROW (tend_task_resume, TASK, FALSE),
  ROW (tend_task_is_paused, TASK, FALSE),
  ROW (tend_task_get_cancellable, TASK, FALSE),
  ROW (tend_task_get_context, TASK, FALSE),
  ROW (tend_task_is_owner_thread, TASK, FALSE),
  ROW (tend_task_get_id, TASK, FALSE),
  ROW (tend_task_get_name, TASK, FALSE),
  ROW (tend_task_to_string, TASK, FALSE),
  ROW (tend_task_get_status, TASK, FALSE),
  ROW (tend_task_is_started, TASK, FALSE),
  ROW (tend_task_is_running, TASK, FALSE),
  ROW (tend_task_is_ended, TASK, FALSE),
  ROW (tend_task_is_cancelling, TASK, FALSE),
  ROW (tend_task_get_progress, TASK, FALSE),
  ROW (tend_task_dup_message, TASK, FALSE),
  ROW (tend_task_set_progress, TASK, FALSE),
  ROW (tend_task_pulse, TASK, FALSE),
  ROW (tend_task_post, TASK, FALSE),
  ROW (tend_task_return_value, OPEN_TASK, TRUE),
  ROW (tend_task_return_boolean, OPEN_TASK, TRUE),
  ROW (tend_task_return_int, OPEN_TASK, TRUE),
  ROW (tend_task_return_double, OPEN_TASK, TRUE),
  ROW (tend_task_return_string, OPEN_TASK, TRUE),
  ROW (tend_task_return_variant, OPEN_TASK, TRUE),
  ROW (tend_task_return_object, OPEN_TASK, TRUE),
  ROW (tend_task_return_pointer, OPEN_TASK, TRUE),
  ROW (tend_task_return_error, OPEN_TASK, TRUE),
  ROW (tend_task_return_new_error, OPEN_TASK, TRUE),
  ROW (tend_task_return_error_if_cancelled, OPEN_TASK, TRUE),
  ROW (tend_task_get_current, TASK, FALSE),
  ROW (tend_completion_new, COMPLETION, FALSE),
  ROW (tend_completion_get_task, COMPLETION, FALSE),
  ROW (tend_completion_is_done, COMPLETION, FALSE),
  ROW (tend_completion_set_value, COMPLETION, FALSE),
  ROW (tend_completion_set_boolean, COMPLETION, FALSE),
  ROW (tend_completion_set_int, COMPLETION, FALSE),
  ROW (tend_completion_set_string, COMPLETION, FALSE),
  ROW (tend_completion_set_object, COMPLETION, FALSE),
  ROW (tend_completion_set_error, COMPLETION, FALSE),
  ROW (tend_completion_set_cancelled, COMPLETION, FALSE),
  ROW (tend_cancellable_new, CANCELLABLE, FALSE),
  ROW (tend_cancellable_add_parent, CANCELLABLE, FALSE),
  ROW (tend_cancellable_cancel_after, CANCELLABLE, FALSE),
  ROW (tend_cancellable_cancel_with_reason, CANCELLABLE, FALSE),
  ROW (tend_cancellable_dup_reason, CANCELLABLE, FALSE),
  ROW (tend_cancellable_set_error_if_cancelled, CANCELLABLE, FALSE),
  ROW (tend_cancellable_add_handler, CANCELLABLE, FALSE),
  ROW (tend_cancellable_remove_handler, CANCELLABLE, FALSE),
  ROW (tend_channel_get_capacity, CHANNEL, FALSE),
  ROW (tend_get_max_threads, TASK, FALSE),
  ROW (tend_set_max_threads, TASK, FALSE),
  ROW (tend_get_thread_spin_time, TASK, FALSE),
  ROW (tend_set_thread_spin_time, TASK, FALSE),
  ROW (tend_get_stack_idle_time, TASK, FALSE),
  ROW (tend_set_stack_idle_time, TASK, FALSE),
  ROW (tend_get_time, TASK, FALSE),
  ROW (tend_error_list, TASK, FALSE),
  ROW (tend_set_unobserved_func, OPEN_TASK, FALSE),
};

/* --- The objects --- */

static gboolean
open_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  return TRUE;
}

static gboolean
sleeping_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  return tend_sleep (pick (me, 100), error);
}

static gboolean
thread_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  return TRUE;
}

static gboolean
end_cb (TendTask  *task,
        gpointer   user_data,
        GError   **error)
{
  tend_task_stop (task);
  return FALSE;
}

static gboolean
tick_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  g_assert_true (me == home);
  return TRUE;
}

static void
exit_cb (TendTask *task,
         gpointer  user_data)
{
  g_assert_true (me == home);
}

static void
waited_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  GError *error = NULL;

  ticket_end (user_data);
  if (!tend_task_wait_finish (TEND_TASK (source), result, &error))
    use_error (error);
}

static void
received_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  GError *error = NULL;

  ticket_end (user_data);
  if (tend_channel_receive_finish (TEND_CHANNEL (source), result, &error) == NULL)
    use_error (error);
}

/* Most of them, so that there are some without anything. */
static void
furnish (TendTask *task)
{
  if (pick (me, 4) != 0)
    tend_task_wait_async (task, NULL, waited_cb, ticket_new ("wait", home));
  if (pick (me, 4) != 0)
    tend_task_add_exit_handler (task, exit_cb, ticket_new ("exit handler", home), ticket_end);
  if (pick (me, 4) != 0)
    tend_task_add_timer (task, pick (me, 50), 1 + pick (me, 50), tick_cb, ticket_new ("timer", home), ticket_end);
  if (pick (me, 4) == 0)
    tend_task_set_deadline (task, tend_get_time () + pick (me, 200));
  if (pick (me, 4) == 0)
    ticket_watch (task, "watched task", home);
}

static TendTask *
new_task (void)
{
  Ticket *ticket = ticket_new ("task", home);
  TendTask *task;

  switch (pick (me, 5))
    {
    case 0:
      return tend_task_new_open ("unstarted", open_body, ticket, ticket_end);
    case 1:
      return tend_task_run_fiber (NULL, sleeping_body, ticket, ticket_end);
    case 2:
      return tend_task_run_thread (NULL, thread_body, ticket, ticket_end);
    case 3:
      task = tend_task_run_open ("running", open_body, ticket, ticket_end);
      tend_task_add_timer (task, pick (me, 200), -1, end_cb, ticket_new ("last timer", home), ticket_end);
      return task;
    default:
      return tend_task_new_open (NULL, NULL, ticket, ticket_end);
    }
}

static gpointer
new_object (Kind kind)
{
  g_autoptr(TendTask) task = NULL;
  gpointer object;

  switch (kind)
    {
    case TASK:
    case OPEN_TASK:
      object = kind == TASK ? new_task () : tend_task_new_open (NULL, NULL, ticket_new ("task", home),
                                                                ticket_end);
      if (!tend_task_is_ended (object))
        furnish (object);
      return object;
    case COMPLETION:
      object = tend_completion_new (NULL);
      furnish (tend_completion_get_task (object));
      return object;
    case CANCELLABLE:
      object = tend_cancellable_new ();
      tend_cancellable_add_handler (object, handler_cb, ticket_new ("handler", home), ticket_end);
      tend_cancellable_cancel_after (object, pick (me, 200));
      task = tend_task_new_open (NULL, open_body, ticket_new ("task", home), ticket_end);
      tend_task_add_cancellable (task, object);
      return object;
    case CHANNEL:
      object = tend_channel_new (1);
      ticket_watch (object, "channel", home);
      tend_channel_receive_async (object, NULL, received_cb, ticket_new ("receive", home));
      return object;
    default:
      g_assert_not_reached ();
    }
}

/* --- The threads --- */

static gpointer
call_thread (gpointer data)
{
  guint number = GPOINTER_TO_UINT (data);

  me = &workers[N_HOMES + number];
  while (!g_atomic_int_get (&is_over))
    {
      gpointer object = g_atomic_pointer_exchange (&handed[number], NULL);

      if (object == NULL)
        {
          g_thread_yield ();
          continue;
        }

      if (number == 0 || (g_atomic_int_get (&calls_too) && !row->is_once))
        row->func (object);
      g_object_unref (object);
      g_atomic_int_inc (&n_done);
    }

  return NULL;
}

static void
run_round (void)
{
  gint64 end = g_get_monotonic_time () + MAX_SECONDS * G_TIME_SPAN_SECOND;
  gpointer object = new_object (row->kind);
  guint n_turns = pick (me, 4);

  g_atomic_int_set (&n_done, 0);
  g_atomic_int_set (&calls_too, pick (me, 2) == 0);
  for (guint i = 0; i < N_THREADS; i++)
    g_atomic_pointer_set (&handed[i], g_object_ref (object));

  /* Dropped at once, or a little later. */
  for (guint i = 0; i < n_turns; i++)
    g_main_context_iteration (NULL, FALSE);
  g_object_unref (object);

  while (g_atomic_int_get (&n_done) < N_THREADS || g_atomic_int_get (&home->n_open) > 0)
    {
      if (!g_main_context_iteration (NULL, FALSE))
        g_thread_yield ();
      if (g_get_monotonic_time () > end)
        g_error ("%d things have not ended", g_atomic_int_get (&home->n_open));
    }
}

static void
test_row (gconstpointer data)
{
  guint n_rounds = g_test_slow () ? 3000 : 50;
  GThread *threads[N_THREADS];

  row = data;
  g_atomic_int_set (&is_over, FALSE);
  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("call", call_thread, GUINT_TO_POINTER (i));

  for (guint i = 0; i < n_rounds; i++)
    run_round ();

  g_atomic_int_set (&is_over, TRUE);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);

  tend_set_unobserved_func (unobserved_cb, NULL, NULL);
  tend_set_max_threads (0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < N_WORKERS; i++)
    {
      workers[i].number = i;
      workers[i].seed = (guint32) g_test_rand_int () | 1;
      workers[i].chunks = g_ptr_array_new_with_free_func (g_free);
    }
  me = home;
  home->thread = g_thread_self ();
  home->context = g_main_context_default ();
  tend_set_unobserved_func (unobserved_cb, NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = g_strdup_printf ("/tend/any-thread/%s", rows[i].name);

      g_test_add_data_func (path, &rows[i], test_row);
    }

  return g_test_run ();
}
