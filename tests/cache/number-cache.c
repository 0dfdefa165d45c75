// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The cache and its tasks: each way in which it goes settles them. What it is made with: properties.c; what its
// time-out calls: timed-out.c.

#include "cache.h"

/* --- What the time-out gives --- */

static void
test_value_error_none (Fixture       *fixture,
                       gconstpointer  unused)
{
  g_autoptr(GError) reason = g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "No answer");
  TendNumberCache *cache = request_add (fixture, 1, SECOND, NULL);
  g_autoptr(TendTask) value = answer_add_int (cache, "value", 7);
  g_autoptr(TendTask) none = answer_add (cache, "none");
  g_autoptr(TendTask) failed = answer_new ("error");

  g_assert_true (tend_number_cache_add_task_with_error (cache, failed, reason, NULL));
  advance (fixture, SECOND - 1);
  assert_notes ("");
  g_assert_true (tend_number_cache_is_held (cache));
  advance (fixture, 1);
  assert_notes ("p-1 value:completed none:completed error:failed");

  g_assert_cmpint (tend_task_get_int (value), ==, 7);
  g_assert_null (tend_task_get_result (none, NULL));
  g_assert_null (tend_task_get_error (none));
  g_assert_error (tend_task_get_error (failed), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpstr (tend_task_get_error (failed)->message, ==, "No answer");
}

