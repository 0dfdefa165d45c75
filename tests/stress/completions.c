// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Completions that all threads complete, and their tasks, which all threads cancel, stop and drop while
// their homes wait for them. Of all that is set one thing counts, each wait ends once, and each value is
// freed once: that which counts at home, the others where they were set.

#include "keeper.h"

/* Both belong to one home; each may go before the other, anywhere. */
static Rack completions = { .drop = g_object_unref };
static Rack tasks = { .drop = g_object_unref };

static GQuark
winner_quark (void)
{
  return g_quark_from_static_string ("tend-stress-winner");
}

static GQuark
home_quark (void)
{
  return g_quark_from_static_string ("tend-stress-home");
}

/* --- Values --- */

/* A value that is freed by who has set it, or at home. */
typedef struct
{
  Ticket *ticket;           /* for anywhere */
  Worker *home;             /* constant; the completion's */
  Worker *maker;            /* constant; who made this copy */
} Token;

static gpointer
token_copy (gpointer data)
{
  Token *self = g_memdup2 (data, sizeof (Token));

  self->ticket = ticket_new ("value", NULL);
  self->maker = me;
  return self;
}

static void
token_free (gpointer data)
{
  Token *self = data;

  if (me != self->home && me != self->maker)
    g_error ("a value of home %u that thread %u has set was freed in thread %u", self->home->number,
             self->maker->number, me->number);
  ticket_end (self->ticket);
  g_free (self);
}

static GType token_type;

static gboolean
set_token (TendCompletion *completion)
{
  Token token = { NULL, g_object_get_qdata (G_OBJECT (completion), home_quark ()), me };
  g_auto(GValue) value = G_VALUE_INIT;

  g_value_init (&value, token_type);
  g_value_set_boxed (&value, &token);
  return pick (me, 2) == 0 ? tend_completion_set_value (completion, &value, NULL)
                           : tend_completion_set_value (completion, &value, NULL);
}

/* --- Waiting, at home --- */

static void
waited_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  ticket_end (user_data);
  if (!tend_task_wait_finish (TEND_TASK (source), result, &error))
    g_assert_nonnull (error);
}

static gboolean
awaiting_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  Keeper *self = user_data;

  return self->object == NULL || tend_await (self->object, error);
}

static void
exit_cb (TendTask *task,
         gpointer  user_data)
{
  g_assert_true (((Ticket *) user_data)->home == me);
}

static void
add_something (Worker   *worker,
               TendTask *task)
{
  switch (pick (worker, 4))
    {
    case 0:
      tend_task_add_exit_handler (task, exit_cb, ticket_new ("exit handler", worker), ticket_end);
      break;
    case 1:
      if (!tend_task_is_ended (task))
        tend_task_set_deadline (task, tend_get_time () + pick (worker, 3000));
      break;
    default:
      tend_task_wait_async (task, NULL, waited_cb, ticket_new ("wait", worker));
    }
}

static gboolean
make (Worker *worker)
{
  TendCompletion *completion = tend_completion_new (pick (worker, 2) == 0 ? "named" : NULL);
  TendTask *task = tend_completion_get_task (completion);

  g_object_set_qdata (G_OBJECT (completion), home_quark (), worker);
  ticket_watch (completion, "completion", NULL);
  if (pick (worker, 2) == 0)
    ticket_watch (task, "task", worker);

  for (guint n = pick (worker, 4); n > 0; n--)
    add_something (worker, task);
  if (pick (worker, 3) != 0)
    rack_put (&tasks, worker, g_object_ref (task));
  rack_put (&completions, worker, completion);
  return TRUE;
}

static gboolean
add (Worker *worker)
{
  TendTask *task = rack_take (&tasks, worker);

  if (task == NULL)
    return FALSE;

  add_something (worker, task);
  rack_put (&tasks, worker, task);
  return TRUE;
}

static gboolean
await_in_fiber (Worker *worker)
{
  TendTask *task = rack_take (&tasks, worker);

  if (task == NULL)
    return FALSE;

  g_object_unref (keeper_start (worker, "awaiting fiber", awaiting_body, task, NULL, NULL));
  return TRUE;
}

static gboolean
take_from_fiber (Worker *worker)
{
  TendTask *task = keeper_take (worker);

  if (task == NULL)
    return FALSE;

  rack_put (&tasks, worker, task);
  return TRUE;
}

/* --- Anywhere --- */

static gboolean
set_something (Worker         *worker,
               TendCompletion *completion)
{
  g_autoptr(GError) reason = NULL;
  g_autoptr(GObject) object = NULL;

  switch (pick (worker, 7))
    {
    case 0:
      return tend_completion_set_boolean (completion, TRUE, NULL);
    case 1:
      return tend_completion_set_string (completion, "text", NULL);
    case 2:
      reason = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "At random");
      return tend_completion_set_error (completion, reason, NULL);
    case 3:
      return tend_completion_set_cancelled (completion, NULL);
    case 4:
      object = g_object_new (G_TYPE_OBJECT, NULL);
      ticket_watch (object, "result", NULL);
      return tend_completion_set_object (completion, object, NULL);
    default:
      return set_token (completion);
    }
}

static gboolean
set (Worker *worker)
{
  Worker *home = pick_home (worker);
  TendCompletion *completion = rack_take (&completions, home);

  if (completion == NULL)
    return FALSE;

  if (set_something (worker, completion))
    {
      g_assert_true (tend_completion_is_done (completion));
      if (!g_object_replace_qdata (G_OBJECT (completion), winner_quark (), NULL, worker, NULL, NULL))
        g_error ("two threads were told that theirs counts");
    }
  if (pick (worker, 2) == 0)
    rack_put (&completions, home, completion);
  else
    g_object_unref (completion);
  return TRUE;
}

static gboolean
share (Worker *worker)
{
  Worker *home = pick_home (worker);
  TendCompletion *completion = rack_take (&completions, home);

  if (completion == NULL)
    return FALSE;

  rack_put (&tasks, home, g_object_ref (tend_completion_get_task (completion)));
  rack_put (&completions, home, g_object_ref (completion));
  rack_put (&completions, home, completion);
  return TRUE;
}

static gboolean
end (Worker *worker)
{
  Worker *home = pick_home (worker);
  TendTask *task = rack_take (&tasks, home);

  if (task == NULL)
    return FALSE;

  if (pick (worker, 2) == 0)
    tend_task_cancel (task);
  else
    tend_task_stop (task);
  if (pick (worker, 2) == 0)
    rack_put (&tasks, home, task);
  else
    g_object_unref (task);
  return TRUE;
}

static void
leave (Worker *worker)
{
  while (take_from_fiber (worker))
    ;
}

static const Operation operations[] = {
  { "make", make, 8 },
  { "add to a task", add, 3 },
  { "await in a fiber", await_in_fiber, 2 },
  { "take the reference of a fiber", take_from_fiber, 3 },
  { "set", set, 6, TRUE },
  { "share", share, 3, TRUE },
  { "end a task", end, 2, TRUE },
  { "drop", drop_one, 3, TRUE },
};

static void
test_completions (void)
{
  static const Program completions_program = {
    operations, G_N_ELEMENTS (operations), { &completions, &tasks }, leave,
  };

  token_type = g_boxed_type_register_static ("TendStressToken", token_copy, token_free);
  stress_run (&completions_program, 4);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/stress/completions", test_completions);

  return g_test_run ();
}
