// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The numbers and keys of one prefix, and random numbers.

#pragma once

#include "tend-core-private.h"
#include "tend-number-cache.h"
#include "tend-request-cache.h"

G_BEGIN_DECLS

/* --- number-space.c --- */

/* The numbers and keys of one prefix in one request cache. Loop thread only. */
typedef struct
{
  guint             ref_count;
  char             *prefix;     /* constant */
  TendRequestCache *owner;      /* in whose table it is; not a reference; NULL: in none */
  TendTable         caches;     /* by the numbers in use; what is reserved is marked by tend_reserve() */
  guint             counts[65]; /* of numbers in use, by how many bits they have */
  TendTable         keyed;      /* likewise by the hashes of keys; several keys may have one hash */
} TendNumberSpace;

TendNumberSpace  *tend_number_space_new      (const char          *prefix) G_GNUC_WARN_UNUSED_RESULT;
TendNumberSpace  *tend_number_space_ref      (TendNumberSpace     *self);
void              tend_number_space_unref    (TendNumberSpace     *self);
TendTablePlace   *tend_number_space_insert   (TendNumberSpace     *self,
                                              guint64              number,
                                              gpointer             holder);
void              tend_number_space_remove   (TendNumberSpace     *self,
                                              TendTablePlace      *place);
void              tend_number_space_take_caches (TendNumberSpace *self,
                                              GPtrArray           *caches);
void              tend_number_space_list_caches (const TendNumberSpace *self,
                                              GPtrArray           *caches);
gboolean          tend_number_space_choose   (TendNumberSpace     *self,
                                              guint                bits,
                                              guint64             *number,
                                              int                 *refusal);

TendTablePlace   *tend_number_space_find_key (const TendNumberSpace *self,
                                              GBytes              *key);
TendTablePlace   *tend_number_space_insert_key (TendNumberSpace   *self,
                                              GBytes              *key,
                                              gpointer             holder);

/* Whether nothing of the prefix is in use. */
static inline gboolean
tend_number_space_is_empty (const TendNumberSpace *self)
{
  return self->caches.n_items == 0 && self->keyed.n_items == 0;
}

/* The place of the number, or NULL. */
static inline TendTablePlace *
tend_number_space_find (const TendNumberSpace *self,
                        guint64                number)
{
  return tend_table_find (&self->caches, number);
}

/* What holds a number or a key that is not to be found yet: the lowest bit of the pointer is set. */
static inline gpointer
tend_reserve (TendNumberCache *cache)
{
  return GSIZE_TO_POINTER (GPOINTER_TO_SIZE (cache) | 1);
}

/* The cache that has the place, to be found there or not. */
static inline TendNumberCache *
tend_place_get_holder (const TendTablePlace *place)
{
  return GSIZE_TO_POINTER (GPOINTER_TO_SIZE (place->item) & ~(gsize) 1);
}

/* The cache that is to be found there, or NULL. */
static inline TendNumberCache *
tend_place_get_cache (const TendTablePlace *place)
{
  return place != NULL && !(GPOINTER_TO_SIZE (place->item) & 1) ? place->item : NULL;
}

/* --- key.c --- */

guint64           tend_key_hash              (GBytes              *key);

/* --- random.c --- */

gboolean          tend_random_bits           (guint                bits,
                                              guint64             *number);

G_END_DECLS
