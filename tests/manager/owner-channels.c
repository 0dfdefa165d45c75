// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a task has asked of a channel when the owner of its manager goes: it is not called back, and no value is taken.

#include "owner.h"

static void
guarded_sent (GObject      *source,
              GAsyncResult *result,
              gpointer      data)
{
  called (data);
  tend_channel_send_finish (TEND_CHANNEL (source), result, NULL);
}

static void
guarded_received (GObject      *source,
                  GAsyncResult *result,
                  gpointer      data)
{
  called (data);
  tend_channel_receive_finish (TEND_CHANNEL (source), result, NULL);
}

typedef struct
{
  Datum        datum;
  TendChannel *empty;       /* has no value to receive */
  TendChannel *full;        /* has no room to send */
} Channels;

static gboolean
ask_channels_body (TendTask  *task,
                   gpointer   data,
                   GError   **error)
{
  Channels *channels = data;

  called (data);
  tend_channel_receive_async (channels->empty, NULL, guarded_received, data);
  tend_channel_send_async (channels->full, NULL, NULL, guarded_sent, data);

  return TRUE;
}

static void
ask (Scene    *scene,
     Channels *channels)
{
  g_assert_true (tend_channel_try_send (channels->full, NULL));
  add_task (scene, tend_task_new_open ("asks", ask_channels_body, channels, NULL));
  settle (&scene->fixture);
}

/* The value is not taken for somebody who never hears of it: the next receiver gets it. */
static void
test_channels (Scene         *scene,
               gconstpointer  unused)
{
  g_autoptr(TendChannel) empty = tend_channel_new (0);
  g_autoptr(TendChannel) full = tend_channel_new (1);
  g_auto(GValue) value = G_VALUE_INIT;
  Channels channels = { scene->datum, empty, full };

  ask (scene, &channels);
  drop_owner (scene);

  g_assert_true (tend_channel_try_send (empty, NULL));
  settle (&scene->fixture);
  g_assert_true (tend_channel_try_receive (empty, &value));
  g_assert_true (tend_channel_try_receive (full, &value));
  settle (&scene->fixture);
  g_assert_false (tend_channel_try_receive (full, &value));
}

/* The value was on its way when the owner went. */
static void
test_channel_grants_before (Scene         *scene,
                            gconstpointer  unused)
{
  g_autoptr(TendChannel) empty = tend_channel_new (0);
  g_autoptr(TendChannel) full = tend_channel_new (1);
  g_auto(GValue) value = G_VALUE_INIT;
  Channels channels = { scene->datum, empty, full };

  ask (scene, &channels);
  g_assert_true (tend_channel_try_send (empty, NULL));
  drop_owner (scene);
  settle (&scene->fixture);
  g_assert_true (tend_channel_try_receive (empty, &value));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/tend/task-manager/owner/channels", Scene, NULL, set_up_scene, test_channels, tear_down_scene);
  g_test_add ("/tend/task-manager/owner/channel-grants-before", Scene, NULL, set_up_scene, test_channel_grants_before,
              tear_down_scene);

  return g_test_run ();
}
