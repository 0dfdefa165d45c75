// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Who is told of an error: each way in which one arises, times each way of holding its task. The table is in
// tests/told/c.txt, of rows "way<TAB>holding<TAB>told to"; "test-task-told --write FILE" makes it.
//
// Of each error somebody is told. It is reported once at most, and not where somebody who waits, or a handler of
// task-failed, had it.

#include "common.h"

/* --- One error --- */

typedef enum
{
  HELD,
  DROPPED,
  MANAGED,
  MANAGED_HEARD,
  MANAGED_IGNORED,
  GROUPED,
  AWAITED,
  AWAITED_ASYNC,
  AWAITED_COMBINED,
  READ,
  GIVEN_UP,
  STOPPED,
  CANCELLED,
  N_HOLDINGS
} Holding;

static const char *const holdings[N_HOLDINGS] = {
  "held",
  "dropped",
  "managed",
  "managed, with a handler of task-failed",
  "managed, and ignored",
  "grouped",
  "awaited by a fiber",
  "waited for with a callback",
  "awaited through a combinator",
  "read by get_error()",
  "given up by who awaited it",
  "stopped meanwhile",
  "cancelled meanwhile",
};

typedef struct
{
  Holding   holding;
  TendTask *task;           /* not a reference: it is there while its body is */
  gboolean  has_arisen;
  guint     n_waiters;
  guint     n_handlers;
  guint     n_unobserved;
  guint     n_ignored;
} Trial;

/* The error arises now: what happens to the task just before that is a way of holding it, too. */
static GError *
arise (Trial *trial)
{
  if (trial->holding == STOPPED)
    tend_task_stop (trial->task);
  if (trial->holding == CANCELLED)
    tend_task_cancel (trial->task);

  trial->has_arisen = TRUE;
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BUSY, "it arose");
}

/* Whether it is the one, or one of several. */
static gboolean
is_it (const GError *error)
{
  g_autoptr(GPtrArray) parts = error != NULL ? tend_error_list (error) : g_ptr_array_new ();

  for (guint i = 0; i < parts->len; i++)
    if (g_error_matches (g_ptr_array_index (parts, i), G_IO_ERROR, G_IO_ERROR_BUSY))
      return TRUE;

  return FALSE;
}

static void
count_waiter (Trial  *trial,
              GError *error)
{
  if (is_it (error))
    trial->n_waiters++;
  g_clear_error (&error);
}

/* --- The ways in which it arises: a second after the start --- */

static gboolean
fail_in_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  g_propagate_error (error, arise (user_data));
  return FALSE;
}

static TendTask *
delayed (TendTask *task)
{
  tend_task_set_delay (task, SECOND);
  return task;
}

static TendTask *
of_callback (Trial *trial)
{
  return delayed (tend_task_new ("task", fail_in_body, trial, NULL));
}

/* Its waits fail when it is cancelled or stopped: what fails is its clean-up. */
static gboolean
fail_in_fiber (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  tend_sleep (SECOND, NULL);
  return fail_in_body (task, user_data, error);
}

static TendTask *
of_fiber (Trial *trial)
{
  return tend_task_new_fiber ("task", fail_in_fiber, trial, NULL);
}

static TendTask *
of_thread (Trial *trial)
{
  return delayed (tend_task_new_thread ("task", fail_in_body, trial, NULL));
}

static void
begin_async (TendTask            *task,
             GCancellable        *cancellable,
             GAsyncReadyCallback  callback,
             gpointer             callback_data,
             gpointer             user_data)
{
  g_autoptr(GTask) result = g_task_new (NULL, NULL, callback, callback_data);

  g_task_return_boolean (result, TRUE);
}

static gboolean
fail_in_finish (TendTask      *task,
                GAsyncResult  *result,
                gpointer       user_data,
                GError       **error)
{
  return fail_in_body (task, user_data, error);
}

static TendTask *
of_async_pair (Trial *trial)
{
  return delayed (tend_task_new_async ("task", begin_async, fail_in_finish, trial, NULL));
}

static TendTask *
of_open_function (Trial *trial)
{
  return delayed (tend_task_new_open ("task", fail_in_body, trial, NULL));
}

static gboolean
return_error (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  g_autoptr(TendTask) kept = g_object_ref (task);

  tend_task_return_error (kept, arise (user_data));
  return TRUE;
}

