// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code of doc/channels.md: a sender, workers between two channels, a timer that sends, and a sum.

#include <tend.h>

static gboolean
send_numbers (TendTask *task, gpointer user_data, GError **error)
{
  TendChannel *numbers = user_data;

  for (int i = 1; i <= 10; i++)
    {
      /* Waits while the channel is full. */
      if (!tend_channel_send_int (numbers, i, error))
        return FALSE;
    }

  tend_channel_close (numbers);
  return TRUE;
}

typedef struct
{
  TendChannel *in;
  TendChannel *out;
  int          n_workers;
} Stage;

static gboolean
square_numbers (TendTask *task, gpointer user_data, GError **error)
{
  Stage *stage = user_data;
  GError *failure = NULL;
  gint64 number;

  while (tend_channel_receive_int (stage->in, &number, &failure))
    {
      if (!tend_sleep (1000, error) ||
          !tend_channel_send_int (stage->out, number * number, error))
        return FALSE;
    }

  if (failure != NULL)
    {
      tend_channel_close_with_error (stage->out, failure);
      g_propagate_error (error, failure);
      return FALSE;
    }

  /* The last worker passes the end on. */
  if (--stage->n_workers == 0)
    tend_channel_close (stage->out);

  return TRUE;
}

static gboolean
tick (TendTask *task, gpointer user_data, GError **error)
{
  /* Without a limit there is no wait, and so this needs no fiber. */
  return tend_channel_send_string (user_data, "tick", error);
}

static gboolean
print_ticks (TendTask *task, gpointer user_data, GError **error)
{
  TendChannel *ticks = user_data;
  char *text;

  while ((text = tend_channel_receive_string (ticks, error)) != NULL)
    {
      g_print ("%s\n", text);
      g_free (text);
    }

  return *error == NULL;
}

static gboolean
write_lines (TendTask *task, gpointer user_data, GError **error)
{
  TendChannel *lines = user_data;
  GPtrArray *values;

  while ((values = tend_channel_receive_all (lines, error)) != NULL)
    {
      for (guint i = 0; i < values->len; i++)
        g_print ("%s\n", g_value_get_string (g_ptr_array_index (values, i)));
      g_ptr_array_unref (values);
    }

  return *error == NULL;
}

static gboolean
sum_up (TendChannel *channel, gint64 *total, GError **error)
{
  g_auto(GValue) value = G_VALUE_INIT;
  GError *failure = NULL;
  gint64 sum = 0;

  while (tend_channel_receive (channel, &value, &failure))
    sum += g_value_get_int64 (&value);

  if (failure != NULL)
    {
      g_propagate_error (error, failure);
      return FALSE;
    }

  *total = sum;
  return TRUE;
}

static gboolean
run (TendTask *task, gpointer user_data, GError **error)
{
  g_autoptr(TendTaskManager) manager = tend_task_manager_new ();
  g_autoptr(TendChannel) ticks = tend_channel_new (0);
  g_autoptr(TendChannel) lines = tend_channel_new (0);
  g_autoptr(TendChannel) numbers = tend_channel_new (4);
  g_autoptr(TendChannel) squares = tend_channel_new (4);
  Stage stage = { numbers, squares, 3 };
  gint64 total;

  tend_task_add_timer (task, 1000, 1000, tick, ticks, NULL);
  tend_task_manager_register (manager, tend_task_new_fiber ("ticks", print_ticks, ticks, NULL),
                              TEND_NAME_POLICY_REJECT, NULL);

  tend_channel_send_string (lines, "first", NULL);
  tend_channel_send_string (lines, "second", NULL);
  tend_channel_close (lines);
  tend_task_manager_register (manager, tend_task_new_fiber ("lines", write_lines, lines, NULL),
                              TEND_NAME_POLICY_REJECT, NULL);

  tend_task_manager_register (manager, tend_task_new_fiber ("numbers", send_numbers, numbers, NULL),
                              TEND_NAME_POLICY_REJECT, NULL);
  for (int i = 0; i < stage.n_workers; i++)
    tend_task_manager_register (manager, tend_task_new_fiber (NULL, square_numbers, &stage, NULL),
                                TEND_NAME_POLICY_REJECT, NULL);

  if (sum_up (squares, &total, error))
    g_print ("%" G_GINT64_FORMAT "\n", total);

  return tend_task_manager_shutdown (manager, *error == NULL ? error : NULL) && *error == NULL;
}

int
main (void)
{
  g_autoptr(GError) error = NULL;

  if (tend_run (run, NULL, &error))
    return 0;

  g_printerr ("%s\n", error->message);
  return 1;
}
