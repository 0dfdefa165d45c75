// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a request cache is: its fields, its numbers, and its helpers.

#pragma once

#include <string.h>
#include "tend-number-cache-private.h"
#include "tend-task-manager.h"

G_BEGIN_DECLS

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
  TendOverride        *overrides;       /* newest first */
  gboolean             is_shut_down;
  TendJob              changed_job;     /* notifies, once in a turn, what is not as it was told last */
  guint                told_n_caches;
  gboolean             told_shut_down;
};

/* Has those told who watch the number of caches, or the shutdown. To be called when one of them has changed. */
static inline void
tend_request_cache_changed (TendRequestCache *self)
{
  if (!tend_job_is_waiting (&self->changed_job))
    tend_loop_queue_ready (self->loop, &self->changed_job);
}

/* --- request-cache-numbers.c --- */

void              tend_request_cache_say_foreign (const char      *func);
GHashTable       *tend_request_cache_new_spaces (void) G_GNUC_WARN_UNUSED_RESULT;
void              tend_request_cache_drop_space (TendNumberSpace  *space);
TendNumberSpace  *tend_request_cache_change_space (TendRequestCache *self,
                                              const char          *prefix,
                                              gboolean             create);
void              tend_request_cache_refuse_foreign (TendNumberCache *cache,
                                              GError             **error);
void              tend_request_cache_refuse  (TendRequestCache    *self,
                                              TendNumberCache     *cache,
                                              GError             **error);
void              tend_number_cache_reserve  (TendNumberCache     *self,
                                              TendRequestCache    *request_cache,
                                              guint                bits);
void              tend_number_cache_hand_on  (TendNumberCache     *self,
                                              TendNumberCache     *to);
void              tend_number_cache_give_back (TendNumberCache    *self);
gboolean          tend_request_cache_reserve_number (TendRequestCache *self,
                                              TendNumberCache     *cache,
                                              GError             **error);
gboolean          tend_request_cache_take_number (TendRequestCache *self,
                                              TendNumberCache     *cache,
                                              GError             **error);
TendNumberCache  *tend_request_cache_take_out (TendRequestCache   *self,
                                              TendTablePlace      *place) G_GNUC_WARN_UNUSED_RESULT;
TendNumberCache  *tend_request_cache_release (TendRequestCache    *self,
                                              TendNumberCache     *cache) G_GNUC_WARN_UNUSED_RESULT;
void              tend_request_cache_list    (TendRequestCache    *self,
                                              const char          *prefix,
                                              GPtrArray           *caches);
GPtrArray        *tend_request_cache_release_all (TendRequestCache *self);

/* Whether the caller is in its thread; says so if not. */
static inline gboolean
tend_request_cache_check_thread (TendRequestCache *self,
                                 const char       *func)
{
  if (G_LIKELY (tend_loop_is_mine (self->loop)))
    return TRUE;

  tend_request_cache_say_foreign (func);
  return FALSE;
}

/* Whether @cache is of the calling thread, or of none yet. One of another is not even asked for its timeout. */
static inline gboolean
tend_request_cache_check_home (TendNumberCache  *cache,
                               GError          **error)
{
  TendLoop *loop = tend_number_cache_get_private (cache)->loop;

  if (G_LIKELY (loop == NULL || tend_loop_is_mine (loop)))
    return TRUE;

  tend_request_cache_refuse_foreign (cache, error);
  return FALSE;
}

/* Whether @cache has a number and is nobody's, and there is no shutdown. */
static inline gboolean
tend_request_cache_check_addable (TendRequestCache  *self,
                                  TendNumberCache   *cache,
                                  GError           **error)
{
  const TendNumberCachePrivate *priv = tend_number_cache_get_private (cache);

  if (G_LIKELY (!priv->has_no_number && !priv->is_held && !self->is_shut_down))
    return TRUE;

  tend_request_cache_refuse (self, cache, error);
  return FALSE;
}

/* The space of @prefix; NULL if there is none and none is to be made. */
static inline TendNumberSpace *
tend_request_cache_get_space (TendRequestCache *self,
                              const char       *prefix,
                              gboolean          create)
{
  TendNumberSpace *latest = self->latest;

  if (G_LIKELY (latest != NULL && strcmp (latest->prefix, prefix) == 0))
    return latest;

  return tend_request_cache_change_space (self, prefix, create);
}

/* The place that has a cache of that number; NULL if there is none. */
static inline TendTablePlace *
tend_request_cache_find (TendRequestCache *self,
                         const char       *prefix,
                         guint64           number)
{
  TendNumberSpace *space = tend_request_cache_get_space (self, prefix, FALSE);
  TendTablePlace *place = space != NULL ? tend_number_space_find (space, number) : NULL;

  return tend_place_get_cache (place) != NULL ? place : NULL;
}

/* Lets a cache time out, @timeout from now. */
static inline void
tend_request_cache_arm (TendRequestCache       *self,
                        TendNumberCachePrivate *priv,
                        gint64                  timeout)
{
  /*
   * The coarse clock would make this 15 % cheaper. But what is added within one tick would be due at the same moment,
   * which the agenda cannot deal out, and to pop one took 10 % longer. And a tick that comes late, as on a virtual
   * machine, would let requests time out early.
   */
  if (timeout > 0)
    tend_loop_arm (self->loop, &priv->job, tend_time_add (tend_loop_now (self->loop), timeout));
  else
    tend_loop_queue_ready (self->loop, &priv->job);
}

/* The place that has a cache of that key; NULL if there is none. */
static inline TendTablePlace *
tend_request_cache_find_key (TendRequestCache *self,
                             const char       *prefix,
                             GBytes           *key)
{
  TendNumberSpace *space = tend_request_cache_get_space (self, prefix, FALSE);

  return space != NULL ? tend_number_space_find_key (space, key) : NULL;
}

/* --- request-cache-shutdown.c --- */

void              tend_request_cache_drop_all (TendRequestCache   *self,
                                              const GError        *reason,
                                              gboolean             is_told);
void              tend_request_cache_leave_manager (TendRequestCache *self);

/* --- request-cache-wait.c --- */

void              tend_request_cache_tell_waiters (TendRequestCache *self,
                                              TendNumberCache     *cache);
void              tend_request_cache_cancel_waiters (TendRequestCache *self);

/* --- request-cache-override.c --- */

gint64            tend_request_cache_override (TendRequestCache   *self,
                                              TendNumberCache     *cache,
                                              gint64               timeout);
void              tend_request_cache_clear_overrides (TendRequestCache *self);

G_END_DECLS
