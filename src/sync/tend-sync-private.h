// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The waiters of this folder, fibers and callbacks, their queue, and the parts of the channel. A semaphore, an event
// and a condition have a file each, and share nothing but the waiters.
//
// What is waited for, the source, keeps its waiters in a TendQueue and wakes the first of them when
// it is that one's turn: tend_waiters_peek(), then tend_waiter_wake(). Waking is no more than
// queueing a job; whoever was woken goes on when the loop comes to it, and a cancellation may
// overtake it. The source then takes back what it had granted.
//
// A waiter in the queue holds no reference to the source. So a source that nobody else can reach is disposed of, which
// wakes its waiters. A waiter that was woken holds a reference.

#pragma once

#include "tend-channel.h"
#include "tend-task-private.h"

G_BEGIN_DECLS

/* --- wait.c --- */

typedef struct
{
  TendJob   link;             /* its place in the queue; never run */
  TendJob  *wake;             /* the job that continues; in no queue until woken or cut short */
  TendLoop *loop;             /* constant; where that goes on */
  gpointer  source;           /* constant; a GObject; a reference once woken */
  gpointer  data;             /* what the waiter sends or receives */
  TendGate *gate;             /* a reference; its callback goes through it; NULL: through none */
  int       is_given_up;      /* atomic; its cancellable was cancelled, in any thread */
  guint     is_woken : 1;
  guint     is_granted : 1;   /* it was woken because it got what it waited for */
} TendWaiter;

void        tend_waiter_init  (TendWaiter  *self,
                               gpointer     source,
                               TendLoop    *loop,
                               TendJob     *wake,
                               gpointer     data);
void        tend_waiter_wake  (TendWaiter  *self,
                               gboolean     is_granted);
void        tend_waiter_wake_link (TendJob *link,
                               gboolean     is_granted);
gboolean    tend_waiter_begin (TendLoop    *loop,
                               TendJob    **wake,
                               GError     **error);
gboolean    tend_waiter_wait_in (TendWaiter *self,
                               gpointer     source,
                               gpointer     kept,
                               TendQueue   *queue,
                               TendJob     *wake,
                               gpointer     data,
                               GError     **error);
gboolean    tend_waiter_wait  (TendWaiter  *self,
                               GError     **error);
gboolean    tend_waiter_is_given_up (TendWaiter *self);
TendWaiter *tend_waiters_peek (TendQueue   *queue);
void        tend_waiters_wake_all (TendQueue *queue,
                               gboolean     is_granted);

/* An asynchronous wait: the waiter, and the result that its callback is given. */
typedef struct _TendAsyncWait TendAsyncWait;

typedef struct
{
  void (* settle)    (TendAsyncWait *wait);   /* the wait is over; sets error, or data is the result */
  void (* free_data) (gpointer       data);   /* on the native stack of the loop's thread */
  void (* take_back) (TendAsyncWait *wait);   /* nobody has read the result, and nobody will; NULL: free_data() */
} TendAsyncWaitKind;

struct _TendAsyncWait
{
  GObject                  parent_instance;

  TendWaiter               waiter;
  const TendAsyncWaitKind *kind;          /* constant; also tells the results of functions apart */
  TendJob                  over;          /* loop thread */
  TendJob                  give_up;       /* the inbox's, once the cancellable is cancelled */
  GCancellable            *cancellable;   /* constant */
  gulong                   handler;       /* loop thread */
  GAsyncReadyCallback      callback;      /* loop thread */
  gpointer                 user_data;     /* constant */
  GError                  *error;         /* loop thread */
  gboolean                 is_read;       /* loop thread; somebody has the result */
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
gboolean       tend_async_wait_propagate (TendAsyncWait       *self,
                                      GError                 **error);

/* --- item.c --- */

typedef struct
{
  GList  link;              /* in a queue of the channel; its data is the item */
  GValue value;
} TendItem;

TendItem *tend_item_new               (const GValue  *value);
void      tend_item_free              (TendItem      *item);
void      tend_item_give              (TendItem      *item,
                                       GValue        *value);
void      tend_item_clear_value       (GValue        *value);

/* --- channel-wait.c --- */

gboolean  tend_channel_send_taken     (TendChannel   *self,
                                       const GValue  *value,
                                       const char    *func,
                                       GError       **error);
TendItem *tend_channel_receive_taken  (TendChannel   *self,
                                       GQueue        *rest,
                                       const char    *func,
                                       GError       **error);
void      tend_channel_refuse_receive (TendAsyncWait *wait);
void      tend_channel_begin_receive  (TendChannel   *self,
                                       const TendAsyncWaitKind *kind,
                                       GCancellable  *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer       user_data);

/* --- channel.c --- */

struct _TendChannel
{
  GObject   parent_instance;

  TendLoop *loop;           /* constant */
  guint     capacity;       /* constant; 0: no limit */
  GQueue    granted;        /* of TendItem; those of woken receivers */
  GQueue    items;          /* of TendItem; free to take */
  guint     n_unread;       /* values of results that nobody has read yet */
  TendQueue receivers;      /* of TendWaiter */
  TendQueue senders;        /* of TendWaiter, whose data is the TendItem */
  GError   *error;          /* what receivers are told at the end, if it was closed with an error */
  gboolean  is_closed;
  TendJob   changed_job;    /* notifies, once in a turn, what is not as it was told last */
  guint     told_length;
  gboolean  told_closed;
};

/* --- channel-rules.c --- */

guint     tend_channel_count_items    (TendChannel   *self);
gboolean  tend_channel_has_room       (TendChannel   *self);
gboolean  tend_channel_is_at_end      (TendChannel   *self);
void      tend_channel_settle         (TendChannel   *self);
void      tend_channel_put            (TendChannel   *self,
                                       TendItem      *item);
TendItem *tend_channel_take           (TendChannel   *self,
                                       GQueue        *queue,
                                       GQueue        *rest);
void      tend_channel_give_back      (TendChannel   *self);
TendItem *tend_channel_take_unread    (TendChannel   *self,
                                       GQueue        *rest);
void      tend_channel_set_read       (TendChannel   *self,
                                       guint          n_values);
void      tend_channel_put_back       (TendChannel   *self,
                                       GQueue        *queue);
void      tend_channel_set_closed_error (TendChannel *self,
                                       GError       **error);
void      tend_channel_set_end_error  (TendChannel   *self,
                                       GError       **error);
void      tend_channel_end            (TendChannel   *self,
                                       gboolean       is_kept,
                                       GError        *error);

G_END_DECLS
