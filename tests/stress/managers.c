// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Managers with tasks of all kinds, children, handlers and owners, while any thread drops managers, owners
// and tasks, and cancels and stops the tasks. All that a manager holds of its home goes there and once, and
// each wait ends once.
//
// A wait for a manager that belongs to an owner is not told once that is gone, and so has no ticket.

#include "stress.h"

#define N_NAMES 8

static Rack managers = { .drop = g_object_unref };
static Rack owners = { .drop = g_object_unref };
static Rack tasks = { .drop = g_object_unref };

static GQuark
owned_quark (void)
{
  return g_quark_from_static_string ("tend-stress-owned");
}

/* --- Bodies --- */

static gboolean
open_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  g_assert_true (((Ticket *) user_data)->home == me);
  return TRUE;
}

static gboolean
failing_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  g_assert_true (((Ticket *) user_data)->home == me);
  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_FAILED, "At random");

  return TRUE;
}

static gboolean
returning_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  tend_task_return_int (task, 1);
  return TRUE;
}

static gboolean
sleeping_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  g_assert_true (((Ticket *) user_data)->home == me);
  return tend_sleep (pick (me, 1000), error);
}

static gboolean
thread_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  return !g_cancellable_set_error_if_cancelled (tend_task_get_cancellable (task), error);
}

static gboolean
end_cb (TendTask  *task,
        gpointer   user_data,
        GError   **error)
{
  if (pick (me, 2) == 0)
    tend_task_stop (task);
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "Too late");
  return FALSE;
}

static const char *
pick_name (Worker *worker)
{
  static const char *const names[N_NAMES] = { "a", "b", "c", "d", "e", NULL, NULL, NULL };

  return names[pick (worker, N_NAMES)];
}

static TendTask *
new_task (Worker     *worker,
          const char *name)
{
  Ticket *ticket = ticket_new ("task", worker);
  TendTask *task;

  switch (pick (worker, 8))
    {
    case 0:
      return tend_task_new_thread (name, thread_body, ticket, ticket_end);
    case 1:
    case 2:
      return tend_task_new_fiber (name, sleeping_body, ticket, ticket_end);
    case 3:
      return tend_task_new_open (name, returning_body, ticket, ticket_end);
    case 4:
    case 5:
      return tend_task_new_open (name, failing_body, ticket, ticket_end);
    case 6:
      task = tend_task_new_open (name, returning_body, ticket, ticket_end);
      tend_task_set_interval (task, pick (worker, 500) + 1);
      break;
    default:
      task = tend_task_new_open (name, open_body, ticket, ticket_end);
    }

  tend_task_add_timer (task, pick (worker, 3000), -1, end_cb, ticket_new ("timer", worker), ticket_end);
  return task;
}

/* --- Handlers --- */

static void
closure_gone_cb (gpointer  data,
                 GClosure *closure)
{
  ticket_end (data);
}

static void
task_failed_cb (TendTaskManager *manager,
                TendTask        *task,
                const GError    *error,
                gpointer         user_data)
{
  g_assert_true (((Ticket *) user_data)->home == me);
  g_assert_nonnull (error);

  /* Whoever is told may keep what he is told of, and let go of it elsewhere. */
  if (pick (me, 8) == 0)
    rack_put (&managers, me, g_object_ref (manager));
  if (pick (me, 8) == 0)
    rack_put (&tasks, me, g_object_ref (task));
}

static void
items_changed_cb (GListModel *model,
                  guint       position,
                  guint       n_removed,
                  guint       n_added,
                  gpointer    user_data)
{
  g_assert_true (((Ticket *) user_data)->home == me);
  g_assert_cmpuint (position + n_added, <=, g_list_model_get_n_items (model));
}

static void
notify_cb (GObject    *object,
           GParamSpec *pspec,
           gpointer    user_data)
{
  g_assert_true (((Ticket *) user_data)->home == me);
}

static void
connect (Worker          *worker,
         TendTaskManager *manager,
         const char      *signal,
         GCallback        callback)
{
  if (pick (worker, 2) == 0)
    g_signal_connect_data (manager, signal, callback, ticket_new (signal, worker), closure_gone_cb, 0);
}

