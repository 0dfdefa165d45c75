// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What child managers leave when they have ended, because their owner is gone or their own shutdown did not wait any
// longer: threads that go on. A shutdown and a drain of the manager above wait for them, and name those that are late.

#include "children.h"

/* A manager below the one of the fixture, with an owner and a thread that goes on until it is let go. */
typedef struct
{
  Fixture         *fixture;
  GObject         *owner;
  TendTaskManager *child;   /* a reference, until the test drops it */
  Work            *thread;
} House;

static void
build (House   *house,
       Fixture *fixture)
{
  g_autoptr(GError) error = NULL;

  house->fixture = fixture;
  house->owner = g_object_new (G_TYPE_OBJECT, NULL);
  house->child = watch (fixture, tend_task_manager_new_for_owner (house->owner));
  tend_task_manager_add_child (fixture->manager, house->child, &error);
  g_assert_no_error (error);
  house->thread = work_in (fixture, house->child, THREAD, "deaf");
  house->thread->is_deaf = TRUE;
  work_wait_begun (house->thread);
}

static void
let_go (House *house)
{
  work_let_go (house->thread);
  work_wait_gone (house->thread);
  settle (house->fixture);
}

static void
drained_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      data)
{
  g_autoptr(GError) error = NULL;

  note (data, tend_task_manager_drain_finish (TEND_TASK_MANAGER (object), result, &error) ? "drained" : "error");
}

static void
run (House        *house,
     TendBodyFunc  func)
{
  g_object_unref (watch (house->fixture, tend_task_run_fiber (NULL, func, house, NULL)));
}

/* --- The owner is gone --- */

static void
test_shutdown_waits (Fixture       *fixture,
                     gconstpointer  drops_first)
{
  House house;

  build (&house, fixture);
  note_in (fixture, fixture->manager, "parent");

  /* An owner that drops its manager in dispose() leaves it to the parent, which holds it. */
  if (drops_first != NULL)
    g_clear_object (&house.child);
  g_clear_object (&house.owner);
  g_clear_object (&house.child);
  settle (fixture);
  g_assert_cmpuint (fixture->n_alive, >, 0);

  shut_down (fixture);
  tend_clock_advance (fixture->clock, 5 * SECOND - 1, NULL);
  assert_log (fixture, "");
  let_go (&house);
  assert_log (fixture, "parent down");
  g_assert_cmpuint (fixture->n_alive, ==, 0);
}

