// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Owners whose last reference is dropped in another thread, at any moment, while the loop calls what
// their tasks have: callbacks, timers, fibers and posts.
//
// The loop can have passed the gate when the owner closes it. So one callback may begin when the
// owner is gone already, and never a second one; a callback that uses the owner asks for a reference.

#include <tend.h>

#define N_ROUNDS 1000
#define N_POSTS 4
#define ALIVE 0x600d600d
#define SPOILT 0xdeadbeef

typedef struct
{
  int              seen;        /* atomic; orders what callbacks do before the end of the owner, for sanitizers */
  int              is_finalized; /* atomic */
  int              n_called;    /* atomic */
  int              n_wanted;    /* constant; after so many calls the owner is dropped */
  guint            n_late;      /* loop thread */
  guint            n_given;     /* loop thread */
  int              n_destroyed; /* atomic */
  TendTaskManager *manager;     /* constant */
  TendTask        *task;        /* constant; a reference; what is posted to */
} Round;

typedef struct
{
  GObject  parent_instance;
  Round   *round;
  int      magic;               /* atomic */
} TestOwner;

typedef GObjectClass TestOwnerClass;

GType test_owner_get_type (void);
G_DEFINE_FINAL_TYPE (TestOwner, test_owner, G_TYPE_OBJECT)

static void
test_owner_finalize (GObject *object)
{
  TestOwner *self = (TestOwner *) object;

  g_atomic_int_inc (&self->round->seen);
  g_atomic_int_set (&self->magic, (int) SPOILT);
  g_atomic_int_set (&self->round->is_finalized, TRUE);
  G_OBJECT_CLASS (test_owner_parent_class)->finalize (object);
}

static void
test_owner_class_init (TestOwnerClass *klass)
{
  klass->finalize = test_owner_finalize;
}

static void
test_owner_init (TestOwner *self)
{
  self->magic = ALIVE;
}

/* --- What the tasks call --- */

static void
called (gpointer data)
{
  Round *round = data;
  TestOwner *owner;

  g_atomic_int_inc (&round->n_called);
  if (g_atomic_int_get (&round->is_finalized))
    round->n_late++;

  owner = (TestOwner *) tend_task_manager_dup_owner (round->manager);
  if (owner == NULL)
    return;

  g_assert_cmphex ((guint) g_atomic_int_get (&owner->magic), ==, ALIVE);
  g_atomic_int_inc (&round->seen);
  g_object_unref (owner);
}

static void
destroyed (gpointer data)
{
  g_atomic_int_inc (&((Round *) data)->n_destroyed);
}

static gboolean
run (TendTask  *task,
     gpointer   data,
     GError   **error)
{
  called (data);
  tend_task_return_boolean (task, TRUE);

  return TRUE;
}

static gboolean
fail (TendTask  *task,
      gpointer   data,
      GError   **error)
{
  called (data);
  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_FAILED, "It failed");

  return TRUE;
}

static gboolean
tick (TendTask  *task,
      gpointer   data,
      GError   **error)
{
  called (data);
  return TRUE;
}

static gboolean
post_again (TendTask  *task,
            gpointer   data,
            GError   **error)
{
  called (data);
  ((Round *) data)->n_given++;
  tend_task_post (task, post_again, data, destroyed);
  return TRUE;
}

static gboolean
stay (TendTask  *task,
      gpointer   data,
      GError   **error)
{
  called (data);
  return TRUE;
}

static void
leave (TendTask *task,
       gpointer  data)
{
  called (data);
}

/* The fiber goes on only while its waits do not fail. */
static gboolean
yield_on (TendTask  *task,
          gpointer   data,
          GError   **error)
{
  do
    called (data);
  while (tend_yield (error));

  g_assert_error (*error, TEND_ERROR, TEND_ERROR_STOPPED);
  return FALSE;
}

/* Makes attempts, which fail, without a pause between them. */
static TendTask *
attempt (guint    n,
         gpointer data)
{
  called (data);
  return tend_task_new_open (NULL, fail, data, NULL);
}

/* --- The rounds --- */

static TestOwner *handed;   /* atomic; the owner with the reference to drop */

static gpointer
drop_owners (gpointer unused)
{
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      TestOwner *owner;
      Round *round;

      while ((owner = g_atomic_pointer_get (&handed)) == NULL)
        g_thread_yield ();
      g_atomic_pointer_set (&handed, NULL);

      round = owner->round;
      while (g_atomic_int_get (&round->n_called) < round->n_wanted)
        g_thread_yield ();
      for (guint j = 0; j < N_POSTS; j++)
        tend_task_post (round->task, tick, round, destroyed);
      g_object_unref (owner);
    }

  return NULL;
}

