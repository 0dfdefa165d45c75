// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#if !defined(TEND_INSIDE) && !defined(TEND_COMPILATION)
#error "Only <tend.h> can be included directly."
#endif

#include "tend-types.h"

G_BEGIN_DECLS

#define TEND_TYPE_CHANNEL (tend_channel_get_type ())

TEND_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (TendChannel, tend_channel, TEND, CHANNEL, GObject)

TEND_AVAILABLE_IN_0_1
TendChannel  *tend_channel_new              (guint                 capacity) G_GNUC_WARN_UNUSED_RESULT;

TEND_AVAILABLE_IN_0_1
guint         tend_channel_get_capacity     (TendChannel          *self);
TEND_AVAILABLE_IN_0_1
guint         tend_channel_get_length       (TendChannel          *self);
TEND_AVAILABLE_IN_0_1
gboolean      tend_channel_is_closed        (TendChannel          *self);

TEND_AVAILABLE_IN_0_1
gboolean      tend_channel_send             (TendChannel          *self,
                                             const GValue         *value,
                                             GError              **error);
TEND_AVAILABLE_IN_0_1
gboolean      tend_channel_send_int         (TendChannel          *self,
                                             gint64                value,
                                             GError              **error);
TEND_AVAILABLE_IN_0_1
gboolean      tend_channel_send_string      (TendChannel          *self,
                                             const char           *value,
                                             GError              **error);
TEND_AVAILABLE_IN_0_1
gboolean      tend_channel_send_object      (TendChannel          *self,
                                             gpointer              value,
                                             GError              **error);
TEND_AVAILABLE_IN_0_1
gboolean      tend_channel_send_boxed       (TendChannel          *self,
                                             GType                 type,
                                             gconstpointer         value,
                                             GError              **error);
TEND_AVAILABLE_IN_0_1
gboolean      tend_channel_send_pointer     (TendChannel          *self,
                                             gpointer              value,
                                             GError              **error);
TEND_AVAILABLE_IN_0_1
void          tend_channel_send_async       (TendChannel          *self,
                                             const GValue         *value,
                                             GCancellable         *cancellable,
                                             GAsyncReadyCallback   callback,
                                             gpointer              user_data);
TEND_AVAILABLE_IN_0_1
gboolean      tend_channel_send_finish      (TendChannel          *self,
                                             GAsyncResult         *result,
                                             GError              **error);
TEND_AVAILABLE_IN_0_1
gboolean      tend_channel_try_send         (TendChannel          *self,
                                             const GValue         *value);

TEND_AVAILABLE_IN_0_1
gboolean      tend_channel_receive          (TendChannel          *self,
                                             GValue               *value,
                                             GError              **error);
TEND_AVAILABLE_IN_0_1
gboolean      tend_channel_receive_int      (TendChannel          *self,
                                             gint64               *value,
                                             GError              **error);
TEND_AVAILABLE_IN_0_1
char         *tend_channel_receive_string   (TendChannel          *self,
                                             GError              **error) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
gpointer      tend_channel_receive_object   (TendChannel          *self,
                                             GError              **error) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
gpointer      tend_channel_receive_boxed    (TendChannel          *self,
                                             GType                 type,
                                             GError              **error) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
gboolean      tend_channel_receive_pointer  (TendChannel          *self,
                                             gpointer             *value,
                                             GError              **error);
TEND_AVAILABLE_IN_0_1
void          tend_channel_receive_async    (TendChannel          *self,
                                             GCancellable         *cancellable,
                                             GAsyncReadyCallback   callback,
                                             gpointer              user_data);
TEND_AVAILABLE_IN_0_1
const GValue *tend_channel_receive_finish   (TendChannel          *self,
                                             GAsyncResult         *result,
                                             GError              **error);
TEND_AVAILABLE_IN_0_1
gboolean      tend_channel_try_receive      (TendChannel          *self,
                                             GValue               *value);
TEND_AVAILABLE_IN_0_1
GPtrArray    *tend_channel_receive_all      (TendChannel          *self,
                                             GError              **error) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
void          tend_channel_receive_all_async (TendChannel         *self,
                                             GCancellable         *cancellable,
                                             GAsyncReadyCallback   callback,
                                             gpointer              user_data);
TEND_AVAILABLE_IN_0_1
GPtrArray    *tend_channel_receive_all_finish (TendChannel        *self,
                                             GAsyncResult         *result,
                                             GError              **error) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
GPtrArray    *tend_channel_try_receive_all  (TendChannel          *self) G_GNUC_WARN_UNUSED_RESULT;

TEND_AVAILABLE_IN_0_1
void          tend_channel_close            (TendChannel          *self);
TEND_AVAILABLE_IN_0_1
void          tend_channel_close_with_error (TendChannel          *self,
                                             const GError         *error);

G_END_DECLS
