// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// All of core, for the folders above it. Knows GLib only.

#pragma once

#include "tend-agenda-private.h"
#include "tend-i18n-private.h"
#include "tend-lock-private.h"
#include "tend-object-private.h"
#include "tend-outcome-private.h"
#include "tend-table-private.h"
#include "tend-tools-private.h"

G_BEGIN_DECLS

/* --- Threads --- */

/*
 * A variable of each thread's own that is looked at several times for each task; a few bytes in all.
 * glibc keeps room for so little in every thread, also for a library that is loaded late, and then
 * it costs no call. Elsewhere that is not certain.
 */
#ifdef __GLIBC__
#define TEND_THREAD __thread __attribute__ ((tls_model ("initial-exec")))
#else
#define TEND_THREAD __thread
#endif

/* --- What the environment asks for --- */

typedef enum
{
  TEND_DEBUG_NO_OVERFLOW_REPORT = 1 << 0,   /* no handler for SIGSEGV, and no alternate signal stacks */
  TEND_DEBUG_NO_SPARES = 1 << 1,            /* no task is made of one that was freed */
} TendDebug;

gboolean tend_debug_has (TendDebug what);

/* --- Time --- */

/* Returns the moment @usec after @now, without overflow. */
static inline gint64
tend_time_add (gint64 now,
               gint64 usec)
{
  return usec > TEND_FOREVER - now ? TEND_FOREVER : now + usec;
}

G_END_DECLS
