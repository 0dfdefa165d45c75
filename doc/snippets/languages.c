// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code of doc/languages.md in C. The test that runs it compares what it prints with the other languages.

#include <tend.h>

/* --- Run a task and wait for it --- */

static gboolean
greet (TendTask *task, gpointer user_data, GError **error)
{
  tend_task_return_string (task, "hello");
  return TRUE;
}

static gboolean
run_and_wait (GError **error)
{
  g_autoptr(TendTask) task = tend_task_run_fiber ("greeting", greet, NULL, NULL);

  if (!tend_await (task, error))
    return FALSE;

  g_print ("%s: %s\n", tend_task_get_name (task), tend_task_get_string (task));
  return TRUE;
}

/* --- Later, and again and again --- */

static gboolean
tick (TendTask *task, gpointer user_data, GError **error)
{
  g_print ("tick\n");
  return TRUE;
}

static gboolean
repeat (TendTaskManager *manager, GError **error)
{
  g_autoptr(TendTask) task = tend_task_new ("tick", tick, NULL, NULL);

  tend_task_set_delay (task, G_TIME_SPAN_SECOND);
  tend_task_set_interval (task, G_TIME_SPAN_MINUTE);

  if (!tend_task_manager_register (manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, error) ||
      !tend_sleep (150 * G_TIME_SPAN_SECOND, error))
    return FALSE;

  tend_task_cancel (task);
  return TRUE;
}

/* --- Many at once --- */

static gboolean
square (TendTask *task, gpointer user_data, GError **error)
{
  int n = GPOINTER_TO_INT (user_data);

  if (!tend_sleep (G_TIME_SPAN_SECOND, error))
    return FALSE;

  tend_task_return_int (task, n * n);
  return TRUE;
}

static gboolean
collect (GError **error)
{
  g_autoptr(GPtrArray) tasks = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(TendTask) all = NULL;

  for (int n = 1; n <= 3; n++)
    g_ptr_array_add (tasks, tend_task_run_fiber (NULL, square, GINT_TO_POINTER (n), NULL));

  all = tend_when_all ((TendTask **) tasks->pdata, tasks->len);
  if (!tend_await (all, error))
    return FALSE;

  for (guint i = 0; i < tasks->len; i++)
    g_print ("%d\n", (int) tend_task_get_int (tasks->pdata[i]));
  return TRUE;
}

/* --- No longer than that --- */

static gboolean
limit (GError **error)
{
  g_autoptr(TendTask) slow = tend_task_run_delay (G_TIME_SPAN_HOUR);
  g_autoptr(TendTask) limited = tend_task_with_timeout (slow, G_TIME_SPAN_SECOND);
  g_autoptr(GError) failure = NULL;

  if (!tend_await (limited, &failure) && g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    g_print ("timed out\n");

  tend_task_cancel (slow);
  return TRUE;
}

/* --- Cancel, and clean up --- */

static gboolean
keep_open (TendTask *task, gpointer user_data, GError **error)
{
  gboolean is_done = tend_sleep (G_TIME_SPAN_HOUR, error);
  g_auto(TendShield) shield = tend_shield_enter ();

  if (tend_sleep (G_TIME_SPAN_SECOND, NULL))
    g_print ("cleaned up\n");
  return is_done;
}

static gboolean
cancel (GError **error)
{
  g_autoptr(TendTask) task = tend_task_run_fiber ("open", keep_open, NULL, NULL);
  g_autoptr(GError) failure = NULL;

  tend_task_cancel (task);
  if (!tend_await (task, &failure) && g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_print ("cancelled\n");
  return TRUE;
}

/* --- In a thread --- */

static gboolean
read_kernel (TendTask *task, gpointer user_data, GError **error)
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents ("/proc/sys/kernel/ostype", &text, NULL, error))
    return FALSE;

  tend_task_return_string (task, g_strchomp (text));
  return TRUE;
}

static gboolean
use_thread (GError **error)
{
  g_autoptr(TendTask) task = tend_task_run_thread ("kernel", read_kernel, NULL, NULL);

  if (!tend_await (task, error))
    return FALSE;

  g_print ("%s\n", tend_task_get_string (task));
  return TRUE;
}

/* --- An error --- */

static gboolean
find (TendTask *task, gpointer user_data, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no such page");
  return FALSE;
}

