// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The agenda of timers, without any loop around it.

#include "tend-core-private.h"

/* Arms a job that was not armed before. */
static void
push (TendAgenda *agenda,
      TendJob    *job,
      gint64      deadline)
{
  tend_agenda_push (agenda, job, deadline, tend_agenda_next_sequence (agenda));
}

typedef struct
{
  TendJob        job;
  gint64         deadline;
  guint64        sequence;      /* 0: was never armed */
  GSequenceIter *iter;          /* its place in the model */
} Item;

static void
never_run (TendJob *job)
{
  g_assert_not_reached ();
}

static Item *
new_items (guint n)
{
  Item *items = g_new0 (Item, n);

  for (guint i = 0; i < n; i++)
    tend_job_init (&items[i].job, never_run);

  return items;
}

static Item *
pop (TendAgenda *agenda)
{
  Item *item = G_STRUCT_MEMBER_P (tend_agenda_peek (agenda)->job, -(glong) G_STRUCT_OFFSET (Item, job));

  tend_agenda_remove (agenda, &item->job);
  g_assert_false (tend_job_is_waiting (&item->job));

  return item;
}

static void
test_empty_has_no_first (void)
{
  TendAgenda agenda;

  tend_agenda_init (&agenda);
  g_assert_null (tend_agenda_peek (&agenda));
  tend_agenda_clear (&agenda);
}

static void
test_orders_by_deadline (void)
{
  static const gint64 deadlines[] = {
    5, 3, G_MAXINT64, 9, 1, G_MAXINT64 - 1, 7, -4, 0, 8, 2, 6, 4, ((gint64) 1 << 33) * G_TIME_SPAN_SECOND, G_MININT64,
  };
  g_autofree Item *items = new_items (G_N_ELEMENTS (deadlines));
  TendAgenda agenda;
  gint64 last = G_MININT64;

  tend_agenda_init (&agenda);
  for (guint i = 0; i < G_N_ELEMENTS (deadlines); i++)
    push (&agenda, &items[i].job, deadlines[i]);

  for (guint i = 0; i < G_N_ELEMENTS (deadlines); i++)
    {
      gint64 deadline = tend_agenda_peek (&agenda)->deadline;

      g_assert_cmpint (deadline, >=, last);
      g_assert_cmpint (deadlines[pop (&agenda) - items], ==, deadline);
      last = deadline;
    }

  g_assert_cmpint (last, ==, G_MAXINT64);
  tend_agenda_clear (&agenda);
}

static void
test_keeps_order_of_equals (void)
{
  const guint n = 1000;
  g_autofree Item *items = new_items (n);
  TendAgenda agenda;

  tend_agenda_init (&agenda);
  for (guint i = 0; i < n; i++)
    push (&agenda, &items[i].job, 42);
  for (guint i = 0; i < n; i++)
    g_assert_true (pop (&agenda) == &items[i]);

  tend_agenda_clear (&agenda);
}

/* What was taken out and is armed again for the same moment comes behind the others. */
static void
test_puts_rearmed_behind_equals (void)
{
  g_autofree Item *items = new_items (3);
  TendAgenda agenda;

  tend_agenda_init (&agenda);
  for (guint i = 0; i < 3; i++)
    push (&agenda, &items[i].job, 42);
  tend_agenda_remove (&agenda, &items[0].job);
  push (&agenda, &items[0].job, 42);

  g_assert_true (pop (&agenda) == &items[1]);
  g_assert_true (pop (&agenda) == &items[2]);
  g_assert_true (pop (&agenda) == &items[0]);

  tend_agenda_clear (&agenda);
}

/* Whichever of them leaves, the others come in their order. */
static void
test_removes_from_anywhere (void)
{
  const guint n = 200;
  g_autofree Item *items = new_items (n);

  for (guint gone = 0; gone < n; gone++)
    {
      TendAgenda agenda;

      tend_agenda_init (&agenda);
      /* A permutation: 77 and 200 have no common factor. */
      for (guint i = 0; i < n; i++)
        push (&agenda, &items[i].job, i * 77 % n);
      tend_agenda_remove (&agenda, &items[gone].job);
      g_assert_false (tend_job_is_waiting (&items[gone].job));

      for (guint deadline = 0; deadline < n; deadline++)
        {
          if (deadline == gone * 77 % n)
            continue;
          g_assert_cmpint (tend_agenda_peek (&agenda)->deadline, ==, deadline);
          pop (&agenda);
        }

      g_assert_null (tend_agenda_peek (&agenda));
      tend_agenda_clear (&agenda);
    }
}

