// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tasks with bodies of each kind, which make operations, and with whatever else tasks are given.

#include "fuzz.h"

#define STACK_SIZE (512 * 1024)

/* What the body of a thread does is chosen with its token; one of these waits while its task is paused. */
#define N_THREAD_BODIES 9
#define CHECKPOINT 1

/* --- Results --- */

/* Gives @task a result. It must be allowed to have one. */
void
give_result (TendTask *task)
{
  g_auto(GValue) value = G_VALUE_INIT;
  g_autoptr(GObject) object = NULL;

  trace ("return of %p", task);
  switch (pick (11))
    {
    case 0:
      tend_task_return_boolean (task, TRUE);
      break;
    case 1:
      tend_task_return_int (task, 5);
      break;
    case 2:
      tend_task_return_double (task, 0.5);
      break;
    case 3:
      tend_task_return_string (task, pick (2) == 0 ? "text" : NULL);
      break;
    case 4:
      object = value_object_new ();
      tend_task_return_object (task, object);
      break;
    case 5:
      tend_task_return_pointer (task, token_new ("pointer as a result", TOKEN_NOTIFIED), token_destroy);
      break;
    case 6:
      tend_task_return_value (task, NULL);
      break;
    case 7:
      tend_task_return_error (task, error_pick ());
      break;
    case 8:
      tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_FAILED, "failed as number %d", 8);
      break;
    case 9:
      tend_task_return_variant (task, pick (2) == 0 ? g_variant_new_int32 (9) : NULL);
      break;
    default:
      value_pick (&value);
      tend_task_return_value (task, &value);
    }
}

/*
 * Whether somebody may give the task of @token its result. A task whose body runs holds itself; one without a body may
 * be just going, unless somebody else has it.
 */
gboolean
token_is_open (Token *token)
{
  return token->is_open && !token->is_given && token->task != NULL && (token->n_calls > 0 || rack_has (token->task));
}

/* From now on it is for others to give @task its result. */
void
give_away (TendTask *task)
{
  for (guint i = 0; i < fuzz.tokens->len; i++)
    {
      Token *token = g_ptr_array_index (fuzz.tokens, i);

      token->is_given |= token->task == task;
    }
}

/* --- Bodies --- */

static void
body_call (Token    *token,
           TendTask *task)
{
  if (token->registry != NULL && token->registry->is_over && token->n_calls == 0)
    fail ("%s %u begins after the shutdown of its manager", token->what, token->number);
  token_call (token);
  if (tend_task_is_ended (task))
    fail ("%s %u runs after the end of its task", token->what, token->number);
  token->task = task;
}

gboolean
open_body (TendTask  *task,
           gpointer   data,
           GError   **error)
{
  Token *token = data;

  body_call (token, task);
  token->is_open = TRUE;
  hook ();
  if (token_is_open (token) && pick (2) == 0)
    {
      token->is_open = FALSE;
      give_result (task);
    }

  return TRUE;
}

/* A body may go on after its task was stopped, for a little while. */
gboolean
fiber_body (TendTask  *task,
            gpointer   data,
            GError   **error)
{
  Token *token = data;
  guint n_refused = 0;

  body_call (token, task);
  for (guint n = pick (6); n > 0 && n_refused < 3; n--)
    {
      g_autoptr(GError) failure = NULL;

      if (!token->is_quiet)
        hook ();
      if (fiber_step (FALSE, &failure))
        continue;
      n_refused++;
      if (pick (2) == 0)
        continue;
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }

  if (pick (3) == 0)
    give_result (task);
  if (pick (6) != 0)
    return TRUE;

  g_propagate_error (error, error_pick ());
  return FALSE;
}

/* A body on the loop, in one go. */
static gboolean
callback_body (TendTask  *task,
               gpointer   data,
               GError   **error)
{
  Token *token = data;

  body_call (token, task);
  if (!token->is_quiet)
    hook ();
  if (pick (3) == 0)
    give_result (task);
  if (pick (6) != 0)
    return TRUE;

  g_propagate_error (error, error_pick ());
  return FALSE;
}

