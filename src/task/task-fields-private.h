// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The fields of a task, for this folder only, and the functions that are inline here. The other folders call the same
// functions, which task-view.c has out of line. The macro stands before the header that declares them.
//
// task-scope-private.h is a part of this header, and is not included by itself.

#pragma once

#ifndef TEND_TASK_INLINE
#define TEND_TASK_INLINE static inline
#endif

#include "task-scope-private.h"

G_BEGIN_DECLS

/* The requests of other threads, among the flags of a task. */
typedef enum
{
  TEND_REQUEST_RETURN   = 1 << 0,
  TEND_REQUEST_STOP     = 1 << 1,
  TEND_REQUEST_CANCEL   = 1 << 2,
  TEND_REQUEST_PROGRESS = 1 << 3,
  TEND_REQUEST_PAUSE    = 1 << 4,   /* TEND_FLAG_PAUSED or TEND_FLAG_SUSPENDED has changed */
} TendRequest;

#define TEND_REQUESTS              ((1 << 5) - 1)
#define TEND_FLAG_PAUSED           (1 << 5)
#define TEND_FLAG_PROGRESS         (1 << 6)  /* it has told of its progress; under progress_lock */
#define TEND_FLAG_SPARE            (1 << 7)  /* it has been freed; see task-spare.c */
#define TEND_FLAG_SUSPENDED        (1 << 8)  /* its manager or its group is paused */
#define TEND_FLAG_CANCELLING_SHIFT 9         /* above it is a TendCancelling */

/* The task of the program's main part has id 1 in every program, so that ids go 0, 2, 3, ... */
#define TEND_MAIN_TASK_ID 1

/* Memory is the cost of a million tasks that wait: what only some tasks need is elsewhere. */
struct _TendTask
{
  GObject              parent_instance;

  /* What a spare task keeps for the next one. */
  char                *name;                /* atomic; written by the loop thread, then only by tend_task_rename() */
  TendOutcome         *outcome;             /* loop thread; the outcome so far; created on demand */
  TendScope           *scope;               /* loop thread; created on demand */

  TendLoop            *loop;                /* loop thread; constant once started */
  const TendBodyClass *body;                /* constant; NULL: completed from outside */
  gpointer             func;                /* constant */
  gpointer             user_data;           /* loop thread; NULL once the body is released */
  GDestroyNotify       notify;              /* loop thread; likewise */
  gpointer             body_state;          /* the body's; of an async pair, the function that finishes */
  gconstpointer        origin;              /* loop thread; the address that created it, or an interned string */

  TendOutcome         *remote_outcome;      /* atomic; on its way from another thread, or a mark */
  GCancellable        *cancellable;         /* atomic; created on demand */
  TendObserver        *observers;           /* loop thread */
  TendTask            *next_started;        /* loop thread; see task-list.c */
  TendTask            *prev_started;        /* loop thread; likewise */

  guint64              id;                  /* tend_task_number()'s; constant, but for a task that is numbered late */
  int                  flags;               /* atomic; TendRequest's, and TEND_FLAG_... */
  guint8               status;              /* atomic; TendTaskStatus; written by the loop thread */

  guint16              is_active : 1;       /* loop thread; the body is */
  guint16              in_call : 1;         /* loop thread; the body's function is on the stack */
  guint16              is_ending : 1;       /* loop thread; its end is being notified */
  guint16              has_returned : 1;    /* loop thread; return_value() was called in this run */
  guint16              has_given_up : 1;    /* loop thread; what it returned is that it was cancelled */
  guint16              is_observed : 1;     /* loop thread; its error was read or reported */
  guint16              is_held : 1;         /* loop thread; holds a reference to itself */
  guint16              is_kept : 1;         /* loop thread; a callback relies on that reference: see tend_task_keep() */
  guint16              is_fixed_rate : 1;   /* constant once started; the interval's mode */
  guint16              keep_going : 1;      /* constant once started */
  guint16              is_last_run : 1;     /* loop thread; an interval task does not run again */
  guint16              is_managed : 1;      /* loop thread; a manager has it, or had */
  guint16              names_origin : 1;    /* loop thread; the origin is a string */
  guint16              is_told_forgotten : 1; /* loop thread; see task-forgotten.c */
  guint16              is_misnamed : 1;     /* constant; the name that it was given is not UTF-8, and was made so */
};

static inline gboolean
tend_status_is_ended (TendTaskStatus status)
{
  return status >= TEND_TASK_STATUS_COMPLETED;
}

TEND_TASK_INLINE gboolean
tend_task_look (TendTask *self)
{
  tend_tool_look (&self->loop);
  return TRUE;
}

TEND_TASK_INLINE TendTaskStatus
tend_task_status (TendTask *self)
{
  return (TendTaskStatus) __atomic_load_n (&self->status, __ATOMIC_SEQ_CST);
}

TEND_TASK_INLINE const char *
tend_task_peek_name (TendTask *self)
{
  return g_atomic_pointer_get (&self->name);
}

TEND_TASK_INLINE gboolean
tend_task_has_ended (TendTask *self)
{
  return tend_status_is_ended (tend_task_status (self));
}

/* Whether the end of the task was notified to all but the waiters. */
TEND_TASK_INLINE gboolean
tend_task_is_over (TendTask *self)
{
  return tend_task_has_ended (self) && !self->is_ending;
}

TEND_TASK_INLINE gboolean
tend_task_is_released (TendTask *self)
{
  return tend_task_has_ended (self) && !self->is_active;
}

/* Whether the body was asked to end, and why. Any thread. */
TEND_TASK_INLINE TendCancelling
tend_task_cancelling (TendTask *self)
{
  return (TendCancelling) (g_atomic_int_get (&self->flags) >> TEND_FLAG_CANCELLING_SHIFT);
}

TEND_TASK_INLINE gint64
tend_task_delay (TendTask *self)
{
  return self->scope != NULL ? self->scope->delay : -1;
}

TEND_TASK_INLINE gint64
tend_task_interval (TendTask *self)
{
  return self->scope != NULL ? self->scope->interval : -1;
}

TEND_TASK_INLINE const GError *
tend_task_peek_recorded_error (TendTask *self)
{
  return self->outcome != NULL ? self->outcome->error : NULL;
}

TEND_TASK_INLINE gboolean
tend_task_is_barred (TendTask *self)
{
  return self->scope != NULL && self->scope->gate != NULL && tend_gate_is_closed (self->scope->gate);
}

static inline gboolean
tend_task_has_waiters (TendTask *self)
{
  return self->scope != NULL && !tend_queue_is_empty (&self->scope->waiters);
}

static inline void
tend_task_set_status (TendTask       *self,
                      TendTaskStatus  status)
{
  __atomic_store_n (&self->status, (guint8) status, __ATOMIC_SEQ_CST);
}

G_END_DECLS
