// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Sending to a channel and receiving from it, with a wait: in a fiber, and by callback.
//
// A fiber that need not wait goes on at once. A callback always waits for its turn in the queue of
// waiters, if only until the micro-queue runs. The result of an asynchronous receive owns its value.

#include "tend-sync-private.h"

/* --- Sending in a fiber --- */

/* Takes a reference: a waiter holds none, and is woken when the channel is dropped. */
static gboolean
wait_for_room (TendChannel  *self,
               TendItem     *item,
               TendJob      *wake,
               GError      **error)
{
  GError *failure = NULL;
  TendWaiter waiter;

  /* A value in the channel was sent, even if the sender was cancelled before it went on. */
  tend_waiter_wait_in (&waiter, self, self, &self->senders, wake, item, &failure);
  if (waiter.is_granted)
    g_clear_error (&failure);
  else if (failure == NULL)
    tend_channel_set_closed_error (self, &failure);

  if (waiter.is_woken)
    g_object_unref (self);
  if (failure != NULL)
    g_propagate_error (error, failure);

  return waiter.is_granted;
}

/* Takes a reference. */
static gboolean
send_item (TendChannel  *self,
           TendItem     *item,
           const char   *func,
           GError      **error)
{
  g_autoptr(TendChannel) kept = self;
  TendJob *wake;

  if (!tend_waiter_begin (self->loop, &wake, error))
    return FALSE;

  if (self->is_closed)
    {
      tend_channel_set_closed_error (self, error);
      return FALSE;
    }

  if (tend_channel_has_room (self))
    {
      tend_channel_put (self, item);
      return TRUE;
    }

  if (wake == NULL)
    {
      tend_begin_wait (func, error);
      return FALSE;
    }

  return wait_for_room (g_steal_pointer (&kept), item, wake, error);
}

/* Takes a reference, which holds the channel while the code that copies the value runs: nothing is decided before. */
gboolean
tend_channel_send_taken (TendChannel   *self,
                         const GValue  *value,
                         const char    *func,
                         GError       **error)
{
  TendItem *item = tend_item_new (value);

  if (send_item (self, item, func, error))
    return TRUE;

  tend_item_free (item);
  return FALSE;
}

/**
 * tend_channel_send: (skip)
 * @self: a channel
 * @value: (nullable): the value, which is copied, or %NULL for a null pointer
 * @error: return location for an error
 *
 * Sends a value, and waits while the channel is full.
 *
 * Waiting senders get their turn in the order of waiting. If the channel is closed meanwhile, it keeps the value, and
 * the call succeeds. If the task of the fiber is cancelled or stopped meanwhile, the value is not in the channel.
 * Outside a fiber the call works if it need not wait, so it works with a channel without a limit.
 *
 * Only for the owning thread, and for a fiber of the channel's main context.
 *
 * Returns: %TRUE if the value is in the channel; %FALSE with `TEND_ERROR_CLOSED` if the channel was closed before,
 *   or if everybody dropped it, `G_IO_ERROR_CANCELLED` or `TEND_ERROR_STOPPED` if the task was cancelled or ended,
 *   `TEND_ERROR_NO_FIBER` if it would have to wait outside a fiber, and `TEND_ERROR_WRONG_THREAD` in a fiber of another
 *   main context
 *
 * Since: 0.1
 */
gboolean
tend_channel_send (TendChannel   *self,
                   const GValue  *value,
                   GError       **error)
{
  g_return_val_if_fail (TEND_IS_CHANNEL (self), FALSE);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), FALSE);
  g_return_val_if_fail (value == NULL || G_IS_VALUE (value), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  g_object_ref (self);
  return tend_channel_send_taken (self, value, G_STRFUNC, error);
}

/* --- Receiving in a fiber --- */

/* Takes a reference, as wait_for_room() does. */
static TendItem *
wait_for_item (TendChannel  *self,
               GQueue       *rest,
               TendJob      *wake,
               GError      **error)
{
  TendItem *item = NULL;
  TendWaiter waiter;
  gboolean goes_on;

  tend_waiter_init (&waiter, self, tend_task_loop (tend_task_get_current ()), wake, NULL);
  tend_queue_push (&self->receivers, &waiter.link);
  tend_channel_settle (self);
  g_object_unref (self);

  goes_on = tend_waiter_wait (&waiter, error);
  if (goes_on && waiter.is_granted)
    item = tend_channel_take (self, &self->granted, rest);
  else if (goes_on)
    tend_channel_set_end_error (self, error);
  else if (waiter.is_granted)
    tend_channel_give_back (self);

  if (waiter.is_woken)
    g_object_unref (self);

  return item;
}

/* Whether a fiber may take a value at once: not before those that were woken for theirs. */
static gboolean
can_take_at_once (TendChannel *self)
{
  return self->items.length > 0 && self->granted.length == 0;
}

