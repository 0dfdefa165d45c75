// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the switch needs besides its few instructions: the first frame of a new stack, the switch by
// ucontext where there is no assembly for the processor, and what the sanitizers have to be told.
//
// A context belongs to one thread at a time. Nothing here has a lock.
//
// Under a sanitizer, each switch says where it goes before the jump, and who came after it. The
// other side of the jump knows its own context, and by its origin the one that was left: no
// variable of the thread is needed, which compilers like to keep the address of across a jump.

#include "tend-body-private.h"

#ifdef TEND_SWITCH_UCONTEXT
#include <errno.h>
#include <ucontext.h>
#endif

#ifdef TEND_WITH_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

#ifdef TEND_WITH_TSAN
#include <sanitizer/tsan_interface.h>
#endif

#if defined (TEND_SWITCH_UCONTEXT)

/* At the top of its stack, where it lives as long as the stack does. */
typedef struct
{
  ucontext_t ucontext;
  TendEntry  entry;
  gpointer   data;
} FirstFrame;

/* Where we stand is kept on the stack that stands there: nothing is allocated, nothing to be freed. */
void
tend_context_jump (TendContext *from,
                   TendContext *to)
{
  ucontext_t here;

  from->sp = &here;
  if (swapcontext (&here, to->sp) != 0)
    g_error ("swapcontext: %s", g_strerror (errno));
}

/* makecontext() passes on integers only, so a pointer comes in two halves. */
static void
start (guint high,
       guint low)
{
  FirstFrame *frame = (FirstFrame *) (guintptr) ((guint64) high << 32 | low);

  frame->entry (frame->data);
  g_assert_not_reached ();
}

static gpointer
make_first_frame (TendStack *stack,
                  TendEntry  entry,
                  gpointer   data)
{
  guintptr top = (guintptr) tend_stack_top (stack) - sizeof (FirstFrame);
  FirstFrame *frame = (FirstFrame *) (top & ~(guintptr) 63);
  guint64 address = (guintptr) frame;

  if (getcontext (&frame->ucontext) != 0)
    g_error ("getcontext: %s", g_strerror (errno));

  frame->entry = entry;
  frame->data = data;
  frame->ucontext.uc_link = NULL;
  frame->ucontext.uc_stack.ss_sp = stack->low;
  frame->ucontext.uc_stack.ss_size = (char *) frame - stack->low;
  makecontext (&frame->ucontext, (void (*) (void)) start, 2,
               (guint) (address >> 32), (guint) address);

  return &frame->ucontext;
}

#else

void tend_context_start (void);

#if defined (__x86_64__)

typedef struct
{
  guint32  mxcsr;
  guint16  x87_control;
  guint16  unused;
  gpointer r15;
  gpointer r14;
  gpointer r13;
  gpointer r12;
  gpointer rbx;
  gpointer rbp;
  gpointer resume;
} FirstFrame;

G_STATIC_ASSERT (sizeof (FirstFrame) == 64);

static inline gpointer
fill_first_frame (FirstFrame *frame,
                  TendEntry   entry,
                  gpointer    data)
{
  __asm__ volatile ("stmxcsr %0\n\tfnstcw %1" : "=m" (frame->mxcsr), "=m" (frame->x87_control));
  frame->r12 = (gpointer) entry;
  frame->r13 = data;
  frame->rbp = NULL;
  frame->resume = (gpointer) tend_context_start;

  return &frame->resume;
}

#elif defined (__aarch64__)

typedef struct
{
  gpointer x19;
  gpointer x20;
  gpointer x21_x28[8];
  gpointer x29;
  gpointer resume;
  guint64  d8_d15[8];
  guint64  fpcr;
  guint64  unused;
} FirstFrame;

G_STATIC_ASSERT (sizeof (FirstFrame) == 176);

static inline gpointer
fill_first_frame (FirstFrame *frame,
                  TendEntry   entry,
                  gpointer    data)
{
  __asm__ volatile ("mrs %0, fpcr" : "=r" (frame->fpcr));
  frame->x19 = (gpointer) entry;
  frame->x20 = data;
  frame->x29 = NULL;
  frame->resume = (gpointer) tend_context_start;

  return frame;
}

#endif

/* A new stack inherits the floating-point control of whoever makes it, as a new thread does. */
static gpointer
make_first_frame (TendStack *stack,
                  TendEntry  entry,
                  gpointer   data)
{
  return fill_first_frame ((FirstFrame *) tend_stack_top (stack) - 1, entry, data);
}

#endif

#ifdef TEND_SWITCH_ANNOTATED

static inline void
depart (TendContext *from,
        TendContext *to,
        gboolean     is_last)
{
  to->origin = from;

#ifdef TEND_WITH_ASAN
  __sanitizer_start_switch_fiber (is_last ? NULL : &from->fake_stack, to->bottom, to->size);
#endif
#ifdef TEND_WITH_TSAN
  /* Asked each time: a context of a thread's own stack may be used from another thread later. */
  from->fiber = __tsan_get_current_fiber ();
#endif
}

static inline void
arrive (TendContext *here)
{
#ifdef TEND_WITH_ASAN
  TendContext *origin = here->origin;

  __sanitizer_finish_switch_fiber (here->fake_stack, &origin->bottom, &origin->size);
  here->fake_stack = NULL;
#endif
}

static void
enter (gpointer data)
{
  TendContext *context = data;

  arrive (context);
  context->entry (context->data);
  g_assert_not_reached ();
}

/*
 * ThreadSanitizer keeps a list of calls per fiber, and each instrumented function takes itself off
 * it when it returns. So the fiber is switched in the very function that jumps, not in a helper.
 */
void
tend_context_switch (TendContext *from,
                     TendContext *to)
{
  depart (from, to, FALSE);
#ifdef TEND_WITH_TSAN
  __tsan_switch_to_fiber (to->fiber, 0);
#endif
  tend_context_jump (from, to);
  arrive (from);
}

void
tend_context_switch_last (TendContext *from,
                          TendContext *to)
{
  depart (from, to, TRUE);
#ifdef TEND_WITH_TSAN
  __tsan_switch_to_fiber (to->fiber, 0);
#endif
  tend_context_jump (from, to);
  g_assert_not_reached ();
}

void
tend_context_prepare (TendContext *context,
                      TendStack   *stack,
                      TendEntry    entry,
                      gpointer     data)
{
  *context = (TendContext) { .entry = entry, .data = data };
  context->sp = make_first_frame (stack, enter, context);

#ifdef TEND_WITH_ASAN
  context->bottom = stack->low;
  context->size = tend_stack_top (stack) - stack->low;
#endif
#ifdef TEND_WITH_TSAN
  context->fiber = __tsan_create_fiber (0);
  context->owns_fiber = TRUE;
#endif
}

void
tend_context_clear (TendContext *context)
{
#ifdef TEND_WITH_TSAN
  if (context->owns_fiber)
    __tsan_destroy_fiber (context->fiber);
#endif

  *context = (TendContext) { 0 };
}

#else

void
tend_context_prepare (TendContext *context,
                      TendStack   *stack,
                      TendEntry    entry,
                      gpointer     data)
{
  context->sp = make_first_frame (stack, entry, data);
}

#endif
