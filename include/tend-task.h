// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#if !defined(TEND_INSIDE) && !defined(TEND_COMPILATION)
#error "Only <tend.h> can be included directly."
#endif

#include "tend-types.h"

G_BEGIN_DECLS

typedef enum
{
  TEND_TASK_STATUS_CREATED,
  TEND_TASK_STATUS_PENDING,
  TEND_TASK_STATUS_RUNNING,
  TEND_TASK_STATUS_COMPLETED,
  TEND_TASK_STATUS_FAILED,
  TEND_TASK_STATUS_CANCELLED,
  TEND_TASK_STATUS_STOPPED,
} TendTaskStatus;

typedef enum
{
  TEND_INTERVAL_MODE_FIXED_DELAY,
  TEND_INTERVAL_MODE_FIXED_RATE,
} TendIntervalMode;

#define TEND_TYPE_INTERVAL_MODE (tend_interval_mode_get_type ())
#define TEND_TYPE_TASK_STATUS (tend_task_status_get_type ())
#define TEND_TYPE_TASK (tend_task_get_type ())

TEND_AVAILABLE_IN_0_1
GType         tend_interval_mode_get_type (void) G_GNUC_CONST;
TEND_AVAILABLE_IN_0_1
GType         tend_task_status_get_type   (void) G_GNUC_CONST;
TEND_AVAILABLE_IN_0_1
const char   *tend_task_status_to_string  (TendTaskStatus        status);

TEND_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (TendTask, tend_task, TEND, TASK, GObject)

TEND_AVAILABLE_IN_0_1
TendTask     *tend_task_new              (const char           *name,
                                           TendBodyFunc          func,
                                           gpointer              user_data,
                                           GDestroyNotify        notify) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendTask     *tend_task_new_fiber        (const char           *name,
                                           TendBodyFunc          func,
                                           gpointer              user_data,
                                           GDestroyNotify        notify) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendTask     *tend_task_new_thread       (const char           *name,
                                           TendBodyFunc          func,
                                           gpointer              user_data,
                                           GDestroyNotify        notify) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendTask     *tend_task_new_async        (const char           *name,
                                           TendAsyncFunc         begin,
                                           TendFinishFunc        finish,
                                           gpointer              user_data,
                                           GDestroyNotify        notify) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendTask     *tend_task_new_open         (const char           *name,
                                           TendBodyFunc          func,
                                           gpointer              user_data,
                                           GDestroyNotify        notify) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendTask     *tend_task_new_main          (TendBodyFunc          func,
                                           gpointer              user_data,
                                           GDestroyNotify        notify) G_GNUC_WARN_UNUSED_RESULT;

TEND_AVAILABLE_IN_0_1
TendTask     *tend_task_run              (const char           *name,
                                           TendBodyFunc          func,
                                           gpointer              user_data,
                                           GDestroyNotify        notify) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendTask     *tend_task_run_fiber        (const char           *name,
                                           TendBodyFunc          func,
                                           gpointer              user_data,
                                           GDestroyNotify        notify) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendTask     *tend_task_run_thread       (const char           *name,
                                           TendBodyFunc          func,
                                           gpointer              user_data,
                                           GDestroyNotify        notify) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendTask     *tend_task_run_async        (const char           *name,
                                           TendAsyncFunc         begin,
                                           TendFinishFunc        finish,
                                           gpointer              user_data,
                                           GDestroyNotify        notify) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendTask     *tend_task_run_open         (const char           *name,
                                           TendBodyFunc          func,
                                           gpointer              user_data,
                                           GDestroyNotify        notify) G_GNUC_WARN_UNUSED_RESULT;

TEND_AVAILABLE_IN_0_1
TendTask     *tend_task_new_fd           (const char           *name,
                                           int                   fd,
                                           GIOCondition          condition) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendTask     *tend_task_run_fd           (const char           *name,
                                           int                   fd,
                                           GIOCondition          condition) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendTask     *tend_task_new_signal       (int                   signum) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendTask     *tend_task_run_signal       (int                   signum) G_GNUC_WARN_UNUSED_RESULT;

TEND_AVAILABLE_IN_0_1
gboolean      tend_task_start             (TendTask             *self,
                                           GError              **error);
TEND_AVAILABLE_IN_0_1
void          tend_task_cancel            (TendTask             *self);
TEND_AVAILABLE_IN_0_1
void          tend_task_stop              (TendTask             *self);

TEND_AVAILABLE_IN_0_1
void          tend_task_pause             (TendTask             *self);
TEND_AVAILABLE_IN_0_1
void          tend_task_resume            (TendTask             *self);
TEND_AVAILABLE_IN_0_1
gboolean      tend_task_is_paused         (TendTask             *self);
TEND_AVAILABLE_IN_0_1
gboolean      tend_checkpoint             (GError              **error);

TEND_AVAILABLE_IN_0_1
TendTask     *tend_task_get_current       (void);
TEND_AVAILABLE_IN_0_1
void          tend_task_push_current      (TendTask             *self);
TEND_AVAILABLE_IN_0_1
void          tend_task_pop_current       (TendTask             *self);
TEND_AVAILABLE_IN_0_1
GMainContext *tend_task_get_context       (TendTask             *self);
TEND_AVAILABLE_IN_0_1
gboolean      tend_task_is_owner_thread   (TendTask             *self);

