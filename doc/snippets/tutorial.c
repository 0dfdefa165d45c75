// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code blocks of doc/tutorial.md.

#include <tend.h>

static gboolean
fail (TendTask  *task,
      gpointer   user_data,
      GError   **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "No such thing");
  return FALSE;
}

static gboolean
read_the_error (TendTask  *main_task,
                gpointer   user_data,
                GError   **error)
{
  g_autoptr(TendTask) task = tend_task_run (NULL, fail, NULL, NULL);
  g_autoptr(GError) failure = NULL;

  g_print ("Do some work\n");
  if (!tend_sleep (G_TIME_SPAN_SECOND, error))
    return FALSE;

  if (!tend_await (task, &failure))
    g_print ("It has failed: %s\n", failure->message);

  return TRUE;
}

static void
exit_cb (TendTask *task,
         gpointer  user_data)
{
  g_autofree char *text = tend_task_to_string (task);

  g_print ("%s is %s\n", text, tend_task_status_to_string (tend_task_get_status (task)));
}

static gboolean
boil (TendTask  *task,
      gpointer   user_data,
      GError   **error)
{
  tend_task_add_exit_handler (task, exit_cb, NULL, NULL);

  g_print ("Heating\n");
  if (!tend_sleep (180 * G_TIME_SPAN_SECOND, error))
    return FALSE;
  g_print ("Boiling\n");

  return TRUE;
}

static gboolean
stop_the_kettle (TendTask  *main_task,
                 gpointer   user_data,
                 GError   **error)
{
  g_autoptr(TendTask) kettle = tend_task_run_fiber ("kettle", boil, NULL, NULL);
  g_autoptr(GError) failure = NULL;

  if (!tend_sleep (G_TIME_SPAN_SECOND, error))
    return FALSE;

  tend_task_stop (kettle);
  if (!tend_await (kettle, &failure))
    g_print ("%s\n", failure->message);

  return TRUE;
}

static gboolean
make_tea (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_FIRST_ERROR);
  g_autoptr(TendTask) cup = tend_task_new ("cup", fail, NULL, NULL);

  tend_task_set_delay (cup, G_TIME_SPAN_SECOND);

  if (!tend_group_add (group, tend_task_new_fiber ("kettle", boil, NULL, NULL), error) ||
      !tend_group_add (group, g_steal_pointer (&cup), error))
    return FALSE;
  return tend_group_wait (group, error);
}

static gboolean
tick_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  g_print ("tick\n");
  return TRUE;
}

static gboolean
watch_the_clock (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  tend_task_add_timer (task, G_TIME_SPAN_SECOND / 2, G_TIME_SPAN_SECOND / 2, tick_cb, NULL, NULL);

  return tend_sleep (1500 * 1000, error);
}

static gboolean
stir (TendTask  *task,
      gpointer   user_data,
      GError   **error)
{
  g_print ("stir\n");

  return tend_sleep (300 * 1000, error);
}

static gboolean
stir_for_a_while (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  g_autoptr(TendTask) spoon = tend_task_new_fiber ("spoon", stir, NULL, NULL);
  gboolean is_over;

  tend_task_set_interval (spoon, G_TIME_SPAN_SECOND);
  tend_task_set_interval_mode (spoon, TEND_INTERVAL_MODE_FIXED_RATE);
  if (!tend_task_start (spoon, error))
    return FALSE;

  is_over = tend_sleep (3500 * 1000, error);
  tend_task_stop (spoon);

  return is_over;
}

static gboolean
show_time_left (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  TendTimer *egg = user_data;

  g_print ("%.0f s left\n", (double) tend_timer_get_remaining (egg) / G_TIME_SPAN_SECOND);
  return TRUE;
}

static gboolean
egg_is_done (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  g_print ("The egg is done\n");
  tend_task_return_boolean (task, TRUE);
  return TRUE;
}

static gboolean
boil_an_egg (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  g_autoptr(TendTask) pot = tend_task_new_open ("pot", NULL, NULL, NULL);
  TendTimer *egg = tend_task_add_timer (pot, 3 * G_TIME_SPAN_SECOND, -1, egg_is_done, NULL, NULL);

  tend_task_add_timer (pot, G_TIME_SPAN_SECOND, G_TIME_SPAN_SECOND, show_time_left, egg, NULL);
  if (!tend_sleep (1500 * 1000, error))
    return FALSE;

  /* A large one. */
  tend_timer_set_delay (egg, tend_timer_get_remaining (egg) + G_TIME_SPAN_SECOND);

  return tend_await (pot, error);
}

static gboolean
run_all (TendTask  *main_task,
         gpointer   user_data,
         GError   **error)
{
  g_autoptr(TendTask) tea = NULL;
  g_autoptr(TendTask) clock = NULL;
  g_autoptr(GError) failure = NULL;

  if (!read_the_error (main_task, NULL, error) || !stop_the_kettle (main_task, NULL, error))
    return FALSE;

  tea = tend_task_run_fiber ("tea", make_tea, NULL, NULL);
  if (!tend_await (tea, &failure))
    g_print ("No tea: %s\n", failure->message);

  clock = tend_task_run_fiber ("clock", watch_the_clock, NULL, NULL);
  return tend_await (clock, error) && stir_for_a_while (main_task, NULL, error) &&
         boil_an_egg (main_task, NULL, error);
}

int
main (void)
{
  g_autoptr(GError) error = NULL;

  if (!tend_run (run_all, NULL, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  return 0;
}
