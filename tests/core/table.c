// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The table of open addressing.

#include "tend-core-private.h"

static void
test_empty_has_nothing (void)
{
  TendTable table = { 0 };

  g_assert_null (tend_table_find (&table, 0));
  tend_table_clear (&table);
}

static void
test_finds_what_was_inserted (void)
{
  static const guint64 numbers[] = { 0, 1, G_MAXUINT64, 42, (guint64) 1 << 32, (guint64) 1 << 63 };
  TendTable table = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    tend_table_insert (&table, numbers[i], (gpointer) &numbers[i]);

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    g_assert_true (tend_table_find (&table, numbers[i])->item == &numbers[i]);
  g_assert_null (tend_table_find (&table, 2));
  g_assert_cmpuint (table.n_items, ==, G_N_ELEMENTS (numbers));

  tend_table_clear (&table);
  g_assert_null (tend_table_find (&table, 42));
}

/* Several of one number are all found, each once, and any of them can be removed. */
static void
test_keeps_equals_apart (void)
{
  const guint n = 5;
  int items[5];

  for (guint gone = 0; gone < n; gone++)
    {
      TendTable table = { 0 };
      TendTablePlace *place;
      guint found = 0;

      for (guint i = 0; i < n; i++)
        tend_table_insert (&table, 7, &items[i]);

      place = tend_table_find (&table, 7);
      while (place->item != &items[gone])
        place = tend_table_find_next (&table, place);
      tend_table_remove (&table, place);

      for (place = tend_table_find (&table, 7); place != NULL; place = tend_table_find_next (&table, place))
        found |= 1u << ((int *) place->item - items);
      g_assert_cmpuint (found, ==, ((1u << n) - 1) & ~(1u << gone));

      tend_table_clear (&table);
    }
}

/* What has a number keeps it, as often as it is asked for, and also when the table is about to grow. */
static void
test_finds_or_inserts (void)
{
  const guint n = 1000;
  guint items[2] = { 0 };
  TendTable table = { 0 };

  for (guint i = 0; i < n; i++)
    {
      TendTablePlace *place = tend_table_find_or_insert (&table, i, &items[0]);

      g_assert_cmpuint (place->number, ==, i);
      g_assert_true (place->item == &items[0]);
      g_assert_true (tend_table_find_or_insert (&table, i, &items[1])->item == &items[0]);
      g_assert_cmpuint (table.n_items, ==, i + 1);
    }

  for (guint i = 0; i < n; i++)
    {
      g_assert_true (tend_table_find (&table, i)->item == &items[0]);
      g_assert_null (tend_table_find_next (&table, tend_table_find (&table, i)));
    }

  tend_table_clear (&table);
}

/* A table that has grown large gives its memory back, and finds what is left. */
static void
test_shrinks (void)
{
  const guint n = 100000;
  TendTable table = { 0 };
  guint n_most;

  for (guint i = 0; i < n; i++)
    tend_table_insert (&table, i, &table);
  n_most = table.n_places;
  for (guint i = 1; i < n; i++)
    tend_table_remove (&table, tend_table_find (&table, i));

  g_assert_cmpuint (n_most, <, 3 * n);
  g_assert_cmpuint (table.n_places, <=, 16384);
  g_assert_nonnull (tend_table_find (&table, 0));

  tend_table_clear (&table);
}

/* One that is of a moderate size stays as it is, and is not built anew for each batch. */
static void
test_keeps_places_for_the_next_batch (void)
{
  const guint n = 10000;
  TendTable table = { 0 };
  TendTablePlace *places = NULL;

  for (guint batch = 0; batch < 3; batch++)
    {
      for (guint i = 0; i < n; i++)
        tend_table_insert (&table, i, &table);
      if (batch == 0)
        places = table.places;
      for (guint i = 0; i < n; i++)
        tend_table_remove (&table, tend_table_find (&table, i));

      g_assert_true (table.places == places);
      g_assert_cmpuint (table.n_items, ==, 0);
    }

  tend_table_clear (&table);
}

/*
 * Against a model: how many there are of each number. Only few of the numbers differ, and their homes
 * are close together, so that runs are long and go round the end of the table.
 */
static void
test_agrees_with_model (gconstpointer data)
{
  const guint n = GPOINTER_TO_UINT (data);
  const guint n_steps = 100000;
  g_autofree guint *counts = g_new0 (guint, n);
  TendTable table = { 0 };
  guint n_items = 0;

  for (guint step = 0; step < n_steps; step++)
    {
      guint number = (guint) g_test_rand_int_range (0, (int) n);
      TendTablePlace *place = tend_table_find (&table, number);
      guint found = 0;

      for (TendTablePlace *p = place; p != NULL; p = tend_table_find_next (&table, p))
        {
          g_assert_true (p->item == &counts[number]);
          found++;
        }
      g_assert_cmpuint (found, ==, counts[number]);
      g_assert_cmpuint (table.n_items, ==, n_items);

      /* Half of the time it fills, and half of the time it empties. */
      if (place == NULL || g_test_rand_int_range (0, 4) < (step / (10 * n) % 2 == 0 ? 3 : 1))
        {
          tend_table_insert (&table, number, &counts[number]);
          counts[number]++;
          n_items++;
        }
      else
        {
          tend_table_remove (&table, place);
          counts[number]--;
          n_items--;
        }
    }

  tend_table_clear (&table);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/table/empty-has-nothing", test_empty_has_nothing);
  g_test_add_func ("/tend/table/finds-what-was-inserted", test_finds_what_was_inserted);
  g_test_add_func ("/tend/table/keeps-equals-apart", test_keeps_equals_apart);
  g_test_add_func ("/tend/table/finds-or-inserts", test_finds_or_inserts);
  g_test_add_func ("/tend/table/shrinks", test_shrinks);
  g_test_add_func ("/tend/table/keeps-places-for-the-next-batch", test_keeps_places_for_the_next_batch);
  g_test_add_data_func ("/tend/table/agrees-with-model/3", GUINT_TO_POINTER (3), test_agrees_with_model);
  g_test_add_data_func ("/tend/table/agrees-with-model/50", GUINT_TO_POINTER (50), test_agrees_with_model);
  g_test_add_data_func ("/tend/table/agrees-with-model/5000", GUINT_TO_POINTER (5000), test_agrees_with_model);

  return g_test_run ();
}
