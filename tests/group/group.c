// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Structured groups: children that begin and end within a scope.

#include "common.h"

static void
add (TendGroup *group,
     TendTask  *task)
{
  g_autoptr(GError) error = NULL;

  tend_group_add (group, task, &error);
  g_assert_no_error (error);
}

/* Adds a child whose body runs in so many seconds. */
static void
add_in (TendGroup     *group,
        int            seconds,
        TendTaskFunc   body,
        gconstpointer  data)
{
  g_autoptr(TendTask) task = tend_task_new (NULL, body, (gpointer) data, NULL);

  tend_task_set_delay (task, seconds * SECOND);
  add (group, task);
}

/* Adds a child that runs until it is cancelled, and drains for a second then. */
static void
add_draining (TendGroup  *group,
              const char *name)
{
  g_autoptr(TendTask) task = tend_task_new_fiber (name, drain_body, (gpointer) name, NULL);

  add (group, task);
}

static void
assert_group_gone (TendGroup **group)
{
  settle ();
  g_assert_cmpuint (tend_group_get_n_left (*group), ==, 0);
  g_assert_finalize_object (g_steal_pointer (group));
}

/* --- Policies --- */

static void
test_wait_all_lets_each_run_to_its_end (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_WAIT_ALL);
  g_autoptr(TendTask) joined = NULL;

  add_in (group, 1, fail_as_body, "a");
  add_in (group, 3, complete_body, NULL);
  add_in (group, 2, fail_as_body, "b");
  joined = tend_group_join (group);
  tend_clock_advance (clock, 3 * SECOND - 1);
  assert_status (joined, "running");
  tend_clock_advance (clock, 1);
  assert_status (joined, "failed");
  g_assert_error (tend_task_get_error (joined), TEND_TASK_ERROR, TEND_TASK_ERROR_SEVERAL);
  g_assert_cmpstr (tend_task_get_error (joined)->message, ==, "One or more errors occurred. (a) (b)");
  g_clear_object (&joined);
  assert_group_gone (&group);
}

static void
test_completes_when_all_have (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_FIRST_ERROR);
  g_autoptr(TendTask) joined = NULL;

  add_in (group, 1, complete_body, NULL);
  add_in (group, 2, complete_body, NULL);
  joined = tend_group_join (group);
  g_assert_cmpint (tend_clock_run_until_idle (clock), ==, 2 * SECOND);
  assert_status (joined, "completed");
  g_assert_null (tend_task_get_result (joined, NULL));
  g_clear_object (&joined);
  assert_group_gone (&group);
}

static void
test_first_error_cancels_the_others (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_FIRST_ERROR);
  g_autoptr(TendTask) joined = NULL;

  add_draining (group, "a");
  add_in (group, 1, fail_as_body, "first");
  add_in (group, 5, complete_body, NULL);
  add_draining (group, "b");
  joined = tend_group_join (group);

  /* The others take a second more to end. */
  tend_clock_advance (clock, 2 * SECOND - 1);
  g_assert_cmpuint (tend_group_get_n_left (group), ==, 2);
  assert_status (joined, "running");
  tend_clock_advance (clock, 1);
  assert_notes ("a:drained b:drained");
  assert_status (joined, "failed");
  g_assert_cmpstr (tend_task_get_error (joined)->message, ==, "first");
  g_clear_object (&joined);
  assert_group_gone (&group);
}

/* What goes wrong while the others are being cancelled is told as well. */
static gboolean
fail_when_cancelled_body (TendTask  *task,
                          gpointer   user_data,
                          GError   **error)
{
  tend_sleep (100 * SECOND, NULL);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "clean-up failed");
  return FALSE;
}

static void
test_error_of_a_clean_up_is_told (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_FIRST_ERROR);
  g_autoptr(TendTask) child = tend_task_new_fiber (NULL, fail_when_cancelled_body, NULL, NULL);
  g_autoptr(TendTask) joined = NULL;

  add (group, child);
  add_in (group, 1, fail_as_body, "first");
  joined = tend_group_join (group);
  tend_clock_run_until_idle (clock);
  g_assert_cmpstr (tend_task_get_error (joined)->message, ==, "One or more errors occurred. (first) (clean-up failed)");
  g_clear_object (&joined);
  assert_gone (child);
  assert_group_gone (&group);
}

