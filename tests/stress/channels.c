// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Channels that are used at home, by callbacks and by fibers, while any thread drops the last reference
// and cancels the waits. Each wait ends once, each value is freed once and at home, and what is received
// comes in the order of sending.
//
// The references of a fiber to its channel go into the rack while it waits, so that it does not keep what
// it waits for.

#include "keeper.h"

/* A channel, and what is known of it at home; lives as long as somebody has it or waits for it. */
typedef struct
{
  TendChannel *channel;     /* constant; not a reference */
  Worker      *home;        /* constant */
  guint        n_sent;      /* the home's, like all below */
  guint        last_seen;
} Pipe;

static Rack channels = { .drop = g_object_unref };
static Rack cancellables = { .drop = g_object_unref };

static GQuark
pipe_quark (void)
{
  return g_quark_from_static_string ("tend-stress-pipe");
}

/* The pipe of a channel is read at home only, and freed there with the channel. */
static Pipe *
get_pipe (TendChannel *channel)
{
  return g_object_get_qdata (G_OBJECT (channel), pipe_quark ());
}

static void
pipe_unref (gpointer data)
{
  g_rc_box_release (data);
}

/* --- Values: each has a ticket, a number, and a home --- */

typedef struct
{
  Ticket *ticket;
  Worker *home;
  guint   number;
} Letter;

static Letter *
letter_new (Worker *home,
            guint   number)
{
  Letter *letter = g_new (Letter, 1);

  *letter = (Letter) { ticket_new ("value", home), home, number };
  return letter;
}

static gpointer
letter_copy (gpointer data)
{
  Letter *letter = data;

  return letter_new (letter->home, letter->number);
}

static void
letter_free (gpointer data)
{
  Letter *letter = data;

  ticket_end (letter->ticket);
  g_free (letter);
}

static GType letter_type;

static void
letter_init (GValue *value,
             Pipe   *pipe)
{
  g_value_init (value, letter_type);
  g_value_take_boxed (value, letter_new (pipe->home, ++pipe->n_sent));
}

static void
check_letter (Pipe         *pipe,
              const GValue *value)
{
  Letter *letter = g_value_get_boxed (value);

  g_assert_true (letter->home == pipe->home);
  g_assert_cmpuint (letter->number, >, pipe->last_seen);
  pipe->last_seen = letter->number;
}

/* --- Waits by callback --- */

typedef struct
{
  Ticket *ticket;
  Pipe   *pipe;             /* a reference */
} Wait;

static Wait *
wait_new (const char *what,
          Pipe       *pipe)
{
  Wait *wait = g_new (Wait, 1);

  *wait = (Wait) { ticket_new (what, pipe->home), g_rc_box_acquire (pipe) };
  return wait;
}

static void
wait_free (Wait *wait)
{
  ticket_end (wait->ticket);
  pipe_unref (wait->pipe);
  g_free (wait);
}

static void
sent_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  if (!tend_channel_send_finish (TEND_CHANNEL (source), result, &error))
    g_assert_nonnull (error);
  wait_free (user_data);
}

static void
received_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  Wait *wait = user_data;
  const GValue *value = tend_channel_receive_finish (TEND_CHANNEL (source), result, &error);

  if (value == NULL)
    g_assert_nonnull (error);
  else
    check_letter (wait->pipe, value);
  wait_free (wait);
}

/* --- Waits of fibers --- */

static gboolean
receiving_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  Keeper *self = user_data;
  g_auto(GValue) value = G_VALUE_INIT;

  if (self->object != NULL && tend_channel_receive (self->object, &value, error))
    check_letter (self->data, &value);
  return error == NULL || *error == NULL;
}

static gboolean
sending_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  Keeper *self = user_data;
  g_auto(GValue) value = G_VALUE_INIT;

  if (self->object == NULL)
    return TRUE;

  letter_init (&value, self->data);
  return tend_channel_send (self->object, &value, error);
}

/* --- Operations --- */

static GCancellable *
take_cancellable (Worker *worker)
{
  GCancellable *cancellable;

  if (pick (worker, 2) == 0)
    return NULL;

  cancellable = rack_take (&cancellables, worker);
  return cancellable != NULL ? cancellable : g_cancellable_new ();
}

static void
give_cancellable (Worker       *worker,
                  GCancellable *cancellable)
{
  if (cancellable != NULL)
    rack_put (&cancellables, worker, cancellable);
}

static gboolean
make (Worker *worker)
{
  TendChannel *channel = tend_channel_new (pick (worker, 4));
  Pipe *pipe = g_rc_box_new0 (Pipe);

  pipe->channel = channel;
  pipe->home = worker;
  ticket_watch (channel, "channel", worker);
  g_object_set_qdata_full (G_OBJECT (channel), pipe_quark (), pipe, pipe_unref);
  rack_put (&channels, worker, channel);
  return TRUE;
}

static gboolean
send_by_callback (Worker *worker)
{
  TendChannel *channel = rack_take (&channels, worker);
  GCancellable *cancellable = take_cancellable (worker);
  g_auto(GValue) value = G_VALUE_INIT;

  if (channel != NULL)
    {
      letter_init (&value, get_pipe (channel));
      tend_channel_send_async (channel, &value, cancellable, sent_cb, wait_new ("send", get_pipe (channel)));
      rack_put (&channels, worker, channel);
    }
  give_cancellable (worker, cancellable);
  return channel != NULL;
}

