// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The task as the library sees it: its parts, what a body implements, and what watches a task.

#pragma once

#include "tend-cancel-private.h"
#include "tend-task.h"
#include "tend-timer.h"

G_BEGIN_DECLS

/*
 * A kind of body. A body is active from run() until it calls tend_task_run_ended(), which it does
 * exactly once per run, on the loop thread. All of these are called on the thread's native stack.
 */
typedef struct
{
  gboolean returns;                       /* it ends by returning: return_value() only records */
  gboolean numbers_late;                  /* its tasks are numbered when somebody asks: no program counts them */
  gboolean runs_once;                     /* it stands for something that ends once: its tasks have no interval */
  gboolean starts_at_once;                /* run() calls nobody's code, and may nest as deep as bodies start others */
  void (* run)     (TendTask *self);      /* takes the first step of a run */
  void (* cancel)  (TendTask *self);      /* active and asked to end; NULL: the cancellable does */
  void (* abandon) (TendTask *self);      /* active and the task has ended without it */
  void (* unwind)  (TendTask *self);      /* abandoned, and to end now and not soon; NULL: cannot */
  GAsyncReadyCallback ready;              /* what it has operations call back; NULL: nothing */
} TendBodyClass;

/* Watches one task from inside the library. Each call may remove any observer. */
typedef struct _TendObserver TendObserver;

typedef struct
{
  void (* ended)    (TendObserver *observer,
                     TendTask     *task);   /* the status is final; before those who wait are told */
  void (* told)     (TendObserver *observer,
                     TendTask     *task);   /* those who waited have been told */
  void (* released) (TendObserver *observer,
                     TendTask     *task);   /* the body has really ended too; before or after told */
  void (* began)    (TendObserver *observer,
                     TendTask     *task);   /* its body is about to run for the first time */
  void (* paused)   (TendObserver *observer,
                     TendTask     *task,
                     gboolean      still);  /* the task stands still, or goes on */

  /* A run of an interval task has failed; TRUE if its error was dealt with, and the task is to go on. */
  gboolean (* run_failed) (TendObserver *observer,
                           TendTask     *task,
                           const GError *error);
} TendObserverClass;

struct _TendObserver
{
  const TendObserverClass *klass;
  TendObserver            *next;
};

/* A walk over the observers of a task, which knows when the one that comes next is removed. */
typedef struct _TendObserverWalk TendObserverWalk;
struct _TendObserverWalk
{
  TendObserver     *next;
  TendObserverWalk *outer;      /* another that this thread is in; NULL: none */
};

/* What a task's scope holds: dies with the task. */
typedef struct _TendScopeItem TendScopeItem;

typedef struct
{
  void (* detach) (TendScopeItem *item);    /* from here on it does nothing any more; calls nobody; NULL: no matter */
  void (* let_go) (TendScopeItem *item);    /* it was detached and unlinked: frees it, and what it holds of the user */
  void (* stand) (TendScopeItem *item,
                  gboolean       still);    /* the task is paused or goes on; NULL: no matter */
} TendScopeItemClass;

struct _TendScopeItem
{
  const TendScopeItemClass *klass;
  TendScopeItem            *prev;
  TendScopeItem            *next;
};

typedef struct _TendHandler TendHandler;

/* The scope, and all else that most tasks do without. */
typedef struct
{
  TendTask        *task;                    /* not a reference */
  TendJob          job;                     /* its start, delay and interval; behind its waiters, its last unref */
  TendQueue        waiters;
  gint64           delay;                   /* microseconds; negative: none given */
  gint64           interval;                /* microseconds; negative: runs once */
  guint32          stack_size;              /* in pages of 1 KiB; 0: the default */

  TendScopeItem   *items;
  TendHandler     *exit_handlers;           /* last registered first */
  TendHandler     *cancel_handlers;         /* likewise; of one run of the body */
  guint            n_sources;
  guint            prune_at;
  gint64           deadline;                /* monotonic microseconds; TEND_FOREVER: none */
  TendTimer       *deadline_timer;          /* not a reference; NULL until armed, and once it has fired */
  TendQueue        paused;                  /* those who wait for the task to go on */
  gint64           due;                     /* when the run of a task of fixed rate is; see task-interval.c */
  gint64           rest;                    /* how long the task's own job had to wait; negative: not at all */
  char            *old_name;                /* other threads may still use it; NULL: the task was not renamed */
  gboolean         stands_still;
  gboolean         is_deadline_inherited;   /* from the task that started this one */
  TendGate        *gate;                    /* a reference; NULL: none */
} TendScope;