static void
test_first_success_cancels_the_others (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_FIRST_SUCCESS);
  g_autoptr(TendTask) winner = tend_task_new ("winner", complete_body, NULL, NULL);
  g_autoptr(TendTask) joined = NULL;

  add_in (group, 1, fail_body, NULL);
  add_draining (group, "a");
  tend_task_set_delay (winner, 2 * SECOND);
  add (group, winner);
  add_in (group, 5, complete_body, NULL);
  joined = tend_group_join (group);
  g_assert_cmpint (tend_clock_run_until_idle (clock), ==, 3 * SECOND);
  assert_notes ("a:drained");
  assert_status (joined, "completed");
  g_assert_true (tend_task_get_object (joined) == winner);
  g_clear_object (&joined);
  assert_group_gone (&group);
  assert_gone (winner);
}

static void
test_first_success_fails_if_none_completes (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_FIRST_SUCCESS);
  g_autoptr(TendTask) joined = NULL;

  add_in (group, 2, fail_as_body, "b");
  add_in (group, 1, fail_as_body, "a");
  joined = tend_group_join (group);
  tend_clock_run_until_idle (clock);
  assert_status (joined, "failed");
  g_assert_cmpstr (tend_task_get_error (joined)->message, ==, "One or more errors occurred. (a) (b)");
  g_clear_object (&joined);
  assert_group_gone (&group);
}

/* A child that somebody cancels is no failure, and two of them are none. */
static void
test_cancelled_children_are_no_failure (void)
{
  for (guint n_cancelled = 1; n_cancelled <= 2; n_cancelled++)
    {
      g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_FIRST_ERROR);
      g_autoptr(TendTask) joined = NULL;

      for (guint i = 0; i < 3; i++)
        {
          g_autoptr(TendTask) child = tend_task_new (NULL, i < n_cancelled ? cancel_body : complete_body, NULL, NULL);

          add (group, child);
        }
      joined = tend_group_join (group);
      assert_status (joined, "cancelled");
      g_clear_object (&joined);
      assert_group_gone (&group);
    }
}

/* --- Adding --- */

static void
test_starts_at_once (void)
{
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_WAIT_ALL);
  g_autoptr(TendTask) child = tend_task_new (NULL, complete_body, NULL, NULL);

  add (group, child);
  assert_status (child, "completed");
  assert_gone (child);
  assert_group_gone (&group);
}

static void
test_without_children_is_over_at_once (void)
{
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_FIRST_SUCCESS);
  g_autoptr(TendTask) joined = tend_group_join (group);
  g_autoptr(TendTask) again = tend_group_join (group);

  assert_status (joined, "completed");
  g_assert_true (joined == again);
  g_clear_object (&joined);
  g_clear_object (&again);
  assert_group_gone (&group);
}

static void
assert_refused (TendGroup *group,
                TendTask  *task,
                int        code)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (tend_group_add (group, task, &error));
  g_assert_error (error, TEND_TASK_ERROR, code);
}

static gboolean
wrong_thread_cb (gpointer data)
{
  *(TendTask **) data = tend_task_new (NULL, complete_body, NULL, NULL);
  return G_SOURCE_REMOVE;
}

static void
test_refuses_what_cannot_be_a_child (void)
{
  Other *other = other_new ();
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_WAIT_ALL);
  g_autoptr(TendTask) started = tend_task_run (NULL, complete_body, NULL, NULL);
  g_autoptr(TendTask) bodyless = tend_task_new (NULL, NULL, NULL, NULL);
  TendTask *foreign = NULL;

  assert_refused (group, started, TEND_TASK_ERROR_STATE);
  assert_refused (group, bodyless, TEND_TASK_ERROR_STATE);
  other_call (other, wrong_thread_cb, &foreign);
  assert_refused (group, foreign, TEND_TASK_ERROR_WRONG_THREAD);
  g_object_unref (foreign);
  other_free (other);
  tend_task_stop (bodyless);
  assert_gone (bodyless);
  assert_gone (started);
  assert_group_gone (&group);
}

