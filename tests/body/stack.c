// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The pool of stacks, and what happens at the end of one and of all, without any task around them.

#include "bare-fiber.h"

#include "tend-error.h"
#include "tend-fiber.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#define N_MANY (IS_SLOW ? 2000u : 100000u)

static TendStack *
acquire_many (guint n)
{
  TendStack *stacks = g_new0 (TendStack, n);

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GError) error = NULL;

      tend_stack_acquire (&stacks[i], 0, &error);
      g_assert_no_error (error);
    }

  return stacks;
}

static void
release_many (TendStack *stacks,
              guint      n)
{
  for (guint i = 0; i < n; i++)
    tend_stack_release (&stacks[i]);

  g_free (stacks);
}

static guint
count_mappings (void)
{
  g_autofree char *maps = NULL;
  guint n = 0;

  g_assert_true (g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL));
  for (const char *p = maps; *p != '\0'; p++)
    n += *p == '\n';

  return n;
}

static gboolean
is_mapped (const char *low)
{
  return tend_stack_find_guard (low - 1) != 0;
}

/* --- The pool --- */

static void
test_reuses_last_first (void)
{
  TendStack *stacks = acquire_many (3);
  char *first = stacks[0].low;
  char *last = stacks[2].low;

  tend_stack_release (&stacks[0]);
  tend_stack_release (&stacks[2]);

  g_assert_true (tend_stack_acquire (&stacks[2], 0, NULL));
  g_assert_true (tend_stack_acquire (&stacks[0], 0, NULL));
  g_assert_true (stacks[2].low == last);
  g_assert_true (stacks[0].low == first);

  release_many (stacks, 3);
}

/* What is used in between, or not at all since the trim before, stays. */
static void
test_trims_what_was_idle_for_long (void)
{
  g_autofree TendStack *kept = acquire_many (1);
  TendStack other;
  char *kept_low = kept->low, *other_low;

  tend_stack_trim (TRUE);
  g_assert_true (tend_stack_acquire (&other, 1 << 20, NULL));
  other_low = other.low;
  g_assert_false (tend_stack_trim (FALSE));

  tend_stack_release (&other);
  g_assert_true (tend_stack_trim (FALSE));
  g_assert_true (is_mapped (other_low));
  g_assert_true (tend_stack_acquire (&other, 1 << 20, NULL));
  tend_stack_release (&other);
  g_assert_true (tend_stack_trim (FALSE));
  g_assert_true (is_mapped (other_low));
  g_assert_false (tend_stack_trim (FALSE));
  g_assert_false (is_mapped (other_low));
  g_assert_true (is_mapped (kept_low));

  tend_stack_release (kept);
  tend_stack_trim (TRUE);
  g_assert_false (is_mapped (kept_low));
}

/* Nobody looks after the few stacks of a program that has few fibers. */
static void
test_few_idle_stacks_want_no_trim (void)
{
  TendStack stack;

  tend_stack_trim (TRUE);
  g_assert_true (tend_stack_acquire (&stack, 0, NULL));
  tend_stack_release (&stack);
  g_assert_cmpint (tend_stack_trim_state, ==, TEND_TRIM_NONE);
}

static void
test_context_trims_idle_stacks (void)
{
  GMainContext *context = g_main_context_new ();
  gint64 before = tend_get_stack_idle_time ();
  TendStack *stacks;
  char *low;

  tend_stack_trim (TRUE);
  tend_set_stack_idle_time (TEND_FOREVER);
  stacks = acquire_many (200);
  low = stacks[0].low;
  release_many (stacks, 200);
  tend_stack_see_to_trim (context);
  g_assert_false (g_main_context_pending (context));
  g_assert_cmpint (tend_stack_trim_state, ==, TEND_TRIM_ARMED);

  /* A context that goes leaves it to the next one. */
  tend_set_stack_idle_time (3600 * G_TIME_SPAN_SECOND);
  tend_stack_see_to_trim (context);
  g_assert_cmpint (tend_stack_trim_state, ==, TEND_TRIM_ARMED);
  g_main_context_unref (context);
  g_assert_cmpint (tend_stack_trim_state, ==, TEND_TRIM_WANTED);

  tend_set_stack_idle_time (1);
  tend_stack_see_to_trim (NULL);
  g_assert_true (is_mapped (low));
  while (is_mapped (low))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (tend_stack_trim_state, ==, TEND_TRIM_NONE);

  tend_set_stack_idle_time (before);
}

