// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Ctrl-C while a thread runs a program: the first SIGINT cancels its main task, and the second stops it.
//
// One thread of a process has the signal: the first that runs a program where nobody else handles it. What it runs
// within that, in a callback, is asked to end too, innermost first: the outer run cannot end before the inner one.
//
// The handler counts and writes to a pipe, which a source of each context that is run reads: nothing else is safe in a
// handler, which any thread may run. The pipe stays open until the process ends, so that a handler in another thread
// never writes to a descriptor that is somebody else's by now.
//
// A loop that does not look gives no sign of life, and so a second SIGINT before that kills the process, as it would
// without a handler. So does a third.

#include "task-sigint-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

/* What the handler reads is atomic, and written while it is not installed. */
static int n_signals;
static int n_noticed;
static pid_t owner_pid;
static int pipe_fds[2] = { -1, -1 };

static GThread *owner;          /* atomic; who has the signal; NULL: nobody */
static TendSigint *innermost;   /* the owner's */

static void
kill_program (void)
{
  struct sigaction action = { .sa_handler = SIG_DFL };

  /* It is blocked until the handler has returned. */
  sigaction (SIGINT, &action, NULL);
  raise (SIGINT);
}

static void
handler (int signum)
{
  int saved_errno = errno;
  int n = g_atomic_int_add (&n_signals, 1) + 1;

  /* In the child of a fork nobody looks, and the pipe is its parent's. */
  if (getpid () != owner_pid || n > g_atomic_int_get (&n_noticed) + 1 || n > 2 ||
      write (pipe_fds[1], "", 1) < 0)
    kill_program ();
  errno = saved_errno;
}

/* Creates the pipe, if there is none or it is that of the parent of a fork. */
static gboolean
ensure_pipe (void)
{
  int fds[2];

  if (pipe_fds[0] >= 0 && owner_pid == getpid ())
    return TRUE;

  if (!g_unix_open_pipe (fds, FD_CLOEXEC, NULL))
    return FALSE;

  for (int i = 0; i < 2; i++)
    {
      g_unix_set_fd_nonblocking (fds[i], TRUE, NULL);
      if (pipe_fds[i] >= 0)
        close (pipe_fds[i]);
      pipe_fds[i] = fds[i];
    }
  owner_pid = getpid ();

  return TRUE;
}

static gboolean
read_pipe (void)
{
  char byte;

  return read (pipe_fds[0], &byte, 1) == 1;
}

static gboolean
has_default_action (void)
{
  struct sigaction action;

  return sigaction (SIGINT, NULL, &action) == 0 && (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_DFL;
}

/* On the stack that alarms of an overflow use, where the thread has one: that of a fiber may be small. */
static gboolean
install (void)
{
  struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART | SA_ONSTACK };

  if (!has_default_action () || !ensure_pipe ())
    return FALSE;

  while (read_pipe ())
    ;
  g_atomic_int_set (&n_signals, 0);
  g_atomic_int_set (&n_noticed, 0);
  sigemptyset (&action.sa_mask);

  return sigaction (SIGINT, &action, NULL) == 0;
}

/* A handler that the program has installed meanwhile stays. */
static void
uninstall (void)
{
  struct sigaction action;

  if (sigaction (SIGINT, NULL, &action) != 0 || (action.sa_flags & SA_SIGINFO) != 0 || action.sa_handler != handler)
    return;

  sigemptyset (&action.sa_mask);
  action.sa_handler = SIG_DFL;
  action.sa_flags = 0;
  sigaction (SIGINT, &action, NULL);
}

/* What is called may run the loop, and what is run there has ended when it returns: who is outside stays. */
static gboolean
readable_cb (int          fd,
             GIOCondition condition,
             gpointer     user_data)
{
  if (getpid () != owner_pid)
    return G_SOURCE_REMOVE;

  while (read_pipe ())
    {
      gboolean is_first = g_atomic_int_add (&n_noticed, 1) == 0;

      for (TendSigint *each = innermost; each != NULL; each = each->outer)
        if (is_first)
          {
            if (!tend_task_has_ended (each->task) && !tend_task_cancelling (each->task))
              tend_task_set_cancel_reason (each->task, _("interrupted"));
            tend_task_cancel (each->task);
          }
        else
          {
            each->is_stopped = TRUE;
            tend_task_stop (each->task);
          }
    }

  return G_SOURCE_CONTINUE;
}

/*
 * Has SIGINT end @task, which this thread is about to run until it has ended, if the signal is to be had. An @is_inner
 * wait has it where the thread has it already.
 */
void
tend_sigint_begin (TendSigint *self,
                   TendTask   *task,
                   gboolean    is_inner)
{
  GThread *thread = g_thread_self ();

  self->source = NULL;
  self->is_stopped = FALSE;
  if (g_atomic_pointer_get (&owner) == thread)
    {
      if (getpid () != owner_pid)
        return;
    }
  else
    {
      if (is_inner || !has_default_action () || !g_atomic_pointer_compare_and_exchange (&owner, NULL, thread))
        return;

      if (!install ())
        {
          g_atomic_pointer_set (&owner, NULL);
          return;
        }
    }

  self->task = task;
  self->outer = innermost;
  innermost = self;
  self->source = g_unix_fd_source_new (pipe_fds[0], G_IO_IN);
  g_source_set_static_name (self->source, "[libtend] SIGINT");
  g_source_set_priority (self->source, G_PRIORITY_HIGH);
  g_source_set_can_recurse (self->source, TRUE);
  g_source_set_callback (self->source, G_SOURCE_FUNC (readable_cb), NULL, NULL);
  g_source_attach (self->source, tend_loop_get_context (task->loop));
}

void
tend_sigint_end (TendSigint *self)
{
  if (self->source == NULL)
    return;

  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  innermost = self->outer;
  if (innermost != NULL)
    return;

  uninstall ();
  g_atomic_pointer_set (&owner, NULL);
}
