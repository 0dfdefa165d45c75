// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Whether the test runs under a tool, which may want signals and address space for itself.

#pragma once

#include <glib.h>

#include <string.h>

#if defined (__SANITIZE_THREAD__)
#define IS_TSAN TRUE
#elif defined (__has_feature)
#if __has_feature (thread_sanitizer)
#define IS_TSAN TRUE
#endif
#endif
#ifndef IS_TSAN
#define IS_TSAN FALSE
#endif

#if defined (__SANITIZE_ADDRESS__)
#define IS_SANITIZED TRUE
#elif defined (__has_feature)
#if __has_feature (address_sanitizer)
#define IS_SANITIZED TRUE
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED IS_TSAN
#endif

static inline gboolean
is_under_valgrind (void)
{
  const char *preloaded = g_getenv ("LD_PRELOAD");

  return preloaded != NULL && strstr (preloaded, "vgpreload") != NULL;
}
