// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Other time-outs for a while: nested, by type, and each for the task that asked for it.

#include "cache.h"

static void
push (Fixture *fixture,
      GType    type,
      gint64   usec)
{
  tend_request_cache_push_timeout (fixture->requests, type, usec);
}

static void
pop (Fixture *fixture)
{
  tend_request_cache_pop_timeout (fixture->requests);
}

/* Adds a cache with a time-out of ten seconds and says after how many it times out. */
static gint64
seconds_of (Fixture *fixture,
            GType    type)
{
  g_autoptr(TendNumberCache) cache = g_object_new (type, "prefix", "p", "number", (guint64) 1, NULL);
  gint64 begin = tend_clock_get_time (fixture->clock);

  add (fixture->requests, cache);
  while (tend_number_cache_is_held (cache))
    advance (fixture, SECOND);
  if (g_type_is_a (type, TEST_TYPE_REQUEST))
    assert_notes ("p-1");
  return (tend_clock_get_time (fixture->clock) - begin) / SECOND;
}

static void
test_overrides (Fixture       *fixture,
                gconstpointer  unused)
{
  g_assert_cmpint (seconds_of (fixture, TEND_TYPE_NUMBER_CACHE), ==, 10);
  push (fixture, TEND_TYPE_NUMBER_CACHE, 3 * SECOND);
  g_assert_cmpint (seconds_of (fixture, TEND_TYPE_NUMBER_CACHE), ==, 3);
  pop (fixture);
  g_assert_cmpint (seconds_of (fixture, TEND_TYPE_NUMBER_CACHE), ==, 10);
}

static void
test_zero (Fixture       *fixture,
           gconstpointer  unused)
{
  push (fixture, TEND_TYPE_NUMBER_CACHE, 0);
  request_add (fixture, 1, 10 * SECOND, NULL);
  assert_notes ("");
  pop (fixture);
  advance (fixture, 0);
  assert_notes ("p-1");
}

/* What was added keeps its time-out, within and after. */
static void
test_fixed_when_added (Fixture       *fixture,
                       gconstpointer  unused)
{
  request_add (fixture, 1, 10 * SECOND, NULL);
  push (fixture, TEND_TYPE_NUMBER_CACHE, 2 * SECOND);
  request_add (fixture, 2, 10 * SECOND, NULL);
  advance (fixture, SECOND);
  pop (fixture);
  request_add (fixture, 3, 20 * SECOND, NULL);
  advance (fixture, SECOND);
  assert_notes ("p-2");
  advance (fixture, 8 * SECOND);
  assert_notes ("p-1");
  advance (fixture, 11 * SECOND);
  assert_notes ("p-3");
}

static void
test_types (Fixture       *fixture,
            gconstpointer  unused)
{
  push (fixture, TEST_TYPE_REQUEST, 2 * SECOND);
  g_assert_cmpint (seconds_of (fixture, TEND_TYPE_NUMBER_CACHE), ==, 10);
  g_assert_cmpint (seconds_of (fixture, TEST_TYPE_REQUEST), ==, 2);
  g_assert_cmpint (seconds_of (fixture, TEST_TYPE_SPECIAL), ==, 2);

  /* Several types are several overrides; the newest that matches counts, and not the closest. */
  push (fixture, TEST_TYPE_SPECIAL, 3 * SECOND);
  g_assert_cmpint (seconds_of (fixture, TEST_TYPE_REQUEST), ==, 2);
  g_assert_cmpint (seconds_of (fixture, TEST_TYPE_SPECIAL), ==, 3);
  push (fixture, TEND_TYPE_NUMBER_CACHE, 4 * SECOND);
  g_assert_cmpint (seconds_of (fixture, TEST_TYPE_SPECIAL), ==, 4);
  pop (fixture);
  g_assert_cmpint (seconds_of (fixture, TEST_TYPE_SPECIAL), ==, 3);
  pop (fixture);
  g_assert_cmpint (seconds_of (fixture, TEST_TYPE_SPECIAL), ==, 2);
  pop (fixture);
  g_assert_cmpint (seconds_of (fixture, TEST_TYPE_SPECIAL), ==, 10);
}

/* It counts against what the class says too, be that as wrong as it may. */
static void
test_class_is_overridden (Fixture       *fixture,
                          gconstpointer  unused)
{
  g_autoptr(TendNumberCache) cache = request_new (fixture, 1);

  get_private (cache)->timeout = -1;
  push (fixture, TEST_TYPE_REQUEST, SECOND);
  add (fixture->requests, cache);
  pop (fixture);
  advance (fixture, SECOND);
  assert_notes ("p-1");
}

