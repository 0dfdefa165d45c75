// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The plugin of unload.c.

#include <tend.h>

void plugin_run (void);

static gboolean
fiber_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  return tend_sleep (100, error);
}

static gboolean
thread_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  return TRUE;
}

/* Fibers enough to have stacks trimmed later, and threads. All end here, and what they leave is the library's. */
__attribute__ ((visibility ("default"))) void
plugin_run (void)
{
  g_autoptr(GPtrArray) tasks = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < 200; i++)
    g_ptr_array_add (tasks, tend_task_run_fiber (NULL, fiber_body, NULL, NULL));
  for (guint i = 0; i < 8; i++)
    g_ptr_array_add (tasks, tend_task_run_thread (NULL, thread_body, NULL, NULL));
  for (guint i = 0; i < tasks->len; i++)
    g_assert_true (tend_task_wait_sync (tasks->pdata[i], NULL));
}
