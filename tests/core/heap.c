// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The heap of timers, without any loop around it.

#include "tend-core-private.h"

/* Arms a job that was not armed before. */
static void
push (TendHeap *heap,
      TendJob  *job,
      gint64    deadline)
{
  tend_heap_push (heap, job, deadline, tend_heap_next_sequence (heap));
}

typedef struct
{
  TendJob  job;
  gint64   deadline;
  guint64  order;       /* how many were armed before it */
  gboolean is_waiting;
} Item;

static void
never_run (TendJob *job)
{
  g_assert_not_reached ();
}

static Item *
new_items (guint n)
{
  Item *items = g_new0 (Item, n);

  for (guint i = 0; i < n; i++)
    tend_job_init (&items[i].job, never_run);

  return items;
}

static Item *
pop (TendHeap *heap)
{
  Item *item = G_STRUCT_MEMBER_P (tend_heap_peek (heap)->job, -(glong) G_STRUCT_OFFSET (Item, job));

  tend_heap_remove (heap, &item->job);
  g_assert_false (tend_job_is_waiting (&item->job));

  return item;
}

static void
test_empty_has_no_first (void)
{
  TendHeap heap = { 0 };

  g_assert_null (tend_heap_peek (&heap));
  tend_heap_clear (&heap);
}

static void
test_orders_by_deadline (void)
{
  static const gint64 deadlines[] = {
    5, 3, G_MAXINT64, 9, 1, G_MAXINT64 - 1, 7, -4, 0, 8, 2, 6, 4, ((gint64) 1 << 33) * G_USEC_PER_SEC, G_MININT64,
  };
  g_autofree Item *items = new_items (G_N_ELEMENTS (deadlines));
  TendHeap heap = { 0 };
  gint64 last = G_MININT64;

  for (guint i = 0; i < G_N_ELEMENTS (deadlines); i++)
    push (&heap, &items[i].job, deadlines[i]);

  for (guint i = 0; i < G_N_ELEMENTS (deadlines); i++)
    {
      gint64 deadline = tend_heap_peek (&heap)->deadline;

      g_assert_cmpint (deadline, >=, last);
      g_assert_cmpint (deadlines[pop (&heap) - items], ==, deadline);
      last = deadline;
    }

  g_assert_cmpint (last, ==, G_MAXINT64);
  tend_heap_clear (&heap);
}

static void
test_keeps_order_of_equals (void)
{
  const guint n = 1000;
  g_autofree Item *items = new_items (n);
  TendHeap heap = { 0 };

  for (guint i = 0; i < n; i++)
    push (&heap, &items[i].job, 42);
  for (guint i = 0; i < n; i++)
    g_assert_true (pop (&heap) == &items[i]);

  tend_heap_clear (&heap);
}

/* What was taken out and is armed again for the same moment comes behind the others. */
static void
test_puts_rearmed_behind_equals (void)
{
  g_autofree Item *items = new_items (3);
  TendHeap heap = { 0 };

  for (guint i = 0; i < 3; i++)
    push (&heap, &items[i].job, 42);
  tend_heap_remove (&heap, &items[0].job);
  push (&heap, &items[0].job, 42);

  g_assert_true (pop (&heap) == &items[1]);
  g_assert_true (pop (&heap) == &items[2]);
  g_assert_true (pop (&heap) == &items[0]);

  tend_heap_clear (&heap);
}

/* Whichever of them leaves, the others come in their order. */
static void
test_removes_from_anywhere (void)
{
  const guint n = 200;
  g_autofree Item *items = new_items (n);

  for (guint gone = 0; gone < n; gone++)
    {
      TendHeap heap = { 0 };

      /* A permutation: 77 and 200 have no common factor. */
      for (guint i = 0; i < n; i++)
        push (&heap, &items[i].job, i * 77 % n);
      tend_heap_remove (&heap, &items[gone].job);
      g_assert_false (tend_job_is_waiting (&items[gone].job));

      for (guint deadline = 0; deadline < n; deadline++)
        {
          if (deadline == gone * 77 % n)
            continue;
          g_assert_cmpint (tend_heap_peek (&heap)->deadline, ==, deadline);
          pop (&heap);
        }

      g_assert_null (tend_heap_peek (&heap));
      tend_heap_clear (&heap);
    }
}

/* --- Against a model: an array that is searched --- */

static Item *
model_first (Item  *items,
             guint  n)
{
  Item *first = NULL;

  for (guint i = 0; i < n; i++)
    {
      if (!items[i].is_waiting)
        continue;
      if (first == NULL || items[i].deadline < first->deadline ||
          (items[i].deadline == first->deadline && items[i].order < first->order))
        first = &items[i];
    }

  return first;
}

/* The slow check: each parent is before its children, and each job knows its place. */
static void
check_shape (const TendHeap *heap)
{
  for (guint i = 0; i < heap->n_entries; i++)
    {
      const TendHeapEntry *entry = &heap->entries[i];
      const TendHeapEntry *parent = &heap->entries[i > 0 ? (i - 1) / 4 : 0];

      g_assert_cmpuint (entry->job->place, ==, i);
      g_assert_true (parent->deadline < entry->deadline ||
                     (parent->deadline == entry->deadline && parent->sequence <= entry->sequence));
    }
}

