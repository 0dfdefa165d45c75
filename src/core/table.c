// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A table of things by number: open addressing, with linear probing and without tombstones. Several may
// have the same number, such as the names that have one hash; the requests of a prefix have one each.
//
// A lookup takes one cache line as a rule, where a GHashTable takes three, and twice the time. For the
// names of a thousand tasks that come and go together a GHashTable took 1,000 instructions more per task: it
// calls a function for each hash and each comparison, and is built anew a dozen times on the way.
//
// The hash multiplies by 2^64 / phi and takes the highest bits (Knuth, The Art of Computer Programming
// 6.4), which spreads runs of numbers. Whoever chooses numbers to collide must be the program itself.

#include "tend-table-private.h"

#define MIN_PLACES 8

/*
 * 256 KiB: so much a table keeps when it empties, since what comes in batches fills it again. To grow from 32 KiB
 * anew for each batch of 10,000 requests took 10 to 25 % of the time that it takes to add one.
 */
#define MAX_KEPT_PLACES 16384

static inline void
put (TendTable *table,
     guint64    number,
     gpointer   item)
{
  guint i = tend_table_get_home (table, number);

  while (table->places[i].item != NULL)
    i = (i + 1) & (table->n_places - 1);

  table->places[i].number = number;
  table->places[i].item = item;
}

static void
resize (TendTable *table,
        guint      n_places)
{
  TendTablePlace *old = table->places;
  guint n_old = table->n_places;

  table->places = g_new0 (TendTablePlace, n_places);
  table->n_places = n_places;
  table->shift = 64 - (guint) __builtin_ctz (n_places);

  for (guint i = 0; i < n_old; i++)
    {
      if (old[i].item != NULL)
        put (table, old[i].number, old[i].item);
    }
  g_free (old);
}

/* Makes room for one more. At most three quarters are taken: probing goes past two places on average. */
static inline void
make_room (TendTable *table)
{
  if (4 * (gsize) (table->n_items + 1) > 3 * (gsize) table->n_places)
    resize (table, MAX (MIN_PLACES, 2 * table->n_places));
}

/* Adds @item, which is not NULL, behind those with the same number. */
void
tend_table_insert (TendTable *table,
                   guint64    number,
                   gpointer   item)
{
  make_room (table);
  put (table, number, item);
  table->n_items++;
}

/* Returns the place of the number: that of an existing item, or else a new one with @item, which is not NULL. */
TendTablePlace *
tend_table_find_or_insert (TendTable *table,
                           guint64    number,
                           gpointer   item)
{
  TendTablePlace *place;
  guint i;

  make_room (table);
  for (i = tend_table_get_home (table, number);; i++)
    {
      place = &table->places[i & (table->n_places - 1)];
      if (place->item == NULL)
        break;
      if (place->number == number)
        return place;
    }

  place->number = number;
  place->item = item;
  table->n_items++;

  return place;
}

/* Frees a place, and moves up those that were put behind it since it was taken. */
void
tend_table_remove (TendTable      *table,
                   TendTablePlace *place)
{
  guint mask = table->n_places - 1;
  guint hole = (guint) (place - table->places);

  for (guint i = (hole + 1) & mask; table->places[i].item != NULL; i = (i + 1) & mask)
    {
      guint home = tend_table_get_home (table, table->places[i].number);

      /* It may go to the hole unless its home lies between the hole and itself. */
      if (((i - home) & mask) >= ((i - hole) & mask))
        {
          table->places[hole] = table->places[i];
          hole = i;
        }
    }
  table->places[hole].item = NULL;
  table->n_items--;

  /* By four: what goes on shrinking would be moved twice as often, through memory that is made for it. */
  if (table->n_places > MAX_KEPT_PLACES && 8 * (gsize) table->n_items < table->n_places)
    resize (table, MAX (MAX_KEPT_PLACES, table->n_places / 4));
}

/* Forgets all items. */
void
tend_table_clear (TendTable *table)
{
  g_clear_pointer (&table->places, g_free);
  table->n_places = table->n_items = 0;
}
