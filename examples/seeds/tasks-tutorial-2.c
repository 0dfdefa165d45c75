// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Await what you have started, and the program takes as long as the work does: half a second less
// than tasks-tutorial-1, which sleeps for long enough.

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

static TendTask *
run (int number)
{
  return tend_task_run_fiber (NULL, execute_me_too, GINT_TO_POINTER (number), NULL);
}

static gboolean
execute_me (TendTask *main_task, gpointer user_data, GError **error)
{
  g_autoptr(TendTask) first = run (2);
  g_autoptr(TendTask) second = NULL;

  if (!tend_await (first, error))
    return FALSE;
  add_completed (3);

  second = run (4);
  add_completed (5);

  return tend_await (second, error);
}

int
main (void)
{
  if (!tend_run (execute_me, NULL, NULL))
    return 1;

  print_completed ();
  return 0;
}