static void
add_tasks (Round *round)
{
  TendTaskManager *manager = round->manager;
  g_autoptr(TendTask) ticking = tend_task_new_open (NULL, run, round, destroyed);
  g_autoptr(TendTask) lasting = tend_task_new_open (NULL, stay, round, destroyed);
  g_autoptr(TendRetry) retry = tend_retry_new (0);
  g_autoptr(TendTask) retrying = tend_retry_create_task (retry, NULL, attempt, round, destroyed);

  tend_task_set_interval (ticking, 1);
  tend_task_manager_register (manager, g_object_ref (ticking), TEND_NAME_POLICY_REJECT, NULL);
  tend_task_manager_register (manager, g_object_ref (lasting), TEND_NAME_POLICY_REJECT, NULL);
  tend_retry_set_back_off (retry, 0, 0, 1);
  tend_task_manager_register (manager, g_object_ref (retrying), TEND_NAME_POLICY_REJECT, NULL);
  tend_task_add_timer (lasting, 0, 1, tick, round, destroyed);
  tend_task_add_timer (lasting, 0, 1, tick, round, destroyed);
  tend_task_post (lasting, post_again, round, destroyed);
  tend_task_add_exit_handler (lasting, leave, round, destroyed);
  tend_task_manager_register (manager, tend_task_new_fiber (NULL, yield_on, round, destroyed),
                              TEND_NAME_POLICY_REJECT, NULL);
  tend_task_manager_register (manager, tend_task_new_fiber (NULL, yield_on, round, destroyed),
                              TEND_NAME_POLICY_REJECT, NULL);

  round->task = g_steal_pointer (&lasting);
  round->n_given = 9 + N_POSTS;
}

static void
run_round (void)
{
  Round round = { .n_wanted = g_test_rand_int_range (0, 40) };
  TestOwner *owner = g_object_new (test_owner_get_type (), NULL);

  owner->round = &round;
  round.manager = tend_task_manager_new_for_owner (G_OBJECT (owner));
  add_tasks (&round);
  g_atomic_pointer_set (&handed, owner);

  /* What was posted comes back from its task even if that has ended. */
  while (!g_atomic_int_get (&round.is_finalized) || g_list_model_get_n_items (G_LIST_MODEL (round.manager)) > 0 ||
         g_atomic_int_get (&round.n_destroyed) != (int) round.n_given)
    {
      if (!g_main_context_iteration (NULL, FALSE))
        g_thread_yield ();
    }

  g_assert_cmpuint (round.n_late, <=, 1);
  g_assert_true (tend_task_manager_is_shut_down (round.manager));
  g_assert_finalize_object (round.task);
  g_assert_finalize_object (round.manager);
}

static void
test_dropped_at_any_moment (void)
{
  GThread *thread = g_thread_new ("dropping", drop_owners, NULL);

  for (guint i = 0; i < N_ROUNDS; i++)
    run_round ();
  g_thread_join (thread);
}

/* --- A thread that waits for a worker --- */

typedef struct
{
  int is_open;  /* atomic */
  int has_begun; /* atomic */
} Latch;

static gboolean
wait_for_latch (TendTask  *task,
                gpointer   data,
                GError   **error)
{
  Latch *latch = data;

  g_atomic_int_set (&latch->has_begun, TRUE);
  while (!g_atomic_int_get (&latch->is_open))
    g_thread_yield ();
  return TRUE;
}

static gboolean
never_work (TendTask  *task,
            gpointer   data,
            GError   **error)
{
  g_assert_not_reached ();
}

static gpointer
unref_in_thread (gpointer object)
{
  g_object_unref (object);
  return NULL;
}

static void
spin_until (int *flag)
{
  while (!g_atomic_int_get (flag))
    g_thread_yield ();
}

