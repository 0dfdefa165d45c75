// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Operations on a task: its life, its result, what can be asked of it.

#include "fuzz.h"

#include <string.h>

/* --- Life --- */

static void
make (void)
{
  rack_put (KIND_TASK, make_task ());
}

static void
make_run (void)
{
  rack_put (KIND_TASK, run_task ());
}

/* The first of a program is its main part; others are tasks like all. */
static void
make_main (void)
{
  Token *token = body_token_new ();
  TendTask *task = tend_task_new_main (open_body, token, token_destroy);

  body_adopt (token, task);
  rack_put (KIND_TASK, task);
}

static void
start (void)
{
  TendTask *task = rack_get (KIND_TASK);
  g_autoptr(GError) error = NULL;
  gboolean ok;

  if (task == NULL)
    return;

  ok = tend_task_start (task, &error);
  check_answer (ok, error);
}

static void
cancel (void)
{
  TendTask *task = rack_get (KIND_TASK);

  if (task != NULL)
    tend_task_cancel (task);
}

static void
stop (void)
{
  TendTask *task = rack_get (KIND_TASK);

  if (task != NULL)
    tend_task_stop (task);
}

/* One that stands still for ever keeps itself: it goes on at the end. */
static void
pause_task (void)
{
  TendTask *task = rack_get (KIND_TASK);

  if (task == NULL)
    return;

  g_ptr_array_add (fuzz.paused, g_object_ref (task));
  tend_task_pause (task);
}

static void
resume (void)
{
  TendTask *task = rack_get (KIND_TASK);

  if (task != NULL)
    tend_task_resume (task);
}

static void
resume_first (void)
{
  g_autoptr(TendTask) task = fuzz.paused->len > 0 ? g_ptr_array_steal_index (fuzz.paused, 0) : NULL;

  if (task != NULL)
    tend_task_resume (task);
}

/* --- Results --- */

static void
give (void)
{
  Token *token = token_find (token_is_open);

  if (token == NULL)
    return;

  token->is_open = FALSE;
  give_result (hold (g_object_ref (token->task)));
}

static void
give_if_cancelled (void)
{
  Token *token = token_find (token_is_open);

  if (token == NULL)
    return;

  token->is_open = FALSE;
  if (!tend_task_return_error_if_cancelled (hold (g_object_ref (token->task))) && token->task != NULL)
    token->is_open = TRUE;
}

static void
look_at_value (TendTask     *task,
               const GValue *value)
{
  if (G_VALUE_HOLDS_BOOLEAN (value))
    tend_task_get_boolean (task);
  else if (G_VALUE_HOLDS_INT64 (value))
    tend_task_get_int (task);
  else if (G_VALUE_HOLDS_DOUBLE (value))
    tend_task_get_double (task);
  else if (G_VALUE_HOLDS_STRING (value))
    tend_task_get_string (task);
  else if (G_VALUE_HOLDS_OBJECT (value))
    tend_task_get_object (task);
  else if (G_VALUE_HOLDS_VARIANT (value))
    tend_task_get_variant (task);
  else if (G_VALUE_HOLDS_POINTER (value))
    tend_task_get_pointer (task);
}

/* Reads the result as what it is. */
static void
read_result (void)
{
  TendTask *task = rack_hold (KIND_TASK);
  g_autoptr(GError) error = NULL;
  const GValue *value;

  if (task == NULL)
    return;

  value = tend_task_get_result (task, &error);
  if (error != NULL)
    check_error (error);
  else if (!tend_task_is_ended (task))
    fail ("a task that has not ended has a result");
  if (value != NULL)
    look_at_value (task, value);
}

static void
read_error (void)
{
  TendTask *task = rack_hold (KIND_TASK);
  g_autoptr(GPtrArray) parts = NULL;
  const GError *error;

  if (task == NULL)
    return;

  error = tend_task_get_error (task);
  parts = pick (2) == 0 || error == NULL ? tend_task_list_errors (task) : tend_error_list (error);
  if ((error != NULL) != (parts->len > 0))
    fail ("a task has %u errors", parts->len);
  for (guint i = 0; i < parts->len; i++)
    check_error (g_ptr_array_index (parts, i));
}

/* --- Questions --- */

