// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The record of an operation that a TendCall waits for, and what the body that is a fiber does with its own.

#pragma once

#include "tend-task-private.h"

#include "tend-call.h"

G_BEGIN_DECLS

struct _TendOperation
{
  GCancellable    parent_instance;

  TendCall       *call;         /* where the result goes */
  TendCalls      *calls;        /* of the fiber; NULL: not of a fiber */
  TendOperation  *next;         /* in that list */
  TendLoop       *loop;         /* of the fiber that began it */
  TendTask       *worker;       /* whose body in this thread began it; NULL: none */
  GCancellable   *source;       /* a reference to the cancellable of that task */
  gulong          handler;
  GMainContext   *context;      /* a reference; where it calls back if it is not of a fiber */
  TendJob        *wake;         /* of the fiber that waits for it; NULL: none */
  guint           n_out;        /* callbacks to come: more than one by mistake */
  guint           is_shielded : 1;
  guint           is_pushed : 1;    /* the context is the thread's default one until the operation has ended */
  guint           is_misused : 1;   /* begun again before its end */
  guint           is_awaited : 1;   /* the body has been given the result */
  guint           is_left : 1;      /* the fiber has left it behind, and its call may be anything */
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TendOperation, g_object_unref)

/* --- operation.c --- */

TendOperation *tend_operation_take   (TendCall      *call);
void           tend_operation_give_back (TendOperation *self);
void           tend_operation_cancel (gpointer       self);

/* Cancels those that began without a shield, or all of them. */
void           tend_calls_cancel     (TendCalls     *calls,
                                      gboolean       also_shielded);
void           tend_calls_leave      (TendCalls     *calls,
                                      TendTask      *task);

/* --- call.c --- */

void           tend_calls_end        (TendCalls     *calls);

G_END_DECLS
