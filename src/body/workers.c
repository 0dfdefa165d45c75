// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The threads that run jobs: a pool for the whole process.
//
// How to read it. worker_thread() is the life of a worker, tend_workers_push() and unlock_and_call() are how one is
// called, and unlock_and_refuse() is for where no thread can be had. A worker is in one of these states:
//
//     no thread --- made -----+              +-- take_locked(): the next job --+
//                             v              v                                 |
//     asleep --- called --> coming --> running a job --------------------------+
//        ^                    ^              |      |
//        |                    |              |      +-- block(): its body waits --- unblock() --> running
//        |                    +-- looking <--+ no job
//        +-- sleep_locked() --------+ nothing came; ends after 15 s
//
// n_asleep counts those that sleep, and n_called those of them that were called and do not know it yet. n_coming counts
// those that come or look, and n_running all but those that sleep and those whose body waits.
//
// Jobs come through an inbox, and are taken one at a time, in order. Whenever one waits and another worker
// may run, a worker is coming: one that was called from its sleep, that has just been made, or that looks
// for jobs before it sleeps. It takes that back under the lock before it takes a job, and calls the next
// where more is left. Who pushes a job therefore calls nobody while somebody is coming: a flood of short
// jobs makes few calls and stays with few workers, while jobs that block have all the workers soon. No
// worker ever holds a job that it does not run, so none waits behind one that blocks.
//
// A worker that has nothing to do looks for 10 us before it sleeps, as a job for one that sleeps takes 10 to 50 us
// there and back. Each time that it finds nothing it gives way to other threads. Without that, one that had been
// woken on the processor of the thread that makes the jobs took the time from it: in 100,000 short jobs there were
// 2,700 calls, and now some 100. Of those jobs, held until they had all ended, each took 1,150 ns on a busy
// machine; 1,390 where workers did not look; and 1,560 where they looked without giving way. To make and free such
// a task without a thread took 750. For a job that comes right after another it is the worse of the two: 4.6 us
// instead of 1.5 there and back, on two processors; and the better on one, 5.3 instead of 16.5.
//
// This is not a GThreadPool, whose workers sleep at once, and which frees the links of its queue in the worker, into
// the heap that the other thread allocates from.
//
// A worker that has slept for long ends. It has the scheduling of the thread that first called for it.
//
// A body that waits announces this. Its worker does not count then, and others may run. When the body goes on, more
// workers may run than the limit allows, and the next one that has finished its job sleeps.
//
// If no thread can be created, the waiting jobs are left to the workers that run. How long these run is unknown, and
// one of them may run a body that waits for a waiting job in a way that we do not see. So one waiting job at a time
// goes home and comes again, which asks for a thread again. If no worker runs, all waiting jobs go home and come again.
// Once the system has given no thread for a while, they fail with an error that says why.
//
// The child of a fork has none of the threads: it starts with an empty pool, and forgets the jobs of the parent.
//
// Lock: workers_lock guards what is marked so.

#include "thread-private.h"
#include "tend-task-private.h"

/* As long as GLib's pools keep theirs. */
#define IDLE_USEC (15 * G_TIME_SPAN_SECOND)

/* About what a call takes: a worker that looks for so long loses no more than it could have won. */
#define DEFAULT_SPIN_USEC 10

/* A system that has given no thread for so long does not give any. */
#define REFUSING_USEC ((gint64) 300000)

/* How often at most a job is sent home to come again. Each of them waits for as long itself, or longer. */
#define ASK_AGAIN_USEC ((gint64) 10000)

/* Longer is a mistake, such as milliseconds for microseconds. */
#define MAX_SPIN_USEC 1000

/*
 * While one runs a short job, another looks for the next. With one only, a job that comes just then is a call,
 * and short jobs take 13 % more; a third gains nothing.
 */
#define MAX_COMING 2

static TEND_DEFINE_LOCK (workers_lock);

static struct
{
  /* Threads that push jobs use only these fields, and are not slowed down by the workers. */
  TendJob *inbox;           /* atomic; jobs that no worker has seen */
  int      n_coming;        /* atomic; changed under lock; workers that will look into the inbox */

