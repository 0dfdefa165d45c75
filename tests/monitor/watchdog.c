// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the watchdog says of code that blocks, and when it says nothing.

#include "words.h"

#include "../support/tool.h"

#define THIS_PROGRAM "test-monitor-watchdog"

#define SMALL_STACK (16 * 1024)

static void
run_task (TendTask *task)
{
  g_autoptr(GError) error = NULL;

  set_threshold (NEVER);
  tend_task_start (task, &error);
  g_assert_no_error (error);
  tend_task_wait_sync (task, &error);
  g_assert_no_error (error);
  stop_watchdog ();
  g_assert_finalize_object (task);
}

/* Runs a source of somebody else's with that name, until it has blocked. */
static Word *
run_source (const char  *name,
            GSourceFunc  func)
{
  g_autoptr(GSource) source = g_idle_source_new ();
  Word *word = NULL;

  if (name != NULL)
    g_source_set_name (source, name);
  g_source_set_callback (source, func, &word, NULL);
  g_source_attach (source, NULL);

  set_threshold (NEVER);
  while (word == NULL)
    g_main_context_iteration (NULL, TRUE);
  stop_watchdog ();

  return word;
}

static gboolean
block_cb (gpointer user_data)
{
  *(Word **) user_data = block ();
  return G_SOURCE_REMOVE;
}

static guint
count_lines (const char *text)
{
  guint n = 1;

  for (; *text != '\0'; text++)
    n += *text == '\n';

  return n;
}

/* --- Who blocks --- */

/* The body waits for a turn first, so that it blocks a loop and not the caller of start(). */
static gboolean
names_callback_tick (TendTask  *task,
                     gpointer   user_data,
                     GError   **error)
{
  g_autofree char *name = tend_task_to_string (task);
  g_autoptr(Word) word = block ();

  g_assert_cmpstr (word->task, ==, name);
  g_assert_true (g_str_has_prefix (word->message, "Task 'parse': has blocked the main context for "));
  tend_task_return_boolean (task, TRUE);

  return G_SOURCE_REMOVE;
}

static gboolean
names_callback_body (TendTask  *task,
                     gpointer   user_data,
                     GError   **error)
{
  tend_task_add_timer (task, 0, -1, names_callback_tick, NULL, NULL);
  return TRUE;
}

static void
test_names_a_callback (void)
{
  run_task (tend_task_new_open ("parse", names_callback_body, NULL, NULL));
}

static gboolean
names_fiber_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  g_autofree char *name = tend_task_to_string (task);
  g_autoptr(Word) word = NULL;

  if (!tend_yield (error))
    return FALSE;

  word = block ();
  g_assert_cmpstr (word->task, ==, name);
  g_assert_true (g_str_has_prefix (word->message, "Task "));
  g_assert_nonnull (strstr (word->message, ": has blocked the main context for "));

  return TRUE;
}

static void
test_names_a_fiber (void)
{
  run_task (tend_task_new_fiber ("compress", names_fiber_body, NULL, NULL));
}

static void
test_names_a_task_without_a_name (void)
{
  run_task (tend_task_new_fiber (NULL, names_fiber_body, NULL, NULL));
}

/* The compiler has to believe that somebody reads it. */
static char *volatile taken_stack;

static gboolean
deep_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  char taken[SMALL_STACK - 5 * 1024];
  g_autoptr(Word) word = NULL;

  if (!tend_yield (error))
    return FALSE;

  taken_stack = taken;
  word = block ();
  taken_stack = NULL;
  g_assert_nonnull (word->task);

  return TRUE;
}

/*
 * The handler has a stack of its own, whatever is left of the fiber's: here that would not do for
 * it. What runs on the fiber's has been called before, so that the dynamic linker takes nothing.
 */
static void
test_names_a_fiber_with_a_full_stack (void)
{
  TendTask *task;

  if (IS_SANITIZED)
    {
      g_test_skip ("A sanitizer needs more of the stack, and has its own alternate stacks");
      return;
    }

  run_task (tend_task_new_fiber ("before", names_fiber_body, NULL, NULL));

  task = tend_task_new_fiber ("deep", deep_body, NULL, NULL);
  tend_task_set_stack_size (task, SMALL_STACK);
  run_task (task);
}

