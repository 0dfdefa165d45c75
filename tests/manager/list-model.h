// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A simple model of a manager, for tests that do anything in any order: what was registered, its list as
// items-changed tells it, what each task was registered with, and what must be true of them at any moment.

#pragma once

#include "../support/failures.h"

#define N_SIDES 3
#define N_NAMES 10
#define MAX_TASKS 25

typedef struct _State State;

typedef struct
{
  State           *state;
  TendTaskManager *manager;
  GPtrArray       *tasks;               /* of TendTask; registered, and not finalized; not references */
  GPtrArray       *shadow;              /* of TendTask; as items-changed told it; not references */
  GListModel      *running;             /* those that run */
  GPtrArray       *running_shadow;      /* the same as the shadow for these; NULL: nobody listens */
  guint            n_bodies[N_NAMES];   /* named ones that have begun, and have not really ended */
  guint            counts[TEND_TASK_STATUS_STOPPED + 1];
  guint            n_registered;
  gboolean         is_throttling;       /* the one that is replaced has lost its name, and has not ended */
} Side;

struct _State
{
  GRand     *rand;
  TendClock *clock;
  TendTask  *never;
  Side       sides[N_SIDES];
  guint      n_alive;           /* tasks that have not been finalized */
  guint      n_begun;
  guint      n_changes;
  gboolean   has_threads;       /* then a seed does not say all */
  gboolean   is_inside;         /* an operation from inside goes on */
};

/* What the model knows of a task: goes with it. */
typedef struct
{
  Side     *side;
  int       name;               /* a number; -1: it is anonymous, and answers to none */
  guint     ms;
  gboolean  is_named;
  gboolean  is_adopted;
  gboolean  is_by_hand;
  gboolean  is_thread;
  gboolean  was_paused;
  gboolean  is_registered;
  int       has_begun;          /* atomic */
} Record;

static inline int
draw (State *state,
      int    n)
{
  return g_rand_int_range (state->rand, 0, n);
}

#define record_of(task) ((Record *) g_object_get_data (G_OBJECT (task), "record"))

/* --- The model --- */

/* Those that the manager has: what was registered and is not finished. */
static inline GPtrArray *
list_tasks (Side *side)
{
  GPtrArray *tasks = g_ptr_array_new ();

  for (guint i = 0; i < side->tasks->len; i++)
    if (!tend_task_is_finished (g_ptr_array_index (side->tasks, i)))
      g_ptr_array_add (tasks, g_ptr_array_index (side->tasks, i));

  return tasks;
}

/* Whose the name is: the first of those that answer to it and go on. */
static inline TendTask *
find_holder (Side *side,
             int   name)
{
  for (guint i = 0; i < side->tasks->len; i++)
    {
      TendTask *task = g_ptr_array_index (side->tasks, i);
      Record *record = record_of (task);

      if (record->is_named && record->name == name && !tend_task_is_ended (task))
        return task;
    }

  return NULL;
}

/* Takes the name, or with -1 every name, from those that answer to it. */
static inline void
take_names (Side *side,
            int   name)
{
  for (guint i = 0; i < side->tasks->len; i++)
    {
      Record *record = record_of (g_ptr_array_index (side->tasks, i));

      if (name < 0 || record->name == name)
        record->is_named = FALSE;
    }
}

static inline void
check_name (Side *side)
{
  int number = draw (side->state, N_NAMES);
  char name[] = { (char) ('0' + number), 0 };
  TendTask *holder = find_holder (side, number);
  TendTask *found = tend_task_manager_lookup (side->manager, name);

  g_assert_true (holder != NULL ? found == holder : found == NULL || tend_task_is_ended (found));
  g_assert_true (tend_task_manager_is_active (side->manager, name) == (holder != NULL));
}

static inline void
check_item (Side  *side,
            guint  position)
{
  g_autoptr(TendTask) task = g_list_model_get_item (G_LIST_MODEL (side->manager), position);

  g_assert_true (task == (position < side->shadow->len ? g_ptr_array_index (side->shadow, position) : NULL));
}

/* Where nobody listens the list of those that run is exact at any moment. */
static inline void
check_running (Side *side)
{
  guint n = g_list_model_get_n_items (side->running);

  if (side->running_shadow != NULL)
    {
      g_assert_cmpuint (n, ==, side->running_shadow->len);
      return;
    }

  g_assert_cmpuint (n, ==, tend_task_manager_get_n_tasks (side->manager, TEND_TASK_STATUS_RUNNING));
  for (guint i = 0; i < n; i++)
    {
      g_autoptr(TendTask) task = g_list_model_get_item (side->running, i);

      g_assert_true (record_of (task)->side == side && tend_task_get_status (task) == TEND_TASK_STATUS_RUNNING);
    }
}

static inline void
check_side (Side *side)
{
  guint n = side->shadow->len;

  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (side->manager)), ==, n);
  check_item (side, (guint) draw (side->state, (int) n + 1));
  check_item (side, n);
  check_item (side, n + (guint) draw (side->state, G_MAXINT));
  if (!side->is_throttling)
    check_name (side);
}

static inline void
check_all (Side *side)
{
  g_autoptr(GPtrArray) tasks = tend_task_manager_list_tasks (side->manager);
  g_autoptr(GPtrArray) expected = list_tasks (side);
  guint64 n_pending = tend_task_manager_get_n_tasks (side->manager, TEND_TASK_STATUS_PENDING);
  guint64 n_running = tend_task_manager_get_n_tasks (side->manager, TEND_TASK_STATUS_RUNNING);
  guint n_ended = 0, n_going_on = 0, n_begun = 0, n_paused = 0;

  g_assert_cmpuint (tasks->len, ==, expected->len);
  for (guint i = 0; i < tasks->len; i++)
    {
      TendTask *task = g_ptr_array_index (tasks, i);
      Record *record = record_of (task);

      g_assert_true (task == g_ptr_array_index (expected, i));
      if (tend_task_is_ended (task))
        continue;

      n_going_on++;
      if (g_atomic_int_get (&record->has_begun))
        n_begun++;
      else if (record->was_paused || record->is_thread || record->is_adopted)
        n_paused++;
    }

  /* A task that was paused, waits for a worker or was started before has begun, though perhaps not its body. */
  g_assert_cmpuint (n_pending + n_running, ==, n_going_on);
  g_assert_cmpuint (n_running, >=, n_begun);
  g_assert_cmpuint (n_running, <=, n_begun + n_paused);

  for (TendTaskStatus status = TEND_TASK_STATUS_COMPLETED; status <= TEND_TASK_STATUS_STOPPED; status++)
    {
      g_assert_cmpuint (tend_task_manager_get_n_tasks (side->manager, status), ==, side->counts[status]);
      n_ended += side->counts[status];
    }
  g_assert_cmpuint (n_ended + n_going_on, ==, side->n_registered);
  check_running (side);
}
