// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Calls of D-Bus methods as tasks of a manager, on a bus of the test's own.

#include "../task/common.h"
#include "../support/bus.h"

#define PATH      "/org/libtend/Service"
#define INTERFACE "org.libtend.Service"

static const char xml[] =
  "<node><interface name='" INTERFACE "'>"
  "  <method name='Echo'><arg type='s' direction='in'/><arg type='s' direction='out'/></method>"
  "  <method name='Nothing'/>"
  "  <method name='Wait'/>"
  "  <method name='Fail'><arg type='b' direction='in'/><arg type='i' direction='in'/></method>"
  "  <method name='Wrong'><arg type='s' direction='in'/><arg type='i' direction='out'/></method>"
  "  <property name='Size' type='i' access='readwrite'/>"
  "  <property name='Bad' type='s' access='read'/>"
  "</interface></node>";

typedef struct
{
  TestBus          bus;
  GDBusConnection *server;
  GDBusConnection *client;
  GDBusNodeInfo   *node;
  TendTaskManager *manager;
  guint            id;
  int              n_bodies;
  int              n_freed;
  int              n_calls;
  int              size;
  gint64           timeout;     /* of a call; 0: none */
  GError          *refusal;
  TendTask        *task;        /* of the last call; a reference */
} Service;

/* --- The service --- */

static gboolean
fail_with (GVariant  *parameters,
           GError   **error)
{
  gboolean is_ours;
  int code;

  g_variant_get (parameters, "(bi)", &is_ours, &code);
  g_set_error (error, is_ours ? TEND_ERROR : G_IO_ERROR, code, "number %d", code);
  return FALSE;
}

static gboolean
return_wrong (TendTask *task,
              GVariant *parameters)
{
  const char *what;

  g_variant_get (parameters, "(&s)", &what);
  if (g_str_equal (what, "type"))
    tend_task_return_variant (task, g_variant_new ("(s)", "text"));
  else if (g_str_equal (what, "no tuple"))
    tend_task_return_variant (task, g_variant_new_int32 (1));
  else if (g_str_equal (what, "no variant"))
    tend_task_return_int (task, 1);

  return TRUE;
}

static gboolean
service_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  Service *service = user_data;
  GDBusMethodInvocation *invocation = tend_task_get_invocation (task);
  const char *method = g_dbus_method_invocation_get_method_name (invocation);
  GVariant *parameters = g_dbus_method_invocation_get_parameters (invocation);

  service->n_bodies++;
  if (g_str_equal (method, "Echo"))
    tend_task_return_variant (task, parameters);
  else if (g_str_equal (method, "Wait"))
    return tend_sleep (TEND_FOREVER, error);
  else if (g_str_equal (method, "Fail"))
    return fail_with (parameters, error);
  else if (g_str_equal (method, "Wrong"))
    return return_wrong (task, parameters);
  else if (g_str_equal (method, "Set"))
    {
      g_autoptr(GVariant) value = NULL;

      g_variant_get (parameters, "(&s&sv)", NULL, NULL, &value);
      service->size = g_variant_get_int32 (value);
    }
  else if (g_str_equal (method, "Get"))
    tend_task_return_variant (task, g_variant_new ("(v)", g_variant_new_int32 (service->size)));
  else if (g_str_equal (method, "GetAll"))
    tend_task_return_variant (task, g_variant_new_parsed ("({'Size': <%i>},)", service->size));

  return TRUE;
}

static void
freed_cb (gpointer data)
{
  ((Service *) data)->n_freed++;
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

  service->n_calls++;
  g_clear_error (&service->refusal);
  task = tend_task_manager_register_invocation (service->manager, invocation, service_body, service, freed_cb,
                                                &service->refusal);
  g_assert_true ((task == NULL) == (service->refusal != NULL));
  g_set_object (&service->task, task);
  if (task != NULL && service->timeout > 0)
    tend_task_set_deadline (task, tend_get_time () + service->timeout);
}

static void
set_up (Service       *service,
        gconstpointer  unused)
{
  static const GDBusInterfaceVTable vtable = { .method_call = method_call_cb };

  if (!test_bus_up (&service->bus))
    g_error ("dbus-daemon is not installed");
  service->server = test_bus_connect (&service->bus);
  service->client = test_bus_connect (&service->bus);
  service->manager = tend_task_manager_new ();
  service->node = g_dbus_node_info_new_for_xml (xml, NULL);
  service->id = g_dbus_connection_register_object (service->server, PATH, service->node->interfaces[0], &vtable,
                                                   service, NULL, NULL);
  g_assert_cmpuint (service->id, !=, 0);
}

