// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The operations in flight of a fiber, for the body that is one.

#pragma once

#include "tend-task-private.h"

#include "tend-call.h"

G_BEGIN_DECLS

void          tend_calls_cancel     (TendCalls   *calls,
                                     gboolean     also_shielded);
void          tend_calls_end        (TendCalls   *calls);
void          tend_calls_leave      (TendCalls   *calls,
                                     TendTask    *task);

G_END_DECLS
