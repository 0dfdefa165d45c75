// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a cache is: its fields, its number, and its tasks.

#pragma once

#include "tend-number-space-private.h"
#include "tend-random-number-cache.h"
#include "tend-task-private.h"

G_BEGIN_DECLS

/*
 * GObject puts this in front of the object itself, into one piece of memory, which is 128 bytes large: two
 * cache lines. What is touched when an answer comes stands last, next to the object's count of references.
 */
typedef struct
{
  char             *prefix;         /* constant once it was given, or a loop is there; NULL: the name of the class */
  gint64            timeout;        /* microseconds */
  union
  {
    guint64         number;         /* constant like the prefix */
    GBytes         *key;            /* the same, and a reference; if is_keyed */
  };
  GQueue           *tasks;          /* of what number-cache-tasks.c has of each; loop thread; NULL: none */
  TendLoop         *loop;           /* a use of it; NULL until it belongs to a thread */
  char              short_prefix[12];   /* a prefix that fits in is kept here */
  guint             has_number : 1; /* it, or a key, was given */
  guint             is_keyed : 1;   /* the key takes the place of the number */
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

/* --- number-cache-state.c --- */

/* Constant once the class is there, which fills it in. */
G_GNUC_INTERNAL extern gssize tend_number_cache_private_offset;

static inline TendNumberCachePrivate *
tend_number_cache_get_private (TendNumberCache *self)
{
  return G_STRUCT_MEMBER_P (self, tend_number_cache_private_offset);
}

gboolean          tend_number_cache_check_thread (TendNumberCache *self,
                                              const char          *func);
gboolean          tend_number_cache_check_number (TendNumberCache *self,
                                              GError             **error);

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

/* Prints a number for messages: "dns-query-4711". */
char             *tend_number_print (const char *prefix,
                                     guint64     number) G_GNUC_WARN_UNUSED_RESULT;

/* Prints what a cache is found by, for messages: a key that is text as that, any other one in hexadecimal. */
char             *tend_key_print             (const char *prefix,
                                              GBytes     *key) G_GNUC_WARN_UNUSED_RESULT;
char             *tend_number_cache_print    (TendNumberCache *self) G_GNUC_WARN_UNUSED_RESULT;

/* Sets an error about the cache that prints as @name; @format says what is wrong, and is translated. */
void              tend_number_cache_set_error (const char  *name,
                                               GError     **error,
                                               GQuark       domain,
                                               int          code,
                                               const char  *format,
                                               ...) G_GNUC_PRINTF (5, 6);

/* The request cache that has it, or NULL. Its space is not forgotten as long as its number is in use. */
static inline TendRequestCache *
tend_number_cache_get_holder (TendNumberCache *self)
{
  const TendNumberCachePrivate *priv = tend_number_cache_get_private (self);

  return priv->is_held ? priv->space->owner : NULL;
}

/* Whether its number is kept for it, and it is in no request cache. */
static inline gboolean
tend_number_cache_has_reservation (TendNumberCache *self)
{
  const TendNumberCachePrivate *priv = tend_number_cache_get_private (self);

  return priv->space != NULL && !priv->is_held;
}

/* --- number-cache-tasks.c --- */

void              tend_number_cache_mark_due (TendNumberCache     *self);
void              tend_number_cache_settle_due (TendNumberCache   *self);
void              tend_number_cache_drop_due (TendNumberCache     *self,
                                              const GError        *reason);
void              tend_number_cache_cancel_tasks (TendNumberCache *self);
void              tend_number_cache_forget_tasks (TendNumberCache *self);

/* --- number-cache-props.c --- */

#define TEND_NUMBER_CACHE_TIMEOUT (10 * G_TIME_SPAN_SECOND)

void              tend_number_cache_install_properties (TendNumberCacheClass *klass);
void              tend_number_cache_notify_held (TendNumberCache  *self);
void              tend_number_cache_emit_timed_out (TendNumberCache *self);
void              tend_number_cache_emit_dropped (TendNumberCache *self);
void              tend_number_cache_set_prefix (TendNumberCachePrivate *priv,
                                              const char          *prefix);
void              tend_number_cache_give_prefix (TendNumberCache  *self,
                                              const char          *prefix);
void              tend_number_cache_give_reservation (TendNumberCache *self,
                                              TendNumberCache     *reservation);

/* --- number-cache.c --- */

gboolean          tend_number_cache_has_own_timeout (TendNumberCache *self);
gint64            tend_number_cache_ask_timeout (TendNumberCache  *self);
void              tend_number_cache_drop     (TendNumberCache     *self,
                                              const GError        *reason,
                                              gboolean             is_told);

G_END_DECLS
