// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the switch needs besides its few instructions: the first frame of a new stack, the switch by
// ucontext where there is no assembly for the processor, and what the sanitizers have to be told.
//
// A context belongs to one thread at a time. Nothing here has a lock.
//
// Where a sanitizer is in the process, each switch says where it goes before the jump, and who came after it. What is
// to be remembered for that lies on the stack that stands still, so that a context is one pointer in every process, and
// a switch without a tool asks one word and jumps. The other side of the jump knows the one that was left by what
// it finds there: no variable of the thread is needed, which compilers like to keep the address of across a jump.

#include "switch-private.h"
#include "tend-native-private.h"

#include <pthread.h>
#include <stdlib.h>
#include <unwind.h>

#ifdef TEND_SWITCH_UCONTEXT
#include <errno.h>
#include <ucontext.h>
#endif

/* --- The end of a fiber's stack, for those who unwind it --- */

#if !defined (TEND_SWITCH_UCONTEXT) || (defined (__GCC_HAVE_DWARF2_CFI_ASM) && !defined (__ARM_EABI_UNWINDER__))
#define HAVE_PERSONALITY 1
#endif

#ifdef HAVE_PERSONALITY

_Unwind_Reason_Code tend_context_personality (int                         version,
                                              _Unwind_Action              actions,
                                              _Unwind_Exception_Class     kind,
                                              struct _Unwind_Exception   *exception,
                                              struct _Unwind_Context     *context);

#ifdef __GLIBC__

/* What pthread_cleanup_pop() calls in C; the header has it only where exceptions are off. */
extern void __pthread_unregister_cancel (__pthread_unwind_buf_t *buf) __cleanup_fct_attribute;

/*
 * pthread_cleanup_push() of C lists the frames that want to be told of a forced unwinding. Those of the fiber stay in
 * the list when they have been told, since the thread is not expected to go on. It does, so the list has to begin
 * with what the unwinding looks for next.
 */
static void
forget_cleanups (const struct _Unwind_Exception *exception)
{
  __pthread_unwind_buf_t last = { .__pad = { (gpointer) exception->private_2 } };

  __pthread_unregister_cancel (&last);
}

#else

static void
forget_cleanups (const struct _Unwind_Exception *exception)
{
}

#endif

/* The first frame of each stack refers to it, in assembly. */
__attribute__ ((used))
_Unwind_Reason_Code
tend_context_personality (int                         version,
                          _Unwind_Action              actions,
                          _Unwind_Exception_Class     kind,
                          struct _Unwind_Exception   *exception,
                          struct _Unwind_Context     *context)
{
  gboolean is_forced = (actions & _UA_FORCE_UNWIND) != 0;

  if (is_forced)
    forget_cleanups (exception);
  tend_fiber_unwound (is_forced);

  return _URC_CONTINUE_UNWIND;
}

#endif

/* --- The switch, and the first frame of a stack --- */

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
    g_error ("swapcontext(): %s", g_strerror (errno));
}

