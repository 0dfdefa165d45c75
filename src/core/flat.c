// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Calls that lead to the next call of their kind, as long as a program's chains are: an object that is freed holds the
// last reference to another one, the end of a task ends the next, and so on. Some of them nest as usual. Deeper ones
// wait until the outermost call returns, and run there, in the order in which they came.

#include "tend-core-private.h"

/* Deeper than anybody nests by hand. Each level takes up to two kilobytes of stack. */
#define MAX_DEPTH 64

typedef struct _Later Later;
struct _Later
{
  Later        *next;
  TendFlatFunc  func;
  gpointer      data;
  gboolean      is_copy;
};

static TEND_THREAD struct
{
  guint   depth;
  Later  *first;    /* NULL: nothing waits */
  Later  *last;
} flat;

static void
add_later (TendFlatFunc func,
           gpointer     data,
           gsize        size)
{
  Later *later = g_new (Later, 1);

  later->next = NULL;
  later->func = func;
  later->data = size > 0 ? g_memdup2 (data, size) : data;
  later->is_copy = size > 0;
  if (flat.first == NULL)
    flat.first = later;
  else
    flat.last->next = later;
  flat.last = later;
}

/* Whether the thread is so deep in these calls that the next one would have to wait. */
gboolean
tend_is_deep (void)
{
  return flat.depth >= MAX_DEPTH;
}

/*
 * Calls @func: now, or once the calls that this thread is in have returned, if they are many. If @size is not 0, @data
 * has that size, and is copied if it has to wait. On the native stack.
 */
void
tend_call_flat (TendFlatFunc func,
                gpointer     data,
                gsize        size)
{
  Later *later;

  if (tend_is_deep ())
    {
      add_later (func, data, size);
      return;
    }

  flat.depth++;
  func (data);
  while (flat.depth == 1 && (later = flat.first) != NULL)
    {
      flat.first = later->next;
      later->func (later->data);
      if (later->is_copy)
        g_free (later->data);
      g_free (later);
    }
  flat.depth--;
}
