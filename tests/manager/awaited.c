// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the end of a manager is seen to wait for: the list of the tasks, their ages, and when they are stopped.

#include "children.h"

/* The names of the tasks in the list, as its changes tell. */
typedef struct
{
  Fixture    *fixture;
  GListModel *list;         /* a reference */
  GPtrArray  *names;
  guint       n_changes;
} Show;

static void
awaited_changed_cb (GListModel *list,
                    guint       position,
                    guint       n_removed,
                    guint       n_added,
                    gpointer    data)
{
  Show *show = data;

  assert_is_native (show->fixture);
  show->n_changes++;
  g_ptr_array_remove_range (show->names, position, n_removed);
  for (guint i = 0; i < n_added; i++)
    {
      g_autoptr(TendTask) task = g_list_model_get_item (list, position + i);

      g_ptr_array_insert (show->names, (int) (position + i), g_strdup (tend_task_get_name (task)));
    }
  g_assert_cmpuint (show->names->len, ==, g_list_model_get_n_items (list));
}

static void
show_begin (Show    *show,
            Fixture *fixture)
{
  show->fixture = fixture;
  show->list = g_object_ref (tend_task_manager_get_awaited (fixture->manager));
  show->names = g_ptr_array_new_with_free_func (g_free);
  show->n_changes = 0;
  g_assert_true (g_list_model_get_item_type (show->list) == TEND_TYPE_TASK);
  g_assert_cmpuint (g_list_model_get_n_items (show->list), ==, 0);
  g_assert_null (g_list_model_get_item (show->list, 0));
  g_signal_connect (show->list, "items-changed", G_CALLBACK (awaited_changed_cb), show);
}

static void
show_end (Show *show)
{
  g_signal_handlers_disconnect_by_data (show->list, show);
  g_object_unref (show->list);
  g_ptr_array_unref (show->names);
}

/* What is shown now, in @n_changes since the last time. */
static void
assert_shown (Show       *show,
              const char *expected,
              guint       n_changes)
{
  g_autoptr(GString) names = g_string_new (NULL);

  settle (show->fixture);
  for (guint i = 0; i < show->names->len; i++)
    g_string_append_printf (names, "%s%s", i > 0 ? " " : "", (const char *) g_ptr_array_index (show->names, i));
  g_assert_cmpstr (names->str, ==, expected);
  g_assert_cmpuint (show->n_changes, ==, n_changes);
  show->n_changes = 0;
}

static gint64
get_time_left (TendTaskManager *manager)
{
  gint64 deadline = tend_task_manager_get_grace_deadline (manager);

  return deadline < TEND_FOREVER ? deadline - tend_get_time () : -1;
}

static void
test_shutdown_is_shown (Fixture       *fixture,
                        gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);
  Show show;

  show_begin (&show, fixture);
  child = add_child (fixture, child);
  callback_in (fixture, child, "below", ignore_cancel, NULL);
  register_work (fixture, FIBER, "heeds");
  for (guint i = 0; i < 3; i++)
    callback_in (fixture, fixture->manager, i == 0 ? "a" : i == 1 ? "b" : "c", ignore_cancel, NULL);
  add_sleep (fixture, "last");
  assert_shown (&show, "", 0);

  tend_clock_advance (fixture->clock, 2 * SECOND, NULL);
  g_assert_cmpint (get_time_left (fixture->manager), ==, -1);
  shut_down (fixture);
  assert_shown (&show, "a b c below", 1);
  g_assert_cmpint (get_time_left (fixture->manager), ==, 5 * SECOND);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  g_assert_cmpint (get_time_left (fixture->manager), ==, 4 * SECOND);
  g_assert_cmpint (get_time_left (child), ==, 4 * SECOND);

  /* What ends in one turn is one change, where it stands side by side. */
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(TendTask) task = g_list_model_get_item (show.list, i);

      g_assert_cmpint (tend_task_manager_get_age (fixture->manager, task), ==, 3 * SECOND);
      tend_task_return_boolean (task, TRUE);
    }
  assert_shown (&show, "c below", 1);

  /* When they are stopped, the shutdown task is all that is left. */
  tend_clock_advance (fixture->clock, 4 * SECOND, NULL);
  assert_shown (&show, "last", 2);
  g_assert_cmpint (get_time_left (fixture->manager), ==, 5 * SECOND);
  tend_clock_advance (fixture->clock, SECOND / 2, NULL);
  {
    g_autoptr(TendTask) task = g_list_model_get_item (show.list, 0);

    g_assert_cmpint (tend_task_manager_get_age (fixture->manager, task), ==, SECOND / 2);
  }
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_log (fixture, "last< >last errors");
  assert_shown (&show, "", 1);
  g_assert_cmpint (get_time_left (fixture->manager), ==, -1);
  show_end (&show);
}