static void
test_refuses_children_after_the_end (void)
{
  g_autoptr(TendTask) late = tend_task_new (NULL, complete_body, NULL, NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_WAIT_ALL);
  g_autoptr(TendTask) joined = tend_group_join (group);

  assert_refused (group, late, TEND_TASK_ERROR_SHUT_DOWN);
  g_clear_object (&joined);
  assert_group_gone (&group);

  group = tend_group_new (TEND_GROUP_WAIT_ALL);
  tend_group_cancel (group);
  assert_refused (group, late, TEND_TASK_ERROR_SHUT_DOWN);
  assert_group_gone (&group);

  group = tend_group_new (TEND_GROUP_FIRST_ERROR);
  add_in (group, 0, fail_body, NULL);
  settle ();
  assert_refused (group, late, TEND_TASK_ERROR_SHUT_DOWN);
  joined = tend_group_join (group);
  tend_task_get_error (joined);
  g_clear_object (&joined);
  assert_group_gone (&group);
  assert_gone (late);
}

static void
add_two_body (TendTask *task,
              gpointer  user_data)
{
  TendGroup *group = user_data;

  add_in (group, 1, complete_body, NULL);
  add_in (group, 2, complete_body, NULL);
  tend_task_return_value (task, NULL);
}

/* Also the last child may, while somebody waits for the group. */
static void
test_children_may_add_children (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_WAIT_ALL);
  g_autoptr(TendTask) joined = NULL;

  add_in (group, 1, add_two_body, group);
  joined = tend_group_join (group);
  tend_clock_advance (clock, SECOND);
  g_assert_cmpuint (tend_group_get_n_left (group), ==, 2);
  tend_clock_run_until_idle (clock);
  assert_status (joined, "completed");
  g_clear_object (&joined);
  assert_group_gone (&group);
}

/* --- The limit --- */

typedef struct
{
  guint n_running;
  guint n_most;
} Count;

static gboolean
counted_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  Count *count = user_data;
  gboolean slept;

  note ("%s", tend_task_get_name (task));
  count->n_running++;
  count->n_most = MAX (count->n_most, count->n_running);
  slept = tend_sleep (SECOND, error);
  count->n_running--;
  return slept;
}

static void
test_limit_lets_so_many_run_at_once (void)
{
  const char *names[] = { "a", "b", "c", "d", "e" };
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_WAIT_ALL);
  g_autoptr(TendTask) joined = NULL;
  Count count = { 0 };

  tend_group_set_max_running (group, 2);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr(TendTask) child = tend_task_new_fiber (names[i], counted_body, &count, NULL);

      add (group, child);
      assert_status (child, i < 2 ? "running" : "pending");
    }
  joined = tend_group_join (group);
  g_assert_cmpint (tend_clock_run_until_idle (clock), ==, 3 * SECOND);
  assert_notes ("a b c d e");
  g_assert_cmpuint (count.n_most, ==, 2);
  assert_status (joined, "completed");
  g_clear_object (&joined);
  assert_group_gone (&group);
}

static void
note_limit_cb (GObject    *object,
               GParamSpec *pspec,
               gpointer    user_data)
{
  note ("limit:%u", tend_group_get_max_running (TEND_GROUP (object)));
}

static void
test_limit_may_be_lifted (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_WAIT_ALL);
  g_autoptr(TendTask) a = tend_task_new_fiber ("a", counted_body, &(Count) { 0 }, NULL);
  g_autoptr(TendTask) b = tend_task_new_fiber ("b", counted_body, &(Count) { 0 }, NULL);
  TendGroupPolicy policy;
  guint limit;

  g_signal_connect (group, "notify::max-running", G_CALLBACK (note_limit_cb), NULL);
  tend_group_set_max_running (group, 1);
  tend_group_set_max_running (group, 1);
  add (group, a);
  add (group, b);
  assert_notes ("limit:1 a");
  g_object_set (group, "max-running", 0, NULL);
  settle ();
  assert_notes ("limit:0 b");
  g_object_get (group, "max-running", &limit, "policy", &policy, NULL);
  g_assert_cmpuint (limit, ==, 0);
  g_assert_cmpint (policy, ==, tend_group_get_policy (group));
  g_assert_cmpint (tend_clock_run_until_idle (clock), ==, SECOND);
  assert_gone (a);
  assert_gone (b);
  assert_group_gone (&group);
}

