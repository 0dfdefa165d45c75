// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The list of a manager's entries: appended at the end, removed from anywhere, and found by position.
//
// Beside it stands what the users of the list model know of it, the *view*: it lags behind the list until
// manager-view.c tells them what has changed. Entries are appended behind the view. An entry that is removed from
// the view while somebody listens leaves its task in its place, which the view keeps showing: it is *gone*. So the
// places up to n_told hold the view, and those with an entry hold the list.
//
// Entries stand in an array with holes, and a bitmap says where. Blocks of the bitmap are counted in a
// Fenwick tree (P. Fenwick, A New Data Structure for Cumulative Frequency Tables, 1994), so that a position
// takes a dozen additions and eight words of bits. With more holes than entries the array is compacted.
// One of a moderate size stays as it is when it empties: to build it anew, up and down, for each batch of
// tasks took 190 instructions per task.
// A GSequence, which allows insertion in the middle, took 1.4 us for what takes 30 ns here with a million
// tasks, and 48 bytes for what takes 9.

#include "tend-manager-entry-private.h"

#include <string.h>

/* The task that stands where its entry was; the entry of a place is even. */
#define GONE(task) ((TendEntry *) ((guintptr) (task) | 1))
#define is_gone(entry) (((guintptr) (entry) & 1) != 0)
#define gone_task(entry) ((TendTask *) ((guintptr) (entry) & ~(guintptr) 1))

#define WORD_BITS 64
#define BLOCK_WORDS 8
#define BLOCK_BITS (BLOCK_WORDS * WORD_BITS)

/* 17 KiB: so much is kept. */
#define MAX_KEPT (4 * BLOCK_BITS)

/* --- The Fenwick tree: counts of blocks, from 1 --- */

static void
tree_add (TendEntryList *list,
          guint          block,
          int            change)
{
  for (guint i = block + 1; i <= list->n_allocated / BLOCK_BITS; i += i & -i)
    list->tree[i] += (guint) change;
}

/* Returns the number of entries before the block. */
static guint
tree_sum (TendEntryList *list,
          guint          block)
{
  guint sum = 0;

  for (guint i = block; i > 0; i -= i & -i)
    sum += list->tree[i];

  return sum;
}

/* Returns the block of the entry at @position, and makes @position that in the block. */
static guint
tree_find (TendEntryList *list,
           guint         *position)
{
  guint n_blocks = list->n_allocated / BLOCK_BITS;
  guint block = 0;

  for (guint step = 1u << g_bit_nth_msf (n_blocks, -1); step > 0; step /= 2)
    {
      if (block + step <= n_blocks && list->tree[block + step] <= *position)
        {
          block += step;
          *position -= list->tree[block];
        }
    }

  return block;
}

/* --- The array --- */

/* Makes the array that large and closes its holes; what it has fits. */
static void
rebuild (TendEntryList *list,
         guint          n_allocated)
{
  TendEntry **entries = g_new (TendEntry *, n_allocated);
  guint n = 0;

  for (guint i = 0; i < list->n_places; i++)
    {
      if (list->entries[i] != NULL)
        {
          entries[n] = list->entries[i];
          if (!is_gone (entries[n]))
            entries[n]->places[list->which] = n;
          n++;
        }
    }

  g_free (list->entries);
  list->entries = entries;
  list->bits = g_renew (guint64, list->bits, n_allocated / WORD_BITS);
  list->tree = g_renew (guint, list->tree, n_allocated / BLOCK_BITS + 1);
  list->n_allocated = n_allocated;
  list->n_places = n;
  list->n_told_places = list->n_told;
  list->first_gone = 0;

  memset (list->bits, 0, n_allocated / 8);
  memset (list->tree, 0, (n_allocated / BLOCK_BITS + 1) * sizeof *list->tree);
  for (guint i = 0; i < n; i++)
    list->bits[i / WORD_BITS] |= (guint64) 1 << (i % WORD_BITS);
  for (guint i = 0; i < n; i += BLOCK_BITS)
    tree_add (list, i / BLOCK_BITS, (int) MIN (BLOCK_BITS, n - i));
}

void
tend_entry_list_append (TendEntryList *list,
                        TendEntry     *entry)
{
  guint place;

  if (list->n_places == list->n_allocated)
    {
      /* With less than half of it holes, there is room for as many again. */
      gboolean is_sparse = list->n_items + list->n_gone < list->n_places / 2;

      rebuild (list, is_sparse ? list->n_allocated : MAX (BLOCK_BITS, 2 * list->n_allocated));
    }

  place = entry->places[list->which] = list->n_places++;
  list->entries[place] = entry;
  list->bits[place / WORD_BITS] |= (guint64) 1 << (place % WORD_BITS);
  tree_add (list, place / BLOCK_BITS, 1);
  list->n_items++;
}

/* Nothing stands at @place any more. */
static void
clear_place (TendEntryList *list,
             guint          place)
{
  list->entries[place] = NULL;
  list->bits[place / WORD_BITS] &= ~((guint64) 1 << (place % WORD_BITS));
  tree_add (list, place / BLOCK_BITS, -1);
  list->n_told -= place < list->n_told_places;
}

