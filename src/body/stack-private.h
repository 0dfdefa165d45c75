// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The stacks of fibers: the pool, what guards them, and how long they are kept.

#pragma once

#include "tend-core-private.h"

G_BEGIN_DECLS

typedef struct _TendSlab TendSlab;

/* How an overflow of a stack is detected. */
typedef enum
{
  TEND_GUARD_AUTO,      /* not guarded yet: the first of the others that is available */
  TEND_GUARD_MADVISE,   /* pages that fault, and that need no mapping of their own */
  TEND_GUARD_MPROTECT,  /* pages that fault, at the price of two mappings */
  TEND_GUARD_CANARY,    /* nothing faults; tend_stack_check() notices */
} TendGuardMode;

typedef struct
{
  char          *low;      /* the lowest usable byte */
  gsize          size;     /* usable bytes; the stack starts at tend_stack_top(), just below low + size */
  TendSlab      *slab;
  guint          index;    /* which stack of its slab */
  TendGuardMode  guard;
} TendStack;

/*
 * The tops are staggered by cache lines: stacks lie a multiple of a page apart, so the ends that
 * are in use would otherwise share a few sets of the cache, and be twice as slow. The stagger is
 * 960 bytes at most: a fiber that goes no deeper than three kilobytes touches a single page.
 */
#define TEND_STACK_STAGGER 64
#define TEND_STACK_STAGGERS 16

static inline char *
tend_stack_top (const TendStack *stack)
{
  return stack->low + stack->size - (stack->index % TEND_STACK_STAGGERS) * TEND_STACK_STAGGER;
}

/* From any thread. A @size of 0 is the default; any other is rounded up. */
gboolean      tend_stack_acquire        (TendStack      *stack,
                                         gsize           size,
                                         GError        **error);
void          tend_stack_release        (TendStack      *stack);
gsize         tend_stack_default_size   (void);

/* Whether a source will trim the stacks that are not in use. */
typedef enum
{
  TEND_TRIM_NONE,           /* nothing is to be done */
  TEND_TRIM_WANTED,         /* some are idle, and somebody is to arm a trim */
  TEND_TRIM_ARMED,
} TendTrimState;

extern int tend_stack_trim_state;   /* atomic; changes to NONE and WANTED under the pool's lock */

/* Unmaps what holds no stack in use, and held none at the last trim either, or @all of it. TRUE if some is left. */
gboolean      tend_stack_trim           (gboolean        all);

/* --- stack-idle.c --- */

void          tend_stack_arm_trim       (GMainContext   *context);

static inline void
tend_stack_see_to_trim (GMainContext *context)
{
  if (G_UNLIKELY (g_atomic_int_get (&tend_stack_trim_state) == TEND_TRIM_WANTED))
    tend_stack_arm_trim (context);
}

/* Gives the calling thread what it needs to report an overflow, after its first stack. Further calls cost nothing. */
void          tend_stack_prepare_thread (void);

void          tend_stack_check_canary   (const TendStack *stack,
                                         const char      *owner);

/* Called while @stack is suspended, or about to be. Does not return if the stack has overflowed. */
static inline void
tend_stack_check (const TendStack *stack,
                  const char      *owner)
{
  if (G_UNLIKELY (stack->guard == TEND_GUARD_CANARY))
    tend_stack_check_canary (stack, owner);
}

/* For tests: how stacks are guarded that are created from now on. */
void          tend_stack_set_guard_mode (TendGuardMode   mode);

/* --- Between the pool and the guards only --- */

TendGuardMode tend_guard_make           (char           *low,
                                         gsize           length);
void          tend_guard_forget         (TendGuardMode   guard);

/* The bytes of the stack whose guard holds @address, or 0. For signal handlers. */
gsize         tend_stack_find_guard     (gconstpointer   address);

G_END_DECLS
