// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the tests of groups and combinators share: tasks that end at a given time in a given way,
// errors that nobody observed, and another thread with a context of its own.

#pragma once

#include "../task/common.h"

/* --- Tasks --- */

G_GNUC_UNUSED
static gboolean
cancel_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Enough");
  return TRUE;
}

/* A body that fails with its data as the message. */
G_GNUC_UNUSED
static gboolean
fail_as_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_FAILED, "%s", (const char *) user_data);
  return TRUE;
}

/* A task whose body runs in so many seconds. */
G_GNUC_UNUSED
static TendTask *
task_in (int           seconds,
         TendBodyFunc  body,
         gconstpointer data)
{
  TendTask *task = tend_task_new_open (NULL, body, (gpointer) data, NULL);

  tend_task_set_delay (task, seconds * SECOND);
  g_assert_true (tend_task_start (task, NULL));
  return task;
}

/* A fiber that waits for what its data lead to until it is cancelled, and then cleans up for a second. */
G_GNUC_UNUSED
static gboolean
drain_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  gboolean slept = tend_sleep (100 * SECOND, error);

  g_assert_false (slept);
  tend_shield_push ();
  slept = tend_sleep (SECOND, NULL);
  tend_shield_pop ();
  note (slept ? "%s:drained" : "%s:unwound", (const char *) user_data);
  return FALSE;
}

/* Completes the task that are its data, and runs the loop: what is freed may be a binding's, which does as it likes. */
G_GNUC_UNUSED
static void
complete_and_settle_cb (gpointer data)
{
  tend_task_return_boolean (data, TRUE);
  settle ();
}

/* --- Errors that nobody observed --- */

G_GNUC_UNUSED
static void
note_unobserved_cb (const char   *task,
                    const GError *error,
                    const char   *origin,
                    gpointer      user_data)
{
  note ("unobserved:%s", error->message);
}

/* --- Another thread, with a context of its own --- */

typedef struct
{
  GThread      *thread;
  GMainContext *context;
  int           is_over;    /* atomic */
} Other;

static gpointer
other_thread (gpointer data)
{
  Other *other = data;

  g_main_context_push_thread_default (other->context);
  while (!g_atomic_int_get (&other->is_over))
    g_main_context_iteration (other->context, TRUE);
  while (g_main_context_iteration (other->context, FALSE))
    ;
  g_main_context_pop_thread_default (other->context);
  return NULL;
}

G_GNUC_UNUSED
static Other *
other_new (void)
{
  Other *other = g_new0 (Other, 1);

  other->context = g_main_context_new ();
  other->thread = g_thread_new ("other", other_thread, other);
  return other;
}

typedef struct
{
  GSourceFunc func;
  gpointer    data;
  GMutex      lock;
  GCond       cond;
  gboolean    is_done;
} OtherCall;

static gboolean
other_call_cb (gpointer data)
{
  OtherCall *call = data;

  call->func (call->data);
  g_mutex_lock (&call->lock);
  call->is_done = TRUE;
  g_cond_signal (&call->cond);
  g_mutex_unlock (&call->lock);
  return G_SOURCE_REMOVE;
}

/* Calls @func in the other thread, and waits for it. */
G_GNUC_UNUSED
static void
other_call (Other       *other,
            GSourceFunc  func,
            gpointer     data)
{
  OtherCall call = { .func = func, .data = data };

  g_mutex_init (&call.lock);
  g_cond_init (&call.cond);
  g_main_context_invoke (other->context, other_call_cb, &call);
  g_mutex_lock (&call.lock);
  while (!call.is_done)
    g_cond_wait (&call.cond, &call.lock);
  g_mutex_unlock (&call.lock);
  g_mutex_clear (&call.lock);
  g_cond_clear (&call.cond);
}

static int n_foreign;   /* atomic; tasks of other threads that were not finalized yet */

G_GNUC_UNUSED
static void
foreign_gone_cb (gpointer  data,
                 GObject  *task)
{
  g_atomic_int_add (&n_foreign, -1);
}

static gboolean
foreign_new_cb (gpointer data)
{
  TendTask *task = tend_task_new_open (NULL, NULL, NULL, NULL);

  g_atomic_int_inc (&n_foreign);
  g_object_weak_ref (G_OBJECT (task), foreign_gone_cb, NULL);
  *(TendTask **) data = task;
  return G_SOURCE_REMOVE;
}

/* A task of the other thread, which runs until somebody completes it. */
G_GNUC_UNUSED
static TendTask *
foreign_new (Other *other)
{
  TendTask *task = NULL;

  other_call (other, foreign_new_cb, &task);
  return task;
}

static gboolean
nothing_cb (gpointer data)
{
  return G_SOURCE_REMOVE;
}

/* Ends the other thread, where nothing must be left. */
G_GNUC_UNUSED
static void
other_free (Other *other)
{
  /* What is on its way there comes before this, and what comes back of it is for us to take. */
  for (guint i = 0; i < 3; i++)
    {
      other_call (other, nothing_cb, NULL);
      settle ();
    }

  g_atomic_int_set (&other->is_over, TRUE);
  g_main_context_wakeup (other->context);
  g_thread_join (other->thread);
  g_main_context_unref (other->context);
  g_free (other);
  g_assert_cmpint (g_atomic_int_get (&n_foreign), ==, 0);
}
