// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#if !defined(TEND_INSIDE) && !defined(TEND_COMPILATION)
#error "Only <tend.h> can be included directly."
#endif

#include "tend-types.h"

G_BEGIN_DECLS

#define TEND_TYPE_CONDITION (tend_condition_get_type ())

TEND_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (TendCondition, tend_condition, TEND, CONDITION, GObject)

TEND_AVAILABLE_IN_0_1
TendCondition *tend_condition_new         (void) G_GNUC_WARN_UNUSED_RESULT;

TEND_AVAILABLE_IN_0_1
void           tend_condition_notify_one  (TendCondition        *self);
TEND_AVAILABLE_IN_0_1
void           tend_condition_notify_all  (TendCondition        *self);

TEND_AVAILABLE_IN_0_1
gboolean       tend_condition_wait        (TendCondition        *self,
                                           GError              **error);
TEND_AVAILABLE_IN_0_1
void           tend_condition_wait_async  (TendCondition        *self,
                                           GCancellable         *cancellable,
                                           GAsyncReadyCallback   callback,
                                           gpointer              user_data);
TEND_AVAILABLE_IN_0_1
gboolean       tend_condition_wait_finish (TendCondition        *self,
                                           GAsyncResult         *result,
                                           GError              **error);

G_END_DECLS
