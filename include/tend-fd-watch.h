// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#if !defined(TEND_INSIDE) && !defined(TEND_COMPILATION)
#error "Only <tend.h> can be included directly."
#endif

#include "tend-types.h"

G_BEGIN_DECLS

#define TEND_TYPE_FD_WATCH (tend_fd_watch_get_type ())

TEND_AVAILABLE_IN_0_1
GType        tend_fd_watch_get_type  (void) G_GNUC_CONST;

TEND_AVAILABLE_IN_0_1
TendFdWatch *tend_fd_watch_ref       (TendFdWatch *self);
TEND_AVAILABLE_IN_0_1
void         tend_fd_watch_unref     (TendFdWatch *self);

TEND_AVAILABLE_IN_0_1
gboolean     tend_fd_watch_is_active (TendFdWatch *self);
TEND_AVAILABLE_IN_0_1
void         tend_fd_watch_cancel    (TendFdWatch *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TendFdWatch, tend_fd_watch_unref)

G_END_DECLS
