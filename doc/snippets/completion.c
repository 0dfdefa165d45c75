// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code in the description of TendCompletion.

#include <tend.h>

static gboolean
answered_cb (gpointer user_data)
{
  TendCompletion *completion = user_data;

  if (!tend_completion_set_boolean (completion, TRUE, NULL))
    g_print ("Nobody asks any more.\n");

  return G_SOURCE_REMOVE;
}

static TendTask *
ask_user (void)
{
  TendCompletion *completion = tend_completion_new ("ask-user");
  TendTask *task = g_object_ref (tend_completion_get_task (completion));

  g_idle_add_full (G_PRIORITY_DEFAULT, answered_cb, completion, g_object_unref);

  return task;
}

int
main (void)
{
  g_autoptr(TendTask) task = ask_user ();
  g_autoptr(GError) error = NULL;

  if (tend_task_wait_sync (task, &error))
    g_print ("%s\n", tend_task_get_boolean (task) ? "yes" : "no");
  else
    g_print ("%s\n", error->message);

  return 0;
}
