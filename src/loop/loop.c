// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// One GSource per main context and priority, which runs every job of that pair.
//
// A turn: the inbox is emptied into the ready queue, and the waits for descriptors that are ready go there as well; the
// jobs that were ready when the turn began run, then the timers that were due when it began, in the order of their
// deadlines; after each of them the micro-queue is drained. What becomes ready meanwhile waits for the next turn. A
// turn is one dispatch, unless the budget cuts it short: then the next dispatch goes on with it, and others
// come in between. doc/one-turn-of-the-loop.md tells it from the outside.
//
// Ownership: everything but the inbox, the count of users and the thread is touched by the loop
// thread only, the thread that runs the context. There is no lock here; that of the registry is in hub.c.
//
// Lifetime: each task counts as one user. While there are users the loop holds a reference to the
// context. A loop without users retires in its next turn, or with its context: the source goes, and
// with it all our memory.

#include "descriptors-private.h"

#include <time.h>

/*
 * How long the loop may keep GLib from other sources of the same or lower priority. A quarter of a
 * frame at 60 Hz: a redraw that waits for one budget still makes its frame.
 */
#define BUDGET_USEC 4000

/* A time between two looks in which the context must have slept: nothing was left to do meanwhile. */
#define PAUSE_USEC 1000

/* No coarse clock is further behind: at most one tick of the slowest there is, and as much again. */
#define COARSE_LAG_USEC 20000

/*
 * How often a loop looks into its inbox if it cannot be woken reliably: in the child of a fork, when the system has
 * given no descriptor for it.
 */
#define POLL_MS 50

/* The clock is read once in this many jobs to see whether the budget is spent; a power of two. */
#define JOBS_PER_LOOK 16

/*
 * What jobs of the micro-queue put there is its next round. So many in a row come before the next timer: more than
 * one thing leads to another by design, and few enough that two who wake each other leave the rest its turns.
 */
#define MAX_MICRO_ROUNDS 100

/* Turns that this thread is in: those of nested main loops, and what tend_loop_run_micro() runs, count as well. */
static TEND_THREAD guint n_turns;

static inline gboolean
has_work (TendLoop *loop)
{
  return !tend_queue_is_empty (&loop->micro) || !tend_queue_is_empty (&loop->ready) ||
         g_atomic_pointer_get (&loop->inbox) != NULL;
}

/* Whether descriptors are waited for. */
static inline gboolean
is_watching (TendLoop *loop)
{
  return loop->descriptors != NULL && tend_descriptors_is_busy (loop->descriptors);
}

/* --- The source --- */

/* Reads the moment of the kernel's last tick: FALSE where the system has no such clock. */
static inline gboolean
read_coarse_clock (gint64 *now)
{
#ifdef CLOCK_MONOTONIC_COARSE
  struct timespec time;

  if (clock_gettime (CLOCK_MONOTONIC_COARSE, &time) != 0)
    return FALSE;

  /* Seconds may have 32 bits. */
  *now = (gint64) time.tv_sec * G_TIME_SPAN_SECOND + time.tv_nsec / 1000;
  return TRUE;
#else
  return FALSE;
#endif
}

static gboolean
is_ready (TendLoop *loop,
          int      *timeout_ms)
{
  const TendHeapEntry *first = tend_agenda_peek (&loop->timers);
  gint64 wait;

  *timeout_ms = G_UNLIKELY (loop->is_polled) ? POLL_MS : -1;

  if (has_work (loop))
    return TRUE;

  if (first == NULL)
    return FALSE;

  wait = first->deadline - tend_loop_now (loop);
  if (wait <= 0)
    return TRUE;

  /* Poll counts in milliseconds: rounded up, so that a timer is never early. */
  if (loop->hub->clock == NULL)
    *timeout_ms = (int) MIN ((wait + 999) / 1000, loop->is_polled ? POLL_MS : G_MAXINT);

  return FALSE;
}

static gboolean
tend_loop_prepare (GSource *source,
                   int     *timeout_ms)
{
  TendLoop *loop = (TendLoop *) source;
  gboolean has_users;

  if (loop->is_forgotten)
    {
      if (loop->descriptors != NULL)
        tend_descriptors_forget (loop);
      *timeout_ms = -1;
      return FALSE;
    }

  /* Also without users: there may be one again before the source is dispatched. */
  has_users = tend_loop_has_users (loop);
  loop->is_taken = tend_loop_set_thread (loop);

  /* The thread that created the loop is using it, which takes no longer than one of its callbacks. */
  if (G_UNLIKELY (!loop->is_taken))
    {
      *timeout_ms = 0;
      return FALSE;
    }

  if (loop->descriptors != NULL)
    tend_descriptors_prepare (loop->descriptors);

  if (!has_users)
    return TRUE;

  loop->skipping = loop->skip;
  loop->skip = FALSE;

  if (loop->skipping)
    {
      *timeout_ms = 0;
      return FALSE;
    }

  return is_ready (loop, timeout_ms);
}

