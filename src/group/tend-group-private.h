// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Errors of several tasks, trying again, and groups.

#pragma once

#include "tend-retry.h"
#include "tend-group.h"
#include "tend-task-private.h"

G_BEGIN_DECLS

/* Creates one error of all of them; it is a cancellation if all of them are. */
GError *tend_combine_errors (GPtrArray *errors);

/* --- retry.c and retry-run.c --- */

typedef struct
{
  guint    max_attempts;    /* 0: no limit */
  gint64   first;           /* microseconds */
  gint64   most;            /* microseconds */
  double   factor;
  double   jitter;
  gint64   timeout;         /* microseconds from the start of a run; TEND_FOREVER: none */
  gboolean has_seed;
  guint32  seed;
} TendRetrySettings;

struct _TendRetry
{
  GObject            parent_instance;

  TendLoop          *loop;          /* constant */
  TendRetrySettings  settings;
  GList             *waiting;       /* of runs between two attempts, in no order */
  TendCallback      *predicate;     /* a reference; NULL: any error is worth another attempt */
};

void                     tend_retry_install_properties (GObjectClass *klass);
void                     tend_retry_init_settings (TendRetry     *self);
gboolean                 tend_retry_ask          (TendRetry      *self,
                                                  TendTask       *task,
                                                  guint           attempt,
                                                  const GError   *error);
void                     tend_retry_end_waits    (TendRetry      *retry);
TendTask                *tend_retry_create       (TendRetry      *retry,
                                                  const char     *name,
                                                  TendRetryFunc   func,
                                                  gpointer        user_data,
                                                  GDestroyNotify  notify,
                                                  gconstpointer   origin);

/* --- A group --- */

/* As a manager has it at first. */
#define TEND_GROUP_GRACE_PERIOD (5 * G_TIME_SPAN_SECOND)

typedef struct _TendChild TendChild;

struct _TendGroup
{
  GObject          parent_instance;

  TendLoop        *loop;            /* constant */
  TendGroupPolicy  policy;          /* constant */
  guint            max_running;     /* 0: no limit */
  gint64           grace_period;    /* microseconds; TEND_FOREVER: no limit */
  guint            n_running;       /* how many slots are taken */
  TendQueue        waiting;         /* entries that wait for a slot */
  TendChild       *children;         /* newest first */
  guint            n_left;
  GPtrArray       *failed;          /* of TendTask; in the order in which they ended */
  TendTask        *winner;          /* the first child that completed; NULL but for FIRST_SUCCESS */
  TendTask        *joined;          /* stands for the end of the group; NULL until joined */
  TendTask        *scope;           /* a reference; the task with which the group ends; NULL: none */
  TendObserver     scope_observer;  /* of the scope */
  TendJob          limit;           /* the nearest limit of those who wait; cancels the group */
  gint64           limit_time;      /* when that is; TEND_FOREVER: never */
  guint            is_late : 1;     /* the limit has cancelled it */
  guint            is_cancelled : 1; /* by hand, or by the limit: it takes no more children */
  guint            is_settled : 1;  /* the policy has cancelled the others */
  guint            is_paused : 1;
  guint            is_ending : 1;   /* the errors of those that failed are being copied */
};

struct _TendChild
{
  TendObserver  observer;
  TendJob       job;                /* its wait for a slot, its beginning, or once it is cancelled its grace period */
  TendGroup    *group;              /* not a reference; NULL once the group is gone */
  TendTask     *task;               /* constant */
  TendChild    *prev;
  TendChild    *next;
  gint64        grace_period;       /* microseconds, in which it is to end */
  gboolean      has_slot;
  gboolean      is_suspended;       /* its task is, because the group is paused */
  gboolean      is_late;            /* it did not end by then, and was stopped */
};

void tend_group_install_properties (GObjectClass *klass);
void tend_group_end_pause        (TendGroup *self);
void tend_group_enter_scope      (TendGroup *self);
void tend_group_leave_scope      (TendGroup *self);
void tend_group_check_end        (TendGroup *self);
void tend_group_init_limit       (TendGroup *self);
void tend_group_limit            (TendGroup *self,
                                  gint64     timeout);
void tend_group_cancel_others    (TendGroup *self);
void tend_group_abandon_children (TendGroup *self);
void tend_group_give_slots       (TendGroup *self);

G_END_DECLS
