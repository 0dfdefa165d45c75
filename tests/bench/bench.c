// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Takes one pass of one peer through its steps, and prints what each cost.
//
// A pass has a process of its own. What one leaves behind in the heap, order or disorder, so is nobody
// else's; and the growth of the process is what a step takes in memory, with all that the allocator
// adds. A small pass comes first, so that code, types and caches are warm. Memory comes fresh from the
// kernel where a size needs more than that, and the time that takes is part of the figure, as it is in
// a program.
//
//   PROGRAM list                         lines of scenario, peer and largest n
//   PROGRAM machine                      what the program was built with
//   PROGRAM SCENARIO PEER N MODE         lines of case, metric, unit, operation and value
//
// The modes: "time", "memory", and two for a program that watches this one and is told of each step:
// "calls" by a write() to no file, for strace; "instructions" by callgrind's requests.

#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#ifdef HAVE_CALLGRIND
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_ZERO_STATS ((void) 0)
#define CALLGRIND_DUMP_STATS_AT(name) ((void) (name))
#endif

/* So many operations warm a pass up; more would leave memory behind in which no growth shows. */
#define WARM_UP_SIZE 1000
#define WEIGH_WARM_UP_SIZE 16

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "GCC " __VERSION__
#endif

typedef enum
{
  MODE_TIME,
  MODE_MEMORY,
  MODE_CALLS,
  MODE_INSTRUCTIONS,
} Mode;

static const char *const mode_names[] = { "time", "memory", "calls", "instructions" };

static struct
{
  Mode     mode;
  gboolean is_warm;             /* before this, nothing is told */
  const char *operation;        /* of the step that runs */

  /* Durations that the step has noted, which are sorted when it is over and measured. */
  const char *quantiles_name;
  const char *quantiles_metric;
  gint64     *durations;        /* NULL: none */
  guint       n_durations;
} pass;

/* --- What is measured --- */

static gint64
get_clock (clockid_t id)
{
  struct timespec time;

  clock_gettime (id, &time);

  return time.tv_sec * G_GINT64_CONSTANT (1000000000) + time.tv_nsec;
}

gint64
bench_get_nsec (void)
{
  return get_clock (CLOCK_MONOTONIC);
}

/*
 * The memory that the process has, or 0 where the system does not tell. The cheaper statm is counted
 * per CPU and lags behind, by more than a thousand small tasks take.
 */
gint64
bench_get_bytes (void)
{
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/self/smaps_rollup", &text, NULL, NULL) ||
      (line = strstr (text, "\nRss:")) == NULL)
    return 0;

  return g_ascii_strtoll (line + strlen ("\nRss:"), NULL, 10) * 1024;
}

/* The memory of the heap that is in use, whose free pages go back to the system; 0 where nobody tells. */
gint64
bench_get_used (void)
{
#ifdef __GLIBC__
  struct mallinfo2 info;

  malloc_trim (0);
  info = mallinfo2 ();

  return (gint64) (info.uordblks + info.hblkhd);
#else
  return 0;
#endif
}

static gint64
get_amount (const BenchStep *step)
{
  if (pass.mode == MODE_MEMORY)
    return bench_get_bytes ();

  return get_clock (step->flags & BENCH_CPU ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC);
}

/* --- What is told --- */

/* Tells a figure that a step has found by itself, the case being @name. */
void
bench_note (const char *name,
            const char *metric,
            const char *unit,
            double      value)
{
  if (pass.is_warm && pass.mode == MODE_TIME)
    printf ("%s\t%s\t%s\t%s\t%.6g\n", name, metric, unit, pass.operation, value);
}

static int
compare_nsec (gconstpointer a,
              gconstpointer b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return (x > y) - (x < y);
}

/* Tells the middle and the end of @n durations in microseconds, after the step; once in a step. */
void
bench_note_quantiles (const char   *name,
                      const char   *metric,
                      const gint64 *nsec,
                      guint         n)
{
  g_assert (pass.durations == NULL);
  pass.quantiles_name = name;
  pass.quantiles_metric = metric;
  pass.durations = g_memdup2 (nsec, n * sizeof *nsec);
  pass.n_durations = n;
}

static void
tell_quantiles (void)
{
  g_autofree gint64 *nsec = g_steal_pointer (&pass.durations);
  g_autofree char *p50 = g_strconcat (pass.quantiles_metric, " p50", NULL);
  g_autofree char *p99 = g_strconcat (pass.quantiles_metric, " p99", NULL);

  qsort (nsec, pass.n_durations, sizeof *nsec, compare_nsec);
  bench_note (pass.quantiles_name, p50, "us", (double) nsec[pass.n_durations / 2] / 1000);
  bench_note (pass.quantiles_name, p99, "us", (double) nsec[(guint) ((guint64) pass.n_durations * 99 / 100)] / 1000);
}

