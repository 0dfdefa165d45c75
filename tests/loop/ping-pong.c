// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Two that wake each other again and again, by whatever there is to wake by, and one that never has to wait: all
// else of the loop has its turns, and so have other sources.
//
// They go on until a timer, a post, a request from another thread and a source of low priority have come through.
// Where one of them is starved the test does not end.

#include "trace.h"

typedef struct
{
  TendTask    *host;        /* whose scope has the timer */
  TendTask    *other;       /* is cancelled by another thread */
  GSource     *idle;
  TendChannel *there;
  TendChannel *back;
  TendTask    *completed;   /* has ended before all begins */
  guint        n_timer;
  guint        n_posts;
  guint        n_idle;
  guint        n_rounds;
  guint        n_playing;
} Game;

/* Whether all have come through; to be asked in each round. */
static gboolean
is_over (Game *game)
{
  game->n_rounds++;
  return game->n_timer >= 3 && game->n_posts > 0 && game->n_idle >= 3 && tend_task_is_ended (game->other);
}

static gboolean
tick_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  ((Game *) user_data)->n_timer++;
  return TRUE;
}

static gboolean
posted_cb (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  ((Game *) user_data)->n_posts++;
  return TRUE;
}

static gboolean
idle_cb (gpointer user_data)
{
  ((Game *) user_data)->n_idle++;
  return G_SOURCE_CONTINUE;
}

static gboolean
sleep_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  return tend_sleep (G_MAXINT64, error);
}

static gpointer
elsewhere_thread (gpointer data)
{
  Game *game = data;

  tend_task_post (game->host, posted_cb, game, NULL);
  tend_task_cancel (game->other);
  return NULL;
}

/* --- Who plays --- */

static gboolean
send_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  Game *game = user_data;

  while (!is_over (game))
    g_assert_true (tend_channel_send_int (game->there, 1, NULL));
  tend_channel_close (game->there);

  return TRUE;
}

static gboolean
receive_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  Game *game = user_data;
  gint64 value;

  while (tend_channel_receive_int (game->there, &value, NULL))
    ;

  return TRUE;
}

static gboolean
serve_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  Game *game = user_data;
  gint64 value = 0;

  while (!is_over (game))
    {
      g_assert_true (tend_channel_send_int (game->there, value, NULL));
      if (!tend_channel_receive_int (game->back, &value, NULL))
        break;
    }
  tend_channel_close (game->there);

  return TRUE;
}

static gboolean
return_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  Game *game = user_data;
  gint64 value;

  while (tend_channel_receive_int (game->there, &value, NULL))
    g_assert_true (tend_channel_send_int (game->back, value + 1, NULL));

  return TRUE;
}

/* One alone, for whom there is always something in it. */
static gboolean
own_channel_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  Game *game = user_data;
  gint64 value;

  while (!is_over (game))
    {
      g_assert_true (tend_channel_send_int (game->there, 1, NULL));
      g_assert_true (tend_channel_receive_int (game->there, &value, NULL));
    }

  return TRUE;
}

static gboolean
send_for_ever_body (TendTask  *task,
                    gpointer   user_data,
                    GError   **error)
{
  Game *game = user_data;

  while (!is_over (game))
    g_assert_true (tend_channel_send_int (game->there, 1, NULL));

  return TRUE;
}

static gboolean
await_ended_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  Game *game = user_data;

  while (!is_over (game))
    g_assert_true (tend_await (game->completed, NULL));

  return TRUE;
}

static gboolean
complete_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  tend_task_return_value (task, NULL);
  return TRUE;
}

static gboolean
await_child_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  Game *game = user_data;

  while (!is_over (game))
    {
      g_autoptr(TendTask) child = tend_task_run_open (NULL, complete_body, NULL, NULL);

      g_assert_true (tend_await (child, NULL));
    }

  return TRUE;
}

static gboolean
await_any_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  Game *game = user_data;

  while (!is_over (game))
    {
      g_autoptr(TendTask) any = tend_when_any (&game->completed, 1);

      g_assert_true (tend_await (any, NULL));
    }

  return TRUE;
}

static gboolean
await_group_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  Game *game = user_data;

  while (!is_over (game))
    {
      g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
      g_autoptr(TendTask) child = tend_task_new_open (NULL, complete_body, NULL, NULL);

      g_assert_true (tend_group_add (group, g_object_ref (child), NULL));
      g_assert_true (tend_group_wait (group, NULL));
    }

  return TRUE;
}

