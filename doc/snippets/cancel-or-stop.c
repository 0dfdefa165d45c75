// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code blocks of doc/cancel-or-stop.md.

#include <tend.h>

static void
save (void)
{
  g_print ("saved\n");
}

static gboolean
count_up (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  for (int i = 0; i < 100; i++)
    {
      if (!tend_sleep (G_TIME_SPAN_SECOND / 10, error))
        {
          /* Asked to end. What is begun is finished, and the waits of that are let through. */
          g_auto(TendShield) shield = tend_shield_enter ();

          if (tend_sleep (G_TIME_SPAN_SECOND / 10, NULL))
            save ();
          return FALSE;
        }
    }

  return TRUE;
}

/* Those who were asked something, and answer by a callback some day. */
static GQueue asked = G_QUEUE_INIT;

static void
give_up_cb (TendTask *task,
            gpointer  user_data)
{
  g_queue_remove (&asked, user_data);
  tend_task_return_error_if_cancelled (task);
}

static gboolean
ask_body (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  g_queue_push_tail (&asked, user_data);
  tend_task_add_cancel_handler (task, give_up_cb, user_data, NULL);

  return TRUE;
}

static gboolean
end_in_time (TendTask  *task,
             gint64     timeout,
             GError   **error)
{
  g_autoptr(TendTask) limited = NULL;

  tend_task_cancel (task);
  limited = tend_task_with_timeout (task, timeout);
  if (!tend_await (limited, NULL) && !tend_task_is_ended (task))
    tend_task_stop (task);

  return tend_await (task, error);
}

static gboolean
run (TendTask  *main_task,
     gpointer   user_data,
     GError   **error)
{
  g_autoptr(TendTask) patient = tend_task_run_fiber ("patient", count_up, NULL, NULL);
  g_autoptr(TendTask) hurried = tend_task_run_fiber ("hurried", count_up, NULL, NULL);
  g_autoptr(TendTask) question = tend_task_run_open ("question", ask_body, (gpointer) "Bob", NULL);
  g_autoptr(GError) failure = NULL;

  tend_task_cancel (question);
  g_print ("%s, %u left\n", tend_task_get_error (question)->message, g_queue_get_length (&asked));

  if (!tend_sleep (G_TIME_SPAN_SECOND / 4, error))
    return FALSE;

  if (!end_in_time (patient, G_TIME_SPAN_SECOND, &failure))
    g_print ("%s\n", failure->message);
  g_clear_error (&failure);
  if (!end_in_time (hurried, 1000, &failure))
    g_print ("%s\n", failure->message);

  return TRUE;
}

int
main (void)
{
  return tend_run (run, NULL, NULL) ? 0 : 1;
}
