// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Operations on managers, of a class that overrides all that can be, and on their owners.

#include "fuzz.h"

typedef struct
{
  TendTaskManager parent_instance;
} FuzzManager;

typedef struct
{
  TendTaskManagerClass parent_class;
} FuzzManagerClass;

static GType fuzz_manager_get_type (void);

G_DEFINE_TYPE (FuzzManager, fuzz_manager, TEND_TYPE_TASK_MANAGER)

static GQuark
token_quark (void)
{
  return g_quark_from_static_string ("fuzz-token");
}

/* What counts what the manager tells. Of a manager that a request cache has made there is none. */
static Token *
get_token (TendTaskManager *manager)
{
  return g_object_get_qdata (G_OBJECT (manager), token_quark ());
}

/* --- What it calls --- */

static void
fuzz_manager_task_failed (TendTaskManager *manager,
                          TendTask        *task,
                          const GError    *error)
{
  trace ("call task-failed");
  check_error (error);
  hook ();
}

static void
fuzz_manager_task_slow (TendTaskManager *manager,
                        TendTask        *task,
                        gint64           usec)
{
  trace ("call task-slow");
  if (usec <= 0)
    fail ("a task is slow before its time");
  hook ();
}

static void
fuzz_manager_class_init (FuzzManagerClass *klass)
{
  klass->parent_class.task_failed = fuzz_manager_task_failed;
  klass->parent_class.task_slow = fuzz_manager_task_slow;
}

static void
fuzz_manager_init (FuzzManager *self)
{
}

static void
items_changed_cb (GListModel *model,
                  guint       position,
                  guint       n_removed,
                  guint       n_added,
                  gpointer    data)
{
  Token *token = data;

  token_call (token);
  if (token->n_items + n_added < n_removed)
    fail ("a manager has lost more tasks than it had");
  token->n_items += n_added - n_removed;
  token->n_emitting++;
  hook ();
  token->n_emitting--;
}

static void
closure_gone_cb (gpointer  data,
                 GClosure *closure)
{
  token_destroy (data);
}

/* --- Making --- */

/* An owner may keep its manager. */
static TendTaskManager *
make_owned (void)
{
  GObject *owner = g_object_new (G_TYPE_OBJECT, NULL);
  TendTaskManager *manager = tend_task_manager_new_for_owner (owner);

  token_watch_any ("owner", owner);
  if (pick (3) == 0)
    g_object_set_data_full (owner, "manager", g_object_ref (manager), g_object_unref);
  rack_put (KIND_OWNER, owner);
  return manager;
}

static void
make (void)
{
  gboolean is_owned = fuzz.has_owners && pick (2) == 0;
  TendTaskManager *manager = is_owned ? make_owned () : g_object_new (fuzz_manager_get_type (), NULL);
  Token *token = token_new ("items-changed", TOKEN_NOTIFIED);

  if (!is_owned && pick (4) == 0)
    {
      g_object_unref (manager);
      manager = tend_task_manager_new ();
    }
  token_watch ("manager", manager);
  g_object_set_qdata (G_OBJECT (manager), token_quark (), token);
  g_signal_connect_data (manager, "items-changed", G_CALLBACK (items_changed_cb), token, closure_gone_cb, 0);
  if (fuzz.has_endless && pick (3) == 0)
    tend_task_manager_set_slow_check (manager, 100 * MSEC, 50 * MSEC);
  rack_put (KIND_MANAGER, manager);
}

static void
look_at_running (TendTaskManager *manager)
{
  g_autoptr(GListModel) running = tend_task_manager_list_running (manager);
  g_autoptr(TendTask) first = g_list_model_get_item (running, 0);

  if (first != NULL)
    g_assert_true (g_list_model_get_n_items (running) > 0);
}

static void
set_up (void)
{
  TendTaskManager *manager = rack_get (KIND_MANAGER);

  if (manager == NULL)
    return;

  switch (pick (9))
    {
    case 0:
      tend_task_manager_set_max_running (manager, pick (3));
      break;
    case 5:
      tend_task_manager_pause (manager);
      tend_task_manager_is_paused (manager);
      break;
    case 6:
      tend_task_manager_resume (manager);
      break;
    case 7:
      tend_task_manager_set_keep_ended (manager, pick (3));
      tend_task_manager_get_keep_ended (manager);
      break;
    case 8:
      look_at_running (manager);
      break;
    case 1:
      tend_task_manager_set_rate (manager, pick (3), (1 + pick (3)) * 100 * MSEC);
      break;
    case 2:
      tend_task_manager_set_grace_period (manager, pick_time ());
      break;
    case 3:
      tend_task_manager_set_slow_check (manager, fuzz.has_endless ? 1 + pick_time () : TEND_FOREVER, 50 * MSEC);
      break;
    default:
      tend_task_manager_ignore_error (manager, G_IO_ERROR, G_IO_ERROR_FAILED);
    }
}

