// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A chain of posts and timers that ends with its task. Each of them creates the next one.

#include <tend.h>

static gboolean add_timer_cb (TendTask *task, gpointer user_data, GError **error);

static gboolean
tick_cb (TendTask *task, gpointer user_data, GError **error)
{
  g_print ("tick\n");
  tend_task_post (task, add_timer_cb, NULL, NULL);
  return FALSE;
}

static gboolean
add_timer_cb (TendTask *task, gpointer user_data, GError **error)
{
  tend_task_add_timer (task, G_TIME_SPAN_SECOND / 2, -1, tick_cb, NULL, NULL);
  return FALSE;
}

static gboolean
work (TendTask *task, gpointer user_data, GError **error)
{
  tend_task_post (task, add_timer_cb, NULL, NULL);
  return tend_sleep (1500 * 1000, error);
}

static gboolean
example (TendTask *main_task, gpointer user_data, GError **error)
{
  g_autoptr(TendTask) task = tend_task_run_fiber ("task with timer", work, NULL, NULL);
  g_autofree char *text = tend_task_to_string (task);

  if (!tend_await (task, error))
    return FALSE;
  g_print ("%s %s\n", text, tend_task_status_to_string (tend_task_get_status (task)));

  if (!tend_sleep (1500 * 1000, error))
    return FALSE;
  g_print ("Let's wait and see what happens.\n");

  return TRUE;
}

int
main (void)
{
  return tend_run (example, NULL, NULL) ? 0 : 1;
}
