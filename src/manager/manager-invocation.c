// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A call of a D-Bus method as a task of a manager.
//
// The record of a call is the user data of its task, which it observes. Each call is answered once: at the end of its
// task, in whichever way that ends, or when the manager has refused it. GDBus gives no answer at all to a result of the
// wrong type, so that the type is checked here.
//
//   registered --(turn, slot)--> body --> ended: answered, the caller is not watched any more --> finished: freed
//       |                          ^
//       +--> refused: answered     +---- asked to end: the caller has left the bus
//
// Ownership: the loop thread's. A connection to a peer says that it is closed in a thread of its own choice, and so
// the handler for that has the cancellable of the task, and nothing else.

#include "tend-i18n-private.h"
#include "tend-manager-private.h"

#include "tend-fiber.h"

typedef struct
{
  TendObserver           observer;
  TendTask              *task;          /* not a reference: it has this as its user data */
  GDBusMethodInvocation *invocation;    /* a reference */
  TendBodyFunc           func;
  gpointer               user_data;
  GDestroyNotify         notify;
  guint                  watch;         /* of the caller's name; 0: none */
  gulong                 handler;       /* of a peer's connection; 0: none */
  gboolean               is_gone;       /* the caller has left the bus */
  gboolean               is_answered;
} Call;

/* --- The answer --- */

static char *
get_signature (GDBusArgInfo **args)
{
  GString *signature = g_string_new ("(");

  for (; args != NULL && *args != NULL; args++)
    g_string_append (signature, (*args)->signature);
  g_string_append_c (signature, ')');

  return g_string_free (signature, FALSE);
}

/* The type of the answer as text; NULL: nobody knows. */
static char *
get_expected (GDBusMethodInvocation *invocation)
{
  const GDBusMethodInfo *method = g_dbus_method_invocation_get_method_info (invocation);
  const char *name = g_dbus_method_invocation_get_method_name (invocation);

  if (method != NULL)
    return get_signature (method->out_args);
  if (strcmp (g_dbus_method_invocation_get_interface_name (invocation), "org.freedesktop.DBus.Properties") != 0)
    return NULL;
  if (strcmp (name, "GetAll") == 0)
    return g_strdup ("(a{sv})");

  return g_strdup (strcmp (name, "Get") == 0 ? "(v)" : "()");
}

/* The value of a property is in a variant, whose type GDBus looks at as well. */
static gboolean
fits_property (GDBusMethodInvocation *invocation,
               GVariant              *answer)
{
  const GDBusPropertyInfo *property = g_dbus_method_invocation_get_property_info (invocation);
  g_autoptr(GVariant) boxed = NULL;
  g_autoptr(GVariant) value = NULL;

  if (property == NULL || !g_variant_is_of_type (answer, G_VARIANT_TYPE ("(v)")))
    return TRUE;

  boxed = g_variant_get_child_value (answer, 0);
  value = g_variant_get_variant (boxed);

  return g_variant_is_of_type (value, G_VARIANT_TYPE (property->signature));
}

/* Whether @result, or no result, may be the answer; if not, a critical says why, and so does the error. */
static gboolean
check_answer (Call         *self,
              const GValue *result,
              GVariant    **answer,
              GError      **error)
{
  g_autofree char *expected = get_expected (self->invocation);
  g_autofree char *task = NULL;
  const char *type;

  *answer = NULL;
  if (result != NULL && G_VALUE_HOLDS_VARIANT (result))
    *answer = g_value_get_variant (result);

  type = *answer != NULL ? g_variant_get_type_string (*answer) : "()";
  if (result != NULL && *answer == NULL)
    type = G_VALUE_TYPE_NAME (result);
  else if (expected == NULL ? *type == '(' : strcmp (type, expected) == 0)
    {
      if (*answer == NULL || fits_property (self->invocation, *answer))
        return TRUE;
      type = "a value of another type than the property";
    }

  task = tend_task_head (self->task);
  g_critical ("%s: its result is %s, and the call of %s() is answered with %s", task, type,
              g_dbus_method_invocation_get_method_name (self->invocation), expected != NULL ? expected : "a tuple");
  tend_task_set_error (self->task, error, TEND_ERROR, TEND_ERROR_STATE,
                       _("the service has a result of the wrong type"));
  return FALSE;
}

