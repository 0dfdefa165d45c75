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
 * A place where a stack is suspended. Opaque: only the switch knows its contents. It is prepared for a new stack, and
 * filled with zeros for the stack that a thread already runs on.
 */
typedef struct
{
  gpointer sp;
} TendContext;

/* The switch itself, which sanitizers do not see through. */
void tend_context_jump             (TendContext *from,
                                    TendContext *to);

/* Makes @context such that the first switch to it calls entry (data) on @stack; entry never returns. */
void tend_context_prepare          (TendContext *context,
                                    TendStack   *stack,
                                    TendEntry    entry,
                                    gpointer     data);

/* The same as the functions below, which also notify the sanitizer if there is one. */
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
 * Frees the contents of @context, which was prepared and whose stack still exists. Must not run on that stack: the code
 * that runs after it calls this.
 */
static inline void
tend_context_clear (TendContext *context)
{
  if (tend_context_is_told ())
    tend_context_clear_told (context);
  context->sp = NULL;
}

/* Saves the current place in @from and continues at the place of @to. */
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

/* The same, for a context to which nobody returns. */
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

/* What the runtime of C++ keeps for each thread, as the ABI defines it. */
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

/* Must be called when a fiber, which may be of C++, is suspended for the first time. */
static inline void
tend_exceptions_prepare (void)
{
  if (G_UNLIKELY (g_atomic_pointer_get (&tend_exceptions_func) == NULL))
    tend_exceptions_look ();
}

/* The exceptions of the thread; NULL if nothing has to be switched. */
static inline TendExceptions *
tend_exceptions_get (void)
{
  if (G_LIKELY (tend_exceptions != NULL))
    return tend_exceptions;

  return g_atomic_pointer_get (&tend_exceptions_func) != NULL ? tend_exceptions_ask () : NULL;
}

/* Saves @of_thread, and puts @aside in its place. */
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
