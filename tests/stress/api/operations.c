// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Chooses operations and makes them: from the top, and in callbacks, down to a depth.

#define _GNU_SOURCE

#include "fuzz.h"

#include <pthread.h>

#define MAX_DEPTH 4

static Op *const operation_tables[] = {
  task_operations, scope_operations, wait_operations, sync_operations, waits_operations, cancel_operations,
  manager_operations, cache_operations, process_operations, NULL,
};

/* Whether this runs on the stack of the thread, and not on that of a fiber. */
static gboolean
is_native (void)
{
  static char *begin, *end;
  char *frame = __builtin_frame_address (0);

  if (end == NULL)
    {
      pthread_attr_t attr;
      void *address;
      gsize size;

      g_assert_true (pthread_getattr_np (pthread_self (), &attr) == 0);
      pthread_attr_getstack (&attr, &address, &size);
      pthread_attr_destroy (&attr);
      begin = address;
      end = begin + size;
    }

  return frame >= begin && frame < end;
}

/* Whether an operation may be made here and now. */
static gboolean
is_allowed (const Op *op)
{
  if (fuzz.is_elsewhere)
    return (op->flags & OP_ANYWHERE) != 0;

  return !((op->flags & OP_TOP) != 0 && fuzz.depth > 0) && !((op->flags & OP_NATIVE) != 0 && !is_native ()) &&
    !((op->flags & OP_ENDING) != 0 && fuzz.has_endless) && !((op->flags & OP_BLOCKING) != 0 && fuzz.has_sides);
}

static Op *
choose (void)
{
  guint sum = 0;
  guint n;

  for (guint i = 0; operation_tables[i] != NULL; i++)
    for (Op *op = operation_tables[i]; op->name != NULL; op++)
      sum += is_allowed (op) ? op->weight : 0;

  n = pick (sum);
  for (guint i = 0; operation_tables[i] != NULL; i++)
    for (Op *op = operation_tables[i]; op->name != NULL; op++)
      {
        guint weight = is_allowed (op) ? op->weight : 0;

        if (n < weight)
          return op;
        n -= weight;
      }

  g_assert_not_reached ();
}

/* Makes one operation. */
void
run_operation (void)
{
  Op *op = choose ();
  guint n_held = fuzz.held->len;
  guint depth = fuzz.depth;

  trace ("%s", op->name);
  op->n_run++;
  fuzz.depth++;
  op->run ();
  if (!fuzz.is_elsewhere)
    drop_held (n_held);
  if (--fuzz.depth != depth)
    fail ("'%s' has waited", op->name);
}

/* To be called by each callback: makes operations there, at times. */
void
hook (void)
{
  if (fuzz.depth >= MAX_DEPTH || pick (3) != 0)
    return;

  for (guint n = 1 + pick (2); n > 0 && fuzz.n_left > 0; n--)
    {
      fuzz.n_left--;
      run_operation ();
    }
}

static gpointer
elsewhere_thread (gpointer data)
{
  run_operation ();
  return NULL;
}

/* Makes an operation in another thread, and waits for that: FALSE if this is one. */
gboolean
run_elsewhere (void)
{
  guint n_held = fuzz.held->len;

  if (fuzz.is_elsewhere)
    return FALSE;

  fuzz.is_elsewhere = TRUE;
  g_thread_join (g_thread_new ("elsewhere", elsewhere_thread, NULL));
  fuzz.is_elsewhere = FALSE;
  drop_held (n_held);
  return TRUE;
}

guint64
operations_count (void)
{
  guint64 n = 0;

  for (guint i = 0; operation_tables[i] != NULL; i++)
    for (Op *op = operation_tables[i]; op->name != NULL; op++)
      n += op->n_run;

  return n;
}

/* Says how often each operation was made. */
void
operations_tell (void)
{
  for (guint i = 0; operation_tables[i] != NULL; i++)
    for (Op *op = operation_tables[i]; op->name != NULL; op++)
      g_print ("# %10" G_GUINT64_FORMAT " times %s\n", op->n_run, op->name);
}
