// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The task as the layers above see it: what a body implements, and what is done with tasks. A task's fields are seen in
// this folder only, see task-fields-private.h; what reads them is a function here.

#pragma once

#include "tend-cancel-private.h"
#include "tend-observer-private.h"
#include "tend-message-private.h"
#include "tend-task.h"
#include "tend-timer.h"
#include "tend-watch-private.h"
#include "tend-worker-private.h"

G_BEGIN_DECLS

/*
 * A kind of body. A body is active from run() until it calls tend_task_run_ended(), which it does
 * exactly once per run, on the loop thread. All of these are called on the thread's native stack.
 */
typedef struct
{
  gboolean returns;                       /* it ends by returning: return_value() only records */
  gboolean numbers_late;                  /* its tasks get their numbers on demand, and leave no gaps */
  gboolean runs_once;                     /* it stands for something that ends once: its tasks have no interval */
  gboolean stays_open;                    /* its function only begins, and somebody ends the task */
  gboolean starts_at_once;                /* run() calls nobody's code, and may nest as deep as bodies start others */
  gboolean passes_on;                     /* its errors are those of other tasks, which tell them themselves */
  void (* run)     (TendTask *self);      /* takes the first step of a run */
  void (* cancel)  (TendTask *self);      /* active and asked to end; NULL: the cancellable does */
  void (* abandon) (TendTask *self);      /* active, and the task has ended without it */
  void (* unwind)  (TendTask *self);      /* abandoned, and must end now and not soon; NULL: cannot */
  GAsyncReadyCallback ready;              /* what it has operations call back; NULL: nothing */
} TendBodyClass;

/* Whether a body is asked to end, and why. */
typedef enum
{
  TEND_CANCELLING_NOT,
  TEND_CANCELLING_ASKED,            /* or the task has ended before its body */
  TEND_CANCELLING_TIMED_OUT,        /* the deadline has passed */
} TendCancelling;

/* Says of what is inline in this folder that it is: task-fields-private.h defines it there. */
#ifndef TEND_TASK_INLINE
#define TEND_TASK_INLINE
#endif

/* Whatever task a public function is given is used by whoever gives it. */
TEND_TASK_INLINE gboolean tend_task_look (TendTask *self);

#define TEND_IS_TASK(ptr) (TEND_IS_TASK (ptr) && tend_task_look ((TendTask *) (ptr)))

/* --- What a task is made of --- */

TendLoop    *tend_task_loop              (TendTask            *self);
const TendBodyClass *tend_task_body      (TendTask            *self);
gpointer     tend_task_func              (TendTask            *self);
gpointer     tend_task_user_data         (TendTask            *self);
gpointer     tend_task_body_state        (TendTask            *self);
void         tend_task_set_body_state    (TendTask            *self,
                                          gpointer             state);
void         tend_task_set_caller        (TendTask            *self,
                                          gconstpointer        origin);

/* Also for signal handlers. A task that is numbered late has no id until somebody asks for it. */
#define TEND_NO_ID G_MAXUINT64
guint64      tend_task_peek_id           (TendTask            *self);

/* The name, also for other threads: it is there as long as the task. */
TEND_TASK_INLINE const char *tend_task_peek_name (TendTask *self);

/* --- How it stands --- */

TEND_TASK_INLINE TendTaskStatus tend_task_status (TendTask *self);
TEND_TASK_INLINE gboolean tend_task_has_ended (TendTask *self);
TEND_TASK_INLINE gboolean tend_task_is_over (TendTask *self);
TEND_TASK_INLINE gboolean tend_task_is_released (TendTask *self);
gboolean     tend_task_is_through        (TendTask            *self);
gboolean     tend_task_is_active         (TendTask            *self);
gboolean     tend_task_has_returned      (TendTask            *self);
gboolean     tend_task_stands_still      (TendTask            *self);
gboolean     tend_task_suspend           (TendTask            *self,
                                          gboolean             is_suspended);
void         tend_task_notify_paused     (TendTask            *self);
TEND_TASK_INLINE TendCancelling tend_task_cancelling (TendTask *self);
gboolean     tend_task_is_managed        (TendTask            *self);
void         tend_task_set_managed       (TendTask            *self);
TEND_TASK_INLINE gint64 tend_task_delay (TendTask *self);
TEND_TASK_INLINE gint64 tend_task_interval (TendTask *self);
gint64       tend_task_get_first_wait    (TendTask            *self);
gboolean     tend_task_end_runs          (TendTask            *self) G_GNUC_WARN_UNUSED_RESULT;
void         tend_task_replace_delay     (TendTask            *self,
                                          gint64               usec);

