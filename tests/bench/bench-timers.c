// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The deadlines that all peers have alike, and the lateness of those that fired.

#include "bench.h"

#define HOUR_MSEC (3600 * 1000)

/* Timers fire a hundred in a millisecond, and are armed within less than three times as long. */
#define TIMERS_PER_MSEC 100
#define TIMERS_PER_START_MSEC 300

void
bench_timers_init (BenchTimers *timers,
                   guint        n)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (n);

  timers->n = n;
  timers->n_fired = 0;
  timers->positions = g_new (guint, n);
  timers->shots = g_new0 (BenchShot, n);
  timers->late = g_new0 (gint64, n);

  for (guint i = 0; i < n; i++)
    {
      guint j = (guint) g_rand_int_range (rand, 0, (gint32) i + 1);

      timers->positions[i] = timers->positions[j];
      timers->positions[j] = i;
    }
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