static void
test_other_request_cache (Fixture       *fixture,
                          gconstpointer  unused)
{
  g_autoptr(TendRequestCache) other = tend_request_cache_new ();
  Fixture others = { fixture->clock, other };

  push (fixture, TEND_TYPE_NUMBER_CACHE, SECOND);
  g_assert_cmpint (seconds_of (&others, TEND_TYPE_NUMBER_CACHE), ==, 10);
  g_assert_cmpint (seconds_of (fixture, TEND_TYPE_NUMBER_CACHE), ==, 1);
  pop (fixture);
}

/* --- Tasks --- */

typedef struct
{
  Fixture *fixture;
  guint64  number;
  gint64   usec;
} Plan;

/* Asks for a time-out, waits while others ask for theirs, and adds a cache. */
static gboolean
override_fiber (TendTask  *task,
                gpointer   data,
                GError   **error)
{
  Plan *plan = data;

  push (plan->fixture, TEND_TYPE_NUMBER_CACHE, 9 * SECOND);
  push (plan->fixture, TEND_TYPE_NUMBER_CACHE, plan->usec);
  if (!tend_sleep (SECOND, error))
    return FALSE;

  request_add (plan->fixture, plan->number, 30 * SECOND, NULL);
  pop (plan->fixture);
  return tend_sleep (SECOND, error) &&
         (request_add (plan->fixture, plan->number + 10, 30 * SECOND, NULL), TRUE);
}

/* Each has its own, and the code outside of tasks has its own as well. */
static void
test_fibers_interleaved (Fixture       *fixture,
                         gconstpointer  unused)
{
  Plan plans[] = { { fixture, 1, 3 * SECOND }, { fixture, 2, 2 * SECOND } };
  g_autoptr(TendTask) a G_GNUC_UNUSED = tend_task_run_fiber ("a", override_fiber, &plans[0], NULL);
  g_autoptr(TendTask) b G_GNUC_UNUSED = tend_task_run_fiber ("b", override_fiber, &plans[1], NULL);

  request_add (fixture, 3, 20 * SECOND, NULL);
  push (fixture, TEND_TYPE_NUMBER_CACHE, 5 * SECOND);
  request_add (fixture, 4, 20 * SECOND, NULL);
  advance (fixture, 3 * SECOND);
  assert_notes ("p-2");
  advance (fixture, SECOND);
  assert_notes ("p-1");
  advance (fixture, SECOND);
  assert_notes ("p-4");
  pop (fixture);
  advance (fixture, 6 * SECOND);
  assert_notes ("p-11 p-12");
  advance (fixture, 9 * SECOND);
  assert_notes ("p-3");
}

static gboolean
forget_fiber (TendTask  *task,
              gpointer   data,
              GError   **error)
{
  push (data, TEND_TYPE_NUMBER_CACHE, SECOND);
  return TRUE;
}

/* A task that forgets to end its override leaves it to nobody, and is not kept by it for long. */
static void
test_forgotten (Fixture       *fixture,
                gconstpointer  unused)
{
  TendTask *task = tend_task_run_fiber (NULL, forget_fiber, fixture, NULL);

  g_assert_cmpint (seconds_of (fixture, TEND_TYPE_NUMBER_CACHE), ==, 10);
  push (fixture, TEND_TYPE_NUMBER_CACHE, SECOND);
  pop (fixture);
  g_assert_finalize_object (task);
}

static void
pop_cb (gpointer data)
{
  pop (data);
}

/* Leaves its override behind, and a result that pops another when it is freed with the task. */
static gboolean
forget_and_pop_fiber (TendTask  *task,
                      gpointer   data,
                      GError   **error)
{
  push (data, TEND_TYPE_NUMBER_CACHE, 2 * SECOND);
  tend_task_return_pointer (task, data, pop_cb);
  return tend_sleep (SECOND, error);
}

/* The last reference to a task goes with its override, and what that frees pops the one before it in the list. */
static void
test_forgotten_one_pops_another (Fixture       *fixture,
                                 gconstpointer  unused)
{
  g_object_unref (tend_task_run_fiber (NULL, forget_and_pop_fiber, fixture, NULL));
  push (fixture, TEND_TYPE_NUMBER_CACHE, 3 * SECOND);
  advance (fixture, SECOND);
  push (fixture, TEND_TYPE_NUMBER_CACHE, 4 * SECOND);
  g_assert_cmpint (seconds_of (fixture, TEND_TYPE_NUMBER_CACHE), ==, 4);
  pop (fixture);
  expect_critical ("*no timeout was pushed here");
  pop (fixture);
  g_test_assert_expected_messages ();
}

