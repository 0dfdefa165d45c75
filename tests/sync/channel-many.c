// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Channels in the large: many values, chains of channels, and everything at once at random.

#include "channel-fixture.h"

/* --- In the large --- */

static gboolean
count_up (TendTask  *task,
          gpointer   data,
          GError   **error)
{
  Actor *actor = data;
  guint capacity = tend_channel_get_capacity (actor->fixture->channel);

  for (int i = 0; i < actor->value; i++)
    {
      if (!tend_channel_send_int (actor->fixture->channel, i, error))
        return FALSE;
      g_assert_true (capacity == 0 || tend_channel_get_length (actor->fixture->channel) <= capacity);
    }

  tend_channel_close (actor->fixture->channel);
  return TRUE;
}

static gboolean
check_count (TendTask  *task,
             gpointer   data,
             GError   **error)
{
  Actor *actor = data;
  gint64 value;
  gint64 next = 0;

  while (tend_channel_receive_int (actor->fixture->channel, &value, error))
    g_assert_cmpint (value, ==, next++);

  g_assert_cmpint (next, ==, actor->value);
  return *error == NULL;
}

static void
test_many (Fixture       *fixture,
           gconstpointer  unused)
{
  TendTask *sender, *receiver;
  int n = g_test_quick () ? 100000 : 1000000;

  receiver = go (fixture, check_count, "r", n);
  sender = go (fixture, count_up, "s", n);
  while (!tend_task_is_ended (receiver))
    settle (fixture);
  g_assert_no_error (tend_task_get_error (sender));
  g_assert_no_error (tend_task_get_error (receiver));
}

/* Each stage adds one. */
typedef struct
{
  TendChannel *in;
  TendChannel *out;
} Stage;

static gboolean
run_stage (TendTask  *task,
           gpointer   data,
           GError   **error)
{
  Stage *stage = data;
  gint64 value;

  while (tend_channel_receive_int (stage->in, &value, error))
    {
      if (!tend_channel_send_int (stage->out, value + 1, error))
        return FALSE;
    }

  if (*error != NULL)
    tend_channel_close_with_error (stage->out, *error);
  else
    tend_channel_close (stage->out);
  return *error == NULL;
}

#define N_STAGES 10

static void
test_pipeline (Fixture       *fixture,
               gconstpointer  data)
{
  gboolean fails = ((const Case *) data)->fails;
  g_autoptr(GError) reason = g_error_new (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no source");
  TendChannel *channels[N_STAGES + 1];
  Stage stages[N_STAGES];
  gint64 n = 0, value;
  g_autoptr(GError) error = NULL;

  for (int i = 0; i <= N_STAGES; i++)
    channels[i] = tend_channel_new (i < N_STAGES ? 2 : 0);
  for (int i = 0; i < N_STAGES; i++)
    {
      stages[i] = (Stage) { channels[i], channels[i + 1] };
      g_ptr_array_add (fixture->tasks, tend_task_run_fiber ("stage", run_stage, &stages[i], NULL));
    }

  for (int i = 0; i < 100; i++)
    {
      while (!tend_channel_send_int (channels[0], i, NULL))
        settle (fixture);
    }
  if (fails)
    tend_channel_close_with_error (channels[0], reason);
  else
    tend_channel_close (channels[0]);
  settle (fixture);

  /* All is there, and so this needs no fiber. */
  while (tend_channel_receive_int (channels[N_STAGES], &value, &error))
    g_assert_cmpint (value, ==, n++ + N_STAGES);
  g_assert_cmpint (n, ==, 100);
  if (fails)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  else
    g_assert_no_error (error);

  for (int i = 0; i <= N_STAGES; i++)
    g_assert_finalize_object (channels[i]);
}

/*
 * The property: what was sent is what was received and what is left, each once; each receiver sees
 * the values of one sender in order; and the channel is never too full, whoever is cancelled,
 * stopped or slow.
 */
#define N_ACTORS 8
#define N_EACH 50

typedef struct
{
  Fixture *fixture;
  guint8   is_sent[N_ACTORS][N_EACH];
  guint8   n_received[N_ACTORS][N_EACH];
  int      last[N_ACTORS];          /* received from each sender */
  guint    capacity;
  GRand   *rand;
} World;

typedef struct
{
  World *world;
  int    index;
} Inhabitant;

static void
dawdle (World *world)
{
  if (g_rand_int_range (world->rand, 0, 3) == 0)
    tend_sleep (g_rand_int_range (world->rand, 0, 5), NULL);
}

static gboolean
produce (TendTask  *task,
         gpointer   data,
         GError   **error)
{
  Inhabitant *self = data;
  World *world = self->world;

  for (int i = 0; i < N_EACH; i++)
    {
      if (!send_token (world->fixture->channel, self->index * N_EACH + i, error))
        return FALSE;
      world->is_sent[self->index][i] = TRUE;
      dawdle (world);
    }

  return TRUE;
}

static void
check_in (World *world,
          int    id)
{
  int sender = id / N_EACH;
  int i = id % N_EACH;

  g_assert_cmpint (world->n_received[sender][i]++, ==, 0);
  g_assert_cmpint (i, >, world->last[sender]);
  world->last[sender] = i;
}

static gboolean
consume (TendTask  *task,
         gpointer   data,
         GError   **error)
{
  Inhabitant *self = data;
  World *world = self->world;
  GValue value = G_VALUE_INIT;

  while (tend_channel_receive (world->fixture->channel, &value, error))
    {
      check_in (world, take_id (&value));
      dawdle (world);
    }

  return *error == NULL;
}

static void
consumed_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      data)
{
  const GValue *value = tend_channel_receive_finish (TEND_CHANNEL (object), result, NULL);

  if (value != NULL)
    check_in (data, get_id (value));
}

