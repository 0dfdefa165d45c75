// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The life of a task: when it runs, its end, and what keeps it alive meanwhile.

#pragma once

#include "task-fields-private.h"

G_BEGIN_DECLS

/* --- task-interval.c and task-deadline.c --- */

void         tend_task_expect_run        (TendTask            *self,
                                          gint64               usec);
gint64       tend_task_get_next_tick     (TendTask            *self);
gboolean     tend_task_outlives_run      (TendTask            *self,
                                          const GError        *error);
void         tend_task_start_deadline    (TendTask            *self);

/* --- task-life.c --- */

void         tend_task_run_at            (TendTask            *self,
                                          gint64               due);
TendTaskStatus tend_task_get_final_status (const GError       *error);
void         tend_task_end               (TendTask            *self,
                                          TendTaskStatus       status,
                                          GError              *error);
gboolean     tend_task_keep              (TendTask            *self);
void         tend_task_unkeep            (TendTask            *self,
                                          gboolean             by_itself);

/* --- task-spare.c --- */

gboolean     tend_task_spare             (TendTask            *self);
void         tend_task_keep_spare        (TendTask            *self);
TendTask    *tend_task_take_spare        (void) G_GNUC_WARN_UNUSED_RESULT;

/* --- task-forgotten.c --- */

void         tend_task_tell_forgotten    (TendTask            *self);
void         tend_task_look_no_more      (TendTask            *self);

/* --- task-wait.c --- */

gboolean     tend_task_wait_here         (TendTask            *self,
                                          GError             **error);

/* --- task-list.c --- */

void         tend_task_enlist            (TendTask            *self);
void         tend_task_delist            (TendTask            *self);
char        *tend_task_print_started     (TendHub             *hub) G_GNUC_WARN_UNUSED_RESULT;
char        *tend_task_print_list        (GPtrArray           *tasks) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
