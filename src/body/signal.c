// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The body that waits for a Unix signal, by GLib's source for it.
//
// A signal may never come, so this is no work that a virtual clock would wait for.

#include "tend-task-private.h"

#include <glib-unix.h>
#include <signal.h>

/* What GLib can wait for. */
static const struct
{
  int         signum;
  const char *name;
} signals[] = {
  { SIGHUP, "SIGHUP" },
  { SIGINT, "SIGINT" },
  { SIGTERM, "SIGTERM" },
  { SIGUSR1, "SIGUSR1" },
  { SIGUSR2, "SIGUSR2" },
  { SIGWINCH, "SIGWINCH" },
};

/* Returns %NULL for a signal that cannot be waited for. */
static const char *
get_name (int signum)
{
  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    {
      if (signals[i].signum == signum)
        return signals[i].name;
    }

  return NULL;
}

static int
get_signum (TendTask *task)
{
  return GPOINTER_TO_INT (tend_task_user_data (task));
}

/* The state of a body that waits. */
typedef struct
{
  TendJob   job;        /* completes the task, once the source is gone */
  TendTask *task;       /* not a reference: it is held while it is active */
  GSource  *source;     /* NULL: the signal has come */
} SignalWait;

static void
drop_source (SignalWait *self)
{
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}

static void
drop_wait (TendTask *task)
{
  SignalWait *self = tend_task_body_state (task);

  tend_task_set_body_state (task, NULL);
  drop_source (self);
  tend_loop_remove (tend_task_loop (task), &self->job);
  g_free (self);
}

static void
came_cb (TendJob *job)
{
  TendTask *task = ((SignalWait *) job)->task;

  if (tend_task_stop_if_barred (task))
    return;

  drop_wait (task);
  tend_task_return_int (task, get_signum (task));
  tend_task_run_ended (task, NULL);
}

/*
 * GLib restores the default effect of the signal when it has dispatched its source. The task completes after that, so
 * that a handler which is installed then stays.
 */
static gboolean
signal_cb (gpointer user_data)
{
  SignalWait *self = user_data;

  drop_source (self);
  tend_loop_queue_ready (tend_task_loop (self->task), &self->job);

  return G_SOURCE_REMOVE;
}

static void
signal_run (TendTask *task)
{
  TendLoop *loop = tend_task_loop (task);
  SignalWait *self;

  if (get_name (get_signum (task)) == NULL)
    {
      tend_task_run_ended (task, tend_task_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                                                      _("cannot wait for signal %d: only for SIGHUP, SIGINT, SIGTERM, "
                                                        "SIGUSR1, SIGUSR2 and SIGWINCH"), get_signum (task)));
      return;
    }

  self = g_new0 (SignalWait, 1);
  self->task = task;
  tend_job_init (&self->job, came_cb);
  self->source = g_unix_signal_source_new (get_signum (task));
  g_source_set_priority (self->source, tend_loop_get_priority (loop));
  g_source_set_callback (self->source, signal_cb, self, NULL);
  tend_task_set_body_state (task, self);
  g_source_attach (self->source, tend_loop_get_context (loop));
}

static void
signal_cancel (TendTask *task)
{
  drop_wait (task);
  tend_task_run_ended (task, tend_task_new_cancelled (task));
}

static void
signal_abandon (TendTask *task)
{
  drop_wait (task);
  tend_task_run_ended (task, NULL);
}

static const TendBodyClass signal_body = {
  .returns = TRUE,
  .runs_once = TRUE,
  .run = signal_run,
  .cancel = signal_cancel,
  .abandon = signal_abandon,
};

/**
 * tend_task_new_signal:
 * @signum: the number of a signal: `SIGHUP`, `SIGINT`, `SIGTERM`, `SIGUSR1`, `SIGUSR2` or `SIGWINCH`
 *
 * Creates a task that completes when the process gets a Unix signal.
 *
 * Its name is that of the signal, and its result the number, an integer for [method@Tend.Task.get_int]. While the task
 * runs, the signal does nothing else. When no task and no source of GLib waits for the signal any more, it has its
 * default effect again, before the task completes. So wait for `SIGINT` once, and the second one ends the program,
 * unless an exit handler of the task installs another handler. To handle a signal each time, give a source of
 * `g_unix_signal_source_new()` to [method@Tend.Task.add_source]. The task runs once, without an interval.
 *
 * Several tasks may wait for the same signal, in any main contexts, and all of them complete. Several signals that come
 * at once may count as one. For any other signal the task fails with `G_IO_ERROR_NOT_SUPPORTED`. The wait does not keep
 * a [class@Tend.Clock] from moving time.
 *
 * The task belongs to the thread-default main context of the thread that creates it.
 *
 * Returns: (transfer full): the task, not started
 *
 * Since: 0.1
 */
TendTask *
tend_task_new_signal (int signum)
{
  return tend_task_create (get_name (signum), &signal_body, NULL, GINT_TO_POINTER (signum), NULL,
                           __builtin_return_address (0));
}

/**
 * tend_task_run_signal:
 * @signum: the number of a signal
 *
 * Creates a task as [ctor@Tend.Task.new_signal] does and starts it.
 *
 * In a thread that does not run the task's context, the task cannot be started: it fails with
 * `TEND_ERROR_WRONG_THREAD`, in the thread that runs the context.
 *
 * Returns: (transfer full): the task, which waits
 *
 * Since: 0.1
 */
TendTask *
tend_task_run_signal (int signum)
{
  TendTask *task = tend_task_create (get_name (signum), &signal_body, NULL, GINT_TO_POINTER (signum), NULL,
                                     __builtin_return_address (0));

  tend_task_start_or_fail (task);

  return task;
}
