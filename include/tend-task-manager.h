// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#if !defined(TEND_INSIDE) && !defined(TEND_COMPILATION)
#error "Only <tend.h> can be included directly."
#endif

#include "tend-task.h"

G_BEGIN_DECLS

typedef enum
{
  TEND_NAME_POLICY_REJECT,
  TEND_NAME_POLICY_REPLACE,
  TEND_NAME_POLICY_KEEP,
  TEND_NAME_POLICY_QUEUE,
  TEND_NAME_POLICY_ANONYMOUS,
} TendNamePolicy;

#define TEND_TYPE_NAME_POLICY (tend_name_policy_get_type ())
#define TEND_TYPE_TASK_MANAGER (tend_task_manager_get_type ())

TEND_AVAILABLE_IN_0_1
GType            tend_name_policy_get_type                (void) G_GNUC_CONST;

TEND_AVAILABLE_IN_0_1
G_DECLARE_DERIVABLE_TYPE (TendTaskManager, tend_task_manager, TEND, TASK_MANAGER, GObject)

struct _TendTaskManagerClass
{
  GObjectClass parent_class;

  void (* task_failed) (TendTaskManager *self,
                        TendTask        *task,
                        const GError    *error);
  void (* task_slow)   (TendTaskManager *self,
                        TendTask        *task,
                        gint64           age);

  void (* task_added)  (TendTaskManager *self,
                        TendTask        *task);
  void (* task_ended)  (TendTaskManager *self,
                        TendTask        *task);

  gpointer padding[6];
};

TEND_AVAILABLE_IN_0_1
TendTaskManager *tend_task_manager_new                    (void) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendTaskManager *tend_task_manager_new_for_owner          (GObject              *owner) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
GObject         *tend_task_manager_dup_owner              (TendTaskManager      *self) G_GNUC_WARN_UNUSED_RESULT;

TEND_AVAILABLE_IN_0_1
gboolean         tend_task_manager_add_child              (TendTaskManager      *self,
                                                           TendTaskManager      *child,
                                                           GError              **error);
TEND_AVAILABLE_IN_0_1
void             tend_task_manager_remove_child           (TendTaskManager      *self,
                                                           TendTaskManager      *child);
TEND_AVAILABLE_IN_0_1
TendTaskManager *tend_task_manager_get_parent             (TendTaskManager      *self);

TEND_AVAILABLE_IN_0_1
guint            tend_task_manager_get_max_running        (TendTaskManager      *self);
TEND_AVAILABLE_IN_0_1
void             tend_task_manager_set_max_running        (TendTaskManager      *self,
                                                           guint                 n_tasks);
TEND_AVAILABLE_IN_0_1
guint            tend_task_manager_get_rate               (TendTaskManager      *self,
                                                           gint64               *interval);
TEND_AVAILABLE_IN_0_1
void             tend_task_manager_set_rate               (TendTaskManager      *self,
                                                           guint                 n_starts,
                                                           gint64                interval);
TEND_AVAILABLE_IN_0_1
gint64           tend_task_manager_get_grace_period       (TendTaskManager      *self);
TEND_AVAILABLE_IN_0_1
void             tend_task_manager_set_grace_period       (TendTaskManager      *self,
                                                           gint64                grace_period);
TEND_AVAILABLE_IN_0_1
void             tend_task_manager_set_slow_check         (TendTaskManager      *self,
                                                           gint64                age,
                                                           gint64                interval);
TEND_AVAILABLE_IN_0_1
void             tend_task_manager_ignore_error           (TendTaskManager      *self,
                                                           GQuark                domain,
                                                           int                   code);

TEND_AVAILABLE_IN_0_1
TendTask        *tend_task_manager_register              (TendTaskManager      *self,
                                                           TendTask             *task,
                                                           TendNamePolicy        policy,
                                                           GError              **error);
TEND_AVAILABLE_IN_0_1
TendTask        *tend_task_manager_register_invocation    (TendTaskManager      *self,
                                                           GDBusMethodInvocation *invocation,
                                                           TendBodyFunc          func,
                                                           gpointer              user_data,
                                                           GDestroyNotify        notify,
                                                           GError              **error);
TEND_AVAILABLE_IN_0_1
GDBusMethodInvocation *tend_task_get_invocation           (TendTask             *self);
TEND_AVAILABLE_IN_0_1
TendTask        *tend_task_manager_debounce              (TendTaskManager      *self,
                                                           TendTask             *task,
                                                           gint64                delay,
                                                           GError              **error);
TEND_AVAILABLE_IN_0_1
TendTask        *tend_task_manager_throttle              (TendTaskManager      *self,
                                                           TendTask             *task,
                                                           gint64                interval,
                                                           GError              **error);

TEND_AVAILABLE_IN_0_1
TendTask        *tend_task_manager_lookup                 (TendTaskManager      *self,
                                                           const char           *name);
TEND_AVAILABLE_IN_0_1
gboolean         tend_task_manager_is_active              (TendTaskManager      *self,
                                                           const char           *name);