static gboolean
is_awaited (Call *self)
{
  GDBusMessage *message = g_dbus_method_invocation_get_message (self->invocation);

  return (g_dbus_message_get_flags (message) & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED) == 0 && !self->is_gone &&
         !g_dbus_connection_is_closed (g_dbus_method_invocation_get_connection (self->invocation));
}

static void
unwatch (Call *self)
{
  GDBusConnection *connection = g_dbus_method_invocation_get_connection (self->invocation);

  g_clear_handle_id (&self->watch, g_bus_unwatch_name);
  g_clear_signal_handler (&self->handler, connection);
}

/* Answers the call, unless that has happened. */
static void
answer_error (Call         *self,
              const GError *error)
{
  if (self->is_answered)
    return;

  self->is_answered = TRUE;
  unwatch (self);
  g_dbus_method_invocation_return_gerror (g_object_ref (self->invocation), error);
}

static void
answer_result (Call *self)
{
  const GValue *result = tend_task_get_result (self->task, NULL);
  g_autoptr(GError) error = NULL;
  GVariant *answer;

  if (!check_answer (self, result, &answer, &error))
    {
      answer_error (self, error);
      return;
    }

  self->is_answered = TRUE;
  unwatch (self);
  g_dbus_method_invocation_return_value (g_object_ref (self->invocation), answer);
}

/* --- Its task --- */

static void
call_ended (TendObserver *observer,
            TendTask     *task)
{
  Call *self = (Call *) observer;
  const GError *error = tend_task_peek_error (task);

  if (error == NULL)
    {
      answer_result (self);
      return;
    }

  /* If nobody gets the answer, the error is reported as any other. */
  if (is_awaited (self))
    tend_task_set_observed (task);
  answer_error (self, error);
}

static const TendObserverClass call_observer = {
  .ended = call_ended,
};

/* The task is finished, or was never started. */
static void
call_free (gpointer data)
{
  Call *self = data;

  tend_task_remove_observer (self->task, &self->observer);
  unwatch (self);
  if (self->notify != NULL)
    self->notify (self->user_data);
  g_object_unref (self->invocation);
  g_free (self);
}

static gboolean
call_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  Call *self = user_data;

  return self->func (task, self->user_data, error);
}

/* --- Its caller --- */

static void
cancel (GCancellable *cancellable)
{
  tend_cancellable_cancel_with_reason (TEND_CANCELLABLE (cancellable), _("the caller has left the bus"));
}

static void
vanished_cb (GDBusConnection *connection,
             const char      *name,
             gpointer         user_data)
{
  Call *self = user_data;

  self->is_gone = TRUE;
  cancel (tend_task_get_cancellable (self->task));
}

static void
closed_cb (GDBusConnection *connection,
           gboolean         remote_peer_vanished,
           GError          *error,
           gpointer         user_data)
{
  cancel (user_data);
}

static void
closure_unref (gpointer  data,
               GClosure *closure)
{
  g_object_unref (data);
}

/* On a bus the caller has a name of its own, which goes with it. A peer has none, and goes with the connection. */
static void
watch_caller (Call *self)
{
  GDBusConnection *connection = g_dbus_method_invocation_get_connection (self->invocation);
  const char *sender = g_dbus_method_invocation_get_sender (self->invocation);
  GCancellable *cancellable;

  if (sender != NULL)
    {
      self->watch = g_bus_watch_name_on_connection (connection, sender, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL,
                                                    vanished_cb, self, NULL);
      return;
    }

  cancellable = tend_task_get_cancellable (self->task);
  self->handler = g_signal_connect_data (connection, "closed", G_CALLBACK (closed_cb), g_object_ref (cancellable),
                                         closure_unref, 0);
  if (g_dbus_connection_is_closed (connection))
    cancel (cancellable);
}

/* --- The public functions --- */

