// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the programs of this folder share that let threads loose upon the objects of a class.
//
// Eight threads carry out operations at random. Four of them are homes: each runs a main context of its
// own, and makes objects there. The others have no context, and do what any thread may. Objects pass from
// thread to thread by a rack: a table of slots for each home, into which references are put and from
// which anybody takes them. Whoever puts something where something is drops that, so that the last
// reference to anything goes in any thread, while the home of the object runs.
//
// Whatever must end once gets a ticket: a wait, a callback with its data, a value, an object. Tickets are
// never freed, so that an end too many is seen as well as one too few. One that has a home must end there.
//
// TEND_STRESS_SEED and TEND_STRESS_OPERATIONS set what is chosen at random and how much is done by all of
// them together. The same seed gives each thread the same choices; how the threads meet is not the same. With
// TEND_STRESS_ALONE=1 nothing passes from thread to thread, which tells whether a fault has to do with that.

#pragma once

#include "rack.h"

#include <stdlib.h>

#if defined (__SANITIZE_THREAD__)
#define IS_TSAN TRUE
#elif defined (__has_feature)
#if __has_feature (thread_sanitizer)
#define IS_TSAN TRUE
#endif
#endif
#ifndef IS_TSAN
#define IS_TSAN FALSE
#endif

/* A home that has so many tickets open takes its objects back before it makes new ones. */
#define MAX_OPEN 4000

/* A thread without a home that has found nothing so often lets the others go on. */
#define MAX_IDLE 8

/* The operations stop after this time if there have not been enough, and all must have ended after that. */
#define WORK_SECONDS 80
#define END_SECONDS 115

typedef struct
{
  const char *name;
  gboolean  (*func) (Worker *worker);           /* whether there was something to do */
  guint       weight;
  gboolean    is_anywhere;                      /* or else in the homes alone */
} Operation;

typedef struct
{
  const Operation *operations;
  guint            n_operations;
  Rack            *racks[6];                    /* NULL behind the last */
  void           (*leave) (Worker *worker);     /* nullable; takes back what a home still holds itself */
} Program;

static const Program *program;
static int n_left;                              /* atomic; operations for all of them to do */
static int n_busy;                              /* atomic; workers that have not done enough */
static int n_met;                               /* atomic; how often homes have met */
static int n_contexts;                          /* atomic */
static gint64 work_end;                         /* constant while they work */
static GMutex finished_lock;
static GCond finished_cond;
static guint n_finished;                        /* under finished_lock */

/* --- The workers --- */

/* Drops all that @home has in racks. */
static inline void
racks_clear (Worker *home)
{
  for (guint i = 0; i < G_N_ELEMENTS (program->racks) && program->racks[i] != NULL; i++)
    for (guint slot = 0; slot < N_SLOTS; slot++)
      {
        gpointer object = g_atomic_pointer_exchange (&program->racks[i]->slots[home->number][slot], NULL);

        if (object != NULL)
          program->racks[i]->drop (object);
      }
}

static inline gboolean
drop_one (Worker *worker)
{
  Worker *home = pick_home (worker);

  for (guint i = 0; i < G_N_ELEMENTS (program->racks) && program->racks[i] != NULL; i++)
    {
      gpointer object = rack_take (program->racks[i], home);

      if (object != NULL)
        {
          program->racks[i]->drop (object);
          return TRUE;
        }
    }

  return FALSE;
}

static inline void
do_one (Worker *worker)
{
  guint sum = 0;
  guint number, n;

  for (guint i = 0; i < program->n_operations; i++)
    sum += is_home (worker) || program->operations[i].is_anywhere ? program->operations[i].weight : 0;

  n = pick (worker, sum);
  for (number = 0; TRUE; number++)
    {
      const Operation *operation = &program->operations[number];
      guint weight = is_home (worker) || operation->is_anywhere ? operation->weight : 0;

      if (n < weight)
        break;
      n -= weight;
    }

  g_atomic_pointer_set (&worker->now, program->operations[number].name);
  if (program->operations[number].func (worker))
    {
      worker->n_done[number]++;
      worker->n_idle = 0;
      g_atomic_int_add (&n_left, -1);
    }
  else if (!is_home (worker) && worker->n_idle++ >= MAX_IDLE)
    g_usleep (100);
  g_atomic_pointer_set (&worker->now, NULL);
}

