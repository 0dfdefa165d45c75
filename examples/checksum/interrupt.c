// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Ctrl-C and SIGTERM: they cancel the main task, which ends everything else.
//
// The wait of the walk fails with G_IO_ERROR_CANCELLED, and the main part goes on as at any end: it shuts the manager
// down, which cancels the remaining files and waits for them, for a limited time. If it has to wait for long, one line
// says for which files, and how much longer. If the main part itself is held up, a timer ends the program without it.
// The second signal ends it at once, without the loop.

#include "checksum.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/* What all that gets, before the program ends all the same; more than the manager's grace period. */
#define PATIENCE_USEC   (G_TIME_SPAN_SECOND * 5 / 2)

/* What it gets before it is said what the program waits for: threads that are not blocked take less. */
#define SILENCE_USEC    (G_TIME_SPAN_SECOND / 2)

/* How many of those that it waits for are named. */
#define MAX_AWAITED     3

/* How many of the files that were found, and not begun, are named. */
#define MAX_LEFT_OUT    10

static void
leave_at_once (int signum)
{
  _exit (128 + signum);
}

/* Names what was not finished, on stderr. */
void
interrupt_report (Run *self)
{
  const guint n_left_out = self->left_out->len;

  for (guint i = 0; i < self->unfinished->len; i++)
    say (NULL, self->unfinished->pdata[i], "Interrupted");
  for (guint i = 0; i < MIN (n_left_out, MAX_LEFT_OUT); i++)
    say (NULL, self->left_out->pdata[i], "Interrupted before it was read");

  if (n_left_out > MAX_LEFT_OUT)
    fprintf (stderr, "checksum: and %u more of those found so far\n", n_left_out - MAX_LEFT_OUT);
}

/* The shutdown waits for threads that are blocked: says for which, and for how long. */
static gboolean
still_waiting_cb (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  Run *self = user_data;
  GListModel *awaited = tend_task_manager_get_awaited (self->manager);
  guint n = g_list_model_get_n_items (awaited);
  double left = (double) (tend_task_manager_get_grace_deadline (self->manager) - tend_get_time ());
  g_autoptr(GString) names = g_string_new (NULL);

  if (n == 0)
    return FALSE;

  for (guint i = 0; i < MIN (n, MAX_AWAITED); i++)
    {
      g_autoptr(TendTask) each = g_list_model_get_item (awaited, i);
      g_autofree char *name = text_printable (tend_task_get_name (each));

      g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", name);
    }
  if (n > MAX_AWAITED)
    g_string_append_printf (names, " and %u more", n - MAX_AWAITED);

  fprintf (stderr, "checksum: waiting for %u file%s, %.1f s until %s stopped: %s\n", n, n == 1 ? "" : "s",
           MAX (0.0, left) / G_TIME_SPAN_SECOND, n == 1 ? "it is" : "they are", names->str);

  return FALSE;
}

/* The walk or a thread is blocked, and does not hear of its being cancelled. */
static gboolean
out_of_patience_cb (TendTask  *task,
                    gpointer   user_data,
                    GError   **error)
{
  Run *self = user_data;
  g_autoptr(GPtrArray) tasks = tend_task_manager_list_tasks (self->manager);

  /* Stopped tasks have ended at once, and their exit handlers have noted it. */
  for (guint i = 0; i < tasks->len; i++)
    tend_task_stop (tasks->pdata[i]);

  interrupt_report (self);
  leave_at_once (self->signum);

  return FALSE;
}

/* The end of a task that waits for a signal: it has come, or the program ends without it. */
static void
signalled_cb (TendTask *task,
              gpointer  user_data)
{
  Run *self = user_data;

  if (self->signum != 0 || tend_task_get_status (task) != TEND_TASK_STATUS_COMPLETED)
    return;

  /* The second one does not wait for this loop. */
  signal (SIGINT, leave_at_once);
  signal (SIGTERM, leave_at_once);

  self->signum = (int) tend_task_get_int (task);
  if (self->view != NULL)
    view_close (g_steal_pointer (&self->view), NULL);

  tend_task_add_timer (self->task, SILENCE_USEC, -1, still_waiting_cb, self, NULL);
  tend_task_add_timer (self->task, PATIENCE_USEC, -1, out_of_patience_cb, self, NULL);
  tend_task_cancel (self->task);
}

/* The task waits until tend_run() ends it, which need not care for Ctrl-C itself meanwhile. */
static void
add_signal (Run *self,
            int  signum)
{
  g_autoptr(TendTask) waiting = NULL;
  struct sigaction action;

  /* Whoever started the program with the signal ignored, as nohup does, means it. */
  if (sigaction (signum, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
    return;

  waiting = tend_task_run_signal (signum);
  tend_task_add_exit_handler (waiting, signalled_cb, self, NULL);
}

/* Waits for the signals as long as the main task goes on. */
void
interrupt_init (Run *self)
{
  add_signal (self, SIGINT);
  add_signal (self, SIGTERM);
}
