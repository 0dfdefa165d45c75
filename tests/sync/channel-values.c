// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Channels: values of every type, and the properties.

#include "channel-fixture.h"

/* --- Values --- */

static void
test_null (Fixture       *fixture,
           gconstpointer  unused)
{
  g_auto(GValue) value = G_VALUE_INIT;

  g_assert_true (tend_channel_try_send (fixture->channel, NULL));
  g_assert_true (tend_channel_try_send (fixture->channel, NULL));
  g_assert_true (tend_channel_try_receive (fixture->channel, NULL));
  g_assert_true (tend_channel_try_receive (fixture->channel, &value));
  g_assert_true (G_VALUE_HOLDS_POINTER (&value));
  g_assert_null (g_value_get_pointer (&value));
}

static TendChannel *copy_target;

static void
fill_channel (void)
{
  tend_channel_try_send (copy_target, NULL);
}

static void
close_channel (void)
{
  tend_channel_close (copy_target);
}

/* What copies a value may use the channel itself. */
static void
test_copy_uses_channel (Fixture       *fixture,
                        gconstpointer  unused)
{
  g_auto(GValue) value = G_VALUE_INIT;

  copy_target = fixture->channel;
  on_copy = fill_channel;
  g_assert_false (try_send_token (fixture->channel, 1));
  go (fixture, send_one, "a", 2);
  settle (fixture);
  g_assert_cmpuint (tend_channel_get_length (fixture->channel), ==, 1);
  assert_log (fixture, "");

  g_assert_true (tend_channel_try_receive (fixture->channel, &value));
  settle (fixture);
  assert_log (fixture, "a+2");

  on_copy = close_channel;
  go (fixture, send_one, "b", 3);
  assert_log (fixture, "b:closed");
  on_copy = NULL;
  g_assert_cmpint (try_receive_token (fixture->channel), ==, 2);
}

static gboolean
use_types (TendTask  *task,
           gpointer   data,
           GError   **error)
{
  Actor *actor = data;
  TendChannel *channel = actor->fixture->channel;
  g_autoptr(GObject) object = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr(GObject) received = NULL;
  g_autofree char *string = NULL;
  Token sent = { .id = 5 };
  gpointer pointer = NULL;
  Token *boxed;
  gint64 number;

  g_assert_true (tend_channel_send_int (channel, G_MAXINT64, error));
  g_assert_true (tend_channel_send_string (channel, "text", error));
  g_assert_true (tend_channel_send_object (channel, object, error));
  g_assert_true (tend_channel_send_boxed (channel, token_get_type (), &sent, error));
  sent.id = 0;
  g_assert_true (tend_channel_send_pointer (channel, actor, error));
  g_assert_true (tend_channel_send_pointer (channel, NULL, error));
  tend_channel_close (channel);

  g_assert_true (tend_channel_receive_int (channel, &number, error));
  g_assert_cmpint (number, ==, G_MAXINT64);
  string = tend_channel_receive_string (channel, error);
  g_assert_cmpstr (string, ==, "text");
  received = tend_channel_receive_object (channel, error);
  g_assert_true (received == object);

  boxed = tend_channel_receive_boxed (channel, token_get_type (), error);
  g_assert_cmpint (boxed->id, ==, 5);
  n_tokens--;
  g_free (boxed);
  g_assert_true (tend_channel_receive_pointer (channel, &pointer, error));
  g_assert_true (pointer == actor);
  g_assert_true (tend_channel_receive_pointer (channel, &pointer, error));
  g_assert_null (pointer);

  g_assert_false (tend_channel_receive_int (channel, &number, error));
  g_assert_null (tend_channel_receive_boxed (channel, token_get_type (), error));
  g_assert_false (tend_channel_receive_pointer (channel, &pointer, error));
  g_assert_null (tend_channel_receive_string (channel, error));
  g_assert_null (tend_channel_receive_object (channel, error));
  g_assert_no_error (*error);
  return TRUE;
}

static void
test_typed (Fixture       *fixture,
            gconstpointer  unused)
{
  TendTask *task = go (fixture, use_types, "t", 0);

  g_assert_no_error (tend_task_get_error (task));
}

static gboolean
receive_wrong_types (TendTask  *task,
                     gpointer   data,
                     GError   **error)
{
  Actor *actor = data;
  TendChannel *channel = actor->fixture->channel;
  g_autoptr(GError) failure = NULL;
  gpointer pointer;
  gint64 number;

  g_assert_true (tend_channel_receive_int (channel, &number, &failure));
  g_assert_cmpint (number, ==, 7);

  g_assert_false (tend_channel_receive_int (channel, &number, &failure));
  g_assert_error (failure, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_clear_error (&failure);
  g_assert_null (tend_channel_receive_string (channel, &failure));
  g_assert_error (failure, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_clear_error (&failure);
  g_assert_null (tend_channel_receive_object (channel, &failure));
  g_assert_error (failure, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_clear_error (&failure);
  g_assert_null (tend_channel_receive_boxed (channel, G_TYPE_BYTES, &failure));
  g_assert_error (failure, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_clear_error (&failure);
  g_assert_false (tend_channel_receive_pointer (channel, &pointer, &failure));
  g_assert_error (failure, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  return TRUE;
}

static void
test_wrong_types (Fixture       *fixture,
                  gconstpointer  unused)
{
  g_auto(GValue) value = G_VALUE_INIT;
  TendTask *task;

  /* As Python sends a number. */
  g_value_init (&value, G_TYPE_INT);
  g_value_set_int (&value, 7);
  g_assert_true (tend_channel_try_send (fixture->channel, &value));
  for (int i = 0; i < 5; i++)
    try_send_token (fixture->channel, i);

  task = go (fixture, receive_wrong_types, "t", 0);
  g_assert_no_error (tend_task_get_error (task));
}

/* --- Properties --- */

static void
note_property_cb (GObject    *object,
                  GParamSpec *pspec,
                  gpointer    data)
{
  guint length;
  gboolean is_closed;

  g_object_get (object, "length", &length, "closed", &is_closed, NULL);
  note (data, "%s:%u,%d", pspec->name, length, is_closed);
}

/* Once in a turn, whatever has happened in it, and not for what was taken back. */
static void
test_properties (Fixture       *fixture,
                 gconstpointer  unused)
{
  g_auto(GValue) value = G_VALUE_INIT;

  g_signal_connect (fixture->channel, "notify", G_CALLBACK (note_property_cb), fixture);
  for (int i = 0; i < 3; i++)
    g_assert_true (try_send_token (fixture->channel, i));
  assert_log (fixture, "");
  settle (fixture);
  assert_log (fixture, "length:3,0");

  g_assert_true (tend_channel_try_receive (fixture->channel, &value));
  g_assert_true (try_send_token (fixture->channel, 4));
  settle (fixture);
  assert_log (fixture, "");

  tend_channel_close (fixture->channel);
  settle (fixture);
  assert_log (fixture, "closed:3,1");

  /* One that goes tells nothing any more. */
  g_value_unset (&value);
  g_assert_true (tend_channel_try_receive (fixture->channel, &value));
}

int
main (int   argc,
      char *argv[])
{
  static const Case unbounded = { 0 };
  static const Case one = { .capacity = 1 };

  g_test_init (&argc, &argv, NULL);

  add ("properties", &unbounded, test_properties);
  add ("values/null", &unbounded, test_null);
  add ("values/copy-uses-channel", &one, test_copy_uses_channel);
  add ("values/typed", &unbounded, test_typed);
  add ("values/wrong-types", &unbounded, test_wrong_types);

  return g_test_run ();
}