/* makecontext() passes on integers only, so a pointer comes in two halves. */
static void
start (guint high,
       guint low)
{
  FirstFrame *frame = (FirstFrame *) (guintptr) ((guint64) high << 32 | low);

#ifdef HAVE_PERSONALITY
  __asm__ volatile (".cfi_personality 0x1b, tend_context_personality");
#endif
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
    g_error ("getcontext(): %s", g_strerror (errno));

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

/* --- The switch as tools are told of it --- */

/* A suspended stack, in the function that left it; or a new one, above its first frame. */
typedef struct _Told Told;

struct _Told
{
  TendContext    context;
  Told          *prev;          /* under told_lock; of AddressSanitizer's alone, and of those that stand still */
  Told          *next;
  Told          *origin;        /* who switched here last */
  gpointer       fiber;         /* ThreadSanitizer's name for it */
  gpointer       fake_stack;    /* AddressSanitizer's: where it keeps variables that are used after they are gone, */
  gconstpointer  bottom;        /* and the real stack */
  gsize          size;
  TendEntry      entry;         /* of a new stack */
  gpointer       data;
};

/* What a new stack keeps free for it: a multiple of what its frames are aligned to. */
#define TOLD_ROOM ((sizeof (Told) + TEND_STACK_STAGGER - 1) / TEND_STACK_STAGGER * TEND_STACK_STAGGER)

/* Registers may have been saved as far as that below the stack pointer. */
#define RED_ZONE 128

/* All suspended stacks of all threads, for the leak check at the exit. */
static TEND_DEFINE_LOCK (told_lock);
static Told *all_told;        /* under told_lock */

/* Of the two, only the stack that is left for good can have its fake one freed at once, with all that lies there. */
#define NOT_ON_A_FAKE_STACK __attribute__ ((no_sanitize ("address")))

static void
link_told (Told *told)
{
  tend_lock (&told_lock);
  told->next = all_told;
  if (all_told != NULL)
    all_told->prev = told;
  all_told = told;
  tend_unlock (&told_lock);
}

static void
unlink_told (Told *told)
{
  tend_lock (&told_lock);
  if (told->prev != NULL)
    told->prev->next = told->next;
  else if (all_told == told)
    all_told = told->next;
  if (told->next != NULL)
    told->next->prev = told->prev;
  told->prev = told->next = NULL;
  tend_unlock (&told_lock);
}

/*
 * What AddressSanitizer takes for the fake stack of a real one, at most: eleven times the power of two that is not
 * smaller, but for the bounds that it has by default, and some flags.
 */
static gsize
get_fake_size (gsize size)
{
  return (gsize) 12 << CLAMP (g_bit_storage (size - 1), 16, 20);
}

static inline void
depart (Told     *here,
        Told     *there,
        gboolean  is_last)
{
  there->origin = here;

  if (tend_tools & TEND_TOOL_ASAN)
    {
      if (!is_last)
        link_told (here);
      __sanitizer_start_switch_fiber (is_last ? NULL : &here->fake_stack, there->bottom, there->size);
    }

  /* Asked each time: a context of a thread's own stack may be used from another thread later. */
  if (tend_tools & TEND_TOOL_TSAN)
    here->fiber = __tsan_get_current_fiber ();
}

static inline void
arrive (Told *here)
{
  if (tend_tools & TEND_TOOL_ASAN)
    {
      __sanitizer_finish_switch_fiber (here->fake_stack, &here->origin->bottom, &here->origin->size);
      unlink_told (here);
    }
}

NOT_ON_A_FAKE_STACK
static void
enter (gpointer data)
{
  Told *told = data;

  arrive (told);
  told->entry (told->data);
  g_assert_not_reached ();
}

/*
 * ThreadSanitizer keeps a list of calls per fiber, and each instrumented function takes itself off
 * it when it returns. So the fiber is switched in the very function that jumps, not in a helper.
 */
NOT_ON_A_FAKE_STACK
void
tend_context_switch_told (TendContext *from,
                          TendContext *to)
{
  Told here = { 0 };
  Told *there = to->sp;

  from->sp = &here;
  depart (&here, there, FALSE);
  if (tend_tools & TEND_TOOL_TSAN)
    __tsan_switch_to_fiber (there->fiber, 0);
  tend_context_jump (&here.context, &there->context);
  arrive (&here);
}

NOT_ON_A_FAKE_STACK
void
tend_context_switch_last_told (TendContext *from,
                               TendContext *to)
{
  Told here = { 0 };
  Told *there = to->sp;

  from->sp = &here;
  depart (&here, there, TRUE);
  if (tend_tools & TEND_TOOL_TSAN)
    __tsan_switch_to_fiber (there->fiber, 0);
  tend_context_jump (&here.context, &there->context);
  g_assert_not_reached ();
}

/*
 * LeakSanitizer looks for pointers on the stack that a thread runs on. What only a stack has that stands still, the
 * thread's own among them where a fiber calls exit(), is not leaked either.
 */
static void
add_roots (void)
{
  tend_lock (&told_lock);
  for (Told *told = all_told; told != NULL; told = told->next)
    {
      char *from = MAX ((char *) told->context.sp - RED_ZONE, (char *) told->bottom);

      tend_tool_add_root (from, (char *) told->bottom + told->size - from);
      if (told->fake_stack != NULL)
        tend_tool_add_root (told->fake_stack, get_fake_size (told->size));
    }
  tend_unlock (&told_lock);
}

/*
 * What is registered last is called first: a destructor of this library, or what its constructor registers, would come
 * after the check, which goes with the runtime of the sanitizer.
 */
static void
have_roots_added (void)
{
  static gsize is_registered;

  if (!g_once_init_enter (&is_registered))
    return;

  if (tend_tool_seeks_leaks ())
    atexit (add_roots);
  g_once_init_leave (&is_registered, 1);
}

static void
prepare_told (TendContext *context,
              TendStack   *stack,
              TendEntry    entry,
              gpointer     data)
{
  Told *told = (Told *) (tend_stack_top (stack) - TOLD_ROOM);
  TendStack below = *stack;

  below.size -= TOLD_ROOM;
  *told = (Told) { .entry = entry, .data = data };
  told->context.sp = make_first_frame (&below, enter, told);
  told->bottom = stack->low;
  told->size = tend_stack_top (stack) - stack->low;
  if (tend_tools & TEND_TOOL_ASAN)
    have_roots_added ();
  if (tend_tools & TEND_TOOL_TSAN)
    told->fiber = __tsan_create_fiber (0);
  context->sp = told;
}

/* Wherever the context stands, it has the name of its own stack. */
void
tend_context_clear_told (TendContext *context)
{
  Told *told = context->sp;

  if (told == NULL)
    return;

  unlink_told (told);
  if (tend_tools & TEND_TOOL_TSAN)
    __tsan_destroy_fiber (told->fiber);
}

void
tend_context_prepare (TendContext *context,
                      TendStack   *stack,
                      TendEntry    entry,
                      gpointer     data)
{
  if (tend_context_is_told ())
    prepare_told (context, stack, entry, data);
  else
    context->sp = make_first_frame (stack, entry, data);
}
