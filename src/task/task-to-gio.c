// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The bridge from a task to a GTask, which ends as the task does.
//
//   TendTask --ended--> its error counts as observed --released--> a job of the loop --> g_task_return_...()
//      ^                                                                                      |
//      +---- asked to end <-- (home) <-- the cancellable of the GTask                         v  the GTask's callback
//
// The job comes after the end was notified to everybody, so that the callback of the GTask finds the task as one that
// has waited finds it. The bridge holds no reference to a task that has not ended: a task that is dropped before it
// was started ends, and so does its GTask.
//
// Ownership: the loop thread's, but for the count of references, @loop, and the request of the cancellable.

#include "task-outcome-private.h"

typedef struct
{
  gatomicrefcount  ref_count;
  TendLoop        *loop;            /* constant; a use of it */
  int              is_asked;        /* atomic; the cancellable was cancelled */
  TendJob          ask;             /* the inbox's, once it was */

  TendObserver     observer;        /* loop thread */
  TendJob          give;            /* loop thread */
  TendTask        *task;            /* loop thread; a reference once the task is finished; NULL at the end */
  GTask           *to;              /* loop thread; a reference; NULL at the end */
  gulong           handler;         /* loop thread */
} Bridge;

static void
bridge_unref (gpointer data)
{
  Bridge *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  tend_loop_release (self->loop);
  g_free (self);
}

static Bridge *
bridge_ref (Bridge *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/* --- The way back: the cancellable --- */

static void
ask_cb (TendJob *job)
{
  Bridge *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (Bridge, ask));

  if (self->task != NULL)
    tend_task_cancel (self->task);
  bridge_unref (self);
}

/* In the thread that cancels, which the task is asked to end in if it is its own. */
static void
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  Bridge *self = user_data;
  TendLoop *loop = self->loop;
  TendPass pass;

  if (g_atomic_int_exchange (&self->is_asked, TRUE))
    return;

  bridge_ref (self);
  pass = tend_loop_enter (loop);
  if (pass == TEND_PASS_NONE)
    tend_loop_send (loop, &self->ask);
  else
    ask_cb (&self->ask);
  tend_loop_leave (loop, pass);
}

static void
follow_cancellable (Bridge *self)
{
  GCancellable *cancellable = g_task_get_cancellable (self->to);

  if (cancellable == NULL)
    return;

  if (g_cancellable_is_cancelled (cancellable))
    tend_task_cancel (self->task);
  else
    self->handler = g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb), bridge_ref (self), bridge_unref);
}

/* --- The way there: the outcome --- */

/* A pointer has one owner, and leaves the task. A copy of the value may be anybody's, in any thread. */
static void
give_pointer (TendTask    *task,
              TendPointer *pointer,
              GTask       *to)
{
  gpointer given = pointer->pointer;
  GDestroyNotify notify = pointer->notify;

  if (notify != NULL)
    {
      if (!g_atomic_ref_count_compare (&pointer->ref_count, 1))
        {
          g_task_return_error (to, tend_task_new_error (task, TEND_ERROR, TEND_ERROR_STATE,
                                                        _("others have its result, a pointer, as well")));
          return;
        }

      pointer->pointer = NULL;
      pointer->notify = NULL;
    }

  g_task_return_pointer (to, given, notify);
}

static void
give_value (TendTask     *task,
            const GValue *value,
            GTask        *to)
{
  GValue number = G_VALUE_INIT;

  switch (G_TYPE_FUNDAMENTAL (G_VALUE_TYPE (value)))
    {
    case G_TYPE_BOOLEAN:
      g_task_return_boolean (to, g_value_get_boolean (value));
      break;

    case G_TYPE_CHAR:
    case G_TYPE_UCHAR:
    case G_TYPE_INT:
    case G_TYPE_UINT:
    case G_TYPE_LONG:
    case G_TYPE_ULONG:
    case G_TYPE_INT64:
    case G_TYPE_UINT64:
    case G_TYPE_ENUM:
    case G_TYPE_FLAGS:
      g_value_init (&number, G_TYPE_INT64);
      g_value_transform (value, &number);
      g_task_return_int (to, (gssize) g_value_get_int64 (&number));
      break;

    case G_TYPE_STRING:
      g_task_return_pointer (to, g_value_dup_string (value), g_free);
      break;

    case G_TYPE_OBJECT:
      g_task_return_pointer (to, g_value_dup_object (value), g_object_unref);
      break;

    case G_TYPE_VARIANT:
      g_task_return_pointer (to, g_value_dup_variant (value), (GDestroyNotify) g_variant_unref);
      break;

    case G_TYPE_POINTER:
      g_task_return_pointer (to, g_value_get_pointer (value), NULL);
      break;

    default:
      if (G_VALUE_HOLDS (value, tend_pointer_get_type ()))
        give_pointer (task, g_value_get_boxed (value), to);
      else
        g_task_return_value (to, (GValue *) value);
    }
}