/* Who waits for a slot and is cancelled takes none, and does not run. */
static void
test_limit_waiting_child_may_be_cancelled (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_WAIT_ALL);
  g_autoptr(TendTask) waiting = tend_task_new_fiber ("waiting", counted_body, &(Count) { 0 }, NULL);
  g_autoptr(TendTask) last = tend_task_new_fiber ("last", counted_body, &(Count) { 0 }, NULL);
  g_autoptr(TendTask) joined = NULL;

  tend_group_set_max_running (group, 1);
  add_in (group, 1, complete_body, NULL);
  add (group, waiting);
  add (group, last);
  tend_task_cancel (waiting);
  assert_status (waiting, "cancelled");
  joined = tend_group_join (group);
  g_assert_cmpint (tend_clock_run_until_idle (clock), ==, 2 * SECOND);
  assert_notes ("last");
  assert_status (joined, "cancelled");
  g_clear_object (&joined);
  assert_gone (waiting);
  assert_gone (last);
  assert_group_gone (&group);
}

/* The delay of a child that waited for a slot begins when it has one, and counts as running. */
static void
test_limit_keeps_the_delay (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_WAIT_ALL);
  g_autoptr(TendTask) joined = NULL;

  tend_group_set_max_running (group, 1);
  add_in (group, 1, complete_body, NULL);
  add_in (group, 2, complete_body, NULL);
  joined = tend_group_join (group);
  g_assert_cmpint (tend_clock_run_until_idle (clock), ==, 3 * SECOND);
  assert_status (joined, "completed");
  g_clear_object (&joined);
  assert_group_gone (&group);
}

static void
test_cancel_starts_none_of_those_that_wait (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_WAIT_ALL);
  g_autoptr(TendTask) joined = NULL;

  tend_group_set_max_running (group, 1);
  add_in (group, 1, complete_body, NULL);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(TendTask) waiting = tend_task_new_fiber ("waiting", counted_body, &(Count) { 0 }, NULL);

      add (group, waiting);
    }
  joined = tend_group_join (group);
  tend_group_cancel (group);
  g_assert_cmpint (tend_clock_run_until_idle (clock), ==, 0);
  assert_notes ("");
  assert_status (joined, "cancelled");
  g_clear_object (&joined);
  assert_group_gone (&group);
}

/* --- Cancelling --- */

static void
cancel_group (TendGroup *group,
              TendTask  *joined)
{
  tend_group_cancel (group);
}

static void
cancel_joined (TendGroup *group,
               TendTask  *joined)
{
  tend_task_cancel (joined);
}

static void
test_cancel_waits_for_the_real_ends (void)
{
  void (* const ways[]) (TendGroup *, TendTask *) = { cancel_group, cancel_joined };

  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
      g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_WAIT_ALL);
      g_autoptr(TendTask) joined = NULL;

      add_draining (group, "a");
      add_draining (group, "b");
      joined = tend_group_join (group);
      ways[i] (group, joined);
      ways[i] (group, joined);
      tend_clock_advance (clock, SECOND - 1);
      assert_notes ("");
      assert_status (joined, "running");
      tend_clock_advance (clock, 1);
      assert_notes ("a:drained b:drained");
      assert_status (joined, "cancelled");
      g_assert_error (tend_task_get_error (joined), G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_object (&joined);
      assert_group_gone (&group);
    }
}

typedef struct
{
  GMutex   lock;
  GCond    cond;
  gboolean may_end;
} Worker;

static gboolean
deaf_thread_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  Worker *worker = user_data;

  g_mutex_lock (&worker->lock);
  while (!worker->may_end)
    g_cond_wait (&worker->cond, &worker->lock);
  g_mutex_unlock (&worker->lock);
  return TRUE;
}

