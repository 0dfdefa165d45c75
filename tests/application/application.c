// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// An application that waits for its tasks: they hold it, and end in order before its run returns. Time is the tests':
// while an application ends, it jumps from deadline to deadline.

#include <signal.h>
#include <tend.h>

#define SECOND G_TIME_SPAN_SECOND

typedef struct
{
  GApplication    *application;
  TendTaskManager *manager;
  TendClock       *clock;
  gint64           begin;
  GString         *log;
} Fixture;

static Fixture *fixture;

static void
note (const char *text)
{
  g_string_append_printf (fixture->log, "%s%s", fixture->log->len > 0 ? " " : "", text);
}

static void
assert_log (const char *log)
{
  g_assert_cmpstr (fixture->log->str, ==, log);
  g_string_truncate (fixture->log, 0);
}

static void
setup (Fixture       *self,
       gconstpointer  unused)
{
  fixture = self;
  self->application = g_application_new (NULL, G_APPLICATION_NON_UNIQUE);
  self->manager = tend_task_manager_new ();
  self->clock = tend_clock_freeze (NULL);
  self->begin = tend_clock_get_time (self->clock);
  self->log = g_string_new (NULL);
}

static void
teardown (Fixture       *self,
          gconstpointer  unused)
{
  TendTaskManager *manager = self->manager;

  g_assert_finalize_object (self->application);
  g_assert_finalize_object (manager);
  g_object_unref (self->clock);
  g_string_free (self->log, TRUE);
}

/* Runs the application, which calls @activated first. */
static void
run (void (*activated) (void))
{
  g_signal_connect_swapped (fixture->application, "activate", G_CALLBACK (activated), NULL);
  g_assert_cmpint (g_application_run (fixture->application, 0, NULL), ==, 0);
  g_assert_true (tend_task_manager_is_shut_down (fixture->manager));
  g_assert_false (tend_task_manager_is_busy (fixture->manager));
}

static TendTask *
start (const char   *name,
       TendBodyFunc  body)
{
  g_autoptr(GError) error = NULL;
  TendTask *task = tend_task_manager_register (fixture->manager, tend_task_new_fiber (name, body, NULL, NULL),
                                               TEND_NAME_POLICY_REJECT, &error);

  g_assert_no_error (error);
  return task;
}

static gboolean
yield_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  for (guint i = 0; i < 10; i++)
    {
      if (!tend_yield (error))
        return FALSE;
    }
  note (tend_task_get_name (task));

  return TRUE;
}

/* Says when it is cancelled, and cleans up for a second then. */
static gboolean
sleep_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  g_auto(TendShield) shield = { 0 };

  if (tend_sleep (TEND_FOREVER, error))
    return TRUE;

  note ("cancelled");
  shield = tend_shield_enter ();
  if (tend_sleep (SECOND, NULL))
    note ("cleaned");

  return FALSE;
}

/* Ignores that it is cancelled. */
static gboolean
stubborn_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  g_auto(TendShield) shield = tend_shield_enter ();

  return tend_sleep (TEND_FOREVER, error);
}

/* Needs four seconds. */
static gboolean
slow_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  if (!tend_sleep (4 * SECOND, error))
    return FALSE;

  note ("done");
  return TRUE;
}

static gboolean
quit_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  g_application_quit (fixture->application);
  return TRUE;
}

/* --- The hold --- */

static void
start_yielder (void)
{
  start ("yields", yield_body);
}

static void
test_tasks_hold_it (Fixture       *self,
                    gconstpointer  unused)
{
  tend_application_add_manager (self->application, self->manager, TEND_APPLICATION_FLAGS_NONE);
  run (start_yielder);
  assert_log ("yields");
}

/* One that was there before is no different. */
static void
test_tasks_from_before_hold_it (Fixture       *self,
                                gconstpointer  unused)
{
  start ("before", yield_body);
  tend_application_add_manager (self->application, self->manager, TEND_APPLICATION_FLAGS_NONE);
  run ((void (*) (void)) g_main_context_default);
  assert_log ("before");
}

static void
start_sleeper (void)
{
  TendTask *task = start ("sleeps", sleep_body);

  while (tend_task_get_status (task) != TEND_TASK_STATUS_RUNNING)
    g_main_context_iteration (NULL, TRUE);
}

