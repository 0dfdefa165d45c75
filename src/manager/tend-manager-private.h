// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The manager's registry, what decides which task starts when, and the shutdown that ends it all.

#pragma once

#include "tend-task-manager.h"
#include "tend-task-private.h"

G_BEGIN_DECLS

typedef struct _TendEntry TendEntry;
typedef struct _TendBereavement TendBereavement;

/* Somebody who waits for tasks of the manager, or for its shutdown. */
typedef struct
{
  TendJob          job;         /* tells them, where that cannot be done at once */
  TendTaskManager *manager;     /* a reference */
  GTask           *result;
  GSource         *cancelled;   /* gives up waiting; NULL without a cancellable */
  TendTask        *caller;      /* not waited for, since it waits; a reference */
  GHashTable      *excused;     /* of tasks that wait as well; not references; NULL: none */
  guint64          last_serial; /* waits for the tasks registered up to this one */
  guint            n_left;
} TendManagerWait;

typedef enum
{
  TEND_MANAGER_OPEN,
  TEND_MANAGER_ENDING_TASKS,    /* cancelled, and waited for until the grace period is over */
  TEND_MANAGER_ENDING_CHILDREN, /* the tasks have ended or were stopped: child managers are left */
  TEND_MANAGER_RUNNING_TASKS,   /* the shutdown tasks, one by one */
  TEND_MANAGER_SHUT_DOWN,
} TendManagerState;

/* Which of the tasks that are due may start. */
typedef struct
{
  TendTaskManager *manager; /* constant; not a reference */
  GArray  *lanes;           /* of queues of entries that wait, by priority; NULL until there are any */
  guint    n_waiting;       /* entries in the lanes, here and in the managers below */
  guint    n_running;       /* slots that are taken, here and in the managers below */
  guint    n_given;
  guint    max_running;     /* 0: no limit */

  guint    max_starts;      /* in any rate_interval; 0: no limit */
  gint64   rate_interval;   /* microseconds */
  gint64  *starts;          /* a ring of the moments of the last max_starts starts */
  guint    first_start;     /* the eldest of them */
  TendJob  rate_job;        /* comes back when the rate lets the next one start */
} TendSlots;

/* Entries in the order in which they came, which are found by position; see manager-list.c. */
typedef struct
{
  TendEntry **entries;      /* with NULL in the holes */
  guint64    *bits;         /* where there are entries */
  guint      *tree;         /* of counts of blocks of bits */
  guint       n_allocated;  /* places; whole blocks */
  guint       n_places;     /* that were used, with the holes among them */
  guint       n_items;
} TendEntryList;

/* How many tasks there have been, and how long they have run. */
typedef struct
{
  guint64  n_started;
  guint64  counts[TEND_TASK_STATUS_STOPPED + 1];    /* by status; up to running: those that are so now */
  gint64   longest;         /* microseconds */
  guint64 *histogram;       /* of run times; NULL until there are any */
} TendStatistics;

typedef struct
{
  TendLoop         *loop;             /* constant; of the context that the manager belongs to */
  TendTable         names;            /* of TendEntry, the first in the chain of each name */
  TendEntryList     entries;          /* in the order of registration; owned */
  TendEntry        *spare;            /* linked by "after" */
  guint             n_spare;
  TendQueue         leaving;          /* entries that have left the list, and keep their names */
  guint64           serial;           /* of the entry registered last */
  guint64           n_anonymous;      /* the number of the anonymous task registered last */
  GHashTable       *throttles;        /* of the throttled names; manager-throttle.c's; NULL: none */
  guint             prune_at;         /* so many of them, and those that are over go */
  GArray           *ignored;          /* of errors; NULL: none */
  TendSlots         slots;
  TendStatistics    statistics;

  TendTaskManager  *parent;           /* not a reference */
  GPtrArray        *children;         /* of TendTaskManager; references; NULL: none */

  TendGate         *gate;             /* closed when the owner goes; NULL without an owner */
  TendBereavement  *bereavement;      /* NULL without an owner */

  gint64            slow_age;         /* microseconds; 0: no check */
  gint64            slow_interval;
  TendJob           slow_job;

  GPtrArray        *kept;             /* of TendTask; what cancel_task() gave in this turn; NULL: none */
  TendJob           kept_job;         /* drops them */

  GPtrArray        *waits;            /* of TendManagerWait; those for tasks */

  TendManagerState  state;
  gint64            grace_period;
  gint64            shutdown_began;   /* when its tasks were cancelled */
  GQueue            shutdown_tasks;   /* of TendTask; owned */
  GPtrArray        *shutdown_waits;   /* of TendManagerWait */
  GPtrArray        *shutdown_errors;  /* of GError */
  guint             n_ending;         /* child managers that are being shut down */
  TendJob           shutdown_step;
  TendTaskManager  *shutting_down;    /* a reference while the shutdown goes on */
  TendObserver      shutdown_observer;
} TendTaskManagerPrivate;