/* --- A class that is derived in the program, and says nothing of slow tasks --- */

typedef TendTaskManager TestManager;
typedef TendTaskManagerClass TestManagerClass;

GType test_manager_get_type (void);
G_DEFINE_FINAL_TYPE (TestManager, test_manager, TEND_TYPE_TASK_MANAGER)

static void
test_manager_task_slow (TendTaskManager *manager,
                        TendTask        *task,
                        gint64           usec)
{
  g_assert_true (tend_task_is_owner_thread (task));
}

static void
test_manager_class_init (TestManagerClass *klass)
{
  klass->task_slow = test_manager_task_slow;
}

static void
test_manager_init (TestManager *self)
{
  tend_task_manager_set_slow_check (self, 500, 500);
}

/* --- At home --- */

static gboolean
make (Worker *worker)
{
  TendTaskManager *manager;

  if (pick (worker, 3) == 0)
    {
      GObject *owner = g_object_new (G_TYPE_OBJECT, NULL);

      manager = tend_task_manager_new_for_owner (owner);
      g_object_set_qdata (G_OBJECT (manager), owned_quark (), worker);
      ticket_watch (owner, "owner", NULL);
      rack_put (&owners, worker, owner);
    }
  else if (pick (worker, 2) == 0)
    manager = g_object_new (test_manager_get_type (), NULL);
  else
    manager = tend_task_manager_new ();

  ticket_watch (manager, "manager", worker);
  tend_task_manager_set_grace_period (manager, pick (worker, 2000));
  tend_task_manager_set_max_running (manager, pick (worker, 4));
  if (pick (worker, 4) == 0)
    tend_task_manager_set_rate (manager, 2, 300);
  connect (worker, manager, "task-failed", G_CALLBACK (task_failed_cb));
  connect (worker, manager, "items-changed", G_CALLBACK (items_changed_cb));
  connect (worker, manager, "notify", G_CALLBACK (notify_cb));
  rack_put (&managers, worker, manager);
  return TRUE;
}

static void
add_task (Worker          *worker,
          TendTaskManager *manager)
{
  const char *name = pick_name (worker);
  g_autoptr(TendTask) task = NULL;

  switch (pick (worker, 8))
    {
    case 0:
      tend_task_manager_debounce (manager,
                                  tend_task_new_open (name != NULL ? name : "f", returning_body,
                                                      ticket_new ("debounced task", worker), ticket_end),
                                  pick (worker, 1000), NULL);
      return;
    case 1:
      tend_task_manager_throttle (manager,
                                  tend_task_new_open (name != NULL ? name : "g", failing_body,
                                                      ticket_new ("throttled task", worker), ticket_end),
                                  1 + pick (worker, 1000), NULL);
      return;
    default:
      task = new_task (worker, name);
      tend_task_manager_register (manager, g_object_ref (task), pick (worker, TEND_NAME_POLICY_ANONYMOUS + 1),
                                  NULL);
      if (pick (worker, 4) == 0)
        rack_put (&tasks, worker, g_steal_pointer (&task));
    }
}

static gboolean
add_tasks (Worker *worker)
{
  TendTaskManager *manager = rack_take (&managers, worker);

  if (manager == NULL)
    return FALSE;

  for (guint n = pick (worker, 6); n > 0; n--)
    add_task (worker, manager);
  rack_put (&managers, worker, manager);
  return TRUE;
}

static void
waited_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  if (user_data != NULL)
    ticket_end (user_data);
  if (!tend_task_manager_wait_for_tasks_finish (TEND_TASK_MANAGER (source), result, &error))
    g_assert_nonnull (error);
}

static void
shut_down_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  if (user_data != NULL)
    ticket_end (user_data);
  if (!tend_task_manager_shutdown_finish (TEND_TASK_MANAGER (source), result, &error))
    g_assert_nonnull (error);
}