  TendCond called __attribute__ ((aligned (64)));   /* with lock; n_called has grown */
  TendJob *waiting;         /* atomic; changed under lock; jobs older than those of the inbox, oldest first */
  guint    n_running;       /* under lock; workers that are coming or run a job */
  guint    n_asleep;        /* under lock; workers that wait to be called */
  guint    n_called;        /* under lock; those of them that have been */
  guint    max_threads;     /* under lock; 0: the default */
  gint64   spin_time;       /* under lock */
  gint64   refusing_since;  /* under lock; since when the system has given no thread; 0: it gives threads */
  gint64   ask_again_at;    /* under lock; when the next job may be sent home */

  TendRefuseFunc refuse;    /* atomic; constant, once a job was pushed */
  guint    generation;      /* of processes: constant, except in the child of a fork */
} workers = { .called = TEND_COND_INIT, .spin_time = DEFAULT_SPIN_USEC };

/* The generation that this thread is a worker of; 0: it is none. */
static TEND_THREAD guint worker_generation;

/* How many waits the body is in, the outer of which run a context whose callbacks wait: the worker counts off once. */
static TEND_THREAD guint n_waits;

static gboolean
is_worker (void)
{
  return worker_generation == workers.generation + 1;
}

/* Asked once: GLib asks the system each time. */
static guint
get_n_processors_locked (void)
{
  static guint n_processors;

  if (n_processors == 0)
    n_processors = g_get_num_processors ();

  return n_processors;
}

static guint
get_max_threads_locked (void)
{
  /* Blocking calls sleep more than they compute, hence more threads than processors. */
  return workers.max_threads > 0 ? workers.max_threads : MAX (16, 4 * get_n_processors_locked ());
}

static gboolean
has_jobs (void)
{
  return g_atomic_pointer_get (&workers.waiting) != NULL || g_atomic_pointer_get (&workers.inbox) != NULL;
}

/* Empties the inbox, oldest first. */
static TendJob *
take_inbox (void)
{
  TendJob *newest = tend_inbox_take (&workers.inbox);
  TendJob *oldest = NULL;

  while (newest != NULL)
    {
      TendJob *next = newest->next;

      newest->next = oldest;
      oldest = newest;
      newest = next;
    }

  return oldest;
}

/* All that waits, oldest first. */
static TendJob *
take_all_locked (void)
{
  TendJob *jobs = workers.waiting, *last;

  g_atomic_pointer_set (&workers.waiting, NULL);
  if (jobs == NULL)
    return take_inbox ();

  for (last = jobs; last->next != NULL; last = last->next)
    ;
  last->next = take_inbox ();

  return jobs;
}

/* The newest of what waits, which loses no place when it comes again. */
static TendJob *
take_newest_locked (void)
{
  TendJob *jobs = take_all_locked ();
  TendJob **link = &jobs, *newest;

  if (jobs == NULL)
    return NULL;

  while ((*link)->next != NULL)
    link = &(*link)->next;
  newest = *link;
  *link = NULL;
  g_atomic_pointer_set (&workers.waiting, jobs);

  return newest;
}

/*
 * Unlocks. What waits is left to the workers that run, but for one job that comes again. If none runs, all who wait
 * come again, or are told of @error.
 */
static void
unlock_and_refuse (const GError *error)
{
  TendRefuseFunc refuse = g_atomic_pointer_get (&workers.refuse);
  gint64 now = g_get_monotonic_time ();
  TendJob *jobs = NULL;
  gboolean is_final;

  if (workers.refusing_since == 0)
    workers.refusing_since = now;
  is_final = workers.n_running == 0 && now - workers.refusing_since >= REFUSING_USEC;

  if (workers.n_running == 0)
    jobs = take_all_locked ();
  else if (now >= workers.ask_again_at)
    {
      workers.ask_again_at = now + ASK_AGAIN_USEC;
      jobs = take_newest_locked ();
    }
  tend_unlock (&workers_lock);

  for (TendJob *job = jobs, *next; job != NULL; job = next)
    {
      next = job->next;
      refuse (job, is_final ? error : NULL);
    }
}

