// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the tests of channels share: fibers and callbacks that send and receive, and note what they
// got. The values are tokens, which are counted, and whose copying and freeing must never run on a
// fiber's stack.

#pragma once

#include <tend.h>

typedef struct
{
  TendClock   *clock;
  TendChannel *channel;
  GPtrArray   *tasks;
  GPtrArray   *actors;
  GString     *log;
} Fixture;

typedef struct
{
  Fixture    *fixture;
  const char *name;
  int         value;
} Actor;

/* What a test is run with. */
typedef struct
{
  guint       capacity;
  void     (* end) (TendTask *task);
  const char *name;                     /* of the error that this end gives */
  gboolean    fails;
} Case;

/* --- Tokens --- */

typedef struct
{
  int id;
} Token;

static int n_tokens;
static GThread *home;
static GTask *dummy;
static gboolean is_mine;        /* the test itself frees a value, wherever it is */
static void (* on_copy) (void); /* what a binding might do while it copies */

/* This never waits: no operation was begun. */
static inline void
assert_is_native (void)
{
  g_autoptr(GError) error = NULL;
  TendCall call = TEND_CALL_INIT;

  g_assert_true (g_thread_self () == home);
  if (is_mine)
    return;

  tend_await_call (&call, &error);
  g_assert_error (error, TEND_ERROR, TEND_ERROR_NO_FIBER);
}

/* Keeps the result for the test. */
static inline void
keep_result_cb (GObject      *source_object,
                GAsyncResult *result,
                gpointer      user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static inline Token *
token_copy (Token *token)
{
  assert_is_native ();
  if (on_copy != NULL)
    on_copy ();

  n_tokens++;
  return g_memdup2 (token, sizeof *token);
}

static inline void
token_free (Token *token)
{
  assert_is_native ();
  n_tokens--;
  g_free (token);
}

GType token_get_type (void);

G_DEFINE_BOXED_TYPE (Token, token, token_copy, token_free)

static inline GValue
token (Token *self,
       int    id)
{
  GValue value = G_VALUE_INIT;

  self->id = id;
  g_value_init (&value, token_get_type ());
  g_value_set_static_boxed (&value, self);

  return value;
}

static inline gboolean
send_token (TendChannel  *channel,
            int           id,
            GError      **error)
{
  Token self;
  GValue value = token (&self, id);

  return tend_channel_send (channel, &value, error);
}

static inline gboolean
try_send_token (TendChannel *channel,
                int          id)
{
  Token self;
  GValue value = token (&self, id);

  return tend_channel_try_send (channel, &value);
}

static inline int
get_id (const GValue *value)
{
  return ((Token *) g_value_get_boxed (value))->id;
}

/* Frees a value that was received, and gives the id of its token. */
static inline int
take_id (GValue *value)
{
  int id = get_id (value);

  is_mine = TRUE;
  g_value_unset (value);
  is_mine = FALSE;

  return id;
}

/* The next id, or 0. */
static inline int
try_receive_token (TendChannel *channel)
{
  GValue value = G_VALUE_INIT;

  return tend_channel_try_receive (channel, &value) ? take_id (&value) : 0;
}

/* --- The fixture --- */

static inline void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  const Case *with = data;

  home = g_thread_self ();
  dummy = g_task_new (NULL, NULL, NULL, NULL);
  g_task_return_boolean (dummy, TRUE);
  fixture->clock = tend_clock_freeze (NULL);
  fixture->channel = tend_channel_new (with->capacity);
  fixture->tasks = g_ptr_array_new ();
  fixture->actors = g_ptr_array_new_with_free_func (g_free);
  fixture->log = g_string_new (NULL);
}

static inline void
settle (Fixture *fixture)
{
  tend_clock_advance (fixture->clock, 0, NULL);
}

static inline void
tear_down (Fixture       *fixture,
           gconstpointer  unused)
{
  settle (fixture);
  for (guint i = 0; i < fixture->tasks->len; i++)
    {
      TendTask *task = g_ptr_array_index (fixture->tasks, i);

      g_assert_true (tend_task_is_ended (task));
      tend_task_get_error (task);
      g_assert_finalize_object (task);
    }
  if (fixture->channel != NULL)
    g_assert_finalize_object (fixture->channel);
  settle (fixture);
  g_assert_cmpint (n_tokens, ==, 0);

  g_ptr_array_unref (fixture->tasks);
  g_ptr_array_unref (fixture->actors);
  g_string_free (fixture->log, TRUE);
  g_assert_finalize_object (fixture->clock);
  g_assert_finalize_object (g_steal_pointer (&dummy));
}

static inline void G_GNUC_PRINTF (2, 3)
note (Fixture    *fixture,
      const char *format,
      ...)
{
  va_list args;

  if (fixture->log->len > 0)
    g_string_append_c (fixture->log, ' ');
  va_start (args, format);
  g_string_append_vprintf (fixture->log, format, args);
  va_end (args);
}