/* --- What is not in it --- */

static gboolean
shut_down_from_inside (TendTask  *task,
                       gpointer   data,
                       GError   **error)
{
  Fixture *fixture = data;

  g_assert_true (tend_task_manager_shutdown (fixture->manager, NULL));
  g_assert_cmpint (tend_task_manager_get_age (fixture->manager, task), >=, 0);
  note (fixture, "told");
  return TRUE;
}

/* Neither those who wait for the end themselves, nor what was stopped and goes on. */
static void
test_callers_and_stopped_threads (Fixture       *fixture,
                                  gconstpointer  unused)
{
  g_autoptr(TendTask) task = NULL;
  Work *work;
  Show show;

  show_begin (&show, fixture);
  work = register_work (fixture, THREAD, "deaf");
  work->is_deaf = TRUE;
  work_wait_begun (work);
  shut_down (fixture);
  assert_shown (&show, "deaf", 1);
  tend_clock_advance (fixture->clock, 5 * SECOND, NULL);
  assert_shown (&show, "", 1);
  assert_log (fixture, "error");
  g_assert_cmpuint (n_tasks (fixture), ==, 1);
  work_let_go (work);
  work_wait_gone (work);
  show_end (&show);

  g_object_unref (fixture->manager);
  fixture->manager = tend_task_manager_new ();
  show_begin (&show, fixture);
  callback_in (fixture, fixture->manager, "a", ignore_cancel, NULL);
  settle (fixture);
  fiber_in (fixture, fixture->manager, "caller", shut_down_from_inside, fixture);
  assert_shown (&show, "a", 1);
  task = g_list_model_get_item (show.list, 0);
  tend_task_stop (task);
  settle (fixture);
  assert_log (fixture, "told");
  show_end (&show);
}

static void
test_drain_is_shown (Fixture       *fixture,
                     gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);
  Show show;

  show_begin (&show, fixture);
  fiber_in (fixture, fixture->manager, "a", note_sleep, fixture);
  fiber_in (fixture, child, "b", note_sleep, fixture);
  tend_task_manager_drain_async (fixture->manager, NULL, NULL, NULL);
  assert_shown (&show, "a b", 1);
  g_assert_cmpint (get_time_left (fixture->manager), ==, -1);
  g_string_truncate (fixture->log, 0);

  /* A shutdown that overtakes it gives them a time. */
  shut_down (fixture);
  g_assert_cmpint (get_time_left (fixture->manager), ==, 5 * SECOND);
  assert_shown (&show, "", 1);
  assert_log (fixture, "down");
  show_end (&show);
}

/* The end of a child alone is none of the parent's. */
static void
test_end_of_a_child (Fixture       *fixture,
                     gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);
  Show show;

  show_begin (&show, fixture);
  callback_in (fixture, child, "below", ignore_cancel, NULL);
  settle (fixture);
  tend_task_manager_shutdown_async (child, NULL, NULL, NULL);
  assert_shown (&show, "", 0);
  g_assert_cmpuint (g_list_model_get_n_items (tend_task_manager_get_awaited (child)), ==, 1);
  g_assert_cmpint (get_time_left (fixture->manager), ==, -1);
  g_assert_cmpint (get_time_left (child), ==, 5 * SECOND);
  shut_down (fixture);
  assert_shown (&show, "below", 1);
  tend_clock_advance (fixture->clock, 5 * SECOND, NULL);
  assert_shown (&show, "", 1);
  assert_log (fixture, "error");
  show_end (&show);
}

static void
test_age (Fixture       *fixture,
          gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);
  TendTask *task = callback_in (fixture, child, "below", ignore_cancel, NULL);
  g_autoptr(TendTask) other = tend_task_new_open (NULL, NULL, NULL, NULL);
  g_autoptr(TendTask) kept = g_object_ref (task);

  tend_clock_advance (fixture->clock, SECOND, NULL);
  g_assert_cmpint (tend_task_manager_get_age (fixture->manager, task), ==, SECOND);
  g_assert_cmpint (tend_task_manager_get_age (child, task), ==, SECOND);
  g_assert_cmpint (tend_task_manager_get_age (child, other), ==, -1);
  task = register_callback (fixture, "above", ignore_cancel, NULL);
  settle (fixture);
  g_assert_cmpint (tend_task_manager_get_age (child, task), ==, -1);
  g_assert_cmpint (tend_task_manager_get_age (fixture->manager, task), ==, 0);
  tend_task_stop (task);
  tend_task_stop (kept);
  g_assert_cmpint (tend_task_manager_get_age (fixture->manager, kept), ==, -1);
}

