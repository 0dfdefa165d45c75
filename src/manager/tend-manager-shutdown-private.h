// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The shutdown of a manager.

#pragma once

#include "tend-manager-private.h"

G_BEGIN_DECLS

/* --- manager-children.c --- */

void                tend_manager_set_watched     (TendTaskManager *self);
void                tend_manager_leave_when_done (TendTaskManager *self);
void                tend_manager_release_rest    (TendTaskManager *self);

/* --- manager-shutdown-tasks.c --- */

extern const TendObserverClass tend_shutdown_observer;

TendTaskManager    *tend_manager_of_step        (TendJob         *job);
void                tend_manager_set_step       (TendTaskManager *self,
                                               TendJobFunc       step,
                                               gint64            usec);
void                tend_manager_run_next_cb    (TendJob         *job);
void                tend_manager_shutdown_return (GPtrArray     *errors,
                                               GTask            *result);
void                tend_manager_shutdown_finish (TendTaskManager *self);

/* --- manager-shutdown-callers.c --- */

gboolean            tend_manager_is_caller       (TendTaskManagerPrivate *priv,
                                               TendTask         *task);
gboolean            tend_manager_has_only_callers (TendTaskManagerPrivate *priv);
gboolean            tend_manager_has_rest        (TendTaskManager *self);
TendTaskManager    *tend_manager_find_within    (TendTaskManager *self,
                                               TendTask         *task);

TendTaskManager    *tend_manager_find_ending    (TendTaskManager *self,
                                               TendTask        *task);

/* --- manager-awaited.c --- */

void                tend_manager_update_awaited  (TendTaskManager *self);
void                tend_manager_clear_awaited   (TendTaskManager *self);

/* --- manager-shutdown.c --- */

void                tend_manager_shut_down    (TendTaskManager  *self,
                                               GTask            *result);
void                tend_manager_drain        (TendTaskManager  *self,
                                               GTask            *result);
void                tend_manager_shutdown_init  (TendTaskManager *self);
void                tend_manager_shutdown_check (TendTaskManager *self);
void                tend_manager_shutdown_force (TendTaskManager *self);

G_END_DECLS