TEND_AVAILABLE_IN_0_1
char         *tend_task_dup_origin        (TendTask             *self) G_GNUC_WARN_UNUSED_RESULT;

TEND_AVAILABLE_IN_0_1
void          tend_task_set_origin        (TendTask             *self,
                                           const char           *origin);

TEND_AVAILABLE_IN_0_1
guint64       tend_task_get_id            (TendTask             *self);
TEND_AVAILABLE_IN_0_1
const char   *tend_task_get_name          (TendTask             *self);
TEND_AVAILABLE_IN_0_1
char         *tend_task_to_string         (TendTask             *self) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendTaskStatus tend_task_get_status       (TendTask             *self);
TEND_AVAILABLE_IN_0_1
gboolean      tend_task_is_started        (TendTask             *self);
TEND_AVAILABLE_IN_0_1
gboolean      tend_task_is_running        (TendTask             *self);
TEND_AVAILABLE_IN_0_1
gboolean      tend_task_is_ended          (TendTask             *self);
TEND_AVAILABLE_IN_0_1
gboolean      tend_task_is_finished       (TendTask             *self);
TEND_AVAILABLE_IN_0_1
gboolean      tend_task_is_cancelling     (TendTask             *self);
TEND_AVAILABLE_IN_0_1
GCancellable *tend_task_get_cancellable   (TendTask             *self);

TEND_AVAILABLE_IN_0_1
int           tend_task_get_priority      (TendTask             *self);
TEND_AVAILABLE_IN_0_1
void          tend_task_set_priority      (TendTask             *self,
                                           int                   priority);
TEND_AVAILABLE_IN_0_1
gint64        tend_task_get_delay         (TendTask             *self);
TEND_AVAILABLE_IN_0_1
void          tend_task_set_delay         (TendTask             *self,
                                           gint64                delay);
TEND_AVAILABLE_IN_0_1
gint64        tend_task_get_interval      (TendTask             *self);
TEND_AVAILABLE_IN_0_1
void          tend_task_set_interval      (TendTask             *self,
                                           gint64                interval);
TEND_AVAILABLE_IN_0_1
TendIntervalMode tend_task_get_interval_mode (TendTask          *self);
TEND_AVAILABLE_IN_0_1
void          tend_task_set_interval_mode (TendTask             *self,
                                           TendIntervalMode      mode);
TEND_AVAILABLE_IN_0_1
gboolean      tend_task_get_keep_going    (TendTask             *self);
TEND_AVAILABLE_IN_0_1
void          tend_task_set_keep_going    (TendTask             *self,
                                           gboolean              keep_going);
TEND_AVAILABLE_IN_0_1
gint64        tend_task_get_deadline      (TendTask             *self);
TEND_AVAILABLE_IN_0_1
void          tend_task_set_deadline      (TendTask             *self,
                                           gint64                deadline);
TEND_AVAILABLE_IN_0_1
gsize         tend_task_get_stack_size    (TendTask             *self);
TEND_AVAILABLE_IN_0_1
void          tend_task_set_stack_size    (TendTask             *self,
                                           gsize                 bytes);

TEND_AVAILABLE_IN_0_1
void          tend_task_return_value      (TendTask             *self,
                                           const GValue         *value);
TEND_AVAILABLE_IN_0_1
void          tend_task_return_boolean    (TendTask             *self,
                                           gboolean              value);
TEND_AVAILABLE_IN_0_1
void          tend_task_return_int        (TendTask             *self,
                                           gint64                value);
TEND_AVAILABLE_IN_0_1
void          tend_task_return_double     (TendTask             *self,
                                           double                value);
TEND_AVAILABLE_IN_0_1
void          tend_task_return_string     (TendTask             *self,
                                           const char           *value);
TEND_AVAILABLE_IN_0_1
void          tend_task_return_object     (TendTask             *self,
                                           gpointer              value);
TEND_AVAILABLE_IN_0_1
void          tend_task_return_pointer    (TendTask             *self,
                                           gpointer              value,
                                           GDestroyNotify        notify);
TEND_AVAILABLE_IN_0_1
void          tend_task_return_variant    (TendTask             *self,
                                           GVariant             *value);
TEND_AVAILABLE_IN_0_1
void          tend_task_return_error      (TendTask             *self,
                                           GError               *error);
TEND_AVAILABLE_IN_0_1
gboolean      tend_task_return_error_if_cancelled
                                          (TendTask             *self);
TEND_AVAILABLE_IN_0_1
gboolean      tend_task_set_error_if_cancelled
                                          (TendTask             *self,
                                           GError              **error);
TEND_AVAILABLE_IN_0_1
void          tend_task_return_new_error  (TendTask             *self,
                                           GQuark                domain,
                                           int                   code,
                                           const char           *format,
                                           ...) G_GNUC_PRINTF (4, 5);
TEND_AVAILABLE_IN_0_1
void          tend_task_return_to_task    (TendTask             *self,
                                           GTask                *to);

