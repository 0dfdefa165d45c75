// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The names of what libtend will have and does not have yet, in one language with what it has.
// Nothing here is built. A test compiles it against tend.h, and fails for a name that has come to
// stand there: then it goes from here.

#include <tend.h>

G_BEGIN_DECLS

/* --- Completion: the writing end of a task without a body --- */

typedef struct _TendCompletion TendCompletion;
TendCompletion *tend_completion_new           (const char *name);
TendTask       *tend_completion_get_task      (TendCompletion *self);
gboolean        tend_completion_set_value     (TendCompletion *self, const GValue *value, GError **error);
gboolean        tend_completion_set_error     (TendCompletion *self, const GError *reason, GError **error);
gboolean        tend_completion_set_cancelled (TendCompletion *self, GError **error);
gboolean        tend_completion_try_set_value     (TendCompletion *self, const GValue *value);
gboolean        tend_completion_try_set_error     (TendCompletion *self, const GError *reason);
gboolean        tend_completion_try_set_cancelled (TendCompletion *self);

/* --- Cancellable: a GCancellable with parents, a time and a reason --- */

typedef struct _TendCancellable TendCancellable;
TendCancellable *tend_cancellable_new          (void);
void             tend_cancellable_add_parent   (TendCancellable *self, GCancellable *parent);
void             tend_cancellable_cancel_after (TendCancellable *self, gint64 usec);
void             tend_cancellable_cancel_for   (TendCancellable *self, const char *reason);
char            *tend_cancellable_dup_reason   (TendCancellable *self);

/* --- Retry --- */

typedef gboolean (* TendRetryFunc) (TendTask *task, guint n_attempts, const GError *error, gpointer user_data);
typedef struct _TendRetry TendRetry;
TendRetry *tend_retry_new           (guint max_attempts);
void       tend_retry_set_back_off  (TendRetry *self, gint64 first, gint64 most, double factor, double jitter);
void       tend_retry_set_predicate (TendRetry *self, TendRetryFunc func, gpointer user_data, GDestroyNotify notify);
void       tend_retry_set_deadline  (TendRetry *self, gint64 usec);
TendTask  *tend_retry_new_fiber     (TendRetry *self, const char *name, TendWorkFunc func, gpointer user_data, GDestroyNotify notify);

/* --- Channel --- */

typedef struct _TendChannel TendChannel;
TendChannel  *tend_channel_new              (guint capacity);
gboolean      tend_channel_send             (TendChannel *self, const GValue *value, GError **error);
void          tend_channel_send_async       (TendChannel *self, const GValue *value, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
gboolean      tend_channel_send_finish      (TendChannel *self, GAsyncResult *result, GError **error);
gboolean      tend_channel_try_send         (TendChannel *self, const GValue *value);
gboolean      tend_channel_receive          (TendChannel *self, GValue *value, GError **error);
void          tend_channel_receive_async    (TendChannel *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
const GValue *tend_channel_receive_finish   (TendChannel *self, GAsyncResult *result, GError **error);
void          tend_channel_close            (TendChannel *self);
void          tend_channel_close_with_error (TendChannel *self, const GError *error);
gboolean      tend_channel_is_closed        (TendChannel *self);

/* --- The manager, to the full --- */

typedef enum
{
  TEND_NAME_POLICY_REJECT,
  TEND_NAME_POLICY_REPLACE,
  TEND_NAME_POLICY_KEEP,
  TEND_NAME_POLICY_QUEUE,
} TendNamePolicy;

TendTaskManager *tend_task_manager_new_for_owner          (GObject *owner);
gboolean         tend_task_manager_register_with_policy   (TendTaskManager *self, TendTask *task, TendNamePolicy policy, GError **error);
TendTask        *tend_task_manager_debounce               (TendTaskManager *self, const char *name, gint64 usec, TendTaskFunc func, gpointer user_data, GDestroyNotify notify);
TendTask        *tend_task_manager_throttle               (TendTaskManager *self, const char *name, gint64 usec, TendTaskFunc func, gpointer user_data, GDestroyNotify notify);
void             tend_task_manager_ignore_error           (TendTaskManager *self, GQuark domain, int code);
void             tend_task_manager_add_child              (TendTaskManager *self, TendTaskManager *child);
void             tend_task_manager_set_rate               (TendTaskManager *self, guint n_starts, gint64 usec);
void             tend_task_manager_set_slow_check         (TendTaskManager *self, gint64 age, gint64 interval);
void             tend_task_set_fixed_rate                 (TendTask *self, gint64 usec);
void             tend_watchdog_start                      (gint64 threshold);

/* --- Caches --- */

typedef struct _TendNumberCache TendNumberCache;
typedef struct _TendRandomNumberCache TendRandomNumberCache;
typedef struct _TendRequestCache TendRequestCache;

TendNumberCache       *tend_number_cache_new          (const char *prefix, guint64 number);
const char            *tend_number_cache_get_prefix   (TendNumberCache *self);
guint64                tend_number_cache_get_number   (TendNumberCache *self);
gint64                 tend_number_cache_get_timeout  (TendNumberCache *self);
void                   tend_number_cache_set_timeout  (TendNumberCache *self, gint64 usec);
void                   tend_number_cache_add_task     (TendNumberCache *self, TendTask *task, const GValue *on_timeout);
TendRandomNumberCache *tend_random_number_cache_new   (TendRequestCache *cache, const char *prefix, guint bits, GError **error);

TendRequestCache *tend_request_cache_new             (void);
gboolean          tend_request_cache_add             (TendRequestCache *self, TendNumberCache *cache, GError **error);
gboolean          tend_request_cache_has             (TendRequestCache *self, const char *prefix, guint64 number);
TendNumberCache  *tend_request_cache_lookup          (TendRequestCache *self, const char *prefix, guint64 number);
TendNumberCache  *tend_request_cache_pop             (TendRequestCache *self, const char *prefix, guint64 number);
TendTask         *tend_request_cache_wait_for        (TendRequestCache *self, const char *prefix, guint64 number, gint64 timeout);
void              tend_request_cache_push_timeout    (TendRequestCache *self, GType type, gint64 usec);
void              tend_request_cache_pop_timeout     (TendRequestCache *self);
void              tend_request_cache_clear           (TendRequestCache *self);
void              tend_request_cache_shutdown_async  (TendRequestCache *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
gboolean          tend_request_cache_shutdown_finish (TendRequestCache *self, GAsyncResult *result, GError **error);

G_END_DECLS
