// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the tests of tasks and bodies share: notes of what happened, in order, and plain bodies.

#pragma once

#include <tend.h>

#include <string.h>

#define SECOND (G_TIME_SPAN_SECOND)

/* --- Notes: what happened, in order --- */

static GString *notes;

G_GNUC_UNUSED G_GNUC_PRINTF (1, 2)
static void
note (const char *format,
      ...)
{
  va_list args;

  if (notes == NULL)
    notes = g_string_new (NULL);
  else if (notes->len > 0)
    g_string_append_c (notes, ' ');

  va_start (args, format);
  g_string_append_vprintf (notes, format, args);
  va_end (args);
}

/* Compares what was noted, and forgets it. */
#define assert_notes(expected) \
  do \
    { \
      g_assert_cmpstr (notes != NULL ? notes->str : "", ==, expected); \
      if (notes != NULL) \
        g_string_free (g_steal_pointer (&notes), TRUE); \
    } \
  while (0)

#define assert_status(task, status) \
  g_assert_cmpstr (tend_task_status_to_string (tend_task_get_status (task)), ==, status)

/*
 * Passes on whatever is ready, without letting time go on. A loop that was busy for long leaves one
 * iteration to others, so that a single idle one is not the end.
 */
G_GNUC_UNUSED
static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE) || g_main_context_iteration (NULL, FALSE))
    ;
}

/* The last reference to @task, of which nothing else must be left. */
#define assert_gone(task) \
  do \
    { \
      settle (); \
      g_assert_finalize_object (g_steal_pointer (&task)); \
    } \
  while (0)

/* --- Callbacks --- */

/* A destroy notify that counts in an int. */
G_GNUC_UNUSED
static void
count_cb (gpointer data)
{
  (*(int *) data)++;
}

/* A handler that does nothing. */
G_GNUC_UNUSED
static void
idle_handler (TendTask *task,
              gpointer  user_data)
{
}

/* A body that leaves its task running. */
G_GNUC_UNUSED
static gboolean
idle_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  return TRUE;
}

G_GNUC_UNUSED
static gboolean
complete_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  tend_task_return_value (task, NULL);
  return TRUE;
}

G_GNUC_UNUSED
static gboolean
fail_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_FAILED, "No luck");
  return TRUE;
}

/* A fiber that sleeps for a second, and notes its end. */
G_GNUC_UNUSED
static gboolean
sleep_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  if (!tend_sleep (SECOND, error))
    {
      note ("interrupted");
      return FALSE;
    }

  note ("slept");
  return TRUE;
}

/* A scope callback that notes its data. */
G_GNUC_UNUSED
static gboolean
note_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  note ("%s", (const char *) user_data);
  return TRUE;
}

/* An exit handler that notes its data and how the task ended. */
G_GNUC_UNUSED
static void
note_exit_cb (TendTask *task,
              gpointer  user_data)
{
  note ("%s:%s", (const char *) user_data, tend_task_status_to_string (tend_task_get_status (task)));
}

/* Notes its data and the outcome of a wait. */
G_GNUC_UNUSED
static void
note_wait_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  if (tend_task_wait_finish (TEND_TASK (source), result, &error))
    note ("%s:ok", (const char *) user_data);
  else
    note ("%s:%s-%d", (const char *) user_data,
          error->domain == G_IO_ERROR ? "io" : error->domain == TEND_ERROR ? "tend" : "other",
          error->code);
}

/* Notes how its data's task stands when it is called. */
G_GNUC_UNUSED
static void
note_status_cb (GObject    *object,
                GParamSpec *pspec,
                gpointer    user_data)
{
  note ("notify:%s", tend_task_status_to_string (tend_task_get_status (TEND_TASK (object))));
}

/* --- Threads --- */

/* Runs @func in a thread of its own, to its end. */
G_GNUC_UNUSED
static void
in_thread (GThreadFunc func,
           gpointer    data)
{
  g_thread_join (g_thread_new ("test", func, data));
}

G_GNUC_UNUSED
static gpointer
cancel_thread (gpointer data)
{
  tend_task_cancel (data);
  return NULL;
}

G_GNUC_UNUSED
static gpointer
stop_thread (gpointer data)
{
  tend_task_stop (data);
  return NULL;
}

#define expect_critical(pattern) g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, pattern)
