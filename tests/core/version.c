// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The version at compile time and at run time.

#include <tend.h>

G_STATIC_ASSERT (TEND_CHECK_VERSION (TEND_MAJOR_VERSION, TEND_MINOR_VERSION, TEND_MICRO_VERSION));
G_STATIC_ASSERT (TEND_CHECK_VERSION (0, 0, 0));
G_STATIC_ASSERT (!TEND_CHECK_VERSION (TEND_MAJOR_VERSION, TEND_MINOR_VERSION, TEND_MICRO_VERSION + 1));
G_STATIC_ASSERT (!TEND_CHECK_VERSION (TEND_MAJOR_VERSION, TEND_MINOR_VERSION + 1, 0));
G_STATIC_ASSERT (!TEND_CHECK_VERSION (TEND_MAJOR_VERSION + 1, 0, 0));
G_STATIC_ASSERT (TEND_VERSION_CUR_STABLE >= TEND_VERSION_0_1);

static void
test_at_run_time (void)
{
  g_assert_null (tend_check_version (TEND_MAJOR_VERSION, TEND_MINOR_VERSION, TEND_MICRO_VERSION));
  g_assert_null (tend_check_version (TEND_MAJOR_VERSION, 0, 99));
  g_assert_nonnull (tend_check_version (TEND_MAJOR_VERSION, TEND_MINOR_VERSION, TEND_MICRO_VERSION + 1));
  g_assert_nonnull (tend_check_version (TEND_MAJOR_VERSION, TEND_MINOR_VERSION + 1, 0));
  g_assert_nonnull (tend_check_version (TEND_MAJOR_VERSION + 1, 0, 0));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/version/at-run-time", test_at_run_time);

  return g_test_run ();
}
