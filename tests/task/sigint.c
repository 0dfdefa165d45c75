// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Ctrl-C in a program that tend_run() runs. Each test is a process of its own, which gets real signals: it raises them
// where they are to come, and prints what happens. "test-task-sigint --child PATH" is one of them.

#include <tend.h>

#include <gio/gio.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void
print_end (gboolean      has_completed,
           const GError *error)
{
  g_print ("%s\n", has_completed ? "completed" : error->message);
}

static void
print_handler (void)
{
  struct sigaction action;

  sigaction (SIGINT, NULL, &action);
  g_print ("%s\n", action.sa_handler == SIG_DFL ? "default" : "handled");
}

static int
run (TendBodyFunc func)
{
  g_autoptr(GError) error = NULL;
  gboolean has_completed = tend_run (func, NULL, &error);

  print_end (has_completed, error);
  print_handler ();

  return has_completed ? 0 : g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ? 130 : 1;
}

/* --- One signal --- */

/* Waits until it is asked to end, and then for @user_data microseconds. */
static gboolean
tidy_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  gboolean has_slept = tend_sleep (TEND_FOREVER, error);
  g_auto(TendShield) shield = tend_shield_enter ();

  g_print ("%s is asked\n", tend_task_get_name (task));
  g_print ("%s is %s\n", tend_task_get_name (task),
           tend_sleep (GPOINTER_TO_SIZE (user_data), NULL) ? "tidy" : "stopped");

  return has_slept;
}

static gboolean
first_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  g_autoptr(TendTask) left G_GNUC_UNUSED = tend_task_run_fiber ("left", tidy_body, GSIZE_TO_POINTER (1), NULL);

  print_handler ();
  raise (SIGINT);
  return tidy_body (task, GSIZE_TO_POINTER (1), error);
}

static int
child_first (void)
{
  return run (first_body);
}

static gboolean
go_on_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  raise (SIGINT);
  tend_sleep (TEND_FOREVER, NULL);

  return TRUE;
}

/* Each of them is a first one. */
static int
child_completes (void)
{
  return run (go_on_body) + run (go_on_body);
}

static gboolean
say_ready_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  g_print ("ready\n");
  return tend_sleep (TEND_FOREVER, error);
}

static int
child_from_outside (void)
{
  return run (say_ready_body);
}

/* --- More of them --- */

static gboolean
raise_cb (gpointer user_data)
{
  raise (SIGINT);
  return G_SOURCE_REMOVE;
}

static gboolean
second_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  g_autoptr(TendTask) left G_GNUC_UNUSED = tend_task_run_fiber ("left", tidy_body, NULL, NULL);
  gboolean has_slept;

  raise (SIGINT);
  has_slept = tend_sleep (TEND_FOREVER, error);
  g_idle_add (raise_cb, NULL);
  {
    g_auto(TendShield) shield = tend_shield_enter ();

    g_print ("main is %s\n", tend_sleep (TEND_FOREVER, NULL) ? "tidy" : "stopped");
  }

  return has_slept;
}

static int
child_second (void)
{
  return run (second_body);
}

static gboolean
raise_twice_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  gboolean has_slept = tend_sleep (TEND_FOREVER, error);
  g_auto(TendShield) shield = tend_shield_enter ();

  g_print ("left is asked\n");
  raise (SIGINT);
  g_print ("left is %s\n", tend_yield (NULL) ? "asked again" : "stopped");
  raise (SIGINT);
  g_print ("left is %s\n", tend_sleep (TEND_FOREVER, NULL) ? "tidy" : "stopped");

  return has_slept;
}

static gboolean
leave_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  g_autoptr(TendTask) left G_GNUC_UNUSED = tend_task_run_fiber ("left", raise_twice_body, NULL, NULL);

  return TRUE;
}

static int
child_in_the_end (void)
{
  return run (leave_body);
}

static gboolean
busy_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  raise (SIGINT);
  g_print ("goes on\n");
  raise (SIGINT);
  g_print ("not reached\n");

  return TRUE;
}

static int
child_busy (void)
{
  return run (busy_body);
}

static gboolean
never_unwinds_body (TendTask  *task,
                    gpointer   user_data,
                    GError   **error)
{
  g_auto(TendShield) shield = tend_shield_enter ();

  for (int i = 1; i <= 2; i++)
    {
      g_print ("%d\n", i);
      raise (SIGINT);
      tend_yield (NULL);
    }
  g_print ("3\n");
  raise (SIGINT);
  g_print ("not reached\n");

  return TRUE;
}

static int
child_third (void)
{
  return run (never_unwinds_body);
}

