// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Request caches with number caches, tasks that these settle, and tasks that wait for caches to come, while
// any thread drops all of them and completes, cancels and stops the tasks. Each cache, value, handler and
// task goes once and at home, and each wait ends once.

#include "stress.h"

#define PREFIX "tend-stress"
#define N_NUMBERS 64

static Rack request_caches = { .drop = g_object_unref };
static Rack caches = { .drop = g_object_unref };
static Rack completions = { .drop = g_object_unref };
static Rack tasks = { .drop = g_object_unref };     /* that wait for caches, and of completions */
static Rack managers = { .drop = g_object_unref };  /* of request caches */

/* --- Values that the tasks get, for their homes alone --- */

static gpointer
letter_copy (gpointer data)
{
  return ticket_new ("value", ((Ticket *) data)->home);
}

static GType letter_type;

/* --- Caches --- */

/* A cache of a class that is derived in the program. */
typedef struct
{
  TendNumberCache parent_instance;

  Ticket         *ticket;
} TestCache;

typedef TendNumberCacheClass TestCacheClass;

GType test_cache_get_type (void);
G_DEFINE_FINAL_TYPE (TestCache, test_cache, TEND_TYPE_NUMBER_CACHE)

static void
test_cache_finalize (GObject *object)
{
  ticket_end (((TestCache *) object)->ticket);
  G_OBJECT_CLASS (test_cache_parent_class)->finalize (object);
}

static void
test_cache_timed_out (TendNumberCache *cache)
{
  g_assert_true (((TestCache *) cache)->ticket->home == me);
  g_assert_false (tend_number_cache_is_held (cache));
}

static void
test_cache_class_init (TestCacheClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_cache_finalize;
  klass->timed_out = test_cache_timed_out;
}

static void
test_cache_init (TestCache *self)
{
  self->ticket = ticket_new ("derived cache", me);
}

static TendNumberCache *
new_cache (Worker           *worker,
           TendRequestCache *request_cache)
{
  g_autoptr(GError) error = NULL;
  TendRandomNumberCache *random;

  if (pick (worker, 3) == 0)
    return g_object_new (test_cache_get_type (), "prefix", PREFIX, "number", (guint64) pick (worker, N_NUMBERS), NULL);

  if (pick (worker, 2) == 0)
    {
      random = tend_random_number_cache_new (request_cache, PREFIX, 6, &error);
      if (random != NULL)
        return TEND_NUMBER_CACHE (random);
      g_assert_error (error, TEND_ERROR, TEND_ERROR_FULL);
    }

  return tend_number_cache_new (PREFIX, pick (worker, N_NUMBERS));
}

static void
timed_out_cb (TendNumberCache *cache,
              gpointer         user_data)
{
  g_autoptr(GPtrArray) left = tend_number_cache_list_tasks (cache);

  g_assert_true (((Ticket *) user_data)->home == me);
  if (left->len > 0 && pick (me, 4) == 0)
    tend_number_cache_remove_task (cache, g_ptr_array_index (left, 0));
}

static void
closure_gone_cb (gpointer  data,
                 GClosure *closure)
{
  ticket_end (data);
}

static void
ended_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  ticket_end (user_data);
  if (!tend_task_wait_finish (TEND_TASK (source), result, &error))
    g_assert_nonnull (error);
}

static void
add_task (Worker          *worker,
          TendNumberCache *cache)
{
  TendCompletion *completion = tend_completion_new (NULL);
  TendTask *task = tend_completion_get_task (completion);
  g_auto(GValue) value = G_VALUE_INIT;

  tend_task_wait_async (task, NULL, ended_cb, ticket_new ("wait for a task of a cache", worker));
  if (pick (worker, 2) == 0)
    ticket_watch (task, "task of a cache", worker);

  if (pick (worker, 2) == 0)
    {
      g_autoptr(GError) reason = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "No answer");

      tend_number_cache_add_task_with_error (cache, task, reason, NULL);
    }
  else
    {
      g_value_init (&value, letter_type);
      g_value_take_boxed (&value, ticket_new ("value", worker));
      tend_number_cache_add_task (cache, task, &value, NULL);
    }

  if (pick (worker, 2) == 0)
    rack_put (&tasks, worker, g_object_ref (task));
  rack_put (&completions, worker, completion);
}

/* --- At home --- */

static gboolean
make (Worker *worker)
{
  TendRequestCache *self = tend_request_cache_new ();

  ticket_watch (self, "request cache", worker);
  rack_put (&request_caches, worker, self);
  return TRUE;
}

static gboolean
add (Worker *worker)
{
  TendRequestCache *self = rack_take (&request_caches, worker);
  TendNumberCache *cache;
  gboolean is_overridden = pick (worker, 4) == 0;
  gboolean is_added;

  if (self == NULL)
    return FALSE;

  cache = new_cache (worker, self);
  ticket_watch (cache, "cache", worker);
  tend_number_cache_set_timeout (cache, pick (worker, 4) == 0 ? 3600 * G_TIME_SPAN_SECOND : pick (worker, 3000));
  if (pick (worker, 2) == 0)
    g_signal_connect_data (cache, "timed-out", G_CALLBACK (timed_out_cb), ticket_new ("handler", worker),
                           closure_gone_cb, 0);
  for (guint n = pick (worker, 3); n > 0; n--)
    add_task (worker, cache);

  if (is_overridden)
    tend_request_cache_push_timeout (self, TEND_TYPE_NUMBER_CACHE, pick (worker, 500));
  is_added = tend_request_cache_add (self, cache, NULL);
  if (is_overridden)
    tend_request_cache_pop_timeout (self);

  /* One that no request cache has ever had belongs to no thread. */
  if (is_added)
    rack_put (&caches, worker, cache);
  else
    g_object_unref (cache);
  rack_put (&request_caches, worker, self);
  return TRUE;
}

