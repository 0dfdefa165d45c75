// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What copies a value may be user code, and drop the last reference to whatever the value is given to.

#include "common.h"

static GObject *dropped;        /* a reference, which the next copy drops; NULL: none */

static gpointer
dropping_copy (gpointer boxed)
{
  g_clear_object (&dropped);
  return g_strdup (boxed);
}

static GType dropping_text_get_type (void) G_GNUC_CONST;

G_DEFINE_BOXED_TYPE (char, dropping_text, dropping_copy, g_free)

static void
value_init (GValue *value)
{
  g_value_init (value, dropping_text_get_type ());
  g_value_set_static_boxed (value, "text");
}

static void
run_dry (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* Gives @object to the next copy to drop; the caller has no reference any more. */
static gpointer
lend (gpointer object)
{
  g_assert (dropped == NULL);
  dropped = object;
  return object;
}

static void
assert_dropped (void)
{
  g_assert_null (dropped);
}

/* --- Channels --- */

static void
test_channel_try_send (void)
{
  g_auto(GValue) value = G_VALUE_INIT;

  value_init (&value);
  g_assert_true (tend_channel_try_send (lend (tend_channel_new (0)), &value));
  assert_dropped ();
}

static gboolean
send_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  g_auto(GValue) value = G_VALUE_INIT;

  value_init (&value);
  return tend_channel_send (lend (user_data), &value, error);
}

static void
test_channel_send (void)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (tend_run (send_body, tend_channel_new (0), &error));
  g_assert_no_error (error);
  assert_dropped ();
}

/* There is no room, so that the fiber would wait; but nobody can ever receive. */
static void
test_channel_send_to_a_full_one (void)
{
  TendChannel *channel = tend_channel_new (1);
  g_autoptr(GError) error = NULL;

  g_assert_true (tend_channel_try_send (channel, NULL));
  g_assert_false (tend_run (send_body, channel, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_CLOSED);
  assert_dropped ();
}

static void
sent_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  *(gboolean *) user_data = tend_channel_send_finish (TEND_CHANNEL (source), result, &error);
  g_assert_no_error (error);
}

static void
test_channel_send_async (void)
{
  g_auto(GValue) value = G_VALUE_INIT;
  gboolean is_sent = FALSE;

  value_init (&value);
  tend_channel_send_async (lend (tend_channel_new (0)), &value, NULL, sent_cb, &is_sent);
  assert_dropped ();
  run_dry ();
  g_assert_true (is_sent);
}

/* --- Tasks and completions --- */

static void
test_task_return_value (void)
{
  g_auto(GValue) value = G_VALUE_INIT;
  g_autoptr(TendTask) task = tend_task_new_open (NULL, NULL, NULL, NULL);

  value_init (&value);
  tend_task_return_value (lend (g_object_ref (task)), &value);
  assert_dropped ();
  g_assert_cmpstr (g_value_get_boxed (tend_task_get_result (task, NULL)), ==, "text");
  run_dry ();

  tend_task_return_value (lend (tend_task_new_open (NULL, NULL, NULL, NULL)), &value);
  assert_dropped ();
  run_dry ();
}

static void
test_completion_set_value (void)
{
  g_auto(GValue) value = G_VALUE_INIT;
  g_autoptr(GError) error = NULL;
  TendCompletion *completion = tend_completion_new (NULL);
  g_autoptr(TendTask) task = g_object_ref (tend_completion_get_task (completion));

  value_init (&value);
  g_assert_true (tend_completion_set_value (lend (completion), &value, &error));
  g_assert_no_error (error);
  assert_dropped ();
  g_assert_cmpstr (g_value_get_boxed (tend_task_get_result (task, NULL)), ==, "text");
  run_dry ();

  /* The second value is not taken, and the error names the task. */
  completion = tend_completion_new ("twice");
  tend_task_stop (tend_completion_get_task (completion));
  g_assert_false (tend_completion_set_value (lend (completion), &value, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_STATE);
  g_assert_nonnull (strstr (error->message, "twice"));
  assert_dropped ();
}

/* --- Number caches --- */

static void
test_number_cache_add_task (void)
{
  g_auto(GValue) value = G_VALUE_INIT;
  g_autoptr(GError) error = NULL;
  g_autoptr(TendTask) task = tend_task_new_open (NULL, NULL, NULL, NULL);
  TendNumberCache *cache = tend_number_cache_new ("text", 1);

  value_init (&value);
  g_assert_true (tend_number_cache_add_task (lend (cache), task, &value, &error));
  g_assert_no_error (error);
  assert_dropped ();
  run_dry ();

  cache = tend_number_cache_new ("text", 2);
  g_assert_true (tend_number_cache_add_task (cache, lend (tend_task_new_open (NULL, NULL, NULL, NULL)), &value, &error));
  g_assert_no_error (error);
  assert_dropped ();
  g_object_unref (cache);
  run_dry ();
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/value-copies/channel-try-send", test_channel_try_send);
  g_test_add_func ("/tend/value-copies/channel-send", test_channel_send);
  g_test_add_func ("/tend/value-copies/channel-send-to-a-full-one", test_channel_send_to_a_full_one);
  g_test_add_func ("/tend/value-copies/channel-send-async", test_channel_send_async);
  g_test_add_func ("/tend/value-copies/task-return-value", test_task_return_value);
  g_test_add_func ("/tend/value-copies/completion-set-value", test_completion_set_value);
  g_test_add_func ("/tend/value-copies/number-cache-add-task", test_number_cache_add_task);

  return g_test_run ();
}