static inline void
do_all (Worker *worker)
{
  if (is_alone && !is_home (worker))
    return;

  while (g_atomic_int_get (&n_left) > 0 && g_get_monotonic_time () < work_end)
    {
      gboolean is_full = g_atomic_int_get (&worker->n_open) >= MAX_OPEN;

      if (!is_home (worker))
        {
          do_one (worker);
          continue;
        }

      if (is_full)
        racks_clear (worker);
      else
        do_one (worker);
      if (is_full || pick (worker, 8) == 0)
        g_main_context_iteration (worker->context, FALSE);
    }
}

/*
 * Waits until so many homes have come here: what one has let go of may concern another, which must not have left its
 * loop before that.
 */
static inline void
meet (Worker *worker,
      int     n_homes)
{
  racks_clear (worker);
  g_atomic_int_inc (&n_met);
  while (g_atomic_int_get (&n_met) < n_homes)
    if (!g_main_context_iteration (worker->context, FALSE))
      g_usleep (100);
  for (guint i = 0; i < 10; i++)
    g_main_context_iteration (worker->context, FALSE);
}

/* Sleeps where nothing is to be done, so that a wake-up that gets lost is seen. */
static inline void
end_home (Worker *worker)
{
  while (g_atomic_int_get (&n_busy) > 0)
    {
      racks_clear (worker);
      if (!g_main_context_iteration (worker->context, FALSE))
        g_thread_yield ();
    }

  if (program->leave != NULL)
    program->leave (worker);
  while (g_atomic_int_get (&worker->n_open) > 0)
    {
      racks_clear (worker);
      if (g_atomic_int_get (&worker->n_open) == 0)
        break;
      g_main_context_iteration (worker->context, TRUE);
    }

  for (int n = 1; n <= 3; n++)
    meet (worker, n * N_HOMES);
  g_main_context_pop_thread_default (worker->context);
  g_main_context_unref (worker->context);
}

