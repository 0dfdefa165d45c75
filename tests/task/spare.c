// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Objects of tasks that are used again: nothing of the old task is in the new one, and what somebody else knows
// goes for good.

#include "common.h"

#include "../support/tool.h"

#include <malloc.h>

/* Where memory is looked after, what is spare is not used again. */
#define IS_WATCHED ((IS_SANITIZED && !IS_TSAN) || is_under_valgrind ())

/* A task with all that a task can have, run to its end and dropped; gives where it was. */
static gconstpointer
use_and_drop (int *n_destroyed)
{
  TendTask *task = tend_task_new_open ("old", complete_body, n_destroyed, count_cb);
  gconstpointer place = task;

  tend_task_set_priority (task, G_PRIORITY_HIGH);
  tend_task_set_deadline (task, G_MAXINT64 - 1);
  tend_task_set_keep_going (task, TRUE);
  tend_task_add_exit_handler (task, note_exit_cb, (gpointer) "exit", NULL);
  g_assert_false (g_cancellable_is_cancelled (tend_task_get_cancellable (task)));
  g_assert_true (tend_task_start (task, NULL));
  tend_task_set_progress (task, 0.5, "halfway");
  settle ();
  assert_status (task, "completed");
  assert_notes ("exit:completed");
  g_object_unref (task);

  return place;
}

static void
test_new_one_is_new (void)
{
  int n_destroyed = 0;
  gconstpointer place = use_and_drop (&n_destroyed);
  g_autoptr(TendTask) task = tend_task_new_open (NULL, idle_body, NULL, NULL);
  g_autoptr(TendTask) other = tend_task_new_open (NULL, idle_body, NULL, NULL);

  /* The last one that was dropped comes first, where no tool looks. */
  if (!IS_WATCHED)
    g_assert_true ((gconstpointer) task == place);
  g_assert_cmpint (n_destroyed, ==, 1);
  g_assert_cmpuint (tend_task_get_id (other), ==, tend_task_get_id (task) + 1);
  assert_status (task, "created");
  g_assert_null (tend_task_get_name (task));
  g_assert_cmpint (tend_task_get_priority (task), ==, G_PRIORITY_DEFAULT);
  g_assert_cmpint (tend_task_get_deadline (task), ==, G_MAXINT64);
  g_assert_cmpint (tend_task_get_delay (task), ==, -1);
  g_assert_cmpint (tend_task_get_interval (task), ==, -1);
  g_assert_false (tend_task_get_keep_going (task));
  g_assert_cmpfloat (tend_task_get_progress (task), ==, tend_task_get_progress (other));
  g_assert_null (tend_task_dup_message (task));
  g_assert_null (tend_task_get_error (task));

  g_assert_true (tend_task_start (task, NULL));
  tend_task_stop (task);
  assert_notes ("");
}

static void
test_handlers_do_not_stay (void)
{
  TendTask *old = tend_task_run_open (NULL, idle_body, NULL, NULL);
  g_autoptr(TendTask) task = NULL;

  g_signal_connect (old, "notify::status", G_CALLBACK (note_status_cb), NULL);
  tend_task_stop (old);
  assert_notes ("notify:stopped");
  g_object_unref (old);

  task = tend_task_run_open (NULL, complete_body, NULL, NULL);
  assert_status (task, "completed");
  assert_notes ("");
}

static void
weak_cb (gpointer  data,
         GObject  *where)
{
  note ("%s", (const char *) data);
}

static void
toggle_cb (gpointer  data,
           GObject  *object,
           gboolean  is_last_ref)
{
}

/* Whoever has something with an object is told of its end, and does not find another task in it. */
static void
test_known_ones_go (void)
{
  TendTask *task = tend_task_run_open (NULL, complete_body, NULL, NULL);
  TendTask *toggled = tend_task_run_open (NULL, complete_body, NULL, NULL);
  int n_destroyed = 0;
  GWeakRef ref;

  g_object_set_data_full (G_OBJECT (task), "data", &n_destroyed, count_cb);
  g_object_weak_ref (G_OBJECT (task), weak_cb, (gpointer) "weak");
  g_weak_ref_init (&ref, task);
  g_object_unref (task);
  g_assert_cmpint (n_destroyed, ==, 1);
  assert_notes ("weak");
  g_assert_null (g_weak_ref_get (&ref));
  g_weak_ref_clear (&ref);

  g_object_add_toggle_ref (G_OBJECT (toggled), toggle_cb, NULL);
  g_object_unref (toggled);
  g_object_weak_ref (G_OBJECT (toggled), weak_cb, (gpointer) "toggled");
  g_object_remove_toggle_ref (G_OBJECT (toggled), toggle_cb, NULL);
  assert_notes ("toggled");
}

