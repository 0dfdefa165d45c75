// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#if !defined(TEND_INSIDE) && !defined(TEND_COMPILATION)
#error "Only <tend.h> can be included directly."
#endif

#include "tend-types.h"

G_BEGIN_DECLS

#define TEND_TYPE_NUMBER_CACHE (tend_number_cache_get_type ())

TEND_AVAILABLE_IN_0_1
G_DECLARE_DERIVABLE_TYPE (TendNumberCache, tend_number_cache, TEND, NUMBER_CACHE, GObject)

struct _TendNumberCacheClass
{
  GObjectClass parent_class;

  void   (* timed_out)   (TendNumberCache *self);
  gint64 (* get_timeout) (TendNumberCache *self);
  void   (* dropped)     (TendNumberCache *self);

  gpointer padding[7];
};

TEND_AVAILABLE_IN_0_1
TendNumberCache *tend_number_cache_new                 (const char       *prefix,
                                                        guint64           number) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendNumberCache *tend_number_cache_new_for_key         (const char       *prefix,
                                                        GBytes           *key) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendNumberCache *tend_number_cache_new_for_text        (const char       *prefix,
                                                        const char       *text) G_GNUC_WARN_UNUSED_RESULT;

TEND_AVAILABLE_IN_0_1
const char      *tend_number_cache_get_prefix          (TendNumberCache  *self);
TEND_AVAILABLE_IN_0_1
guint64          tend_number_cache_get_number          (TendNumberCache  *self);
TEND_AVAILABLE_IN_0_1
GBytes          *tend_number_cache_get_key             (TendNumberCache  *self);
TEND_AVAILABLE_IN_0_1
char            *tend_number_cache_to_string           (TendNumberCache  *self) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
gint64           tend_number_cache_get_timeout         (TendNumberCache  *self);
TEND_AVAILABLE_IN_0_1
void             tend_number_cache_set_timeout         (TendNumberCache  *self,
                                                        gint64            timeout);
TEND_AVAILABLE_IN_0_1
gboolean         tend_number_cache_restart_timeout     (TendNumberCache  *self,
                                                        gint64            timeout);
TEND_AVAILABLE_IN_0_1
gboolean         tend_number_cache_is_held             (TendNumberCache  *self);

TEND_AVAILABLE_IN_0_1
gboolean         tend_number_cache_is_reserved         (TendNumberCache  *self);
TEND_AVAILABLE_IN_0_1
gboolean         tend_number_cache_release             (TendNumberCache  *self);

TEND_AVAILABLE_IN_0_1
gboolean         tend_number_cache_add_task            (TendNumberCache  *self,
                                                        TendTask         *task,
                                                        const GValue     *value,
                                                        GError          **error);
TEND_AVAILABLE_IN_0_1
gboolean         tend_number_cache_add_task_with_error (TendNumberCache  *self,
                                                        TendTask         *task,
                                                        const GError     *reason,
                                                        GError          **error);
TEND_AVAILABLE_IN_0_1
gboolean         tend_number_cache_remove_task         (TendNumberCache  *self,
                                                        TendTask         *task);
TEND_AVAILABLE_IN_0_1
GPtrArray       *tend_number_cache_list_tasks          (TendNumberCache  *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
