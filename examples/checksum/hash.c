// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The body of a file's task: opens, reads and hashes one file, in a thread of libtend's pool.
//
// The body may block, and returns its result with tend_task_return_string(). It cooperates in two ways: it calls
// tend_task_is_cancelling() between two reads, and it reports its progress with tend_task_set_progress(), which costs
// the loop at most one notification per turn.
//
// What is slow to create is kept from file to file.

#define _GNU_SOURCE     /* O_PATH */

#include "checksum.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

/* Large enough to make calls rare, small enough to stay in a processor's cache. */
#define BUFFER_SIZE (128 * 1024)

/* How often progress is reported: nobody looks more often. Short files never report. */
#define REPORT_USEC (G_TIME_SPAN_SECOND / 20)

typedef struct _Hasher Hasher;
struct _Hasher
{
  Hasher     *next;     /* under hashers_lock */
  EVP_MD_CTX *context;
  guint8      buffer[BUFFER_SIZE];
};

static GMutex hashers_lock;
static Hasher *idle_hashers;

/* The algorithm, which is slow to look up; all threads share it. */
static EVP_MD *
get_sha256 (void)
{
  static gsize sha256;

  if (g_once_init_enter (&sha256))
    {
      EVP_MD *found = EVP_MD_fetch (NULL, "SHA256", NULL);

      if (found == NULL)
        g_error ("OpenSSL has no SHA-256 here");
      g_once_init_leave (&sha256, (gsize) found);
    }

  return (EVP_MD *) sha256;
}

/* A hasher that nobody uses: there are as many as files have ever been hashed at once. */
static Hasher *
hasher_take (void)
{
  Hasher *self;

  g_mutex_lock (&hashers_lock);
  self = idle_hashers;
  if (self != NULL)
    idle_hashers = self->next;
  g_mutex_unlock (&hashers_lock);

  if (self == NULL)
    {
      self = g_malloc (sizeof *self);
      self->context = EVP_MD_CTX_new ();
      if (self->context == NULL)
        g_error ("Out of memory");
    }

  return self;
}

static void
hasher_give_back (Hasher *self)
{
  g_mutex_lock (&hashers_lock);
  self->next = idle_hashers;
  idle_hashers = self;
  g_mutex_unlock (&hashers_lock);
}

static gboolean
fail (GError **error,
      int      code)
{
  g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (code), g_strerror (code));
  return FALSE;
}

/*
 * Opens the regular file at @path, whatever has come into its place since it was found: links are
 * not followed, and a FIFO is not waited for. A descriptor, or -1 and the error.
 */
static int
open_regular (const char   *path,
              struct stat  *info,
              GError      **error)
{
  g_autofree char *name = NULL;
  int fd = open (path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  int held;

  /*
   * Somebody holds a lease on the file, as file servers do, and is asked to give it up, which may
   * take its time. O_NONBLOCK would not wait for that. What will not block for ever is made sure
   * of by opening the very file that was looked at.
   */
  if (fd < 0 && errno == EWOULDBLOCK)
    {
      held = open (path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
      if (held >= 0 && fstat (held, info) == 0 && S_ISREG (info->st_mode))
        {
          name = g_strdup_printf ("/proc/self/fd/%d", held);
          fd = open (name, O_RDONLY | O_CLOEXEC);
        }
      if (held >= 0)
        close (held);
    }

  if (fd < 0)
    {
      fail (error, errno);
      return -1;
    }

  if (fstat (fd, info) != 0 || !S_ISREG (info->st_mode))
    {
      close (fd);
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, "Not a regular file any more");
      return -1;
    }

  return fd;
}

static void
report (TendTask *task,
        guint64   n_bytes,
        guint64   size,
        gint64    elapsed)
{
  g_autofree char *done = text_size ((double) n_bytes);
  g_autofree char *all = text_size ((double) size);
  g_autofree char *rate = text_size ((double) n_bytes * G_TIME_SPAN_SECOND / (double) elapsed);
  g_autofree char *message = g_strdup_printf ("%s of %s, %s/s", done, all, rate);

  tend_task_set_progress (task, size > 0 ? MIN (1.0, (double) n_bytes / (double) size) : 0.0, message);
}

/* Reads @fd to its end; the digest is then in the hasher's context. */
static gboolean
read_all (TendTask  *task,
          HashJob   *job,
          Hasher    *hasher,
          int        fd,
          guint64    size,
          GError   **error)
{
  gint64 began = g_get_monotonic_time ();
  gint64 reported = began;
  guint64 n_bytes = 0;

  /* Those which fit are read by one call. */
  if (size > BUFFER_SIZE)
    posix_fadvise (fd, 0, 0, POSIX_FADV_SEQUENTIAL);

  while (TRUE)
    {
      ssize_t n = read (fd, hasher->buffer, BUFFER_SIZE);
      gint64 now;

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return fail (error, errno);
      if (n > 0 && EVP_DigestUpdate (hasher->context, hasher->buffer, (size_t) n) != 1)
        return fail (error, EIO);

      n_bytes += (guint64) n;
      totals_add_bytes (job->totals, (guint64) n);

      /* A file that says it is empty, as those in /proc do, is read to its end all the same. */
      if (n == 0 || n_bytes == size)
        break;

      if (tend_task_is_cancelling (task))
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Cancelled");
          return FALSE;
        }

      now = g_get_monotonic_time ();
      if (now - reported >= REPORT_USEC)
        {
          reported = now;
          report (task, n_bytes, size, now - began);
        }
    }

  job->n_bytes = n_bytes;
  return TRUE;
}

static void
return_digest (TendTask     *task,
               const guint8 *digest,
               guint         length)
{
  static const char digits[] = "0123456789abcdef";
  char text[2 * EVP_MAX_MD_SIZE + 1];

  for (guint i = 0; i < length; i++)
    {
      text[2 * i] = digits[digest[i] >> 4];
      text[2 * i + 1] = digits[digest[i] & 0xf];
    }
  text[2 * length] = '\0';

  tend_task_return_string (task, text);
}

/* Hashes what is behind @fd, and returns the digest as the task's result. */
static gboolean
hash_open_file (TendTask           *task,
                HashJob            *job,
                int                 fd,
                const struct stat  *info,
                GError            **error)
{
  Hasher *hasher = hasher_take ();
  guint8 digest[EVP_MAX_MD_SIZE];
  unsigned length;
  gboolean is_hashed;

  is_hashed = EVP_DigestInit_ex (hasher->context, get_sha256 (), NULL) == 1 ?
              read_all (task, job, hasher, fd, (guint64) info->st_size, error) : fail (error, EIO);

  if (is_hashed)
    is_hashed = EVP_DigestFinal_ex (hasher->context, digest, &length) == 1 || fail (error, EIO);
  hasher_give_back (hasher);

  if (is_hashed)
    return_digest (task, digest, length);
  return is_hashed;
}

/* The body. Its result is the digest as text, in lower case. */
gboolean
hash_file (TendTask  *task,
           HashJob   *job,
           GError   **error)
{
  struct stat info;
  gboolean is_hashed;
  int fd;

  g_atomic_int_set (&job->has_begun, TRUE);

  fd = open_regular (job->path, &info, error);
  if (fd < 0)
    return FALSE;

  is_hashed = hash_open_file (task, job, fd, &info, error);
  close (fd);

  return is_hashed;
}
