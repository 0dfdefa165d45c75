// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Cancellables that all threads have: their own parents, times, reasons and handlers, and those of tasks.
// Each handler's data are freed once, in the thread that added it, and no handler runs there once it has
// been removed.
//
// A cancellable keeps its parents, so a parent is always older than its child.

#include "stress.h"

static Rack cancellables = { .drop = g_object_unref };
static Rack tasks = { .drop = g_object_unref };
static int n_cancellables;      /* atomic */

static GQuark
serial_quark (void)
{
  return g_quark_from_static_string ("tend-stress-serial");
}

/* When somebody first looked at @cancellable, in whichever thread. */
static guint
get_serial (GCancellable *cancellable)
{
  guint serial = g_atomic_int_add (&n_cancellables, 1) + 1;

  g_object_replace_qdata (G_OBJECT (cancellable), serial_quark (), NULL, GUINT_TO_POINTER (serial), NULL, NULL);
  return GPOINTER_TO_UINT (g_object_get_qdata (G_OBJECT (cancellable), serial_quark ()));
}

static void
give (Worker       *home,
      GCancellable *cancellable)
{
  rack_put (&cancellables, home, cancellable);
}

static GCancellable *
take (Worker *worker)
{
  return rack_take (&cancellables, pick_home (worker));
}

static GCancellable *
new_cancellable (void)
{
  TendCancellable *self = tend_cancellable_new ();

  ticket_watch (self, "cancellable", NULL);
  get_serial (G_CANCELLABLE (self));
  return G_CANCELLABLE (self);
}

/* --- Handlers --- */

typedef struct
{
  Ticket          *ticket;
  TendCancellable *cancellable;     /* a reference, of the rack's */
  gulong           id;
  Worker          *home;            /* constant */
  gboolean         has_run;         /* the home's */
  gboolean         is_removed;      /* the home's */
  gatomicrefcount  ref_count;       /* the handler has one, the rack another */
} Handler;

static void
handler_unref (gpointer data)
{
  Handler *self = data;

  if (g_atomic_ref_count_dec (&self->ref_count))
    g_free (self);
}

static void
drop_handler (gpointer data)
{
  Handler *self = data;

  g_object_unref (self->cancellable);
  handler_unref (self);
}

static Rack handlers = { .drop = drop_handler };

static void
handler_cb (TendCancellable *cancellable,
            gpointer         user_data)
{
  Handler *self = user_data;

  g_assert_true (me == self->home);
  g_assert_true (g_cancellable_is_cancelled (G_CANCELLABLE (cancellable)));
  g_assert_false (self->is_removed);
  g_assert_false (self->has_run);
  self->has_run = TRUE;
}

static void
handler_gone_cb (gpointer data)
{
  Handler *self = data;

  ticket_end (self->ticket);
  handler_unref (self);
}

static gboolean
add_handler (Worker *worker)
{
  GCancellable *cancellable = take (worker);
  Handler *self;

  if (!TEND_IS_CANCELLABLE (cancellable))
    {
      g_clear_object (&cancellable);
      return FALSE;
    }

  self = g_new0 (Handler, 1);
  self->ticket = ticket_new ("handler", worker);
  self->cancellable = TEND_CANCELLABLE (cancellable);
  self->home = worker;
  g_atomic_ref_count_init (&self->ref_count);
  g_atomic_ref_count_inc (&self->ref_count);
  self->id = tend_cancellable_add_handler (self->cancellable, handler_cb, self, handler_gone_cb);

  if (pick (worker, 2) == 0)
    give (pick_home (worker), g_object_ref (cancellable));
  rack_put (&handlers, worker, self);
  return TRUE;
}

static gboolean
remove_handler (Worker *worker)
{
  Worker *home = is_home (worker) && pick (worker, 2) == 0 ? worker : pick_home (worker);
  Handler *self = rack_take (&handlers, home);

  if (self == NULL)
    return FALSE;

  /* One that was added too late runs all the same. */
  tend_cancellable_remove_handler (self->cancellable, self->id);
  if (worker == home && self->id != 0)
    self->is_removed = TRUE;
  drop_handler (self);
  return TRUE;
}

/* --- Tasks and their cancellables --- */

static gboolean
open_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  return TRUE;
}

static gboolean
end_cb (TendTask  *task,
        gpointer   user_data,
        GError   **error)
{
  tend_task_stop (task);
  return FALSE;
}

/* One that was started holds itself until its timer ends it; the other goes with its last reference. */
static gboolean
make_task (Worker *worker)
{
  TendTask *task = tend_task_new_open (NULL, open_body, ticket_new ("task", worker), ticket_end);

  for (guint n = pick (worker, 3); n > 0; n--)
    {
      g_autoptr(GCancellable) cancellable = take (worker);

      tend_task_add_cancellable (task, cancellable);
    }

  if (pick (worker, 2) == 0 && !tend_task_is_ended (task))
    {
      tend_task_add_timer (task, pick (worker, 5000), -1, end_cb, ticket_new ("timer", worker), ticket_end);
      tend_task_start (task, NULL);
    }
  rack_put (&tasks, worker, task);
  return TRUE;
}