/* No file has this number: the call fails at once, and is seen by whoever traces calls. */
static void
mark (const char      *what,
      const BenchStep *step,
      guint            n_operations)
{
  g_autofree char *text = NULL;

  if (pass.mode != MODE_CALLS || !pass.is_warm)
    return;

  text = g_strdup_printf ("tend-bench %s:%s:%s:%u", what, step->name, step->operation, n_operations);
  if (write (-1, text, strlen (text)) >= 0)
    g_assert_not_reached ();
}

static void
tell (const BenchStep *step,
      double           amount,
      guint            n_operations)
{
  const char *metric = step->flags & BENCH_CPU ? "processor time" : "time";
  g_autofree char *dump = NULL;

  mark ("end", step, n_operations);
  if (pass.mode == MODE_INSTRUCTIONS && pass.is_warm)
    {
      dump = g_strdup_printf ("tend-bench:%s:%s:%u", step->name, step->operation, n_operations);
      CALLGRIND_DUMP_STATS_AT (dump);
    }
  if (pass.durations != NULL)
    tell_quantiles ();
  if (step->flags & BENCH_SILENT)
    return;

  if (pass.mode == MODE_TIME)
    bench_note (step->name, metric, "ns", amount / n_operations);
  else if (pass.mode == MODE_MEMORY && pass.is_warm)
    printf ("%s\tmemory\tB\t%s\t%.6g\n", step->name, step->operation, amount / n_operations);
}

/* --- The pass --- */

static void
run_step (const BenchStep *step,
          gpointer         state)
{
  gint64 before;
  guint n_operations;

  if (step->prepare != NULL)
    step->prepare (state);

  pass.operation = step->operation;
  mark ("begin", step, 0);
  CALLGRIND_ZERO_STATS;
  before = get_amount (step);
  n_operations = step->run (state);
  tell (step, (double) (get_amount (step) - before), MAX (n_operations, 1));
}

static void
run_pass (const BenchPeer *peer,
          guint            n,
          gboolean         is_warm)
{
  gpointer state = peer->begin (n);

  pass.is_warm = is_warm;
  for (const BenchStep *step = peer->steps; step->name != NULL; step++)
    {
      g_assert (step < peer->steps + BENCH_MAX_STEPS);
      if (pass.mode == MODE_MEMORY && !(step->flags & BENCH_WEIGHED))
        break;
      run_step (step, state);
    }

  peer->end (state);
}

/* --- The program --- */

static gboolean
parse_mode (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (mode_names); i++)
    {
      if (g_str_equal (name, mode_names[i]))
        {
          pass.mode = (Mode) i;
          return TRUE;
        }
    }

  return FALSE;
}

static const BenchPeer *
find_peer (const BenchPeer *const *peers,
           const char             *scenario,
           const char             *name)
{
  for (; *peers != NULL; peers++)
    {
      if (g_str_equal ((*peers)->scenario, scenario) && g_str_equal ((*peers)->name, name))
        return *peers;
    }

  return NULL;
}

static int
list_peers (const BenchPeer *const *peers)
{
  for (; *peers != NULL; peers++)
    {
      gboolean is_weighed = ((*peers)->steps[0].flags & BENCH_WEIGHED) != 0;

      printf ("%s\t%s\t%u\t%s\n", (*peers)->scenario, (*peers)->name, (*peers)->max_n, is_weighed ? "memory" : "");
    }

  return EXIT_SUCCESS;
}

/* Does what the arguments ask for, with the peers that there are; gives the exit status. */
int
bench_main (const BenchPeer *const  *peers,
            int                      argc,
            char                   **argv)
{
  const BenchPeer *peer;
  guint64 n;

  if (argc == 2 && g_str_equal (argv[1], "list"))
    return list_peers (peers);

  if (argc == 2 && g_str_equal (argv[1], "machine"))
    {
      printf ("GLib %u.%u.%u, %s %s\n",
              glib_major_version, glib_minor_version, glib_micro_version, COMPILER, BENCH_OPTIONS);
      return EXIT_SUCCESS;
    }

  if (argc != 5 ||
      (peer = find_peer (peers, argv[1], argv[2])) == NULL ||
      !g_ascii_string_to_unsigned (argv[3], 10, 1, G_MAXINT32, &n, NULL) ||
      !parse_mode (argv[4]))
    {
      fprintf (stderr, "Usage: %s list | machine | SCENARIO PEER N MODE\n", argv[0]);
      return 2;
    }

  run_pass (peer, MIN ((guint) n, pass.mode == MODE_MEMORY ? WEIGH_WARM_UP_SIZE : WARM_UP_SIZE), FALSE);
  run_pass (peer, (guint) n, TRUE);

  return EXIT_SUCCESS;
}
