// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// An array of armed jobs, each of which knows its index, so that cancelling one needs no search. As
// long as nobody asks which is first the array is in no order, and what is put into it or taken out
// costs a few instructions. tend_heap_order() makes it a four-ary heap by (deadline, sequence): four
// children share a cache line and a half, and the tree is half as deep as a binary one.
//
// A heap belongs to one loop and is touched by that loop's thread only.

#include "tend-agenda-private.h"

#define ARITY 4
#define MIN_ALLOCATED 16

static inline gboolean
is_before (const TendHeapEntry *a,
           const TendHeapEntry *b)
{
  return a->deadline < b->deadline ||
         (a->deadline == b->deadline && a->sequence < b->sequence);
}

static inline void
put (TendHeap            *heap,
     guint                index,
     const TendHeapEntry *entry)
{
  heap->entries[index] = *entry;
  entry->job->place = index;
}

static void
sift_up (TendHeap      *heap,
         guint          index,
         TendHeapEntry  entry)
{
  while (index > 0)
    {
      guint parent = (index - 1) / ARITY;

      if (!is_before (&entry, &heap->entries[parent]))
        break;

      put (heap, index, &heap->entries[parent]);
      index = parent;
    }

  put (heap, index, &entry);
}

static void
sift_down (TendHeap      *heap,
           guint          index,
           TendHeapEntry  entry)
{
  while (TRUE)
    {
      guint first = index * ARITY + 1;
      guint last = MIN (first + ARITY, heap->n_entries);
      guint least = first;

      if (first >= heap->n_entries)
        break;

      for (guint child = first + 1; child < last; child++)
        {
          if (is_before (&heap->entries[child], &heap->entries[least]))
            least = child;
        }

      if (!is_before (&heap->entries[least], &entry))
        break;

      put (heap, index, &heap->entries[least]);
      index = least;
    }

  put (heap, index, &entry);
}

static void
resize (TendHeap *heap,
        guint     n_allocated)
{
  heap->entries = g_renew (TendHeapEntry, heap->entries, n_allocated);
  heap->n_allocated = n_allocated;
}

/* Puts an entry at the end, in no order. */
void
tend_heap_append (TendHeap            *heap,
                  const TendHeapEntry *entry)
{
  if (tend_heap_is_full (heap))
    resize (heap, MAX (MIN_ALLOCATED, heap->n_allocated * 2));

  put (heap, heap->n_entries++, entry);
}

/* Takes the last entry away, without changing its job. */
static TendHeapEntry
take_last (TendHeap *heap)
{
  TendHeapEntry last = heap->entries[--heap->n_entries];

  /* Shrinking at a quarter, not at a half, keeps a heap that swings around a size from thrashing. */
  if (heap->n_allocated > MIN_ALLOCATED && heap->n_entries < heap->n_allocated / 4)
    resize (heap, heap->n_allocated / 2);

  return last;
}

/* Takes the entry at @index out of an unordered heap. */
void
tend_heap_drop (TendHeap *heap,
                guint     index)
{
  TendHeapEntry last = take_last (heap);

  if (index < heap->n_entries)
    put (heap, index, &last);
}

/* Orders the heap. */
void
tend_heap_order (TendHeap *heap)
{
  /* From the last that has children to the root. */
  for (guint i = (heap->n_entries + ARITY - 2) / ARITY; i-- > 0;)
    sift_down (heap, i, heap->entries[i]);
}

void
tend_heap_push (TendHeap            *heap,
                const TendHeapEntry *entry)
{
  tend_heap_append (heap, entry);
  sift_up (heap, heap->n_entries - 1, *entry);
}

void
tend_heap_remove (TendHeap *heap,
                  guint     index)
{
  TendHeapEntry last = take_last (heap);

  if (index == heap->n_entries)
    return;

  if (index > 0 && is_before (&last, &heap->entries[(index - 1) / ARITY]))
    sift_up (heap, index, last);
  else
    sift_down (heap, index, last);
}

void
tend_heap_clear (TendHeap *heap)
{
  g_clear_pointer (&heap->entries, g_free);
  heap->n_entries = heap->n_allocated = 0;
}
