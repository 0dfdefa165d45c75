// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The numbers of a request cache: the spaces of its prefixes, and which cache has a number there, from the moment at
// which it is reserved or taken until it is free again.
//
// This is the lower room of the folder: caches, waits and overrides ask here, and not in request-cache.c. The space
// used last is remembered, since answers of one protocol come one after another. Ownership: the loop thread's.

#include "tend-request-cache-private.h"

void
tend_request_cache_say_foreign (const char *func)
{
  g_critical ("%s(): the request cache belongs to the main context of another thread", func);
}

/* --- What is refused --- */

void
tend_request_cache_refuse_foreign (TendNumberCache  *cache,
                                   GError          **error)
{
  g_autofree char *name = tend_number_cache_print (cache);

  tend_number_cache_set_error (name, error, TEND_ERROR, TEND_ERROR_WRONG_THREAD,
                               _("belongs to the main context of another thread"));
}

/* Says why a cache is neither added nor gets its number kept. */
void
tend_request_cache_refuse (TendRequestCache  *self,
                           TendNumberCache   *cache,
                           GError           **error)
{
  g_autofree char *name = NULL;

  if (!tend_number_cache_check_number (cache, error))
    return;

  name = tend_number_cache_print (cache);
  if (tend_number_cache_get_private (cache)->is_held)
    tend_number_cache_set_error (name, error, TEND_ERROR, TEND_ERROR_STATE, _("has been added already"));
  else
    tend_number_cache_set_error (name, error, TEND_ERROR, TEND_ERROR_SHUT_DOWN,
                                 _("is not added: the request cache has been shut down"));
}

/* --- Spaces --- */

/* Lets the request cache forget a space without numbers: prefixes may be many, and each used once. */
void
tend_request_cache_drop_space (TendNumberSpace *space)
{
  /* The one used last is kept for a program that has one request at a time. */
  if (tend_number_space_is_empty (space) && space->owner != NULL && space->owner->latest != space)
    g_hash_table_remove (space->owner->spaces, space->prefix);
}

/* Makes the space of @prefix the one used last; NULL if there is none and none must be created. */
TendNumberSpace *
tend_request_cache_change_space (TendRequestCache *self,
                                 const char       *prefix,
                                 gboolean          create)
{
  TendNumberSpace *latest = self->latest, *space;

  space = g_hash_table_lookup (self->spaces, prefix);
  if (space == NULL && create)
    {
      space = tend_number_space_new (prefix);
      space->owner = self;
      g_hash_table_insert (self->spaces, space->prefix, space);
    }
  if (space != NULL)
    {
      self->latest = space;
      if (latest != NULL)
        tend_request_cache_drop_space (latest);
    }

  return space;
}

/* What a cache with a reserved number still has of its space is none of the request cache's then. */
static void
space_leave (gpointer data)
{
  TendNumberSpace *space = data;

  space->owner = NULL;
  tend_number_space_unref (space);
}

/* A table of spaces, which leaves them when they are forgotten. */
GHashTable *
tend_request_cache_new_spaces (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, NULL, space_leave);
}

/* --- Numbers that are reserved --- */

/* Chooses the number of a new cache and keeps it from others. */
void
tend_number_cache_reserve (TendNumberCache  *self,
                           TendRequestCache *request_cache,
                           guint             bits)
{
  TendNumberCachePrivate *priv = tend_number_cache_get_private (self);
  TendNumberSpace *space = tend_request_cache_get_space (request_cache, tend_number_cache_peek_prefix (self), TRUE);
  int refusal;

  priv->loop = tend_loop_ref (request_cache->loop);
  priv->has_no_number = !tend_number_space_choose (space, bits, &priv->number, &refusal);
  priv->refusal = (guint16) refusal;
  if (priv->has_no_number)
    return;

  priv->space = tend_number_space_ref (space);
  tend_number_space_insert (space, priv->number, tend_reserve (self));
}

/* The place of what a cache is found by, which it has; or NULL. */
static TendTablePlace *
find_place (TendNumberSpace              *space,
            const TendNumberCachePrivate *priv)
{
  return priv->is_keyed ? tend_number_space_find_key (space, priv->key)
                        : tend_number_space_find (space, priv->number);
}

static void
remove_place (TendNumberSpace              *space,
              const TendNumberCachePrivate *priv,
              TendTablePlace               *place)
{
  if (priv->is_keyed)
    tend_table_remove (&space->keyed, place);
  else
    tend_number_space_remove (space, place);
}

/* Gives back a number or key that was never used. */
void
tend_number_cache_give_back (TendNumberCache *self)
{
  TendNumberCachePrivate *priv = tend_number_cache_get_private (self);
  TendNumberSpace *space = g_steal_pointer (&priv->space);
  TendTablePlace *place = space != NULL ? find_place (space, priv) : NULL;

  if (place != NULL && place->item == tend_reserve (self))
    {
      remove_place (space, priv, place);
      tend_request_cache_drop_space (space);
    }
  g_clear_pointer (&space, tend_number_space_unref);
}

