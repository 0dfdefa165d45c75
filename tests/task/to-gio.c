// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The bridge from a task to a GTask.

#include "common.h"

#include <gio/gio.h>

/* What the callback of the GTask has found. */
typedef struct
{
  GTask *result;    /* a reference */
  int    n_calls;
} Answer;

static void
answer_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Answer *answer = user_data;

  answer->n_calls++;
  g_set_object (&answer->result, G_TASK (result));
}

/* A GTask that ends as @task does; nobody but the bridge has a reference. */
static void
bridge (TendTask     *task,
        GCancellable *cancellable,
        Answer       *answer)
{
  g_autoptr(GTask) to = g_task_new (NULL, cancellable, answer_cb, answer);

  g_task_set_check_cancellable (to, FALSE);
  tend_task_return_to_task (task, to);
}

/* The callback has come once, and nothing else has the GTask. */
#define assert_answered(answer) \
  do \
    { \
      settle (); \
      g_assert_cmpint ((answer)->n_calls, ==, 1); \
      g_assert_nonnull ((answer)->result); \
    } \
  while (0)

#define assert_answered_error(answer, domain, code) \
  do \
    { \
      g_autoptr(GError) answered = NULL; \
      assert_answered (answer); \
      g_assert_false (g_task_propagate_boolean ((answer)->result, &answered)); \
      g_assert_error (answered, domain, code); \
      g_assert_finalize_object (g_steal_pointer (&(answer)->result)); \
    } \
  while (0)

static TendTask *
open_task (void)
{
  return tend_task_run_open ("bridged", idle_body, NULL, NULL);
}

/* --- Results --- */

static void
test_nothing (void)
{
  g_autoptr(TendTask) task = open_task ();
  Answer answer = { 0 };
  g_autoptr(GError) error = NULL;

  bridge (task, NULL, &answer);
  settle ();
  g_assert_cmpint (answer.n_calls, ==, 0);

  tend_task_return_value (task, NULL);
  g_assert_cmpint (answer.n_calls, ==, 0);
  assert_answered (&answer);
  g_assert_true (g_task_propagate_boolean (answer.result, &error));
  g_assert_no_error (error);
  g_assert_finalize_object (g_steal_pointer (&answer.result));
  assert_gone (task);
}

static void
test_boolean (void)
{
  for (gboolean value = FALSE; value <= TRUE; value++)
    {
      g_autoptr(TendTask) task = open_task ();
      Answer answer = { 0 };
      g_autoptr(GError) error = NULL;

      bridge (task, NULL, &answer);
      tend_task_return_boolean (task, value);
      assert_answered (&answer);
      g_assert_true (g_task_propagate_boolean (answer.result, &error) == value);
      g_assert_no_error (error);
      g_assert_finalize_object (g_steal_pointer (&answer.result));
      assert_gone (task);
    }
}

static void
test_integers (void)
{
  static const GType types[] = {
    G_TYPE_CHAR, G_TYPE_UCHAR, G_TYPE_INT, G_TYPE_UINT, G_TYPE_LONG, G_TYPE_ULONG, G_TYPE_INT64, G_TYPE_UINT64,
  };

  for (gsize i = 0; i <= G_N_ELEMENTS (types) + 1; i++)
    {
      g_autoptr(TendTask) task = open_task ();
      g_auto(GValue) number = G_VALUE_INIT;
      g_auto(GValue) value = G_VALUE_INIT;
      Answer answer = { 0 };
      g_autoptr(GError) error = NULL;

      if (i < G_N_ELEMENTS (types))
        {
          g_value_init (&number, G_TYPE_INT);
          g_value_set_int (&number, 4);
          g_value_init (&value, types[i]);
          g_assert_true (g_value_transform (&number, &value));
        }
      else if (i == G_N_ELEMENTS (types))
        {
          g_value_init (&value, TEND_TYPE_TASK_STATUS);
          g_value_set_enum (&value, 4);
        }
      else
        {
          g_value_init (&value, G_TYPE_APPLICATION_FLAGS);
          g_value_set_flags (&value, 4);
        }

      bridge (task, NULL, &answer);
      tend_task_return_value (task, &value);
      assert_answered (&answer);
      g_assert_cmpint (g_task_propagate_int (answer.result, &error), ==, 4);
      g_assert_no_error (error);
      g_assert_finalize_object (g_steal_pointer (&answer.result));
      assert_gone (task);
    }
}

