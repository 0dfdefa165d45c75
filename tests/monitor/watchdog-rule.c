// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// When the watchdog speaks: by numbers alone, without a clock.

#include "tend-monitor-private.h"

static void
assert_quiet (TendWatchRule *rule,
              gint64         threshold,
              gint64         since,
              gint64         now,
              gint64         next)
{
  gint64 next_look = -1;

  g_assert_false (tend_watch_rule_look (rule, threshold, since, now, &next_look));
  g_assert_cmpint (next_look, ==, next);
}

static void
assert_speaks (TendWatchRule *rule,
               gint64         threshold,
               gint64         since,
               gint64         now,
               gint64         next)
{
  gint64 next_look = -1;

  g_assert_true (tend_watch_rule_look (rule, threshold, since, now, &next_look));
  g_assert_cmpint (next_look, ==, next);
}

static void
test_idle_is_never_late (void)
{
  TendWatchRule rule = { 0 };

  assert_quiet (&rule, 100, 0, 1000, 1100);
  assert_quiet (&rule, 100, 0, 5000000, 5000100);
}

static void
test_short_is_not_late (void)
{
  TendWatchRule rule = { 0 };

  for (gint64 since = 1000; since < 100000; since += 100)
    assert_quiet (&rule, 100, since, since + 99, since + 100);
}

/* To the microsecond: the next look is at the threshold. */
static void
test_speaks_at_the_threshold (void)
{
  TendWatchRule rule = { 0 };

  assert_quiet (&rule, 100, 1000, 1000, 1100);
  assert_quiet (&rule, 100, 1000, 1099, 1100);
  assert_speaks (&rule, 100, 1000, 1100, 1200);
  assert_quiet (&rule, 100, 1000, 1100, 1200);
}

static void
test_speaks_at_each_doubling (void)
{
  TendWatchRule rule = { 0 };

  assert_speaks (&rule, 100, 1000, 1100, 1200);
  assert_quiet (&rule, 100, 1000, 1199, 1200);
  assert_speaks (&rule, 100, 1000, 1200, 1300);
  assert_quiet (&rule, 100, 1000, 1399, 1400);
  assert_speaks (&rule, 100, 1000, 1400, 1500);
}

/* A look that comes late speaks once, not for each doubling that it has missed. */
static void
test_missed_doublings_are_one (void)
{
  TendWatchRule rule = { 0 };

  assert_speaks (&rule, 100, 1000, 1750, 1800);
  assert_quiet (&rule, 100, 1000, 1799, 1800);
}

/* The next doubling is far away, and a new block may be late long before it. */
static void
test_looks_in_time_for_the_next_block (void)
{
  TendWatchRule rule = { 0 };

  assert_speaks (&rule, 100, 1000, 7500, 7600);
  assert_speaks (&rule, 100, 7500, 7600, 7700);
}

static void
test_each_block_begins_anew (void)
{
  TendWatchRule rule = { 0 };

  assert_speaks (&rule, 100, 1000, 1700, 1800);
  assert_quiet (&rule, 100, 1750, 1800, 1850);
  assert_speaks (&rule, 100, 1750, 1850, 1950);

  /* Polls lie in between, whether or not they were seen. */
  assert_quiet (&rule, 100, 0, 2000, 2100);
  assert_speaks (&rule, 100, 2010, 2110, 2210);
}

static void
test_threshold_changes_within_a_block (void)
{
  TendWatchRule rule = { 0 };

  assert_quiet (&rule, 10000, 1000, 1500, 11000);
  assert_speaks (&rule, 100, 1000, 1500, 1600);
  assert_quiet (&rule, 10000, 1000, 1900, 11000);
}

static void
test_huge_numbers_do_not_overflow (void)
{
  TendWatchRule rule = { 0 };
  const gint64 most = G_MAXINT64;

  assert_quiet (&rule, most, 0, 1000, most);
  assert_quiet (&rule, most, 1000, most - 1, most);
  assert_speaks (&rule, most / 2 + 1, 1, most - 1, most);
  assert_quiet (&rule, most / 2 + 1, 1, most - 1, most);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/watchdog/rule/idle-is-never-late", test_idle_is_never_late);
  g_test_add_func ("/tend/watchdog/rule/short-is-not-late", test_short_is_not_late);
  g_test_add_func ("/tend/watchdog/rule/speaks-at-the-threshold", test_speaks_at_the_threshold);
  g_test_add_func ("/tend/watchdog/rule/speaks-at-each-doubling", test_speaks_at_each_doubling);
  g_test_add_func ("/tend/watchdog/rule/missed-doublings-are-one", test_missed_doublings_are_one);
  g_test_add_func ("/tend/watchdog/rule/looks-in-time-for-the-next-block", test_looks_in_time_for_the_next_block);
  g_test_add_func ("/tend/watchdog/rule/each-block-begins-anew", test_each_block_begins_anew);
  g_test_add_func ("/tend/watchdog/rule/threshold-changes-within-a-block", test_threshold_changes_within_a_block);
  g_test_add_func ("/tend/watchdog/rule/huge-numbers-do-not-overflow", test_huge_numbers_do_not_overflow);

  return g_test_run ();
}