/* --- Others who have the signal --- */

static gboolean
own_handler_cb (gpointer user_data)
{
  g_print ("own handler\n");
  tend_task_return_boolean (user_data, TRUE);

  return G_SOURCE_CONTINUE;
}

static gboolean
own_handler_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  g_autoptr(TendTask) came = tend_task_new_open ("came", NULL, NULL, NULL);

  tend_task_start (came, NULL);
  g_unix_signal_add (SIGINT, own_handler_cb, came);
  raise (SIGINT);
  return tend_await (came, error);
}

static int
child_own_handler (void)
{
  return run (own_handler_body);
}

static gboolean
raise_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  raise (SIGINT);
  return tend_yield (error);
}

static int
child_ignored (void)
{
  signal (SIGINT, SIG_IGN);
  return run (raise_body);
}

static gpointer
run_thread (gpointer data)
{
  g_autoptr(GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  run (data);
  g_main_context_pop_thread_default (context);

  return NULL;
}

static gboolean
run_in_thread_body (TendTask  *task,
                    gpointer   user_data,
                    GError   **error)
{
  g_thread_join (g_thread_new ("other", run_thread, raise_body));
  return tidy_body (task, NULL, error);
}

static int
child_two_threads (void)
{
  return run (run_in_thread_body);
}

static int
child_one_thread (void)
{
  g_thread_join (g_thread_new ("other", run_thread, go_on_body));
  print_handler ();

  return 0;
}

/* Without a pipe the signal does what it always does. */
static int
child_no_descriptor (void)
{
  const struct rlimit none = { 0, 0 };

  g_main_context_default ();
  setrlimit (RLIMIT_NOFILE, &none);
  return run (raise_body);
}

/* --- Runs within runs --- */

static gboolean
inner_cb (gpointer user_data)
{
  g_autoptr(TendTask) inner = tend_task_run_fiber ("inner", tidy_body, GSIZE_TO_POINTER (1), NULL);
  g_autoptr(GError) error = NULL;
  gboolean has_completed;

  raise (SIGINT);
  has_completed = user_data != NULL ? tend_run_task (inner, &error) : tend_task_wait_sync (inner, &error);
  print_end (has_completed, error);
  print_handler ();

  return G_SOURCE_REMOVE;
}

static gboolean
outer_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  gboolean has_slept;

  g_idle_add (inner_cb, user_data);
  has_slept = tend_sleep (TEND_FOREVER, error);
  g_print ("main() is asked\n");

  return has_slept;
}

static gboolean
outer_of_run_body (TendTask  *task,
                   gpointer   user_data,
                   GError   **error)
{
  return outer_body (task, task, error);
}

static int
child_inner_run (void)
{
  return run (outer_of_run_body);
}

static int
child_inner_wait (void)
{
  return run (outer_body);
}

static int
child_wait (void)
{
  inner_cb (NULL);
  return 0;
}

/* A task that waits for the signal has it, and the program goes on; the next one ends the process. */
static gboolean
awaits_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  g_autoptr(TendTask) signalled = tend_task_run_signal (SIGINT);

  raise (SIGINT);
  if (!tend_await (signalled, error))
    return FALSE;

  g_print ("%" G_GINT64_FORMAT "\n", tend_task_get_int (signalled));
  print_handler ();
  if (user_data != NULL)
    raise (SIGINT);

  return TRUE;
}

static int
child_awaits (void)
{
  return run (awaits_body);
}

static gboolean
awaits_two_body (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  return awaits_body (task, task, error);
}

static int
child_awaits_two (void)
{
  return run (awaits_two_body);
}

/* One that nobody has waited for to the end is left to the end of the run, as any other task. */
static gboolean
leaves_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  g_autoptr(TendTask) signalled G_GNUC_UNUSED = tend_task_run_signal (SIGINT);

  print_handler ();
  return tend_yield (error);
}

/* The run after it has the signal again. */
static int
child_leaves (void)
{
  return run (leaves_body) + run (go_on_body);
}

static gboolean
fork_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  pid_t pid = fork ();
  int status;

  if (pid == 0)
    {
      raise (SIGINT);
      _exit (1);
    }
  waitpid (pid, &status, 0);
  g_print ("%s\n", WIFSIGNALED (status) && WTERMSIG (status) == SIGINT ? "killed" : "exited");

  return tend_yield (error);
}

static int
child_fork (void)
{
  return run (fork_body);
}

/* --- The tests --- */

#define KILLED (-1)

typedef struct
{
  const char *path;
  int      (* run) (void);
  const char *output;
  int         status;
} Child;

