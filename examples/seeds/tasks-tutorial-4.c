// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Twenty tasks without a name, which sleep at the same time: it takes half a second, not ten.

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

  for (int i = 0; i < 20; i++)
    {
      if (!tend_task_manager_register (manager,
                                       tend_task_new_fiber (NULL, execute_me_too, GINT_TO_POINTER (i), NULL),
                                       TEND_NAME_POLICY_REJECT, error))
        return FALSE;
    }

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
