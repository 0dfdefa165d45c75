// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Channels and other threads: the last reference to one goes there while its own thread runs, and waits are
// cancelled there. Everything that a channel holds is freed at home.

#include "../support/rounds.h"

static GThread *home;
static int has_ended;           /* atomic */
static gpointer handed;         /* atomic; an object, with the reference to drop */
static int n_values;            /* atomic; values that there are */

/* --- Values that are freed at home --- */

static gpointer
value_copy (gpointer data)
{
  g_assert_true (g_thread_self () == home);
  g_atomic_int_inc (&n_values);
  return g_memdup2 (data, sizeof (gint64));
}

static void
value_free (gpointer data)
{
  if (g_thread_self () != home)
    g_error ("a value was freed in another thread");
  g_atomic_int_add (&n_values, -1);
  g_free (data);
}

static GType value_type;

static void
send (TendChannel         *channel,
      GCancellable        *cancellable,
      GAsyncReadyCallback  callback,
      gpointer             user_data)
{
  gint64 number = 7;
  GValue value = G_VALUE_INIT;

  g_value_init (&value, value_type);
  g_value_set_static_boxed (&value, &number);
  tend_channel_send_async (channel, &value, cancellable, callback, user_data);
}

static void
sent_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (g_thread_self () == home);
  if (!tend_channel_send_finish (TEND_CHANNEL (source), result, &error))
    g_assert_nonnull (error);
  ++*(guint *) user_data;
}

static void
received_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (g_thread_self () == home);
  if (tend_channel_receive_finish (TEND_CHANNEL (source), result, &error) == NULL)
    g_assert_nonnull (error);
  ++*(guint *) user_data;
}

static void
iterate_until (const guint *count,
               guint        n)
{
  while (*count < n)
    if (!g_main_context_iteration (NULL, FALSE))
      g_thread_yield ();
}

