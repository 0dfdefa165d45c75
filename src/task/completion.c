// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The writing end of a task without a body.
//
// The task decides in one atomic step (task-deliver.c) which of those that complete, cancel or stop it is the first. So
// the completion needs no lock, and each function here may be called in any thread.
//
// The end of the task is notified in the task's thread, while another thread may drop the last reference to the
// completion. So the completion comes home to be disposed of (home.c). A GWeakRef was rejected: it takes the reference
// under a lock of GLib's, see manager-owner.c.
//
// Ownership: the task is a reference, constant once the completion is created. The observer is the task's thread's.

#include "tend-completion.h"
#include "task-outcome-private.h"

/**
 * TendCompletion:
 *
 * The writing end of a task: whoever holds it completes the task by hand.
 *
 * Use it if a result comes from somewhere that has no function to wait for: a signal, a message from a peer, a button.
 * Give [method@Tend.Completion.get_task] to those who wait, keep the completion, and set the outcome once. The first
 * outcome wins; a later one is refused with `TEND_ERROR_STATE`. If several callers may complete the task, they ignore
 * this error: in C they pass %NULL for it.
 *
 * ```c
 * TendCompletion *completion = tend_completion_new ("ask-user");
 * TendTask *task = g_object_ref (tend_completion_get_task (completion));
 * ```
 *
 * Where the answer comes in:
 *
 * ```c
 * if (!tend_completion_set_boolean (completion, TRUE, NULL))
 *   g_print ("Nobody asks any more.\n");
 * ```
 *
 * The task is running from the beginning. Anybody who has the task may cancel or stop it, which ends it at once. Then
 * [method@Tend.Completion.is_done] returns %TRUE, and the task's cancellable ([method@Tend.Task.get_cancellable]) is
 * cancelled: pass it to the operation that produces the result.
 *
 * If a completion is dropped without an outcome, the task fails with `TEND_ERROR_NOT_STARTED`, so that nobody waits in
 * vain. This error and one that you set are errors of the task like any other: they are reported as unobserved if
 * nobody has read them when the task is finalized. A completion whose task nobody else has may be dropped without a
 * word: nobody can have been waiting for it. If others have the task and need no outcome, cancel it before you drop the
 * completion.
 *
 * If you write the work yourself, make it the body of a task ([ctor@Tend.Task.new]) instead: a body cannot be
 * forgotten.
 *
 * May be used from any thread. The task belongs to the thread-default main context of the thread that creates the
 * completion. An outcome that another thread sets arrives there in the next turn of the loop. A completion that another
 * thread drops is finalized there.
 *
 * Since: 0.1
 */
struct _TendCompletion
{
  GObject       parent_instance;

  TendTask     *task;       /* constant; a reference */
  char         *name;       /* until it is constructed */
  TendObserver  observer;   /* of the task, until that has ended */
};

typedef enum
{
  PROP_COMPLETION_NAME = 1,
  PROP_COMPLETION_TASK,
  PROP_COMPLETION_DONE,
} TendCompletionProperty;

static GParamSpec *properties[PROP_COMPLETION_DONE + 1];

G_DEFINE_TYPE (TendCompletion, tend_completion, G_TYPE_OBJECT)

/* --- The end of the task --- */

/* Native stack. Code that is notified may drop the completion. */
static void
ended_cb (TendObserver *observer,
          TendTask     *task)
{
  g_autoptr(TendCompletion) self =
    g_object_ref (G_STRUCT_MEMBER_P (observer, -(glong) G_STRUCT_OFFSET (TendCompletion, observer)));

  tend_task_remove_observer (task, observer);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_COMPLETION_DONE]);
}

static const TendObserverClass observer_class = { .ended = ended_cb };

/* --- Being dropped --- */

