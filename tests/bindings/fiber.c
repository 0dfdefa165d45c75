// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A fiber for tests in Python and JavaScript, which have none: it does what a binding can observe, from the fiber's
// stack.

#include "fiber.h"

typedef struct
{
  TendTask        *own;
  TendTask        *started;
  TendTaskManager *manager;
} Work;

static void
work_free (gpointer data)
{
  Work *self = data;

  g_object_unref (self->own);
  g_object_unref (self->started);
  g_clear_object (&self->manager);
  g_free (self);
}

static gboolean
work_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  Work *self = user_data;

  if (!tend_sleep (1000, error))
    return FALSE;

  tend_task_set_progress (task, 0.5, "half");
  tend_task_return_string (self->own, "from a fiber");
  tend_task_start (self->started, NULL);
  tend_task_manager_cancel_all (self->manager);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, "busy");

  return FALSE;
}

/**
 * tend_test_new_fiber:
 * @own: a task without a body, to complete
 * @started: a task to start
 * @manager: a manager, whose tasks to cancel
 *
 * Makes a fiber that does all that, and fails.
 *
 * Returns: (transfer full): the task
 */
TendTask *
tend_test_new_fiber (TendTask        *own,
                     TendTask        *started,
                     TendTaskManager *manager)
{
  Work *self = g_new (Work, 1);

  self->own = g_object_ref (own);
  self->started = g_object_ref (started);
  self->manager = g_object_ref (manager);

  return tend_task_new_fiber ("fiber", work_cb, self, work_free);
}

static gboolean
thread_cb (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  Work *self = user_data;

  tend_task_set_progress (task, 0.5, "half");
  tend_task_return_string (self->own, "from a thread");
  tend_task_cancel (self->started);
  tend_task_return_string (task, "result");

  return TRUE;
}

/**
 * tend_test_new_thread:
 * @own: a task without a body, to complete
 * @cancelled: a task to cancel
 *
 * Makes a task that does all that in a thread of the pool.
 *
 * Returns: (transfer full): the task
 */
TendTask *
tend_test_new_thread (TendTask *own,
                      TendTask *cancelled)
{
  Work *self = g_new0 (Work, 1);

  self->own = g_object_ref (own);
  self->started = g_object_ref (cancelled);

  return tend_task_new_thread ("thread", thread_cb, self, work_free);
}