/*
 * Whether the first timer is so far away that a coarse clock, which is read in a quarter of the time, is exact enough.
 * If that clock is later behind than expected, the exact look of the next turn finds what is due.
 */
static gboolean
is_far_from_due (TendLoop *loop)
{
  const TendHeapEntry *first = tend_agenda_peek (&loop->timers);
  gint64 now;

  if (first == NULL || loop->hub->clock != NULL || !read_coarse_clock (&now))
    return FALSE;

  return first->deadline - COARSE_LAG_USEC > now;
}

static gboolean
tend_loop_check (GSource *source)
{
  TendLoop *loop = (TendLoop *) source;
  int timeout_ms;

  if (loop->is_forgotten || !loop->is_taken)
    return FALSE;

  if (!tend_loop_has_users (loop))
    return TRUE;

  if (G_UNLIKELY (loop->wake != NULL))
    tend_wake_take (loop->wake);

  if (!loop->skipping && loop->descriptors != NULL && tend_descriptors_is_ready (loop->descriptors))
    return TRUE;

  if (!loop->skipping && (has_work (loop) || !is_far_from_due (loop)) && is_ready (loop, &timeout_ms))
    return TRUE;

  loop->busy_since = 0;
  return FALSE;
}

/* Moves what other threads sent into the ready queue, oldest first, as part of the turn before. */
static void
empty_inbox (TendLoop *loop)
{
  TendJob *job = tend_inbox_take (&loop->inbox);
  TendJob *newer = tend_queue_sentinel (&loop->ready);
  TendJob *last = loop->ready.prev;

  /* In one pass, as the jobs come from another processor: each is put before the one that came after it. */
  while (job != NULL)
    {
      TendJob *older = job->next;

      tend_tool_take (job);
      g_assert (job->place == TEND_JOB_IDLE);
      job->place = TEND_JOB_QUEUED;
      job->turn = loop->turn - 1;
      job->next = newer;
      newer->prev = job;
      newer = job;
      job = older;
    }

  last->next = newer;
  newer->prev = last;
}

static gboolean
is_overdue (TendLoop *loop)
{
  gint64 now = g_get_monotonic_time ();

  /* A turn that was nested in this one may have reached the end of the work, and started again. */
  if (loop->busy_since == 0)
    loop->busy_since = now;
  loop->looked_at = now;

  return now - loop->busy_since > BUDGET_USEC;
}

static inline gboolean
is_budget_spent (TendLoop *loop)
{
  /* The code that has just run may have returned in the child of a fork. */
  if (G_UNLIKELY (loop->is_forgotten))
    return TRUE;

  /* In virtual time a turn does all that it can, so that what happens does not depend on real speed. */
  return (++loop->n_run & (JOBS_PER_LOOK - 1)) == 0 && loop->hub->clock == NULL && is_overdue (loop);
}

/* Leaves what is in the micro-queue to the next turn. */
static void
postpone_micro (TendLoop *loop)
{
  TendJob *job;

  while ((job = tend_queue_peek (&loop->micro)) != NULL)
    {
      tend_job_unlink (job);
      tend_loop_queue_ready (loop, job);
    }
}

/*
 * Runs the micro-queue, one round after the other; FALSE if the budget ran out before the end. Then the rounds are
 * over with the one that was cut.
 */
static gboolean
drain_micro (TendLoop *loop)
{
  guint n_rounds = 0;
  TendJob *job;

  loop->round++;
  while ((job = tend_queue_peek (&loop->micro)) != NULL)
    {
      if (is_budget_spent (loop))
        {
          loop->is_micro_cut = TRUE;
          return FALSE;
        }

      if (job->turn == loop->round)
        {
          if (++n_rounds == MAX_MICRO_ROUNDS || loop->is_micro_cut)
            {
              postpone_micro (loop);
              break;
            }
          loop->round++;
        }

      tend_job_unlink (job);
      job->run (job);
    }
  loop->is_micro_cut = FALSE;

  return TRUE;
}

