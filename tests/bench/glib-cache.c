// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The peers of the request cache's benchmark that use GLib alone; tend-cache.c says what they are for.

#include "glib-peers.h"

#define HOUR_MSEC (3600 * 1000)

typedef struct
{
  guint64     number;       /* first: the key of the table */
  GHashTable *table;
  GSource    *source;       /* NULL: none */
} Entry;

typedef struct
{
  BenchWork   work;
  GHashTable *table;        /* it has the entries */
  Entry     **entries;
  guint64    *numbers;
  GRand      *rand;
} ByHand;

static gboolean
timed_out_cb (gpointer user_data)
{
  Entry *entry = user_data;

  g_clear_pointer (&entry->source, g_source_unref);
  g_hash_table_remove (entry->table, entry);
  g_free (entry);

  return G_SOURCE_REMOVE;
}

static gpointer
by_hand_begin (guint n)
{
  ByHand *self = g_new0 (ByHand, 1);

  bench_work_init (&self->work, n);
  self->table = g_hash_table_new (g_int64_hash, g_int64_equal);
  self->entries = g_new0 (Entry *, n);
  self->numbers = g_new (guint64, n);
  self->rand = g_rand_new_with_seed (n);
  for (guint i = 0; i < n; i++)
    self->numbers[i] = bench_get_number (self->work.positions[i]);

  return self;
}

static Entry *
entry_new (ByHand  *self,
           guint64  number)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->number = number;
  entry->table = self->table;

  return entry;
}

static void
arm (ByHand *self,
     Entry  *entry,
     guint   msec)
{
  entry->source = g_timeout_source_new (msec);
  g_source_set_callback (entry->source, timed_out_cb, entry, NULL);
  g_source_attach (entry->source, self->work.context);
}

static void
disarm (Entry *entry)
{
  if (entry->source == NULL)
    return;

  g_source_destroy (entry->source);
  g_clear_pointer (&entry->source, g_source_unref);
}

static guint
table_make_and_add (gpointer state)
{
  ByHand *self = state;

  for (guint i = 0; i < self->work.n; i++)
    g_hash_table_add (self->table, entry_new (self, bench_get_number (i)));

  return self->work.n;
}

static guint
source_make_and_add (gpointer state)
{
  ByHand *self = state;

  for (guint i = 0; i < self->work.n; i++)
    {
      Entry *entry = entry_new (self, bench_get_number (i));

      g_hash_table_add (self->table, entry);
      arm (self, entry, HOUR_MSEC);
    }

  return self->work.n;
}

static guint
by_hand_look_up (gpointer state)
{
  ByHand *self = state;

  for (guint i = 0; i < self->work.n; i++)
    g_assert_nonnull (g_hash_table_lookup (self->table, &self->numbers[i]));

  return self->work.n;
}

static guint
by_hand_miss (gpointer state)
{
  ByHand *self = state;

  for (guint i = 0; i < self->work.n; i++)
    {
      guint64 number = ~self->numbers[i];

      g_assert_null (g_hash_table_lookup (self->table, &number));
    }

  return self->work.n;
}

static guint
take_out (ByHand   *self,
          gboolean  free)
{
  for (guint i = 0; i < self->work.n; i++)
    {
      Entry *entry;

      g_assert_true (g_hash_table_steal_extended (self->table, &self->numbers[i], (gpointer *) &entry, NULL));
      disarm (entry);
      if (free)
        g_free (entry);
    }
  g_assert_cmpuint (g_hash_table_size (self->table), ==, 0);

  return self->work.n;
}

static guint
by_hand_pop_and_free (gpointer state)
{
  return take_out (state, TRUE);
}

static guint
by_hand_pop (gpointer state)
{
  return take_out (state, FALSE);
}

static guint
by_hand_make (gpointer state)
{
  ByHand *self = state;

  for (guint i = 0; i < self->work.n; i++)
    self->entries[i] = entry_new (self, bench_get_number (i));

  return self->work.n;
}

static guint
table_add (gpointer state)
{
  ByHand *self = state;

  for (guint i = 0; i < self->work.n; i++)
    g_hash_table_add (self->table, self->entries[i]);

  return self->work.n;
}