static gboolean
posted_by_thread_cb (TendTask  *task,
                     gpointer   data,
                     GError   **error)
{
  g_atomic_int_add (&fuzz.n_thread_calls, -1);
  return TRUE;
}

/* A body in a thread may run a context of its own there, which goes by the machine's time. */
static gboolean
run_own_context (GError **error)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(TendTask) delay = NULL;
  gboolean ok;

  g_main_context_push_thread_default (context);
  delay = tend_task_run_delay (10);
  ok = tend_task_wait_sync (delay, error);
  g_main_context_pop_thread_default (context);

  return ok;
}

/* In the pool: uses nothing of the fuzzer's but the token, whose task is of the body's own. */
gboolean
thread_body (TendTask  *task,
             gpointer   data,
             GError   **error)
{
  Token *token = data;

  switch (token->variant % N_THREAD_BODIES)
    {
    case 0:
      return tend_sleep (token->variant % 5000, error);
    case CHECKPOINT:
      return tend_checkpoint (error);
    case 2:
      tend_task_set_progress (task, 0.5, "half");
      tend_task_pulse (task, NULL);
      return TRUE;
    case 3:
      return token->kept == NULL || tend_await (token->kept, error);
    case 4:
      tend_task_post (task, posted_by_thread_cb, NULL, NULL);
      return tend_yield (error);
    case 5:
      tend_task_cancel (task);
      return !g_cancellable_set_error_if_cancelled (tend_current_cancellable (), error);
    case 6:
      tend_task_stop (task);
      return !tend_task_is_cancelling (task) || tend_sleep (1, error);
    case 7:
      tend_task_return_string (task, "of a thread");
      return TRUE;
    default:
      return run_own_context (error);
    }
}

void
async_body (TendTask           *task,
            GCancellable       *cancellable,
            GAsyncReadyCallback callback,
            gpointer            callback_data,
            gpointer            data)
{
  Token *token = data;

  body_call (token, task);
  operation_begin (cancellable, callback, callback_data);
  hook ();
}