static gpointer worker_thread (gpointer data);

/* Unlocks, and calls a worker for what waits, if one may run and nobody is coming anyway. */
static void
unlock_and_call (void)
{
  gboolean is_called = g_atomic_int_get (&workers.n_coming) == 0 &&
                       workers.n_running < get_max_threads_locked () && has_jobs ();
  gboolean is_asleep = workers.n_asleep > workers.n_called;
  g_autoptr(GError) error = NULL;
  GThread *thread;

  if (is_called)
    {
      workers.n_running++;
      g_atomic_int_inc (&workers.n_coming);
      if (is_asleep)
        workers.n_called++;
    }
  tend_unlock (&workers_lock);

  if (!is_called)
    return;

  if (is_asleep)
    {
      tend_cond_signal (&workers.called);
      return;
    }

  thread = g_thread_try_new ("tend-worker", worker_thread, NULL, &error);
  tend_lock (&workers_lock);
  if (thread != NULL)
    {
      workers.refusing_since = 0;
      tend_unlock (&workers_lock);
      g_thread_unref (thread);
      return;
    }

  workers.n_running--;
  g_atomic_int_add (&workers.n_coming, -1);

  /* One that fell asleep meanwhile has relied on the new one. */
  if (workers.n_asleep > workers.n_called)
    unlock_and_call ();
  else
    unlock_and_refuse (error);
}

/* The job that the worker goes on with, if it may. */
static TendJob *
take_locked (void)
{
  TendJob *job = workers.waiting;

  if (workers.n_running > get_max_threads_locked ())
    return NULL;

  if (job == NULL)
    job = take_inbox ();
  if (job != NULL)
    g_atomic_pointer_set (&workers.waiting, job->next);

  return job;
}

/* What a worker takes that was coming. It says that it is not any more before it looks, or a job were missed. */
static TendJob *
arrive_locked (void)
{
  g_atomic_int_add (&workers.n_coming, -1);

  return take_locked ();
}

/* The worker looks for a job for a while before it sleeps. */
static TendJob *
look_locked (void)
{
  gint64 end;

  if (workers.spin_time == 0 || g_atomic_int_get (&workers.n_coming) >= MAX_COMING)
    return NULL;

  g_atomic_int_inc (&workers.n_coming);
  end = g_get_monotonic_time () + workers.spin_time;
  tend_unlock (&workers_lock);

  while (!has_jobs () && g_get_monotonic_time () < end)
    g_thread_yield ();

  tend_lock (&workers_lock);
  return arrive_locked ();
}

/* The worker sleeps until it is called: FALSE if that takes too long. */
static gboolean
sleep_locked (void)
{
  gint64 end = g_get_monotonic_time () + IDLE_USEC;
  gboolean is_called;

  workers.n_running--;
  workers.n_asleep++;
  while (workers.n_called == 0 && tend_cond_wait_until (&workers.called, &workers_lock, end))
    ;
  workers.n_asleep--;

  is_called = workers.n_called > 0;
  if (is_called)
    workers.n_called--;

  return is_called;
}

static void
block (void)
{
  /* Not in a thread that a fork has left alone. */
  if (!is_worker () || n_waits++ > 0)
    return;

  tend_lock (&workers_lock);
  workers.n_running--;
  unlock_and_call ();
}

static void
unblock (void)
{
  if (!is_worker () || --n_waits > 0)
    return;

  tend_lock (&workers_lock);
  workers.n_running++;
  tend_unlock (&workers_lock);
}

static const TendWorkerClass worker_class = {
  .block = block,
  .unblock = unblock,
};

static gpointer
worker_thread (gpointer data)
{
  TendJob *job;

  worker_generation = workers.generation + 1;
  tend_set_worker_class (&worker_class);

  tend_lock (&workers_lock);
  do
    {
      job = arrive_locked ();

      while (job != NULL || (job = look_locked ()) != NULL)
        {
          unlock_and_call ();
          job->run (job);
          if (!is_worker ())
            return NULL;
          tend_lock (&workers_lock);
          job = take_locked ();
        }
    }
  while (sleep_locked ());
  tend_unlock (&workers_lock);

  return NULL;
}