/* Closes the holes if there are many. */
static void
trim (TendEntryList *list)
{
  guint n = list->n_items + list->n_gone;

  if (n == 0)
    list->n_places = list->n_told_places = 0;
  if (list->n_allocated > MAX_KEPT && n < list->n_allocated / 4)
    rebuild (list, list->n_allocated / 2);
}

/* With @is_shown its task stays in the view. */
void
tend_entry_list_remove (TendEntryList *list,
                        TendEntry     *entry,
                        gboolean       is_shown)
{
  guint place = entry->places[list->which];

  list->n_items--;
  if (is_shown)
    {
      list->first_gone = list->n_gone > 0 ? MIN (list->first_gone, place) : place;
      list->entries[place] = GONE (g_object_ref (entry->task));
      list->n_gone++;
    }
  else
    {
      clear_place (list, place);
      trim (list);
    }
}

/* Puts @other in the place of @entry. */
void
tend_entry_list_replace (TendEntryList *list,
                         TendEntry     *entry,
                         TendEntry     *other)
{
  guint place = entry->places[list->which];

  other->places[list->which] = place;
  list->entries[place] = other;
}

/* Forgets all entries. The list is empty when the last references to tasks are dropped. */
void
tend_entry_list_clear (TendEntryList *list)
{
  TendEntryList old = *list;

  *list = (TendEntryList) { .which = old.which, .is_telling = old.is_telling };
  for (guint i = old.first_gone; old.n_gone > 0; i++)
    {
      if (is_gone (old.entries[i]))
        {
          g_object_unref (gone_task (old.entries[i]));
          old.n_gone--;
        }
    }

  g_free (old.entries);
  g_free (old.bits);
  g_free (old.tree);
}

/* --- Positions --- */

static guint
get_position (TendEntryList *list,
              guint          place)
{
  guint block = place / BLOCK_BITS, word = place / WORD_BITS;
  guint position = tree_sum (list, block);

  for (guint i = block * BLOCK_WORDS; i < word; i++)
    position += (guint) __builtin_popcountll (list->bits[i]);

  return position + (guint) __builtin_popcountll (list->bits[word] & (((guint64) 1 << (place % WORD_BITS)) - 1));
}

/* The first place from @place on where something stands; n_places: there is none. */
static guint
find_place (TendEntryList *list,
            guint          place)
{
  while (place < list->n_places)
    {
      guint64 bits = list->bits[place / WORD_BITS] >> (place % WORD_BITS);

      if (bits != 0)
        return place + (guint) __builtin_ctzll (bits);
      place = (place / WORD_BITS + 1) * WORD_BITS;
    }

  return list->n_places;
}

/* The entry after @entry whose task has not ended, or the first for NULL; NULL: there is none. */
TendEntry *
tend_entry_list_next (TendEntryList *list,
                      TendEntry     *entry)
{
  guint place = find_place (list, entry != NULL ? entry->places[list->which] + 1 : 0);

  while (place < list->n_places && (is_gone (list->entries[place]) || list->entries[place]->is_ended))
    place = find_place (list, place + 1);

  return place < list->n_places ? list->entries[place] : NULL;
}

/* --- The view --- */

/* The task at @position of the view, or NULL. */
TendTask *
tend_entry_list_get_told (TendEntryList *list,
                          guint          position)
{
  TendEntry *entry;
  guint word;
  guint64 bits;

  if (position >= list->n_told)
    return NULL;

  word = tree_find (list, &position) * BLOCK_WORDS;
  for (guint n; (n = (guint) __builtin_popcountll (list->bits[word])) <= position; word++)
    position -= n;

  for (bits = list->bits[word]; position > 0; position--)
    bits &= bits - 1;

  entry = list->entries[word * WORD_BITS + (guint) __builtin_ctzll (bits)];

  return is_gone (entry) ? gone_task (entry) : entry->task;
}

/*
 * Takes up to @n neighbours out of the view that are gone, the first ones, and adds their tasks to @tasks, with the
 * references. Returns their position.
 */
guint
tend_entry_list_take_gone (TendEntryList *list,
                           guint          n,
                           GPtrArray     *tasks)
{
  guint place = find_place (list, list->first_gone);
  guint position;

  while (!is_gone (list->entries[place]))
    place = find_place (list, place + 1);
  position = get_position (list, place);

  for (; n > 0 && place < list->n_places && is_gone (list->entries[place]); n--)
    {
      g_ptr_array_add (tasks, gone_task (list->entries[place]));
      clear_place (list, place);
      list->n_gone--;
      place = find_place (list, place + 1);
    }
  list->first_gone = place;
  trim (list);

  return position;
}

/* Takes into the view what was appended. Returns how much it was. */
guint
tend_entry_list_take_new (TendEntryList *list)
{
  guint n_new = list->n_items + list->n_gone - list->n_told;

  list->n_told += n_new;
  list->n_told_places = list->n_places;

  return n_new;
}
