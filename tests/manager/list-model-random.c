// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Anything in any order: random operations of every kind on three managers, which may stand below one
// another, also from inside the handlers that are told of a change. A list that is kept by
// items-changed alone must be what the manager has, and a simple model of names and counts must agree.
//
// Four seeds are the same each time; the last comes from the test's --seed, and is printed.

#include "list-model.h"

#define N_OPERATIONS 20000

/* --- The tasks --- */

/* Two bodies of one name never run at once; one that ran before it was registered waits for nobody. */
static void
begin_body (Record *record)
{
  if (!g_atomic_int_compare_and_exchange (&record->has_begun, FALSE, TRUE))
    return;

  g_atomic_int_inc (&record->side->state->n_begun);
  if (record->name >= 0 && !record->is_adopted)
    g_assert_cmpint (g_atomic_int_add (&record->side->n_bodies[record->name], 1), ==, 0);
}

/* The body has really ended. */
static void
end_body (gpointer data)
{
  Record *record = data;

  if (record->has_begun && record->name >= 0 && !record->is_adopted)
    g_atomic_int_add (&record->side->n_bodies[record->name], -1);
}

static void
count_end (TendTask *task,
           gpointer  data)
{
  Record *record = data;

  if (record->is_registered)
    record->side->counts[tend_task_get_status (task)]++;
}

static gboolean
run_by_hand (TendTask  *task,
             gpointer   data,
             GError   **error)
{
  begin_body (data);
  return TRUE;
}

static gboolean
run_at_once (TendTask  *task,
             gpointer   data,
             GError   **error)
{
  Record *record = data;

  begin_body (record);
  if (record->ms % 4 == 0)
    tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_FAILED, "It failed");
  else
    tend_task_return_boolean (task, TRUE);

  return TRUE;
}

static gboolean
run_fiber (TendTask  *task,
           gpointer   data,
           GError   **error)
{
  Record *record = data;
  gboolean ok;

  begin_body (record);
  ok = tend_sleep (record->ms * 1000, error);

  /* A few of them take their time to clean up. */
  if (!ok && record->ms % 3 == 0)
    {
      tend_shield_push ();
      tend_sleep (1000 * (record->ms % 7), NULL);
      tend_shield_pop ();
    }

  return ok;
}

static gboolean
run_thread (TendTask  *task,
            gpointer   data,
            GError   **error)
{
  begin_body (data);
  return TRUE;
}

static void
run_async (TendTask            *task,
           GCancellable        *cancellable,
           GAsyncReadyCallback  callback,
           gpointer             callback_data,
           gpointer             data)
{
  Record *record = data;

  begin_body (record);
  tend_task_wait_async (record->side->state->never, cancellable, callback, callback_data);
}

static gboolean
finish_async (TendTask      *task,
              GAsyncResult  *result,
              gpointer       data,
              GError       **error)
{
  return tend_task_wait_finish (((Record *) data)->side->state->never, result, error);
}

static void
task_gone_cb (gpointer  data,
              GObject  *object)
{
  Side *side = data;

  side->state->n_alive--;
  g_ptr_array_remove (side->tasks, object);
}

static TendTask *
make_task (Side *side,
           int   name)
{
  State *state = side->state;
  char text[] = { (char) ('0' + MAX (0, name)), 0 };
  const char *name_of_task = name < 0 ? NULL : text;
  Record *record = g_new0 (Record, 1);
  int kind = draw (state, 12);
  TendTask *task;

  *record = (Record) { .side = side, .name = name, .ms = (guint) draw (state, 20), .is_by_hand = kind < 2,
                       .is_thread = kind == 6 && state->has_threads };
  if (kind < 2)
    task = tend_task_new_open (name_of_task, run_by_hand, record, end_body);
  else if (kind < 5)
    task = tend_task_new_open (name_of_task, run_at_once, record, end_body);
  else if (kind == 5)
    task = tend_task_new_async (name_of_task, run_async, finish_async, record, end_body);
  else if (record->is_thread)
    task = tend_task_new_thread (name_of_task, run_thread, record, end_body);
  else
    task = tend_task_new_fiber (name_of_task, run_fiber, record, end_body);

  g_object_set_data_full (G_OBJECT (task), "record", record, g_free);
  g_object_weak_ref (G_OBJECT (task), task_gone_cb, side);
  state->n_alive++;
  tend_task_add_exit_handler (task, count_end, record, NULL);
  if (kind == 4)
    tend_task_set_interval (task, 1 + record->ms * 1000);
  if (draw (state, 3) == 0)
    tend_task_set_delay (task, record->ms * 500);
  tend_task_set_priority (task, draw (state, 2) == 0 ? G_PRIORITY_DEFAULT : G_PRIORITY_LOW);

  return task;
}