struct _TendEntry
{
  TendObserver     observer;
  TendJob          job;         /* its delay, its wait for a slot, or its place among the leaving */
  TendTaskManager *manager;     /* constant; not a reference */
  TendTask        *task;        /* constant */
  guint64          serial;      /* constant */
  gint64           registered;  /* constant; when, by the coarse clock */
  gint64           began;       /* when its body did, moved on by what it was paused; before that, when it was due */
  gint64           rest;        /* while its task is paused: what is left of the delay, or has been run */
  TendEntry       *before;      /* in the chain of its name */
  TendEntry       *after;
  TendEntry       *last;        /* of the chain; only in the first of it */
  char            *base;        /* of the name of an anonymous task; NULL: it is none */
  guint            place;       /* in the list */
  guint            hash;        /* of the name; while it is in a chain */
  guint            is_listed : 1;   /* its task is not released */
  guint            is_in_chain : 1;
  guint            is_named : 1;    /* it answers to its name */
  guint            is_told : 1;     /* those who waited for the task have been told */
  guint            is_delayed : 1;  /* it is not due yet */
  guint            is_blocked : 1;  /* one of the same name before it has not really ended */
  guint            is_clear : 1;    /* it is released, and so are all of the same name before it */
  guint            is_in_lane : 1;
  guint            has_slot : 1;
  guint            has_begun : 1;
  guint            is_adopted : 1;  /* somebody else has started its task, and begins it */
};

/* --- task-manager.c --- */

TendTaskManagerPrivate *tend_manager_get_private  (TendTaskManager  *self);
gboolean            tend_manager_check_thread (TendTaskManager  *self,
                                               const char       *func);
void                tend_manager_emit_failed  (TendTaskManager  *self,
                                               TendTask         *task,
                                               const GError     *error);
gboolean            tend_manager_has_listeners (TendTaskManager *self);
void                tend_manager_emit_slow    (TendTaskManager  *self,
                                               TendTask         *task,
                                               gint64            usec);

typedef enum
{
  TEND_MANAGER_PROP_OWNER = 1,
  TEND_MANAGER_PROP_PARENT,
  TEND_MANAGER_PROP_MAX_RUNNING,
  TEND_MANAGER_PROP_GRACE_PERIOD,
} TendManagerProperty;

void                tend_manager_notify       (TendTaskManager  *self,
                                               TendManagerProperty property);

static inline TendEntry *
tend_entry_of_job (TendJob *job)
{
  return G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendEntry, job));
}

/* The time for which the body of a running entry has run. */
static inline gint64
tend_entry_get_run_time (TendEntry *entry,
                         gint64     now)
{
  return tend_task_stands_still (entry->task) ? entry->rest : now - entry->began;
}

/* --- manager-entries.c --- */

void                tend_manager_add_entry    (TendTaskManager  *self,
                                               TendTask         *task,
                                               const char       *base);
TendEntry          *tend_manager_find_entry   (TendTaskManager  *self,
                                               TendTask         *task);
TendTaskManager    *tend_manager_of_task      (TendTask         *task);
gboolean            tend_manager_holds        (TendTaskManager  *self,
                                               TendTask         *task);
void                tend_entry_begin          (TendEntry        *entry,
                                               gint64            now);
void                tend_entry_unblock        (TendEntry        *entry);
GPtrArray          *tend_manager_copy_tasks   (TendTaskManager  *self);
void                tend_manager_cancel_entries (TendTaskManager *self,
                                               TendTask         *except);
void                tend_manager_abandon_entries (TendTaskManager *self);
void                tend_manager_free_entries (TendTaskManagerPrivate *priv);

/* --- manager-list.c --- */

void                tend_entry_list_append    (TendEntryList    *list,
                                               TendEntry        *entry);
void                tend_entry_list_remove    (TendEntryList    *list,
                                               TendEntry        *entry);
void                tend_entry_list_clear     (TendEntryList    *list);
guint               tend_entry_list_get_position (TendEntryList *list,
                                               TendEntry        *entry);
TendEntry          *tend_entry_list_get       (TendEntryList    *list,
                                               guint             position);
TendEntry          *tend_entry_list_next      (TendEntryList    *list,
                                               TendEntry        *entry);

/* --- manager-names.c --- */

TendEntry          *tend_names_lookup         (TendTaskManagerPrivate *priv,
                                               const char       *name);
TendEntry          *tend_names_find_last      (TendTaskManagerPrivate *priv,
                                               const char       *name);
GPtrArray          *tend_names_take           (TendTaskManagerPrivate *priv,
                                               const char       *name);
void                tend_names_add            (TendTaskManagerPrivate *priv,
                                               TendEntry        *entry);
void                tend_names_remove         (TendTaskManagerPrivate *priv,
                                               TendEntry        *entry);
void                tend_names_released       (TendEntry        *entry);

/* --- manager-slots.c --- */

