// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The list models of a manager, that of all tasks and that of those that run: what each shows, and how it tells of
// changes.
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

static gboolean
is_heard (gpointer model)
{
  return g_signal_has_handler_pending (model, tend_manager_signals[TEND_MANAGER_SIGNAL_ITEMS_CHANGED], 0, FALSE);
}

guint
tend_view_get_length (TendEntryList *list,
                      gpointer       model)
{
  if (list->n_gone == 0 && list->n_told < list->n_items && !is_heard (model))
    tend_entry_list_take_new (list);

  return list->n_told;
}

/* The task at @position as the list model shows it, or NULL. */
TendTask *
tend_view_get_item (TendEntryList *list,
                    gpointer       model,
                    guint          position)
{
  tend_view_get_length (list, model);

  return tend_entry_list_get_told (list, position);
}

/* Removes @entry from the list; its task is shown until somebody has been told, where anybody listens. */
void
tend_view_remove (TendEntryList *list,
                  gpointer       model,
                  TendEntry     *entry)
{
  gboolean is_shown = entry->places[list->which] < list->n_told_places && (list->n_gone > 0 || is_heard (model));

  tend_entry_list_remove (list, entry, is_shown);
}

/* Tells of the next change: FALSE if there is none. Takes as many from @n_dropped as tasks were dropped. */
static gboolean
tell_next (TendEntryList *list,
           gpointer       model,
           guint         *n_dropped)
{
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
  g_list_model_items_changed (model, position, gone->len, n_new);

  return TRUE;
}

/*
 * Tells of what has changed; FALSE if there was too much for one turn. On the native stack: who listens may do anything
 * with the manager, and may run the loop. The caller holds a reference to @model, which has the list.
 */
gboolean
tend_view_tell (TendEntryList *list,
                gpointer       model)
{
  guint n_dropped = MAX_DROPPED;
  guint n_emissions = 0;

  /* A list model must not change again before all have heard of the change. */
  if (list->is_telling)
    return TRUE;

  list->is_telling = TRUE;
  while (n_emissions < MAX_EMISSIONS && n_dropped > 0 && tell_next (list, model, &n_dropped))
    n_emissions++;
  list->is_telling = FALSE;

  return list->n_gone == 0 && list->n_told == list->n_items;
}
