// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the tests of semaphores, events and conditions share: fibers and callbacks that wait, and note what it came to.

#pragma once

#include <tend.h>

typedef struct
{
  TendClock *clock;
  gpointer   object;        /* what is waited for; NULL: the test has dropped it */
  GPtrArray *tasks;
  GPtrArray *actors;
  GString   *log;
} Fixture;

typedef struct
{
  Fixture    *fixture;
  const char *name;
  gpointer    object;       /* as the fixture's, but not a reference */
} Actor;

/* How a task ends, and what its wait says then. */
typedef struct
{
  const char *name;
  void     (* end) (TendTask *task);
} End;

G_GNUC_UNUSED static const End ends[] = { { "cancelled", tend_task_cancel }, { "stopped", tend_task_stop } };

static inline void
fixture_init (Fixture  *fixture,
              gpointer  object)
{
  fixture->object = object;
  fixture->tasks = g_ptr_array_new ();
  fixture->actors = g_ptr_array_new_with_free_func (g_free);
  fixture->log = g_string_new (NULL);
}

static inline void
settle (Fixture *fixture)
{
  tend_clock_advance (fixture->clock, 0, NULL);
}

static inline void
tear_down (Fixture       *fixture,
           gconstpointer  unused)
{
  settle (fixture);
  for (guint i = 0; i < fixture->tasks->len; i++)
    {
      TendTask *task = g_ptr_array_index (fixture->tasks, i);

      g_assert_true (tend_task_is_finished (task));
      tend_task_get_error (task);
      g_assert_finalize_object (task);
    }
  if (fixture->object != NULL)
    g_assert_finalize_object (G_OBJECT (fixture->object));
  settle (fixture);

  g_ptr_array_unref (fixture->tasks);
  g_ptr_array_unref (fixture->actors);
  g_string_free (fixture->log, TRUE);
  g_assert_finalize_object (fixture->clock);
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

#define assert_log_of(fixture, format, how) \
  G_STMT_START { \
    g_autofree char *expected = g_strdup_printf (format, (how)->name); \
    assert_log (fixture, expected); \
  } G_STMT_END

static inline const char *
name_error (const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return "cancelled";
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return "timed-out";
  if (g_error_matches (error, TEND_ERROR, TEND_ERROR_STOPPED))
    return "stopped";
  if (g_error_matches (error, TEND_ERROR, TEND_ERROR_CLOSED))
    return "closed";
  if (g_error_matches (error, TEND_ERROR, TEND_ERROR_NO_FIBER))
    return "no-fiber";
  if (g_error_matches (error, TEND_ERROR, TEND_ERROR_WRONG_THREAD))
    return "wrong-thread";
  return error->message;
}

static inline Actor *
actor_new (Fixture    *fixture,
           const char *name)
{
  Actor *actor = g_new0 (Actor, 1);

  actor->fixture = fixture;
  actor->name = name;
  actor->object = fixture->object;
  g_ptr_array_add (fixture->actors, actor);

  return actor;
}

static inline TendTask *
keep (Fixture  *fixture,
      TendTask *task)
{
  g_ptr_array_add (fixture->tasks, task);
  return task;
}

/* Starts a fiber, whose task the fixture keeps. */
static inline TendTask *
go (Fixture      *fixture,
    TendBodyFunc  func,
    const char   *name)
{
  return keep (fixture, tend_task_run_fiber (name, func, actor_new (fixture, name), NULL));
}

/* Notes what a wait came to. */
static inline gboolean
note_wait (Actor   *actor,
           gboolean ok,
           GError  *error)
{
  g_assert_true (ok == (error == NULL));
  if (ok)
    note (actor->fixture, "%s", actor->name);
  else
    note (actor->fixture, "%s:%s", actor->name, name_error (error));

  return ok;
}
