// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code of doc/descriptors.md: an echo on the terminal, which ends with q, Ctrl-D and Ctrl-C.

#include <tend.h>

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

static void
say (const char *text,
     gssize      n)
{
  g_print ("%.*s", (int) n, text);
}

static gboolean
fail (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, (int) g_io_error_from_errno (errno), g_strerror (errno));
  return FALSE;
}

static gboolean
echo (TendTask  *task,
      gpointer   user_data,
      GError   **error)
{
  int fd = GPOINTER_TO_INT (user_data);
  char buffer[512];

  while (TRUE)
    {
      gssize n = read (fd, buffer, sizeof buffer);

      if (n == 0)
        return TRUE;
      if (n > 0)
        say (buffer, n);
      else if (errno != EAGAIN)
        return fail (error);
      else if (!tend_await_fd (fd, G_IO_IN, NULL, error))
        return FALSE;
    }
}

static gboolean
key_cb (TendTask      *task,
        int            fd,
        GIOCondition   condition,
        gpointer       user_data,
        GError       **error)
{
  char key;

  if (read (fd, &key, 1) == 1 && key == 'q')
    tend_task_cancel (task);

  return (condition & G_IO_HUP) == 0;
}

static gboolean
watch_keys (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  if (tend_task_add_fd (task, STDIN_FILENO, G_IO_IN, key_cb, NULL, NULL, error) == NULL)
    return FALSE;

  return TRUE;
}

static gboolean
run (TendTask  *task,
     gpointer   user_data,
     GError   **error)
{
  gboolean watches = user_data != NULL;
  g_autoptr(TendTask) work = watches ? tend_task_run_open ("keys", watch_keys, NULL, NULL)
                                     : tend_task_run_fiber ("echo", echo, GINT_TO_POINTER (STDIN_FILENO), NULL);
  g_autoptr(TendTask) interrupted = tend_task_run_signal (SIGINT);
  g_autoptr(TendTask) first = tend_when_any ((TendTask *[]) { work, interrupted }, 2);

  return tend_await (first, error);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GError) error = NULL;

  g_unix_set_fd_nonblocking (STDIN_FILENO, TRUE, NULL);
  if (!tend_run (run, argc > 1 ? argv : NULL, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  return 0;
}
