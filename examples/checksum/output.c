// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The lines on stdout: those of sha256sum, or JSON.
//
// Lines are gathered and written many at a time: when there are enough of them, or some time after the first one. The
// reader may be slow or suspended, but the loop must not block with it, because it could not notice Ctrl-C then. So we
// ask before each write whether it would block, and a source of the owner's scope reports when it would not. O_NONBLOCK
// would affect every process that shares the descriptor, the shell included.
//
// Where stdout is the terminal that shows the live view, the lines go through the view.

#include "checksum.h"

#include <errno.h>
#include <glib-unix.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLUSH_SIZE   (32 * 1024)
#define FLUSH_USEC   (G_TIME_SPAN_SECOND / 20)

/* More than this is not gathered: the walk waits until the reader has caught up. */
#define FULL_SIZE    (256 * 1024)

struct _Output
{
  TendTask *owner;          /* constant; its scope holds timers and sources; cancelled on an error */
  View    **view;           /* where the view is, while there is one: lines for a terminal go there */
  gboolean  is_json;        /* constant */
  gboolean  is_terminal;    /* constant */
  gboolean  is_file;        /* constant: it never blocks for long */
  GString  *lines;
  gsize     n_written;      /* of the lines */
  gboolean  has_timer;
  gboolean  has_source;
  int       code;           /* the errno of the write that failed */
  Gate      gate;
};

Output *
output_new (TendTask *owner,
            gboolean  is_json,
            View    **view)
{
  Output *self = g_new0 (Output, 1);
  struct stat info;

  self->owner = owner;
  self->is_json = is_json;
  self->is_terminal = isatty (STDOUT_FILENO);
  self->is_file = fstat (STDOUT_FILENO, &info) == 0 && S_ISREG (info.st_mode);
  self->view = view;
  self->lines = g_string_sized_new (2 * FLUSH_SIZE);

  return self;
}

void
output_free (Output *self)
{
  g_string_free (self->lines, TRUE);
  g_free (self);
}

/* What the first failed write failed with, or 0. */
int
output_get_errno (Output *self)
{
  return self->code;
}

/* --- Writing --- */

static gsize
get_length (Output *self)
{
  return self->lines->len - self->n_written;
}

static gboolean
would_block (void)
{
  struct pollfd pollfd = { .fd = STDOUT_FILENO, .events = POLLOUT };

  return poll (&pollfd, 1, 0) == 0;
}

static gboolean writable_cb (int           fd,
                             GIOCondition  condition,
                             gpointer      user_data);

static void
wait_until_writable (Output *self)
{
  g_autoptr(GSource) source = NULL;

  if (self->has_source)
    return;

  self->has_source = TRUE;
  source = g_unix_fd_source_new (STDOUT_FILENO, G_IO_OUT | G_IO_ERR | G_IO_HUP);
  g_source_set_callback (source, G_SOURCE_FUNC (writable_cb), self, NULL);
  tend_task_add_source (self->owner, source);
}

/* Writes what can be written now without waiting. */
void
output_flush (Output *self)
{
  /* A pipe that has room at all has room for so much. */
  gsize chunk = self->is_file ? FLUSH_SIZE : PIPE_BUF;

  if (self->is_terminal && *self->view != NULL && get_length (self) > 0)
    {
      view_print (*self->view, self->lines->str, self->lines->len);
      self->n_written = self->lines->len;
    }

  while (get_length (self) > 0 && self->code == 0)
    {
      ssize_t n;

      if (!self->is_file && would_block ())
        {
          wait_until_writable (self);
          break;
        }

      n = write (STDOUT_FILENO, self->lines->str + self->n_written, MIN (get_length (self), chunk));
      if (n >= 0)
        self->n_written += (gsize) n;
      else if (errno != EINTR && errno != EAGAIN)
        {
          self->code = errno;
          tend_task_cancel (self->owner);
        }
    }

  if (get_length (self) == 0 || self->code != 0)
    {
      g_string_truncate (self->lines, 0);
      self->n_written = 0;
    }
  else if (self->n_written >= FLUSH_SIZE)
    {
      g_string_erase (self->lines, 0, (gssize) self->n_written);
      self->n_written = 0;
    }

  if (get_length (self) < FULL_SIZE / 2)
    gate_open (&self->gate);
}

static gboolean
writable_cb (int          fd,
             GIOCondition condition,
             gpointer     user_data)
{
  Output *self = user_data;

  self->has_source = FALSE;
  output_flush (self);

  return G_SOURCE_REMOVE;
}

