// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A parent that stops its children when it is stopped itself. Nothing relates the tasks but the
// parent's exit handler; a TendGroup does the same by itself.

#include <tend.h>

#define N_CHILDREN 3
#define N_STEPS    5

/* --- Child --- */

static void
child_exit_cb (TendTask *task, gpointer user_data)
{
  g_autofree char *text = tend_task_to_string (task);

  g_print ("On exit: %s (%s)\n", text, tend_task_status_to_string (tend_task_get_status (task)));
}

static gboolean
run_child (TendTask *task, gpointer user_data, GError **error)
{
  g_autofree char *text = tend_task_to_string (task);

  tend_task_add_exit_handler (task, child_exit_cb, NULL, NULL);

  for (int i = 0; i < N_STEPS; i++)
    {
      g_print ("%s works: %d of %d\n", text, i, N_STEPS - 1);
      if (!tend_sleep (2 * G_TIME_SPAN_SECOND, error))
        return FALSE;
    }

  tend_task_return_int (task, N_STEPS);
  return TRUE;
}

/* --- Parent --- */

static void
parent_exit_cb (TendTask *me, gpointer user_data)
{
  GPtrArray *group = user_data;
  g_autofree char *text = tend_task_to_string (me);

  g_print ("On exit: %s (%s)\n", text, tend_task_status_to_string (tend_task_get_status (me)));
  if (tend_task_get_status (me) == TEND_TASK_STATUS_COMPLETED)
    return;

  for (guint i = 0; i < group->len; i++)
    {
      TendTask *child = g_ptr_array_index (group, i);

      if (tend_task_is_ended (child))
        continue;

      g_print ("%s stops '%s' (%s)\n", tend_task_get_name (me), tend_task_get_name (child),
               tend_task_status_to_string (tend_task_get_status (child)));
      tend_task_stop (child);
    }
}

static gboolean
run_parent (TendTask *me, gpointer user_data, GError **error)
{
  GPtrArray *group = user_data;
  g_autoptr(TendTask) all = NULL;

  tend_task_add_exit_handler (me, parent_exit_cb, group, NULL);

  for (int i = 0; i < N_CHILDREN; i++)
    {
      g_autofree char *name = g_strdup_printf ("Child %d", i);

      g_ptr_array_add (group, tend_task_run_fiber (name, run_child, NULL, NULL));
    }

  all = tend_wait_all ((TendTask **) group->pdata, group->len);
  return tend_await (all, error);
}

/* --- The main part --- */

static gboolean
stop_cb (TendTask *main_task, gpointer user_data, GError **error)
{
  TendTask *parent = user_data;
  g_autofree char *text = tend_task_to_string (parent);

  g_print ("Stopping %s\n", text);
  tend_task_stop (parent);

  return FALSE;
}

static gboolean
example (TendTask *main_task, gpointer user_data, GError **error)
{
  g_autoptr(GPtrArray) group = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(TendTask) parent = tend_task_run_fiber ("Parent", run_parent, group, NULL);

  tend_task_add_timer (main_task, 2 * G_TIME_SPAN_SECOND, -1, stop_cb, parent, NULL);
  tend_await (parent, NULL);

  return TRUE;
}

int
main (void)
{
  return tend_run (example, NULL, NULL) ? 0 : 1;
}
