// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Many names, in order and at random, and a main context: what peers work on.
//
// All of it is made beforehand, the same in every run, so that a peer's steps measure the peer.

#include "bench.h"

/* "peer/", ten digits at most, and the end. */
#define NAME_SIZE 16

/* Makes @n names and a context, which becomes the thread-default one. */
void
bench_work_init (BenchWork *work,
                 guint      n)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (n);

  work->n = n;
  work->names = g_malloc ((gsize) n * NAME_SIZE);
  work->queries = g_malloc ((gsize) n * NAME_SIZE);
  work->positions = g_new (guint, n);

  for (guint i = 0; i < n; i++)
    {
      guint j = (guint) g_rand_int_range (rand, 0, (gint32) i + 1);

      g_snprintf (work->names + (gsize) i * NAME_SIZE, NAME_SIZE, "peer/%u", i);
      work->positions[i] = work->positions[j];
      work->positions[j] = i;
    }
  for (guint i = 0; i < n; i++)
    memcpy (work->queries + (gsize) i * NAME_SIZE, bench_work_get_name (work, work->positions[i]), NAME_SIZE);

  work->context = g_main_context_new ();
  g_main_context_push_thread_default (work->context);
}

/* Lets the context do what is left to do, and frees it and the names. */
void
bench_work_clear (BenchWork *work)
{
  while (g_main_context_iteration (work->context, FALSE))
    ;
  g_main_context_pop_thread_default (work->context);
  g_main_context_unref (work->context);
  g_free (work->names);
  g_free (work->queries);
  g_free (work->positions);
}

const char *
bench_work_get_name (BenchWork *work,
                     guint      i)
{
  return work->names + (gsize) i * NAME_SIZE;
}

const char *
bench_work_get_query (BenchWork *work,
                      guint      i)
{
  return work->queries + (gsize) i * NAME_SIZE;
}

void
bench_work_turn (BenchWork *work)
{
  g_main_context_iteration (work->context, FALSE);
}
