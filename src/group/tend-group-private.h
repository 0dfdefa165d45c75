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
  TendCallback      *predicate;     /* a reference; NULL: any error is worth another attempt */
};

void                     tend_retry_install_properties (GObjectClass *klass);
void                     tend_retry_init_settings (TendRetry     *self);
gboolean                 tend_retry_ask          (TendRetry      *self,
                                                  TendTask       *task,
                                                  guint           attempt,
                                                  const GError   *error);
TendTask                *tend_retry_create       (TendRetry      *retry,
                                                  const char     *name,
                                                  TendRetryFunc   func,
                                                  gpointer        user_data,
                                                  GDestroyNotify  notify,
                                                  gconstpointer   origin);

/* --- A group --- */

typedef struct _TendChild TendChild;

struct _TendGroup
{
  GObject          parent_instance;

  TendLoop        *loop;            /* constant */
  TendGroupPolicy  policy;          /* constant */
  guint            max_running;     /* 0: no limit */
  guint            n_running;       /* how many slots are taken */
  TendQueue        waiting;         /* entries that wait for a slot */
  TendChild       *children;         /* newest first */
  guint            n_left;
  GPtrArray       *failed;          /* of TendTask; in the order in which they ended */
  TendTask        *winner;          /* the first child that completed; NULL but for FIRST_SUCCESS */
  TendTask        *joined;          /* stands for the end of the group; NULL until joined */
  guint            is_cancelled : 1; /* by hand: it takes no more children */
  guint            is_settled : 1;  /* the policy has cancelled the others */
  guint            is_ending : 1;   /* the errors of those that failed are being copied */
};

struct _TendChild
{
  TendObserver  observer;
  TendJob       job;                /* its wait for a slot, or its beginning */
  TendGroup    *group;              /* constant; not a reference */
  TendTask     *task;               /* constant */
  TendChild    *prev;
  TendChild    *next;
  gboolean      has_slot;
};

void tend_group_check_end       (TendGroup *self);
void tend_group_cancel_children (TendGroup *self);
void tend_group_give_slots      (TendGroup *self);
void tend_child_free            (TendChild *child);

G_END_DECLS
