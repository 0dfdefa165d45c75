// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Adding and finding, and the answers that nobody waits for.

#include "cache.h"

/* --- Finding --- */

static void
test_add_find_pop (Fixture       *fixture,
                   gconstpointer  unused)
{
  TendRequestCache *requests = fixture->requests;
  g_autoptr(TendNumberCache) cache = request_new (fixture, 1);
  g_autoptr(TendNumberCache) popped = NULL;

  g_assert_false (tend_request_cache_has (requests, "p", 1));
  add (requests, cache);
  g_assert_true (tend_number_cache_is_held (cache));
  g_assert_cmpuint (tend_request_cache_get_n_caches (requests), ==, 1);
  g_assert_true (tend_request_cache_has (requests, "p", 1));
  g_assert_true (tend_request_cache_lookup (requests, "p", 1) == cache);
  g_assert_true (tend_request_cache_has (requests, "p", 1));

  popped = tend_request_cache_pop (requests, "p", 1);
  g_assert_true (popped == cache);
  g_assert_false (tend_number_cache_is_held (cache));
  g_assert_false (tend_request_cache_has (requests, "p", 1));
  g_assert_null (tend_request_cache_lookup (requests, "p", 1));
  g_assert_cmpuint (tend_request_cache_get_n_caches (requests), ==, 0);
}

/* Nobody wants the answer any more. */
static void
test_remove (Fixture       *fixture,
             gconstpointer  unused)
{
  TendRequestCache *requests = fixture->requests;
  g_autoptr(TendNumberCache) cache = request_new (fixture, 1);
  g_autoptr(TendNumberCache) other = request_new (fixture, 2);
  g_autoptr(TendTask) task = answer_add (cache, "a");

  g_assert_false (tend_request_cache_remove (requests, cache));
  assert_notes ("");
  add (requests, cache);
  add (requests, other);
  g_assert_true (tend_request_cache_remove (requests, cache));
  assert_notes ("a:cancelled");
  g_assert_true (tend_task_is_ended (task));
  g_assert_false (tend_number_cache_is_held (cache));
  g_assert_false (tend_request_cache_has (requests, "p", 1));
  g_assert_true (tend_request_cache_has (requests, "p", 2));
  g_assert_false (tend_request_cache_remove (requests, cache));

  /* It does not time out, and may be added again. */
  advance (fixture, 60 * G_TIME_SPAN_SECOND);
  assert_notes ("p-2");
  add (requests, cache);
  g_assert_true (tend_request_cache_remove (requests, cache));
}

/* Numbers at both ends, and prefixes of which one begins with the other. */
static void
test_prefixes_are_apart (Fixture       *fixture,
                         gconstpointer  unused)
{
  static const char *prefixes[] = { "", "p", "pp", "p:", "P" };
  static const guint64 numbers[] = { 0, 1, G_MAXUINT32, G_MAXUINT64 - 1, G_MAXUINT64 };
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++)
    for (guint j = 0; j < G_N_ELEMENTS (numbers); j++)
      {
        g_autoptr(TendNumberCache) cache = tend_number_cache_new (prefixes[i], numbers[j]);

        g_assert_false (tend_request_cache_has (fixture->requests, prefixes[i], numbers[j]));
        add (fixture->requests, cache);
        g_assert_cmpuint (tend_request_cache_get_n_caches (fixture->requests), ==, ++n);
      }

  for (guint j = 0; j < G_N_ELEMENTS (numbers); j++)
    for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++)
      {
        g_autoptr(TendNumberCache) cache = tend_request_cache_pop (fixture->requests, prefixes[i], numbers[j]);

        g_assert_cmpstr (tend_number_cache_get_prefix (cache), ==, prefixes[i]);
        g_assert_cmpuint (tend_number_cache_get_number (cache), ==, numbers[j]);
      }
  g_assert_cmpuint (tend_request_cache_get_n_caches (fixture->requests), ==, 0);
}