/* --- Told --- */

static void
notified_cb (GObject    *object,
             GParamSpec *pspec,
             gpointer    data)
{
  note (data, "notify");
}

static void
test_deadline_is_notified (Fixture       *fixture,
                           gconstpointer  unused)
{
  gint64 deadline = 0;
  g_autoptr(GListModel) awaited = NULL;

  g_object_get (fixture->manager, "awaited", &awaited, "grace-deadline", &deadline, NULL);
  g_assert_true (awaited == tend_task_manager_get_awaited (fixture->manager));
  g_assert_cmpint (deadline, ==, TEND_FOREVER);

  g_signal_connect (fixture->manager, "notify::grace-deadline", G_CALLBACK (notified_cb), fixture);
  callback_in (fixture, fixture->manager, "a", ignore_cancel, NULL);
  add_sleep (fixture, "last");
  settle (fixture);
  assert_log (fixture, "");
  shut_down (fixture);
  settle (fixture);
  assert_log (fixture, "notify");
  g_object_get (fixture->manager, "grace-deadline", &deadline, NULL);
  g_assert_cmpint (deadline, ==, tend_get_time () + 5 * SECOND);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "");
  tend_clock_run_until_idle (fixture->clock, NULL);
  settle (fixture);
  assert_log (fixture, "last< notify >last error notify");
}

static void
drop_manager_cb (GListModel *list,
                 guint       position,
                 guint       n_removed,
                 guint       n_added,
                 gpointer    data)
{
  Fixture *fixture = data;

  note (fixture, "%u-%u", n_removed, n_added);
  if (n_added > 0)
    g_object_run_dispose (G_OBJECT (fixture->manager));
}

/* Who hears of it may drop the manager, and the list stays. */
static void
test_outlives_the_manager (Fixture       *fixture,
                           gconstpointer  unused)
{
  g_autoptr(GListModel) list = g_object_ref (tend_task_manager_get_awaited (fixture->manager));
  TendTask *task = callback_in (fixture, fixture->manager, "a", ignore_cancel, NULL);

  g_signal_connect (list, "items-changed", G_CALLBACK (drop_manager_cb), fixture);
  settle (fixture);
  shut_down (fixture);
  settle (fixture);
  assert_log (fixture, "0-1 error 1-0");
  g_ptr_array_set_size (fixture->shadow, 0);
  g_assert_finalize_object (g_steal_pointer (&fixture->manager));
  tend_task_stop (task);
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 0);
}

/* The first look comes while the end is under way. */
static void
test_asked_for_late (Fixture       *fixture,
                     gconstpointer  unused)
{
  g_autoptr(GListModel) list = NULL;

  callback_in (fixture, fixture->manager, "a", ignore_cancel, NULL);
  settle (fixture);
  shut_down (fixture);
  settle (fixture);
  list = g_object_ref (tend_task_manager_get_awaited (fixture->manager));
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 1);
  g_assert_true (tend_task_manager_get_awaited (fixture->manager) == list);
  tend_clock_advance (fixture->clock, 5 * SECOND, NULL);
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 0);
  assert_log (fixture, "error");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_shutdown_test ("/tend/task-manager/awaited/shutdown", test_shutdown_is_shown);

  add_shutdown_test ("/tend/task-manager/awaited/callers-and-stopped-threads", test_callers_and_stopped_threads);
  add_shutdown_test ("/tend/task-manager/awaited/drain", test_drain_is_shown);
  add_shutdown_test ("/tend/task-manager/awaited/end-of-a-child", test_end_of_a_child);
  add_shutdown_test ("/tend/task-manager/awaited/age", test_age);
  add_shutdown_test ("/tend/task-manager/awaited/deadline-is-notified", test_deadline_is_notified);
  add_shutdown_test ("/tend/task-manager/awaited/outlives-the-manager", test_outlives_the_manager);
  add_shutdown_test ("/tend/task-manager/awaited/asked-for-late", test_asked_for_late);

  return g_test_run ();
}