/* The child of a fork, whose one thread may be a worker, or be just about to push a job. */
static void
begin_anew (void)
{
  workers.inbox = NULL;
  workers.n_coming = 0;
  workers.called = (TendCond) TEND_COND_INIT;
  workers.waiting = NULL;
  workers.n_running = workers.n_asleep = workers.n_called = 0;
  workers.refusing_since = workers.ask_again_at = 0;
  workers.generation++;
}

/*
 * Has a worker run @job, which is the worker's from now on; or @refuse, in any thread, without an error if it is only
 * to come again in a while. From any thread. The lock is left alone where somebody is coming: to push under it makes
 * short jobs 10 % slower, as the workers have it most of the time.
 */
void
tend_workers_push (TendJob        *job,
                   TendRefuseFunc  refuse)
{
  static TendAtFork at_fork = { begin_anew };

  tend_at_fork (&at_fork);
  if (g_atomic_pointer_get (&workers.refuse) == NULL)
    g_atomic_pointer_set (&workers.refuse, refuse);
  tend_inbox_push (&workers.inbox, job);

  if (g_atomic_int_get (&workers.n_coming) > 0)
    return;

  tend_lock (&workers_lock);
  unlock_and_call ();
}

/**
 * tend_get_max_threads:
 *
 * Gets how many bodies may run in threads at once, in the whole process.
 *
 * May be called from any thread.
 *
 * Returns: the limit
 *
 * Since: 0.1
 */
guint
tend_get_max_threads (void)
{
  guint n_threads;

  tend_lock (&workers_lock);
  n_threads = get_max_threads_locked ();
  tend_unlock (&workers_lock);

  return n_threads;
}

/**
 * tend_set_max_threads:
 * @n_threads: the limit, or 0 for the default: four for each processor, and at least 16
 *
 * Sets how many bodies may run in threads at once, in the whole process.
 *
 * Bodies above the limit wait for a thread, in order. A body that waits in tend_await(), tend_sleep(),
 * [func@Tend.checkpoint] or [method@Tend.Task.wait_sync] does not count meanwhile: the pool grows for it and shrinks
 * again. The system may give fewer threads than the limit allows. May be called from any thread.
 *
 * Since: 0.1
 */
void
tend_set_max_threads (guint n_threads)
{
  g_return_if_fail (n_threads <= G_MAXINT);

  tend_lock (&workers_lock);
  workers.max_threads = n_threads;
  unlock_and_call ();
}

/**
 * tend_get_thread_spin_time:
 *
 * Gets how long a thread of the pool looks for the next body before it sleeps.
 *
 * May be called from any thread.
 *
 * Returns: the time in microseconds
 *
 * Since: 0.1
 */
gint64
tend_get_thread_spin_time (void)
{
  gint64 usec;

  tend_lock (&workers_lock);
  usec = workers.spin_time;
  tend_unlock (&workers_lock);

  return usec;
}

/**
 * tend_set_thread_spin_time:
 * @spin_time: the time in microseconds, at most 1,000; 0: none
 *
 * Sets how long a thread of the pool looks for the next body before it sleeps; 10 microseconds by default.
 *
 * Waking a thread that sleeps takes longer than most short bodies, about 10 microseconds. If your bodies follow each
 * other closely and a processor is free, 50 microseconds let most bodies find a thread that is awake. With 0 the
 * threads sleep at once.
 *
 * At most two threads look at a time, after they have run a body. A thread that looks gives way to every other thread,
 * so under load it may come back late.
 *
 * May be called from any thread.
 *
 * Since: 0.1
 */
void
tend_set_thread_spin_time (gint64 spin_time)
{
  g_return_if_fail (spin_time >= 0 && spin_time <= MAX_SPIN_USEC);

  tend_lock (&workers_lock);
  workers.spin_time = spin_time;
  tend_unlock (&workers_lock);
}
