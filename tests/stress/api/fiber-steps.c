// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a fiber waits for, and the operations of GIO that it and asynchronous bodies wait for.

#include "fuzz.h"

#include <sys/socket.h>

/* --- Operations that come back by themselves --- */

/* GLib's own loop keeps their time: while one is out the virtual clock stands still. */
typedef struct
{
  GTask *task;
  guint  n_turns;
} Operation;

static void
operation_free (gpointer data)
{
  Operation *operation = data;

  g_object_unref (operation->task);
  g_free (operation);
}

static gboolean
operation_turn_cb (gpointer data)
{
  Operation *operation = data;

  if (operation->n_turns-- > 0)
    return G_SOURCE_CONTINUE;

  if (pick (4) == 0)
    g_task_return_error (operation->task, error_pick ());
  else
    g_task_return_boolean (operation->task, TRUE);
  return G_SOURCE_REMOVE;
}

void
operation_begin (GCancellable       *cancellable,
                 GAsyncReadyCallback callback,
                 gpointer            user_data)
{
  Operation *operation = g_new0 (Operation, 1);
  GSource *source = g_idle_source_new ();

  operation->task = g_task_new (NULL, cancellable, callback, user_data);
  operation->n_turns = pick (4);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, operation_turn_cb, operation, operation_free);
  g_source_attach (source, g_main_context_get_thread_default ());
  g_source_unref (source);
}

/* --- Steps --- */

static gboolean
step_await (GError **error)
{
  TendTask *task = fuzz.slots[fuzz.side][KIND_TASK][pick (N_SLOTS)];
  g_autoptr(TendTask) held = NULL;

  if (task == NULL)
    return TRUE;

  held = pick (2) == 0 || !tend_task_is_started (task) ? g_object_ref (task) : NULL;
  return tend_await (task, error);
}

/* One or two at a time, some of which are left before their end; and one after the other with the same call. */
static gboolean
step_await_call (GError **error)
{
  g_auto(TendCall) call = TEND_CALL_INIT;
  g_auto(TendCall) other = TEND_CALL_INIT;

  if (pick (3) == 0)
    operation_begin (tend_call_start (&other), tend_call_ready, &other);

  for (guint i = pick (3); ; i--)
    {
      operation_begin (tend_call_start (&call), tend_call_ready, &call);
      if (pick (4) == 0)
        tend_call_clear (&call);
      else if (!tend_await_call (&call, error) || !g_task_propagate_boolean (G_TASK (call.result), error))
        return FALSE;
      if (i == 0)
        return TRUE;
    }
}

