// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tasks that stand for the end of other tasks: of all, of any, or of one with a limit.
//
// Such a task has a body of its own kind, which watches the others from its creation on. Its end, in whichever way,
// removes the watches and leaves the others alone.

#include "tend-group-private.h"

#include "tend-when.h"

typedef enum
{
  WAIT_ALL,
  WHEN_ALL,
  WHEN_ANY,
  FIRST_SUCCESS,
  FIRST_ERROR,
  FOLLOW,
} Kind;

typedef struct
{
  TendTask  *result;        /* not a reference: it owns this */
  Kind       kind;
  guint      n_tasks;
  guint      n_ended;
  GPtrArray *errors;        /* of GError; in the order in which they came */
  TendTask **tasks;         /* until they are watched; not references */
  TendWatch  watches[];
} Combine;

static void
combine_free (gpointer data)
{
  Combine *self = data;

  tend_watches_clear (self->watches, self->n_tasks);

  g_clear_pointer (&self->errors, g_ptr_array_unref);
  g_free (self->tasks);
  g_free (self);
}

GError *
tend_combine_errors (GPtrArray *errors)
{
  g_autoptr(GError) several = tend_error_new_several (errors);

  for (guint i = 0; i < errors->len; i++)
    {
      if (!tend_error_is_cancelled (g_ptr_array_index (errors, i)))
        return g_steal_pointer (&several);
    }

  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, several->message);
}

static void
return_list (Combine *self)
{
  g_autoptr(GListStore) list = g_list_store_new (TEND_TYPE_TASK);

  for (guint i = 0; i < self->n_tasks; i++)
    g_list_store_append (list, self->watches[i].task);

  tend_task_return_object (self->result, list);
}

/* Counts the errors of the tasks that have ended as observed. */
static void
observe_ended (Combine *self)
{
  for (guint i = 0; i < self->n_tasks; i++)
    {
      TendWatch *watch = &self->watches[i];

      if (watch->has_ended && tend_task_peek_error (watch->task) != NULL)
        tend_watch_observe (watch);
    }
}

/* The errors count as observed when the result has them, and not before: it may be given up. Frees @self. */
static void
all_ended (Combine *self)
{
  observe_ended (self);

  if (self->errors != NULL)
    tend_task_return_error (self->result, tend_combine_errors (self->errors));
  else if (self->kind == WHEN_ALL || self->kind == FIRST_ERROR)
    return_list (self);
  else
    tend_task_return_value (self->result, NULL);
}

/* Copying the error or the value may run user code, which ends @result and so frees @watch. */
static void
follow (TendTask  *result,
        TendTask  *task,
        TendWatch *watch)
{
  const GError *error = tend_task_peek_error (task);

  if (error != NULL)
    {
      tend_watch_observe (watch);
      tend_task_return_error (result, g_error_copy (error));
    }
  else
    tend_task_return_value (result, tend_task_get_result (task, NULL));
}

/*
 * Whether the end of @task is that of the result, whatever the others do. May free @self. An error is copied first, as
 * that may run user code, which ends the result.
 */
static gboolean
settle_first (Combine   *self,
              TendTask  *task,
              TendWatch *watch)
{
  gboolean has_failed = tend_task_peek_error (task) != NULL;

  if (self->kind == FIRST_ERROR && has_failed)
    follow (self->result, task, watch);
  else if (self->kind == FIRST_SUCCESS && !has_failed)
    {
      observe_ended (self);
      tend_task_return_object (self->result, task);
    }
  else
    return FALSE;

  return TRUE;
}

/* Takes @error. */
static void
note_error (Combine *self,
            GError  *error)
{
  if (error == NULL)
    return;

  if (self->errors == NULL)
    self->errors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);
  g_ptr_array_add (self->errors, error);
}

