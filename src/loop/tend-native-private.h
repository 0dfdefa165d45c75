// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The native stack of a thread on which fibers run, and a fiber's waits, for those who do not see fibers.

#pragma once

#include "tend-core-private.h"

G_BEGIN_DECLS

typedef void (* TendNativeFunc) (gpointer data);

/* The operations in flight of a fiber; see body/call.c. */
typedef struct _TendOperation TendOperation;

typedef struct
{
  TendOperation *first;
} TendCalls;

/* What a fiber can do, for the layers that do not see fibers. Set while one runs on this thread. */
typedef struct
{
  void      (* hop)        (TendNativeFunc   func,
                            gpointer         data);
  TendJob * (* begin_wait) (GError         **error);
  gboolean  (* lets_run)   (void);
  gboolean  (* goes_on)    (void);
  gboolean  (* wait)       (GError         **error);
  TendJob * (* get_job)    (void);
  void      (* wait_bound) (void);
  gboolean  (* shield)     (int              change);
  TendCalls * (* get_calls) (void);
  void      (* peek)       (const char     **name,
                            guint64         *id);
  void      (* unwound)    (gboolean         is_forced);
} TendFiberClass;

void         tend_set_fiber              (const TendFiberClass *fiber);
gboolean     tend_is_on_fiber            (void);

/*
 * Runs @func on the thread's native stack. Language bindings cannot run on a fiber's stack, and
 * what they can observe is called through here: where a fiber runs, it yields to the stack that
 * resumed it, @func runs there, and then the fiber goes on.
 */
void         tend_call_native            (TendNativeFunc       func,
                                          gpointer             data);

/*
 * A wait of the current fiber, in two steps. tend_begin_wait() returns the job that will wake it, or NULL with an error
 * outside a fiber and if its task was cancelled or has ended. The caller puts the job into a queue, and tend_wait()
 * suspends the fiber until the job is run: FALSE, with an error, if the task was cancelled or ended meanwhile. The job
 * is in no queue then.
 */
TendJob     *tend_begin_wait             (const char          *func,
                                          GError             **error);
gboolean     tend_wait                   (GError             **error);

/*
 * Whether the next tend_begin_wait() suspends the fiber, so that others run: it has not waited for long. Those may drop
 * what the caller has no reference to.
 */
gboolean     tend_fiber_lets_run         (void);

/*
 * For a fiber that need not wait: counts as a wait that is over at once. FALSE outside a fiber, and if the fiber has to
 * call tend_begin_wait(), which may suspend it or set an error.
 */
gboolean     tend_fiber_goes_on          (void);

/* A wait that cannot be cut short, because the code that ends it writes to the fiber's stack. Not outside a fiber. */
TendJob     *tend_begin_bound_wait       (void);
void         tend_wait_bound             (void);

/*
 * Adds a shield against cancellation to the current fiber (1), removes one (-1), or neither (0). Returns whether the
 * fiber has one then; FALSE outside a fiber, and if there was none to remove.
 */
gboolean     tend_shield_fiber           (int                  change);

/* Returns the operations in flight of the current fiber; NULL outside a fiber. */
TendCalls   *tend_get_fiber_calls        (void);

/* Returns the task whose fiber runs in this thread: FALSE if none does. For signal handlers. */
gboolean     tend_peek_fiber             (const char         **name,
                                          guint64             *id);

/*
 * Code that unwinds the stack of the running fiber has come to its end: with an exception that nobody has caught, or by
 * force, and then this does not return.
 */
void         tend_fiber_unwound          (gboolean             is_forced);

void         tend_notify_native          (GObject             *object,
                                          GParamSpec          *pspec);

/* Destroys @user_data on the native stack; @notify may be NULL. */
void         tend_destroy_natively       (GDestroyNotify       notify,
                                          gpointer             user_data);

G_END_DECLS
