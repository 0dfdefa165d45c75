// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Fibers and their stacks: unwinding, what never runs on them, how large and how many they are.

#include "../task/common.h"
#include "../support/tool.h"

#include <sys/resource.h>

/* ThreadSanitizer has room for some thousand fibers, and valgrind searches them all at each switch. */
#define N_FIBERS (IS_SANITIZED || is_under_valgrind () ? 2000u : 100000u)

/* --- Unwinding --- */

typedef char Noted;

static void
noted_free (Noted *name)
{
  note ("free:%s", name);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Noted, noted_free)

static gboolean
inner (GError **error)
{
  g_autoptr(Noted) inner_data G_GNUC_UNUSED = (Noted *) "inner";

  return tend_sleep (SECOND, error);
}

static gboolean
unwinding_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  g_autoptr(Noted) outer_data G_GNUC_UNUSED = (Noted *) "outer";

  if (!inner (error))
    {
      note ("tend-%d", (*error)->code);
      g_assert_error (*error, TEND_ERROR, TEND_ERROR_STOPPED);

      /* No wait is granted any more. */
      g_assert_false (tend_sleep (0, NULL));
      g_assert_false (tend_yield (NULL));
      return FALSE;
    }

  return TRUE;
}

static void
free_data_cb (gpointer user_data)
{
  note ("free:data");
}

static void
test_stop_unwinds (void)
{
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, unwinding_body, NULL, free_data_cb);

  tend_task_stop (task);
  assert_status (task, "stopped");
  assert_notes ("");
  settle ();
  assert_notes ("free:inner tend-0 free:outer free:data");
  assert_gone (task);
}

/* Nobody has to hold the task for that. */
static void
test_stop_unwinds_without_references (void)
{
  TendTask *task = tend_task_run_fiber (NULL, unwinding_body, NULL, free_data_cb);
  gpointer weak = task;

  g_object_add_weak_pointer (G_OBJECT (task), &weak);
  tend_task_stop (task);
  g_object_unref (task);
  settle ();
  assert_notes ("free:inner tend-0 free:outer free:data");
  g_assert_null (weak);
}

static gboolean
stubborn_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  int *n_waits = user_data;

  while (++*n_waits > 0)
    tend_sleep (SECOND, NULL);

  return TRUE;
}

static void
test_gives_up_a_body_that_waits_on (void)
{
  int n_waits = 0;
  g_autoptr(TendTask) task = tend_task_run_fiber ("deaf", stubborn_body, &n_waits, NULL);

  tend_task_stop (task);
  g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING,
                         "Task 'deaf': has ended, and its body has ignored that in * waits: it is given up");
  settle ();
  g_test_assert_expected_messages ();
  g_assert_cmpint (n_waits, >, 10);
  g_assert_cmpint (n_waits, <, 10000);
  assert_gone (task);
}

/* --- Nothing that others can observe runs on a fiber's stack --- */

static char *fiber_local;

/* A fiber's stack has 64 KiB, and lies far from the thread's. */
static void
note_off_fiber (const char *what)
{
  char local;

  if (fiber_local != NULL && ABS (&local - fiber_local) < 64 * 1024)
    note ("ON-FIBER:%s", what);
  else
    note ("%s", what);
}

static void
off_fiber_notify_cb (GObject    *object,
                     GParamSpec *pspec,
                     gpointer    user_data)
{
  note_off_fiber (pspec->name);
}

static void
off_fiber_exit_cb (TendTask *task,
                   gpointer  user_data)
{
  note_off_fiber ("exit");
}

static void
off_fiber_destroy_cb (gpointer user_data)
{
  note_off_fiber (user_data);
}

static gboolean
off_fiber_post_cb (TendTask  *task,
                   gpointer   user_data,
                   GError   **error)
{
  note_off_fiber (user_data);
  return TRUE;
}

static void
off_fiber_cancelled_cb (GCancellable *cancellable,
                        gpointer      user_data)
{
  note_off_fiber ("cancelled");
}

static gboolean
off_fiber_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  note_off_fiber ("body");
  return TRUE;
}

static void
off_fiber_items_changed_cb (GListModel *model,
                            guint       position,
                            guint       n_removed,
                            guint       n_added)
{
  note_off_fiber ("items-changed");
}

