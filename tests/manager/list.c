// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The list behind the list model, against a plain array.

#include <tend.h>

#include "tend-manager-private.h"

static void
assert_same (TendEntryList *list,
             GPtrArray     *model)
{
  TendEntry *entry = NULL;

  g_assert_cmpuint (list->n_items, ==, model->len);
  for (guint i = 0; i < model->len; i++)
    {
      entry = tend_entry_list_next (list, entry);
      g_assert_true (entry == g_ptr_array_index (model, i));
      g_assert_true (tend_entry_list_get (list, i) == entry);
      g_assert_cmpuint (tend_entry_list_get_position (list, entry), ==, i);
    }

  g_assert_null (tend_entry_list_next (list, entry));
  g_assert_null (tend_entry_list_get (list, model->len));
  g_assert_null (tend_entry_list_get (list, G_MAXUINT));
}

static void
append (TendEntryList *list,
        GPtrArray     *model)
{
  TendEntry *entry = g_new0 (TendEntry, 1);

  tend_entry_list_append (list, entry);
  g_assert_true (entry->is_listed);
  g_ptr_array_add (model, entry);
}

static void
remove_at (TendEntryList *list,
           GPtrArray     *model,
           guint          i)
{
  TendEntry *entry = g_ptr_array_index (model, i);

  tend_entry_list_remove (list, entry);
  g_assert_false (entry->is_listed);
  g_ptr_array_remove_index (model, i);
}

/* It grows and shrinks through several sizes of its array, and is looked at in between. */
static void
test_random_operations (void)
{
  TendEntryList list = { 0 };
  g_autoptr(GPtrArray) model = g_ptr_array_new_with_free_func (g_free);

  assert_same (&list, model);
  for (guint phase = 0; phase < 8; phase++)
    {
      gboolean grows = phase % 2 == 0;

      for (guint i = 0; i < 5000; i++)
        {
          if (model->len == 0 || g_test_rand_int_range (0, 10) < (grows ? 7 : 3))
            append (&list, model);
          else
            remove_at (&list, model, (guint) g_test_rand_int_range (0, (gint32) model->len));

          if (i % 500 == 0)
            assert_same (&list, model);
        }
    }
  assert_same (&list, model);
  tend_entry_list_clear (&list);
}

/* Those at the front go and others come, for ever: the array is no larger than it has to be. */
static void
test_queue_stays_small (void)
{
  TendEntryList list = { 0 };
  g_autoptr(GPtrArray) model = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < 100; i++)
    append (&list, model);
  for (guint i = 0; i < 10000; i++)
    {
      append (&list, model);
      remove_at (&list, model, 0);
    }

  assert_same (&list, model);
  g_assert_cmpuint (list.n_allocated, <=, 1024);
  tend_entry_list_clear (&list);
}

static void
test_empties_and_fills_again (void)
{
  TendEntryList list = { 0 };
  g_autoptr(GPtrArray) model = g_ptr_array_new_with_free_func (g_free);

  for (guint round = 0; round < 3; round++)
    {
      for (guint i = 0; i < 3000; i++)
        append (&list, model);
      while (model->len > 0)
        remove_at (&list, model, round == 0 ? 0 : round == 1 ? model->len - 1 : model->len / 2);
      assert_same (&list, model);
    }
  tend_entry_list_clear (&list);
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
        tend_entry_list_remove (&list, &entries[i]);
      g_assert_true (list.entries == places);
    }

  for (guint i = 0; i < 100000; i++)
    tend_entry_list_append (&list, &entries[i]);
  for (guint i = 0; i < 100000; i++)
    tend_entry_list_remove (&list, &entries[i]);
  g_assert_cmpuint (list.n_allocated, <=, 2048);

  tend_entry_list_clear (&list);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/entry-list/random-operations", test_random_operations);
  g_test_add_func ("/tend/entry-list/queue-stays-small", test_queue_stays_small);
  g_test_add_func ("/tend/entry-list/empties-and-fills-again", test_empties_and_fills_again);
  g_test_add_func ("/tend/entry-list/keeps-places-for-the-next-batch", test_keeps_places_for_the_next_batch);

  return g_test_run ();
}
