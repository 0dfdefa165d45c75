// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// An owner, and a manager of its with tasks in every state: whatever calls back looks at the owner. It
// must not be disposed of yet, and a number in it, which its end spoils, tells even without a
// sanitizer when its memory has gone.

#pragma once

#include "fixture.h"

#define ALIVE 0x600d600d
#define SPOILT 0xdeadbeef

typedef struct _Scene Scene;

typedef struct
{
  GObject          parent_instance;
  Scene           *scene;
  guint            magic;
  TendTaskManager *manager;     /* where the owner keeps it; NULL otherwise */
} TestOwner;

typedef GObjectClass TestOwnerClass;

/* What a callback is given, and has destroyed. */
typedef struct
{
  Scene     *scene;
  TestOwner *owner;
} Datum;

struct _Scene
{
  Fixture    fixture;       /* first, since the functions of fixture.h take it */
  TestOwner *owner;         /* a reference, until the test drops it */
  Datum      datum;         /* for callbacks that destroy nothing */
  Work      *deaf;          /* a thread that goes on until it is let go */
  GPtrArray *others;        /* of tasks that are not the manager's */
  TendTask  *posted;        /* what a thread posts to; not a reference */
  TendCompletion *completion;
  gboolean   is_over;       /* the owner was disposed of */
  gboolean   is_finalized;
  guint      n_called;      /* callbacks before that */
  guint      n_given;       /* data */
  guint      n_destroyed;
  guint      n_fibers;      /* that have begun, and must unwind before the owner is freed */
  guint      n_unwound;
  guint      n_told;        /* tasks of others that have been told of a stopped task */
};

GType test_owner_get_type (void);
G_DEFINE_FINAL_TYPE (TestOwner, test_owner, G_TYPE_OBJECT)

static inline void
test_owner_dispose (GObject *object)
{
  TestOwner *self = (TestOwner *) object;

  self->scene->is_over = TRUE;
  g_clear_object (&self->manager);
  G_OBJECT_CLASS (test_owner_parent_class)->dispose (object);
}

static inline void
test_owner_finalize (GObject *object)
{
  TestOwner *self = (TestOwner *) object;

  /* Each fiber has let go of what it held of the owner. */
  g_assert_cmpuint (self->scene->n_unwound, ==, self->scene->n_fibers);
  self->scene->is_finalized = TRUE;
  self->magic = SPOILT;
  G_OBJECT_CLASS (test_owner_parent_class)->finalize (object);
}

static void
test_owner_class_init (TestOwnerClass *klass)
{
  klass->dispose = test_owner_dispose;
  klass->finalize = test_owner_finalize;
}

static void
test_owner_init (TestOwner *self)
{
  self->magic = ALIVE;
}

/* --- Callbacks --- */

/* What every callback does first. */
static inline void
called (gpointer data)
{
  Datum *datum = data;

  g_assert_false (datum->scene->is_over);
  g_assert_cmpuint (datum->owner->magic, ==, ALIVE);
  datum->scene->n_called++;
}

static inline Datum *
give (Scene *scene)
{
  Datum *datum = g_new (Datum, 1);

  *datum = scene->datum;
  scene->n_given++;
  return datum;
}

static inline void
destroyed (gpointer data)
{
  ((Datum *) data)->scene->n_destroyed++;
  g_free (data);
}

static inline gboolean
guarded_body (TendTask  *task,
              gpointer   data,
              GError   **error)
{
  called (data);
  return TRUE;
}

static inline void
guarded_exit (TendTask *task,
              gpointer  data)
{
  called (data);
}

static inline gboolean
guarded_run (TendTask  *task,
             gpointer   data,
             GError   **error)
{
  called (data);
  tend_task_return_boolean (task, TRUE);

  return TRUE;
}

static inline gboolean
guarded_timer (TendTask  *task,
               gpointer   data,
               GError   **error)
{
  called (data);
  return TRUE;
}

static inline void
guarded_ready (GObject      *object,
               GAsyncResult *result,
               gpointer      data)
{
  called (data);
}

static inline void
guarded_cancelled (TendCancellable *cancellable,
                   gpointer         data)
{
  called (data);
}

static inline void
guarded_signal (gpointer object)
{
  g_assert_not_reached ();
}

