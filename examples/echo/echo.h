// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the two programs share.

#pragma once

#include <tend.h>

/* --- files.c --- */

guint files_raise_limit (void);
