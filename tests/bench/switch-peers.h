// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the peers have in common that switch from one stack to another and back, which is in C for some and in
// C++ for others. Each gives how it begins a stack, and one inline function that switches: called by its
// address where that is known, it costs what the switch does, and no more.

#pragma once

#include "bench.h"

#include <fenv.h>

G_BEGIN_DECLS

typedef struct _Switcher Switcher;

struct _Switcher
{
  guint      n;                         /* how often there and back */
  gboolean   is_inexact;                /* whether the other stack has raised a flag */
  int        rounding;                  /* as the other stack rounds */
  void    (* make) (Switcher *self);    /* has the other stack begin anew */
  void    (* go)   (Switcher *self);    /* to the other stack, until that comes back */
};

/* First on the other stack. The division is the machine's, not the compiler's. */
static inline void
switcher_enter (const Switcher *self)
{
  volatile double number = 1;

  if (self->is_inexact)
    number = number / 3;
  fesetround (self->rounding);
}

static inline guint
switcher_prepare (Switcher *self,
                  gboolean  is_inexact,
                  int       rounding)
{
  self->is_inexact = is_inexact;
  self->rounding = rounding;
  feclearexcept (FE_ALL_EXCEPT);
  self->make (self);
  self->go (self);

  return 1;
}

/* --- Steps --- */

static inline guint
switcher_prepare_equal (gpointer state)
{
  return switcher_prepare ((Switcher *) state, FALSE, FE_TONEAREST);
}

/*
 * As soon as one of them computes anything. The flags belong to nobody across a call, but are in the register that
 * controls rounding, too: whoever restores all of it writes another value each time, which some processors take
 * 50 ns for, and others nothing.
 */
static inline guint
switcher_prepare_flags (gpointer state)
{
  return switcher_prepare ((Switcher *) state, TRUE, FE_TONEAREST);
}

/* What has to be restored, and seldom differs: interval arithmetic does so. */
static inline guint
switcher_prepare_rounding (gpointer state)
{
  return switcher_prepare ((Switcher *) state, FALSE, FE_UPWARD);
}

G_ALWAYS_INLINE static inline guint
switcher_run (Switcher  *self,
              void     (*go) (Switcher *self))
{
  for (guint i = 0; i < self->n; i++)
    go (self);

  return 2 * self->n;
}

G_END_DECLS
