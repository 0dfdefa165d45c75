// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Messages of errors are translated, since a program may show them to people. What is logged for programmers is not.
// Each has one form, see message.c.

#pragma once

#include <glib.h>
#include <inttypes.h>

G_BEGIN_DECLS

const char *tend_gettext           (const char *text) G_GNUC_FORMAT (1);
const char *tend_ngettext          (const char *one,
                                    const char *many,
                                    gulong      n) G_GNUC_FORMAT (1) G_GNUC_FORMAT (2);

#define _(text) tend_gettext (text)

char       *tend_message           (const char *form,
                                    const char *name,
                                    const char *what,
                                    const char *more) G_GNUC_WARN_UNUSED_RESULT;
GError     *tend_message_new_error (const char *form,
                                    const char *name,
                                    GQuark      domain,
                                    int         code,
                                    const char *format,
                                    va_list     args) G_GNUC_PRINTF (5, 0) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
