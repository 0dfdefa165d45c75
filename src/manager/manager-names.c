// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The names of a manager's tasks.
//
// Entries of one name form a chain in the order of registration, and the table has the first of each chain, by the hash
// of the name. An entry stays in its chain until it is freed. At most one entry of a chain has a body that is not
// finished: each later one is blocked until all tasks before it are finished. The name belongs to the first entry that
// answers to it and has not ended, or else to the first that answers at all, because a task may be looked up until its
// waiters have been notified.

#include "tend-manager-private.h"

#include <string.h>

/* The place of the first entry of that name, or NULL. */
static TendTablePlace *
find_place (TendTaskManagerPrivate *priv,
            const char             *name,
            guint                   hash)
{
  TendTablePlace *place = tend_table_find (&priv->names, hash);

  while (place != NULL && strcmp (tend_task_peek_name (((TendEntry *) place->item)->task), name) != 0)
    place = tend_table_find_next (&priv->names, place);

  return place;
}

static TendEntry *
find_first (TendTaskManagerPrivate *priv,
            const char             *name)
{
  TendTablePlace *place = find_place (priv, name, g_str_hash (name));

  return place != NULL ? place->item : NULL;
}

/* The entry to which @name belongs, or NULL. */
TendEntry *
tend_names_lookup (TendTaskManagerPrivate *priv,
                   const char             *name)
{
  TendEntry *ended = NULL;

  for (TendEntry *entry = find_first (priv, name); entry != NULL; entry = entry->after)
    {
      if (!entry->is_named)
        continue;
      if (!tend_task_has_ended (entry->task))
        return entry;
      if (ended == NULL)
        ended = entry;
    }

  return ended;
}

/* The entry of that name which was registered last, whether it answers to it or not; or NULL. */
TendEntry *
tend_names_find_last (TendTaskManagerPrivate *priv,
                      const char             *name)
{
  TendEntry *first = find_first (priv, name);

  return first != NULL ? first->last : NULL;
}

/* Takes the name from all entries that answer to it, and returns their tasks. */
GPtrArray *
tend_names_take (TendTaskManagerPrivate *priv,
                 const char             *name)
{
  GPtrArray *tasks = g_ptr_array_new_with_free_func (g_object_unref);

  for (TendEntry *entry = find_first (priv, name); entry != NULL; entry = entry->after)
    {
      if (entry->is_named)
        g_ptr_array_add (tasks, g_object_ref (entry->task));
      entry->is_named = FALSE;
    }

  return tasks;
}

static gboolean
is_released (TendEntry *entry)
{
  return !entry->is_listed;
}

/* Whether a task before @entry is not finished. */
static gboolean
is_preceded (TendEntry *entry)
{
  for (TendEntry *e = entry->before; e != NULL && !e->is_clear; e = e->before)
    {
      if (!is_released (e))
        return TRUE;
    }

  return FALSE;
}

/* Puts a new entry at the end of the chain of its name, to which it answers. */
void
tend_names_add (TendTaskManagerPrivate *priv,
                TendEntry              *entry)
{
  TendTablePlace *place;
  TendEntry *first;

  entry->hash = g_str_hash (tend_task_peek_name (entry->task));
  entry->is_in_chain = TRUE;
  entry->is_named = TRUE;

  place = find_place (priv, tend_task_peek_name (entry->task), entry->hash);
  if (place == NULL)
    {
      entry->last = entry;
      tend_table_insert (&priv->names, entry->hash, entry);
      return;
    }

  first = place->item;
  entry->before = first->last;
  entry->before->after = entry;
  first->last = entry;
  entry->is_blocked = is_preceded (entry);
}

/* Takes the entry, which goes, out of its chain. */
void
tend_names_remove (TendTaskManagerPrivate *priv,
                   TendEntry              *entry)
{
  TendEntry *before = entry->before, *next = entry->after;
  TendTablePlace *place;

  if (!entry->is_in_chain)
    return;

  entry->is_in_chain = FALSE;
  entry->is_named = FALSE;
  entry->before = entry->after = NULL;

  if (before != NULL)
    before->after = next;
  if (next != NULL)
    next->before = before;

  /* What stands in the middle of the chain is known to its neighbours only. */
  if (before != NULL && next != NULL)
    return;

  if (before != NULL)
    {
      find_first (priv, tend_task_peek_name (entry->task))->last = before;
      return;
    }

  /* The first is known by its address: names lie far apart in memory. */
  place = tend_table_find (&priv->names, entry->hash);
  while (place->item != entry)
    place = tend_table_find_next (&priv->names, place);

  if (next == NULL)
    tend_table_remove (&priv->names, place);
  else
    {
      next->last = entry->last;
      place->item = next;
    }
}

/* The entry's task is finished. Returns the next entry of its name, if nothing blocks that one any more; or NULL. */
TendEntry *
tend_names_released (TendEntry *entry)
{
  TendEntry *next = entry->after;

  /* This holds for good, since others come behind: a long queue that is cancelled is not walked each time. */
  entry->is_clear = !is_preceded (entry);
  if (!entry->is_clear)
    return NULL;

  while (next != NULL && is_released (next))
    next = next->after;

  return next != NULL && next->is_blocked ? next : NULL;
}

/* The next of the name that only waits for @entry's task, and perhaps for others, to be finished; or NULL. */
TendEntry *
tend_names_find_waiting (TendEntry *entry)
{
  TendEntry *next = entry->after;

  while (next != NULL && (is_released (next) || !next->is_blocked))
    next = next->after;

  return next != NULL && !next->is_delayed && !tend_task_stands_still (next->task) ? next : NULL;
}

/* The one of the name that drains, and for which @entry's task waits; or NULL. */
TendEntry *
tend_names_find_draining (TendEntry *entry)
{
  TendEntry *before = entry->before;

  while (before != NULL && (is_released (before) || before->asked == 0))
    before = before->before;

  return before;
}