/* The caller has its own copy or reference, also of what nobody takes. */
static void
test_pointers (void)
{
  for (int is_taken = FALSE; is_taken <= TRUE; is_taken++)
    {
      g_autoptr(TendTask) texts = open_task ();
      g_autoptr(TendTask) objects = open_task ();
      g_autoptr(TendTask) variants = open_task ();
      g_autoptr(GCancellable) object = g_cancellable_new ();
      Answer text_answer = { 0 }, object_answer = { 0 }, variant_answer = { 0 };

      bridge (texts, NULL, &text_answer);
      bridge (objects, NULL, &object_answer);
      bridge (variants, NULL, &variant_answer);
      tend_task_return_string (texts, "text");
      tend_task_return_object (objects, object);
      tend_task_return_variant (variants, g_variant_new_string ("variant"));
      assert_answered (&text_answer);
      assert_answered (&object_answer);
      assert_answered (&variant_answer);

      g_assert_cmpstr (tend_task_get_string (texts), ==, "text");
      g_assert_cmpstr (g_variant_get_string (tend_task_get_variant (variants), NULL), ==, "variant");
      assert_gone (texts);
      assert_gone (objects);
      assert_gone (variants);
      if (is_taken)
        {
          g_autofree char *text = g_task_propagate_pointer (text_answer.result, NULL);
          g_autoptr(GCancellable) taken = g_task_propagate_pointer (object_answer.result, NULL);
          g_autoptr(GVariant) variant = g_task_propagate_pointer (variant_answer.result, NULL);

          g_assert_cmpstr (text, ==, "text");
          g_assert_true (taken == object);
          g_assert_cmpstr (g_variant_get_string (variant, NULL), ==, "variant");
        }
      g_assert_finalize_object (g_steal_pointer (&text_answer.result));
      g_assert_finalize_object (g_steal_pointer (&object_answer.result));
      g_assert_finalize_object (g_steal_pointer (&variant_answer.result));
      g_assert_finalize_object (g_steal_pointer (&object));
    }
}

static void
test_values (void)
{
  g_autoptr(TendTask) doubles = open_task ();
  g_autoptr(TendTask) boxes = open_task ();
  g_auto(GValue) boxed = G_VALUE_INIT;
  g_auto(GValue) number = G_VALUE_INIT;
  g_auto(GValue) bytes = G_VALUE_INIT;
  Answer double_answer = { 0 }, box_answer = { 0 };

  g_value_init (&boxed, G_TYPE_BYTES);
  g_value_take_boxed (&boxed, g_bytes_new ("bytes", 5));
  bridge (doubles, NULL, &double_answer);
  bridge (boxes, NULL, &box_answer);
  tend_task_return_double (doubles, 0.5);
  tend_task_return_value (boxes, &boxed);
  assert_answered (&double_answer);
  assert_answered (&box_answer);

  g_assert_true (g_task_propagate_value (double_answer.result, &number, NULL));
  g_assert_cmpfloat (g_value_get_double (&number), ==, 0.5);
  g_assert_true (g_task_propagate_value (box_answer.result, &bytes, NULL));
  g_assert_true (g_bytes_equal (g_value_get_boxed (&bytes), g_value_get_boxed (&boxed)));
  g_assert_finalize_object (g_steal_pointer (&double_answer.result));
  g_assert_finalize_object (g_steal_pointer (&box_answer.result));
  assert_gone (doubles);
  assert_gone (boxes);
}