/* Nothing holds the application: it ends, and with it the task. */
static void
test_background_does_not_hold_it (Fixture       *self,
                                  gconstpointer  unused)
{
  tend_application_add_manager (self->application, self->manager, TEND_APPLICATION_FLAGS_BACKGROUND);
  run (start_sleeper);
  assert_log ("cancelled cleaned");
}

/* --- The end --- */

static void
start_sleeper_and_quit (void)
{
  start ("sleeps", sleep_body);
  start ("quits", quit_body);
}

static void
test_quit_cancels (Fixture       *self,
                   gconstpointer  unused)
{
  tend_application_add_manager (self->application, self->manager, TEND_APPLICATION_FLAGS_NONE);
  run (start_sleeper_and_quit);
  assert_log ("cancelled cleaned");
  g_assert_cmpint (tend_clock_get_time (self->clock) - self->begin, ==, SECOND);
}

static void
start_stubborn_and_quit (void)
{
  start ("stubborn", stubborn_body);
  start ("quits", quit_body);
}

static void
test_stragglers_are_named (Fixture       *self,
                           gconstpointer  unused)
{
  tend_application_add_manager (self->application, self->manager, TEND_APPLICATION_FLAGS_NONE);
  g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING,
                         "Program: at its end: Task 'stubborn': stopped: it is 5.000 s old and running, *");
  run (start_stubborn_and_quit);
  g_test_assert_expected_messages ();
  g_assert_cmpint (tend_clock_get_time (self->clock) - self->begin, ==, 5 * SECOND);
}

static void
start_slow_and_quit (void)
{
  start ("slow", slow_body);
  start ("quits", quit_body);
}

static void
test_drains (Fixture       *self,
             gconstpointer  unused)
{
  tend_application_add_manager (self->application, self->manager, TEND_APPLICATION_FLAGS_DRAIN);
  run (start_slow_and_quit);
  assert_log ("done");
  g_assert_cmpint (tend_clock_get_time (self->clock) - self->begin, ==, 4 * SECOND);
}

/* What does not finish within the grace period is cancelled, and has as long once more. */
static void
test_drains_no_longer_than_the_grace_period (Fixture       *self,
                                             gconstpointer  unused)
{
  tend_application_add_manager (self->application, self->manager, TEND_APPLICATION_FLAGS_DRAIN);
  run (start_sleeper_and_quit);
  assert_log ("cancelled cleaned");
  g_assert_cmpint (tend_clock_get_time (self->clock) - self->begin, ==, 6 * SECOND);
}

static gboolean
fail_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "no more ink");
  return FALSE;
}

static void
test_failed_shutdown_tasks_are_named (Fixture       *self,
                                      gconstpointer  unused)
{
  g_assert_true (tend_task_manager_add_shutdown_task (self->manager, tend_task_new ("last", fail_body, NULL, NULL),
                                                      NULL));
  tend_application_add_manager (self->application, self->manager, TEND_APPLICATION_FLAGS_NONE);
  g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING, "Program: at its end: *no more ink*");
  run ((void (*) (void)) g_main_context_default);
  g_test_assert_expected_messages ();
}

/* Two managers end side by side. */
static void
test_several (Fixture       *self,
              gconstpointer  unused)
{
  TendTaskManager *other = tend_task_manager_new ();
  g_autoptr(GError) error = NULL;

  tend_task_manager_register (other, tend_task_new_fiber ("other", sleep_body, NULL, NULL), TEND_NAME_POLICY_REJECT,
                              &error);
  g_assert_no_error (error);
  tend_application_add_manager (self->application, other, TEND_APPLICATION_FLAGS_BACKGROUND);
  tend_application_add_manager (self->application, self->manager, TEND_APPLICATION_FLAGS_NONE);
  g_object_unref (other);
  run (start_sleeper_and_quit);
  assert_log ("cancelled cancelled cleaned cleaned");
  g_assert_cmpint (tend_clock_get_time (self->clock) - self->begin, ==, SECOND);
}

/* The run of an application may be over without an end of its managers, if it never began. */
static void
test_is_never_run (Fixture       *self,
                   gconstpointer  unused)
{
  tend_application_add_manager (self->application, self->manager, TEND_APPLICATION_FLAGS_NONE);
  start_sleeper ();
  tend_task_manager_stop_all (self->manager);
  assert_log ("cancelled");
}