static gboolean
await_stream_body (TendTask  *task,
                   gpointer   user_data,
                   GError   **error)
{
  Game *game = user_data;
  g_autoptr(TendTaskStream) stream = tend_when_each (&game->completed, 1);

  while (!is_over (game))
    {
      g_autoptr(TendTask) next = tend_task_stream_next (stream);

      g_assert_true (tend_await (next, NULL));
    }

  return TRUE;
}

static gboolean
checkpoint_body (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  while (!is_over (user_data))
    g_assert_true (tend_checkpoint (NULL));

  return TRUE;
}

static gboolean
yield_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  while (!is_over (user_data))
    g_assert_true (tend_yield (NULL));

  return TRUE;
}

/* Two that hand each other a completion to complete. */
typedef struct
{
  Game           *game;
  TendCompletion *ball[2];
} Match;

static gboolean
match_body (TendTask *task,
            Match    *match,
            guint     me)
{
  while (!is_over (match->game))
    {
      g_autoptr(TendCompletion) mine = tend_completion_new (NULL);
      g_autoptr(TendCompletion) theirs = g_steal_pointer (&match->ball[!me]);

      match->ball[me] = g_object_ref (mine);
      if (theirs != NULL)
        tend_completion_set_value (theirs, NULL, NULL);
      tend_await (tend_completion_get_task (mine), NULL);
    }
  if (match->ball[!me] != NULL)
    tend_completion_set_value (match->ball[!me], NULL, NULL);
  g_clear_object (&match->ball[!me]);

  return TRUE;
}

static gboolean
first_match_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  return match_body (task, user_data, 0);
}

static gboolean
second_match_body (TendTask  *task,
                   gpointer   user_data,
                   GError   **error)
{
  return match_body (task, user_data, 1);
}

static gboolean
completions_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  Match match = { .game = user_data };
  g_autoptr(TendTask) first = tend_task_run_fiber ("first", first_match_body, &match, NULL);
  g_autoptr(TendTask) second = tend_task_run_fiber ("second", second_match_body, &match, NULL);

  g_assert_true (tend_await (first, NULL));
  g_assert_true (tend_await (second, NULL));
  return TRUE;
}

/* A request cache: one asks for what the other adds. */
typedef struct
{
  Game             *game;
  TendRequestCache *cache;
} Requests;

static gboolean
add_requests_body (TendTask  *task,
                   gpointer   user_data,
                   GError   **error)
{
  Requests *self = user_data;

  while (!is_over (self->game))
    {
      g_autoptr(TendTask) wait = tend_request_cache_wait_for (self->cache, "a", 1, TEND_FOREVER);
      g_autoptr(TendNumberCache) request = tend_number_cache_new ("a", 1);

      g_assert_true (tend_request_cache_add (self->cache, request, NULL));
      g_assert_true (tend_await (wait, NULL));
      g_object_unref (tend_request_cache_pop (self->cache, "a", 1));
    }

  return TRUE;
}

static gboolean
requests_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  g_autoptr(TendRequestCache) cache = tend_request_cache_new ();
  Requests requests = { user_data, cache };

  return add_requests_body (task, &requests, error);
}

/* --- Callbacks --- */

static void sent_cb (GObject      *source,
                     GAsyncResult *result,
                     gpointer      user_data);

static void
received_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Game *game = user_data;

  g_assert_nonnull (tend_channel_receive_finish (TEND_CHANNEL (source), result, NULL));
  if (!is_over (game))
    tend_channel_receive_async (TEND_CHANNEL (source), NULL, received_cb, game);
  else
    game->n_playing--;
}

static void
sent_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Game *game = user_data;

  g_assert_true (tend_channel_send_finish (TEND_CHANNEL (source), result, NULL));
  if (game->n_playing > 1)
    tend_channel_send_async (TEND_CHANNEL (source), NULL, NULL, sent_cb, game);
  else
    game->n_playing--;
}

static void
play_channel_callbacks (Game *game)
{
  game->n_playing = 2;
  tend_channel_send_async (game->there, NULL, NULL, sent_cb, game);
  tend_channel_receive_async (game->there, NULL, received_cb, game);
}

static void
waited_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Game *game = user_data;

  if (!is_over (game))
    tend_task_wait_async (TEND_TASK (source), NULL, waited_cb, game);
  else
    game->n_playing--;
}

static void
play_waits (Game *game)
{
  game->n_playing = 1;
  tend_task_wait_async (game->completed, NULL, waited_cb, game);
}

static void
cancelled_cb (TendCancellable *cancellable,
              gpointer         user_data)
{
  Game *game = user_data;

  if (!is_over (game))
    tend_cancellable_add_handler (cancellable, cancelled_cb, game, NULL);
  else
    game->n_playing--;
}

