// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What is said of a stack that overflows, and on which stack the handlers of signals run. Whose the signal is has been
// decided once a process has had a fiber, so each of these has a process of its own.

#include "../task/common.h"
#include "../support/tool.h"

#include <signal.h>
#include <sys/resource.h>

#define GIVES_MORE "the stack has 65536 bytes; tend_task_set_stack_size() gives it more\n*"

/* Runs what follows in a process of its own: FALSE in the one that waits for it, or if a tool forbids it. */
static gboolean
enter_subprocess (void)
{
  const struct rlimit none = { 0, 0 };

  if (g_test_subprocess ())
    {
      setrlimit (RLIMIT_CORE, &none);
      return TRUE;
    }

  if (IS_SANITIZED || is_under_valgrind ())
    g_test_skip ("The tool handles the signal itself.");
  else
    g_test_trap_subprocess (NULL, 0, 0);
  return FALSE;
}

static gboolean
was_run (void)
{
  return !IS_SANITIZED && !is_under_valgrind ();
}

/* --- The report --- */

static G_GNUC_NO_INLINE guint
dive (guint depth)
{
  volatile char local[200];

  local[0] = local[199] = 1;
  return depth < 1000000 ? dive (depth + 1) + local[0] : 0;
}

static gboolean
dive_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  return tend_yield (error) && dive (0) > 0;
}

static void
overflow (const char *name)
{
  g_autoptr(TendTask) task = tend_task_run_fiber (name, dive_body, NULL, NULL);

  tend_task_wait_sync (task, NULL);
}

static void
test_names_the_task (void)
{
  if (enter_subprocess ())
    {
      overflow ("load");
      return;
    }
  if (!was_run ())
    return;

  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*libtend: Task 'load': stack overflow: " GIVES_MORE);
}

static void
test_numbers_a_task_without_a_name (void)
{
  if (enter_subprocess ())
    {
      overflow (NULL);
      return;
    }
  if (!was_run ())
    return;

  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*libtend: Task 0: stack overflow: " GIVES_MORE);
}

/* A name may be anything that is UTF-8; the report stays one line. */
static void
test_cuts_long_names (void)
{
  if (enter_subprocess ())
    {
      g_autofree char *name = g_strnfill (5000, 'x');

      name[0] = '\n';
      memcpy (name + 63, "ä", 2);
      overflow (name);
      return;
    }
  if (!was_run ())
    return;

  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*Task '?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxä...': stack overflow: "
                             GIVES_MORE);
  g_test_trap_assert_stderr_unmatched ("*'\n*");
}

static gpointer
overflow_thread (gpointer data)
{
  g_autoptr(GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  overflow ("in thread");
  g_main_context_pop_thread_default (context);

  return NULL;
}

static void
test_names_the_task_of_any_thread (void)
{
  if (enter_subprocess ())
    {
      g_thread_join (g_thread_new ("loop", overflow_thread, NULL));
      return;
    }
  if (!was_run ())
    return;

  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*libtend: Task 'in thread': stack overflow: " GIVES_MORE);
}

static volatile guint nowhere;  /* 0 */

/* A frame that leaves out more than a page, and would write into the next stack if that were all there is. */
static G_GNUC_NO_INLINE guint
jump_over (guint i)
{
  volatile char frame[90 * 1024];

  /* A place that the compiler does not know, or it keeps the one byte alone. */
  frame[i] = 1;
  return frame[i];
}

static gboolean
wait_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  return tend_sleep (10 * SECOND, error);
}

static gboolean
jump_over_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  return jump_over (nowhere) > 0;
}

static void
test_frames_do_not_jump_over_the_guard (void)
{
  if (GLIB_SIZEOF_VOID_P == 4)
    {
      g_test_skip ("Addresses are scarce: a guard is one page here.");
      return;
    }
  if (enter_subprocess ())
    {
      g_autoptr(TendTask) below = tend_task_run_fiber ("below", wait_body, NULL, NULL);
      g_autoptr(TendTask) above = tend_task_run_fiber ("above", jump_over_body, NULL, NULL);

      tend_task_wait_sync (above, NULL);
      tend_task_stop (below);
      return;
    }
  if (!was_run ())
    return;

  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*libtend: Task 'above': stack overflow: " GIVES_MORE);
}

/* --- The alternate signal stack --- */

static gboolean
nothing_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  return TRUE;
}

static void
run_a_fiber (void)
{
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, nothing_body, NULL, NULL);

  assert_status (task, "completed");
}

static stack_t
get_signal_stack (void)
{
  stack_t now;

  g_assert_cmpint (sigaltstack (NULL, &now), ==, 0);
  return now;
}

static gboolean
has_signal_stack (void)
{
  return (get_signal_stack ().ss_flags & SS_DISABLE) == 0;
}

/* What may be done with @address, as /proc writes it; NULL: nothing is mapped there. */
static char *
get_permissions (const char *address)
{
  g_autofree char *maps = NULL;
  g_auto(GStrv) lines = NULL;

  g_assert_true (g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL));
  lines = g_strsplit (maps, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      guint64 first, end;
      char *next;

      first = g_ascii_strtoull (lines[i], &next, 16);
      end = *next == '-' ? g_ascii_strtoull (next + 1, &next, 16) : 0;
      if ((guintptr) address >= first && (guintptr) address < end)
        return g_strndup (next + 1, 3);
    }

  return NULL;
}

