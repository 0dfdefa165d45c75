// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#if !defined(TEND_INSIDE) && !defined(TEND_COMPILATION)
#error "Only <tend.h> can be included directly."
#endif

#include "tend-types.h"

G_BEGIN_DECLS

typedef enum
{
  TEND_ERROR_STOPPED,
  TEND_ERROR_STATE,
  TEND_ERROR_EXISTS,
  TEND_ERROR_SHUT_DOWN,
  TEND_ERROR_NOT_STARTED,
  TEND_ERROR_NO_FIBER,
  TEND_ERROR_NO_STACK,
  TEND_ERROR_WRONG_THREAD,
  TEND_ERROR_SEVERAL,
  TEND_ERROR_CLOSED,
  TEND_ERROR_FULL,
  TEND_ERROR_NO_THREAD,
} TendError;

#define TEND_TYPE_ERROR (tend_error_get_type ())
#define TEND_ERROR (tend_error_quark ())

TEND_AVAILABLE_IN_0_1
GType      tend_error_get_type   (void) G_GNUC_CONST;
TEND_AVAILABLE_IN_0_1
GQuark     tend_error_quark      (void);

typedef enum
{
  TEND_EXCEPTION_ERROR_THROWN,
} TendExceptionError;

#define TEND_TYPE_EXCEPTION_ERROR (tend_exception_error_get_type ())
#define TEND_EXCEPTION_ERROR (tend_exception_error_quark ())

TEND_AVAILABLE_IN_0_1
GType      tend_exception_error_get_type (void) G_GNUC_CONST;
TEND_AVAILABLE_IN_0_1
GQuark     tend_exception_error_quark    (void);
TEND_AVAILABLE_IN_0_1
GError    *tend_exception_error_new      (GObject      *exception,
                                          const char   *message) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
GObject   *tend_exception_error_get_exception (const GError *error);

TEND_AVAILABLE_IN_0_1
GPtrArray *tend_error_list       (const GError *error) G_GNUC_WARN_UNUSED_RESULT;

typedef void (* TendUnobservedFunc) (const char   *task,
                                     const GError *error,
                                     const char   *origin,
                                     gpointer      user_data);

TEND_AVAILABLE_IN_0_1
void       tend_set_unobserved_func   (TendUnobservedFunc  func,
                                       gpointer            user_data,
                                       GDestroyNotify      notify);

typedef void (* TendReportsFunc) (gpointer user_data);

TEND_AVAILABLE_IN_0_1
void       tend_keep_reports          (TendReportsFunc     func,
                                       gpointer            user_data,
                                       GDestroyNotify      notify);
TEND_AVAILABLE_IN_0_1
GError    *tend_take_report           (char              **task,
                                       char              **origin) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
