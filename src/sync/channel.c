// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A channel: the class, closing, and sending and receiving without a wait. What it does with its values is in
// channel-rules.c.
//
// Ownership: all of it is the loop thread's. User code may run where a value is copied or freed, which is done where no
// decision is pending.

#include "tend-sync-private.h"

/**
 * TendChannel:
 *
 * A queue of values between tasks, which wait when it is empty or full.
 *
 * Any number of senders and receivers may use a channel. Each value goes to one receiver, in the order of sending, and
 * waiting tasks get their turn in the order of waiting. A channel with a capacity holds that many values, and a sender
 * of one more waits. With a capacity of 0 the channel holds any number, and no sender waits.
 *
 * A fiber uses `tend_channel_send()` and `tend_channel_receive()`. All other code uses [method@Tend.Channel.send_async]
 * and [method@Tend.Channel.receive_async], or, without waiting, [method@Tend.Channel.try_send] and
 * [method@Tend.Channel.try_receive]. A wait that is cancelled has no effect: the value to send is not in the channel,
 * and the value to receive is the next one of the channel.
 *
 * [method@Tend.Channel.close] ends the channel: receivers get the values that were sent before, those of waiting
 * senders included, and then the end. Waits hold no reference to the channel: when everybody else has dropped theirs,
 * the channel is closed, and the waits end.
 *
 * A channel belongs to the thread-default main context of the thread that creates it, and all of it is for the thread
 * that runs this context. Between threads use a [struct@GLib.AsyncQueue], or post to a task ([method@Tend.Task.post]).
 * For a single result, wait for the task that returns it; for bytes, use the streams of GIO; to notify many of an
 * event, use a signal.
 *
 * See [Channels](channels.html).
 *
 * Since: 0.1
 */
G_DEFINE_TYPE (TendChannel, tend_channel, G_TYPE_OBJECT)

typedef enum
{
  PROP_CAPACITY = 1,
  PROP_LENGTH,
  PROP_CLOSED,
} TendChannelProperty;

static GParamSpec *properties[PROP_CLOSED + 1];

/* Those who hear of it may close, fill or drop the channel. */
static void
changed_cb (TendJob *job)
{
  g_autoptr(TendChannel) self = g_object_ref (G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendChannel,
                                                                                               changed_job)));
  gboolean has_length = self->told_length == tend_channel_count_items (self);
  gboolean has_closed = self->told_closed == self->is_closed;

  self->told_length = tend_channel_count_items (self);
  self->told_closed = self->is_closed;
  if (!has_length)
    tend_notify_native (G_OBJECT (self), properties[PROP_LENGTH]);
  if (!has_closed)
    tend_notify_native (G_OBJECT (self), properties[PROP_CLOSED]);
}

/* The values are freed at home. Those who still wait are woken, and hold the channel until they have gone on. */
static void
tend_channel_dispose (GObject *object)
{
  TendChannel *self = TEND_CHANNEL (object);

  if (tend_loop_take_home (self->loop, object))
    return;

  tend_channel_end (self, FALSE, NULL);

  G_OBJECT_CLASS (tend_channel_parent_class)->dispose (object);
}

static void
tend_channel_finalize (GObject *object)
{
  TendChannel *self = TEND_CHANNEL (object);

  g_assert (self->granted.length == 0);
  g_assert (tend_queue_is_empty (&self->receivers) && tend_queue_is_empty (&self->senders));

  /* What frees the values may be somebody's, who runs the main context. */
  tend_loop_remove (self->loop, &self->changed_job);
  while (self->items.length > 0)
    tend_item_free (g_queue_pop_head_link (&self->items)->data);
  g_clear_error (&self->error);
  tend_loop_release (self->loop);

  G_OBJECT_CLASS (tend_channel_parent_class)->finalize (object);
}