static gboolean
receive_by_callback (Worker *worker)
{
  TendChannel *channel = rack_take (&channels, worker);
  GCancellable *cancellable = take_cancellable (worker);

  if (channel != NULL)
    {
      tend_channel_receive_async (channel, cancellable, received_cb, wait_new ("receive", get_pipe (channel)));
      rack_put (&channels, worker, channel);
    }
  give_cancellable (worker, cancellable);
  return channel != NULL;
}

static gboolean
start_fiber (Worker       *worker,
             const char   *what,
             TendBodyFunc  body)
{
  TendChannel *channel = rack_take (&channels, worker);
  g_autoptr(GCancellable) cancellable = NULL;
  g_autoptr(TendTask) task = NULL;

  if (channel == NULL)
    return FALSE;

  task = keeper_start (worker, what, body, channel, g_rc_box_acquire (get_pipe (channel)), pipe_unref);
  cancellable = take_cancellable (worker);
  tend_task_add_cancellable (task, cancellable);
  if (!tend_task_is_ended (task) && pick (worker, 2) == 0)
    tend_task_set_deadline (task, tend_get_time () + pick (worker, 3000));
  give_cancellable (worker, g_steal_pointer (&cancellable));
  return TRUE;
}

static gboolean
send_in_fiber (Worker *worker)
{
  return start_fiber (worker, "sending fiber", sending_body);
}

static gboolean
receive_in_fiber (Worker *worker)
{
  return start_fiber (worker, "receiving fiber", receiving_body);
}

/* Gives the reference of a fiber that waits to whoever comes. */
static gboolean
take_from_fiber (Worker *worker)
{
  TendChannel *channel = keeper_take (worker);

  if (channel == NULL)
    return FALSE;

  rack_put (&channels, worker, channel);
  return TRUE;
}

static gboolean
send_at_once (Worker *worker)
{
  TendChannel *channel = rack_take (&channels, worker);
  g_auto(GValue) value = G_VALUE_INIT;

  if (channel == NULL)
    return FALSE;

  letter_init (&value, get_pipe (channel));
  tend_channel_try_send (channel, &value);
  rack_put (&channels, worker, channel);
  return TRUE;
}

static gboolean
receive_at_once (Worker *worker)
{
  TendChannel *channel = rack_take (&channels, worker);
  g_auto(GValue) value = G_VALUE_INIT;

  if (channel == NULL)
    return FALSE;

  /* The value may have overtaken those that are on their way. */
  tend_channel_try_receive (channel, &value);
  g_assert_cmpuint (tend_channel_get_length (channel), <=, get_pipe (channel)->n_sent);
  rack_put (&channels, worker, channel);
  return TRUE;
}

static gboolean
close_one (Worker *worker)
{
  TendChannel *channel = rack_take (&channels, worker);
  g_autoptr(GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "At random");

  if (channel == NULL)
    return FALSE;

  if (pick (worker, 2) == 0)
    tend_channel_close (channel);
  else
    tend_channel_close_with_error (channel, error);
  g_assert_true (tend_channel_is_closed (channel));
  rack_put (&channels, worker, channel);
  return TRUE;
}

/* So that there are two references, and both may go at once. */
static gboolean
share (Worker *worker)
{
  Worker *home = pick_home (worker);
  TendChannel *channel = rack_take (&channels, home);

  if (channel == NULL)
    return FALSE;

  g_assert_cmpuint (tend_channel_get_capacity (channel), <, 4);
  rack_put (&channels, home, g_object_ref (channel));
  rack_put (&channels, home, channel);
  return TRUE;
}

static gboolean
cancel (Worker *worker)
{
  g_autoptr(GCancellable) cancellable = rack_take (&cancellables, pick_home (worker));

  if (cancellable == NULL)
    return FALSE;

  g_cancellable_cancel (cancellable);
  return TRUE;
}

static void
leave (Worker *worker)
{
  while (take_from_fiber (worker))
    ;
}

static const Operation operations[] = {
  { "make a channel", make, 6 },
  { "send by callback", send_by_callback, 4 },
  { "receive by callback", receive_by_callback, 6 },
  { "send in a fiber", send_in_fiber, 2 },
  { "receive in a fiber", receive_in_fiber, 3 },
  { "take the reference of a fiber", take_from_fiber, 6 },
  { "send at once", send_at_once, 2 },
  { "receive at once", receive_at_once, 1 },
  { "close", close_one, 1 },
  { "share", share, 3, TRUE },
  { "cancel", cancel, 2, TRUE },
  { "drop", drop_one, 4, TRUE },
};

static void
test_channels (void)
{
  static const Program channels_program = {
    operations, G_N_ELEMENTS (operations), { &channels, &cancellables }, leave,
  };

  letter_type = g_boxed_type_register_static ("TendStressLetter", letter_copy, letter_free);
  stress_run (&channels_program, 10);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/stress/channels", test_channels);

  return g_test_run ();
}