/* --- Against a model: a sorted sequence --- */

typedef enum
{
  SPREAD_FEW,           /* few different deadlines, so that many are equal */
  SPREAD_SECOND,
  SPREAD_HOUR,
  SPREAD_PAST,
  SPREAD_NEVER,
  SPREAD_ALL,           /* any number at all */
  N_SPREADS,
} Spread;

static gint64
random_below (GRand  *rand,
              gint64  end)
{
  return (gint64) g_rand_double_range (rand, 0, (double) end);
}

static gint64
random_deadline (GRand  *rand,
                 gint64  now,
                 Spread  spread)
{
  switch (spread)
    {
    case SPREAD_FEW:
      return now + random_below (rand, 40);
    case SPREAD_SECOND:
      return now + random_below (rand, G_TIME_SPAN_SECOND);
    case SPREAD_HOUR:
      return now + random_below (rand, 3600 * G_TIME_SPAN_SECOND);
    case SPREAD_PAST:
      return now - random_below (rand, G_TIME_SPAN_SECOND);
    case SPREAD_NEVER:
      return G_MAXINT64 - random_below (rand, 3);
    case SPREAD_ALL:
    case N_SPREADS:
    default:
      return (gint64) ((guint64) g_rand_int (rand) << 32 | g_rand_int (rand));
    }
}