/* The one who takes it frees it, and nobody else. */
static void
test_owned_pointer_moves (void)
{
  g_autoptr(TendTask) task = open_task ();
  Answer answer = { 0 };
  int n_freed = 0;

  bridge (task, NULL, &answer);
  tend_task_return_pointer (task, &n_freed, count_cb);
  assert_answered (&answer);
  g_assert_null (tend_task_get_pointer (task));
  assert_gone (task);
  g_assert_true (g_task_propagate_pointer (answer.result, NULL) == &n_freed);
  g_assert_finalize_object (g_steal_pointer (&answer.result));
  g_assert_cmpint (n_freed, ==, 0);
}

static void
test_owned_pointer_that_nobody_takes (void)
{
  g_autoptr(TendTask) task = open_task ();
  Answer answer = { 0 };
  int n_freed = 0;

  bridge (task, NULL, &answer);
  tend_task_return_pointer (task, &n_freed, count_cb);
  assert_answered (&answer);
  assert_gone (task);
  g_assert_cmpint (n_freed, ==, 0);
  g_assert_finalize_object (g_steal_pointer (&answer.result));
  g_assert_cmpint (n_freed, ==, 1);
}

static void
test_shared_pointer_stays (void)
{
  g_autoptr(TendTask) task = open_task ();
  g_auto(GValue) copy = G_VALUE_INIT;
  Answer answer = { 0 };
  int n_freed = 0;

  tend_task_return_pointer (task, &n_freed, count_cb);
  g_value_init (&copy, G_VALUE_TYPE (tend_task_get_result (task, NULL)));
  g_value_copy (tend_task_get_result (task, NULL), &copy);
  bridge (task, NULL, &answer);
  assert_answered_error (&answer, TEND_ERROR, TEND_ERROR_STATE);
  g_assert_true (tend_task_get_pointer (task) == &n_freed);
  assert_gone (task);
  g_assert_cmpint (n_freed, ==, 0);
  g_value_unset (&copy);
  g_assert_cmpint (n_freed, ==, 1);
}

static void
test_plain_pointer_is_shared (void)
{
  g_autoptr(TendTask) task = open_task ();
  Answer first = { 0 }, second = { 0 };

  bridge (task, NULL, &first);
  bridge (task, NULL, &second);
  tend_task_return_pointer (task, &first, NULL);
  assert_answered (&first);
  assert_answered (&second);
  g_assert_true (g_task_propagate_pointer (first.result, NULL) == &first);
  g_assert_true (g_task_propagate_pointer (second.result, NULL) == &first);
  g_assert_finalize_object (g_steal_pointer (&first.result));
  g_assert_finalize_object (g_steal_pointer (&second.result));
  assert_gone (task);
}

/* --- Ends --- */

/* Warnings are fatal: an error that nobody has observed would end the test. */
static void
test_error_is_observed (void)
{
  g_autoptr(TendTask) task = open_task ();
  Answer answer = { 0 };

  bridge (task, NULL, &answer);
  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_BUSY, "Too much");
  assert_answered_error (&answer, G_IO_ERROR, G_IO_ERROR_BUSY);
  assert_gone (task);
}

static void
test_ended_before (void)
{
  g_autoptr(TendTask) task = open_task ();
  Answer answer = { 0 };

  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_BUSY, "Too much");
  settle ();
  bridge (task, NULL, &answer);
  g_assert_cmpint (answer.n_calls, ==, 0);
  assert_answered_error (&answer, G_IO_ERROR, G_IO_ERROR_BUSY);
  assert_gone (task);
}

