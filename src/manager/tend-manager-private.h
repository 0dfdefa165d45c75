// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a manager is: its fields, and what it tells. Waits, the shutdown and the registration have headers of their own.

#pragma once

#include "tend-manager-entry-private.h"
#include "tend-manager-signals-private.h"
#include "tend-manager-slots-private.h"
#include "tend-manager-statistics-private.h"

G_BEGIN_DECLS

typedef struct _TendBereavement TendBereavement;

typedef enum
{
  TEND_MANAGER_OPEN,
  TEND_MANAGER_CLOSED,          /* takes no new tasks */
  TEND_MANAGER_DRAINING,        /* the tasks and the child managers are waited for */
  TEND_MANAGER_ENDING_TASKS,    /* cancelled, and waited for until the grace period is over */
  TEND_MANAGER_ENDING_CHILDREN, /* the tasks have ended or were stopped: child managers are left */
  TEND_MANAGER_RUNNING_TASKS,   /* the shutdown tasks, one by one */
  TEND_MANAGER_SHUT_DOWN,
} TendManagerState;

struct _TendTaskManagerPrivate
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
  TendEntryFunc     forget_throttled; /* told of each named entry that goes, while there are throttled names */
  guint             prune_at;         /* so many of them, and those that are over go */
  GArray           *ignored;          /* of errors; NULL: none */
  GPtrArray        *kept;             /* of TendTask; what cancel_task() gave in this turn; NULL: none */
  TendJob           kept_job;         /* drops them */
  TendSlots         slots;
  TendStatistics    statistics;

  TendTaskManager  *parent;           /* not a reference */
  GPtrArray        *children;         /* of TendTaskManager; references; NULL: none */

  TendGate         *gate;             /* closed when the owner goes; NULL without an owner */
  TendBereavement  *bereavement;      /* NULL without an owner */

  gint64            slow_age;         /* microseconds; TEND_FOREVER: no check */
  gint64            slow_interval;    /* kept while there is no check */
  TendJob           slow_job;

  TendJob           changed_job;      /* notifies, once in a turn, what is not as it was told last */
  TendManagerTold   told;
  GListModel       *awaited;          /* of the tasks that its end waits for; NULL until somebody asks for it */
  gboolean          is_watched;       /* it has such a list, or one above has, or had */
  guint             keep_ended;       /* so many tasks stay in the list model when they have ended */
  guint             n_ended;          /* entries of such tasks in the list */
  TendQueue         ended, ended_failed;    /* of these entries, the oldest end first */
  TendRunning      *running;          /* the list of those that run; NULL until somebody asks for it */
  gboolean          is_paused;        /* by hand; those above may be, too */

  GPtrArray        *waits;            /* of TendManagerWait; those for tasks */

  TendManagerState  state;
  gint64            grace_period;
  gint64            shutdown_began;   /* when its tasks were cancelled */
  gint64            step_began;       /* that step, or the shutdown task */
  gint64            grace_deadline;   /* when the wait of the shutdown ends, if it goes on */
  GQueue            shutdown_tasks;   /* of TendTask; owned */
  GPtrArray        *shutdown_waits;   /* of TendManagerWait */
  GPtrArray        *shutdown_errors;  /* of GError */
  GPtrArray        *drained;          /* of TendTaskManager; the children when the drain began; NULL: it has not */
  guint             n_ending;         /* child managers that are drained or shut down */
  gboolean          was_down;         /* its shutdown is over, or its owner went */
  gboolean          is_bereft;        /* its owner went, and no shutdown has begun since, to wait for the rest */
  TendJob           shutdown_step;
  TendTaskManager  *shutting_down;    /* a reference while the shutdown goes on */
  TendObserver      shutdown_observer;
};

/* --- manager-state.c --- */

/* Constant once the class is there, which fills it in. */
G_GNUC_INTERNAL extern gssize tend_manager_private_offset;

static inline TendTaskManagerPrivate *
tend_manager_get_private (TendTaskManager *self)
{
  return G_STRUCT_MEMBER_P (self, tend_manager_private_offset);
}

/* The fields of a manager, from the address of one of them. */
#define TEND_MANAGER_PRIVATE_OF(pointer, field) \
  ((TendTaskManagerPrivate *) G_STRUCT_MEMBER_P (pointer, -(glong) G_STRUCT_OFFSET (TendTaskManagerPrivate, field)))

gboolean            tend_manager_check_thread (TendTaskManager  *self,
                                               const char       *func);
gboolean            tend_manager_check_context (TendTaskManager *self,
                                               TendTask         *task,
                                               GError          **error);
gboolean            tend_manager_is_bereaved  (TendTaskManagerPrivate *priv);
gboolean            tend_manager_is_closed    (TendTaskManagerPrivate *priv);
const char         *tend_manager_describe_end (TendTaskManagerPrivate *priv);
void                tend_manager_emit_failed  (TendTaskManager  *self,
                                               TendTask         *task,
                                               const GError     *error);
void                tend_manager_ignore_failure (TendTaskManager *self,
                                               TendTask         *task,
                                               const GError     *error);
void                tend_manager_ignore_task  (TendTaskManager  *self,
                                               TendTask         *task);
gboolean            tend_manager_is_heard     (TendTaskManager  *self,
                                               TendManagerSignal signal);
void                tend_manager_emit_task    (TendTaskManager  *self,
                                               TendManagerSignal signal,
                                               TendTask         *task);
void                tend_manager_emit_slow    (TendTaskManager  *self,
                                               TendTask         *task,
                                               gint64            usec);

void                tend_manager_notify       (TendTaskManager  *self,
                                               TendManagerProperty property);

/* Whether the tasks of the manager stand still, because it or one above is paused; not when it ends. */
static inline gboolean
tend_manager_stands_still (const TendTaskManagerPrivate *priv)
{
  if (priv->state >= TEND_MANAGER_DRAINING)
    return FALSE;

  while (!priv->is_paused && priv->parent != NULL)
    priv = tend_manager_get_private (priv->parent);
  return priv->is_paused;
}

/* --- manager-changes.c --- */

void                tend_manager_init_changes (TendTaskManagerPrivate *priv);
gboolean            tend_manager_get_change   (TendTaskManager  *self,
                                               TendManagerProperty property,
                                               GValue           *value);
void                tend_manager_define_changes (void);

/* To be called when a count, or what the manager is, may have changed. */
static inline void
tend_manager_changed (TendTaskManagerPrivate *priv)
{
  if (!tend_job_is_waiting (&priv->changed_job))
    tend_loop_queue_ready (priv->loop, &priv->changed_job);
}

/* How many tasks the manager has that are not finished. */
static inline guint
tend_manager_count_tasks (const TendTaskManagerPrivate *priv)
{
  return priv->entries.n_items - priv->n_ended;
}

/* --- manager-children.c --- */

GPtrArray          *tend_manager_copy_children (TendTaskManager *self) G_GNUC_WARN_UNUSED_RESULT;
void                tend_manager_leave_parent (TendTaskManager  *self);
void                tend_manager_drop_children (TendTaskManager *self);
void                tend_manager_close        (TendTaskManager  *self);
GPtrArray          *tend_manager_copy_family  (TendTaskManager  *self) G_GNUC_WARN_UNUSED_RESULT;

/* --- manager-pause.c --- */

void                tend_manager_update_pause (TendTaskManager  *self);
void                tend_manager_end_pause    (TendTaskManager  *self);

G_END_DECLS
