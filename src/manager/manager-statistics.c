// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// How many tasks a manager has had, and how long they have run.
//
// Run times are counted in a histogram: up to 32 us exactly, and then each power of two in 16 equal
// parts. So a quantile is at most 1/16 above the truth, in 8 KiB, however many tasks there were.
// This is the scheme of HdrHistogram with four significant bits.

#include "tend-manager-private.h"

#define PART_BITS 4
#define N_PARTS (1 << PART_BITS)

/* The number of the bucket of the largest value, of 63 bits, and one. */
#define N_BUCKETS ((63 - PART_BITS) * N_PARTS + N_PARTS)

/* The bucket that counts @usec. */
static guint
get_bucket (gint64 usec)
{
  guint shift = 0;

  if (usec >= 2 * N_PARTS)
    shift = 63 - PART_BITS - (guint) __builtin_clzll ((guint64) usec);

  return shift * N_PARTS + (guint) (usec >> shift);
}

/* The largest value that a bucket counts. */
static gint64
get_bucket_end (guint bucket)
{
  guint shift = bucket < 2 * N_PARTS ? 0 : bucket / N_PARTS - 1;
  guint64 first = (guint64) (bucket - shift * N_PARTS) << shift;

  return (gint64) (first + ((guint64) 1 << shift) - 1);
}

void
tend_statistics_registered (TendStatistics *statistics)
{
  statistics->counts[TEND_TASK_STATUS_PENDING]++;
}

void
tend_statistics_began (TendStatistics *statistics)
{
  statistics->n_started++;
  statistics->counts[TEND_TASK_STATUS_PENDING]--;
  statistics->counts[TEND_TASK_STATUS_RUNNING]++;
}

/* A task has ended with @status, after @usec; a negative time does not count. */
void
tend_statistics_ended (TendStatistics *statistics,
                       TendTaskStatus  status,
                       gboolean        had_begun,
                       gint64          usec)
{
  statistics->counts[had_begun ? TEND_TASK_STATUS_RUNNING : TEND_TASK_STATUS_PENDING]--;
  statistics->counts[status]++;
  statistics->n_done++;

  if (usec < 0)
    return;

  if (statistics->histogram == NULL)
    statistics->histogram = g_new0 (guint64, N_BUCKETS);
  statistics->histogram[get_bucket (usec)]++;
  statistics->longest = MAX (statistics->longest, usec);
}

void
tend_statistics_clear (TendStatistics *statistics)
{
  g_clear_pointer (&statistics->histogram, g_free);
}

/**
 * tend_task_manager_get_n_tasks:
 * @self: a manager
 * @status: a status
 *
 * Counts the tasks of a status.
 *
 * With `TEND_TASK_STATUS_PENDING`, these are the tasks that wait for their delay, for a task of the same name, or for a
 * slot. With `TEND_TASK_STATUS_RUNNING`, these are the tasks that have begun and not ended. With a final status, these
 * are all tasks that have ended with it since the manager was created. With `TEND_TASK_STATUS_CREATED` the number is 0.
 *
 * Returns: the number of tasks
 *
 * Since: 0.1
 */
guint64
tend_task_manager_get_n_tasks (TendTaskManager *self,
                               TendTaskStatus   status)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), 0);
  g_return_val_if_fail ((guint) status <= TEND_TASK_STATUS_STOPPED, 0);

  return tend_manager_get_private (self)->statistics.counts[status];
}

/**
 * tend_task_manager_get_n_started:
 * @self: a manager
 *
 * Counts the tasks that have begun since the manager was created.
 *
 * Returns: the number of tasks
 *
 * Since: 0.1
 */
guint64
tend_task_manager_get_n_started (TendTaskManager *self)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), 0);

  return tend_manager_get_private (self)->statistics.n_started;
}

/**
 * tend_task_manager_get_run_time:
 * @self: a manager
 * @quantile: from 0.0 to 1.0: 0.5 for the median, 0.99 for all but the longest hundredth, 1.0 for the
 *   longest
 *
 * Gets how long tasks have run, from the beginning of their bodies to their ends.
 *
 * Time spent waiting or paused does not count, and interval tasks do not count at all. The longest time is exact; other
 * quantiles are at most 1/16 too high.
 *
 * Returns: microseconds; 0 if no task has ended yet
 *
 * Since: 0.1
 */
gint64
tend_task_manager_get_run_time (TendTaskManager *self,
                                double           quantile)
{
  TendStatistics *statistics;
  guint64 n_all = 0, n_up_to = 0, wanted;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), 0);
  g_return_val_if_fail (quantile >= 0.0 && quantile <= 1.0, 0);

  statistics = &tend_manager_get_private (self)->statistics;
  if (statistics->histogram == NULL || quantile == 1.0)
    return statistics->longest;

  for (guint i = 0; i < N_BUCKETS; i++)
    n_all += statistics->histogram[i];

  /* The nearest rank: the smallest value that as many tasks did not exceed. */
  wanted = MAX (1, (guint64) (quantile * (double) n_all + 0.999999));
  for (guint i = 0; i < N_BUCKETS; i++)
    {
      n_up_to += statistics->histogram[i];
      if (n_up_to >= wanted)
        return MIN (get_bucket_end (i), statistics->longest);
    }

  return statistics->longest;
}
