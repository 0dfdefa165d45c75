// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The scope of a task: what is dropped with it, and everything else that most tasks do not need.

#pragma once

#include "tend-task-private.h"

G_BEGIN_DECLS

/* An item of a task's scope: it is dropped with the task. */
typedef struct _TendScopeItem TendScopeItem;

typedef struct
{
  void (* detach) (TendScopeItem *item);    /* makes it do nothing from now on; calls no user code; NULL: not needed */
  void (* let_go) (TendScopeItem *item);    /* it was detached and unlinked: frees it, and its user data */
  void (* stand) (TendScopeItem *item,
                  gboolean       still);    /* the task is paused or resumed; NULL: not needed */
} TendScopeItemClass;

struct _TendScopeItem
{
  const TendScopeItemClass *klass;
  TendScopeItem            *prev;
  TendScopeItem            *next;
};

typedef struct _TendHandler TendHandler;

/* The scope, and everything else that most tasks do not need. */
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
  TendQueue        paused;                  /* waiters for the task to be resumed */
  gint64           due;                     /* when the run of a task of fixed rate is; see task-interval.c */
  gint64           rest;                    /* how long the task's own job had to wait; negative: not at all */
  char            *old_name;                /* other threads may still use it; NULL: the task was not renamed */
  guint            n_suspended;             /* how many managers and groups that have the task are paused */
  gboolean         stands_still;
  gboolean         is_deadline_inherited;   /* from the task that started this one */
  TendGate        *gate;                    /* a reference; NULL: none */
} TendScope;

#define TEND_SCOPE_FIRST_PRUNE 16

TendScope   *tend_task_ensure_scope      (TendTask            *self);
void         tend_task_link_item         (TendTask            *self,
                                          TendScopeItem       *item);
void         tend_task_unlink_item       (TendTask            *self,
                                          TendScopeItem       *item);
void         tend_task_kill_scope        (TendTask            *self);
void         tend_task_clear_scope       (TendTask            *self);
void         tend_task_run_exit_handlers (TendTask            *self);
void         tend_task_run_cancel_handlers (TendTask          *self);
void         tend_task_drop_cancel_handlers (TendTask         *self);

/* --- task-forgotten.c --- */

void         tend_task_expect_start      (TendTask            *self);

G_END_DECLS
