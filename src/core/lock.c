// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Locks: what they need beyond a pthread mutex, the check that nothing happens under one, and fork().
//
// A process forks while other threads may be in the middle of a change under a lock, and those threads do not exist in
// the child. So all locks are taken before the fork, when no change is under way, and released in both processes. A
// thread that holds a lock takes no other, so the order does not matter.

#define _GNU_SOURCE    /* pthread_cond_clockwait() */

#include "tend-lock-private.h"

#include <errno.h>
#include <time.h>

/* The list that the linker makes of what TEND_DEFINE_LOCK() puts there. */
extern TendLock * const __start_tend_locks[] __attribute__ ((visibility ("hidden")));
extern TendLock * const __stop_tend_locks[] __attribute__ ((visibility ("hidden")));

static TendAtFork *at_fork;     /* atomic; grows only; the latest first */

#ifdef TEND_CHECKS

static __thread const char *held;   /* where this thread has taken the lock that it holds; NULL: it holds none */

gboolean
tend_check_is_free (void)
{
  return held == NULL;
}

void
tend_check_free (const char *what,
                 const char *place)
{
  const char *lock = held;

  if (G_LIKELY (lock == NULL))
    return;

  /* The check is over, and the report of it may do what it likes. */
  held = NULL;
  g_error ("Lock: %s at %s, under the lock that was taken at %s", what, place, lock);
}

void
tend_check_lock (const char *place)
{
  tend_check_free ("A lock is taken", place);
  held = place;
}

void
tend_check_unlock (void)
{
  g_assert (held != NULL);
  held = NULL;
}

#endif

/* Seconds may have 32 bits: a wait that is to last longer than they can say ends earlier. */
static void
set_time (struct timespec *spec,
          gint64           time)
{
  gint64 seconds = time / G_TIME_SPAN_SECOND;

  spec->tv_sec = (time_t) (sizeof spec->tv_sec < sizeof seconds ? MIN (seconds, G_MAXINT32) : seconds);
  spec->tv_nsec = (long) (time % G_TIME_SPAN_SECOND) * 1000;
}

/* Waits until @time, which is monotonic: FALSE if it has passed. */
gboolean
tend_cond_wait_until (TendCond *cond,
                      TendLock *lock,
                      gint64    time)
{
  struct timespec until;
  int result;

#ifdef HAVE_COND_CLOCKWAIT
  set_time (&until, time);
  result = pthread_cond_clockwait (&cond->cond, &lock->mutex, CLOCK_MONOTONIC, &until);
#else
  gint64 real = g_get_real_time () + MAX (0, time - g_get_monotonic_time ());

  set_time (&until, real);
  result = pthread_cond_timedwait (&cond->cond, &lock->mutex, &until);
#endif

  return result != ETIMEDOUT || g_get_monotonic_time () < time;
}

static void
take_all (void)
{
  for (TendLock * const *lock = __start_tend_locks; lock < __stop_tend_locks; lock++)
    pthread_mutex_lock (&(*lock)->mutex);
}

static void
give_all_back (void)
{
  for (TendLock * const *lock = __start_tend_locks; lock < __stop_tend_locks; lock++)
    pthread_mutex_unlock (&(*lock)->mutex);
}

static void
begin_child (void)
{
  give_all_back ();

  for (TendAtFork *self = g_atomic_pointer_get (&at_fork); self != NULL; self = self->next)
    self->child ();
}

/* When the library is loaded: a lock may be taken before anything has asked to be called in a child. */
__attribute__ ((constructor))
static void
watch_forks (void)
{
  pthread_atfork (take_all, give_all_back, begin_child);
}

/* Registers @self, which is static, to be called in the child of each fork. Repeated calls cost little. */
void
tend_at_fork (TendAtFork *self)
{
  if (!g_once_init_enter (&self->is_added))
    return;

  do
    self->next = g_atomic_pointer_get (&at_fork);
  while (!g_atomic_pointer_compare_and_exchange (&at_fork, self->next, self));

  g_once_init_leave (&self->is_added, 1);
}
