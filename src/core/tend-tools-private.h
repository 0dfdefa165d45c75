// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What AddressSanitizer, LeakSanitizer, ThreadSanitizer and valgrind must be told, in a library that was built without
// any of them.
//
// A program that is instrumented brings the runtime of its sanitizer along, and this library finds the functions of
// that runtime when it is loaded: they are weak references, which are NULL in every other process. Valgrind is asked
// by a request of a few instructions. So the library that is installed does for such a program what one would do
// that is instrumented itself, and no option of the build is needed.

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The two compilers say differently that they instrument this library itself. */
#ifdef __has_feature
#if __has_feature (thread_sanitizer)
#define TEND_IS_TSAN_BUILD 1
#endif
#endif
#if defined (__SANITIZE_THREAD__) && !defined (TEND_IS_TSAN_BUILD)
#define TEND_IS_TSAN_BUILD 1
#endif

/* --- Which tool there is --- */

#define TEND_TOOL_ASAN     (1u << 0)
#define TEND_TOOL_TSAN     (1u << 1)
#define TEND_TOOL_VALGRIND (1u << 2)
#define TEND_TOOL_MEMCHECK (1u << 3)    /* the one of valgrind's tools that looks at memory */

/* Those that want to hear of each switch to another stack. Valgrind sees it by itself. */
#define TEND_TOOLS_SWITCH  (TEND_TOOL_ASAN | TEND_TOOL_TSAN)

/* Constant once the library is loaded, and 0 nearly everywhere. */
extern guint tend_tools;

/* Whether a tool looks for uses of invalid memory. */
static inline gboolean
tend_tools_watch (void)
{
  return G_UNLIKELY ((tend_tools & (TEND_TOOL_ASAN | TEND_TOOL_MEMCHECK)) != 0);
}

/* --- Memory --- */

void  tend_tool_poison_watched   (gconstpointer ptr,
                                  gsize         size);
void  tend_tool_unpoison_watched (gconstpointer ptr,
                                  gsize         size);
void  tend_tool_look_watched     (gconstpointer ptr);

/* Marks these bytes as invalid: a tool reports each use. */
static inline void
tend_tool_poison (gconstpointer ptr,
                  gsize         size)
{
  if (tend_tools_watch ())
    tend_tool_poison_watched (ptr, size);
}

/* Marks the memory as valid again, with undefined contents. */
static inline void
tend_tool_unpoison (gconstpointer ptr,
                    gsize         size)
{
  if (tend_tools_watch ())
    tend_tool_unpoison_watched (ptr, size);
}

/*
 * Has the tool see that the eight bytes at @ptr are used. AddressSanitizer checks only what is compiled with it,
 * which this library is not: where a program gives it an object, this is the program's use of that.
 */
static inline void
tend_tool_look (gconstpointer ptr)
{
  if (G_UNLIKELY ((tend_tools & TEND_TOOL_ASAN) != 0))
    tend_tool_look_watched (ptr);
}

/* --- Stacks --- */

guint tend_tool_add_stack    (gconstpointer low,
                              gsize         size);
void  tend_tool_remove_stack (guint         id);
void  tend_tool_clear_stack  (gconstpointer low,
                              gsize         size);

/* Whether a tool looks for leaks when the process exits. */
gboolean tend_tool_seeks_leaks (void);

/* What is found in these bytes is not leaked. To be called at the exit. */
void  tend_tool_add_root     (gconstpointer low,
                              gsize         size);

/* --- From one thread to another --- */

/*
 * ThreadSanitizer does not see the atomic operations of code that is not compiled with it. Who gives something to
 * another thread by them says so before, and who takes it says so after. Where the library is instrumented itself the
 * operations have to be right without a word. Those of GLib, which counts references, are not instrumented: the tests
 * say of each reference that it is dropped, and an object goes after that.
 */
#ifdef TEND_IS_TSAN_BUILD

static inline void
tend_tool_give (gpointer what)
{
}

static inline void
tend_tool_take (gpointer what)
{
}

void  __tsan_acquire (gpointer address);

static inline void
tend_tool_take_object (gpointer object)
{
  __tsan_acquire (object);
}

#else

void  tend_tool_give_watched (gpointer what);
void  tend_tool_take_watched (gpointer what);

static inline void
tend_tool_give (gpointer what)
{
  if (G_UNLIKELY ((tend_tools & TEND_TOOL_TSAN) != 0))
    tend_tool_give_watched (what);
}

static inline void
tend_tool_take (gpointer what)
{
  if (G_UNLIKELY ((tend_tools & TEND_TOOL_TSAN) != 0))
    tend_tool_take_watched (what);
}

static inline void
tend_tool_take_object (gpointer object)
{
}

#endif

/* --- The functions of the runtimes; of those that tend_tools names, all are there --- */

#define TEND_OF_A_TOOL __attribute__ ((weak, visibility ("default")))

TEND_OF_A_TOOL void     __sanitizer_start_switch_fiber  (gpointer      *fake_stack,
                                                         gconstpointer  bottom,
                                                         gsize          size);
TEND_OF_A_TOOL void     __sanitizer_finish_switch_fiber (gpointer       fake_stack,
                                                         gconstpointer *bottom,
                                                         gsize         *size);

TEND_OF_A_TOOL gpointer __tsan_get_current_fiber        (void);
TEND_OF_A_TOOL gpointer __tsan_create_fiber             (unsigned       flags);
TEND_OF_A_TOOL void     __tsan_destroy_fiber            (gpointer       fiber);
TEND_OF_A_TOOL void     __tsan_switch_to_fiber          (gpointer       fiber,
                                                         unsigned       flags);

G_END_DECLS