/* The memory of the owner is there while its fibers unwind. */
static inline gboolean
unwind (Datum  *datum,
        GError *error)
{
  g_assert_true (g_error_matches (error, TEND_ERROR, TEND_ERROR_STOPPED) ||
                 g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  g_assert_cmpuint (datum->owner->magic, ==, ALIVE);
  datum->scene->n_unwound++;
  return FALSE;
}

static inline gboolean
sleeping_fiber (TendTask  *task,
                gpointer   data,
                GError   **error)
{
  Datum *datum = data;

  called (data);
  datum->scene->n_fibers++;
  tend_sleep (3600 * SECOND, error);
  return unwind (datum, *error);
}

/* Is cancelled, and takes very long to clean up. */
static inline gboolean
shielded_fiber (TendTask  *task,
                gpointer   data,
                GError   **error)
{
  Datum *datum = data;

  called (data);
  datum->scene->n_fibers++;
  tend_shield_push ();
  tend_sleep (3600 * SECOND, error);
  tend_shield_pop ();
  return unwind (datum, *error);
}

/* Waits for an operation, which has to come back first: perhaps after the owner has gone. */
static inline gboolean
bound_fiber (TendTask  *task,
             gpointer   data,
             GError   **error)
{
  TendTask *other = g_ptr_array_index (((Datum *) data)->scene->others, 0);
  g_auto(TendCall) call = TEND_CALL_INIT;

  called (data);
  tend_task_wait_async (other, tend_call_start (&call), tend_call_ready, &call);
  if (!tend_await_call (&call, error))
    return FALSE;
  return tend_task_wait_finish (other, call.result, error);
}

/* Waits for itself and another by callback, and listens to its cancellable. */
static inline gboolean
waiting_body (TendTask  *task,
              gpointer   data,
              GError   **error)
{
  Datum *datum = data;
  TendTask *other = g_ptr_array_index (datum->scene->others, 0);

  called (data);
  tend_task_wait_async (task, NULL, guarded_ready, &datum->scene->datum);
  tend_task_wait_async (other, tend_task_get_cancellable (task), guarded_ready, &datum->scene->datum);
  tend_task_manager_wait_for_tasks_async (datum->scene->fixture.manager, NULL, guarded_ready, &datum->scene->datum);
  tend_cancellable_add_handler (TEND_CANCELLABLE (tend_task_get_cancellable (task)), guarded_cancelled,
                                give (datum->scene), destroyed);

  return TRUE;
}

/* --- Others --- */

/* Waits for a task of the manager, or without one for all of them. */
typedef struct
{
  Scene    *scene;
  TendTask *task;
} Other;

static inline gboolean
other_fiber (TendTask  *task,
             gpointer   data,
             GError   **error)
{
  Other *other = data;

  if (other->task != NULL)
    {
      g_assert_false (tend_await (other->task, error));
      g_assert_false (tend_task_is_ended (task));
      other->scene->n_told += g_error_matches (*error, TEND_ERROR, TEND_ERROR_STOPPED);
      g_clear_error (error);
    }
  else
    tend_task_manager_wait_for_tasks (other->scene->fixture.manager, NULL);

  return TRUE;
}

static inline void
add_other (Scene    *scene,
           TendTask *task)
{
  Other *other = g_new (Other, 1);

  *other = (Other) { scene, task };
  g_ptr_array_add (scene->others, watch (&scene->fixture, tend_task_run_fiber (NULL, other_fiber, other, g_free)));
}

/* --- The scene --- */

/* Hangs everything on a task of the manager that can call back. */
static inline TendTask *
adorn (Scene    *scene,
       TendTask *task)
{
  tend_task_add_exit_handler (task, guarded_exit, give (scene), destroyed);
  tend_task_add_timer (task, 1800 * SECOND, SECOND, guarded_timer, give (scene), destroyed);
  tend_task_wait_async (task, NULL, guarded_ready, &scene->datum);
  return task;
}

/* Registers a task of a kind, adorned; the manager owns it. */
static inline TendTask *
add_task (Scene    *scene,
          TendTask *task)
{
  g_autoptr(GError) error = NULL;

  tend_task_manager_register (scene->fixture.manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, &error);
  g_assert_no_error (error);
  watch (&scene->fixture, task);
  adorn (scene, task);
  g_object_unref (task);

  return task;
}

static inline TendTask *
new_callback (Scene        *scene,
              const char   *name,
              TendBodyFunc  func,
              gint64        delay,
              gint64        interval)
{
  TendTask *task = tend_task_new_open (name, func, give (scene), destroyed);

  if (delay >= 0)
    tend_task_set_delay (task, delay);
  if (interval > 0)
    tend_task_set_interval (task, interval);
  return task;
}

static inline void
add_child (Scene *scene)
{
  g_autoptr(TendTaskManager) child = watch (&scene->fixture, tend_task_manager_new ());
  g_autoptr(TendTask) task = watch (&scene->fixture, tend_task_new_open ("child's", never_run, NULL, NULL));

  tend_task_set_delay (task, 400 * SECOND);
  g_assert_true (tend_task_manager_add_child (scene->fixture.manager, child, NULL));
  g_assert_true (tend_task_manager_register (child, g_object_ref (task), TEND_NAME_POLICY_REJECT, NULL));
}

/* Tasks that run, sleep, clean up, or wait for somebody else. */
static inline void
add_running (Scene *scene)
{
  Fixture *fixture = &scene->fixture;
  TendTask *task;

  add_task (scene, new_callback (scene, "ticking", guarded_run, -1, SECOND));
  add_task (scene, new_callback (scene, "going on", guarded_body, -1, -1));
  add_task (scene, new_callback (scene, "waiting", waiting_body, -1, -1));
  add_other (scene, add_task (scene, tend_task_new_fiber ("sleeping", sleeping_fiber, give (scene), destroyed)));
  add_task (scene, tend_task_new_fiber ("bound", bound_fiber, give (scene), destroyed));
  task = add_task (scene, tend_task_new_fiber ("shielded", shielded_fiber, give (scene), destroyed));
  scene->completion = tend_completion_new ("completion");
  add_task (scene, g_object_ref (tend_completion_get_task (scene->completion)));
  for (Kind kind = FIBER; kind < N_KINDS; kind++)
    adorn (scene, register_work (fixture, kind, NULL)->task);
  scene->deaf = register_work (fixture, THREAD, "deaf");
  scene->deaf->is_deaf = TRUE;
  work_wait_begun (scene->deaf);
  tend_task_cancel (task);

  task = add_task (scene, tend_task_new_fiber ("paused", sleeping_fiber, give (scene), destroyed));
  settle (fixture);
  tend_task_pause (task);
}

/* Everything there is: run to where each of it waits, and posts and new tasks in the next turn. */
static inline void
populate (Scene *scene)
{
  Fixture *fixture = &scene->fixture;
  g_autoptr(TendTask) last = watch (fixture, tend_task_new_open ("last", never_run, give (scene), destroyed));

  g_ptr_array_add (scene->others, watch (fixture, tend_task_new_open ("never", never_run, NULL, NULL)));
  add_running (scene);
  add_child (scene);
  tend_clock_advance (fixture->clock, 5 * SECOND / 2, NULL);

  tend_task_manager_set_max_running (fixture->manager, 1);
  tend_task_manager_set_slow_check (fixture->manager, 100 * SECOND, 100 * SECOND);
  add_other (scene, add_task (scene, new_callback (scene, "in a lane", guarded_body, -1, -1)));
  settle (fixture);
  add_task (scene, new_callback (scene, "delayed", guarded_body, 3600 * SECOND, -1));
  add_other (scene, add_task (scene, new_callback (scene, "pending", guarded_body, -1, -1)));
  add_task (scene, new_callback (scene, "failing", fail_at_once, -1, 3600 * SECOND));
  add_other (scene, NULL);
  tend_task_manager_add_shutdown_task (fixture->manager, g_object_ref (last), NULL);

  tend_task_manager_wait_for_tasks_async (fixture->manager, NULL, guarded_ready, &scene->datum);
  tend_task_post (tend_task_manager_lookup (fixture->manager, "going on"), guarded_timer, give (scene), destroyed);
  g_signal_connect (fixture->manager, "task-failed", G_CALLBACK (guarded_signal), NULL);
  g_signal_connect (fixture->manager, "task-slow", G_CALLBACK (guarded_signal), NULL);
}

static inline void
set_up_scene (Scene         *scene,
              gconstpointer  unused)
{
  Fixture *fixture = &scene->fixture;

  set_up (fixture, NULL);
  g_clear_object (&fixture->manager);
  scene->owner = g_object_new (test_owner_get_type (), NULL);
  scene->owner->scene = scene;
  scene->datum = (Datum) { scene, scene->owner };
  scene->others = g_ptr_array_new_with_free_func (g_object_unref);

  fixture->manager = tend_task_manager_new_for_owner (G_OBJECT (scene->owner));
  watch (fixture, fixture->manager);
  g_signal_connect (fixture->manager, "items-changed", G_CALLBACK (items_changed_cb), fixture);
}

/* Lets everything happen that still would, and looks whether it was right. */
static inline void
tear_down_scene (Scene         *scene,
                 gconstpointer  unused)
{
  Fixture *fixture = &scene->fixture;

  g_assert_true (scene->is_finalized);
  if (fixture->manager != NULL)
    g_signal_handlers_disconnect_by_func (fixture->manager, items_changed_cb, fixture);
  g_ptr_array_set_size (fixture->shadow, 0);

  tend_clock_advance (fixture->clock, 500 * SECOND, NULL);
  if (scene->deaf != NULL)
    work_let_go (scene->deaf);
  for (guint i = 0; i < fixture->works->len; i++)
    work_wait_gone (g_ptr_array_index (fixture->works, i));
  settle (fixture);
  for (guint i = 1; i < scene->others->len; i++)
    g_assert_true (tend_task_is_ended (g_ptr_array_index (scene->others, i)));
  g_clear_object (&fixture->manager);
  g_clear_object (&scene->completion);
  g_ptr_array_unref (scene->others);

  g_assert_cmpuint (scene->n_destroyed, ==, scene->n_given);
  tear_down (fixture, NULL);
}

static inline void
drop_owner (Scene *scene)
{
  g_object_unref (g_steal_pointer (&scene->owner));
}