/* Runs what was ready when @turn began; FALSE if the budget ran out before the end. */
static gboolean
run_ready (TendLoop *loop,
           guint32   turn)
{
  TendJob *job;

  while ((job = tend_queue_peek (&loop->ready)) != NULL && (gint32) (job->turn - turn) < 0)
    {
      if (is_budget_spent (loop))
        return FALSE;

      tend_job_unlink (job);
      job->run (job);

      if (!drain_micro (loop))
        return FALSE;
    }

  return TRUE;
}

/* Runs the timers due at @now, first deadline first; FALSE if the budget ran out before the end. */
static gboolean
run_timers (TendLoop *loop,
            gint64    now)
{
  const TendHeapEntry *first;

  while ((first = tend_agenda_peek (&loop->timers)) != NULL && first->deadline <= now)
    {
      TendJob *job = first->job;

      if (is_budget_spent (loop))
        return FALSE;

      tend_agenda_remove (&loop->timers, job);
      job->run (job);

      if (!drain_micro (loop))
        return FALSE;
    }

  return TRUE;
}

/* Counts from now on how long the loop is busy, unless it has been already. */
static void
begin_to_count (TendLoop *loop)
{
  gint64 now;

  if (loop->busy_since != 0 && !is_watching (loop))
    return;

  /* Whether a descriptor is ready is known only when the context has slept. */
  now = g_get_monotonic_time ();
  if (loop->busy_since == 0 || now - loop->looked_at > PAUSE_USEC)
    loop->busy_since = now;
}

static gboolean
tend_loop_dispatch (GSource     *source,
                    GSourceFunc  callback,
                    gpointer     user_data)
{
  TendLoop *loop = (TendLoop *) source;
  guint32 turn;
  gint64 now;

  if (loop->is_forgotten)
    return G_SOURCE_CONTINUE;

  if (!tend_loop_has_users (loop) && tend_loop_retire (loop))
    return G_SOURCE_REMOVE;

  begin_to_count (loop);
  if (!loop->is_cut)
    {
      loop->turn++;
      empty_inbox (loop);
      if (loop->descriptors != NULL)
        tend_descriptors_collect (loop);
      loop->turn_time = tend_loop_now (loop);
    }
  loop->is_cut = FALSE;

  /* A turn that is nested in this one changes the fields. */
  turn = loop->turn;
  now = loop->turn_time;

  n_turns++;
  if (!drain_micro (loop) || !run_ready (loop, turn) || !run_timers (loop, now))
    loop->is_cut = loop->skip = TRUE;
  else if (!has_work (loop) && tend_agenda_peek (&loop->timers) == NULL && !is_watching (loop))
    loop->busy_since = 0;
  else if (loop->hub->clock == NULL && is_overdue (loop))
    loop->skip = TRUE;

  n_turns--;

  if (loop->skip)
    loop->busy_since = 0;

  return G_SOURCE_CONTINUE;
}

static void
tend_loop_finalize (GSource *source)
{
  TendLoop *loop = (TendLoop *) source;

  tend_loop_retire (loop);
  tend_agenda_clear (&loop->timers);
  g_clear_pointer (&loop->descriptors, tend_descriptors_free);
  g_clear_pointer (&loop->wake, tend_wake_unref);
}

static GSourceFuncs tend_loop_funcs = {
  .prepare = tend_loop_prepare,
  .check = tend_loop_check,
  .dispatch = tend_loop_dispatch,
  .finalize = tend_loop_finalize,
};

/* Creates a loop, whose source is not attached yet. */
TendLoop *
tend_loop_new (int priority)
{
  GSource *source = g_source_new (&tend_loop_funcs, sizeof (TendLoop));
  TendLoop *loop = (TendLoop *) source;

  loop->priority = priority;
  if (tend_is_forked ())
    {
      loop->wake = tend_wake_new (source);
      loop->is_polled = loop->wake == NULL;
    }
  tend_queue_init (&loop->ready);
  tend_queue_init (&loop->micro);
  tend_agenda_init (&loop->timers);

  g_source_set_static_name (source, TEND_LOOP_SOURCE_NAME);
  g_source_set_priority (source, priority);
  /* A nested main loop inside a callback goes on running tasks, as it goes on running sources. */
  g_source_set_can_recurse (source, TRUE);

  return loop;
}

/* Whether the loop has nothing to do before time moves on. Its own thread only. */
gboolean
tend_loop_is_quiet (TendLoop *loop)
{
  const TendHeapEntry *first = tend_agenda_peek (&loop->timers);

  return !has_work (loop) && (first == NULL || first->deadline > tend_loop_now (loop));
}

/* --- The loop as its users see it --- */

GMainContext *
tend_loop_get_context (TendLoop *loop)
{
  return loop->hub->context;
}

TendHub *
tend_loop_get_hub (TendLoop *loop)
{
  return loop->hub;
}