static TendTask *
of_return_error (Trial *trial)
{
  return delayed (tend_task_new_open ("task", return_error, trial, NULL));
}

static gboolean
add_failing_timer (TendTask  *task,
                   gpointer   user_data,
                   GError   **error)
{
  tend_task_add_timer (task, SECOND, -1, fail_in_body, user_data, NULL);
  return TRUE;
}

static TendTask *
of_timer (Trial *trial)
{
  return tend_task_new_open ("task", add_failing_timer, trial, NULL);
}

static gboolean
post_failure (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  tend_task_post (task, fail_in_body, user_data, NULL);
  return TRUE;
}

static TendTask *
of_post (Trial *trial)
{
  return delayed (tend_task_new_open ("task", post_failure, trial, NULL));
}

static gboolean
fail_once_in_body (TendTask  *task,
                   gpointer   user_data,
                   GError   **error)
{
  Trial *trial = user_data;

  return trial->has_arisen || fail_in_body (task, user_data, error);
}

static TendTask *
of_interval (Trial *trial)
{
  TendTask *task = tend_task_new ("task", fail_in_body, trial, NULL);

  tend_task_set_interval (task, SECOND);

  return task;
}

/* A run that the task outlives. */
static TendTask *
of_kept_interval (Trial *trial)
{
  TendTask *task = tend_task_new ("task", fail_once_in_body, trial, NULL);

  tend_task_set_interval (task, SECOND);
  tend_task_set_keep_going (task, TRUE);

  return task;
}

static TendTask *
attempt (guint    n,
         gpointer user_data)
{
  return delayed (tend_task_new ("attempt", fail_in_body, user_data, NULL));
}

static TendTask *
of_retry (Trial *trial)
{
  g_autoptr(TendRetry) retry = tend_retry_new (1);

  return tend_retry_create_task (retry, "task", attempt, trial, NULL);
}

static const struct
{
  const char *name;
  TendTask *(* create) (Trial *trial);
} ways[] = {
  { "function", of_callback },
  { "fiber", of_fiber },
  { "thread", of_thread },
  { "asynchronous pair", of_async_pair },
  { "function of an open task", of_open_function },
  { "return_error()", of_return_error },
  { "timer of the task", of_timer },
  { "post to the task", of_post },
  { "run of an interval", of_interval },
  { "run that its task outlives", of_kept_interval },
  { "last attempt of a retry", of_retry },
};

/* --- Who is told --- */

static void
unobserved_cb (const char   *task,
               const GError *error,
               const char   *origin,
               gpointer      user_data)
{
  if (is_it (error))
    ((Trial *) user_data)->n_unobserved++;
}

static void
task_failed_cb (TendTaskManager *manager,
                TendTask        *task,
                const GError    *error,
                gpointer         user_data)
{
  if (is_it (error))
    ((Trial *) user_data)->n_handlers++;
}

static void
waited_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  GError *error = NULL;

  tend_task_wait_finish (TEND_TASK (object), result, &error);
  count_waiter (user_data, error);
}

/* What a fiber awaits: the task, or a combinator of it. */
typedef struct
{
  Trial    *trial;
  TendTask *awaited;
} Await;

static gboolean
await_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  Await *await = user_data;
  g_autoptr(TendTask) awaited = g_steal_pointer (&await->awaited);
  GError *failure = NULL;

  tend_await (awaited, &failure);
  count_waiter (await->trial, failure);

  return TRUE;
}

static TendTask *
run_awaiter (Trial    *trial,
             TendTask *awaited)
{
  Await *await = g_new0 (Await, 1);

  await->trial = trial;
  await->awaited = awaited;

  return tend_task_run_fiber ("awaiter", await_body, await, g_free);
}

static void
register_with (TendTaskManager *manager,
               TendTask        *task)
{
  g_assert_nonnull (tend_task_manager_register (manager, task, TEND_NAME_POLICY_REJECT, NULL));
}

/* The clock may have to wait for a thread as well, which moves no time. */
static void
pass (TendClock *clock)
{
  tend_clock_advance (clock, SECOND + SECOND / 2, NULL);
}

static void
wait_for_thread (TendClock *clock,
                 TendTask  *task)
{
  while (!tend_task_is_finished (task))
    {
      g_main_context_iteration (NULL, TRUE);
      tend_clock_advance (clock, 0, NULL);
    }
}

