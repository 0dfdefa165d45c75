// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tasks of one name that say when they begin and end: "A+" begins, "A." is through after ten seconds,
// "A!" was cancelled and cleans up for a second, "A-" has cleaned up. One that is stopped says nothing.

#pragma once

#include "fixture.h"

#define NAME "n"

typedef struct
{
  Fixture    *fixture;
  const char *tag;
} Named;

static inline gboolean
named_body (TendTask  *task,
            gpointer   data,
            GError   **error)
{
  Named *named = data;

  note (named->fixture, "%s+", named->tag);
  if (tend_sleep (10 * SECOND, error))
    {
      note (named->fixture, "%s.", named->tag);
      return TRUE;
    }

  if (g_error_matches (*error, TEND_ERROR, TEND_ERROR_STOPPED))
    return FALSE;

  note (named->fixture, "%s!", named->tag);
  tend_shield_push ();
  if (tend_sleep (SECOND, NULL))
    note (named->fixture, "%s-", named->tag);
  tend_shield_pop ();

  return FALSE;
}

/* Makes a task that is called NAME, and @tag in the log. */
static inline TendTask *
named_new (Fixture    *fixture,
           const char *tag)
{
  Named *named = g_new0 (Named, 1);

  named->fixture = fixture;
  named->tag = tag;

  return watch (fixture, tend_task_new_fiber (NAME, named_body, named, g_free));
}

/* Registers such a task with a delay, which may be 0, under a policy that takes it. */
static inline TendTask *
add_delayed (Fixture        *fixture,
             const char     *tag,
             TendNamePolicy  policy,
             gint64          delay)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(TendTask) task = named_new (fixture, tag);
  TendTask *holder;

  tend_task_set_delay (task, delay);
  holder = tend_task_manager_register (fixture->manager, g_object_ref (task), policy, &error);
  if (holder == NULL)
    {
      /* Who heard of it has replaced it already. */
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      return NULL;
    }
  g_assert_no_error (error);
  g_assert_true (holder == task);

  return task;
}

static inline TendTask *
add (Fixture        *fixture,
     const char     *tag,
     TendNamePolicy  policy)
{
  return add_delayed (fixture, tag, policy, 0);
}

static inline TendTask *
find (Fixture *fixture)
{
  return tend_task_manager_lookup (fixture->manager, NAME);
}

/* Ends what is left of the name at once, for the end of a test. */
static inline void
end_all (Fixture *fixture)
{
  g_autoptr(GPtrArray) tasks = tend_task_manager_list_tasks (fixture->manager);

  for (guint i = 0; i < tasks->len; i++)
    tend_task_stop (g_ptr_array_index (tasks, i));
  settle (fixture);
  g_assert_cmpuint (n_tasks (fixture), ==, 0);
  g_string_truncate (fixture->log, 0);
}
