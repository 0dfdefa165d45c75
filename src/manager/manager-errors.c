// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The errors that a manager ignores, and how it reports the others.

#include "tend-manager-private.h"

#define ANY_CODE (-1)

typedef struct
{
  GQuark domain;
  int    code;
} Ignored;

gboolean
tend_manager_ignores (TendTaskManagerPrivate *priv,
                      const GError           *error)
{
  for (guint i = 0; priv->ignored != NULL && i < priv->ignored->len; i++)
    {
      const Ignored *ignored = &g_array_index (priv->ignored, Ignored, i);

      if (ignored->domain == error->domain && (ignored->code == error->code || ignored->code == ANY_CODE))
        return TRUE;
    }

  return FALSE;
}

/*
 * Tells of the error of a task, or of one of its runs: by the signal, or as information if it is ignored; on the native
 * stack. FALSE if nobody hears of it.
 */
gboolean
tend_manager_tell_error (TendTaskManager *self,
                         TendTask        *task,
                         const GError    *error)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  if (tend_manager_ignores (priv, error))
    {
      g_autofree char *text = tend_task_head (task);

      g_info ("%s: its error is ignored: %s", text, error->message);
      return TRUE;
    }

  if (tend_manager_is_bereaved (priv) || !tend_manager_is_heard (self, TEND_MANAGER_SIGNAL_FAILED))
    return FALSE;

  g_object_ref (self);
  tend_manager_emit_failed (self, task, error);
  g_object_unref (self);

  return TRUE;
}

/**
 * tend_task_manager_ignore_error:
 * @self: a manager
 * @domain: a domain of errors
 * @code: a code of that domain, or -1 for every code
 *
 * Ignores an error that is expected, such as `G_IO_ERROR_CONNECTION_REFUSED`.
 *
 * When a task fails with it, [signal@Tend.TaskManager::task-failed] is not emitted, the error is logged as information,
 * and an interval task goes on. Those who wait for the task still get the error. This cannot be undone.
 *
 * Since: 0.1
 */
void
tend_task_manager_ignore_error (TendTaskManager *self,
                                GQuark           domain,
                                int              code)
{
  TendTaskManagerPrivate *priv;
  Ignored ignored = { domain, code };

  g_return_if_fail (TEND_IS_TASK_MANAGER (self));
  g_return_if_fail (domain != 0);

  if (!tend_manager_check_thread (self, G_STRFUNC))
    return;

  priv = tend_manager_get_private (self);
  if (priv->ignored == NULL)
    priv->ignored = g_array_new (FALSE, FALSE, sizeof (Ignored));
  g_array_append_val (priv->ignored, ignored);
}
