// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The rules of a channel: which values it has, and who goes on when.
//
// Invariants, between any two calls:
// - Values are in one of two queues: first those that were granted to woken receivers, one for
//   each, then those that are free to take. Together they do not exceed the capacity while the channel is open.
// - A receiver waits only while no value is free, and a sender only while there is no room.
//
// A receiver that is woken takes the first of the granted values when it runs. It does not own one
// before: if it is cancelled or stopped in between, the last of the granted values goes back in
// front of the free ones, and so those that were woken after it still get the values in order.
// Handing each value to one receiver was tried: a value that came back had been overtaken.
//
// The value of a result that nobody has read yet is in neither queue. It takes its room until it was read, since it
// goes back to the front if the result is dropped.
//
// The value of a waiting sender is its own until there is room, or until the channel is closed. Then it is in the
// channel, and the send has succeeded, whatever becomes of the sender before it goes on. If the channel is disposed of,
// nobody can receive any more, and those who still wait to send fail.
//
// Ownership: all of it is the loop thread's. User code may run where a value is copied or freed, which is not done
// here, where a decision is pending.

#include "tend-sync-private.h"

static inline void
push (GQueue   *queue,
      TendItem *item)
{
  g_queue_push_tail_link (queue, &item->link);
}

static inline TendItem *
pop (GQueue *queue)
{
  return g_queue_pop_head_link (queue)->data;
}

guint
tend_channel_count_items (TendChannel *self)
{
  return self->granted.length + self->items.length;
}

gboolean
tend_channel_has_room (TendChannel *self)
{
  return !self->is_closed && (self->capacity == 0 || tend_channel_count_items (self) + self->n_unread < self->capacity);
}

/* Whether nothing will ever come any more. */
gboolean
tend_channel_is_at_end (TendChannel *self)
{
  return self->is_closed && tend_channel_count_items (self) + self->n_unread == 0;
}

/* The value of the first of the senders goes into the channel. */
static void
accept_sender (TendChannel *self,
               TendWaiter  *waiter)
{
  push (&self->items, g_steal_pointer (&waiter->data));
  tend_waiter_wake (waiter, TRUE);
}

/* Lets everybody go on who can. To be called whenever something has changed. */
void
tend_channel_settle (TendChannel *self)
{
  TendWaiter *waiter;

  while (tend_channel_has_room (self) && (waiter = tend_waiters_peek (&self->senders)) != NULL)
    accept_sender (self, waiter);

  while (self->items.length > 0 && (waiter = tend_waiters_peek (&self->receivers)) != NULL)
    {
      push (&self->granted, pop (&self->items));
      tend_waiter_wake (waiter, TRUE);
    }

  if (self->is_closed)
    tend_waiters_wake_all (&self->senders, FALSE);
  if (tend_channel_is_at_end (self))
    tend_waiters_wake_all (&self->receivers, FALSE);

  if ((self->told_length != tend_channel_count_items (self) || self->told_closed != self->is_closed) &&
      !tend_job_is_waiting (&self->changed_job))
    tend_loop_queue_ready (self->loop, &self->changed_job);
}

/*
 * Takes the first value of @queue out of the channel. The free values behind it go to @rest, unless that is NULL: as
 * many as there are now, since those of senders that wait come in afterwards. While a receiver is on its way to its
 * value there are none for others: if it does not take it, the value comes before them.
 */
TendItem *
tend_channel_take (TendChannel *self,
                   GQueue      *queue,
                   GQueue      *rest)
{
  TendItem *item = pop (queue);

  if (rest != NULL && self->granted.length == 0)
    {
      while (self->items.length > 0)
        push (rest, pop (&self->items));
    }

  tend_channel_settle (self);
  return item;
}

/* A receiver that was woken for a value does not take it. */
void
tend_channel_give_back (TendChannel *self)
{
  g_queue_push_head_link (&self->items, g_queue_pop_tail_link (&self->granted));
  tend_channel_settle (self);
}

/* Takes the first granted value for a result, which somebody may read, and those behind it, as tend_channel_take(). */
TendItem *
tend_channel_take_unread (TendChannel *self,
                          GQueue      *rest)
{
  /* Before the senders are asked, so that what is taken still takes its room. */
  self->n_unread += 1 + (rest != NULL && self->granted.length == 1 ? self->items.length : 0);

  return tend_channel_take (self, &self->granted, rest);
}

/* Somebody has read @n_values of results. */
void
tend_channel_set_read (TendChannel *self,
                       guint        n_values)
{
  self->n_unread -= n_values;
  tend_channel_settle (self);
}

/* Nobody has read the values of a result, and nobody will. Empties @queue. */
void
tend_channel_put_back (TendChannel *self,
                       GQueue      *queue)
{
  GList *link;

  self->n_unread -= queue->length;
  while ((link = g_queue_pop_tail_link (queue)) != NULL)
    g_queue_push_head_link (&self->items, link);
  tend_channel_settle (self);
}

/* Puts @item into the channel, which has room. */
void
tend_channel_put (TendChannel *self,
                  TendItem    *item)
{
  push (&self->items, item);
  tend_channel_settle (self);
}

/* What is told to whoever sends. */
void
tend_channel_set_closed_error (TendChannel  *self,
                               GError      **error)
{
  if (self->error != NULL)
    g_set_error (error, TEND_ERROR, TEND_ERROR_CLOSED,
                 _("Channel: closed with an error: %s"), self->error->message);
  else
    g_set_error (error, TEND_ERROR, TEND_ERROR_CLOSED, _("Channel: closed"));
}

/* What a receiver is told at the end, if it is not a plain one. */
void
tend_channel_set_end_error (TendChannel  *self,
                            GError      **error)
{
  if (self->error != NULL && error != NULL)
    *error = g_error_copy (self->error);
}

/* Closes the channel, with @error or without; takes @error. @is_kept: somebody may still receive. */
void
tend_channel_end (TendChannel *self,
                  gboolean     is_kept,
                  GError      *error)
{
  TendWaiter *waiter;

  if (self->is_closed)
    {
      g_clear_error (&error);
      return;
    }

  /* Senders that wait came before the end. What they offer is received like all that was sent before. */
  while (is_kept && (waiter = tend_waiters_peek (&self->senders)) != NULL)
    accept_sender (self, waiter);

  self->is_closed = TRUE;
  self->error = error;
  tend_channel_settle (self);
}
