// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tasks that stop one another: the first failure ends all of them. Their exit handlers do it here,
// to show the order; a TendGroup of the policy TEND_GROUP_POLICY_FIRST_ERROR does the same by itself.

#include <tend.h>

#define N_CHILDREN 3
#define N_STEPS    5

typedef struct
{
  TendTask  *parent;
  GPtrArray *children;
} Family;

static void
exit_cb (TendTask *task, gpointer user_data)
{
  Family *family = user_data;
  g_autofree char *text = tend_task_to_string (task);

  g_print ("On exit: %s (%s)\n", text, tend_task_status_to_string (tend_task_get_status (task)));

  if (tend_task_get_status (task) == TEND_TASK_STATUS_COMPLETED)
    return;

  /* Stopping a task that has ended does nothing. */
  for (guint i = 0; i < family->children->len; i++)
    tend_task_stop (g_ptr_array_index (family->children, i));
  tend_task_stop (family->parent);
}

static gboolean
run_child (TendTask *task, gpointer user_data, GError **error)
{
  Family *family = user_data;
  g_autofree char *text = tend_task_to_string (task);

  tend_task_add_exit_handler (task, exit_cb, family, NULL);

  for (int i = 0; i < N_STEPS; i++)
    {
      g_print ("%s works: %d of %d\n", text, i, N_STEPS - 1);
      if (!tend_sleep (2 * G_TIME_SPAN_SECOND, error))
        return FALSE;

      if (task == g_ptr_array_index (family->children, 1))
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "Failure in %s", text);
          return FALSE;
        }
    }

  g_print ("%s work done\n", text);
  tend_task_return_int (task, N_STEPS);
  return TRUE;
}

static gboolean
run_parent (TendTask *me, gpointer user_data, GError **error)
{
  Family *family = user_data;
  GPtrArray *children = family->children;
  g_autoptr(TendTask) all = NULL;

  family->parent = me;
  tend_task_add_exit_handler (me, exit_cb, family, NULL);

  for (int i = 0; i < N_CHILDREN; i++)
    {
      g_autofree char *name = g_strdup_printf ("Child %d", i);

      g_ptr_array_add (children, tend_task_new_fiber (name, run_child, family, NULL));
    }

  for (guint i = 0; i < children->len; i++)
    {
      if (!tend_task_start (g_ptr_array_index (children, i), error) || !tend_yield (error))
        return FALSE;
    }

  all = tend_wait_all ((TendTask **) children->pdata, children->len);
  return tend_await (all, error);
}

static gboolean
example (TendTask *main_task, gpointer user_data, GError **error)
{
  g_autoptr(GPtrArray) children = g_ptr_array_new_with_free_func (g_object_unref);
  Family family = { .children = children };
  g_autoptr(TendTask) parent = tend_task_run_fiber ("Parent", run_parent, &family, NULL);

  tend_await (parent, NULL);

  return TRUE;
}

int
main (void)
{
  return tend_run (example, NULL, NULL) ? 0 : 1;
}
