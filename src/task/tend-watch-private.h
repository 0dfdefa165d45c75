// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A wait for the end of one task, which may belong to another context.

#pragma once

#include "tend-loop-private.h"
#include "tend-task.h"

G_BEGIN_DECLS

typedef struct _TendWatch TendWatch;
typedef struct _TendForeignWatch TendForeignWatch;
typedef void (* TendWatchFunc) (TendWatch *watch);

/*
 * Waits for the end of one task, which may belong to another context. The function is called once,
 * from the loop that watches, after the task's exit handlers and its manager.
 */
struct _TendWatch
{
  TendJob           job;        /* loop thread; among the task's waiters, or the loop's micro-queue */
  TendTask         *task;       /* a reference once the task has ended or is foreign */
  TendWatchFunc     ended;
  gpointer          data;
  TendForeignWatch *foreign;    /* what waits in the other context in our place */
  guint             is_foreign : 1; /* the task is another context's */
  guint             has_ended : 1;
};

void tend_watch_begin (TendWatch     *watch,
                       TendLoop      *loop,
                       TendTask      *task,
                       TendWatchFunc  ended,
                       gpointer       data);
void tend_watch_observe (TendWatch   *watch);
void tend_watch_clear (TendWatch     *watch);
void tend_watches_clear (TendWatch   *watches,
                         gsize        n_watches);

/* Whether the task can be waited for here at all; a critical if not. */
gboolean tend_watch_check (TendTask   **tasks,
                           gsize        n_tasks,
                           const char  *func);

G_END_DECLS