static void
test_rounds_sizes (void)
{
  static const gsize sizes[] = { 0, 1, 16384, 16385, 65535, 65536, 65537, 100000, 1 << 20, 3 << 20, 256 << 20 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GError) error = NULL;
      gsize asked = sizes[i] == 0 ? tend_stack_default_size () : MAX (sizes[i], 16384);
      TendStack stack;

      g_assert_true (tend_stack_acquire (&stack, sizes[i], &error));
      g_assert_no_error (error);
      g_assert_cmpuint (stack.size, >=, asked);
      g_assert_cmpuint (stack.size, <=, asked + MAX (asked / 8, 4096));
      g_assert_cmpuint (stack.size % 4096, ==, 0);

      /* All of it is memory. */
      *stack.low = 1;
      tend_stack_top (&stack)[-1] = 1;
      tend_stack_release (&stack);
    }
}

static void
test_refuses_huge_sizes (void)
{
  static const gsize sizes[] = { (256 << 20) + 1, G_MAXSIZE };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GError) error = NULL;
      TendStack stack;

      g_assert_false (tend_stack_acquire (&stack, sizes[i], &error));
      g_assert_error (error, TEND_ERROR, TEND_ERROR_NO_STACK);
    }
}

static void
test_has_room_for_many (gconstpointer data)
{
  TendGuardMode mode = GPOINTER_TO_INT (data);
  guint n = N_MANY;
  guint n_guarded = 0;
  TendStack *stacks;

  tend_stack_set_guard_mode (mode);
  stacks = acquire_many (n);

  for (guint i = 0; i < n; i++)
    {
      n_guarded += stacks[i].guard != TEND_GUARD_CANARY;
      tend_stack_check (&stacks[i], "a test");
      if (i % 100 == 0)
        tend_stack_top (&stacks[i])[-1] = 1;
    }

  if (mode == TEND_GUARD_CANARY)
    g_assert_cmpuint (n_guarded, ==, 0);
  else
    g_assert_cmpuint (n_guarded, >, 0);
  g_test_message ("%u of %u guarded, %u mappings", n_guarded, n, count_mappings ());

  release_many (stacks, n);
  tend_stack_set_guard_mode (TEND_GUARD_AUTO);
}

/* What lies between two stacks that were mapped together. */
static gsize
get_guard_size (const TendStack *stacks)
{
  return stacks[1].low - stacks[0].low - stacks[0].size;
}

/* Wide for those that most programs have, and narrow beyond, until there are fewer again. */
static void
test_guards_are_wide_for_some (void)
{
  const guint n_wide = 8192, n = n_wide + 100;
  TendStack *stacks;

  if (GLIB_SIZEOF_VOID_P == 4 || IS_SLOW)
    {
      g_test_skip ("No wide guards here, or too many stacks for the tool.");
      return;
    }

  tend_stack_trim (TRUE);
  for (guint i = 0; i < 2; i++)
    {
      stacks = acquire_many (n);
      g_assert_cmpuint (get_guard_size (&stacks[0]), >=, 64 * 1024);
      g_assert_cmpuint (get_guard_size (&stacks[n_wide - 200]), >=, 64 * 1024);
      g_assert_cmpuint (get_guard_size (&stacks[n - 10]), <, 64 * 1024);
      release_many (stacks, n);
      tend_stack_trim (TRUE);
    }
}

static void
test_gives_memory_back (void)
{
  guint n = N_MANY / 10;
  guint n_before;
  gsize size_while, size_idle;
  TendStack *stacks;

  tend_stack_set_guard_mode (TEND_GUARD_MPROTECT);
  n_before = count_mappings ();

  stacks = acquire_many (n);
  size_while = get_memory (0);
  g_assert_cmpuint (count_mappings (), >=, n_before + MIN (n, 10000));

  /* The stacks are not unmapped yet; what else there is, the allocator's for one, comes and goes. */
  release_many (stacks, n);
  g_assert_cmpuint (count_mappings (), >=, n_before + MIN (n, 10000));
  g_assert_true (tend_stack_trim (FALSE));
  g_assert_false (tend_stack_trim (FALSE));
  size_idle = get_memory (0);
  if (n >= 10000)
    g_assert_cmpuint (size_idle, <, size_while - n / 2 * 65536ul);

  tend_stack_set_guard_mode (TEND_GUARD_AUTO);
  g_assert_cmpuint (count_mappings (), <=, n_before + 20);
}

