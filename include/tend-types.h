// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#if !defined(TEND_INSIDE) && !defined(TEND_COMPILATION)
#error "Only <tend.h> can be included directly."
#endif

#include <gio/gio.h>

#include "tend-version.h"

G_BEGIN_DECLS

/**
 * TEND_FOREVER: (skip)
 *
 * No limit, where a time is a limit: of a timeout, a grace period or a deadline.
 *
 * In Python that is `None`, and in JavaScript `null`.
 *
 * Since: 0.1
 */
#define TEND_FOREVER G_GINT64_CONSTANT (9223372036854775807)

typedef struct _TendCancellable TendCancellable;
typedef struct _TendChannel TendChannel;
typedef struct _TendClock TendClock;
typedef struct _TendCompletion TendCompletion;
typedef struct _TendCondition TendCondition;
typedef struct _TendEvent TendEvent;
typedef struct _TendFdWatch TendFdWatch;
typedef struct _TendGroup TendGroup;
typedef struct _TendNumberCache TendNumberCache;
typedef struct _TendRandomNumberCache TendRandomNumberCache;
typedef struct _TendRequestCache TendRequestCache;
typedef struct _TendRetry TendRetry;
typedef struct _TendSemaphore TendSemaphore;
typedef struct _TendTask TendTask;
typedef struct _TendTaskManager TendTaskManager;
typedef struct _TendTaskStream TendTaskStream;
typedef struct _TendTimer TendTimer;

typedef gboolean (* TendBodyFunc)   (TendTask             *task,
                                     gpointer              user_data,
                                     GError              **error);

typedef gboolean (* TendScopeFunc)  (TendTask             *task,
                                     gpointer              user_data,
                                     GError              **error);

typedef gboolean (* TendFdFunc)     (TendTask             *task,
                                     int                   fd,
                                     GIOCondition          condition,
                                     gpointer              user_data,
                                     GError              **error);

typedef void     (* TendTaskFunc)   (TendTask             *task,
                                     gpointer              user_data);

typedef void     (* TendAsyncFunc)  (TendTask             *task,
                                     GCancellable         *cancellable,
                                     GAsyncReadyCallback   callback,
                                     gpointer              callback_data,
                                     gpointer              user_data);

typedef gboolean (* TendFinishFunc) (TendTask             *task,
                                     GAsyncResult         *result,
                                     gpointer              user_data,
                                     GError              **error);

G_END_DECLS
