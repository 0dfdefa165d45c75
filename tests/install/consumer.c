// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Built against the installed library, by its pkg-config file: a managed task, awaited in a fiber.

#include <tend.h>

static gboolean
answer_cb (TendTask *task, gpointer user_data, GError **error)
{
  tend_task_return_int (task, 42);
  return TRUE;
}

static gboolean
ask (TendTask *task, gpointer user_data, GError **error)
{
  g_autoptr(TendTaskManager) manager = tend_task_manager_new ();
  TendTask *answer = tend_task_manager_register (manager, tend_task_new_open ("answer", answer_cb, NULL, NULL),
                                                 TEND_NAME_POLICY_REJECT, error);

  if (answer == NULL || !tend_await (answer, error))
    return FALSE;

  g_print ("%" G_GINT64_FORMAT "\n", tend_task_get_int (answer));
  return tend_task_manager_shutdown (manager, error);
}

int
main (void)
{
  return tend_run (ask, NULL, NULL) ? 0 : 1;
}
