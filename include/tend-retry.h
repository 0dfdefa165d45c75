// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#if !defined(TEND_INSIDE) && !defined(TEND_COMPILATION)
#error "Only <tend.h> can be included directly."
#endif

#include "tend-types.h"

G_BEGIN_DECLS

#define TEND_TYPE_RETRY (tend_retry_get_type ())

TEND_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (TendRetry, tend_retry, TEND, RETRY, GObject)

typedef TendTask * (* TendRetryFunc)          (guint           attempt,
                                               gpointer        user_data);

typedef gboolean   (* TendRetryPredicateFunc) (TendTask       *task,
                                               guint           attempt,
                                               const GError   *error,
                                               gpointer        user_data);

TEND_AVAILABLE_IN_0_1
TendRetry *tend_retry_new           (guint                   max_attempts) G_GNUC_WARN_UNUSED_RESULT;

TEND_AVAILABLE_IN_0_1
guint      tend_retry_get_max_attempts (TendRetry           *self);
TEND_AVAILABLE_IN_0_1
void       tend_retry_set_max_attempts (TendRetry           *self,
                                     guint                   max_attempts);
TEND_AVAILABLE_IN_0_1
double     tend_retry_get_back_off  (TendRetry              *self,
                                     gint64                 *first,
                                     gint64                 *most);
TEND_AVAILABLE_IN_0_1
void       tend_retry_set_back_off  (TendRetry              *self,
                                     gint64                  first,
                                     gint64                  most,
                                     double                  factor);
TEND_AVAILABLE_IN_0_1
double     tend_retry_get_jitter    (TendRetry              *self);
TEND_AVAILABLE_IN_0_1
void       tend_retry_set_jitter    (TendRetry              *self,
                                     double                  fraction);
TEND_AVAILABLE_IN_0_1
void       tend_retry_set_seed      (TendRetry              *self,
                                     guint32                 seed);
TEND_AVAILABLE_IN_0_1
gint64     tend_retry_get_timeout   (TendRetry              *self);
TEND_AVAILABLE_IN_0_1
void       tend_retry_set_timeout   (TendRetry              *self,
                                     gint64                  timeout);
TEND_AVAILABLE_IN_0_1
void       tend_retry_set_predicate (TendRetry              *self,
                                     TendRetryPredicateFunc  func,
                                     gpointer                user_data,
                                     GDestroyNotify          notify);

TEND_AVAILABLE_IN_0_1
void       tend_retry_retry_now     (TendRetry              *self);

TEND_AVAILABLE_IN_0_1
TendTask  *tend_retry_create_task   (TendRetry              *self,
                                     const char             *name,
                                     TendRetryFunc           func,
                                     gpointer                user_data,
                                     GDestroyNotify          notify) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendTask  *tend_retry_run           (TendRetry              *self,
                                     const char             *name,
                                     TendRetryFunc           func,
                                     gpointer                user_data,
                                     GDestroyNotify          notify) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
