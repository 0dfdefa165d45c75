// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The files: each file is a task of the manager, with the file's name, and a thread for its body.
//
// The manager limits how many tasks run at once, and the walk waits when it is too far ahead of them: a million files
// take no more memory than a thousand. When a task ends, in whichever way, its exit handler runs on the loop's thread
// and prints a line, so nothing here needs a lock.

#include "checksum.h"

/* How far the walk is ahead of the tasks, and how many must be left before it goes on. */
#define WINDOW          512
#define WINDOW_REST     256

/*
 * How many tasks run, as far as their manager is concerned, but only wait for a thread. A thread that
 * is done takes the next of them at once, and does not wait until the loop has seen to its last one.
 */
#define QUEUED          64

/* What a thread gets to end in when its task is cancelled by the shutdown. */
#define GRACE_USEC      (2 * G_TIME_SPAN_SECOND)

/* The user data of a file's task, which the loop's thread frees when the task is finished. */
typedef struct
{
  HashJob   job;
  Run      *run;
  gboolean  is_stuck;
} File;

/*
 * So many threads work as the user has said. One that is blocked, by a file server that does not
 * answer for instance, cannot be ended: its file's task has failed, but its thread and its slot are
 * taken until it wakes, so that the others get one more of each.
 */
static void
set_stuck (Run *self,
           int  change)
{
  guint n_threads;

  self->n_stuck = (guint) ((int) self->n_stuck + change);
  n_threads = self->options->n_jobs + self->n_stuck;

  tend_set_max_threads (n_threads);
  tend_task_manager_set_max_running (self->manager, n_threads + QUEUED);
}

static void
file_free (gpointer data)
{
  File *self = data;

  if (self->is_stuck)
    set_stuck (self->run, -1);
  g_free (self->job.path);
  g_free (self);
}

/* An error of a timer's callback fails its task, at once and wherever its body is. */
static gboolean
timeout_cb (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  File *self = user_data;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "Took longer than %g s",
               (double) self->run->options->timeout / G_TIME_SPAN_SECOND);

  return FALSE;
}

static gboolean
begun_cb (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  File *self = user_data;

  tend_task_add_timer (task, self->run->options->timeout, -1, timeout_cb, self, NULL);

  return TRUE;
}

/* The body, in its thread. Timers are for the loop's thread, which is asked to add one. */
static gboolean
file_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  File *self = user_data;

  if (self->run->options->timeout > 0)
    tend_task_post (task, begun_cb, self, NULL);

  return hash_file (task, &self->job, error);
}

/* The exit handler of each file's task, in the loop's thread. */
static void
file_ended (TendTask *task,
            gpointer  user_data)
{
  File *self = user_data;
  Run *run = self->run;
  const char *path = self->job.path;
  const GError *error = tend_task_get_error (task);

  switch (tend_task_get_status (task))
    {
    case TEND_TASK_STATUS_COMPLETED:
      run->totals.n_files++;
      if (run->shows_lines)
        output_hash (run->output, path, self->job.n_bytes, tend_task_get_string (task));
      break;

    case TEND_TASK_STATUS_FAILED:
      run->totals.n_files++;
      run->totals.n_failed++;
      run_say_failed (run, path, error->message);
      if (run->shows_lines)
        output_error (run->output, path, error->message);
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        {
          self->is_stuck = TRUE;
          set_stuck (run, 1);
        }
      break;

    case TEND_TASK_STATUS_CANCELLED:
    case TEND_TASK_STATUS_STOPPED:
      g_ptr_array_add (g_atomic_int_get (&self->job.has_begun) ? run->unfinished : run->left_out,
                       g_strdup (path));
      break;

    case TEND_TASK_STATUS_CREATED:
    case TEND_TASK_STATUS_PENDING:
    case TEND_TASK_STATUS_RUNNING:
    default:
      g_assert_not_reached ();
    }

  if (--run->n_unended <= run->n_awaited)
    gate_open (&run->gate);
}

/* Waits, in the main fiber, until no more than @n_left files have not ended. */
gboolean
files_wait (Run      *self,
            guint     n_left,
            GError  **error)
{
  self->n_awaited = n_left;
  while (self->n_unended > n_left)
    {
      if (!gate_wait (&self->gate, error))
        return FALSE;
    }

  return TRUE;
}

/* Registers a task for the file, when there is room for it. In the main fiber. */
gboolean
files_add (Run         *self,
           const char  *path,
           GError     **error)
{
  TendTask *task;
  g_autoptr(GError) failure = NULL;
  g_autofree char *name = NULL;
  File *file;

  if (self->n_unended >= WINDOW && !files_wait (self, WINDOW_REST, error))
    return FALSE;
  if (!output_wait_room (self->output, error))
    return FALSE;

  file = g_new0 (File, 1);
  file->run = self;
  file->job.path = g_strdup (path);
  file->job.totals = &self->totals;

  /* A task's name is text, which the name of a file need not be: then it is quoted as for a shell. */
  if (!g_utf8_validate (path, -1, NULL))
    {
      g_autofree char *escaped = g_strescape (path, NULL);

      name = g_strconcat ("$'", escaped, "'", NULL);
    }

  task = tend_task_manager_register (self->manager,
                                     tend_task_new_thread (name != NULL ? name : path, file_body, file, file_free),
                                     TEND_NAME_POLICY_REJECT, &failure);
  if (task == NULL)
    {
      run_say_failed (self, path, failure->message);
      return TRUE;
    }

  /* Registered tasks run in the next turn of the loop at the earliest, so this is in time. */
  tend_task_add_exit_handler (task, file_ended, file, NULL);
  self->n_unended++;

  return TRUE;
}

void
files_init (Run *self)
{
  self->unfinished = g_ptr_array_new_with_free_func (g_free);
  self->left_out = g_ptr_array_new_with_free_func (g_free);
  self->manager = tend_task_manager_new ();
  tend_task_manager_set_grace_period (self->manager, GRACE_USEC);
  set_stuck (self, 0);
}

void
files_clear (Run *self)
{
  g_object_unref (self->manager);
  g_ptr_array_unref (self->unfinished);
  g_ptr_array_unref (self->left_out);
}
