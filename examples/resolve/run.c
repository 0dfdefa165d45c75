// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The main part: a fiber that reads the names and asks for them, as many at once as may be outstanding.
//
// An interrupt, or a reader that has gone, cancels its task: its current wait fails, the open queries get their
// outcomes, and the request cache is shut down with everything that belongs to it.

#include "resolve.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* So many connections at once; the receivers have slots besides. */
#define MAX_CONNECTIONS 16

/* So many questions are sent before what has come is looked at: more would flood a server. */
#define BURST_SIZE      64

/* More lines than that are not gathered: no new names are asked for until they were read. */
#define FULL_SIZE       (256 * 1024)

/* So many outcomes may wait for one before them, if they are to be printed in order: some 30 MB. */
#define MAX_KEPT        100000

/* --- Signals --- */

static void
leave_at_once (int signum)
{
  _exit (128 + signum);
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

/* --- The main part --- */

/* Whether no more than so many are outstanding, and no more outcomes wait for one before them than may be kept. */
gboolean
run_has_room (const Run *self,
              guint      n_left)
{
  return self->n_outstanding <= n_left && self->requests.length <= n_left + MAX_KEPT;
}

/* Waits until there is room beside so many that are outstanding. */
static gboolean
wait_outstanding (Run     *self,
                  guint    n_left,
                  GError **error)
{
  transport_flush (self->transport);

  while (!run_has_room (self, n_left))
    {
      g_autoptr(TendTask) room = tend_task_new_open (NULL, NULL, NULL, NULL);
      gboolean is_fine;

      self->room = room;
      self->n_awaited = n_left;
      is_fine = tend_await (room, error);
      self->room = NULL;
      if (!is_fine)
        return FALSE;
    }

  return TRUE;
}

/* Waits until there is room for one more. */
static gboolean
wait_turn (Run     *self,
           guint   *n_sent,
           GError **error)
{
  if (++*n_sent >= BURST_SIZE)
    {
      *n_sent = 0;
      transport_flush (self->transport);
      if (!tend_yield (error))
        return FALSE;
    }

  return print_wait_room (self->print, FULL_SIZE, error) &&
         (run_has_room (self, self->options->n_parallel - 1) ||
          wait_outstanding (self, self->options->n_parallel - 1, error));
}

/* Asks for a name. If that is cut short, what was not asked any more is outstanding all the same. */
static gboolean
ask (Run         *self,
     const char  *name,
     guint       *n_sent,
     GError     **error)
{
  gboolean is_fine = TRUE;

  self->counts.n_names++;
  if (self->options->asks_a)
    {
      is_fine = wait_turn (self, n_sent, error);
      request_begin (self, name, DNS_TYPE_A, !is_fine);
    }
  if (self->options->asks_aaaa)
    {
      is_fine = is_fine && wait_turn (self, n_sent, error);
      request_begin (self, name, DNS_TYPE_AAAA, !is_fine);
    }

  return is_fine;
}

static gboolean
ask_all (Run     *self,
         Names   *names,
         GError **error)
{
  const char *name;
  guint n_sent = 0;

  while (names_next (names, &name, error))
    {
      if (name == NULL)
        return wait_outstanding (self, 0, error) && print_wait_room (self->print, 0, error);
      if (!ask (self, name, &n_sent, error))
        return FALSE;
    }

  return FALSE;
}

static void
begin (Run      *self,
       TendTask *task)
{
  self->task = task;
  self->cache = tend_request_cache_new ();
  self->transport = transport_new (self);
  self->print = print_new (self);
  tend_task_manager_set_max_running (tend_request_cache_get_manager (self->cache),
                                     self->options->n_sockets + MAX_CONNECTIONS);

  signal (SIGPIPE, SIG_IGN);
  add_signal (self, SIGINT);
  add_signal (self, SIGTERM);
}

/* Ends what is left, which is nothing unless the main part was cancelled. */
static void
end (Run *self)
{
  /* This wait is not to fail because of the very cancellation that it cleans up after. */
  g_auto(TendShield) shield = tend_shield_enter ();

  /* The first one has no outcome yet: it would have been printed. */
  while (self->requests.head != NULL)
    request_end (self->requests.head->data, NULL, "cancelled");

  tend_request_cache_shutdown (self->cache, NULL);
  transport_free (self->transport);
  g_clear_object (&self->cache);
  print_progress (self->print, TRUE);
  print_last (self->print);
}

static gboolean
main_part (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  Run *self = user_data;
  gboolean is_fine;

  begin (self, task);
  is_fine = transport_open (self->transport, error) && ask_all (self, self->names, error);
  g_clear_pointer (&self->names, names_free);

  end (self);
  return is_fine;
}

static void
print_counts (const Counts *counts)
{
  fprintf (stderr,
           "%" G_GUINT64_FORMAT " names, %" G_GUINT64_FORMAT " answered, %" G_GUINT64_FORMAT " errors, "
           "%" G_GUINT64_FORMAT " retries, %" G_GUINT64_FORMAT " over TCP; dropped: "
           "wrong source %" G_GUINT64_FORMAT ", wrong id %" G_GUINT64_FORMAT ", malformed %" G_GUINT64_FORMAT ", "
           "oversized %" G_GUINT64_FORMAT ", late/duplicate %" G_GUINT64_FORMAT "\n",
           counts->n_names, counts->n_answered, counts->n_errors, counts->n_retries, counts->n_tcp,
           counts->n_wrong_source, counts->n_wrong_id, counts->n_malformed, counts->n_oversized, counts->n_late);
}

/* Resolves all names; the program's exit status. */
int
run (const Options *options)
{
  g_autoptr(GError) error = NULL;
  Run self = { .options = options };
  gboolean is_fine;
  int code = 0;

  /* Before the signals are the loop's: to open a named pipe waits for a writer, and not in the loop. */
  self.names = names_new (options, &error);
  is_fine = self.names != NULL && tend_run (main_part, &self, &error);
  if (self.print != NULL)
    {
      code = print_get_errno (self.print);
      print_free (self.print);
    }
  if (!options->is_quiet)
    print_counts (&self.counts);

  if (self.signum != 0)
    return 128 + self.signum;

  /* Nobody reads any more, which is no failure of ours; ends as those programs do that never ask. */
  if (code == EPIPE)
    {
      signal (SIGPIPE, SIG_DFL);
      raise (SIGPIPE);
    }

  if (code != 0)
    fprintf (stderr, "resolve: standard output: %s\n", g_strerror (code));
  else if (!is_fine)
    fprintf (stderr, "resolve: %s\n", error->message);

  return !is_fine || code != 0 || self.has_failed;
}