/* Whether a body is asked to end, and why. */
typedef enum
{
  TEND_CANCELLING_NOT,
  TEND_CANCELLING_ASKED,            /* or the task has ended before its body */
  TEND_CANCELLING_TIMED_OUT,        /* the deadline has passed */
} TendCancelling;

/* What another thread asks of a task, among its flags. */
typedef enum
{
  TEND_REQUEST_RETURN   = 1 << 0,
  TEND_REQUEST_STOP     = 1 << 1,
  TEND_REQUEST_CANCEL   = 1 << 2,
  TEND_REQUEST_PROGRESS = 1 << 3,
  TEND_REQUEST_PAUSE    = 1 << 4,   /* TEND_FLAG_PAUSED has changed */
} TendRequest;

/* How one of them is carried out, in the task's own thread. */
typedef struct
{
  TendRequest    request;
  void        (* carry_out) (TendTask *self);
} TendRequestClass;

#define TEND_REQUESTS              ((1 << 5) - 1)
#define TEND_FLAG_PAUSED           (1 << 5)
#define TEND_FLAG_PROGRESS         (1 << 6)  /* it has told of its progress; under progress_lock */
#define TEND_FLAG_SPARE            (1 << 7)  /* it has been freed; see task-spare.c */
#define TEND_FLAG_CANCELLING_SHIFT 8         /* above it is a TendCancelling */

/* Memory is what a million tasks that wait cost: what only some need is somewhere else. */
/* What the id is of a task that is numbered late, until it is. */
#define TEND_NO_ID G_MAXUINT64

/* The task of the program's main part has id 1 in every program, so that ids go 0, 2, 3, ... */
#define TEND_MAIN_TASK_ID 1

#define TEND_SCOPE_FIRST_PRUNE 16

struct _TendTask
{
  GObject              parent_instance;

  /* What a spare task keeps for the next one. */
  char                *name;                /* atomic; written by the loop thread, and then only by tend_task_rename() */
  TendOutcome         *outcome;             /* loop thread; what there is so far; made on demand */
  TendScope           *scope;               /* loop thread; made on demand */

  TendLoop            *loop;                /* loop thread; constant once started */
  const TendBodyClass *body;                /* constant; NULL: somebody else completes it */
  gpointer             func;                /* constant */
  gpointer             user_data;           /* loop thread; NULL once the body is released */
  GDestroyNotify       notify;              /* loop thread; likewise */
  gpointer             body_state;          /* the body's; of an async pair, the function that finishes */
  gconstpointer        origin;              /* constant; the address that made it */

  TendOutcome         *remote_outcome;      /* atomic; on its way from another thread, or a mark */
  GCancellable        *cancellable;         /* atomic; made on demand */
  TendObserver        *observers;           /* loop thread */

  guint64              id;                  /* tend_task_number()'s; constant, but for a task that is numbered late */
  int                  flags;               /* atomic; TendRequest's, and TEND_FLAG_... */
  guint8               status;              /* atomic; TendTaskStatus; written by the loop thread */

  guint16              is_active : 1;       /* loop thread; the body is */
  guint16              in_call : 1;         /* loop thread; the body's function is on the stack */
  guint16              is_ending : 1;       /* loop thread; its end is being told */
  guint16              has_returned : 1;    /* loop thread; return_value() was called in this run */
  guint16              has_given_up : 1;    /* loop thread; what it returned is that it was cancelled */
  guint16              is_observed : 1;     /* loop thread; somebody was told the error */
  guint16              is_held : 1;         /* loop thread; holds a reference to itself */
  guint16              is_kept : 1;         /* loop thread; a callback relies on that reference: see tend_task_keep() */
  guint16              is_fixed_rate : 1;   /* constant once started; the interval's mode */
  guint16              keep_going : 1;      /* constant once started */
  guint16              is_managed : 1;      /* loop thread; a manager has it, or had */
};

