// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the files of this folder share: the fields of a loop, the registry, and the owners of loops.

#pragma once

#include "tend-loop-private.h"

G_BEGIN_DECLS

typedef struct _TendDescriptors TendDescriptors;
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
  TendWake  *wake;          /* constant; by which other threads wake it in the child of a fork; NULL: its context */
  TendJob   *inbox;         /* atomic; what other threads have sent */

  TendQueue  ready;
  TendQueue  micro;
  TendAgenda timers;
  TendDescriptors *descriptors;  /* NULL: nobody has waited for one yet */
  guint32    turn;
  guint32    round;         /* of the micro-queue: what is queued there now is the next one's */
  guint32    n_run;
  gint64     turn_time;     /* what is due in this turn was due by then */
  gint64     busy_since;    /* real time at which it last had nothing to do, or 0 */
  gint64     looked_at;     /* real time of the last look at that */
  guint      is_forgotten : 1;  /* a fork has left it in the child, where it does nothing */
  guint      is_cut : 1;    /* the turn is not over: the budget was spent first */
  guint      is_micro_cut : 1;  /* within a round of the micro-queue */
  guint      skip : 1;      /* the next iteration of the context belongs to others */
  guint      skipping : 1;  /* this iteration does */
  guint      is_polled : 1; /* constant; what wakes it may be lost */
  guint      is_taken : 1;  /* in this iteration; or else its maker is using it */
};

/* --- loop.c and hub.c --- */

TendLoop     *tend_loop_new         (int           priority);
gboolean      tend_loop_is_quiet    (TendLoop     *loop);
gboolean      tend_loop_has_users   (TendLoop     *loop);
gboolean      tend_loop_retire      (TendLoop     *loop);
gboolean      tend_is_forked        (void);

/* --- thread.c --- */

typedef void (* TendThreadExitFunc) (gpointer mark);

/* Atomic; changes when a loop comes, retires, or changes its thread. */
G_GNUC_INTERNAL extern gsize tend_loops_generation;

static inline gsize
tend_loops_get_generation (void)
{
  return (gsize) g_atomic_pointer_get (&tend_loops_generation);
}

void          tend_loops_renew      (void);
gboolean      tend_thread_is_mark   (gpointer      thread);
gpointer      tend_thread_get_mark_for (GMainContext *context);
gboolean      tend_thread_may_run   (GMainContext *context);
void          tend_thread_set_exit_func (TendThreadExitFunc func);
void          tend_thread_watch     (void);
void          tend_hub_leave_thread (TendHub      *hub,
                                     gpointer      mark);
gboolean      tend_loop_was_run_here (TendLoop    *loop);
gboolean      tend_loop_set_thread  (TendLoop     *loop);

/* --- wake.c --- */

TendWake     *tend_wake_new         (GSource      *source);
void          tend_wake_unref       (TendWake     *self);
void          tend_wake_take        (TendWake     *self);
void          tend_loop_hold_waker  (TendLoop     *loop,
                                     TendWaker    *waker);
void          tend_loop_wake        (TendWaker    *waker,
                                     gboolean      is_wanted);

/* --- hub.c, for the clock --- */

void          tend_hub_freeze       (TendHub      *hub,
                                     gint64        time);
gint64        tend_context_now      (GMainContext *context);
gboolean      tend_hub_is_quiet     (TendHub      *hub);
gint64        tend_hub_next_deadline (TendHub     *hub);

G_END_DECLS
