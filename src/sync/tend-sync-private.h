// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Who waits for something of this folder: a fiber, or a callback; and the queue they wait in.
//
// What is waited for, the source, keeps its waiters in a TendQueue and wakes the first of them when
// it is that one's turn: tend_waiters_peek(), then tend_waiter_wake(). Waking is no more than
// queueing a job; whoever was woken goes on when the loop comes to it, and a cancellation may
// overtake it. The source then takes back what it had granted.
//
// A waiter in the queue holds no reference to the source, so that a source that nobody else can
// reach any more is disposed of, and tells them. One that was woken holds a reference.

#pragma once

#include "tend-task-private.h"

G_BEGIN_DECLS

typedef struct
{
  TendJob   link;             /* its place in the queue; never run */
  TendJob  *wake;             /* what goes on; in no queue until woken, or until cut short */
  TendLoop *loop;             /* constant; where that goes on */
  gpointer  source;           /* constant; a GObject; a reference once woken */
  gpointer  data;             /* what the waiter brings, or gets */
  int       is_given_up;      /* atomic; a cancellable was cancelled, in whichever thread */
  guint     is_patient : 1;   /* constant; goes on in the next turn of the loop, not in this one */
  guint     is_woken : 1;
  guint     is_granted : 1;   /* it was woken since it got what it waited for */
} TendWaiter;

void        tend_waiter_init  (TendWaiter  *self,
                               gpointer     source,
                               TendLoop    *loop,
                               TendJob     *wake,
                               gpointer     data);
void        tend_waiter_wake  (TendWaiter  *self,
                               gboolean     is_granted);
gboolean    tend_waiter_wait  (TendWaiter  *self,
                               GError     **error);
TendWaiter *tend_waiters_peek (TendQueue   *queue);

/* An asynchronous wait: the waiter, and the result that its callback is given. */
typedef struct _TendAsyncWait TendAsyncWait;

typedef struct
{
  void (* settle)    (TendAsyncWait *wait);   /* the wait is over; sets error, or data is the result */
  void (* free_data) (gpointer       data);   /* on the native stack of the loop's thread */
} TendAsyncWaitKind;

struct _TendAsyncWait
{
  GObject                  parent_instance;

  TendWaiter               waiter;
  const TendAsyncWaitKind *kind;          /* constant; also tells the results of functions apart */
  TendJob                  over;          /* loop thread */
  TendJob                  remote;        /* the inbox's: gives up, or comes home to be freed */
  GCancellable            *cancellable;   /* constant */
  gulong                   handler;       /* loop thread */
  GAsyncReadyCallback      callback;      /* loop thread */
  gpointer                 user_data;     /* constant */
  GError                  *error;         /* loop thread */
};

TendAsyncWait *tend_async_wait_new   (const TendAsyncWaitKind *kind,
                                      gpointer                 source,
                                      TendLoop                *loop,
                                      gpointer                 data,
                                      GCancellable            *cancellable,
                                      GAsyncReadyCallback      callback,
                                      gpointer                 user_data);
TendAsyncWait *tend_async_wait_check (gpointer                 result,
                                      const TendAsyncWaitKind *kind,
                                      gpointer                 source);

G_END_DECLS
