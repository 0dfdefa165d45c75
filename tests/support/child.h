// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// How the child of a fork in a test ends, and what its parent makes of it.
//
// Memcheck takes for leaks what only those threads knew that the child has not got. So a child that was right
// is killed there before it can be asked for leaks.

#pragma once

#include "tool.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

G_NORETURN static inline void
child_end (gboolean was_right)
{
  if (was_right && is_under_valgrind ())
    kill (getpid (), SIGKILL);
  _exit (was_right ? 0 : 1);
}

/* As child_end() where all was right, but calls what is to be called at the exit of a process. */
G_NORETURN static inline void
child_exit (void)
{
  if (is_under_valgrind ())
    child_end (TRUE);
  exit (0);
}

static inline gboolean
child_was_right (int status)
{
  return status == 0 || (is_under_valgrind () && WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
}

#define assert_child_was_right(status) \
  do \
    { \
      if (!child_was_right (status)) \
        g_error ("%s: the child has ended with %#x", G_STRLOC, (guint) (status)); \
    } \
  while (0)
