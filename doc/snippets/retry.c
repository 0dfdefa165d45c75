// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code of doc/retry.md.

#include <tend.h>

static gboolean
download (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_HOST_UNREACHABLE, "%s is not there", (const char *) user_data);
  return FALSE;
}

static TendTask *
attempt_cb (guint    attempt,
            gpointer user_data)
{
  return tend_task_new_fiber ("download", download, user_data, NULL);
}

static gboolean
is_worth_it_cb (TendTask     *task,
                guint         attempt,
                const GError *error,
                gpointer      user_data)
{
  return !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
}

static void
network_changed_cb (GNetworkMonitor *monitor,
                    gboolean         is_available,
                    gpointer         retry)
{
  if (is_available)
    tend_retry_retry_now (retry);
}

int
main (void)
{
  g_autoptr(TendRetry) retry = tend_retry_new (5);
  g_autoptr(TendTask) task = NULL;
  g_autoptr(GError) error = NULL;

  tend_retry_set_back_off (retry, G_TIME_SPAN_SECOND / 2, 30 * G_TIME_SPAN_SECOND, 2.0);
  tend_retry_set_jitter (retry, 0.5);
  tend_retry_set_timeout (retry, 2 * G_TIME_SPAN_MINUTE);
  tend_retry_set_predicate (retry, is_worth_it_cb, NULL, NULL);

  g_signal_connect_object (g_network_monitor_get_default (), "network-changed",
                           G_CALLBACK (network_changed_cb), retry, 0);

  task = tend_retry_run (retry, "fetch", attempt_cb, (gpointer) "host", NULL);

  if (!tend_task_wait_sync (task, &error))
    g_print ("%s\n", error->message);   /* host is not there (after 5 attempts) */

  return 0;
}
