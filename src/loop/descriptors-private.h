// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The descriptors of a loop, as the loop sees them.

#pragma once

#include "tend-hub-private.h"
#include "tend-descriptor-private.h"

G_BEGIN_DECLS

void          tend_descriptors_free     (TendDescriptors *self);
void          tend_descriptors_forget   (TendLoop        *loop);
void          tend_descriptors_prepare  (TendDescriptors *self);
gboolean      tend_descriptors_is_ready (TendDescriptors *self);
gboolean      tend_descriptors_is_busy  (TendDescriptors *self);
void          tend_descriptors_collect  (TendLoop        *loop);

G_END_DECLS
