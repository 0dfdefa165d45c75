// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The list model of the tasks of a manager that run. It is a list of entries as that of all tasks is, with a view of
// its own, and is kept from the moment when somebody asks for it.
//
// The manager holds it. One that outlives its manager is empty. Ownership: the loop thread's.

#include "tend-manager-private.h"

#define TEND_TYPE_RUNNING (tend_running_get_type ())
G_DECLARE_FINAL_TYPE (TendRunning, tend_running, TEND, RUNNING, GObject)

struct _TendRunning
{
  GObject        parent_instance;

  TendLoop      *loop;      /* constant; a use of it */
  TendEntryList  list;
};

static void tend_running_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TendRunning, tend_running, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, tend_running_list_model_init))

static GType
tend_running_get_item_type (GListModel *model)
{
  return TEND_TYPE_TASK;
}

static guint
tend_running_get_n_items (GListModel *model)
{
  return tend_view_get_length (&TEND_RUNNING (model)->list, model);
}

static gpointer
tend_running_get_item (GListModel *model,
                       guint       position)
{
  TendRunning *self = TEND_RUNNING (model);
  TendTask *task;

  if (!tend_loop_is_mine (self->loop))
    {
      g_critical ("%s(): the list belongs to the main context of another thread", G_STRFUNC);
      return NULL;
    }

  task = tend_view_get_item (&self->list, self, position);

  return task != NULL ? g_object_ref (task) : NULL;
}

static void
tend_running_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = tend_running_get_item_type;
  iface->get_n_items = tend_running_get_n_items;
  iface->get_item = tend_running_get_item;
}

static void
tend_running_finalize (GObject *object)
{
  TendRunning *self = TEND_RUNNING (object);

  tend_entry_list_clear (&self->list);
  tend_loop_release (self->loop);

  G_OBJECT_CLASS (tend_running_parent_class)->finalize (object);
}

static void
tend_running_class_init (TendRunningClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = tend_running_finalize;
}

static void
tend_running_init (TendRunning *self)
{
  self->list.which = 1;
}

/* The task of @entry has begun. */
void
tend_running_add (TendEntry *entry)
{
  tend_entry_list_append (&tend_manager_get_private (entry->manager)->running->list, entry);
  entry->is_running = TRUE;
}

/* The task of @entry, which is in the list, has ended, or the manager lets go of it. */
void
tend_running_remove (TendEntry *entry)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (entry->manager);

  entry->is_running = FALSE;
  tend_view_remove (&priv->running->list, priv->running, entry);
  tend_manager_changed (priv);
}

/* Tells of what has changed; FALSE if there was too much for one turn. On the native stack. */
gboolean
tend_running_tell (TendRunning *self)
{
  G_GNUC_UNUSED g_autoptr(TendRunning) kept = g_object_ref (self);

  return tend_view_tell (&self->list, self);
}

/* The manager goes, and has let go of its tasks: who holds the list sees it empty. On the native stack. */
void
tend_manager_clear_running (TendTaskManagerPrivate *priv)
{
  g_autoptr(TendRunning) self = g_steal_pointer (&priv->running);

  while (self != NULL && !tend_view_tell (&self->list, self))
    ;
}

/**
 * tend_task_manager_list_running:
 * @self: a manager
 *
 * Lists the tasks that have begun and not ended, in the order in which they began.
 *
 * The list is a live one: it changes with the manager, as the list of all tasks that the manager itself is does. While
 * somebody listens to it, it changes once in a turn of the loop, and shows until then what it has told last. Each call
 * returns the same list. It outlives the manager if somebody holds it, and is empty then.
 *
 * Tasks of child managers are not in it. Only for the owning thread.
 *
 * Returns: (transfer full): the list, of [class@Tend.Task]
 *
 * Since: 0.1
 */
GListModel *
tend_task_manager_list_running (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);

  priv = tend_manager_get_private (self);
  if (!tend_manager_check_thread (self, G_STRFUNC))
    return NULL;

  if (priv->running == NULL)
    {
      priv->running = g_object_new (TEND_TYPE_RUNNING, NULL);
      priv->running->loop = tend_loop_ref (priv->loop);
      for (TendEntry *entry = NULL; (entry = tend_entry_list_next (&priv->entries, entry)) != NULL;)
        {
          if (entry->has_begun && !tend_task_has_ended (entry->task))
            tend_running_add (entry);
        }
    }

  return G_LIST_MODEL (g_object_ref (priv->running));
}
