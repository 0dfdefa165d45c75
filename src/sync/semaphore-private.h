// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A semaphore inside: its fields, and the permits that tasks hold. semaphore.c is the class, semaphore-holds.c knows
// who holds what, and semaphore-wait.c acquires and releases.

#pragma once

#include "tend-sync-private.h"
#include "tend-semaphore.h"

G_BEGIN_DECLS

struct _TendSemaphore
{
  GObject   parent_instance;

  TendLoop *loop;           /* constant */
  guint     n_permits;      /* constant */
  guint     n_available;
  guint     n_waiting;      /* those whose wait is not over */
  guint     n_unowned;      /* permits that were acquired outside tasks */
  GQueue    holds;          /* of TendHold; that which is the oldest comes first */
  TendHub  *hub;            /* constant; that of the loop */
  gpointer  recent;         /* the TendHold that was used last; NULL: none */
  TendQueue waiters;        /* of TendWaiter */
  gboolean  is_disposed;    /* by hand, maybe: what was held until then was given back */
  TendJob   changed_job;    /* notifies, once in a turn, what is not as it was told last */
  guint     told_available;
  guint     told_waiting;
};

/* The permits that a task has of a semaphore: none, if it is the idle one. */
typedef struct
{
  TendObserver   observer;  /* of the task */
  GList          link;      /* in the semaphore's holds; its data is the hold */
  TendSemaphore *semaphore; /* not a reference */
  TendTask      *task;      /* not a reference: it is not finished */
  guint          n;
} TendHold;

/* --- semaphore-holds.c --- */

void      tend_semaphore_settle          (TendSemaphore *self);
void      tend_semaphore_give_to_waiters (TendSemaphore *self);
void      tend_hold_free                 (TendHold      *hold);
void      tend_hold_release              (TendHold      *hold);
gboolean  tend_semaphore_may_hold        (TendSemaphore *self,
                                          TendTask      *task);
TendHold *tend_semaphore_find_hold       (TendSemaphore *self,
                                          TendTask      *task);
void      tend_semaphore_add_hold        (TendSemaphore *self,
                                          TendTask      *task);
gboolean  tend_semaphore_remove_hold     (TendSemaphore *self,
                                          TendTask      *task);

/* Has the properties notified that are not as they were. */
static inline void
tend_semaphore_note_change (TendSemaphore *self)
{
  if ((self->told_available != self->n_available || self->told_waiting != self->n_waiting) &&
      !tend_job_is_waiting (&self->changed_job))
    tend_loop_queue_ready (self->loop, &self->changed_job);
}

static inline void
tend_semaphore_give_back (TendSemaphore *self,
                          guint          n)
{
  self->n_available += n;
  if (tend_queue_is_empty (&self->waiters))
    tend_semaphore_note_change (self);
  else
    tend_semaphore_give_to_waiters (self);
}

/* Whether @task acquires once more what it has had last, so that nothing but the count of its hold changes. */
static inline gboolean
tend_semaphore_is_recent (TendSemaphore *self,
                          TendTask      *task)
{
  TendHold *recent = self->recent;

  return recent != NULL && recent->task == task;
}

G_END_DECLS