static void
test_cancelled_and_stopped (void)
{
  g_autoptr(TendTask) cancelled = tend_task_run_fiber ("cancelled", sleep_body, NULL, NULL);
  g_autoptr(TendTask) stopped = tend_task_run_fiber ("stopped", sleep_body, NULL, NULL);
  Answer first = { 0 }, second = { 0 };

  bridge (cancelled, NULL, &first);
  bridge (stopped, NULL, &second);
  tend_task_cancel (cancelled);
  tend_task_stop (stopped);
  assert_answered_error (&first, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_answered_error (&second, TEND_ERROR, TEND_ERROR_STOPPED);
  assert_gone (cancelled);
  assert_gone (stopped);
}

static void
test_timed_out (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_fiber ("late", sleep_body, NULL, NULL);
  Answer answer = { 0 };

  bridge (task, NULL, &answer);
  tend_task_set_deadline (task, tend_get_time () + SECOND / 2);
  g_assert_true (tend_clock_advance (clock, SECOND / 2, NULL));
  assert_answered_error (&answer, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_gone (task);
  g_assert_finalize_object (g_steal_pointer (&clock));
}

static void
test_dropped_before_its_start (void)
{
  g_autoptr(TendTask) task = tend_task_new_open ("never", idle_body, NULL, NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Answer answer = { 0 };

  bridge (task, cancellable, &answer);
  settle ();
  g_assert_cmpint (answer.n_calls, ==, 0);
  g_clear_object (&task);
  assert_answered_error (&answer, TEND_ERROR, TEND_ERROR_NOT_STARTED);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
}

static gboolean
shielded_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  g_auto(TendShield) shield = tend_shield_enter ();
  g_auto(TendCall) call = TEND_CALL_INIT;
  GTask *operation;

  /* An operation that ignores its cancellable keeps a stopped fiber. */
  operation = g_task_new (NULL, tend_call_start (&call), tend_call_ready, &call);
  g_task_set_check_cancellable (operation, FALSE);
  *(GTask **) user_data = operation;

  return tend_await_call (&call, error);
}

/* The task ends when it is stopped, and is finished when its body has returned. */
static void
test_waits_until_finished (void)
{
  GTask *operation = NULL;
  g_autoptr(TendTask) task = tend_task_run_fiber ("long", shielded_body, &operation, NULL);
  Answer answer = { 0 }, late = { 0 };

  bridge (task, NULL, &answer);
  tend_task_stop (task);
  bridge (task, NULL, &late);
  settle ();
  assert_status (task, "stopped");
  g_assert_false (tend_task_is_finished (task));
  g_assert_cmpint (answer.n_calls + late.n_calls, ==, 0);

  g_task_return_boolean (operation, TRUE);
  g_object_unref (operation);
  assert_answered_error (&answer, TEND_ERROR, TEND_ERROR_STOPPED);
  assert_answered_error (&late, TEND_ERROR, TEND_ERROR_STOPPED);
  assert_gone (task);
}

static void
waited_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  note ("waited");
}

static void
returned_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  note ("returned");
}

static void
exit_cb (TendTask *task,
         gpointer  user_data)
{
  note ("exit");
}

static void
free_notes (GString *text)
{
  g_string_free (text, TRUE);
}

static void
test_comes_after_those_who_wait (void)
{
  g_autoptr(TendTask) task = open_task ();
  g_autoptr(GTask) to = g_task_new (NULL, NULL, returned_cb, NULL);

  g_clear_pointer (&notes, free_notes);
  tend_task_return_to_task (task, to);
  tend_task_add_exit_handler (task, exit_cb, NULL, NULL);
  tend_task_wait_async (task, NULL, waited_cb, NULL);
  tend_task_return_boolean (task, TRUE);
  settle ();
  assert_notes ("exit waited returned");
  g_assert_finalize_object (g_steal_pointer (&to));
  assert_gone (task);
}

/* --- The cancellable --- */

