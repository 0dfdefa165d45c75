// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Descriptors in a loop: shared ones, numbers that are used again, files that are closed, many at once, and what the
// loop leaves to others.

#include "descriptors.h"

#include <sys/resource.h>

static TendTask *
wait_for (int          fd,
          GIOCondition condition)
{
  TendTask *task = tend_task_run_fd (NULL, fd, condition);

  settle ();
  return task;
}

/* The task has ended with @condition. */
#define assert_ready(task, condition) \
  do \
    { \
      settle (); \
      assert_status (task, "completed"); \
      g_assert_cmpint (tend_task_get_int (task), ==, condition); \
      assert_gone (task); \
    } \
  while (0)

#define assert_waits(task) \
  do \
    { \
      settle (); \
      assert_status (task, "running"); \
    } \
  while (0)

static void
drop (TendTask *task)
{
  tend_task_stop (task);
  assert_gone (task);
}

/* --- The same descriptor --- */

static void
test_two_wait_for_the_same (void)
{
  Pair pair = pair_new ();
  TendTask *tasks[3];

  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    tasks[i] = wait_for (pair.here, G_IO_IN);
  drop (tasks[1]);
  pair_write (&pair, 1);
  assert_ready (tasks[0], G_IO_IN);
  assert_ready (tasks[2], G_IO_IN);
  pair_clear (&pair);
}

/* One reads, one writes; neither is woken for the other. */
static void
test_in_and_out_apart (void)
{
  Pair pair = pair_new ();
  TendTask *in, *out;

  pair_fill (&pair);
  in = wait_for (pair.here, G_IO_IN);
  out = wait_for (pair.here, G_IO_OUT);
  pair_drain (pair.there);
  assert_ready (out, G_IO_OUT);
  assert_waits (in);

  pair_fill (&pair);
  out = wait_for (pair.here, G_IO_OUT);
  pair_write (&pair, 1);
  assert_ready (in, G_IO_IN);
  assert_waits (out);

  pair_drain (pair.there);
  assert_ready (out, G_IO_OUT);
  pair_clear (&pair);
}

static void
test_hang_up_wakes_all (void)
{
  Pair pair = pair_new ();
  TendTask *in, *out;

  pair_fill (&pair);
  in = wait_for (pair.here, G_IO_IN);
  out = wait_for (pair.here, G_IO_OUT);
  close (pair.there);
  settle ();
  assert_status (in, "completed");
  assert_status (out, "completed");
  g_assert_cmpint (tend_task_get_int (in) & (G_IO_HUP | G_IO_ERR), !=, 0);
  g_assert_cmpint (tend_task_get_int (out) & (G_IO_HUP | G_IO_ERR), !=, 0);
  assert_gone (in);
  assert_gone (out);
  close (pair.here);
}

/* What nobody reads does not keep the loop busy. */
static void
test_nobody_waits_any_more (void)
{
  Pair pair = pair_new ();
  TendTask *task = wait_for (pair.here, G_IO_IN | G_IO_OUT);

  assert_ready (task, G_IO_OUT);
  pair_write (&pair, 2);
  task = wait_for (pair.here, G_IO_IN);
  assert_ready (task, G_IO_IN);
  settle ();
  task = wait_for (pair.here, G_IO_PRI);
  assert_waits (task);
  close (pair.there);
  settle ();
  assert_status (task, "completed");
  assert_gone (task);
  close (pair.here);
}

/* --- Numbers that are used again --- */

static void
test_number_of_another_file (void)
{
  Pair first = pair_new (), second = pair_new ();
  TendTask *task = wait_for (first.here, G_IO_IN);

  /* Its registration is kept, and goes with the file. */
  drop (task);
  g_assert_cmpint (dup2 (second.here, first.here), ==, first.here);
  task = wait_for (first.here, G_IO_IN);
  assert_waits (task);
  pair_write (&second, 1);
  assert_ready (task, G_IO_IN);
  pair_clear (&first);
  pair_clear (&second);
}

/* As the former, but another descriptor keeps the file, and nobody can remove its registration. */
static void
test_number_of_another_file_while_a_copy_is_open (void)
{
  Pair first = pair_new (), second = pair_new (), third = pair_new ();
  int copy = dup (first.here);
  TendTask *task = wait_for (first.here, G_IO_IN);
  TendTask *other = wait_for (third.here, G_IO_IN);

  drop (task);
  g_assert_cmpint (dup2 (second.here, first.here), ==, first.here);
  task = wait_for (first.here, G_IO_IN);
  pair_write (&first, 1);
  assert_waits (task);
  assert_waits (other);

  pair_write (&second, 1);
  assert_ready (task, G_IO_IN);
  pair_write (&third, 1);
  assert_ready (other, G_IO_IN);

  close (copy);
  pair_clear (&first);
  pair_clear (&second);
  pair_clear (&third);
}