static gboolean
take_from_task (Worker *worker)
{
  Worker *home = pick_home (worker);
  TendTask *task = rack_take (&tasks, home);
  GCancellable *cancellable;

  if (task == NULL)
    return FALSE;

  cancellable = g_object_ref (tend_task_get_cancellable (task));
  get_serial (cancellable);
  give (home, cancellable);
  if (pick (worker, 2) == 0)
    rack_put (&tasks, home, task);
  else
    g_object_unref (task);
  return TRUE;
}

/* --- Anywhere --- */

static gboolean
make (Worker *worker)
{
  Worker *home = pick_home (worker);

  if (pick (worker, 4) == 0)
    {
      GCancellable *plain = g_cancellable_new ();

      get_serial (plain);
      give (home, plain);
    }
  else
    give (home, new_cancellable ());
  return TRUE;
}

static gboolean
add_parent (Worker *worker)
{
  GCancellable *child = take (worker);
  GCancellable *parent = take (worker);
  gboolean is_both = child != NULL && parent != NULL;

  if (is_both && get_serial (child) < get_serial (parent))
    {
      GCancellable *other = child;

      child = parent;
      parent = other;
    }

  if (is_both && child != parent && TEND_IS_CANCELLABLE (child))
    tend_cancellable_add_parent (TEND_CANCELLABLE (child), parent);

  if (child != NULL)
    give (pick_home (worker), child);
  if (parent != NULL)
    give (pick_home (worker), parent);
  return is_both;
}

/* All are cancelled when this returns, also where another parent of the last one is being cancelled elsewhere. */
static gboolean
cancel_family (Worker *worker)
{
  g_autoptr(GCancellable) other = take (worker);
  GCancellable *family[5];

  for (guint i = 0; i < G_N_ELEMENTS (family); i++)
    {
      family[i] = new_cancellable ();
      if (i > 0)
        tend_cancellable_add_parent (TEND_CANCELLABLE (family[i]), family[i - 1]);
    }
  if (other != NULL)
    tend_cancellable_add_parent (TEND_CANCELLABLE (family[4]), other);
  if (other != NULL && pick (worker, 2) == 0)
    give (pick_home (worker), g_steal_pointer (&other));

  g_cancellable_cancel (family[0]);
  for (guint i = 0; i < G_N_ELEMENTS (family); i++)
    {
      g_assert_true (g_cancellable_is_cancelled (family[i]));
      give (pick_home (worker), family[i]);
    }
  return TRUE;
}

static gboolean
cancel (Worker *worker)
{
  g_autoptr(GCancellable) cancellable = take (worker);
  g_autoptr(GError) error = NULL;
  g_autofree char *reason = NULL;

  if (cancellable == NULL)
    return FALSE;

  if (TEND_IS_CANCELLABLE (cancellable) && pick (worker, 2) == 0)
    tend_cancellable_cancel_with_reason (TEND_CANCELLABLE (cancellable), "chance");
  else
    g_cancellable_cancel (cancellable);
  g_assert_true (g_cancellable_is_cancelled (cancellable));

  if (TEND_IS_CANCELLABLE (cancellable))
    {
      reason = tend_cancellable_dup_reason (TEND_CANCELLABLE (cancellable));
      g_assert_true (tend_cancellable_set_error_if_cancelled (TEND_CANCELLABLE (cancellable), &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
  if (pick (worker, 2) == 0)
    give (pick_home (worker), g_steal_pointer (&cancellable));
  return TRUE;
}

/* The context of the caller keeps the time. */
static gboolean
cancel_after (Worker *worker)
{
  GCancellable *cancellable = take (worker);

  if (cancellable == NULL)
    return FALSE;

  if (TEND_IS_CANCELLABLE (cancellable))
    tend_cancellable_cancel_after (TEND_CANCELLABLE (cancellable),
                                   pick (worker, 8) == 0 ? G_MAXINT64 : pick (worker, 3000));
  give (pick_home (worker), cancellable);
  return TRUE;
}

static gboolean
share (Worker *worker)
{
  GCancellable *cancellable = take (worker);

  if (cancellable == NULL)
    return FALSE;

  give (pick_home (worker), g_object_ref (cancellable));
  give (pick_home (worker), cancellable);
  return TRUE;
}

static const Operation operations[] = {
  { "make", make, 4, TRUE },
  { "make a task", make_task, 3 },
  { "take the cancellable of a task", take_from_task, 2, TRUE },
  { "add a parent", add_parent, 6, TRUE },
  { "add a handler", add_handler, 8 },
  { "remove a handler", remove_handler, 3, TRUE },
  { "cancel", cancel, 2, TRUE },
  { "cancel a family", cancel_family, 1, TRUE },
  { "cancel after", cancel_after, 4 },
  { "share", share, 2, TRUE },
  { "drop", drop_one, 3, TRUE },
};

static void
test_cancellables (void)
{
  static const Program cancellables_program = {
    operations, G_N_ELEMENTS (operations), { &cancellables, &tasks, &handlers },
  };

  stress_run (&cancellables_program, 10);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/stress/cancellables", test_cancellables);

  return g_test_run ();
}
