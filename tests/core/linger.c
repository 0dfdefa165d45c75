// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// An object whose last reference is dropped in another thread, while its own goes on using it: it stays until the
// other thread is done with it, and goes at home.

#include "tend-core-private.h"

#include "../support/rounds.h"

#include <gio/gio.h>

typedef struct
{
  GObject      parent_instance;

  GAsyncQueue *home;        /* of TendLinger */
  GThread     *thread;      /* whose it is */
} Lodger;

typedef GObjectClass LodgerClass;

GType lodger_get_type (void);

G_DEFINE_TYPE (Lodger, lodger, G_TYPE_OBJECT)

static guint n_finalized;
static guint n_noticed;

static void
alone_cb (TendLinger *linger,
          gpointer    data)
{
  g_async_queue_push (data, linger);
}

static void
lodger_dispose (GObject *object)
{
  Lodger *self = (Lodger *) object;

  if (self->thread != g_thread_self ())
    {
      tend_linger_begin (object, alone_cb, self->home);
      return;
    }

  G_OBJECT_CLASS (lodger_parent_class)->dispose (object);
}

static void
lodger_finalize (GObject *object)
{
  Lodger *self = (Lodger *) object;

  g_assert_true (self->thread == g_thread_self ());
  n_finalized++;

  G_OBJECT_CLASS (lodger_parent_class)->finalize (object);
}

static void
lodger_get_property (GObject    *object,
                     guint       prop_id,
                     GValue     *value,
                     GParamSpec *pspec)
{
}

static void
lodger_class_init (LodgerClass *klass)
{
  klass->dispose = lodger_dispose;
  klass->finalize = lodger_finalize;
  klass->get_property = lodger_get_property;
  g_object_class_install_property (klass, 1, g_param_spec_boolean ("noise", NULL, NULL, FALSE, G_PARAM_READABLE));
}

static void
lodger_init (Lodger *self)
{
}

static Lodger *
lodger_new (GType        type,
            GAsyncQueue *home)
{
  Lodger *self = g_object_new (type, NULL);

  self->home = home;
  self->thread = g_thread_self ();

  return self;
}

static gpointer slot;       /* atomic; what the other thread is to drop */
static int is_stopping;     /* atomic */

static gpointer
drop_thread (gpointer data)
{
  while (!g_atomic_int_get (&is_stopping))
    {
      GObject *object = g_atomic_pointer_exchange (&slot, NULL);

      if (object != NULL)
        g_object_unref (object);
      else
        g_thread_yield ();
    }

  return NULL;
}

/* GObject has one lock for the notifications of all objects: whoever waits for it is held up in the middle. */
static gpointer
noise_thread (gpointer data)
{
  g_autoptr(GObject) object = g_object_new (G_TYPE_OBJECT, NULL);

  while (!g_atomic_int_get (&is_stopping))
    {
      g_object_freeze_notify (object);
      g_object_thaw_notify (object);
    }

  return NULL;
}

static void
notice_cb (GObject    *object,
           GParamSpec *pspec,
           gpointer    data)
{
  n_noticed++;
}

/*
 * What its own thread does with an object that it does not hold: it lends it to somebody. That may be the last to hold
 * it, and then it goes at home at once.
 */
static void
use (Lodger *lodger,
     guint   round)
{
  g_object_ref (lodger);
  if (round % 3 == 0)
    g_object_notify (G_OBJECT (lodger), "noise");
  if (round % 3 == 1)
    {
      g_object_freeze_notify (G_OBJECT (lodger));
      g_object_thaw_notify (G_OBJECT (lodger));
    }
  g_object_unref (lodger);
}

static void
run_rounds (GType type)
{
  g_autoptr(GAsyncQueue) home = g_async_queue_new ();
  guint n_before = n_finalized, n_lingered = 0;
  Rounds rounds = rounds_begin (5000, 50000);

  for (guint i = 0; rounds_next (&rounds); i++)
    {
      Lodger *lodger = lodger_new (type, home);
      TendLinger *linger = NULL;

      g_signal_connect (lodger, "notify", G_CALLBACK (notice_cb), NULL);
      g_atomic_pointer_set (&slot, lodger);
      for (guint round = i; n_finalized - n_before == i && linger == NULL; round++)
        {
          linger = g_async_queue_try_pop (home);
          if (linger == NULL)
            use (lodger, round);
        }

      if (linger != NULL)
        {
          g_assert_true (tend_linger_get_object (linger) == G_OBJECT (lodger));
          tend_linger_end (linger);
          n_lingered++;
        }
      g_assert_cmpuint (n_finalized - n_before, ==, i + 1);
    }

  g_assert_null (g_async_queue_try_pop (home));
  g_test_message ("%u of %u were dropped elsewhere last", n_lingered, rounds.n);
}

static gpointer
drop_one_thread (gpointer data)
{
  g_object_unref (data);

  return NULL;
}

