// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The least that a fiber is, a stack and two contexts, for tests of the stacks and of the switch.

#pragma once

#include "switch-private.h"

#include <stdlib.h>

/* ThreadSanitizer has room for some thousand fibers, and each tool makes each stack dearer. */
#define IS_SLOW (tend_tools != 0)

typedef struct _Fiber Fiber;

struct _Fiber
{
  TendStack    stack;
  TendContext  context;
  TendContext  caller;
  void      (* run) (Fiber *fiber);
  gboolean     is_done;
  guint        n;
  Fiber       *next;
};

static inline void
fiber_entry (gpointer data)
{
  Fiber *fiber = data;

  fiber->run (fiber);
  fiber->is_done = TRUE;
  tend_context_switch_last (&fiber->context, &fiber->caller);
}

static inline void
fiber_start (Fiber  *fiber,
             void (* run) (Fiber *fiber))
{
  g_autoptr (GError) error = NULL;

  fiber->run = run;
  tend_stack_acquire (&fiber->stack, 0, &error);
  g_assert_no_error (error);
  tend_context_prepare (&fiber->context, &fiber->stack, fiber_entry, fiber);
}

static inline void
fiber_resume (Fiber *fiber)
{
  tend_context_switch (&fiber->caller, &fiber->context);
}

static inline void
fiber_yield (Fiber *fiber)
{
  tend_stack_check (&fiber->stack, "a test");
  tend_context_switch (&fiber->context, &fiber->caller);
}

static inline void
fiber_clear (Fiber *fiber)
{
  tend_context_clear (&fiber->context);
  tend_stack_release (&fiber->stack);
}

/* Bytes: field 0 is all of the address space, 1 what is in memory. */
static inline gsize
get_memory (guint field)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) fields = NULL;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  fields = g_strsplit (text, " ", -1);

  return strtoull (fields[field], NULL, 10) * 4096;
}
