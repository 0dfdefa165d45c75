// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tasks one by one, as they end.

#include "common.h"

/* Asks for the next task, lets time go on for it, and gives it, or NULL at the end. */
static TendTask *
take (TendTaskStream *stream)
{
  g_autoptr(TendTask) next = tend_task_stream_next (stream);
  TendTask *task;

  g_assert_true (tend_task_wait_sync (next, NULL));
  task = tend_task_get_object (next);
  assert_gone (next);
  return task;
}

static void
test_gives_tasks_as_they_end (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  gint64 begin = tend_clock_get_time (clock);
  g_autoptr(TendTask) a = task_in (2, complete_body, NULL);
  g_autoptr(TendTask) b = task_in (3, cancel_body, NULL);
  g_autoptr(TendTask) c = task_in (1, fail_body, NULL);
  g_autoptr(TendTaskStream) stream = tend_when_each ((TendTask *[]) { a, b, c }, 3);

  g_assert_cmpuint (tend_task_stream_get_n_left (stream), ==, 3);
  g_assert_true (take (stream) == c);
  g_assert_cmpuint (tend_task_stream_get_n_left (stream), ==, 2);
  g_assert_true (take (stream) == a);
  g_assert_true (take (stream) == b);
  g_assert_cmpint (tend_clock_get_time (clock) - begin, ==, 3 * SECOND);
  g_assert_cmpuint (tend_task_stream_get_n_left (stream), ==, 0);
  g_assert_null (take (stream));
  g_assert_null (take (stream));
  tend_task_get_error (c);
  g_assert_finalize_object (g_steal_pointer (&stream));
  assert_gone (a);
  assert_gone (b);
  assert_gone (c);
}

/* A question that is taken back is forgotten at once, whether or not anything ever ends. */
static void
test_question_is_taken_back (void)
{
  TendTask *task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  TendTaskStream *stream = tend_when_each (&task, 1);
  TendTask *first = tend_task_stream_next (stream);
  TendTask *second = tend_task_stream_next (stream);
  TendTask *third = tend_task_stream_next (stream);

  tend_task_cancel (first);
  assert_gone (first);
  tend_task_stop (third);
  assert_gone (third);

  tend_task_return_value (task, NULL);
  settle ();
  g_assert_true (tend_task_get_object (second) == task);
  assert_gone (second);
  g_assert_finalize_object (stream);
  assert_gone (task);
}

static void
test_without_tasks_ends_at_once (void)
{
  g_autoptr(TendTaskStream) stream = tend_when_each (NULL, 0);

  g_assert_cmpuint (tend_task_stream_get_n_left (stream), ==, 0);
  g_assert_null (take (stream));
  g_assert_finalize_object (g_steal_pointer (&stream));
}

static void
test_ended_tasks_come_first_in_the_order_of_the_list (void)
{
  g_autoptr(TendTask) running = tend_task_new_open (NULL, NULL, NULL, NULL);
  g_autoptr(TendTask) a = tend_task_run_open (NULL, complete_body, NULL, NULL);
  g_autoptr(TendTask) b = tend_task_run_open (NULL, complete_body, NULL, NULL);
  g_autoptr(TendTaskStream) stream = tend_when_each ((TendTask *[]) { b, running, a, b }, 4);

  g_assert_true (take (stream) == b);
  g_assert_true (take (stream) == a);
  g_assert_true (take (stream) == b);
  tend_task_return_int (running, 1);
  g_assert_true (take (stream) == running);
  g_assert_null (take (stream));
  g_assert_finalize_object (g_steal_pointer (&stream));
  assert_gone (a);
  assert_gone (b);
  assert_gone (running);
}

static void
test_copies_the_list (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, complete_body, NULL, NULL);
  TendTask *tasks[] = { task };
  g_autoptr(TendTaskStream) stream = tend_when_each (tasks, 1);

  tasks[0] = NULL;
  g_assert_true (take (stream) == task);
  g_assert_finalize_object (g_steal_pointer (&stream));
  assert_gone (task);
}

static void
note_next_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  TendTask *next = TEND_TASK (source);
  g_autoptr(GError) error = NULL;
  TendTask *task;

  if (!tend_task_wait_finish (next, result, &error))
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      note ("%s:cancelled", (const char *) user_data);
      return;
    }

  task = tend_task_get_object (next);
  note ("%s:%s", (const char *) user_data, task != NULL ? tend_task_get_name (task) : "end");
}

