// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The library's locks.
//
// Under a lock nothing happens but reading and writing our own fields. No reference is taken or dropped, nothing is
// emitted, no other lock is taken and nobody's code runs: the step from one reference to two may call a language
// binding, which takes the interpreter's lock, and another thread may hold that while it waits for ours.
//
// Built with -Dchecks=true, the library aborts where that is broken, and names both places: see lock-checks.c.
//
// A lock is static. The child of a fork finds each of them free, and what it guards as no thread was changing it.

#pragma once

#include <glib.h>
#include <pthread.h>

G_BEGIN_DECLS

/* A pthread mutex and not a GMutex, since the tools that watch threads know what it promises; and it takes 10 ns, not 25. */
typedef struct
{
  pthread_mutex_t mutex;
} TendLock;

/* A linker that is told to leave out what nobody refers to by name does not leave out this. */
#define TEND_RETAIN
#ifdef __has_attribute
#if __has_attribute (retain)
#undef TEND_RETAIN
#define TEND_RETAIN , retain
#endif
#endif

/* Defines a lock, and puts it into the list of all, which the linker makes: fork() needs it. */
#define TEND_DEFINE_LOCK(name) \
  TendLock name = { PTHREAD_MUTEX_INITIALIZER }; \
  static TendLock * const name##_listed __attribute__ ((section ("tend_locks"), used TEND_RETAIN)) = &name

/* What is waited for under a lock. */
typedef struct
{
  pthread_cond_t cond;
} TendCond;

#define TEND_COND_INIT { .cond = PTHREAD_COND_INITIALIZER }

#ifdef TEND_CHECKS

gboolean tend_check_is_free    (void);
void     tend_check_free       (const char *what,
                                const char *place);
void     tend_check_lock       (const char *place);
void     tend_check_unlock     (void);

/* To be said where somebody's code is called. */
#define TEND_CHECK_FREE(what) tend_check_free (what, G_STRLOC)

#define tend_lock(lock)   (tend_check_lock (G_STRLOC), (tend_lock) (lock))
#define tend_unlock(lock) (tend_check_unlock (), (tend_unlock) (lock))

#else

#define TEND_CHECK_FREE(what)

#endif

static inline void
(tend_lock) (TendLock *lock)
{
  pthread_mutex_lock (&lock->mutex);
}

static inline void
(tend_unlock) (TendLock *lock)
{
  pthread_mutex_unlock (&lock->mutex);
}

/* As with those of POSIX, the wait may end without a reason. */
static inline void
tend_cond_wait (TendCond *cond,
                TendLock *lock)
{
  pthread_cond_wait (&cond->cond, &lock->mutex);
}

gboolean tend_cond_wait_until  (TendCond *cond,
                                TendLock *lock,
                                gint64    time);

static inline void
tend_cond_signal (TendCond *cond)
{
  pthread_cond_signal (&cond->cond);
}

static inline void
tend_cond_broadcast (TendCond *cond)
{
  pthread_cond_broadcast (&cond->cond);
}

/* --- fork() --- */

typedef struct _TendAtFork TendAtFork;

/* What is to be done in the child, of which the thread that has forked is the only one. No lock is held. */
struct _TendAtFork
{
  void       (* child) (void);
  TendAtFork   *next;           /* constant once added */
  gsize         is_added;       /* atomic */
};

void     tend_at_fork          (TendAtFork *self);

G_END_DECLS
