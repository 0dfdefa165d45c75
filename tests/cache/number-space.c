// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The table of numbers against a simple model, and the choice of numbers: that it finds each one that is
// free, takes no other, and prefers none.

#include "../support/child.h"
#include "tend-request-cache-private.h"

#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

/* A holder that is none: what a pointer can hold of the number, four times. It is not NULL, nor marked as reserved. */
static gpointer
holder_of (guint64 number)
{
  return GSIZE_TO_POINTER ((gsize) number << 2 | 2);
}

static void
insert (TendNumberSpace *space,
        guint64          number)
{
  tend_number_space_insert (space, number, holder_of (number));
}

static gboolean
choose (TendNumberSpace *space,
        guint            bits,
        guint64         *number)
{
  gboolean is_chosen;
  int refusal;

  is_chosen = tend_number_space_choose (space, bits, number, &refusal);
  g_assert_cmpint (refusal, ==, 0);
  return is_chosen;
}

static guint64
random_bits (guint bits)
{
  guint64 number;

  g_assert_true (tend_random_bits (bits, &number));
  return number;
}

/* --- The table --- */

static guint
count_bits (guint64 number)
{
  guint n_bits = 0;

  for (; number != 0; number >>= 1)
    n_bits++;
  return n_bits;
}

/* Every number of the model is found with its holder, the counts are right, and there is no other. */
static void
assert_like_model (TendNumberSpace *space,
                   GHashTable      *model)
{
  guint counts[65] = { 0 };
  guint n_taken = 0;
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, model);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      guint64 number = *(guint64 *) key;
      TendTablePlace *place = tend_number_space_find (space, number);

      g_assert_nonnull (place);
      g_assert_cmpuint (place->number, ==, number);
      g_assert_true (place->item == holder_of (number));
      counts[count_bits (number)]++;
    }

  for (guint i = 0; i < space->caches.n_places; i++)
    n_taken += space->caches.places[i].item != NULL;

  g_assert_cmpuint (n_taken, ==, g_hash_table_size (model));
  g_assert_cmpuint (space->caches.n_items, ==, n_taken);
  g_assert_cmpmem (space->counts, sizeof counts, counts, sizeof counts);
  g_assert_cmpuint (4 * n_taken, <=, 3 * MAX (space->caches.n_places, 8));
}

typedef struct
{
  const char *path;
  guint64     range;    /* of the numbers; 0: all 64 bits */
  guint64     step;
} Keys;

static guint64
random_key (GRand      *rand,
            const Keys *keys)
{
  guint64 number = (guint64) g_rand_int (rand) << 32 | g_rand_int (rand);

  return keys->range != 0 ? number % keys->range * keys->step : number;
}

/* One of them looked up, and taken or let go: more of the one at times, and more of the other at times. */
static void
test_like_model (gconstpointer data)
{
  const Keys *keys = data;
  TendNumberSpace *space = tend_number_space_new ("p");
  GHashTable *model = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  GPtrArray *taken = g_ptr_array_new ();
  g_autoptr(GRand) rand = g_rand_new_with_seed (g_test_rand_int ());

  for (guint i = 0; i < 200000; i++)
    {
      gboolean is_growing = i / 10000 % 2 == 0;
      gboolean remove = taken->len > 0 && g_rand_int_range (rand, 0, 10) < (is_growing ? 3 : 7);
      guint at = remove ? (guint) g_rand_int_range (rand, 0, (int) taken->len) : 0;
      guint64 number = remove ? *(guint64 *) g_ptr_array_index (taken, at) : random_key (rand, keys);
      TendTablePlace *place = tend_number_space_find (space, number);

      g_assert_cmpint (place != NULL, ==, g_hash_table_contains (model, &number));
      if (remove)
        {
          tend_number_space_remove (space, place);
          g_ptr_array_remove_index_fast (taken, at);
          g_hash_table_remove (model, &number);
        }
      else if (place == NULL)
        {
          guint64 *key = g_memdup2 (&number, sizeof number);

          insert (space, number);
          g_hash_table_add (model, key);
          g_ptr_array_add (taken, key);
        }

      if (i % 5000 == 0)
        assert_like_model (space, model);
    }

  assert_like_model (space, model);
  tend_number_space_unref (space);
  g_ptr_array_unref (taken);
  g_hash_table_unref (model);
}

