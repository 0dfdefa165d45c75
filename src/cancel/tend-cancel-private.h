// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The cancellable, its handlers and its time limit, and the link to the object that ends with it.

#pragma once

#include "tend-cancellable.h"
#include "tend-gate-private.h"
#include "tend-loop-private.h"
#include "tend-native-private.h"

G_BEGIN_DECLS

/* --- cancellable.c --- */

typedef struct _TendCancelTimer TendCancelTimer;
typedef struct _TendCancelLink TendCancelLink;

/* At home: that was cancelled from which the link leads, for @reason, NULL if it has that itself. */
typedef void (* TendCancelLinkFunc) (gpointer    data,
                                     const char *reason);

struct _TendCancellable
{
  GCancellable  parent_instance;

  char         *reason;     /* under tend_cancel_lock; set once */
  gpointer      links;      /* under tend_cancel_lock; cancellable.c's */
  TendCancelTimer *timer;   /* under tend_cancel_lock; NULL: none */
  GHashTable   *handlers;   /* under tend_cancel_lock; cancel-handlers.c's; made on demand */
  TendCancelLink *link;     /* under tend_cancel_lock; to the object that ends with this; NULL: none */
  TendLinger   *linger;     /* under tend_cancel_lock; set if it is freed when its last pin goes */
  guint         n_pins;     /* under tend_cancel_lock */
  gboolean      is_told;    /* under tend_cancel_lock; the class handler has been here */
};

extern TendLock tend_cancel_lock;

gboolean     tend_cancel_is_home         (TendLoop            *loop);
void         tend_cancellable_pin_locked (TendCancellable     *self);
void         tend_cancellable_unpin      (TendCancellable     *self);
void         tend_cancellable_set_link   (TendCancellable     *self,
                                          TendCancelLink      *link);
void         tend_cancellable_drop_link  (TendCancellable     *self);
void         tend_cancellable_set_reason (TendCancellable     *self,
                                          const char          *reason);
char        *tend_cancellable_peek_reason (TendCancellable    *self);

/* --- cancel-link.c --- */

TendCancelLink *tend_cancel_link_new     (TendLoop            *loop,
                                          TendCancelLinkFunc   func,
                                          gpointer             data) G_GNUC_WARN_UNUSED_RESULT;
TendCancelLink *tend_cancel_link_ref     (TendCancelLink      *self);
void         tend_cancel_link_unref      (gpointer             data);
void         tend_cancel_link_cut        (TendCancelLink      *self);
void         tend_cancel_link_send       (TendCancelLink      *self,
                                          char                *reason);

/* --- cancel-handlers.c --- */

GList       *tend_handlers_fire_locked   (TendCancellable     *self);
void         tend_handlers_send          (GList               *handlers,
                                          TendCancellable     *self);
GList       *tend_handlers_remove_locked (TendCancellable     *self);
void         tend_handlers_destroy       (GList               *handlers);

/* --- cancel-timer.c --- */

TendCancelTimer *tend_cancel_timer_steal_locked (TendCancellable *self);
void         tend_cancel_timer_drop      (TendCancelTimer     *timer);

G_END_DECLS
