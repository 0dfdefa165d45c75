// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#if !defined(TEND_INSIDE) && !defined(TEND_COMPILATION)
#error "Only <tend.h> can be included directly."
#endif

#include "tend-types.h"

G_BEGIN_DECLS

typedef struct
{
  GAsyncResult *result;
  /*< private >*/
  gpointer      operation;
  gsize         check;
  gpointer      reserved[2];
} TendCall;

/**
 * TEND_CALL_INIT: (skip)
 *
 * Initialises a [struct@Tend.Call] for which no operation has begun.
 *
 * Since: 0.1
 */
#define TEND_CALL_INIT { NULL, NULL, 0, { NULL, NULL } }

TEND_AVAILABLE_IN_0_1
GCancellable *tend_call_start (TendCall      *call);
TEND_AVAILABLE_IN_0_1
void          tend_call_ready (GObject       *source_object,
                               GAsyncResult  *result,
                               gpointer       user_data);
TEND_AVAILABLE_IN_0_1
gboolean      tend_await_call (TendCall      *call,
                               GError       **error);
TEND_AVAILABLE_IN_0_1
void          tend_call_clear (TendCall      *call);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TendCall, tend_call_clear)

G_END_DECLS