static void
give_cb (TendJob *job)
{
  Bridge *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (Bridge, give));
  g_autoptr(TendTask) task = g_steal_pointer (&self->task);
  g_autoptr(GTask) to = g_steal_pointer (&self->to);
  const GError *error = tend_task_peek_error (task);
  const GValue *value = tend_task_peek_value (task);

  /* Not g_cancellable_disconnect(), which waits for a handler that may be what runs us. */
  if (self->handler != 0)
    g_signal_handler_disconnect (g_task_get_cancellable (to), self->handler);
  bridge_unref (self);

  if (error != NULL)
    g_task_return_error (to, g_error_copy (error));
  else if (value != NULL)
    give_value (task, value, to);
  else
    g_task_return_boolean (to, TRUE);
}

static void
give_later (Bridge *self)
{
  g_object_ref (self->task);
  tend_loop_queue_micro (self->loop, &self->give);
}

static void
bridge_ended (TendObserver *observer,
              TendTask     *task)
{
  tend_task_set_observed (task);
}

static void
bridge_released (TendObserver *observer,
                 TendTask     *task)
{
  Bridge *self = G_STRUCT_MEMBER_P (observer, -(glong) G_STRUCT_OFFSET (Bridge, observer));

  tend_task_remove_observer (task, observer);
  give_later (self);
}

static const TendObserverClass bridge_observer = {
  .ended = bridge_ended,
  .released = bridge_released,
};

/**
 * tend_task_return_to_task:
 * @self: a task
 * @to: a [class@Gio.Task] that nobody else returns a result from
 *
 * Lets a [class@Gio.Task] end as the task does.
 *
 * Use it in a library whose `_async` and `_finish` functions are tasks inside:
 *
 *     g_autoptr(GTask) to = g_task_new (self, cancellable, callback, user_data);
 *     g_autoptr(TendTask) task = tend_task_run_fiber ("load", load_body, g_object_ref (self), g_object_unref);
 *
 *     tend_task_return_to_task (task, to);
 *
 * @to returns once, when @self is finished, after all who wait for @self were notified. An error is copied and counts
 * as observed. A result is returned by its type, and the `_finish` function takes it accordingly:
 *
 * - none: as %TRUE, with [method@Gio.Task.propagate_boolean];
 * - a boolean: with [method@Gio.Task.propagate_boolean];
 * - an integer of any size, an enumeration, flags: with [method@Gio.Task.propagate_int];
 * - a string, an object, a [struct@GLib.Variant]: a copy or a reference, with [method@Gio.Task.propagate_pointer];
 * - a pointer of tend_task_return_pointer(): with [method@Gio.Task.propagate_pointer]. If it has a destroy notify, it
 *   moves to @to, and the result of @self is %NULL from then on. If somebody else has a copy of the result, @to fails
 *   with `TEND_ERROR_STATE`;
 * - any other type, such as a double or a boxed type: with [method@Gio.Task.propagate_value].
 *
 * When the cancellable of @to is cancelled, or was before, @self is asked to end as by [method@Tend.Task.cancel]. What
 * @self is then decides how @to ends; but the functions above give `G_IO_ERROR_CANCELLED` for a cancelled @to, unless
 * you turn that off with [method@Gio.Task.set_check_cancellable].
 *
 * The bridge holds a reference to @to. It holds none to @self before that is finished: if @self is dropped before it
 * was started, @to fails with `TEND_ERROR_NOT_STARTED`. Only for the owning thread of @self.
 *
 * Since: 0.1
 */
void
tend_task_return_to_task (TendTask *self,
                          GTask    *to)
{
  Bridge *bridge;

  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (self->loop != NULL && tend_loop_is_mine (self->loop));
  g_return_if_fail (G_IS_TASK (to));

  bridge = g_new0 (Bridge, 1);
  g_atomic_ref_count_init (&bridge->ref_count);
  tend_job_init (&bridge->ask, ask_cb);
  tend_job_init (&bridge->give, give_cb);
  bridge->observer.klass = &bridge_observer;
  bridge->loop = tend_loop_ref (self->loop);
  bridge->task = self;
  bridge->to = g_object_ref (to);

  /* What is cancelled at once may run the loop, which must not find the GTask before this returns. */
  g_object_ref (self);
  follow_cancellable (bridge);

  if (tend_task_has_ended (self))
    tend_task_set_observed (self);
  else
    tend_task_ensure_scope (self);

  if (tend_task_is_over (self) && tend_task_is_released (self))
    give_later (bridge);
  else
    tend_task_add_observer (self, &bridge->observer);
  g_object_unref (self);
}
