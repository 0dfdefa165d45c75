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

/* What the loops of one context have in common. */
typedef struct
{
  GMainContext *context;    /* constant; not a reference */
  GSList       *loops;      /* of TendLoop; changed under the registry's lock */
  TendClock    *clock;      /* loop thread; not NULL while time is frozen */
  gint64        frozen_now; /* loop thread; virtual time */
  guint         n_outside;  /* loop thread; pieces of work that go on outside the context */
} TendHub;

struct _TendLoop
{
  GSource    source;

  TendHub   *hub;           /* constant until retired; NULL afterwards */
  int        priority;      /* constant */
  int        users;         /* atomic; leaves and reaches 0 under the registry's lock */
  gpointer   thread;        /* atomic; the mark of the thread that runs the context; NULL: it is gone */
  TendJob   *inbox;         /* atomic; what other threads have sent */

  TendQueue  ready;
  TendQueue  micro;
  TendAgenda timers;
  guint32    turn;
  guint32    n_run;
  gint64     turn_time;     /* what is due in this turn was due by then */
  gint64     busy_since;    /* real time at which it last had nothing to do, or 0 */
  guint      is_cut : 1;    /* the turn is not over: the budget was spent before */
  guint      skip : 1;      /* the next iteration of the context belongs to others */
  guint      skipping : 1;  /* this iteration does */
};

/* --- Between the loop and the registry --- */

TendLoop     *tend_loop_new         (TendHub      *hub,
                                     int           priority);
gboolean      tend_loop_has_users   (TendLoop     *loop);
gboolean      tend_loop_retire      (TendLoop     *loop);
gboolean      tend_loop_has_thread  (TendLoop     *loop);
void          tend_loop_set_thread  (TendLoop     *loop);

/* --- For everybody --- */

TendLoop     *tend_loop_acquire     (GMainContext *context,
                                     int           priority) G_GNUC_WARN_UNUSED_RESULT;
TendLoop     *tend_loop_ref         (TendLoop     *loop);
void          tend_loop_release     (TendLoop     *loop);

GMainContext *tend_loop_get_context (TendLoop     *loop);
TendHub      *tend_loop_get_hub     (TendLoop     *loop);
int           tend_loop_get_priority (TendLoop    *loop);
gboolean      tend_loop_is_mine     (TendLoop     *loop);
gint64        tend_loop_now         (TendLoop     *loop);
gint64        tend_loop_now_coarse  (TendLoop     *loop);

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
TendHub      *tend_hub_acquire      (GMainContext *context);
void          tend_hub_release      (TendHub      *hub);
gboolean      tend_hub_is_quiet     (TendHub      *hub);
gint64        tend_hub_next_deadline (TendHub     *hub);

gboolean      tend_clock_step       (TendClock    *self,
                                     gint64        until);

G_END_DECLS
