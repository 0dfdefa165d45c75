// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Receiving all values of a channel at once: in a fiber, by callback, and without a wait.
//
// Whoever receives all takes what is free at one moment. Values that belong to receivers which are on their way, and
// those that senders offer when the room is free, are not among them.

#include "tend-sync-private.h"

/* The values of an asynchronous wait. They are items until somebody reads them. */
typedef struct
{
  GQueue     items;
  GPtrArray *values;    /* NULL: nobody has read them */
} Batch;

static void
free_value_native_cb (gpointer data)
{
  g_value_unset (data);
  g_free (data);
}

static void
free_value (gpointer data)
{
  tend_call_native (free_value_native_cb, data);
}

static GPtrArray *
new_array (void)
{
  return g_ptr_array_new_with_free_func (free_value);
}

/* Moves the values of @items to @values, and empties it. */
static void
move_values (GQueue    *items,
             GPtrArray *values)
{
  GList *link;

  while ((link = g_queue_pop_head_link (items)) != NULL)
    {
      GValue *value = g_new0 (GValue, 1);

      tend_item_give (link->data, value);
      g_ptr_array_add (values, value);
    }
}

/**
 * tend_channel_receive_all: (skip)
 * @self: a channel
 * @error: return location for an error
 *
 * Receives all values that the channel holds, and waits while it holds none.
 *
 * Use it where many values are handled together, such as rows that go into one transaction or lines that are written
 * in one go. It waits as tend_channel_receive() does, and returns at least one value. It takes at most the capacity of
 * the channel: senders that wait find room afterwards, and their values are received the next time. Use
 * tend_channel_receive() if several receivers share the work.
 *
 * If the task of the fiber is cancelled or stopped meanwhile, no value is taken.
 *
 * Only for the owning thread, and for a fiber of the channel's main context.
 *
 * Returns: (transfer container) (nullable) (element-type GObject.Value): the values, in the order of sending, which go
 *   with the array; %NULL without an error at the end; %NULL with an error as tend_channel_receive() sets it
 *
 * Since: 0.1
 */
GPtrArray *
tend_channel_receive_all (TendChannel  *self,
                          GError      **error)
{
  GQueue items = G_QUEUE_INIT;
  GPtrArray *values;
  TendItem *first;

  g_return_val_if_fail (TEND_IS_CHANNEL (self), NULL);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  first = tend_channel_receive_taken (g_object_ref (self), &items, G_STRFUNC, error);
  if (first == NULL)
    return NULL;

  g_queue_push_head_link (&items, &first->link);
  values = new_array ();
  move_values (&items, values);
  return values;
}

/**
 * tend_channel_try_receive_all: (skip)
 * @self: a channel
 *
 * Receives all values that the channel holds, without a wait.
 *
 * A value that is on its way to a receiver that waited is not taken. Works inside and outside fibers, also in a task
 * that was cancelled. Only for the owning thread.
 *
 * Returns: (transfer container) (element-type GObject.Value): the values, in the order of sending, which go with the
 *   array; an empty array if there is none
 *
 * Since: 0.1
 */
GPtrArray *
tend_channel_try_receive_all (TendChannel *self)
{
  GQueue items = G_QUEUE_INIT;
  GPtrArray *values;

  g_return_val_if_fail (TEND_IS_CHANNEL (self), NULL);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), NULL);

  values = new_array ();
  if (self->items.length > 0)
    {
      TendItem *first = tend_channel_take (self, &self->items, &items);

      g_queue_push_head_link (&items, &first->link);
      move_values (&items, values);
    }

  return values;
}

/* --- By callback --- */

static void
free_batch_cb (gpointer data)
{
  Batch *self = data;
  GList *link;

  while ((link = g_queue_pop_head_link (&self->items)) != NULL)
    tend_item_free (link->data);
  g_clear_pointer (&self->values, g_ptr_array_unref);
  g_free (self);
}

static void
settle_receive_all (TendAsyncWait *wait)
{
  Batch *batch;
  TendItem *first;

  if (!wait->waiter.is_granted || tend_waiter_is_given_up (&wait->waiter))
    {
      tend_channel_refuse_receive (wait);
      return;
    }

  wait->waiter.data = batch = g_new0 (Batch, 1);
  first = tend_channel_take_unread (wait->waiter.source, &batch->items);
  g_queue_push_head_link (&batch->items, &first->link);
}

static void
take_back_batch (TendAsyncWait *wait)
{
  tend_channel_put_back (wait->waiter.source, &((Batch *) wait->waiter.data)->items);
}

static const TendAsyncWaitKind receive_all_kind = {
  .settle = settle_receive_all,
  .free_data = free_batch_cb,
  .take_back = take_back_batch,
};

/**
 * tend_channel_receive_all_async: (skip)
 * @self: a channel
 * @cancellable: (nullable): ends the wait when it is cancelled; no value is taken then
 * @callback: (nullable) (scope async) (closure user_data): called when there is a value, or none to come
 * @user_data: data for @callback
 *
 * Receives all values that the channel holds, as soon as it holds one.
 *
 * It waits as [method@Tend.Channel.receive_async] does, and takes what tend_channel_receive_all() takes. A result that
 * is dropped without tend_channel_receive_all_finish() gives its values back: they are the next ones of the channel
 * again.
 *
 * Only for the owning thread; @cancellable may be cancelled in any thread.
 *
 * Since: 0.1
 */
void
tend_channel_receive_all_async (TendChannel         *self,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  g_return_if_fail (TEND_IS_CHANNEL (self));
  g_return_if_fail (tend_loop_is_mine (self->loop));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  tend_channel_begin_receive (self, &receive_all_kind, cancellable, callback, user_data);
}

/**
 * tend_channel_receive_all_finish: (skip)
 * @self: a channel
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Finishes the operation of tend_channel_receive_all_async().
 *
 * Returns: (transfer container) (nullable) (element-type GObject.Value): the values, at least one, which go with the
 *   array; %NULL with an error as [method@Tend.Channel.receive_finish] sets it: the end is `TEND_ERROR_CLOSED`
 *
 * Since: 0.1
 */
GPtrArray *
tend_channel_receive_all_finish (TendChannel   *self,
                                 GAsyncResult  *result,
                                 GError       **error)
{
  TendAsyncWait *wait;
  GPtrArray *values;
  Batch *batch;
  GQueue items;

  g_return_val_if_fail (TEND_IS_CHANNEL (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  wait = tend_async_wait_check (result, &receive_all_kind, self);
  g_return_val_if_fail (wait != NULL, NULL);
  g_return_val_if_fail (wait->error != NULL || wait->waiter.data != NULL, NULL);

  if (!tend_async_wait_propagate (wait, error))
    return NULL;

  batch = wait->waiter.data;
  if (wait->is_read)
    return g_ptr_array_ref (batch->values);

  /* What takes the values out may be user code, which finishes it once more, or drops it. */
  wait->is_read = TRUE;
  items = batch->items;
  g_queue_init (&batch->items);
  values = new_array ();
  batch->values = g_ptr_array_ref (values);
  tend_channel_set_read (self, items.length);
  move_values (&items, values);

  return values;
}