static void
test_completed_before (Fixture       *fixture,
                       gconstpointer  unused)
{
  TendNumberCache *cache = request_add (fixture, 1, SECOND, NULL);
  g_autoptr(TendTask) done = answer_add_int (cache, "done", 7);
  g_autoptr(TendTask) cancelled = answer_add_int (cache, "gone", 7);

  tend_task_return_boolean (done, TRUE);
  tend_task_cancel (cancelled);
  assert_notes ("done:completed gone:cancelled");
  advance (fixture, SECOND);
  assert_notes ("p-1");
  g_assert_true (tend_task_get_boolean (done));
  g_assert_error (tend_task_get_error (cancelled), G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static gpointer
set_thread (gpointer completion)
{
  g_assert_true (tend_completion_set_int (completion, 1, NULL));
  return NULL;
}

static void
set_elsewhere (TendNumberCache  *cache,
               TendRequestCache *requests)
{
  in_thread (set_thread, g_object_get_data (G_OBJECT (cache), "completion"));
}

/* What copies the value looks at the cache, which has nothing yet of what is being added. */
typedef struct
{
  TendNumberCache *cache;
  TendTask        *task;
} Curious;

static gpointer
curious_copy (gpointer boxed)
{
  Curious *curious = boxed;
  g_autoptr(GPtrArray) tasks = tend_number_cache_list_tasks (curious->cache);

  note ("copied");
  g_assert_cmpuint (tasks->len, ==, 0);
  g_assert_false (tend_number_cache_remove_task (curious->cache, curious->task));

  return boxed;
}

static void
curious_free (gpointer boxed)
{
  note ("freed");
}

static GType curious_get_type (void) G_GNUC_CONST;

G_DEFINE_BOXED_TYPE (Curious, curious, curious_copy, curious_free)

static void
test_value_is_copied_first (Fixture       *fixture,
                            gconstpointer  unused)
{
  TendNumberCache *cache = request_add (fixture, 1, SECOND, NULL);
  g_autoptr(TendTask) task = answer_new ("value");
  g_autoptr(TendTask) returns = tend_task_new_fiber (NULL, sleep_body, NULL, NULL);
  g_autoptr(GPtrArray) tasks = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(GValue) value = G_VALUE_INIT;
  Curious curious = { cache, task };

  g_value_init (&value, curious_get_type ());
  g_value_set_static_boxed (&value, &curious);
  g_assert_true (tend_number_cache_add_task (cache, task, &value, NULL));
  assert_notes ("copied");
  tasks = tend_number_cache_list_tasks (cache);
  g_assert_cmpuint (tasks->len, ==, 1);
  g_assert_true (tend_number_cache_remove_task (cache, task));
  assert_notes ("freed");

  /* Of one that is refused nothing is left. */
  g_assert_false (tend_number_cache_add_task (cache, returns, &value, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_STATE);
  assert_notes ("copied freed");
  tend_task_cancel (task);
  assert_notes ("value:cancelled");
}

/* The outcome of another thread was first, and is on its way when the time-out would give another. */
static void
test_outcome_on_its_way_wins (Fixture       *fixture,
                              gconstpointer  unused)
{
  TendCompletion *completion = tend_completion_new ("c");
  g_autoptr(TendTask) task = g_object_ref (tend_completion_get_task (completion));
  TendNumberCache *cache = request_add (fixture, 1, SECOND, set_elsewhere);
  g_auto(GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_INT64);
  g_assert_true (tend_number_cache_add_task (cache, task, &value, NULL));
  g_object_set_data (G_OBJECT (cache), "completion", completion);
  advance (fixture, SECOND);
  assert_notes ("p-1");
  g_assert_cmpint (tend_task_get_int (task), ==, 1);
  g_assert_finalize_object (completion);
}

/* The completion's writing end stays usable, and says that it came too late. */
static void
test_completion_after_timeout (Fixture       *fixture,
                               gconstpointer  unused)
{
  TendCompletion *completion = tend_completion_new ("c");
  TendNumberCache *cache = request_add (fixture, 1, SECOND, NULL);
  g_autoptr(GError) error = NULL;

  g_assert_true (tend_number_cache_add_task (cache, tend_completion_get_task (completion), NULL, NULL));
  advance (fixture, SECOND);
  assert_notes ("p-1");
  g_assert_false (tend_completion_set_boolean (completion, TRUE, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_STATE);
  g_assert_finalize_object (completion);
}

/* A body can be given a result while it runs. One that does not is cancelled and not left behind. */
static void
test_tasks_with_body (Fixture       *fixture,
                      gconstpointer  unused)
{
  TendNumberCache *cache = request_add (fixture, 1, SECOND, NULL);
  g_autoptr(TendTask) running = tend_task_run_open ("running", idle_body, NULL, NULL);
  g_autoptr(TendTask) unstarted = tend_task_new_open ("unstarted", idle_body, NULL, NULL);
  g_autoptr(TendTask) ticking = tend_task_new_open ("ticking", complete_body, NULL, NULL);
  TendTask *tasks[] = { running, unstarted, ticking };

  tend_task_set_interval (ticking, 10 * SECOND);
  g_assert_true (tend_task_start (ticking, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      tend_task_add_exit_handler (tasks[i], note_exit_cb, (gpointer) tend_task_get_name (tasks[i]), NULL);
      g_assert_true (tend_number_cache_add_task (cache, tasks[i], NULL, NULL));
    }
  advance (fixture, SECOND);
  assert_notes ("p-1 running:completed unstarted:cancelled ticking:cancelled");
}

static void
test_refuses_tasks (Fixture       *fixture,
                    gconstpointer  unused)
{
  g_autoptr(TendNumberCache) cache = tend_number_cache_new ("p", 1);
  g_autoptr(GError) reason = g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "No answer");
  g_autoptr(TendTask) fiber = tend_task_new_fiber ("fiber", sleep_body, NULL, NULL);
  g_autoptr(TendTask) thread = tend_task_new_thread ("thread", sleep_body, NULL, NULL);
  TendTask *tasks[] = { fiber, thread, tend_task_get_current () };
  g_autoptr(GPtrArray) list = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      g_autoptr(GError) error = NULL, other = NULL;

      g_assert_false (tend_number_cache_add_task (cache, tasks[i], NULL, &error));
      g_assert_error (error, TEND_ERROR, TEND_ERROR_STATE);
      g_assert_false (tend_number_cache_add_task_with_error (cache, tasks[i], reason, &other));
      g_assert_error (other, TEND_ERROR, TEND_ERROR_STATE);
    }

  list = tend_number_cache_list_tasks (cache);
  g_assert_cmpuint (list->len, ==, 0);
}

static void
test_lists_and_removes (Fixture       *fixture,
                        gconstpointer  unused)
{
  TendNumberCache *cache = request_add (fixture, 1, SECOND, NULL);
  g_autoptr(TendTask) a = answer_add (cache, "a");
  g_autoptr(TendTask) b = answer_add (cache, "b");
  g_autoptr(TendTask) c = answer_add (cache, "c");
  g_autoptr(GPtrArray) before = tend_number_cache_list_tasks (cache);
  g_autoptr(GPtrArray) after = NULL;

  g_assert_cmpuint (before->len, ==, 3);
  g_assert_true (before->pdata[0] == a && before->pdata[1] == b && before->pdata[2] == c);
  g_assert_true (tend_number_cache_remove_task (cache, b));
  g_assert_false (tend_number_cache_remove_task (cache, b));
  after = tend_number_cache_list_tasks (cache);
  g_assert_cmpuint (after->len, ==, 2);

  advance (fixture, SECOND);
  assert_notes ("p-1 a:completed c:completed");
  assert_status (b, "running");
  tend_task_cancel (b);
  assert_notes ("b:cancelled");
}

/* --- Every other way to go --- */

static void
clear (Fixture         *fixture,
       TendNumberCache *cache)
{
  add (fixture->requests, cache);
  tend_request_cache_clear (fixture->requests);
}

static void
shut_down (Fixture         *fixture,
           TendNumberCache *cache)
{
  add (fixture->requests, cache);
  tend_request_cache_shutdown_async (fixture->requests, NULL, NULL, NULL);
}

static void
refuse_duplicate (Fixture         *fixture,
                  TendNumberCache *cache)
{
  g_autoptr(GError) error = NULL;

  request_add (fixture, tend_number_cache_get_number (cache), SECOND, NULL);
  g_assert_false (tend_request_cache_add (fixture->requests, cache, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_EXISTS);
  g_assert_cmpstr (error->message, ==, "Cache 'p-1': the number is in use");
  g_assert_cmpuint (tend_request_cache_get_n_caches (fixture->requests), ==, 1);
}

static void
refuse_after_shutdown (Fixture         *fixture,
                       TendNumberCache *cache)
{
  g_autoptr(GError) error = NULL;

  tend_request_cache_shutdown_async (fixture->requests, NULL, NULL, NULL);
  g_assert_false (tend_request_cache_add (fixture->requests, cache, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_SHUT_DOWN);
  g_assert_cmpstr (error->message, ==, "Cache 'p-1': is not added: the request cache has been shut down");
}

static void
refuse_negative (Fixture         *fixture,
                 TendNumberCache *cache)
{
  g_autoptr(GError) error = NULL;

  get_private (cache)->timeout = -1;
  g_assert_false (tend_request_cache_add (fixture->requests, cache, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_false (tend_request_cache_has (fixture->requests, "p", 1));
}

static void
never_add (Fixture         *fixture,
           TendNumberCache *cache)
{
  g_object_run_dispose (G_OBJECT (cache));
}

static void
dispose_while_held (Fixture         *fixture,
                    TendNumberCache *cache)
{
  add (fixture->requests, cache);
  g_object_run_dispose (G_OBJECT (cache));
  g_assert_false (tend_request_cache_has (fixture->requests, "p", 1));
}

static void
finalize_request_cache (Fixture         *fixture,
                        TendNumberCache *cache)
{
  add (fixture->requests, cache);
  g_assert_finalize_object (g_steal_pointer (&fixture->requests));
}

/* Popped, its tasks are the caller's: until it is given to a request cache again. */
static void
refuse_popped (Fixture         *fixture,
               TendNumberCache *cache)
{
  g_autoptr(TendNumberCache) popped = NULL;

  add (fixture->requests, cache);
  popped = tend_request_cache_pop (fixture->requests, "p", 1);
  refuse_duplicate (fixture, cache);
}

typedef struct
{
  const char *path;
  void     (* go) (Fixture         *fixture,
                   TendNumberCache *cache);
  const char *later;    /* what is noted afterwards, by the cache that has the number instead */
} Way;

static void
test_cancels_tasks (Fixture       *fixture,
                    gconstpointer  data)
{
  const Way *way = data;
  TendNumberCache *cache = request_new (fixture, 1);
  g_autoptr(TendTask) a G_GNUC_UNUSED = answer_add_int (cache, "a", 1);
  g_autoptr(TendTask) b G_GNUC_UNUSED = answer_add (cache, "b");

  way->go (fixture, cache);
  assert_notes ("a:cancelled b:cancelled");
  g_assert_false (tend_number_cache_is_held (cache));
  g_assert_finalize_object (cache);
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_notes (way->later);
}

static void
test_freed_unadded (Fixture       *fixture,
                    gconstpointer  unused)
{
  TendNumberCache *cache = request_new (fixture, 1);
  g_autoptr(TendTask) task G_GNUC_UNUSED = answer_add (cache, "a");

  g_assert_finalize_object (cache);
  assert_notes ("a:cancelled");
}

static void
test_pop_leaves_tasks (Fixture       *fixture,
                       gconstpointer  unused)
{
  TendNumberCache *cache = request_add (fixture, 1, SECOND, NULL);
  g_autoptr(TendTask) task = answer_add_int (cache, "a", 7);
  g_autoptr(GPtrArray) tasks = NULL;

  g_assert_true (tend_request_cache_pop (fixture->requests, "p", 1) == cache);
  g_assert_false (tend_number_cache_is_held (cache));
  tasks = tend_number_cache_list_tasks (cache);
  g_assert_cmpuint (tasks->len, ==, 1);
  advance (fixture, 2 * SECOND);
  g_assert_finalize_object (cache);
  assert_notes ("");
  assert_status (task, "running");

  tend_task_return_int (task, 1);
  assert_notes ("a:completed");
  g_assert_cmpint (tend_task_get_int (task), ==, 1);
}

/* That it was popped once counts until it is added again. */
static void
test_popped_added_and_freed (Fixture       *fixture,
                             gconstpointer  unused)
{
  g_autoptr(TendTask) task = NULL;
  TendNumberCache *cache = request_add (fixture, 1, SECOND, NULL);

  g_assert_true (tend_request_cache_pop (fixture->requests, "p", 1) == cache);
  add (fixture->requests, cache);
  advance (fixture, SECOND);
  assert_notes ("p-1");
  task = answer_add (cache, "a");
  g_assert_finalize_object (cache);
  assert_notes ("a:cancelled");
}

/* A task that ends may look at the cache, or give it others: each is settled in its turn. */
static void
add_another_cb (TendTask *task,
                gpointer  cache)
{
  TendTask *other = answer_add (cache, "other");

  note ("%d", tend_number_cache_is_held (cache));
  g_object_unref (other);
}

static void
test_task_added_by_the_end_of_another (Fixture       *fixture,
                                       gconstpointer  unused)
{
  TendNumberCache *cache = g_object_ref (request_add (fixture, 1, SECOND, NULL));
  g_autoptr(TendTask) task = answer_add (cache, "a");

  tend_task_add_exit_handler (task, add_another_cb, cache, NULL);
  advance (fixture, SECOND);
  assert_notes ("p-1 0 a:completed");
  g_assert_finalize_object (cache);
  assert_notes ("other:cancelled");
}

/* --- Threads --- */

static void
test_dropped_elsewhere (Fixture       *fixture,
                        gconstpointer  unused)
{
  TendNumberCache *cache = request_add (fixture, 1, SECOND, NULL);
  TendNumberCache *popped = tend_request_cache_pop (fixture->requests, "p", 1);
  g_autoptr(TendTask) task = answer_add (cache, "a");
  gpointer weak = cache;

  g_object_add_weak_pointer (G_OBJECT (cache), &weak);
  unref_elsewhere (popped);
  g_assert_nonnull (weak);
  settle ();
  g_assert_null (weak);
  assert_status (task, "running");
  tend_task_cancel (task);
  assert_notes ("a:cancelled");
}

static gpointer
misuse_thread (gpointer cache)
{
  g_autoptr(TendTask) task = g_object_ref (g_object_get_data (cache, "task"));
  g_autoptr(GError) reason = g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "No answer");
  g_autoptr(GPtrArray) tasks = tend_number_cache_list_tasks (cache);

  g_assert_cmpuint (tasks->len, ==, 0);
  g_assert_false (tend_number_cache_add_task (cache, task, NULL, NULL));
  g_assert_false (tend_number_cache_add_task_with_error (cache, task, reason, NULL));
  g_assert_false (tend_number_cache_remove_task (cache, task));
  return NULL;
}

static void
test_wrong_thread (Fixture       *fixture,
                   gconstpointer  unused)
{
  TendNumberCache *cache = request_add (fixture, 1, SECOND, NULL);
  g_autoptr(TendTask) task = answer_add (cache, "a");

  g_object_set_data (G_OBJECT (cache), "task", task);
  for (guint i = 0; i < 4; i++)
    expect_critical ("*the cache belongs to the main context of another thread");
  g_assert_true (g_main_context_acquire (NULL));
  in_thread (misuse_thread, cache);
  g_main_context_release (NULL);
  g_test_assert_expected_messages ();
  advance (fixture, SECOND);
  assert_notes ("p-1 a:completed");
}

static void
test_never_added_dropped_elsewhere (Fixture       *fixture,
                                    gconstpointer  unused)
{
  TendNumberCache *cache = request_new (fixture, 1);
  g_autoptr(TendTask) task G_GNUC_UNUSED = answer_add (cache, "a");

  unref_elsewhere (cache);
  settle ();
  assert_notes ("a:cancelled");
}

int
main (int    argc,
      char **argv)
{
  static const Way ways[] = {
    { "/tend/number-cache/tasks/cancelled-by-clear", clear, "" },
    { "/tend/number-cache/tasks/cancelled-by-shutdown", shut_down, "" },
    { "/tend/number-cache/tasks/cancelled-when-the-number-is-in-use", refuse_duplicate, "p-1" },
    { "/tend/number-cache/tasks/cancelled-when-it-is-shut-down", refuse_after_shutdown, "" },
    { "/tend/number-cache/tasks/cancelled-when-the-time-out-is-negative", refuse_negative, "" },
    { "/tend/number-cache/tasks/cancelled-by-dispose", never_add, "" },
    { "/tend/number-cache/tasks/cancelled-by-dispose-while-held", dispose_while_held, "" },
    { "/tend/number-cache/tasks/cancelled-with-the-request-cache", finalize_request_cache, "" },
    { "/tend/number-cache/tasks/cancelled-when-popped-and-refused", refuse_popped, "p-1" },
  };

  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/number-cache/time-out-gives-value-error-or-none", test_value_error_none);
  add_test ("/tend/number-cache/first-outcome-counts", test_completed_before);
  add_test ("/tend/number-cache/value-is-copied-first", test_value_is_copied_first);
  add_test ("/tend/number-cache/outcome-on-its-way-wins-over-the-time-out", test_outcome_on_its_way_wins);
  add_test ("/tend/number-cache/completion-after-the-time-out-is-too-late", test_completion_after_timeout);
  add_test ("/tend/number-cache/tasks/with-a-body", test_tasks_with_body);
  add_test ("/tend/number-cache/tasks/that-return-are-refused", test_refuses_tasks);
  add_test ("/tend/number-cache/tasks/are-listed-and-removed", test_lists_and_removes);
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    g_test_add (ways[i].path, Fixture, &ways[i], set_up, test_cancels_tasks, tear_down);
  add_test ("/tend/number-cache/tasks/cancelled-when-never-added", test_freed_unadded);
  add_test ("/tend/number-cache/tasks/pop-leaves-them-alone", test_pop_leaves_tasks);
  add_test ("/tend/number-cache/tasks/cancelled-when-popped-and-added-and-timed-out", test_popped_added_and_freed);
  add_test ("/tend/number-cache/tasks/added-by-the-end-of-another", test_task_added_by_the_end_of_another);
  add_test ("/tend/number-cache/threads/other-threads-are-refused", test_wrong_thread);
  add_test ("/tend/number-cache/threads/popped-and-dropped-elsewhere", test_dropped_elsewhere);
  add_test ("/tend/number-cache/threads/never-added-and-dropped-elsewhere", test_never_added_dropped_elsewhere);

  return g_test_run ();
}
