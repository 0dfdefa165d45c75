// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A task that runs again and again until it cancels itself, and one that runs once, after a delay.
//
// The 2 comes before the fifth 1 by the order of the deadlines, however late the machine is. An
// interval is counted from the end of a run, so the fifth run is due at least five intervals after
// its task was registered; the delay is as long and began before, and of equal deadlines the one
// that was armed first comes first. Registered the other way round, a pause of the machine between
// the two would count against the 2.
//
// The fourth 1 is due a tenth of a second before the 2, less what the three runs before were late,
// all together. Only time can say that four come first: a machine that stands still for a tenth of a
// second meanwhile prints three.

#include "completed.h"

#include <tend.h>

typedef struct
{
  TendTaskManager *manager;
  int              number;
} Work;

static gboolean
execute_me_too (TendTask *task, gpointer user_data, GError **error)
{
  Work *work = user_data;

  if (n_completed < G_N_ELEMENTS (completed))
    add_completed (work->number);
  else
    tend_task_manager_cancel_task (work->manager, "keep adding 1");

  return TRUE;
}

static gboolean
example (TendTask *main_task, gpointer user_data, GError **error)
{
  g_autoptr(TendTaskManager) manager = tend_task_manager_new ();
  Work two = { manager, 2 };
  Work one = { manager, 1 };
  g_autoptr(TendTask) inject = tend_task_new_fiber ("sneaky inject", execute_me_too, &two, NULL);
  g_autoptr(TendTask) keep_adding = tend_task_new_fiber ("keep adding 1", execute_me_too, &one, NULL);

  tend_task_set_delay (inject, G_TIME_SPAN_SECOND / 2);
  tend_task_set_interval (keep_adding, G_TIME_SPAN_SECOND / 10);

  return tend_task_manager_register (manager, g_steal_pointer (&inject), TEND_NAME_POLICY_REJECT, error) &&
         tend_task_manager_register (manager, g_steal_pointer (&keep_adding), TEND_NAME_POLICY_REJECT, error) &&
         tend_task_manager_wait_for_tasks (manager, error) &&
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