static Call *
call_new (GDBusMethodInvocation *invocation,
          TendBodyFunc           func,
          gpointer               user_data,
          GDestroyNotify         notify)
{
  Call *self = g_new0 (Call, 1);

  self->observer.klass = &call_observer;
  self->invocation = invocation;
  self->func = func;
  self->user_data = user_data;
  self->notify = notify;
  self->task = tend_task_new_fiber (g_dbus_method_invocation_get_method_name (invocation), call_body, self, call_free);
  tend_task_add_observer (self->task, &self->observer);

  return self;
}

/**
 * tend_task_manager_register_invocation: (skip)
 * @self: a manager
 * @invocation: (transfer full): a call of a D-Bus method, or of a property
 * @func: the body of the task
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the task is finished, or was refused
 * @error: return location for an error
 *
 * Registers a call of a D-Bus method as a task whose body is a fiber.
 *
 * Call it in the `method_call` function of a [struct@Gio.DBusInterfaceVTable]. The task is anonymous: its name is that
 * of the method and a number ([method@Tend.TaskManager.list_anonymous]). It waits for a slot of @self as any other
 * task. @func finds the call with tend_task_get_invocation().
 *
 * The call is answered once, when the task ends:
 *
 * - with the tuple that @func has returned with tend_task_return_variant(), or with an empty tuple if it has returned
 *   no result;
 * - with the error of the task. Errors of %TEND_ERROR and %G_IO_ERROR keep their domain and code over the bus;
 * - with `TEND_ERROR_STATE` if the result does not fit the method, which is logged as critical;
 * - with the error of the registration if @self refuses the task.
 *
 * So @func never answers @invocation itself. An error that was sent to the caller counts as observed.
 *
 * When the caller leaves the bus, or closes its connection to this process, the task is cancelled. To give the call a
 * deadline, set it for the task that this returns, with [method@Tend.Task.set_deadline]. It counts while the task waits
 * for its turn.
 *
 * For C and Vala. Only for the owning thread, whose main context must be the one in which the object is exported.
 *
 * Returns: (transfer none) (nullable): the task, owned by @self; %NULL with the errors of
 *   [method@Tend.TaskManager.register]: then the call was answered with the error
 *
 * Since: 0.1
 */
TendTask *
tend_task_manager_register_invocation (TendTaskManager        *self,
                                       GDBusMethodInvocation  *invocation,
                                       TendBodyFunc            func,
                                       gpointer                user_data,
                                       GDestroyNotify          notify,
                                       GError                **error)
{
  g_autoptr(TendTask) held = NULL;
  g_autoptr(GError) refusal = NULL;
  TendTask *task;
  Call *call;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);
  g_return_val_if_fail (G_IS_DBUS_METHOD_INVOCATION (invocation), NULL);
  g_return_val_if_fail (func != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  call = call_new (invocation, func, user_data, notify);
  held = call->task;
  tend_task_set_caller (held, __builtin_return_address (0));

  task = tend_task_manager_register (self, g_object_ref (held), TEND_NAME_POLICY_ANONYMOUS, &refusal);

  /* Who hears of the task may have ended it, and then it was answered. */
  if (!tend_task_has_ended (held) && task != NULL)
    watch_caller (call);
  else if (!tend_task_has_ended (held))
    {
      tend_task_remove_observer (held, &call->observer);
      answer_error (call, refusal);
    }

  if (refusal != NULL)
    g_propagate_error (error, g_steal_pointer (&refusal));
  return task;
}

/**
 * tend_task_get_invocation: (skip)
 * @self: a task that tend_task_manager_register_invocation() has registered, and that is not finished
 *
 * Gets the D-Bus call that is answered when the task ends.
 *
 * Use it for the parameters, the sender and the method. Do not answer it.
 *
 * Only for the owning thread.
 *
 * Returns: (transfer none) (nullable): the call; %NULL for any other task
 *
 * Since: 0.1
 */
GDBusMethodInvocation *
tend_task_get_invocation (TendTask *self)
{
  Call *call;

  g_return_val_if_fail (TEND_IS_TASK (self), NULL);

  if (tend_task_func (self) != call_body)
    return NULL;

  call = tend_task_user_data (self);
  return call != NULL ? call->invocation : NULL;
}
