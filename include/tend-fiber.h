// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#if !defined(TEND_INSIDE) && !defined(TEND_COMPILATION)
#error "Only <tend.h> can be included directly."
#endif

#include "tend-types.h"

G_BEGIN_DECLS

TEND_PUBLIC gboolean      tend_run                 (TendBodyFunc    func,
                                                    gpointer        user_data,
                                                    GError        **error);

TEND_PUBLIC gboolean      tend_await               (TendTask       *task,
                                                    GError        **error);
TEND_PUBLIC gboolean      tend_await_result        (GAsyncResult  **result,
                                                    GError        **error);
TEND_PUBLIC void          tend_resume              (GObject        *source_object,
                                                    GAsyncResult   *result,
                                                    gpointer        user_data);
TEND_PUBLIC gboolean      tend_sleep               (gint64          usec,
                                                    GError        **error);
TEND_PUBLIC gboolean      tend_yield               (GError        **error);

TEND_PUBLIC GCancellable *tend_current_cancellable (void);
TEND_PUBLIC void          tend_shield_push         (void);
TEND_PUBLIC void          tend_shield_pop          (void);

TEND_PUBLIC gint64        tend_get_stack_idle_time (void);
TEND_PUBLIC void          tend_set_stack_idle_time (gint64          usec);

G_END_DECLS
