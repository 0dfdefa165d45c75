// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Asking a task to end, and ending it.

#pragma once

#include "task-fields-private.h"

G_BEGIN_DECLS

/* --- task-asked.c --- */

void         tend_task_set_cancelling    (TendTask            *self,
                                          TendCancelling       why);
void         tend_task_drop_cancellable  (TendTask            *self);

/* --- task-cancel.c --- */

TendCancelLink *tend_task_new_link       (TendTask            *self) G_GNUC_WARN_UNUSED_RESULT;
void         tend_task_set_cancel_reason (TendTask            *self,
                                          const char          *reason);
void         tend_task_interrupt         (TendTask            *self,
                                          TendCancelling       why);

G_END_DECLS