static void
tend_channel_get_property (GObject    *object,
                           guint       property_id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  TendChannel *self = TEND_CHANNEL (object);

  switch ((TendChannelProperty) property_id)
    {
    case PROP_CAPACITY:
      g_value_set_uint (value, self->capacity);
      break;
    case PROP_LENGTH:
      g_value_set_uint (value, tend_channel_count_items (self));
      break;
    case PROP_CLOSED:
      g_value_set_boolean (value, self->is_closed);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
tend_channel_set_property (GObject      *object,
                           guint         property_id,
                           const GValue *value,
                           GParamSpec   *pspec)
{
  TendChannel *self = TEND_CHANNEL (object);

  switch ((TendChannelProperty) property_id)
    {
    case PROP_CAPACITY:
      self->capacity = g_value_get_uint (value);
      break;
    case PROP_LENGTH:
    case PROP_CLOSED:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
tend_channel_class_init (TendChannelClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = tend_channel_dispose;
  object_class->finalize = tend_channel_finalize;
  object_class->get_property = tend_channel_get_property;
  object_class->set_property = tend_channel_set_property;

  /**
   * TendChannel:capacity:
   *
   * How many values the channel holds before senders wait; 0 for any number.
   *
   * Since: 0.1
   */
  properties[PROP_CAPACITY] =
    g_param_spec_uint ("capacity", NULL, NULL, 0, G_MAXUINT, 0,
                       G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * TendChannel:length:
   *
   * How many values the channel holds.
   *
   * Notified in the next turn of the loop after it has changed, at most once per turn.
   *
   * Since: 0.1
   */
  properties[PROP_LENGTH] =
    g_param_spec_uint ("length", NULL, NULL, 0, G_MAXUINT, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * TendChannel:closed:
   *
   * Whether the channel was closed. Notified in the next turn of the loop.
   *
   * Since: 0.1
   */
  properties[PROP_CLOSED] =
    g_param_spec_boolean ("closed", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
tend_channel_init (TendChannel *self)
{
  self->loop = tend_loop_acquire (NULL, G_PRIORITY_DEFAULT);
  g_queue_init (&self->granted);
  g_queue_init (&self->items);
  tend_queue_init (&self->receivers);
  tend_queue_init (&self->senders);
  tend_job_init (&self->changed_job, changed_cb);
}

/**
 * tend_channel_new:
 * @capacity: how many values the channel holds before senders wait, or 0 for any number
 *
 * Creates a channel for the thread-default main context.
 *
 * Returns: (transfer full): the channel
 *
 * Since: 0.1
 */
TendChannel *
tend_channel_new (guint capacity)
{
  return g_object_new (TEND_TYPE_CHANNEL, "capacity", capacity, NULL);
}

/**
 * tend_channel_get_capacity:
 * @self: a channel
 *
 * Gets how many values the channel holds before senders wait.
 *
 * May be called from any thread.
 *
 * Returns: the number, or 0 if there is no limit
 *
 * Since: 0.1
 */
guint
tend_channel_get_capacity (TendChannel *self)
{
  g_return_val_if_fail (TEND_IS_CHANNEL (self), 0);

  return self->capacity;
}

/**
 * tend_channel_get_length:
 * @self: a channel
 *
 * Counts the values in the channel.
 *
 * Those that are on their way to a receiver that waited count until it has them; those of senders that wait do not. A
 * closed channel may hold more than its capacity: it keeps what waiting senders had offered. Only for the owning
 * thread.
 *
 * Returns: the number of values
 *
 * Since: 0.1
 */
guint
tend_channel_get_length (TendChannel *self)
{
  g_return_val_if_fail (TEND_IS_CHANNEL (self), 0);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), 0);

  return tend_channel_count_items (self);
}

/**
 * tend_channel_is_closed:
 * @self: a channel
 *
 * Checks whether the channel was closed.
 *
 * It may still hold values that were sent before. Only for the owning thread.
 *
 * Returns: %TRUE if nothing can be sent any more
 *
 * Since: 0.1
 */
gboolean
tend_channel_is_closed (TendChannel *self)
{
  g_return_val_if_fail (TEND_IS_CHANNEL (self), TRUE);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), TRUE);

  return self->is_closed;
}

/**
 * tend_channel_close:
 * @self: a channel
 *
 * Closes the channel.
 *
 * Receivers, also those that wait, get the values that were sent before, and then the end. Senders that wait succeed:
 * their values are in the channel, which may hold more than its capacity for that. Later ones fail with
 * `TEND_ERROR_CLOSED`.
 *
 * Does nothing if the channel was closed before. Only for the owning thread.
 *
 * Since: 0.1
 */
void
tend_channel_close (TendChannel *self)
{
  g_return_if_fail (TEND_IS_CHANNEL (self));
  g_return_if_fail (tend_loop_is_mine (self->loop));

  tend_channel_end (self, TRUE, NULL);
}

/**
 * tend_channel_close_with_error:
 * @self: a channel
 * @error: what went wrong
 *
 * Closes the channel with an error.
 *
 * After the values that were sent before, each receiver gets a copy of @error instead of a plain end. Senders that wait
 * succeed, as with [method@Tend.Channel.close], and later ones get `TEND_ERROR_CLOSED` with the message of @error. An
 * error that nobody receives is not reported: if a task sends the values, let it fail with the error as well.
 *
 * Does nothing if the channel was closed before. Only for the owning thread.
 *
 * Since: 0.1
 */
void
tend_channel_close_with_error (TendChannel  *self,
                               const GError *error)
{
  g_return_if_fail (TEND_IS_CHANNEL (self));
  g_return_if_fail (tend_loop_is_mine (self->loop));
  g_return_if_fail (error != NULL);

  /* What copies the error may be user code, and drop the channel. */
  g_object_ref (self);
  tend_channel_end (self, TRUE, g_error_copy (error));
  g_object_unref (self);
}

/* --- Sending and receiving without a wait --- */

/**
 * tend_channel_try_send:
 * @self: a channel
 * @value: (nullable): the value, which is copied, or %NULL for a null pointer
 *
 * Sends a value if this needs no wait.
 *
 * Works inside and outside fibers, also in a task that was cancelled. Only for the owning thread.
 *
 * Returns: %FALSE if the channel is full or closed
 *
 * Since: 0.1
 */
gboolean
tend_channel_try_send (TendChannel  *self,
                       const GValue *value)
{
  gboolean is_sent;
  TendItem *item;

  g_return_val_if_fail (TEND_IS_CHANNEL (self), FALSE);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), FALSE);
  g_return_val_if_fail (value == NULL || G_IS_VALUE (value), FALSE);

  if (!tend_channel_has_room (self))
    return FALSE;

  /* What copies the value may be user code, which uses the channel, and drops it. */
  g_object_ref (self);
  item = tend_item_new (value);
  is_sent = tend_channel_has_room (self);
  if (is_sent)
    tend_channel_put (self, item);
  else
    tend_item_free (item);
  g_object_unref (self);

  return is_sent;
}

/**
 * tend_channel_try_receive:
 * @self: a channel
 * @value: (out caller-allocates) (optional): where the value goes: all zeroes, or a value, which is freed
 *
 * Receives a value if this needs no wait.
 *
 * A value that is on its way to a receiver that waited is not taken. Works inside and outside fibers, also in a task
 * that was cancelled. Only for the owning thread.
 *
 * Returns: %TRUE, or %FALSE if there is no value; then @value is a null pointer
 *
 * Since: 0.1
 */
gboolean
tend_channel_try_receive (TendChannel *self,
                          GValue      *value)
{
  g_autoptr(TendChannel) kept = NULL;

  g_return_val_if_fail (TEND_IS_CHANNEL (self), FALSE);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), FALSE);

  /* What frees the old value may be user code, and drop the channel. */
  kept = g_object_ref (self);
  tend_item_clear_value (value);
  if (self->items.length > 0)
    {
      tend_item_give (tend_channel_take (self, &self->items, NULL), value);
      return TRUE;
    }

  /* PyGObject makes an error of a value without a type. */
  if (value != NULL)
    g_value_init (value, G_TYPE_POINTER);
  return FALSE;
}
