// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a benchmark is made of: peers that take the same steps, each for one scenario.
//
// A program has the peers of one library, so that no other library is loaded beside it, and calls
// bench_main(). It takes one pass and prints what that cost; suite.py lets the programs take turns.

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BENCH_MAX_STEPS 24

/* Does one step of a peer's work, and gives how many operations that were. */
typedef guint (* BenchFunc) (gpointer state);

typedef enum
{
  BENCH_WEIGHED = 1 << 0,   /* its memory can be measured too; such steps come first */
  BENCH_CPU     = 1 << 1,   /* the processor's time instead of the wall's: the step waits for the clock */
  BENCH_SILENT  = 1 << 2,   /* what it costs is not told: it notes its own figures */
} BenchFlags;

typedef struct
{
  const char *name;         /* the case: peers that do the same have the same name for it */
  const char *operation;    /* what is counted, in the singular */
  BenchFunc   prepare;      /* before it, and not measured; may be NULL */
  BenchFunc   run;          /* measured */
  BenchFlags  flags;
} BenchStep;

typedef struct
{
  const char *scenario;
  const char *name;
  guint       max_n;                        /* what is larger takes this peer too long; 0 if nothing does */
  gpointer (* begin) (guint    n);
  void     (* end)   (gpointer state);      /* after all steps, or only those that are weighed */
  BenchStep   steps[BENCH_MAX_STEPS + 1];   /* in this order; one without a name ends them */
} BenchPeer;

int    bench_main           (const BenchPeer *const  *peers,
                             int                      argc,
                             char                   **argv);

/* --- For steps --- */

gint64 bench_get_nsec       (void);
gint64 bench_get_bytes      (void);
gint64 bench_get_used       (void);
void   bench_note           (const char   *name,
                             const char   *metric,
                             const char   *unit,
                             double        value);
void   bench_note_quantiles (const char   *name,
                             const char   *metric,
                             const gint64 *nsec,
                             guint         n);

/* --- Names, in bench-work.c as all below --- */

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

/* Random numbers of so many bits seldom come twice, as those of 16 would long before the largest size. */
#define BENCH_RANDOM_BITS 40

/* The number of the request @i. They lie anywhere, as ids do that others must not guess (splitmix64). */
static inline guint64
bench_get_number (guint64 i)
{
  guint64 z = (i + 1) * G_GUINT64_CONSTANT (0x9E3779B97F4A7C15);

  z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94D049BB133111EB);

  return z ^ (z >> 31);
}

/* --- Frames --- */

/* The frames of a window, which a source of their own shows sixty times a second, if it is let. */
typedef struct
{
  GSource *source;
  gint64   due;         /* the next one */
  gint64   latest;      /* how late the latest was */
  guint    n_shown;
  guint    n_missed;
} BenchFrames;

void        bench_frames_init    (BenchFrames  *frames,
                                  GMainContext *context);
void        bench_frames_clear   (BenchFrames  *frames,
                                  const char   *name);

/* --- Echo, in bench-echo.c --- */

typedef struct _BenchEcho BenchEcho;

/* A client in a process of its own, and the socket of the server that it connects to. */
BenchEcho  *bench_echo_new       (guint       n);
void        bench_echo_free      (BenchEcho  *self);
int         bench_echo_get_fd    (BenchEcho  *self);
guint       bench_echo_get_n     (BenchEcho  *self);

/* Has the client connect until it has so many connections. The server accepts them. */
void        bench_echo_connect   (BenchEcho  *self,
                                  guint       n);

/* Has the first @n_active connections ask @n_rounds times, and gives how many questions that are. */
guint       bench_echo_ask       (BenchEcho  *self,
                                  guint       n_active,
                                  guint       n_rounds);

/* So many questions of one connection among many. */
#define BENCH_ECHO_ROUNDS 50
#define BENCH_ECHO_SIZE   64

/* --- Timers --- */

typedef struct _BenchTimers BenchTimers;

typedef struct
{
  BenchTimers *timers;
  gint64       due;         /* in nanoseconds */
} BenchShot;

/* The deadlines of n timers, and how late each was that fired. */
struct _BenchTimers
{
  guint      n;
  guint      n_fired;
  guint     *positions;     /* from 0 to n - 1, in random order */
  BenchShot *shots;
  gint64    *late;
};

void        bench_timers_init    (BenchTimers *timers,
                                  guint        n);
void        bench_timers_clear   (BenchTimers *timers);
guint       bench_timers_get_ms  (BenchTimers *timers,
                                  guint        i);
guint       bench_timers_set_due (BenchTimers *timers,
                                  guint        i);
void        bench_timers_fired   (BenchShot   *shot);
void        bench_timers_note    (BenchTimers *timers,
                                  const char  *name);

G_END_DECLS
