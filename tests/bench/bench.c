// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Takes the measurements of a benchmark, in rounds in which the peers take turns.
//
// Each pass of a peer through its steps is made in a child process. What one leaves behind in the
// heap, order or disorder, so is nobody else's; and the growth of the process is what a step takes in
// memory, with all that the allocator adds. A child first makes a small pass, so that code, types and
// caches are warm. Memory comes fresh from the kernel where a size needs more than that, and the
// time that takes is part of the figure, as it is in a program.

#define _GNU_SOURCE     /* CPU_SET */

#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#endif

#define MIN_ROUNDS 7
#define QUICK_ROUNDS 3
#define WEIGH_ROUNDS 3

/* A small size is measured more often, since a single disturbance makes more of it. */
#define OPERATIONS_PER_SIZE 200000
#define MAX_ROUNDS 101

#define MAX_QUICK_SIZE 10000

/* So many operations warm a pass up; more would leave memory behind in which no growth shows. */
#define WARM_UP_SIZE 1000
#define WEIGH_WARM_UP_SIZE 16

typedef struct
{
  const BenchScenario *scenario;
  gboolean             is_json;
  gboolean             is_quick;
  int                  only_n;        /* 0: all sizes */
  int                  n_rounds;      /* 0: as many as the size asks for */
  char                *only_peer;     /* NULL: all of them */
  GPtrArray           *results;       /* of BenchResult */
} Bench;

/* --- The child --- */

static gint64
get_nsec (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);

  return time.tv_sec * G_GINT64_CONSTANT (1000000000) + time.tv_nsec;
}

/*
 * The memory that the process has, or 0 where the system does not tell. The cheaper statm is counted
 * per CPU and lags behind, by more than a thousand small tasks take.
 */
static gint64
get_bytes (void)
{
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/self/smaps_rollup", &text, NULL, NULL) ||
      (line = strstr (text, "\nRss:")) == NULL)
    return 0;

  return g_ascii_strtoll (line + strlen ("\nRss:"), NULL, 10) * 1024;
}

static void
run_pass (const BenchPeer *peer,
          guint            n,
          gboolean         weigh,
          double          *values)
{
  gpointer state = peer->begin (n);

  for (guint i = 0; peer->steps[i].name != NULL; i++)
    {
      const BenchStep *step = &peer->steps[i];
      gint64 before;
      guint n_operations;

      g_assert (i < BENCH_MAX_STEPS);
      if (weigh && !step->is_weighed)
        break;

      if (step->prepare != NULL)
        step->prepare (state);

      before = weigh ? get_bytes () : get_nsec ();
      n_operations = step->run (state);
      values[i] = (double) ((weigh ? get_bytes () : get_nsec ()) - before) / n_operations;
    }

  peer->end (state);
}

static void
run_child (const BenchPeer *peer,
           guint            n,
           gboolean         weigh,
           int              fd)
{
  double values[BENCH_MAX_STEPS] = { 0 };

  run_pass (peer, MIN (n, weigh ? WEIGH_WARM_UP_SIZE : WARM_UP_SIZE), weigh, values);
  run_pass (peer, n, weigh, values);

  /* It is less than a pipe holds, and so never comes in parts. */
  if (write (fd, values, sizeof values) != (ssize_t) sizeof values)
    exit (EXIT_FAILURE);

  /* Not _exit(): a sanitizer looks for leaks on the way out. */
  exit (EXIT_SUCCESS);
}

/* --- Rounds --- */

/* Lets a child take one pass; a child that fails fails the benchmark. */
static void
measure (const BenchPeer *peer,
         guint            n,
         gboolean         weigh,
         double          *values)
{
  int fds[2], status = 0;
  pid_t child;

  /* What is in the buffers would be written by the child again. */
  fflush (NULL);

  if (pipe (fds) != 0 || (child = fork ()) < 0)
    g_error ("No process for a pass of '%s': %s", peer->name, g_strerror (errno));

  if (child == 0)
    {
      close (fds[0]);
      run_child (peer, n, weigh, fds[1]);
    }

  close (fds[1]);
  if (read (fds[0], values, BENCH_MAX_STEPS * sizeof *values) != (ssize_t) (BENCH_MAX_STEPS * sizeof *values) ||
      waitpid (child, &status, 0) != child || status != 0)
    g_error ("A pass of '%s' with n = %u failed", peer->name, n);
  close (fds[0]);
}

static BenchResult *
get_result (Bench           *bench,
            const BenchPeer *peer,
            const BenchStep *step,
            guint            n,
            gboolean         weigh)
{
  const char *metric = weigh ? "memory" : "time";
  BenchResult *result;

  for (guint i = 0; i < bench->results->len; i++)
    {
      result = g_ptr_array_index (bench->results, i);
      if (result->peer == peer->name && result->name == step->name && result->n == n && result->metric == metric)
        return result;
    }

  result = bench_result_new (peer->name, step, n, metric, weigh ? "B" : "ns");
  g_ptr_array_add (bench->results, result);

  return result;
}

