// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A manager as a list model: what it shows, and how it tells of changes.
//
// A list view takes time for each emission of items-changed, and more the more rows it has. So a change of the list is
// not told when it happens but in the next turn of the loop: each run of neighbours that went is one emission, and what
// came is one emission together. Until then the list model shows the list as it was told last, as a list model must.
// Where nobody listens, it shows the list as it is.
//
// A turn tells of a bounded number of changes. The next turn goes on with the rest. Ownership: the loop thread's.

#include "tend-manager-private.h"

/* What one turn tells at most: emissions, and tasks that are dropped. */
#define MAX_EMISSIONS 256
#define MAX_DROPPED 4096

guint
tend_manager_get_view_length (TendTaskManager *self)
{
  TendEntryList *list = &tend_manager_get_private (self)->entries;

  if (list->n_gone == 0 && list->n_told < list->n_items &&
      !tend_manager_is_heard (self, TEND_MANAGER_SIGNAL_ITEMS_CHANGED))
    tend_entry_list_take_new (list);

  return list->n_told;
}

/* The task at @position as the list model shows it, or NULL. */
TendTask *
tend_manager_get_viewed (TendTaskManager *self,
                         guint            position)
{
  tend_manager_get_view_length (self);

  return tend_entry_list_get_told (&tend_manager_get_private (self)->entries, position);
}

/* Whether the task of @entry is still to be shown when @entry has left the list. */
gboolean
tend_manager_shows (TendEntry *entry)
{
  TendEntryList *list = &tend_manager_get_private (entry->manager)->entries;

  return entry->place < list->n_told_places &&
         (list->n_gone > 0 || tend_manager_is_heard (entry->manager, TEND_MANAGER_SIGNAL_ITEMS_CHANGED));
}

/* Tells of the next change: FALSE if there is none. Takes as many from @n_dropped as tasks were dropped. */
static gboolean
tell_next (TendTaskManager *self,
           guint           *n_dropped)
{
  TendEntryList *list = &tend_manager_get_private (self)->entries;
  g_autoptr(GPtrArray) gone = g_ptr_array_new_with_free_func (g_object_unref);
  guint position = list->n_told;
  guint n_new = 0;

  if (list->n_gone > 0)
    position = tend_entry_list_take_gone (list, *n_dropped, gone);
  if (list->n_gone == 0 && position == list->n_told)
    n_new = tend_entry_list_take_new (list);
  if (gone->len == 0 && n_new == 0)
    return FALSE;

  *n_dropped -= gone->len;
  g_list_model_items_changed (G_LIST_MODEL (self), position, gone->len, n_new);

  return TRUE;
}

/* On the native stack: who listens may do anything with the manager, and may run the loop. */
void
tend_manager_tell_view (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  guint n_dropped = MAX_DROPPED;
  guint n_emissions = 0;

  /* A list model must not change again before all have heard of the change. */
  if (priv->is_telling)
    return;

  priv->is_telling = TRUE;
  while (n_emissions < MAX_EMISSIONS && n_dropped > 0 && tell_next (self, &n_dropped))
    n_emissions++;
  priv->is_telling = FALSE;

  if (priv->entries.n_gone > 0 || priv->entries.n_told < priv->entries.n_items)
    tend_manager_changed (priv);
}
