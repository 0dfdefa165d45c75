// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The program of those who switch stacks in C: libtend, by its own switch, and ucontext.
//
// Everything else of libtend that is measured is its public API. The switch is not part of that: through it, a
// switch comes with a turn of the loop, and what it costs by itself does not show. So this program has the
// library's objects, as the tests of private functions do.

#include "switch-private.h"
#include "switch-peers.h"

#include <ucontext.h>

/* --- libtend --- */

typedef struct
{
  Switcher    base;
  TendStack   stack;
  TendContext mine;
  TendContext other;
} Tend;

static inline void
tend_go (Switcher *base)
{
  Tend *self = (Tend *) base;

  tend_context_switch (&self->mine, &self->other);
}

static void
tend_entry (gpointer data)
{
  Tend *self = data;

  switcher_enter (&self->base);
  for (;;)
    tend_context_switch (&self->other, &self->mine);
}

static void
tend_make (Switcher *base)
{
  Tend *self = (Tend *) base;

  tend_context_clear (&self->other);
  tend_context_prepare (&self->other, &self->stack, tend_entry, self);
}

static gpointer
tend_begin (guint n)
{
  Tend *self = g_new0 (Tend, 1);
  g_autoptr(GError) error = NULL;

  self->base = (Switcher) { .n = n, .make = tend_make, .go = tend_go };
  tend_stack_acquire (&self->stack, 0, &error);
  g_assert_no_error (error);

  return self;
}

static void
tend_end (gpointer state)
{
  Tend *self = state;

  tend_context_clear (&self->other);
  tend_stack_release (&self->stack);
  g_free (self);
}

static guint
tend_run (gpointer state)
{
  return switcher_run (state, tend_go);
}

static const BenchPeer tend_peer = {
  .scenario = "switch",
  .name = "libtend",
  .begin = tend_begin,
  .end = tend_end,
  .steps = {
    { "flags equal", "switch", switcher_prepare_equal, tend_run },
    { "flags differ", "switch", switcher_prepare_flags, tend_run },
    { "rounding differs", "switch", switcher_prepare_rounding, tend_run },
  },
};

/* --- ucontext --- */

typedef struct
{
  Switcher   base;
  ucontext_t mine;
  ucontext_t other;
  char       stack[64 * 1024];
} Ucontext;

static inline void
ucontext_go (Switcher *base)
{
  Ucontext *self = (Ucontext *) base;

  swapcontext (&self->mine, &self->other);
}

/* makecontext() passes on integers only, so a pointer comes in two halves. */
static void
ucontext_entry (guint high,
                guint low)
{
  Ucontext *self = (Ucontext *) (guintptr) ((guint64) high << 32 | low);

  switcher_enter (&self->base);
  for (;;)
    swapcontext (&self->other, &self->mine);
}

static void
ucontext_make (Switcher *base)
{
  Ucontext *self = (Ucontext *) base;
  guint64 address = (guintptr) self;

  getcontext (&self->other);
  self->other.uc_link = NULL;
  self->other.uc_stack.ss_sp = self->stack;
  self->other.uc_stack.ss_size = sizeof self->stack;
  makecontext (&self->other, (void (*) (void)) ucontext_entry, 2, (guint) (address >> 32), (guint) address);
}

static gpointer
ucontext_begin (guint n)
{
  Ucontext *self = g_new0 (Ucontext, 1);

  self->base = (Switcher) { .n = n, .make = ucontext_make, .go = ucontext_go };

  return self;
}

static guint
ucontext_run (gpointer state)
{
  return switcher_run (state, ucontext_go);
}

static const BenchPeer ucontext_peer = {
  .scenario = "switch",
  .name = "ucontext",
  .begin = ucontext_begin,
  .end = g_free,
  .steps = {
    { "flags equal", "switch", switcher_prepare_equal, ucontext_run },
    { "flags differ", "switch", switcher_prepare_flags, ucontext_run },
    { "rounding differs", "switch", switcher_prepare_rounding, ucontext_run },
  },
};

/* --- The program --- */

static const BenchPeer *const peers[] = { &tend_peer, &ucontext_peer, NULL };

int
main (int    argc,
      char **argv)
{
  return bench_main (peers, argc, argv);
}