void                tend_slots_init           (TendTaskManager  *self);
void                tend_slots_clear          (TendTaskManager  *self);
void                tend_slots_enter          (TendEntry        *entry);
void                tend_slots_leave          (TendEntry        *entry);
void                tend_slots_pump           (TendTaskManager  *self);
void                tend_slots_move           (TendTaskManager  *self,
                                               TendTaskManager  *from,
                                               TendTaskManager  *to);

/* --- manager-register.c --- */

gboolean            tend_manager_check_context (TendTaskManager *self,
                                               TendTask         *task,
                                               GError          **error);

gboolean            tend_manager_check_task   (TendTaskManager  *self,
                                               TendTask         *task,
                                               GError          **error);

TendTask           *tend_manager_register_held (TendTaskManager *self,
                                               TendTask         *task,
                                               TendNamePolicy    policy,
                                               GError          **error);

void                tend_manager_init_kept    (TendTaskManagerPrivate *priv);
void                tend_manager_clear_kept   (TendTaskManagerPrivate *priv);
TendTask           *tend_manager_give_kept    (TendTaskManager  *self,
                                               TendTask         *task,
                                               GError          **error);

/* --- manager-children.c --- */

GPtrArray          *tend_manager_copy_children (TendTaskManager *self) G_GNUC_WARN_UNUSED_RESULT;
void                tend_manager_leave_parent (TendTaskManager  *self);
void                tend_manager_drop_children (TendTaskManager *self);

/* --- manager-owner.c --- */

void                tend_manager_set_owner    (TendTaskManager  *self,
                                               GObject          *owner);
void                tend_manager_clear_owner  (TendTaskManager  *self);
void                tend_manager_end_tasks    (GPtrArray        *tasks);
gboolean            tend_manager_is_bereaved  (TendTaskManagerPrivate *priv);

/* --- manager-errors.c --- */

void                tend_manager_tell_error   (TendTaskManager  *self,
                                               TendTask         *task,
                                               const GError     *error);
gboolean            tend_manager_ignores      (TendTaskManagerPrivate *priv,
                                               const GError     *error);

/* --- manager-slow.c --- */

void                tend_slow_check_arm       (TendTaskManager  *self);
void                tend_slow_check_init      (TendTaskManagerPrivate *priv);

/* --- manager-statistics.c --- */

void                tend_statistics_registered (TendStatistics  *statistics);
void                tend_statistics_began     (TendStatistics   *statistics);
void                tend_statistics_ended     (TendStatistics   *statistics,
                                               TendTaskStatus    status,
                                               gboolean          had_begun,
                                               gint64            usec);
void                tend_statistics_clear     (TendStatistics   *statistics);

/* --- manager-throttle.c --- */

void                tend_throttles_forget     (TendTaskManagerPrivate *priv,
                                               TendEntry        *entry);
void                tend_throttles_clear      (TendTaskManagerPrivate *priv);

/* --- manager-wait.c --- */

GTask              *tend_manager_new_result   (gpointer          self,
                                               TendGate         *gate,
                                               GCancellable     *cancellable,
                                               GAsyncReadyCallback callback,
                                               gpointer          user_data,
                                               gpointer          tag);
TendManagerWait    *tend_manager_wait_new     (TendTaskManager  *self,
                                               GPtrArray        *waits,
                                               GTask            *result);
TendManagerWait    *tend_manager_wait_take    (GPtrArray        *waits,
                                               guint             i);
void                tend_manager_wait_free    (TendManagerWait  *wait);
GPtrArray          *tend_manager_count_off    (TendTaskManagerPrivate *priv,
                                               TendEntry        *entry);
void                tend_manager_give_up_waits (TendTaskManager *self);

/* The two halves of a wait that an object offers. */
typedef void     (* TendManagerBegin)  (gpointer              self,
                                        GCancellable         *cancellable,
                                        GAsyncReadyCallback   callback,
                                        gpointer              user_data);
typedef gboolean (* TendManagerFinish) (gpointer              self,
                                        GAsyncResult         *result,
                                        GError              **error);

gboolean            tend_manager_wait_in_fiber (gpointer           self,
                                               TendLoop          *loop,
                                               const char        *func,
                                               TendManagerBegin   begin,
                                               TendManagerFinish  finish,
                                               GError           **error);

/* --- manager-shutdown.c and manager-shutdown-tasks.c --- */

extern const TendObserverClass tend_shutdown_observer;

void                tend_manager_shut_down    (TendTaskManager  *self,
                                               GTask            *result);

TendTaskManager    *tend_manager_of_step        (TendJob         *job);
void                tend_manager_set_step       (TendTaskManager *self,
                                               TendJobFunc       step,
                                               gint64            usec);
void                tend_manager_run_next_cb    (TendJob         *job);
void                tend_manager_shutdown_finish (TendTaskManager *self);

void                tend_manager_shutdown_init  (TendTaskManager *self);
void                tend_manager_shutdown_check (TendTaskManager *self);
void                tend_manager_shutdown_force (TendTaskManager *self);

G_END_DECLS