static volatile int n_handled;

static G_GNUC_NO_INLINE void
use_stack (void)
{
  volatile char local[40 * 1024];

  for (gsize i = sizeof local; i > 0; i -= 64)
    local[i - 1] = 1;
  n_handled += local[63];
}

static void
handle_cb (int number)
{
  use_stack ();
}

static void
dive_cb (int number)
{
  dive (0);
}

static void
set_handler (int      number,
             void  (* func) (int number))
{
  const struct sigaction action = { .sa_handler = func, .sa_flags = SA_ONSTACK };

  g_assert_cmpint (sigaction (number, &action, NULL), ==, 0);
}

static void
test_handlers_have_room (void)
{
  if (enter_subprocess ())
    {
      g_autofree char *permissions = NULL;

      g_assert_false (has_signal_stack ());
      run_a_fiber ();
      g_assert_true (has_signal_stack ());
      g_assert_cmpuint (get_signal_stack ().ss_size, >=, 64 * 1024);
      permissions = get_permissions ((char *) get_signal_stack ().ss_sp - 1);
      g_assert_cmpstr (permissions, ==, "---");

      set_handler (SIGUSR1, handle_cb);
      raise (SIGUSR1);
      g_assert_cmpint (n_handled, ==, 1);
      return;
    }
  if (was_run ())
    g_test_trap_assert_passed ();
}

/* It ends the process, and does not write into what lies below. */
static void
test_handlers_that_overflow_fault (void)
{
  if (enter_subprocess ())
    {
      set_handler (SIGUSR1, dive_cb);
      run_a_fiber ();
      raise (SIGUSR1);
      g_print ("went on\n");
      return;
    }
  if (!was_run ())
    return;

  g_test_trap_assert_failed ();
  g_test_trap_assert_stdout_unmatched ("*went on*");
}

static void
test_leaves_the_programs_alone (void)
{
  if (enter_subprocess ())
    {
      static char small[16 * 1024];
      const stack_t mine = { .ss_sp = small, .ss_size = sizeof small };

      g_assert_cmpint (sigaltstack (&mine, NULL), ==, 0);
      run_a_fiber ();
      g_assert_true (get_signal_stack ().ss_sp == small);
      g_assert_cmpuint (get_signal_stack ().ss_size, ==, sizeof small);
      return;
    }
  if (was_run ())
    g_test_trap_assert_passed ();
}

static gpointer
fiber_thread (gpointer data)
{
  char **low = data;
  g_autoptr(GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  run_a_fiber ();
  *low = get_signal_stack ().ss_sp;
  g_main_context_pop_thread_default (context);

  return NULL;
}

static void
test_ends_with_its_thread (void)
{
  if (enter_subprocess ())
    {
      char *low = NULL;

      g_thread_join (g_thread_new ("loop", fiber_thread, &low));
      g_assert_nonnull (low);

      g_assert_null (get_permissions (low));
      return;
    }
  if (was_run ())
    g_test_trap_assert_passed ();
}

/* There is nothing of ours then that would run on it. */
static void
test_none_where_others_handle_the_signal (void)
{
  if (enter_subprocess ())
    {
      struct sigaction now;

      set_handler (SIGSEGV, handle_cb);
      run_a_fiber ();
      g_assert_false (has_signal_stack ());
      g_assert_cmpint (sigaction (SIGSEGV, NULL, &now), ==, 0);
      g_assert_true (now.sa_handler == handle_cb);
      return;
    }
  if (was_run ())
    g_test_trap_assert_passed ();
}

static void
test_can_be_left_out (void)
{
  if (enter_subprocess ())
    {
      struct sigaction now;

      g_setenv ("TEND_DEBUG", "no-overflow-report", TRUE);
      run_a_fiber ();
      g_assert_false (has_signal_stack ());
      g_assert_cmpint (sigaction (SIGSEGV, NULL, &now), ==, 0);
      g_assert_true (now.sa_handler == SIG_DFL);
      overflow ("unheard");
      return;
    }
  if (!was_run ())
    return;

  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr_unmatched ("*overflow*");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/overflow/names-the-task", test_names_the_task);
  g_test_add_func ("/tend/overflow/numbers-a-task-without-a-name", test_numbers_a_task_without_a_name);
  g_test_add_func ("/tend/overflow/cuts-long-names", test_cuts_long_names);
  g_test_add_func ("/tend/overflow/names-the-task-of-any-thread", test_names_the_task_of_any_thread);
  g_test_add_func ("/tend/overflow/frames-do-not-jump-over-the-guard", test_frames_do_not_jump_over_the_guard);
  g_test_add_func ("/tend/signal-stack/handlers-have-room", test_handlers_have_room);
  g_test_add_func ("/tend/signal-stack/handlers-that-overflow-fault", test_handlers_that_overflow_fault);
  g_test_add_func ("/tend/signal-stack/leaves-the-programs-alone", test_leaves_the_programs_alone);
  g_test_add_func ("/tend/signal-stack/ends-with-its-thread", test_ends_with_its_thread);
  g_test_add_func ("/tend/signal-stack/none-where-others-handle-the-signal", test_none_where_others_handle_the_signal);
  g_test_add_func ("/tend/signal-stack/can-be-left-out", test_can_be_left_out);

  return g_test_run ();
}
