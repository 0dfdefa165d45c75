// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The gate that bars callbacks.

#pragma once

#include "tend-core-private.h"

G_BEGIN_DECLS

typedef struct _TendGate TendGate;

TendGate    *tend_gate_new               (void) G_GNUC_WARN_UNUSED_RESULT;
TendGate    *tend_gate_ref               (TendGate            *self);
void         tend_gate_unref             (TendGate            *self);
gboolean     tend_gate_close             (TendGate            *self);
gboolean     tend_gate_is_closed         (TendGate            *self);

/* Returns the gate of the code that runs in this thread, or NULL; set by the layer that knows which task runs. */
typedef TendGate * (* TendGateFunc) (void);

void         tend_gate_set_func          (TendGateFunc         func);
TendGate    *tend_gate_peek_current      (void);

G_END_DECLS