static void
fail_dropped (TendTask *task)
{
  TendOutcome outcome = { G_VALUE_INIT, NULL };
  gboolean is_known = g_atomic_int_get (&G_OBJECT (task)->ref_count) > 1;

  outcome.error = tend_task_new_error (task, TEND_ERROR, TEND_ERROR_NOT_STARTED,
                                       _("cannot be completed any more: its completion was dropped"));
  if (!tend_task_try_return (task, &outcome))
    tend_outcome_clear (&outcome);
  else if (!is_known)
    tend_task_set_observed (task);
}

static void
tend_completion_dispose (GObject *object)
{
  TendCompletion *self = TEND_COMPLETION (object);

  if (tend_loop_take_home (self->task->loop, object))
    return;

  tend_task_remove_observer (self->task, &self->observer);
  if (!tend_task_is_settled (self->task))
    fail_dropped (self->task);

  G_OBJECT_CLASS (tend_completion_parent_class)->dispose (object);
}

static void
tend_completion_finalize (GObject *object)
{
  TendCompletion *self = TEND_COMPLETION (object);

  g_object_unref (self->task);

  G_OBJECT_CLASS (tend_completion_parent_class)->finalize (object);
}

/* --- Overrides --- */

static void
tend_completion_constructed (GObject *object)
{
  TendCompletion *self = TEND_COMPLETION (object);

  self->task = tend_task_create (self->name, NULL, NULL, NULL, NULL, __builtin_return_address (0));
  g_clear_pointer (&self->name, g_free);
  self->observer.klass = &observer_class;
  tend_task_add_observer (self->task, &self->observer);

  G_OBJECT_CLASS (tend_completion_parent_class)->constructed (object);
}

