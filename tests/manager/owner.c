// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The end of an owner, in each way and at each moment, while its manager has tasks in every state: none of
// them calls back afterwards, all of them end, and nothing is left.

#include "owner.h"

static void
assert_shut_down (Scene *scene)
{
  g_autoptr(GError) error = NULL;
  Datum *datum = give (scene);

  g_assert_null (tend_task_manager_register (scene->fixture.manager,
                                             tend_task_new_open (NULL, guarded_body, datum, destroyed),
                                             TEND_NAME_POLICY_REJECT, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_SHUT_DOWN);
  g_assert_true (tend_task_manager_is_shut_down (scene->fixture.manager));
  g_assert_null (tend_task_manager_dup_owner (scene->fixture.manager));
}

/* --- From outside --- */

static void
test_last_unref (Scene         *scene,
                 gconstpointer  unused)
{
  populate (scene);
  drop_owner (scene);
  g_assert_true (scene->is_finalized);
  assert_shut_down (scene);
  assert_shadow (&scene->fixture);
  settle (&scene->fixture);
  g_assert_cmpuint (scene->n_told, ==, 3);
}

/* A window is destroyed like this, and freed later. */
static void
test_run_dispose (Scene         *scene,
                  gconstpointer  unused)
{
  populate (scene);
  g_object_run_dispose (G_OBJECT (scene->owner));
  g_assert_false (scene->is_finalized);
  assert_shut_down (scene);
  settle (&scene->fixture);
  g_assert_cmpuint (scene->n_told, ==, 3);
  g_object_run_dispose (G_OBJECT (scene->owner));
  drop_owner (scene);
}

static void
test_keeps_the_manager (Scene         *scene,
                        gconstpointer  unused)
{
  populate (scene);
  g_signal_handlers_disconnect_by_func (scene->fixture.manager, items_changed_cb, scene);
  scene->owner->manager = g_steal_pointer (&scene->fixture.manager);
  drop_owner (scene);
}

static void
test_after_the_manager (Scene         *scene,
                        gconstpointer  unused)
{
  Fixture *fixture = &scene->fixture;

  register_work (fixture, THREAD, NULL);
  add_task (scene, new_callback (scene, "delayed", guarded_body, SECOND, -1));
  add_other (scene, add_task (scene, tend_task_new_fiber ("sleeping", sleeping_fiber, give (scene), destroyed)));
  settle (fixture);

  scene->is_over = TRUE;
  g_assert_finalize_object (g_steal_pointer (&fixture->manager));
  g_assert_cmpuint (scene->n_unwound, ==, 1);
  settle (fixture);
  g_assert_cmpuint (scene->n_told, ==, 1);
  drop_owner (scene);
}

/* --- From inside --- */

static void
drop_in_handler (TendTask *task,
                 gpointer  data)
{
  called (data);
  drop_owner (((Datum *) data)->scene);
}

static gboolean
drop_in_body (TendTask  *task,
              gpointer   data,
              GError   **error)
{
  drop_in_handler (task, data);
  return TRUE;
}

static gboolean
drop_in_timer (TendTask  *task,
               gpointer   data,
               GError   **error)
{
  drop_in_handler (task, data);
  return TRUE;
}

static gboolean
drop_in_fiber (TendTask  *task,
               gpointer   data,
               GError   **error)
{
  drop_in_handler (task, data);
  g_assert_false (tend_sleep (SECOND, error));
  g_assert_error (*error, TEND_ERROR, TEND_ERROR_STOPPED);
  return FALSE;
}

static void
drop_when_ready (GObject      *object,
                 GAsyncResult *result,
                 gpointer      data)
{
  drop_in_handler (NULL, data);
}

static void
drop_when_failed (TendTaskManager *manager,
                  TendTask        *task,
                  const GError    *error,
                  gpointer         data)
{
  drop_in_handler (task, data);
}

static void
drop_when_changed (GListModel *model,
                   guint       position,
                   guint       n_removed,
                   guint       n_added,
                   gpointer    data)
{
  if (((Datum *) data)->scene->owner != NULL)
    drop_in_handler (NULL, data);
}

static void
drop_when_added (TendTaskManager *manager,
                 TendTask        *task,
                 gpointer         data)
{
  drop_when_changed (G_LIST_MODEL (manager), 0, 0, 1, data);
}

/* Where a task itself calls what drops the owner, after everything else has been registered. */
static void
test_inside_task (Scene         *scene,
                  gconstpointer  data)
{
  const char *place = data;
  TendTask *task;

  /* Only an interval task needs no slot, of which there are none left. */
  if (g_str_equal (place, "body"))
    add_task (scene, new_callback (scene, "dropping", drop_in_body, -1, 3 * SECOND));
  else if (g_str_equal (place, "fiber"))
    {
      task = tend_task_new_fiber ("dropping", drop_in_fiber, give (scene), destroyed);
      tend_task_set_interval (task, 3 * SECOND);
      add_task (scene, task);
    }
  else
    {
      task = add_task (scene, new_callback (scene, "dropping", guarded_body, -1, -1));
      if (g_str_equal (place, "timer"))
        tend_task_add_timer (task, 3 * SECOND, SECOND, drop_in_timer, give (scene), destroyed);
      if (g_str_equal (place, "exit-handler"))
        tend_task_add_exit_handler (task, drop_in_handler, give (scene), destroyed);
    }

  populate (scene);
  task = tend_task_manager_lookup (scene->fixture.manager, "dropping");
  if (g_str_equal (place, "post"))
    tend_task_post (task, drop_in_timer, give (scene), destroyed);
  if (g_str_equal (place, "exit-handler"))
    tend_task_stop (task);
  else
    tend_clock_advance (scene->fixture.clock, 2 * SECOND, NULL);
}

static void
test_inside_task_failed (Scene         *scene,
                         gconstpointer  unused)
{
  populate (scene);
  g_signal_handlers_disconnect_by_func (scene->fixture.manager, guarded_signal, NULL);
  g_signal_connect (scene->fixture.manager, "task-failed", G_CALLBACK (drop_when_failed), &scene->datum);
  tend_completion_set_error (scene->completion, &(GError) { G_IO_ERROR, G_IO_ERROR_FAILED, (char *) "x" }, NULL);
  settle (&scene->fixture);
}

static void
test_inside_list (Scene         *scene,
                           gconstpointer  is_removal)
{
  g_autoptr(GError) error = NULL;

  populate (scene);
  if (is_removal != NULL)
    {
      settle (&scene->fixture);
      g_signal_connect (scene->fixture.manager, "items-changed", G_CALLBACK (drop_when_changed), &scene->datum);
      tend_task_cancel (tend_task_manager_lookup (scene->fixture.manager, "delayed"));
      settle (&scene->fixture);
    }
  else
    {
      g_signal_connect (scene->fixture.manager, "task-added", G_CALLBACK (drop_when_added), &scene->datum);
      /* It is stopped before it can be handed back. */
      g_assert_null (tend_task_manager_register (scene->fixture.manager,
                                                 tend_task_new_open (NULL, guarded_body, give (scene), destroyed),
                                                 TEND_NAME_POLICY_REJECT, &error));
      g_assert_error (error, TEND_ERROR, TEND_ERROR_STOPPED);
    }
  assert_shadow (&scene->fixture);
}

static void
test_inside_wait (Scene         *scene,
                  gconstpointer  is_for_all)
{
  TendTaskManager *manager = scene->fixture.manager;

  populate (scene);
  if (is_for_all != NULL)
    {
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();

      tend_task_manager_wait_for_tasks_async (manager, cancellable, drop_when_ready, &scene->datum);
      tend_task_manager_wait_for_tasks_async (manager, cancellable, guarded_ready, &scene->datum);
      tend_task_manager_wait_for_tasks_async (manager, cancellable, guarded_ready, &scene->datum);
      g_cancellable_cancel (cancellable);
    }
  else
    {
      tend_task_wait_async (tend_task_manager_lookup (manager, "delayed"), NULL, drop_when_ready, &scene->datum);
      tend_task_wait_async (tend_task_manager_lookup (manager, "delayed"), NULL, guarded_ready, &scene->datum);
      tend_task_cancel (tend_task_manager_lookup (manager, "delayed"));
    }
  g_main_context_iteration (NULL, FALSE);
  settle (&scene->fixture);
  g_assert_null (scene->owner);
}

/* --- A task of one of its tasks --- */

static TendTask *
attempt (guint    n,
         gpointer data)
{
  Datum *datum = data;
  TendTask *task = tend_task_new_fiber (NULL, sleeping_fiber, give (datum->scene), destroyed);

  called (data);
  watch (&datum->scene->fixture, task);
  return adorn (datum->scene, task);
}

/* An attempt is the retry's, which is the manager's. */
static void
test_attempt (Scene         *scene,
              gconstpointer  unused)
{
  g_autoptr(TendRetry) retry = tend_retry_new (3);

  add_task (scene, tend_retry_create_task (retry, "retry", attempt, give (scene), destroyed));
  settle (&scene->fixture);
  g_assert_cmpuint (scene->n_fibers, ==, 1);
  drop_owner (scene);
  g_assert_cmpuint (scene->n_unwound, ==, 1);
}

static gboolean
grouping_fiber (TendTask  *task,
                gpointer   data,
                GError   **error)
{
  Datum *datum = data;
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) child = tend_task_new_open ("child", guarded_body, give (datum->scene), destroyed);

  called (data);
  datum->scene->n_fibers++;
  watch (&datum->scene->fixture, child);
  g_assert_true (tend_group_add (group, g_object_ref (adorn (datum->scene, child)), NULL));
  g_assert_false (tend_group_wait (group, error));
  return unwind (datum, *error);
}

