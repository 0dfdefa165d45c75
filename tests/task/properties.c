// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The properties of a task, and when they are notified.

#include "common.h"

static void
test_properties (void)
{
  g_autoptr(TendTask) task = tend_task_new_open ("name", idle_body, NULL, NULL);
  g_autofree char *name = NULL;
  g_autofree char *message = NULL;
  gint64 delay, interval;
  guint64 id, stack_size;
  TendTaskStatus status;
  double progress;
  int priority;

  g_object_set (task, "delay", (gint64) 5, "interval", (gint64) 6, "priority", G_PRIORITY_LOW,
                "stack-size", (guint64) 100000, NULL);
  tend_task_set_progress (task, 0.5, "half");
  g_object_get (task, "name", &name, "id", &id, "status", &status, "progress", &progress, "message", &message,
                "delay", &delay, "interval", &interval, "priority", &priority, "stack-size", &stack_size, NULL);
  g_assert_cmpstr (name, ==, "name");
  g_assert_cmpuint (id, ==, tend_task_get_id (task));
  g_assert_cmpint (status, ==, TEND_TASK_STATUS_CREATED);
  g_assert_cmpfloat (progress, ==, 0.5);
  g_assert_cmpstr (message, ==, "half");
  g_assert_cmpint (delay, ==, 5);
  g_assert_cmpint (interval, ==, 6);
  g_assert_cmpint (priority, ==, G_PRIORITY_LOW);
  g_assert_cmpuint (stack_size, >=, 100000);
  g_assert_cmpuint (stack_size, <, 100000 + 1024);
  assert_gone (task);
}

typedef struct
{
  TendTask *task;
  GThread  *home;
  int       n_progress;
  int       n_message;
} Watch;

static void
count_notify_cb (GObject    *object,
                 GParamSpec *pspec,
                 gpointer    user_data)
{
  Watch *watch = user_data;

  g_assert_true (g_thread_self () == watch->home);
  if (strcmp (pspec->name, "progress") == 0)
    watch->n_progress++;
  else if (strcmp (pspec->name, "message") == 0)
    watch->n_message++;
}

static gpointer
progress_thread (gpointer data)
{
  Watch *watch = data;

  for (guint i = 1; i <= 1000; i++)
    tend_task_set_progress (watch->task, i / 1000.0, i == 500 ? "half" : NULL);
  return NULL;
}

static void
test_progress_is_notified_once_per_turn (void)
{
  Watch watch = { .task = tend_task_run_open (NULL, idle_body, NULL, NULL), .home = g_thread_self () };
  g_autofree char *message = NULL;

  g_signal_connect (watch.task, "notify", G_CALLBACK (count_notify_cb), &watch);
  in_thread (progress_thread, &watch);
  g_assert_cmpint (watch.n_progress, ==, 0);
  g_assert_cmpfloat (tend_task_get_progress (watch.task), ==, 1.0);
  settle ();
  g_assert_cmpint (watch.n_progress, ==, 1);
  g_assert_cmpint (watch.n_message, ==, 1);
  message = tend_task_dup_message (watch.task);
  g_assert_cmpstr (message, ==, "half");

  /* From its own thread as well. */
  progress_thread (&watch);
  g_assert_cmpint (watch.n_progress, ==, 1);
  settle ();
  g_assert_cmpint (watch.n_progress, ==, 2);

  tend_task_stop (watch.task);
  assert_gone (watch.task);
}

static void
test_progress_refuses_nonsense (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  expect_critical ("*isnan*");
  tend_task_set_progress (task, 0.0 / 0.0, NULL);
  expect_critical ("*g_utf8_validate*");
  tend_task_pulse (task, "\xff");
  expect_critical ("*g_utf8_validate*");
  tend_task_set_progress (task, 0.5, "\xff");
  g_test_assert_expected_messages ();
  g_assert_cmpfloat (tend_task_get_progress (task), ==, 0.0);
  g_assert_null (tend_task_dup_message (task));
  tend_task_stop (task);
  assert_gone (task);
}