#define assert_log(fixture, expected) \
  G_STMT_START { \
    g_assert_cmpstr ((fixture)->log->str, ==, (expected)); \
    g_string_truncate ((fixture)->log, 0); \
  } G_STMT_END

static inline const char *
name_error (const GError *error)
{
  if (error == NULL)
    return "end";
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return "cancelled";
  if (g_error_matches (error, TEND_ERROR, TEND_ERROR_STOPPED))
    return "stopped";
  if (g_error_matches (error, TEND_ERROR, TEND_ERROR_CLOSED))
    return "closed";
  if (g_error_matches (error, TEND_ERROR, TEND_ERROR_NO_FIBER))
    return "no-fiber";
  return error->message;
}

static inline Actor *
actor_new (Fixture    *fixture,
           const char *name,
           int         value)
{
  Actor *actor = g_new0 (Actor, 1);

  actor->fixture = fixture;
  actor->name = name;
  actor->value = value;
  g_ptr_array_add (fixture->actors, actor);

  return actor;
}

/* Starts a fiber, whose task the fixture keeps. */
static inline TendTask *
go (Fixture      *fixture,
    TendBodyFunc  func,
    const char   *name,
    int           value)
{
  TendTask *task = tend_task_run_fiber (name, func, actor_new (fixture, name, value), NULL);

  g_ptr_array_add (fixture->tasks, task);
  return task;
}

/* Receives into a variable, which the next receive frees, until nothing comes. */
static inline gboolean
receive_all (TendTask  *task,
             gpointer   data,
             GError   **error)
{
  Actor *actor = data;
  GValue value = G_VALUE_INIT;
  g_autoptr(GError) failure = NULL;

  while (tend_channel_receive (actor->fixture->channel, &value, &failure))
    note (actor->fixture, "%s=%d", actor->name, get_id (&value));

  g_assert_false (G_IS_VALUE (&value));
  note (actor->fixture, "%s:%s", actor->name, name_error (failure));
  return TRUE;
}

static inline gboolean
receive_one (TendTask  *task,
             gpointer   data,
             GError   **error)
{
  Actor *actor = data;
  GValue value = G_VALUE_INIT;
  GError *failure = NULL;

  if (tend_channel_receive (actor->fixture->channel, &value, &failure))
    {
      note (actor->fixture, "%s=%d", actor->name, take_id (&value));
      return TRUE;
    }

  note (actor->fixture, "%s:%s", actor->name, name_error (failure));
  if (failure == NULL)
    return TRUE;

  g_propagate_error (error, failure);
  return FALSE;
}

static inline gboolean
send_one (TendTask  *task,
          gpointer   data,
          GError   **error)
{
  Actor *actor = data;
  g_autoptr(GError) failure = NULL;

  if (send_token (actor->fixture->channel, actor->value, &failure))
    note (actor->fixture, "%s+%d", actor->name, actor->value);
  else
    note (actor->fixture, "%s:%s", actor->name, name_error (failure));

  return TRUE;
}

/* Sends 1, 2, ... and closes. */
static inline gboolean
send_many (TendTask  *task,
           gpointer   data,
           GError   **error)
{
  Actor *actor = data;

  for (int i = 1; i <= actor->value; i++)
    {
      if (!send_token (actor->fixture->channel, i, error))
        return FALSE;
    }

  tend_channel_close (actor->fixture->channel);
  return TRUE;
}

static inline void
received_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      data)
{
  Actor *actor = data;
  g_autoptr(GError) error = NULL;
  const GValue *value = tend_channel_receive_finish (TEND_CHANNEL (object), result, &error);

  assert_is_native ();
  g_assert_true ((value == NULL) == (error != NULL));
  if (value != NULL)
    note (actor->fixture, "%s=%d", actor->name, get_id (value));
  else
    note (actor->fixture, "%s:%s", actor->name, name_error (error));
}

static inline void
receive_async (Fixture      *fixture,
               const char   *name,
               GCancellable *cancellable)
{
  tend_channel_receive_async (fixture->channel, cancellable, received_cb, actor_new (fixture, name, 0));
}

static inline void
sent_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      data)
{
  Actor *actor = data;
  g_autoptr(GError) error = NULL;
  gboolean is_sent = tend_channel_send_finish (TEND_CHANNEL (object), result, &error);

  assert_is_native ();
  g_assert_true (is_sent == (error == NULL));
  if (is_sent)
    note (actor->fixture, "%s+%d", actor->name, actor->value);
  else
    note (actor->fixture, "%s:%s", actor->name, name_error (error));
}

static inline void
send_async (Fixture      *fixture,
            const char   *name,
            int           id,
            GCancellable *cancellable)
{
  Token self;
  GValue value = token (&self, id);

  tend_channel_send_async (fixture->channel, &value, cancellable, sent_cb, actor_new (fixture, name, id));
}

static inline void
add (const char  *path,
     const Case  *with,
     void      (* test) (Fixture       *fixture,
                         gconstpointer  with))
{
  g_autofree char *full = g_strconcat ("/tend/channel/", path, NULL);

  g_test_add (full, Fixture, with, set_up, test, tear_down);
}