static void
wait_for (Worker           *worker,
          TendRequestCache *self)
{
  gint64 timeout = pick (worker, 2) == 0 ? TEND_FOREVER : (gint64) pick (worker, 3000);
  TendTask *task = tend_request_cache_wait_for (self, PREFIX, pick (worker, N_NUMBERS), timeout);

  tend_task_wait_async (task, NULL, ended_cb, ticket_new ("wait for a cache", worker));
  if (pick (worker, 2) == 0)
    ticket_watch (task, "waiting task", worker);
  rack_put (&tasks, worker, task);
}

static gboolean
sleeping_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  return tend_sleep (pick (me, 2000), error);
}

static void
use_manager (Worker           *worker,
             TendRequestCache *self)
{
  TendTaskManager *manager = tend_request_cache_get_manager (self);
  Ticket *ticket = ticket_new ("managed task", worker);

  tend_task_manager_register (manager, tend_task_new_fiber (NULL, sleeping_body, ticket, ticket_end),
                              TEND_NAME_POLICY_REJECT, NULL);
  if (pick (worker, 2) == 0)
    rack_put (&managers, worker, g_object_ref (manager));
}

static void
shut_down_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  ticket_end (user_data);
  if (!tend_request_cache_shutdown_finish (TEND_REQUEST_CACHE (source), result, &error))
    g_assert_nonnull (error);
}

static gboolean
use (Worker *worker)
{
  TendRequestCache *self = rack_take (&request_caches, worker);
  guint64 number = pick (worker, N_NUMBERS);
  TendNumberCache *cache;

  if (self == NULL)
    return FALSE;

  switch (pick (worker, 12))
    {
    case 0:
      tend_request_cache_clear (self);
      break;
    case 1:
      tend_request_cache_shutdown_async (self, NULL, shut_down_cb, ticket_new ("shutdown", worker));
      break;
    case 2:
    case 3:
      use_manager (worker, self);
      break;
    case 4:
    case 5:
      cache = tend_request_cache_pop (self, PREFIX, number);
      if (cache != NULL)
        rack_put (&caches, worker, cache);
      break;
    case 6:
      cache = tend_request_cache_lookup (self, PREFIX, number);
      if (cache != NULL)
        tend_request_cache_remove (self, cache);
      break;
    default:
      wait_for (worker, self);
    }
  rack_put (&request_caches, worker, self);
  return TRUE;
}

/* A cache that was popped or has timed out may be added again. */
static gboolean
add_again (Worker *worker)
{
  TendNumberCache *cache = rack_take (&caches, worker);
  TendRequestCache *self = cache != NULL ? rack_take (&request_caches, worker) : NULL;

  if (self != NULL)
    {
      tend_request_cache_add (self, cache, NULL);
      rack_put (&request_caches, worker, self);
    }
  if (cache != NULL)
    rack_put (&caches, worker, cache);
  return self != NULL;
}

/* --- Anywhere --- */

static gboolean
complete (Worker *worker)
{
  g_autoptr(TendCompletion) completion = rack_take (&completions, pick_home (worker));

  if (completion == NULL)
    return FALSE;

  tend_completion_set_string (completion, "answer", NULL);
  return TRUE;
}

static gboolean
end_task (Worker *worker)
{
  g_autoptr(TendTask) task = rack_take (&tasks, pick_home (worker));

  if (task == NULL)
    return FALSE;

  if (pick (worker, 2) == 0)
    tend_task_stop (task);
  else
    tend_task_cancel (task);
  return TRUE;
}

static gboolean
share (Worker *worker)
{
  Rack *rack = pick (worker, 2) == 0 ? &request_caches : &caches;
  Worker *home = pick_home (worker);
  gpointer object = rack_take (rack, home);

  if (object == NULL)
    return FALSE;

  rack_put (rack, home, g_object_ref (object));
  rack_put (rack, home, object);
  return TRUE;
}

static const Operation operations[] = {
  { "make", make, 3 },
  { "add a cache", add, 6 },
  { "add a cache again", add_again, 1 },
  { "use", use, 6 },
  { "complete a task", complete, 1, TRUE },
  { "end a task", end_task, 1, TRUE },
  { "share", share, 1, TRUE },
  { "drop", drop_one, 3, TRUE },
};

static void
test_request_caches (void)
{
  static const Program request_caches_program = {
    operations, G_N_ELEMENTS (operations), { &request_caches, &caches, &completions, &tasks, &managers },
  };

  letter_type = g_boxed_type_register_static ("TendStressLetter", letter_copy, ticket_end);
  stress_run (&request_caches_program, 10);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/stress/request-caches", test_request_caches);

  return g_test_run ();
}