/* --- Registering --- */

static void
register_body (void)
{
  TendTaskManager *manager = rack_hold (KIND_MANAGER);
  const char *name = pick_name ();
  g_autoptr(GError) error = NULL;
  Token *token;
  TendTask *task;

  if (manager == NULL)
    return;

  token = body_token_new ();
  token->is_quiet = TRUE;
  token->registry = get_token (manager);
  switch (pick (fuzz.has_threads ? 7 : 6))
    {
    case 0:
      task = tend_task_manager_register (manager, tend_task_new_open (name, open_body, token, token_destroy),
                                         TEND_NAME_POLICY_REJECT, &error);
      break;
    case 1:
      task = tend_task_manager_register (manager, tend_task_new_fiber (name, fiber_body, token, token_destroy),
                                         TEND_NAME_POLICY_REJECT, &error);
      break;
    case 2:
      task = tend_task_manager_register (manager,
                                         tend_task_new_async (name, async_body, async_finish, token, token_destroy),
                                         TEND_NAME_POLICY_REJECT, &error);
      break;
    case 3:
      task = tend_task_manager_register (manager,
                                         tend_task_new_open ("anonymous", open_body, token, token_destroy),
                                         TEND_NAME_POLICY_ANONYMOUS, &error);
      break;
    case 4:
      task = tend_task_manager_debounce (manager, tend_task_new_open ("a", open_body, token, token_destroy),
                                         pick_time (), &error);
      break;
    case 5:
      task = tend_task_manager_throttle (manager, tend_task_new_open ("b", open_body, token, token_destroy),
                                         1 + pick_time (), &error);
      break;
    default:
      token->is_thread = TRUE;
      task = tend_task_manager_register (manager, tend_task_new_thread (name, thread_body, token, token_destroy),
                                         TEND_NAME_POLICY_REJECT, &error);
    }
  check_answer (task != NULL, error);
  if (task != NULL)
    body_adopt (token, task);
}

static void
register_made (void)
{
  TendTask *task = pick (3) == 0 ? rack_hold (KIND_TASK) : hold (make_task ());
  TendTaskManager *manager = rack_get (KIND_MANAGER);
  g_autoptr(GError) error = NULL;
  gboolean ok;

  if (manager == NULL || task == NULL)
    return;

  switch (pick (4))
    {
    case 0:
      ok = tend_task_manager_register (manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, &error) != NULL;
      break;
    case 1:
      ok = tend_task_manager_debounce (manager, g_object_ref (task), pick_time (), &error) != NULL;
      break;
    case 2:
      ok = tend_task_manager_throttle (manager, g_object_ref (task), 1 + pick_time (), &error) != NULL;
      break;
    default:
      ok = tend_task_manager_register (manager, g_object_ref (task), pick (TEND_NAME_POLICY_ANONYMOUS + 1),
                                       &error) != NULL;
    }
  check_answer (ok, error);
  if (pick (3) == 0)
    rack_put (KIND_TASK, g_object_ref (task));
}

static void
add_shutdown_task (void)
{
  TendTask *task = hold (make_task ());
  TendTaskManager *manager = rack_get (KIND_MANAGER);
  g_autoptr(GError) error = NULL;
  gboolean ok;

  if (manager == NULL)
    return;

  ok = tend_task_manager_add_shutdown_task (manager, g_object_ref (task), &error);
  check_answer (ok, error);
}

/* --- Looking --- */

static void
look_at_awaited (TendTaskManager *manager)
{
  GListModel *awaited = tend_task_manager_get_awaited (manager);
  gint64 deadline = tend_task_manager_get_grace_deadline (manager);

  for (guint i = 0; i < g_list_model_get_n_items (awaited); i++)
    {
      g_autoptr(TendTask) task = g_list_model_get_item (awaited, i);

      if (!tend_task_is_ended (task) && tend_task_manager_get_age (manager, task) < -1)
        fail ("a task that is awaited has no age");
    }
  if (deadline < TEND_FOREVER && !tend_task_manager_is_shut_down (manager))
    fail ("a manager that is not shut down says when its tasks are stopped");
}

