// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// User code that a call on a channel runs, and that drops the channel, or the result that is finished.

#include "../task/borrowed.h"

/* --- A value whose free is user code --- */

static gpointer
text_copy (gpointer boxed)
{
  return g_strdup (boxed);
}

static void
text_free (gpointer boxed)
{
  g_free (boxed);
  run_user_code ();
}

static GType text_get_type (void) G_GNUC_CONST;

G_DEFINE_BOXED_TYPE (char, text, text_copy, text_free)

static void
value_init (GValue *value)
{
  g_value_init (value, text_get_type ());
  g_value_take_boxed (value, g_strdup ("text"));
}

/* A channel with one number in it. */
static TendChannel *
new_filled (void)
{
  TendChannel *channel = tend_channel_new (0);

  g_assert_true (tend_channel_send_int (channel, 1, NULL));
  return channel;
}

/* --- Without a wait --- */

static void
test_close_with_error (void)
{
  g_autoptr(GError) error = new_test_error ();

  tend_channel_close_with_error (lend (tend_channel_new (0)), error);
  assert_dropped ();
}

static void
test_try_receive (void)
{
  g_auto(GValue) value = G_VALUE_INIT;

  value_init (&value);
  g_assert_true (tend_channel_try_receive (lend (new_filled ()), &value));
  g_assert_cmpint (g_value_get_int64 (&value), ==, 1);
  assert_dropped ();

  g_value_unset (&value);
  value_init (&value);
  g_assert_false (tend_channel_try_receive (lend (tend_channel_new (0)), &value));
  assert_dropped ();
}

static void
test_receive (void)
{
  g_auto(GValue) value = G_VALUE_INIT;
  g_autoptr(GError) error = NULL;

  value_init (&value);
  g_assert_true (tend_channel_receive (lend (new_filled ()), &value, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_value_get_int64 (&value), ==, 1);
  assert_dropped ();
}

static void
test_send_object (void)
{
  GObject *object = new_toggled (G_TYPE_OBJECT);
  g_autoptr(GError) error = NULL;

  g_assert_true (tend_channel_send_object (lend (tend_channel_new (0)), object, &error));
  g_assert_no_error (error);
  assert_dropped ();
  free_toggled (object);
}

/* --- In a fiber --- */

static gboolean
receive_nothing_body (TendTask  *task,
                      gpointer   user_data,
                      GError   **error)
{
  g_auto(GValue) value = G_VALUE_INIT;

  value_init (&value);
  g_assert_false (tend_channel_receive (user_data, &value, error));
  return TRUE;
}

/* The fiber would wait, but nobody can ever send: a channel that only waiters know is closed. */
static void
test_receive_in_a_fiber (void)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (tend_run (receive_nothing_body, lend (tend_channel_new (0)), &error));
  g_assert_no_error (error);
  assert_dropped ();
}

static gboolean
receive_late_body (TendTask  *task,
                   gpointer   user_data,
                   GError   **error)
{
  gint64 value = 0;

  use_up_waits ();
  g_assert_true (tend_channel_receive_int (user_data, &value, error));
  g_assert_cmpint (value, ==, 1);
  return TRUE;
}

static gboolean
receive_nothing_late_body (TendTask  *task,
                           gpointer   user_data,
                           GError   **error)
{
  use_up_waits ();
  g_assert_false (tend_channel_receive (user_data, NULL, error));
  return TRUE;
}

static void
test_receive_late (void)
{
  run_dropping (receive_late_body, new_filled ());
  run_dropping (receive_nothing_late_body, tend_channel_new (0));
}

static gboolean
send_late_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  use_up_waits ();
  return tend_channel_send_int (user_data, 2, error);
}

static void
test_send_late (void)
{
  run_dropping (send_late_body, tend_channel_new (0));
}

/* --- By callback --- */

static void
keep_result_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static void
test_receive_finish (void)
{
  g_autoptr(TendChannel) channel = tend_channel_new (0);
  g_autoptr(GError) reason = new_test_error ();
  g_autoptr(GError) error = NULL;
  GAsyncResult *result = NULL;

  tend_channel_receive_async (channel, NULL, keep_result_cb, &result);
  tend_channel_close_with_error (channel, reason);
  settle ();
  g_assert_nonnull (result);

  g_assert_null (tend_channel_receive_finish (channel, lend (result), &error));
  assert_test_error (error);
  assert_dropped ();
}

static void
closed_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (tend_channel_receive_finish (TEND_CHANNEL (source), result, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_CLOSED);
  count_cb (user_data);
}

static void
test_receive_async (void)
{
  GCancellable *cancellable = new_toggled (G_TYPE_CANCELLABLE);
  int n_called = 0;

  tend_channel_receive_async (lend (tend_channel_new (0)), cancellable, closed_cb, &n_called);
  assert_dropped ();
  g_assert_cmpint (n_called, ==, 1);
  free_toggled (cancellable);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/borrowed/close-with-error", test_close_with_error);
  g_test_add_func ("/tend/borrowed/try-receive", test_try_receive);
  g_test_add_func ("/tend/borrowed/receive", test_receive);
  g_test_add_func ("/tend/borrowed/send-object", test_send_object);
  g_test_add_func ("/tend/borrowed/receive-in-a-fiber", test_receive_in_a_fiber);
  g_test_add_func ("/tend/borrowed/receive-late", test_receive_late);
  g_test_add_func ("/tend/borrowed/send-late", test_send_late);
  g_test_add_func ("/tend/borrowed/receive-finish", test_receive_finish);
  g_test_add_func ("/tend/borrowed/receive-async", test_receive_async);

  return g_test_run ();
}