static gboolean
flush_cb (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  Output *self = user_data;

  self->has_timer = FALSE;
  output_flush (self);

  return FALSE;
}

/* Lines have been added: writes them now, or soon. */
static void
added (Output *self)
{
  if (self->has_source)
    return;

  if (get_length (self) >= FLUSH_SIZE)
    output_flush (self);
  else if (!self->has_timer)
    {
      self->has_timer = TRUE;
      tend_task_add_timer (self->owner, FLUSH_USEC, -1, flush_cb, self, NULL);
    }
}

/* Waits in a fiber while there is more to write than should be gathered. */
gboolean
output_wait_room (Output  *self,
                  GError **error)
{
  while (get_length (self) >= FULL_SIZE)
    {
      if (!gate_wait (&self->gate, error))
        return FALSE;
    }

  return TRUE;
}

/* Waits in a fiber until all is written. */
gboolean
output_drain (Output  *self,
              GError **error)
{
  output_flush (self);
  while (get_length (self) > 0)
    {
      if (!gate_wait (&self->gate, error))
        return FALSE;
    }

  return TRUE;
}

/* --- Lines --- */

/* As sha256sum does, which marks such a line by a backslash at its beginning. */
static void
append_line (Output     *self,
             const char *path,
             const char *sha256)
{
  GString *to = self->lines;
  g_autofree char *printable = NULL;
  gsize begin;

  if (strpbrk (path, "\\\n\r") != NULL)
    g_string_append_c (to, '\\');
  g_string_append (to, sha256);
  g_string_append (to, "  ");

  begin = to->len;
  while (*path != '\0')
    {
      gsize n = strcspn (path, "\\\n\r");

      g_string_append_len (to, path, (gssize) n);
      path += n;
      if (*path != '\0')
        {
          g_string_append (to, *path == '\\' ? "\\\\" : *path == '\n' ? "\\n" : "\\r");
          path++;
        }
    }

  /* On a terminal they are to be looked at, and not to be checked. */
  if (self->is_terminal)
    {
      printable = text_printable (to->str + begin);
      g_string_truncate (to, begin);
      g_string_append (to, printable);
    }

  g_string_append_c (to, '\n');
}

/* A JSON string of ASCII and what is printable beyond; @text is valid UTF-8. */
static void
append_json_string (GString    *to,
                    const char *text)
{
  g_string_append_c (to, '"');
  for (; *text != '\0'; text = g_utf8_next_char (text))
    {
      gunichar c = g_utf8_get_char (text);

      if (c == '"' || c == '\\')
        g_string_append_printf (to, "\\%c", (char) c);
      else if (c < 0x10000 && !g_unichar_isprint (c))
        g_string_append_printf (to, "\\u%04x", c);
      else
        g_string_append_unichar (to, c);
    }
  g_string_append_c (to, '"');
}

/* JSON has no bytes: a name that is no UTF-8 comes readable, and exactly in base64. */
static void
append_json_path (GString    *to,
                  const char *path)
{
  g_autofree char *valid = g_utf8_make_valid (path, -1);

  g_string_append (to, "{\"path\":");
  append_json_string (to, valid);

  if (strcmp (valid, path) != 0)
    {
      g_autofree char *base64 = g_base64_encode ((const guint8 *) path, strlen (path));

      g_string_append_printf (to, ",\"path_base64\":\"%s\"", base64);
    }
}

/* A file has been hashed. */
void
output_hash (Output     *self,
             const char *path,
             guint64     n_bytes,
             const char *sha256)
{
  if (!self->is_json)
    append_line (self, path, sha256);
  else
    {
      append_json_path (self->lines, path);
      g_string_append_printf (self->lines, ",\"bytes\":%" G_GUINT64_FORMAT ",\"sha256\":\"%s\"}\n",
                              n_bytes, sha256);
    }

  added (self);
}

/* A file has failed, which JSON tells as well. */
void
output_error (Output     *self,
              const char *path,
              const char *message)
{
  g_autofree char *valid = NULL;

  if (!self->is_json)
    return;

  valid = g_utf8_make_valid (message, -1);
  append_json_path (self->lines, path);
  g_string_append (self->lines, ",\"error\":");
  append_json_string (self->lines, valid);
  g_string_append (self->lines, "}\n");

  added (self);
}
