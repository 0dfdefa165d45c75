// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the watchdog says of a loop that is busy with many jobs between two polls, and of jobs that are nobody's body.

#include "words.h"

#define ROUNDS 10

/* Two that wake each other by a channel that has room for one. */
typedef struct
{
  TendChannel *channel;
  gint64       began;       /* when the first of them ran */
} Game;

static gboolean
send_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  Game *game = user_data;

  /* What runs before the first turn is before the poll. */
  if (!tend_yield (error))
    return FALSE;

  game->began = g_get_monotonic_time ();
  for (int i = 0; i < ROUNDS; i++)
    {
      if (!tend_channel_send_int (game->channel, i, error))
        return FALSE;

      /* Time that only counts if nothing has polled since. */
      g_poll (NULL, 0, 2);
    }

  return TRUE;
}

static gboolean
receive_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  g_autofree char *name = tend_task_to_string (task);
  g_autoptr(Word) word = NULL;
  Game *game = user_data;
  gint64 before;

  if (!tend_yield (error))
    return FALSE;

  for (int i = 0; i < ROUNDS; i++)
    {
      gint64 value;

      if (!tend_channel_receive_int (game->channel, &value, error))
        return FALSE;
      g_assert_cmpint (value, ==, i);
    }

  before = g_get_monotonic_time ();
  word = block ();
  g_assert_cmpstr (word->task, ==, name);
  g_assert_cmpint (word->blocked, >=, before - game->began);

  return TRUE;
}

/*
 * In virtual time the loop does all it can before it polls again. None of what runs takes long, and all of it together
 * counts: the micro-queue is not left between the first and the last.
 */
static void
test_sees_a_busy_micro_queue (void)
{
  G_GNUC_UNUSED g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Game game = { tend_channel_new (1), 0 };
  TendTask *receiver = tend_task_new_fiber ("receiver", receive_body, &game, NULL);
  TendTask *sender = tend_task_new_fiber ("sender", send_body, &game, NULL);

  set_threshold (NEVER);
  g_assert_true (tend_task_start (receiver, NULL));
  g_assert_true (tend_task_start (sender, NULL));
  while (!tend_task_is_ended (receiver) || !tend_task_is_ended (sender))
    g_main_context_iteration (NULL, FALSE);
  g_assert_no_error (tend_task_get_error (receiver));
  g_assert_no_error (tend_task_get_error (sender));

  stop_watchdog ();
  g_assert_finalize_object (game.channel);
  g_assert_finalize_object (sender);
  g_assert_finalize_object (receiver);
}

static void
block_at_the_end (TendTask *task,
                  gpointer  user_data)
{
  *(Word **) user_data = block ();
}

/* A delay has a number once somebody asks. The watchdog does not, and says so. */
static void
test_names_a_task_without_a_number (void)
{
  TendTask *task = tend_task_run_delay (0);
  g_autoptr(Word) word = NULL;

  tend_task_add_exit_handler (task, block_at_the_end, &word, NULL);
  set_threshold (NEVER);
  while (word == NULL)
    g_main_context_iteration (NULL, TRUE);
  stop_watchdog ();

  g_assert_cmpstr (word->task, ==, "Task(?)");
  g_assert_true (g_str_has_prefix (word->message, "Task ?: has blocked the main context for "));
  g_assert_finalize_object (task);
}

static void
test_names_a_task_that_was_numbered_late (void)
{
  TendTask *task = tend_task_run_delay (0);
  g_autofree char *name = tend_task_to_string (task);
  g_autoptr(Word) word = NULL;

  tend_task_add_exit_handler (task, block_at_the_end, &word, NULL);
  set_threshold (NEVER);
  while (word == NULL)
    g_main_context_iteration (NULL, TRUE);
  stop_watchdog ();

  g_assert_cmpstr (word->task, ==, name);
  g_assert_finalize_object (task);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  catch_words ();

  g_test_add_func ("/tend/watchdog/sees-a-busy-micro-queue", test_sees_a_busy_micro_queue);
  g_test_add_func ("/tend/watchdog/names-a-task-without-a-number", test_names_a_task_without_a_number);
  g_test_add_func ("/tend/watchdog/names-a-task-that-was-numbered-late", test_names_a_task_that_was_numbered_late);

  return g_test_run ();
}
