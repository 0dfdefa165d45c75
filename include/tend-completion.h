// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#if !defined(TEND_INSIDE) && !defined(TEND_COMPILATION)
#error "Only <tend.h> can be included directly."
#endif

#include "tend-types.h"

G_BEGIN_DECLS

#define TEND_TYPE_COMPLETION (tend_completion_get_type ())

TEND_PUBLIC
G_DECLARE_FINAL_TYPE (TendCompletion, tend_completion, TEND, COMPLETION, GObject)

TEND_PUBLIC TendCompletion *tend_completion_new               (const char     *name) G_GNUC_WARN_UNUSED_RESULT;

TEND_PUBLIC TendTask       *tend_completion_get_task          (TendCompletion *self);
TEND_PUBLIC gboolean        tend_completion_is_done           (TendCompletion *self);

TEND_PUBLIC gboolean        tend_completion_set_value         (TendCompletion *self,
                                                               const GValue   *value,
                                                               GError        **error);
TEND_PUBLIC gboolean        tend_completion_set_boolean       (TendCompletion *self,
                                                               gboolean        value,
                                                               GError        **error);
TEND_PUBLIC gboolean        tend_completion_set_int           (TendCompletion *self,
                                                               gint64          value,
                                                               GError        **error);
TEND_PUBLIC gboolean        tend_completion_set_string        (TendCompletion *self,
                                                               const char     *value,
                                                               GError        **error);
TEND_PUBLIC gboolean        tend_completion_set_object        (TendCompletion *self,
                                                               gpointer        value,
                                                               GError        **error);
TEND_PUBLIC gboolean        tend_completion_set_error         (TendCompletion *self,
                                                               const GError   *reason,
                                                               GError        **error);
TEND_PUBLIC gboolean        tend_completion_set_cancelled     (TendCompletion *self,
                                                               GError        **error);

G_END_DECLS
