// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The parents of a cancellable: what they do to their children, and that these leave nothing behind.

#include "cancellable.h"

#include <time.h>

/* --- Cancelling --- */

static void
test_any_parent_cancels (void)
{
  for (guint i = 0; i < 3; i++)
    {
      TendCancellable *child = tend_cancellable_new ();
      GCancellable *parents[3] = {
        G_CANCELLABLE (tend_cancellable_new ()), g_cancellable_new (), G_CANCELLABLE (tend_cancellable_new ())
      };

      for (guint j = 0; j < 3; j++)
        tend_cancellable_add_parent (child, parents[j]);
      g_assert_false (is_cancelled (child));
      g_cancellable_cancel (parents[i]);
      g_assert_true (is_cancelled (child));
      for (guint j = 0; j < 3; j++)
        {
          g_assert_cmpint (is_cancelled (parents[j]), ==, j == i);
          assert_childless (parents[j]);
          g_assert_finalize_object (parents[j]);
        }
      g_assert_finalize_object (child);
    }
}

/* At no moment is the parent cancelled and the child not, for who looks after the cancelling. */
static void
test_child_and_parent_agree_at_once (void)
{
  TendCancellable *first = tend_cancellable_new ();
  TendCancellable *last = g_object_ref (first);

  for (guint i = 0; i < 50; i++)
    {
      g_autoptr(TendCancellable) parent = last;

      last = tend_cancellable_new ();
      tend_cancellable_add_parent (last, G_CANCELLABLE (parent));
    }
  tend_cancellable_cancel_with_reason (first, "all of it");
  g_assert_true (is_cancelled (last));
  assert_reason (last, "all of it");
  g_assert_finalize_object (last);
  g_assert_finalize_object (first);
}

typedef struct
{
  TendCancellable *parent;
  TendCancellable *child;
  guint            n_calls;
} Other;

static void
cancel_other_parent_cb (GCancellable *cancellable,
                        gpointer      data)
{
  Other *other = data;

  other->n_calls++;
  g_cancellable_cancel (G_CANCELLABLE (other->parent));
  g_assert_true (is_cancelled (other->child));
}

/* Whoever is told of a cancelling, however far down, cancels another parent: its child is cancelled when that returns. */
static void
test_child_is_cancelled_within_a_handler (void)
{
  Other other = { tend_cancellable_new (), tend_cancellable_new (), 0 };
  TendCancellable *first = tend_cancellable_new ();
  TendCancellable *last = g_object_ref (first);

  tend_cancellable_add_parent (other.child, G_CANCELLABLE (other.parent));
  for (guint i = 0; i < 200; i++)
    {
      g_autoptr(TendCancellable) parent = last;

      last = tend_cancellable_new ();
      tend_cancellable_add_parent (last, G_CANCELLABLE (parent));
    }
  g_signal_connect (last, "cancelled", G_CALLBACK (cancel_other_parent_cb), &other);
  g_cancellable_cancel (G_CANCELLABLE (first));
  g_assert_cmpuint (other.n_calls, ==, 1);

  g_assert_finalize_object (last);
  g_assert_finalize_object (first);
  g_assert_finalize_object (other.child);
  g_assert_finalize_object (other.parent);
}

#define N_CHAIN 100000

/* A chain of cancellables, each the only one to hold the one before; gives the last. */
static TendCancellable *
make_chain (TendCancellable *first)
{
  TendCancellable *last = first;

  for (guint i = 1; i < N_CHAIN; i++)
    {
      g_autoptr(TendCancellable) parent = last;

      last = tend_cancellable_new ();
      tend_cancellable_add_parent (last, G_CANCELLABLE (parent));
    }

  return last;
}

/* However long a chain is, it takes no more of the stack. */
static void
test_long_chain_is_cancelled (void)
{
  TendCancellable *first = tend_cancellable_new ();
  TendCancellable *last = make_chain (g_object_ref (first));

  tend_cancellable_cancel_with_reason (first, "all of it");
  g_assert_true (is_cancelled (last));
  assert_reason (last, "all of it");
  assert_childless (first);
  g_assert_finalize_object (last);
  g_assert_finalize_object (first);
}

