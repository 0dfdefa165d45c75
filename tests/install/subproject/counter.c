// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A manager that is derived from the library's, so that its GIR and its Vala API need those of libtend.

#include "counter.h"

struct _CounterManager
{
  TendTaskManager parent_instance;

  gint64 n_counted;
};

G_DEFINE_FINAL_TYPE (CounterManager, counter_manager, TEND_TYPE_TASK_MANAGER)

static gboolean
count_cb (TendTask *task, gpointer user_data, G_GNUC_UNUSED GError **error)
{
  CounterManager *self = user_data;

  tend_task_return_int (task, ++self->n_counted);

  return TRUE;
}

static void
counter_manager_class_init (G_GNUC_UNUSED CounterManagerClass *klass)
{
}

static void
counter_manager_init (G_GNUC_UNUSED CounterManager *self)
{
}

/**
 * counter_manager_new:
 *
 * Creates a manager that has counted nothing.
 *
 * Returns: a new manager
 */
CounterManager *
counter_manager_new (void)
{
  return g_object_new (COUNTER_TYPE_MANAGER, NULL);
}

/**
 * counter_manager_count:
 * @self: a manager
 * @name: a name for the task
 * @error: return location for an error
 *
 * Registers a task that counts one more; its result is how many that makes.
 *
 * Returns: (transfer none): the task
 */
TendTask *
counter_manager_count (CounterManager *self, const char *name, GError **error)
{
  return tend_task_manager_register (TEND_TASK_MANAGER (self), tend_task_new_open (name, count_cb, self, NULL),
                                     TEND_NAME_POLICY_REJECT, error);
}