/* A child that was stopped has ended, and its thread has not. */
static void
test_waits_for_the_thread_of_a_stopped_child (void)
{
  Worker worker = { 0 };
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_WAIT_ALL);
  g_autoptr(TendTask) child = tend_task_new_thread (NULL, deaf_thread_body, &worker, NULL);
  g_autoptr(TendTask) joined = NULL;

  add (group, child);
  joined = tend_group_join (group);
  tend_task_stop (child);
  settle ();
  assert_status (child, "stopped");
  assert_status (joined, "running");
  g_mutex_lock (&worker.lock);
  worker.may_end = TRUE;
  g_cond_signal (&worker.cond);
  g_mutex_unlock (&worker.lock);
  g_assert_false (tend_task_wait_sync (joined, NULL));
  g_assert_error (tend_task_get_error (joined), TEND_TASK_ERROR, TEND_TASK_ERROR_STOPPED);
  g_clear_object (&joined);
  assert_gone (child);
  assert_group_gone (&group);
}

/* --- Errors of a group that nobody waits for --- */

static void
test_dropping_it_cancels_the_children (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendGroup *group = tend_group_new (TEND_GROUP_WAIT_ALL);

  add_draining (group, "a");
  add_in (group, 1, complete_body, NULL);
  g_assert_finalize_object (group);
  g_assert_cmpint (tend_clock_run_until_idle (clock), ==, SECOND);
  assert_notes ("a:drained");
}

static void
test_dropping_it_loses_no_error (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendGroup *group = tend_group_new (TEND_GROUP_WAIT_ALL);
  g_autoptr(TendTask) child = tend_task_new_fiber (NULL, fail_when_cancelled_body, NULL, NULL);

  tend_set_unobserved_func (note_unobserved_cb, NULL, NULL);
  add_in (group, 1, fail_as_body, "before");
  add (group, child);
  tend_clock_advance (clock, 2 * SECOND);
  g_assert_finalize_object (group);
  assert_notes ("unobserved:before");
  settle ();
  assert_gone (child);
  assert_notes ("unobserved:clean-up failed");
  tend_set_unobserved_func (NULL, NULL, NULL);
}

static void
test_unread_joined_task_reports_the_error_once (void)
{
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_WAIT_ALL);

  tend_set_unobserved_func (note_unobserved_cb, NULL, NULL);
  add_in (group, 0, fail_as_body, "lost?");
  g_object_unref (tend_group_join (group));
  assert_group_gone (&group);
  assert_notes ("unobserved:lost?");
  tend_set_unobserved_func (NULL, NULL, NULL);
}

/* The task of the group was stopped, and cannot carry what the children say. */
static void
test_stopping_the_joined_task_loses_no_error (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendGroup *group = tend_group_new (TEND_GROUP_WAIT_ALL);
  g_autoptr(TendTask) joined = NULL;

  tend_set_unobserved_func (note_unobserved_cb, NULL, NULL);
  add_in (group, 1, fail_as_body, "before");
  add_draining (group, "a");
  joined = tend_group_join (group);
  tend_clock_advance (clock, 2 * SECOND);
  tend_task_stop (joined);
  g_clear_object (&joined);
  g_object_unref (group);
  tend_clock_run_until_idle (clock);
  assert_notes ("unobserved:before a:drained");
  tend_set_unobserved_func (NULL, NULL, NULL);
}

/* --- In fibers --- */

typedef struct
{
  const char      *name;
  int              seconds;     /* until its second child ends */
  TendTaskFunc     body;
  TendGroupPolicy  policy;
} Scope;

static gboolean
scope_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  Scope *scope = user_data;
  g_autoptr(TendGroup) group = tend_group_new (scope->policy);
  gboolean completed;

  add_draining (group, "child");
  add_in (group, scope->seconds, scope->body, "second");
  completed = tend_group_wait (group, error);
  note ("%s:%s", scope->name, completed ? "completed" : (*error)->message);
  g_assert_cmpuint (tend_group_get_n_left (group), ==, tend_task_is_ended (task) ? 1 : 0);
  return completed;
}

static void
test_is_waited_for_in_a_fiber (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Scope scope = { "scope", 1, fail_as_body, TEND_GROUP_FIRST_ERROR };
  g_autoptr(TendTask) fiber = tend_task_run_fiber (NULL, scope_body, &scope, NULL);

  g_assert_cmpint (tend_clock_run_until_idle (clock), ==, 2 * SECOND);
  assert_notes ("child:drained scope:second");
  g_assert_cmpstr (tend_task_get_error (fiber)->message, ==, "second");
  assert_gone (fiber);
}

