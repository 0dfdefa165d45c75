// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a benchmark is made of: a scenario, in which several peers take the same steps at several sizes.
//
// A benchmark is a file of peers and steps which calls bench_main(). bench.c takes the measurements,
// and bench-report.c says what they were.

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BENCH_MAX_STEPS 16

/* Does one step of a peer's work, and gives how many operations that were. */
typedef guint (* BenchFunc) (gpointer state);

typedef struct
{
  const char *name;         /* the case: peers that do the same have the same name for it */
  const char *operation;    /* what is counted, in the singular */
  BenchFunc   prepare;      /* before it, and not measured; may be NULL */
  BenchFunc   run;          /* measured */
  gboolean    is_weighed;   /* its memory is measured too; such steps come first */
} BenchStep;

typedef struct
{
  const char *name;
  gpointer (* begin) (guint    n);
  void     (* end)   (gpointer state);      /* after all steps, or only those that are weighed */
  BenchStep   steps[BENCH_MAX_STEPS + 1];   /* in this order; one without a name ends them */
} BenchPeer;

typedef struct
{
  const char             *name;
  const guint            *sizes;    /* smallest first; 0 ends them */
  const BenchPeer *const *peers;    /* ours first; NULL ends them */
} BenchScenario;

int bench_main (const BenchScenario *scenario,
                int                  argc,
                char               **argv);

/* --- bench-work.c --- */

/* What peers work on that deal with many things by name, in a main context of their own. */
typedef struct
{
  guint         n;
  guint         n_run;      /* the peer's: how many have run */
  char         *names;      /* in the order in which they come */
  char         *queries;    /* the same in random order, so that reading them costs no cache misses */
  guint        *positions;  /* from 0 to n - 1, in the same random order */
  GMainContext *context;    /* the thread-default one, from init to clear */
} BenchWork;

void        bench_work_init      (BenchWork *work,
                                  guint      n);
void        bench_work_clear     (BenchWork *work);
const char *bench_work_get_name  (BenchWork *work,
                                  guint      i);
const char *bench_work_get_query (BenchWork *work,
                                  guint      i);
void        bench_work_turn      (BenchWork *work);

/* --- bench-report.c --- */

/* One case of one peer at one size, and what each round measured. */
typedef struct
{
  const char *peer;
  const char *name;         /* of the case */
  guint       n;
  const char *metric;       /* "time" or "memory" */
  const char *unit;         /* of the values, per operation */
  const char *operation;
  GArray     *values;       /* of double */
} BenchResult;

BenchResult *bench_result_new         (const char          *peer,
                                       const BenchStep     *step,
                                       guint                n,
                                       const char          *metric,
                                       const char          *unit);
void         bench_result_free        (BenchResult         *result);
char        *bench_describe_machine   (void) G_GNUC_WARN_UNUSED_RESULT;
void         bench_print_table        (const BenchScenario *scenario,
                                       GPtrArray           *results);
void         bench_print_json         (const BenchScenario *scenario,
                                       GPtrArray           *results,
                                       const char          *machine);

G_END_DECLS
