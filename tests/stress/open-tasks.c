// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tasks that wait to be started or completed, with timers, deadlines, sources, handlers, and those who
// wait for them, while any thread cancels, stops, completes, pauses, posts to or drops them.
//
// Nothing holds such a task but its references: when the last is dropped, it ends, those who wait are
// told, and what it has is freed at home. What was started with a body holds itself, and has a timer that
// ends it. tasks.c does the same to tasks whose bodies run.

#include "keeper.h"

typedef enum
{
  OPEN,             /* no body: somebody completes it */
  UNSTARTED,
  STARTED,
  N_KINDS
} Kind;

/* A reference to a task, and what is known of it. */
typedef struct
{
  TendTask *task;
  Kind      kind;
  int      *is_returned;    /* in an atomic box; the flag is atomic: somebody gives the result */
} Entry;

static void
entry_free (gpointer data)
{
  Entry *self = data;

  g_object_unref (self->task);
  g_atomic_rc_box_release (self->is_returned);
  g_free (self);
}

static Rack entries = { .drop = entry_free };
static Rack cancellables = { .drop = g_object_unref };
static Rack bare = { .drop = g_object_unref };      /* references that fibers had */

static Entry *
entry_copy (Entry *self)
{
  Entry *copy = g_memdup2 (self, sizeof *self);

  g_object_ref (copy->task);
  g_atomic_rc_box_acquire (copy->is_returned);
  return copy;
}

static GCancellable *
take_cancellable (Worker *worker)
{
  GCancellable *cancellable = rack_take (&cancellables, worker);

  return cancellable != NULL ? cancellable : G_CANCELLABLE (tend_cancellable_new ());
}

/* --- What tasks call --- */

static gboolean
open_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  return TRUE;
}

static void
exit_cb (TendTask *task,
         gpointer  user_data)
{
  g_assert_true (((Ticket *) user_data)->home == me);
  g_assert_true (tend_task_is_ended (task));
}

static void
cancel_cb (TendTask *task,
           gpointer  user_data)
{
  g_assert_true (((Ticket *) user_data)->home == me);
  if (tend_task_get_id (task) % 2 == 0)
    tend_task_return_error_if_cancelled (task);
}

static gboolean
tick_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  g_assert_true (((Ticket *) user_data)->home == me);
  g_assert_false (tend_task_is_ended (task));
  return TRUE;
}

static gboolean
end_cb (TendTask  *task,
        gpointer   user_data,
        GError   **error)
{
  if (tend_task_get_id (task) % 2 == 0)
    tend_task_stop (task);
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "Too late");
  return FALSE;
}

static gboolean
source_cb (gpointer user_data)
{
  g_assert_true (((Ticket *) user_data)->home == me);
  return G_SOURCE_CONTINUE;
}

static void
ended_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  ticket_end (user_data);
  if (!tend_task_wait_finish (TEND_TASK (source), result, &error))
    g_assert_nonnull (error);
}

/* The task may be gone when this has waited. */
static gboolean
awaiting_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  Keeper *self = user_data;

  return self->object == NULL || tend_await (self->object, error);
}

/* --- What a home adds to its tasks --- */

static void
add_source (Worker   *worker,
            TendTask *task)
{
  g_autoptr(GSource) source = g_timeout_source_new (pick (worker, 2) == 0 ? 3600 * 1000 : 1);

  g_source_set_callback (source, source_cb, ticket_new ("source", worker), ticket_end);
  tend_task_add_source (task, source);
}

static void
add_something (Worker   *worker,
               TendTask *task)
{
  g_autoptr(GCancellable) cancellable = NULL;

  switch (pick (worker, 8))
    {
    case 0:
      tend_task_add_timer (task, 3600 * G_TIME_SPAN_SECOND, -1, tick_cb, ticket_new ("timer", worker), ticket_end);
      break;
    case 1:
      tend_task_add_timer (task, pick (worker, 500), 1 + pick (worker, 500), tick_cb, ticket_new ("timer", worker),
                           ticket_end);
      break;
    case 2:
      if (!tend_task_is_ended (task))
        tend_task_set_deadline (task, tend_get_time () + pick (worker, 5000));
      break;
    case 3:
      tend_task_add_exit_handler (task, exit_cb, ticket_new ("exit handler", worker), ticket_end);
      break;
    case 4:
      tend_task_add_cancel_handler (task, cancel_cb, ticket_new ("cancel handler", worker), ticket_end);
      break;
    case 5:
      add_source (worker, task);
      break;
    case 6:
      cancellable = take_cancellable (worker);
      tend_task_add_cancellable (task, cancellable);
      break;
    default:
      cancellable = pick (worker, 2) == 0 ? take_cancellable (worker) : NULL;
      tend_task_wait_async (task, cancellable, ended_cb, ticket_new ("wait", worker));
    }

  if (cancellable != NULL)
    rack_put (&cancellables, worker, g_steal_pointer (&cancellable));
}

