// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "counter.h"

static gboolean
count (G_GNUC_UNUSED TendTask *task, G_GNUC_UNUSED gpointer user_data, GError **error)
{
  g_autoptr(CounterManager) manager = counter_manager_new ();
  TendTask *counted = counter_manager_count (manager, "one", error);

  if (counted == NULL || !tend_await (counted, error))
    return FALSE;

  g_print ("%" G_GINT64_FORMAT "\n", tend_task_get_int (counted));
  return tend_task_manager_shutdown (TEND_TASK_MANAGER (manager), error);
}

int
main (void)
{
  return tend_run (count, NULL, NULL) ? 0 : 1;
}