static void
ask (TendTaskStream *stream,
     const char     *note_as)
{
  g_autoptr(TendTask) next = tend_task_stream_next (stream);

  tend_task_wait_async (next, NULL, note_next_cb, (gpointer) note_as);
}

/* Those who ask get their answers in the order of asking. */
static void
test_several_may_ask (void)
{
  g_autoptr(TendTask) a = tend_task_new_open ("a", NULL, NULL, NULL);
  g_autoptr(TendTask) b = tend_task_new_open ("b", NULL, NULL, NULL);
  g_autoptr(TendTaskStream) stream = tend_when_each ((TendTask *[]) { a, b }, 2);

  ask (stream, "1");
  ask (stream, "2");
  ask (stream, "3");
  settle ();
  assert_notes ("");
  tend_task_return_int (b, 1);
  settle ();
  assert_notes ("1:b");
  tend_task_return_int (a, 1);
  settle ();
  assert_notes ("2:a 3:end");
  g_assert_finalize_object (g_steal_pointer (&stream));
  assert_gone (a);
  assert_gone (b);
}

static void
test_a_cancelled_question_takes_nothing (void)
{
  g_autoptr(TendTask) task = tend_task_new_open (NULL, NULL, NULL, NULL);
  g_autoptr(TendTaskStream) stream = tend_when_each (&task, 1);
  g_autoptr(TendTask) first = tend_task_stream_next (stream);
  g_autoptr(TendTask) second = tend_task_stream_next (stream);

  tend_task_cancel (first);
  tend_task_return_int (task, 1);
  settle ();
  assert_status (first, "cancelled");
  g_assert_true (tend_task_get_object (second) == task);
  assert_gone (first);
  assert_gone (second);
  g_assert_finalize_object (g_steal_pointer (&stream));
  assert_gone (task);
}

static void
test_dropping_it_cancels_questions_and_leaves_tasks_alone (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) ended = task_in (1, fail_as_body, "ended");
  g_autoptr(TendTask) running = task_in (3, fail_as_body, "running");
  g_autoptr(TendTaskStream) stream = tend_when_each ((TendTask *[]) { ended, running }, 2);

  tend_set_unobserved_func (note_unobserved_cb, NULL, NULL);
  tend_clock_advance (clock, 2 * SECOND, NULL);
  g_assert_true (take (stream) == ended);
  ask (stream, "1");
  g_assert_finalize_object (g_steal_pointer (&stream));
  settle ();
  assert_notes ("1:cancelled");
  assert_gone (ended);
  assert_notes ("unobserved:ended");
  tend_clock_run_until_idle (clock, NULL);
  assert_gone (running);
  assert_notes ("unobserved:running");
  tend_set_unobserved_func (NULL, NULL, NULL);
}

static gboolean
each_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  g_autoptr(TendTaskStream) stream = tend_when_each (user_data, 3);

  while (TRUE)
    {
      g_autoptr(TendTask) next = tend_task_stream_next (stream);
      TendTask *ended;

      if (!tend_await (next, error))
        return FALSE;
      if ((ended = tend_task_get_object (next)) == NULL)
        break;
      note ("%s", tend_task_get_name (ended));
    }

  note ("end");
  return TRUE;
}

static void
test_is_iterated_in_a_fiber (void)
{
  g_autoptr(TendTask) a = tend_task_new_open ("a", NULL, NULL, NULL);
  g_autoptr(TendTask) b = tend_task_new_open ("b", NULL, NULL, NULL);
  g_autoptr(TendTask) c = tend_task_new_open ("c", NULL, NULL, NULL);
  TendTask *tasks[] = { a, b, c };
  g_autoptr(TendTask) fiber = tend_task_run_fiber (NULL, each_body, tasks, NULL);

  tend_task_return_int (c, 1);
  tend_task_return_int (a, 1);
  settle ();
  assert_notes ("c a");
  tend_task_return_int (b, 1);
  settle ();
  assert_notes ("b end");
  assert_status (fiber, "completed");
  assert_gone (fiber);
  assert_gone (a);
  assert_gone (b);
  assert_gone (c);
}

static gboolean
complete_foreign_cb (gpointer data)
{
  tend_task_return_int (data, 42);
  return G_SOURCE_REMOVE;
}

