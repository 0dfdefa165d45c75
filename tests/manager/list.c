// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The list behind the list model, and its view, against plain arrays.

#include <tend.h>

#include "tend-manager-private.h"

/* What was told, and what is. */
typedef struct
{
  TendEntryList  list;
  GPtrArray     *entries;       /* of TendEntry */
  GPtrArray     *view;          /* of TendTask; not references */
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  unused)
{
  fixture->entries = g_ptr_array_new_with_free_func (g_free);
  fixture->view = g_ptr_array_new ();
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  unused)
{
  tend_entry_list_clear (&fixture->list);
  for (guint i = 0; i < fixture->entries->len; i++)
    g_object_unref (((TendEntry *) g_ptr_array_index (fixture->entries, i))->task);
  g_ptr_array_unref (fixture->entries);
  g_ptr_array_unref (fixture->view);
}

static void
assert_same (Fixture *fixture)
{
  TendEntryList *list = &fixture->list;
  TendEntry *entry = NULL;

  g_assert_cmpuint (list->n_items, ==, fixture->entries->len);
  for (guint i = 0; i < fixture->entries->len; i++)
    {
      entry = tend_entry_list_next (list, entry);
      g_assert_true (entry == g_ptr_array_index (fixture->entries, i));
    }
  g_assert_null (tend_entry_list_next (list, entry));

  g_assert_cmpuint (list->n_told, ==, fixture->view->len);
  for (guint i = 0; i < fixture->view->len; i++)
    g_assert_true (tend_entry_list_get_told (list, i) == g_ptr_array_index (fixture->view, i));
  g_assert_null (tend_entry_list_get_told (list, fixture->view->len));
  g_assert_null (tend_entry_list_get_told (list, G_MAXUINT));
}

/* Tells of up to @n neighbours that are gone, or of all that is new. */
static void
tell (Fixture *fixture,
      guint    n)
{
  guint n_told = fixture->view->len;

  if (fixture->list.n_gone > 0)
    {
      g_autoptr(GPtrArray) gone = g_ptr_array_new_with_free_func (g_object_unref);
      guint position = tend_entry_list_take_gone (&fixture->list, n, gone);

      g_assert_cmpuint (gone->len, >, 0);
      g_assert_cmpuint (gone->len, <=, n);
      for (guint i = 0; i < gone->len; i++)
        g_assert_true (g_ptr_array_index (gone, i) == g_ptr_array_index (fixture->view, position + i));
      g_ptr_array_remove_range (fixture->view, position, gone->len);
      return;
    }

  g_assert_cmpuint (tend_entry_list_take_new (&fixture->list), ==, fixture->entries->len - n_told);
  for (guint i = n_told; i < fixture->entries->len; i++)
    g_ptr_array_add (fixture->view, ((TendEntry *) g_ptr_array_index (fixture->entries, i))->task);
}

static void
append (Fixture *fixture)
{
  TendEntry *entry = g_new0 (TendEntry, 1);

  entry->task = tend_task_new_open (NULL, NULL, NULL, NULL);
  tend_entry_list_append (&fixture->list, entry);
  g_ptr_array_add (fixture->entries, entry);
}

/* What was told of is shown until it is told that it is gone, with @is_shown. */
static void
remove_at (Fixture  *fixture,
           guint     i,
           gboolean  is_shown)
{
  TendEntry *entry = g_ptr_array_index (fixture->entries, i);
  TendTask *task = entry->task;

  is_shown = is_shown && entry->places[0] < fixture->list.n_told_places;
  if (!is_shown)
    g_ptr_array_remove (fixture->view, task);
  tend_entry_list_remove (&fixture->list, entry, is_shown);
  g_ptr_array_remove_index (fixture->entries, i);
  g_object_unref (task);
}

/* It grows and shrinks through several sizes of its array, and is looked at in between. */
static void
test_random_operations (Fixture       *fixture,
                        gconstpointer  is_shown)
{
  assert_same (fixture);
  for (guint phase = 0; phase < 8; phase++)
    {
      gboolean grows = phase % 2 == 0;

      for (guint i = 0; i < 5000; i++)
        {
          guint n = fixture->entries->len;

          if (n == 0 || g_test_rand_int_range (0, 10) < (grows ? 7 : 3))
            append (fixture);
          else
            remove_at (fixture, (guint) g_test_rand_int_range (0, (gint32) n), is_shown != NULL);

          if (g_test_rand_int_range (0, 3) == 0)
            tell (fixture, (guint) g_test_rand_int_range (1, 4));
          if (i % 500 == 0)
            assert_same (fixture);
        }
    }
  assert_same (fixture);
}

