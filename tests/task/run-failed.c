// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What watches an interval task from inside the library, and is asked when a run has failed.

#include "tend-task-private.h"

#include "common.h"

typedef struct
{
  TendObserver  observer;
  const char   *name;
  gboolean      deals;                  /* its answer */
  void       (* act) (TendTask *task);  /* what it does to the task first */
  TendObserver *removes;                /* another observer that it takes off first */
} Watcher;

static gboolean
watcher_run_failed (TendObserver *observer,
                    TendTask     *task,
                    const GError *error)
{
  Watcher *self = (Watcher *) observer;

  note ("%s:%s", self->name, error->message);
  if (self->removes != NULL)
    tend_task_remove_observer (task, self->removes);
  if (self->act != NULL)
    self->act (task);

  return self->deals;
}

static void
watcher_released (TendObserver *observer,
                  TendTask     *task)
{
  note ("%s:released", ((Watcher *) observer)->name);
  tend_task_remove_observer (task, observer);
}

static const TendObserverClass watcher_class = {
  .released = watcher_released,
  .run_failed = watcher_run_failed,
};

static void
told_cb (const char   *task,
         const GError *error,
         const char   *origin,
         gpointer      user_data)
{
  note ("told:%s", error->message);
}

/* Makes a task with an interval that fails at once, without delay, and watches it by each of @watchers. */
static TendTask *
watch (TendBodyFunc  func,
       Watcher      *watchers,
       gsize         n_watchers)
{
  TendTask *task = tend_task_new_open ("watched", func, NULL, NULL);

  tend_set_unobserved_func (told_cb, NULL, NULL);
  tend_task_set_delay (task, 0);
  tend_task_set_interval (task, SECOND);
  for (gsize i = 0; i < n_watchers; i++)
    {
      watchers[i].observer.klass = &watcher_class;
      tend_task_add_observer (task, &watchers[i].observer);
    }

  return task;
}

static void
finish (TendTask *task)
{
  tend_task_stop (task);
  assert_gone (task);
  if (notes != NULL)
    g_string_free (g_steal_pointer (&notes), TRUE);
  tend_set_unobserved_func (NULL, NULL, NULL);
}

/* Each is asked, whatever the others say, and one that deals with the error is enough. */
static void
test_one_that_deals_with_it_is_enough (void)
{
  for (guint which = 0; which < 2; which++)
    {
      g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
      Watcher watchers[] = { { .name = "a" }, { .name = "b" } };
      TendTask *task = watch (fail_body, watchers, G_N_ELEMENTS (watchers));

      watchers[which].deals = TRUE;
      g_assert_true (tend_task_start (task, NULL));
      tend_clock_advance (clock, SECOND, NULL);
      assert_notes ("b:No luck a:No luck b:No luck a:No luck");
      assert_status (task, "running");
      finish (task);
    }
}

static void
test_nobody_deals_with_it (void)
{
  for (gboolean keep_going = FALSE; keep_going <= TRUE; keep_going++)
    {
      g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
      Watcher watchers[] = { { .name = "a" }, { .name = "b" } };
      TendTask *task = watch (fail_body, watchers, G_N_ELEMENTS (watchers));

      tend_task_set_keep_going (task, keep_going);
      g_assert_true (tend_task_start (task, NULL));
      tend_clock_advance (clock, 0, NULL);
      assert_notes (keep_going ? "b:No luck a:No luck told:No luck" : "b:No luck a:No luck b:released a:released");
      assert_status (task, keep_going ? "running" : "failed");
      tend_task_set_observed (task);
      finish (task);
    }
}

static void
test_answer_is_preferred_to_keep_going (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Watcher watcher = { .name = "a", .deals = TRUE };
  TendTask *task = watch (fail_body, &watcher, 1);

  tend_task_set_keep_going (task, TRUE);
  g_assert_true (tend_task_start (task, NULL));
  tend_clock_advance (clock, 0, NULL);
  assert_notes ("a:No luck");
  assert_status (task, "running");
  finish (task);
}

/* The task has ended with another error: that of the run is told, unless somebody dealt with it. */
static void
test_may_end_the_task (void)
{
  static void (* const ways[]) (TendTask *) = { tend_task_cancel, tend_task_stop };
  static const char * const statuses[] = { "cancelled", "stopped" };

  for (guint i = 0; i < 4; i++)
    {
      g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
      Watcher watchers[] = { { .name = "a" }, { .name = "b", .act = ways[i / 2], .deals = i % 2 == 0 } };
      TendTask *task = watch (fail_body, watchers, G_N_ELEMENTS (watchers));

      g_assert_true (tend_task_start (task, NULL));
      g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
      assert_notes (i % 2 == 0 ? "b:No luck b:released a:released"
                               : "b:No luck b:released a:released told:No luck");
      assert_status (task, statuses[i / 2]);
      finish (task);
    }
}

static void
test_may_take_off_another (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Watcher watchers[] = { { .name = "a" }, { .name = "b" }, { .name = "c", .deals = TRUE } };
  TendTask *task = watch (fail_body, watchers, G_N_ELEMENTS (watchers));

  watchers[2].removes = &watchers[1].observer;
  g_assert_true (tend_task_start (task, NULL));
  tend_clock_advance (clock, 0, NULL);
  assert_notes ("c:No luck a:No luck");
  finish (task);
}

static gboolean
cancelled_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Enough");
  return TRUE;
}

static gboolean
fail_cancelled_body (TendTask  *task,
                     gpointer   user_data,
                     GError   **error)
{
  tend_task_cancel (task);

  return fail_body (task, user_data, error);
}

static void
test_is_not_asked_of_a_cancelled_run (void)
{
  static const TendBodyFunc bodies[] = { cancelled_body, fail_cancelled_body };

  for (gsize i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
      Watcher watcher = { .name = "a", .deals = TRUE };
      TendTask *task = watch (bodies[i], &watcher, 1);

      g_assert_true (tend_task_start (task, NULL));
      tend_clock_advance (clock, 0, NULL);
      assert_notes ("a:released");
      tend_task_set_observed (task);
      finish (task);
    }
}

static void
test_is_not_asked_without_an_interval (void)
{
  Watcher watcher = { .name = "a", .deals = TRUE };
  TendTask *task = tend_task_new_open (NULL, fail_body, NULL, NULL);

  watcher.observer.klass = &watcher_class;
  tend_task_add_observer (task, &watcher.observer);
  g_assert_true (tend_task_start (task, NULL));
  assert_notes ("a:released");
  assert_status (task, "failed");
  tend_task_set_observed (task);
  finish (task);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) g_test_add_func ("/tend/task/run-failed/" name, func)
  ADD ("one-that-deals-with-it-is-enough", test_one_that_deals_with_it_is_enough);
  ADD ("nobody-deals-with-it", test_nobody_deals_with_it);
  ADD ("answer-is-preferred-to-keep-going", test_answer_is_preferred_to_keep_going);
  ADD ("may-end-the-task", test_may_end_the_task);
  ADD ("may-take-off-another", test_may_take_off_another);
  ADD ("is-not-asked-of-a-cancelled-run", test_is_not_asked_of_a_cancelled_run);
  ADD ("is-not-asked-without-an-interval", test_is_not_asked_without_an_interval);

  return g_test_run ();
}
