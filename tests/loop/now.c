// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The two clocks that a loop reads.

#include "tend.h"
#include "tend-loop-private.h"

/* A tick of the kernel is 10 ms at most, but on a machine that is busy the next may be late. */
static void
test_coarse_is_behind (void)
{
  TendLoop *loop = tend_loop_acquire (NULL, G_PRIORITY_DEFAULT);
  gint64 before = tend_loop_now (loop);
  gint64 coarse = tend_loop_now_coarse (loop);

  g_assert_cmpint (coarse, >=, before - G_TIME_SPAN_SECOND);
  g_assert_cmpint (coarse, <=, tend_loop_now (loop));

  tend_loop_release (loop);
}

static void
test_both_are_frozen (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendLoop *loop = tend_loop_acquire (NULL, G_PRIORITY_DEFAULT);

  tend_clock_advance (clock, 5, NULL);
  g_assert_cmpint (tend_loop_now (loop), ==, tend_clock_get_time (clock));
  g_assert_cmpint (tend_loop_now_coarse (loop), ==, tend_clock_get_time (clock));

  tend_loop_release (loop);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/now/coarse-is-behind", test_coarse_is_behind);
  g_test_add_func ("/tend/now/both-are-frozen", test_both_are_frozen);

  return g_test_run ();
}
