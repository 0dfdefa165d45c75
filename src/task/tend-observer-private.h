// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What watches a task from inside the library.

#pragma once

#include "tend-task.h"

G_BEGIN_DECLS

/* Watches one task from inside the library. Each call may remove any observer. */
typedef struct _TendObserver TendObserver;

typedef struct
{
  void (* ended)    (TendObserver *observer,
                     TendTask     *task);   /* the status is final; before those who wait are told */
  void (* told)     (TendObserver *observer,
                     TendTask     *task);   /* those who waited have been told */
  void (* released) (TendObserver *observer,
                     TendTask     *task);   /* the task is finished too; before or after told */
  void (* began)    (TendObserver *observer,
                     TendTask     *task);   /* its body is about to run for the first time */
  void (* paused)   (TendObserver *observer,
                     TendTask     *task,
                     gboolean      still);  /* the task stands still, or goes on */

  /* These two must call no user code, and remove no observer. */
  void (* asked)      (TendObserver *observer,
                       TendTask     *task); /* the body was asked to end */
  void (* progressed) (TendObserver *observer,
                       TendTask     *task); /* the progress has changed */

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

void          tend_task_add_observer     (TendTask            *self,
                                          TendObserver        *observer);
void          tend_task_remove_observer  (TendTask            *self,
                                          TendObserver        *observer);

/* The first of those that watch the task, which lead to the others; NULL: none. Nobody may be told meanwhile. */
TendObserver *tend_task_observers        (TendTask            *self);

G_END_DECLS
