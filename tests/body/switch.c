// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The switch from one stack to another, without any task around it.

#include "bare-fiber.h"

#include <fenv.h>
#include <string.h>

#define N_FIBERS (IS_SLOW ? 200u : 2000u)

/* Above what a call puts on the stack, two addresses, it is at a multiple of 16 if it was aligned for the call. */
static G_GNUC_NO_INLINE void
align_run (Fiber *fiber)
{
  const gsize room = 2 * sizeof (gpointer);

  g_assert_cmpuint (((guintptr) __builtin_frame_address (0) + room) % 16, ==, 0);
  fiber_yield (fiber);
  g_assert_cmpuint (((guintptr) __builtin_frame_address (0) + room) % 16, ==, 0);
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

  tend_stack_trim (TRUE);
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

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/switch/aligns-stacks", test_aligns_stacks);
  g_test_add_func ("/tend/switch/keeps-floating-point-control", test_keeps_floating_point_control);
  g_test_add_func ("/tend/switch/switches-among-many", test_switches_among_many);
  g_test_add_func ("/tend/switch/nests", test_nests);
  g_test_add_func ("/tend/switch/leaves-stacks-reusable", test_leaves_stacks_reusable);
  g_test_add_func ("/tend/switch/touches-one-page", test_touches_one_page);

  return g_test_run ();
}
