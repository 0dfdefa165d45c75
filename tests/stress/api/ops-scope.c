// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Operations on what a task has: its scope, its handlers, its progress.

#include "fuzz.h"

#include <signal.h>

/* --- Handlers --- */

static void
exit_cb (TendTask *task,
         gpointer  data)
{
  token_call (data);
  if (!tend_task_is_ended (task))
    fail ("an exit handler runs before the end");
  hook ();
}

/* Where the task has ended, and nobody bars it, the handler must have been called by now. */
static void
exit_destroy (gpointer data)
{
  Token *token = data;

  if (token->task != NULL && token->n_calls == 0 && !fuzz.has_owners && tend_task_is_ended (token->task))
    fail ("exit handler %u was not called", token->number);
  token_destroy (token);
}

static void
add_exit_handler (void)
{
  TendTask *task = rack_get (KIND_TASK);
  Token *token;

  if (task == NULL)
    return;

  token = token_new ("exit handler", TOKEN_NOTIFIED | TOKEN_AT_MOST);
  token->task = tend_task_is_ended (task) ? NULL : task;
  tend_task_add_exit_handler (task, exit_cb, token, exit_destroy);
}

static void
cancel_cb (TendTask *task,
           gpointer  data)
{
  token_call (data);
  if (tend_task_is_ended (task) || !tend_task_is_cancelling (task))
    fail ("a cancel handler runs although its task is not asked to end");
  hook ();
}

static void
add_cancel_handler (void)
{
  TendTask *task = rack_get (KIND_TASK);

  if (task != NULL)
    tend_task_add_cancel_handler (task, cancel_cb, token_new ("cancel handler", TOKEN_NOTIFIED | TOKEN_AT_MOST),
                                  token_destroy);
}

/* --- The scope --- */

static gboolean
scope_cb (TendTask  *task,
          gpointer   data,
          GError   **error)
{
  Token *token = data;

  token_call (token);
  if (tend_task_is_ended (task))
    fail ("%s %u is called after the end of its task", token->what, token->number);
  hook ();
  if (pick (8) != 0)
    return pick (3) != 0;

  g_propagate_error (error, error_pick ());
  return FALSE;
}

static void
post (void)
{
  TendTask *task = rack_get (KIND_TASK);

  if (task != NULL)
    tend_task_post (task, scope_cb, token_new ("post", TOKEN_NOTIFIED | TOKEN_AT_MOST), token_destroy);
}

/* A reference to a timer stays with the operation only. */
static void
add_timer (void)
{
  TendTask *task = rack_get (KIND_TASK);
  gboolean repeats = fuzz.has_endless && pick (2) == 0;
  g_autoptr(TendTimer) timer = NULL;
  Token *token;

  if (task == NULL)
    return;

  token = token_new ("timer", TOKEN_NOTIFIED | (repeats ? 0 : TOKEN_AT_MOST));
  timer = tend_timer_ref (tend_task_add_timer (task, pick_time (), repeats ? 50 * MSEC : -1, scope_cb, token,
                                               token_destroy));
  hook ();
  if (tend_timer_is_active (timer) == (token->n_destroyed > 0))
    fail ("timer %u is active, and its data are destroyed; or neither", token->number);
  if (tend_timer_is_active (timer) != (tend_timer_get_remaining (timer) >= 0))
    fail ("timer %u is active, and nothing remains; or neither", token->number);
  if (pick (3) == 0 && token->n_calls == 0)
    tend_timer_set_delay (timer, pick_time ());
  if (pick (3) != 0)
    return;

  tend_timer_cancel (timer);
  if (token->n_destroyed == 0 || tend_timer_is_active (timer))
    fail ("timer %u was cancelled, and is not over", token->number);
}

static gboolean
fd_cb (TendTask      *task,
       int            fd,
       GIOCondition   condition,
       gpointer       data,
       GError       **error)
{
  if (fd != ready_fd () || condition != G_IO_OUT)
    fail ("descriptor %d is ready for %d", fd, condition);

  return scope_cb (task, data, error);
}