/* --- How it is made and named --- */

/* The name that makes tend_task_create() make the task of the program's main part. */
extern const char tend_main_name[];

TendTask    *tend_task_create            (const char          *name,
                                          const TendBodyClass *body,
                                          gpointer             func,
                                          gpointer             user_data,
                                          GDestroyNotify       notify,
                                          gconstpointer        origin);
TendTask    *tend_task_create_for        (TendLoop            *loop,
                                          const TendBodyClass *body,
                                          gpointer             user_data,
                                          GDestroyNotify       notify,
                                          gconstpointer        origin);
guint64      tend_task_number            (TendTask            *self);
gboolean     tend_task_check_name        (TendTask            *self,
                                          GError             **error);
void         tend_task_rename            (TendTask            *self,
                                          char                *name);

/* --- Its life --- */

gboolean     tend_task_check_startable   (TendTask            *self,
                                          GError             **error);
void         tend_task_start_or_fail     (TendTask            *self);
void         tend_task_set_pending       (TendTask            *self);
void         tend_task_make_pending      (TendTask            *self);
void         tend_task_notify_status     (TendTask            *self);
void         tend_task_notify_name       (TendTask            *self);
void         tend_task_notify_delay      (TendTask            *self);
void         tend_task_begin             (TendTask            *self);
void         tend_task_run_later         (TendTask            *self,
                                          gint64               usec);
void         tend_task_run_ended         (TendTask            *self,
                                          GError              *error);
void         tend_task_fail              (TendTask            *self,
                                          GError              *error);
void         tend_task_unwind            (TendTask            *self);
void         tend_task_look_later        (TendTask            *self);

/* --- What it came to --- */

void         tend_task_record            (TendTask            *self,
                                          TendOutcome         *outcome);
void         tend_task_return_outcome    (TendTask            *self,
                                          TendOutcome         *outcome);
gboolean     tend_task_try_return        (TendTask            *self,
                                          TendOutcome         *outcome);
const GError *tend_task_peek_error       (TendTask            *self);
TEND_TASK_INLINE const GError *tend_task_peek_recorded_error (TendTask *self);
gboolean     tend_task_propagate         (TendTask            *self,
                                          GError             **error);
void         tend_task_set_observed      (TendTask            *self);
void         tend_task_report            (TendTask            *self,
                                          const GError        *error);

/* --- Those who wait for it, and what goes on in it --- */

/* Runs @waiter when the end of the task was notified to all others. */
void         tend_task_add_waiter        (TendTask            *self,
                                          TendJob             *waiter);

/* Waits in the current fiber until @task, of the same context, has ended: FALSE as tend_begin_wait() says. */
gboolean     tend_wait_for_task          (TendTask            *task,
                                          GError             **error);

/* Makes @task the current one and returns the previous one, which tend_task_leave() takes. */
TendTask    *tend_task_enter             (TendTask            *task);
void         tend_task_leave             (TendTask            *previous);

/* The current task, or NULL in the main part. In a signal handler, if it was called in the thread before. */
TendTask    *tend_task_peek_current      (void);
TendTimer   *tend_task_add_clock_timer   (TendTask            *self,
                                          gint64               delay,
                                          TendScopeFunc        func);

/* --- Its gate --- */

void         tend_task_set_gate          (TendTask            *self,
                                          TendGate            *gate);
void         tend_task_inherit_gate      (TendTask            *self,
                                          TendTask            *other);
TendGate    *tend_task_get_gate          (TendTask            *self);
TendGate    *tend_task_get_callback_gate (TendTask            *caller,
                                          GAsyncReadyCallback  callback);

/* Whether the callbacks of the task are barred. */
TEND_TASK_INLINE gboolean tend_task_is_barred (TendTask *self);

/* Called before a callback of the task: TRUE if it is barred, and the task has ended. */
static inline gboolean
tend_task_stop_if_barred (TendTask *self)
{
  if (G_LIKELY (!tend_task_is_barred (self)))
    return FALSE;

  tend_task_stop (self);
  return TRUE;
}

G_END_DECLS
