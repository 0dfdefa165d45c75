// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Two tasks with a channel between them, both of which run until they are stopped.

#include <tend.h>

typedef struct
{
  TendChannel *channel;
  gint64       next;
  TendTask    *master;
  TendTask    *slave;
} Example;

/* --- Master: sends a number each second, and closes the channel when it ends --- */

static void
master_exit_cb (TendTask *task, gpointer user_data)
{
  Example *self = user_data;
  g_autofree char *text = tend_task_to_string (task);

  g_print ("Exit %s\n", text);
  if (!tend_channel_is_closed (self->channel))
    {
      g_print ("%s closing controller\n", text);
      tend_channel_close (self->channel);
    }
}

static gboolean
send_cb (TendTask *task, gpointer user_data, GError **error)
{
  Example *self = user_data;
  g_auto(GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_INT64);
  g_value_set_int64 (&value, self->next++);
  tend_channel_try_send (self->channel, &value);

  return TRUE;
}

/* A body that returns without a result goes on: the task ends when somebody ends it. */
static gboolean
run_master (TendTask *task, gpointer user_data, GError **error)
{
  tend_task_add_exit_handler (task, master_exit_cb, user_data, NULL);
  tend_task_add_timer (task, G_TIME_SPAN_SECOND, G_TIME_SPAN_SECOND, send_cb, user_data, NULL);

  return TRUE;
}

/* --- Slave: prints what comes --- */

static void
slave_exit_cb (TendTask *task, gpointer user_data)
{
  g_autofree char *text = tend_task_to_string (task);

  g_print ("Exit %s\n", text);
}

static gboolean
run_slave (TendTask *task, gpointer user_data, GError **error)
{
  Example *self = user_data;
  gint64 value;

  tend_task_add_exit_handler (task, slave_exit_cb, NULL, NULL);

  while (tend_channel_receive_int (self->channel, &value, error))
    {
      g_print ("%" G_GINT64_FORMAT "\n", value);
      if (!tend_yield (error))
        return FALSE;
    }

  return *error == NULL;
}

/* --- The main part --- */

static void
stop (TendTask *task)
{
  g_autofree char *text = tend_task_to_string (task);

  g_print ("Stop %s\n", text);
  tend_task_stop (task);
}

static gboolean
stop_both_cb (TendTask *task, gpointer user_data, GError **error)
{
  Example *self = user_data;

  stop (self->slave);
  stop (self->master);

  return FALSE;
}

static gboolean
example (TendTask *main_task, gpointer user_data, GError **error)
{
  g_autoptr(TendChannel) channel = tend_channel_new (0);
  Example self = { .channel = channel };
  g_autoptr(TendTask) master = self.master = tend_task_run_open ("master", run_master, &self, NULL);
  g_autoptr(TendTask) slave = self.slave = tend_task_run_fiber ("slave", run_slave, &self, NULL);
  g_autoptr(TendTask) both = tend_wait_all ((TendTask *[]) { master, slave }, 2);
  g_autoptr(GError) failure = NULL;

  tend_task_add_timer (main_task, 3 * G_TIME_SPAN_SECOND, -1, stop_both_cb, &self, NULL);

  if (!tend_await (both, &failure))
    g_print ("%s\n", failure->message);
  g_print ("Tasks stopped\n");

  return TRUE;
}

int
main (void)
{
  return tend_run (example, NULL, NULL) ? 0 : 1;
}
