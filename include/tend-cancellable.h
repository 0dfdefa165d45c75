// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#if !defined(TEND_INSIDE) && !defined(TEND_COMPILATION)
#error "Only <tend.h> can be included directly."
#endif

#include "tend-types.h"

G_BEGIN_DECLS

#define TEND_TYPE_CANCELLABLE (tend_cancellable_get_type ())

TEND_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (TendCancellable, tend_cancellable, TEND, CANCELLABLE, GCancellable)

typedef void (* TendCancelFunc) (TendCancellable *cancellable,
                                 gpointer         user_data);

TEND_AVAILABLE_IN_0_1
TendCancellable *tend_cancellable_new                    (void) G_GNUC_WARN_UNUSED_RESULT;

TEND_AVAILABLE_IN_0_1
void             tend_cancellable_add_parent             (TendCancellable *self,
                                                          GCancellable    *parent);
TEND_AVAILABLE_IN_0_1
void             tend_cancellable_cancel_after           (TendCancellable *self,
                                                          gint64           timeout);
TEND_AVAILABLE_IN_0_1
void             tend_cancellable_cancel_with_reason     (TendCancellable *self,
                                                          const char      *reason);

TEND_AVAILABLE_IN_0_1
char            *tend_cancellable_dup_reason             (TendCancellable *self) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
gboolean         tend_cancellable_set_error_if_cancelled (TendCancellable *self,
                                                          GError         **error);

TEND_AVAILABLE_IN_0_1
gulong           tend_cancellable_add_handler            (TendCancellable *self,
                                                          TendCancelFunc   func,
                                                          gpointer         user_data,
                                                          GDestroyNotify   notify);
TEND_AVAILABLE_IN_0_1
void             tend_cancellable_remove_handler         (TendCancellable *self,
                                                          gulong           id);

G_END_DECLS
