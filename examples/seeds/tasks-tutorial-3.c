// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A manager finds tasks by their names: one is cancelled before it begins, and the program waits for the other.

#include "completed.h"

#include <tend.h>

static gboolean
execute_me_too (TendTask *task, gpointer user_data, GError **error)
{
  if (!tend_sleep (G_TIME_SPAN_SECOND / 2, error))
    return FALSE;

  add_completed (GPOINTER_TO_INT (user_data));
  return TRUE;
}

static gboolean
example (TendTask *main_task, gpointer user_data, GError **error)
{
  g_autoptr(TendTaskManager) manager = tend_task_manager_new ();

  if (!tend_task_manager_register (manager,
                                   tend_task_new_fiber ("execute_me_too1", execute_me_too, GINT_TO_POINTER (1), NULL),
                                   TEND_NAME_POLICY_REJECT, error) ||
      !tend_task_manager_register (manager,
                                   tend_task_new_fiber ("execute_me_too2", execute_me_too, GINT_TO_POINTER (2), NULL),
                                   TEND_NAME_POLICY_REJECT, error))
    return FALSE;

  tend_task_manager_cancel_task (manager, "execute_me_too1");

  /* A shutdown alone would cancel the other task too, and the list be empty. */
  return tend_task_manager_wait_for_tasks (manager, error) &&
         tend_task_manager_shutdown (manager, error);
}

int
main (void)
{
  if (!tend_run (example, NULL, NULL))
    return 1;

  print_completed ();
  return 0;
}