/* Takes a reference. What is behind the value goes to @rest, unless that is NULL; see tend_channel_take(). */
TendItem *
tend_channel_receive_taken (TendChannel  *self,
                            GQueue       *rest,
                            const char   *func,
                            GError      **error)
{
  g_autoptr(TendChannel) kept = self;
  TendJob *wake;

  if (!tend_waiter_begin (self->loop, &wake, error))
    return NULL;

  if (wake != NULL ? can_take_at_once (self) : self->items.length > 0)
    return tend_channel_take (self, &self->items, rest);

  if (tend_channel_is_at_end (self))
    {
      tend_channel_set_end_error (self, error);
      return NULL;
    }

  if (wake == NULL)
    {
      tend_begin_wait (func, error);
      return NULL;
    }

  return wait_for_item (g_steal_pointer (&kept), rest, wake, error);
}

/**
 * tend_channel_receive: (skip)
 * @self: a channel
 * @value: (out caller-allocates) (optional): where the value goes: all zeroes, or a value, which is freed
 * @error: return location for an error
 *
 * Receives the next value, and waits while there is none.
 *
 * At the end of the channel, when it was closed and every value was received, the function returns %FALSE and sets no
 * error. A loop therefore takes every value:
 *
 * ```c
 * while (tend_channel_receive (channel, &value, &failure))
 *   sum += g_value_get_int64 (&value);
 * ```
 *
 * Waiting receivers get their turn in the order of waiting. If the task of the fiber is cancelled or stopped meanwhile,
 * no value is taken: a value that was on its way to the fiber is the next one of the channel again. Outside a fiber the
 * call works if it need not wait. A fiber that takes many values waits for a turn of the loop from time to time, so
 * that others run.
 *
 * Only for the owning thread, and for a fiber of the channel's main context.
 *
 * Returns: %TRUE with a value; %FALSE without an error at the end; %FALSE with the error that the channel was closed
 *   with, with `G_IO_ERROR_CANCELLED` or `TEND_ERROR_STOPPED` if the task was cancelled or ended, `TEND_ERROR_NO_FIBER`
 *   if it would have to wait outside a fiber, and `TEND_ERROR_WRONG_THREAD` in a fiber of another main context
 *
 * Since: 0.1
 */
gboolean
tend_channel_receive (TendChannel  *self,
                      GValue       *value,
                      GError      **error)
{
  TendItem *item;

  g_return_val_if_fail (TEND_IS_CHANNEL (self), FALSE);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  /* The code that frees the old value may drop the channel, as may other code if the loop turns first. */
  g_object_ref (self);
  tend_item_clear_value (value);
  item = tend_channel_receive_taken (self, NULL, G_STRFUNC, error);
  if (item == NULL)
    return FALSE;

  tend_item_give (item, value);
  return TRUE;
}

/* --- By callback --- */

static void
free_item_cb (gpointer data)
{
  tend_item_free (data);
}

static void
settle_send (TendAsyncWait *wait)
{
  if (wait->waiter.is_granted)
    return;

  if (tend_waiter_is_given_up (&wait->waiter))
    wait->error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, _("Channel: the wait to send was cancelled"));
  else
    tend_channel_set_closed_error (wait->waiter.source, &wait->error);
}

/* Sets the error of a wait that is given up, or for which no value has come. */
void
tend_channel_refuse_receive (TendAsyncWait *wait)
{
  TendChannel *self = wait->waiter.source;

  if (tend_waiter_is_given_up (&wait->waiter))
    {
      wait->error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                         _("Channel: the wait to receive was cancelled"));
      if (wait->waiter.is_granted)
        tend_channel_give_back (self);
    }
  else if (self->error != NULL)
    tend_channel_set_end_error (self, &wait->error);
  else
    tend_channel_set_closed_error (self, &wait->error);
}

static void
settle_receive (TendAsyncWait *wait)
{
  if (wait->waiter.is_granted && !tend_waiter_is_given_up (&wait->waiter))
    wait->waiter.data = tend_channel_take_unread (wait->waiter.source, NULL);
  else
    tend_channel_refuse_receive (wait);
}

static void
take_back_item (TendAsyncWait *wait)
{
  TendItem *item = g_steal_pointer (&wait->waiter.data);
  GQueue queue = G_QUEUE_INIT;

  g_queue_push_tail_link (&queue, &item->link);
  tend_channel_put_back (wait->waiter.source, &queue);
}

static const TendAsyncWaitKind send_kind = {
  .settle = settle_send,
  .free_data = free_item_cb,
};

static const TendAsyncWaitKind receive_kind = {
  .settle = settle_receive,
  .free_data = free_item_cb,
  .take_back = take_back_item,
};

