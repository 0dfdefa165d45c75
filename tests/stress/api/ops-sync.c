// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Operations on channels and completions.

#include "fuzz.h"

/* --- Channels --- */

static void
make_channel (void)
{
  guint capacity = pick (4);
  TendChannel *channel = tend_channel_new (capacity);

  if (tend_channel_get_capacity (channel) != capacity)
    fail ("a channel has another capacity than it was given");
  token_watch ("channel", channel);
  rack_put (KIND_CHANNEL, channel);
}

static void
sent_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      data)
{
  g_autoptr(GError) error = NULL;
  gboolean ok;

  token_call (data);
  ok = tend_channel_send_finish (TEND_CHANNEL (source), result, &error);
  check_answer (ok, error);
  hook ();
}

static void
send_async (void)
{
  TendChannel *channel = rack_get (KIND_CHANNEL);
  GCancellable *cancellable = pick (3) == 0 ? rack_hold (KIND_CANCELLABLE) : NULL;
  g_auto(GValue) value = G_VALUE_INIT;
  gboolean has_value = pick (6) != 0;
  Token *token;

  if (channel == NULL)
    return;

  hold (g_object_ref (channel));
  if (has_value)
    value_pick (&value);
  token = token_new ("send", TOKEN_ONCE);
  token->is_begun = FALSE;
  tend_channel_send_async (channel, has_value ? &value : NULL, cancellable, sent_cb, token);
  token->is_begun = TRUE;
}

/* What is not finished is dropped. */
static void
received_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      data)
{
  g_autoptr(GError) error = NULL;
  const GValue *value;

  token_call (data);
  hook ();
  if (pick (8) == 0)
    return;

  value = tend_channel_receive_finish (TEND_CHANNEL (source), result, &error);
  check_answer (value != NULL, error);
  hook ();
}

static void
receive_async (void)
{
  TendChannel *channel = rack_get (KIND_CHANNEL);
  GCancellable *cancellable = pick (3) == 0 ? rack_hold (KIND_CANCELLABLE) : NULL;
  Token *token;

  if (channel == NULL)
    return;

  token = token_new ("receive", TOKEN_ONCE);
  token->is_begun = FALSE;
  tend_channel_receive_async (channel, cancellable, received_cb, token);
  token->is_begun = TRUE;
}

/* What is not finished is dropped here, too. */
static void
received_all_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      data)
{
  g_autoptr(GPtrArray) values = NULL;
  g_autoptr(GError) error = NULL;

  token_call (data);
  hook ();
  if (pick (8) == 0)
    return;

  values = tend_channel_receive_all_finish (TEND_CHANNEL (source), result, &error);
  check_answer (values != NULL, error);
  if (values != NULL && values->len == 0)
    fail ("a wait for all values has ended without one");
  hook ();
}

static void
receive_all_async (void)
{
  TendChannel *channel = rack_get (KIND_CHANNEL);
  GCancellable *cancellable = pick (3) == 0 ? rack_hold (KIND_CANCELLABLE) : NULL;
  Token *token;

  if (channel == NULL)
    return;

  token = token_new ("receive all", TOKEN_ONCE);
  token->is_begun = FALSE;
  tend_channel_receive_all_async (channel, cancellable, received_all_cb, token);
  token->is_begun = TRUE;
}

static void
try_receive_all (void)
{
  TendChannel *channel = rack_hold (KIND_CHANNEL);

  if (channel != NULL)
    g_ptr_array_unref (tend_channel_try_receive_all (channel));
}

static void
try_send (void)
{
  TendChannel *channel = rack_hold (KIND_CHANNEL);
  g_auto(GValue) value = G_VALUE_INIT;

  if (channel == NULL)
    return;

  value_pick (&value);
  if (tend_channel_try_send (channel, &value) && tend_channel_get_capacity (channel) == 0 && pick (4) == 0)
    tend_channel_try_send (channel, NULL);
}

/* The end of a channel is no error. */
static void
try_receive (void)
{
  TendChannel *channel = rack_hold (KIND_CHANNEL);
  g_auto(GValue) value = G_VALUE_INIT;

  if (channel != NULL)
    tend_channel_try_receive (channel, pick (3) != 0 ? &value : NULL);
}

