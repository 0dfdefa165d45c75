// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the tests of the manager share: a manager on a clock that stands still, a shadow of its list model
// that is kept by items-changed alone and compared each time, and work of every kind that goes on
// until it is let go or cancelled. At the end of each test every task must have been finalized, and
// its data destroyed once.

#pragma once

#include "../support/failures.h"

#define SECOND (G_TIME_SPAN_SECOND)

typedef enum
{
  CALLBACK,
  FIBER,
  THREAD,
  ASYNC,
  N_KINDS
} Kind;

typedef struct
{
  TendClock       *clock;
  TendTaskManager *manager;
  GPtrArray       *shadow;      /* of TendTask; not references */
  GPtrArray       *works;       /* of Work */
  GString         *log;
  GTask           *dummy;
  guint            n_alive;     /* watched objects that have not been finalized */
  guint            n_changes;   /* emissions of items-changed */
} Fixture;

typedef struct
{
  Fixture  *fixture;
  TendTask *task;       /* not a reference */
  TendTask *gate;
  GMutex    lock;
  GCond     cond;
  gboolean  is_open;    /* under lock: the gate of a thread */
  gboolean  is_deaf;    /* a thread that does not look whether it was cancelled */
  int       n_runs;     /* atomic */
  guint     n_freed;
} Work;

/* --- Watching --- */

static inline void
object_gone_cb (gpointer  data,
                GObject  *object)
{
  ((Fixture *) data)->n_alive--;
}

/* Has the end of the test check that @object was finalized. */
static inline gpointer
watch (Fixture  *fixture,
       gpointer  object)
{
  fixture->n_alive++;
  g_object_weak_ref (object, object_gone_cb, fixture);
  return object;
}

/* Nothing that can be observed runs on a fiber's stack. This never waits: no operation was begun. */
static inline void
assert_is_native (Fixture *fixture)
{
  g_autoptr(GError) error = NULL;
  TendCall call = TEND_CALL_INIT;

  tend_await_call (&call, &error);
  g_assert_error (error, TEND_ERROR, TEND_ERROR_NO_FIBER);
}

/* The tasks that are not finished: the list model tells of them in the next turn. */
static inline guint
n_tasks (Fixture *fixture)
{
  g_autoptr(GPtrArray) tasks = tend_task_manager_list_tasks (fixture->manager);

  return tasks->len;
}

static inline TendTask *
nth_task (Fixture *fixture,
          guint    n)
{
  g_autoptr(GPtrArray) tasks = tend_task_manager_list_tasks (fixture->manager);

  g_assert_cmpuint (n, <, tasks->len);

  return g_ptr_array_index (tasks, n);
}

static inline void
assert_shadow (Fixture *fixture)
{
  GListModel *model = G_LIST_MODEL (fixture->manager);

  g_assert_cmpuint (g_list_model_get_n_items (model), ==, fixture->shadow->len);
  for (guint i = 0; i < fixture->shadow->len; i++)
    {
      g_autoptr(TendTask) task = g_list_model_get_item (model, i);

      g_assert_true (task == g_ptr_array_index (fixture->shadow, i));
    }
}

static inline void
items_changed_cb (GListModel *model,
                  guint       position,
                  guint       n_removed,
                  guint       n_added,
                  gpointer    data)
{
  Fixture *fixture = data;

  assert_is_native (fixture);
  fixture->n_changes++;

  g_assert_cmpuint (position + n_removed, <=, fixture->shadow->len);
  if (n_removed > 0)
    g_ptr_array_remove_range (fixture->shadow, position, n_removed);
  for (guint i = 0; i < n_added; i++)
    {
      g_autoptr(TendTask) task = g_list_model_get_item (model, position + i);

      g_assert_nonnull (task);
      g_ptr_array_insert (fixture->shadow, (int) (position + i), task);
    }

  if (fixture->manager != NULL)
    assert_shadow (fixture);
}

static inline void
work_free (gpointer data)
{
  Work *work = data;

  g_assert_cmpuint (work->n_freed, ==, 1);
  g_object_unref (work->gate);
  g_mutex_clear (&work->lock);
  g_cond_clear (&work->cond);
  g_free (work);
}

static inline void
set_up (Fixture       *fixture,
        gconstpointer  unused)
{
  fixture->clock = tend_clock_freeze (NULL);
  fixture->manager = tend_task_manager_new ();
  fixture->shadow = g_ptr_array_new ();
  fixture->works = g_ptr_array_new_with_free_func (work_free);
  fixture->log = g_string_new (NULL);
  fixture->dummy = g_task_new (NULL, NULL, NULL, NULL);
  g_task_return_boolean (fixture->dummy, TRUE);
  g_signal_connect (fixture->manager, "items-changed", G_CALLBACK (items_changed_cb), fixture);
  hear_failures (fixture->manager);
}