/* --- Signals --- */

static gboolean
terminate_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  kill (getpid (), SIGTERM);
  return TRUE;
}

static void
start_sleeper_and_terminate (void)
{
  start ("sleeps", sleep_body);
  start ("terminates", terminate_body);
}

static void
test_sigterm (Fixture       *self,
              gconstpointer  unused)
{
  struct sigaction action;

  tend_application_add_manager (self->application, self->manager, TEND_APPLICATION_FLAGS_NONE);
  run (start_sleeper_and_terminate);
  assert_log ("cancelled cleaned");

  g_object_unref (self->application);
  self->application = g_application_new (NULL, G_APPLICATION_NON_UNIQUE);
  g_assert_no_errno (sigaction (SIGTERM, NULL, &action));
  g_assert_true (action.sa_handler == SIG_DFL);
}

/* Waits for the signal, of which GLib's thread tells, with its clean-up. */
static gboolean
terminate_twice_body (TendTask  *task,
                      gpointer   user_data,
                      GError   **error)
{
  g_auto(TendShield) shield = { 0 };

  kill (getpid (), SIGTERM);
  tend_sleep (TEND_FOREVER, error);
  note ("cancelled");
  kill (getpid (), SIGTERM);
  shield = tend_shield_enter ();
  while (tend_yield (NULL))
    ;
  note ("stopped");

  return FALSE;
}

static void
start_twice (void)
{
  start ("twice", terminate_twice_body);
}

static void
test_sigterm_twice (Fixture       *self,
                    gconstpointer  unused)
{
  tend_application_add_manager (self->application, self->manager, TEND_APPLICATION_FLAGS_NONE);
  run (start_twice);
  assert_log ("cancelled stopped");
}

static void
own_handler (int signum)
{
}

/* A program that handles a signal by itself keeps doing so. */
static void
test_own_handler (Fixture       *self,
                  gconstpointer  unused)
{
  struct sigaction action = { .sa_handler = own_handler }, old, found;

  g_assert_no_errno (sigaction (SIGTERM, &action, &old));
  tend_application_add_manager (self->application, self->manager, TEND_APPLICATION_FLAGS_NONE);
  g_assert_no_errno (sigaction (SIGTERM, &old, &found));
  g_assert_true (found.sa_handler == own_handler);
}

/* --- What is refused --- */

static void
test_twice (Fixture       *self,
            gconstpointer  unused)
{
  tend_application_add_manager (self->application, self->manager, TEND_APPLICATION_FLAGS_NONE);
  g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, "*!ends_have (ends, manager)*");
  tend_application_add_manager (self->application, self->manager, TEND_APPLICATION_FLAGS_NONE);
  g_test_assert_expected_messages ();
}

static void
test_other_context (Fixture       *self,
                    gconstpointer  unused)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(TendTaskManager) other = NULL;

  g_main_context_push_thread_default (context);
  other = tend_task_manager_new ();
  g_main_context_pop_thread_default (context);
  g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, "*does not belong to the default main context");
  tend_application_add_manager (self->application, other, TEND_APPLICATION_FLAGS_NONE);
  g_test_assert_expected_messages ();
}

#define ADD(name, test) g_test_add ("/tend/application/" name, Fixture, NULL, setup, test, teardown)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("tasks-hold-it", test_tasks_hold_it);
  ADD ("tasks-from-before-hold-it", test_tasks_from_before_hold_it);
  ADD ("background-does-not-hold-it", test_background_does_not_hold_it);
  ADD ("quit-cancels", test_quit_cancels);
  ADD ("stragglers-are-named", test_stragglers_are_named);
  ADD ("drains", test_drains);
  ADD ("drains-no-longer-than-the-grace-period", test_drains_no_longer_than_the_grace_period);
  ADD ("failed-shutdown-tasks-are-named", test_failed_shutdown_tasks_are_named);
  ADD ("several", test_several);
  ADD ("is-never-run", test_is_never_run);
  ADD ("sigterm", test_sigterm);
  ADD ("sigterm-twice", test_sigterm_twice);
  ADD ("own-handler", test_own_handler);
  ADD ("twice", test_twice);
  ADD ("other-context", test_other_context);

  return g_test_run ();
}