/* The model gives what items-changed has told: where nobody hears of that, what is in the list. */
static void
look_at_list (void)
{
  TendTaskManager *manager = rack_hold (KIND_MANAGER);
  g_autoptr(GPtrArray) tasks = NULL;
  g_autoptr(GPtrArray) draining = NULL;
  g_autoptr(GPtrArray) anonymous = NULL;
  Token *token;
  guint n, n_found = 0;

  if (manager == NULL)
    return;

  token = get_token (manager);
  tasks = tend_task_manager_list_tasks (manager);
  n = g_list_model_get_n_items (G_LIST_MODEL (manager));
  if (token == NULL && (n < tasks->len || n - tasks->len > tend_task_manager_get_keep_ended (manager)))
    fail ("a manager lists %u tasks, and its model has %u", tasks->len, n);
  if (token != NULL && !token->is_silent && token->n_destroyed == 0 && token->n_emitting == 0 && token->n_items != n)
    fail ("a manager has %u tasks, and has told of %u", n, token->n_items);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr(TendTask) task = g_list_model_get_item (G_LIST_MODEL (manager), i);

      if (task == NULL)
        fail ("a manager's model has %u tasks, but not task %u", n, i);
      n_found += n_found < tasks->len && task == g_ptr_array_index (tasks, n_found);
      if (token == NULL && tend_task_manager_get_keep_ended (manager) == 0 && n_found <= i)
        fail ("task %u of a manager is not that of its list", i);
    }
  look_at_awaited (manager);
  draining = tend_task_manager_list_draining (manager);
  anonymous = tend_task_manager_list_anonymous (manager, "anonymous");
  if (draining->len > tasks->len || anonymous->len > tasks->len)
    fail ("a part of a manager's tasks is more than all");
}

static void
look_at_names (void)
{
  TendTaskManager *manager = rack_hold (KIND_MANAGER);
  const char *name = pick_name ();
  TendTask *task;

  if (manager == NULL || name == NULL)
    return;

  task = tend_task_manager_lookup (manager, name);
  if (task != NULL && g_strcmp0 (tend_task_get_name (task), name) != 0)
    fail ("a task is found by another name than its own");
  if (tend_task_manager_is_active (manager, name) != (task != NULL && !tend_task_is_ended (task)))
    fail ("the name %s is in use, and is not", name);
  if (task != NULL && pick (3) == 0)
    rack_put (KIND_TASK, g_object_ref (task));
}

static void
look (void)
{
  TendTaskManager *manager = rack_hold (KIND_MANAGER);
  g_autoptr(GObject) owner = NULL;
  guint64 n_ended = 0;
  gint64 usec;

  if (manager == NULL)
    return;

  for (guint status = TEND_TASK_STATUS_COMPLETED; status <= TEND_TASK_STATUS_STOPPED; status++)
    n_ended += tend_task_manager_get_n_tasks (manager, status);
  tend_task_manager_get_n_started (manager);
  if (tend_task_manager_get_run_time (manager, 0.5) > tend_task_manager_get_run_time (manager, 1.0))
    fail ("of %" G_GUINT64_FORMAT " tasks half took longer than the longest", n_ended);
  tend_task_manager_get_max_running (manager);
  tend_task_manager_get_rate (manager, &usec);
  tend_task_manager_get_grace_period (manager);
  tend_task_manager_get_parent (manager);
  owner = tend_task_manager_dup_owner (manager);
}

/* --- Ending --- */

static void
cancel (void)
{
  TendTaskManager *manager = rack_get (KIND_MANAGER);
  const char *name = pick_name ();
  TendTask *task;

  if (manager == NULL)
    return;

  if (name == NULL)
    tend_task_manager_cancel_all (manager);
  else
    {
      task = tend_task_manager_cancel_task (manager, name);
      if (task != NULL && pick (3) == 0)
        rack_put (KIND_TASK, g_object_ref (task));
    }
}

static void
waited_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      data)
{
  g_autoptr(GError) error = NULL;
  gboolean ok;

  token_call (data);
  ok = tend_task_manager_wait_for_tasks_finish (TEND_TASK_MANAGER (source), result, &error);
  check_answer (ok, error);
  hook ();
}

/* After an end that was not merely given up, no body begins; and then nothing is left. */
static void
shut_down_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      data)
{
  TendTaskManager *manager = TEND_TASK_MANAGER (source);
  g_autoptr(GError) error = NULL;
  Token *token = get_token (manager);
  gboolean ok;

  token_call (data);
  ok = tend_task_manager_shutdown_finish (manager, result, &error);
  check_answer (ok, error);
  if (!tend_task_manager_is_shut_down (manager))
    fail ("the shutdown of a manager has ended, and not begun");
  if (ok && token != NULL)
    token->is_over = TRUE;
  hook ();
}