static void
test_long_chain_is_freed (void)
{
  TendCancellable *first = tend_cancellable_new ();
  GWeakRef ref;

  g_weak_ref_init (&ref, first);
  g_assert_finalize_object (make_chain (first));
  g_assert_null (g_weak_ref_get (&ref));
  g_weak_ref_clear (&ref);
}

static void
cancel_other_cb (GCancellable *cancellable,
                 gpointer      user_data)
{
  TendCancellable *child = g_object_get_data (user_data, "child");

  /* Before this returns, as ever, also where it is called while others are cancelled. */
  g_cancellable_cancel (user_data);
  g_assert_true (is_cancelled (child));
  note ("other");
}

static void
test_cancelled_while_others_are (void)
{
  g_autoptr(TendCancellable) first = tend_cancellable_new ();
  g_autoptr(TendCancellable) second = tend_cancellable_new ();
  g_autoptr(TendCancellable) other = tend_cancellable_new ();
  g_autoptr(TendCancellable) child = tend_cancellable_new ();

  tend_cancellable_add_parent (second, G_CANCELLABLE (first));
  tend_cancellable_add_parent (child, G_CANCELLABLE (other));
  g_object_set_data (G_OBJECT (other), "child", child);
  g_signal_connect (second, "cancelled", G_CALLBACK (cancel_other_cb), other);

  g_cancellable_cancel (G_CANCELLABLE (first));
  assert_notes ("other");
  g_assert_true (is_cancelled (second));
}

static void
test_cancelled_parent_cancels_at_once (void)
{
  TendCancellable *child = tend_cancellable_new ();
  TendCancellable *parent = tend_cancellable_new ();
  g_autoptr(GCancellable) plain = g_cancellable_new ();

  tend_cancellable_cancel_with_reason (parent, "the window was closed");
  tend_cancellable_add_parent (child, G_CANCELLABLE (parent));
  g_assert_true (is_cancelled (child));
  assert_reason (child, "the window was closed");
  g_assert_finalize_object (parent);
  g_assert_finalize_object (child);

  child = tend_cancellable_new ();
  g_cancellable_cancel (plain);
  tend_cancellable_add_parent (child, plain);
  g_assert_true (is_cancelled (child));
  assert_reason (child, NULL);
  g_assert_finalize_object (child);
}

static void
test_child_leaves_its_parents_alone (void)
{
  TendCancellable *child = tend_cancellable_new ();
  TendCancellable *parent = tend_cancellable_new ();

  tend_cancellable_add_parent (child, G_CANCELLABLE (parent));
  g_cancellable_cancel (G_CANCELLABLE (child));
  g_assert_false (is_cancelled (parent));
  assert_childless (parent);
  tend_cancellable_add_parent (child, G_CANCELLABLE (parent));
  assert_childless (parent);
  g_assert_finalize_object (parent);
  g_assert_finalize_object (child);
}

/* Without parents it is a cancellable like any other; itself it cannot have for one. */
static void
test_no_parent_is_fine_and_itself_is_refused (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();

  expect_critical ("*parent != G_CANCELLABLE (self)*");
  tend_cancellable_add_parent (cancellable, G_CANCELLABLE (cancellable));
  g_test_assert_expected_messages ();
  g_assert_false (is_cancelled (cancellable));
  g_assert_finalize_object (cancellable);
}

static void
test_same_parent_twice (void)
{
  TendCancellable *child = tend_cancellable_new ();
  TendCancellable *parent = tend_cancellable_new ();

  tend_cancellable_add_parent (child, G_CANCELLABLE (parent));
  tend_cancellable_add_parent (child, G_CANCELLABLE (parent));
  tend_cancellable_cancel_with_reason (parent, "once");
  assert_reason (child, "once");
  g_assert_finalize_object (parent);
  g_assert_finalize_object (child);
}

