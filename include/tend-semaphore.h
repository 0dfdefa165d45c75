// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#if !defined(TEND_INSIDE) && !defined(TEND_COMPILATION)
#error "Only <tend.h> can be included directly."
#endif

#include "tend-types.h"

G_BEGIN_DECLS

#define TEND_TYPE_SEMAPHORE (tend_semaphore_get_type ())

TEND_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (TendSemaphore, tend_semaphore, TEND, SEMAPHORE, GObject)

TEND_AVAILABLE_IN_0_1
TendSemaphore *tend_semaphore_new             (guint                 n_permits) G_GNUC_WARN_UNUSED_RESULT;

TEND_AVAILABLE_IN_0_1
guint          tend_semaphore_get_n_permits   (TendSemaphore        *self);
TEND_AVAILABLE_IN_0_1
guint          tend_semaphore_get_n_available (TendSemaphore        *self);
TEND_AVAILABLE_IN_0_1
guint          tend_semaphore_get_n_waiting   (TendSemaphore        *self);

TEND_AVAILABLE_IN_0_1
gboolean       tend_semaphore_acquire         (TendSemaphore        *self,
                                               GError              **error);
TEND_AVAILABLE_IN_0_1
void           tend_semaphore_acquire_async   (TendSemaphore        *self,
                                               GCancellable         *cancellable,
                                               GAsyncReadyCallback   callback,
                                               gpointer              user_data);
TEND_AVAILABLE_IN_0_1
gboolean       tend_semaphore_acquire_finish  (TendSemaphore        *self,
                                               GAsyncResult         *result,
                                               GError              **error);
TEND_AVAILABLE_IN_0_1
gboolean       tend_semaphore_try_acquire     (TendSemaphore        *self);
TEND_AVAILABLE_IN_0_1
void           tend_semaphore_release         (TendSemaphore        *self);

/* A permit for a scope: g_auto(TendPermit) permit = tend_permit_acquire (semaphore, error); */
#ifndef __GI_SCANNER__

typedef struct
{
  TendSemaphore *semaphore;   /* a reference; NULL: there is no permit */
} G_GNUC_UNUSED TendPermit;

static inline TendPermit
tend_permit_acquire (TendSemaphore  *semaphore,
                     GError        **error)
{
  TendPermit permit = { (TendSemaphore *) g_object_ref (semaphore) };

  if (!tend_semaphore_acquire (semaphore, error))
    g_clear_object (&permit.semaphore);
  return permit;
}

static inline gboolean
tend_permit_is_held (const TendPermit *self)
{
  return self->semaphore != NULL;
}

static inline void
tend_permit_release (TendPermit *self)
{
  if (self->semaphore != NULL)
    tend_semaphore_release (self->semaphore);
  g_clear_object (&self->semaphore);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TendPermit, tend_permit_release)

#endif

G_END_DECLS
