// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Operations that wait for tasks or stand for their ends: waits, combinators, streams, groups, retries.

#include "fuzz.h"

#define MAX_TASKS 4

/* --- Waits --- */

/* Of what has ended, the answer is its own. */
static void
waited_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      data)
{
  Token *token = data;
  g_autoptr(GError) error = NULL;
  gboolean ok;

  token_call (token);
  ok = tend_task_wait_finish (TEND_TASK (source), result, &error);
  check_answer (ok, error);
  if (ok && tend_task_get_status (TEND_TASK (source)) != TEND_TASK_STATUS_COMPLETED)
    fail ("wait %u says that its task has completed", token->number);
  hook ();
}

static void
wait_async (void)
{
  TendTask *task = rack_get (KIND_TASK);
  GCancellable *cancellable = pick (2) == 0 ? rack_hold (KIND_CANCELLABLE) : NULL;
  Token *token;

  if (task == NULL)
    return;

  if (pick (8) == 0)
    {
      tend_task_wait_async (task, cancellable, NULL, NULL);
      return;
    }

  token = token_new ("wait", TOKEN_ONCE);
  token->is_begun = FALSE;
  tend_task_wait_async (task, cancellable, waited_cb, token);
  token->is_begun = TRUE;
}

/* What a task gives to one GTask, another one may not get any more. */
static void
bridged_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      data)
{
  token_call (data);
  hook ();
}

static void
bridge (void)
{
  TendTask *task = rack_get (KIND_TASK);
  GCancellable *cancellable = pick (2) == 0 ? rack_hold (KIND_CANCELLABLE) : NULL;
  g_autoptr(GTask) to = NULL;
  Token *token;

  if (task == NULL)
    return;

  token = token_new ("bridge", TOKEN_ONCE);
  token->is_begun = FALSE;
  to = g_task_new (NULL, cancellable, bridged_cb, token);
  tend_task_return_to_task (task, to);
  token->is_begun = TRUE;
}

/* Whatever the task does, the time is up at some point. */
static void
wait_sync (void)
{
  TendTask *task = rack_hold (KIND_TASK);
  g_autoptr(GError) error = NULL;
  TendTask *timed;
  gboolean ok;

  if (task == NULL)
    return;

  timed = hold (tend_task_with_timeout (task, pick_time ()));
  ok = tend_task_wait_sync (timed, &error);
  check_answer (ok, error);
}

/* --- Combinators --- */

static void
combine (void)
{
  TendTask *tasks[MAX_TASKS];
  guint n = rack_collect (tasks, MAX_TASKS);

  switch (pick (5))
    {
    case 0:
      rack_put (KIND_TASK, tend_wait_all (tasks, n));
      break;
    case 2:
      rack_put (KIND_TASK, tend_when_first_error (tasks, n));
      break;
    case 3:
      if (n > 0)
        rack_put (KIND_TASK, tend_when_first_success (tasks, n));
      break;
    case 1:
      rack_put (KIND_TASK, tend_when_all (tasks, n));
      break;
    default:
      if (n > 0)
        rack_put (KIND_TASK, tend_when_any (tasks, n));
    }
}

static void
limit (void)
{
  TendTask *task = rack_hold (KIND_TASK);
  GCancellable *cancellable = rack_hold (KIND_CANCELLABLE);

  if (task == NULL)
    return;

  switch (pick (3))
    {
    case 0:
      rack_put (KIND_TASK, tend_task_with_cancellable (task, cancellable));
      break;
    case 1:
      rack_put (KIND_TASK, tend_task_with_timeout (task, pick_time ()));
      break;
    default:
      rack_put (KIND_TASK, tend_task_with_deadline (task, tend_get_time () + pick_time () - MSEC));
    }
}

static void
delay (void)
{
  rack_put (KIND_TASK, tend_task_run_delay (pick_time ()));
}

/* --- Streams --- */

static void
make_stream (void)
{
  TendTask *tasks[MAX_TASKS];
  guint n = rack_collect (tasks, MAX_TASKS);
  TendTaskStream *stream = tend_when_each (tasks, n);

  if (tend_task_stream_get_n_left (stream) != n)
    fail ("a stream of %u tasks has %u left", n, tend_task_stream_get_n_left (stream));
  token_watch ("stream", stream);
  rack_put (KIND_STREAM, stream);
}

static void
ask_stream (void)
{
  TendTaskStream *stream = rack_get (KIND_STREAM);

  if (stream != NULL)
    rack_put (KIND_TASK, tend_task_stream_next (stream));
}

/* --- Groups --- */

static void
make_group (void)
{
  TendGroupPolicy policy = pick (TEND_GROUP_POLICY_FIRST_SUCCESS + 1);
  TendGroup *group = tend_group_new (policy);

  if (tend_group_get_policy (group) != policy || tend_group_get_n_left (group) != 0)
    fail ("a group is not as it was made");
  token_watch ("group", group);
  rack_put (KIND_GROUP, group);
}

