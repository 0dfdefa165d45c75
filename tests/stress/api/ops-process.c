// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Operations on the rack, the contexts, their clocks, and what the whole process has one of.

#include "fuzz.h"

/* --- The rack --- */

static void
drop (void)
{
  g_clear_object (&(gpointer) { rack_take (pick (N_KINDS)) });
}

static gpointer
unref_thread (gpointer data)
{
  g_object_unref (data);
  return NULL;
}

/* A task that has not ended is to be dropped at home, and a number cache belongs to nobody before it is added. */
static void
drop_elsewhere (void)
{
  Kind kind = pick (N_KINDS);
  GObject *object = rack_take (kind);

  if (object == NULL)
    return;

  if (kind == KIND_NUMBER_CACHE || (kind == KIND_TASK && !tend_task_is_ended (TEND_TASK (object))))
    g_object_unref (object);
  else
    g_thread_join (g_thread_new ("drop", unref_thread, object));
}

static void
elsewhere (void)
{
  run_elsewhere ();
}

/* --- Contexts and time --- */

static void
iterate (void)
{
  for (guint n = 1 + pick (3); n > 0; n--)
    g_main_context_iteration (fuzz.contexts[fuzz.side], FALSE);
}

/* Makes an operation where the other context is the thread's default; at the top if this is made there. */
static void
change_side (void)
{
  if (!fuzz.has_sides)
    return;

  fuzz.depth--;
  fuzz.side = 1 - fuzz.side;
  g_main_context_push_thread_default (fuzz.contexts[fuzz.side]);
  if (pick (2) == 0)
    g_main_context_iteration (fuzz.contexts[fuzz.side], FALSE);
  run_operation ();
  g_main_context_pop_thread_default (fuzz.contexts[fuzz.side]);
  fuzz.side = 1 - fuzz.side;
  fuzz.depth++;
}

static void
advance (void)
{
  gint64 before = tend_get_time ();
  gint64 usec = pick_time () / (fuzz.has_endless ? 5 : 1);

  tend_clock_advance (fuzz.clocks[fuzz.side], usec, NULL);
  if (tend_clock_get_time (fuzz.clocks[fuzz.side]) < before + usec)
    fail ("the clock was not put forward as it was told");
}

static void
run_until_idle (void)
{
  tend_clock_run_until_idle (fuzz.clocks[fuzz.side], NULL);
}

/* Time goes back to that of the machine, and stands still there. */
static void
freeze_again (void)
{
  g_clear_object (&fuzz.clocks[fuzz.side]);
  if (pick (2) == 0)
    iterate ();
  fuzz.clocks[fuzz.side] = tend_clock_freeze (fuzz.contexts[fuzz.side]);
}

/* --- The main part --- */

static gboolean
main_body (TendTask  *task,
           gpointer   data,
           GError   **error)
{
  tend_task_set_deadline (task, tend_get_time () + pick_time ());
  return fiber_step (TRUE, error);
}

static void
run (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(TendTask) task = tend_task_new_fiber ("main", main_body, NULL, NULL);
  gboolean ok = pick (2) == 0 ? tend_run (main_body, NULL, &error) : tend_run_task (task, &error);

  check_answer (ok, error);
}

/* --- The process --- */

static void
set_pool (void)
{
  tend_set_max_threads (pick (4));
  if (tend_get_max_threads () == 0)
    fail ("no threads may run");
  tend_set_thread_spin_time (pick (20));
  tend_get_thread_spin_time ();
  tend_set_stack_idle_time (pick_time ());
  tend_get_stack_idle_time ();
}

static void
watch (void)
{
  g_autoptr(GError) error = NULL;
  gboolean ok = tend_watchdog_start (3600 * SECOND, &error);

  check_answer (ok, error);
  run_operation ();
  tend_watchdog_stop ();
}

static void
compare_tags (void)
{
  g_autoptr(GBytes) tag = g_bytes_new_static ("secret", 3 + pick (4));
  g_autoptr(GBytes) other = g_bytes_new_static ("secret", 3 + pick (4));

  if (tend_tag_equal (tag, other) != g_bytes_equal (tag, other))
    fail ("tags are the same, or not");
}

Op process_operations[] = {
  { "drop", drop, 12 },
  { "drop elsewhere", drop_elsewhere, 4, OP_NATIVE },
  { "make an operation elsewhere", elsewhere, 6, OP_NATIVE },
  { "iterate", iterate, 12, OP_NATIVE },
  { "change the side", change_side, 8, OP_NATIVE },
  { "advance", advance, 25, OP_TOP | OP_NATIVE },
  { "run until idle", run_until_idle, 6, OP_TOP | OP_NATIVE | OP_ENDING | OP_BLOCKING },
  { "freeze again", freeze_again, 1, OP_TOP | OP_NATIVE },
  { "run a main part", run, 3, OP_TOP | OP_NATIVE | OP_BLOCKING },
  { "set up the pools", set_pool, 1 },
  { "watch", watch, 1, OP_TOP | OP_NATIVE },
  { "compare tags", compare_tags, 1 },
  { NULL },
};
