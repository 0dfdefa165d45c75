// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The tasks of the manager, or of a child manager, that wait for the shutdown. The shutdown neither waits for them nor
// stops them. A shutdown task cannot wait for the shutdown, because the shutdown waits for it.
//
// Ownership: the loop thread's.

#include "tend-manager-private.h"
#include "tend-manager-shutdown-private.h"
#include "tend-manager-wait-private.h"

static gboolean
is_waiting (GPtrArray *waits,
            TendTask  *task)
{
  for (guint i = 0; i < waits->len; i++)
    {
      if (((TendManagerWait *) g_ptr_array_index (waits, i))->caller == task)
        return TRUE;
    }

  return FALSE;
}

/* Whether @task waits for the shutdown of this manager or of one above, which then do not wait for it. */
gboolean
tend_manager_is_caller (TendTaskManagerPrivate *priv,
                        TendTask               *task)
{
  while (!is_waiting (priv->shutdown_waits, task))
    {
      if (priv->parent == NULL)
        return FALSE;
      priv = tend_manager_get_private (priv->parent);
    }

  return TRUE;
}

/*
 * Whether no task is left except those that wait for the shutdown. This is checked at the end of each task. The list is
 * searched only if there are no more tasks than callers.
 */
gboolean
tend_manager_has_only_callers (TendTaskManagerPrivate *priv)
{
  guint n_callers = priv->shutdown_waits->len;

  if (tend_manager_count_tasks (priv) == 0)
    return TRUE;

  for (TendTaskManager *m = priv->parent; m != NULL; m = tend_manager_get_private (m)->parent)
    n_callers += tend_manager_get_private (m)->shutdown_waits->len;
  if (tend_manager_count_tasks (priv) > n_callers)
    return FALSE;

  for (TendEntry *entry = NULL; (entry = tend_entry_list_next (&priv->entries, entry)) != NULL;)
    {
      if (!tend_manager_is_caller (priv, entry->task))
        return FALSE;
    }

  return TRUE;
}

/* Whether a task of the manager, or of one below, is not finished, and would be waited for by a shutdown. */
gboolean
tend_manager_has_rest (TendTaskManager *self)
{
  g_autoptr(GPtrArray) family = tend_manager_copy_family (self);

  for (guint i = 0; i < family->len; i++)
    {
      if (!tend_manager_has_only_callers (tend_manager_get_private (g_ptr_array_index (family, i))))
        return TRUE;
    }

  return FALSE;
}

/* Whether @other is @self or below it. */
static gboolean
is_within (TendTaskManager *self,
           TendTaskManager *other)
{
  while (other != NULL && other != self)
    other = tend_manager_get_private (other)->parent;

  return other != NULL;
}

/* The manager of which @task is the shutdown task that runs now, if that is @self or one below; or NULL. */
TendTaskManager *
tend_manager_find_ending (TendTaskManager *self,
                          TendTask        *task)
{
  for (TendObserver *o = tend_task_observers (task); o != NULL; o = o->next)
    {
      TendTaskManagerPrivate *priv = TEND_MANAGER_PRIVATE_OF (o, shutdown_observer);

      if (o->klass == &tend_shutdown_observer && is_within (self, priv->shutting_down))
        return priv->shutting_down;
    }

  return NULL;
}

/* The manager of @task, if that is @self or one below; or NULL. */
TendTaskManager *
tend_manager_find_within (TendTaskManager *self,
                          TendTask        *task)
{
  TendTaskManager *manager = tend_manager_of_task (task);

  return manager != NULL && is_within (self, manager) ? manager : NULL;
}