/* Shrunk with what is in it: a space that was large once is not large for ever. */
static void
test_shrinks (void)
{
  TendNumberSpace *space = tend_number_space_new ("p");

  for (guint64 number = 0; number < 100000; number++)
    insert (space, number);
  g_assert_cmpuint (space->caches.n_places, >=, 100000);
  for (guint64 number = 0; number < 100000; number++)
    tend_number_space_remove (space, tend_number_space_find (space, number));
  g_assert_cmpuint (space->caches.n_places, <=, 16384);
  g_assert_cmpuint (space->caches.n_items, ==, 0);

  tend_number_space_unref (space);
}

/* A prefix may be used once and never again: however its last number goes, only the latest stays. */
static void
test_empty_spaces_are_forgotten (void)
{
  TendRequestCache *requests = tend_request_cache_new ();

  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *prefix = g_strdup_printf ("once %u", i);
      g_autoptr(TendRandomNumberCache) cache = tend_random_number_cache_new (requests, prefix, 16, NULL);
      guint64 number = tend_number_cache_get_number (TEND_NUMBER_CACHE (cache));
      g_autoptr(TendNumberCache) popped = NULL;

      g_assert_cmpuint (g_hash_table_size (requests->spaces), ==, 1);
      if (i > 0)
        g_assert_true (tend_request_cache_add (requests, TEND_NUMBER_CACHE (cache), NULL));
      if (i == 1)
        popped = tend_request_cache_pop (requests, prefix, number);
      else if (i == 2)
        tend_request_cache_clear (requests);
      else if (i == 3)
        g_object_run_dispose (G_OBJECT (cache));

      g_clear_object (&cache);
      g_assert_cmpuint (g_hash_table_size (requests->spaces), ==, 1);
      g_assert_false (tend_request_cache_has (requests, prefix, number));
      g_assert_cmpuint (g_hash_table_size (requests->spaces), ==, 1);
    }

  g_assert_finalize_object (requests);
}

/* Neither does a number that somebody has waited for. */
static void
test_waiters_leave_nothing (void)
{
  TendRequestCache *requests = tend_request_cache_new ();

  for (guint64 number = 0; number < 3; number++)
    {
      g_autoptr(TendTask) task = tend_request_cache_wait_for (requests, "p", number, TEND_FOREVER);
      g_autoptr(TendNumberCache) cache = tend_number_cache_new ("p", number);

      g_assert_cmpuint (g_hash_table_size (requests->waiters), ==, 1);
      if (number == 0)
        tend_task_cancel (task);
      else if (number == 1)
        tend_task_return_value (task, NULL);
      else
        g_assert_true (tend_request_cache_add (requests, cache, NULL));
      g_assert_cmpuint (g_hash_table_size (requests->waiters), ==, 0);
    }

  g_assert_finalize_object (requests);
}

/* --- The choice --- */

#define N_NUMBERS 1024

/* A space of ten bits in which those are in use that stand in front of a shuffled list. */
static TendNumberSpace *
space_filled (guint n_used)
{
  TendNumberSpace *space = tend_number_space_new ("p");
  guint64 numbers[N_NUMBERS];

  for (guint i = 0; i < N_NUMBERS; i++)
    numbers[i] = i;
  for (guint i = 0; i < N_NUMBERS; i++)
    {
      guint other = (guint) g_test_rand_int_range ((int) i, N_NUMBERS);
      guint64 number = numbers[other];

      numbers[other] = numbers[i];
      numbers[i] = number;
    }
  for (guint i = 0; i < n_used; i++)
    insert (space, numbers[i]);

  return space;
}

/*
 * Chi-square of how often each free number was chosen: about n_free, with a deviation of sqrt (2 n_free).
 * The bound is ten deviations away, which chance does not come to in the life of any machine.
 */
