// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// How many descriptors the program may have: as many as the system lets it.

#include "echo.h"

#include <sys/resource.h>

/* Gives how many those are. */
guint
files_raise_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return 0;

  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
  getrlimit (RLIMIT_NOFILE, &limit);

  return (guint) MIN (limit.rlim_cur, G_MAXUINT);
}
