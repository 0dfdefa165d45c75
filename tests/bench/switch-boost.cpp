// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The program of the peer that switches stacks as boost's fibers and coroutines do: by its fcontext, which C
// cannot call, since newer versions have it for C++ alone.

#include "switch-peers.h"

#include <boost/context/detail/fcontext.hpp>

using namespace boost::context::detail;

struct Boost
{
  Switcher   base;
  fcontext_t other;
  char       stack[64 * 1024];
};

static inline void
boost_go (Switcher *base)
{
  Boost *self = reinterpret_cast<Boost *> (base);

  self->other = jump_fcontext (self->other, self).fctx;
}

/* Who comes hands over where it stands, so that nobody else has to remember. */
static void
boost_entry (transfer_t from)
{
  switcher_enter (&static_cast<Boost *> (from.data)->base);
  for (;;)
    from = jump_fcontext (from.fctx, nullptr);
}

static void
boost_make (Switcher *base)
{
  Boost *self = reinterpret_cast<Boost *> (base);

  self->other = make_fcontext (self->stack + sizeof self->stack, sizeof self->stack, boost_entry);
}

static gpointer
boost_begin (guint n)
{
  Boost *self = g_new0 (Boost, 1);

  self->base.n = n;
  self->base.make = boost_make;
  self->base.go = boost_go;

  return self;
}

static guint
boost_run (gpointer state)
{
  return switcher_run (static_cast<Switcher *> (state), boost_go);
}

/* Without the names of the fields, which are not C++ before its version of 2020. */
static const BenchPeer boost_peer = {
  "switch", "boost", 0, boost_begin, g_free, {
    { "flags equal", "switch", switcher_prepare_equal, boost_run, BenchFlags (0) },
    { "flags differ", "switch", switcher_prepare_flags, boost_run, BenchFlags (0) },
    { "rounding differs", "switch", switcher_prepare_rounding, boost_run, BenchFlags (0) },
  },
};

static const BenchPeer *const peers[] = { &boost_peer, nullptr };

int
main (int    argc,
      char **argv)
{
  return bench_main (peers, argc, argv);
}
