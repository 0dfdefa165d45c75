// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the tests of semaphores share: one semaphore on a virtual clock, and bodies that acquire a permit.

#pragma once

#include "waits.h"

#define SECOND G_TIME_SPAN_SECOND

static inline void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->clock = tend_clock_freeze (NULL);
  fixture_init (fixture, tend_semaphore_new (GPOINTER_TO_UINT (data)));
}

#define assert_counts(fixture, available, waiting) \
  G_STMT_START { \
    g_assert_cmpuint (tend_semaphore_get_n_available ((fixture)->object), ==, (available)); \
    g_assert_cmpuint (tend_semaphore_get_n_waiting ((fixture)->object), ==, (waiting)); \
  } G_STMT_END

static inline gboolean
acquire (Actor   *actor,
         GError **error)
{
  GError *failure = NULL;
  gboolean ok = tend_semaphore_acquire (actor->object, &failure);

  note_wait (actor, ok, failure);
  if (failure != NULL)
    g_propagate_error (error, failure);
  return ok;
}

/* Holds a permit for a second. */
static inline gboolean
use_body (TendTask  *task,
          gpointer   data,
          GError   **error)
{
  Actor *actor = data;

  if (!acquire (actor, error))
    return FALSE;

  if (!tend_sleep (SECOND, error))
    return FALSE;

  tend_semaphore_release (actor->object);
  note (actor->fixture, "-%s", actor->name);
  return TRUE;
}

/* Does not release what it has acquired. */
static inline gboolean
keep_body (TendTask  *task,
           gpointer   data,
           GError   **error)
{
  return acquire (data, error) && tend_sleep (SECOND, error);
}

static inline void
acquired_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      data)
{
  g_autoptr(GError) error = NULL;
  gboolean ok = tend_semaphore_acquire_finish (TEND_SEMAPHORE (source), result, &error);

  note_wait (data, ok, error);
}

static inline void
acquire_async (Fixture      *fixture,
               const char   *name,
               GCancellable *cancellable)
{
  tend_semaphore_acquire_async (fixture->object, cancellable, acquired_cb, actor_new (fixture, name));
}

static inline void
add (const char *name,
     guint       n_permits,
     void     (* test) (Fixture       *fixture,
                        gconstpointer  data))
{
  g_autofree char *path = g_strconcat ("/tend/semaphore/", name, NULL);

  g_test_add (path, Fixture, GUINT_TO_POINTER (n_permits), set_up, test, tear_down);
}
