// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#if !defined(TEND_INSIDE) && !defined(TEND_COMPILATION)
#error "Only <tend.h> can be included directly."
#endif

#include "tend-types.h"

G_BEGIN_DECLS

#define TEND_TYPE_CLOCK (tend_clock_get_type ())

TEND_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (TendClock, tend_clock, TEND, CLOCK, GObject)

TEND_AVAILABLE_IN_0_1
TendClock *tend_clock_freeze         (GMainContext *context) G_GNUC_WARN_UNUSED_RESULT;

TEND_AVAILABLE_IN_0_1
gint64     tend_clock_get_time       (TendClock    *self);
TEND_AVAILABLE_IN_0_1
gboolean   tend_clock_advance        (TendClock    *self,
                                      gint64        duration,
                                      GError      **error);
TEND_AVAILABLE_IN_0_1
gint64     tend_clock_run_until_idle (TendClock    *self,
                                      GError      **error);

TEND_AVAILABLE_IN_0_1
gint64     tend_get_time             (void);

G_END_DECLS
