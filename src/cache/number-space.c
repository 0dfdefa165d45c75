// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The numbers and keys of one prefix that are in use, and the choice of numbers that are not.

#include "tend-number-cache-private.h"

#include <errno.h>
#include <string.h>

/* This many numbers are tried at random before the ones after a random one. */
#define MAX_TRIES 64

TendNumberSpace *
tend_number_space_new (const char *prefix)
{
  TendNumberSpace *self = g_new0 (TendNumberSpace, 1);

  self->ref_count = 1;
  self->prefix = g_strdup (prefix);

  return self;
}

TendNumberSpace *
tend_number_space_ref (TendNumberSpace *self)
{
  self->ref_count++;

  return self;
}

void
tend_number_space_unref (TendNumberSpace *self)
{
  if (--self->ref_count > 0)
    return;

  g_free (self->prefix);
  tend_table_clear (&self->caches);
  tend_table_clear (&self->keyed);
  g_free (self);
}

static inline guint
count_bits (guint64 number)
{
  return number == 0 ? 0 : 64 - (guint) __builtin_clzll (number);
}

/* Puts a number in use for @holder, unless it is in use. Returns its place, which has the holder. */
TendTablePlace *
tend_number_space_insert (TendNumberSpace *self,
                          guint64          number,
                          gpointer         holder)
{
  guint n_before = self->caches.n_items;
  TendTablePlace *place = tend_table_find_or_insert (&self->caches, number, holder);

  self->counts[count_bits (number)] += self->caches.n_items - n_before;

  return place;
}

void
tend_number_space_remove (TendNumberSpace *self,
                          TendTablePlace  *place)
{
  self->counts[count_bits (place->number)]--;
  tend_table_remove (&self->caches, place);
}

/* The place of the key, or NULL. */
TendTablePlace *
tend_number_space_find_key (const TendNumberSpace *self,
                            GBytes                *key)
{
  TendTablePlace *place = tend_table_find (&self->keyed, tend_key_hash (key));

  while (place != NULL && !g_bytes_equal (tend_number_cache_get_private (tend_place_get_holder (place))->key, key))
    place = tend_table_find_next (&self->keyed, place);

  return place;
}

/* Puts a key in use for @holder, unless it is in use. Returns its place, which has the holder. */
TendTablePlace *
tend_number_space_insert_key (TendNumberSpace *self,
                              GBytes          *key,
                              gpointer         holder)
{
  TendTablePlace *place = tend_number_space_find_key (self, key);

  if (place != NULL)
    return place;

  tend_table_insert (&self->keyed, tend_key_hash (key), holder);
  return tend_number_space_find_key (self, key);
}

/*
 * Takes all caches out of the tables, and leaves what is reserved. One by one, in the order of a table, they would
 * leave the others ever more crowded behind them.
 */
void
tend_number_space_take_caches (TendNumberSpace *self,
                               GPtrArray       *caches)
{
  TendTable old = self->caches, old_keyed = self->keyed;

  self->caches = self->keyed = (TendTable) { 0 };
  memset (self->counts, 0, sizeof self->counts);

  for (guint i = 0; i < old.n_places; i++)
    {
      TendTablePlace *place = &old.places[i];
      TendNumberCache *cache = tend_place_get_cache (place);

      if (cache != NULL)
        g_ptr_array_add (caches, cache);
      else if (place->item != NULL)
        tend_number_space_insert (self, place->number, place->item);
    }
  tend_table_clear (&old);

  for (guint i = 0; i < old_keyed.n_places; i++)
    {
      TendTablePlace *place = &old_keyed.places[i];
      TendNumberCache *cache = tend_place_get_cache (place);

      if (cache != NULL)
        g_ptr_array_add (caches, cache);
      else if (place->item != NULL)
        tend_table_insert (&self->keyed, place->number, place->item);
    }
  tend_table_clear (&old_keyed);
}

static void
list_table (const TendTable *table,
            GPtrArray       *caches)
{
  for (guint i = 0; i < table->n_places; i++)
    {
      TendNumberCache *cache = tend_place_get_cache (&table->places[i]);

      if (cache != NULL)
        g_ptr_array_add (caches, g_object_ref (cache));
    }
}

/* Adds references to all caches to @caches. */
void
tend_number_space_list_caches (const TendNumberSpace *self,
                               GPtrArray             *caches)
{
  list_table (&self->caches, caches);
  list_table (&self->keyed, caches);
}

/* Returns how many of the numbers below 2^@bits are in use. */
static guint64
count_used (TendNumberSpace *self,
            guint            bits)
{
  guint64 n_used = 0;

  for (guint i = 0; i <= bits; i++)
    n_used += self->counts[i];

  return n_used;
}

/*
 * Chooses a number below 2^@bits that is not in use. Up to nine tenths in use, ten tries do on average. With next to
 * none left, the ones after a random one are tried instead. FALSE if all are in use, or with @refusal set to the error
 * of the system's if that gives no random numbers.
 */
gboolean
tend_number_space_choose (TendNumberSpace *self,
                          guint            bits,
                          guint64         *number,
                          int             *refusal)
{
  guint64 mask = bits < 64 ? ((guint64) 1 << bits) - 1 : G_MAXUINT64;

  *refusal = 0;
  if (bits < 64 && count_used (self, bits) > mask)
    return FALSE;

  for (guint i = 0; i < MAX_TRIES; i++)
    {
      if (!tend_random_bits (bits, number))
        {
          *refusal = errno;
          return FALSE;
        }

      if (tend_number_space_find (self, *number) == NULL)
        return TRUE;
    }

  do
    *number = (*number + 1) & mask;
  while (tend_number_space_find (self, *number) != NULL);

  return TRUE;
}