/* A chain holds together though nobody else has the one in the middle. */
static void
test_child_keeps_its_parents (void)
{
  TendCancellable *first = tend_cancellable_new ();
  TendCancellable *middle = tend_cancellable_new ();
  TendCancellable *last = tend_cancellable_new ();

  tend_cancellable_add_parent (middle, G_CANCELLABLE (first));
  tend_cancellable_add_parent (last, G_CANCELLABLE (middle));
  g_object_unref (middle);
  g_cancellable_cancel (G_CANCELLABLE (first));
  g_assert_true (is_cancelled (last));
  g_assert_finalize_object (last);
  g_assert_finalize_object (first);
}

/* --- Many children --- */

/* One after the other, they leave nothing behind; with "-m slow" a million of them. */
static void
test_short_lived_children_leave_nothing (void)
{
  g_autoptr(GCancellable) parent = g_cancellable_new ();
  guint n_children = g_test_slow () ? 1000000 : 20000;

  for (guint i = 0; i < n_children; i++)
    {
      TendCancellable *child = tend_cancellable_new ();

      tend_cancellable_add_parent (child, parent);
      g_object_unref (child);
    }
  assert_childless (parent);
}

static void
drop_child_cb (GCancellable *child,
               gpointer      user_data)
{
  g_object_unref (child);
}

/* Who hears that the child is cancelled with its parent may be the last to hold it. */
static void
test_child_is_dropped_while_it_is_cancelled (void)
{
  g_autoptr(GCancellable) parent = g_cancellable_new ();
  TendCancellable *child = tend_cancellable_new ();

  tend_cancellable_add_parent (child, parent);
  g_object_add_weak_pointer (G_OBJECT (child), (gpointer *) &child);
  g_signal_connect (child, "cancelled", G_CALLBACK (drop_child_cb), NULL);
  g_cancellable_cancel (parent);
  g_assert_null (child);
  assert_childless (parent);
}

static void
cancel_child_cb (gpointer  child,
                 GObject  *parent,
                 gboolean  is_last_ref)
{
  if (!is_last_ref)
    g_cancellable_cancel (child);
}

/* Who is told that the parent is used once more cancels the child, which then has no parent any more. */
static void
test_child_is_cancelled_while_it_is_added (void)
{
  GCancellable *parent = g_cancellable_new ();
  TendCancellable *child = tend_cancellable_new ();

  g_object_add_toggle_ref (G_OBJECT (parent), cancel_child_cb, child);
  g_object_unref (parent);
  g_assert_false (g_cancellable_is_cancelled (G_CANCELLABLE (child)));
  tend_cancellable_add_parent (child, parent);
  g_assert_true (g_cancellable_is_cancelled (G_CANCELLABLE (child)));
  g_assert_cmpuint (G_OBJECT (parent)->ref_count, ==, 1);
  assert_childless (parent);

  g_object_remove_toggle_ref (G_OBJECT (parent), cancel_child_cb, child);
  g_assert_finalize_object (child);
}

/* What this thread has computed, in microseconds: other processes have no part in it. */
static gint64
get_own_time (void)
{
  struct timespec time;

  g_assert_cmpint (clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time), ==, 0);
  return (gint64) time.tv_sec * G_TIME_SPAN_SECOND + time.tv_nsec / 1000;
}

/* How long it takes to add so many children, and to remove them from the last to the first or so. */
static gint64
time_children (guint    n_children,
               gboolean from_the_end)
{
  g_autoptr(GCancellable) parent = g_cancellable_new ();
  TendCancellable **children = g_new (TendCancellable *, n_children);
  gint64 begin = get_own_time ();

  for (guint i = 0; i < n_children; i++)
    {
      children[i] = tend_cancellable_new ();
      tend_cancellable_add_parent (children[i], parent);
    }
  for (guint i = 0; i < n_children; i++)
    g_object_unref (children[from_the_end ? n_children - 1 - i : i]);
  begin = get_own_time () - begin;

  assert_childless (parent);
  g_free (children);
  return begin;
}

