// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Messages of errors are translated, since a program may show them to people. What is logged for programmers is not.

#pragma once

#include <glib.h>
#include <inttypes.h>

G_BEGIN_DECLS

const char *tend_gettext (const char *text) G_GNUC_FORMAT (1);

#define _(text) tend_gettext (text)

G_END_DECLS