/* Outside a fiber it works where it need not wait. */
static void
send_and_receive (void)
{
  TendChannel *channel = rack_hold (KIND_CHANNEL);
  g_autoptr(GError) error = NULL;
  gboolean ok;
  gint64 number;

  if (channel == NULL)
    return;

  ok = tend_channel_send_int (channel, 3, &error);
  check_answer (ok, error);
  g_clear_error (&error);
  if (tend_channel_receive_int (channel, &number, &error))
    check_answer (TRUE, error);
  else if (error != NULL)
    check_error (error);
}

/* Those that wait to send stand before the channel: it never holds more than it may, unless it was closed meanwhile. */
static void
look_at_channel (void)
{
  TendChannel *channel = rack_hold (KIND_CHANNEL);
  guint capacity;

  if (channel == NULL)
    return;

  capacity = tend_channel_get_capacity (channel);
  if (capacity > 0 && !tend_channel_is_closed (channel) && tend_channel_get_length (channel) > capacity)
    fail ("a channel for %u values holds %u", capacity, tend_channel_get_length (channel));
}

static void
close_channel (void)
{
  TendChannel *channel = rack_hold (KIND_CHANNEL);
  g_autoptr(GError) error = error_pick ();

  if (channel == NULL)
    return;

  if (pick (2) == 0)
    tend_channel_close (channel);
  else
    tend_channel_close_with_error (channel, error);
  if (!tend_channel_is_closed (channel))
    fail ("a channel was closed, and is not");
}

/* --- Completions --- */

static void
make_completion (void)
{
  TendCompletion *completion = tend_completion_new (pick_name ());

  token_watch_any ("completion", completion);
  task_decorate (tend_completion_get_task (completion));
  rack_put (KIND_COMPLETION, completion);
}

static void
take_task (void)
{
  TendCompletion *completion = rack_get (KIND_COMPLETION);

  if (completion != NULL)
    rack_put (KIND_TASK, g_object_ref (tend_completion_get_task (completion)));
}

static gboolean
set_outcome (TendCompletion  *completion,
             GError         **error)
{
  g_autoptr(GError) reason = error_pick ();
  g_auto(GValue) value = G_VALUE_INIT;
  g_autoptr(GObject) object = NULL;

  switch (pick (7))
    {
    case 0:
      return tend_completion_set_boolean (completion, TRUE, error);
    case 1:
      return tend_completion_set_int (completion, 4, error);
    case 2:
      return tend_completion_set_string (completion, "text", error);
    case 3:
      object = value_object_new ();
      return tend_completion_set_object (completion, object, error);
    case 4:
      return tend_completion_set_error (completion, reason, error);
    case 5:
      return tend_completion_set_cancelled (completion, error);
    default:
      value_pick (&value);
      return tend_completion_set_value (completion, &value, error);
    }
}

static gboolean
try_outcome (TendCompletion *completion)
{
  g_autoptr(GError) reason = error_pick ();

  switch (pick (3))
    {
    case 0:
      return tend_completion_set_value (completion, NULL, NULL);
    case 1:
      return tend_completion_set_error (completion, reason, NULL);
    default:
      return tend_completion_set_cancelled (completion, NULL);
    }
}

/* The first outcome is taken, and no other. */
static void
complete (void)
{
  TendCompletion *completion = rack_hold (KIND_COMPLETION);
  g_autoptr(GError) error = NULL;
  gboolean was_done, ok;

  if (completion == NULL)
    return;

  was_done = tend_completion_is_done (completion);
  if (pick (2) == 0)
    ok = try_outcome (completion);
  else
    {
      ok = set_outcome (completion, &error);
      check_answer (ok, error);
    }
  if (ok && was_done)
    fail ("a completion was completed again");
  if (!tend_completion_is_done (completion))
    fail ("a completion is not done after it was completed");
}

Op sync_operations[] = {
  { "make a channel", make_channel, 5 },
  { "send", send_async, 7 },
  { "receive", receive_async, 7 },
  { "receive all", receive_all_async, 4 },
  { "try to receive all", try_receive_all, 2 },
  { "try to send", try_send, 4 },
  { "try to receive", try_receive, 3 },
  { "send and receive", send_and_receive, 2, OP_NATIVE },
  { "look at a channel", look_at_channel, 2 },
  { "close a channel", close_channel, 2 },
  { "make a completion", make_completion, 5 },
  { "take the task of a completion", take_task, 4 },
  { "complete", complete, 6 },
  { NULL },
};
