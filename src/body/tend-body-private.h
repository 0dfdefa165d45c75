// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The pool of fiber stacks, the switch from one stack to another, and the threads that run jobs.

#pragma once

#include "tend-task-private.h"

G_BEGIN_DECLS

#if !defined (TEND_SWITCH_UCONTEXT) && !(defined (__x86_64__) && defined (__LP64__)) && !defined (__aarch64__)
#error "There is no switch in assembly for this processor: define TEND_SWITCH_UCONTEXT."
#endif

/* --- Stacks --- */

typedef struct _TendSlab TendSlab;

/* What ends a stack that overflows. */
typedef enum
{
  TEND_GUARD_AUTO,      /* not guarded yet: the first of the others that can be had */
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

/* Whether anybody will see to the stacks that are not in use. */
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

/* Gives the calling thread what it needs to report an overflow, after its first stack. Costs nothing when repeated. */
void          tend_stack_prepare_thread (void);

void          tend_stack_check_canary   (const TendStack *stack,
                                         const char      *owner);

/* Called while @stack stands still, or is about to. Does not return if it has overflown. */
static inline void
tend_stack_check (const TendStack *stack,
                  const char      *owner)
{
  if (G_UNLIKELY (stack->guard == TEND_GUARD_CANARY))
    tend_stack_check_canary (stack, owner);
}

/* For tests: how stacks are guarded that are made from now on. */
void          tend_stack_set_guard_mode (TendGuardMode   mode);

/* --- Between the pool and the guards only --- */

TendGuardMode tend_guard_make           (char           *low,
                                         gsize           length);
void          tend_guard_forget         (TendGuardMode   guard);

/* The bytes of the stack whose guard holds @address, or 0. For signal handlers. */
gsize         tend_stack_find_guard     (gconstpointer   address);

/* --- Contexts --- */

typedef void (* TendEntry) (gpointer data);

/*
 * A place where a stack stands still. Opaque: the switch alone knows what is in it. It is prepared
 * for a new stack, and filled with zeros for the stack that a thread already runs on.
 */
typedef struct
{
  gpointer sp;
} TendContext;

/* The switch itself, which tools do not see through. */
void tend_context_jump             (TendContext *from,
                                    TendContext *to);

/* Makes @context such that the first switch to it calls entry (data) on @stack; entry never returns. */
void tend_context_prepare          (TendContext *context,
                                    TendStack   *stack,
                                    TendEntry    entry,
                                    gpointer     data);

/* The same as what follows, with a word to the sanitizer that is there. */
void tend_context_clear_told       (TendContext *context);
void tend_context_switch_told      (TendContext *from,
                                    TendContext *to);
void tend_context_switch_last_told (TendContext *from,
                                    TendContext *to) G_GNUC_NORETURN;

static inline gboolean
tend_context_is_told (void)
{
  return G_UNLIKELY ((tend_tools & TEND_TOOLS_SWITCH) != 0);
}

/*
 * Frees what @context holds, which was prepared and whose stack is there still. Not from its own stack: whoever
 * comes after it calls this.
 */
static inline void
tend_context_clear (TendContext *context)
{
  if (tend_context_is_told ())
    tend_context_clear_told (context);
  context->sp = NULL;
}

/* Stores where we stand into @from and goes on where @to stands. */
static inline void
tend_context_switch (TendContext *from,
                     TendContext *to)
{
  if (tend_context_is_told ())
    tend_context_switch_told (from, to);
  else
    tend_context_jump (from, to);
}

static inline void tend_context_switch_last (TendContext *from,
                                             TendContext *to) G_GNUC_NORETURN;

/* The same, for a context that nobody comes back to. */
static inline void
tend_context_switch_last (TendContext *from,
                          TendContext *to)
{
  if (tend_context_is_told ())
    tend_context_switch_last_told (from, to);
  tend_context_jump (from, to);
  g_assert_not_reached ();
}

/* --- exceptions.c --- */

/* What the runtime of C++ has of each thread, as the ABI says. */
typedef struct
{
  gpointer caught;
  guint    uncaught;
#ifdef __ARM_EABI_UNWINDER__
  gpointer propagating;
#endif
} TendExceptions;

typedef TendExceptions * (* TendExceptionsFunc) (void);

extern TEND_THREAD TendExceptions *tend_exceptions; /* this thread's; NULL: not asked for yet */
extern TendExceptionsFunc tend_exceptions_func;     /* atomic; NULL: there is no such runtime */

void            tend_exceptions_look  (void);
TendExceptions *tend_exceptions_ask   (void);

/* To be called before a fiber starts, which may be of C++. */
static inline void
tend_exceptions_prepare (void)
{
  if (G_UNLIKELY (g_atomic_pointer_get (&tend_exceptions_func) == NULL))
    tend_exceptions_look ();
}

/* Those of the thread; NULL if there is nothing to be switched. */
static inline TendExceptions *
tend_exceptions_get (void)
{
  if (G_LIKELY (tend_exceptions != NULL))
    return tend_exceptions;

  return g_atomic_pointer_get (&tend_exceptions_func) != NULL ? tend_exceptions_ask () : NULL;
}

/* Puts aside what @of_thread has, and in its place what @aside has. */
static inline void
tend_exceptions_swap (TendExceptions *of_thread,
                      TendExceptions *aside)
{
  TendExceptions others;

  if (of_thread == NULL)
    return;

  others = *aside;
  *aside = *of_thread;
  *of_thread = others;
}

/* --- fiber.c --- */

/*
 * Whoever unwinds the stack of the fiber that runs has come to its end: with an exception, which nobody has caught, or
 * by force, and then this does not return.
 */
void          tend_fiber_unwound    (gboolean     is_forced);

/* Which task's fiber runs in this thread, if one does. For signal handlers. */
gboolean      tend_fiber_peek       (const char **name,
                                     guint64     *id);

/* --- thread-wait.c --- */

typedef struct _TendThreadWait TendThreadWait;

void          tend_thread_interrupt (TendTask    *task);
gboolean      tend_thread_await     (TendTask    *task,
                                     TendTask    *awaited,
                                     GError     **error);
gboolean      tend_thread_sleep     (TendTask    *task,
                                     gint64       usec,
                                     GError     **error);

/* --- workers.c --- */

typedef void (* TendRefuseFunc) (TendJob      *job,
                                 const GError *error);

void          tend_workers_push     (TendJob        *job,
                                     TendRefuseFunc  refuse);

G_END_DECLS
