// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The threads that run jobs, and the waits of bodies there.

#pragma once

#include "tend-task-private.h"

G_BEGIN_DECLS

/* --- thread-wait.c --- */

typedef struct _TendThreadWait TendThreadWait;

void          tend_thread_interrupt (TendTask    *task);
gboolean      tend_thread_await     (TendTask    *task,
                                     TendTask    *awaited,
                                     GError     **error);
gboolean      tend_thread_await_fd  (TendTask    *task,
                                     int          fd,
                                     GIOCondition condition,
                                     GIOCondition *revents,
                                     GError     **error);
gboolean      tend_thread_sleep     (TendTask    *task,
                                     gint64       usec,
                                     GError     **error);

/* --- workers.c --- */

typedef void (* TendRefuseFunc) (TendJob      *job,
                                 const GError *error);

void          tend_workers_push     (TendJob        *job,
                                     TendRefuseFunc  refuse);

G_END_DECLS
