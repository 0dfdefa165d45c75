// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The tools that look at a running program: which of them are present, and what they are told of memory. The switch
// tells them of stacks itself, because it must do this in the function that jumps.

#include "tend-core-private.h"

/* --- What the runtimes of sanitizers have, besides what the header declares --- */

TEND_OF_A_TOOL void __asan_poison_memory_region   (const volatile void *ptr,
                                                   gsize                size);
TEND_OF_A_TOOL void __asan_unpoison_memory_region (const volatile void *ptr,
                                                   gsize                size);
TEND_OF_A_TOOL void __asan_loadN                  (gpointer             ptr,
                                                   gssize               size);
TEND_OF_A_TOOL void __lsan_register_root_region   (gconstpointer        ptr,
                                                   gsize                size);
TEND_OF_A_TOOL void __tsan_acquire                (gpointer             address);
TEND_OF_A_TOOL void __tsan_release                (gpointer             address);

/* --- Requests to valgrind --- */

/*
 * A sequence of instructions that changes nothing, and that valgrind knows. It is the one of valgrind's own header,
 * valgrind/valgrind.h; not to need that header, the few requests that we make are written down here.
 */
#define REQUEST_RUNNING        0x1001
#define REQUEST_ADD_STACK      0x1501
#define REQUEST_REMOVE_STACK   0x1502
#define REQUEST_MAKE_NOACCESS  0x4d430000   /* these two are memcheck's */
#define REQUEST_MAKE_UNDEFINED 0x4d430001

static gsize
request (gsize what,
         gsize first,
         gsize second)
{
  volatile gsize args[6] = { what, first, second, 0, 0, 0 };
  gsize result = 0;

#if defined (__x86_64__) && defined (__LP64__)
  __asm__ volatile ("rolq $3, %%rdi; rolq $13, %%rdi; rolq $61, %%rdi; rolq $51, %%rdi\n\t"
                    "xchgq %%rbx, %%rbx"
                    : "+d" (result) : "a" (args) : "cc", "memory");
#elif defined (__i386__)
  __asm__ volatile ("roll $3, %%edi; roll $13, %%edi; roll $29, %%edi; roll $19, %%edi\n\t"
                    "xchgl %%ebx, %%ebx"
                    : "+d" (result) : "a" (args) : "cc", "memory");
#elif defined (__aarch64__)
  register gsize x3 __asm__ ("x3") = result;
  register volatile gsize *x4 __asm__ ("x4") = args;

  __asm__ volatile ("ror x12, x12, #3; ror x12, x12, #13; ror x12, x12, #51; ror x12, x12, #61\n\t"
                    "orr x10, x10, x10"
                    : "+r" (x3) : "r" (x4) : "cc", "memory");
  result = x3;
#else
  (void) args;
#endif

  return result;
}

/* --- Which tool there is --- */

guint tend_tools;

/* Before all that may use the library: others that are loaded with it, and constructors of the program. */
__attribute__ ((constructor (101)))
static void
look_for_tools (void)
{
  guint found = 0;

  if (__sanitizer_start_switch_fiber != NULL && __sanitizer_finish_switch_fiber != NULL &&
      __asan_poison_memory_region != NULL && __asan_unpoison_memory_region != NULL && __asan_loadN != NULL)
    found |= TEND_TOOL_ASAN;

  /* Each of them came at another time. */
  if (__tsan_get_current_fiber != NULL && __tsan_create_fiber != NULL && __tsan_destroy_fiber != NULL &&
      __tsan_switch_to_fiber != NULL && __tsan_acquire != NULL && __tsan_release != NULL)
    found |= TEND_TOOL_TSAN;

  if (request (REQUEST_RUNNING, 0, 0) != 0)
    found |= TEND_TOOL_VALGRIND;

  /* It answers with -1 whatever it is given, and the other tools do not answer. */
  if (request (REQUEST_MAKE_UNDEFINED, 0, 0) != 0)
    found |= TEND_TOOL_MEMCHECK;

  tend_tools = found;
}

/* --- Memory --- */

void
tend_tool_poison_watched (gconstpointer ptr,
                          gsize         size)
{
  if (tend_tools & TEND_TOOL_ASAN)
    __asan_poison_memory_region (ptr, size);
  if (tend_tools & TEND_TOOL_MEMCHECK)
    request (REQUEST_MAKE_NOACCESS, (gsize) ptr, size);
}

void
tend_tool_unpoison_watched (gconstpointer ptr,
                            gsize         size)
{
  if (tend_tools & TEND_TOOL_ASAN)
    __asan_unpoison_memory_region (ptr, size);
  if (tend_tools & TEND_TOOL_MEMCHECK)
    request (REQUEST_MAKE_UNDEFINED, (gsize) ptr, size);
}

void
tend_tool_look_watched (gconstpointer ptr)
{
  __asan_loadN ((gpointer) ptr, 8);
}

/* --- Stacks --- */

/* Valgrind takes a change of the stack pointer for a switch where it leads to another stack that it knows. */
guint
tend_tool_add_stack (gconstpointer low,
                     gsize         size)
{
  if (G_LIKELY ((tend_tools & TEND_TOOL_VALGRIND) == 0))
    return 0;

  return (guint) request (REQUEST_ADD_STACK, (gsize) low, (gsize) low + size - 1);
}

void
tend_tool_remove_stack (guint id)
{
  if (G_UNLIKELY ((tend_tools & TEND_TOOL_VALGRIND) != 0))
    request (REQUEST_REMOVE_STACK, id, 0);
}

/* A fiber that was left for good never unpoisoned what its frames had poisoned. */
void
tend_tool_clear_stack (gconstpointer low,
                       gsize         size)
{
  if (G_UNLIKELY ((tend_tools & TEND_TOOL_ASAN) != 0))
    __asan_unpoison_memory_region (low, size);
}

gboolean
tend_tool_seeks_leaks (void)
{
  return __lsan_register_root_region != NULL;
}

void
tend_tool_add_root (gconstpointer low,
                    gsize         size)
{
  __lsan_register_root_region (low, size);
}

/* --- From one thread to another --- */

#ifndef TEND_IS_TSAN_BUILD

void
tend_tool_give_watched (gpointer what)
{
  __tsan_release (what);
}

void
tend_tool_take_watched (gpointer what)
{
  __tsan_acquire (what);
}

#endif
