// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The switch from one stack to another, and what is switched with it.

#pragma once

#include "stack-private.h"

G_BEGIN_DECLS

#if !defined (TEND_SWITCH_UCONTEXT) && !(defined (__x86_64__) && defined (__LP64__)) && !defined (__aarch64__)
#error "There is no switch in assembly for this processor: define TEND_SWITCH_UCONTEXT."
#endif

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

G_END_DECLS
