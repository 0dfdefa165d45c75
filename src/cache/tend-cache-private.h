// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What holds the caches: the numbers of each prefix, and what a cache has of them.

#pragma once

#include "tend-manager-private.h"
#include "tend-random-number-cache.h"
#include "tend-request-cache.h"

G_BEGIN_DECLS

/* --- number-space.c --- */

/* The numbers of one prefix in one request cache. Loop thread only. */
typedef struct
{
  guint             ref_count;
  char             *prefix;     /* constant */
  TendRequestCache *owner;      /* in whose table it is; not a reference; NULL: in none */
  TendTable         caches;     /* by the numbers in use; reserved ones are marked by tend_reserve() */
  guint             counts[65]; /* of numbers in use, by how many bits they have */
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
gboolean          tend_number_space_choose   (TendNumberSpace     *self,
                                              guint                bits,
                                              guint64             *number,
                                              int                 *refusal);

/* The place of the number, or NULL. */
static inline TendTablePlace *
tend_number_space_find (const TendNumberSpace *self,
                        guint64                number)
{
  return tend_table_find (&self->caches, number);
}

/* What holds a number that is not to be found yet: the lowest bit of the pointer is set. */
static inline gpointer
tend_reserve (TendNumberCache *cache)
{
  return GSIZE_TO_POINTER (GPOINTER_TO_SIZE (cache) | 1);
}

/* The cache that is to be found there, or NULL. */
static inline TendNumberCache *
tend_place_get_cache (const TendTablePlace *place)
{
  return place != NULL && !(GPOINTER_TO_SIZE (place->item) & 1) ? place->item : NULL;
}

/* --- random.c --- */

gboolean          tend_random_bits           (guint                bits,
                                              guint64             *number);

/* --- number-cache.c --- */

/*
 * GObject puts this in front of the object itself, into one piece of memory, which is 128 bytes large: two
 * cache lines. What is touched when an answer comes stands last, next to the object's count of references.
 */
typedef struct
{
  char             *prefix;         /* constant once it was given, or a loop is there; NULL: the name of the class */
  gint64            timeout;        /* microseconds */
  guint64           number;         /* constant like the prefix */
  GQueue           *tasks;          /* of what number-cache-tasks.c has of each; loop thread; NULL: none */
  TendLoop         *loop;           /* a use of it; NULL until it belongs to a thread */
  char              short_prefix[12];   /* a prefix that fits in is kept here */
  guint             has_number : 1; /* it was given */
  guint             has_no_number : 1;  /* none was chosen when it was made, or none was left */
  guint             is_popped : 1;  /* whoever has popped it has its tasks */
  guint             is_held : 1;    /* by the request cache that owns the space */
  guint             refusal : 16;   /* what has_no_number is due to: an error of the system's; 0: none was left */
  TendNumberSpace  *space;          /* a reference; while its number is in use */
  TendJob           job;            /* its time-out, while it is held */
} TendNumberCachePrivate;

#if GLIB_SIZEOF_VOID_P == 8
G_STATIC_ASSERT (sizeof (TendNumberCachePrivate) + sizeof (GObject) <= 128);
#endif

TendNumberCachePrivate *tend_number_cache_get_private (TendNumberCache *self) G_GNUC_CONST;
void              tend_number_cache_give_prefix (TendNumberCache  *self,
                                              const char          *prefix);
void              tend_number_cache_reserve  (TendNumberCache     *self,
                                              TendRequestCache    *request_cache,
                                              guint                bits);
gboolean          tend_number_cache_check_number (TendNumberCache *self,
                                              GError             **error);
void              tend_number_cache_give_back (TendNumberCache    *self);
gint64            tend_number_cache_ask_timeout (TendNumberCache  *self);
void              tend_number_cache_timed_out_cb (TendJob         *job);

/* For callers who know that it is one: each check of a type is a call or two. */
static inline const char *
tend_number_cache_peek_prefix (TendNumberCache *self)
{
  const char *prefix = tend_number_cache_get_private (self)->prefix;

  return prefix != NULL ? prefix : G_OBJECT_TYPE_NAME (self);
}

/* A prefix for messages, which are text whatever it is. */
static inline char *
tend_prefix_print (const char *prefix)
{
  return g_utf8_make_valid (prefix, -1);
}

/* The request cache that has it, or NULL. Its space is not forgotten as long as its number is in use. */
static inline TendRequestCache *
tend_number_cache_get_holder (TendNumberCache *self)
{
  const TendNumberCachePrivate *priv = tend_number_cache_get_private (self);

  return priv->is_held ? priv->space->owner : NULL;
}

/* --- number-cache-tasks.c --- */

void              tend_number_cache_mark_due (TendNumberCache     *self);
void              tend_number_cache_settle_due (TendNumberCache   *self);
void              tend_number_cache_cancel_tasks (TendNumberCache *self);
void              tend_number_cache_forget_tasks (TendNumberCache *self);

/* --- request-cache.c and its parts --- */

typedef struct _TendOverride TendOverride;
typedef struct _TendRequestCacheLink TendRequestCacheLink;

struct _TendRequestCache
{
  GObject              parent_instance;

  TendLoop            *loop;            /* constant */
  TendTaskManager     *manager;         /* made on demand */
  TendRequestCacheLink *link;           /* what the manager has of this; NULL: there is none */
  GHashTable          *spaces;          /* of TendNumberSpace, by prefix */
  TendNumberSpace     *latest;          /* the one used last; not a reference */
  guint                n_caches;
  GHashTable          *waiters;         /* of lists, by prefix and number; NULL until there are any */
  TendOverride *overrides;       /* newest first */
  gboolean             is_shut_down;
};

gboolean          tend_request_cache_check_thread (TendRequestCache *self,
                                              const char          *func);
TendNumberSpace  *tend_request_cache_get_space (TendRequestCache  *self,
                                              const char          *prefix,
                                              gboolean             create);
void              tend_request_cache_drop_space (TendNumberSpace  *space);
TendNumberCache  *tend_request_cache_release (TendRequestCache    *self,
                                              TendNumberCache     *cache) G_GNUC_WARN_UNUSED_RESULT;
GPtrArray        *tend_request_cache_release_all (TendRequestCache *self);
void              tend_request_cache_drop_all (TendRequestCache   *self);
void              tend_request_cache_leave_manager (TendRequestCache *self);

void              tend_request_cache_tell_waiters (TendRequestCache *self,
                                              TendNumberCache     *cache);
void              tend_request_cache_cancel_waiters (TendRequestCache *self);

gint64            tend_request_cache_override (TendRequestCache   *self,
                                              TendNumberCache     *cache,
                                              gint64               timeout);
void              tend_request_cache_clear_overrides (TendRequestCache *self);

G_END_DECLS