static gboolean
observed_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  g_autoptr(TendTaskManager) manager = tend_task_manager_new ();
  g_autoptr(TendTask) other = tend_task_new_open (NULL, off_fiber_body, (gpointer) "data", off_fiber_destroy_cb);
  g_autoptr(TendTask) managed = NULL;
  g_autoptr(TendTask) dropped = NULL;
  char local;

  fiber_local = &local;
  g_signal_connect (other, "notify", G_CALLBACK (off_fiber_notify_cb), NULL);
  g_signal_connect (tend_task_get_cancellable (other), "cancelled", G_CALLBACK (off_fiber_cancelled_cb), NULL);
  tend_task_add_exit_handler (other, off_fiber_exit_cb, NULL, NULL);
  tend_task_set_keep_going (other, TRUE);
  tend_task_set_interval_mode (other, TEND_INTERVAL_MODE_FIXED_RATE);
  tend_task_set_stack_size (other, 100000);
  g_assert_true (tend_task_start (other, NULL));
  tend_task_set_interval (other, 3);
  tend_timer_cancel (tend_task_add_timer (other, 1, -1, off_fiber_post_cb, (gpointer) "timer", off_fiber_destroy_cb));
  tend_task_cancel (other);
  tend_task_stop (other);
  tend_task_post (other, off_fiber_post_cb, (gpointer) "late", off_fiber_destroy_cb);
  note ("|");

  dropped = tend_task_new_open (NULL, off_fiber_body, (gpointer) "dropped", off_fiber_destroy_cb);
  g_clear_object (&dropped);
  note ("|");

  g_signal_connect (manager, "items-changed", G_CALLBACK (off_fiber_items_changed_cb), NULL);
  managed = g_object_ref (tend_task_manager_register (manager,
                                                      tend_task_new_open ("x", off_fiber_body, NULL, NULL),
                                                      TEND_NAME_POLICY_REJECT, error));
  tend_task_pause (managed);
  tend_sleep (0, NULL);
  tend_task_stop (managed);
  note ("|");
  return tend_task_manager_shutdown (manager, error);
}

static void
test_calls_others_off_its_stack (void)
{
  g_assert_true (tend_run (observed_body, NULL, NULL));
  settle ();
  fiber_local = NULL;
  g_assert_nonnull (notes);
  g_test_message ("%s", notes->str);
  g_assert_null (strstr (notes->str, "ON-FIBER"));

  assert_notes ("keep-going interval-mode stack-size status body interval timer cancelled cancelling exit status ended "
                "finished data late | dropped | items-changed | items-changed");
}

/* What a handler does then may be another fiber's start, up to its first wait. */
static void
start_fiber_exit_cb (TendTask *task,
                     gpointer  user_data)
{
  TendTask **holder = user_data;

  *holder = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);
  note ("started");
}

static gboolean
hop_body (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  g_autoptr(TendTask) other = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_add_exit_handler (other, start_fiber_exit_cb, user_data, NULL);
  tend_task_stop (other);
  note ("back");
  return tend_sleep (SECOND / 2, error);
}

static void
test_handler_may_start_a_fiber (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) started = NULL;
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, hop_body, &started, NULL);

  tend_clock_run_until_idle (clock, NULL);
  assert_notes ("started back slept");
  assert_status (task, "completed");
  assert_status (started, "completed");
  assert_gone (task);
  assert_gone (started);
}

/* --- Size --- */

static G_GNUC_NO_INLINE gsize
descend (gsize bytes)
{
  volatile char frame[1024];

  frame[0] = (char) bytes;
  frame[sizeof frame - 1] = frame[0];
  return bytes > 1100 ? descend (bytes - 1100) + (gsize) (frame[0] != frame[sizeof frame - 1]) : 1;
}

static gboolean
descend_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  if (IS_SANITIZED)
    return TRUE;

  g_assert_cmpuint (descend (GPOINTER_TO_SIZE (user_data)), >=, 1);
  return tend_yield (error);
}

static void
test_default_size_holds_a_deep_recursion (void)
{
  g_autoptr(TendTask) task = tend_task_new_fiber (NULL, descend_body, GSIZE_TO_POINTER (48 * 1024), NULL);

  g_assert_cmpuint (tend_task_get_stack_size (task), ==, 0);
  g_assert_true (tend_task_start (task, NULL));
  g_assert_true (tend_task_wait_sync (task, NULL));
  assert_gone (task);
}

static void
test_size_can_be_set (void)
{
  g_autoptr(TendTask) task = tend_task_new_fiber (NULL, descend_body, GSIZE_TO_POINTER (3 << 20), NULL);

  tend_task_set_stack_size (task, 4 << 20);
  g_assert_cmpuint (tend_task_get_stack_size (task), ==, 4 << 20);
  g_assert_true (tend_task_start (task, NULL));
  g_assert_true (tend_task_wait_sync (task, NULL));
  assert_gone (task);
}

/* Whatever a size has for room on the machine: as much can be set as the property says, and not one byte more. */
static void
test_size_has_a_bound (void)
{
  g_autoptr(TendTask) task = tend_task_new_fiber (NULL, sleep_body, NULL, NULL);
  GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (task), "stack-size");
  guint64 most = G_PARAM_SPEC_UINT64 (pspec)->maximum;

  g_assert_cmpuint (most, >=, (guint64) 4 * 1023 << 20);
  g_assert_cmpuint (most, <, G_MAXSIZE);
  tend_task_set_stack_size (task, (gsize) most);
  g_assert_cmpuint (tend_task_get_stack_size (task), ==, most);

  g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, "*MAX_STACK_SIZE*");
  tend_task_set_stack_size (task, (gsize) most + 1);
  g_test_assert_expected_messages ();
  g_assert_cmpuint (tend_task_get_stack_size (task), ==, most);
}