static void
one_ended (TendWatch *watch)
{
  Combine *self = watch->data;
  g_autoptr(TendTask) result = g_object_ref (self->result);
  g_autoptr(TendTask) task = g_object_ref (watch->task);
  g_autofree char *message = NULL;
  const GError *error;
  GError *copy;

  /* Those who are notified of its end may run the loop before it removes the watches. */
  if (tend_task_has_ended (result))
    return;

  self->n_ended++;
  message = g_strdup_printf ("%u of %u", self->n_ended, self->n_tasks);
  tend_task_set_progress (result, (double) self->n_ended / self->n_tasks, message);

  switch (self->kind)
    {
    case WHEN_ANY:
      tend_task_return_object (result, task);
      break;
    case FOLLOW:
      follow (result, task, watch);
      break;
    case FIRST_SUCCESS:
    case FIRST_ERROR:
      if (settle_first (self, task, watch))
        break;
      G_GNUC_FALLTHROUGH;
    case WAIT_ALL:
    case WHEN_ALL:
      /* Copying an error may run user code, which ends the result and so frees this data. */
      error = tend_task_peek_error (task);
      copy = error != NULL ? g_error_copy (error) : NULL;
      if (tend_task_has_ended (result))
        {
          g_clear_error (&copy);
          break;
        }
      note_error (self, copy);
      if (self->n_ended == self->n_tasks)
        all_ended (self);
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
combine_run (TendTask *task)
{
  Combine *self = tend_task_user_data (task);

  if (self->n_tasks == 0)
    {
      all_ended (self);
      return;
    }

  for (guint i = 0; i < self->n_tasks; i++)
    tend_watch_begin (&self->watches[i], tend_task_loop (task), self->tasks[i], one_ended, self);
  g_clear_pointer (&self->tasks, g_free);
}

static void
combine_cancel (TendTask *task)
{
  tend_task_run_ended (task, tend_task_new_cancelled (task));
}

static void
combine_abandon (TendTask *task)
{
  tend_task_run_ended (task, NULL);
}

static const TendBodyClass combine_body = {
  .returns = FALSE,
  .runs_once = TRUE,
  .starts_at_once = TRUE,
  .passes_on = TRUE,
  .run = combine_run,
  .cancel = combine_cancel,
  .abandon = combine_abandon,
};

/* Not under the caller's deadline: a wait that its caller has left behind is no failure. */
static void
start (TendTask *result)
{
  TendTask *previous = tend_task_enter (NULL);

  tend_task_start_or_fail (result);
  tend_task_leave (previous);
}

static TendTask *
combine (Kind            kind,
         TendTask      **tasks,
         gsize           n_tasks,
         gconstpointer   origin)
{
  Combine *self = g_malloc0 (sizeof (Combine) + n_tasks * sizeof (TendWatch));
  TendTask *result;

  self->kind = kind;
  self->n_tasks = (guint) n_tasks;
  self->tasks = g_memdup2 (tasks, n_tasks * sizeof (TendTask *));

  result = tend_task_create (NULL, &combine_body, NULL, self, combine_free, origin);
  self->result = result;

  start (result);

  return result;
}

/**
 * tend_wait_all:
 * @tasks: (array length=n_tasks): tasks, of any main context
 * @n_tasks: the number of tasks
 *
 * Creates a task that ends when all of @tasks have ended.
 *
 * It completes without a result if all of them completed. If some did not, it fails with `TEND_ERROR_SEVERAL`, and
 * [func@Tend.Error.list] lists the errors in the order in which they came. If all of those were cancelled, it is
 * cancelled. The errors of @tasks count as observed. Its [property@Tend.Task:progress] counts the tasks. Without tasks
 * it completes at once.
 *
 * Cancelling it ends the wait and leaves @tasks alone. A task of another context is kept alive until it ends. A task of
 * this context that is dropped before it was started counts as failed.
 *
 * Use [func@Tend.when_all] if you need the tasks as the result.
 *
 * Returns: (transfer full): the task, for the thread-default main context
 *
 * Since: 0.1
 */
TendTask *
tend_wait_all (TendTask **tasks,
               gsize      n_tasks)
{
  g_return_val_if_fail (tend_watch_check (tasks, n_tasks, G_STRFUNC), NULL);

  return combine (WAIT_ALL, tasks, n_tasks, __builtin_return_address (0));
}

/**
 * tend_when_all:
 * @tasks: (array length=n_tasks): tasks, of any main context
 * @n_tasks: the number of tasks
 *
 * Creates a task that ends when all of @tasks have ended, with the tasks as its result.
 *
 * The result is a [iface@Gio.ListModel] of the tasks in the order of @tasks. Read their results there. In everything
 * else it behaves as [func@Tend.wait_all].
 *
 * Returns: (transfer full): the task, for the thread-default main context
 *
 * Since: 0.1
 */
TendTask *
tend_when_all (TendTask **tasks,
               gsize      n_tasks)
{
  g_return_val_if_fail (tend_watch_check (tasks, n_tasks, G_STRFUNC), NULL);

  return combine (WHEN_ALL, tasks, n_tasks, __builtin_return_address (0));
}

/**
 * tend_when_any:
 * @tasks: (array length=n_tasks): tasks, of any main context; at least one
 * @n_tasks: the number of tasks
 *
 * Creates a task that completes when the first of @tasks ends, with that one as its result.
 *
 * It completes in whichever way that task ended. No error counts as observed, so none is lost: read the error of the
 * result, and wait for the others or let their errors be reported.
 *
 * Cancelling it ends the wait and leaves @tasks alone.
 *
 * Returns: (transfer full): the task, for the thread-default main context
 *
 * Since: 0.1
 */
TendTask *
tend_when_any (TendTask **tasks,
               gsize      n_tasks)
{
  g_return_val_if_fail (n_tasks > 0, NULL);
  g_return_val_if_fail (tend_watch_check (tasks, n_tasks, G_STRFUNC), NULL);

  return combine (WHEN_ANY, tasks, n_tasks, __builtin_return_address (0));
}

/**
 * tend_when_first_success:
 * @tasks: (array length=n_tasks): tasks, of any main context; at least one
 * @n_tasks: the number of tasks
 *
 * Creates a task that completes when the first of @tasks completes, with that one as its result.
 *
 * Use it for several ways to the same end. If none of @tasks completes, it fails as [func@Tend.wait_all] does. The
 * errors of the tasks that have failed by its end count as observed. A task that fails later reports its error, unless
 * somebody else reads it.
 *
 * Cancelling it ends the wait. It cancels none of @tasks: use a [class@Tend.Group] with
 * %TEND_GROUP_POLICY_FIRST_SUCCESS to cancel the others.
 *
 * Returns: (transfer full): the task, for the thread-default main context
 *
 * Since: 0.1
 */
TendTask *
tend_when_first_success (TendTask **tasks,
                         gsize      n_tasks)
{
  g_return_val_if_fail (n_tasks > 0, NULL);
  g_return_val_if_fail (tend_watch_check (tasks, n_tasks, G_STRFUNC), NULL);

  return combine (FIRST_SUCCESS, tasks, n_tasks, __builtin_return_address (0));
}

/**
 * tend_when_first_error:
 * @tasks: (array length=n_tasks): tasks, of any main context
 * @n_tasks: the number of tasks
 *
 * Creates a task that fails when the first of @tasks fails, with the error of that one.
 *
 * If all of @tasks complete, it completes as [func@Tend.when_all] does, with the tasks as its result. A task that is
 * cancelled or stopped counts as failed. Only the error that it passes on counts as observed. A task that fails later
 * reports its error, unless somebody else reads it.
 *
 * Cancelling it ends the wait. It cancels none of @tasks: use a [class@Tend.Group] with
 * %TEND_GROUP_POLICY_FIRST_ERROR to cancel the others.
 *
 * Returns: (transfer full): the task, for the thread-default main context
 *
 * Since: 0.1
 */
TendTask *
tend_when_first_error (TendTask **tasks,
                       gsize      n_tasks)
{
  g_return_val_if_fail (tend_watch_check (tasks, n_tasks, G_STRFUNC), NULL);

  return combine (FIRST_ERROR, tasks, n_tasks, __builtin_return_address (0));
}

/**
 * tend_task_with_cancellable:
 * @self: a task, of any main context
 * @cancellable: (nullable): ends the wait when it is cancelled
 *
 * Creates a task that ends as @self does, or is cancelled when @cancellable is.
 *
 * When it is cancelled, @self goes on. The error of @self counts as observed.
 *
 * Returns: (transfer full): the task, for the thread-default main context
 *
 * Since: 0.1
 */
TendTask *
tend_task_with_cancellable (TendTask     *self,
                            GCancellable *cancellable)
{
  TendTask *result;

  g_return_val_if_fail (tend_watch_check (&self, 1, G_STRFUNC), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  result = combine (FOLLOW, &self, 1, __builtin_return_address (0));
  tend_task_add_cancellable (result, cancellable);

  return result;
}

/* Which task is limited: it may be gone when its time is up. */
typedef struct
{
  char    *name;
  guint64  id;
} Limited;

static void
limited_free (gpointer data)
{
  Limited *limited = data;

  g_free (limited->name);
  g_free (limited);
}

static gboolean
timed_out_cb (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  const Limited *limited = user_data;
  g_autofree char *message = tend_task_message (limited->name, limited->id, _("did not end in time"), NULL);

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, message);
  return FALSE;
}

/* Lets @result, which follows @self, fail in @timeout from now. */
static void
limit (TendTask *result,
       TendTask *self,
       gint64    timeout)
{
  Limited *limited;

  if (timeout == TEND_FOREVER)
    return;

  limited = g_new (Limited, 1);
  limited->name = g_strdup (tend_task_peek_name (self));
  limited->id = limited->name != NULL ? TEND_NO_ID : tend_task_number (self);
  tend_task_add_timer (result, timeout, -1, timed_out_cb, limited, limited_free);
}

/**
 * tend_task_with_timeout:
 * @self: a task, of any main context
 * @timeout: how long, in microseconds; %TEND_FOREVER for no limit
 *
 * Creates a task that ends as @self does, or fails with `G_IO_ERROR_TIMED_OUT` after @timeout.
 *
 * When the time is up, @self goes on. The error of @self counts as observed.
 *
 * Returns: (transfer full): the task, for the thread-default main context
 *
 * Since: 0.1
 */
TendTask *
tend_task_with_timeout (TendTask *self,
                        gint64    timeout)
{
  TendTask *result;

  g_return_val_if_fail (tend_watch_check (&self, 1, G_STRFUNC), NULL);
  g_return_val_if_fail (timeout >= 0, NULL);

  result = combine (FOLLOW, &self, 1, __builtin_return_address (0));
  limit (result, self, timeout);

  return result;
}

/**
 * tend_task_with_deadline:
 * @self: a task, of any main context
 * @deadline: when, as a point of [func@Tend.get_time]; %TEND_FOREVER for no limit
 *
 * Creates a task that ends as @self does, or fails with `G_IO_ERROR_TIMED_OUT` at @deadline.
 *
 * The time is that of [func@Tend.get_time]: it follows a [class@Tend.Clock], if there is one. When the time has come,
 * @self goes on. The error of @self counts as observed.
 *
 * Returns: (transfer full): the task, for the thread-default main context
 *
 * Since: 0.1
 */
TendTask *
tend_task_with_deadline (TendTask *self,
                         gint64    deadline)
{
  TendTask *result;
  gint64 now;

  g_return_val_if_fail (tend_watch_check (&self, 1, G_STRFUNC), NULL);

  result = combine (FOLLOW, &self, 1, __builtin_return_address (0));
  now = tend_loop_now (tend_task_loop (result));
  limit (result, self, deadline == TEND_FOREVER ? TEND_FOREVER : deadline > now ? deadline - now : 0);

  return result;
}

static void
delay_run (TendTask *task)
{
  tend_task_run_ended (task, NULL);
}

static const TendBodyClass delay_body = {
  .returns = FALSE,
  .numbers_late = TRUE,
  .runs_once = TRUE,
  .run = delay_run,
  .abandon = combine_abandon,
};

/**
 * tend_task_run_delay:
 * @delay: how long, in microseconds; 0 is the next turn of the loop
 *
 * Creates a task that completes after @delay, and starts it.
 *
 * Cancel the task to end the delay early. The task has no deadline, not even that of the task that creates it. A fiber
 * sleeps with tend_sleep() instead.
 *
 * In a thread that does not run the task's context, the task cannot be started: it fails with
 * `TEND_ERROR_WRONG_THREAD`, in the thread that runs the context.
 *
 * Returns: (transfer full): the task, for the thread-default main context
 *
 * Since: 0.1
 */
TendTask *
tend_task_run_delay (gint64 delay)
{
  TendTask *task;

  g_return_val_if_fail (delay >= 0, NULL);

  task = tend_task_create (NULL, &delay_body, NULL, NULL, NULL, __builtin_return_address (0));
  tend_task_set_delay (task, delay);
  start (task);

  return task;
}
