// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The library's locks.
//
// Under a lock, code reads and writes our own fields and does nothing else. It takes and drops no reference, emits
// nothing, takes no second lock and calls no user code: the step from one reference to two may call a language binding,
// which takes the interpreter's lock, and another thread may hold that lock and wait for ours.
//
// Built with -Dchecks=true, the library aborts where code breaks this rule, and names both places: see lock-checks.c.
//
// A lock is static. The child of a fork finds each of them free, and what it guards as no thread was changing it.

#pragma once

#include <glib.h>
#include <pthread.h>

G_BEGIN_DECLS

/*
 * A pthread mutex and not a GMutex, because the tools that watch threads know what it promises, and it takes 10 ns, not
 * 25.
 */
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

/* Defines a lock, and adds it to the linker's list of all locks, which fork() needs. */
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

/* Must stand where user code is called. */
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

/* As with POSIX conditions, the wait may end without a reason. */
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

/* A function to call in the child of a fork, whose only thread is the one that has forked. No lock is held. */
struct _TendAtFork
{
  void       (* child) (void);
  TendAtFork   *next;           /* constant once added */
  gsize         is_added;       /* atomic */
};

void     tend_at_fork          (TendAtFork *self);

G_END_DECLS