/* However many stacks there were at once: what is more than a wave of fibers is likely to need goes when it is idle. */
static void
test_keeps_so_many_and_no_more (void)
{
  const guint n = 2000, size = 1 << 20;
  g_autofree TendStack *stacks = g_new0 (TendStack, n);
  g_autofree char **lows = g_new0 (char *, n);
  guint n_kept = 0;

  tend_stack_trim (TRUE);
  for (guint i = 0; i < n; i++)
    {
      g_assert_true (tend_stack_acquire (&stacks[i], size, NULL));
      lows[i] = stacks[i].low;
    }
  for (guint i = 0; i < n; i++)
    tend_stack_release (&stacks[i]);
  for (guint i = 0; i < n; i++)
    n_kept += is_mapped (lows[i]);

#if GLIB_SIZEOF_VOID_P > 4
  g_assert_cmpuint (n_kept, >=, 1100);
#endif
  g_assert_cmpuint (n_kept, <=, 1152);
  tend_stack_trim (TRUE);
}

static gpointer
churn_thread (gpointer data)
{
  guint32 seed = GPOINTER_TO_UINT (data);
  TendStack stacks[200];
  guint n = 0;

  for (guint i = 0; i < (IS_SLOW ? 2000u : 20000u); i++)
    {
      seed = seed * 1664525 + 1013904223;
      if (n == 0 || (n < G_N_ELEMENTS (stacks) && seed >> 31))
        {
          g_assert_true (tend_stack_acquire (&stacks[n], (seed >> 16) % 3 * 65536, NULL));
          tend_stack_top (&stacks[n++])[-1] = 1;
        }
      else
        {
          tend_stack_release (&stacks[--n]);
        }
      if (i % 1000 == 0)
        tend_stack_trim (TRUE);
    }

  while (n > 0)
    tend_stack_release (&stacks[--n]);

  return NULL;
}

static void
test_serves_several_threads (void)
{
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("churn", churn_thread, GUINT_TO_POINTER (i + 1));
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

/* --- Running out, and over --- */

static void
test_reports_no_memory (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree TendStack *stacks = NULL;
  struct rlimit limit;
  guint n = 0;

  if (IS_SLOW)
    {
      g_test_skip ("The tool's own memory does not live within a limit.");
      return;
    }
  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }

  stacks = g_new0 (TendStack, 10000);
  limit.rlim_cur = limit.rlim_max = get_memory (0) + (64 << 20);
  g_assert_cmpint (setrlimit (RLIMIT_AS, &limit), ==, 0);

  while (n < 10000 && tend_stack_acquire (&stacks[n], 0, &error))
    n++;
  g_assert_error (error, TEND_ERROR, TEND_ERROR_NO_STACK);
  g_assert_nonnull (strstr (error->message, "65536"));
  g_assert_nonnull (strstr (error->message, g_strerror (ENOMEM)));
  g_assert_cmpuint (n, >, 400);

  /* Nothing is broken by it. */
  tend_stack_release (&stacks[n - 1]);
  g_assert_true (tend_stack_acquire (&stacks[n - 1], 0, NULL));
  while (n > 0)
    tend_stack_release (&stacks[--n]);
  tend_stack_trim (TRUE);
}

/* What is idle in one size makes room for another. */
static void
test_makes_room (void)
{
  g_autofree TendStack *stacks = NULL;
  g_autoptr (GError) error = NULL;
  struct rlimit limit;
  TendStack other;

  if (IS_SLOW)
    {
      g_test_skip ("The tool's own memory does not live within a limit.");
      return;
    }
  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }

  limit.rlim_cur = limit.rlim_max = get_memory (0) + (96 << 20);
  g_assert_cmpint (setrlimit (RLIMIT_AS, &limit), ==, 0);
  stacks = acquire_many (600);
  for (guint i = 0; i < 600; i++)
    tend_stack_release (&stacks[i]);

  g_assert_true (tend_stack_acquire (&other, 32 << 20, &error));
  g_assert_no_error (error);
  tend_stack_release (&other);
  tend_stack_trim (TRUE);
}

/* Goes down until it is below @bottom. */
static G_GNUC_NO_INLINE guint
dive (const char *bottom)
{
  volatile char local[200];

  local[0] = 1;
  local[sizeof local - 1] = 1;
  if ((guintptr) local < (guintptr) bottom)
    return 0;

  return dive (bottom) + local[0];
}

static void
overflow_run (Fiber *fiber)
{
  fiber->n = dive (NULL);
}

static void
overflow_a_bit_run (Fiber *fiber)
{
  fiber->n = dive (fiber->stack.low - 300);
  fiber_yield (fiber);
}

static gpointer
overflow_thread (gpointer data)
{
  Fiber fiber = { 0 };

  fiber_start (&fiber, overflow_run);
  tend_stack_prepare_thread ();
  tend_stack_prepare_thread ();
  fiber_resume (&fiber);

  return NULL;
}

