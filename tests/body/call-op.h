// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// An operation whose end the test decides.

#pragma once

#include "../task/common.h"

typedef struct
{
  gboolean      obeys;          /* it ends when it is cancelled */
  GTask        *task;
  GCancellable *cancellable;
  gulong        handler;
} Op;

#define OP_OBEYS { .obeys = TRUE }
#define OP_IGNORES { .obeys = FALSE }

static inline GTask *
op_take (Op *op)
{
  if (op->handler != 0)
    g_signal_handler_disconnect (op->cancellable, op->handler);
  op->handler = 0;
  g_clear_object (&op->cancellable);

  return g_steal_pointer (&op->task);
}

static inline void
op_end (Op *op)
{
  g_autoptr(GTask) task = op_take (op);

  g_task_return_boolean (task, TRUE);
}

static inline void
op_fail (Op *op)
{
  g_autoptr(GTask) task = op_take (op);

  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_FAILED, "No luck");
}

static inline void
op_cancelled_cb (GCancellable *cancellable,
                 gpointer      user_data)
{
  g_autoptr(GTask) task = op_take (user_data);

  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Given up");
}

static inline void
op_begin (Op                  *op,
          GCancellable        *cancellable,
          GAsyncReadyCallback  callback,
          gpointer             user_data)
{
  op->task = g_task_new (NULL, NULL, callback, user_data);
  op->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;

  if (!op->obeys || cancellable == NULL)
    return;

  if (g_cancellable_is_cancelled (cancellable))
    op_cancelled_cb (cancellable, op);
  else
    op->handler = g_signal_connect (cancellable, "cancelled", G_CALLBACK (op_cancelled_cb), op);
}

/* Also when it has come back because of that. */
static inline gboolean
op_is_cancelled (Op *op)
{
  return op->task == NULL || g_cancellable_is_cancelled (op->cancellable);
}