/* 64 times as many take some 64 times as long: with a list to walk it would be 4096 times. */
static void
test_child_costs_the_same_among_many (void)
{
  for (guint i = 0; i < 2; i++)
    {
      gint64 few = G_MAXINT64;
      gint64 many;

      for (guint j = 0; j < 5; j++)
        few = MIN (few, time_children (500, i));
      many = time_children (32000, i);
      g_test_message ("500: %" G_GINT64_FORMAT " us, 32,000: %" G_GINT64_FORMAT " us", few, many);
      g_assert_cmpint (many, <, few * 1500);
    }
}

typedef struct
{
  GCancellable *parent;
  int           is_over;    /* atomic */
} Storm;

static gpointer
storm_thread (gpointer data)
{
  Storm *storm = data;

  while (!g_atomic_int_get (&storm->is_over))
    {
      g_autoptr(TendCancellable) child = tend_cancellable_new ();

      tend_cancellable_add_parent (child, storm->parent);
      tend_cancellable_cancel_after (child, 0);
    }
  return NULL;
}

/* Children come and go in other threads while their parent is cancelled. */
static void
test_parent_is_cancelled_while_children_come_and_go (void)
{
  for (guint round = 0; round < 30; round++)
    {
      Storm storm = { g_cancellable_new (), FALSE };
      GThread *threads[3];

      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        threads[i] = g_thread_new ("storm", storm_thread, &storm);
      for (guint i = 0; i < 20; i++)
        g_main_context_iteration (NULL, FALSE);
      g_cancellable_cancel (storm.parent);
      g_atomic_int_set (&storm.is_over, TRUE);
      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        g_thread_join (threads[i]);
      settle ();
      assert_childless (storm.parent);
      g_assert_finalize_object (storm.parent);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/cancellable/child-is-dropped-while-it-is-cancelled", test_child_is_dropped_while_it_is_cancelled);
  g_test_add_func ("/tend/cancellable/child-is-cancelled-while-it-is-added", test_child_is_cancelled_while_it_is_added);
  g_test_add_func ("/tend/cancellable/parents/long-chain-is-cancelled", test_long_chain_is_cancelled);
  g_test_add_func ("/tend/cancellable/parents/long-chain-is-freed", test_long_chain_is_freed);
  g_test_add_func ("/tend/cancellable/parents/cancelled-while-others-are", test_cancelled_while_others_are);
  g_test_add_func ("/tend/cancellable/any-parent-cancels", test_any_parent_cancels);
  g_test_add_func ("/tend/cancellable/child-and-parent-agree-at-once", test_child_and_parent_agree_at_once);
  g_test_add_func ("/tend/cancellable/child-is-cancelled-within-a-handler", test_child_is_cancelled_within_a_handler);
  g_test_add_func ("/tend/cancellable/cancelled-parent-cancels-at-once", test_cancelled_parent_cancels_at_once);
  g_test_add_func ("/tend/cancellable/child-leaves-its-parents-alone", test_child_leaves_its_parents_alone);
  g_test_add_func ("/tend/cancellable/no-parent-is-fine-and-itself-is-refused",
                   test_no_parent_is_fine_and_itself_is_refused);
  g_test_add_func ("/tend/cancellable/same-parent-twice", test_same_parent_twice);
  g_test_add_func ("/tend/cancellable/child-keeps-its-parents", test_child_keeps_its_parents);
  g_test_add_func ("/tend/cancellable/short-lived-children-leave-nothing", test_short_lived_children_leave_nothing);
  g_test_add_func ("/tend/cancellable/child-costs-the-same-among-many", test_child_costs_the_same_among_many);
  g_test_add_func ("/tend/cancellable/parent-is-cancelled-while-children-come-and-go",
                   test_parent_is_cancelled_while_children_come_and_go);

  return g_test_run ();
}
