// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A manager that belongs to an object, such as a window: when the object is disposed of, in any thread, the tasks are
// stopped, and none of their callbacks is called any more.
//
// A gate bars the callbacks. A weak reference to the owner closes it in the thread in which the owner goes. If this is
// the manager's thread, the tasks are stopped before the owner is freed. If not, a job is sent to the loop, and until
// it arrives, a task is stopped when one of its callbacks would be called.
//
// Lock: mourners_lock guards what is marked so of the mourners of each owner.
//
// Who asks for the owner says so first, takes the reference with no lock held, and then looks whether the owner has
// gone meanwhile. Where it goes while somebody is about to take a reference, it is kept for that. There is no
// GWeakRef, which takes the reference under a lock of GLib's: a language binding is told of it and takes the
// interpreter's lock, which another thread may hold while it waits for GLib's.
//
// A toggle reference, which would bring the owner home to be disposed of there, was rejected: nobody is notified while
// there are two of them, and language bindings hold one on each object that they know.

#include "tend-manager-private.h"
#include "tend-manager-shutdown-private.h"

typedef struct _Mourners Mourners;

/* What a manager and the mourners of its owner share. */
struct _TendBereavement
{
  gatomicrefcount  ref_count;
  TendGate        *gate;        /* constant */
  TendLoop        *loop;        /* constant; a use of it */
  TendTaskManager *manager;     /* loop thread; not a reference; NULL once it goes */
  Mourners        *mourners;    /* constant; a reference */
  TendJob          job;         /* the inbox's, with a reference, when the owner went elsewhere */
};

/*
 * Those of one owner, in its data. It has one weak reference for all of them, which is never taken back: a
 * manager may go while the owner is being disposed of, when GLib tells the weak references one after
 * the other and cannot forget one any more.
 */
struct _Mourners
{
  gatomicrefcount  ref_count;
  GObject         *owner;           /* constant; to be used while is_watching, or with a reference */
  GPtrArray       *bereavements;    /* under mourners_lock; references */
  gboolean         is_watching;     /* under mourners_lock; the weak reference is there */
  guint            n_asking;        /* under mourners_lock; who is about to take a reference to the owner */
  gboolean         is_kept;         /* under mourners_lock; the last of them has one to drop */
};

static TEND_DEFINE_LOCK (mourners_lock);

static G_DEFINE_QUARK (tend-mourners, mourners)

static void
mourners_unref (gpointer data)
{
  Mourners *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_ptr_array_unref (self->bereavements);
  g_free (self);
}

static void
bereavement_unref (gpointer data)
{
  TendBereavement *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  tend_gate_unref (self->gate);
  tend_loop_release (self->loop);
  mourners_unref (self->mourners);
  g_free (self);
}

/* --- The end of the tasks --- */

/* Stops the tasks, whose callbacks are barred, and unwinds their fibers at once. */
void
tend_manager_end_tasks (GPtrArray *tasks)
{
  for (guint i = 0; i < tasks->len; i++)
    tend_task_stop (g_ptr_array_index (tasks, i));
  for (guint i = 0; i < tasks->len; i++)
    tend_task_unwind (g_ptr_array_index (tasks, i));
}

/* On the native stack: those who wait for the shutdown may be notified at once. */
static void
bereaved_native_cb (gpointer data)
{
  TendTaskManager *self = data;
  g_autoptr(GPtrArray) children = tend_manager_copy_children (self);
  g_autoptr(GPtrArray) tasks = NULL;

  g_object_ref (self);
  tend_manager_get_private (self)->is_bereft = TRUE;
  tend_manager_shutdown_force (self);
  tasks = tend_manager_copy_tasks (self);
  tend_manager_end_tasks (tasks);

  for (guint i = 0; i < children->len; i++)
    tend_task_manager_shutdown_async (g_ptr_array_index (children, i), NULL, NULL, NULL);
  g_object_unref (self);
}

static void
bereaved_job_cb (TendJob *job)
{
  TendBereavement *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendBereavement, job));

  if (self->manager != NULL)
    tend_call_native (bereaved_native_cb, self->manager);
  bereavement_unref (self);
}

/* The owner goes, while others may be about to take a reference to it. */
static void
keep_for_those_who_ask (Mourners *mourners)
{
  gboolean is_taken = FALSE;

  g_object_ref (mourners->owner);

  tend_lock (&mourners_lock);
  if (mourners->n_asking > 0 && !mourners->is_kept)
    mourners->is_kept = is_taken = TRUE;
  tend_unlock (&mourners_lock);

  if (!is_taken)
    g_object_unref (mourners->owner);
}