int
tend_loop_get_priority (TendLoop *loop)
{
  return loop->priority;
}

/* Returns the time that the timers of the loop follow. It is read each time: a timer is never early. */
gint64
tend_loop_now (TendLoop *loop)
{
  return loop->hub->clock != NULL ? loop->hub->frozen_now : g_get_monotonic_time ();
}

/*
 * The moment of the kernel's last tick, as a rule not 10 ms ago: for what is only told to people. Where the
 * system has such a clock it takes 6 ns to read, and the other 23.
 */
gint64
tend_loop_now_coarse (TendLoop *loop)
{
  gint64 now;

  return loop->hub->clock == NULL && read_coarse_clock (&now) ? now : tend_loop_now (loop);
}

/* Runs @job in the next turn. */
void
tend_loop_queue_ready (TendLoop *loop,
                       TendJob  *job)
{
  job->turn = loop->turn;
  tend_queue_push (&loop->ready, job);
}

/* Runs @job when the callback that runs now has returned. */
void
tend_loop_queue_micro (TendLoop *loop,
                       TendJob  *job)
{
  job->turn = loop->round;
  tend_queue_push (&loop->micro, job);
}

/* Puts @job in @queue, from which tend_loop_queue_micro_all() will take it. */
void
tend_loop_queue_aside (TendLoop  *loop,
                       TendQueue *queue,
                       TendJob   *job)
{
  job->turn = loop->round;
  tend_queue_push (queue, job);
}

/*
 * Queues all jobs of @queue as tend_loop_queue_micro() does, and touches none of them: thousands of fibers that wait
 * are in no cache. A job that was put aside in an earlier round runs in this one, and once more at most, since it is
 * put aside in this one then.
 */
void
tend_loop_queue_micro_all (TendLoop  *loop,
                           TendQueue *queue)
{
  tend_queue_splice (&loop->micro, queue);
}

/*
 * Runs the micro-queue now, which is otherwise left to the next turn, unless the thread is in a turn. For what a source
 * of somebody else has woken: a turn of our own for it would be one more poll.
 */
void
tend_loop_run_micro (TendLoop *loop)
{
  if (n_turns > 0)
    return;

  n_turns++;
  tend_loop_ref (loop);
  drain_micro (loop);
  tend_loop_release (loop);
  n_turns--;
}

void
tend_loop_arm (TendLoop *loop,
               TendJob  *job,
               gint64    deadline)
{
  tend_agenda_push (&loop->timers, job, deadline, tend_agenda_next_sequence (&loop->timers));
}

guint64
tend_loop_next_sequence (TendLoop *loop)
{
  return tend_agenda_next_sequence (&loop->timers);
}

/* Arms @job with the place among equal deadlines that it had before. */
void
tend_loop_arm_as (TendLoop *loop,
                  TendJob  *job,
                  gint64    deadline,
                  guint64   sequence)
{
  tend_agenda_push (&loop->timers, job, deadline, sequence);
}

/* Returns when @job is due, which is armed. */
gint64
tend_loop_get_deadline (TendLoop *loop,
                        TendJob  *job)
{
  return tend_agenda_get_deadline (&loop->timers, job);
}

/* Takes @job out of the queue or agenda in which it waits, if it does. */
void
tend_loop_remove (TendLoop *loop,
                  TendJob  *job)
{
  if (job->place == TEND_JOB_QUEUED)
    tend_job_unlink (job);
  else if (job->place != TEND_JOB_IDLE)
    tend_agenda_remove (&loop->timers, job);
}

/* Marks the beginning of work outside the context that will return to it. */
void
tend_loop_hold (TendLoop *loop)
{
  loop->hub->n_outside++;
}

void
tend_loop_unhold (TendLoop *loop)
{
  g_assert (loop->hub->n_outside > 0);
  loop->hub->n_outside--;
}

/*
 * Runs @job on the loop's thread. Only the first of a batch wakes the context, and only where it
 * comes from another thread: who runs the context looks into the inbox before it sleeps. The thread that ran it last
 * may have left it to another, which looks and goes to sleep just now.
 */
void
tend_loop_send (TendLoop *loop,
                TendJob  *job)
{
  TendWaker waker;

  if (tend_loop_has_thread (loop) && g_main_context_is_owner (loop->hub->context))
    {
      tend_inbox_push (&loop->inbox, job);
      return;
    }

  /* Once the job is in the inbox, the loop may have run it and be freed with its context. */
  tend_loop_hold_waker (loop, &waker);
  tend_loop_wake (&waker, tend_inbox_push (&loop->inbox, job) == NULL);
}