static void
test_uniform (gconstpointer data)
{
  guint n_used = GPOINTER_TO_UINT (data);
  guint n_free = N_NUMBERS - n_used;
  guint n_chosen = 200 * n_free;
  TendNumberSpace *space = space_filled (n_used);
  guint counts[N_NUMBERS] = { 0 };
  double chi_square = 0;

  for (guint i = 0; i < n_chosen; i++)
    {
      guint64 number;

      g_assert_true (choose (space, 10, &number));
      g_assert_cmpuint (number, <, N_NUMBERS);
      counts[number]++;
    }

  for (guint i = 0; i < N_NUMBERS; i++)
    {
      if (tend_number_space_find (space, i) != NULL)
        g_assert_cmpuint (counts[i], ==, 0);
      else
        chi_square += (counts[i] - 200.0) * (counts[i] - 200.0) / 200.0;
    }

  g_assert_cmpfloat (chi_square, <, n_free + 10 * sqrt (2.0 * n_free));
  tend_number_space_unref (space);
}

/* The last ones are found, each of them, and after them there is none. */
static void
test_until_full (void)
{
  static const guint widths[] = { 1, 2, 3, 7, 8, 9, 12 };

  for (guint i = 0; i < G_N_ELEMENTS (widths); i++)
    {
      TendNumberSpace *space = tend_number_space_new ("p");
      guint64 number = 0, other;

      for (guint n = 0; n < 1u << widths[i]; n++)
        {
          g_assert_true (choose (space, widths[i], &number));
          g_assert_cmpuint (number, <, 1u << widths[i]);
          g_assert_null (tend_number_space_find (space, number));
          insert (space, number);
        }
      g_assert_false (choose (space, widths[i], &other));

      /* The one that is free again is the one that is chosen. */
      number = 1;
      tend_number_space_remove (space, tend_number_space_find (space, number));
      g_assert_true (choose (space, widths[i], &other));
      g_assert_cmpuint (other, ==, number);
      tend_number_space_unref (space);
    }
}

/* 65,535 of 65,536 are in use: trying at random would take that many tries. */
static void
test_one_of_16_bits_left (void)
{
  TendNumberSpace *space = tend_number_space_new ("p");
  guint64 number;

  for (guint i = 0; i < 65536; i++)
    if (i != 0x1234)
      insert (space, i);
  for (guint i = 0; i < 10; i++)
    {
      g_assert_true (choose (space, 16, &number));
      g_assert_cmpuint (number, ==, 0x1234);
    }
  insert (space, 0x1234);
  g_assert_false (choose (space, 16, &number));

  tend_number_space_unref (space);
}

/* 65 of 65,536 are left: each choice finds one of them. */
static void
test_few_of_16_bits_left (void)
{
  TendNumberSpace *space = tend_number_space_new ("p");
  guint64 number;

  for (guint i = 0; i < 65536; i++)
    if (i % 1000 != 7)
      insert (space, i);
  for (guint i = 0; i < 66; i++)
    {
      g_assert_true (choose (space, 16, &number));
      g_assert_cmpuint (number % 1000, ==, 7);
      g_assert_null (tend_number_space_find (space, number));
      insert (space, number);
    }
  g_assert_false (choose (space, 16, &number));

  tend_number_space_unref (space);
}

/* The narrow ones are full: that is their affair alone, and wide ones count for them if they are small. */
static void
test_widths_share_a_prefix (void)
{
  TendNumberSpace *space = tend_number_space_new ("p");
  guint64 number;

  for (guint64 i = 0; i < 16; i++)
    insert (space, i);
  insert (space, G_MAXUINT64);
  insert (space, G_GUINT64_CONSTANT (1) << 63);
  g_assert_false (choose (space, 3, &number));
  g_assert_false (choose (space, 4, &number));
  for (guint bits = 5; bits <= 64; bits++)
    {
      g_assert_true (choose (space, bits, &number));
      g_assert_null (tend_number_space_find (space, number));
      g_assert_cmpuint (count_bits (number), <=, bits);
    }

  tend_number_space_remove (space, tend_number_space_find (space, 9));
  g_assert_false (choose (space, 3, &number));
  g_assert_true (choose (space, 4, &number));
  g_assert_cmpuint (number, ==, 9);
  tend_number_space_unref (space);
}

/* Of each width, every bit that there may be is 1 in some and 0 in others, and no other is 1 ever. */
static void
test_every_bit (void)
{
  for (guint bits = 1; bits <= 64; bits++)
    {
      guint64 ones = 0, zeros = 0, all = bits < 64 ? (G_GUINT64_CONSTANT (1) << bits) - 1 : G_MAXUINT64;

      for (guint i = 0; i < 200; i++)
        {
          guint64 number = random_bits (bits);

          ones |= number;
          zeros |= ~number;
        }
      g_assert_cmphex (ones, ==, all);
      g_assert_cmphex (zeros, ==, G_MAXUINT64);
    }
}