/* A descriptor that is ready to be written to, all the time. */
int
ready_fd (void)
{
  static int ends[2] = { -1, -1 };

  if (ends[0] < 0 && socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    fail ("the system gives no descriptors");

  return ends[0];
}

static gboolean
step_await_fd (GError **error)
{
  return tend_await_fd (ready_fd (), G_IO_OUT | G_IO_IN, NULL, error);
}

/* Soon, never, or in the past. */
static gint64
pick_deadline (void)
{
  return pick (3) == 0 ? TEND_FOREVER : tend_get_time () + pick_time () - (pick (8) == 0);
}

/* What was sent is there, so that nobody waits for longer than the loop takes. */
static gboolean
step_socket_pair (GError **error)
{
  g_autoptr(GSocketAddress) address = NULL;
  g_autoptr(GSocket) here = NULL;
  g_autoptr(GSocket) there = NULL;
  int ends[2];
  char byte = 0;
  gsize n_sent;

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    fail ("the system gives no descriptors");
  here = g_socket_new_from_fd (ends[0], NULL);
  there = g_socket_new_from_fd (ends[1], NULL);
  if (pick (8) == 0)
    g_socket_close (here, NULL);

  return tend_socket_send (here, &byte, 1, pick_deadline (), error) == 1 &&
         tend_socket_receive (there, &byte, 1, pick_deadline (), error) == 1 &&
         tend_socket_send_all (here, &byte, 1, pick (2) == 0 ? &n_sent : NULL, pick_deadline (), error) &&
         tend_socket_receive_from (there, pick (2) == 0 ? &address : NULL, &byte, 1, pick_deadline (), error) == 1 &&
         tend_socket_send_to (here, NULL, &byte, 1, pick_deadline (), error) == 1 &&
         tend_socket_receive (there, &byte, 1, pick_deadline (), error) == 1;
}

/* To a listener that may not be there. */
static gboolean
step_connect (GError **error)
{
  g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr(GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr(GSocket) listener = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  g_autoptr(GSocketAddress) address = NULL;
  g_autoptr(GSocket) connected = NULL;
  g_autoptr(GSocket) accepted = NULL;

  if (listener == NULL || !g_socket_bind (listener, any, TRUE, NULL) ||
      (pick (4) != 0 && !g_socket_listen (listener, NULL)))
    fail ("the system gives no sockets");
  address = g_socket_get_local_address (listener, NULL);
  connected = tend_socket_connect (G_SOCKET_CONNECTABLE (address), pick_deadline (), error);
  if (connected == NULL)
    return FALSE;

  accepted = tend_socket_accept (listener, pick_deadline (), error);
  return accepted != NULL;
}

static gboolean
step_shield (GError **error)
{
  gboolean ok;

  tend_shield_push ();
  ok = tend_sleep (pick_time (), error);
  tend_shield_pop ();

  return ok;
}

static gboolean
step_send (GError **error)
{
  TendChannel *channel = fuzz.slots[fuzz.side][KIND_CHANNEL][pick (N_SLOTS)];
  g_autoptr(GDate) date = g_date_new_julian (1);
  g_autoptr(GObject) object = NULL;
  g_auto(GValue) value = G_VALUE_INIT;

  if (channel == NULL)
    return TRUE;

  switch (pick (7))
    {
    case 0:
      return tend_channel_send_int (channel, 7, error);
    case 4:
      return tend_channel_send_boxed (channel, G_TYPE_DATE, date, error);
    case 5:
      return tend_channel_send_pointer (channel, NULL, error);
    case 1:
      return tend_channel_send_string (channel, "text", error);
    case 2:
      object = value_object_new ();
      return tend_channel_send_object (channel, object, error);
    case 3:
      return tend_channel_send (channel, NULL, error);
    default:
      value_pick (&value);
      return tend_channel_send (channel, &value, error);
    }
}

/* The end of a channel is no error. */
static gboolean
step_receive (GError **error)
{
  TendChannel *channel = fuzz.slots[fuzz.side][KIND_CHANNEL][pick (N_SLOTS)];
  g_autoptr(GError) failure = NULL;
  g_auto(GValue) value = G_VALUE_INIT;
  g_autofree char *text = NULL;
  g_autoptr(GObject) object = NULL;
  GPtrArray *values = NULL;
  gpointer pointer;
  GDate *date = NULL;
  gint64 number;

  if (channel == NULL)
    return TRUE;

  switch (pick (7))
    {
    case 0:
      tend_channel_receive_int (channel, &number, &failure);
      break;
    case 1:
      text = tend_channel_receive_string (channel, &failure);
      break;
    case 2:
      object = tend_channel_receive_object (channel, &failure);
      break;
    case 3:
      values = tend_channel_receive_all (channel, &failure);
      break;
    case 4:
      date = tend_channel_receive_boxed (channel, G_TYPE_DATE, &failure);
      break;
    case 5:
      tend_channel_receive_pointer (channel, &pointer, &failure);
      break;
    default:
      tend_channel_receive (channel, pick (2) == 0 ? &value : NULL, &failure);
    }

  g_clear_pointer (&values, g_ptr_array_unref);
  g_clear_pointer (&date, g_date_free);
  if (failure == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

/* Half of the permits are released while the fiber still has them to itself. */
static gboolean
step_semaphore (GError **error)
{
  TendSemaphore *semaphore = fuzz.slots[fuzz.side][KIND_SEMAPHORE][pick (N_SLOTS)];

  if (semaphore == NULL)
    return TRUE;

  if (pick (2) == 0)
    {
      g_auto(TendPermit) permit = tend_permit_acquire (semaphore, error);

      return tend_permit_is_held (&permit) && tend_sleep (pick_time (), error);
    }

  if (!tend_semaphore_acquire (semaphore, error))
    return FALSE;

  if (rack_has (semaphore) && pick (2) == 0)
    tend_semaphore_release (semaphore);
  return TRUE;
}

static gboolean
step_event (GError **error)
{
  TendEvent *event = fuzz.slots[fuzz.side][KIND_EVENT][pick (N_SLOTS)];

  return event == NULL || tend_event_wait (event, error);
}

static gboolean
step_condition (GError **error)
{
  TendCondition *condition = fuzz.slots[fuzz.side][KIND_CONDITION][pick (N_SLOTS)];

  return condition == NULL || tend_condition_wait (condition, error);
}

static gboolean
step_group (GError **error)
{
  g_autoptr(TendGroup) group = tend_group_new (pick (TEND_GROUP_POLICY_FIRST_SUCCESS + 1));

  for (guint n = pick (3); n > 0; n--)
    {
      g_autoptr(TendTask) task = make_task ();

      if (!tend_group_add (group, g_object_ref (task), error))
        return FALSE;
    }
  if (pick (4) == 0)
    return TRUE;

  return tend_group_wait (group, error);
}

static gboolean
step_manager (GError **error)
{
  TendTaskManager *manager = fuzz.slots[fuzz.side][KIND_MANAGER][pick (N_SLOTS)];
  g_autoptr(TendTaskManager) held = NULL;

  if (manager == NULL)
    return TRUE;

  held = g_object_ref (manager);
  if (pick (6) == 0)
    return tend_task_manager_drain (manager, error);

  return pick (3) == 0 ? tend_task_manager_shutdown (manager, error)
                       : tend_task_manager_wait_for_tasks (manager, error);
}

static gboolean
step_request_cache (GError **error)
{
  g_autoptr(TendRequestCache) cache = rack_take (KIND_REQUEST_CACHE);

  return cache == NULL || tend_request_cache_shutdown (cache, error);
}

/* Lets the running fiber wait for something, or not; if @ends, for what a deadline cuts short. */
gboolean
fiber_step (gboolean   ends,
            GError   **error)
{
  guint n = pick (ends ? 18 : 24);
  gboolean ok;

  trace ("step %u", n);
  if (n < 3)
    ok = step_await (error);
  else if (n < 6)
    ok = tend_sleep (pick_time (), error);
  else if (n < 8)
    ok = tend_yield (error);
  else if (n < 9)
    ok = tend_checkpoint (error);
  else if (n < 10)
    ok = step_await_call (error);
  else if (n < 11)
    ok = step_await_fd (error);
  else if (n < 12)
    ok = step_shield (error);
  else if (n < 14)
    ok = step_send (error);
  else if (n < 16)
    ok = step_receive (error);
  else if (n < 17)
    ok = step_socket_pair (error);
  else if (n < 18)
    ok = step_connect (error);
  else if (n < 19)
    ok = step_group (error);
  else if (n < 20)
    ok = step_semaphore (error);
  else if (n < 21)
    ok = pick (2) == 0 ? step_event (error) : step_condition (error);
  else if (n < 23)
    ok = step_manager (error);
  else
    ok = step_request_cache (error);

  check_answer (ok, *error);
  return ok;
}