TEND_AVAILABLE_IN_0_1
const GValue *tend_task_get_result        (TendTask             *self,
                                           GError              **error);
TEND_AVAILABLE_IN_0_1
gboolean      tend_task_get_boolean       (TendTask             *self);
TEND_AVAILABLE_IN_0_1
gint64        tend_task_get_int           (TendTask             *self);
TEND_AVAILABLE_IN_0_1
double        tend_task_get_double        (TendTask             *self);
TEND_AVAILABLE_IN_0_1
const char   *tend_task_get_string        (TendTask             *self);
TEND_AVAILABLE_IN_0_1
gpointer      tend_task_get_object        (TendTask             *self);
TEND_AVAILABLE_IN_0_1
gpointer      tend_task_get_pointer       (TendTask             *self);
TEND_AVAILABLE_IN_0_1
GVariant     *tend_task_get_variant       (TendTask             *self);
TEND_AVAILABLE_IN_0_1
const GError *tend_task_get_error         (TendTask             *self);
TEND_AVAILABLE_IN_0_1
GPtrArray    *tend_task_list_errors       (TendTask             *self) G_GNUC_WARN_UNUSED_RESULT;

TEND_AVAILABLE_IN_0_1
void          tend_task_wait_async        (TendTask             *self,
                                           GCancellable         *cancellable,
                                           GAsyncReadyCallback   callback,
                                           gpointer              user_data);
TEND_AVAILABLE_IN_0_1
gboolean      tend_task_wait_finish       (TendTask             *self,
                                           GAsyncResult         *result,
                                           GError              **error);
TEND_AVAILABLE_IN_0_1
gboolean      tend_task_wait_sync         (TendTask             *self,
                                           GError              **error);
TEND_AVAILABLE_IN_0_1
gboolean      tend_run_task               (TendTask             *task,
                                           GError              **error);

TEND_AVAILABLE_IN_0_1
double        tend_task_get_progress      (TendTask             *self);
TEND_AVAILABLE_IN_0_1
char         *tend_task_dup_message       (TendTask             *self) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
void          tend_task_set_progress      (TendTask             *self,
                                           double                fraction,
                                           const char           *message);
TEND_AVAILABLE_IN_0_1
void          tend_task_forward_progress  (TendTask             *self,
                                           TendTask             *to,
                                           double                start,
                                           double                end);
TEND_AVAILABLE_IN_0_1
void          tend_task_pulse             (TendTask             *self,
                                           const char           *message);

TEND_AVAILABLE_IN_0_1
void          tend_task_add_exit_handler  (TendTask             *self,
                                           TendTaskFunc          func,
                                           gpointer              user_data,
                                           GDestroyNotify        notify);
TEND_AVAILABLE_IN_0_1
void          tend_task_add_cancel_handler
                                          (TendTask             *self,
                                           TendTaskFunc          func,
                                           gpointer              user_data,
                                           GDestroyNotify        notify);
TEND_AVAILABLE_IN_0_1
void          tend_task_post              (TendTask             *self,
                                           TendScopeFunc         func,
                                           gpointer              user_data,
                                           GDestroyNotify        notify);
TEND_AVAILABLE_IN_0_1
TendTimer    *tend_task_add_timer         (TendTask             *self,
                                           gint64                delay,
                                           gint64                interval,
                                           TendScopeFunc         func,
                                           gpointer              user_data,
                                           GDestroyNotify        notify);
TEND_AVAILABLE_IN_0_1
TendFdWatch  *tend_task_add_fd            (TendTask             *self,
                                           int                   fd,
                                           GIOCondition          condition,
                                           TendFdFunc            func,
                                           gpointer              user_data,
                                           GDestroyNotify        notify,
                                           GError              **error);
TEND_AVAILABLE_IN_0_1
void          tend_task_add_source        (TendTask             *self,
                                           GSource              *source);
TEND_AVAILABLE_IN_0_1
void          tend_task_add_cancellable   (TendTask             *self,
                                           GCancellable         *cancellable);

TEND_AVAILABLE_IN_0_1
guint         tend_get_max_threads        (void);
TEND_AVAILABLE_IN_0_1
void          tend_set_max_threads        (guint                 n_threads);
TEND_AVAILABLE_IN_0_1
gint64        tend_get_thread_spin_time   (void);
TEND_AVAILABLE_IN_0_1
void          tend_set_thread_spin_time   (gint64                spin_time);

/* The current task for a scope: g_auto(TendCurrentTask) current = tend_current_task_enter (task); */
#ifndef __GI_SCANNER__

typedef struct
{
  TendTask *task;
} G_GNUC_UNUSED TendCurrentTask;

static inline TendCurrentTask
tend_current_task_enter (TendTask *task)
{
  TendCurrentTask current = { (TendTask *) g_object_ref (task) };

  tend_task_push_current (task);
  return current;
}

static inline void
tend_current_task_leave (TendCurrentTask *self)
{
  if (self->task != NULL)
    tend_task_pop_current (self->task);
  g_clear_object (&self->task);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TendCurrentTask, tend_current_task_leave)

#endif

G_END_DECLS