static inline void
tear_down (Fixture       *fixture,
           gconstpointer  unused)
{
  if (fixture->manager != NULL)
    {
      assert_shadow (fixture);
      g_assert_finalize_object (g_steal_pointer (&fixture->manager));
    }
  tend_clock_run_until_idle (fixture->clock, NULL);

  g_assert_cmpuint (fixture->n_alive, ==, 0);
  g_clear_pointer (&fixture->works, g_ptr_array_unref);
  g_clear_pointer (&fixture->shadow, g_ptr_array_unref);
  g_string_free (g_steal_pointer (&fixture->log), TRUE);
  g_object_unref (fixture->dummy);
  g_assert_finalize_object (fixture->clock);
}

/* Adds a test that runs with a manager of its own. */
static inline void
add_test (const char *path,
          void     (* test) (Fixture       *fixture,
                             gconstpointer  data))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

/* --- Time and the log --- */

/* Lets happen what happens now. */
static inline void
settle (Fixture *fixture)
{
  tend_clock_advance (fixture->clock, 0, NULL);
}

static inline void G_GNUC_PRINTF (2, 3)
note (Fixture    *fixture,
      const char *format,
      ...)
{
  va_list args;

  if (fixture->log->len > 0)
    g_string_append_c (fixture->log, ' ');
  va_start (args, format);
  g_string_append_vprintf (fixture->log, format, args);
  va_end (args);
}

#define assert_log(fixture, expected) \
  G_STMT_START { \
    g_assert_cmpstr ((fixture)->log->str, ==, (expected)); \
    g_string_truncate ((fixture)->log, 0); \
  } G_STMT_END

/* --- Work --- */

static inline void
work_freed_cb (gpointer data)
{
  ((Work *) data)->n_freed++;
}

static inline Work *
work_new (Fixture *fixture)
{
  Work *work = g_new0 (Work, 1);

  work->fixture = fixture;
  work->gate = tend_task_new_open (NULL, NULL, NULL, NULL);
  g_mutex_init (&work->lock);
  g_cond_init (&work->cond);
  g_ptr_array_add (fixture->works, work);

  return work;
}

static inline void
gate_open_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      data)
{
  g_autoptr(TendTask) task = data;
  GError *error = NULL;

  if (tend_task_wait_finish (TEND_TASK (object), result, &error))
    tend_task_return_int (task, 1);
  else
    tend_task_return_error (task, error);
}

static inline gboolean
callback_work (TendTask  *task,
               gpointer   data,
               GError   **error)
{
  Work *work = data;

  g_atomic_int_inc (&work->n_runs);
  tend_task_wait_async (work->gate, tend_task_get_cancellable (task), gate_open_cb, g_object_ref (task));

  return TRUE;
}

static inline gboolean
fiber_work (TendTask  *task,
            gpointer   data,
            GError   **error)
{
  Work *work = data;

  g_atomic_int_inc (&work->n_runs);
  if (!tend_await (work->gate, error))
    return FALSE;

  tend_task_return_int (task, 1);
  return TRUE;
}

static inline void
wake_thread_cb (GCancellable *cancellable,
                gpointer      data)
{
  Work *work = data;

  g_mutex_lock (&work->lock);
  g_cond_broadcast (&work->cond);
  g_mutex_unlock (&work->lock);
}

