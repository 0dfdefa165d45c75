// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The numbers of the request cache's benchmark, and its peers that know nothing of libtend.

#pragma once

#include "bench.h"

/* So many bits that the same number seldom comes twice, as 16 would do long before the largest size. */
#define RANDOM_BITS 40

/* The number of the request @i. They lie anywhere, as ids do that others must not guess (splitmix64). */
static inline guint64
get_number (guint64 i)
{
  guint64 z = (i + 1) * G_GUINT64_CONSTANT (0x9E3779B97F4A7C15);

  z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94D049BB133111EB);

  return z ^ (z >> 31);
}

extern const BenchPeer source_peer;
extern const BenchPeer table_peer;
