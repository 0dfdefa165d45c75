// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#if !defined(TEND_INSIDE) && !defined(TEND_COMPILATION)
#error "Only <tend.h> can be included directly."
#endif

#include "tend-types.h"

G_BEGIN_DECLS

TEND_AVAILABLE_IN_0_1
TendTask       *tend_wait_all              (TendTask       **tasks,
                                            gsize            n_tasks) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendTask       *tend_when_all              (TendTask       **tasks,
                                            gsize            n_tasks) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendTask       *tend_when_any              (TendTask       **tasks,
                                            gsize            n_tasks) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendTask       *tend_when_first_success    (TendTask       **tasks,
                                            gsize            n_tasks) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendTask       *tend_when_first_error      (TendTask       **tasks,
                                            gsize            n_tasks) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendTaskStream *tend_when_each             (TendTask       **tasks,
                                            gsize            n_tasks) G_GNUC_WARN_UNUSED_RESULT;

TEND_AVAILABLE_IN_0_1
TendTask       *tend_task_with_cancellable (TendTask        *self,
                                            GCancellable    *cancellable) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendTask       *tend_task_with_timeout     (TendTask        *self,
                                            gint64           timeout) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendTask       *tend_task_with_deadline    (TendTask        *self,
                                            gint64           deadline) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendTask       *tend_task_run_delay        (gint64           delay) G_GNUC_WARN_UNUSED_RESULT;

#define TEND_TYPE_TASK_STREAM (tend_task_stream_get_type ())

TEND_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (TendTaskStream, tend_task_stream, TEND, TASK_STREAM, GObject)

TEND_AVAILABLE_IN_0_1
guint           tend_task_stream_get_n_left (TendTaskStream *self);
TEND_AVAILABLE_IN_0_1
TendTask       *tend_task_stream_next       (TendTaskStream *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