/* Rounding may take a fraction out of its range; the unknown one is not a fraction. */
static void
test_progress_is_clamped_or_unknown (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  g_autofree char *message = NULL;
  double progress;

  tend_task_set_progress (task, -0.1, "first");
  g_assert_cmpfloat (tend_task_get_progress (task), ==, 0.0);
  tend_task_set_progress (task, 1.0 / 0.0, NULL);
  g_assert_cmpfloat (tend_task_get_progress (task), ==, 1.0);
  tend_task_pulse (task, NULL);
  g_object_get (task, "progress", &progress, "message", &message, NULL);
  g_assert_cmpfloat (progress, ==, -1.0);
  g_assert_cmpstr (message, ==, "first");
  tend_task_set_progress (task, 0.25, NULL);
  g_assert_cmpfloat (tend_task_get_progress (task), ==, 0.25);
  tend_task_stop (task);
  assert_gone (task);
}

static void
note_end_cb (GObject    *object,
             GParamSpec *pspec,
             gpointer    log)
{
  gboolean is_ended, is_finished, is_cancelling;

  g_object_get (object, "ended", &is_ended, "finished", &is_finished, "cancelling", &is_cancelling, NULL);
  g_string_append_printf (log, "%s:%d%d%d ", pspec->name, is_ended, is_finished, is_cancelling);
}

static gboolean
clean_up_body (TendTask  *task,
               gpointer   data,
               GError   **error)
{
  g_assert_false (tend_sleep (G_TIME_SPAN_HOUR, NULL));
  tend_shield_push ();
  g_assert_true (tend_sleep (G_TIME_SPAN_SECOND, NULL));
  tend_shield_pop ();
  tend_task_return_boolean (task, TRUE);

  return TRUE;
}

static void
test_properties_of_the_end (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, clean_up_body, NULL, NULL);
  g_autoptr(GString) log = g_string_new (NULL);

  g_signal_connect (task, "notify::ended", G_CALLBACK (note_end_cb), log);
  g_signal_connect (task, "notify::finished", G_CALLBACK (note_end_cb), log);
  g_signal_connect (task, "notify::cancelling", G_CALLBACK (note_end_cb), log);
  tend_clock_advance (clock, 1, NULL);
  tend_task_cancel (task);
  g_assert_cmpstr (log->str, ==, "cancelling:001 ");
  g_assert_false (tend_task_is_finished (task));
  tend_clock_advance (clock, G_TIME_SPAN_SECOND, NULL);
  g_assert_cmpstr (log->str, ==, "cancelling:001 ended:111 finished:111 ");
  g_assert_true (tend_task_is_finished (task));
}

static void
note_home_status_cb (GObject    *object,
                     GParamSpec *pspec,
                     gpointer    user_data)
{
  g_assert_true (g_thread_self () == user_data);
  note_status_cb (object, pspec, NULL);
}

static void
test_status_is_notified_at_home (void)
{
  g_autoptr(TendTask) task = tend_task_new_open (NULL, idle_body, NULL, NULL);

  g_signal_connect (task, "notify::status", G_CALLBACK (note_home_status_cb), g_thread_self ());
  g_assert_true (tend_task_start (task, NULL));
  in_thread (stop_thread, task);
  assert_notes ("notify:running");
  settle ();
  assert_notes ("notify:stopped");
  assert_gone (task);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/task/properties", test_properties);
  g_test_add_func ("/tend/task/progress-is-notified-once-per-turn", test_progress_is_notified_once_per_turn);
  g_test_add_func ("/tend/task/progress-refuses-nonsense", test_progress_refuses_nonsense);
  g_test_add_func ("/tend/task/progress-is-clamped-or-unknown", test_progress_is_clamped_or_unknown);
  g_test_add_func ("/tend/task/properties-of-the-end", test_properties_of_the_end);
  g_test_add_func ("/tend/task/status-is-notified-at-home", test_status_is_notified_at_home);

  return g_test_run ();
}
