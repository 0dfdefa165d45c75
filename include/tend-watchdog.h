// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#if !defined(TEND_INSIDE) && !defined(TEND_COMPILATION)
#error "Only <tend.h> can be included directly."
#endif

#include "tend-types.h"

G_BEGIN_DECLS

TEND_AVAILABLE_IN_0_1
gboolean tend_watchdog_start (gint64   threshold,
                              GError **error);
TEND_AVAILABLE_IN_0_1
void     tend_watchdog_stop  (void);

G_END_DECLS