static void
test_cancelled_fiber_waits_for_the_children (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Scope scope = { "scope", 50, complete_body, TEND_GROUP_WAIT_ALL };
  g_autoptr(TendTask) fiber = tend_task_run_fiber ("fiber", scope_body, &scope, NULL);
  g_autofree char *text = tend_task_to_string (fiber);
  g_autofree char *expected = g_strdup_printf ("child:drained scope:%s was cancelled", text);

  tend_clock_advance (clock, SECOND);
  tend_task_cancel (fiber);
  tend_clock_advance (clock, SECOND - 1);
  assert_status (fiber, "running");
  tend_clock_advance (clock, 1);
  assert_notes (expected);
  assert_status (fiber, "cancelled");
  assert_gone (fiber);
}

/* The failure comes before the cancellation in time and in weight. */
static void
test_cancelled_fiber_hears_of_failures (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Scope scope = { "scope", 1, fail_as_body, TEND_GROUP_WAIT_ALL };
  g_autoptr(TendTask) fiber = tend_task_run_fiber ("fiber", scope_body, &scope, NULL);

  tend_set_unobserved_func (note_unobserved_cb, NULL, NULL);
  tend_clock_advance (clock, 2 * SECOND);
  tend_task_cancel (fiber);
  tend_clock_run_until_idle (clock);
  assert_notes ("child:drained scope:second");
  assert_status (fiber, "failed");
  g_assert_cmpstr (tend_task_get_error (fiber)->message, ==, "second");
  assert_gone (fiber);
  assert_notes ("");
  tend_set_unobserved_func (NULL, NULL, NULL);
}

/* Stopping does not wait, but the child is cancelled all the same. */
static void
test_stopped_fiber_cancels_the_children (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Scope scope = { "scope", 50, complete_body, TEND_GROUP_WAIT_ALL };
  g_autoptr(TendTask) fiber = tend_task_run_fiber ("fiber", scope_body, &scope, NULL);
  g_autofree char *text = tend_task_to_string (fiber);
  g_autofree char *expected = g_strdup_printf ("scope:%s was stopped child:drained", text);

  tend_clock_advance (clock, SECOND);
  tend_task_stop (fiber);
  g_assert_cmpint (tend_clock_run_until_idle (clock), ==, SECOND);
  assert_notes (expected);
  assert_gone (fiber);
}

static void
test_stopped_fiber_loses_no_error (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Scope scope = { "scope", 1, fail_as_body, TEND_GROUP_WAIT_ALL };
  g_autoptr(TendTask) fiber = tend_task_run_fiber ("fiber", scope_body, &scope, NULL);
  g_autofree char *text = tend_task_to_string (fiber);
  g_autofree char *expected = g_strdup_printf ("scope:%s was stopped child:drained unobserved:second", text);

  tend_set_unobserved_func (note_unobserved_cb, NULL, NULL);
  tend_clock_advance (clock, 2 * SECOND);
  tend_task_stop (fiber);
  tend_clock_run_until_idle (clock);
  assert_gone (fiber);
  assert_notes (expected);
  tend_set_unobserved_func (NULL, NULL, NULL);
}

static gboolean
outer_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_FIRST_ERROR);
  g_autoptr(TendTask) inner = tend_task_new_fiber ("inner", scope_body, user_data, NULL);

  add (group, inner);
  add_in (group, 2, fail_as_body, "outer child");
  if (!tend_group_wait (group, error))
    {
      note ("outer:%s", (*error)->message);
      return FALSE;
    }
  return TRUE;
}

static void
test_groups_nest (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Scope scope = { "inner", 50, complete_body, TEND_GROUP_WAIT_ALL };
  g_autoptr(TendTask) fiber = tend_task_run_fiber (NULL, outer_body, &scope, NULL);

  g_assert_cmpint (tend_clock_run_until_idle (clock), ==, 3 * SECOND);
  g_assert_true (g_str_has_prefix (notes->str, "child:drained inner:Task('inner', "));
  g_assert_true (g_str_has_suffix (notes->str, "was cancelled outer:outer child"));
  g_string_free (g_steal_pointer (&notes), TRUE);
  g_assert_cmpstr (tend_task_get_error (fiber)->message, ==, "outer child");
  assert_gone (fiber);
}

