// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a manager counts.

#pragma once

#include "tend-task-manager.h"

G_BEGIN_DECLS

/* How many tasks there have been, and how long they have run. */
typedef struct
{
  guint64  n_started;
  guint64  counts[TEND_TASK_STATUS_STOPPED + 1];    /* by status; up to running: those that are so now */
  guint64  n_done;          /* that have ended since there were no tasks at all */
  gint64   longest;         /* microseconds */
  guint64 *histogram;       /* of run times; NULL until there are any */
} TendStatistics;

/* What the properties were when they were notified last. */
typedef struct
{
  guint64  n_pending;
  guint64  n_running;
  guint64  n_failed;
  gboolean is_busy;
  gboolean is_paused;
  gboolean is_closed;
  gboolean is_shut_down;
  gint64   grace_deadline;
} TendManagerTold;

/* --- manager-statistics.c --- */

void                tend_statistics_registered (TendStatistics  *statistics);
void                tend_statistics_began     (TendStatistics   *statistics);
void                tend_statistics_ended     (TendStatistics   *statistics,
                                               TendTaskStatus    status,
                                               gboolean          had_begun,
                                               gint64            usec);
void                tend_statistics_clear     (TendStatistics   *statistics);

G_END_DECLS