static void
add_shutdown_task (Worker          *worker,
                   TendTaskManager *manager)
{
  Ticket *ticket = ticket_new ("shutdown task", worker);
  g_autoptr(TendTask) task = tend_task_new_fiber (NULL, sleeping_body, ticket, ticket_end);

  tend_task_manager_add_shutdown_task (manager, g_object_ref (task), NULL);
  if (pick (worker, 4) == 0)
    rack_put (&tasks, worker, g_steal_pointer (&task));
}

static gboolean
use (Worker *worker)
{
  TendTaskManager *manager = rack_take (&managers, worker);
  g_autoptr(GPtrArray) list = NULL;
  gboolean is_owned;
  TendTask *task;

  if (manager == NULL)
    return FALSE;

  is_owned = g_object_get_qdata (G_OBJECT (manager), owned_quark ()) != NULL;
  switch (pick (worker, 7))
    {
    case 0:
      tend_task_manager_cancel_all (manager);
      break;
    case 1:
      task = tend_task_manager_cancel_task (manager, "a");
      if (task != NULL)
        rack_put (&tasks, worker, g_object_ref (task));
      break;
    case 2:
      add_shutdown_task (worker, manager);
      break;
    case 3:
      tend_task_manager_shutdown_async (manager, NULL, shut_down_cb, is_owned ? NULL : ticket_new ("shutdown", worker));
      break;
    case 4:
      list = tend_task_manager_list_tasks (manager);
      if (list->len > 0)
        rack_put (&tasks, worker, g_object_ref (g_ptr_array_index (list, pick (worker, list->len))));
      break;
    case 5:
      tend_task_manager_set_max_running (manager, pick (worker, 4));
      break;
    default:
      tend_task_manager_wait_for_tasks_async (manager, NULL, waited_cb, is_owned ? NULL : ticket_new ("wait", worker));
    }
  rack_put (&managers, worker, manager);
  return TRUE;
}

static gboolean
change_family (Worker *worker)
{
  TendTaskManager *child = rack_take (&managers, worker);
  TendTaskManager *parent = child != NULL ? rack_take (&managers, worker) : NULL;

  if (parent != NULL && parent != child)
    {
      if (tend_task_manager_get_parent (child) == parent && pick (worker, 2) == 0)
        tend_task_manager_remove_child (parent, child);
      else
        tend_task_manager_add_child (parent, child, NULL);
    }
  if (child != NULL)
    rack_put (&managers, worker, child);
  if (parent != NULL)
    rack_put (&managers, worker, parent);
  return parent != NULL;
}

static gboolean
take_owner (Worker *worker)
{
  TendTaskManager *manager = rack_take (&managers, worker);
  GObject *owner;

  if (manager == NULL)
    return FALSE;

  owner = tend_task_manager_dup_owner (manager);
  if (owner != NULL)
    rack_put (&owners, worker, owner);
  rack_put (&managers, worker, manager);
  return owner != NULL;
}

/* --- Anywhere --- */

static gboolean
end_task (Worker *worker)
{
  g_autoptr(TendTask) task = rack_take (&tasks, pick_home (worker));

  if (task == NULL)
    return FALSE;

  if (pick (worker, 2) == 0)
    tend_task_stop (task);
  else
    tend_task_cancel (task);
  return TRUE;
}

static gboolean
share (Worker *worker)
{
  Rack *rack = pick (worker, 4) != 0 ? &managers : &owners;
  Worker *home = pick_home (worker);
  gpointer object = rack_take (rack, home);

  if (object == NULL)
    return FALSE;

  rack_put (rack, home, g_object_ref (object));
  rack_put (rack, home, object);
  return TRUE;
}

static const Operation operations[] = {
  { "make", make, 4 },
  { "add tasks", add_tasks, 6 },
  { "use", use, 4 },
  { "change the family", change_family, 1 },
  { "take an owner", take_owner, 1 },
  { "end a task", end_task, 1, TRUE },
  { "share", share, 1, TRUE },
  { "drop", drop_one, 3, TRUE },
};

static void
test_managers (void)
{
  static const Program managers_program = {
    operations, G_N_ELEMENTS (operations), { &managers, &owners, &tasks },
  };

  stress_run (&managers_program, 10);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/stress/managers", test_managers);

  return g_test_run ();
}