static void
test_wait_needs_a_fiber (void)
{
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_WAIT_ALL);
  g_autoptr(TendTask) child = tend_task_new (NULL, idle_body, NULL, NULL);
  g_autoptr(GError) error = NULL;

  add (group, child);
  g_assert_false (tend_group_wait (group, &error));
  g_assert_error (error, TEND_TASK_ERROR, TEND_TASK_ERROR_NO_FIBER);
  assert_status (child, "running");
  tend_group_cancel (group);
  tend_task_return_value (child, NULL);
  assert_gone (child);
  assert_group_gone (&group);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/group/wait-all-lets-each-run-to-its-end", test_wait_all_lets_each_run_to_its_end);
  g_test_add_func ("/tend/group/completes-when-all-have", test_completes_when_all_have);
  g_test_add_func ("/tend/group/first-error-cancels-the-others", test_first_error_cancels_the_others);
  g_test_add_func ("/tend/group/error-of-a-clean-up-is-told", test_error_of_a_clean_up_is_told);
  g_test_add_func ("/tend/group/first-success-cancels-the-others", test_first_success_cancels_the_others);
  g_test_add_func ("/tend/group/first-success-fails-if-none-completes", test_first_success_fails_if_none_completes);
  g_test_add_func ("/tend/group/cancelled-children-are-no-failure", test_cancelled_children_are_no_failure);
  g_test_add_func ("/tend/group/starts-at-once", test_starts_at_once);
  g_test_add_func ("/tend/group/without-children-is-over-at-once", test_without_children_is_over_at_once);
  g_test_add_func ("/tend/group/refuses-what-cannot-be-a-child", test_refuses_what_cannot_be_a_child);
  g_test_add_func ("/tend/group/refuses-children-after-the-end", test_refuses_children_after_the_end);
  g_test_add_func ("/tend/group/children-may-add-children", test_children_may_add_children);
  g_test_add_func ("/tend/group/limit-lets-so-many-run-at-once", test_limit_lets_so_many_run_at_once);
  g_test_add_func ("/tend/group/limit-may-be-lifted", test_limit_may_be_lifted);
  g_test_add_func ("/tend/group/limit-waiting-child-may-be-cancelled", test_limit_waiting_child_may_be_cancelled);
  g_test_add_func ("/tend/group/limit-keeps-the-delay", test_limit_keeps_the_delay);
  g_test_add_func ("/tend/group/cancel-starts-none-of-those-that-wait", test_cancel_starts_none_of_those_that_wait);
  g_test_add_func ("/tend/group/cancel-waits-for-the-real-ends", test_cancel_waits_for_the_real_ends);
  g_test_add_func ("/tend/group/waits-for-the-thread-of-a-stopped-child",
                   test_waits_for_the_thread_of_a_stopped_child);
  g_test_add_func ("/tend/group/dropping-it-cancels-the-children", test_dropping_it_cancels_the_children);
  g_test_add_func ("/tend/group/dropping-it-loses-no-error", test_dropping_it_loses_no_error);
  g_test_add_func ("/tend/group/unread-joined-task-reports-the-error-once",
                   test_unread_joined_task_reports_the_error_once);
  g_test_add_func ("/tend/group/stopping-the-joined-task-loses-no-error",
                   test_stopping_the_joined_task_loses_no_error);
  g_test_add_func ("/tend/group/is-waited-for-in-a-fiber", test_is_waited_for_in_a_fiber);
  g_test_add_func ("/tend/group/cancelled-fiber-waits-for-the-children", test_cancelled_fiber_waits_for_the_children);
  g_test_add_func ("/tend/group/cancelled-fiber-hears-of-failures", test_cancelled_fiber_hears_of_failures);
  g_test_add_func ("/tend/group/stopped-fiber-cancels-the-children", test_stopped_fiber_cancels_the_children);
  g_test_add_func ("/tend/group/stopped-fiber-loses-no-error", test_stopped_fiber_loses_no_error);
  g_test_add_func ("/tend/group/groups-nest", test_groups_nest);
  g_test_add_func ("/tend/group/wait-needs-a-fiber", test_wait_needs_a_fiber);

  return g_test_run ();
}
