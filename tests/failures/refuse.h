// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A system that gives nothing: calls of it that the library makes fail as a test wants. Those of others do not, as GLib
// ends the process where it is refused what it needs.

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  REFUSE_THREAD,        /* pthread_create(), by g_thread_try_new() */
  REFUSE_MMAP,
  REFUSE_MUNMAP,
  REFUSE_MPROTECT,
  REFUSE_MADVISE,
  REFUSE_SIGALTSTACK,
  REFUSE_EVENTFD,
  REFUSE_GETRANDOM,
  REFUSE_OPEN,
  REFUSE_POLL,
  N_REFUSE_CALLS,
} RefuseCall;

#define REFUSE_EVER G_MAXINT

extern const char * const refuse_names[N_REFUSE_CALLS];

void refuse_from       (RefuseCall call,
                        int        first,
                        int        n);
void refuse_at_random  (guint32    seed,
                        guint      one_in);
void refuse_nothing    (void);
int  refuse_count      (RefuseCall call);

G_END_DECLS
