// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Waiting for the tasks of a manager or for its shutdown, and for whatever else is offered in that way.

#pragma once

#include "tend-manager-private.h"

G_BEGIN_DECLS

/* --- manager-wait.c --- */

/* Somebody who waits for tasks of the manager, or for its shutdown. */
typedef struct _TendManagerWait TendManagerWait;
typedef void (* TendManagerWaitFunc) (TendManagerWait *wait);

struct _TendManagerWait
{
  TendJob          job;         /* tells them, where that cannot be done at once */
  TendTaskManager *manager;     /* a reference */
  GPtrArray       *waits;       /* the list in which it is; NULL once it was taken out */
  TendManagerWaitFunc given_up; /* called when it has been given up; NULL: nothing is */
  GTask           *result;
  GSource         *cancelled;   /* gives up waiting; NULL without a cancellable */
  TendTask        *caller;      /* not waited for, since it waits; a reference */
  GHashTable      *excused;     /* of tasks that wait as well; not references; NULL: none */
  guint64          last_serial; /* waits for the tasks registered up to this one */
  guint            n_left;
};

TendManagerWait    *tend_manager_wait_new     (TendTaskManager  *self,
                                               GPtrArray        *waits,
                                               GTask            *result,
                                               TendManagerWaitFunc given_up);
TendManagerWait    *tend_manager_wait_take    (TendManagerWait  *wait);
void                tend_manager_wait_free    (TendManagerWait  *wait);

/* --- manager-wait-tasks.c --- */

GPtrArray          *tend_manager_count_off    (TendTaskManagerPrivate *priv,
                                               TendEntry        *entry);
void                tend_manager_give_up_waits (TendTaskManager *self);

/* --- manager-wait-fiber.c --- */

GTask              *tend_manager_new_result   (gpointer          self,
                                               TendGate         *gate,
                                               GCancellable     *cancellable,
                                               GAsyncReadyCallback callback,
                                               gpointer          user_data,
                                               gpointer          tag);

/* The two halves of a wait that an object offers. */
typedef void     (* TendManagerBegin)  (gpointer              self,
                                        GCancellable         *cancellable,
                                        GAsyncReadyCallback   callback,
                                        gpointer              user_data);
typedef gboolean (* TendManagerFinish) (gpointer              self,
                                        GAsyncResult         *result,
                                        GError              **error);

gboolean            tend_manager_wait_in_fiber (gpointer           self,
                                               TendLoop          *loop,
                                               const char        *func,
                                               TendManagerBegin   begin,
                                               TendManagerFinish  finish,
                                               GError           **error);

G_END_DECLS
