// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#if !defined(TEND_INSIDE) && !defined(TEND_COMPILATION)
#error "Only <tend.h> can be included directly."
#endif

#include "tend-types.h"

G_BEGIN_DECLS

/**
 * TendApplicationFlags:
 * @TEND_APPLICATION_FLAGS_NONE: the tasks keep the application running, and are cancelled at its end
 * @TEND_APPLICATION_FLAGS_DRAIN: at the end the tasks may finish: they are cancelled after the grace period
 * @TEND_APPLICATION_FLAGS_BACKGROUND: the tasks do not keep the application running
 *
 * How the tasks of a manager and the application that they belong to wait for one another.
 *
 * Since: 0.1
 */
typedef enum
{
  TEND_APPLICATION_FLAGS_NONE       = 0,
  TEND_APPLICATION_FLAGS_DRAIN      = 1 << 0,
  TEND_APPLICATION_FLAGS_BACKGROUND = 1 << 1,
} TendApplicationFlags;

#define TEND_TYPE_APPLICATION_FLAGS (tend_application_flags_get_type ())

TEND_AVAILABLE_IN_0_1
GType    tend_application_flags_get_type (void) G_GNUC_CONST;

TEND_AVAILABLE_IN_0_1
void     tend_application_add_manager    (GApplication          *application,
                                          TendTaskManager       *manager,
                                          TendApplicationFlags   flags);

G_END_DECLS
