// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code of doc/cancellables.md.

#include <tend.h>

static void
closed_cb (TendCancellable *cancellable,
           gpointer         user_data)
{
  g_autofree char *reason = tend_cancellable_dup_reason (cancellable);

  g_print ("%s: %s\n", (const char *) user_data, reason);
}

static gboolean
search (TendTask  *task,
        gpointer   user_data,
        GError   **error)
{
  return tend_sleep (3600 * G_TIME_SPAN_SECOND, error);
}

static TendTask *
start_search (TendCancellable *window)
{
  g_autoptr(TendCancellable) limit = tend_cancellable_new ();
  TendTask *task = tend_task_run_fiber ("search", search, NULL, NULL);

  tend_cancellable_add_parent (limit, G_CANCELLABLE (window));
  tend_cancellable_cancel_after (limit, 30 * G_TIME_SPAN_SECOND);
  tend_task_add_cancellable (task, G_CANCELLABLE (limit));

  return task;
}

int
main (void)
{
  g_autoptr(TendCancellable) window = tend_cancellable_new ();
  g_autoptr(TendTask) task = start_search (window);
  g_autoptr(GError) error = NULL;
  gulong id;

  id = tend_cancellable_add_handler (window, closed_cb, (gpointer) "closed", NULL);
  tend_cancellable_remove_handler (window, id);

  tend_cancellable_cancel_with_reason (window, "the window was closed");

  if (!tend_task_wait_sync (task, &error))
    g_print ("%s\n", error->message);   /* Task 'search': cancelled: the window was closed */

  return 0;
}