/* What a task adds to a group is barred with it. */
static void
test_child_of_group (Scene         *scene,
                     gconstpointer  unused)
{
  add_task (scene, tend_task_new_fiber ("grouping", grouping_fiber, give (scene), destroyed));
  settle (&scene->fixture);
  g_assert_cmpuint (scene->n_fibers, ==, 1);
  drop_owner (scene);
  tend_clock_advance (scene->fixture.clock, 3600 * SECOND, NULL);
  g_assert_cmpuint (scene->n_unwound, ==, 1);
}

/* --- During the shutdown --- */

static gboolean
shut_down_fiber (TendTask  *task,
                 gpointer   data,
                 GError   **error)
{
  Scene *scene = data;

  g_assert_false (tend_task_manager_shutdown (scene->fixture.manager, error));
  scene->n_told += g_error_matches (*error, TEND_ERROR, TEND_ERROR_STOPPED);
  g_clear_error (error);
  return TRUE;
}

static void
begin_shutdown (Scene *scene)
{
  tend_task_manager_shutdown_async (scene->fixture.manager, NULL, guarded_ready, &scene->datum);
  g_ptr_array_add (scene->others, watch (&scene->fixture, tend_task_run_fiber (NULL, shut_down_fiber, scene, NULL)));
}

/* The shielded fiber and the deaf thread are left, and the child manager is being shut down. */
static void
test_during_shutdown (Scene         *scene,
                      gconstpointer  unused)
{
  populate (scene);
  begin_shutdown (scene);
  settle (&scene->fixture);
  g_assert_cmpuint (scene->n_told, ==, 0);

  drop_owner (scene);
  settle (&scene->fixture);
  g_assert_cmpuint (scene->n_told, ==, 1);
  assert_shut_down (scene);
}

