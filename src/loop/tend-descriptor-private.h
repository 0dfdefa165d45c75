// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Waits for descriptors, in the loop that a task belongs to.

#pragma once

#include "tend-loop-private.h"

G_BEGIN_DECLS

typedef struct _TendFdWait TendFdWait;

/*
 * A wait for one descriptor, embedded in what waits. When the descriptor is ready, the wait leaves the loop, and its
 * job is put into the ready queue, unless it waits in a queue already. A wait that is over may begin again.
 */
struct _TendFdWait
{
  TendFdWait *prev;         /* loop thread; the ring of those who wait for the descriptor; NULL: none */
  TendFdWait *next;
  TendJob    *wake;         /* constant */
  int         fd;           /* constant */
  int         error;        /* loop thread; errno's: why it could not go on waiting; 0: it could */
  guint32     serial;       /* loop thread; of the registration that it relies on */
  guint16     condition;    /* constant; GIOCondition */
  guint16     revents;      /* loop thread; what the descriptor is ready for, once the wait is over */
};

void          tend_fd_wait_init     (TendFdWait   *self,
                                     int           fd,
                                     GIOCondition  condition,
                                     TendJob      *wake);

/* Gives errno's, or 0. In each case the wait is linked, or else its job is queued, or nothing has happened. */
int           tend_fd_wait_begin    (TendFdWait   *self,
                                     TendLoop     *loop);

/* Begins again, for somebody who vouches that the descriptor has been open since: without a system call as a rule. */
int           tend_fd_wait_again    (TendFdWait   *self,
                                     TendLoop     *loop);

/* Takes the wait out of the loop, if it is there. The job is its owner's. */
void          tend_fd_wait_end      (TendFdWait   *self,
                                     TendLoop     *loop);

G_END_DECLS