/* The error of one that is used again is reported all the same, once. */
static void
test_errors_are_reported (void)
{
  for (guint i = 0; i < 3; i++)
    {
      TendTask *task = tend_task_run_open ("lost", fail_body, NULL, NULL);

      g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING, "Task 'lost': nobody observed its error*No luck");
      g_object_unref (task);
      g_test_assert_expected_messages ();
    }
}

/* A task whose dispose was asked for stays as it is for those who hold it. */
static void
test_disposed_of_by_hand (void)
{
  g_autoptr(TendTask) task = tend_task_run_open ("by-hand", complete_body, NULL, NULL);

  g_object_run_dispose (G_OBJECT (task));
  g_assert_cmpstr (tend_task_get_name (task), ==, "by-hand");
  assert_status (task, "completed");
  assert_gone (task);
}

/* One more than are kept. */
#define N_MANY 1025

/* The tasks of a list that only the result of another task holds. */
static TendTask *
hold_many (TendTask *first)
{
  g_autoptr(GPtrArray) tasks = g_ptr_array_new_with_free_func (g_object_unref);
  TendTask *all;

  if (first != NULL)
    g_ptr_array_add (tasks, first);
  while (tasks->len < N_MANY)
    g_ptr_array_add (tasks, tend_task_run_open (NULL, complete_body, NULL, NULL));

  all = tend_when_all ((TendTask **) tasks->pdata, tasks->len);
  g_assert_true (tend_task_wait_sync (all, NULL));
  settle ();

  return all;
}

/*
 * What a task lets go of are tasks that are kept before it is, more than there is room for. The inner list is let go
 * of while the outer one is, so that two tasks at once find no room any more. A sanitizer sees what is written beyond.
 */
static void
test_result_fills_the_room (void)
{
  TendTask *all = hold_many (hold_many (NULL));
  g_autoptr(GPtrArray) tasks = g_ptr_array_new_with_free_func (g_object_unref);

  g_object_unref (all);
  for (guint i = 0; i < 2 * N_MANY; i++)
    g_ptr_array_add (tasks, tend_task_run_open (NULL, complete_body, NULL, NULL));
}

/* The mistake is told, with what is known of the task, and the tasks to come are two. */
static void
test_dropped_too_often (void)
{
  g_autoptr(TendTask) first = NULL, second = NULL;
  TendTask *task = tend_task_run_open ("once-too-often", complete_body, NULL, NULL);

  if (IS_WATCHED)
    {
      g_test_skip ("The tool reports it");
      g_object_unref (task);
      return;
    }

  g_object_unref (task);
  for (guint i = 0; i < 3; i++)
    {
      g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, "Task 'once-too-often': *once too often*");
      g_object_unref (task);
      g_test_assert_expected_messages ();
    }

  first = tend_task_new_open ("first", idle_body, NULL, NULL);
  second = tend_task_new_open ("second", idle_body, NULL, NULL);
  g_assert_true (first != second);
  g_assert_cmpstr (tend_task_get_name (first), ==, "first");
  g_assert_cmpstr (tend_task_get_name (second), ==, "second");
}

/* Who takes a reference that he cannot have gets no task of somebody else's under his hands. */
static void
test_known_again (void)
{
  TendTask *held = tend_task_new_open ("held", idle_body, NULL, NULL);
  TendTask *tied = tend_task_new_open ("tied", idle_body, NULL, NULL);
  g_autoptr(TendTask) first = NULL, second = NULL;

  if (IS_WATCHED)
    {
      g_test_skip ("The tool reports it");
      g_object_unref (held);
      g_object_unref (tied);
      return;
    }

  g_object_unref (held);
  g_object_unref (tied);
  g_object_ref (held);
  g_object_weak_ref (G_OBJECT (tied), weak_cb, (gpointer) "tied");

  first = tend_task_new_open ("first", idle_body, NULL, NULL);
  assert_notes ("tied");
  second = tend_task_new_open ("second", idle_body, NULL, NULL);
  g_assert_true (first != held && second != held);
  g_object_unref (held);
}