/* Disposes of it as in another thread. Where it is not being freed and not frozen, it is told at once. */
static void
begin_going (Lodger *lodger)
{
  lodger->thread = NULL;
  g_object_run_dispose (G_OBJECT (lodger));
  lodger->thread = g_thread_self ();
}

/* A class that is derived while objects of its parent go has our function of theirs, and passes on what it gets. */
static void
test_class_derived_meanwhile (void)
{
  g_autoptr(GAsyncQueue) home = g_async_queue_new ();
  Lodger *first = lodger_new (lodger_get_type (), home), *second;
  TendLinger *linger;
  GType type;

  g_object_freeze_notify (G_OBJECT (first));
  begin_going (first);

  type = g_type_register_static_simple (lodger_get_type (), "Sublodger", sizeof (LodgerClass), NULL, sizeof (Lodger), NULL, 0);
  second = lodger_new (type, home);
  g_object_thaw_notify (G_OBJECT (first));
  g_object_unref (first);
  linger = g_async_queue_pop (home);
  tend_linger_end (linger);

  n_noticed = 0;
  g_signal_connect (second, "notify", G_CALLBACK (notice_cb), NULL);
  g_object_notify (G_OBJECT (second), "noise");
  g_assert_cmpuint (n_noticed, ==, 1);

  g_thread_join (g_thread_new ("drop", drop_one_thread, second));
  linger = g_async_queue_pop (home);
  tend_linger_end (linger);
  g_assert_cmpuint (n_finalized, ==, 2);
}

static void
end_going (GAsyncQueue *home,
           Lodger      *lodger)
{
  guint n_before = n_finalized;
  TendLinger *linger;

  g_object_thaw_notify (G_OBJECT (lodger));
  g_object_unref (lodger);
  linger = g_async_queue_try_pop (home);
  g_assert_nonnull (linger);
  g_assert_true (tend_linger_get_object (linger) == G_OBJECT (lodger));
  tend_linger_end (linger);
  g_assert_cmpuint (n_finalized - n_before, ==, 1);
  g_assert_null (g_async_queue_try_pop (home));
}

/* The end of one says nothing of another that goes at the same time. */
static void
test_two_of_a_class (void)
{
  g_autoptr(GAsyncQueue) home = g_async_queue_new ();
  Lodger *lodgers[2];

  for (guint i = 0; i < G_N_ELEMENTS (lodgers); i++)
    {
      lodgers[i] = lodger_new (lodger_get_type (), home);
      g_object_freeze_notify (G_OBJECT (lodgers[i]));
      begin_going (lodgers[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (lodgers); i++)
    end_going (home, lodgers[i]);
}

/* It goes once, however often it is disposed of before it is home. */
static void
test_disposed_of_twice (void)
{
  g_autoptr(GAsyncQueue) home = g_async_queue_new ();
  Lodger *lodger = lodger_new (lodger_get_type (), home);

  g_object_freeze_notify (G_OBJECT (lodger));
  begin_going (lodger);
  begin_going (lodger);
  end_going (home, lodger);
}

/* The object is used at home while another thread drops the last reference that counts, and when it has. */
static void
test_used_meanwhile (void)
{
  GThread *threads[4];

  threads[0] = g_thread_new ("drop", drop_thread, NULL);
  for (guint i = 1; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("noise", noise_thread, NULL);

  run_rounds (lodger_get_type ());

  g_atomic_int_set (&is_stopping, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (n_noticed, >, 0);
}

/* An object that is made while others of its class go elsewhere tells of its properties like any other. */
static void
test_made_meanwhile (void)
{
  g_autoptr(GAsyncQueue) home = g_async_queue_new ();
  Rounds rounds = rounds_begin (2000, 50000);
  GThread *thread;

  g_atomic_int_set (&is_stopping, FALSE);
  thread = g_thread_new ("drop", drop_thread, NULL);

  while (rounds_next (&rounds))
    {
      Lodger *lodger = lodger_new (lodger_get_type (), home), *made;
      TendLinger *linger;

      g_atomic_pointer_set (&slot, lodger);
      do
        {
          made = lodger_new (lodger_get_type (), home);
          g_signal_connect (made, "notify", G_CALLBACK (notice_cb), NULL);
          n_noticed = 0;
          g_object_notify (G_OBJECT (made), "noise");
          g_assert_cmpuint (n_noticed, ==, 1);
          g_object_unref (made);
        }
      while ((linger = g_async_queue_try_pop (home)) == NULL);
      tend_linger_end (linger);
    }

  g_atomic_int_set (&is_stopping, TRUE);
  g_thread_join (thread);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/linger/class-derived-meanwhile", test_class_derived_meanwhile);
  g_test_add_func ("/tend/linger/two-of-a-class", test_two_of_a_class);
  g_test_add_func ("/tend/linger/disposed-of-twice", test_disposed_of_twice);
  g_test_add_func ("/tend/linger/used-meanwhile", test_used_meanwhile);
  g_test_add_func ("/tend/linger/made-meanwhile", test_made_meanwhile);

  return g_test_run ();
}