/* --- Operations --- */

static void
expect_registered (Side   *side,
                   Record *record)
{
  record->is_registered = TRUE;
  record->is_named = record->name >= 0;
  side->n_registered++;
}

/* The policies, and what the model says must come of them. */
static void
register_one (Side *side)
{
  TendNamePolicy policy = (TendNamePolicy) draw (side->state, TEND_NAME_POLICY_ANONYMOUS + 1);
  gboolean is_nameless = policy == TEND_NAME_POLICY_ANONYMOUS || draw (side->state, 4) == 0;
  /* While one is throttled, the model cannot know which of its name has just lost that. */
  int name = is_nameless || side->is_throttling ? -1 : draw (side->state, N_NAMES);
  g_autoptr(TendTask) task = make_task (side, name);
  g_autoptr(GError) error = NULL;
  Record *record = record_of (task);
  TendTask *holder = name >= 0 ? find_holder (side, name) : NULL;
  TendTask *wanted = task;
  TendTask *given;

  if (record->is_by_hand && draw (side->state, 3) == 0)
    {
      record->is_adopted = TRUE;
      tend_task_start (task, NULL);
    }
  if (holder != NULL && (policy == TEND_NAME_POLICY_REJECT || policy == TEND_NAME_POLICY_KEEP))
    wanted = policy == TEND_NAME_POLICY_KEEP ? holder : NULL;
  else
    expect_registered (side, record);
  if (holder != NULL && policy == TEND_NAME_POLICY_REPLACE)
    take_names (side, name);

  /* One that has ended by the time it would be returned is not: what its own end replaced may have replaced it. */
  given = tend_task_manager_register (side->manager, g_object_ref (task), policy, &error);
  g_assert_true (given == wanted || (given == NULL && wanted == task && tend_task_is_ended (task)));
  g_assert_true ((wanted == NULL) == g_error_matches (error, TEND_ERROR, TEND_ERROR_EXISTS));
  if (wanted != task)
    tend_task_stop (task);
}

static void
debounce_one (Side *side)
{
  int name = draw (side->state, N_NAMES);
  g_autoptr(TendTask) task = make_task (side, name);
  TendTask *given;

  if (find_holder (side, name) != NULL)
    take_names (side, name);
  expect_registered (side, record_of (task));
  given = tend_task_manager_debounce (side->manager, g_object_ref (task), draw (side->state, 4000), NULL);
  g_assert_true (given == task || (given == NULL && tend_task_is_ended (task)));
}

static void
throttle_one (Side *side)
{
  g_autoptr(TendTask) task = make_task (side, draw (side->state, N_NAMES));
  TendTask *given;

  expect_registered (side, record_of (task));
  side->is_throttling = TRUE;
  given = tend_task_manager_throttle (side->manager, g_object_ref (task), 1 + draw (side->state, 4000), NULL);
  g_assert_true (given == task || (given == NULL && tend_task_is_ended (task)));
  side->is_throttling = FALSE;
}

static void
cancel_name (Side *side)
{
  char name[] = { (char) ('0' + draw (side->state, N_NAMES)), 0 };
  TendTask *found = tend_task_manager_lookup (side->manager, name);
  TendTask *cancelled;

  /* Those that are queued under the name keep it. */
  if (found != NULL && !tend_task_is_ended (found))
    record_of (found)->is_named = FALSE;
  cancelled = tend_task_manager_cancel_task (side->manager, name);
  g_assert_true (cancelled == found);
}

static void
change_settings (Side *side)
{
  State *state = side->state;
  Side *other = &state->sides[draw (state, N_SIDES)];

  switch (draw (state, 5))
    {
    case 4:
      tend_task_manager_set_keep_ended (side->manager, (guint) draw (state, 4));
      break;
    case 0:
      tend_task_manager_set_max_running (side->manager, (guint) draw (state, 8));
      break;
    case 1:
      tend_task_manager_set_rate (side->manager, (guint) draw (state, 5), 1 + draw (state, 2000));
      break;
    case 2:
      tend_task_manager_add_child (side->manager, other->manager, NULL);
      break;
    default:
      tend_task_manager_remove_child (side->manager, other->manager);
      break;
    }
}

