// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The outcome of a task, and its way from another thread.

#pragma once

#include "task-fields-private.h"

G_BEGIN_DECLS

/* A pointer with its destroy notify, as a boxed type, so that a GValue owns it. */
typedef struct
{
  gatomicrefcount  ref_count;
  gpointer         pointer;     /* constant, until its one owner gives it away (task-to-gio.c) */
  GDestroyNotify   notify;      /* likewise */
} TendPointer;

GType        tend_pointer_get_type       (void) G_GNUC_CONST;

/* --- task-outcome.c; loop thread only --- */

static inline gboolean
tend_outcome_is_set (const TendOutcome *outcome)
{
  return tend_outcome_has_value (outcome) || outcome->error != NULL;
}

static inline const GValue *
tend_task_peek_value (TendTask *self)
{
  return self->outcome != NULL && tend_outcome_has_value (self->outcome) ? &self->outcome->value : NULL;
}

void         tend_task_exchange          (TendTask            *self,
                                          TendOutcome         *outcome);
void         tend_task_drop_with_scope   (TendTask            *self,
                                          TendOutcome         *outcome);
gboolean     tend_task_has_inherited_timeout (TendTask        *self);

/* --- task-deliver.c --- */

gboolean     tend_task_is_settled        (TendTask            *self);
gboolean     tend_task_settle            (TendTask            *self);
void         tend_task_take_remote       (TendTask            *self);

G_END_DECLS