static void
tend_completion_get_property (GObject    *object,
                              guint       property_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  TendCompletion *self = TEND_COMPLETION (object);

  switch ((TendCompletionProperty) property_id)
    {
    case PROP_COMPLETION_NAME:
      g_value_set_string (value, self->task->name);
      break;
    case PROP_COMPLETION_TASK:
      g_value_set_object (value, self->task);
      break;
    case PROP_COMPLETION_DONE:
      g_value_set_boolean (value, tend_task_is_settled (self->task));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
tend_completion_set_property (GObject      *object,
                              guint         property_id,
                              const GValue *value,
                              GParamSpec   *pspec)
{
  TendCompletion *self = TEND_COMPLETION (object);

  switch ((TendCompletionProperty) property_id)
    {
    case PROP_COMPLETION_NAME:
      self->name = g_value_dup_string (value);
      break;
    case PROP_COMPLETION_TASK:
    case PROP_COMPLETION_DONE:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
tend_completion_class_init (TendCompletionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = tend_completion_constructed;
  object_class->dispose = tend_completion_dispose;
  object_class->finalize = tend_completion_finalize;
  object_class->get_property = tend_completion_get_property;
  object_class->set_property = tend_completion_set_property;

  /**
   * TendCompletion:name:
   *
   * The name of the task.
   *
   * Since: 0.1
   */
  properties[PROP_COMPLETION_NAME] =
    g_param_spec_string ("name", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  /**
   * TendCompletion:task:
   *
   * The task that the completion completes.
   *
   * Since: 0.1
   */
  properties[PROP_COMPLETION_TASK] =
    g_param_spec_object ("task", NULL, NULL, TEND_TYPE_TASK, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  /**
   * TendCompletion:done:
   *
   * Whether the task has an outcome; see [method@Tend.Completion.is_done].
   *
   * Notified once, in the task's thread, when the task ends. An outcome that another thread sets can be read before
   * that. It is not notified if the completion is dropped without an outcome.
   *
   * Since: 0.1
   */
  properties[PROP_COMPLETION_DONE] =
    g_param_spec_boolean ("done", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
tend_completion_init (TendCompletion *self)
{
}

/* --- Who is first --- */

/* Notifies that the task has its outcome. */
static void
set_done_error (TendCompletion  *self,
                GError         **error)
{
  TendTaskStatus status = tend_task_status (self->task);

  tend_task_set_error (self->task, error, TEND_ERROR, TEND_ERROR_STATE, _("has been %s already"),
                       status == TEND_TASK_STATUS_CANCELLED || status == TEND_TASK_STATUS_STOPPED ?
                       tend_task_status_to_string (status) : "completed");
}

/*
 * Takes the contents of @outcome, and a reference: the code that copies the value, and that is notified of the end, may
 * drop the completion. @error may be NULL, and is left alone then.
 */
static gboolean
complete (TendCompletion  *self,
          TendOutcome     *outcome,
          GError         **error)
{
  G_GNUC_UNUSED g_autoptr(TendCompletion) kept = self;

  if (tend_task_try_return (self->task, outcome))
    return TRUE;

  if (error != NULL)
    set_done_error (self, error);
  tend_outcome_clear (outcome);
  return FALSE;
}

/* Takes @reason, and a reference. */
static gboolean
complete_with_error (TendCompletion  *self,
                     GError          *reason,
                     GError         **error)
{
  TendOutcome outcome = { G_VALUE_INIT, reason };

  return complete (self, &outcome, error);
}

/* --- Public --- */

/**
 * tend_completion_new:
 * @name: (nullable): a name for the task
 *
 * Creates a completion and its task.
 *
 * Returns: (transfer full): the completion, whose task is for the thread-default main context
 *
 * Since: 0.1
 */
TendCompletion *
tend_completion_new (const char *name)
{
  TendCompletion *self = g_object_new (TEND_TYPE_COMPLETION, "name", name, NULL);

  /* Nobody has seen the task yet: it was made by our caller, and not by GObject. */
  self->task->origin = __builtin_return_address (0);

  return self;
}

/**
 * tend_completion_get_task:
 * @self: a completion
 *
 * Gets the task that the completion completes.
 *
 * It is a task like any other: wait for it, and read its result or error. Keep a reference to it if you need it for
 * longer than the completion. May be called from any thread.
 *
 * Returns: (transfer none): the task
 *
 * Since: 0.1
 */
TendTask *
tend_completion_get_task (TendCompletion *self)
{
  g_return_val_if_fail (TEND_IS_COMPLETION (self), NULL);

  return self->task;
}

/**
 * tend_completion_is_done:
 * @self: a completion
 *
 * Checks whether the task has an outcome.
 *
 * Another thread may complete or cancel the task between this call and your next one. If that is possible, call a `set`
 * function instead, which checks and acts in one step. May be called from any thread.
 *
 * Returns: %TRUE if an outcome was set, or the task was cancelled or stopped
 *
 * Since: 0.1
 */
gboolean
tend_completion_is_done (TendCompletion *self)
{
  g_return_val_if_fail (TEND_IS_COMPLETION (self), FALSE);

  return tend_task_is_settled (self->task);
}

/**
 * tend_completion_set_value:
 * @self: a completion
 * @value: (nullable): the result, which is copied, or %NULL for none
 * @error: return location for an error
 *
 * Completes the task with a result.
 *
 * In the task's own thread, the task has ended when this returns: its exit handlers have run, and those who wait are
 * notified soon. From another thread, this happens in the next turn of the task's loop, and nothing that comes later
 * changes the outcome.
 *
 * May be called from any thread.
 *
 * Returns: %TRUE, or %FALSE with `TEND_ERROR_STATE` if the task was completed, cancelled or
 *   stopped before
 *
 * Since: 0.1
 */
gboolean
tend_completion_set_value (TendCompletion  *self,
                           const GValue    *value,
                           GError         **error)
{
  TendOutcome outcome = { G_VALUE_INIT, NULL };

  g_return_val_if_fail (TEND_IS_COMPLETION (self), FALSE);
  g_return_val_if_fail (value == NULL || G_IS_VALUE (value), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  g_object_ref (self);
  tend_outcome_copy_value (&outcome, value);

  return complete (self, &outcome, error);
}

/**
 * tend_completion_set_boolean:
 * @self: a completion
 * @value: the result
 * @error: return location for an error
 *
 * Completes the task with a boolean; see [method@Tend.Completion.set_value].
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
tend_completion_set_boolean (TendCompletion  *self,
                             gboolean         value,
                             GError         **error)
{
  TendOutcome outcome = { G_VALUE_INIT, NULL };

  g_return_val_if_fail (TEND_IS_COMPLETION (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  g_object_ref (self);
  g_value_init (&outcome.value, G_TYPE_BOOLEAN);
  g_value_set_boolean (&outcome.value, value);

  return complete (self, &outcome, error);
}

/**
 * tend_completion_set_int:
 * @self: a completion
 * @value: the result
 * @error: return location for an error
 *
 * Completes the task with an integer; see [method@Tend.Completion.set_value].
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
tend_completion_set_int (TendCompletion  *self,
                         gint64           value,
                         GError         **error)
{
  TendOutcome outcome = { G_VALUE_INIT, NULL };

  g_return_val_if_fail (TEND_IS_COMPLETION (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  g_object_ref (self);
  g_value_init (&outcome.value, G_TYPE_INT64);
  g_value_set_int64 (&outcome.value, value);

  return complete (self, &outcome, error);
}

/**
 * tend_completion_set_string:
 * @self: a completion
 * @value: (nullable): the result, which is copied
 * @error: return location for an error
 *
 * Completes the task with a string; see [method@Tend.Completion.set_value].
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
tend_completion_set_string (TendCompletion  *self,
                            const char      *value,
                            GError         **error)
{
  TendOutcome outcome = { G_VALUE_INIT, NULL };

  g_return_val_if_fail (TEND_IS_COMPLETION (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  g_object_ref (self);
  g_value_init (&outcome.value, G_TYPE_STRING);
  g_value_set_string (&outcome.value, value);

  return complete (self, &outcome, error);
}

/**
 * tend_completion_set_object:
 * @self: a completion
 * @value: (nullable) (type GObject.Object): the result, of which a reference is taken
 * @error: return location for an error
 *
 * Completes the task with an object; see [method@Tend.Completion.set_value].
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
tend_completion_set_object (TendCompletion  *self,
                            gpointer         value,
                            GError         **error)
{
  TendOutcome outcome = { G_VALUE_INIT, NULL };

  g_return_val_if_fail (TEND_IS_COMPLETION (self), FALSE);
  g_return_val_if_fail (value == NULL || G_IS_OBJECT (value), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  g_object_ref (self);
  g_value_init (&outcome.value, value != NULL ? G_OBJECT_TYPE (value) : G_TYPE_OBJECT);
  g_value_set_object (&outcome.value, value);

  return complete (self, &outcome, error);
}

/**
 * tend_completion_set_error:
 * @self: a completion
 * @reason: the error to fail with, which is copied
 * @error: return location for an error of this call
 *
 * Fails the task; see [method@Tend.Completion.set_value].
 *
 * With `G_IO_ERROR_CANCELLED` the task ends as cancelled.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
tend_completion_set_error (TendCompletion  *self,
                           const GError    *reason,
                           GError         **error)
{
  g_return_val_if_fail (TEND_IS_COMPLETION (self), FALSE);
  g_return_val_if_fail (reason != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  g_object_ref (self);
  return complete_with_error (self, g_error_copy (reason), error);
}

/**
 * tend_completion_set_cancelled:
 * @self: a completion
 * @error: return location for an error
 *
 * Ends the task as cancelled, with `G_IO_ERROR_CANCELLED`; see [method@Tend.Completion.set_value].
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
tend_completion_set_cancelled (TendCompletion  *self,
                               GError         **error)
{
  g_return_val_if_fail (TEND_IS_COMPLETION (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  g_object_ref (self);
  return complete_with_error (self, tend_task_new_cancelled (self->task), error);
}