/* What the handler copies has room for a part of it, and the cut goes through no character. */
static void
test_cuts_a_long_name (void)
{
  g_autofree char *name = g_strnfill (127, 'x');
  g_autofree char *too_long = g_strconcat (name + 1, "ä", name, NULL);
  g_autoptr(Word) word = run_source (too_long, block_cb);

  g_assert_true (g_utf8_validate (word->message, -1, NULL));
  g_assert_true (g_str_has_prefix (word->source, "GSource 'xxx"));
  g_assert_cmpuint (strlen (word->source), <, strlen (too_long));
}

static void
test_names_a_source (void)
{
  g_autoptr(Word) word = run_source ("somebody's idle", block_cb);

  g_assert_null (word->task);
  g_assert_cmpstr (word->source, ==, "GSource 'somebody's idle'");
  g_assert_true (g_str_has_prefix (word->message, "GSource 'somebody's idle': has blocked the main context for "));
}

static gboolean
block_nameless_cb (gpointer user_data)
{
  g_autofree char *text = g_strdup_printf ("GSource %p", (gpointer) g_main_current_source ());
  Word *word = block ();

  g_assert_cmpstr (word->source, ==, text);
  *(Word **) user_data = word;
  return G_SOURCE_REMOVE;
}

static gboolean
idle_prepare (GSource *source,
              int     *timeout_ms)
{
  return TRUE;
}

static gboolean
idle_check (GSource *source)
{
  return TRUE;
}

static gboolean
idle_dispatch (GSource     *source,
               GSourceFunc  callback,
               gpointer     user_data)
{
  return callback (user_data);
}

static void
test_names_a_source_without_a_name (void)
{
  GSourceFuncs funcs = { .prepare = idle_prepare, .check = idle_check, .dispatch = idle_dispatch };
  g_autoptr(GSource) source = g_source_new (&funcs, sizeof (GSource));
  g_autoptr(Word) word = NULL;

  g_source_set_callback (source, block_nameless_cb, &word, NULL);
  g_source_attach (source, NULL);
  set_threshold (NEVER);
  while (word == NULL)
    g_main_context_iteration (NULL, TRUE);
  stop_watchdog ();
}

/* A task that runs the loop itself is not alone to blame. */
static gboolean
nests_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  g_autofree char *name = tend_task_to_string (task);
  g_autoptr(GSource) source = g_idle_source_new ();
  g_autoptr(Word) word = NULL;

  g_source_set_name (source, "inner");
  g_source_set_callback (source, block_cb, &word, NULL);
  g_source_attach (source, NULL);
  while (word == NULL)
    g_main_context_iteration (NULL, TRUE);

  g_assert_cmpstr (word->task, ==, name);
  g_assert_cmpstr (word->source, ==, "GSource 'inner'");
  g_assert_nonnull (strstr (word->message, ": in GSource 'inner', has blocked"));
  tend_task_return_boolean (task, TRUE);

  return TRUE;
}

static void
test_names_both_in_a_nested_loop (void)
{
  run_task (tend_task_new_open ("outer", nests_body, NULL, NULL));
}

static void
test_speaks_outside_of_callbacks (void)
{
  g_autoptr(Word) word = NULL;

  set_threshold (NEVER);
  g_main_context_iteration (NULL, FALSE);
  word = block ();
  stop_watchdog ();

  g_assert_null (word->task);
  g_assert_null (word->source);
  g_assert_true (g_str_has_prefix (word->message, "Code outside of any callback: has blocked"));
}

/* --- The trace --- */

