// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The check for tasks that run for very long: manager-slow.c.

#pragma once

#include "tend-manager-private.h"

G_BEGIN_DECLS

#define TEND_DEFAULT_SLOW_INTERVAL (10 * G_TIME_SPAN_MINUTE)

void tend_slow_check_arm          (TendTaskManager        *self);
void tend_slow_check_warn         (TendTaskManager        *self,
                                   TendTask               *task,
                                   gint64                  usec);
void tend_slow_check_init         (TendTaskManagerPrivate *priv);
void tend_slow_check_set_interval (TendTaskManager        *self,
                                   gint64                  interval);

G_END_DECLS