static void
close_connection (GDBusConnection **connection)
{
  if (!g_dbus_connection_is_closed (*connection))
    g_assert_true (g_dbus_connection_close_sync (*connection, NULL, NULL));
  settle ();
  g_clear_object (connection);
}

static void
tear_down (Service       *service,
           gconstpointer  unused)
{
  tend_task_manager_stop_all (service->manager);
  settle ();
  g_clear_error (&service->refusal);
  g_clear_object (&service->task);
  g_assert_cmpint (service->n_freed, ==, service->n_calls);
  if (service->manager != NULL)
    g_assert_finalize_object (g_steal_pointer (&service->manager));
  g_dbus_connection_unregister_object (service->server, service->id);
  g_dbus_node_info_unref (service->node);
  close_connection (&service->client);
  close_connection (&service->server);
  test_bus_down (&service->bus);
}

/* --- The client --- */

typedef struct
{
  GVariant *result;
  GError   *error;
  int       n_answers;
} Reply;

static void
replied_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Reply *reply = user_data;

  reply->n_answers++;
  reply->result = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &reply->error);
  if (reply->error != NULL)
    g_dbus_error_strip_remote_error (reply->error);
}

static void
call_interface (Service    *service,
                const char *interface,
                const char *method,
                GVariant   *parameters,
                Reply      *reply)
{
  g_dbus_connection_call (service->client, g_dbus_connection_get_unique_name (service->server), PATH, interface,
                          method, parameters, NULL, G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, replied_cb, reply);
}

static void
call (Service    *service,
      const char *method,
      GVariant   *parameters,
      Reply      *reply)
{
  call_interface (service, INTERFACE, method, parameters, reply);
}

static void
await_reply (Reply *reply)
{
  while (reply->n_answers == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (reply->n_answers, ==, 1);
}

/* Waits until the service has as many calls. */
static void
await_calls (Service *service,
             int      n_calls)
{
  while (service->n_calls < n_calls)
    g_main_context_iteration (NULL, TRUE);
}

static void
await_bodies (Service *service,
              int      n_bodies)
{
  while (service->n_bodies < n_bodies)
    g_main_context_iteration (NULL, TRUE);
}

#define assert_reply(reply, text) \
  do \
    { \
      g_autofree char *printed = NULL; \
      await_reply (reply); \
      g_assert_no_error ((reply)->error); \
      printed = g_variant_print ((reply)->result, FALSE); \
      g_assert_cmpstr (printed, ==, text); \
      g_clear_pointer (&(reply)->result, g_variant_unref); \
      (reply)->n_answers = 0; \
    } \
  while (0)

#define assert_error_reply(reply, domain, code) \
  do \
    { \
      await_reply (reply); \
      g_assert_null ((reply)->result); \
      g_assert_error ((reply)->error, domain, code); \
      g_clear_error (&(reply)->error); \
      (reply)->n_answers = 0; \
    } \
  while (0)

/* --- Answers --- */

static void
test_result (Service       *service,
             gconstpointer  unused)
{
  Reply reply = { 0 };

  call (service, "Echo", g_variant_new ("(s)", "text"), &reply);
  assert_reply (&reply, "('text',)");
  g_assert_cmpstr (tend_task_get_name (service->task), ==, "Echo 1");
  assert_status (service->task, "completed");

  call (service, "Nothing", NULL, &reply);
  assert_reply (&reply, "()");
}

static void
test_error_keeps_its_code (Service       *service,
                           gconstpointer  unused)
{
  Reply reply = { 0 };

  call (service, "Fail", g_variant_new ("(bi)", TRUE, TEND_ERROR_FULL), &reply);
  assert_error_reply (&reply, TEND_ERROR, TEND_ERROR_FULL);
  call (service, "Fail", g_variant_new ("(bi)", FALSE, G_IO_ERROR_NO_SPACE), &reply);
  await_reply (&reply);
  g_assert_cmpstr (reply.error->message, ==, "number 12");
  assert_error_reply (&reply, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
}

static void
test_wrong_type (Service       *service,
                 gconstpointer  unused)
{
  static const struct
  {
    const char *what;
    const char *type;
  } cases[] = { { "type", "(s)" }, { "no tuple", "i" }, { "no variant", "gint64" }, { "nothing", "()" } };
  Reply reply = { 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *pattern = g_strdup_printf ("Task 'Wrong *': its result is %s, and the call of Wrong() is "
                                                  "answered with (i)", cases[i].type);

      g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, pattern);
      call (service, "Wrong", g_variant_new ("(s)", cases[i].what), &reply);
      assert_error_reply (&reply, TEND_ERROR, TEND_ERROR_STATE);
      g_test_assert_expected_messages ();
    }
}

static void
test_properties (Service       *service,
                 gconstpointer  unused)
{
  const char *properties = "org.freedesktop.DBus.Properties";
  Reply reply = { 0 };

  call_interface (service, properties, "Set",
                  g_variant_new ("(ssv)", INTERFACE, "Size", g_variant_new_int32 (7)), &reply);
  assert_reply (&reply, "()");
  call_interface (service, properties, "Get", g_variant_new ("(ss)", INTERFACE, "Size"), &reply);
  assert_reply (&reply, "(<7>,)");
  call_interface (service, properties, "GetAll", g_variant_new ("(s)", INTERFACE), &reply);
  assert_reply (&reply, "({'Size': <7>},)");

  g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, "Task 'Get *': its result is *");
  call_interface (service, properties, "Get", g_variant_new ("(ss)", INTERFACE, "Bad"), &reply);
  assert_error_reply (&reply, TEND_ERROR, TEND_ERROR_STATE);
  g_test_assert_expected_messages ();
}