/* A shutdown task runs, and another is to come. */
static void
test_during_shutdown_task (Scene         *scene,
                           gconstpointer  unused)
{
  TendTaskManager *manager = scene->fixture.manager;
  g_autoptr(TendTask) first = tend_task_new_fiber ("first", sleeping_fiber, give (scene), destroyed);
  g_autoptr(TendTask) second = tend_task_new_open ("second", never_run, give (scene), destroyed);

  watch (&scene->fixture, first);
  watch (&scene->fixture, second);
  g_assert_true (tend_task_manager_add_shutdown_task (manager, g_object_ref (adorn (scene, first)), NULL));
  g_assert_true (tend_task_manager_add_shutdown_task (manager, g_object_ref (second), NULL));
  begin_shutdown (scene);
  settle (&scene->fixture);
  g_assert_cmpint (tend_task_get_status (first), ==, TEND_TASK_STATUS_RUNNING);

  drop_owner (scene);
  g_assert_cmpint (tend_task_get_status (first), ==, TEND_TASK_STATUS_STOPPED);
  g_assert_cmpuint (scene->n_unwound, ==, 1);
  settle (&scene->fixture);
  g_assert_cmpuint (scene->n_told, ==, 1);
}

static void
test_inside_shutdown_task (Scene         *scene,
                           gconstpointer  unused)
{
  g_autoptr(TendTask) first = watch (&scene->fixture, new_callback (scene, NULL, drop_in_body, -1, -1));
  g_autoptr(TendTask) second = watch (&scene->fixture, new_callback (scene, NULL, never_run, -1, -1));

  g_assert_true (tend_task_manager_add_shutdown_task (scene->fixture.manager,
                                                      g_object_ref (adorn (scene, first)), NULL));
  g_assert_true (tend_task_manager_add_shutdown_task (scene->fixture.manager, g_object_ref (second), NULL));
  begin_shutdown (scene);
  settle (&scene->fixture);
  g_assert_cmpint (tend_task_get_status (first), ==, TEND_TASK_STATUS_STOPPED);
  g_assert_cmpint (tend_task_get_status (second), ==, TEND_TASK_STATUS_CREATED);
  g_assert_cmpuint (scene->n_told, ==, 1);
}

