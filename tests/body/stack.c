// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The pool of stacks, and the switch from one to another, without any task around them.

#include "tend-body-private.h"

#include "tend-error.h"

#include <errno.h>
#include <fenv.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>

#ifdef HAVE_VALGRIND
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

/* ThreadSanitizer has room for some thousand fibers, and each tool makes each stack dearer. */
#ifdef TEND_SWITCH_ANNOTATED
#define IS_SLOW TRUE
#else
#define IS_SLOW (RUNNING_ON_VALGRIND != 0)
#endif
#define N_MANY (IS_SLOW ? 2000u : 100000u)
#define N_FIBERS (IS_SLOW ? 200u : 2000u)

/* --- The least that a fiber is --- */

typedef struct _Fiber Fiber;

struct _Fiber
{
  TendStack    stack;
  TendContext  context;
  TendContext  caller;
  void      (* run) (Fiber *fiber);
  gboolean     is_done;
  guint        n;
  Fiber       *next;
};

static void
fiber_entry (gpointer data)
{
  Fiber *fiber = data;

  fiber->run (fiber);
  fiber->is_done = TRUE;
  tend_context_switch_last (&fiber->context, &fiber->caller);
}

static void
fiber_start (Fiber  *fiber,
             void (* run) (Fiber *fiber))
{
  g_autoptr (GError) error = NULL;

  fiber->run = run;
  tend_stack_acquire (&fiber->stack, 0, &error);
  g_assert_no_error (error);
  tend_context_prepare (&fiber->context, &fiber->stack, fiber_entry, fiber);
}

static void
fiber_resume (Fiber *fiber)
{
  tend_context_switch (&fiber->caller, &fiber->context);
}

static void
fiber_yield (Fiber *fiber)
{
  tend_stack_check (&fiber->stack, "a test");
  tend_context_switch (&fiber->context, &fiber->caller);
}

static void
fiber_clear (Fiber *fiber)
{
  tend_context_clear (&fiber->context);
  tend_stack_release (&fiber->stack);
}

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

/* Bytes: field 0 is all of the address space, 1 what is in memory. */
static gsize
get_memory (guint field)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) fields = NULL;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  fields = g_strsplit (text, " ", -1);

  return strtoull (fields[field], NULL, 10) * 4096;
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
      g_assert_error (error, TEND_TASK_ERROR, TEND_TASK_ERROR_NO_STACK);
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

static void
test_gives_memory_back (void)
{
  guint n = N_MANY / 10;
  guint n_before, n_while;
  gsize size_while, size_idle;
  TendStack *stacks;

  tend_stack_set_guard_mode (TEND_GUARD_MPROTECT);
  n_before = count_mappings ();

  stacks = acquire_many (n);
  n_while = count_mappings ();
  size_while = get_memory (0);
  g_assert_cmpuint (n_while, >=, n_before + MIN (n, 10000));

  release_many (stacks, n);
  size_idle = get_memory (0);
  if (n >= 10000)
    g_assert_cmpuint (size_idle, <, size_while - n / 2 * 65536ul);

  tend_stack_set_guard_mode (TEND_GUARD_AUTO);
  g_assert_cmpuint (count_mappings (), <=, n_before + 20);
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
        tend_stack_trim ();
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
  g_assert_error (error, TEND_TASK_ERROR, TEND_TASK_ERROR_NO_STACK);
  g_assert_nonnull (strstr (error->message, "65536"));
  g_assert_nonnull (strstr (error->message, g_strerror (ENOMEM)));
  g_assert_cmpuint (n, >, 500);

  /* Nothing is broken by it. */
  tend_stack_release (&stacks[n - 1]);
  g_assert_true (tend_stack_acquire (&stacks[n - 1], 0, NULL));
  while (n > 0)
    tend_stack_release (&stacks[--n]);
  tend_stack_trim ();
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

  tend_stack_prepare_thread ();
  tend_stack_prepare_thread ();
  fiber_start (&fiber, overflow_run);
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
  tend_stack_prepare_thread ();
  if (kind == CRASH_ON_CANARY)
    tend_stack_set_guard_mode (TEND_GUARD_CANARY);

  /* What the second stack runs into is the first one, not somebody else's memory. */
  fiber_start (&fibers[0], overflow_run);
  fiber_start (&fibers[1], kind == CRASH_ON_CANARY ? overflow_a_bit_run : overflow_run);

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
    g_test_trap_assert_stderr ("*Stack overflow in a test: it has 65536 bytes; tend_task_set_stack_size() gives it more*");
  else if (kind == CRASH_ON_FIBER || kind == CRASH_ON_FIBER_IN_THREAD)
    g_test_trap_assert_stderr ("*libtend: stack overflow in a fiber: its stack has 65536 bytes; "
                               "tend_task_set_stack_size() gives it more\n*");
  else
    g_test_trap_assert_stderr_unmatched ("*overflow*");
}

