// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A table of things by number.

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* --- Table: of things by number; one that is zeroed is empty --- */

typedef struct
{
  guint64  number;
  gpointer item;        /* NULL: the place is free */
} TendTablePlace;

typedef struct
{
  TendTablePlace *places;       /* NULL until there is an item */
  guint           n_places;     /* a power of two */
  guint           n_items;
  guint           shift;        /* 64 less the bits of n_places */
} TendTable;

void             tend_table_insert         (TendTable      *table,
                                            guint64         number,
                                            gpointer        item);
TendTablePlace  *tend_table_find_or_insert (TendTable      *table,
                                            guint64         number,
                                            gpointer        item);
void             tend_table_remove         (TendTable      *table,
                                            TendTablePlace *place);
void             tend_table_clear          (TendTable      *table);

/* Where the search for a number begins. */
static inline guint
tend_table_get_home (const TendTable *table,
                     guint64          number)
{
  return (guint) ((number * G_GUINT64_CONSTANT (0x9E3779B97F4A7C15)) >> table->shift);
}

/* The first place from @i on that has the number, or NULL: a free place ends the search. */
static inline TendTablePlace *
tend_table_find_from (const TendTable *table,
                      guint64          number,
                      guint            i)
{
  for (;; i++)
    {
      TendTablePlace *place = &table->places[i & (table->n_places - 1)];

      if (place->item == NULL)
        return NULL;
      if (place->number == number)
        return place;
    }
}

/* The place of the number, the first of several; or NULL. */
static inline TendTablePlace *
tend_table_find (const TendTable *table,
                 guint64          number)
{
  return table->places != NULL ? tend_table_find_from (table, number, tend_table_get_home (table, number)) : NULL;
}

/* The next place that has the number of @place, or NULL. */
static inline TendTablePlace *
tend_table_find_next (const TendTable      *table,
                      const TendTablePlace *place)
{
  return tend_table_find_from (table, place->number, (guint) (place - table->places) + 1);
}

G_END_DECLS