/* The prefix is the name of the very class: not that of what it is derived from. */
static void
test_types (Fixture       *fixture,
            gconstpointer  unused)
{
  TendRequestCache *requests = fixture->requests;
  g_autoptr(TendNumberCache) special = g_object_new (TEST_TYPE_SPECIAL, "number", (guint64) 5, NULL);
  g_autoptr(TendNumberCache) named = g_object_new (TEST_TYPE_SPECIAL, "prefix", "p", "number", (guint64) 6, NULL);
  g_autoptr(TendNumberCache) popped = NULL;

  add (requests, special);
  add (requests, named);
  g_assert_true (tend_request_cache_has_type (requests, TEST_TYPE_SPECIAL, 5));
  g_assert_true (tend_request_cache_has (requests, "TestSpecial", 5));
  g_assert_false (tend_request_cache_has_type (requests, TEST_TYPE_REQUEST, 5));
  g_assert_false (tend_request_cache_has_type (requests, TEND_TYPE_NUMBER_CACHE, 5));
  g_assert_false (tend_request_cache_has_type (requests, TEST_TYPE_SPECIAL, 6));
  g_assert_true (tend_request_cache_lookup_type (requests, TEST_TYPE_SPECIAL, 5) == special);
  g_assert_null (tend_request_cache_pop_type (requests, TEST_TYPE_REQUEST, 5));
  popped = tend_request_cache_pop_type (requests, TEST_TYPE_SPECIAL, 5);
  g_assert_true (popped == special);

  expect_critical ("*g_type_is_a*");
  g_assert_false (tend_request_cache_has_type (requests, G_TYPE_OBJECT, 6));
  g_test_assert_expected_messages ();
}

/* --- Answers --- */

/* What a program does with each datagram: the cache of its number, or nothing. */
static void
answer (Fixture *fixture,
        guint64  number)
{
  g_autoptr(TendNumberCache) cache = tend_request_cache_pop (fixture->requests, "p", number);
  g_autoptr(GPtrArray) tasks = NULL;

  note (cache != NULL ? "answered" : "dropped");
  if (cache == NULL)
    return;

  tasks = tend_number_cache_list_tasks (cache);
  tend_task_return_int (tasks->pdata[0], 1);
}

static void
test_answers (Fixture       *fixture,
              gconstpointer  unused)
{
  g_autoptr(TendTask) task G_GNUC_UNUSED = answer_add (request_add (fixture, 1, SECOND, NULL), "a");
  g_autoptr(TendTask) late = answer_add_int (request_add (fixture, 2, SECOND, NULL), "late", 7);

  for (guint64 number = 3; number < 1000; number++)
    g_assert_null (tend_request_cache_pop (fixture->requests, "p", number));
  answer (fixture, 3);
  answer (fixture, 1);
  answer (fixture, 1);
  assert_notes ("dropped answered a:completed dropped");

  advance (fixture, SECOND);
  answer (fixture, 2);
  assert_notes ("p-2 late:completed dropped");
  g_assert_cmpint (tend_task_get_int (late), ==, 7);
}

typedef struct
{
  Fixture  *fixture;
  TendTask *task;
} Request;

static gboolean
request_fiber (TendTask  *task,
               gpointer   data,
               GError   **error)
{
  Request *request = data;

  if (!tend_await (request->task, error))
    return FALSE;

  tend_task_return_int (task, tend_task_get_int (request->task) + 1);
  return TRUE;
}

/* From sending to the answer, in a fiber that waits for the task. */
static void
test_request_in_fiber (Fixture       *fixture,
                       gconstpointer  unused)
{
  Request request = { fixture, answer_add (request_add (fixture, 1, SECOND, NULL), "a") };
  g_autoptr(TendTask) fiber = tend_task_run_fiber (NULL, request_fiber, &request, NULL);

  advance (fixture, SECOND / 2);
  answer (fixture, 1);
  settle ();
  assert_notes ("answered a:completed");
  g_assert_cmpint (tend_task_get_int (fiber), ==, 2);
  g_object_unref (request.task);
}