/* --- What is not barred --- */

static void
native_ready_cb (GObject      *object,
                 GAsyncResult *result,
                 gpointer      data)
{
  Scene *scene = data;

  assert_is_native (&scene->fixture);
  note (&scene->fixture, "told");
}

static gboolean
wait_for_shutdown (TendTask  *task,
                   gpointer   data,
                   GError   **error)
{
  tend_task_manager_shutdown_async (((Scene *) data)->fixture.manager, NULL, native_ready_cb, data);
  tend_task_return_boolean (task, TRUE);

  return TRUE;
}

/* A task of somebody else is told, and not on the stack of the fiber that ends the owner. */
static void
test_others_are_told_natively (Scene         *scene,
                               gconstpointer  unused)
{
  TendTask *other = watch (&scene->fixture, tend_task_new_open (NULL, wait_for_shutdown, scene, NULL));
  g_autoptr(TendTask) last = tend_task_new_fiber (NULL, drop_in_fiber, give (scene), destroyed);

  g_assert_true (tend_task_manager_add_shutdown_task (scene->fixture.manager, g_object_ref (last), NULL));
  g_assert_true (tend_task_start (other, NULL));
  g_ptr_array_add (scene->others, other);
  settle (&scene->fixture);
  assert_log (&scene->fixture, "told");
}

/* Older GLib takes the closures of an object away before it says that the object goes, newer only after. */
static void
owner_hears_cb (TestOwner *owner)
{
  g_assert_cmpuint (owner->magic, ==, ALIVE);
  g_assert_false (owner->scene->is_finalized);
}

/* Who shows the list hears of the ends; the owner only as long as GLib lets its own closures be called. */
static void
test_list_stays_right (Scene         *scene,
                       gconstpointer  unused)
{
  g_signal_connect_closure (scene->fixture.manager, "items-changed",
                            g_cclosure_new_object_swap (G_CALLBACK (owner_hears_cb), G_OBJECT (scene->owner)), FALSE);
  register_work (&scene->fixture, FIBER, NULL);
  register_work (&scene->fixture, ASYNC, NULL);
  settle (&scene->fixture);
  drop_owner (scene);
  g_assert_cmpuint (n_tasks (&scene->fixture), ==, 1);
  assert_shadow (&scene->fixture);
  settle (&scene->fixture);
  g_assert_cmpuint (n_tasks (&scene->fixture), ==, 0);
  assert_shadow (&scene->fixture);
}

/* --- Before the manager's thread has heard of it --- */

static gpointer
drop_in_thread (gpointer data)
{
  drop_owner (data);
  return NULL;
}

static gpointer
post_in_thread (gpointer data)
{
  Scene *scene = data;

  tend_task_post (scene->posted, guarded_timer, give (scene), destroyed);
  return NULL;
}

