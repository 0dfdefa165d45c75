// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#if !defined(TEND_INSIDE) && !defined(TEND_COMPILATION)
#error "Only <tend.h> can be included directly."
#endif

#include <glib.h>

#ifdef TEND_COMPILATION
#define TEND_PUBLIC __attribute__ ((visibility ("default"))) extern
#else
#define TEND_PUBLIC extern
#endif