static void
test_trace_has_the_place (void)
{
  g_autoptr(Word) word = run_source ("traced", block_cb);

#ifdef __GLIBC__
  g_auto(GStrv) lines = g_strsplit (word->message, "\n", -1);
  gboolean is_seen = FALSE;

  /* ThreadSanitizer calls the handler when it likes, so that it is not known where it begins. */
  for (guint i = 1; lines[i] != NULL; i++)
    {
      is_seen |= strstr (lines[i], THIS_PROGRAM) != NULL;
      g_assert_true (is_seen || IS_SANITIZED || strstr (lines[i], "libtend-1") == NULL);
    }
  g_assert_true (is_seen);
#else
  g_assert_cmpuint (count_lines (word->message), ==, 1);
#endif
}

/* Walking a fiber's stack ends with the fiber, and does not run on into whatever lies behind. */
static gboolean
trace_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  g_autoptr(Word) word = NULL;

  if (!tend_yield (error))
    return FALSE;

  word = block ();
#ifdef __GLIBC__
  g_assert_nonnull (strstr (word->message, THIS_PROGRAM));
#endif
  g_assert_cmpuint (count_lines (word->message), <, 30);
  g_assert_null (strstr (word->message, "g_main_context"));

  return TRUE;
}

static void
test_trace_ends_with_the_fiber (void)
{
  run_task (tend_task_new_fiber ("traced", trace_body, NULL, NULL));
}

/* --- When --- */

/* The plain use: one threshold from the start on. Others than the task may be slow here. */
static gboolean
plain_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  g_autofree char *name = tend_task_to_string (task);
  gboolean is_named = FALSE;

  if (!tend_yield (error))
    return FALSE;

  while (!is_named)
    {
      g_autoptr(Word) word = wait_for_word ();

      g_assert_cmpint (word->blocked, >=, SOON);
      g_assert_true (word->thread != g_thread_self ());
      is_named = g_strcmp0 (word->task, name) == 0;
    }

  return TRUE;
}

static void
test_speaks_while_it_blocks (void)
{
  TendTask *task = tend_task_new_fiber ("plain", plain_body, NULL, NULL);

  set_threshold (SOON);
  tend_task_start (task, NULL);
  g_assert_true (tend_task_wait_sync (task, NULL));
  stop_watchdog ();
  g_assert_finalize_object (task);
}

static gboolean
doubles_cb (gpointer user_data)
{
  gint64 last = 0;

  set_threshold (SOON);
  for (gint64 due = SOON; due <= 8 * SOON; due = MAX (due, last) * 2)
    {
      g_autoptr(Word) word = wait_for_word ();

      /* What was late by more than a doubling counts for the lot. */
      g_assert_cmpint (word->blocked, >=, due);
      g_assert_cmpint (word->blocked, >, last);
      while (due * 2 <= word->blocked)
        due *= 2;
      last = due;
    }

  *(Word **) user_data = block ();
  return G_SOURCE_REMOVE;
}

static void
test_speaks_again_at_each_doubling (void)
{
  g_autoptr(Word) word = run_source ("doubles", doubles_cb);

  g_assert_cmpstr (word->source, ==, "GSource 'doubles'");
}

/* The time counts from the poll of the inner loop, not from that of the outer one. */
static gboolean
polls_cb (gpointer user_data)
{
  gint64 before;
  Word *word;

  /* Time that would count if the outer poll did. */
  g_poll (NULL, 0, 20);
  before = g_get_monotonic_time ();
  g_main_context_iteration (NULL, FALSE);
  word = block ();
  g_assert_cmpint (word->blocked, <=, g_get_monotonic_time () - before);

  *(Word **) user_data = word;
  return G_SOURCE_REMOVE;
}

static void
test_nested_loop_counts_as_polls (void)
{
  g_autoptr(Word) word = run_source ("nested", polls_cb);

  g_assert_cmpstr (word->source, ==, "GSource 'nested'");
}

/* Time stands still for the tasks, and not for who waits in front of the screen. */
static void
test_virtual_time_does_not_matter (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *task = tend_task_new_fiber ("frozen", names_fiber_body, NULL, NULL);

  set_threshold (NEVER);
  tend_task_start (task, NULL);
  tend_clock_run_until_idle (clock, NULL);
  g_assert_true (tend_task_is_ended (task));
  stop_watchdog ();

  set_threshold (NEVER);
  tend_clock_advance (clock, 1000 * NEVER, NULL);
  tend_watchdog_stop ();
  assert_silence ();
  g_assert_finalize_object (task);
}