static void
act_on_task (TendTask *task,
             int       kind)
{
  if (kind < 20)
    tend_task_cancel (task);
  else if (kind < 35)
    tend_task_stop (task);
  else if (kind < 45)
    {
      record_of (task)->was_paused = TRUE;
      tend_task_pause (task);
    }
  else if (kind < 58)
    tend_task_resume (task);
  else if (tend_task_is_running (task) && record_of (task)->is_by_hand && !tend_task_is_paused (task))
    tend_task_return_boolean (task, TRUE);
}

static TendTask *
pick_task (Side *side)
{
  g_autoptr(GPtrArray) tasks = list_tasks (side);

  return tasks->len == 0 ? NULL : g_ptr_array_index (tasks, (guint) draw (side->state, (int) tasks->len));
}

static gboolean
has_room (Side *side)
{
  g_autoptr(GPtrArray) tasks = list_tasks (side);

  return tasks->len < MAX_TASKS;
}

static void
operate (State *state)
{
  Side *side = &state->sides[draw (state, N_SIDES)];
  TendTask *task = pick_task (side);
  int kind = draw (state, 200);

  if (kind < 70 && has_room (side))
    register_one (side);
  else if (kind < 78 && has_room (side))
    debounce_one (side);
  else if (kind < 86 && has_room (side))
    throttle_one (side);
  else if (kind < 100)
    cancel_name (side);
  else if (kind < 150 && task != NULL)
    act_on_task (task, draw (state, 70));
  else if (kind < 155)
    change_settings (side);
  else if (kind == 155)
    {
      take_names (side, -1);
      tend_task_manager_cancel_all (side->manager);
    }
  else if (kind < 175)
    g_main_context_iteration (NULL, FALSE);
  else
    tend_clock_advance (state->clock, draw (state, 4000), NULL);
}

/* Now and then an operation of those that run no loop, from inside a change; not inside of itself. */
static void
operate_inside (State *state)
{
  Side *side = &state->sides[draw (state, N_SIDES)];
  TendTask *task = pick_task (side);

  if (state->is_inside || draw (state, 6) > 0)
    return;

  state->is_inside = TRUE;
  switch (draw (state, 5))
    {
    case 0:
      if (has_room (side))
        register_one (side);
      break;
    case 1:
      cancel_name (side);
      break;
    case 2:
      change_settings (side);
      break;
    default:
      if (task != NULL)
        act_on_task (task, draw (state, 70));
      break;
    }
  state->is_inside = FALSE;
}

static void
task_added_cb (TendTaskManager *manager,
               TendTask        *task,
               gpointer         data)
{
  g_ptr_array_add (((Side *) data)->tasks, task);
}

static void
follow (GPtrArray  *shadow,
        GListModel *model,
        guint       position,
        guint       n_removed,
        guint       n_added)
{
  g_assert_cmpuint (position + n_removed, <=, shadow->len);
  if (n_removed > 0)
    g_ptr_array_remove_range (shadow, position, n_removed);
  for (guint i = 0; i < n_added; i++)
    {
      g_autoptr(TendTask) task = g_list_model_get_item (model, position + i);

      g_ptr_array_insert (shadow, (int) (position + i), task);
    }
  g_assert_cmpuint (g_list_model_get_n_items (model), ==, shadow->len);
}

static void
items_changed_cb (GListModel *model,
                  guint       position,
                  guint       n_removed,
                  guint       n_added,
                  gpointer    data)
{
  Side *side = data;

  side->state->n_changes++;
  follow (side->shadow, model, position, n_removed, n_added);
  check_side (side);
  operate_inside (side->state);
}

static void
running_changed_cb (GListModel *model,
                    guint       position,
                    guint       n_removed,
                    guint       n_added,
                    gpointer    data)
{
  Side *side = data;

  follow (side->running_shadow, model, position, n_removed, n_added);
  operate_inside (side->state);
}

/* --- The tests --- */