/* In the thread in which the owner goes. All gates are closed before the first task ends. */
static void
owner_gone_cb (gpointer  data,
               GObject  *owner)
{
  Mourners *mourners = data;
  GPtrArray *bereavements;
  gboolean is_asked_for;

  tend_lock (&mourners_lock);
  is_asked_for = mourners->n_asking > 0;
  bereavements = g_steal_pointer (&mourners->bereavements);
  mourners->bereavements = g_ptr_array_new_with_free_func (bereavement_unref);
  mourners->is_watching = FALSE;
  tend_unlock (&mourners_lock);

  if (is_asked_for)
    keep_for_those_who_ask (mourners);

  for (guint i = 0; i < bereavements->len; i++)
    tend_gate_close (((TendBereavement *) g_ptr_array_index (bereavements, i))->gate);

  /* The job takes the reference. */
  g_ptr_array_set_free_func (bereavements, NULL);
  for (guint i = 0; i < bereavements->len; i++)
    {
      TendBereavement *self = g_ptr_array_index (bereavements, i);
      TendLoop *loop = self->loop;
      TendPass pass = tend_loop_enter (loop);

      if (pass == TEND_PASS_NONE)
        tend_loop_send (loop, &self->job);
      else
        bereaved_job_cb (&self->job);
      tend_loop_leave (loop, pass);
    }
  g_ptr_array_unref (bereavements);
}

/* --- The manager's part --- */

/* The mourners of @owner, which may be another thread's: all find the same. */
static Mourners *
ensure_mourners (GObject *owner)
{
  Mourners *mourners = g_object_get_qdata (owner, mourners_quark ());

  if (mourners != NULL)
    return mourners;

  mourners = g_new0 (Mourners, 1);
  g_atomic_ref_count_init (&mourners->ref_count);
  mourners->owner = owner;
  mourners->bereavements = g_ptr_array_new_with_free_func (bereavement_unref);
  if (g_object_replace_qdata (owner, mourners_quark (), NULL, mourners, mourners_unref, NULL))
    return mourners;

  mourners_unref (mourners);
  return g_object_get_qdata (owner, mourners_quark ());
}

/* Notifies @bereavement when @owner goes. */
static void
mourn (GObject         *owner,
       TendBereavement *bereavement)
{
  Mourners *mourners = ensure_mourners (owner);
  gboolean was_watching;

  g_atomic_ref_count_inc (&mourners->ref_count);
  bereavement->mourners = mourners;
  g_atomic_ref_count_inc (&bereavement->ref_count);

  tend_lock (&mourners_lock);
  was_watching = mourners->is_watching;
  mourners->is_watching = TRUE;
  g_ptr_array_add (mourners->bereavements, bereavement);
  tend_unlock (&mourners_lock);

  /* An owner that was disposed of, and is still there, may be disposed of again. */
  if (!was_watching)
    g_object_weak_ref (owner, owner_gone_cb, mourners);
}

void
tend_manager_set_owner (TendTaskManager *self,
                        GObject         *owner)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  TendBereavement *bereavement;

  if (owner == NULL)
    return;

  bereavement = g_new0 (TendBereavement, 1);
  g_atomic_ref_count_init (&bereavement->ref_count);
  bereavement->gate = tend_gate_new ();
  bereavement->loop = tend_loop_ref (priv->loop);
  bereavement->manager = self;
  tend_job_init (&bereavement->job, bereaved_job_cb);

  priv->bereavement = bereavement;
  priv->gate = tend_gate_ref (bereavement->gate);
  mourn (owner, bereavement);
}

/* The manager goes, and what it had goes the same way as with its owner. */
void
tend_manager_clear_owner (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  TendBereavement *bereavement = g_steal_pointer (&priv->bereavement);
  TendBereavement *listed = NULL;
  guint i;

  if (bereavement == NULL)
    return;

  tend_gate_close (bereavement->gate);
  bereavement->manager = NULL;

  /* It is not there any more if the owner goes just now. */
  tend_lock (&mourners_lock);
  if (g_ptr_array_find (bereavement->mourners->bereavements, bereavement, &i))
    listed = g_ptr_array_steal_index (bereavement->mourners->bereavements, i);
  tend_unlock (&mourners_lock);
  g_clear_pointer (&listed, bereavement_unref);
  bereavement_unref (bereavement);
}