/* --- Refusals --- */

/* The one that is there is left alone, and so are its tasks. */
static void
test_added_twice (Fixture       *fixture,
                  gconstpointer  unused)
{
  g_autoptr(TendRequestCache) other = tend_request_cache_new ();
  TendRequestCache *both[] = { fixture->requests, other };
  TendNumberCache *cache = request_add (fixture, 1, SECOND, NULL);
  g_autoptr(TendTask) task G_GNUC_UNUSED = answer_add (cache, "a");

  for (guint i = 0; i < G_N_ELEMENTS (both); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_false (tend_request_cache_add (both[i], cache, &error));
      g_assert_error (error, TEND_ERROR, TEND_ERROR_STATE);
      g_assert_cmpstr (error->message, ==, "Cache 'p-1': has been added already");
    }
  g_assert_cmpuint (tend_request_cache_get_n_caches (other), ==, 0);
  advance (fixture, SECOND);
  assert_notes ("p-1 a:completed");
}

static void
test_first_stays (Fixture       *fixture,
                  gconstpointer  unused)
{
  TendNumberCache *first = request_add (fixture, 1, SECOND, NULL);
  TendNumberCache *second = request_new (fixture, 1);
  g_autoptr(GError) error = NULL;

  g_assert_false (tend_request_cache_add (fixture->requests, second, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_EXISTS);
  g_assert_finalize_object (second);
  g_assert_true (tend_request_cache_lookup (fixture->requests, "p", 1) == first);
  advance (fixture, SECOND);
  assert_notes ("p-1");
}

/* --- All at once --- */

static void
test_clear (Fixture       *fixture,
            gconstpointer  unused)
{
  static const char *prefixes[] = { "a", "b", "c" };

  tend_request_cache_clear (fixture->requests);
  for (guint64 number = 0; number < 3000; number++)
    {
      g_autoptr(TendNumberCache) cache = g_object_new (TEST_TYPE_REQUEST, "prefix", prefixes[number % 3],
                                                       "number", number, NULL);

      add (fixture->requests, cache);
    }
  tend_request_cache_clear (fixture->requests);
  g_assert_cmpuint (tend_request_cache_get_n_caches (fixture->requests), ==, 0);
  for (guint64 number = 0; number < 3000; number++)
    g_assert_false (tend_request_cache_has (fixture->requests, prefixes[number % 3], number));
  advance (fixture, 20 * SECOND);
  assert_notes ("");
  request_add (fixture, 1, SECOND, NULL);
  advance (fixture, SECOND);
  assert_notes ("p-1");
}

static void
add_new_cb (TendTask *task,
            gpointer  data)
{
  request_add (data, 2, SECOND, NULL);
}

/* What a task's end adds meanwhile is new, and stays. */
static void
test_added_while_cleared (Fixture       *fixture,
                          gconstpointer  unused)
{
  g_autoptr(TendTask) task = answer_add (request_add (fixture, 1, SECOND, NULL), "a");

  tend_task_add_exit_handler (task, add_new_cb, fixture, NULL);
  tend_request_cache_clear (fixture->requests);
  g_assert_cmpuint (tend_request_cache_get_n_caches (fixture->requests), ==, 1);
  advance (fixture, SECOND);
  assert_notes ("a:cancelled p-2");
}

/* --- Threads --- */

static gpointer
misuse_thread (gpointer data)
{
  Fixture *fixture = data;
  TendNumberCache *cache = g_object_new (TEND_TYPE_NUMBER_CACHE, "prefix", "p", "number", (guint64) 2, NULL);

  g_assert_false (tend_request_cache_add (fixture->requests, cache, NULL));
  g_assert_false (tend_request_cache_has (fixture->requests, "p", 1));
  g_assert_null (tend_request_cache_pop (fixture->requests, "p", 1));
  tend_request_cache_push_timeout (fixture->requests, TEND_TYPE_NUMBER_CACHE, 0);
  tend_request_cache_pop_timeout (fixture->requests);
  tend_request_cache_clear (fixture->requests);
  tend_request_cache_shutdown_async (fixture->requests, NULL, NULL, NULL);
  g_assert_null (tend_request_cache_get_manager (fixture->requests));
  g_assert_null (tend_random_number_cache_new (fixture->requests, "p", 16, NULL));
  g_object_unref (cache);
  return NULL;
}

static void
test_wrong_thread (Fixture       *fixture,
                   gconstpointer  unused)
{
  request_add (fixture, 1, SECOND, NULL);
  for (guint i = 0; i < 9; i++)
    expect_critical ("*request cache belongs to the main context of another thread");
  g_assert_true (g_main_context_acquire (NULL));
  in_thread (misuse_thread, fixture);
  g_main_context_release (NULL);
  g_test_assert_expected_messages ();

  g_assert_false (tend_request_cache_is_shut_down (fixture->requests));
  advance (fixture, SECOND);
  assert_notes ("p-1");
}

static gpointer
add_at_its_home_thread (gpointer cache)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(TendRequestCache) requests = NULL;
  g_autoptr(GError) error = NULL;

  g_main_context_push_thread_default (context);
  requests = tend_request_cache_new ();
  g_assert_false (tend_request_cache_add (requests, cache, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_WRONG_THREAD);
  g_main_context_pop_thread_default (context);
  return NULL;
}

static void
asked (TendNumberCache  *cache,
       TendRequestCache *requests)
{
  g_assert_not_reached ();
}

/*
 * Once it has been in a request cache, it belongs to that one's thread: there its class is asked, and its
 * tasks are cancelled, and nowhere else.
 */
static void
test_added_in_another_thread (Fixture       *fixture,
                              gconstpointer  unused)
{
  g_autoptr(TendNumberCache) cache = NULL;
  g_autoptr(TendTask) answer = NULL;

  request_add (fixture, 1, SECOND, NULL);
  cache = tend_request_cache_pop (fixture->requests, "p", 1);
  answer = answer_add (cache, "a");
  get_private (cache)->ask_hook = asked;
  g_assert_true (g_main_context_acquire (NULL));
  in_thread (add_at_its_home_thread, cache);
  g_main_context_release (NULL);

  settle ();
  assert_status (answer, "running");
  tend_task_cancel (answer);
  assert_notes ("a:cancelled");
}

/* It comes home with what it holds, and takes it apart there. */
static void
test_dropped_elsewhere (Fixture       *fixture,
                        gconstpointer  unused)
{
  g_autoptr(TendTask) task G_GNUC_UNUSED = answer_add (request_add (fixture, 1, SECOND, NULL), "a");
  g_autoptr(TendTask) waiter = tend_request_cache_wait_for (fixture->requests, "p", 2, TEND_FOREVER);

  tend_task_add_exit_handler (waiter, note_exit_cb, (gpointer) "waiter", NULL);
  tend_request_cache_push_timeout (fixture->requests, TEND_TYPE_NUMBER_CACHE, 0);
  unref_elsewhere (g_steal_pointer (&fixture->requests));
  assert_notes ("");
  settle ();
  assert_notes ("a:cancelled waiter:cancelled");
}

/* While another thread drops the last reference, time-outs come here. */
static void
test_dropped_while_it_works (Fixture       *fixture,
                             gconstpointer  unused)
{
  g_assert_true (g_main_context_acquire (NULL));
  for (guint round = 0; round < 50; round++)
    {
      TendRequestCache *requests = tend_request_cache_new ();
      gpointer weak = requests;
      GThread *thread;

      g_object_add_weak_pointer (G_OBJECT (requests), &weak);
      for (guint64 number = 0; number < 8; number++)
        {
          g_autoptr(TendNumberCache) cache = tend_number_cache_new ("p", number);

          tend_number_cache_set_timeout (cache, 0);
          add (requests, cache);
        }
      thread = g_thread_new ("unref", unref_thread, requests);
      settle ();
      g_thread_join (thread);
      settle ();
      g_assert_null (weak);
    }
  g_main_context_release (NULL);
}

/* --- Tags --- */

static void
test_tags (Fixture       *fixture,
           gconstpointer  unused)
{
  static const struct
  {
    const char *a;
    const char *b;
    gboolean    equal;
  } tags[] = {
    { "", "", TRUE }, { "a", "a", TRUE }, { "a", "b", FALSE }, { "a", "", FALSE }, { "", "a", FALSE },
    { "abc", "abd", FALSE }, { "abc", "bbc", FALSE }, { "abc", "ab", FALSE }, { "abc", "abcd", FALSE },
    { "\xff\xff", "\xff\xff", TRUE }, { "\xff\x7f", "\xff\xff", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (tags); i++)
    {
      g_autoptr(GBytes) a = g_bytes_new (tags[i].a, strlen (tags[i].a));
      g_autoptr(GBytes) b = g_bytes_new (tags[i].b, strlen (tags[i].b));

      g_assert_cmpint (tend_tag_equal (a, b), ==, tags[i].equal);
      g_assert_true (tend_tag_equal (a, a));
    }
}

/* A prefix is a string of any bytes, and what is said of it is text. */
static void
test_messages_are_text (Fixture       *fixture,
                        gconstpointer  unused)
{
  g_autoptr(TendNumberCache) first = tend_number_cache_new ("\xff", 1);
  g_autoptr(TendNumberCache) second = tend_number_cache_new ("\xff", 1);
  g_autofree char *text = tend_number_cache_to_string (first);
  g_autoptr(TendTask) wait = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_cmpstr (text, ==, "<TendNumberCache \357\277\275-1>");
  g_assert_true (tend_request_cache_add (fixture->requests, first, NULL));
  g_assert_false (tend_request_cache_add (fixture->requests, second, &error));
  g_assert_cmpstr (error->message, ==, "Cache '\357\277\275-1': the number is in use");

  wait = tend_request_cache_wait_for (fixture->requests, "\xff", 3, SECOND);
  advance (fixture, SECOND);
  g_assert_cmpstr (tend_task_get_error (wait)->message, ==, "Cache '\357\277\275-3': was not added in time");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/request-cache/adds-finds-and-pops", test_add_find_pop);
  add_test ("/tend/request-cache/removes", test_remove);
  add_test ("/tend/request-cache/prefixes-are-apart", test_prefixes_are_apart);
  add_test ("/tend/request-cache/finds-by-type", test_types);
  add_test ("/tend/request-cache/late-duplicate-and-forged-answers-find-nothing", test_answers);
  add_test ("/tend/request-cache/request-in-a-fiber", test_request_in_fiber);
  add_test ("/tend/request-cache/adds-once", test_added_twice);
  add_test ("/tend/request-cache/first-of-a-number-stays", test_first_stays);
  add_test ("/tend/request-cache/clears", test_clear);
  add_test ("/tend/request-cache/added-while-cleared-stays", test_added_while_cleared);
  add_test ("/tend/request-cache/threads/other-threads-are-refused", test_wrong_thread);
  add_test ("/tend/request-cache/threads/cache-of-another-thread-is-refused", test_added_in_another_thread);
  add_test ("/tend/request-cache/threads/dropped-elsewhere", test_dropped_elsewhere);
  add_test ("/tend/request-cache/threads/dropped-while-it-works", test_dropped_while_it_works);
  add_test ("/tend/request-cache/tags-are-compared", test_tags);
  add_test ("/tend/request-cache/messages-are-text", test_messages_are_text);

  return g_test_run ();
}