static gboolean
source_cb (gpointer data)
{
  token_call (data);
  hook ();
  return pick (2) == 0 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
add_source (void)
{
  TendTask *task = rack_get (KIND_TASK);
  g_autoptr(GSource) source = NULL;

  if (task == NULL)
    return;

  source = pick (2) == 0 ? g_idle_source_new () : g_timeout_source_new_seconds (1000);
  g_source_set_callback (source, source_cb, token_new ("source", TOKEN_NOTIFIED), token_destroy);
  tend_task_add_source (task, source);
}

/* --- Descriptors --- */

/* A reference to a watch stays with the operation only. */
static void
add_fd (void)
{
  TendTask *task = rack_get (KIND_TASK);
  g_autoptr(TendFdWatch) watch = NULL;
  g_autoptr(GError) error = NULL;
  TendFdWatch *added;
  Token *token;

  if (task == NULL)
    return;

  token = token_new ("watch", TOKEN_NOTIFIED);
  added = tend_task_add_fd (task, pick (6) == 0 ? -1 : ready_fd (), G_IO_OUT, fd_cb, token, token_destroy, &error);
  if ((added == NULL) != (error != NULL) || (added == NULL && token->n_destroyed == 0))
    fail ("watch %u was refused without an error, or its data are there", token->number);
  if (added == NULL)
    return;

  watch = tend_fd_watch_ref (added);
  hook ();
  if (tend_fd_watch_is_active (watch) == (token->n_destroyed > 0))
    fail ("watch %u is active, and its data are destroyed; or neither", token->number);
  if (pick (3) != 0)
    return;

  tend_fd_watch_cancel (watch);
  if (token->n_destroyed == 0 || tend_fd_watch_is_active (watch))
    fail ("watch %u was cancelled, and is not over", token->number);
}

/* Each is ready in the next turn, or never open. */
static void
wait_for_fd (void)
{
  int fd = pick (6) == 0 ? -1 : ready_fd ();

  if (pick (2) == 0)
    {
      rack_put (KIND_TASK, tend_task_run_fd (pick_name (), fd, G_IO_OUT));
    }
  else
    {
      TendTask *task = tend_task_new_fd (pick_name (), fd, G_IO_OUT);

      tend_task_start (task, NULL);
      rack_put (KIND_TASK, task);
    }
}

/* No signal comes. */
static void
wait_for_signal (void)
{
  TendTask *task = pick (2) == 0 ? tend_task_run_signal (pick (4) == 0 ? SIGKILL : SIGUSR2)
                                 : tend_task_new_signal (SIGUSR2);

  hook ();
  if (pick (2) == 0)
    tend_task_cancel (task);
  else
    tend_task_stop (task);
  rack_put (KIND_TASK, task);
}

static void
add_cancellable (void)
{
  TendTask *task = rack_get (KIND_TASK);
  GCancellable *cancellable = rack_hold (KIND_CANCELLABLE);

  if (task != NULL)
    tend_task_add_cancellable (task, cancellable);
}

/* --- Others --- */

static void
set_progress (void)
{
  TendTask *task = rack_get (KIND_TASK);

  if (task != NULL)
    tend_task_set_progress (task, pick (11) / 10.0, pick (2) == 0 ? "message" : NULL);
}

static void
forward_progress (void)
{
  TendTask *task = rack_get (KIND_TASK), *to = rack_get (KIND_TASK);

  if (task != NULL && to != NULL && task != to && tend_task_get_context (task) == tend_task_get_context (to) &&
      tend_task_is_owner_thread (task) && tend_task_is_owner_thread (to))
    tend_task_forward_progress (task, to, pick (6) / 10.0, pick (11) / 10.0);
}

static void
take_cancellable (void)
{
  TendTask *task = rack_hold (KIND_TASK);

  if (task != NULL)
    rack_put (KIND_CANCELLABLE, g_object_ref (tend_task_get_cancellable (task)));
}

/* What is done meanwhile is done by the task. */
static void
be_current (void)
{
  TendTask *task = rack_hold (KIND_TASK);

  if (task == NULL)
    return;

  tend_task_push_current (task);
  run_operation ();
  if (tend_task_get_current () != task)
    fail ("another task is the current one than the one that was pushed");
  tend_task_pop_current (task);
}

/* The one that stands for the main part is not to be ended. */
static void
use_current (void)
{
  TendTask *task = tend_task_get_current ();
  g_autofree char *text = NULL;

  if (task == fuzz.root)
    return;

  text = tend_task_to_string (hold (g_object_ref (task)));
  switch (pick (4))
    {
    case 0:
      tend_task_cancel (task);
      break;
    case 1:
      tend_task_stop (task);
      break;
    case 2:
      rack_put (KIND_TASK, g_object_ref (task));
      break;
    default:
      tend_task_set_progress (task, 1.0, text);
    }
}

Op scope_operations[] = {
  { "add an exit handler", add_exit_handler, 5 },
  { "add a cancel handler", add_cancel_handler, 4 },
  { "post", post, 4 },
  { "add a timer", add_timer, 5 },
  { "add a source", add_source, 3 },
  { "watch a descriptor", add_fd, 4 },
  { "wait for a descriptor", wait_for_fd, 3 },
  { "wait for a signal", wait_for_signal, 1 },
  { "add a cancellable", add_cancellable, 3 },
  { "set the progress", set_progress, 2, OP_ANYWHERE },
  { "forward the progress", forward_progress, 2 },
  { "take the cancellable of a task", take_cancellable, 2 },
  { "be the current task", be_current, 2, OP_NATIVE },
  { "use the current task", use_current, 3 },
  { NULL },
};