gboolean
async_finish (TendTask      *task,
              GAsyncResult  *result,
              gpointer       data,
              GError       **error)
{
  trace ("finish of %p", task);
  if (tend_task_get_status (task) == TEND_TASK_STATUS_STOPPED)
    fail ("the operation of a stopped task is finished");
  hook ();
  if (pick (3) == 0)
    give_result (task);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- What is told of a task --- */

/* A status that is final stays, and is told once. */
static void
task_notify_cb (TendTask   *task,
                GParamSpec *pspec,
                gpointer    data)
{
  Token *token = data;

  token_call (token);
  if (g_str_equal (pspec->name, "status") && tend_task_is_ended (task))
    {
      if (token->is_over)
        fail ("a task has ended twice");
      token->is_over = TRUE;
    }
  hook ();
}

static void
closure_gone_cb (gpointer  data,
                 GClosure *closure)
{
  token_destroy (data);
}

/* A task that is told of is none of those whose objects are used again: half of them are not. */
void
task_decorate (TendTask *task)
{
  if (pick (2) == 0)
    return;

  if (pick (2) == 0)
    token_watch ("task", task);
  g_signal_connect_data (task, pick (2) == 0 ? "notify" : "notify::status", G_CALLBACK (task_notify_cb),
                         token_new ("notification of a task", TOKEN_NOTIFIED), closure_gone_cb, 0);
}

/* --- Tasks --- */

/*
 * A body that a pause holds in its thread counts as work that goes on outside, for which virtual time stands still:
 * what waits for time to pass would wait for ever.
 */
Token *
body_token_new (void)
{
  Token *token = token_new ("body", TOKEN_NOTIFIED);

  token->variant += token->variant % N_THREAD_BODIES == CHECKPOINT && !fuzz.has_sides;
  return token;
}

/* Remembers the task of @token, unless that is over already. */
void
body_adopt (Token    *token,
            TendTask *task)
{
  if (token->n_destroyed == 0)
    token->task = task;
}

/* For what begins with the start. */
static void
dress (TendTask *task,
       Token    *token)
{
  if (pick (3) == 0)
    tend_task_set_priority (task, pick (2) == 0 ? G_PRIORITY_HIGH : G_PRIORITY_LOW);
  if (pick (4) == 0)
    tend_task_set_delay (task, pick_time ());
  if (fuzz.has_endless && pick (6) == 0)
    {
      tend_task_set_interval (task, (1 + pick (5)) * 50 * MSEC);
      tend_task_set_interval_mode (task, pick (2) == 0 ? TEND_INTERVAL_MODE_FIXED_RATE
                                                       : TEND_INTERVAL_MODE_FIXED_DELAY);
      tend_task_set_keep_going (task, pick (2) == 0);
    }
  if (pick (6) == 0)
    tend_task_set_deadline (task, tend_get_time () + pick_time ());
  token->is_quiet = pick (8) == 0;
  tend_task_set_stack_size (task, token->is_quiet ? 0 : STACK_SIZE);
}

/* Something for the body to hold on to: often its own task. */
static void
keep_something (Token    *token,
                TendTask *task)
{
  switch (pick (6))
    {
    case 0:
      token->kept = g_object_ref (task);
      break;
    case 1:
      token->kept = value_object_new ();
      break;
    default:
      break;
    }
}

static TendTask *
make_thread_task (const char *name,
                  Token      *token)
{
  TendTask *other = pick (2) == 0 ? rack_hold (KIND_TASK) : NULL;

  token->is_thread = TRUE;
  token->kept = other != NULL ? g_object_ref (other) : NULL;
  return tend_task_new_thread (name, thread_body, token, token_destroy);
}

/* A task that was not started, unless it has no body. */
TendTask *
make_task (void)
{
  Token *token = body_token_new ();
  const char *name = pick_name ();
  TendTask *task;

  switch (pick (fuzz.has_threads ? 7 : 6))
    {
    case 0:
      task = tend_task_new_open (name, NULL, token, token_destroy);
      token->is_open = TRUE;
      break;
    case 1:
      task = tend_task_new_open (name, open_body, token, token_destroy);
      break;
    case 2:
      task = tend_task_new (name, callback_body, token, token_destroy);
      break;
    case 3:
    case 4:
      task = tend_task_new_fiber (name, fiber_body, token, token_destroy);
      break;
    case 5:
      task = tend_task_new_async (name, async_body, async_finish, token, token_destroy);
      break;
    default:
      task = make_thread_task (name, token);
    }

  token->task = task;
  token->is_plain = TRUE;
  trace ("%s %u is that of %p", token->what, token->number, task);
  task_decorate (task);
  if (!token->is_thread)
    keep_something (token, task);
  if (!tend_task_is_started (task))
    dress (task, token);

  return task;
}

/* A task that was started. */
TendTask *
run_task (void)
{
  Token *token = body_token_new ();
  const char *name = pick_name ();
  TendTask *task;

  /* Nobody can set the size of its stack. */
  token->is_quiet = TRUE;
  switch (pick (fuzz.has_threads ? 5 : 4))
    {
    case 0:
      task = tend_task_run_open (name, open_body, token, token_destroy);
      break;
    case 1:
      task = tend_task_run_fiber (name, fiber_body, token, token_destroy);
      break;
    case 2:
      task = tend_task_run (name, callback_body, token, token_destroy);
      break;
    case 3:
      task = tend_task_run_async (name, async_body, async_finish, token, token_destroy);
      break;
    default:
      token->is_thread = TRUE;
      task = tend_task_run_thread (name, thread_body, token, token_destroy);
    }

  body_adopt (token, task);
  task_decorate (task);
  return task;
}
