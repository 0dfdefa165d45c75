// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a task is: its number, its properties, who walks over its observers, and what is asked of it from afar.

#pragma once

#include "task-fields-private.h"

G_BEGIN_DECLS

/* A walk over the observers of a task, which knows when the one that comes next is removed. */
typedef struct _TendObserverWalk TendObserverWalk;
struct _TendObserverWalk
{
  TendObserver     *next;
  TendObserverWalk *outer;      /* another that this thread is in; NULL: none */
};

void         tend_task_begin_walk        (TendTask            *self,
                                          TendObserverWalk    *walk);
TendObserver *tend_task_walk             (TendTask            *self,
                                          TendObserverWalk    *walk);

guint64      tend_task_take_id           (void);
gboolean     tend_task_check_settable    (TendTask            *self,
                                          const char          *what);

/* --- Properties: the objects that are notified, which task-props.c makes --- */

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
  PROP_ENDED,
  PROP_FINISHED,
  PROP_CANCELLING,
} TendTaskProperty;

#define N_TASK_PROPERTIES (PROP_CANCELLING + 1)

extern GParamSpec *tend_task_properties[N_TASK_PROPERTIES];

void         tend_task_install_properties (GObjectClass       *klass);
void         tend_task_clear_progress    (TendTask            *self);
void         tend_task_notify_progress   (TendTask            *self);

/* --- Requests --- */

/* How one of them is carried out, in the task's own thread. */
typedef struct
{
  TendRequest    request;
  void        (* carry_out) (TendTask *self);
} TendRequestClass;

void         tend_task_set_requests      (const TendRequestClass *table,
                                          guint                n);
void         tend_task_request           (TendTask            *self,
                                          TendRequest          request);
void         tend_task_apply_pause       (TendTask            *self);

/* --- Once before there is a task --- */

void         tend_task_watch_forks       (void);
void         tend_task_watch_gates       (void);

/* --- task-about.c --- */

void         tend_task_take_late_error   (TendTask            *self,
                                          GError              *error);

G_END_DECLS