TEND_AVAILABLE_IN_0_1
GPtrArray       *tend_task_manager_list_tasks             (TendTaskManager      *self) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
GPtrArray       *tend_task_manager_list_draining          (TendTaskManager      *self) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
GPtrArray       *tend_task_manager_list_anonymous         (TendTaskManager      *self,
                                                           const char           *base) G_GNUC_WARN_UNUSED_RESULT;

TEND_AVAILABLE_IN_0_1
TendTask        *tend_task_manager_cancel_task            (TendTaskManager      *self,
                                                           const char           *name);
TEND_AVAILABLE_IN_0_1
void             tend_task_manager_cancel_all             (TendTaskManager      *self);

TEND_AVAILABLE_IN_0_1
guint64          tend_task_manager_get_n_tasks            (TendTaskManager      *self,
                                                           TendTaskStatus        status);
TEND_AVAILABLE_IN_0_1
guint64          tend_task_manager_get_n_draining         (TendTaskManager      *self);
TEND_AVAILABLE_IN_0_1
double           tend_task_manager_get_progress           (TendTaskManager      *self);
TEND_AVAILABLE_IN_0_1
gboolean         tend_task_manager_is_busy                (TendTaskManager      *self);
TEND_AVAILABLE_IN_0_1
gint64           tend_task_manager_get_age                (TendTaskManager      *self,
                                                           TendTask             *task);
TEND_AVAILABLE_IN_0_1
guint            tend_task_manager_get_keep_ended         (TendTaskManager      *self);
TEND_AVAILABLE_IN_0_1
void             tend_task_manager_set_keep_ended         (TendTaskManager      *self,
                                                           guint                 n_kept);
TEND_AVAILABLE_IN_0_1
GListModel      *tend_task_manager_list_running           (TendTaskManager      *self) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
GListModel      *tend_task_manager_get_awaited            (TendTaskManager      *self);
TEND_AVAILABLE_IN_0_1
gint64           tend_task_manager_get_grace_deadline     (TendTaskManager      *self);
TEND_AVAILABLE_IN_0_1
guint64          tend_task_manager_get_n_started          (TendTaskManager      *self);
TEND_AVAILABLE_IN_0_1
gint64           tend_task_manager_get_run_time           (TendTaskManager      *self,
                                                           double                quantile);

TEND_AVAILABLE_IN_0_1
void             tend_task_manager_wait_for_tasks_async   (TendTaskManager      *self,
                                                           GCancellable         *cancellable,
                                                           GAsyncReadyCallback   callback,
                                                           gpointer              user_data);
TEND_AVAILABLE_IN_0_1
gboolean         tend_task_manager_wait_for_tasks_finish  (TendTaskManager      *self,
                                                           GAsyncResult         *result,
                                                           GError              **error);
TEND_AVAILABLE_IN_0_1
gboolean         tend_task_manager_wait_for_tasks         (TendTaskManager      *self,
                                                           GError              **error);

TEND_AVAILABLE_IN_0_1
void             tend_task_manager_pause                  (TendTaskManager      *self);
TEND_AVAILABLE_IN_0_1
void             tend_task_manager_resume                 (TendTaskManager      *self);
TEND_AVAILABLE_IN_0_1
gboolean         tend_task_manager_is_paused              (TendTaskManager      *self);

TEND_AVAILABLE_IN_0_1
void             tend_task_manager_close                  (TendTaskManager      *self);
TEND_AVAILABLE_IN_0_1
gboolean         tend_task_manager_is_closed              (TendTaskManager      *self);
TEND_AVAILABLE_IN_0_1
void             tend_task_manager_stop_all               (TendTaskManager      *self);
TEND_AVAILABLE_IN_0_1
void             tend_task_manager_drain_async            (TendTaskManager      *self,
                                                           GCancellable         *cancellable,
                                                           GAsyncReadyCallback   callback,
                                                           gpointer              user_data);
TEND_AVAILABLE_IN_0_1
gboolean         tend_task_manager_drain_finish           (TendTaskManager      *self,
                                                           GAsyncResult         *result,
                                                           GError              **error);
TEND_AVAILABLE_IN_0_1
gboolean         tend_task_manager_drain                  (TendTaskManager      *self,
                                                           GError              **error);

TEND_AVAILABLE_IN_0_1
gboolean         tend_task_manager_add_shutdown_task      (TendTaskManager      *self,
                                                           TendTask             *task,
                                                           GError              **error);
TEND_AVAILABLE_IN_0_1
gboolean         tend_task_manager_is_shut_down           (TendTaskManager      *self);
TEND_AVAILABLE_IN_0_1
void             tend_task_manager_shutdown_async         (TendTaskManager      *self,
                                                           GCancellable         *cancellable,
                                                           GAsyncReadyCallback   callback,
                                                           gpointer              user_data);
TEND_AVAILABLE_IN_0_1
gboolean         tend_task_manager_shutdown_finish        (TendTaskManager      *self,
                                                           GAsyncResult         *result,
                                                           GError              **error);
TEND_AVAILABLE_IN_0_1
gboolean         tend_task_manager_shutdown               (TendTaskManager      *self,
                                                           GError              **error);

G_END_DECLS