/* --- Ends without a result --- */

static void
test_cancelled_and_stopped (Service       *service,
                            gconstpointer  unused)
{
  Reply reply = { 0 };

  call (service, "Wait", NULL, &reply);
  await_bodies (service, 1);
  tend_task_cancel (service->task);
  assert_error_reply (&reply, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  call (service, "Wait", NULL, &reply);
  await_bodies (service, 2);
  tend_task_stop (service->task);
  assert_error_reply (&reply, TEND_ERROR, TEND_ERROR_STOPPED);
}

/* The second one waits for a slot, and never begins. */
static void
test_deadline (Service       *service,
               gconstpointer  unused)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Reply first = { 0 }, second = { 0 };

  tend_task_manager_set_max_running (service->manager, 1);
  service->timeout = 2 * SECOND;
  call (service, "Wait", NULL, &first);
  await_bodies (service, 1);
  service->timeout = SECOND;
  call (service, "Echo", g_variant_new ("(s)", "late"), &second);
  await_calls (service, 2);

  g_assert_true (tend_clock_advance (clock, SECOND, NULL));
  assert_error_reply (&second, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (first.n_answers, ==, 0);
  g_assert_true (tend_clock_advance (clock, SECOND, NULL));
  assert_error_reply (&first, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (service->n_bodies, ==, 1);
}

static void
test_refused (Service       *service,
              gconstpointer  unused)
{
  Reply reply = { 0 };

  tend_task_manager_close (service->manager);
  call (service, "Nothing", NULL, &reply);
  assert_error_reply (&reply, TEND_ERROR, TEND_ERROR_SHUT_DOWN);
  g_assert_error (service->refusal, TEND_ERROR, TEND_ERROR_SHUT_DOWN);
  g_assert_cmpint (service->n_bodies, ==, 0);
}

static void
added_cb (TendTaskManager *manager,
          TendTask        *task,
          gpointer         user_data)
{
  tend_task_stop (task);
}

/* Whoever hears of the task ends it before it is registered. */
static void
test_stopped_while_registered (Service       *service,
                               gconstpointer  unused)
{
  Reply reply = { 0 };

  g_signal_connect (service->manager, "task-added", G_CALLBACK (added_cb), NULL);
  call (service, "Nothing", NULL, &reply);
  assert_error_reply (&reply, TEND_ERROR, TEND_ERROR_STOPPED);
  g_assert_cmpint (service->n_bodies, ==, 0);
}

static void
shut_down_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_assert_true (tend_task_manager_shutdown_finish (TEND_TASK_MANAGER (source), result, NULL));
}

static void
test_shut_down (Service       *service,
                gconstpointer  unused)
{
  Reply running = { 0 }, waiting = { 0 };

  tend_task_manager_set_max_running (service->manager, 1);
  call (service, "Wait", NULL, &running);
  await_bodies (service, 1);
  call (service, "Wait", NULL, &waiting);
  await_calls (service, 2);
  tend_task_manager_shutdown_async (service->manager, NULL, shut_down_cb, NULL);
  assert_error_reply (&running, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_error_reply (&waiting, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (service->n_bodies, ==, 1);
}

static void
test_manager_is_dropped (Service       *service,
                         gconstpointer  unused)
{
  Reply running = { 0 }, waiting = { 0 };

  tend_task_manager_set_max_running (service->manager, 1);
  call (service, "Wait", NULL, &running);
  await_bodies (service, 1);
  call (service, "Wait", NULL, &waiting);
  await_calls (service, 2);
  g_clear_object (&service->task);
  g_object_unref (service->manager);
  service->manager = tend_task_manager_new ();
  assert_error_reply (&running, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_error_reply (&waiting, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* --- The caller --- */

static void
test_caller_leaves (Service       *service,
                    gconstpointer  unused)
{
  Reply first = { 0 }, second = { 0 };
  g_autoptr(TendTask) running = NULL;
  g_autoptr(GError) error = NULL;

  tend_task_manager_set_max_running (service->manager, 1);
  call (service, "Wait", NULL, &first);
  await_bodies (service, 1);
  running = g_object_ref (service->task);
  call (service, "Wait", NULL, &second);
  await_calls (service, 2);

  g_assert_true (g_dbus_connection_close_sync (service->client, NULL, NULL));
  while (!tend_task_is_finished (running) || !tend_task_is_finished (service->task))
    g_main_context_iteration (NULL, TRUE);
  assert_status (running, "cancelled");
  assert_status (service->task, "cancelled");
  g_assert_null (tend_task_get_result (running, &error));
  g_assert_cmpstr (error->message, ==, "Task 'Wait 1': cancelled: the caller has left the bus");
  await_reply (&first);
  await_reply (&second);
  g_clear_error (&first.error);
  g_clear_error (&second.error);
}

static void
test_bus_is_closed (Service       *service,
                    gconstpointer  unused)
{
  Reply reply = { 0 };

  call (service, "Wait", NULL, &reply);
  await_bodies (service, 1);
  g_assert_true (g_dbus_connection_close_sync (service->server, NULL, NULL));
  while (!tend_task_is_finished (service->task))
    g_main_context_iteration (NULL, TRUE);
  assert_status (service->task, "cancelled");
  await_reply (&reply);
  g_clear_error (&reply.error);
}

/* A caller that stays is not watched for longer than its call. */
static void
test_caller_leaves_afterwards (Service       *service,
                               gconstpointer  unused)
{
  Reply reply = { 0 };

  call (service, "Nothing", NULL, &reply);
  assert_reply (&reply, "()");
  g_assert_true (g_dbus_connection_close_sync (service->client, NULL, NULL));
  settle ();
  assert_status (service->task, "completed");
  g_assert_false (tend_task_is_cancelling (service->task));
}

/* --- Errors that nobody gets --- */

static void
unobserved_cb (const char   *task,
               const GError *error,
               const char   *origin,
               gpointer      user_data)
{
  ++*(int *) user_data;
}

static void
test_error_without_a_reply (Service       *service,
                            gconstpointer  unused)
{
  g_autoptr(GDBusMessage) message = NULL;
  Reply reply = { 0 };
  int n_reports = 0;

  tend_set_unobserved_func (unobserved_cb, &n_reports, NULL);
  call (service, "Fail", g_variant_new ("(bi)", FALSE, G_IO_ERROR_BUSY), &reply);
  assert_error_reply (&reply, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_clear_object (&service->task);
  settle ();
  g_assert_cmpint (n_reports, ==, 0);

  message = g_dbus_message_new_method_call (g_dbus_connection_get_unique_name (service->server), PATH, INTERFACE,
                                            "Fail");
  g_dbus_message_set_body (message, g_variant_new ("(bi)", FALSE, G_IO_ERROR_BUSY));
  g_dbus_message_set_flags (message, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
  g_assert_true (g_dbus_connection_send_message (service->client, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL,
                                                 NULL));
  await_bodies (service, 2);
  g_clear_object (&service->task);
  settle ();
  g_assert_cmpint (n_reports, ==, 1);
  tend_set_unobserved_func (NULL, NULL, NULL);
}

static void
test_other_task (Service       *service,
                 gconstpointer  unused)
{
  g_autoptr(TendTask) task = tend_task_run_open ("other", idle_body, NULL, NULL);

  g_assert_null (tend_task_get_invocation (task));
  tend_task_return_value (task, NULL);
  assert_gone (task);
}

#define add(name, func) g_test_add ("/tend/manager/invocation/" name, Service, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("result", test_result);
  add ("error-keeps-its-code", test_error_keeps_its_code);
  add ("wrong-type", test_wrong_type);
  add ("properties", test_properties);
  add ("cancelled-and-stopped", test_cancelled_and_stopped);
  add ("deadline", test_deadline);
  add ("refused", test_refused);
  add ("stopped-while-registered", test_stopped_while_registered);
  add ("shut-down", test_shut_down);
  add ("manager-is-dropped", test_manager_is_dropped);
  add ("caller-leaves", test_caller_leaves);
  add ("bus-is-closed", test_bus_is_closed);
  add ("caller-leaves-afterwards", test_caller_leaves_afterwards);
  add ("error-without-a-reply", test_error_without_a_reply);
  add ("other-task", test_other_task);

  return g_test_run ();
}