/**
 * tend_task_manager_new_for_owner:
 * @owner: an object, such as a window
 *
 * Creates a manager whose tasks end when @owner is disposed of.
 *
 * When @owner is disposed of, every task is stopped and new ones are refused. From then on, no callback of a task is
 * called, so a callback may use @owner without holding a reference and without checking for cancellation:
 *
 * - bodies, timers and posted functions
 * - exit handlers, and handlers that a task has added to a cancellable
 * - shutdown tasks
 * - [signal@Tend.TaskManager::task-failed] and [signal@Tend.TaskManager::task-slow]
 * - callbacks of [method@Tend.Task.wait_async] that one of the tasks has called, or that code outside of tasks has
 *   called for one of them, and callbacks of the waits of the manager
 *
 * Destroy notifies are still called, and tasks of others that wait for these tasks get `TEND_ERROR_STOPPED`. Do not
 * give the callback of a wait a reference to free: nothing frees it if the callback is not called.
 *
 * Some things cannot be taken back:
 *
 * - A thread goes on until it looks at its cancellable. It should hold references to what it uses.
 * - A fiber is unwound: its wait fails, in the manager's thread before the memory of @owner is freed. It should only
 *   free what it holds. In tend_await_call() it waits for the operation to return, which may be later.
 * - The callbacks of other asynchronous functions are called.
 * - [signal@Gio.ListModel::items-changed] is emitted in the next turn of the loop, so that a view of the tasks is
 *   updated. An owner connects to it with g_signal_connect_object().
 *
 * If the last reference to @owner is dropped in another thread, the tasks end a moment later. A callback that runs or
 * is about to be called runs to its end, fibers are unwound after @owner is gone, and a source of
 * [method@Tend.Task.add_source] that is about to be dispatched is dispatched. If this is possible, the callbacks take a
 * reference with [method@Tend.TaskManager.dup_owner].
 *
 * All of this applies to the tasks of the manager, its shutdown tasks, the children that these add to a group, and the
 * attempts of a retry. The fibers of such children may be unwound a moment later. Other tasks that these start end as
 * the task that started them decides, and their callbacks are called. Child managers are shut down.
 *
 * Threads and operations that go on are not lost: [method@Tend.TaskManager.wait_for_tasks_async] waits for them, and so
 * does a shutdown of the manager that is called now, for one grace period. If the manager is the child of another one,
 * it stays so until they have come to their ends, and the shutdown or the drain of the parent waits for them.
 *
 * The manager keeps no reference to @owner. @owner may keep one to the manager. If the manager is finalized first, its
 * tasks end in the same way.
 *
 * Returns: (transfer full): the manager, for the thread-default main context
 *
 * Since: 0.1
 */
TendTaskManager *
tend_task_manager_new_for_owner (GObject *owner)
{
  g_return_val_if_fail (G_IS_OBJECT (owner), NULL);

  return g_object_new (TEND_TYPE_TASK_MANAGER, "owner", owner, NULL);
}

static GObject *
dup_owner (Mourners *mourners)
{
  g_autoptr(GObject) kept = NULL;
  g_autoptr(GObject) owner = NULL;
  gboolean is_there;

  tend_lock (&mourners_lock);
  is_there = mourners->is_watching;
  mourners->n_asking += is_there ? 1 : 0;
  tend_unlock (&mourners_lock);
  if (!is_there)
    return NULL;

  owner = g_object_ref (mourners->owner);

  tend_lock (&mourners_lock);
  is_there = mourners->is_watching;
  if (--mourners->n_asking == 0 && mourners->is_kept)
    {
      mourners->is_kept = FALSE;
      kept = mourners->owner;
    }
  tend_unlock (&mourners_lock);

  return is_there ? g_steal_pointer (&owner) : NULL;
}

/**
 * tend_task_manager_dup_owner:
 * @self: a manager
 *
 * Gets the object that owns the manager.
 *
 * Returns: (transfer full) (nullable): the owner; %NULL if there is none, or if it was disposed of
 *
 * Since: 0.1
 */
GObject *
tend_task_manager_dup_owner (TendTaskManager *self)
{
  TendBereavement *bereavement;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);

  bereavement = tend_manager_get_private (self)->bereavement;
  return bereavement != NULL ? dup_owner (bereavement->mourners) : NULL;
}