/* Lets somebody look at it, and starts it. */
static TendTask *
start (Trial           *trial,
       TendTask        *task,
       TendTaskManager *manager)
{
  TendTask *awaiter = NULL;

  if (trial->holding == MANAGED_HEARD)
    g_signal_connect (manager, "task-failed", G_CALLBACK (task_failed_cb), trial);
  if (trial->holding == MANAGED_IGNORED)
    tend_task_manager_ignore_error (manager, G_IO_ERROR, G_IO_ERROR_BUSY);

  if (trial->holding == MANAGED || trial->holding == MANAGED_HEARD || trial->holding == MANAGED_IGNORED)
    {
      register_with (manager, g_object_ref (task));
    }
  else if (trial->holding == GROUPED)
    {
      g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);

      g_assert_true (tend_group_add (group, g_object_ref (task), NULL));
      return run_awaiter (trial, tend_group_join (group));
    }
  else
    {
      g_assert_true (tend_task_start (task, NULL));
    }

  if (trial->holding == AWAITED || trial->holding == GIVEN_UP)
    awaiter = run_awaiter (trial, g_object_ref (task));
  if (trial->holding == AWAITED_COMBINED)
    awaiter = run_awaiter (trial, tend_wait_all (&task, 1));
  if (trial->holding == AWAITED_ASYNC)
    tend_task_wait_async (task, NULL, waited_cb, trial);
  if (trial->holding == GIVEN_UP)
    tend_task_cancel (awaiter);

  return awaiter;
}

static void
run_trial (Trial     *trial,
           TendTask *(* create) (Trial *trial))
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTaskManager) manager = tend_task_manager_new ();
  g_autoptr(TendTask) awaiter = NULL;
  TendTask *task = create (trial);
  gboolean is_thread = create == of_thread;

  trial->task = task;
  tend_set_unobserved_func (unobserved_cb, trial, NULL);
  awaiter = start (trial, task, manager);
  if (trial->holding == DROPPED && !is_thread)
    g_object_unref (g_steal_pointer (&task));

  pass (clock);
  if (is_thread)
    wait_for_thread (clock, task);
  if (trial->holding == READ)
    count_waiter (trial, tend_task_get_error (task) != NULL ? g_error_copy (tend_task_get_error (task)) : NULL);

  /* What goes on, such as an interval. */
  if (task != NULL && !tend_task_is_ended (task))
    tend_task_cancel (task);
  pass (clock);
  g_clear_object (&task);
  g_clear_object (&awaiter);
  tend_task_manager_cancel_all (manager);
  pass (clock);
  tend_set_unobserved_func (NULL, NULL, NULL);
}

/* Who has heard of it, and that nobody has heard of it twice. */
static const char *
describe (const Trial *trial,
          const char  *way)
{
  guint n_told = trial->n_waiters + trial->n_handlers + trial->n_ignored + trial->n_unobserved;

  g_test_message ("%s, %s: %u waiters, %u handlers, %u reports", way, holdings[trial->holding],
                  trial->n_waiters, trial->n_handlers, trial->n_unobserved);
  if (!trial->has_arisen)
    {
      g_assert_cmpuint (n_told, ==, 0);
      return "it does not arise";
    }
  if (trial->holding == MANAGED_IGNORED && n_told == 0)
    return "log, as information";

  g_assert_cmpuint (n_told, ==, 1);
  return trial->n_waiters > 0 ? "waiter" : trial->n_handlers > 0 ? "task-failed" : "unobserved function";
}

static char *
make_table (void)
{
  GString *table = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    for (guint j = 0; j < N_HOLDINGS; j++)
      {
        Trial trial = { .holding = (Holding) j };

        run_trial (&trial, ways[i].create);
        g_string_append_printf (table, "%s\t%s\t%s\n", ways[i].name, holdings[j], describe (&trial, ways[i].name));
      }

  return g_string_free (table, FALSE);
}

static void
test_each_way (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "told", "c.txt", NULL);
  g_autofree char *found = make_table ();
  g_autofree char *expected = NULL;
  g_autoptr(GError) error = NULL;

  g_file_get_contents (path, &expected, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (found, ==, expected);
}

int
main (int    argc,
      char **argv)
{
  if (argc == 3 && strcmp (argv[1], "--write") == 0)
    {
      g_autofree char *table = make_table ();

      return g_file_set_contents (argv[2], table, -1, NULL) ? 0 : 1;
    }

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tend/told/each-way", test_each_way);

  return g_test_run ();
}
