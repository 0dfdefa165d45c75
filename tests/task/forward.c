// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A task that hands its progress on to one of which it is a part.

#include "common.h"

static TendTask *
open_task (void)
{
  return tend_task_run_open (NULL, idle_body, NULL, NULL);
}

#define assert_progress(task, progress) \
  do \
    { \
      settle (); \
      g_assert_cmpfloat_with_epsilon (tend_task_get_progress (task), progress, 1e-9); \
    } \
  while (0)

static void
test_parts_of_a_whole (void)
{
  g_autoptr(TendTask) whole = open_task ();
  g_autoptr(TendTask) first = open_task ();
  g_autoptr(TendTask) second = open_task ();

  tend_task_forward_progress (first, whole, 0.0, 0.25);
  tend_task_forward_progress (second, whole, 0.25, 1.0);
  tend_task_set_progress (first, 0.5, "not handed on");
  assert_progress (whole, 0.125);
  g_assert_null (tend_task_dup_message (whole));

  /* Who completes has done all, whatever it said last. */
  tend_task_return_value (first, NULL);
  assert_progress (whole, 0.25);
  tend_task_set_progress (second, 1.0 / 3.0, NULL);
  assert_progress (whole, 0.5);
  tend_task_pulse (second, NULL);
  assert_progress (whole, 0.5);

  /* Who does not has done what it said. */
  tend_task_stop (second);
  assert_progress (whole, 0.5);
  tend_task_return_value (whole, NULL);
  assert_gone (first);
  assert_gone (second);
  assert_gone (whole);
}

static void
test_whole_ends_before (void)
{
  g_autoptr(TendTask) whole = open_task ();
  g_autoptr(TendTask) part = open_task ();

  tend_task_forward_progress (part, whole, 0.0, 1.0);
  tend_task_return_value (whole, NULL);
  tend_task_set_progress (part, 0.5, NULL);
  assert_progress (whole, 0.0);
  tend_task_return_value (part, NULL);
  assert_progress (whole, 0.0);
  assert_gone (part);
  assert_gone (whole);
}

/* The reference to the whole goes with a part that is never started. */
static void
test_part_is_dropped (void)
{
  g_autoptr(TendTask) whole = open_task ();
  g_autoptr(TendTask) part = tend_task_new_open (NULL, idle_body, NULL, NULL);

  tend_task_forward_progress (part, whole, 0.0, 1.0);
  assert_gone (part);
  tend_task_return_value (whole, NULL);
  assert_gone (whole);
}

static void
test_to_each_other (void)
{
  g_autoptr(TendTask) one = open_task ();
  g_autoptr(TendTask) other = open_task ();

  tend_task_forward_progress (one, other, 0.0, 1.0);
  tend_task_forward_progress (other, one, 0.0, 1.0);
  tend_task_set_progress (one, 0.5, NULL);
  assert_progress (one, 0.5);
  assert_progress (other, 0.5);
  tend_task_stop (one);
  tend_task_stop (other);
  assert_gone (one);
  assert_gone (other);
}

static void
test_refusals (void)
{
  g_autoptr(TendTask) whole = open_task ();
  g_autoptr(TendTask) part = open_task ();

  expect_critical ("*self != to*");
  tend_task_forward_progress (part, part, 0.0, 1.0);
  expect_critical ("*start >= 0.0*");
  tend_task_forward_progress (part, whole, -0.1, 1.0);
  expect_critical ("*end <= 1.0*");
  tend_task_forward_progress (part, whole, 0.0, 1.1);
  g_test_assert_expected_messages ();

  tend_task_return_value (whole, NULL);
  tend_task_forward_progress (part, whole, 0.0, 1.0);
  assert_gone (whole);
  tend_task_stop (part);
  assert_gone (part);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/task/forward/parts-of-a-whole", test_parts_of_a_whole);
  g_test_add_func ("/tend/task/forward/whole-ends-before", test_whole_ends_before);
  g_test_add_func ("/tend/task/forward/part-is-dropped", test_part_is_dropped);
  g_test_add_func ("/tend/task/forward/to-each-other", test_to_each_other);
  g_test_add_func ("/tend/task/forward/refusals", test_refusals);

  return g_test_run ();
}
