// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The functions of the C library that stand before its own and fail when they are told to, where it is the library that
// calls. They are part of a program; or a module of their own, which is loaded before all else (LD_PRELOAD) and told by
// the environment: TEND_REFUSE=SEED:N:CALL,CALL has one in N of these calls fail, which ones is the seed's; but never
// so many in a row that somebody who tries again would give up. How many have failed is added to the file that
// TEND_REFUSE_COUNT names, as a line, when the process exits.
//
// Which calls of a thread fail hangs on nothing but their number. All state is atomic.

/* RTLD_NEXT, dladdr() */
#define _GNU_SOURCE

/* Both of mmap() and mmap64(), each by its own name. */
#undef _FILE_OFFSET_BITS

#include "refuse.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/* A sanitizer calls them itself, before it can look at anybody. */
#if defined (__has_attribute)
#if __has_attribute (disable_sanitizer_instrumentation)
#pragma clang attribute push (__attribute__ ((disable_sanitizer_instrumentation)), apply_to = function)
#endif
#endif

const char * const refuse_names[N_REFUSE_CALLS] = {
  [REFUSE_THREAD] = "thread",
  [REFUSE_MMAP] = "mmap",
  [REFUSE_MUNMAP] = "munmap",
  [REFUSE_MPROTECT] = "mprotect",
  [REFUSE_MADVISE] = "madvise",
  [REFUSE_SIGALTSTACK] = "sigaltstack",
  [REFUSE_EVENTFD] = "eventfd",
  [REFUSE_GETRANDOM] = "getrandom",
  [REFUSE_OPEN] = "open",
  [REFUSE_POLL] = "poll",
};

/* What the manual pages say that each may fail with, in turns. GLib knows no other error of the first. */
static const int errors[N_REFUSE_CALLS][3] = {
  [REFUSE_THREAD] = { EAGAIN, EAGAIN, EAGAIN },
  [REFUSE_MMAP] = { ENOMEM, EAGAIN, EPERM },
  [REFUSE_MUNMAP] = { ENOMEM, ENOMEM, ENOMEM },
  [REFUSE_MPROTECT] = { ENOMEM, EACCES, ENOMEM },
  [REFUSE_MADVISE] = { ENOMEM, EAGAIN, EINVAL },
  [REFUSE_SIGALTSTACK] = { ENOMEM, EPERM, ENOMEM },
  [REFUSE_EVENTFD] = { EMFILE, ENFILE, ENOMEM },
  [REFUSE_GETRANDOM] = { ENOSYS, EINTR, EPERM },
  [REFUSE_OPEN] = { EMFILE, ENOENT, EACCES },
  [REFUSE_POLL] = { EINVAL, ENOMEM, EINTR },
};

typedef struct
{
  int n_calls;
  int n_in_row;     /* have failed at random */
  int first;        /* the number of the first call that fails; 0: none does */
  int n;            /* how many do */
} Rule;

static Rule rules[N_REFUSE_CALLS];
static guint random_seed;
static guint random_one_in;     /* 0: none fails at random */
static guint random_calls;      /* a bit for each that may */
static int most_in_row = G_MAXINT;
static int n_refused;           /* of all calls */

/* But for poll(): GLib's own may seem to come from the library, which hands it on. */
#define ALL_CALLS (~(1u << REFUSE_POLL))

static __thread gboolean is_making_thread;  /* for the library */
static __thread gboolean is_looking;        /* the loader may come here as well */

/* --- What fails --- */

void
refuse_from (RefuseCall call,
             int        first,
             int        n)
{
  g_atomic_int_set (&rules[call].n_calls, 0);
  g_atomic_int_set (&rules[call].n, n);
  g_atomic_int_set (&rules[call].first, first);
}

void
refuse_at_random (guint32 seed,
                  guint   one_in)
{
  g_atomic_int_set (&random_calls, ALL_CALLS);
  g_atomic_int_set (&random_seed, seed);
  g_atomic_int_set (&random_one_in, one_in);
}

/* What was counted stays. */
void
refuse_nothing (void)
{
  for (guint i = 0; i < N_REFUSE_CALLS; i++)
    g_atomic_int_set (&rules[i].first, 0);
  g_atomic_int_set (&random_one_in, 0);
}

/* How many calls the library has made, since refuse_from() was told of them. */
int
refuse_count (RefuseCall call)
{
  return g_atomic_int_get (&rules[call].n_calls);
}