static void
test_cancellable (void)
{
  g_autoptr(TendTask) task = tend_task_run_fiber ("asked", sleep_body, NULL, NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Answer answer = { 0 };

  bridge (task, cancellable, &answer);
  settle ();
  g_assert_cmpint (answer.n_calls, ==, 0);
  g_cancellable_cancel (cancellable);
  g_assert_true (tend_task_is_cancelling (task));
  assert_answered_error (&answer, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_gone (task);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
}

static void
test_cancelled_before (void)
{
  g_autoptr(TendTask) task = tend_task_new_fiber ("asked", sleep_body, NULL, NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Answer answer = { 0 };

  g_cancellable_cancel (cancellable);
  bridge (task, cancellable, &answer);
  assert_status (task, "cancelled");
  assert_answered_error (&answer, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_gone (task);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
}

/* The body decides: what it has in spite of that is not lost. */
static void
test_cancelled_and_completed (void)
{
  g_autoptr(TendTask) task = open_task ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Answer answer = { 0 };
  g_autoptr(GError) error = NULL;

  bridge (task, cancellable, &answer);
  g_cancellable_cancel (cancellable);
  g_assert_true (tend_task_is_cancelling (task));
  tend_task_return_int (task, 5);
  assert_answered (&answer);
  g_assert_cmpint (g_task_propagate_int (answer.result, &error), ==, 5);
  g_assert_no_error (error);
  g_assert_finalize_object (g_steal_pointer (&answer.result));
  assert_gone (task);
}

static void
test_cancelled_afterwards (void)
{
  g_autoptr(TendTask) task = open_task ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Answer answer = { 0 };

  bridge (task, cancellable, &answer);
  tend_task_return_boolean (task, TRUE);
  assert_answered (&answer);
  g_clear_object (&answer.result);
  g_assert_false (g_signal_has_handler_pending (cancellable, g_signal_lookup ("cancelled", G_TYPE_CANCELLABLE), 0,
                                                TRUE));
  g_cancellable_cancel (cancellable);
  g_assert_false (tend_task_is_cancelling (task));
  assert_gone (task);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
}

static gpointer
cancel_cancellable (gpointer data)
{
  g_cancellable_cancel (data);
  return NULL;
}

static void
test_cancelled_in_another_thread (void)
{
  g_autoptr(TendTask) task = tend_task_run_fiber ("asked", sleep_body, NULL, NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Answer answer = { 0 };

  bridge (task, cancellable, &answer);
  g_thread_join (g_thread_new ("cancel", cancel_cancellable, cancellable));
  g_assert_false (tend_task_is_cancelling (task));
  assert_answered_error (&answer, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_gone (task);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
}

/* The end and the other thread's cancel cross: the GTask ends once, and nothing is left. */
static void
test_cancel_crosses_the_end (void)
{
  int n_rounds = g_test_slow () ? 20000 : 500;

  for (int i = 0; i < n_rounds; i++)
    {
      g_autoptr(TendTask) task = open_task ();
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      Answer answer = { 0 };
      GThread *thread;

      bridge (task, cancellable, &answer);
      thread = g_thread_new ("cancel", cancel_cancellable, cancellable);
      tend_task_return_int (task, 1);
      while (answer.n_calls == 0)
        g_main_context_iteration (NULL, TRUE);
      g_thread_join (thread);
      assert_answered (&answer);
      g_assert_finalize_object (g_steal_pointer (&answer.result));
      assert_gone (task);
      g_assert_finalize_object (g_steal_pointer (&cancellable));
    }
}

#define add(name, func) g_test_add_func ("/tend/task/to-gio/" name, func)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("nothing", test_nothing);
  add ("boolean", test_boolean);
  add ("integers", test_integers);
  add ("pointers", test_pointers);
  add ("values", test_values);
  add ("owned-pointer-moves", test_owned_pointer_moves);
  add ("owned-pointer-that-nobody-takes", test_owned_pointer_that_nobody_takes);
  add ("shared-pointer-stays", test_shared_pointer_stays);
  add ("plain-pointer-is-shared", test_plain_pointer_is_shared);
  add ("error-is-observed", test_error_is_observed);
  add ("ended-before", test_ended_before);
  add ("cancelled-and-stopped", test_cancelled_and_stopped);
  add ("timed-out", test_timed_out);
  add ("dropped-before-its-start", test_dropped_before_its_start);
  add ("waits-until-finished", test_waits_until_finished);
  add ("comes-after-those-who-wait", test_comes_after_those_who_wait);
  add ("cancellable", test_cancellable);
  add ("cancelled-before", test_cancelled_before);
  add ("cancelled-and-completed", test_cancelled_and_completed);
  add ("cancelled-afterwards", test_cancelled_afterwards);
  add ("cancelled-in-another-thread", test_cancelled_in_another_thread);
  add ("cancel-crosses-the-end", test_cancel_crosses_the_end);

  return g_test_run ();
}