static gboolean
make (Worker *worker)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->kind = pick (worker, N_KINDS);
  entry->is_returned = g_atomic_rc_box_new0 (int);
  entry->task = tend_task_new_open (NULL, entry->kind == OPEN ? NULL : open_body, ticket_new ("task", worker),
                                    ticket_end);
  if (pick (worker, 4) == 0)
    ticket_watch (entry->task, "watched task", worker);

  for (guint n = pick (worker, 5); n > 0; n--)
    add_something (worker, entry->task);

  if (entry->kind == STARTED && !tend_task_is_ended (entry->task))
    {
      tend_task_add_timer (entry->task, pick (worker, 10000), -1, end_cb, ticket_new ("last timer", worker), ticket_end);
      tend_task_start (entry->task, NULL);
    }
  rack_put (&entries, worker, entry);
  return TRUE;
}

static gboolean
add (Worker *worker)
{
  Entry *entry = rack_take (&entries, worker);

  if (entry == NULL)
    return FALSE;

  add_something (worker, entry->task);
  rack_put (&entries, worker, entry);
  return TRUE;
}

static gboolean
await_in_fiber (Worker *worker)
{
  Entry *entry = rack_take (&entries, worker);
  g_autoptr(TendTask) task = NULL;

  if (entry == NULL)
    return FALSE;

  task = keeper_start (worker, "awaiting fiber", awaiting_body, g_object_ref (entry->task), NULL, NULL);
  entry_free (entry);
  return TRUE;
}

static gboolean
take_from_fiber (Worker *worker)
{
  TendTask *task = keeper_take (worker);

  if (task == NULL)
    return FALSE;

  rack_put (&bare, worker, task);
  return TRUE;
}

/* --- Anywhere --- */

static gboolean
post_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  g_assert_true (((Ticket *) user_data)->home == me);
  return TRUE;
}

/* Once, and only where it runs: an end by its timer or by chance may come first, and is no mistake. */
static void
return_once (Entry *entry)
{
  if (entry->kind != OPEN || !g_atomic_int_compare_and_exchange (entry->is_returned, FALSE, TRUE))
    return;

  if (tend_task_get_id (entry->task) % 4 == 0)
    tend_task_return_new_error (entry->task, G_IO_ERROR, G_IO_ERROR_FAILED, "At random");
  else
    tend_task_return_string (entry->task, "result");
}

static gboolean
use (Worker *worker)
{
  Worker *home = pick_home (worker);
  Entry *entry = rack_take (&entries, home);
  g_autofree char *message = NULL;

  if (entry == NULL)
    return FALSE;

  switch (pick (worker, 8))
    {
    case 0:
      tend_task_cancel (entry->task);
      break;
    case 1:
      tend_task_stop (entry->task);
      break;
    case 2:
      return_once (entry);
      break;
    case 3:
      tend_task_post (entry->task, post_cb, ticket_new ("post", home), ticket_end);
      break;
    case 4:
      tend_task_set_progress (entry->task, 0.5, "half");
      message = tend_task_dup_message (entry->task);
      break;
    case 5:
      /* The timer that ends one which holds itself would stand still. */
      if (entry->kind != STARTED)
        tend_task_pause (entry->task);
      break;
    case 6:
      tend_task_resume (entry->task);
      break;
    default:
      rack_put (&entries, home, entry_copy (entry));
    }

  if (pick (worker, 2) == 0)
    rack_put (&entries, home, entry);
  else
    entry_free (entry);
  return TRUE;
}

static gboolean
cancel (Worker *worker)
{
  g_autoptr(GCancellable) cancellable = rack_take (&cancellables, pick_home (worker));

  if (cancellable == NULL)
    return FALSE;

  g_cancellable_cancel (cancellable);
  return TRUE;
}

static void
leave (Worker *worker)
{
  while (take_from_fiber (worker))
    ;
}

static const Operation operations[] = {
  { "make", make, 8 },
  { "add to a task", add, 4 },
  { "await in a fiber", await_in_fiber, 4 },
  { "take the reference of a fiber", take_from_fiber, 6 },
  { "use", use, 4, TRUE },
  { "cancel", cancel, 1, TRUE },
  { "drop", drop_one, 4, TRUE },
};

static void
test_open_tasks (void)
{
  static const Program open_tasks = {
    operations, G_N_ELEMENTS (operations), { &entries, &cancellables, &bare }, leave,
  };

  stress_run (&open_tasks, 4);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/stress/open-tasks", test_open_tasks);

  return g_test_run ();
}