/* What a status says is what the questions say. */
static void
look (void)
{
  TendTask *task = rack_hold (KIND_TASK);
  g_autofree char *origin = NULL;
  g_autoptr(GError) error = NULL;
  TendTaskStatus status;

  if (task == NULL)
    return;

  if (tend_task_get_invocation (task) != NULL)
    fail ("a task has a D-Bus call, and none was registered");
  status = tend_task_get_status (task);
  if (tend_task_is_started (task) != (status != TEND_TASK_STATUS_CREATED) ||
      tend_task_is_running (task) != (status == TEND_TASK_STATUS_RUNNING) ||
      tend_task_is_ended (task) != (status > TEND_TASK_STATUS_RUNNING) ||
      (tend_task_is_finished (task) && !tend_task_is_ended (task)))
    fail ("a task is %s, and does not say so", tend_task_status_to_string (status));
  tend_task_is_cancelling (task);
  if (tend_task_set_error_if_cancelled (task, &error) != (error != NULL))
    fail ("a task was asked to end, and does not say so");
  tend_task_is_paused (task);

  tend_task_set_origin (task, "fuzz-api.c:1");
  origin = tend_task_dup_origin (task);
  if (strcmp (origin, "fuzz-api.c:1") != 0)
    fail ("a task was made at %s", origin);
}

/* What may be asked in any thread. */
static void
look_anywhere (void)
{
  TendTask *task = rack_hold (KIND_TASK);
  g_autofree char *text = NULL;
  g_autofree char *message = NULL;

  if (task == NULL)
    return;

  text = tend_task_to_string (task);
  message = tend_task_dup_message (task);
  if (tend_task_get_name (task) != NULL && strstr (text, tend_task_get_name (task)) == NULL)
    fail ("%s is called %s", text, tend_task_get_name (task));
  if (tend_task_get_id (task) != tend_task_get_id (task) || tend_task_get_context (task) == NULL)
    fail ("%s has several numbers, or no context", text);
  tend_task_is_owner_thread (task);
  tend_task_get_progress (task);
}

static void
look_at_plan (void)
{
  TendTask *task = rack_hold (KIND_TASK);

  if (task == NULL)
    return;

  tend_task_get_priority (task);
  tend_task_get_delay (task);
  tend_task_get_interval_mode (task);
  tend_task_get_keep_going (task);
  tend_task_get_stack_size (task);
  tend_task_get_interval (task);
  if (tend_task_get_deadline (task) < 0)
    fail ("a task has a deadline before all time");
}

static gboolean
is_plannable (Token *token)
{
  return token->is_plain && token->task != NULL && rack_has (token->task) && !tend_task_is_ended (token->task);
}

/* An interval and a deadline may be given later as well. */
static void
plan_late (void)
{
  Token *token = token_find (is_plannable);
  TendTask *task = token != NULL ? hold (g_object_ref (token->task)) : NULL;

  if (task == NULL)
    return;

  if (fuzz.has_endless && pick (3) == 0)
    tend_task_set_interval (task, (1 + pick (5)) * 50 * MSEC);
  else
    tend_task_set_deadline (task, tend_get_time () + pick_time ());
}

static void
inspect (void)
{
  Kind kind = pick (N_KINDS);
  GObject *object = rack_hold (kind);
  g_autofree GParamSpec **pspecs = NULL;
  guint n = 0;

  if (object == NULL)
    return;

  pspecs = g_object_class_list_properties (G_OBJECT_GET_CLASS (object), &n);
  for (guint i = 0; i < n; i++)
    if ((pspecs[i]->flags & G_PARAM_READABLE) != 0)
      {
        g_auto(GValue) value = G_VALUE_INIT;

        g_object_get_property (object, pspecs[i]->name, &value);
      }
}

Op task_operations[] = {
  { "make a task", make, 14 },
  { "run a task", make_run, 6, OP_NATIVE },
  { "make a main part", make_main, 1 },
  { "start", start, 14 },
  { "cancel", cancel, 5, OP_ANYWHERE },
  { "stop", stop, 3, OP_ANYWHERE },
  { "pause", pause_task, 2, OP_ANYWHERE },
  { "resume", resume, 2, OP_ANYWHERE },
  { "resume what was paused first", resume_first, 2 },
  { "give a result", give, 8 },
  { "give that it is cancelled", give_if_cancelled, 3 },
  { "read the result", read_result, 3 },
  { "read the error", read_error, 2 },
  { "look at a task", look, 2 },
  { "look at a task from anywhere", look_anywhere, 2, OP_ANYWHERE },
  { "look at the plan of a task", look_at_plan, 1 },
  { "plan a task late", plan_late, 2 },
  { "read all properties", inspect, 2 },
  { NULL },
};
