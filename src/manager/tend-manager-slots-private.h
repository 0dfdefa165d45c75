// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Which of the tasks that are due may start.

#pragma once

#include "tend-manager-entry-private.h"

G_BEGIN_DECLS

/* What a manager has of it. */
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
  gint64   rate_period;     /* that of the property, also while there is no limit */
  gint64  *starts;          /* a ring of the moments of the last max_starts starts */
  guint    first_start;     /* the eldest of them */
  TendJob  rate_job;        /* comes back when the rate lets the next one start */
} TendSlots;


/* --- manager-slots.c --- */

void                tend_slots_init           (TendTaskManager  *self);
void                tend_slots_clear          (TendTaskManager  *self);
void                tend_slots_enter          (TendEntry        *entry);
void                tend_slots_leave          (TendEntry        *entry);
void                tend_slots_pump           (TendTaskManager  *self);
void                tend_slots_set_period     (TendTaskManager  *self,
                                               gint64            period);
void                tend_slots_move           (TendTaskManager  *self,
                                               TendTaskManager  *from,
                                               TendTaskManager  *to);

G_END_DECLS