/* It goes with one task, and what frees that completes the next. */
static void
test_lets_go_of_all_at_once (void)
{
  g_autoptr(TendTask) second = tend_task_new_open (NULL, NULL, NULL, NULL);
  TendTask *first = tend_task_new_open (NULL, NULL, NULL, NULL);
  g_autoptr(TendTaskStream) stream = tend_when_each ((TendTask *[]) { first, second }, 2);

  tend_task_return_pointer (first, second, complete_and_settle_cb);
  settle ();
  g_object_unref (first);
  g_assert_finalize_object (g_steal_pointer (&stream));
  assert_status (second, "completed");
  assert_gone (second);
}

static void
test_of_another_thread (void)
{
  Other *other = other_new ();
  TendTask *never = foreign_new (other);
  TendTask *first = foreign_new (other);
  TendTask *second = foreign_new (other);
  g_autoptr(TendTaskStream) stream = tend_when_each ((TendTask *[]) { never, first, second }, 3);

  other_call (other, complete_foreign_cb, second);
  g_assert_true (take (stream) == second);
  other_call (other, complete_foreign_cb, first);
  g_assert_true (take (stream) == first);
  g_assert_finalize_object (g_steal_pointer (&stream));
  g_object_unref (never);
  g_object_unref (first);
  g_object_unref (second);
  other_free (other);
}

static void
drop_stream_cb (TendTask *next,
                gpointer  user_data)
{
  g_object_unref (user_data);
}

/* Whoever is given a task may drop the stream, and another question is cancelled then. */
static void
test_may_be_dropped_by_who_asked (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  TendTaskStream *stream = tend_when_each (&task, 1);
  g_autoptr(TendTask) first = tend_task_stream_next (stream);
  g_autoptr(TendTask) second = tend_task_stream_next (stream);

  tend_task_add_exit_handler (first, drop_stream_cb, stream, NULL);
  g_object_add_weak_pointer (G_OBJECT (stream), (gpointer *) &stream);
  tend_task_return_boolean (task, TRUE);
  settle ();
  g_assert_null (stream);
  g_assert_true (tend_task_get_object (first) == task);
  g_assert_true (tend_task_is_ended (second));
  g_clear_object (&first);
  assert_gone (second);
  assert_gone (task);
}

static void
settle_cb (gpointer data)
{
  settle ();
}

/* What goes with the first task runs the main context, where the end of the second is on its way to the stream. */
static void
test_end_on_its_way_to_a_stream_that_goes (void)
{
  TendCompletion *first = tend_completion_new (NULL), *second = tend_completion_new (NULL);
  TendTask *tasks[] = { tend_completion_get_task (first), tend_completion_get_task (second) };
  TendTaskStream *stream = tend_when_each (tasks, G_N_ELEMENTS (tasks));

  tend_task_return_pointer (tasks[0], first, settle_cb);
  g_object_unref (first);
  settle ();
  g_assert_true (tend_completion_set_int (second, 1, NULL));
  g_assert_finalize_object (stream);
  settle ();
  g_assert_finalize_object (second);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/when-each/gives-tasks-as-they-end", test_gives_tasks_as_they_end);
  g_test_add_func ("/tend/when-each/question-is-taken-back", test_question_is_taken_back);
  g_test_add_func ("/tend/when-each/without-tasks-ends-at-once", test_without_tasks_ends_at_once);
  g_test_add_func ("/tend/when-each/ended-tasks-come-first-in-the-order-of-the-list",
                   test_ended_tasks_come_first_in_the_order_of_the_list);
  g_test_add_func ("/tend/when-each/copies-the-list", test_copies_the_list);
  g_test_add_func ("/tend/when-each/several-may-ask", test_several_may_ask);
  g_test_add_func ("/tend/when-each/a-cancelled-question-takes-nothing", test_a_cancelled_question_takes_nothing);
  g_test_add_func ("/tend/when-each/dropping-it-cancels-questions-and-leaves-tasks-alone",
                   test_dropping_it_cancels_questions_and_leaves_tasks_alone);
  g_test_add_func ("/tend/when-each/is-iterated-in-a-fiber", test_is_iterated_in_a_fiber);
  g_test_add_func ("/tend/when-each/lets-go-of-all-at-once", test_lets_go_of_all_at_once);
  g_test_add_func ("/tend/when-each/of-another-thread", test_of_another_thread);
  g_test_add_func ("/tend/when-each/may-be-dropped-by-who-asked", test_may_be_dropped_by_who_asked);
  g_test_add_func ("/tend/when-each/end-on-its-way-to-one-that-goes", test_end_on_its_way_to_a_stream_that_goes);

  return g_test_run ();
}
