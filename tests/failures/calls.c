// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// One call of the system fails, or all from one on: whatever the library does ends, without a leak; and when the
// failures are over all of it works again. Each attempt has a process of its own, in which nothing has happened before.

#include "../support/child.h"
#include "../support/rounds.h"
#include "kinds.h"
#include "refuse.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What may fail for good. */
typedef enum
{
  NOTHING = 0,
  THREADS = 1 << 0,
  STACKS = 1 << 1,
  NUMBERS = 1 << 2,
  WATCHDOGS = 1 << 3,
} What;

typedef struct
{
  const char *name;
  RefuseCall  call;         /* fails from some time on */
  RefuseCall  other;        /* fails besides, always; the same as call: none does */
  What        fails;
} Case;

/* What a child tells. */
typedef struct
{
  int     n_calls;
  Refused refused;
} Report;

static Report *report;      /* shared with the children */

/* What reports an overflow runs there, also in a thread that could not have it at first. The sanitizers have their own. */
static void
assert_has_signal_stack (void)
{
  stack_t now;

  g_assert_cmpint (sigaltstack (NULL, &now), ==, 0);
  if (!IS_SANITIZED)
    g_assert_false (now.ss_flags & SS_DISABLE);
}

/* As the process ends, a sanitizer looks for leaks. */
G_NORETURN static void
run_in_child (const Case *self,
              int         first,
              int         n)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (self->other != self->call)
    refuse_from (self->other, 1, REFUSE_EVER);
  refuse_from (self->call, first, n);
  kinds_run (&report->refused);
  report->n_calls = refuse_count (self->call);

  refuse_nothing ();
  kinds_run_good ();

  /* There is nothing to report where no stack has a guard, and stacks keep what they were given at first. */
  if (self->call != REFUSE_MPROTECT)
    assert_has_signal_stack ();
  child_exit ();
}

static void
check (What     fails,
       What     what,
       int      n_failed,
       gboolean must_fail)
{
  if (!(fails & what))
    g_assert_cmpint (n_failed, ==, 0);
  else if (must_fail)
    g_assert_cmpint (n_failed, >, 0);
}

/* From call number @first on, @n of them fail. */
static void
attempt (const Case *self,
         int         first,
         int         n)
{
  gboolean must_fail = first == 1 && n == REFUSE_EVER;
  pid_t child;
  int status;

  g_test_message ("%s: from %d on, %d", self->name, first, n);
  *report = (Report) { 0 };
  fflush (stdout);
  child = fork ();
  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    run_in_child (self, first, n);

  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  assert_child_was_right (status);
  check (self->fails, THREADS, report->refused.n_threads, must_fail);
  check (self->fails, STACKS, report->refused.n_stacks, must_fail);
  check (self->fails, NUMBERS, report->refused.n_numbers, must_fail);
  check (self->fails, WATCHDOGS, report->refused.n_watchdogs, must_fail);
}

static void
test_case (gconstpointer data)
{
  const Case *self = data;
  int first = 1, next = 2;

  if ((IS_SANITIZED && self->call == REFUSE_SIGALTSTACK) || (IS_TSAN && self->call == REFUSE_THREAD))
    {
      g_test_skip ("The sanitizer sees to that itself");
      return;
    }

  attempt (self, 1, REFUSE_EVER);
  g_assert_cmpint (report->n_calls, >, 0);
  if (!g_test_slow ())
    return;

  /* Of many calls, those that come later differ less. */
  attempt (self, 4, REFUSE_EVER);
  do
    {
      int after = first + next;

      attempt (self, first, 1);
      first = next;
      next = after;
    }
  while (first <= report->n_calls);
}

/* Which calls fail is the seed's, as far as the threads let it. */
static void
test_at_random (void)
{
  static const guint one_in[] = { 2, 3, 5, 10, 30 };
  Rounds rounds = rounds_begin (3, G_MAXUINT);

  while (rounds_next (&rounds))
    {
      guint32 seed = (guint32) g_test_rand_int ();
      guint some = one_in[rounds.n % G_N_ELEMENTS (one_in)];
      pid_t child;
      int status;

      g_test_message ("seed %u, one in %u", seed, some);
      fflush (stdout);
      child = fork ();
      g_assert_cmpint (child, >=, 0);
      if (child == 0)
        {
          prctl (PR_SET_PDEATHSIG, SIGKILL);
          refuse_at_random (seed, some);
          kinds_run (&report->refused);
          refuse_nothing ();
          kinds_run_good ();
          child_exit ();
        }

      g_assert_cmpint (waitpid (child, &status, 0), ==, child);
      assert_child_was_right (status);
    }
}

/*
 * What fails once may fail for good where there is no second try: stacks are asked for twice, and threads of the pool
 * again and again.
 */
static const Case cases[] = {
  { "thread", REFUSE_THREAD, REFUSE_THREAD, THREADS | WATCHDOGS },
  { "mmap", REFUSE_MMAP, REFUSE_MMAP, STACKS },
  { "munmap", REFUSE_MUNMAP, REFUSE_MUNMAP, NOTHING },
  { "mprotect", REFUSE_MPROTECT, REFUSE_MADVISE, NOTHING },
  { "madvise", REFUSE_MADVISE, REFUSE_MADVISE, NOTHING },
  { "sigaltstack", REFUSE_SIGALTSTACK, REFUSE_SIGALTSTACK, NOTHING },
  { "eventfd", REFUSE_EVENTFD, REFUSE_EVENTFD, WATCHDOGS },
  { "getrandom", REFUSE_GETRANDOM, REFUSE_GETRANDOM, NOTHING },
  { "open", REFUSE_OPEN, REFUSE_GETRANDOM, NUMBERS },
};

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  report = mmap (NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  g_assert_true (report != MAP_FAILED);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/tend/failures/calls/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }

  g_test_add_func ("/tend/failures/calls/at-random", test_at_random);

  return g_test_run ();
}