static void
play_cancel_handlers (Game *game)
{
  g_autoptr(TendCancellable) cancellable = tend_cancellable_new ();

  game->n_playing = 1;
  g_cancellable_cancel (G_CANCELLABLE (cancellable));
  tend_cancellable_add_handler (cancellable, cancelled_cb, game, NULL);
}

/* --- The games --- */

typedef struct
{
  const char   *name;
  guint         capacity;
  TendBodyFunc  bodies[2];
  void       (* play) (Game *game);
} Kind;

static const Kind kinds[] = {
  { "channel/1", 1, { send_body, receive_body }, NULL },
  { "channel/2", 2, { send_body, receive_body }, NULL },
  { "channel/16", 16, { send_body, receive_body }, NULL },
  { "channel/62", 62, { send_body, receive_body }, NULL },
  { "channel/1000", 1000, { send_body, receive_body }, NULL },
  { "channel/there-and-back", 0, { serve_body, return_body }, NULL },
  { "channel/own", 1, { own_channel_body, NULL }, NULL },
  { "channel/unbounded", 0, { send_for_ever_body, NULL }, NULL },
  { "channel/callbacks", 1, { NULL, NULL }, play_channel_callbacks },
  { "wait/ended-task", 0, { await_ended_body, NULL }, NULL },
  { "wait/child", 0, { await_child_body, NULL }, NULL },
  { "wait/any", 0, { await_any_body, NULL }, NULL },
  { "wait/group", 0, { await_group_body, NULL }, NULL },
  { "wait/stream", 0, { await_stream_body, NULL }, NULL },
  { "wait/callbacks", 0, { NULL, NULL }, play_waits },
  { "completions", 0, { completions_body, NULL }, NULL },
  { "requests", 0, { requests_body, NULL }, NULL },
  { "cancel-handlers", 0, { NULL, NULL }, play_cancel_handlers },
  { "checkpoint", 0, { checkpoint_body, NULL }, NULL },
  { "yield", 0, { yield_body, NULL }, NULL },
};

static void
game_init (Game *game,
           guint capacity)
{
  *game = (Game) { .host = new_host () };
  game->there = tend_channel_new (capacity);
  game->back = tend_channel_new (capacity);
  game->completed = tend_task_run_open (NULL, complete_body, NULL, NULL);
  game->other = tend_task_run_fiber ("other", sleep_body, NULL, NULL);
  tend_task_add_timer (game->host, 100, 100, tick_cb, game, NULL);

  game->idle = g_idle_source_new ();
  g_source_set_priority (game->idle, G_PRIORITY_LOW);
  g_source_set_callback (game->idle, idle_cb, game, NULL);
  g_source_attach (game->idle, g_main_context_get_thread_default ());
}

static void
game_clear (Game *game)
{
  g_source_destroy (game->idle);
  g_source_unref (game->idle);
  g_object_unref (game->there);
  g_object_unref (game->back);
  g_object_unref (game->completed);
  g_object_unref (game->other);
  drop_host (game->host);
}

static void
test_game (gconstpointer data)
{
  const Kind *kind = data;
  GMainContext *context = g_main_context_get_thread_default ();
  TendTask *players[2] = { NULL, NULL };
  GThread *thread;
  Game game;

  game_init (&game, kind->capacity);
  thread = g_thread_new ("elsewhere", elsewhere_thread, &game);
  if (kind->play != NULL)
    kind->play (&game);
  for (guint i = 0; i < 2 && kind->bodies[i] != NULL; i++)
    players[i] = tend_task_run_fiber (NULL, kind->bodies[i], &game, NULL);

  while (game.n_playing > 0)
    g_main_context_iteration (context, TRUE);
  for (guint i = 0; i < 2 && players[i] != NULL; i++)
    {
      while (!tend_task_is_ended (players[i]))
        g_main_context_iteration (context, TRUE);
      g_assert_no_error (tend_task_get_error (players[i]));
      g_object_unref (players[i]);
    }

  g_test_message ("%u rounds", game.n_rounds);
  g_thread_join (thread);
  game_clear (&game);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  int status;

  g_test_init (&argc, &argv, NULL);
  g_main_context_push_thread_default (context);

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *path = g_strdup_printf ("/tend/loop/ping-pong/%s", kinds[i].name);

      g_test_add_data_func (path, &kinds[i], test_game);
    }

  status = g_test_run ();
  g_main_context_pop_thread_default (context);

  return status;
}
