// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The names of what libtend will have and does not have yet, in one language with what it has.
// Nothing here is built. A test compiles it against tend.h, and fails for a name that has come to
// stand there: then it goes from here.

#include <tend.h>

G_BEGIN_DECLS

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
