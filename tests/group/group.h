// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the tests of groups share: children that end at a given time, and those that drain.

#pragma once

#include "common.h"

G_GNUC_UNUSED
static void
add (TendGroup *group,
     TendTask  *task)
{
  g_autoptr(GError) error = NULL;

  tend_group_add (group, g_object_ref (task), &error);
  g_assert_no_error (error);
}

/* Adds a child whose body runs in so many seconds. */
G_GNUC_UNUSED
static void
add_in (TendGroup     *group,
        int            seconds,
        TendBodyFunc   body,
        gconstpointer  data)
{
  g_autoptr(TendTask) task = tend_task_new_open (NULL, body, (gpointer) data, NULL);

  tend_task_set_delay (task, seconds * SECOND);
  add (group, task);
}

/* Adds a child that runs until it is cancelled, and drains for a second then. */
G_GNUC_UNUSED
static void
add_draining (TendGroup  *group,
              const char *name)
{
  g_autoptr(TendTask) task = tend_task_new_fiber (name, drain_body, (gpointer) name, NULL);

  add (group, task);
}

/* A fiber that runs until it is cancelled, and whose clean-up fails. */
G_GNUC_UNUSED
static gboolean
fail_when_cancelled_body (TendTask  *task,
                          gpointer   user_data,
                          GError   **error)
{
  tend_sleep (100 * SECOND, NULL);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "clean-up failed");
  return FALSE;
}

G_GNUC_UNUSED
static void
assert_group_gone (TendGroup **group)
{
  settle ();
  g_assert_cmpuint (tend_group_get_n_left (*group), ==, 0);
  g_assert_finalize_object (g_steal_pointer (group));
}