/* --- The switch --- */

/* The frame that a call makes starts at a multiple of 16, if the stack was aligned for the call. */
static G_GNUC_NO_INLINE void
align_run (Fiber *fiber)
{
  g_assert_cmpuint ((guintptr) __builtin_frame_address (0) % 16, ==, 0);
  fiber_yield (fiber);
  g_assert_cmpuint ((guintptr) __builtin_frame_address (0) % 16, ==, 0);
}

static void
test_aligns_stacks (void)
{
  Fiber fibers[TEND_STACK_STAGGERS] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (fibers); i++)
    fiber_start (&fibers[i], align_run);
  for (guint i = 0; i < G_N_ELEMENTS (fibers); i++)
    {
      fiber_resume (&fibers[i]);
      fiber_resume (&fibers[i]);
      g_assert_true (fibers[i].is_done);
      fiber_clear (&fibers[i]);
    }
}

static void
round_run (Fiber *fiber)
{
  g_assert_cmpint (fegetround (), ==, FE_TONEAREST);
  g_assert_cmpint (fesetround (FE_UPWARD), ==, 0);
  fiber_yield (fiber);
  g_assert_cmpint (fegetround (), ==, FE_UPWARD);
  fiber_yield (fiber);
  g_assert_cmpint (fegetround (), ==, FE_UPWARD);
}

static void
test_keeps_floating_point_control (void)
{
  volatile double zero = 0;
  volatile double inexact;
  Fiber fiber = { 0 };

  fiber_start (&fiber, round_run);
  fiber_resume (&fiber);
  g_assert_cmpint (fegetround (), ==, FE_TONEAREST);

  /* Status bits alone make no difference. */
  inexact = 1 / (zero + 3);
  g_assert_cmpfloat (inexact, <, 1);
  g_assert_cmpint (fesetround (FE_DOWNWARD), ==, 0);
  fiber_resume (&fiber);
  g_assert_cmpint (fegetround (), ==, FE_DOWNWARD);
  fiber_resume (&fiber);
  g_assert_cmpint (fegetround (), ==, FE_DOWNWARD);

  fesetround (FE_TONEAREST);
  g_assert_true (fiber.is_done);
  fiber_clear (&fiber);
}

static void
count_run (Fiber *fiber)
{
  char text[64];
  double x = fiber->n;

  for (guint i = 0; i < 20; i++)
    {
      g_snprintf (text, sizeof text, "%p %u", (gpointer) fiber, i);
      fiber_yield (fiber);

      {
        g_autofree char *expected = g_strdup_printf ("%p %u", (gpointer) fiber, i);

        g_assert_cmpstr (text, ==, expected);
      }
      x += i;
    }

  fiber->n = x;
}

