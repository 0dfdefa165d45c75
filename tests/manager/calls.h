// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Work that is asked for again and again: each body notes its tag, and the tenths of a second since the
// test began, as in "A@15"; one that takes its time notes its end too, as in "A.25" or, cancelled, "A!25".

#pragma once

#include "fixture.h"

#define NAME "n"
#define TENTH (SECOND / 10)

typedef struct
{
  Fixture    *fixture;
  const char *tag;
  gint64      duration;
} Call;

static gint64 epoch;

/* For the beginning of each test: counts the time from now on. */
static inline void
begin_time (Fixture *fixture)
{
  epoch = tend_clock_get_time (fixture->clock);
}

static inline void
note_time (Call       *call,
           const char *what)
{
  note (call->fixture, "%s%s%d", call->tag, what,
        (int) ((tend_clock_get_time (call->fixture->clock) - epoch) / TENTH));
}

/* Lets the time be so many tenths of a second since the test began. */
static inline void
go_to (Fixture *fixture,
       int      tenths)
{
  tend_clock_advance (fixture->clock, epoch + tenths * TENTH - tend_clock_get_time (fixture->clock), NULL);
}

static inline Call *
call_new (Fixture    *fixture,
          const char *tag,
          gint64      duration)
{
  Call *call = g_new0 (Call, 1);

  call->fixture = fixture;
  call->tag = tag;
  call->duration = duration;

  return call;
}

static inline gboolean
call_body (TendTask  *task,
           gpointer   data,
           GError   **error)
{
  note_time (data, "@");
  tend_task_return_boolean (task, TRUE);

  return TRUE;
}

static inline gboolean
call_fiber (TendTask  *task,
            gpointer   data,
            GError   **error)
{
  Call *call = data;

  note_time (call, "@");
  if (!tend_sleep (call->duration, error))
    {
      note_time (call, "!");
      return FALSE;
    }

  note_time (call, ".");
  return TRUE;
}

/* A task that takes its time. */
static inline TendTask *
call_new_task (Fixture    *fixture,
               const char *name,
               const char *tag,
               gint64      duration)
{
  return watch (fixture, tend_task_new_fiber (name, call_fiber, call_new (fixture, tag, duration), g_free));
}

/* What both ways to ask for work have in common. */
typedef TendTask * (* AskFunc) (TendTaskManager  *manager,
                                TendTask         *task,
                                gint64            usec,
                                GError          **error);

static inline TendTask *
ask (Fixture    *fixture,
     AskFunc     func,
     const char *tag,
     gint64      usec)
{
  g_autoptr(GError) error = NULL;
  TendTask *task = func (fixture->manager, tend_task_new (NAME, call_body, call_new (fixture, tag, 0), g_free),
                         usec, &error);

  g_assert_no_error (error);
  g_assert_true (tend_task_get_status (task) == TEND_TASK_STATUS_PENDING);
  return watch (fixture, task);
}

static inline TendTask *
ask_task (Fixture     *fixture,
          AskFunc      func,
          const char  *tag,
          gint64       duration,
          gint64       usec)
{
  g_autoptr(GError) error = NULL;
  TendTask *task = func (fixture->manager, call_new_task (fixture, NAME, tag, duration), usec, &error);

  g_assert_no_error (error);
  g_assert_true (tend_task_get_status (task) == TEND_TASK_STATUS_PENDING);
  return task;
}

static inline void
shut_down_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      data)
{
  g_assert_true (tend_task_manager_shutdown_finish (TEND_TASK_MANAGER (object), result, NULL));
  note (data, "down");
}

static inline void
assert_asking_fails (Fixture     *fixture,
                     AskFunc      func,
                     TendTask    *task,
                     GQuark       domain,
                     int          code)
{
  g_autoptr(GError) error = NULL;
  gint64 delay = tend_task_get_delay (task);
  guint n_changes = fixture->n_changes;

  g_assert_null (func (fixture->manager, g_object_ref (task), 5 * SECOND, &error));
  g_assert_error (error, domain, code);
  g_assert_null (func (fixture->manager, g_object_ref (task), 5 * SECOND, NULL));
  g_assert_cmpint (tend_task_get_delay (task), ==, delay);
  g_assert_cmpuint (fixture->n_changes, ==, n_changes);
}

/* Tasks that are refused change nothing for the one that waits under the name, or for those after it. */
static inline void
assert_refusals_lose_nothing (Fixture     *fixture,
                              AskFunc      func)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(TendTask) nameless = call_new_task (fixture, NULL, "x", 0);
  g_autoptr(TendTask) empty = call_new_task (fixture, "", "x", 0);
  Work *work = work_new (fixture);
  g_autoptr(TendTask) started = work_make_task (work, CALLBACK, NAME);
  g_autoptr(TendCompletion) completion = watch (fixture, tend_completion_new (NAME));
  g_autoptr(TendTask) elsewhere = NULL;
  Work *managed = register_work (fixture, CALLBACK, "managed");

  g_main_context_push_thread_default (context);
  elsewhere = call_new_task (fixture, NAME, "x", 0);
  g_main_context_pop_thread_default (context);
  g_assert_true (tend_task_start (started, NULL));

  assert_asking_fails (fixture, func, nameless, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  assert_asking_fails (fixture, func, empty, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  assert_asking_fails (fixture, func, started, TEND_ERROR, TEND_ERROR_STATE);
  assert_asking_fails (fixture, func, managed->task, TEND_ERROR, TEND_ERROR_STATE);
  assert_asking_fails (fixture, func, tend_completion_get_task (completion), TEND_ERROR, TEND_ERROR_STATE);
  assert_asking_fails (fixture, func, elsewhere, TEND_ERROR, TEND_ERROR_WRONG_THREAD);
  g_assert_false (tend_task_is_cancelling (started));

  tend_task_stop (started);
  g_assert_true (tend_completion_set_cancelled (completion, NULL));
}

static inline void
assert_refused_after_shutdown (Fixture     *fixture,
                               AskFunc      func)
{
  g_autoptr(TendTask) task = call_new_task (fixture, NAME, "x", 0);

  tend_task_manager_shutdown_async (fixture->manager, NULL, shut_down_cb, fixture);
  assert_asking_fails (fixture, func, task, TEND_ERROR, TEND_ERROR_SHUT_DOWN);
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_asking_fails (fixture, func, task, TEND_ERROR, TEND_ERROR_SHUT_DOWN);
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_CREATED);
  assert_log (fixture, "down");
}

typedef struct
{
  Fixture     *fixture;
  AskFunc      func;
} Elsewhere;

static inline gpointer
ask_elsewhere (gpointer data)
{
  Elsewhere *elsewhere = data;
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(GError) error = NULL;
  TendTask *task;

  g_main_context_push_thread_default (context);
  task = tend_task_new_open (NAME, never_run, NULL, NULL);
  g_assert_null (elsewhere->func (elsewhere->fixture->manager, task, SECOND, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_WRONG_THREAD);
  g_main_context_pop_thread_default (context);

  return NULL;
}

/* Another thread, with a context and a task of its own, changes nothing in the manager meanwhile. */
static inline void
assert_refused_elsewhere (Fixture     *fixture,
                          AskFunc      func)
{
  Elsewhere elsewhere = { fixture, func };
  GThread *thread;

  g_assert_true (g_main_context_acquire (NULL));
  thread = g_thread_new ("elsewhere", ask_elsewhere, &elsewhere);
  ask_task (fixture, func, "A", 0, SECOND);
  g_thread_join (thread);
  g_main_context_release (NULL);
}
