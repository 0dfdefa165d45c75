// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What messages say of a task: the task, a colon, and what is wrong.

#pragma once

#include "tend-core-private.h"
#include "tend-task.h"

G_BEGIN_DECLS

/* As tend_task_to_string() does, for a task that may be gone by now. With %TEND_NO_ID, "?" stands for its number. */
char        *tend_task_print             (const char          *name,
                                          guint64              id) G_GNUC_WARN_UNUSED_RESULT;

/* --- For what is logged, which is not translated --- */

/* "Task 'fetch'", or "Task 3" for a task without a name: logged messages begin with it and a colon. */
char        *tend_task_head              (TendTask            *self) G_GNUC_WARN_UNUSED_RESULT;

/* The same for a task that may be gone by now. */
char        *tend_task_print_head        (const char          *name,
                                          guint64              id) G_GNUC_WARN_UNUSED_RESULT;

/* --- Errors: @format is translated --- */

GError      *tend_task_new_error         (TendTask            *self,
                                          GQuark               domain,
                                          int                  code,
                                          const char          *format,
                                          ...) G_GNUC_PRINTF (4, 5) G_GNUC_WARN_UNUSED_RESULT;
void         tend_task_set_error         (TendTask            *self,
                                          GError             **error,
                                          GQuark               domain,
                                          int                  code,
                                          const char          *format,
                                          ...) G_GNUC_PRINTF (5, 6);

/* The message for a task that may be gone by now. */
char        *tend_task_message           (const char          *name,
                                          guint64              id,
                                          const char          *what,
                                          const char          *more) G_GNUC_WARN_UNUSED_RESULT;

GError      *tend_task_new_cancelled     (TendTask            *self) G_GNUC_WARN_UNUSED_RESULT;
GError      *tend_task_new_stopped       (TendTask            *self) G_GNUC_WARN_UNUSED_RESULT;
GError      *tend_task_new_missing       (TendTask            *self) G_GNUC_WARN_UNUSED_RESULT;

/* "cannot wait for descriptor 5: " and what errno's @error is. */
GError      *tend_task_new_fd_error      (TendTask            *self,
                                          int                  fd,
                                          int                  error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
