// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#if !defined(TEND_INSIDE) && !defined(TEND_COMPILATION)
#error "Only <tend.h> can be included directly."
#endif

#include "tend-types.h"

G_BEGIN_DECLS

#define TEND_TYPE_TIMER (tend_timer_get_type ())

TEND_AVAILABLE_IN_0_1
GType      tend_timer_get_type  (void) G_GNUC_CONST;

TEND_AVAILABLE_IN_0_1
TendTimer *tend_timer_ref       (TendTimer *self);
TEND_AVAILABLE_IN_0_1
void       tend_timer_unref     (TendTimer *self);

TEND_AVAILABLE_IN_0_1
gboolean   tend_timer_is_active     (TendTimer *self);
TEND_AVAILABLE_IN_0_1
gint64     tend_timer_get_remaining (TendTimer *self);
TEND_AVAILABLE_IN_0_1
void       tend_timer_set_delay     (TendTimer *self,
                                     gint64     delay);
TEND_AVAILABLE_IN_0_1
void       tend_timer_cancel        (TendTimer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TendTimer, tend_timer_unref)

G_END_DECLS
