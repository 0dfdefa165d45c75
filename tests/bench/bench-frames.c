// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A source as GTK has one for its frames, with what it needs to tell how many were missed.

#include "bench.h"

/* That of GDK_PRIORITY_REDRAW, which is below that of events and above idle work. */
#define FRAME_PRIORITY 120
#define FRAME_USEC 16667

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
