// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The main part: a fiber that walks through the tree, hands each file to the manager, waits for all
// of them, and shuts the manager down.
//
// It reads from top to bottom although it waits all the time. An interrupt, or a reader that has gone, cancels its
// task: then its current wait fails, and it reaches the same end.

#include "checksum.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

void
run_say_failed (Run        *self,
                const char *path,
                const char *message)
{
  self->has_failed = TRUE;
  say (self->view, path, message);
}

/* --- The walk --- */

static gboolean
found_file (gpointer     user_data,
            const char  *path,
            GFileInfo   *info,
            GError     **error)
{
  return files_add (user_data, path, error);
}

static void
failed_directory (gpointer      user_data,
                  const char   *path,
                  const GError *error)
{
  Run *self = user_data;
  int code = 0;

  /* What GIO says repeats the path. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
    code = EACCES;
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    code = ENOENT;
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY))
    code = ENOTDIR;
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_FILENAME_TOO_LONG))
    code = ENAMETOOLONG;

  run_say_failed (self, path, code != 0 ? g_strerror (code) : error->message);
}

/* --- The scout, which counts what there is, for the view --- */

static gboolean
count_file (gpointer     user_data,
            const char  *path,
            GFileInfo   *info,
            GError     **error)
{
  Run *self = user_data;

  self->totals.found_files++;
  self->totals.found_bytes += (guint64) g_file_info_get_size (info);

  return TRUE;
}

static void
count_failed (gpointer      user_data,
              const char   *path,
              const GError *error)
{
  /* The walk will tell. */
}

/* A second fiber on the same way, far ahead of the first, since it does not wait for any file. */
static gboolean
scout (TendTask  *task,
       gpointer   user_data,
       GError   **error)
{
  static const Visitor visitor = { count_file, count_failed };
  Run *self = user_data;

  if (!walk (self->options->dir,
             G_FILE_ATTRIBUTE_STANDARD_NAME "," G_FILE_ATTRIBUTE_STANDARD_TYPE ","
             G_FILE_ATTRIBUTE_STANDARD_SIZE, &visitor, self, error))
    return FALSE;

  self->totals.has_found_all = TRUE;
  return TRUE;
}

/* --- The main part --- */

static void
begin (Run      *self,
       TendTask *task)
{
  const Options *options = self->options;
  int terminal = view_find_terminal ();

  self->task = task;
  files_init (self);

  if (terminal >= 0)
    self->view = view_new (terminal, self->manager, options->n_jobs, &self->totals);
  self->output = output_new (task, options->is_json, &self->view);
  self->shows_lines = terminal != STDOUT_FILENO || options->prints || options->is_json;

  signal (SIGPIPE, SIG_IGN);
  interrupt_init (self);
}

/* Ends what is left, which is nothing unless the main task was cancelled. */
static void
end (Run      *self,
     TendTask *scout_task)
{
  /* These waits are not to fail because of the very cancellation that they clean up after. */
  g_auto(TendShield) shield = tend_shield_enter ();
  g_autofree char *summary = NULL;
  g_autofree char *size = text_size ((double) totals_get_bytes (&self->totals));
  double seconds = (double) (g_get_monotonic_time () - self->totals.began) / G_TIME_SPAN_SECOND;
  g_autofree char *rate = text_size ((double) totals_get_bytes (&self->totals) / MAX (seconds, 1e-6));

  if (scout_task != NULL)
    {
      tend_task_cancel (scout_task);
      tend_await (scout_task, NULL);
    }
  tend_task_manager_shutdown (self->manager, NULL);

  output_flush (self->output);
  if (self->view == NULL)
    return;

  summary = g_strdup_printf ("%" G_GUINT64_FORMAT " files, %s in %.1f s (%s/s)%s",
                             self->totals.n_files, size, seconds, rate,
                             self->totals.n_failed > 0 ? "" : "\n");
  if (self->totals.n_failed > 0)
    {
      char *longer = g_strdup_printf ("%s, %" G_GUINT64_FORMAT " failed\n", summary, self->totals.n_failed);

      g_free (summary);
      summary = longer;
    }
  view_close (g_steal_pointer (&self->view), self->totals.n_files > 0 ? summary : NULL);
}

/* The exit status, after the last messages. */
static int
conclude (Run    *self,
          GError *error)
{
  int code = output_get_errno (self->output);

  if (self->signum != 0)
    {
      interrupt_report (self);
      return 128 + self->signum;
    }

  /* Nobody reads any more, which is no failure of ours; ends as those programs do that never ask. */
  if (code == EPIPE)
    {
      signal (SIGPIPE, SIG_DFL);
      raise (SIGPIPE);
    }

  if (code != 0)
    say (NULL, "standard output", g_strerror (code));
  else if (error != NULL)
    say (NULL, self->options->dir, error->message);
  else if (self->totals.n_files == 0 && !self->has_failed)
    say (NULL, self->options->dir, "There are no regular files here");

  return code != 0 || error != NULL || self->has_failed;
}

static gboolean
main_part (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  static const Visitor visitor = { found_file, failed_directory };
  Run *self = user_data;
  g_autoptr(TendTask) scout_task = NULL;
  gboolean is_complete;

  begin (self, task);
  if (self->view != NULL)
    scout_task = tend_task_run_fiber ("scout", scout, self, NULL);

  is_complete = walk (self->options->dir,
                      G_FILE_ATTRIBUTE_STANDARD_NAME "," G_FILE_ATTRIBUTE_STANDARD_TYPE,
                      &visitor, self, error) &&
                files_wait (self, 0, error) &&
                output_drain (self->output, error);

  end (self, scout_task);

  /* A thread that is still blocked has been named. tend_run() would wait for it, and it uses what run() frees. */
  if (self->n_stuck > 0 || g_list_model_get_n_items (G_LIST_MODEL (self->manager)) > 0)
    _exit (conclude (self, is_complete ? NULL : *error));

  return is_complete;
}

/* Hashes every file below the directory; the program's exit status. */
int
run (const Options *options)
{
  g_autoptr(GError) error = NULL;
  Run self = { .options = options, .totals = { .began = g_get_monotonic_time () } };
  int status;

  tend_run (main_part, &self, &error);
  status = conclude (&self, error);

  output_free (self.output);
  files_clear (&self);

  return status;
}