static void
end_thread (GThread *thread)
{
  g_atomic_int_set (&has_ended, TRUE);
  g_thread_join (thread);
  g_atomic_int_set (&has_ended, FALSE);
  for (guint i = 0; i < 10; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpint (g_atomic_int_get (&n_values), ==, 0);
}

/* --- The last reference --- */

static gpointer
drop_thread (gpointer data)
{
  while (!g_atomic_int_get (&has_ended))
    {
      gpointer object = g_atomic_pointer_exchange (&handed, NULL);

      if (object == NULL)
        g_thread_yield ();
      g_clear_object (&object);
    }

  return NULL;
}

static void
gone_cb (gpointer data)
{
  if (g_thread_self () != home)
    g_error ("a channel was finalized in another thread");
  ++*(guint *) data;
}

static TendChannel *
new_watched_channel (guint  capacity,
                     guint *n_gone)
{
  TendChannel *channel = tend_channel_new (capacity);

  g_object_set_qdata_full (G_OBJECT (channel), g_quark_from_static_string ("tend-test-gone"), n_gone, gone_cb);
  return channel;
}

static void
test_receivers_hear_that_it_was_dropped_elsewhere (void)
{
  Rounds rounds = rounds_begin (100000, G_MAXUINT);
  GThread *thread = g_thread_new ("drop", drop_thread, NULL);
  guint n_received = 0, n_gone = 0;

  while (rounds_next (&rounds))
    {
      TendChannel *channel = new_watched_channel (0, &n_gone);

      tend_channel_receive_async (channel, NULL, received_cb, &n_received);
      g_atomic_pointer_set (&handed, channel);
      iterate_until (&n_received, rounds.n);
      iterate_until (&n_gone, rounds.n);
    }
  end_thread (thread);
}

static void
test_senders_hear_that_it_was_dropped_elsewhere (void)
{
  Rounds rounds = rounds_begin (100000, G_MAXUINT);
  GThread *thread = g_thread_new ("drop", drop_thread, NULL);
  guint n_sent = 0, n_gone = 0;

  while (rounds_next (&rounds))
    {
      TendChannel *channel = new_watched_channel (1, &n_gone);

      send (channel, NULL, sent_cb, &n_sent);
      send (channel, NULL, sent_cb, &n_sent);
      g_atomic_pointer_set (&handed, channel);
      iterate_until (&n_sent, 2 * rounds.n);
      iterate_until (&n_gone, rounds.n);
    }
  end_thread (thread);
}

/* Those whom home has just woken hold the channel until they have gone on, while the last other reference goes. */
static void
test_may_be_dropped_elsewhere_while_it_is_used (void)
{
  Rounds rounds = rounds_begin (100000, G_MAXUINT);
  GThread *thread = g_thread_new ("drop", drop_thread, NULL);
  guint n_sent = 0, n_received = 0, n_gone = 0;

  while (rounds_next (&rounds))
    {
      TendChannel *channel = new_watched_channel (1, &n_gone);

      for (guint i = 0; i < 3; i++)
        {
          tend_channel_receive_async (channel, NULL, received_cb, &n_received);
          send (channel, NULL, sent_cb, &n_sent);
        }
      g_atomic_pointer_set (&handed, channel);
      iterate_until (&n_received, 3 * rounds.n);
      iterate_until (&n_sent, 3 * rounds.n);
      iterate_until (&n_gone, rounds.n);
    }
  end_thread (thread);
}

/* --- Cancelling --- */

static gpointer
cancel_thread (gpointer data)
{
  while (!g_atomic_int_get (&has_ended))
    {
      g_autoptr(GCancellable) cancellable = g_atomic_pointer_exchange (&handed, NULL);

      if (cancellable != NULL)
        g_cancellable_cancel (cancellable);
      else
        g_thread_yield ();
    }

  return NULL;
}

static void
test_value_of_a_cancelled_send_is_freed_at_home (void)
{
  Rounds rounds = rounds_begin (100000, G_MAXUINT);
  TendChannel *channel = tend_channel_new (1);
  GThread *thread = g_thread_new ("cancel", cancel_thread, NULL);
  guint n_sent = 0;

  tend_channel_try_send (channel, NULL);
  while (rounds_next (&rounds))
    {
      GCancellable *cancellable = g_cancellable_new ();

      send (channel, cancellable, sent_cb, &n_sent);
      g_atomic_pointer_set (&handed, cancellable);
      iterate_until (&n_sent, rounds.n);
    }
  end_thread (thread);
  g_assert_finalize_object (channel);
}

/* The value was given to a wait that is then cancelled, or has come too late to be. */
static void
test_value_of_a_cancelled_receive_is_freed_at_home (void)
{
  Rounds rounds = rounds_begin (100000, G_MAXUINT);
  TendChannel *channel = tend_channel_new (1);
  GThread *thread = g_thread_new ("cancel", cancel_thread, NULL);
  guint n_sent = 0, n_received = 0;

  while (rounds_next (&rounds))
    {
      GCancellable *cancellable = g_cancellable_new ();

      tend_channel_receive_async (channel, cancellable, received_cb, &n_received);
      g_atomic_pointer_set (&handed, cancellable);
      send (channel, NULL, sent_cb, &n_sent);
      iterate_until (&n_sent, rounds.n);
      iterate_until (&n_received, rounds.n);
      tend_channel_try_receive (channel, NULL);
    }
  end_thread (thread);
  g_assert_finalize_object (channel);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  home = g_thread_self ();
  value_type = g_boxed_type_register_static ("TendTestValue", value_copy, value_free);

  g_test_add_func ("/tend/channel/threads/receivers-hear-that-it-was-dropped-elsewhere",
                   test_receivers_hear_that_it_was_dropped_elsewhere);
  g_test_add_func ("/tend/channel/threads/senders-hear-that-it-was-dropped-elsewhere",
                   test_senders_hear_that_it_was_dropped_elsewhere);
  g_test_add_func ("/tend/channel/threads/may-be-dropped-elsewhere-while-it-is-used",
                   test_may_be_dropped_elsewhere_while_it_is_used);
  g_test_add_func ("/tend/channel/threads/value-of-a-cancelled-send-is-freed-at-home",
                   test_value_of_a_cancelled_send_is_freed_at_home);
  g_test_add_func ("/tend/channel/threads/value-of-a-cancelled-receive-is-freed-at-home",
                   test_value_of_a_cancelled_receive_is_freed_at_home);

  return g_test_run ();
}
