// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The task as an object: its creation, and its disposal when nobody uses it any more. Its life in between is in
// task-life.c.
//
// Ownership: the loop thread's, except for what the private header marks as atomic.

#include "task-cancel-private.h"
#include "task-life-private.h"
#include "task-outcome-private.h"
#include "task-state-private.h"

#include <string.h>

/**
 * TendTask:
 *
 * A piece of work that runs now, later, or repeatedly.
 *
 * A task has a body, and its constructor decides where the body runs:
 *
 * - [ctor@Tend.Task.new]: a function on the loop's thread, in one go
 * - `tend_task_new_fiber()`: a fiber on the loop's thread, which may wait
 * - [ctor@Tend.Task.new_thread]: a function in another thread
 * - `tend_task_new_async()`: a pair of GIO functions
 * - [ctor@Tend.Task.new_open]: work that somebody else completes later
 *
 * [method@Tend.Task.start] runs the body, or a [class@Tend.TaskManager] does.
 *
 * A task *ends* when its status is final. It is *finished* when its body does not run any more either.
 * [method@Tend.Task.cancel] asks the task to end, and the body decides. [method@Tend.Task.stop] ends the task at once,
 * whatever its body does. Timers, sources and posted functions that a body adds to its task are removed when the task
 * ends.
 *
 * The error of a failed task is kept until somebody reads it, by waiting or by [method@Tend.Task.get_error]. If nobody
 * has read it when the task is finalized, it is reported once; see [func@Tend.set_unobserved_func].
 *
 * A task belongs to the thread-default main context of the thread that creates it, and to the thread that runs this
 * context: the owning thread. Another thread may cancel, stop or complete a task, and report progress; everything else
 * is for the owning thread. The last reference may be dropped in another thread: what the task holds is freed in the
 * owning thread. A task that runs keeps itself alive.
 *
 * If a GIO function does the work, and the work needs no name, no progress and no owner, use that function alone.
 *
 * Since: 0.1
 */
G_DEFINE_FINAL_TYPE (TendTask, tend_task, G_TYPE_OBJECT)

/**
 * TendBodyFunc:
 * @task: the task
 * @user_data: the data given with the function
 * @error: return location for an error
 *
 * The body of a task.
 *
 * A body that has a result records it with one of the `return` methods before it returns %TRUE. The task ends when
 * the body returns, except for a task of [ctor@Tend.Task.new_open], whose function only begins the work.
 *
 * Which thread it runs in, and whether it may wait, depends on the constructor.
 *
 * Returns: %TRUE if it went well; %FALSE with @error set if it failed
 *
 * Since: 0.1
 */

/**
 * TendScopeFunc:
 * @task: the task
 * @user_data: the data given with the function
 * @error: return location for an error
 *
 * A callback that belongs to a task, such as that of a timer.
 *
 * It runs in the task's thread. If it returns %FALSE with @error set, the task fails.
 *
 * Returns: %TRUE to be called again, if it repeats; %FALSE to be removed
 *
 * Since: 0.1
 */

/**
 * TendTaskFunc:
 * @task: the task
 * @user_data: the data given with the function
 *
 * A handler that is called when a task ends or is asked to end.
 *
 * Since: 0.1
 */

/**
 * TendAsyncFunc: (skip)
 * @task: the task
 * @cancellable: the task's cancellable
 * @callback: called at the end
 * @callback_data: data for @callback
 * @user_data: the data given with the function
 *
 * Begins an asynchronous operation, in the style of GIO's `_async` functions.
 *
 * Since: 0.1
 */

/**
 * TendFinishFunc: (skip)
 * @task: the task
 * @result: the result of the operation
 * @user_data: the data given with the function
 * @error: return location for an error
 *
 * Finishes an asynchronous operation, and sets the task's result if there is one.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */

/**
 * TendTaskStatus:
 * @TEND_TASK_STATUS_CREATED: created, not started
 * @TEND_TASK_STATUS_PENDING: waits for its delay, its slot or the next turn of the loop
 * @TEND_TASK_STATUS_RUNNING: its body runs, or will run again
 * @TEND_TASK_STATUS_COMPLETED: ended without an error
 * @TEND_TASK_STATUS_FAILED: ended with an error
 * @TEND_TASK_STATUS_CANCELLED: ended because it was cancelled
 * @TEND_TASK_STATUS_STOPPED: was stopped
 *
 * The status of a task. The last four are final.
 *
 * Since: 0.1
 */