static guint32
mix (guint32 value)
{
  value = (value ^ (value >> 16)) * 0x45d9f3bu;
  value = (value ^ (value >> 16)) * 0x45d9f3bu;
  return value ^ (value >> 16);
}

/* Counts a call, and says what it fails with; 0 if it does not. */
static int
ask (RefuseCall call)
{
  Rule *rule = &rules[call];
  int number = g_atomic_int_add (&rule->n_calls, 1) + 1;
  int first = g_atomic_int_get (&rule->first);
  guint one_in = (guint) g_atomic_int_get (&random_one_in);
  gboolean fails = first > 0 && number >= first && number - first < g_atomic_int_get (&rule->n);

  if (one_in > 0 && (g_atomic_int_get (&random_calls) & (1u << call)) != 0 &&
      mix ((guint) g_atomic_int_get (&random_seed) + (guint) call * 7919u + (guint) number * 104729u) % one_in == 0 &&
      g_atomic_int_add (&rule->n_in_row, 1) < most_in_row)
    fails = TRUE;
  if (fails)
    g_atomic_int_inc (&n_refused);
  else
    g_atomic_int_set (&rule->n_in_row, 0);

  return fails ? errors[call][number % 3] : 0;
}

__attribute__ ((constructor))
static void
read_environment (void)
{
  const char *rule = getenv ("TEND_REFUSE");
  char *end;

  if (rule == NULL)
    return;

  random_seed = (guint) strtoul (rule, &end, 10);
  random_one_in = *end == ':' ? (guint) strtoul (end + 1, &end, 10) : 0;
  most_in_row = 3;
  for (guint i = 0; i < N_REFUSE_CALLS; i++)
    {
      const char *found = strstr (end, refuse_names[i]);
      gsize length = strlen (refuse_names[i]);

      /* A name that is part of another is not meant. */
      while (found != NULL && !(strchr (":,", found[-1]) != NULL && strchr (",", found[length]) != NULL))
        found = strstr (found + 1, refuse_names[i]);
      if (found != NULL)
        random_calls |= 1u << i;
    }
}

__attribute__ ((destructor))
static void
write_count (void)
{
  const char *path = getenv ("TEND_REFUSE_COUNT");
  FILE *file = path != NULL ? fopen (path, "a") : NULL;

  if (file == NULL)
    return;

  fprintf (file, "%d\n", g_atomic_int_get (&n_refused));
  fclose (file);
}

/* --- Who calls --- */

/* In a program that has all of the library in it, which then has no other caller. */
extern void tend_task_get_type (void) __attribute__ ((weak));

static gboolean
is_library (gconstpointer caller)
{
  Dl_info info, library;
  gboolean is;

  if (is_looking)
    return FALSE;

  is_looking = TRUE;
  is = dladdr (caller, &info) != 0 &&
       (strstr (info.dli_fname, "libtend-1.so") != NULL ||
        (tend_task_get_type != NULL && dladdr ((gconstpointer) tend_task_get_type, &library) != 0 &&
         info.dli_fbase == library.dli_fbase));
  is_looking = FALSE;

  return is;
}

/* What stands behind ours: that of a sanitizer, where it is part of the program as well, or the next in order. */
#define NEXT(name) \
  static __typeof__ (&name) next; \
  if (next == NULL) \
    next = &__interceptor_##name != NULL ? __interceptor_##name : (__typeof__ (&name)) dlsym (RTLD_NEXT, #name)

#define DECLARE(Type, name, params) \
  extern Type __interceptor_##name params __attribute__ ((weak)); \
  Type name params

/* One that fails with -1 and errno. */
#define REFUSE(call, failed) \
  if (is_library (__builtin_return_address (0))) \
    { \
      int error = ask (call); \
      if (error != 0) \
        { \
          errno = error; \
          return failed; \
        } \
    }

/* --- The calls --- */

/*
 * GLib's, which has the library's thread made. In a program for ThreadSanitizer the one of tsan-glib.c takes its place,
 * and no thread is refused.
 */
#pragma weak g_thread_try_new
DECLARE (GThread *, g_thread_try_new, (const char *name, GThreadFunc func, gpointer data, GError **error));
DECLARE (int, pthread_create,
         (pthread_t *thread, const pthread_attr_t *attributes, void *(*func) (void *), void *data));
