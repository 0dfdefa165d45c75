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

/* Returns the newest job before @job. Once the job is in the inbox, another thread may already have run it. */
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

/* Takes all jobs, newest first, linked by next. Code that runs one of them calls tend_tool_take() before. */
static inline TendJob *
tend_inbox_take (TendJob **inbox)
{
  return g_atomic_pointer_exchange (inbox, NULL);
}

/* What the loops of one context share. It exists as long as one of them does. */
typedef struct
{
  GMainContext *context;    /* constant; not a reference */
  gpointer      thread;     /* atomic; whose its loops are; see thread.c; NULL: nobody's */
  GSList       *loops;      /* of TendLoop; under the registry's lock */
  TendClock    *clock;      /* loop thread; not NULL while time is frozen */
  gint64        frozen_now; /* virtual time; negative: none; written by the loop thread, under the registry's lock */
  guint         n_outside;  /* loop thread; pieces of work outside the context */
  gpointer      idle_hold;  /* loop thread; the record of permits that was used last, of a task that has none left */
  gpointer      tasks;      /* loop thread; the newest TendTask that was started and is not finished */
} TendHub;

/* How a thread has got into a loop; see tend_loop_enter(). */
typedef enum
{
  TEND_PASS_NONE,      /* not at all */
  TEND_PASS_PLAIN,     /* it runs the loop, or is in it already */
  TEND_PASS_BUSY,      /* as its creator: other threads wait until it leaves */
} TendPass;

TendLoop     *tend_loop_acquire     (GMainContext *context,
                                     int           priority) G_GNUC_WARN_UNUSED_RESULT;
TendLoop     *tend_loop_ref         (TendLoop     *loop);
void          tend_loop_release     (TendLoop     *loop);

GMainContext *tend_loop_get_context (TendLoop     *loop);
TendHub      *tend_loop_get_hub     (TendLoop     *loop);
int           tend_loop_get_priority (TendLoop    *loop);
gboolean      tend_loop_has_thread  (TendLoop     *loop);
gboolean      tend_loop_is_mine     (TendLoop     *loop);
gboolean      tend_loop_is_held     (TendLoop     *loop);
TendPass      tend_loop_enter       (TendLoop     *loop) G_GNUC_WARN_UNUSED_RESULT;
void          tend_loop_leave_busy  (TendLoop     *loop);
gint64        tend_loop_now         (TendLoop     *loop);
gint64        tend_loop_now_coarse  (TendLoop     *loop);
gboolean      tend_loop_is_frozen   (TendLoop     *loop);

/* What tend_loop_enter() has let begin is done. @loop may be gone meanwhile, unless it was entered by its maker. */
static inline void
tend_loop_leave (TendLoop *loop,
                 TendPass  pass)
{
  if (G_UNLIKELY (pass == TEND_PASS_BUSY))
    {
      tend_loop_leave_busy (loop);
      tend_loop_release (loop);
    }
}

/* Loop thread only. */
void          tend_loop_queue_ready (TendLoop     *loop,
                                     TendJob      *job);
void          tend_loop_queue_micro (TendLoop     *loop,
                                     TendJob      *job);
void          tend_loop_queue_aside (TendLoop     *loop,
                                     TendQueue    *queue,
                                     TendJob      *job);
void          tend_loop_queue_micro_all (TendLoop *loop,
                                     TendQueue    *queue);
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
void          tend_loop_run_micro   (TendLoop     *loop);
void          tend_loop_hold        (TendLoop     *loop);
void          tend_loop_unhold      (TendLoop     *loop);

/* Any thread. */
void          tend_loop_send        (TendLoop     *loop,
                                     TendJob      *job);
gboolean      tend_loop_take_home   (TendLoop     *loop,
                                     GObject      *object);

/* --- The clock --- */

extern char *(* tend_clock_print_tasks) (TendHub *hub);
gboolean      tend_clock_step       (TendClock    *self,
                                     gint64        until);
void          tend_hub_turn         (TendHub      *self);

G_END_DECLS