static void
run_round (Bench           *bench,
           const BenchPeer *peer,
           guint            n,
           gboolean         weigh)
{
  double values[BENCH_MAX_STEPS];

  if (bench->only_peer != NULL && !g_str_equal (bench->only_peer, peer->name))
    return;

  measure (peer, n, weigh, values);
  for (guint i = 0; peer->steps[i].name != NULL; i++)
    {
      if (!weigh || peer->steps[i].is_weighed)
        g_array_append_val (get_result (bench, peer, &peer->steps[i], n, weigh)->values, values[i]);
    }
}

/* The first of a round is another peer each time, since whoever comes first may meet a colder machine. */
static void
run_rounds (Bench    *bench,
            guint     n,
            guint     n_rounds,
            gboolean  weigh)
{
  const BenchPeer *const *peers = bench->scenario->peers;
  guint n_peers = 0;

  while (peers[n_peers] != NULL)
    n_peers++;

  for (guint round = 0; round < n_rounds; round++)
    for (guint i = 0; i < n_peers; i++)
      run_round (bench, peers[(round + i) % n_peers], n, weigh);
}

static void
run_size (Bench *bench,
          guint  n)
{
  guint n_rounds;

  if (bench->n_rounds > 0)
    n_rounds = (guint) bench->n_rounds;
  else if (bench->is_quick)
    n_rounds = QUICK_ROUNDS;
  else
    n_rounds = CLAMP (OPERATIONS_PER_SIZE / n, MIN_ROUNDS, MAX_ROUNDS);

  fprintf (stderr, "%s: n = %u, %u rounds\n", bench->scenario->name, n, n_rounds);
  run_rounds (bench, n, n_rounds, FALSE);
  if (get_bytes () > 0)
    run_rounds (bench, n, MIN (n_rounds, WEIGH_ROUNDS), TRUE);
}

/* --- The program --- */

/* Keeps to one CPU, and the children with it; moving to another costs what its caches have to learn. */
static void
pin (void)
{
#ifdef __linux__
  cpu_set_t allowed, one;

  if (sched_getaffinity (0, sizeof allowed, &allowed) != 0)
    return;

  /* The last one: the first has most of the interrupts. */
  for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--)
    {
      if (CPU_ISSET (cpu, &allowed))
        {
          CPU_ZERO (&one);
          CPU_SET (cpu, &one);
          sched_setaffinity (0, sizeof one, &one);
          return;
        }
    }
#endif
}

static gboolean
parse (Bench   *bench,
       int     *argc,
       char  ***argv)
{
  GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &bench->is_json, "Print one object per line", NULL },
    { "quick", 0, 0, G_OPTION_ARG_NONE, &bench->is_quick, "Few rounds, and small sizes only", NULL },
    { "n", 0, 0, G_OPTION_ARG_INT, &bench->only_n, "Only this size, which may be any", "N" },
    { "peer", 0, 0, G_OPTION_ARG_STRING, &bench->only_peer, "Only this peer", "NAME" },
    { "rounds", 0, 0, G_OPTION_ARG_INT, &bench->n_rounds, "So many rounds at each size", "N" },
    { NULL }
  };
  g_autoptr(GOptionContext) context = g_option_context_new ("");
  g_autoptr(GError) error = NULL;
  gboolean is_known;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, &error))
    {
      fprintf (stderr, "%s\n", error->message);
      return FALSE;
    }

  is_known = bench->only_peer == NULL;
  for (guint i = 0; bench->scenario->peers[i] != NULL; i++)
    is_known |= g_strcmp0 (bench->scenario->peers[i]->name, bench->only_peer) == 0;
  if (!is_known || bench->only_n < 0 || bench->n_rounds < 0 || *argc > 1)
    {
      fprintf (stderr, "No such peer, size, number of rounds or argument\n");
      return FALSE;
    }

  return TRUE;
}

/* Runs the benchmark of @scenario as a program does that has nothing else; gives its exit status. */
int
bench_main (const BenchScenario  *scenario,
            int                   argc,
            char                **argv)
{
  Bench bench = { .scenario = scenario };
  g_autoptr(GPtrArray) results = g_ptr_array_new_with_free_func ((GDestroyNotify) bench_result_free);
  g_autofree char *machine = NULL;

  bench.results = results;
  if (!parse (&bench, &argc, &argv))
    return 2;

  pin ();
  machine = bench_describe_machine ();

  if (bench.only_n > 0)
    run_size (&bench, (guint) bench.only_n);
  else
    for (const guint *n = scenario->sizes; *n > 0; n++)
      {
        if (!bench.is_quick || *n <= MAX_QUICK_SIZE)
          run_size (&bench, *n);
      }

  if (bench.is_json)
    bench_print_json (scenario, results, machine);
  else
    {
      printf ("%s\n", machine);
      bench_print_table (scenario, results);
    }

  g_free (bench.only_peer);
  return 0;
}
