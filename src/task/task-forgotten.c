// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Open tasks that nobody can end any more: their function has returned, and was to have somebody end the task. And
// tasks that somebody waits for, and that nobody starts.
//
// GObject tells nobody when only the task's own reference is left, so the task is looked at when that may be so: in the
// turn after its function has returned, and when a timer or a post of its scope is over. A timer for each open task was
// rejected: frozen time would run to it.
//
// The reference of a manager or a group counts like any other. A manager gives the task to whoever asks for it by name,
// and names it in its slow check and at its shutdown; a group names it when its grace period is over.
//
// Whoever has a bare pointer to the task may end it all the same, so it is only told. Code that has asked for the
// cancellable has most likely given it to an operation that ends the task, and nothing is told then.
//
// Ownership: the loop thread's.

#include "task-life-private.h"

static gboolean
scope_may_end_it (TendScope *scope)
{
  return scope != NULL && (scope->items != NULL || scope->cancel_handlers != NULL || scope->stands_still);
}

static gboolean
is_forgotten (TendTask *self)
{
  return self->is_active && self->is_held && !self->in_call && !self->has_returned && !tend_task_has_ended (self) &&
         self->body->stays_open && g_atomic_pointer_get (&self->cancellable) == NULL &&
         !scope_may_end_it (self->scope) && g_atomic_int_get (&G_OBJECT (self)->ref_count) == 1;
}

/* Warns of the task if only its own reference is left, and nothing in it may end it. */
void
tend_task_tell_forgotten (TendTask *self)
{
  g_autofree char *head = NULL;
  g_autofree char *origin = NULL;

  if (self->is_told_forgotten || !is_forgotten (self))
    return;

  self->is_told_forgotten = TRUE;
  head = tend_task_head (self);
  origin = tend_task_dup_origin (self);
  g_warning ("%s: does not end: its function has returned, it has no timer, source or handler, and nobody has a "
             "reference to it; it was made at %s", head, origin);
}

static void
look_cb (TendJob *job)
{
  TendScope *scope = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendScope, job));

  tend_task_tell_forgotten (scope->task);
}

/* Its own, and that of the code that has started it. */
#define N_FIRST_REFERENCES 2

/* Looks in the next turn: until then the code that has started the task has its reference. */
void
tend_task_look_later (TendTask *self)
{
  TendScope *scope;

  if (scope_may_end_it (self->scope) || g_atomic_pointer_get (&self->cancellable) != NULL ||
      g_atomic_int_get (&G_OBJECT (self)->ref_count) > N_FIRST_REFERENCES)
    return;

  scope = tend_task_ensure_scope (self);
  scope->job.run = look_cb;
  tend_loop_queue_ready (self->loop, &scope->job);
}

/* --- Tasks that were not started --- */

/* A task may be waited for before it is started, but hardly for so long. */
#define LONG_UNSTARTED (10 * G_TIME_SPAN_SECOND)

static void
unstarted_cb (TendJob *job)
{
  TendScope *scope = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendScope, job));
  TendTask *self = scope->task;
  g_autofree char *head = NULL;
  g_autofree char *origin = NULL;

  /* Whoever waited may have given up. */
  if (!tend_task_has_waiters (self))
    return;

  self->is_told_forgotten = TRUE;
  head = tend_task_head (self);
  origin = tend_task_dup_origin (self);
  g_warning ("%s: is waited for, and has not been started for %.0f s; it was made at %s", head,
             (double) LONG_UNSTARTED / G_TIME_SPAN_SECOND, origin);
}

/* Somebody waits for the task, which has a body and may be started later. */
void
tend_task_expect_start (TendTask *self)
{
  TendJob *job = &tend_task_ensure_scope (self)->job;

  if (self->is_told_forgotten || tend_job_is_waiting (job))
    return;

  job->run = unstarted_cb;
  tend_loop_arm (self->loop, job, tend_time_add (tend_loop_now (self->loop), LONG_UNSTARTED));
}

/* The task is started, or its job is needed for something else. */
void
tend_task_look_no_more (TendTask *self)
{
  TendScope *scope = self->scope;

  if (scope != NULL && (scope->job.run == look_cb || scope->job.run == unstarted_cb))
    tend_loop_remove (self->loop, &scope->job);
}
