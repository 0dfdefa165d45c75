// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Calls that lead to the next of their kind, as long as a program's chains are: an object that is freed holds the
// last reference to another one, and so on. A few of them may nest, as if nothing were done about it. What comes
// deeper waits until the outermost is through, and runs there, in the order in which it came.

#include "tend-core-private.h"

/* As deep as nobody nests by hand. Each level takes up to a kilobyte of stack or two. */
#define MAX_DEPTH 32

typedef struct _Later Later;
struct _Later
{
  Later        *next;
  TendFlatFunc  func;
  gpointer      data;
};

static TEND_THREAD struct
{
  guint   depth;
  Later  *first;    /* NULL: nothing waits */
  Later  *last;
} flat;

static void
add_later (TendFlatFunc func,
           gpointer     data)
{
  Later *later = g_new (Later, 1);

  *later = (Later) { NULL, func, data };
  if (flat.first == NULL)
    flat.first = later;
  else
    flat.last->next = later;
  flat.last = later;
}

/* Calls @func: now, or once the calls that this thread is in have come back, if they are many. */
void
tend_call_flat (TendFlatFunc func,
                gpointer     data)
{
  Later *later;

  if (flat.depth >= MAX_DEPTH)
    {
      add_later (func, data);
      return;
    }

  flat.depth++;
  func (data);
  while (flat.depth == 1 && (later = flat.first) != NULL)
    {
      flat.first = later->next;
      later->func (later->data);
      g_free (later);
    }
  flat.depth--;
}
