// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The output: the outcomes on stdout, the progress and the counts on stderr.
//
// Lines are gathered and written many at a time. The reader may be slow, but the loop does not wait for it, because
// answers and signals come meanwhile. So we ask before each write whether it would block, and a source reports when it
// would not. O_NONBLOCK would affect every process that shares the descriptor, the shell included.

#include "resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib-unix.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLUSH_SIZE     (32 * 1024)
#define FLUSH_USEC     (G_TIME_SPAN_SECOND / 20)
#define PROGRESS_USEC  (G_TIME_SPAN_SECOND / 10)

/* How long an interrupt waits for whoever reads the last lines. */
#define PATIENCE_MSEC  400

struct _Print
{
  Run     *run;
  gboolean is_file;         /* constant: it never blocks for long */
  GString *lines;
  gsize    n_written;       /* of the lines */
  gboolean has_timer;
  gboolean has_source;
  int      code;            /* the errno of the write that failed */
  gint64   began;
  TendTask *drained;        /* what somebody waits for, or NULL ... */
  gsize    n_awaited;       /* ... namely that no more than so much is left */
};

/* --- Writing --- */

static gsize
get_length (Print *self)
{
  return self->lines->len - self->n_written;
}

static gboolean
would_block (int msec)
{
  struct pollfd pollfd = { .fd = STDOUT_FILENO, .events = POLLOUT };

  return poll (&pollfd, 1, msec) == 0;
}

static void flush (Print *self);

static gboolean
writable_cb (int          fd,
             GIOCondition condition,
             gpointer     user_data)
{
  Print *self = user_data;

  self->has_source = FALSE;
  flush (self);

  return G_SOURCE_REMOVE;
}

static void
wait_until_writable (Print *self)
{
  g_autoptr(GSource) source = NULL;

  if (self->has_source)
    return;

  self->has_source = TRUE;
  source = g_unix_fd_source_new (STDOUT_FILENO, G_IO_OUT | G_IO_ERR | G_IO_HUP);
  g_source_set_callback (source, G_SOURCE_FUNC (writable_cb), self, NULL);
  tend_task_add_source (self->run->task, source);
}

/* Writes what can be written within so many milliseconds: FALSE if that is not all. */
static gboolean
write_lines (Print *self,
             int    msec)
{
  /* A pipe that has room at all has room for so much. */
  gsize chunk = self->is_file ? FLUSH_SIZE : PIPE_BUF;

  while (get_length (self) > 0 && self->code == 0)
    {
      ssize_t n;

      if (!self->is_file && would_block (msec))
        return FALSE;

      n = write (STDOUT_FILENO, self->lines->str + self->n_written, MIN (get_length (self), chunk));
      if (n >= 0)
        self->n_written += (gsize) n;
      else if (errno != EINTR && errno != EAGAIN)
        self->code = errno;
    }

  g_string_truncate (self->lines, 0);
  self->n_written = 0;

  return TRUE;
}

static void
flush (Print *self)
{
  if (!write_lines (self, 0))
    {
      wait_until_writable (self);
      if (self->n_written >= FLUSH_SIZE)
        {
          g_string_erase (self->lines, 0, (gssize) self->n_written);
          self->n_written = 0;
        }
    }

  if (self->code != 0)
    tend_task_cancel (self->run->task);
  if (self->drained != NULL && get_length (self) <= self->n_awaited)
    tend_task_return_boolean (g_steal_pointer (&self->drained), TRUE);
}

static gboolean
flush_cb (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  Print *self = user_data;

  self->has_timer = FALSE;
  flush (self);

  return FALSE;
}

/* Prints the text now or soon. */
void
print_text (Print      *self,
            const char *text)
{
  if (self->code != 0)
    return;

  g_string_append (self->lines, text);
  if (self->has_source)
    return;

  if (get_length (self) >= FLUSH_SIZE)
    flush (self);
  else if (!self->has_timer)
    {
      self->has_timer = TRUE;
      tend_task_add_timer (self->run->task, FLUSH_USEC, -1, flush_cb, self, NULL);
    }
}

/* Waits in a fiber until no more than so many bytes are left to be written. */
gboolean
print_wait_room (Print   *self,
                 gsize    n_left,
                 GError **error)
{
  if (get_length (self) > n_left)
    flush (self);

  while (get_length (self) > n_left)
    {
      g_autoptr(TendTask) drained = tend_task_new_open (NULL, NULL, NULL, NULL);
      gboolean is_fine;

      self->drained = drained;
      self->n_awaited = n_left;
      is_fine = tend_await (drained, error);
      self->drained = NULL;
      if (!is_fine)
        return FALSE;
    }

  return TRUE;
}

/* Writes what is left after the end; whoever does not read it in time does not get it. */
void
print_last (Print *self)
{
  write_lines (self, PATIENCE_MSEC);
}

/* What the first failed write failed with, or 0. */
int
print_get_errno (Print *self)
{
  return self->code;
}

/* --- Lines --- */

/*
 * Appends text that may be any bytes, for a terminal or for JSON: nothing in it is a command or ends the
 * line.
 */