static void
test_too_large_a_stack_is_an_error (void)
{
  g_autoptr(TendTask) task = tend_task_new_fiber (NULL, sleep_body, NULL, NULL);

  tend_task_set_stack_size (task, (gsize) 1 << 30);
  g_assert_true (tend_task_start (task, NULL));
  assert_status (task, "failed");
  g_assert_error (tend_task_get_error (task), TEND_ERROR, TEND_ERROR_NO_STACK);
  assert_notes ("");
  assert_gone (task);
}

/* With no room for another stack the task fails, and the next one runs once there is room again. */
static void
run_out_of_memory (void)
{
  const struct rlimit limit = { 400 << 20, 400 << 20 };
  g_autoptr(GPtrArray) tasks = g_ptr_array_new_with_free_func (g_object_unref);
  TendTask *task;

  g_assert_cmpint (setrlimit (RLIMIT_AS, &limit), ==, 0);
  do
    {
      task = tend_task_new_fiber (NULL, sleep_body, NULL, NULL);
      tend_task_set_stack_size (task, 8 << 20);
      g_ptr_array_add (tasks, task);
      g_assert_true (tend_task_start (task, NULL));
    }
  while (!tend_task_is_ended (task) && tasks->len < 100);

  assert_status (task, "failed");
  g_assert_error (tend_task_get_error (task), TEND_ERROR, TEND_ERROR_NO_STACK);
  g_assert_true (strstr (tend_task_get_error (task)->message, ": no memory for a stack of 8388608 bytes: "));

  tend_task_stop (g_ptr_array_index (tasks, 0));
  settle ();
  task = tend_task_new_fiber (NULL, sleep_body, NULL, NULL);
  tend_task_set_stack_size (task, 8 << 20);
  g_ptr_array_add (tasks, task);
  g_assert_true (tend_task_start (task, NULL));
  assert_status (task, "running");
  for (guint i = 0; i < tasks->len; i++)
    tend_task_stop (g_ptr_array_index (tasks, i));
  settle ();
}

static void
test_no_memory_is_an_error (void)
{
  if (g_test_subprocess ())
    {
      run_out_of_memory ();
      return;
    }
  if (IS_SANITIZED || is_under_valgrind ())
    {
      g_test_skip ("The tool needs more address space than that.");
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
}

/* --- Many --- */

static gboolean
count_sleep_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  int *n_slept = user_data;

  if (!tend_sleep (SECOND, error))
    return FALSE;
  (*n_slept)++;
  return TRUE;
}

static void
test_many_sleep_at_once (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  guint n = N_FIBERS;
  int n_slept = 0;

  for (guint i = 0; i < n; i++)
    {
      TendTask *task = tend_task_run_fiber (NULL, count_sleep_body, &n_slept, NULL);

      g_assert_true (tend_task_is_running (task));
      g_object_unref (task);
    }
  g_assert_cmpint (n_slept, ==, 0);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND);
  g_assert_cmpuint (n_slept, ==, n);
}

static void
test_many_are_stopped (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(GPtrArray) tasks = g_ptr_array_new_with_free_func (g_object_unref);
  guint n = N_FIBERS;
  int n_slept = 0;

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (tasks, tend_task_run_fiber (NULL, count_sleep_body, &n_slept, NULL));
  for (guint i = 0; i < n; i++)
    tend_task_stop (g_ptr_array_index (tasks, i));
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  g_assert_cmpint (n_slept, ==, 0);
  for (guint i = 0; i < n; i += 1000)
    g_assert_cmpint (G_OBJECT (g_ptr_array_index (tasks, i))->ref_count, ==, 1);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/fiber/stop-unwinds", test_stop_unwinds);
  g_test_add_func ("/tend/fiber/stop-unwinds-without-references", test_stop_unwinds_without_references);
  g_test_add_func ("/tend/fiber/gives-up-a-body-that-waits-on", test_gives_up_a_body_that_waits_on);
  g_test_add_func ("/tend/fiber/calls-others-off-its-stack", test_calls_others_off_its_stack);
  g_test_add_func ("/tend/fiber/handler-may-start-a-fiber", test_handler_may_start_a_fiber);
  g_test_add_func ("/tend/fiber/default-size-holds-a-deep-recursion", test_default_size_holds_a_deep_recursion);
  g_test_add_func ("/tend/fiber/size-can-be-set", test_size_can_be_set);
  g_test_add_func ("/tend/fiber/size-has-a-bound", test_size_has_a_bound);
  g_test_add_func ("/tend/fiber/too-large-a-stack-is-an-error", test_too_large_a_stack_is_an_error);
  g_test_add_func ("/tend/fiber/no-memory-is-an-error", test_no_memory_is_an_error);
  g_test_add_func ("/tend/fiber/many-sleep-at-once", test_many_sleep_at_once);
  g_test_add_func ("/tend/fiber/many-are-stopped", test_many_are_stopped);

  return g_test_run ();
}
