// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#if !defined(TEND_INSIDE) && !defined(TEND_COMPILATION)
#error "Only <tend.h> can be included directly."
#endif

#include "tend-number-cache.h"

G_BEGIN_DECLS

#define TEND_TYPE_RANDOM_NUMBER_CACHE (tend_random_number_cache_get_type ())

TEND_AVAILABLE_IN_0_1
G_DECLARE_DERIVABLE_TYPE (TendRandomNumberCache, tend_random_number_cache, TEND, RANDOM_NUMBER_CACHE, TendNumberCache)

struct _TendRandomNumberCacheClass
{
  TendNumberCacheClass parent_class;

  gpointer padding[4];
};

TEND_AVAILABLE_IN_0_1
TendRandomNumberCache *tend_random_number_cache_new      (TendRequestCache       *request_cache,
                                                          const char             *prefix,
                                                          guint                   bits,
                                                          GError                **error) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
guint                  tend_random_number_cache_get_bits (TendRandomNumberCache  *self);

G_END_DECLS
