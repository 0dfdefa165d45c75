// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#if !defined(TEND_INSIDE) && !defined(TEND_COMPILATION)
#error "Only <tend.h> can be included directly."
#endif

#include "tend-types.h"

G_BEGIN_DECLS

TEND_AVAILABLE_IN_0_1
GSocket      *tend_socket_connect      (GSocketConnectable  *connectable,
                                        gint64               deadline,
                                        GError             **error) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
GSocket      *tend_socket_accept       (GSocket             *socket,
                                        gint64               deadline,
                                        GError             **error) G_GNUC_WARN_UNUSED_RESULT;

TEND_AVAILABLE_IN_0_1
gssize        tend_socket_receive      (GSocket             *socket,
                                        void                *buffer,
                                        gsize                size,
                                        gint64               deadline,
                                        GError             **error);
TEND_AVAILABLE_IN_0_1
gssize        tend_socket_send         (GSocket             *socket,
                                        const void          *buffer,
                                        gsize                size,
                                        gint64               deadline,
                                        GError             **error);
TEND_AVAILABLE_IN_0_1
gboolean      tend_socket_send_all     (GSocket             *socket,
                                        const void          *buffer,
                                        gsize                size,
                                        gsize               *bytes_sent,
                                        gint64               deadline,
                                        GError             **error);

TEND_AVAILABLE_IN_0_1
gssize        tend_socket_receive_from (GSocket             *socket,
                                        GSocketAddress     **address,
                                        void                *buffer,
                                        gsize                size,
                                        gint64               deadline,
                                        GError             **error);
TEND_AVAILABLE_IN_0_1
gssize        tend_socket_send_to      (GSocket             *socket,
                                        GSocketAddress      *address,
                                        const void          *buffer,
                                        gsize                size,
                                        gint64               deadline,
                                        GError             **error);

G_END_DECLS