static void
drained_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      data)
{
  TendTaskManager *manager = TEND_TASK_MANAGER (source);
  g_autoptr(GError) error = NULL;
  Token *token = get_token (manager);
  gboolean ok;

  token_call (data);
  ok = tend_task_manager_drain_finish (manager, result, &error);
  check_answer (ok, error);
  if (!tend_task_manager_is_closed (manager))
    fail ("the drain of a manager has ended, and not closed it");
  if (ok && !tend_task_manager_is_shut_down (manager))
    fail ("the drain of a manager has ended, and not shut it down");
  if (ok && token != NULL)
    token->is_over = TRUE;
  hook ();
}

static void
wait (void)
{
  TendTaskManager *manager = rack_get (KIND_MANAGER);
  GCancellable *cancellable = pick (3) == 0 ? rack_hold (KIND_CANCELLABLE) : NULL;
  Token *token;

  if (manager == NULL)
    return;

  token = token_new ("wait for the tasks of a manager", TOKEN_ONCE);
  token->is_begun = FALSE;
  tend_task_manager_wait_for_tasks_async (manager, cancellable, waited_cb, token);
  token->is_begun = TRUE;
}

static void
shut_down (void)
{
  TendTaskManager *manager = rack_get (KIND_MANAGER);
  GCancellable *cancellable = pick (3) == 0 ? rack_hold (KIND_CANCELLABLE) : NULL;
  Token *token;

  if (manager == NULL)
    return;

  token = token_new ("shutdown of a manager", TOKEN_ONCE);
  tend_task_manager_shutdown_async (manager, cancellable, shut_down_cb, token);
}

static void
drain (void)
{
  TendTaskManager *manager = rack_get (KIND_MANAGER);
  GCancellable *cancellable = pick (3) == 0 ? rack_hold (KIND_CANCELLABLE) : NULL;

  if (manager == NULL)
    return;

  tend_task_manager_drain_async (manager, cancellable, drained_cb, token_new ("drain of a manager", TOKEN_ONCE));
}

static void
close_or_stop (void)
{
  TendTaskManager *manager = rack_hold (KIND_MANAGER);
  g_autoptr(GPtrArray) tasks = manager != NULL ? tend_task_manager_list_tasks (manager) : NULL;

  if (manager == NULL)
    return;

  if (tend_task_manager_is_busy (manager) != (tasks->len > 0) ||
      tend_task_manager_get_n_draining (manager) > tasks->len ||
      !(tend_task_manager_get_progress (manager) >= 0.0 && tend_task_manager_get_progress (manager) <= 1.0))
    fail ("the counts of a manager do not fit its list");
  if (pick (4) == 0)
    tend_task_manager_close (manager);
  else
    tend_task_manager_stop_all (manager);
}

/* --- Others --- */

static void
adopt (void)
{
  TendTaskManager *manager = rack_hold (KIND_MANAGER);
  TendTaskManager *child = rack_hold (KIND_MANAGER);
  g_autoptr(GError) error = NULL;
  gboolean ok;

  if (manager == NULL)
    return;

  if (pick (3) == 0)
    {
      tend_task_manager_remove_child (manager, child);
      return;
    }

  ok = tend_task_manager_add_child (manager, child, &error);
  check_answer (ok, error);
}

static void
dispose (void)
{
  GObject *object = rack_hold (pick (2) == 0 ? KIND_OWNER : KIND_MANAGER);
  Token *token = object != NULL ? g_object_get_qdata (object, token_quark ()) : NULL;

  if (object == NULL)
    return;

  /* Such a manager tells nobody that its list is empty. */
  if (token != NULL)
    token->is_silent = TRUE;
  g_object_run_dispose (object);
}

Op manager_operations[] = {
  { "make a manager", make, 5 },
  { "set up a manager", set_up, 4 },
  { "register a body", register_body, 14 },
  { "register a task", register_made, 12 },
  { "add a shutdown task", add_shutdown_task, 3 },
  { "look at the list of a manager", look_at_list, 3 },
  { "look at the names of a manager", look_at_names, 3 },
  { "look at a manager", look, 2 },
  { "cancel in a manager", cancel, 4 },
  { "wait for a manager", wait, 4 },
  { "shut a manager down", shut_down, 3 },
  { "drain a manager", drain, 2 },
  { "close a manager, or stop what it has", close_or_stop, 3 },
  { "adopt a manager", adopt, 4 },
  { "dispose of an owner or a manager", dispose, 1 },
  { NULL },
};
