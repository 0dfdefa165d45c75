// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The array of armed jobs that the agenda is made of. What order it gives is tested there.

#include "tend-core-private.h"

static void
never_run (TendJob *job)
{
  g_assert_not_reached ();
}

static TendJob *
new_jobs (guint n)
{
  TendJob *jobs = g_new0 (TendJob, n);

  for (guint i = 0; i < n; i++)
    tend_job_init (&jobs[i], never_run);

  return jobs;
}

static void
check_places (const TendHeap *heap)
{
  for (guint i = 0; i < heap->n_entries; i++)
    g_assert_cmpuint (heap->entries[i].job->place, ==, i);
}

/* Each parent is before its children, and each job knows its place. */
static void
check_shape (const TendHeap *heap)
{
  check_places (heap);
  for (guint i = 1; i < heap->n_entries; i++)
    {
      const TendHeapEntry *entry = &heap->entries[i];
      const TendHeapEntry *parent = &heap->entries[(i - 1) / 4];

      g_assert_true (parent->deadline < entry->deadline ||
                     (parent->deadline == entry->deadline && parent->sequence <= entry->sequence));
    }
}

static void
test_is_put_in_order (void)
{
  for (guint n = 0; n < 100; n++)
    {
      g_autofree TendJob *jobs = new_jobs (n);
      TendHeap heap = { 0 };

      for (guint i = 0; i < n; i++)
        {
          TendHeapEntry entry = { i * 77 % 20, n - i, &jobs[i] };

          tend_heap_append (&heap, &entry);
        }
      check_places (&heap);
      tend_heap_order (&heap);
      check_shape (&heap);
      g_assert_cmpuint (heap.n_entries, ==, n);
      tend_heap_clear (&heap);
    }
}

static void
test_stays_in_order (void)
{
  const guint n = 200;
  g_autofree TendJob *jobs = new_jobs (n);
  TendHeap heap = { 0 };

  for (guint i = 0; i < n; i++)
    {
      TendHeapEntry entry = { i * 77 % 20, i, &jobs[i] };

      tend_heap_push (&heap, &entry);
      check_shape (&heap);
    }
  for (guint i = 0; i < n; i++)
    {
      tend_heap_remove (&heap, jobs[i * 33 % n * 7 % n].place);
      check_shape (&heap);
    }

  g_assert_cmpuint (heap.n_entries, ==, 0);
  tend_heap_clear (&heap);
}

static void
test_drops_from_anywhere (void)
{
  const guint n = 50;
  g_autofree TendJob *jobs = new_jobs (n);
  TendHeap heap = { 0 };

  for (guint i = 0; i < n; i++)
    {
      TendHeapEntry entry = { 0, 0, &jobs[i] };

      tend_heap_append (&heap, &entry);
    }
  for (guint i = 0; i < n; i++)
    {
      tend_heap_drop (&heap, jobs[i * 7 % n].place);
      check_places (&heap);
    }

  g_assert_cmpuint (heap.n_entries, ==, 0);
  tend_heap_clear (&heap);
}

static void
test_grows_and_shrinks (void)
{
  const guint n = 100000;
  g_autofree TendJob *jobs = new_jobs (n);
  TendHeap heap = { 0 };

  for (guint i = 0; i < n; i++)
    {
      TendHeapEntry entry = { i % 1000, i, &jobs[i] };

      tend_heap_push (&heap, &entry);
      g_assert_cmpuint (heap.n_allocated, >=, heap.n_entries);
      g_assert_cmpuint (heap.n_allocated, <=, MAX (16, 2 * heap.n_entries));
    }

  for (guint i = 0; i < n; i++)
    {
      tend_heap_remove (&heap, jobs[i].place);
      g_assert_cmpuint (heap.n_allocated, >=, heap.n_entries);
      g_assert_cmpuint (heap.n_allocated, <=, MAX (16, 4 * heap.n_entries + 4));
    }

  g_assert_cmpuint (heap.n_entries, ==, 0);
  tend_heap_clear (&heap);
  g_assert_null (heap.entries);
  g_assert_cmpuint (heap.n_allocated, ==, 0);
}

/* A size that swings by one does not allocate each time. */
static void
test_does_not_thrash (void)
{
  g_autofree TendJob *jobs = new_jobs (65);
  TendHeapEntry over = { 64, 64, &jobs[64] };
  TendHeap heap = { 0 };
  guint n_resizes = 0;

  for (guint i = 0; i < 64; i++)
    {
      TendHeapEntry entry = { i, i, &jobs[i] };

      tend_heap_push (&heap, &entry);
    }

  for (guint i = 0; i < 100; i++)
    {
      guint before = heap.n_allocated;

      tend_heap_push (&heap, &over);
      n_resizes += heap.n_allocated != before;
      before = heap.n_allocated;
      tend_heap_remove (&heap, jobs[64].place);
      n_resizes += heap.n_allocated != before;
    }

  g_assert_cmpuint (n_resizes, <=, 1);
  tend_heap_clear (&heap);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/heap/is-put-in-order", test_is_put_in_order);
  g_test_add_func ("/tend/heap/stays-in-order", test_stays_in_order);
  g_test_add_func ("/tend/heap/drops-from-anywhere", test_drops_from_anywhere);
  g_test_add_func ("/tend/heap/grows-and-shrinks", test_grows_and_shrinks);
  g_test_add_func ("/tend/heap/does-not-thrash", test_does_not_thrash);

  return g_test_run ();
}
