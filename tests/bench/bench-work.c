// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What peers work on: many names in a main context, many timers, and the frames of a window.
//
// All of it is made beforehand, the same in every run, so that a peer's steps measure the peer.

#include "bench.h"

/* "peer/", ten digits at most, and the end. */
#define NAME_SIZE 16

#define HOUR_MSEC (3600 * 1000)

/* Timers fire a hundred in a millisecond, and are armed within less than three times as long. */
#define TIMERS_PER_MSEC 100
#define TIMERS_PER_START_MSEC 300

/* That of GDK_PRIORITY_REDRAW, which is below that of events and above idle work. */
#define FRAME_PRIORITY 120
#define FRAME_USEC 16667

/* The numbers from 0 to @n - 1 in random order, the same in every run. */
static guint *
shuffle (guint n)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (n);
  guint *positions = g_new (guint, n);

  for (guint i = 0; i < n; i++)
    {
      guint j = (guint) g_rand_int_range (rand, 0, (gint32) i + 1);

      positions[i] = positions[j];
      positions[j] = i;
    }

  return positions;
}

/* --- Names --- */

/* Makes @n names and a context, which becomes the thread-default one. */
void
bench_work_init (BenchWork *work,
                 guint      n)
{
  work->n = n;
  work->names = g_malloc ((gsize) n * NAME_SIZE);
  work->queries = g_malloc ((gsize) n * NAME_SIZE);
  work->positions = shuffle (n);

  for (guint i = 0; i < n; i++)
    g_snprintf (work->names + (gsize) i * NAME_SIZE, NAME_SIZE, "peer/%u", i);
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

/* --- Timers --- */

void
bench_timers_init (BenchTimers *timers,
                   guint        n)
{
  timers->n = n;
  timers->n_fired = 0;
  timers->positions = shuffle (n);
  timers->shots = g_new0 (BenchShot, n);
  timers->late = g_new0 (gint64, n);
}

void
bench_timers_clear (BenchTimers *timers)
{
  g_free (timers->positions);
  g_free (timers->shots);
  g_free (timers->late);
}

/* When the timer @i is due that shall not fire: between one hour and two, in no order. */
guint
bench_timers_get_ms (BenchTimers *timers,
                     guint        i)
{
  return HOUR_MSEC + (guint) ((guint64) timers->positions[i] * HOUR_MSEC / timers->n);
}

/*
 * Chooses when the timer @i is due that shall fire, and gives in how many milliseconds that is: a hundred thousand
 * of them are spread over a second, in no order. All have whole milliseconds, which is as fine as all peers know,
 * and begin late enough that all of them can be armed before.
 */
guint
bench_timers_set_due (BenchTimers *timers,
                      guint        i)
{
  guint start_msec = 1 + timers->n / TIMERS_PER_START_MSEC;
  guint msec = start_msec + timers->positions[i] / TIMERS_PER_MSEC;

  timers->shots[i] = (BenchShot) { timers, bench_get_nsec () + msec * G_GINT64_CONSTANT (1000000) };

  return msec;
}

void
bench_timers_fired (BenchShot *shot)
{
  BenchTimers *timers = shot->timers;

  timers->late[timers->n_fired++] = bench_get_nsec () - shot->due;
}

/* Tells how late those were that fired, the case being @name. */
void
bench_timers_note (BenchTimers *timers,
                   const char  *name)
{
  bench_note_quantiles (name, "lateness", timers->late, timers->n_fired);
}

/* --- Frames --- */

typedef struct
{
  GSource      source;
  BenchFrames *frames;
} FrameSource;

static gboolean
dispatch (GSource     *source,
          GSourceFunc  callback,
          gpointer     user_data)
{
  BenchFrames *frames = ((FrameSource *) source)->frames;
  gint64 now = g_get_monotonic_time ();
  gint64 late = now - frames->due;

  frames->n_shown++;
  frames->n_missed += (guint) (late / FRAME_USEC);
  frames->latest = MAX (frames->latest, late);

  /* The frames of a display come when they come; those that were missed are not made up for. */
  frames->due += (late / FRAME_USEC + 1) * FRAME_USEC;
  g_source_set_ready_time (source, frames->due);

  return G_SOURCE_CONTINUE;
}

static GSourceFuncs frame_funcs = { .dispatch = dispatch };

void
bench_frames_init (BenchFrames  *frames,
                   GMainContext *context)
{
  GSource *source = g_source_new (&frame_funcs, sizeof (FrameSource));

  *frames = (BenchFrames) { .source = source, .due = g_get_monotonic_time () + FRAME_USEC };
  ((FrameSource *) source)->frames = frames;
  g_source_set_priority (source, FRAME_PRIORITY);
  g_source_set_ready_time (source, frames->due);
  g_source_attach (source, context);
}

/* Tells how many frames were missed and how late the latest was, the case being @name; and lets them end. */
void
bench_frames_clear (BenchFrames *frames,
                    const char  *name)
{
  gint64 late = g_get_monotonic_time () - frames->due;

  /* Those at the end that were never shown are missed as well. */
  frames->n_missed += (guint) (MAX (late, 0) / FRAME_USEC);
  frames->latest = MAX (frames->latest, late);

  bench_note (name, "frames shown", "frames", frames->n_shown);
  bench_note (name, "frames missed", "frames", frames->n_missed);
  bench_note (name, "latest frame", "us", (double) frames->latest);

  g_source_destroy (frames->source);
  g_clear_pointer (&frames->source, g_source_unref);
}
