// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What lives for long keeps nothing of what comes and goes: a task that others wait for, a stream that is asked, a
// manager that is given ever new names, an owner whose managers end.
//
// Each case does the same again and again, with a loop that has become idle each time. When it has been done often, so
// that all that is kept is there, it may not take more memory than a page for each hundred times.

#include "kept.h"

/* Where nothing is measured, it is enough that each is done. */
#define N_BEFORE (IS_SANITIZED ? 100 : 1500)
#define N_ROUNDS N_BEFORE
#define MOST_BYTES (N_ROUNDS * 40)

static gboolean
fail_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_FAILED, "No luck");
  return TRUE;
}

static void
cancel (TendTask *task)
{
  tend_task_cancel (task);
  settle ();
  g_object_unref (task);
}

/* --- Who waits, and gives it up --- */

static void
ask_stream (World *world)
{
  cancel (tend_task_stream_next (world->stream));
}

static void
wait_for_first (World *world)
{
  g_autoptr(TendTask) other = tend_task_run_delay (0);
  g_autoptr(TendTask) first = tend_when_any ((TendTask *[]) { world->task, other }, 2);

  settle ();
  g_assert_true (tend_task_is_ended (first));
}

static void
wait_for_all (World *world)
{
  cancel (tend_wait_all ((TendTask *[]) { world->task, world->task }, 2));
}

static void
wait_with_timeout (World *world)
{
  cancel (tend_task_with_timeout (world->task, SECOND));
}

static void
wait_async (World *world)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  tend_task_wait_async (world->task, cancellable, ready_cb, NULL);
  g_cancellable_cancel (cancellable);
  settle ();
}

static void
receive_async (World *world)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  tend_channel_receive_async (world->channel, cancellable, ready_cb, NULL);
  g_cancellable_cancel (cancellable);
  settle ();
}

static void
wait_for_request (World *world)
{
  g_autofree char *prefix = g_strdup_printf ("prefix %u", world->n);

  cancel (tend_request_cache_wait_for (world->requests, prefix, world->n, SECOND));
}

static void
wait_for_manager (World *world)
{
  g_autoptr(TendTask) task = tend_task_new_open (NULL, idle_body, NULL, NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  tend_task_manager_register (world->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, NULL);
  tend_task_manager_wait_for_tasks_async (world->manager, cancellable, ready_cb, NULL);
  g_cancellable_cancel (cancellable);
  tend_task_stop (task);
  settle ();
}

static gboolean
await_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  return tend_await (user_data, error);
}

static void
await_in_a_fiber (World *world)
{
  cancel (tend_task_run_fiber (NULL, await_body, world->task, NULL));
}

/* --- What is added, and goes --- */

static void
add_timer (World *world)
{
  tend_timer_cancel (tend_task_add_timer (world->task, SECOND, SECOND, tick_cb, NULL, NULL));
  settle ();
}

static void
add_source (World *world)
{
  g_autoptr(GSource) source = g_timeout_source_new_seconds (1000);

  tend_task_add_source (world->task, source);
  g_source_destroy (source);
  settle ();
}

static void
set_deadline (World *world)
{
  tend_task_set_deadline (world->task, tend_clock_get_time (world->clock) + (1 + world->n) * SECOND);
  settle ();
}

static void
set_progress (World *world)
{
  g_autofree char *message = g_strdup_printf ("%u", world->n);

  tend_task_set_progress (world->task, 0.5, message);
  settle ();
}

static void
add_handler (World *world)
{
  tend_cancellable_remove_handler (world->cancellable,
                                   tend_cancellable_add_handler (world->cancellable, cancel_cb, NULL, NULL));
  settle ();
}

static void
add_child_cancellable (World *world)
{
  g_autoptr(TendCancellable) child = tend_cancellable_new ();

  tend_cancellable_add_parent (child, G_CANCELLABLE (world->cancellable));
  settle ();
}

static void
add_task_to_cache (World *world)
{
  g_autoptr(TendCompletion) completion = tend_completion_new (NULL);
  TendTask *task = tend_completion_get_task (completion);

  g_assert_true (tend_number_cache_add_task (world->cache, task, NULL, NULL));
  g_assert_true (tend_number_cache_remove_task (world->cache, task));
  tend_completion_set_boolean (completion, TRUE, NULL);
  settle ();
}

static void
time_out_request (World *world)
{
  g_autofree char *prefix = g_strdup_printf ("prefix %u", world->n);
  g_autoptr(TendNumberCache) cache = tend_number_cache_new (prefix, world->n);

  tend_number_cache_set_timeout (cache, SECOND);
  g_assert_true (tend_request_cache_add (world->requests, cache, NULL));
  tend_clock_advance (world->clock, SECOND, NULL);
}

/* --- Names, and managers --- */

static void
throttle_new_name (World *world)
{
  g_autofree char *name = g_strdup_printf ("name %u", world->n);

  tend_task_manager_throttle (world->manager, tend_task_new_open (name, return_body, NULL, NULL), SECOND, NULL);
  tend_clock_advance (world->clock, SECOND, NULL);
}