/* --- Where the numbers come from --- */

#define N_DRAWN 200

static gpointer
draw_thread (gpointer numbers)
{
  for (guint i = 0; i < N_DRAWN; i++)
    ((guint64 *) numbers)[i] = random_bits (64);
  return NULL;
}

static void
assert_disjoint (const guint64 *a,
                 const guint64 *b)
{
  for (guint i = 0; i < N_DRAWN; i++)
    for (guint j = 0; j < N_DRAWN; j++)
      g_assert_cmphex (a[i], !=, b[j]);
}

/* A process and its child go on with a common past, and must not with a common future. */
static void
test_fork (void)
{
  guint64 ours[N_DRAWN], theirs[N_DRAWN];
  int fds[2], status;
  pid_t pid;

  random_bits (64);
  g_assert_cmpint (pipe (fds), ==, 0);
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      draw_thread (theirs);
      child_end (write (fds[1], theirs, sizeof theirs) == sizeof theirs);
    }

  draw_thread (ours);
  close (fds[1]);
  for (gsize n_read = 0; n_read < sizeof theirs;)
    {
      gssize n = read (fds[0], (char *) theirs + n_read, sizeof theirs - n_read);

      g_assert_cmpint (n, >, 0);
      n_read += (gsize) n;
    }
  close (fds[0]);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  assert_child_was_right (status);
  assert_disjoint (ours, theirs);
}

static void
test_threads (void)
{
  guint64 numbers[4][N_DRAWN];
  GThread *threads[4];

  for (guint i = 0; i < 4; i++)
    threads[i] = g_thread_new ("draw", draw_thread, numbers[i]);
  for (guint i = 0; i < 4; i++)
    g_thread_join (threads[i]);
  for (guint i = 0; i < 3; i++)
    for (guint j = i + 1; j < 4; j++)
      assert_disjoint (numbers[i], numbers[j]);
}

int
main (int    argc,
      char **argv)
{
  static const Keys keys[] = {
    { "/tend/number-space/is-like-a-model/few", 20, 1 },
    { "/tend/number-space/is-like-a-model/16-bits", 65536, 1 },
    { "/tend/number-space/is-like-a-model/runs", 3000, 1 },
    { "/tend/number-space/is-like-a-model/high-bits", 1000, G_GUINT64_CONSTANT (1) << 54 },
    { "/tend/number-space/is-like-a-model/64-bits", 0, 1 },
  };

  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    g_test_add_data_func (keys[i].path, &keys[i], test_like_model);
  g_test_add_func ("/tend/number-space/shrinks", test_shrinks);
  g_test_add_func ("/tend/number-space/empty-ones-are-forgotten", test_empty_spaces_are_forgotten);
  g_test_add_func ("/tend/request-cache/waiters-leave-nothing", test_waiters_leave_nothing);
  g_test_add_data_func ("/tend/number-space/prefers-none/empty", GUINT_TO_POINTER (0), test_uniform);
  g_test_add_data_func ("/tend/number-space/prefers-none/half-full", GUINT_TO_POINTER (N_NUMBERS / 2), test_uniform);
  g_test_add_data_func ("/tend/number-space/prefers-none/nine-tenths-full",
                        GUINT_TO_POINTER (N_NUMBERS * 9 / 10), test_uniform);
  g_test_add_func ("/tend/number-space/chooses-until-full", test_until_full);
  g_test_add_func ("/tend/number-space/finds-the-last-of-16-bits", test_one_of_16_bits_left);
  g_test_add_func ("/tend/number-space/finds-the-last-thousandth", test_few_of_16_bits_left);
  g_test_add_func ("/tend/number-space/widths-share-a-prefix", test_widths_share_a_prefix);
  g_test_add_func ("/tend/number-space/every-bit-is-used", test_every_bit);
  g_test_add_func ("/tend/number-space/fork-has-other-numbers", test_fork);
  g_test_add_func ("/tend/number-space/threads-have-other-numbers", test_threads);

  return g_test_run ();
}
