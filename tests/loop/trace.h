// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the loop's tests have in common: a trace of what ran, and a task to run it for.

#pragma once

#include <tend.h>

static GString *trace;

/* A callback of a scope that leaves its user data, a text, in the trace. */
G_GNUC_UNUSED static gboolean
trace_cb (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  g_string_append (trace, user_data);
  return TRUE;
}

/* Checks what ran since the last time. */
#define assert_trace(expected) \
  G_STMT_START \
    { \
      g_assert_cmpstr (trace->str, ==, (expected)); \
      g_string_truncate (trace, 0); \
    } \
  G_STMT_END

/* A task that runs until it is dropped, and has the thread-default context. */
G_GNUC_UNUSED static TendTask *
new_host (void)
{
  return tend_task_new_open ("host", NULL, NULL, NULL);
}

static inline void
post (TendTask   *task,
      const char *text)
{
  tend_task_post (task, trace_cb, (gpointer) text, NULL);
}

static inline void
add_timer (TendTask   *task,
           gint64      delay,
           const char *text)
{
  tend_task_add_timer (task, delay, -1, trace_cb, (gpointer) text, NULL);
}

/* Iterates @context until it has nothing more to do. */
static inline void
run_dry (GMainContext *context)
{
  guint n_idle = 0;

  /* After a long turn the loop lets others have the next one: nothing in one turn is not the end. */
  while (n_idle < 3)
    n_idle = g_main_context_iteration (context, FALSE) ? 0 : n_idle + 1;
}

/* Drops the task, which nobody else holds, and lets its loop go. */
G_GNUC_UNUSED static void
drop_host (TendTask *task)
{
  tend_task_stop (task);
  run_dry (g_main_context_get_thread_default ());
  g_assert_finalize_object (task);
  run_dry (g_main_context_get_thread_default ());
}

/* Runs each test in a context of its own, which nobody holds at its end. */
G_GNUC_UNUSED static void
test_in_context (gconstpointer data)
{
  void (* test) (void) = (void (*) (void)) data;
  GMainContext *context = g_main_context_new ();

  /* The source that frees the stacks of fibers is there for longer. */
  tend_set_stack_idle_time (TEND_FOREVER);

  trace = g_string_new (NULL);
  g_main_context_push_thread_default (context);
  test ();
  run_dry (context);
  for (guint id = 1; id < 20; id++)
    g_assert_null (g_main_context_find_source_by_id (context, id));
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);

  g_assert_cmpstr (trace->str, ==, "");
  g_string_free (trace, TRUE);
}

#define ADD(path, func) g_test_add_data_func ((path), (gconstpointer) (func), test_in_context)

/* --- Virtual time --- */

#define MSEC ((gint64) 1000)
#define SEC (1000 * MSEC)
#define HOUR (3600 * SEC)

G_GNUC_UNUSED static TendClock *
freeze (void)
{
  return tend_clock_freeze (g_main_context_get_thread_default ());
}

/* What a callback notes each time it runs. */
typedef struct
{
  TendClock *clock;
  gint64     begin;
  GString   *times;     /* in milliseconds since begin */
} Notes;

static inline void
notes_init (Notes     *notes,
            TendClock *clock)
{
  *notes = (Notes) { clock, tend_clock_get_time (clock), g_string_new (NULL) };
}

static inline void
notes_check (Notes      *notes,
             const char *expected)
{
  g_assert_cmpstr (notes->times->str, ==, expected);
  g_string_free (notes->times, TRUE);
}

static inline void
note (Notes *notes)
{
  gint64 passed = tend_clock_get_time (notes->clock) - notes->begin;

  g_assert_cmpint (passed % MSEC, ==, 0);
  g_string_append_printf (notes->times, "%" G_GINT64_FORMAT " ", passed / MSEC);
}

G_GNUC_UNUSED static gboolean
note_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  note (user_data);
  return TRUE;
}
