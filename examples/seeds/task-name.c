// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A task may have a name.

#include <tend.h>

static gboolean
give_one (TendTask *task, gpointer user_data, GError **error)
{
  tend_task_return_int (task, 1);
  return TRUE;
}

static gboolean
example (TendTask *main_task, gpointer user_data, GError **error)
{
  g_autoptr(TendTask) task = tend_task_run ("my task", give_one, NULL, NULL);

  g_print ("%s\n", tend_task_get_name (task));

  return tend_await (task, error);
}

int
main (void)
{
  return tend_run (example, NULL, NULL) ? 0 : 1;
}
