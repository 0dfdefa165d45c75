// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A fuzzer of the public API: random sequences of calls on a rack of live objects, whose callbacks make random calls
// themselves. main.c says how it is used.
//
// All of it happens in one thread, on the virtual clock, and so one seed gives one sequence. There are two exceptions.
// The bodies of thread tasks run in the pool, and use nothing of what stands here. Calls that any thread may make are
// made in a helper thread at times, for which the home thread waits.
//
// Each callback has a token, which knows how often it was called and its data destroyed, and lives until the sequence
// is over. A call too many is seen at once, one too few at the end.

#pragma once

#include <tend.h>

#define N_SIDES 2
#define N_SLOTS 6
#define MSEC G_TIME_SPAN_MILLISECOND
#define SECOND G_TIME_SPAN_SECOND

typedef enum
{
  KIND_TASK,
  KIND_CANCELLABLE,         /* GCancellable, or derived from it */
  KIND_COMPLETION,
  KIND_CHANNEL,
  KIND_SEMAPHORE,
  KIND_EVENT,
  KIND_CONDITION,
  KIND_GROUP,
  KIND_STREAM,
  KIND_RETRY,
  KIND_MANAGER,
  KIND_OWNER,
  KIND_NUMBER_CACHE,
  KIND_REQUEST_CACHE,
  N_KINDS,
} Kind;

typedef enum
{
  TOKEN_ONCE     = 1 << 0,  /* called exactly once, unless the owner of a manager bars it */
  TOKEN_AT_MOST  = 1 << 1,  /* called once at most */
  TOKEN_NOTIFIED = 1 << 2,  /* has a destroy notify, which is called exactly once */
  TOKEN_ANYWHERE = 1 << 3,  /* is destroyed in any thread */
} TokenFlags;

typedef struct _Token Token;

struct _Token
{
  const char *what;
  guint       number;
  TokenFlags  flags;
  guint       n_calls;
  guint       n_destroyed;
  gboolean    is_begun;     /* the call that takes it has returned; the callbacks of waits come later */
  guint       variant;      /* chosen when it was made */
  gpointer    kept;         /* a reference that goes with it; nullable */

  /* Of the body of a task. */
  TendTask   *task;         /* not a reference; NULL once the data are destroyed */
  gboolean    is_plain;     /* of a task that may have an interval */
  gboolean    is_open;      /* the body runs, and somebody else gives its result */
  gboolean    is_given;     /* to somebody who gives its result, and so nobody else does */
  gboolean    is_thread;    /* the body runs in the pool */
  gboolean    is_quiet;     /* makes no calls of its own: its stack is small */
  Token      *registry;     /* of the manager that has it; nullable */

  gboolean    is_over;      /* of a manager: its shutdown has ended; of a handler: it was removed; of a task: it has ended */

  /* Of a manager. */
  gboolean    is_silent;    /* it was disposed of, and tells nothing of its list */
  guint       n_emitting;
  guint       n_items;
};

/* Where an operation may be made. */
typedef enum
{
  OP_TOP      = 1 << 0,     /* outside all callbacks */
  OP_NATIVE   = 1 << 1,     /* not on the stack of a fiber */
  OP_ANYWHERE = 1 << 2,     /* in any thread; makes and drops nothing itself */
  OP_ENDING   = 1 << 3,     /* only where nothing goes on for ever */
  OP_BLOCKING = 1 << 4,     /* waits in one context for what may be another's: for sequences with one side */
} OpFlags;

typedef struct
{
  const char *name;
  void      (*run) (void);
  guint       weight;
  OpFlags     flags;
  guint64     n_run;
} Op;