static void
run_thread (GThreadFunc  func,
            Scene       *scene)
{
  g_assert_true (g_main_context_acquire (NULL));
  g_thread_join (g_thread_new ("test", func, scene));
  g_main_context_release (NULL);
}

/* Everything is on its way already, and what was asked for later is as well. */
static void
test_in_another_thread (Scene         *scene,
                        gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;
  Datum *datum;

  populate (scene);
  /* They unwind at home, after the owner is freed, and so cannot look at it. */
  scene->posted = nth_task (&scene->fixture, 0);
  run_thread (post_in_thread, scene);
  for (guint i = 0; i < n_tasks (&scene->fixture); i++)
    {
      TendTask *task = nth_task (&scene->fixture, i);

      if (g_strcmp0 (tend_task_get_name (task), "sleeping") == 0 ||
          g_strcmp0 (tend_task_get_name (task), "paused") == 0 ||
          g_strcmp0 (tend_task_get_name (task), "shielded") == 0)
        tend_task_stop (task);
    }
  settle (&scene->fixture);
  run_thread (drop_in_thread, scene);
  g_assert_true (scene->is_finalized);

  datum = give (scene);
  g_assert_null (tend_task_manager_register (scene->fixture.manager,
                                             tend_task_new_open (NULL, guarded_body, datum, destroyed),
                                             TEND_NAME_POLICY_REJECT, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_SHUT_DOWN);
  settle (&scene->fixture);
  assert_shut_down (scene);
}

/* --- */

static void
add_scene (const char *name,
           gconstpointer data,
           void     (* test) (Scene         *scene,
                              gconstpointer  data))
{
  g_autofree char *path = g_strconcat ("/tend/task-manager/owner/", name, NULL);

  g_test_add (path, Scene, data, set_up_scene, test, tear_down_scene);
}

static void
add_inside_task (const char *place)
{
  g_autofree char *name = g_strconcat ("inside-", place, NULL);

  add_scene (name, place, test_inside_task);
}

/* One that has not begun is barred as well: its exit handler, its timer and who waits for it. */
static void
test_shutdown_task_that_never_begins (Scene         *scene,
                                      gconstpointer  unused)
{
  TendTask *last = watch (&scene->fixture, new_callback (scene, NULL, never_run, -1, -1));

  g_assert_true (tend_task_manager_add_shutdown_task (scene->fixture.manager, g_object_ref (adorn (scene, last)),
                                                      NULL));
  g_object_unref (last);
  drop_owner (scene);
  settle (&scene->fixture);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_scene ("last-unref", NULL, test_last_unref);
  add_scene ("run-dispose", NULL, test_run_dispose);
  add_scene ("keeps-the-manager", NULL, test_keeps_the_manager);
  add_scene ("after-the-manager", NULL, test_after_the_manager);

  add_inside_task ("body");
  add_inside_task ("fiber");
  add_inside_task ("timer");
  add_inside_task ("post");
  add_inside_task ("exit-handler");
  add_scene ("inside-task-failed", NULL, test_inside_task_failed);
  add_scene ("inside-addition", NULL, test_inside_list);
  add_scene ("inside-removal", "removal", test_inside_list);
  add_scene ("inside-wait", NULL, test_inside_wait);
  add_scene ("inside-wait-for-tasks", "all", test_inside_wait);

  add_scene ("attempt-of-a-retry", NULL, test_attempt);
  add_scene ("child-of-a-group", NULL, test_child_of_group);

  add_scene ("during-shutdown", NULL, test_during_shutdown);
  add_scene ("during-shutdown-task", NULL, test_during_shutdown_task);
  add_scene ("inside-shutdown-task", NULL, test_inside_shutdown_task);

  add_scene ("others-are-told-natively", NULL, test_others_are_told_natively);
  add_scene ("list-stays-right", NULL, test_list_stays_right);
  add_scene ("in-another-thread", NULL, test_in_another_thread);
  add_scene ("shutdown-task-that-never-begins", NULL, test_shutdown_task_that_never_begins);

  return g_test_run ();
}