#define N_NAMES   500
#define NAME_SIZE 65536

/* Makes tasks whose names are long, and drops them. */
static void
use_long_names (void)
{
  g_autoptr(GPtrArray) tasks = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree char *name = g_strnfill (NAME_SIZE - 1, 'n');

  for (guint i = 0; i < N_NAMES; i++)
    g_ptr_array_add (tasks, tend_task_new_open (name, idle_body, NULL, NULL));
}

static gsize
get_used_memory (void)
{
#ifdef __GLIBC__
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
#else
  return 0;
#endif
}

static void
test_long_names_are_not_kept (void)
{
  gsize before = get_used_memory ();

  use_long_names ();
  g_assert_cmpuint (get_used_memory (), <, before + 10 * NAME_SIZE);
}

/* How much more memory there is in use after some tasks have been and gone. */
static gsize
use_and_count (void)
{
  g_autoptr(GPtrArray) tasks = g_ptr_array_new_with_free_func (g_object_unref);
  gsize before, after;

  /* What is there for good comes with the first. */
  g_object_unref (tend_task_run_open (NULL, complete_body, NULL, NULL));
  before = get_used_memory ();
  for (guint i = 0; i < 1000; i++)
    g_ptr_array_add (tasks, tend_task_run_open (NULL, complete_body, NULL, NULL));
  settle ();
  g_clear_pointer (&tasks, g_ptr_array_unref);
  after = get_used_memory ();

  return after > before ? after - before : 0;
}

/* TEND_DEBUG=no-spares leaves nothing of a task. Each of the two looks into a process of its own. */
static void
test_no_spares (void)
{
  const gsize some = 50000;
  const char *is_without = g_getenv ("TEND_DEBUG");

  if (g_test_subprocess ())
    {
      if (is_without != NULL)
        g_assert_cmpuint (use_and_count (), <, some);
      else if (!IS_SANITIZED && !is_under_valgrind ())
        g_assert_cmpuint (use_and_count (), >, some);
      return;
    }

  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();
  g_setenv ("TEND_DEBUG", "no-spares", TRUE);
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();
  g_unsetenv ("TEND_DEBUG");
}

static gpointer
many_thread (gpointer data)
{
  g_autoptr(GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(GPtrArray) tasks = g_ptr_array_new_with_free_func (g_object_unref);

      for (guint j = 0; j < 2000; j++)
        g_ptr_array_add (tasks, tend_task_run_open (NULL, complete_body, NULL, NULL));
    }
  g_main_context_pop_thread_default (context);

  return NULL;
}

/* More than are kept, and a thread that exits with what it keeps. */
static void
test_thread_takes_its_own_along (void)
{
  in_thread (many_thread, NULL);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/task/spare/new-one-is-new", test_new_one_is_new);
  g_test_add_func ("/tend/task/spare/handlers-do-not-stay", test_handlers_do_not_stay);
  g_test_add_func ("/tend/task/spare/known-ones-go", test_known_ones_go);
  g_test_add_func ("/tend/task/spare/errors-are-reported", test_errors_are_reported);
  g_test_add_func ("/tend/task/spare/disposed-of-by-hand", test_disposed_of_by_hand);
  g_test_add_func ("/tend/task/spare/result-fills-the-room", test_result_fills_the_room);
  g_test_add_func ("/tend/task/spare/dropped-too-often", test_dropped_too_often);
  g_test_add_func ("/tend/task/spare/known-again", test_known_again);
  g_test_add_func ("/tend/task/spare/long-names-are-not-kept", test_long_names_are_not_kept);
  g_test_add_func ("/tend/task/spare/no-spares", test_no_spares);
  g_test_add_func ("/tend/task/spare/thread-takes-its-own-along", test_thread_takes_its_own_along);

  return g_test_run ();
}
