// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#if !defined(TEND_INSIDE) && !defined(TEND_COMPILATION)
#error "Only <tend.h> can be included directly."
#endif

#include "tend-number-cache.h"

G_BEGIN_DECLS

#define TEND_TYPE_REQUEST_CACHE (tend_request_cache_get_type ())

TEND_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (TendRequestCache, tend_request_cache, TEND, REQUEST_CACHE, GObject)

TEND_AVAILABLE_IN_0_1
TendRequestCache *tend_request_cache_new             (void) G_GNUC_WARN_UNUSED_RESULT;

TEND_AVAILABLE_IN_0_1
TendTaskManager  *tend_request_cache_get_manager     (TendRequestCache     *self);

TEND_AVAILABLE_IN_0_1
gboolean          tend_request_cache_reserve         (TendRequestCache     *self,
                                                      TendNumberCache      *cache,
                                                      GError              **error);
TEND_AVAILABLE_IN_0_1
gboolean          tend_request_cache_add             (TendRequestCache     *self,
                                                      TendNumberCache      *cache,
                                                      GError              **error);
TEND_AVAILABLE_IN_0_1
guint             tend_request_cache_get_n_caches    (TendRequestCache     *self);
TEND_AVAILABLE_IN_0_1
GPtrArray        *tend_request_cache_list_caches     (TendRequestCache     *self,
                                                      const char           *prefix) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
gboolean          tend_request_cache_has             (TendRequestCache     *self,
                                                      const char           *prefix,
                                                      guint64               number);
TEND_AVAILABLE_IN_0_1
TendNumberCache  *tend_request_cache_lookup          (TendRequestCache     *self,
                                                      const char           *prefix,
                                                      guint64               number);
TEND_AVAILABLE_IN_0_1
TendNumberCache  *tend_request_cache_pop             (TendRequestCache     *self,
                                                      const char           *prefix,
                                                      guint64               number) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
gboolean          tend_request_cache_has_type        (TendRequestCache     *self,
                                                      GType                 type,
                                                      guint64               number);
TEND_AVAILABLE_IN_0_1
TendNumberCache  *tend_request_cache_lookup_type     (TendRequestCache     *self,
                                                      GType                 type,
                                                      guint64               number);
TEND_AVAILABLE_IN_0_1
TendNumberCache  *tend_request_cache_pop_type        (TendRequestCache     *self,
                                                      GType                 type,
                                                      guint64               number) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
gboolean          tend_request_cache_has_key         (TendRequestCache     *self,
                                                      const char           *prefix,
                                                      GBytes               *key);
TEND_AVAILABLE_IN_0_1
TendNumberCache  *tend_request_cache_lookup_key      (TendRequestCache     *self,
                                                      const char           *prefix,
                                                      GBytes               *key);
TEND_AVAILABLE_IN_0_1
TendNumberCache  *tend_request_cache_pop_key         (TendRequestCache     *self,
                                                      const char           *prefix,
                                                      GBytes               *key) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
gboolean          tend_request_cache_has_text        (TendRequestCache     *self,
                                                      const char           *prefix,
                                                      const char           *text);
TEND_AVAILABLE_IN_0_1
TendNumberCache  *tend_request_cache_lookup_text     (TendRequestCache     *self,
                                                      const char           *prefix,
                                                      const char           *text);
TEND_AVAILABLE_IN_0_1
TendNumberCache  *tend_request_cache_pop_text        (TendRequestCache     *self,
                                                      const char           *prefix,
                                                      const char           *text) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
gboolean          tend_request_cache_remove          (TendRequestCache     *self,
                                                      TendNumberCache      *cache);

TEND_AVAILABLE_IN_0_1
TendTask         *tend_request_cache_wait_for        (TendRequestCache     *self,
                                                      const char           *prefix,
                                                      guint64               number,
                                                      gint64                timeout) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendTask         *tend_request_cache_wait_for_key    (TendRequestCache     *self,
                                                      const char           *prefix,
                                                      GBytes               *key,
                                                      gint64                timeout) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendTask         *tend_request_cache_wait_for_text   (TendRequestCache     *self,
                                                      const char           *prefix,
                                                      const char           *text,
                                                      gint64                timeout) G_GNUC_WARN_UNUSED_RESULT;

TEND_AVAILABLE_IN_0_1
void              tend_request_cache_push_timeout    (TendRequestCache     *self,
                                                      GType                 type,
                                                      gint64                timeout);
TEND_AVAILABLE_IN_0_1
void              tend_request_cache_pop_timeout     (TendRequestCache     *self);

TEND_AVAILABLE_IN_0_1
void              tend_request_cache_clear           (TendRequestCache     *self);
TEND_AVAILABLE_IN_0_1
void              tend_request_cache_clear_with_error (TendRequestCache    *self,
                                                      const GError         *reason);
TEND_AVAILABLE_IN_0_1
gboolean          tend_request_cache_is_shut_down    (TendRequestCache     *self);
TEND_AVAILABLE_IN_0_1
void              tend_request_cache_shutdown_async  (TendRequestCache     *self,
                                                      GCancellable         *cancellable,
                                                      GAsyncReadyCallback   callback,
                                                      gpointer              user_data);
TEND_AVAILABLE_IN_0_1
gboolean          tend_request_cache_shutdown_finish (TendRequestCache     *self,
                                                      GAsyncResult         *result,
                                                      GError              **error);
TEND_AVAILABLE_IN_0_1
gboolean          tend_request_cache_shutdown        (TendRequestCache     *self,
                                                      GError              **error);

TEND_AVAILABLE_IN_0_1
gboolean          tend_tag_equal                     (GBytes               *tag,
                                                      GBytes               *other);

/* An override for a scope: g_auto(TendTimeoutOverride) o = tend_timeout_override_enter (cache, type, timeout); */
#ifndef __GI_SCANNER__

typedef struct
{
  TendRequestCache *request_cache;
} G_GNUC_UNUSED TendTimeoutOverride;

static inline TendTimeoutOverride
tend_timeout_override_enter (TendRequestCache *request_cache,
                             GType             type,
                             gint64            timeout)
{
  TendTimeoutOverride override = { (TendRequestCache *) g_object_ref (request_cache) };

  tend_request_cache_push_timeout (request_cache, type, timeout);
  return override;
}

static inline void
tend_timeout_override_leave (TendTimeoutOverride *self)
{
  if (self->request_cache != NULL)
    tend_request_cache_pop_timeout (self->request_cache);
  g_clear_object (&self->request_cache);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TendTimeoutOverride, tend_timeout_override_leave)

#endif

G_END_DECLS
