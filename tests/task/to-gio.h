// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the tests of the bridge to a GTask share.

#pragma once

#include "common.h"

#include <gio/gio.h>

/* What the callback of the GTask has found. */
typedef struct
{
  GTask *result;    /* a reference */
  int    n_calls;
} Answer;

static inline void
answer_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Answer *answer = user_data;

  answer->n_calls++;
  g_set_object (&answer->result, G_TASK (result));
}

/* A GTask that ends as @task does; nobody but the bridge has a reference. */
static inline void
bridge (TendTask     *task,
        GCancellable *cancellable,
        Answer       *answer)
{
  g_autoptr(GTask) to = g_task_new (NULL, cancellable, answer_cb, answer);

  g_task_set_check_cancellable (to, FALSE);
  tend_task_return_to_task (task, to);
}

/* The callback has come once, and nothing else has the GTask. */
#define assert_answered(answer) \
  do \
    { \
      settle (); \
      g_assert_cmpint ((answer)->n_calls, ==, 1); \
      g_assert_nonnull ((answer)->result); \
    } \
  while (0)

#define assert_answered_error(answer, domain, code) \
  do \
    { \
      g_autoptr(GError) answered = NULL; \
      assert_answered (answer); \
      g_assert_false (g_task_propagate_boolean ((answer)->result, &answered)); \
      g_assert_error (answered, domain, code); \
      g_assert_finalize_object (g_steal_pointer (&(answer)->result)); \
    } \
  while (0)

static inline TendTask *
open_task (void)
{
  return tend_task_run_open ("bridged", idle_body, NULL, NULL);
}

#define add(name, func) g_test_add_func ("/tend/task/to-gio/" name, func)