/**
 * tend_channel_send_async:
 * @self: a channel
 * @value: (nullable): the value, which is copied, or %NULL for a null pointer
 * @cancellable: (nullable): leaves the value out of the channel if it is cancelled before there is room
 * @callback: (nullable) (scope async) (closure user_data): called when the value is in the channel
 * @user_data: data for @callback
 *
 * Sends a value as soon as there is room.
 *
 * If there is room, the value is in the channel when this returns. @callback never runs before this returns. The wait
 * holds no reference to the channel: when everybody else has dropped theirs, the wait fails with `TEND_ERROR_CLOSED`.
 * If the calling task belongs to a manager with an owner, @callback does not run after the owner is gone: see
 * [ctor@Tend.TaskManager.new_for_owner].
 *
 * Only for the owning thread; @cancellable may be cancelled in any thread.
 *
 * Since: 0.1
 */
void
tend_channel_send_async (TendChannel         *self,
                         const GValue        *value,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  TendAsyncWait *wait;

  g_return_if_fail (TEND_IS_CHANNEL (self));
  g_return_if_fail (tend_loop_is_mine (self->loop));
  g_return_if_fail (value == NULL || G_IS_VALUE (value));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  g_object_ref (self);
  wait = tend_async_wait_new (&send_kind, self, self->loop, tend_item_new (value),
                              cancellable, callback, user_data);
  tend_queue_push (&self->senders, &wait->waiter.link);
  tend_channel_settle (self);
  g_object_unref (self);
}

/**
 * tend_channel_send_finish:
 * @self: a channel
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Finishes the operation of [method@Tend.Channel.send_async].
 *
 * Returns: %TRUE if the value is in the channel; %FALSE with `TEND_ERROR_CLOSED` if the channel was closed before, or
 *   if everybody dropped it, or with `G_IO_ERROR_CANCELLED`
 *
 * Since: 0.1
 */
gboolean
tend_channel_send_finish (TendChannel   *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  TendAsyncWait *wait;

  g_return_val_if_fail (TEND_IS_CHANNEL (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  wait = tend_async_wait_check (result, &send_kind, self);
  g_return_val_if_fail (wait != NULL, FALSE);

  return tend_async_wait_propagate (wait, error);
}

/* Waits for a value, or several. */
void
tend_channel_begin_receive (TendChannel             *self,
                            const TendAsyncWaitKind *kind,
                            GCancellable            *cancellable,
                            GAsyncReadyCallback      callback,
                            gpointer                 user_data)
{
  TendAsyncWait *wait;

  /* A toggle reference of the cancellable may tell user code that it is held, and that drop the channel. */
  g_object_ref (self);
  wait = tend_async_wait_new (kind, self, self->loop, NULL, cancellable, callback, user_data);
  tend_queue_push (&self->receivers, &wait->waiter.link);
  tend_channel_settle (self);
  g_object_unref (self);
}

/**
 * tend_channel_receive_async:
 * @self: a channel
 * @cancellable: (nullable): ends the wait when it is cancelled; no value is taken then
 * @callback: (nullable) (scope async) (closure user_data): called when there is a value, or none to come
 * @user_data: data for @callback
 *
 * Receives the next value as soon as there is one.
 *
 * @callback never runs before this returns. A result that is dropped without [method@Tend.Channel.receive_finish] gives
 * its value back: it is the next one of the channel again. The wait holds no reference to the channel:
 * when everybody else has dropped theirs, no value can come, and the wait ends as at the end of the channel. If the
 * calling task belongs to a manager with an owner, @callback does not run after the owner is gone, and no value is
 * taken for it: see [ctor@Tend.TaskManager.new_for_owner].
 *
 * Only for the owning thread; @cancellable may be cancelled in any thread.
 *
 * Since: 0.1
 */
void
tend_channel_receive_async (TendChannel         *self,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_return_if_fail (TEND_IS_CHANNEL (self));
  g_return_if_fail (tend_loop_is_mine (self->loop));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  tend_channel_begin_receive (self, &receive_kind, cancellable, callback, user_data);
}

/**
 * tend_channel_receive_finish:
 * @self: a channel
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Finishes the operation of [method@Tend.Channel.receive_async].
 *
 * The end of the channel is an error here, `TEND_ERROR_CLOSED`, so that it differs from every value in every language.
 *
 * Returns: (transfer none) (nullable): the value, owned by @result; %NULL with `TEND_ERROR_CLOSED` at the end, with the
 *   error that the channel was closed with, or with `G_IO_ERROR_CANCELLED`
 *
 * Since: 0.1
 */
const GValue *
tend_channel_receive_finish (TendChannel   *self,
                             GAsyncResult  *result,
                             GError       **error)
{
  TendAsyncWait *wait;
  gboolean is_first;

  g_return_val_if_fail (TEND_IS_CHANNEL (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  wait = tend_async_wait_check (result, &receive_kind, self);
  g_return_val_if_fail (wait != NULL, NULL);
  g_return_val_if_fail (wait->error != NULL || wait->waiter.data != NULL, NULL);

  is_first = !wait->is_read;
  wait->is_read = TRUE;
  if (is_first && wait->error == NULL)
    tend_channel_set_read (self, 1);

  return tend_async_wait_propagate (wait, error) ? &((TendItem *) wait->waiter.data)->value : NULL;
}
