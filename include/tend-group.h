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
  TEND_GROUP_POLICY_WAIT_ALL,
  TEND_GROUP_POLICY_FIRST_ERROR,
  TEND_GROUP_POLICY_FIRST_SUCCESS,
} TendGroupPolicy;

#define TEND_TYPE_GROUP_POLICY (tend_group_policy_get_type ())
#define TEND_TYPE_GROUP (tend_group_get_type ())

TEND_AVAILABLE_IN_0_1
GType            tend_group_policy_get_type  (void) G_GNUC_CONST;

TEND_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (TendGroup, tend_group, TEND, GROUP, GObject)

TEND_AVAILABLE_IN_0_1
TendGroup       *tend_group_new              (TendGroupPolicy   policy) G_GNUC_WARN_UNUSED_RESULT;

TEND_AVAILABLE_IN_0_1
TendGroupPolicy  tend_group_get_policy       (TendGroup        *self);
TEND_AVAILABLE_IN_0_1
guint            tend_group_get_max_running  (TendGroup        *self);
TEND_AVAILABLE_IN_0_1
void             tend_group_set_max_running  (TendGroup        *self,
                                              guint             n_tasks);
TEND_AVAILABLE_IN_0_1
gint64           tend_group_get_grace_period (TendGroup        *self);
TEND_AVAILABLE_IN_0_1
void             tend_group_set_grace_period (TendGroup        *self,
                                              gint64            grace_period);
TEND_AVAILABLE_IN_0_1
guint            tend_group_get_n_left       (TendGroup        *self);

TEND_AVAILABLE_IN_0_1
gboolean         tend_group_add              (TendGroup        *self,
                                              TendTask         *task,
                                              GError          **error);
TEND_AVAILABLE_IN_0_1
void             tend_group_pause            (TendGroup        *self);
TEND_AVAILABLE_IN_0_1
void             tend_group_resume           (TendGroup        *self);
TEND_AVAILABLE_IN_0_1
gboolean         tend_group_is_paused        (TendGroup        *self);
TEND_AVAILABLE_IN_0_1
void             tend_group_cancel           (TendGroup        *self);
TEND_AVAILABLE_IN_0_1
TendTask        *tend_group_join             (TendGroup        *self) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
TendTask        *tend_group_join_with_timeout (TendGroup       *self,
                                              gint64            timeout) G_GNUC_WARN_UNUSED_RESULT;
TEND_AVAILABLE_IN_0_1
gboolean         tend_group_wait             (TendGroup        *self,
                                              GError          **error);
TEND_AVAILABLE_IN_0_1
gboolean         tend_group_wait_with_timeout (TendGroup       *self,
                                              gint64            timeout,
                                              GError          **error);

G_END_DECLS
