// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The manager's registry, and the shutdown that ends it.

#pragma once

#include "tend-task-manager.h"
#include "tend-task-private.h"

G_BEGIN_DECLS

typedef struct _TendEntry TendEntry;

/* Somebody who waits for tasks of the manager, or for its shutdown. */
typedef struct
{
  TendTaskManager *manager;     /* a reference */
  GTask           *result;
  GSource         *cancelled;   /* gives up waiting; NULL without a cancellable */
  TendTask        *caller;      /* not waited for, since it waits; not a reference */
  guint64          last_serial; /* waits for the tasks registered up to this one */
  guint            n_left;
} TendManagerWait;

typedef enum
{
  TEND_MANAGER_OPEN,
  TEND_MANAGER_ENDING_TASKS,    /* cancelled, and waited for until the grace period is over */
  TEND_MANAGER_RUNNING_TASKS,   /* the shutdown tasks, one by one */
  TEND_MANAGER_SHUT_DOWN,
} TendManagerState;

typedef struct
{
  TendLoop         *loop;             /* constant; of the context that the manager belongs to */
  GHashTable       *names;            /* of TendEntry, by the name of its task */
  GSequence        *entries;          /* of TendEntry, in the order of registration; owned */
  TendQueue         waiting;          /* entries that wait for a slot */
  TendQueue         leaving;          /* entries that have left the list, and keep their names */
  guint             n_running;        /* how many slots are taken */
  guint             max_running;      /* 0: no limit */
  guint64           serial;           /* of the entry registered last */
  GPtrArray        *waits;            /* of TendManagerWait; those for tasks */
  TendJob           home;             /* the inbox's: brings the last reference to the thread */
  TendTaskManager  *homeless;         /* the inbox's: whose reference it is */
  int               is_going_home;    /* atomic */

  TendManagerState  state;
  gint64            grace_period;
  GQueue            shutdown_tasks;   /* of TendTask; owned */
  GPtrArray        *shutdown_waits;   /* of TendManagerWait */
  GPtrArray        *shutdown_errors;  /* of GError */
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
  GSequenceIter   *iter;        /* NULL once it has left the list */
  guint64          serial;      /* constant */
  gint64           registered;  /* constant; when */
  guint            is_named : 1;  /* it stands in the table of names */
  guint            is_told : 1;   /* those who waited for the task have been told */
  guint            has_slot : 1;
  guint            is_delayed : 1;  /* it is not due yet */
  gint64           rest;        /* while its task is paused: how much of the delay is left */
};

TendTaskManagerPrivate *tend_manager_get_private  (TendTaskManager  *self);
gboolean            tend_manager_check_thread (TendTaskManager  *self,
                                               const char       *func);
void                tend_manager_emit_failed  (TendTaskManager  *self,
                                               TendTask         *task);

void                tend_manager_add_entry    (TendTaskManager  *self,
                                               TendTask         *task);
void                tend_manager_free_name    (TendTaskManagerPrivate *priv,
                                               TendEntry        *entry);
void                tend_manager_give_slots   (TendTaskManagerPrivate *priv);
GPtrArray          *tend_manager_copy_tasks   (TendTaskManager  *self);
void                tend_manager_cancel_entries (TendTaskManager *self,
                                               TendTask         *except);
void                tend_manager_abandon_entries (TendTaskManager *self);

gboolean            tend_manager_check_context (TendTaskManager *self,
                                               TendTask         *task,
                                               GError          **error);

TendManagerWait    *tend_manager_wait_new     (TendTaskManager  *self,
                                               GPtrArray        *waits,
                                               GTask            *result);
TendManagerWait    *tend_manager_wait_take    (GPtrArray        *waits,
                                               guint             i);
void                tend_manager_wait_free    (TendManagerWait  *wait);

typedef void     (* TendManagerBegin)  (TendTaskManager      *self,
                                        GCancellable         *cancellable,
                                        GAsyncReadyCallback   callback,
                                        gpointer              user_data);
typedef gboolean (* TendManagerFinish) (TendTaskManager      *self,
                                        GAsyncResult         *result,
                                        GError              **error);

gboolean            tend_manager_wait_in_fiber (TendTaskManager   *self,
                                               const char        *func,
                                               TendManagerBegin   begin,
                                               TendManagerFinish  finish,
                                               GError           **error);

void                tend_manager_shutdown_init  (TendTaskManager *self);
void                tend_manager_shutdown_clear (TendTaskManager *self);
void                tend_manager_shutdown_check (TendTaskManager *self);

G_END_DECLS