/* The loop has not heard yet that the owner is gone when the worker comes to its task. */
static void
test_queued_thread_does_not_begin (void)
{
  g_autoptr(TendTask) before = NULL;
  g_autoptr(TendTask) after = NULL;
  Latch first = { 0 };
  Latch last = { 1, 0 };
  GObject *owner = g_object_new (G_TYPE_OBJECT, NULL);
  TendTaskManager *manager = tend_task_manager_new_for_owner (owner);
  TendTask *task;

  tend_set_max_threads (1);
  before = tend_task_run_thread (NULL, wait_for_latch, &first, NULL);
  spin_until (&first.has_begun);
  task = g_object_ref (tend_task_manager_register (manager, tend_task_new_thread (NULL, never_work, NULL, NULL),
                                                   TEND_NAME_POLICY_REJECT, NULL));
  while (tend_task_get_status (task) != TEND_TASK_STATUS_RUNNING)
    g_main_context_iteration (NULL, FALSE);
  after = tend_task_run_thread (NULL, wait_for_latch, &last, NULL);

  g_assert_true (g_main_context_acquire (NULL));
  g_thread_join (g_thread_new ("unref", unref_in_thread, owner));
  g_atomic_int_set (&first.is_open, TRUE);
  spin_until (&last.has_begun);
  g_main_context_release (NULL);

  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_RUNNING);
  while (g_list_model_get_n_items (G_LIST_MODEL (manager)) > 0 || !tend_task_is_ended (after))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_STOPPED);
  tend_set_max_threads (0);
  g_assert_finalize_object (manager);
  g_assert_finalize_object (task);
}

/* --- What ends in the turn in which the owner goes --- */

/* A boxed value of the user's. It is copied by the user's code. */
static guint n_copies;

static gpointer
copy_box (gpointer box)
{
  n_copies++;
  return box;
}

static void
free_box (gpointer box)
{
}

static GType
box_get_type (void)
{
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_boxed_type_register_static ("TestBox", copy_box, free_box));

  return type;
}

static TendTask *
next_attempt (guint    n,
              gpointer data)
{
  TendTask **attempt = data;

  g_assert_null (*attempt);
  *attempt = tend_task_new_open (NULL, NULL, NULL, NULL);
  return g_object_ref (*attempt);
}

static gboolean
never_ask (TendTask     *task,
           guint         n,
           const GError *error,
           gpointer      data)
{
  g_assert_not_reached ();
}

/*
 * The attempt of a retry ends before the loop hears that the owner is gone: neither is the predicate asked whether to
 * try again, nor the value copied.
 */
static void
check_end_of_attempt (gboolean has_failed)
{
  GObject *owner = g_object_new (G_TYPE_OBJECT, NULL);
  TendTaskManager *manager = tend_task_manager_new_for_owner (owner);
  TendRetry *retry = tend_retry_new (3);
  g_autoptr(TendTask) attempt = NULL;
  g_auto(GValue) value = G_VALUE_INIT;
  guint n_copies_before;
  TendTask *task;

  tend_retry_set_predicate (retry, never_ask, NULL, NULL);
  task = tend_retry_create_task (retry, NULL, next_attempt, &attempt, NULL);
  tend_task_manager_register (manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, NULL);
  while (attempt == NULL)
    g_main_context_iteration (NULL, FALSE);

  g_thread_join (g_thread_new ("unref", unref_in_thread, owner));
  g_value_init (&value, box_get_type ());
  g_value_set_static_boxed (&value, &value);
  if (has_failed)
    tend_task_return_new_error (attempt, G_IO_ERROR, G_IO_ERROR_FAILED, "It failed");
  else
    tend_task_return_value (attempt, &value);
  n_copies_before = n_copies;

  /* The notification of its progress may still be on its way, with a reference, when the task leaves the list. */
  while (g_list_model_get_n_items (G_LIST_MODEL (manager)) > 0 || G_OBJECT (task)->ref_count > 1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_STOPPED);
  g_assert_cmpuint (n_copies, ==, n_copies_before);
  g_assert_finalize_object (manager);
  g_assert_finalize_object (task);
  g_assert_finalize_object (retry);
}

static void
test_end_of_attempt_calls_nobody (void)
{
  check_end_of_attempt (TRUE);
  check_end_of_attempt (FALSE);
}

/* --- What hears of the task just before its body begins --- */

static gboolean
never_run (TendTask  *task,
           gpointer   data,
           GError   **error)
{
  g_assert_not_reached ();
  return TRUE;
}

static TendTask *
never_attempt (guint    n,
               gpointer data)
{
  g_assert_not_reached ();
}

static void
never_begin (TendTask            *task,
             GCancellable        *cancellable,
             GAsyncReadyCallback  callback,
             gpointer             callback_data,
             gpointer             data)
{
  g_assert_not_reached ();
}