static void
add_child (void)
{
  TendTask *task = pick (3) == 0 ? rack_hold (KIND_TASK) : hold (make_task ());
  TendGroup *group = rack_get (KIND_GROUP);
  g_autoptr(GError) error = NULL;
  gboolean ok;

  if (group == NULL || task == NULL)
    return;

  ok = tend_group_add (group, g_object_ref (task), &error);
  check_answer (ok, error);
}

static void
use_group (void)
{
  TendGroup *group = rack_get (KIND_GROUP);

  if (group == NULL)
    return;

  switch (pick (9))
    {
    case 0:
      tend_group_cancel (group);
      break;
    case 6:
      tend_group_pause (group);
      tend_group_is_paused (group);
      break;
    case 7:
      tend_group_resume (group);
      break;
    case 8:
      rack_put (KIND_TASK, tend_group_join_with_timeout (group, pick_time ()));
      break;
    case 1:
      tend_group_set_max_running (group, pick (3));
      break;
    case 2:
      tend_group_get_max_running (group);
      break;
    case 3:
      tend_group_set_grace_period (group, pick_time ());
      break;
    case 4:
      tend_group_get_grace_period (group);
      break;
    default:
      rack_put (KIND_TASK, tend_group_join (group));
    }
}

/* --- Retries --- */

static gboolean
predicate_cb (TendTask     *task,
              guint         attempt,
              const GError *error,
              gpointer      data)
{
  token_call (data);
  check_error (error);
  hook ();
  return pick (4) != 0;
}

static TendTask *
attempt_cb (guint    attempt,
            gpointer data)
{
  token_call (data);
  hook ();
  switch (pick (8))
    {
    case 0:
      return NULL;
    case 1:
      return run_task ();
    case 2:
      return tend_task_run_delay (pick_time ());
    default:
      return make_task ();
    }
}

static void
set_retry (TendRetry *retry)
{
  switch (pick (5))
    {
    case 0:
      tend_retry_set_back_off (retry, pick (2) * 50 * MSEC, SECOND, 1.0 + pick (3));
      break;
    case 1:
      tend_retry_set_jitter (retry, pick (11) / 10.0);
      break;
    case 2:
      tend_retry_set_seed (retry, fuzz.seed);
      break;
    case 3:
      tend_retry_set_timeout (retry, 1 + pick_time ());
      if (tend_retry_get_timeout (retry) < 1 || tend_retry_get_jitter (retry) > 1.0 ||
          tend_retry_get_back_off (retry, NULL, NULL) < 1.0)
        fail ("a retry has settings that nobody can set");
      tend_retry_set_max_attempts (retry, tend_retry_get_max_attempts (retry));
      tend_retry_retry_now (retry);
      break;
    default:
      if (pick (4) == 0)
        tend_retry_set_predicate (retry, NULL, NULL, NULL);
      else
        tend_retry_set_predicate (retry, predicate_cb, token_new ("predicate", TOKEN_NOTIFIED), token_destroy);
    }
}

static void
make_retry (void)
{
  TendRetry *retry = tend_retry_new (pick (4) + !fuzz.has_endless);

  token_watch ("retry", retry);
  tend_retry_set_seed (retry, fuzz.seed);
  tend_retry_set_back_off (retry, (1 + pick (3)) * 50 * MSEC, SECOND, 2.0);
  rack_put (KIND_RETRY, retry);
}

static void
change_retry (void)
{
  TendRetry *retry = rack_hold (KIND_RETRY);

  if (retry != NULL)
    set_retry (retry);
}

static void
run_retry (void)
{
  TendRetry *retry = rack_get (KIND_RETRY);
  Token *token;
  TendTask *task;

  if (retry == NULL)
    return;

  token = body_token_new ();
  if (pick (2) == 0)
    task = tend_retry_run (retry, pick_name (), attempt_cb, token, token_destroy);
  else
    task = tend_retry_create_task (retry, pick_name (), attempt_cb, token, token_destroy);
  body_adopt (token, task);
  task_decorate (task);
  rack_put (KIND_TASK, task);
}

Op wait_operations[] = {
  { "wait", wait_async, 10 },
  { "bridge to a GTask", bridge, 5 },
  { "wait and run the loop", wait_sync, 3, OP_NATIVE | OP_BLOCKING },
  { "combine tasks", combine, 8 },
  { "limit a task", limit, 5 },
  { "delay", delay, 4 },
  { "make a stream", make_stream, 4 },
  { "ask a stream", ask_stream, 5 },
  { "make a group", make_group, 4 },
  { "add a child", add_child, 7 },
  { "use a group", use_group, 5 },
  { "make a retry", make_retry, 3 },
  { "change a retry", change_retry, 3 },
  { "run a retry", run_retry, 5 },
  { NULL },
};