static int
compare_items (gconstpointer a,
               gconstpointer b,
               gpointer      user_data)
{
  const Item *x = a, *y = b;

  if (x->deadline != y->deadline)
    return x->deadline < y->deadline ? -1 : 1;

  return (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

typedef struct
{
  TendAgenda agenda;
  Item      *items;
  guint      n_items;
  guint      n_waiting;
  GSequence *model;
  GRand     *rand;         /* of a known seed */
  gint64     now;
} Trial;

static void
arm (Trial  *trial,
     Item   *item,
     Spread  spread)
{
  /* What repeats keeps its place among equals. */
  if (item->sequence == 0 || g_rand_boolean (trial->rand))
    item->sequence = tend_agenda_next_sequence (&trial->agenda);
  item->deadline = random_deadline (trial->rand, trial->now, spread);
  item->iter = g_sequence_insert_sorted (trial->model, item, compare_items, NULL);
  tend_agenda_push (&trial->agenda, &item->job, item->deadline, item->sequence);
  trial->n_waiting++;
}

static void
disarm (Trial *trial,
        Item  *item)
{
  g_assert_cmpint (tend_agenda_get_deadline (&trial->agenda, &item->job), ==, item->deadline);
  tend_agenda_remove (&trial->agenda, &item->job);
  g_sequence_remove (g_steal_pointer (&item->iter));
  trial->n_waiting--;
}

static void
check_first (Trial *trial)
{
  const TendHeapEntry *entry = tend_agenda_peek (&trial->agenda);
  Item *first;

  if (trial->n_waiting == 0)
    {
      g_assert_null (entry);
      return;
    }

  first = g_sequence_get (g_sequence_get_begin_iter (trial->model));
  g_assert_true (entry->job == &first->job);
  g_assert_cmpint (entry->deadline, ==, first->deadline);
  g_assert_cmpuint (entry->sequence, ==, first->sequence);
}

/* Arms and disarms at random while the number of those that wait goes up and down again, and time on. */
static void
run_trial (Trial  *trial,
           Spread  spread,
           guint   n_steps)
{
  for (guint step = 0; step < n_steps; step++)
    {
      Item *item = &trial->items[g_rand_int_range (trial->rand, 0, (int) trial->n_items)];
      gboolean is_growing = step % (n_steps / 2) < n_steps / 4;
      gboolean is_waiting = tend_job_is_waiting (&item->job);

      if (!is_waiting && (is_growing || g_rand_int_range (trial->rand, 0, 4) == 0))
        arm (trial, item, spread < N_SPREADS ? spread : (Spread) g_rand_int_range (trial->rand, 0, N_SPREADS));
      else if (is_waiting && (!is_growing || g_rand_int_range (trial->rand, 0, 4) == 0) && g_rand_boolean (trial->rand))
        disarm (trial, item);
      else if (trial->n_waiting > 0 && !is_growing)
        {
          item = g_sequence_get (g_sequence_get_begin_iter (trial->model));
          if (item->deadline > trial->now && item->deadline < G_MAXINT64 / 2)
            trial->now = item->deadline;
          disarm (trial, item);
        }
      else if (g_rand_int_range (trial->rand, 0, 1000) == 0)
        trial->now += random_below (trial->rand, 60 * G_TIME_SPAN_SECOND);

      check_first (trial);
    }

  while (trial->n_waiting > 0)
    {
      disarm (trial, g_sequence_get (g_sequence_get_begin_iter (trial->model)));
      check_first (trial);
    }
}

/* @data: the spread of the deadlines; N_SPREADS: all of them */
static void
test_agrees_with_model (gconstpointer data)
{
  static const guint sizes[] = { 7, 300, 3000 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree Item *items = new_items (sizes[i]);
      Trial trial = { .items = items, .n_items = sizes[i], .now = (gint64) 1 << 40 };

      tend_agenda_init (&trial.agenda);
      tend_agenda_next_sequence (&trial.agenda);
      trial.model = g_sequence_new (NULL);
      trial.rand = g_rand_new_with_seed (sizes[i]);
      run_trial (&trial, (Spread) GPOINTER_TO_UINT (data), 12 * sizes[i] + 2000);
      g_sequence_free (trial.model);
      g_rand_free (trial.rand);
      tend_agenda_clear (&trial.agenda);
    }
}

/* --- Many --- */

/* Far more than the near heap holds else. */
static void
test_keeps_order_of_many_equals (void)
{
  const guint n = 5000;
  g_autofree Item *items = new_items (n);
  TendAgenda agenda;

  tend_agenda_init (&agenda);
  for (guint i = 0; i < n; i++)
    push (&agenda, &items[i].job, i % 2 == 0 ? 42 : 43);
  for (guint i = 0; i < n; i += 2)
    g_assert_true (pop (&agenda) == &items[i]);
  for (guint i = 1; i < n; i += 2)
    g_assert_true (pop (&agenda) == &items[i]);

  tend_agenda_clear (&agenda);
}

/* They are due at once, so that nothing is won by dealing them out. */
static void
test_deals_out_no_equals (void)
{
  const guint n = 5000;
  g_autofree Item *items = new_items (n);
  TendAgenda agenda;

  tend_agenda_init (&agenda);
  for (guint i = 0; i < n; i++)
    push (&agenda, &items[i].job, 42);
  g_assert_cmpuint (agenda.n_rungs, ==, 0);
  for (guint i = 0; i < n; i++)
    g_assert_true (pop (&agenda) == &items[i]);

  tend_agenda_clear (&agenda);
}

/* Each is due before all others. There is an end to the rungs, and not to what can be armed. */
static void
test_takes_ever_earlier_ones (void)
{
  const guint n = 20000;
  g_autofree Item *items = new_items (n);
  TendAgenda agenda;

  tend_agenda_init (&agenda);
  for (guint i = 0; i < n; i++)
    {
      push (&agenda, &items[i].job, (gint64) (n - i) * 1000);
      g_assert_true (tend_agenda_peek (&agenda)->job == &items[i].job);
    }
  g_assert_cmpuint (agenda.n_rungs, <=, TEND_AGENDA_MAX_RUNGS);
  for (guint i = n; i-- > 0;)
    g_assert_true (pop (&agenda) == &items[i]);

  tend_agenda_clear (&agenda);
}

/* What is near is soon found however much is far: the near heap stays small, and has no memory of its past. */
static void
test_keeps_near_heap_small (void)
{
  const guint n = 100000;
  g_autofree Item *items = new_items (n);
  TendAgenda agenda;

  tend_agenda_init (&agenda);
  for (guint i = 0; i < n; i++)
    {
      /* A permutation, as above. */
      push (&agenda, &items[i].job, (gint64) i * 7919 % n * 10);
      g_assert_cmpuint (agenda.near.n_entries, <=, 1024);
    }
  for (guint i = 0; i < n; i++)
    {
      g_assert_cmpint (tend_agenda_peek (&agenda)->deadline, ==, i * 10);
      g_assert_cmpuint (agenda.near.n_entries, <=, 1024);
      pop (&agenda);
    }

  tend_agenda_clear (&agenda);
}

/* --- Memory --- */

/* Whoever has few pays for nothing else; and when the last of many has gone, only what few need is left. */
static void
test_gives_memory_back (void)
{
  const guint n = 10000;
  g_autofree Item *items = new_items (n);
  TendAgenda agenda;

  tend_agenda_init (&agenda);
  for (guint i = 0; i < 100; i++)
    push (&agenda, &items[i].job, i);
  g_assert_cmpuint (agenda.n_rungs, ==, 0);
  for (guint i = 100; i < n; i++)
    push (&agenda, &items[i].job, i);
  g_assert_cmpuint (agenda.n_rungs, >, 0);

  for (guint i = 0; i < n; i++)
    tend_agenda_remove (&agenda, &items[i * 77 % n].job);
  g_assert_cmpuint (agenda.n_rungs, ==, 0);
  g_assert_cmpuint (agenda.near.n_allocated, <=, 1024);

  /* And serves again. */
  push (&agenda, &items[0].job, 1);
  g_assert_true (pop (&agenda) == &items[0]);
  tend_agenda_clear (&agenda);
  g_assert_null (agenda.near.entries);
}

/* --- The time that goes into it --- */

static void
test_time_never_overflows (void)
{
  g_assert_cmpint (tend_time_add (10, 5), ==, 15);
  g_assert_cmpint (tend_time_add (10, 0), ==, 10);
  g_assert_cmpint (tend_time_add (10, G_MAXINT64 - 10), ==, TEND_FOREVER);
  g_assert_cmpint (tend_time_add (10, G_MAXINT64 - 11), ==, TEND_FOREVER - 1);
  g_assert_cmpint (tend_time_add (10, G_MAXINT64), ==, TEND_FOREVER);
  g_assert_cmpint (tend_time_add (TEND_FOREVER, 1), ==, TEND_FOREVER);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/agenda/empty-has-no-first", test_empty_has_no_first);
  g_test_add_func ("/tend/agenda/orders-by-deadline", test_orders_by_deadline);
  g_test_add_func ("/tend/agenda/keeps-order-of-equals", test_keeps_order_of_equals);
  g_test_add_func ("/tend/agenda/puts-rearmed-behind-equals", test_puts_rearmed_behind_equals);
  g_test_add_func ("/tend/agenda/removes-from-anywhere", test_removes_from_anywhere);
  g_test_add_data_func ("/tend/agenda/agrees-with-model/few", GUINT_TO_POINTER (SPREAD_FEW), test_agrees_with_model);
  g_test_add_data_func ("/tend/agenda/agrees-with-model/second", GUINT_TO_POINTER (SPREAD_SECOND), test_agrees_with_model);
  g_test_add_data_func ("/tend/agenda/agrees-with-model/hour", GUINT_TO_POINTER (SPREAD_HOUR), test_agrees_with_model);
  g_test_add_data_func ("/tend/agenda/agrees-with-model/past", GUINT_TO_POINTER (SPREAD_PAST), test_agrees_with_model);
  g_test_add_data_func ("/tend/agenda/agrees-with-model/never", GUINT_TO_POINTER (SPREAD_NEVER), test_agrees_with_model);
  g_test_add_data_func ("/tend/agenda/agrees-with-model/any", GUINT_TO_POINTER (SPREAD_ALL), test_agrees_with_model);
  g_test_add_data_func ("/tend/agenda/agrees-with-model/mixed", GUINT_TO_POINTER (N_SPREADS), test_agrees_with_model);
  g_test_add_func ("/tend/agenda/keeps-order-of-many-equals", test_keeps_order_of_many_equals);
  g_test_add_func ("/tend/agenda/deals-out-no-equals", test_deals_out_no_equals);
  g_test_add_func ("/tend/agenda/takes-ever-earlier-ones", test_takes_ever_earlier_ones);
  g_test_add_func ("/tend/agenda/keeps-near-heap-small", test_keeps_near_heap_small);
  g_test_add_func ("/tend/agenda/gives-memory-back", test_gives_memory_back);
  g_test_add_func ("/tend/agenda/time-never-overflows", test_time_never_overflows);

  return g_test_run ();
}
