// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Failures that a test wants, and does not look at: somebody must hear of them, or they are reported.

#pragma once

#include <tend.h>

static inline void
heard_cb (TendTaskManager *manager,
          TendTask        *task,
          const GError    *error,
          gpointer         data)
{
}

static inline void
hear_failures (TendTaskManager *manager)
{
  g_signal_connect (manager, "task-failed", G_CALLBACK (heard_cb), NULL);
}

static inline void
hear_no_failures (TendTaskManager *manager)
{
  g_signal_handlers_disconnect_by_func (manager, heard_cb, NULL);
}