/* What is reserved for @self is reserved for @to from now on, which has the same number or key. */
void
tend_number_cache_hand_on (TendNumberCache *self,
                           TendNumberCache *to)
{
  TendNumberCachePrivate *priv = tend_number_cache_get_private (self);
  TendTablePlace *place = find_place (priv->space, priv);

  place->item = tend_reserve (to);
  tend_number_cache_get_private (to)->space = g_steal_pointer (&priv->space);
}

/* --- Numbers of caches that the request cache has --- */

/* Puts the number of @cache in use for it, unless another has it. @holder is the cache, marked if it is not added. */
static inline gboolean
take_number (TendRequestCache  *self,
             TendNumberCache   *cache,
             gpointer           holder,
             GError           **error)
{
  TendNumberCachePrivate *priv = tend_number_cache_get_private (cache);
  const char *prefix = tend_number_cache_peek_prefix (cache);
  TendNumberSpace *space = tend_request_cache_get_space (self, prefix, TRUE);
  TendTablePlace *place = priv->is_keyed ? tend_number_space_insert_key (space, priv->key, holder)
                                         : tend_number_space_insert (space, priv->number, holder);

  if (place->item == tend_reserve (cache))
    place->item = holder;
  else if (place->item != holder)
    {
      g_autofree char *name = tend_number_cache_print (cache);

      tend_number_cache_set_error (name, error, TEND_ERROR, TEND_ERROR_EXISTS,
                                   priv->is_keyed ? _("the key is in use") : _("the number is in use"));
      return FALSE;
    }

  if (priv->space != space)
    {
      if (priv->space != NULL)
        tend_number_cache_give_back (cache);
      priv->space = tend_number_space_ref (space);
    }

  return TRUE;
}

/* The number is for a cache that is being added, and may have been kept for it. */
gboolean
tend_request_cache_take_number (TendRequestCache  *self,
                                TendNumberCache   *cache,
                                GError           **error)
{
  return take_number (self, cache, cache, error);
}

/* Keeps the number for a cache that may be added later. */
gboolean
tend_request_cache_reserve_number (TendRequestCache  *self,
                                   TendNumberCache   *cache,
                                   GError           **error)
{
  return take_number (self, cache, tend_reserve (cache), error);
}

/* Releases a cache that is not in the table of its space any more: the table's reference goes to the caller. */
static void
let_go (TendRequestCache       *self,
        TendNumberCachePrivate *priv)
{
  TendNumberSpace *space = g_steal_pointer (&priv->space);

  tend_loop_remove (self->loop, &priv->job);
  priv->is_held = FALSE;
  self->n_caches--;
  tend_request_cache_changed (self);

  tend_request_cache_drop_space (space);
  tend_number_space_unref (space);
}

/*
 * Releases the cache at @place: its number is free, and its timeout disarmed. The reference of the request cache goes
 * to the caller, which nearly always uses the cache.
 */
TendNumberCache *
tend_request_cache_take_out (TendRequestCache *self,
                             TendTablePlace   *place)
{
  TendNumberCache *cache = place->item;
  TendNumberCachePrivate *priv = tend_number_cache_get_private (cache);

  remove_place (priv->space, priv, place);
  let_go (self, priv);

  return cache;
}

/* Releases a cache that it holds, in the same way. */
TendNumberCache *
tend_request_cache_release (TendRequestCache *self,
                            TendNumberCache  *cache)
{
  TendNumberCachePrivate *priv = tend_number_cache_get_private (cache);

  return tend_request_cache_take_out (self, find_place (priv->space, priv));
}

/* Adds references to the caches of @prefix, or to all, to @caches. */
void
tend_request_cache_list (TendRequestCache *self,
                         const char       *prefix,
                         GPtrArray        *caches)
{
  GHashTableIter iter;
  gpointer key, space;

  g_hash_table_iter_init (&iter, self->spaces);
  while (g_hash_table_iter_next (&iter, &key, &space))
    {
      if (prefix == NULL || strcmp (key, prefix) == 0)
        tend_number_space_list_caches (space, caches);
    }
}

/* Releases all caches, and returns them. */
GPtrArray *
tend_request_cache_release_all (TendRequestCache *self)
{
  GPtrArray *caches = g_ptr_array_new_full (self->n_caches, g_object_unref);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->spaces);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    tend_number_space_take_caches (value, caches);

  for (guint i = 0; i < caches->len; i++)
    let_go (self, tend_number_cache_get_private (g_ptr_array_index (caches, i)));

  return caches;
}
