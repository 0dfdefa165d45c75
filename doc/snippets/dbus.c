// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code of doc/dbus.md: a service whose calls are tasks, and a fiber that calls it.

#include <tend.h>

typedef struct
{
  TendTaskManager *manager;
} Service;

static gboolean
wait_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  GDBusMethodInvocation *invocation = tend_task_get_invocation (task);
  double seconds;

  g_variant_get (g_dbus_method_invocation_get_parameters (invocation), "(d)", &seconds);
  if (!tend_sleep ((gint64) (seconds * G_TIME_SPAN_SECOND), error))
    return FALSE;

  tend_task_return_variant (task, g_variant_new ("(s)", "waited"));
  return TRUE;
}

static void
method_call_cb (GDBusConnection       *connection,
                const char            *sender,
                const char            *path,
                const char            *interface,
                const char            *method,
                GVariant              *parameters,
                GDBusMethodInvocation *invocation,
                gpointer               user_data)
{
  Service *service = user_data;
  TendTask *task;

  task = tend_task_manager_register_invocation (service->manager, invocation, wait_body, service, NULL, NULL);
  if (task != NULL)
    tend_task_set_deadline (task, tend_get_time () + 20 * G_TIME_SPAN_SECOND);
}

static gboolean
call_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  GDBusConnection *connection = user_data;
  g_autoptr(GVariant) answer = NULL;
  g_auto(TendCall) call = TEND_CALL_INIT;

  g_dbus_connection_call (connection, "org.libtend.Example", "/org/libtend/Example", "org.libtend.Example", "Wait",
                          g_variant_new ("(d)", 1.5), G_VARIANT_TYPE ("(s)"), G_DBUS_CALL_FLAGS_NONE, -1,
                          tend_call_start (&call), tend_call_ready, &call);
  if (!tend_await_call (&call, error))
    return FALSE;

  answer = g_dbus_connection_call_finish (connection, call.result, error);
  return answer != NULL;
}

static gboolean
is_full (GError *error)
{
  g_dbus_error_strip_remote_error (error);
  return g_error_matches (error, TEND_ERROR, TEND_ERROR_FULL);
}

int
main (void)
{
  const GDBusInterfaceVTable vtable = { .method_call = method_call_cb };
  g_autoptr(GError) error = g_error_new_literal (TEND_ERROR, TEND_ERROR_FULL, "no room");

  g_print ("%p %p %d\n", (void *) vtable.method_call, (void *) call_body, is_full (error));
  return 0;
}