typedef enum
{
  CRASH_ON_FIBER,
  CRASH_ON_FIBER_IN_THREAD,
  CRASH_ELSEWHERE,
  CRASH_BY_SIGNAL,
  CRASH_ON_CANARY,
} Crash;

static void
crash (Crash kind)
{
  const struct rlimit none = { 0, 0 };
  char *volatile nowhere = GSIZE_TO_POINTER (16);
  Fiber fibers[2] = { 0 };

  setrlimit (RLIMIT_CORE, &none);
  if (kind == CRASH_ON_CANARY)
    tend_stack_set_guard_mode (TEND_GUARD_CANARY);

  /* What the second stack runs into is the first one, not somebody else's memory. */
  fiber_start (&fibers[0], overflow_run);
  fiber_start (&fibers[1], kind == CRASH_ON_CANARY ? overflow_a_bit_run : overflow_run);
  tend_stack_prepare_thread ();

  if (kind == CRASH_ON_FIBER || kind == CRASH_ON_CANARY)
    fiber_resume (&fibers[1]);
  else if (kind == CRASH_ON_FIBER_IN_THREAD)
    g_thread_join (g_thread_new ("overflow", overflow_thread, NULL));
  else if (kind == CRASH_ELSEWHERE)
    *nowhere = 1;
  else
    raise (SIGSEGV);
}

static void
test_crash (gconstpointer data)
{
  Crash kind = GPOINTER_TO_INT (data);

  if (IS_SLOW)
    {
      g_test_skip ("The tool handles the signal itself, or watches the stack.");
      return;
    }
  if (g_test_subprocess ())
    {
      crash (kind);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  if (kind == CRASH_ON_CANARY)
    g_test_trap_assert_stderr ("*a test: stack overflow: *65536 bytes; tend_task_set_stack_size() gives it more*");
  else if (kind == CRASH_ON_FIBER || kind == CRASH_ON_FIBER_IN_THREAD)
    g_test_trap_assert_stderr ("*libtend: Fiber: stack overflow: the stack has 65536 bytes; "
                               "tend_task_set_stack_size() gives it more\n*");
  else
    g_test_trap_assert_stderr_unmatched ("*overflow*");
}

#define GUARD(name, mode) { "/tend/stack/has-room-for-many/" name, test_has_room_for_many, mode }
#define OVERFLOW(name, kind) { "/tend/stack/reports-overflow/" name, test_crash, kind }
#define FAULT(name, kind) { "/tend/stack/leaves-other-faults-alone/" name, test_crash, kind }

static const struct
{
  const char    *path;
  GTestDataFunc  func;
  int            data;
} variants[] = {
  GUARD ("auto", TEND_GUARD_AUTO),
  GUARD ("madvise", TEND_GUARD_MADVISE),
  GUARD ("mprotect", TEND_GUARD_MPROTECT),
  GUARD ("canary", TEND_GUARD_CANARY),
  OVERFLOW ("guard", CRASH_ON_FIBER),
  OVERFLOW ("guard-in-thread", CRASH_ON_FIBER_IN_THREAD),
  OVERFLOW ("canary", CRASH_ON_CANARY),
  FAULT ("address", CRASH_ELSEWHERE),
  FAULT ("signal", CRASH_BY_SIGNAL),
};

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/stack/reuses-last-first", test_reuses_last_first);
  g_test_add_func ("/tend/stack/trims-what-was-idle-for-long", test_trims_what_was_idle_for_long);
  g_test_add_func ("/tend/stack/few-idle-stacks-want-no-trim", test_few_idle_stacks_want_no_trim);
  g_test_add_func ("/tend/stack/context-trims-idle-stacks", test_context_trims_idle_stacks);
  g_test_add_func ("/tend/stack/rounds-sizes", test_rounds_sizes);
  g_test_add_func ("/tend/stack/refuses-huge-sizes", test_refuses_huge_sizes);
  g_test_add_func ("/tend/stack/guards-are-wide-for-some", test_guards_are_wide_for_some);
  g_test_add_func ("/tend/stack/gives-memory-back", test_gives_memory_back);
  g_test_add_func ("/tend/stack/keeps-so-many-and-no-more", test_keeps_so_many_and_no_more);
  g_test_add_func ("/tend/stack/serves-several-threads", test_serves_several_threads);
  g_test_add_func ("/tend/stack/reports-no-memory", test_reports_no_memory);
  g_test_add_func ("/tend/stack/makes-room", test_makes_room);

  for (gsize i = 0; i < G_N_ELEMENTS (variants); i++)
    g_test_add_data_func (variants[i].path, GINT_TO_POINTER (variants[i].data), variants[i].func);

  return g_test_run ();
}
