// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The fields of a task as the other folders see them, by functions.
//
// In this folder some are inline (task-fields-private.h). Here the same definitions become functions.

#define TEND_TASK_INLINE

#include "task-fields-private.h"

TendLoop *
tend_task_loop (TendTask *self)
{
  return self->loop;
}

const TendBodyClass *
tend_task_body (TendTask *self)
{
  return self->body;
}

gpointer
tend_task_func (TendTask *self)
{
  return self->func;
}

gpointer
tend_task_user_data (TendTask *self)
{
  return self->user_data;
}

gpointer
tend_task_body_state (TendTask *self)
{
  return self->body_state;
}

void
tend_task_set_body_state (TendTask *self,
                          gpointer  state)
{
  self->body_state = state;
}

/* Sets the address that has created the task, if the caller did so on its behalf. */
void
tend_task_set_caller (TendTask      *self,
                      gconstpointer  origin)
{
  self->origin = origin;
}

guint64
tend_task_peek_id (TendTask *self)
{
  return self->id;
}

gboolean
tend_task_is_active (TendTask *self)
{
  return self->is_active;
}

gboolean
tend_task_has_returned (TendTask *self)
{
  return self->has_returned;
}

/* Whether the task is finished, and nothing of it is on the stack. */
gboolean
tend_task_is_through (TendTask *self)
{
  return tend_task_is_released (self) && !self->in_call && !self->is_ending;
}

gboolean
tend_task_is_managed (TendTask *self)
{
  return self->is_managed;
}

void
tend_task_set_managed (TendTask *self)
{
  self->is_managed = TRUE;
}

TendObserver *
tend_task_observers (TendTask *self)
{
  return self->observers;
}