static inline gboolean
never_cb (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static inline void
context_gone_cb (gpointer data)
{
  g_atomic_int_add (&n_contexts, -1);
}

/* The context, and what tells of its end: a source goes with it. */
static inline GMainContext *
new_context (void)
{
  GMainContext *context = g_main_context_new ();
  GSource *source = g_timeout_source_new_seconds (3600);

  g_atomic_int_inc (&n_contexts);
  g_source_set_callback (source, never_cb, NULL, context_gone_cb);
  g_source_attach (source, context);
  g_source_unref (source);

  return context;
}

static inline gpointer
work_thread (gpointer data)
{
  Worker *worker = me = data;

  g_mutex_lock (&finished_lock);
  g_mutex_unlock (&finished_lock);
  if (is_home (worker))
    g_main_context_push_thread_default (worker->context);

  do_all (worker);
  g_atomic_int_add (&n_busy, -1);
  if (is_home (worker))
    end_home (worker);
  else
    while (g_atomic_int_get (&n_busy) > 0)
      {
        if (is_alone || !drop_one (worker))
          g_usleep (100);
      }

  g_mutex_lock (&finished_lock);
  n_finished++;
  g_cond_signal (&finished_cond);
  g_mutex_unlock (&finished_lock);
  return NULL;
}

/* --- The whole --- */

/* Says which tickets are open, and gives how many. */
static inline guint
report_open (void)
{
  g_autoptr(GHashTable) counts = g_hash_table_new (g_str_hash, g_str_equal);
  GHashTableIter iter;
  gpointer what, count;
  guint n_open = 0;

  for (guint i = 0; i < N_WORKERS; i++)
    for (guint j = 0; j < workers[i].n_tickets; j++)
      {
        Ticket *ticket = (Ticket *) g_ptr_array_index (workers[i].chunks, j / N_CHUNK) + j % N_CHUNK;
        guint n = GPOINTER_TO_UINT (g_hash_table_lookup (counts, ticket->what));

        if (g_atomic_int_get (&ticket->n_ended) != 0)
          continue;
        g_hash_table_insert (counts, (gpointer) ticket->what, GUINT_TO_POINTER (n + 1));
        n_open++;
      }

  g_hash_table_iter_init (&iter, counts);
  while (g_hash_table_iter_next (&iter, &what, &count))
    g_test_message ("open: %u of %s", GPOINTER_TO_UINT (count), (const char *) what);

  return n_open;
}

static inline void
wait_for_workers (void)
{
  gint64 end = work_end + (END_SECONDS - WORK_SECONDS) * G_TIME_SPAN_SECOND;

  g_mutex_lock (&finished_lock);
  while (n_finished < N_WORKERS)
    if (!g_cond_wait_until (&finished_cond, &finished_lock, end))
      {
        for (guint i = 0; i < N_WORKERS; i++)
          {
            const char *now = g_atomic_pointer_get (&workers[i].now);

            g_test_message ("thread %u: %d tickets open, in '%s'", i, g_atomic_int_get (&workers[i].n_open),
                            now != NULL ? now : "the loop");
          }
        g_test_message ("%d operations left", g_atomic_int_get (&n_left));
        report_open ();
        g_error ("%u of %u threads have not come to their end", N_WORKERS - n_finished, N_WORKERS);
      }
  g_mutex_unlock (&finished_lock);
}

static inline void
say_what_was_done (void)
{
  guint n_all = 0;

  for (guint i = 0; i < program->n_operations; i++)
    {
      guint n = 0;

      for (guint j = 0; j < N_WORKERS; j++)
        n += workers[j].n_done[i];
      g_test_message ("%8u times %s", n, program->operations[i].name);
      g_assert_cmpuint (n, >, 0);
      n_all += n;
    }
  g_test_message ("%8u operations", n_all);
}

static inline guint
get_number (const char *variable,
            guint       other)
{
  const char *text = g_getenv (variable);

  return text != NULL ? (guint) strtoul (text, NULL, 0) : other;
}

static inline void
unobserved_cb (const char   *task,
               const GError *error,
               const char   *origin,
               gpointer      user_data)
{
}

/* Runs @it from beginning to end. The number of operations is for a plain build; sanitizers get a part. */
static inline void
stress_run (const Program *it,
            guint          tsan_part)
{
  guint32 seed = get_number ("TEND_STRESS_SEED", g_random_int ());
  guint n_operations = get_number ("TEND_STRESS_OPERATIONS", 1000000 / (IS_TSAN ? tsan_part : 1));

  g_test_message ("TEND_STRESS_SEED=%u TEND_STRESS_OPERATIONS=%u", seed, n_operations);
  tend_set_unobserved_func (unobserved_cb, NULL, NULL);
  g_assert (it->n_operations <= MAX_OPERATIONS);
  program = it;
  is_alone = get_number ("TEND_STRESS_ALONE", FALSE) != 0;
  n_left = (int) n_operations;
  n_busy = N_WORKERS;
  work_end = g_get_monotonic_time () + WORK_SECONDS * G_TIME_SPAN_SECOND;

  for (guint i = 0; i < N_WORKERS; i++)
    {
      workers[i].number = i;
      workers[i].seed = (seed + i * 0x9e3779b9u) | 1;
      workers[i].chunks = g_ptr_array_new_with_free_func (g_free);
      workers[i].context = i < N_HOMES ? new_context () : NULL;
    }
  /* Under the lock, so that each knows the threads of the others. */
  g_mutex_lock (&finished_lock);
  for (guint i = 0; i < N_WORKERS; i++)
    workers[i].thread = g_thread_new ("worker", work_thread, &workers[i]);
  g_mutex_unlock (&finished_lock);

  wait_for_workers ();
  for (guint i = 0; i < N_WORKERS; i++)
    g_thread_join (workers[i].thread);

  say_what_was_done ();
  g_assert_cmpuint (report_open (), ==, 0);
  g_assert_cmpint (g_atomic_int_get (&n_contexts), ==, 0);
  for (guint i = 0; i < N_WORKERS; i++)
    g_ptr_array_unref (workers[i].chunks);
}