DECLARE (void *, mmap, (void *base, size_t length, int protection, int flags, int fd, off_t offset));
DECLARE (void *, mmap64, (void *base, size_t length, int protection, int flags, int fd, __off64_t offset));
DECLARE (int, munmap, (void *base, size_t length));
DECLARE (int, mprotect, (void *base, size_t length, int protection));
DECLARE (int, madvise, (void *base, size_t length, int advice));
DECLARE (int, sigaltstack, (const stack_t *stack, stack_t *old));
DECLARE (int, eventfd, (unsigned int value, int flags));
DECLARE (ssize_t, getrandom, (void *buffer, size_t length, unsigned int flags));
DECLARE (int, poll, (struct pollfd *fds, nfds_t n_fds, int timeout_ms));
DECLARE (int, open, (const char *path, int flags, ...));
DECLARE (int, open64, (const char *path, int flags, ...));

GThread *
g_thread_try_new (const char   *name,
                  GThreadFunc   func,
                  gpointer      data,
                  GError      **error)
{
  GThread *thread;

  NEXT (g_thread_try_new);
  is_making_thread = is_library (__builtin_return_address (0));
  thread = next (name, func, data, error);
  is_making_thread = FALSE;

  return thread;
}

int
pthread_create (pthread_t            *thread,
                const pthread_attr_t *attributes,
                void               *(*func) (void *),
                void                 *data)
{
  int error = is_making_thread ? ask (REFUSE_THREAD) : 0;

  NEXT (pthread_create);
  return error != 0 ? error : next (thread, attributes, func, data);
}

void *
mmap (void   *base,
      size_t  length,
      int     protection,
      int     flags,
      int     fd,
      off_t   offset)
{
  NEXT (mmap);
  REFUSE (REFUSE_MMAP, (void *) -1);
  return next (base, length, protection, flags, fd, offset);
}

void *
mmap64 (void      *base,
        size_t     length,
        int        protection,
        int        flags,
        int        fd,
        __off64_t  offset)
{
  NEXT (mmap64);
  REFUSE (REFUSE_MMAP, (void *) -1);
  return next (base, length, protection, flags, fd, offset);
}

int
munmap (void   *base,
        size_t  length)
{
  NEXT (munmap);
  REFUSE (REFUSE_MUNMAP, -1);
  return next (base, length);
}

int
mprotect (void   *base,
          size_t  length,
          int     protection)
{
  NEXT (mprotect);
  REFUSE (REFUSE_MPROTECT, -1);
  return next (base, length, protection);
}

int
madvise (void   *base,
         size_t  length,
         int     advice)
{
  NEXT (madvise);
  REFUSE (REFUSE_MADVISE, -1);
  return next (base, length, advice);
}

int
sigaltstack (const stack_t *stack,
             stack_t       *old)
{
  NEXT (sigaltstack);
  REFUSE (REFUSE_SIGALTSTACK, -1);
  return next (stack, old);
}

int
eventfd (unsigned int value,
         int          flags)
{
  NEXT (eventfd);
  REFUSE (REFUSE_EVENTFD, -1);
  return next (value, flags);
}

ssize_t
getrandom (void         *buffer,
           size_t        length,
           unsigned int  flags)
{
  NEXT (getrandom);
  REFUSE (REFUSE_GETRANDOM, -1);
  return next (buffer, length, flags);
}

int
poll (struct pollfd *fds,
      nfds_t         n_fds,
      int            timeout_ms)
{
  NEXT (poll);
  REFUSE (REFUSE_POLL, -1);
  return next (fds, n_fds, timeout_ms);
}

/* The mode of a file that is to be made. */
#define GET_MODE(mode) \
  va_list args; \
  va_start (args, flags); \
  mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg (args, mode_t) : 0; \
  va_end (args)

int
open (const char *path,
      int         flags,
      ...)
{
  mode_t mode;

  NEXT (open);
  REFUSE (REFUSE_OPEN, -1);
  GET_MODE (mode);
  return next (path, flags, mode);
}

int
open64 (const char *path,
        int         flags,
        ...)
{
  mode_t mode;

  NEXT (open64);
  REFUSE (REFUSE_OPEN, -1);
  GET_MODE (mode);
  return next (path, flags, mode);
}

#if defined (__has_attribute)
#if __has_attribute (disable_sanitizer_instrumentation)
#pragma clang attribute pop
#endif
#endif