static void
disturb (World     *world,
         GPtrArray *tasks)
{
  TendTask *task = g_ptr_array_index (tasks, g_rand_int_range (world->rand, 0, (int) tasks->len));
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  switch (g_rand_int_range (world->rand, 0, 8))
    {
    case 0:
      tend_task_cancel (task);
      break;
    case 1:
      tend_task_stop (task);
      break;
    case 2:
    case 3:
      tend_channel_receive_async (world->fixture->channel, cancellable, consumed_cb, world);
      if (g_rand_boolean (world->rand))
        tend_clock_advance (world->fixture->clock, 0, NULL);
      g_cancellable_cancel (cancellable);
      break;
    default:
      tend_clock_advance (world->fixture->clock, g_rand_int_range (world->rand, 0, 3), NULL);
      break;
    }

  g_assert_true (world->capacity == 0 ||
                 tend_channel_get_length (world->fixture->channel) <= world->capacity);
}

static void
run_world (Fixture *fixture,
           guint    capacity,
           guint32  seed)
{
  World world = { .fixture = fixture, .capacity = capacity, .rand = g_rand_new_with_seed (seed) };
  Inhabitant inhabitants[N_ACTORS];
  GValue value = G_VALUE_INIT;

  for (int i = 0; i < N_ACTORS; i++)
    {
      world.last[i] = -1;
      inhabitants[i] = (Inhabitant) { &world, i };
      g_ptr_array_add (fixture->tasks, tend_task_run_fiber ("produce", produce, &inhabitants[i], NULL));
      g_ptr_array_add (fixture->tasks, tend_task_run_fiber ("consume", consume, &inhabitants[i], NULL));
    }

  for (int i = 0; i < 60; i++)
    disturb (&world, fixture->tasks);

  /* Of those who are left, the senders first. */
  for (guint i = 0; i < fixture->tasks->len; i += 2)
    tend_task_cancel (g_ptr_array_index (fixture->tasks, i));
  tend_clock_advance (fixture->clock, G_TIME_SPAN_SECOND, NULL);
  tend_channel_close (fixture->channel);
  tend_clock_advance (fixture->clock, G_TIME_SPAN_SECOND, NULL);
  while (tend_channel_try_receive (fixture->channel, &value))
    check_in (&world, take_id (&value));

  for (int id = 0; id < N_ACTORS * N_EACH; id++)
    g_assert_cmpint (world.is_sent[id / N_EACH][id % N_EACH], ==, world.n_received[id / N_EACH][id % N_EACH]);
  g_assert_cmpint (n_tokens, ==, 0);
  g_rand_free (world.rand);
}

static void
test_nothing_is_lost (Fixture       *fixture,
                      gconstpointer  unused)
{
  for (guint i = 0; i < 200; i++)
    {
      guint capacity = i % 4;

      g_object_unref (fixture->channel);
      fixture->channel = tend_channel_new (capacity);
      run_world (fixture, capacity, i);
      for (guint j = 0; j < fixture->tasks->len; j++)
        {
          tend_task_get_error (g_ptr_array_index (fixture->tasks, j));
          g_assert_finalize_object (g_ptr_array_index (fixture->tasks, j));
        }
      g_ptr_array_set_size (fixture->tasks, 0);
    }
}

int
main (int   argc,
      char *argv[])
{
  static const Case unbounded = { 0 };
  static const Case one = { .capacity = 1 };
  static const Case failing = { .fails = TRUE };

  g_test_init (&argc, &argv, NULL);

  add ("many/unbounded", &unbounded, test_many);
  add ("many/bounded", &one, test_many);
  add ("many/pipeline", &unbounded, test_pipeline);
  add ("many/pipeline-fails", &failing, test_pipeline);
  add ("many/nothing-is-lost", &unbounded, test_nothing_is_lost);

  return g_test_run ();
}