static void
test_closed_while_a_copy_is_open (void)
{
  Pair pair = pair_new (), other = pair_new ();
  int copy = dup (pair.here);
  TendTask *task = wait_for (pair.here, G_IO_IN), *others[2];

  drop (task);
  others[0] = wait_for (other.here, G_IO_IN);
  close (pair.here);
  pair_write (&pair, 1);

  /* It would be reported in each turn, without end. */
  assert_waits (others[0]);
  others[1] = wait_for (copy, G_IO_IN);
  assert_ready (others[1], G_IO_IN);
  pair_write (&other, 1);
  assert_ready (others[0], G_IO_IN);

  close (copy);
  close (pair.there);
  pair_clear (&other);
}

/* The number comes back with the file. */
static void
test_same_file_comes_back (void)
{
  Pair pair = pair_new ();
  int copy = dup (pair.here), number = pair.here;
  TendTask *task = wait_for (number, G_IO_IN);

  drop (task);
  close (number);
  pair_write (&pair, 1);
  settle ();
  g_assert_cmpint (dup2 (copy, number), ==, number);
  task = wait_for (number, G_IO_IN);
  assert_ready (task, G_IO_IN);
  close (copy);
  pair_clear (&pair);
}

/* Somebody still waits for the file that was closed. */
static void
test_closed_while_waited_for (void)
{
  Pair first = pair_new (), second = pair_new ();
  TendTask *old = wait_for (first.here, G_IO_IN), *task;

  g_assert_cmpint (dup2 (second.here, first.here), ==, first.here);
  task = wait_for (first.here, G_IO_IN);
  if (tend_task_is_ended (old))
    {
      assert_ready (old, G_IO_NVAL);
      assert_waits (task);
    }
  pair_write (&second, 1);
  assert_ready (task, G_IO_IN);
  if (old != NULL)
    {
      /* By poll() it waits for a number. */
      g_test_message ("not noticed");
      assert_ready (old, G_IO_IN);
    }
  pair_clear (&first);
  pair_clear (&second);
}

static void
test_number_is_a_regular_file_now (void)
{
  Pair pair = pair_new ();
  int file = open_file ();
  TendTask *task = wait_for (pair.here, G_IO_IN);

  drop (task);
  g_assert_cmpint (dup2 (file, pair.here), ==, pair.here);
  task = wait_for (pair.here, G_IO_IN);
  assert_ready (task, G_IO_IN);
  close (file);
  pair_clear (&pair);
}

/* --- Many --- */

#define N_MANY 700

static guint
get_room (void)
{
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  limit.rlim_cur = MIN (limit.rlim_max, 4 * N_MANY);
  setrlimit (RLIMIT_NOFILE, &limit);

  return (guint) MIN (N_MANY, (limit.rlim_cur - 50) / 2);
}

typedef struct
{
  Pair  pairs[N_MANY];
  guint n;
  guint n_served[N_MANY];
  guint n_calls;
} Many;

static void
many_init (Many *self)
{
  memset (self, 0, sizeof *self);
  self->n = get_room ();
  for (guint i = 0; i < self->n; i++)
    self->pairs[i] = pair_new ();
}

static void
many_clear (Many *self)
{
  for (guint i = 0; i < self->n; i++)
    pair_clear (&self->pairs[i]);
}

static guint
index_of (Many *self,
          int   fd)
{
  for (guint i = 0; i < self->n; i++)
    {
      if (self->pairs[i].here == fd)
        return i;
    }
  g_assert_not_reached ();
}

static gboolean
serve_cb (TendTask      *task,
          int            fd,
          GIOCondition   condition,
          gpointer       user_data,
          GError       **error)
{
  Many *many = user_data;

  many->n_served[index_of (many, fd)]++;
  many->n_calls++;
  return TRUE;
}

/* All are ready all the time, and more than one turn takes: each gets its turn before one has three. */
static void
test_each_gets_its_turn (void)
{
  g_autofree Many *many = g_new (Many, 1);
  TendTask *host = tend_task_run_open (NULL, idle_body, NULL, NULL);

  many_init (many);
  for (guint i = 0; i < many->n; i++)
    g_assert_nonnull (tend_task_add_fd (host, many->pairs[i].here, G_IO_OUT, serve_cb, many, NULL, NULL));
  while (many->n_calls < 2 * many->n)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < many->n; i++)
    {
      g_assert_cmpuint (many->n_served[i], >=, 1);
      g_assert_cmpuint (many->n_served[i], <=, 3);
    }
  drop (host);
  many_clear (many);
}

static gboolean
echo_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  int fd = GPOINTER_TO_INT (user_data);
  char byte;

  while (TRUE)
    {
      gssize n = read (fd, &byte, 1);

      if (n == 0)
        return TRUE;
      if (n == 1)
        g_assert_cmpint (write (fd, &byte, 1), ==, 1);
      else if (!tend_await_fd (fd, G_IO_IN, NULL, error))
        return FALSE;
    }
}

