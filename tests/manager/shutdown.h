// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the tests of the shutdown share: a shutdown that notes its end, and shutdown tasks that note
// that they run.

#pragma once

#include "fixture.h"

/* The errors of the last shutdown, until a test takes them. */
static GPtrArray *shutdown_errors;

static inline void
shut_down_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      data)
{
  Fixture *fixture = data;
  g_autoptr(GError) error = NULL;

  assert_is_native (fixture);
  if (tend_task_manager_shutdown_finish (TEND_TASK_MANAGER (object), result, &error))
    {
      g_assert_no_error (error);
      note (fixture, "down");
      return;
    }

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      note (fixture, "given-up");
      return;
    }

  note (fixture, "%s", g_error_matches (error, TEND_ERROR, TEND_ERROR_SEVERAL) ? "errors" : "error");
  g_clear_pointer (&shutdown_errors, g_ptr_array_unref);
  shutdown_errors = tend_error_list (error);
}

static inline void
shut_down (Fixture *fixture)
{
  tend_task_manager_shutdown_async (fixture->manager, NULL, shut_down_cb, fixture);
}

static inline GPtrArray *
take_errors (Fixture *fixture)
{
  g_assert_nonnull (shutdown_errors);
  return g_steal_pointer (&shutdown_errors);
}

static inline const GError *
get_error (GPtrArray *errors,
           guint      i)
{
  return g_ptr_array_index (errors, i);
}

static inline void
assert_message (GPtrArray  *errors,
                guint       i,
                const char *part)
{
  const char *message = get_error (errors, i)->message;

  if (strstr (message, part) == NULL)
    g_error ("'%s' is not in '%s'", part, message);
}

static inline gboolean
note_name (TendTask  *task,
           gpointer   data,
           GError   **error)
{
  note (data, "%s", tend_task_get_name (task));
  tend_task_return_boolean (task, TRUE);

  return TRUE;
}

static inline gboolean
note_sleep (TendTask  *task,
            gpointer   data,
            GError   **error)
{
  note (data, "%s<", tend_task_get_name (task));
  if (!tend_sleep (SECOND, error))
    return FALSE;

  note (data, ">%s", tend_task_get_name (task));
  return TRUE;
}

/* Takes @task. */
static inline TendTask *
add_shutdown_task (Fixture  *fixture,
                   TendTask *task)
{
  g_autoptr(GError) error = NULL;

  tend_task_manager_add_shutdown_task (fixture->manager, g_object_ref (watch (fixture, task)), &error);
  g_assert_no_error (error);
  g_object_unref (task);

  return task;
}

static inline TendTask *
add_note (Fixture    *fixture,
          const char *name)
{
  return add_shutdown_task (fixture, tend_task_new_open (name, note_name, fixture, NULL));
}

static inline TendTask *
add_sleep (Fixture    *fixture,
           const char *name)
{
  return add_shutdown_task (fixture, tend_task_new_fiber (name, note_sleep, fixture, NULL));
}

static inline void
tear_down_shutdown (Fixture       *fixture,
                    gconstpointer  data)
{
  g_clear_pointer (&shutdown_errors, g_ptr_array_unref);
  tear_down (fixture, data);
}

static inline void
add_shutdown_test (const char *path,
                   void     (* test) (Fixture       *fixture,
                                      gconstpointer  data))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down_shutdown);
}
