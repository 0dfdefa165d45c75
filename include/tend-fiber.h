// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#if !defined(TEND_INSIDE) && !defined(TEND_COMPILATION)
#error "Only <tend.h> can be included directly."
#endif

#include "tend-types.h"

G_BEGIN_DECLS

TEND_AVAILABLE_IN_0_1
gboolean      tend_run                 (TendBodyFunc    func,
                                        gpointer        user_data,
                                        GError        **error);
TEND_AVAILABLE_IN_0_1
gboolean      tend_await               (TendTask       *task,
                                        GError        **error);
TEND_AVAILABLE_IN_0_1
gboolean      tend_sleep               (gint64          duration,
                                        GError        **error);
TEND_AVAILABLE_IN_0_1
gboolean      tend_await_fd            (int             fd,
                                        GIOCondition    condition,
                                        GIOCondition   *revents,
                                        GError        **error);
TEND_AVAILABLE_IN_0_1
gboolean      tend_yield               (GError        **error);

TEND_AVAILABLE_IN_0_1
GCancellable *tend_current_cancellable (void);
TEND_AVAILABLE_IN_0_1
void          tend_shield_push         (void);
TEND_AVAILABLE_IN_0_1
void          tend_shield_pop          (void);

TEND_AVAILABLE_IN_0_1
gint64        tend_get_stack_idle_time (void);
TEND_AVAILABLE_IN_0_1
void          tend_set_stack_idle_time (gint64          idle_time);

/* A shield for a scope: g_auto(TendShield) shield = tend_shield_enter (); */
#ifndef __GI_SCANNER__

typedef struct
{
  gboolean is_on;
} G_GNUC_UNUSED TendShield;

static inline TendShield
tend_shield_enter (void)
{
  TendShield shield = { TRUE };

  tend_shield_push ();
  return shield;
}

static inline void
tend_shield_leave (TendShield *self)
{
  if (self->is_on)
    tend_shield_pop ();
  self->is_on = FALSE;
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TendShield, tend_shield_leave)

#endif

G_END_DECLS