static void
debounce_new_name (World *world)
{
  g_autofree char *name = g_strdup_printf ("name %u", world->n);

  tend_task_manager_debounce (world->manager, tend_task_new_open (name, return_body, NULL, NULL), SECOND, NULL);
  tend_clock_advance (world->clock, SECOND, NULL);
}

static void
register_new_name (World *world)
{
  g_autofree char *name = g_strdup_printf ("name %u", world->n);

  tend_task_manager_register (world->manager, tend_task_new_open (name, fail_body, NULL, NULL),
                              TEND_NAME_POLICY_REJECT, NULL);
  settle ();
}

static void
make_child_manager (World *world)
{
  g_autoptr(TendTaskManager) child = tend_task_manager_new ();

  g_assert_true (tend_task_manager_add_child (world->manager, child, NULL));
  tend_task_manager_register (child, tend_task_new_open ("task", return_body, NULL, NULL),
                              TEND_NAME_POLICY_REJECT, NULL);
  settle ();
  tend_task_manager_remove_child (world->manager, child);
}

static void
make_manager_of_owner (World *world)
{
  g_autoptr(TendTaskManager) manager = tend_task_manager_new_for_owner (world->owner);

  tend_task_manager_register (manager, tend_task_new_open ("task", return_body, NULL, NULL),
                              TEND_NAME_POLICY_REJECT, NULL);
  settle ();
}

static void
add_to_group (World *world)
{
  guint n = world->is_full ? 1 : 65536;

  for (guint i = 0; i < n; i++)
    g_assert_true (tend_group_add (world->group, tend_task_new_open (NULL, fail_body, NULL, NULL), NULL));
  settle ();
  world->is_full = TRUE;
}

static TendTask *
attempt (guint    number,
         gpointer user_data)
{
  return tend_task_new_open (NULL, fail_body, NULL, NULL);
}

static void
try_again (World *world)
{
  g_autoptr(TendTask) task = tend_retry_run (world->retry, NULL, attempt, NULL, NULL);

  settle ();
  tend_task_cancel (task);
  settle ();
}

/* --- Elsewhere --- */

static gpointer
unref_thread (gpointer object)
{
  g_object_unref (object);
  return NULL;
}

/* Each goes home to be freed there. */
static void
drop_elsewhere (World *world)
{
  g_thread_join (g_thread_new ("drop", unref_thread, tend_task_new_open (NULL, idle_body, NULL, NULL)));
  g_thread_join (g_thread_new ("drop", unref_thread, tend_channel_new (1)));
  g_thread_join (g_thread_new ("drop", unref_thread, tend_task_manager_new ()));
  settle ();
}

static void
make_loop (World *world)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  TendTask *task;

  g_main_context_push_thread_default (context);
  task = tend_task_run_delay (0);
  while (!tend_task_is_ended (task))
    g_main_context_iteration (context, TRUE);
  g_object_unref (task);
  g_main_context_pop_thread_default (context);
}

static gboolean
thread_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  return TRUE;
}

static void
run_thread (World *world)
{
  g_autoptr(TendTask) task = tend_task_run_thread (NULL, thread_body, NULL, NULL);

  g_assert_true (tend_task_wait_sync (task, NULL));
  settle ();
}

/* --- The test --- */

static void
run_rounds (World *world,
            Round  round,
            guint  n)
{
  for (guint i = 0; i < n; i++)
    {
      world->n++;
      round (world);
    }
}

static void
test_keeps_nothing (gconstpointer data)
{
  World world;
  gsize before;

  world_init (&world);
  run_rounds (&world, (Round) data, N_BEFORE);
  before = count_bytes ();
  run_rounds (&world, (Round) data, N_ROUNDS);
  assert_less_than (before + MOST_BYTES);
  world_clear (&world);
}

int
main (int   argc,
      char *argv[])
{
  static const Case one_by_one[] = {
    { "questions-to-a-stream", ask_stream },
    { "waits-for-the-first", wait_for_first },
    { "waits-for-all", wait_for_all },
    { "waits-with-a-timeout", wait_with_timeout },
    { "asynchronous-waits", wait_async },
    { "asynchronous-receivers", receive_async },
    { "waits-for-a-request", wait_for_request },
    { "waits-for-a-manager", wait_for_manager },
    { "fibers-that-wait", await_in_a_fiber },
    { "timers", add_timer },
    { "sources", add_source },
    { "deadlines", set_deadline },
    { "progress", set_progress },
    { "cancel-handlers", add_handler },
    { "cancellables-below-one", add_child_cancellable },
    { "tasks-of-a-cache", add_task_to_cache },
    { "requests-that-time-out", time_out_request },
    { "throttled-names", throttle_new_name },
    { "debounced-names", debounce_new_name },
    { "names", register_new_name },
    { "child-managers", make_child_manager },
    { "managers-of-an-owner", make_manager_of_owner },
    { "children-that-fail", add_to_group },
    { "retries", try_again },
    { "what-was-dropped-elsewhere", drop_elsewhere },
    { "loops", make_loop },
    { "threads", run_thread },
  };

  g_test_init (&argc, &argv, NULL);

  add_cases ("/tend/kept/nothing-of", one_by_one, G_N_ELEMENTS (one_by_one), test_keeps_nothing);

  return g_test_run ();
}
