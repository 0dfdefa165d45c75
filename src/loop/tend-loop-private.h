// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The loop of one main context and priority, and the hub that the loops of one context share.

#pragma once

#include "tend-clock.h"
#include "tend-core-private.h"

G_BEGIN_DECLS

typedef struct _TendLoop TendLoop;

#define TEND_LOOP_SOURCE_NAME "[libtend] loop"

/*
 * An inbox: jobs that any thread pushes, and that are taken all at once. A stack, linked by next, whose
 * newest job is the word that is changed atomically.
 */

/* Returns what was the newest before @job. Once the job is in, whoever takes it may be done with all of it. */
static inline TendJob *
tend_inbox_push (TendJob **inbox,
                 TendJob  *job)
{
  TendJob *head = g_atomic_pointer_get (inbox);

  tend_tool_give (job);
  do
    job->next = head;
  while (!g_atomic_pointer_compare_and_exchange_full (inbox, head, job, &head));

  return head;
}

/* Takes what is in it, newest first, linked by next. Who runs one of them says tend_tool_take() before. */
static inline TendJob *
tend_inbox_take (TendJob **inbox)
{
  return g_atomic_pointer_exchange (inbox, NULL);
}

/* What the loops of one context have in common. It is there as long as there is one of them. */
typedef struct
{
  GMainContext *context;    /* constant; not a reference */
  gpointer      thread;     /* atomic; whose its loops are; see hub.c; NULL: nobody's */
  GSList       *loops;      /* of TendLoop; under the registry's lock */
  TendClock    *clock;      /* loop thread; not NULL while time is frozen */
  gint64        frozen_now; /* virtual time; negative: none; written by the loop thread, under the registry's lock */
  guint         n_outside;  /* loop thread; pieces of work that go on outside the context */
} TendHub;

typedef struct _TendWake TendWake;

/* What wakes a loop from another thread; see tend_loop_hold_waker(). */
typedef struct
{
  GMainContext *context;    /* a reference */
  TendWake     *wake;       /* a reference; NULL: none */
} TendWaker;

struct _TendLoop
{
  GSource    source;

  TendHub   *hub;           /* constant until retired; NULL afterwards */
  int        priority;      /* constant */
  int        users;         /* atomic; leaves and reaches 0 under the registry's lock */
  TendWake  *wake;          /* constant; what other threads wake it by in the child of a fork; NULL: its context */
  TendJob   *inbox;         /* atomic; what other threads have sent */

  TendQueue  ready;
  TendQueue  micro;
  TendAgenda timers;
  guint32    turn;
  guint32    round;         /* of the micro-queue: what is queued there now is the next one's */
  guint32    n_run;
  gint64     turn_time;     /* what is due in this turn was due by then */
  gint64     busy_since;    /* real time at which it last had nothing to do, or 0 */
  guint      is_forgotten : 1;  /* a fork has left it in the child, where nothing of it goes on */
  guint      is_cut : 1;    /* the turn is not over: the budget was spent before */
  guint      is_micro_cut : 1;  /* within a round of the micro-queue */
  guint      skip : 1;      /* the next iteration of the context belongs to others */
  guint      skipping : 1;  /* this iteration does */
  guint      is_polled : 1; /* constant; what wakes it may be lost */
  guint      is_taken : 1;  /* in this iteration; or else its maker is using it */
};

/* How a thread has got into a loop; see tend_loop_enter(). */
typedef enum
{
  TEND_PASS_NONE,      /* not at all */
  TEND_PASS_PLAIN,     /* it runs the loop, or is in it already */
  TEND_PASS_BUSY,      /* as its maker: the others wait until it leaves */
} TendPass;

/* --- Between the loop and the registry --- */

TendLoop     *tend_loop_new         (int           priority);
gboolean      tend_loop_is_quiet    (TendLoop     *loop);
gboolean      tend_loop_has_users   (TendLoop     *loop);
gboolean      tend_loop_retire      (TendLoop     *loop);
gboolean      tend_loop_has_thread  (TendLoop     *loop);
gboolean      tend_loop_set_thread  (TendLoop     *loop);
gboolean      tend_is_forked        (void);

/* --- wake.c --- */

TendWake     *tend_wake_new         (GSource      *source);
void          tend_wake_unref       (TendWake     *self);
void          tend_wake_take        (TendWake     *self);
void          tend_loop_hold_waker  (TendLoop     *loop,
                                     TendWaker    *waker);
void          tend_loop_wake        (TendWaker    *waker,
                                     gboolean      is_wanted);

/* --- For everybody --- */

TendLoop     *tend_loop_acquire     (GMainContext *context,
                                     int           priority) G_GNUC_WARN_UNUSED_RESULT;
TendLoop     *tend_loop_ref         (TendLoop     *loop);
void          tend_loop_release     (TendLoop     *loop);

GMainContext *tend_loop_get_context (TendLoop     *loop);
TendHub      *tend_loop_get_hub     (TendLoop     *loop);
int           tend_loop_get_priority (TendLoop    *loop);
gboolean      tend_loop_is_mine     (TendLoop     *loop);
gboolean      tend_loop_is_held     (TendLoop     *loop);
TendPass      tend_loop_enter       (TendLoop     *loop) G_GNUC_WARN_UNUSED_RESULT;
void          tend_loop_leave_busy  (TendLoop     *loop);
gint64        tend_loop_now         (TendLoop     *loop);
gint64        tend_loop_now_coarse  (TendLoop     *loop);

/* What tend_loop_enter() has let begin is done. @loop may be gone meanwhile, unless it was entered by its maker. */
static inline void
tend_loop_leave (TendLoop *loop,
                 TendPass  pass)
{
  if (G_UNLIKELY (pass == TEND_PASS_BUSY))
    tend_loop_leave_busy (loop);
}

/* Loop thread only. */
void          tend_loop_queue_ready (TendLoop     *loop,
                                     TendJob      *job);
void          tend_loop_queue_micro (TendLoop     *loop,
                                     TendJob      *job);
guint64       tend_loop_next_sequence (TendLoop   *loop);
void          tend_loop_arm         (TendLoop     *loop,
                                     TendJob      *job,
                                     gint64        deadline);
void          tend_loop_arm_as      (TendLoop     *loop,
                                     TendJob      *job,
                                     gint64        deadline,
                                     guint64       sequence);
gint64        tend_loop_get_deadline (TendLoop    *loop,
                                     TendJob      *job);
void          tend_loop_remove      (TendLoop     *loop,
                                     TendJob      *job);
void          tend_loop_hold        (TendLoop     *loop);
void          tend_loop_unhold      (TendLoop     *loop);

/* Any thread. */
void          tend_loop_send        (TendLoop     *loop,
                                     TendJob      *job);
gboolean      tend_loop_take_home   (TendLoop     *loop,
                                     GObject      *object);

/* The hub's view, for the clock. */
void          tend_hub_freeze       (TendHub      *hub,
                                     gint64        time);
gint64        tend_context_now      (GMainContext *context);
gboolean      tend_loop_is_frozen   (TendLoop     *loop);
gboolean      tend_hub_is_quiet     (TendHub      *hub);
gint64        tend_hub_next_deadline (TendHub     *hub);

gboolean      tend_clock_step       (TendClock    *self,
                                     gint64        until);

G_END_DECLS