static void
side_init (Side  *side,
           State *state)
{
  side->state = state;
  side->manager = tend_task_manager_new ();
  side->tasks = g_ptr_array_new ();
  side->shadow = g_ptr_array_new ();
  g_signal_connect (side->manager, "task-added", G_CALLBACK (task_added_cb), side);
  g_signal_connect (side->manager, "items-changed", G_CALLBACK (items_changed_cb), side);
  side->running = tend_task_manager_list_running (side->manager);
  if (side == &state->sides[0])
    {
      side->running_shadow = g_ptr_array_new ();
      g_signal_connect (side->running, "items-changed", G_CALLBACK (running_changed_cb), side);
    }
  hear_failures (side->manager);
}

/* Whatever has happened, every slot is free again. */
static void
check_slot (Side *side)
{
  g_autoptr(TendTask) task = make_task (side, -1);

  record_of (task)->ms = 1;
  expect_registered (side, record_of (task));
  tend_task_manager_set_max_running (side->manager, 1);
  tend_task_manager_set_rate (side->manager, 0, 0);
  g_assert_true (tend_task_manager_register (side->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, NULL));
  tend_clock_advance (side->state->clock, G_TIME_SPAN_SECOND, NULL);
  g_assert_cmpint (tend_task_get_status (task), !=, TEND_TASK_STATUS_PENDING);
  tend_task_stop (task);
}

static void
side_end (Side *side)
{
  TendTask *task;

  while ((task = pick_task (side)) != NULL)
    {
      tend_task_stop (task);
      g_main_context_iteration (NULL, FALSE);
    }
  check_slot (side);
  tend_task_manager_set_keep_ended (side->manager, 0);
  while (side->shadow->len > 0 || (side->running_shadow != NULL && side->running_shadow->len > 0))
    g_main_context_iteration (NULL, FALSE);
  check_all (side);
  for (guint i = 0; i < N_NAMES; i++)
    g_assert_cmpuint (side->n_bodies[i], ==, 0);
}

static void
run_seed (guint32  seed,
          gboolean has_threads)
{
  State state = { .rand = g_rand_new_with_seed (seed), .clock = tend_clock_freeze (NULL),
                  .never = tend_task_new_open (NULL, run_at_once, NULL, NULL), .has_threads = has_threads };

  g_test_message ("seed %u", seed);
  for (guint i = 0; i < N_SIDES; i++)
    side_init (&state.sides[i], &state);

  for (guint i = 0; i < N_OPERATIONS; i++)
    {
      operate (&state);
      check_side (&state.sides[i % N_SIDES]);
      if (i % 16 == 0)
        check_all (&state.sides[i / 16 % N_SIDES]);
    }

  state.is_inside = TRUE;
  for (guint i = 0; i < N_SIDES * N_SIDES; i++)
    tend_task_manager_remove_child (state.sides[i / N_SIDES].manager, state.sides[i % N_SIDES].manager);
  for (guint i = 0; i < N_SIDES; i++)
    side_end (&state.sides[i]);
  g_assert_cmpuint (state.n_changes, >, N_OPERATIONS / 4);
  g_assert_cmpuint (state.n_begun, >, N_OPERATIONS / 20);
  for (guint i = 0; i < N_SIDES; i++)
    {
      g_assert_finalize_object (state.sides[i].manager);
      g_assert_finalize_object (state.sides[i].running);
      g_clear_pointer (&state.sides[i].running_shadow, g_ptr_array_unref);
      g_ptr_array_unref (state.sides[i].shadow);
      g_ptr_array_unref (state.sides[i].tasks);
    }
  g_assert_cmpuint (state.n_alive, ==, 0);

  g_assert_finalize_object (state.never);
  g_assert_finalize_object (state.clock);
  g_rand_free (state.rand);
}

static void
test_fixed_seed (gconstpointer seed)
{
  run_seed (GPOINTER_TO_UINT (seed), FALSE);
}

static void
test_random_seed (void)
{
  run_seed ((guint32) g_test_rand_int (), TRUE);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (guint seed = 1; seed <= 4; seed++)
    {
      g_autofree char *path = g_strdup_printf ("/tend/task-manager/list/seed-%u", seed);

      g_test_add_data_func (path, GUINT_TO_POINTER (seed), test_fixed_seed);
    }
  g_test_add_func ("/tend/task-manager/list/random-seed", test_random_seed);

  return g_test_run ();
}
