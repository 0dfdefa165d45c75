// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Random numbers from the kernel, a pool at a time, so that one costs no system call.
//
// Each thread has a pool. A process that forks must not give its child the same numbers: the child
// drops what it has, which it learns from a count of forks.

#include "tend-cache-private.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define POOL_SIZE 512

typedef struct
{
  guint8 bytes[POOL_SIZE];
  guint  n_left;
  guint  n_forks;
} Pool;

static GPrivate pools = G_PRIVATE_INIT (g_free);
static guint n_forks;   /* changes in the child of a fork only, which has one thread */

static void
begin_anew (void)
{
  n_forks++;
}

static void
fill (guint8 *bytes,
      gsize   size)
{
  gsize n_done = 0;

  while (n_done < size)
    {
      gssize n = getrandom (bytes + n_done, size - n_done, 0);

      if (n > 0)
        n_done += (gsize) n;
      else if (errno != EINTR)
        g_error ("The kernel gives no random numbers: %s", g_strerror (errno));
    }
}

/* A number below 2^@bits that nobody can guess. */
guint64
tend_random_bits (guint bits)
{
  static TendAtFork at_fork = { begin_anew };
  guint n_bytes = (bits + 7) / 8;
  Pool *pool = g_private_get (&pools);
  guint64 number = 0;

  tend_at_fork (&at_fork);

  if (pool == NULL)
    {
      pool = g_new0 (Pool, 1);
      g_private_set (&pools, pool);
    }

  if (pool->n_left < n_bytes || pool->n_forks != n_forks)
    {
      fill (pool->bytes, POOL_SIZE);
      pool->n_left = POOL_SIZE;
      pool->n_forks = n_forks;
    }

  /* What was given is forgotten, so that it is nowhere to be read any more. */
  pool->n_left -= n_bytes;
  memcpy (&number, pool->bytes + pool->n_left, n_bytes);
  memset (pool->bytes + pool->n_left, 0, n_bytes);
  number = GUINT64_FROM_LE (number);

  return bits < 64 ? number & (((guint64) 1 << bits) - 1) : number;
}
