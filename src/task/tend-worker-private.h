// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The thread of the pool in which a body runs, from that thread's side.

#pragma once

#include "tend-loop-private.h"
#include "tend-task.h"

G_BEGIN_DECLS

/* What a thread of the pool can do, for the layers that do not see it. Set on such a thread. */
typedef struct
{
  void (* block)   (void);      /* the body is about to wait, and makes room for another meanwhile */
  void (* unblock) (void);
} TendWorkerClass;

void         tend_set_worker_class       (const TendWorkerClass *klass);
void         tend_worker_block           (void);
void         tend_worker_unblock         (void);

/* On a worker thread, where the body that runs there leaves what it returns. */
void         tend_task_set_worker        (TendTask            *self,
                                          TendOutcome         *outcome);
TendTask    *tend_task_get_worker        (void);
TendTask    *tend_task_get_blocking      (void);
TendOutcome *tend_task_get_worker_outcome (TendTask           *self);

gboolean     tend_worker_checkpoint      (TendTask            *task,
                                          GError             **error);
gboolean     tend_worker_sleep           (TendTask            *task,
                                          gint64               usec,
                                          GError             **error);
void         tend_task_wake_worker       (TendTask            *self);

G_END_DECLS
