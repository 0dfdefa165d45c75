// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code blocks of doc/errors.md.

#include <tend.h>

static gboolean
load (TendTask  *task,
      gpointer   user_data,
      GError   **error)
{
  if (!tend_sleep (G_TIME_SPAN_SECOND / 100, error))
    return FALSE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "There is no %s", (const char *) user_data);
  return FALSE;
}

static gboolean
load_both (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  g_autoptr(TendTask) map = tend_task_run_fiber ("map", load, (gpointer) "map", NULL);
  g_autoptr(TendTask) text = tend_task_run_fiber ("text", load, (gpointer) "text", NULL);
  g_autoptr(TendTask) both = tend_wait_all ((TendTask *[]) { map, text }, 2);
  g_autoptr(GError) failure = NULL;

  if (!tend_await (both, &failure))
    {
      g_autoptr(GPtrArray) errors = tend_error_list (failure);

      for (guint i = 0; i < errors->len; i++)
        g_print ("%s\n", ((GError *) g_ptr_array_index (errors, i))->message);
    }

  return TRUE;
}

static void
unobserved_cb (const char   *task,
               const GError *error,
               const char   *origin,
               gpointer      user_data)
{
  g_printerr ("%s, made at %s, has failed: %s\n", task, origin, error->message);
}

int
main (void)
{
  tend_set_unobserved_func (unobserved_cb, NULL, NULL);

  return tend_run (load_both, NULL, NULL) ? 0 : 1;
}
