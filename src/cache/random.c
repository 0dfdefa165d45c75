// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Random numbers from the kernel, a pool at a time, so that one costs no system call.
//
// Each thread has a pool. A process that forks must not give its child the same numbers: the child
// drops what it has, which it learns from a count of forks.
//
// Old kernels do not have getrandom(), and sandboxes may refuse it: then there is the device. Without either there
// is no number. One that could be guessed would be worse, and to end the process is not ours.

#include "tend-number-space-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

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

/* Fills @bytes from @fd; from getrandom() where that is negative. FALSE with errno set if it cannot be. */
static gboolean
fill_from (int     fd,
           guint8 *bytes,
           gsize   size)
{
  gsize n_done = 0;

  while (n_done < size)
    {
      gssize n = fd < 0 ? getrandom (bytes + n_done, size - n_done, 0) : read (fd, bytes + n_done, size - n_done);

      if (n > 0)
        n_done += (gsize) n;
      else if (n == 0 || errno != EINTR)
        return FALSE;
    }

  return TRUE;
}

/* FALSE with the errno of getrandom() if there is no other way either. */
static gboolean
fill (guint8 *bytes,
      gsize   size)
{
  gboolean is_filled = fill_from (-1, bytes, size);
  int saved_errno = errno;
  int fd = is_filled ? -1 : open ("/dev/urandom", O_RDONLY | O_CLOEXEC);

  if (fd >= 0)
    {
      is_filled = fill_from (fd, bytes, size);
      close (fd);
    }

  errno = saved_errno;
  return is_filled;
}

/* Returns a number below 2^@bits that nobody can guess; FALSE with errno set if the system gives none. */
gboolean
tend_random_bits (guint    bits,
                  guint64 *number)
{
  static TendAtFork at_fork = { begin_anew };
  guint n_bytes = (bits + 7) / 8;
  Pool *pool = g_private_get (&pools);

  tend_at_fork (&at_fork);

  if (pool == NULL)
    {
      pool = g_new0 (Pool, 1);
      g_private_set (&pools, pool);
    }

  if (pool->n_left < n_bytes || pool->n_forks != n_forks)
    {
      pool->n_left = 0;
      if (!fill (pool->bytes, POOL_SIZE))
        return FALSE;

      pool->n_left = POOL_SIZE;
      pool->n_forks = n_forks;
    }

  /* Numbers that were given out are erased, so that they cannot be read any more. */
  pool->n_left -= n_bytes;
  *number = 0;
  memcpy (number, pool->bytes + pool->n_left, n_bytes);
  memset (pool->bytes + pool->n_left, 0, n_bytes);
  *number = GUINT64_FROM_LE (*number);
  if (bits < 64)
    *number &= ((guint64) 1 << bits) - 1;

  return TRUE;
}
