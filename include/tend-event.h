// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#if !defined(TEND_INSIDE) && !defined(TEND_COMPILATION)
#error "Only <tend.h> can be included directly."
#endif

#include "tend-types.h"

G_BEGIN_DECLS

#define TEND_TYPE_EVENT (tend_event_get_type ())

TEND_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (TendEvent, tend_event, TEND, EVENT, GObject)

TEND_AVAILABLE_IN_0_1
TendEvent *tend_event_new         (void) G_GNUC_WARN_UNUSED_RESULT;

TEND_AVAILABLE_IN_0_1
void       tend_event_set         (TendEvent            *self);
TEND_AVAILABLE_IN_0_1
void       tend_event_reset       (TendEvent            *self);
TEND_AVAILABLE_IN_0_1
gboolean   tend_event_is_set      (TendEvent            *self);

TEND_AVAILABLE_IN_0_1
gboolean   tend_event_wait        (TendEvent            *self,
                                   GError              **error);
TEND_AVAILABLE_IN_0_1
void       tend_event_wait_async  (TendEvent            *self,
                                   GCancellable         *cancellable,
                                   GAsyncReadyCallback   callback,
                                   gpointer              user_data);
TEND_AVAILABLE_IN_0_1
gboolean   tend_event_wait_finish (TendEvent            *self,
                                   GAsyncResult         *result,
                                   GError              **error);

G_END_DECLS