static void
append_safe (GString    *to,
             const char *bytes,
             gboolean    is_json)
{
  g_autofree char *valid = g_utf8_make_valid (bytes, -1);

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (is_json && (c == '"' || c == '\\'))
        g_string_append_printf (to, "\\%c", (char) c);
      else if (c < 0x10000 && !g_unichar_isprint (c))
        g_string_append_printf (to, "\\u%04x", c);
      else
        g_string_append_unichar (to, c);
    }
}

static const char *
get_type_name (Request *request)
{
  return request->type == DNS_TYPE_A ? "A" : "AAAA";
}

/* inet_ntop() takes five times as long for IPv4, of which there is most. */
static const char *
get_address (const guint8  address[16],
             guint16       type,
             char         *text)
{
  char *p = text;

  if (type != DNS_TYPE_A)
    return inet_ntop (AF_INET6, address, text, INET6_ADDRSTRLEN);

  for (guint i = 0; i < 4; i++)
    {
      if (address[i] >= 100)
        *p++ = (char) ('0' + address[i] / 100);
      if (address[i] >= 10)
        *p++ = (char) ('0' + address[i] / 10 % 10);
      *p++ = (char) ('0' + address[i] % 10);
      *p++ = i < 3 ? '.' : '\0';
    }

  return text;
}

static void
append_name (GString *to,
             Request *request,
             gboolean is_json)
{
  /* A valid name has no character that could need it. */
  if (request->is_valid)
    g_string_append (to, request->name);
  else
    append_safe (to, request->name, is_json);
}

static void
format_lines (GString    *to,
              Request    *request,
              DnsAnswer  *answer,
              const char *message)
{
  guint8 address[16];
  char text[INET6_ADDRSTRLEN];

  if (message != NULL)
    {
      append_name (to, request, FALSE);
      g_string_append_printf (to, " %s error: %s\n", get_type_name (request), message);
      return;
    }

  while (dns_next_address (answer, address))
    {
      append_name (to, request, FALSE);
      g_string_append_c (to, ' ');
      g_string_append (to, get_type_name (request));
      g_string_append_c (to, ' ');
      g_string_append (to, get_address (address, request->type, text));
      g_string_append_c (to, '\n');
    }
}

static void
format_json (GString    *to,
             Request    *request,
             DnsAnswer  *answer,
             const char *message)
{
  double msec = request->n_tries > 0 ? (double) (g_get_monotonic_time () - request->began) / 1000 : 0;
  guint8 address[16];
  char text[INET6_ADDRSTRLEN], number[G_ASCII_DTOSTR_BUF_SIZE];
  const char *separator = "";

  g_string_append (to, "{\"name\":\"");
  append_name (to, request, TRUE);
  g_string_append_printf (to, "\",\"type\":\"%s\",\"addresses\":[", get_type_name (request));
  while (message == NULL && dns_next_address (answer, address))
    {
      g_string_append_printf (to, "%s\"%s\"", separator, get_address (address, request->type, text));
      separator = ",";
    }

  g_string_append (to, "],\"error\":");
  if (message != NULL)
    g_string_append_printf (to, "\"%s\"", message);
  else
    g_string_append (to, "null");
  g_string_append_printf (to, ",\"msec\":%s,\"tries\":%u,\"tcp\":%s}\n",
                          g_ascii_formatd (number, sizeof number, "%.1f", msec), request->n_tries,
                          request->is_tcp ? "true" : "false");
}

/* The lines of an outcome: the addresses of @answer, or the error @message. */
char *
print_format (Print      *self,
              Request    *request,
              DnsAnswer  *answer,
              const char *message)
{
  GString *to = g_string_sized_new (64);

  if (self->run->options->is_json)
    format_json (to, request, answer, message);
  else
    format_lines (to, request, answer, message);

  return g_string_free (to, FALSE);
}

/* --- Progress --- */

/* Shows on one line of stderr how far it is, or removes that line. */
void
print_progress (Print    *self,
                gboolean  is_last)
{
  const Counts *counts = &self->run->counts;
  double seconds = (double) (g_get_monotonic_time () - self->began) / G_TIME_SPAN_SECOND;
  guint64 n_done = counts->n_answered + counts->n_errors;

  if (!self->run->options->shows_progress)
    return;

  if (is_last)
    fputs ("\r\033[K", stderr);
  else
    fprintf (stderr, "\r\033[K%" G_GUINT64_FORMAT " done, %" G_GUINT64_FORMAT " errors, %u outstanding, %.0f/s",
             n_done, counts->n_errors, self->run->n_outstanding, (double) n_done / MAX (seconds, 1e-3));
  fflush (stderr);
}

static gboolean
progress_cb (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  print_progress (user_data, FALSE);

  return TRUE;
}

Print *
print_new (Run *run)
{
  Print *self = g_new0 (Print, 1);
  struct stat info;

  self->run = run;
  self->is_file = fstat (STDOUT_FILENO, &info) == 0 && S_ISREG (info.st_mode);
  self->lines = g_string_sized_new (2 * FLUSH_SIZE);
  self->began = g_get_monotonic_time ();

  if (run->options->shows_progress)
    tend_task_add_timer (run->task, PROGRESS_USEC, PROGRESS_USEC, progress_cb, self, NULL);

  return self;
}

void
print_free (Print *self)
{
  g_string_free (self->lines, TRUE);
  g_free (self);
}