static guint
source_add (gpointer state)
{
  ByHand *self = state;

  for (guint i = 0; i < self->work.n; i++)
    {
      g_hash_table_add (self->table, self->entries[i]);
      arm (self, self->entries[i], HOUR_MSEC);
    }

  return self->work.n;
}

static Entry *
add_random (ByHand *self)
{
  Entry *entry = entry_new (self, 0);

  do
    entry->number = ((guint64) g_rand_int (self->rand) << 32 | g_rand_int (self->rand)) >> (64 - BENCH_RANDOM_BITS);
  while (g_hash_table_contains (self->table, entry));
  g_hash_table_add (self->table, entry);

  return entry;
}

static guint
table_add_random (gpointer state)
{
  ByHand *self = state;

  for (guint i = 0; i < self->work.n; i++)
    add_random (self);

  return self->work.n;
}

static guint
source_add_random (gpointer state)
{
  ByHand *self = state;

  for (guint i = 0; i < self->work.n; i++)
    arm (self, add_random (self), HOUR_MSEC);

  return self->work.n;
}

static guint
by_hand_clear (gpointer state)
{
  ByHand *self = state;
  GHashTableIter iter;
  Entry *entry;

  g_hash_table_iter_init (&iter, self->table);
  while (g_hash_table_iter_next (&iter, (gpointer *) &entry, NULL))
    {
      g_hash_table_iter_steal (&iter);
      disarm (entry);
      g_free (entry);
    }

  return self->work.n;
}

static guint
source_make_due (gpointer state)
{
  ByHand *self = state;

  for (guint i = 0; i < self->work.n; i++)
    {
      Entry *entry = entry_new (self, bench_get_number (i));

      g_clear_pointer (&self->entries[i], g_free);
      g_hash_table_add (self->table, entry);
      arm (self, entry, 0);
    }

  return self->work.n;
}

static guint
source_time_out (gpointer state)
{
  ByHand *self = state;

  while (g_hash_table_size (self->table) > 0)
    bench_work_turn (&self->work);

  return self->work.n;
}

static void
by_hand_end (gpointer state)
{
  ByHand *self = state;

  by_hand_clear (self);
  g_hash_table_unref (self->table);
  for (guint i = 0; i < self->work.n; i++)
    g_free (self->entries[i]);
  g_rand_free (self->rand);
  bench_work_clear (&self->work);
  g_free (self->entries);
  g_free (self->numbers);
  g_free (self);
}

const BenchPeer glib_cache_source_peer = {
  .scenario = "S4",
  .name = "GLib source",
  .begin = by_hand_begin,
  .end = by_hand_end,
  .steps = {
    { "make and add", "request", NULL, source_make_and_add, BENCH_WEIGHED },
    { "look up", "request", NULL, by_hand_look_up },
    { "look up in vain", "request", NULL, by_hand_miss },
    { "pop and free", "request", NULL, by_hand_pop_and_free },
    { "make", "request", NULL, by_hand_make },
    { "add", "request", NULL, source_add },
    { "pop", "request", NULL, by_hand_pop },
    { "make and add, random", "request", NULL, source_add_random },
    { "clear", "request", NULL, by_hand_clear },
    { "time out", "request", source_make_due, source_time_out },
  },
};

const BenchPeer glib_cache_table_peer = {
  .scenario = "S4",
  .name = "GLib table",
  .begin = by_hand_begin,
  .end = by_hand_end,
  .steps = {
    { "make and add", "request", NULL, table_make_and_add, BENCH_WEIGHED },
    { "look up", "request", NULL, by_hand_look_up },
    { "look up in vain", "request", NULL, by_hand_miss },
    { "pop and free", "request", NULL, by_hand_pop_and_free },
    { "make", "request", NULL, by_hand_make },
    { "add", "request", NULL, table_add },
    { "pop", "request", NULL, by_hand_pop },
    { "make and add, random", "request", NULL, table_add_random },
    { "clear", "request", NULL, by_hand_clear },
  },
};
