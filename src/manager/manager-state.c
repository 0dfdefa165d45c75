// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What all files of a manager share: its fields, its thread, its owner's gate, and its signals. Calls none of them. The
// class, which fills in the signals, is in task-manager.c.

#include "tend-manager-private.h"

gssize tend_manager_private_offset;
GParamSpec *tend_manager_properties[TEND_MANAGER_N_PROPERTIES];
guint tend_manager_signals[TEND_MANAGER_N_SIGNALS];

/* --- Where it is --- */

/* Whether the caller is in the manager's thread; a critical if not. */
gboolean
tend_manager_check_thread (TendTaskManager *self,
                           const char      *func)
{
  if (tend_loop_is_mine (tend_manager_get_private (self)->loop))
    return TRUE;

  g_critical ("%s(): the manager belongs to the main context of another thread", func);
  return FALSE;
}

/* Whether @task can run where the manager does. */
gboolean
tend_manager_check_context (TendTaskManager  *self,
                            TendTask         *task,
                            GError          **error)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  if (tend_loop_get_context (tend_task_loop (task)) == tend_loop_get_context (priv->loop))
    return TRUE;

  tend_task_set_error (task, error, TEND_ERROR, TEND_ERROR_WRONG_THREAD,
                       _("belongs to another main context than its manager"));
  return FALSE;
}

/* Whether the owner of the manager is gone, which its thread may not have noticed yet. */
gboolean
tend_manager_is_bereaved (TendTaskManagerPrivate *priv)
{
  return priv->gate != NULL && tend_gate_is_closed (priv->gate);
}

/* Whether the manager takes no new tasks. */
gboolean
tend_manager_is_closed (TendTaskManagerPrivate *priv)
{
  return priv->state != TEND_MANAGER_OPEN || tend_manager_is_bereaved (priv);
}

/* What has become of a manager that is not open, for the message of an error. */
const char *
tend_manager_describe_end (TendTaskManagerPrivate *priv)
{
  if (!priv->was_down && (priv->state == TEND_MANAGER_CLOSED || priv->state == TEND_MANAGER_DRAINING))
    return _("is closed");

  return _("has been shut down");
}

/* --- What it tells --- */

void
tend_manager_notify (TendTaskManager     *self,
                     TendManagerProperty  property)
{
  tend_notify_native (G_OBJECT (self), tend_manager_properties[property]);
}

/* Emits that @task, or a run of it, has failed. */
void
tend_manager_emit_failed (TendTaskManager *self,
                          TendTask        *task,
                          const GError    *error)
{
  g_signal_emit (self, tend_manager_signals[TEND_MANAGER_SIGNAL_FAILED], 0, task, error);
}

/* Says that @task has run for @usec already. */
void
tend_manager_emit_slow (TendTaskManager *self,
                        TendTask        *task,
                        gint64           usec)
{
  g_signal_emit (self, tend_manager_signals[TEND_MANAGER_SIGNAL_SLOW], 0, task, usec);
}

/* What a class does of itself when a task comes or ends; derived classes chain up to it. */
void
tend_manager_ignore_task (TendTaskManager *self,
                          TendTask        *task)
{
}

/* What a class does of itself when a task fails: nobody is told by that. Derived classes chain up to it. */
void
tend_manager_ignore_failure (TendTaskManager *self,
                             TendTask        *task,
                             const GError    *error)
{
}

/* Whether anybody hears of @signal: it takes time to find out what is told by it, and to emit it. */
gboolean
tend_manager_is_heard (TendTaskManager   *self,
                       TendManagerSignal  signal)
{
  TendTaskManagerClass *klass = TEND_TASK_MANAGER_GET_CLASS (self);

  if (signal == TEND_MANAGER_SIGNAL_FAILED && klass->task_failed != tend_manager_ignore_failure)
    return TRUE;
  if (signal == TEND_MANAGER_SIGNAL_ADDED && klass->task_added != tend_manager_ignore_task)
    return TRUE;
  if (signal == TEND_MANAGER_SIGNAL_ENDED && klass->task_ended != tend_manager_ignore_task)
    return TRUE;

  return g_signal_has_handler_pending (self, tend_manager_signals[signal], 0, FALSE);
}

/* Says that @task has come or ended. */
void
tend_manager_emit_task (TendTaskManager   *self,
                        TendManagerSignal  signal,
                        TendTask          *task)
{
  g_signal_emit (self, tend_manager_signals[signal], 0, task);
}