static void
test_stragglers_are_named (Fixture       *fixture,
                           gconstpointer  unused)
{
  g_autoptr(GPtrArray) errors = NULL;
  House house;

  build (&house, fixture);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  g_clear_object (&house.owner);
  tend_task_manager_set_grace_period (house.child, 3600 * SECOND);
  shut_down (fixture);
  tend_clock_advance (fixture->clock, 5 * SECOND - 1, NULL);
  assert_log (fixture, "");
  tend_clock_advance (fixture->clock, 1, NULL);
  assert_log (fixture, "error");
  errors = take_errors (fixture);
  g_assert_cmpuint (errors->len, ==, 1);
  g_assert_error (get_error (errors, 0), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_message (errors, 0, "'deaf'");
  assert_message (errors, 0, "it is 6.000 s old and stopped, and did not end within 5.000 s");

  /* Nobody waits for it any more. */
  g_assert_null (tend_task_manager_get_parent (house.child));
  let_go (&house);
  g_clear_object (&house.child);
  assert_log (fixture, "");
}

static void
test_drain_waits (Fixture       *fixture,
                  gconstpointer  is_overtaken)
{
  House house;

  build (&house, fixture);
  g_clear_object (&house.owner);
  tend_task_manager_drain_async (fixture->manager, NULL, drained_cb, fixture);
  tend_clock_advance (fixture->clock, 3600 * SECOND, NULL);
  assert_log (fixture, "");
  g_assert_true (tend_task_manager_is_shut_down (house.child));
  g_assert_true (tend_task_manager_is_closed (house.child));

  if (is_overtaken != NULL)
    {
      shut_down (fixture);
      tend_clock_advance (fixture->clock, 5 * SECOND - 1, NULL);
      assert_log (fixture, "");
      tend_clock_advance (fixture->clock, 1, NULL);
      assert_log (fixture, "error error");
    }

  let_go (&house);
  assert_log (fixture, is_overtaken != NULL ? "" : "drained");
  g_clear_object (&house.child);
}

/* While the shutdown of the parent goes on already, which waits for the thread all the same. */
static void
test_owner_goes_meanwhile (Fixture       *fixture,
                           gconstpointer  is_drained)
{
  g_autoptr(GPtrArray) errors = NULL;
  House house;

  build (&house, fixture);
  if (is_drained != NULL)
    tend_task_manager_drain_async (fixture->manager, NULL, drained_cb, fixture);
  else
    shut_down (fixture);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  g_clear_object (&house.owner);
  tend_clock_advance (fixture->clock, 3 * SECOND, NULL);
  assert_log (fixture, "");
  g_assert_true (tend_task_manager_get_parent (house.child) == fixture->manager);

  /* That the owner has gone is told as it is without a thread. */
  let_go (&house);
  assert_log (fixture, "error");
  g_assert_null (tend_task_manager_get_parent (house.child));
  g_clear_object (&house.child);
  if (is_drained != NULL)
    return;

  errors = take_errors (fixture);
  g_assert_cmpuint (errors->len, ==, 1);
  g_assert_error (get_error (errors, 0), TEND_ERROR, TEND_ERROR_STOPPED);
}

static void
test_owner_goes_meanwhile_and_thread_is_late (Fixture       *fixture,
                                              gconstpointer  unused)
{
  g_autoptr(GPtrArray) errors = NULL;
  House house;

  build (&house, fixture);
  shut_down (fixture);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  g_clear_object (&house.owner);
  tend_clock_advance (fixture->clock, 4 * SECOND - 1, NULL);
  assert_log (fixture, "");
  tend_clock_advance (fixture->clock, 1, NULL);
  assert_log (fixture, "errors");
  errors = take_errors (fixture);
  g_assert_cmpuint (errors->len, ==, 2);
  g_assert_error (get_error (errors, 0), TEND_ERROR, TEND_ERROR_STOPPED);
  assert_message (errors, 1, "'deaf'");
  let_go (&house);
  g_clear_object (&house.child);
}

/* A child of the manager whose owner is gone has a grace period of its own, and leaves something as well. */
static void
test_grandchild (Fixture       *fixture,
                 gconstpointer  unused)
{
  g_autoptr(GPtrArray) errors = NULL;
  TendTaskManager *grandchild;
  House house;
  Work *below;

  build (&house, fixture);
  grandchild = add_child (fixture, house.child);
  below = work_in (fixture, grandchild, THREAD, "below");
  below->is_deaf = TRUE;
  work_wait_begun (below);
  g_clear_object (&house.owner);
  g_clear_object (&house.child);
  let_go (&house);

  /* It is stopped now, and named for nobody. */
  tend_clock_advance (fixture->clock, 3600 * SECOND, NULL);
  shut_down (fixture);
  tend_clock_advance (fixture->clock, 5 * SECOND - 1, NULL);
  assert_log (fixture, "");
  tend_clock_advance (fixture->clock, 1, NULL);
  assert_log (fixture, "error");
  errors = take_errors (fixture);
  g_assert_cmpuint (errors->len, ==, 1);
  assert_message (errors, 0, "'below'");
  work_let_go (below);
  work_wait_gone (below);
  g_assert_cmpuint (fixture->n_alive, ==, 0);
}

static gboolean
wait_for_tasks (TendTask  *task,
                gpointer   data,
                GError   **error)
{
  House *house = data;

  g_assert_true (tend_task_manager_wait_for_tasks (house->child, error));
  note (house->fixture, "waited");
  return TRUE;
}

static gboolean
shut_child_down (TendTask  *task,
                 gpointer   data,
                 GError   **error)
{
  House *house = data;

  if (tend_task_manager_shutdown (house->child, NULL))
    note (house->fixture, "child-down");
  else
    note (house->fixture, "child-error");
  return TRUE;
}

static void
test_waits_of_the_child (Fixture       *fixture,
                         gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;
  House house;

  build (&house, fixture);
  g_clear_object (&house.owner);
  run (&house, wait_for_tasks);
  run (&house, shut_child_down);
  tend_clock_advance (fixture->clock, 4 * SECOND, NULL);
  assert_log (fixture, "");

  /* It takes nothing new, and no shutdown task of it runs. */
  g_assert_false (tend_task_manager_add_shutdown_task (house.child, tend_task_new_open ("late", never_run, NULL, NULL),
                                                       &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_SHUT_DOWN);
  let_go (&house);
  assert_log (fixture, "waited child-down");
  g_assert_null (tend_task_manager_get_parent (house.child));
  g_clear_object (&house.child);
}

static void
test_shutdown_of_the_child_names (Fixture       *fixture,
                                  gconstpointer  unused)
{
  House house;

  build (&house, fixture);
  g_clear_object (&house.owner);
  run (&house, shut_child_down);
  tend_clock_advance (fixture->clock, 5 * SECOND - 1, NULL);
  assert_log (fixture, "");
  tend_clock_advance (fixture->clock, 1, NULL);
  assert_log (fixture, "child-error");

  /* Once: who asks again gets the same result. */
  run (&house, shut_child_down);
  settle (fixture);
  assert_log (fixture, "child-error");
  let_go (&house);
  g_clear_object (&house.child);
}

static void
test_slot_of_the_parent (Fixture       *fixture,
                         gconstpointer  unused)
{
  House house;
  Work *next;

  tend_task_manager_set_max_running (fixture->manager, 1);
  build (&house, fixture);
  next = register_work (fixture, FIBER, NULL);
  g_clear_object (&house.owner);
  g_clear_object (&house.child);
  settle (fixture);
  g_assert_false (work_has_run (next));
  let_go (&house);
  g_assert_true (work_has_run (next));
  work_let_go (next);
  settle (fixture);
}

/* --- Its own shutdown is over --- */

static void
test_after_shutdown_of_the_child (Fixture       *fixture,
                                  gconstpointer  is_drained)
{
  g_autoptr(GPtrArray) errors = NULL;
  House house;

  build (&house, fixture);
  tend_task_manager_shutdown_async (house.child, NULL, NULL, NULL);
  tend_clock_advance (fixture->clock, 5 * SECOND, NULL);
  g_assert_true (tend_task_manager_get_parent (house.child) == fixture->manager);

  if (is_drained != NULL)
    tend_task_manager_drain_async (fixture->manager, NULL, drained_cb, fixture);
  else
    shut_down (fixture);
  tend_clock_advance (fixture->clock, 5 * SECOND - 1, NULL);
  assert_log (fixture, "");
  let_go (&house);
  assert_log (fixture, is_drained != NULL ? "drained" : "down");
  g_clear_object (&house.child);
  g_clear_object (&house.owner);
}

/* The drain of the parent waits, although the shutdown of the child does not any longer. */
static void
test_shutdown_of_the_child_while_drained (Fixture       *fixture,
                                          gconstpointer  unused)
{
  House house;

  build (&house, fixture);
  tend_task_manager_drain_async (fixture->manager, NULL, drained_cb, fixture);
  tend_task_manager_shutdown_async (house.child, NULL, NULL, NULL);
  tend_clock_advance (fixture->clock, 3600 * SECOND, NULL);
  assert_log (fixture, "");
  let_go (&house);

  /* The thread was late for that shutdown, and this is told. */
  assert_log (fixture, "error");
  g_clear_object (&house.child);
  g_clear_object (&house.owner);
}

static void
test_leaves_when_it_is_finished (Fixture       *fixture,
                                 gconstpointer  unused)
{
  House house;

  build (&house, fixture);
  g_clear_object (&house.owner);
  g_assert_true (tend_task_manager_get_parent (house.child) == fixture->manager);
  let_go (&house);
  g_assert_null (tend_task_manager_get_parent (house.child));
  g_clear_object (&house.child);
  g_assert_cmpuint (fixture->n_alive, ==, 0);
}

/* Somebody disposes of it while the parent waits for its rest. */
static void
test_disposed_of (Fixture       *fixture,
                  gconstpointer  unused)
{
  House house;

  build (&house, fixture);
  g_clear_object (&house.owner);
  shut_down (fixture);
  settle (fixture);
  g_object_run_dispose (G_OBJECT (house.child));
  settle (fixture);
  assert_log (fixture, "error");
  let_go (&house);
  g_clear_object (&house.child);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, data, test) \
  g_test_add ("/tend/task-manager/children/rest/" path, Fixture, data, set_up, test, tear_down_shutdown)

  ADD ("shutdown-waits", NULL, test_shutdown_waits);
  ADD ("shutdown-waits-where-owner-drops-first", "first", test_shutdown_waits);
  ADD ("stragglers-are-named", NULL, test_stragglers_are_named);
  ADD ("drain-waits", NULL, test_drain_waits);
  ADD ("shutdown-overtakes-the-drain", "overtaken", test_drain_waits);
  ADD ("owner-goes-during-shutdown", NULL, test_owner_goes_meanwhile);
  ADD ("owner-goes-during-drain", "drain", test_owner_goes_meanwhile);
  ADD ("owner-goes-and-thread-is-late", NULL, test_owner_goes_meanwhile_and_thread_is_late);
  ADD ("grandchild", NULL, test_grandchild);
  ADD ("waits-of-the-child", NULL, test_waits_of_the_child);
  ADD ("shutdown-of-the-child-names", NULL, test_shutdown_of_the_child_names);
  ADD ("slot-of-the-parent", NULL, test_slot_of_the_parent);
  ADD ("after-shutdown-of-the-child", NULL, test_after_shutdown_of_the_child);
  ADD ("drain-after-shutdown-of-the-child", "drain", test_after_shutdown_of_the_child);
  ADD ("shutdown-of-the-child-during-drain", NULL, test_shutdown_of_the_child_while_drained);
  ADD ("leaves-when-it-is-finished", NULL, test_leaves_when_it_is_finished);
  ADD ("disposed-of", NULL, test_disposed_of);

  return g_test_run ();
}