static gboolean
handle_error (GError **error)
{
  g_autoptr(TendTask) task = tend_task_run_fiber ("page", find, NULL, NULL);
  g_autoptr(GError) failure = NULL;

  if (!tend_await (task, &failure))
    g_print ("%s\n", failure->message);
  return TRUE;
}

/* --- A request and its answer --- */

static TendTask *
ask (TendRequestCache *requests, guint64 number, GError **error)
{
  g_autoptr(TendNumberCache) cache = tend_number_cache_new ("ping", number);
  g_autoptr(TendTask) answer = tend_task_new_open ("answer", NULL, NULL, NULL);
  g_autoptr(GError) reason = g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "no answer");

  tend_number_cache_set_timeout (cache, 5 * G_TIME_SPAN_SECOND);
  if (!tend_number_cache_add_task_with_error (cache, answer, reason, error) ||
      !tend_request_cache_add (requests, cache, error))
    return NULL;

  return g_steal_pointer (&answer);
}

static void
received (TendRequestCache *requests, guint64 number, const char *text)
{
  g_autoptr(TendNumberCache) cache = tend_request_cache_pop (requests, "ping", number);
  g_autoptr(GPtrArray) tasks = NULL;

  if (cache == NULL)
    return;   /* late, twice, or never asked for */

  tasks = tend_number_cache_list_tasks (cache);
  tend_task_return_string (tasks->pdata[0], text);
}

static gboolean
request (GError **error)
{
  g_autoptr(TendRequestCache) requests = tend_request_cache_new ();
  g_autoptr(TendTask) first = ask (requests, 1, error);
  g_autoptr(TendTask) second = first != NULL ? ask (requests, 2, error) : NULL;
  g_autoptr(GError) failure = NULL;

  if (second == NULL)
    return FALSE;

  received (requests, 1, "pong");
  if (!tend_await (first, error))
    return FALSE;

  g_print ("%s\n", tend_task_get_string (first));
  if (!tend_await (second, &failure))
    g_print ("%s\n", failure->message);
  return tend_request_cache_shutdown (requests, error);
}

/* --- From one task to another --- */

static gboolean
send (TendTask *task, gpointer user_data, GError **error)
{
  TendChannel *channel = user_data;

  for (int n = 1; n <= 3; n++)
    {
      if (!tend_channel_send_int (channel, n, error))
        return FALSE;
    }

  tend_channel_close (channel);
  return TRUE;
}

static gboolean
add_up (GError **error)
{
  g_autoptr(TendChannel) channel = tend_channel_new (1);
  g_autoptr(TendTask) sender = tend_task_run_fiber ("sender", send, channel, NULL);
  GError *failure = NULL;
  gint64 sum = 0, n;

  while (tend_channel_receive_int (channel, &n, &failure))
    sum += n;
  if (failure != NULL)
    {
      g_propagate_error (error, failure);
      return FALSE;
    }

  g_print ("%d\n", (int) sum);
  return tend_await (sender, error);
}

/* --- The end --- */

static gboolean
shut_down (TendTaskManager *manager, GError **error)
{
  if (tend_task_manager_register (manager, tend_task_new_fiber ("open", keep_open, NULL, NULL),
                                  TEND_NAME_POLICY_REJECT, error) == NULL ||
      !tend_sleep (1, error) ||
      !tend_task_manager_shutdown (manager, error))
    return FALSE;

  g_print ("%u left\n", g_list_model_get_n_items (G_LIST_MODEL (manager)));
  return TRUE;
}

static gboolean
show_all (TendTask *task, gpointer user_data, GError **error)
{
  g_autoptr(TendTaskManager) manager = tend_task_manager_new ();

  return run_and_wait (error) &&
         repeat (manager, error) &&
         collect (error) &&
         limit (error) &&
         cancel (error) &&
         use_thread (error) &&
         handle_error (error) &&
         request (error) &&
         add_up (error) &&
         shut_down (manager, error);
}

int
main (void)
{
  TendClock *clock = tend_clock_freeze (NULL);
  g_autoptr(GError) error = NULL;

  if (!tend_run (show_all, NULL, &error))
    g_printerr ("%s\n", error->message);

  g_object_unref (clock);
  return error != NULL;
}