G_DEFINE_ENUM_TYPE (TendTaskStatus, tend_task_status,
                    G_DEFINE_ENUM_VALUE (TEND_TASK_STATUS_CREATED, "created"),
                    G_DEFINE_ENUM_VALUE (TEND_TASK_STATUS_PENDING, "pending"),
                    G_DEFINE_ENUM_VALUE (TEND_TASK_STATUS_RUNNING, "running"),
                    G_DEFINE_ENUM_VALUE (TEND_TASK_STATUS_COMPLETED, "completed"),
                    G_DEFINE_ENUM_VALUE (TEND_TASK_STATUS_FAILED, "failed"),
                    G_DEFINE_ENUM_VALUE (TEND_TASK_STATUS_CANCELLED, "cancelled"),
                    G_DEFINE_ENUM_VALUE (TEND_TASK_STATUS_STOPPED, "stopped"))

const char tend_main_name[] = "main()";

/* tend_task_create() is creating a task, and sets its number. */
static TEND_THREAD gboolean is_creating;

static guint64
get_first_id (const char          *name,
              const TendBodyClass *body)
{
  if (name == tend_main_name)
    return TEND_MAIN_TASK_ID;

  return body != NULL && body->numbers_late ? TEND_NO_ID : tend_task_take_id ();
}

/* --- The object --- */

/* The contents of a task: they may belong to a language binding, and hold the next task. */
typedef struct
{
  GDestroyNotify notify;
  gpointer       user_data;
  TendOutcome    outcome;
} Remains;

static void
destroy_remains (gpointer data)
{
  Remains *self = data;

  if (self->notify != NULL)
    self->notify (self->user_data);
  tend_outcome_clear (&self->outcome);
}

/* On the native stack. */
static void
report_unobserved_cb (gpointer data)
{
  TendTask *self = data;

  if (tend_task_status (self) == TEND_TASK_STATUS_FAILED && !self->is_observed)
    {
      self->is_observed = TRUE;
      tend_task_report (self, self->outcome->error);
    }
}

/* On the native stack. */
static void
take_apart_cb (gpointer data)
{
  TendTask *self = data;
  Remains remains = { NULL, NULL, { G_VALUE_INIT, NULL } };

  report_unobserved_cb (self);

  remains.notify = g_steal_pointer (&self->notify);
  remains.user_data = g_steal_pointer (&self->user_data);
  if (self->outcome != NULL)
    {
      remains.outcome = *self->outcome;
      *self->outcome = (TendOutcome) { G_VALUE_INIT, NULL };
    }
  if (remains.notify != NULL || tend_outcome_holds_something (&remains.outcome))
    tend_call_flat (destroy_remains, &remains, sizeof remains);
}

/* Nobody uses the task any more. A second time does nothing. */
static void
let_go (TendTask *self)
{
  g_assert (self->observers == NULL);

  tend_call_native (take_apart_cb, self);
  tend_task_clear_progress (self);
  tend_task_clear_scope (self);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->loop, tend_loop_release);
}

/*
 * A task is disposed of in its own thread, so that what it holds for the user is freed there. If the last reference is
 * dropped elsewhere, the task goes home first.
 */
static void
tend_task_dispose (GObject *object)
{
  TendTask *self = (TendTask *) object;

  if (G_UNLIKELY ((g_atomic_int_get (&self->flags) & TEND_FLAG_SPARE) != 0))
    {
      tend_task_keep_spare (self);
      return;
    }

  if (self->loop != NULL && tend_loop_take_home (self->loop, object))
    return;

  if (self->loop != NULL && !tend_task_has_ended (self) && !self->is_held)
    {
      /* Its waiters must not hang, and its contents must be freed; nobody else is notified. */
      self->is_observed = TRUE;
      if (self->scope != NULL)
        tend_task_fail (self, tend_task_new_error (self, TEND_ERROR, TEND_ERROR_NOT_STARTED,
                                                   _("dropped before it ended")));
    }

  tend_task_drop_cancellable (self);

  /* By g_object_run_dispose() a language binding reports the error that nobody will read, before it drops the task. */
  if (self->loop != NULL)
    tend_call_native (report_unobserved_cb, self);

  /* The task was disposed of by hand, and others still hold it. */
  if (self->loop != NULL && g_atomic_int_get (&object->ref_count) == 1)
    {
      let_go (self);
      if (tend_task_spare (self))
        return;
    }

  G_OBJECT_CLASS (tend_task_parent_class)->dispose (object);
}

static void
tend_task_finalize (GObject *object)
{
  TendTask *self = TEND_TASK (object);

  let_go (self);
  g_free (self->name);
  g_free (self->outcome);
  g_free (self->scope);

  G_OBJECT_CLASS (tend_task_parent_class)->finalize (object);
}

/* The requests of other threads, in the order in which they are carried out. */
static const TendRequestClass requests[] = {
  { TEND_REQUEST_PROGRESS, tend_task_notify_progress },
  { TEND_REQUEST_PAUSE, tend_task_apply_pause },
  { TEND_REQUEST_RETURN, tend_task_take_remote },
  { TEND_REQUEST_STOP, tend_task_stop },
  { TEND_REQUEST_CANCEL, tend_task_cancel },
};

