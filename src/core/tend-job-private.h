// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Jobs, and the queue in which they wait.

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* --- Jobs --- */

typedef struct _TendJob TendJob;
typedef void (* TendJobFunc) (TendJob *job);

/*
 * Something that a loop will do: a link that is embedded in the object that it belongs to. A job waits in one place at
 * a time, a queue or an agenda, and @place says in which.
 */
struct _TendJob
{
  TendJob     *prev;
  TendJob     *next;
  TendJobFunc  run;
  guint32      place;   /* TEND_JOB_IDLE, TEND_JOB_QUEUED, or its index in the heap it is in */
  union
  {
    guint32    turn;    /* queued: the turn of the loop in which it was, or the round of the micro-queue */
    guint32    heap;    /* armed: which of the agenda's heaps it is in */
  };
};

#define TEND_JOB_IDLE   G_MAXUINT32
#define TEND_JOB_QUEUED (G_MAXUINT32 - 1)

static inline void
tend_job_init (TendJob     *job,
               TendJobFunc  run)
{
  job->prev = job->next = NULL;
  job->run = run;
  job->place = TEND_JOB_IDLE;
  job->turn = 0;
}

static inline gboolean
tend_job_is_waiting (const TendJob *job)
{
  return job->place != TEND_JOB_IDLE;
}

/* --- Queue: first in, first out; a job leaves from anywhere in constant time --- */

typedef struct
{
  TendJob *prev;        /* the ring's links: laid out as a job's are, so that the queue is its own */
  TendJob *next;        /* sentinel */
} TendQueue;

static inline TendJob *
tend_queue_sentinel (const TendQueue *queue)
{
  return (TendJob *) queue;
}

static inline void
tend_queue_init (TendQueue *queue)
{
  queue->prev = queue->next = tend_queue_sentinel (queue);
}

static inline gboolean
tend_queue_is_empty (const TendQueue *queue)
{
  return queue->next == tend_queue_sentinel (queue);
}

static inline TendJob *
tend_queue_peek (const TendQueue *queue)
{
  return tend_queue_is_empty (queue) ? NULL : queue->next;
}

static inline void
tend_queue_push (TendQueue *queue,
                 TendJob   *job)
{
  g_assert (job->place == TEND_JOB_IDLE);

  job->place = TEND_JOB_QUEUED;
  job->prev = queue->prev;
  job->next = tend_queue_sentinel (queue);
  job->prev->next = job;
  job->next->prev = job;
}

/* Moves all jobs of @other to the end of @queue. */
static inline void
tend_queue_splice (TendQueue *queue,
                   TendQueue *other)
{
  if (tend_queue_is_empty (other))
    return;

  other->next->prev = queue->prev;
  other->prev->next = tend_queue_sentinel (queue);
  queue->prev->next = other->next;
  queue->prev = other->prev;
  tend_queue_init (other);
}

static inline void
tend_job_unlink (TendJob *job)
{
  g_assert (job->place == TEND_JOB_QUEUED);

  job->prev->next = job->next;
  job->next->prev = job->prev;
  job->prev = job->next = NULL;
  job->place = TEND_JOB_IDLE;
}

G_END_DECLS