/* --- When it says nothing --- */

static gboolean
sleep_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  for (guint i = 0; i < 100; i++)
    {
      if (!tend_yield (error))
        return FALSE;
    }

  return TRUE;
}

static void
test_says_nothing_of_short_callbacks (void)
{
  TendTask *task = tend_task_run_fiber ("short", sleep_body, NULL, NULL);

  set_threshold (NEVER);
  g_assert_true (tend_task_wait_sync (task, NULL));
  tend_watchdog_stop ();
  assert_silence ();
  g_assert_finalize_object (task);
}

/*
 * A poll that lasts for twenty thresholds. The short threshold is in force only within it, where
 * there is nothing to say, however slow the machine is.
 */
static int
long_poll (GPollFD *fds,
           guint    n_fds,
           int      timeout_ms)
{
  int n_ready;

  set_threshold (SOON);
  n_ready = g_poll (NULL, 0, 20);
  set_threshold (NEVER);

  return n_ready;
}

static void
test_says_nothing_of_an_idle_loop (void)
{
  g_autoptr(GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  g_main_context_set_poll_func (context, long_poll);

  set_threshold (NEVER);
  g_main_context_iteration (context, FALSE);
  g_main_context_iteration (context, FALSE);
  tend_watchdog_stop ();
  assert_silence ();

  g_main_context_pop_thread_default (context);
}

/* Where nothing was ever polled there is no time to count from. */
static void
test_says_nothing_before_the_first_poll (void)
{
  set_threshold (SOON);
  g_poll (NULL, 0, 20);
  tend_watchdog_stop ();
  assert_silence ();
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  catch_words ();

  g_test_add_func ("/tend/watchdog/names-a-callback", test_names_a_callback);
  g_test_add_func ("/tend/watchdog/names-a-fiber", test_names_a_fiber);
  g_test_add_func ("/tend/watchdog/names-a-task-without-a-name", test_names_a_task_without_a_name);
  g_test_add_func ("/tend/watchdog/names-a-fiber-with-a-full-stack", test_names_a_fiber_with_a_full_stack);
  g_test_add_func ("/tend/watchdog/cuts-a-long-name", test_cuts_a_long_name);
  g_test_add_func ("/tend/watchdog/names-a-source", test_names_a_source);
  g_test_add_func ("/tend/watchdog/names-a-source-without-a-name", test_names_a_source_without_a_name);
  g_test_add_func ("/tend/watchdog/names-both-in-a-nested-loop", test_names_both_in_a_nested_loop);
  g_test_add_func ("/tend/watchdog/speaks-outside-of-callbacks", test_speaks_outside_of_callbacks);
  g_test_add_func ("/tend/watchdog/trace-has-the-place", test_trace_has_the_place);
  g_test_add_func ("/tend/watchdog/trace-ends-with-the-fiber", test_trace_ends_with_the_fiber);
  g_test_add_func ("/tend/watchdog/speaks-while-it-blocks", test_speaks_while_it_blocks);
  g_test_add_func ("/tend/watchdog/speaks-again-at-each-doubling", test_speaks_again_at_each_doubling);
  g_test_add_func ("/tend/watchdog/nested-loop-counts-as-polls", test_nested_loop_counts_as_polls);
  g_test_add_func ("/tend/watchdog/virtual-time-does-not-matter", test_virtual_time_does_not_matter);
  g_test_add_func ("/tend/watchdog/says-nothing-of-short-callbacks", test_says_nothing_of_short_callbacks);
  g_test_add_func ("/tend/watchdog/says-nothing-of-an-idle-loop", test_says_nothing_of_an_idle_loop);
  g_test_add_func ("/tend/watchdog/says-nothing-before-the-first-poll", test_says_nothing_before_the_first_poll);

  return g_test_run ();
}