/* Whatever task a public function is given is used by whoever gives it. */
static inline gboolean
tend_task_look (TendTask *self)
{
  tend_tool_look (&self->loop);
  return TRUE;
}

#define TEND_IS_TASK(ptr) (TEND_IS_TASK (ptr) && tend_task_look ((TendTask *) (ptr)))

/* --- task.c and task-life.c --- */

guint64      tend_task_number            (TendTask            *self);
guint64      tend_task_take_id           (void);
void         tend_task_notify_status     (TendTask            *self);
void         tend_task_set_requests      (const TendRequestClass *table,
                                          guint                n);
TendTaskStatus tend_task_get_final_status (const GError       *error);
void         tend_task_rename            (TendTask            *self,
                                          char                *name);

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
gboolean     tend_task_check_startable   (TendTask            *self,
                                          GError             **error);
void         tend_task_start_or_fail     (TendTask            *self);
void         tend_task_set_pending       (TendTask            *self);
void         tend_task_make_pending      (TendTask            *self);
gint64       tend_task_get_first_wait    (TendTask            *self);
void         tend_task_begin             (TendTask            *self);
void         tend_task_run_ended         (TendTask            *self,
                                          GError              *error);
void         tend_task_end               (TendTask            *self,
                                          TendTaskStatus       status,
                                          GError              *error);
void         tend_task_fail              (TendTask            *self,
                                          GError              *error);
gboolean     tend_task_keep              (TendTask            *self);
void         tend_task_unkeep            (TendTask            *self,
                                          gboolean             by_itself);
void         tend_task_run_later         (TendTask            *self,
                                          gint64               usec);
void         tend_task_run_at            (TendTask            *self,
                                          gint64               due);
void         tend_task_add_observer      (TendTask            *self,
                                          TendObserver        *observer);
void         tend_task_remove_observer   (TendTask            *self,
                                          TendObserver        *observer);
void         tend_task_begin_walk        (TendTask            *self,
                                          TendObserverWalk    *walk);
TendObserver *tend_task_walk             (TendTask            *self,
                                          TendObserverWalk    *walk);
void         tend_task_set_observed      (TendTask            *self);
const GError *tend_task_peek_error       (TendTask            *self);
gboolean     tend_task_propagate         (TendTask            *self,
                                          GError             **error);
void         tend_task_request           (TendTask            *self,
                                          TendRequest          request);

/* --- task-spare.c --- */

gboolean     tend_task_spare             (TendTask            *self);
void         tend_task_keep_spare        (TendTask            *self);
TendTask    *tend_task_take_spare        (void) G_GNUC_WARN_UNUSED_RESULT;

static inline gboolean
tend_status_is_ended (TendTaskStatus status)
{
  return status >= TEND_TASK_STATUS_COMPLETED;
}

static inline TendTaskStatus
tend_task_status (TendTask *self)
{
  return (TendTaskStatus) __atomic_load_n (&self->status, __ATOMIC_SEQ_CST);
}

/* The name, also for other threads: it is there as long as the task. */
static inline const char *
tend_task_peek_name (TendTask *self)
{
  return g_atomic_pointer_get (&self->name);
}

static inline gboolean
tend_task_has_ended (TendTask *self)
{
  return tend_status_is_ended (tend_task_status (self));
}

/* Whether the end of the task has been told to all but those who wait for it. */
static inline gboolean
tend_task_is_over (TendTask *self)
{
  return tend_task_has_ended (self) && !self->is_ending;
}

static inline gboolean
tend_task_is_released (TendTask *self)
{
  return tend_task_has_ended (self) && !self->is_active;
}

/* Whether the body is asked to end, and why. Any thread. */
static inline TendCancelling
tend_task_cancelling (TendTask *self)
{
  return (TendCancelling) (g_atomic_int_get (&self->flags) >> TEND_FLAG_CANCELLING_SHIFT);
}

static inline gint64
tend_task_delay (TendTask *self)
{
  return self->scope != NULL ? self->scope->delay : -1;
}