static gboolean
push_and_pop_fiber (TendTask  *task,
                    gpointer   data,
                    GError   **error)
{
  push (data, TEND_TYPE_NUMBER_CACHE, 3 * SECOND);
  pop (data);
  return TRUE;
}

/* Ends, and has code of its own run on, and somebody else push and pop one. */
static gboolean
end_within_body (TendTask  *task,
                 gpointer   data,
                 GError   **error)
{
  g_autoptr(TendTask) other = NULL;

  push (data, TEND_TYPE_NUMBER_CACHE, 2 * SECOND);
  tend_task_return_boolean (task, TRUE);
  other = tend_task_run_fiber (NULL, push_and_pop_fiber, data, NULL);
  g_assert_cmpint (seconds_of (data, TEND_TYPE_NUMBER_CACHE), ==, 2);
  pop (data);

  return TRUE;
}

/* It counts for what the body does, and not for as long as the task has not ended. */
static void
test_ended_within (Fixture       *fixture,
                   gconstpointer  unused)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, end_within_body, fixture, NULL);

  assert_status (task, "completed");
  g_assert_cmpint (seconds_of (fixture, TEND_TYPE_NUMBER_CACHE), ==, 10);

  /* Whoever runs its code once more, as a language binding may, is told of no mistake. */
  tend_task_push_current (task);
  push (fixture, TEND_TYPE_NUMBER_CACHE, 2 * SECOND);
  push (fixture, TEND_TYPE_NUMBER_CACHE, 3 * SECOND);
  pop (fixture);
  pop (fixture);
  tend_task_pop_current (task);
}

static gboolean
pop_fiber (TendTask  *task,
           gpointer   data,
           GError   **error)
{
  pop (data);
  return TRUE;
}

static void
test_pops_its_own (Fixture       *fixture,
                   gconstpointer  unused)
{
  g_autoptr(TendTask) task = NULL;

  expect_critical ("*no timeout was pushed here");
  pop (fixture);
  g_test_assert_expected_messages ();

  push (fixture, TEND_TYPE_NUMBER_CACHE, SECOND);
  expect_critical ("*no timeout was pushed here");
  task = tend_task_run_fiber (NULL, pop_fiber, fixture, NULL);
  g_test_assert_expected_messages ();
  g_assert_cmpint (seconds_of (fixture, TEND_TYPE_NUMBER_CACHE), ==, 1);
  pop (fixture);
}

static void
test_finalized_within (Fixture       *fixture,
                       gconstpointer  unused)
{
  g_autoptr(TendTask) task G_GNUC_UNUSED = tend_task_run_fiber (NULL, forget_fiber, fixture, NULL);

  push (fixture, TEND_TYPE_NUMBER_CACHE, SECOND);
  g_assert_finalize_object (g_steal_pointer (&fixture->requests));
}

static void
test_refuses_nonsense (Fixture       *fixture,
                       gconstpointer  unused)
{
  expect_critical ("*g_type_is_a*");
  push (fixture, G_TYPE_OBJECT, SECOND);
  expect_critical ("*timeout >= 0*");
  push (fixture, TEND_TYPE_NUMBER_CACHE, -1);
  g_test_assert_expected_messages ();
  g_assert_cmpint (seconds_of (fixture, TEND_TYPE_NUMBER_CACHE), ==, 10);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/request-cache/override/counts-until-it-is-popped", test_overrides);
  add_test ("/tend/request-cache/override/zero-is-the-next-turn", test_zero);
  add_test ("/tend/request-cache/override/is-fixed-when-added", test_fixed_when_added);
  add_test ("/tend/request-cache/override/by-type", test_types);
  add_test ("/tend/request-cache/override/counts-against-the-class", test_class_is_overridden);
  add_test ("/tend/request-cache/override/not-in-another-request-cache", test_other_request_cache);
  add_test ("/tend/request-cache/override/fibers-interleaved", test_fibers_interleaved);
  add_test ("/tend/request-cache/override/ends-with-its-task", test_forgotten);
  add_test ("/tend/request-cache/override/forgotten-one-pops-another", test_forgotten_one_pops_another);
  add_test ("/tend/request-cache/override/of-a-task-that-ends-within", test_ended_within);
  add_test ("/tend/request-cache/override/only-its-own-is-popped", test_pops_its_own);
  add_test ("/tend/request-cache/override/goes-with-the-request-cache", test_finalized_within);
  add_test ("/tend/request-cache/override/refuses-nonsense", test_refuses_nonsense);

  return g_test_run ();
}
