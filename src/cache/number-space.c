// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The numbers of one prefix that are in use: a table of open addressing, with linear probing and without
// tombstones. Lookups are what there is most of, with numbers that anybody on the network may have
// made up; they take one cache line as a rule. A GHashTable takes three, and twice the time.
//
// The hash multiplies by 2^64 / phi and takes the highest bits (Knuth, The Art of Computer Programming
// 6.4), which spreads runs of numbers. Whoever chooses numbers to collide must be the program itself.

#include "tend-cache-private.h"

#include <string.h>

#define GOLDEN G_GUINT64_CONSTANT (0x9E3779B97F4A7C15)
#define MIN_PLACES 8

/* So many numbers are tried before the ones after a random one are. */
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
  g_free (self->places);
  g_free (self);
}

static inline guint
get_home (TendNumberSpace *self,
          guint64          number)
{
  return (guint) ((number * GOLDEN) >> self->shift);
}

/* The place of the number, or else the free one where it belongs. */
static inline TendPlace *
probe (TendNumberSpace *self,
       guint64          number)
{
  guint i = get_home (self, number);

  while (self->places[i].holder != NULL && self->places[i].number != number)
    i = (i + 1) & (self->n_places - 1);

  return &self->places[i];
}

/* The place of the number, or NULL. */
TendPlace *
tend_number_space_find (TendNumberSpace *self,
                        guint64          number)
{
  TendPlace *place = self->places != NULL ? probe (self, number) : NULL;

  return place != NULL && place->holder != NULL ? place : NULL;
}

static void
resize (TendNumberSpace *self,
        guint            n_places)
{
  TendPlace *old = self->places;
  guint n_old = self->n_places;

  self->places = g_new0 (TendPlace, n_places);
  self->n_places = n_places;
  self->shift = 64 - (guint) __builtin_ctz (n_places);

  for (guint i = 0; i < n_old; i++)
    {
      if (old[i].holder != NULL)
        *probe (self, old[i].number) = old[i];
    }
  g_free (old);
}

static inline guint
count_bits (guint64 number)
{
  return number == 0 ? 0 : 64 - (guint) __builtin_clzll (number);
}

/* Puts a number in use for @holder, unless another has it. Gives the place, which says who has it. */
TendPlace *
tend_number_space_insert (TendNumberSpace *self,
                          guint64          number,
                          gpointer         holder)
{
  TendPlace *place;

  /* At most three quarters are taken: probing goes past two places on average. */
  if (4 * (gsize) (self->n_used + 1) > 3 * (gsize) self->n_places)
    resize (self, MAX (MIN_PLACES, 2 * self->n_places));

  place = probe (self, number);
  if (place->holder != NULL)
    return place;

  place->number = number;
  place->holder = holder;
  self->n_used++;
  self->counts[count_bits (number)]++;

  return place;
}

/* Frees a place, and moves those up that were put behind it since it was taken. */
void
tend_number_space_remove (TendNumberSpace *self,
                          TendPlace       *place)
{
  guint mask = self->n_places - 1;
  guint hole = (guint) (place - self->places);

  self->n_used--;
  self->counts[count_bits (place->number)]--;

  for (guint i = (hole + 1) & mask; self->places[i].holder != NULL; i = (i + 1) & mask)
    {
      guint home = get_home (self, self->places[i].number);

      /* It may go to the hole unless its home lies between the hole and itself. */
      if (((i - home) & mask) >= ((i - hole) & mask))
        {
          self->places[hole] = self->places[i];
          hole = i;
        }
    }
  self->places[hole].holder = NULL;

  /* By four, since what goes on shrinking would be moved twice as often, through memory that is made for it. */
  if (self->n_places > MIN_PLACES && 8 * (gsize) self->n_used < self->n_places)
    resize (self, MAX (MIN_PLACES, self->n_places / 4));
}

/*
 * Takes all caches out of the table, and leaves what is reserved. One by one, in the order of the table,
 * they would leave the others ever more crowded behind them.
 */
void
tend_number_space_take_caches (TendNumberSpace *self,
                               GPtrArray       *caches)
{
  TendPlace *old = g_steal_pointer (&self->places);
  guint n_old = self->n_places;

  self->n_places = self->n_used = 0;
  memset (self->counts, 0, sizeof self->counts);

  for (guint i = 0; i < n_old; i++)
    {
      TendNumberCache *cache = tend_place_get_cache (&old[i]);

      if (cache != NULL)
        g_ptr_array_add (caches, cache);
      else if (old[i].holder != NULL)
        tend_number_space_insert (self, old[i].number, old[i].holder);
    }
  g_free (old);
}

/* How many of the numbers below 2^@bits are in use. */
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
 * Chooses a number below 2^@bits that is not in use: FALSE if all are. Up to nine tenths in use, ten
 * tries do on average. With next to none left, the ones after a random one are tried instead.
 */
gboolean
tend_number_space_choose (TendNumberSpace *self,
                          guint            bits,
                          guint64         *number)
{
  guint64 mask = bits < 64 ? ((guint64) 1 << bits) - 1 : G_MAXUINT64;

  if (bits < 64 && count_used (self, bits) > mask)
    return FALSE;

  for (guint i = 0; i < MAX_TRIES; i++)
    {
      *number = tend_random_bits (bits);
      if (tend_number_space_find (self, *number) == NULL)
        return TRUE;
    }

  do
    *number = (*number + 1) & mask;
  while (tend_number_space_find (self, *number) != NULL);

  return TRUE;
}