static inline gint64
tend_task_interval (TendTask *self)
{
  return self->scope != NULL ? self->scope->interval : -1;
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

/* --- gate.c --- */

void         tend_task_set_gate          (TendTask            *self,
                                          TendGate            *gate);
void         tend_task_inherit_gate      (TendTask            *self,
                                          TendTask            *other);
TendGate    *tend_task_get_gate          (TendTask            *self);
TendGate    *tend_task_get_callback_gate (TendTask            *caller,
                                          GAsyncReadyCallback  callback);
void         tend_task_watch_gates       (void);
void         tend_task_unwind            (TendTask            *self);

/* Whether the callbacks of the task are not to be called any more. */
static inline gboolean
tend_task_is_barred (TendTask *self)
{
  return self->scope != NULL && self->scope->gate != NULL && tend_gate_is_closed (self->scope->gate);
}

/* To be asked before a callback of the task is called: TRUE if it may not, and the task has ended. */
static inline gboolean
tend_task_stop_if_barred (TendTask *self)
{
  if (G_LIKELY (!tend_task_is_barred (self)))
    return FALSE;

  tend_task_stop (self);
  return TRUE;
}

/* --- task-return.c and task-result.c --- */

/* A pointer with its destroy notify, as a boxed type, so that a GValue owns it. */
typedef struct
{
  gatomicrefcount  ref_count;
  gpointer         pointer;     /* constant */
  GDestroyNotify   notify;      /* constant */
} TendPointer;

GType        tend_pointer_get_type       (void) G_GNUC_CONST;

/* What a body has returned so far; loop thread only. */
void         tend_task_exchange          (TendTask            *self,
                                          TendOutcome         *outcome);
void         tend_task_record            (TendTask            *self,
                                          TendOutcome         *outcome);

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

static inline const GError *
tend_task_peek_recorded_error (TendTask *self)
{
  return self->outcome != NULL ? self->outcome->error : NULL;
}

/* What a thread of the pool can do, for the layers that do not see it. Set on such a thread. */
typedef struct
{
  void (* block)   (void);      /* the body is about to wait, and makes room for another meanwhile */
  void (* unblock) (void);
} TendWorkerClass;

void         tend_set_worker_class       (const TendWorkerClass *klass);
void         tend_worker_block           (void);
void         tend_worker_unblock         (void);

/* On a worker thread, where the body that runs there leaves what it returns. */
void         tend_task_set_worker        (TendTask            *self,
                                          TendOutcome         *outcome);
TendTask    *tend_task_get_worker        (void);
TendOutcome *tend_task_get_worker_outcome (TendTask           *self);
TendTask    *tend_task_get_blocking      (void);
void         tend_task_return_outcome    (TendTask            *self,
                                          TendOutcome         *outcome);
gboolean     tend_task_try_return        (TendTask            *self,
                                          TendOutcome         *outcome);
gboolean     tend_task_is_settled        (TendTask            *self);
gboolean     tend_task_settle            (TendTask            *self);
void         tend_task_take_remote       (TendTask            *self);

/* --- task-cancel.c --- */

void         tend_task_interrupt         (TendTask            *self,
                                          TendCancelling       why);
void         tend_task_set_cancelling    (TendTask            *self,
                                          TendCancelling       why);
void         tend_task_drop_cancellable  (TendTask            *self);
void         tend_task_set_cancel_reason (TendTask            *self,
                                          const char          *reason);
TendCancelLink *tend_task_new_link       (TendTask            *self) G_GNUC_WARN_UNUSED_RESULT;
GError      *tend_task_new_cancelled     (TendTask            *self);
GError      *tend_task_new_stopped       (TendTask            *self);

/* --- task-scope.c and timer.c --- */

void         tend_task_link_item         (TendTask            *self,
                                          TendScopeItem       *item);
void         tend_task_unlink_item       (TendTask            *self,
                                          TendScopeItem       *item);
TendScope   *tend_task_ensure_scope      (TendTask            *self);
TendTimer   *tend_task_add_clock_timer   (TendTask            *self,
                                          gint64               delay,
                                          TendWorkFunc         func);
void         tend_task_drop_with_scope   (TendTask            *self,
                                          TendOutcome         *outcome);
void         tend_task_kill_scope        (TendTask            *self);
void         tend_task_clear_scope       (TendTask            *self);
void         tend_task_run_exit_handlers (TendTask            *self);
void         tend_task_run_cancel_handlers (TendTask          *self);
void         tend_task_drop_cancel_handlers (TendTask         *self);

/* --- task-watch.c --- */

typedef struct _TendWatch TendWatch;
typedef struct _TendForeignWatch TendForeignWatch;
typedef void (* TendWatchFunc) (TendWatch *watch);

/*
 * Waits for the end of one task, which may belong to another context. The function is called once,
 * from the loop that watches, after the task's exit handlers and its manager.
 */
struct _TendWatch
{
  TendJob           job;        /* loop thread; among the task's waiters, or the loop's micro-queue */
  TendTask         *task;       /* a reference once the task has ended or is foreign */
  TendWatchFunc     ended;
  gpointer          data;
  TendForeignWatch *foreign;    /* what waits in the other context in our place */
  guint             is_foreign : 1; /* the task is another context's */
  guint             has_ended : 1;
};

void tend_watch_begin (TendWatch     *watch,
                       TendLoop      *loop,
                       TendTask      *task,
                       TendWatchFunc  ended,
                       gpointer       data);
void tend_watch_observe (TendWatch   *watch);
void tend_watch_clear (TendWatch     *watch);
void tend_watches_clear (TendWatch   *watches,
                         gsize        n_watches);

/* Whether the task can be waited for here at all; a critical if not. */
gboolean tend_watch_check (TendTask   **tasks,
                           gsize        n_tasks,
                           const char  *func);

/* --- task-interval.c --- */

void         tend_task_expect_run        (TendTask            *self,
                                          gint64               usec);
gint64       tend_task_get_next_tick     (TendTask            *self);
gboolean     tend_task_outlives_run      (TendTask            *self,
                                          const GError        *error);

/* --- task-pause.c --- */

gboolean     tend_task_stands_still      (TendTask            *self);
void         tend_task_apply_pause       (TendTask            *self);
void         tend_task_wake_worker       (TendTask            *self);
gboolean     tend_worker_checkpoint      (TendTask            *task,
                                          GError             **error);
gboolean     tend_worker_sleep           (TendTask            *task,
                                          gint64               usec,
                                          GError             **error);

/* --- task-deadline.c --- */

void         tend_task_start_deadline    (TendTask            *self);
gboolean     tend_task_has_inherited_timeout (TendTask        *self);

/* --- task-props.c --- */

typedef enum
{
  PROP_NAME = 1,
  PROP_ID,
  PROP_STATUS,
  PROP_PROGRESS,
  PROP_MESSAGE,
  PROP_PRIORITY,
  PROP_DELAY,
  PROP_INTERVAL,
  PROP_INTERVAL_MODE,
  PROP_KEEP_GOING,
  PROP_STACK_SIZE,
  PROP_PAUSED,
  PROP_DEADLINE,
} TendTaskProperty;

#define N_TASK_PROPERTIES (PROP_DEADLINE + 1)

extern GParamSpec *tend_task_properties[N_TASK_PROPERTIES];

char        *tend_task_print             (const char          *name,
                                          guint64              id,
                                          const char          *what,
                                          const char          *more);
void         tend_task_install_properties (GObjectClass       *klass);
gboolean     tend_task_check_settable    (TendTask            *self,
                                          const char          *what);
void         tend_task_clear_progress    (TendTask            *self);
void         tend_task_notify_progress   (TendTask            *self);

/* --- task-current.c --- */

void         tend_task_watch_forks       (void);

/* Makes @task the current one and gives the one before, which tend_task_leave() takes. */
TendTask    *tend_task_enter             (TendTask            *task);
void         tend_task_leave             (TendTask            *previous);

/* The current task, or NULL in the main part. In a signal handler, if it was called in the thread before. */
TendTask    *tend_task_peek_current      (void);

/* Waits in the current fiber until @task, of the same context, has ended: FALSE as above. */
gboolean     tend_wait_for_task          (TendTask            *task,
                                          GError             **error);

gboolean     tend_check_name             (const char          *name,
                                          GError             **error);

G_END_DECLS