static void
tend_task_class_init (TendTaskClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = tend_task_dispose;
  object_class->finalize = tend_task_finalize;

  tend_task_set_requests (requests, G_N_ELEMENTS (requests));
  tend_clock_print_tasks = tend_task_print_started;
  /* Errors of a peer on D-Bus are found in the domain from here on. */
  tend_error_quark ();
  tend_task_watch_forks ();
  tend_task_watch_gates ();
  tend_task_install_properties (object_class);
}

/* A task that an interpreter makes of the class alone is one without a name and without a body. */
static void
tend_task_init (TendTask *self)
{
  self->loop = tend_loop_acquire (NULL, G_PRIORITY_DEFAULT);
  if (!is_creating)
    self->id = tend_task_take_id ();
  tend_task_set_status (self, TEND_TASK_STATUS_RUNNING);
}

/* Whether the name of the task, if it has one, is valid as a name in a manager. */
gboolean
tend_task_check_name (TendTask  *self,
                      GError   **error)
{
  if (self->name != NULL && *self->name == '\0')
    tend_task_set_error (self, error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, _("the name is empty"));
  else if (self->is_misnamed)
    tend_task_set_error (self, error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, _("the name is not valid UTF-8"));
  else
    return TRUE;

  return FALSE;
}

/* If the previous name of a spare task has room for it, it is stored there. */
static void
set_name (TendTask   *self,
          const char *name)
{
  gsize length = name != NULL ? strlen (name) : 0;

  if (name != NULL && self->name != NULL && strlen (self->name) >= length)
    {
      memcpy (self->name, name, length + 1);
      return;
    }

  g_free (self->name);
  self->name = g_strdup (name);
}

/* Renames the task, once; takes @name. Other threads may have got the previous name, which stays allocated. */
void
tend_task_rename (TendTask *self,
                  char     *name)
{
  TendScope *scope = tend_task_ensure_scope (self);

  g_assert (scope->old_name == NULL);

  scope->old_name = self->name;
  g_atomic_pointer_set (&self->name, name);
}

/* Creates a task of the thread-default context; without @body it runs until it is completed from outside. */
TendTask *
tend_task_create (const char          *name,
                  const TendBodyClass *body,
                  gpointer             func,
                  gpointer             user_data,
                  GDestroyNotify       notify,
                  gconstpointer        origin)
{
  g_autofree char *valid_name = NULL;
  TendTask *self;

  if (name != NULL && !g_utf8_validate (name, -1, NULL))
    name = valid_name = g_utf8_make_valid (name, -1);

  is_creating = TRUE;
  self = tend_task_take_spare ();
  if (self != NULL)
    tend_task_init (self);
  else
    self = g_object_new (TEND_TYPE_TASK, NULL);
  is_creating = FALSE;
  self->id = get_first_id (name, body);
  set_name (self, name);
  self->is_misnamed = valid_name != NULL;
  self->body = body;
  self->func = func;
  self->user_data = user_data;
  self->notify = notify;
  self->origin = origin;
  if (body != NULL)
    tend_task_set_status (self, TEND_TASK_STATUS_CREATED);

  return self;
}

/* Creates a task for an object of @loop, whatever the thread's default context is now. */
TendTask *
tend_task_create_for (TendLoop            *loop,
                      const TendBodyClass *body,
                      gpointer             user_data,
                      GDestroyNotify       notify,
                      gconstpointer        origin)
{
  TendTask *self = tend_task_create (NULL, body, NULL, user_data, notify, origin);
  TendLoop *made_in = self->loop;

  self->loop = tend_loop_ref (loop);
  tend_loop_release (made_in);

  return self;
}

/* The task of the program's main part: created on demand, and never freed. */
static TendTask *
get_main_task (void)
{
  static TendTask *main_task;

  if (g_once_init_enter (&main_task))
    {
      TendTask *task = tend_task_create (tend_main_name, NULL, NULL, NULL, NULL, NULL);

      /* It stands for the main part of every thread, and holds no loop. */
      tend_loop_release (g_steal_pointer (&task->loop));
      g_once_init_leave (&main_task, task);
    }

  return main_task;
}

/**
 * tend_task_get_current:
 *
 * Gets the task whose code is running.
 *
 * The current task is set in a body, in a fiber also after a wait, in a callback that belongs to a task, in exit
 * handlers, and after [method@Tend.Task.push_current]. Everywhere else, this returns a task that stands for the main
 * part of the program: its name is `main()`, it is running, and it cannot be awaited or ended.
 *
 * May be called from any thread.
 *
 * Returns: (transfer none): the task; valid while its code runs
 *
 * Since: 0.1
 */
TendTask *
tend_task_get_current (void)
{
  TendTask *current = tend_task_peek_current ();

  return current != NULL ? current : get_main_task ();
}