/* Those at the front go and others come, for ever: the array is no larger than it has to be. */
static void
test_queue_stays_small (Fixture       *fixture,
                        gconstpointer  is_shown)
{
  for (guint i = 0; i < 100; i++)
    append (fixture);
  for (guint i = 0; i < 10000; i++)
    {
      append (fixture);
      remove_at (fixture, 0, is_shown != NULL);
      tell (fixture, 1);
    }

  assert_same (fixture);
  g_assert_cmpuint (fixture->list.n_allocated, <=, 1024);
}

static void
test_empties_and_fills_again (Fixture       *fixture,
                              gconstpointer  is_shown)
{
  for (guint round = 0; round < 3; round++)
    {
      for (guint i = 0; i < 3000; i++)
        append (fixture);
      tend_entry_list_take_new (&fixture->list);
      g_ptr_array_set_size (fixture->view, 0);
      for (guint i = 0; i < 3000; i++)
        g_ptr_array_add (fixture->view, ((TendEntry *) g_ptr_array_index (fixture->entries, i))->task);

      for (guint n; (n = fixture->entries->len) > 0;)
        remove_at (fixture, round == 0 ? 0 : round == 1 ? n - 1 : n / 2, is_shown != NULL);
      assert_same (fixture);
      if (is_shown)
        tell (fixture, 3000);
      assert_same (fixture);
      g_assert_cmpuint (fixture->view->len, ==, 0);
    }
}

/* A list that is dropped drops what it still shows. */
static void
test_dropped_while_it_shows (Fixture       *fixture,
                             gconstpointer  is_shown)
{
  for (guint i = 0; i < 1000; i++)
    append (fixture);
  tell (fixture, 1);
  while (fixture->entries->len > 500)
    remove_at (fixture, 250, TRUE);
  assert_same (fixture);
}

/* A batch that comes and goes builds nothing anew, and a large one leaves little behind. */
static void
test_keeps_places_for_the_next_batch (void)
{
  TendEntryList list = { 0 };
  g_autofree TendEntry *entries = g_new0 (TendEntry, 100000);
  TendEntry **places = NULL;

  for (guint batch = 0; batch < 3; batch++)
    {
      for (guint i = 0; i < 1500; i++)
        tend_entry_list_append (&list, &entries[i]);
      if (batch == 0)
        places = list.entries;
      for (guint i = 0; i < 1500; i++)
        tend_entry_list_remove (&list, &entries[i], FALSE);
      g_assert_true (list.entries == places);
    }

  for (guint i = 0; i < 100000; i++)
    tend_entry_list_append (&list, &entries[i]);
  for (guint i = 0; i < 100000; i++)
    tend_entry_list_remove (&list, &entries[i], FALSE);
  g_assert_cmpuint (list.n_allocated, <=, 2048);

  tend_entry_list_clear (&list);
}

#define add_test(path, data, test) g_test_add ("/tend/entry-list/" path, Fixture, data, set_up, test, tear_down)

int
main (int    argc,
      char **argv)
{
  gpointer shown = GINT_TO_POINTER (TRUE);

  g_test_init (&argc, &argv, NULL);

  add_test ("random-operations", NULL, test_random_operations);
  add_test ("random-operations/shown", shown, test_random_operations);
  add_test ("queue-stays-small", NULL, test_queue_stays_small);
  add_test ("queue-stays-small/shown", shown, test_queue_stays_small);
  add_test ("empties-and-fills-again", NULL, test_empties_and_fills_again);
  add_test ("empties-and-fills-again/shown", shown, test_empties_and_fills_again);
  add_test ("dropped-while-it-shows", shown, test_dropped_while_it_shows);
  g_test_add_func ("/tend/entry-list/keeps-places-for-the-next-batch", test_keeps_places_for_the_next_batch);

  return g_test_run ();
}