static inline gboolean
thread_work (TendTask  *task,
             gpointer   data,
             GError   **error)
{
  Work *work = data;
  GCancellable *cancellable = tend_task_get_cancellable (task);
  gulong handler = g_cancellable_connect (cancellable, G_CALLBACK (wake_thread_cb), work, NULL);

  g_atomic_int_inc (&work->n_runs);
  g_mutex_lock (&work->lock);
  while (!work->is_open && (work->is_deaf || !tend_task_is_cancelling (task)))
    g_cond_wait (&work->cond, &work->lock);
  g_mutex_unlock (&work->lock);
  g_cancellable_disconnect (cancellable, handler);

  if (!work->is_deaf && g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  tend_task_return_int (task, 1);
  return TRUE;
}

static inline void
async_work (TendTask            *task,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             callback_data,
            gpointer             data)
{
  Work *work = data;

  g_atomic_int_inc (&work->n_runs);
  tend_task_wait_async (work->gate, cancellable, callback, callback_data);
}

static inline gboolean
finish_async_work (TendTask      *task,
                   GAsyncResult  *result,
                   gpointer       data,
                   GError       **error)
{
  Work *work = data;

  if (!tend_task_wait_finish (work->gate, result, error))
    return FALSE;

  tend_task_return_int (task, 1);
  return TRUE;
}

/* Makes a task that goes on until work_let_go() or until it is cancelled, and then gives 1. */
static inline TendTask *
work_make_task (Work       *work,
                Kind        kind,
                const char *name)
{
  switch (kind)
    {
    case CALLBACK:
      work->task = tend_task_new_open (name, callback_work, work, work_freed_cb);
      break;
    case FIBER:
      work->task = tend_task_new_fiber (name, fiber_work, work, work_freed_cb);
      break;
    case THREAD:
      work->task = tend_task_new_thread (name, thread_work, work, work_freed_cb);
      break;
    case ASYNC:
      work->task = tend_task_new_async (name, async_work, finish_async_work, work, work_freed_cb);
      break;
    case N_KINDS:
    default:
      g_assert_not_reached ();
    }

  return watch (work->fixture, work->task);
}

/* Registers a task of that name and kind, under a policy that takes it. */
static inline Work *
register_work_as (Fixture        *fixture,
                  Kind            kind,
                  const char     *name,
                  TendNamePolicy  policy)
{
  g_autoptr(GError) error = NULL;
  Work *work = work_new (fixture);
  g_autoptr(TendTask) task = work_make_task (work, kind, name);
  TendTask *holder = tend_task_manager_register (fixture->manager, g_object_ref (task), policy, &error);

  g_assert_no_error (error);
  g_assert_true (holder == task);

  return work;
}

static inline Work *
register_work (Fixture    *fixture,
               Kind        kind,
               const char *name)
{
  return register_work_as (fixture, kind, name, TEND_NAME_POLICY_REJECT);
}

static inline void
work_let_go (Work *work)
{
  g_mutex_lock (&work->lock);
  work->is_open = TRUE;
  g_cond_broadcast (&work->cond);
  g_mutex_unlock (&work->lock);

  tend_task_return_boolean (work->gate, TRUE);
}

static inline gboolean
work_has_run (Work *work)
{
  return g_atomic_int_get (&work->n_runs) > 0;
}

/* Until the body has begun, in whichever thread. */
static inline void
work_wait_begun (Work *work)
{
  settle (work->fixture);
  while (!work_has_run (work))
    g_thread_yield ();
}

/* Until the body has really ended, and the list has told of it. */
static inline void
work_wait_gone (Work *work)
{
  settle (work->fixture);
  while (work->n_freed == 0)
    g_main_context_iteration (NULL, TRUE);
  settle (work->fixture);
}

/* --- Other bodies --- */

/* Adds to the number that it is given, if any, and completes. */
static inline gboolean
count_run (TendTask  *task,
           gpointer   data,
           GError   **error)
{
  if (data != NULL)
    ++*(guint *) data;
  tend_task_return_boolean (task, TRUE);

  return TRUE;
}

static inline gboolean
never_run (TendTask  *task,
           gpointer   data,
           GError   **error)
{
  g_assert_not_reached ();
  return TRUE;
}

static inline gboolean
fail_at_once (TendTask  *task,
              gpointer   data,
              GError   **error)
{
  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "%s failed",
                              tend_task_get_name (task) != NULL ? tend_task_get_name (task) : "it");

  return TRUE;
}

/* Registers a callback task that is watched. */
static inline TendTask *
register_callback (Fixture      *fixture,
                   const char   *name,
                   TendBodyFunc  func,
                   gpointer      data)
{
  g_autoptr(GError) error = NULL;
  TendTask *task = tend_task_manager_register (fixture->manager, tend_task_new_open (name, func, data, NULL),
                                               TEND_NAME_POLICY_REJECT, &error);

  g_assert_no_error (error);
  return watch (fixture, task);
}

static inline TendTask *
register_fiber (Fixture      *fixture,
                const char   *name,
                TendBodyFunc  func,
                gpointer      data)
{
  g_autoptr(GError) error = NULL;
  TendTask *task = tend_task_manager_register (fixture->manager, tend_task_new_fiber (name, func, data, NULL),
                                               TEND_NAME_POLICY_REJECT, &error);

  g_assert_no_error (error);
  return watch (fixture, task);
}