static void
test_many_fibers (void)
{
  g_autofree Many *many = g_new (Many, 1);
  TendTask *tasks[N_MANY];

  many_init (many);
  for (guint i = 0; i < many->n; i++)
    tasks[i] = tend_task_run_fiber (NULL, echo_body, GINT_TO_POINTER (many->pairs[i].here), NULL);

  for (guint round = 0; round < 5; round++)
    {
      for (guint i = 0; i < many->n; i++)
        pair_write (&many->pairs[i], 1);
      settle ();
      for (guint i = 0; i < many->n; i++)
        {
          char byte;

          g_assert_cmpint (read (many->pairs[i].there, &byte, 1), ==, 1);
        }
    }
  for (guint i = 0; i < many->n; i++)
    shutdown (many->pairs[i].there, SHUT_WR);
  for (guint i = 0; i < many->n; i++)
    {
      g_assert_true (tend_task_wait_sync (tasks[i], NULL));
      assert_gone (tasks[i]);
    }
  many_clear (many);
}

/* --- What is left to others --- */

#define PATIENCE 1000000

static gboolean
count_source_cb (gpointer user_data)
{
  ++*(guint *) user_data;
  return G_SOURCE_CONTINUE;
}

static gboolean
count_timer_cb (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  ++*(guint *) user_data;
  return TRUE;
}

/* A descriptor that is ready all the time lets other sources through, of lower priority too, timers, and tasks. */
static void
test_lets_others_through (void)
{
  Pair pair = pair_new ();
  g_autofree Many *many = g_new0 (Many, 1);
  TendTask *host = tend_task_run_open (NULL, idle_body, NULL, NULL);
  guint n_idle = 0, n_ticks = 0;
  guint source = g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, count_source_cb, &n_idle, NULL);

  many->pairs[0] = pair;
  many->n = 1;
  g_assert_nonnull (tend_task_add_fd (host, pair.here, G_IO_OUT, serve_cb, many, NULL, NULL));
  tend_task_add_timer (host, 1, 1, count_timer_cb, &n_ticks, NULL);
  while ((n_idle < 5 || n_ticks < 5) && many->n_calls < PATIENCE)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (n_idle, >=, 5);
  g_assert_cmpuint (n_ticks, >=, 5);

  /* Without a timer as well. */
  tend_task_stop (host);
  g_object_unref (host);
  n_idle = many->n_calls = 0;
  host = tend_task_run_open (NULL, idle_body, NULL, NULL);
  g_assert_nonnull (tend_task_add_fd (host, pair.here, G_IO_OUT, serve_cb, many, NULL, NULL));
  while (n_idle < 5 && many->n_calls < PATIENCE)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (n_idle, >=, 5);

  g_test_message ("%u calls, %u others", many->n_calls, n_idle);
  g_source_remove (source);
  drop (host);
  pair_clear (&pair);
}

/* In virtual time the budget does not count, and descriptors go on. */
static void
test_frozen_time (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Pair pair = pair_new ();
  TendTask *task = tend_task_run_fiber (NULL, echo_body, GINT_TO_POINTER (pair.here), NULL);
  gint64 begin = tend_clock_get_time (clock);
  char byte;

  for (guint i = 0; i < 3; i++)
    {
      pair_write (&pair, 1);
      settle ();
      g_assert_cmpint (read (pair.there, &byte, 1), ==, 1);
    }
  g_assert_cmpint (tend_clock_get_time (clock), ==, begin);
  drop (task);
  pair_clear (&pair);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/descriptors/two-wait-for-the-same", test_two_wait_for_the_same);
  g_test_add_func ("/tend/descriptors/in-and-out-apart", test_in_and_out_apart);
  g_test_add_func ("/tend/descriptors/hang-up-wakes-all", test_hang_up_wakes_all);
  g_test_add_func ("/tend/descriptors/nobody-waits-any-more", test_nobody_waits_any_more);
  g_test_add_func ("/tend/descriptors/number-of-another-file", test_number_of_another_file);
  g_test_add_func ("/tend/descriptors/number-of-another-file-while-a-copy-is-open",
                   test_number_of_another_file_while_a_copy_is_open);
  g_test_add_func ("/tend/descriptors/closed-while-a-copy-is-open", test_closed_while_a_copy_is_open);
  g_test_add_func ("/tend/descriptors/same-file-comes-back", test_same_file_comes_back);
  g_test_add_func ("/tend/descriptors/closed-while-waited-for", test_closed_while_waited_for);
  g_test_add_func ("/tend/descriptors/number-is-a-regular-file-now", test_number_is_a_regular_file_now);
  g_test_add_func ("/tend/descriptors/each-gets-its-turn", test_each_gets_its_turn);
  g_test_add_func ("/tend/descriptors/many-fibers", test_many_fibers);
  g_test_add_func ("/tend/descriptors/lets-others-through", test_lets_others_through);
  g_test_add_func ("/tend/descriptors/frozen-time", test_frozen_time);

  return g_test_run ();
}