static void
test_agrees_with_model (gconstpointer data)
{
  const guint n = GPOINTER_TO_UINT (data);
  const guint n_steps = 100000;
  g_autofree Item *items = new_items (n);
  TendHeap heap = { 0 };
  guint64 order = 0;
  guint n_waiting = 0;

  for (guint step = 0; step < n_steps; step++)
    {
      Item *item = &items[g_test_rand_int_range (0, (int) n)];

      if (!item->is_waiting)
        {
          /* Few different deadlines, so that many are equal. */
          item->deadline = g_test_rand_int_range (0, 40);
          item->order = order++;
          item->is_waiting = TRUE;
          n_waiting++;
          push (&heap, &item->job, item->deadline);
        }
      else if (g_test_rand_bit ())
        {
          item->is_waiting = FALSE;
          n_waiting--;
          tend_heap_remove (&heap, &item->job);
        }
      else
        {
          item = model_first (items, n);
          g_assert_cmpint (tend_heap_peek (&heap)->deadline, ==, item->deadline);
          g_assert_true (pop (&heap) == item);
          item->is_waiting = FALSE;
          n_waiting--;
        }

      g_assert_cmpuint (heap.n_entries, ==, n_waiting);
      if (step % 1000 == 0)
        check_shape (&heap);
    }

  while (n_waiting-- > 0)
    {
      Item *item = pop (&heap);

      g_assert_true (item == model_first (items, n));
      item->is_waiting = FALSE;
    }
  tend_heap_clear (&heap);
}

/* --- Memory --- */

static void
test_grows_and_shrinks (void)
{
  const guint n = 100000;
  g_autofree Item *items = new_items (n);
  TendHeap heap = { 0 };

  for (guint i = 0; i < n; i++)
    {
      push (&heap, &items[i].job, i % 1000);
      g_assert_cmpuint (heap.n_allocated, >=, heap.n_entries);
      g_assert_cmpuint (heap.n_allocated, <=, MAX (16, 2 * heap.n_entries));
    }

  for (guint i = 0; i < n; i++)
    {
      tend_heap_remove (&heap, &items[i].job);
      g_assert_cmpuint (heap.n_allocated, >=, heap.n_entries);
      g_assert_cmpuint (heap.n_allocated, <=, MAX (16, 4 * heap.n_entries + 4));
    }

  g_assert_cmpuint (heap.n_entries, ==, 0);
  tend_heap_clear (&heap);
}

/* A size that swings by one does not allocate each time. */
static void
test_does_not_thrash (void)
{
  g_autofree Item *items = new_items (65);
  TendHeap heap = { 0 };
  guint n_resizes = 0;

  for (guint i = 0; i < 64; i++)
    push (&heap, &items[i].job, i);

  for (guint i = 0; i < 100; i++)
    {
      guint before = heap.n_allocated;

      push (&heap, &items[64].job, 64);
      n_resizes += heap.n_allocated != before;
      before = heap.n_allocated;
      tend_heap_remove (&heap, &items[64].job);
      n_resizes += heap.n_allocated != before;
    }
  g_assert_cmpuint (n_resizes, <=, 1);

  for (guint i = 0; i < 64; i++)
    tend_heap_remove (&heap, &items[i].job);
  tend_heap_clear (&heap);
}

static void
test_clear_gives_memory_back (void)
{
  g_autofree Item *items = new_items (100);
  TendHeap heap = { 0 };

  for (guint i = 0; i < 100; i++)
    push (&heap, &items[i].job, i);
  for (guint i = 0; i < 100; i++)
    pop (&heap);
  tend_heap_clear (&heap);
  g_assert_null (heap.entries);
  g_assert_cmpuint (heap.n_allocated, ==, 0);

  /* And serves again. */
  push (&heap, &items[0].job, 1);
  g_assert_true (pop (&heap) == &items[0]);
  tend_heap_clear (&heap);
}

/* --- The time that goes into it --- */

static void
test_time_never_overflows (void)
{
  g_assert_cmpint (tend_time_add (10, 5), ==, 15);
  g_assert_cmpint (tend_time_add (10, 0), ==, 10);
  g_assert_cmpint (tend_time_add (10, G_MAXINT64 - 10), ==, TEND_FOREVER);
  g_assert_cmpint (tend_time_add (10, G_MAXINT64 - 11), ==, TEND_FOREVER - 1);
  g_assert_cmpint (tend_time_add (10, G_MAXINT64), ==, TEND_FOREVER);
  g_assert_cmpint (tend_time_add (TEND_FOREVER, 1), ==, TEND_FOREVER);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/heap/empty-has-no-first", test_empty_has_no_first);
  g_test_add_func ("/tend/heap/orders-by-deadline", test_orders_by_deadline);
  g_test_add_func ("/tend/heap/keeps-order-of-equals", test_keeps_order_of_equals);
  g_test_add_func ("/tend/heap/puts-rearmed-behind-equals", test_puts_rearmed_behind_equals);
  g_test_add_func ("/tend/heap/removes-from-anywhere", test_removes_from_anywhere);
  g_test_add_data_func ("/tend/heap/agrees-with-model/few", GUINT_TO_POINTER (7), test_agrees_with_model);
  g_test_add_data_func ("/tend/heap/agrees-with-model/many", GUINT_TO_POINTER (300), test_agrees_with_model);
  g_test_add_func ("/tend/heap/grows-and-shrinks", test_grows_and_shrinks);
  g_test_add_func ("/tend/heap/does-not-thrash", test_does_not_thrash);
  g_test_add_func ("/tend/heap/clear-gives-memory-back", test_clear_gives_memory_back);
  g_test_add_func ("/tend/heap/time-never-overflows", test_time_never_overflows);

  return g_test_run ();
}
