// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The peers of the manager's benchmark that use GLib alone; tend-manager.c says what they are for.

#include "glib-peers.h"

#define HOUR_MSEC (3600 * 1000)

/* One piece of work. Either peer keeps it in its table, by its name. */
typedef struct
{
  BenchWork  *work;
  GHashTable *table;        /* that it stands in */
  char       *name;
  guint       source_id;    /* 0 where there are no sources */
} Record;

typedef struct
{
  BenchWork   work;
  GHashTable *records;
} Peer;

static void
record_free (Record *record)
{
  g_free (record->name);
  g_free (record);
}

static Record *
add_record (Peer  *self,
            guint  i)
{
  Record *record = g_new0 (Record, 1);

  record->work = &self->work;
  record->table = self->records;
  record->name = g_strdup (bench_work_get_name (&self->work, i));
  g_hash_table_insert (self->records, record->name, record);

  return record;
}

static gpointer
peer_begin (guint n)
{
  Peer *self = g_new0 (Peer, 1);

  bench_work_init (&self->work, n);
  self->records = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) record_free);

  return self;
}

static guint
look_up (gpointer state)
{
  Peer *self = state;

  for (guint i = 0; i < self->work.n; i++)
    g_assert_nonnull (g_hash_table_lookup (self->records, bench_work_get_query (&self->work, i)));

  return self->work.n;
}

static guint
list (gpointer state)
{
  Peer *self = state;
  GHashTableIter iter;
  Record *record;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->records);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &record))
    {
      g_assert_true (record->work == &self->work);
      n++;
    }

  return n;
}

/* --- A source for each --- */

static gboolean
run_cb (gpointer user_data)
{
  Record *record = user_data;

  record->work->n_run++;
  g_hash_table_remove (record->table, record->name);

  return G_SOURCE_REMOVE;
}

static void
attach (Peer    *self,
        guint    i,
        GSource *source)
{
  Record *record = add_record (self, i);

  g_source_set_callback (source, run_cb, record, NULL);
  record->source_id = g_source_attach (source, self->work.context);
  g_source_unref (source);
}

static void
destroy_source (Record *record)
{
  g_source_destroy (g_main_context_find_source_by_id (record->work->context, record->source_id));
}

static guint
source_register (gpointer state)
{
  Peer *self = state;

  for (guint i = 0; i < self->work.n; i++)
    attach (self, i, g_timeout_source_new (HOUR_MSEC));

  return self->work.n;
}

/* Few where each takes long: it is the same turn again. */
static guint
source_turn (gpointer state)
{
  Peer *self = state;
  guint n_turns = CLAMP (2000000 / self->work.n, 5, 1000);

  for (guint i = 0; i < n_turns; i++)
    bench_work_turn (&self->work);

  return n_turns;
}

static guint
source_cancel (gpointer state)
{
  Peer *self = state;

  for (guint i = 0; i < self->work.n; i++)
    {
      Record *record = g_hash_table_lookup (self->records, bench_work_get_query (&self->work, i));

      destroy_source (record);
      g_hash_table_remove (self->records, record->name);
    }
  bench_work_turn (&self->work);
  g_assert_cmpuint (self->work.n_run, ==, 0);
  g_assert_cmpuint (g_hash_table_size (self->records), ==, 0);

  return self->work.n;
}

static guint
source_shut_down (gpointer state)
{
  Peer *self = state;
  GHashTableIter iter;
  Record *record;

  g_hash_table_iter_init (&iter, self->records);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &record))
    {
      destroy_source (record);
      g_hash_table_iter_remove (&iter);
    }
  bench_work_turn (&self->work);

  return self->work.n;
}

static guint
source_run (gpointer state)
{
  Peer *self = state;

  for (guint i = 0; i < self->work.n; i++)
    {
      GSource *source = g_idle_source_new ();

      g_source_set_priority (source, G_PRIORITY_DEFAULT);
      attach (self, i, source);
    }
  while (g_hash_table_size (self->records) > 0)
    bench_work_turn (&self->work);
  g_assert_cmpuint (self->work.n_run, ==, self->work.n);

  return self->work.n;
}

static void
source_end (gpointer state)
{
  Peer *self = state;

  source_shut_down (self);
  g_hash_table_unref (self->records);
  bench_work_clear (&self->work);
  g_free (self);
}

const BenchPeer glib_manager_source_peer = {
  .scenario = "manager",
  .name = "GLib source",
  .begin = peer_begin,
  .end = source_end,
  .steps = {
    { "register", "task", NULL, source_register, BENCH_WEIGHED },
    { "look up", "task", NULL, look_up },
    { "list", "task", NULL, list },
    { "turn", "turn", NULL, source_turn },
    { "cancel", "task", NULL, source_cancel },
    { "shut down", "task", source_register, source_shut_down },
    { "run", "task", NULL, source_run },
  },
};

/* --- The names alone --- */

static guint
name_register (gpointer state)
{
  Peer *self = state;

  for (guint i = 0; i < self->work.n; i++)
    add_record (self, i);

  return self->work.n;
}

static guint
name_cancel (gpointer state)
{
  Peer *self = state;

  for (guint i = 0; i < self->work.n; i++)
    g_assert_true (g_hash_table_remove (self->records, bench_work_get_query (&self->work, i)));

  return self->work.n;
}

static guint
name_shut_down (gpointer state)
{
  Peer *self = state;

  g_hash_table_remove_all (self->records);

  return self->work.n;
}

static guint
name_run (gpointer state)
{
  Peer *self = state;

  name_register (self);
  for (guint i = 0; i < self->work.n; i++)
    run_cb (g_hash_table_lookup (self->records, bench_work_get_name (&self->work, i)));
  g_assert_cmpuint (self->work.n_run, ==, self->work.n);

  return self->work.n;
}

static void
name_end (gpointer state)
{
  Peer *self = state;

  g_hash_table_unref (self->records);
  bench_work_clear (&self->work);
  g_free (self);
}

const BenchPeer glib_manager_name_peer = {
  .scenario = "manager",
  .name = "GLib table",
  .begin = peer_begin,
  .end = name_end,
  .steps = {
    { "register", "task", NULL, name_register, BENCH_WEIGHED },
    { "look up", "task", NULL, look_up },
    { "list", "task", NULL, list },
    { "cancel", "task", NULL, name_cancel },
    { "shut down", "task", name_register, name_shut_down },
    { "run", "task", NULL, name_run },
  },
};