typedef struct
{
  guint32       seed;                       /* of the sequence */
  guint32       chance;
  GThread      *home;
  TendTask     *root;                       /* what is the current task outside of tasks */
  gboolean      is_tracing;

  gboolean      has_threads;                /* what the sequence may do */
  gboolean      has_owners;
  gboolean      has_sides;                  /* two contexts, both of this thread */
  gboolean      has_endless;                /* intervals, repeating timers, slow checks, retries without an end */

  guint         depth;                      /* of operations in operations */
  guint         n_left;                     /* operations that callbacks may still make */
  gboolean      is_elsewhere;               /* a helper thread makes the call */
  guint         side;                       /* whose context is the thread's default */
  GMainContext *contexts[N_SIDES];
  TendClock    *clocks[N_SIDES];

  gpointer      slots[N_SIDES][N_KINDS][N_SLOTS];
  GPtrArray    *tokens;                     /* of Token */
  GPtrArray    *held;                       /* references that go when the operation is over */
  GPtrArray    *paused;                     /* references to tasks that were paused */
  int           n_thread_calls;             /* atomic */
} Fuzz;

extern Fuzz fuzz;

/* --- main.c --- */

void             fail               (const char    *format,
                                     ...) G_GNUC_PRINTF (1, 2) G_GNUC_NORETURN;
void             trace              (const char    *format,
                                     ...) G_GNUC_PRINTF (1, 2);

/* --- rack.c --- */

guint            pick               (guint          n);
gint64           pick_time          (void);
const char      *pick_name          (void);

gpointer         rack_get           (Kind           kind);
gpointer         rack_hold          (Kind           kind);
gpointer         rack_take          (Kind           kind);
void             rack_put           (Kind           kind,
                                     gpointer       object);
void             rack_clear         (void);
gboolean         rack_has           (gpointer       object);
guint            rack_collect       (TendTask     **tasks,
                                     guint          most);
gpointer         hold               (gpointer       object);
void             drop_held          (guint          n_left);

Token           *token_new          (const char    *what,
                                     TokenFlags     flags);
void             token_call         (Token         *token);
void             token_destroy      (gpointer       data);
Token           *token_find         (gboolean     (*matches) (Token *token));
guint            tokens_count_open  (gboolean       tell,
                                     gboolean      *has_threads);
void             token_watch        (const char    *what,
                                     gpointer       object);
void             token_watch_any    (const char    *what,
                                     gpointer       object);
GObject         *value_object_new   (void);
void             value_pick         (GValue        *value);
GError          *error_pick         (void);
void             check_error        (const GError  *error);
void             check_answer       (gboolean       ok,
                                     const GError  *error);

/* --- operations.c --- */

void             hook               (void);
void             run_operation      (void);
gboolean         run_elsewhere      (void);
guint64          operations_count   (void);
void             operations_tell    (void);

/* --- bodies.c --- */

TendTask        *make_task          (void);
TendTask        *run_task           (void);
Token           *body_token_new     (void);
void             body_adopt         (Token         *token,
                                     TendTask      *task);
void             task_decorate      (TendTask      *task);
gboolean         open_body          (TendTask      *task,
                                     gpointer       data,
                                     GError       **error);
gboolean         fiber_body         (TendTask      *task,
                                     gpointer       data,
                                     GError       **error);
gboolean         thread_body        (TendTask      *task,
                                     gpointer       data,
                                     GError       **error);
void             async_body         (TendTask      *task,
                                     GCancellable  *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer       callback_data,
                                     gpointer       data);
gboolean         async_finish       (TendTask      *task,
                                     GAsyncResult  *result,
                                     gpointer       data,
                                     GError       **error);
void             give_result        (TendTask      *task);
gboolean         token_is_open      (Token         *token);
void             give_away          (TendTask      *task);

/* --- fiber-steps.c --- */

void             operation_begin    (GCancellable  *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer       user_data);
int              ready_fd           (void);
gboolean         fiber_step         (gboolean       ends,
                                     GError       **error);

/* --- The tables of operations, one for each file --- */

extern Op task_operations[];
extern Op scope_operations[];
extern Op wait_operations[];
extern Op sync_operations[];
extern Op waits_operations[];
extern Op cancel_operations[];
extern Op manager_operations[];
extern Op cache_operations[];
extern Op process_operations[];
