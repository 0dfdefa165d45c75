// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The waits of a fiber for a socket.

#pragma once

#include "tend-descriptor-private.h"
#include "tend-native-private.h"
#include "tend-task-private.h"

G_BEGIN_DECLS

/* --- deadline.c --- */

/* What wakes a fiber when a time has come. On the fiber's stack, while it waits for something else as well. */
typedef struct
{
  TendJob   job;
  TendLoop *loop;           /* constant */
  TendJob  *wake;           /* constant; the fiber's */
  gboolean  has_passed;     /* loop thread */
} TendNetDeadline;

void          tend_net_deadline_begin (TendNetDeadline *self,
                                       TendLoop        *loop,
                                       TendJob         *wake,
                                       gint64           deadline);
void          tend_net_deadline_end   (TendNetDeadline *self);

/* Whether the fiber is told that it is too late. The current task is the fiber's. */
gboolean      tend_net_deadline_check (TendNetDeadline *self,
                                       GError         **error);

/* Wakes a fiber, unless something else has done so already. */
void          tend_net_wake           (TendLoop        *loop,
                                       TendJob         *wake);

/* Gives the error of a call of the system: @what ends with a colon and a space, and is translated. */
void          tend_net_set_error      (GError         **error,
                                       int              status,
                                       const char      *what);

G_END_DECLS
