// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Operations on semaphores, events and conditions.

#include "fuzz.h"

/* --- Semaphores --- */

static void
make_semaphore (void)
{
  guint n_permits = 1 + pick (3);
  TendSemaphore *semaphore = tend_semaphore_new (n_permits);

  if (tend_semaphore_get_n_permits (semaphore) != n_permits)
    fail ("a semaphore has another number of permits than it was given");
  token_watch ("semaphore", semaphore);
  rack_put (KIND_SEMAPHORE, semaphore);
}

/* What was acquired outside tasks is released there, and by nobody else. What a task has is given back. */
static void
acquired_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      data)
{
  Token *token = data;
  g_autoptr(GError) error = NULL;
  gboolean ok;

  token_call (token);
  hook ();
  if (pick (8) == 0)
    return;

  ok = tend_semaphore_acquire_finish (TEND_SEMAPHORE (source), result, &error);
  check_answer (ok, error);
  if (ok && token->variant == 1 && tend_task_get_current () == fuzz.root)
    tend_semaphore_release (TEND_SEMAPHORE (source));
  hook ();
}

static void
acquire_async (void)
{
  TendSemaphore *semaphore = rack_get (KIND_SEMAPHORE);
  GCancellable *cancellable = pick (3) == 0 ? rack_hold (KIND_CANCELLABLE) : NULL;
  Token *token;

  if (semaphore == NULL)
    return;

  token = token_new ("acquire", TOKEN_ONCE);
  token->is_begun = FALSE;
  token->variant = tend_task_get_current () == fuzz.root;
  tend_semaphore_acquire_async (semaphore, cancellable, acquired_cb, token);
  token->is_begun = TRUE;
}

static void
try_acquire (void)
{
  TendSemaphore *semaphore = rack_hold (KIND_SEMAPHORE);

  if (semaphore != NULL && tend_semaphore_try_acquire (semaphore) && pick (4) != 0)
    tend_semaphore_release (semaphore);
}

static void
look_at_semaphore (void)
{
  TendSemaphore *semaphore = rack_hold (KIND_SEMAPHORE);

  if (semaphore == NULL)
    return;

  if (tend_semaphore_get_n_available (semaphore) > tend_semaphore_get_n_permits (semaphore))
    fail ("a semaphore has more permits available than there are");
  if (tend_semaphore_get_n_waiting (semaphore) > G_MAXINT)
    fail ("fewer than none wait for a semaphore");
}

/* --- Events and conditions --- */

static void
make_event (void)
{
  TendEvent *event = tend_event_new ();

  token_watch ("event", event);
  rack_put (KIND_EVENT, event);
}

static void
make_condition (void)
{
  TendCondition *condition = tend_condition_new ();

  token_watch ("condition", condition);
  rack_put (KIND_CONDITION, condition);
}

/* What is not finished is dropped. */
static void
waited_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      data)
{
  g_autoptr(GError) error = NULL;
  gboolean ok;

  token_call (data);
  hook ();
  if (pick (8) == 0)
    return;

  if (TEND_IS_EVENT (source))
    ok = tend_event_wait_finish (TEND_EVENT (source), result, &error);
  else
    ok = tend_condition_wait_finish (TEND_CONDITION (source), result, &error);
  check_answer (ok, error);
  hook ();
}

static void
wait_for_event (void)
{
  TendEvent *event = rack_get (KIND_EVENT);
  GCancellable *cancellable = pick (3) == 0 ? rack_hold (KIND_CANCELLABLE) : NULL;
  Token *token;

  if (event == NULL)
    return;

  token = token_new ("wait for an event", TOKEN_ONCE);
  token->is_begun = FALSE;
  tend_event_wait_async (event, cancellable, waited_cb, token);
  token->is_begun = TRUE;
}

static void
wait_for_condition (void)
{
  TendCondition *condition = rack_get (KIND_CONDITION);
  GCancellable *cancellable = pick (3) == 0 ? rack_hold (KIND_CANCELLABLE) : NULL;
  Token *token;

  if (condition == NULL)
    return;

  token = token_new ("wait for a condition", TOKEN_ONCE);
  token->is_begun = FALSE;
  tend_condition_wait_async (condition, cancellable, waited_cb, token);
  token->is_begun = TRUE;
}

static void
set_event (void)
{
  TendEvent *event = rack_hold (KIND_EVENT);
  gboolean is_set = pick (2) == 0;

  if (event == NULL)
    return;

  if (is_set)
    tend_event_set (event);
  else
    tend_event_reset (event);
  if (tend_event_is_set (event) != is_set)
    fail ("an event was set or reset, and is not");
}

static void
notify (void)
{
  TendCondition *condition = rack_hold (KIND_CONDITION);

  if (condition == NULL)
    return;

  if (pick (2) == 0)
    tend_condition_notify_one (condition);
  else
    tend_condition_notify_all (condition);
}

Op waits_operations[] = {
  { "make a semaphore", make_semaphore, 3 },
  { "acquire", acquire_async, 4 },
  { "try to acquire", try_acquire, 3 },
  { "look at a semaphore", look_at_semaphore, 2 },
  { "make an event", make_event, 2 },
  { "wait for an event", wait_for_event, 3 },
  { "set an event", set_event, 3 },
  { "make a condition", make_condition, 2 },
  { "wait for a condition", wait_for_condition, 3 },
  { "notify", notify, 3 },
  { NULL },
};