static gboolean
never_finish (TendTask      *task,
              GAsyncResult  *result,
              gpointer       data,
              GError       **error)
{
  g_assert_not_reached ();
}

static void
running_cb (TendTask   *task,
            GParamSpec *pspec,
            GObject   **owner)
{
  if (tend_task_get_status (task) == TEND_TASK_STATUS_RUNNING)
    g_thread_join (g_thread_new ("unref", unref_in_thread, g_steal_pointer (owner)));
}

/* The owner goes while the status is notified. Takes @task, whose body does not begin then. */
static void
check_body_does_not_begin (TendTask *task)
{
  GObject *owner = g_object_new (G_TYPE_OBJECT, NULL);
  TendTaskManager *manager = tend_task_manager_new_for_owner (owner);

  g_signal_connect (task, "notify::status", G_CALLBACK (running_cb), &owner);
  tend_task_manager_register (manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, NULL);
  while (g_list_model_get_n_items (G_LIST_MODEL (manager)) > 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (owner);
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_STOPPED);
  g_assert_finalize_object (manager);
  g_assert_finalize_object (task);
}

static void
test_body_does_not_begin (void)
{
  g_autoptr(TendRetry) retry = tend_retry_new (3);

  check_body_does_not_begin (tend_task_new_open (NULL, never_run, NULL, NULL));
  check_body_does_not_begin (tend_task_new_fiber (NULL, never_work, NULL, NULL));
  check_body_does_not_begin (tend_task_new_thread (NULL, never_work, NULL, NULL));
  check_body_does_not_begin (tend_task_new_async (NULL, never_begin, never_finish, NULL, NULL));
  check_body_does_not_begin (tend_retry_create_task (retry, NULL, never_attempt, NULL, NULL));
}

/* --- A fiber whose turn it is --- */

static gboolean
drop_in_thread_cb (TendTask  *task,
                   gpointer   data,
                   GError   **error)
{
  GObject **owner = data;

  g_thread_join (g_thread_new ("unref", unref_in_thread, g_steal_pointer (owner)));
  return FALSE;
}

typedef struct
{
  GObject *owner;
  guint    n_unwound;
} Unwound;

/* The owner goes in the turn of the loop in which the sleep is over, just before. */
static gboolean
sleep_body (TendTask  *task,
            gpointer   data,
            GError   **error)
{
  Unwound *self = data;

  tend_task_add_timer (task, 1000, -1, drop_in_thread_cb, &self->owner, NULL);
  g_assert_false (tend_sleep (1000, error));
  g_assert_error (*error, TEND_ERROR, TEND_ERROR_STOPPED);
  self->n_unwound++;

  return FALSE;
}

/* Runs the main context until the manager has heard of its owner, and the fiber is through. */
static void
stopped_cb (TendTask   *task,
            GParamSpec *pspec,
            Unwound    *self)
{
  while (self->n_unwound == 0)
    g_main_context_iteration (NULL, FALSE);
}

/* The end of its wait finds the gate closed, and who is told that the task ends has its fiber unwound meanwhile. */
static void
test_fiber_is_unwound_by_who_is_told (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Unwound self = { .owner = g_object_new (G_TYPE_OBJECT, NULL) };
  TendTaskManager *manager = tend_task_manager_new_for_owner (self.owner);
  TendTask *task = tend_task_new_fiber (NULL, sleep_body, &self, NULL);

  tend_task_manager_register (manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, NULL);
  tend_clock_advance (clock, 500, NULL);
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_RUNNING);
  g_signal_connect (task, "notify::status", G_CALLBACK (stopped_cb), &self);

  tend_clock_advance (clock, 1000, NULL);
  g_assert_null (self.owner);
  g_assert_cmpuint (self.n_unwound, ==, 1);
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_STOPPED);
  g_assert_finalize_object (manager);
  g_assert_finalize_object (task);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/task-manager/owner/dropped-at-any-moment", test_dropped_at_any_moment);
  g_test_add_func ("/tend/task-manager/owner/queued-thread-does-not-begin", test_queued_thread_does_not_begin);
  g_test_add_func ("/tend/task-manager/owner/end-of-attempt-calls-nobody", test_end_of_attempt_calls_nobody);
  g_test_add_func ("/tend/task-manager/owner/body-does-not-begin", test_body_does_not_begin);
  g_test_add_func ("/tend/task-manager/owner/fiber-is-unwound-by-who-is-told", test_fiber_is_unwound_by_who_is_told);

  return g_test_run ();
}
