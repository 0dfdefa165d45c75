// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// How tasks come to a manager.

#pragma once

#include "tend-manager-private.h"

G_BEGIN_DECLS

/* --- manager-register.c --- */

gboolean            tend_manager_check_task   (TendTaskManager  *self,
                                               TendTask         *task,
                                               GError          **error);

TendTask           *tend_manager_register_held (TendTaskManager *self,
                                               TendTask         *task,
                                               TendNamePolicy    policy,
                                               GError          **error);

TendTask           *tend_manager_give_kept    (TendTaskManager  *self,
                                               TendTask         *task,
                                               GError          **error);

/* --- manager-throttle.c --- */

void                tend_throttles_clear      (TendTaskManagerPrivate *priv);

G_END_DECLS
