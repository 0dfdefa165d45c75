// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the tests of managers below managers share: making them, and work in any of them.

#pragma once

#include "shutdown.h"

/* A new manager below @parent, which alone keeps it. */
static inline TendTaskManager *
add_child (Fixture         *fixture,
           TendTaskManager *parent)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(TendTaskManager) child = watch (fixture, tend_task_manager_new ());

  tend_task_manager_add_child (parent, child, &error);
  g_assert_no_error (error);
  g_assert_true (tend_task_manager_get_parent (child) == parent);

  return child;
}

static inline Work *
work_in (Fixture         *fixture,
         TendTaskManager *manager,
         Kind             kind,
         const char      *name)
{
  g_autoptr(GError) error = NULL;
  Work *work = work_new (fixture);
  g_autoptr(TendTask) task = work_make_task (work, kind, name);

  tend_task_manager_register (manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, &error);
  g_assert_no_error (error);

  return work;
}

/* Registers a fiber that is watched. */
static inline TendTask *
fiber_in (Fixture         *fixture,
          TendTaskManager *manager,
          const char      *name,
          TendBodyFunc     func,
          gpointer         data)
{
  g_autoptr(GError) error = NULL;
  TendTask *task = tend_task_manager_register (manager, tend_task_new_fiber (name, func, data, NULL),
                                               TEND_NAME_POLICY_REJECT, &error);

  g_assert_no_error (error);
  return watch (fixture, task);
}

/* Registers a callback that is watched. */
static inline TendTask *
callback_in (Fixture         *fixture,
             TendTaskManager *manager,
             const char      *name,
             TendBodyFunc     func,
             gpointer         data)
{
  g_autoptr(GError) error = NULL;
  TendTask *task = tend_task_manager_register (manager, tend_task_new_open (name, func, data, NULL),
                                               TEND_NAME_POLICY_REJECT, &error);

  g_assert_no_error (error);
  return watch (fixture, task);
}

/* Takes @task. */
static inline void
shutdown_task_in (Fixture         *fixture,
                  TendTaskManager *manager,
                  TendTask        *task)
{
  g_autoptr(GError) error = NULL;

  tend_task_manager_add_shutdown_task (manager, g_object_ref (watch (fixture, task)), &error);
  g_assert_no_error (error);
  g_object_unref (task);
}

static inline void
note_in (Fixture         *fixture,
         TendTaskManager *manager,
         const char      *name)
{
  shutdown_task_in (fixture, manager, tend_task_new_open (name, note_name, fixture, NULL));
}

static inline guint
count_running (TendTaskManager *manager)
{
  return (guint) tend_task_manager_get_n_tasks (manager, TEND_TASK_STATUS_RUNNING);
}

static inline guint
count_pending (TendTaskManager *manager)
{
  return (guint) tend_task_manager_get_n_tasks (manager, TEND_TASK_STATUS_PENDING);
}

/* A body that heeds nothing but being stopped. */
static inline gboolean
ignore_cancel (TendTask  *task,
               gpointer   data,
               GError   **error)
{
  return TRUE;
}
