// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// How long a test goes on that repeats a race: a second, or twenty where it is run with "-m slow", as in
// the suite of the long tests; or until there have been so many rounds, if that comes first.

#pragma once

#include <tend.h>

typedef struct
{
  guint  n;         /* rounds that have begun */
  guint  n_most;
  gint64 end;
} Rounds;

static inline Rounds
rounds_begin (guint n_fast,
              guint n_slow)
{
  gint64 usec = (g_test_slow () ? 20 : 1) * G_TIME_SPAN_SECOND;

  return (Rounds) { 0, g_test_slow () ? n_slow : n_fast, g_get_monotonic_time () + usec };
}

/* Whether there is another round. */
static inline gboolean
rounds_next (Rounds *self)
{
  if (self->n >= self->n_most || (self->n > 0 && g_get_monotonic_time () >= self->end))
    {
      g_test_message ("%u rounds", self->n);
      return FALSE;
    }

  self->n++;
  return TRUE;
}
