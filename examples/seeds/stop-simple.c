// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A task that is stopped while it sleeps. Nothing of it runs any more but its clean-up.

#include <tend.h>

#define DURATION_SEC 5

static void
exit_cb (TendTask *task, gpointer user_data)
{
  g_autofree char *text = tend_task_to_string (task);

  g_print ("On exit: %s, state: '%s'\n", text,
           tend_task_status_to_string (tend_task_get_status (task)));
}

static gboolean
work (TendTask *task, gpointer user_data, GError **error)
{
  tend_task_add_exit_handler (task, exit_cb, NULL, NULL);

  g_print ("running...\n");
  if (!tend_sleep (DURATION_SEC * G_TIME_SPAN_SECOND, error))
    return FALSE;
  g_print ("done\n");

  return TRUE;
}

static gboolean
example (TendTask *main_task, gpointer user_data, GError **error)
{
  g_autoptr(TendTask) task = tend_task_new_fiber ("my task", work, NULL, NULL);
  g_autofree char *text = tend_task_to_string (task);
  g_autoptr(GError) failure = NULL;

  if (!tend_task_start (task, error) || !tend_yield (error))
    return FALSE;

  g_print ("Stop %s with state '%s'\n", text,
           tend_task_status_to_string (tend_task_get_status (task)));
  tend_task_stop (task);

  if (!tend_await (task, &failure))
    {
      g_print ("Big bada boom?\n");
      g_print ("%s\n", failure->message);
      g_print ("Oh no, it was just a faint hiss...\n");
    }

  g_print ("Waiting %d sec. to see what happens...\n", DURATION_SEC);
  if (!tend_sleep (DURATION_SEC * G_TIME_SPAN_SECOND, error))
    return FALSE;
  g_print ("Continue to work\n");

  return TRUE;
}

int
main (void)
{
  return tend_run (example, NULL, NULL) ? 0 : 1;
}