static void
test_switches_among_many (void)
{
  guint n = N_FIBERS;
  g_autofree Fiber *fibers = g_new0 (Fiber, n);

  for (guint i = 0; i < n; i++)
    {
      fibers[i].n = i;
      fiber_start (&fibers[i], count_run);
    }
  for (guint round = 0; round < 21; round++)
    for (guint i = 0; i < n; i++)
      fiber_resume (&fibers[i]);
  for (guint i = 0; i < n; i++)
    {
      g_assert_true (fibers[i].is_done);
      g_assert_cmpuint (fibers[i].n, ==, i + 190);
      fiber_clear (&fibers[i]);
    }
}

/* Each fiber resumes the next one from its own stack, which does so in turn. */
static void
nest_run (Fiber *fiber)
{
  for (guint i = 0; i < 3; i++)
    {
      if (fiber->next != NULL)
        fiber_resume (fiber->next);
      fiber->n++;
      fiber_yield (fiber);
    }
}

static void
test_nests (void)
{
  guint n = N_FIBERS;
  g_autofree Fiber *fibers = g_new0 (Fiber, n);

  for (guint i = 0; i < n; i++)
    {
      fibers[i].next = i + 1 < n ? &fibers[i + 1] : NULL;
      fiber_start (&fibers[i], nest_run);
    }
  for (guint i = 0; i < 3; i++)
    fiber_resume (&fibers[0]);
  for (guint i = 0; i < n; i++)
    {
      g_assert_cmpuint (fibers[i].n, ==, 3);
      fiber_clear (&fibers[i]);
    }
}

static void
yield_once_run (Fiber *fiber)
{
  fiber_yield (fiber);
}

/* What was left in the middle of something, or never entered, serves again. */
static void
test_leaves_stacks_reusable (void)
{
  for (guint i = 0; i < 100; i++)
    {
      Fiber left = { 0 };
      Fiber never = { 0 };

      fiber_start (&never, yield_once_run);
      fiber_start (&left, count_run);
      fiber_resume (&left);
      fiber_clear (&left);
      fiber_clear (&never);
    }
}

static void
test_touches_one_page (void)
{
  const guint n = 10000;
  g_autofree Fiber *fibers = g_new0 (Fiber, n);
  gsize before, each;

  if (IS_SLOW)
    {
      g_test_skip ("The tool's own memory is counted too.");
      return;
    }

  tend_stack_trim ();
  memset (fibers, 0, n * sizeof *fibers);
  before = get_memory (1);
  for (guint i = 0; i < n; i++)
    {
      fiber_start (&fibers[i], yield_once_run);
      fiber_resume (&fibers[i]);
    }
  each = (get_memory (1) - before) / n;
  g_test_message ("%" G_GSIZE_FORMAT " bytes per waiting fiber", each);
  g_assert_cmpuint (each, <, 4400);

  for (guint i = 0; i < n; i++)
    fiber_clear (&fibers[i]);
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
  g_test_add_func ("/tend/stack/rounds-sizes", test_rounds_sizes);
  g_test_add_func ("/tend/stack/refuses-huge-sizes", test_refuses_huge_sizes);
  g_test_add_func ("/tend/stack/gives-memory-back", test_gives_memory_back);
  g_test_add_func ("/tend/stack/serves-several-threads", test_serves_several_threads);
  g_test_add_func ("/tend/stack/reports-no-memory", test_reports_no_memory);
  g_test_add_func ("/tend/stack/aligns-stacks", test_aligns_stacks);
  g_test_add_func ("/tend/stack/keeps-floating-point-control", test_keeps_floating_point_control);
  g_test_add_func ("/tend/stack/switches-among-many", test_switches_among_many);
  g_test_add_func ("/tend/stack/nests", test_nests);
  g_test_add_func ("/tend/stack/leaves-stacks-reusable", test_leaves_stacks_reusable);
  g_test_add_func ("/tend/stack/touches-one-page", test_touches_one_page);

  for (gsize i = 0; i < G_N_ELEMENTS (variants); i++)
    g_test_add_data_func (variants[i].path, GINT_TO_POINTER (variants[i].data), variants[i].func);

  return g_test_run ();
}
