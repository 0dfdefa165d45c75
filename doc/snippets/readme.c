// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include <tend.h>

/* A fiber: straight-line code that waits, while the main loop goes on. */
static gboolean
count_down (TendTask *task, gpointer user_data, GError **error)
{
  for (int i = 3; i > 0; i--)
    {
      g_print ("%d\n", i);
      if (!tend_sleep (G_TIME_SPAN_SECOND / 10, error))
        return FALSE;   /* cancelled, or stopped */
    }

  tend_task_return_string (task, "lift-off");
  return TRUE;
}

static gboolean
launch (TendTask *task, gpointer user_data, GError **error)
{
  g_autoptr(TendTaskManager) manager = tend_task_manager_new ();
  g_autoptr(TendTask) countdown = tend_task_new_fiber ("countdown", count_down, NULL, NULL);

  if (!tend_task_manager_register (manager, g_object_ref (countdown), TEND_NAME_POLICY_REJECT, error) ||
      !tend_await (countdown, error))
    return FALSE;

  g_print ("%s\n", tend_task_get_string (countdown));
  return tend_task_manager_shutdown (manager, error);
}

int
main (void)
{
  return tend_run (launch, NULL, NULL) ? 0 : 1;
}
