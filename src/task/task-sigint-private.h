// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Ctrl-C while a thread runs a program.

#pragma once

#include "task-cancel-private.h"
#include "task-state-private.h"

G_BEGIN_DECLS

typedef struct _TendSigint TendSigint;

/* Whoever runs a task has one on its stack, from the beginning to the end of the run. */
struct _TendSigint
{
  TendTask   *task;
  TendSigint *outer;
  GSource    *source;       /* NULL: somebody else has the signal */
  gboolean    is_stopped;   /* the second has come, and has stopped the task */
};

void         tend_sigint_begin           (TendSigint          *self,
                                          TendTask            *task,
                                          gboolean             is_inner);
void         tend_sigint_end             (TendSigint          *self);

G_END_DECLS
