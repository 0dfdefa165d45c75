// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include <tend.h>

G_BEGIN_DECLS

#define COUNTER_TYPE_MANAGER (counter_manager_get_type ())
G_DECLARE_FINAL_TYPE (CounterManager, counter_manager, COUNTER, MANAGER, TendTaskManager)

CounterManager *counter_manager_new   (void) G_GNUC_WARN_UNUSED_RESULT;
TendTask       *counter_manager_count (CounterManager  *self,
                                       const char      *name,
                                       GError         **error);

G_END_DECLS