static const Child children[] = {
  { "/tend/run/sigint/first", child_first,
    "handled\nmain() is asked\nmain() is tidy\nleft is asked\nleft is tidy\n"
    "Task 'main()': cancelled: interrupted\ndefault\n", 130 },
  { "/tend/run/sigint/completes", child_completes, "completed\ndefault\ncompleted\ndefault\n", 0 },
  { "/tend/run/sigint/from-outside", child_from_outside,
    "ready\nTask 'main()': cancelled: interrupted\ndefault\n", 130 },
  { "/tend/run/sigint/second", child_second,
    "main is stopped\nleft is asked\nleft is stopped\nTask 'main()': stopped\ndefault\n", 1 },
  { "/tend/run/sigint/in-the-end", child_in_the_end,
    "left is asked\nleft is asked again\nleft is stopped\ncompleted\ndefault\n", 0 },
  { "/tend/run/sigint/busy", child_busy, "goes on\n", KILLED },
  { "/tend/run/sigint/third", child_third, "1\n2\n3\n", KILLED },
  { "/tend/run/sigint/own-handler", child_own_handler, "own handler\ncompleted\nhandled\n", 0 },
  { "/tend/run/sigint/ignored", child_ignored, "completed\nhandled\n", 0 },
  { "/tend/run/sigint/no-descriptor", child_no_descriptor, "", KILLED },
  { "/tend/run/sigint/two-threads", child_two_threads,
    "completed\nhandled\nmain() is asked\nmain() is tidy\nTask 'main()': cancelled: interrupted\ndefault\n", 130 },
  { "/tend/run/sigint/one-thread", child_one_thread, "completed\ndefault\ndefault\n", 0 },
  { "/tend/run/sigint/inner-run", child_inner_run,
    "inner is asked\nmain() is asked\ninner is tidy\nTask 'inner': cancelled: interrupted\nhandled\n"
    "Task 'main()': cancelled: interrupted\ndefault\n", 130 },
  { "/tend/run/sigint/inner-wait", child_inner_wait,
    "inner is asked\nmain() is asked\ninner is tidy\nTask 'inner': cancelled: interrupted\nhandled\n"
    "Task 'main()': cancelled: interrupted\ndefault\n", 130 },
  { "/tend/run/sigint/wait", child_wait, "", KILLED },
  { "/tend/run/sigint/awaits", child_awaits, "2\ndefault\ncompleted\ndefault\n", 0 },
  { "/tend/run/sigint/awaits-two", child_awaits_two, "2\ndefault\n", KILLED },
  { "/tend/run/sigint/leaves", child_leaves, "handled\ncompleted\ndefault\ncompleted\ndefault\n", 0 },
  { "/tend/run/sigint/fork", child_fork, "killed\ncompleted\ndefault\n", 0 },
};

static const char *program;

static void
test_child (gconstpointer data)
{
  const Child *child = data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GSubprocess) process = NULL;
  g_autoptr(GString) output = g_string_new (NULL);
  GInputStream *stream;
  gssize n;

  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE, &error, program,
                              "--child", child->path, NULL);
  g_assert_no_error (error);

  stream = g_subprocess_get_stdout_pipe (process);
  do
    {
      char buffer[256];

      n = g_input_stream_read (stream, buffer, sizeof buffer, NULL, &error);
      g_assert_no_error (error);
      g_string_append_len (output, buffer, n);
      if (g_str_equal (output->str, "ready\n"))
        g_subprocess_send_signal (process, SIGINT);
    }
  while (n > 0);
  g_subprocess_wait (process, NULL, &error);
  g_assert_no_error (error);

  g_assert_cmpstr (output->str, ==, child->output);
  if (child->status == KILLED)
    g_assert_true (g_subprocess_get_if_signaled (process) && g_subprocess_get_term_sig (process) == SIGINT);
  else
    g_assert_true (g_subprocess_get_if_exited (process) && g_subprocess_get_exit_status (process) == child->status);
}

int
main (int    argc,
      char **argv)
{
  if (argc == 3 && g_str_equal (argv[1], "--child"))
    {
      /* Who runs the tests may ignore it. */
      signal (SIGINT, SIG_DFL);
      setvbuf (stdout, NULL, _IONBF, 0);
      for (guint i = 0; i < G_N_ELEMENTS (children); i++)
        if (g_str_equal (children[i].path, argv[2]))
          return children[i].run ();
      return 2;
    }

  program = argv[0];
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    g_test_add_data_func (children[i].path, &children[i], test_child);

  return g_test_run ();
}
