// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The names, from the arguments, a file or stdin.
//
// A file is read one buffer at a time: it may be larger than the memory, or a pipe that never ends.

#include "resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_SIZE (64 * 1024)

/* No name is as long. Of what is longer so much is kept, and made invalid unless a comment begins there. */
#define MAX_LINE    1024

struct _Names
{
  char         **next;          /* the next of the arguments, or NULL */
  GInputStream  *stream;        /* NULL for arguments */
  GString       *line;          /* the one that is read */
  char          *buffer;
  gsize          offset;        /* of what was not used yet ... */
  gsize          size;          /* ... of what was read */
};

/* Reads the arguments if there are any, and the file, or stdin, if not. */
Names *
names_new (const Options  *options,
           GError        **error)
{
  Names *self;
  int fd = STDIN_FILENO;

  if (options->names == NULL && options->file != NULL)
    {
      fd = open (options->file, O_RDONLY | O_CLOEXEC);
      if (fd < 0)
        {
          int code = errno;

          g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s: %s", options->file, g_strerror (code));
          return NULL;
        }
    }

  self = g_new0 (Names, 1);
  self->next = options->names;
  if (self->next != NULL)
    return self;

  self->stream = g_unix_input_stream_new (fd, fd != STDIN_FILENO);
  self->line = g_string_sized_new (MAX_LINE);
  self->buffer = g_malloc (BUFFER_SIZE);

  return self;
}

void
names_free (Names *self)
{
  g_clear_object (&self->stream);
  if (self->line != NULL)
    g_string_free (self->line, TRUE);
  g_free (self->buffer);
  g_free (self);
}

/* Waits in a fiber until there is more in the buffer: no more of it at the end. */
static gboolean
fill (Names   *self,
      GError **error)
{
  g_auto(TendCall) call = TEND_CALL_INIT;
  gssize n;

  g_input_stream_read_async (self->stream, self->buffer, BUFFER_SIZE, G_PRIORITY_DEFAULT,
                             tend_call_start (&call), tend_call_ready, &call);
  if (!tend_await_call (&call, error))
    return FALSE;

  n = g_input_stream_read_finish (self->stream, call.result, error);
  self->offset = 0;
  self->size = n > 0 ? (gsize) n : 0;

  return n >= 0;
}

/* Adds to the line up to its end: FALSE if that was not in the buffer. */
static gboolean
take_line (Names *self)
{
  const char *begin = self->buffer + self->offset;
  const char *end = memchr (begin, '\n', self->size - self->offset);
  gsize n = end != NULL ? (gsize) (end - begin) : self->size - self->offset;

  g_string_append_len (self->line, begin, (gssize) MIN (n, MAX_LINE - self->line->len));
  if (self->line->len == MAX_LINE && memchr (self->line->str, '#', MAX_LINE) == NULL)
    self->line->str[MAX_LINE - 1] = '?';
  self->offset += n + (end != NULL);

  return end != NULL;
}

/* The name in the line, or NULL. */
static const char *
get_name (Names *self)
{
  char *text = self->line->str;

  /* A zero byte would end the text, and may leave a valid name before it. */
  for (gsize i = 0; i < self->line->len; i++)
    {
      if (text[i] == '\0')
        text[i] = '?';
    }

  text[strcspn (text, "#")] = '\0';
  text = g_strstrip (text);

  return *text != '\0' ? text : NULL;
}

/*
 * Gets the next name, which is good until the next call; NULL at the end. It may wait for the input, in a
 * fiber, and fails if that fails or the task is cancelled.
 */
gboolean
names_next (Names       *self,
            const char **name,
            GError     **error)
{
  *name = NULL;

  if (self->stream == NULL)
    {
      if (*self->next != NULL)
        *name = *self->next++;
      return TRUE;
    }

  while (*name == NULL)
    {
      gboolean is_end = FALSE;

      g_string_truncate (self->line, 0);
      while (!is_end && !take_line (self))
        {
          if (!fill (self, error))
            return FALSE;
          is_end = self->size == 0;
        }

      *name = get_name (self);
      if (is_end)
        return TRUE;
    }

  return TRUE;
}
