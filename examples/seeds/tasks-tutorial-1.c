// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Created, awaited, and started: a task that is created and never started does not run, a task that is awaited is over
// before its creator goes on, and a task that is started goes on beside it.

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
make (int number)
{
  return tend_task_new_fiber (NULL, execute_me_too, GINT_TO_POINTER (number), NULL);
}

static gboolean
execute_me (TendTask *main_task, gpointer user_data, GError **error)
{
  g_autoptr(TendTask) dropped = make (1);
  g_autoptr(TendTask) awaited = make (2);
  g_autoptr(TendTask) started = make (4);

  /* Nobody has started it, and nobody can any more. */
  g_clear_object (&dropped);

  if (!tend_task_start (awaited, error) || !tend_await (awaited, error))
    return FALSE;
  add_completed (3);

  if (!tend_task_start (started, error))
    return FALSE;
  add_completed (5);

  /* Without this the program would end first, and 4 not be in the list. */
  return tend_sleep (G_TIME_SPAN_SECOND, error);
}

int
main (void)
{
  if (!tend_run (execute_me, NULL, NULL))
    return 1;

  print_completed ();
  return 0;
}
