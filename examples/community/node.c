// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A node of the overlay. It is a task manager: the work of the node is its tasks, and the node ends with their
// shutdown.
//
// A datagram is one line of text: "hello NAME PORT [PORT...]", with the port of the sender and those of the peers that
// it knows, or "goodbye NAME PORT". Everything else is dropped.

#include "node.h"

#include <stdlib.h>
#include <string.h>

#define GREETING_INTERVAL (G_TIME_SPAN_SECOND / 20)
#define MAX_DATAGRAM      1024
#define DATAGRAM_PATTERN  "^(hello|goodbye) node-[0-9]{2}( [0-9]{1,5})+\\z"

struct _Node
{
  TendTaskManager parent_instance;

  char           *name;
  guint           n_nodes;
  GSocket        *socket;
  guint16         port;
  GHashTable     *peers;        /* the ports of those that the node knows */
  GHashTable     *greeted_by;   /* the names of those that it has heard */
  TendCompletion *met;          /* done once it has heard all of the others */
};

G_DEFINE_FINAL_TYPE (Node, node, TEND_TYPE_TASK_MANAGER)

static void
add_peer (Node *self,
          int   port)
{
  if (port != self->port)
    g_hash_table_add (self->peers, GINT_TO_POINTER (port));
}

/* One that there is no room for is lost, as any datagram may be: there will be another greeting. */
static gboolean
send_to_peers (Node        *self,
               const char  *text,
               GError     **error)
{
  GHashTableIter iter;
  gpointer port;

  g_hash_table_iter_init (&iter, self->peers);
  while (g_hash_table_iter_next (&iter, &port, NULL))
    {
      g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", GPOINTER_TO_UINT (port));
      g_autoptr(GError) failure = NULL;

      if (g_socket_send_to (self->socket, address, text, strlen (text), NULL, &failure) < 0 &&
          !g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        {
          g_propagate_error (error, g_steal_pointer (&failure));
          return FALSE;
        }
    }

  return TRUE;
}

/* The words of a datagram; NULL if it is malformed. */
static GStrv
parse (const char *datagram,
       gssize      size)
{
  g_autofree char *text = NULL;
  g_auto(GStrv) words = NULL;

  if (size == 0 || size > MAX_DATAGRAM)
    return NULL;

  text = g_utf8_make_valid (datagram, size);
  if (!g_regex_match_simple (DATAGRAM_PATTERN, text, 0, 0))
    return NULL;

  words = g_strsplit (text, " ", -1);
  for (char **port = words + 2; *port != NULL; port++)
    {
      if (!g_ascii_string_to_unsigned (*port, 10, 1, G_MAXUINT16, NULL, NULL))
        return NULL;
    }

  return g_steal_pointer (&words);
}

static void
received (Node       *self,
          const char *datagram,
          gssize      size)
{
  g_auto(GStrv) words = parse (datagram, size);

  if (words == NULL || g_str_equal (words[1], self->name))
    return;

  if (g_str_equal (words[0], "goodbye"))
    {
      g_hash_table_remove (self->peers, GINT_TO_POINTER (atoi (words[2])));
      return;
    }

  for (char **port = words + 2; *port != NULL; port++)
    add_peer (self, atoi (*port));

  g_hash_table_add (self->greeted_by, g_strdup (words[1]));
  if (g_hash_table_size (self->greeted_by) == self->n_nodes - 1)
    tend_completion_set_boolean (self->met, TRUE, NULL);
}

/* --- The tasks --- */

/* Goes on until the shutdown cancels it: then the call fails, and its error says so. */
static gboolean
receive (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  Node *self = user_data;
  char datagram[MAX_DATAGRAM + 1];    /* one byte more shows that a datagram is too long */
  gssize size;

  while ((size = tend_socket_receive (self->socket, datagram, sizeof datagram, TEND_FOREVER, error)) >= 0)
    received (self, datagram, size);

  return FALSE;
}

/* Runs at each interval: greets all peers, and tells them of one another. */
static gboolean
greet (TendTask  *task,
       gpointer   user_data,
       GError   **error)
{
  Node *self = user_data;
  g_autoptr(GString) hello = g_string_new (NULL);
  GHashTableIter iter;
  gpointer port;

  g_string_printf (hello, "hello %s %u", self->name, self->port);
  g_hash_table_iter_init (&iter, self->peers);
  while (g_hash_table_iter_next (&iter, &port, NULL))
    g_string_append_printf (hello, " %u", GPOINTER_TO_UINT (port));

  return send_to_peers (self, hello->str, error);
}

/* The shutdown task: it runs when the others have ended, and nobody uses the socket any more. */
static gboolean
leave (TendTask  *task,
       gpointer   user_data,
       GError   **error)
{
  Node *self = user_data;
  g_autofree char *goodbye = g_strdup_printf ("goodbye %s %u", self->name, self->port);

  tend_completion_set_cancelled (self->met, NULL);

  /* Whoever leaves does not ask whether that is heard. */
  send_to_peers (self, goodbye, NULL);
  if (!g_socket_close (self->socket, error))
    return FALSE;

  g_print ("%s has said goodbye\n", self->name);
  return TRUE;
}

/* --- The node --- */

static gboolean
bind_socket (Node     *self,
             guint16   port,
             GError  **error)
{
  g_autoptr(GSocketAddress) wanted = g_inet_socket_address_new_from_string ("127.0.0.1", port);
  g_autoptr(GSocketAddress) address = NULL;

  self->socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, error);
  if (self->socket == NULL || !g_socket_bind (self->socket, wanted, FALSE, error))
    return FALSE;

  address = g_socket_get_local_address (self->socket, error);
  if (address == NULL)
    return FALSE;

  g_socket_set_blocking (self->socket, FALSE);
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));

  return TRUE;
}

/*
 * Begins to receive and to greet. That is not for the constructor: a node that is only made has no
 * tasks, and can be tested, or dropped, without a network.
 *
 * From here on the tasks hold the node and the node holds its tasks, until it is shut down.
 */
gboolean
node_start (Node     *self,
            guint16   port,
            guint16   bootstrap,
            GError  **error)
{
  TendTaskManager *manager = TEND_TASK_MANAGER (self);
  g_autoptr(TendTask) receiving = tend_task_new_fiber ("receive", receive, g_object_ref (self), g_object_unref);
  g_autoptr(TendTask) greeting = tend_task_new_fiber ("greet", greet, g_object_ref (self), g_object_unref);
  g_autoptr(TendTask) leaving = tend_task_new_fiber ("leave", leave, g_object_ref (self), g_object_unref);

  if (!bind_socket (self, port, error))
    return FALSE;
  if (bootstrap != 0)
    add_peer (self, bootstrap);

  tend_task_set_delay (greeting, 0);
  tend_task_set_interval (greeting, GREETING_INTERVAL);

  return tend_task_manager_add_shutdown_task (manager, g_steal_pointer (&leaving), error) &&
         tend_task_manager_register (manager, g_steal_pointer (&receiving), TEND_NAME_POLICY_REJECT, error) &&
         tend_task_manager_register (manager, g_steal_pointer (&greeting), TEND_NAME_POLICY_REJECT, error);
}

guint16
node_get_port (Node *self)
{
  return self->port;
}

/* A task to wait for, which completes when all of the others have greeted the node. */
TendTask *
node_get_met (Node *self)
{
  return tend_completion_get_task (self->met);
}

void
node_print_met (Node *self)
{
  g_autoptr(GList) names = g_list_sort (g_hash_table_get_keys (self->greeted_by), (GCompareFunc) strcmp);
  g_autoptr(GString) text = g_string_new (NULL);

  for (GList *name = names; name != NULL; name = name->next)
    g_string_append_printf (text, "%s%s", name == names ? "" : ", ", (char *) name->data);

  g_print ("%s was greeted by %s\n", self->name, text->str);
}

/* The class method of the signal: one of the node's tasks has failed. */
static void
node_task_failed (TendTaskManager *manager,
                  TendTask        *task,
                  const GError    *error)
{
  g_printerr ("community: %s: %s: %s\n", COMMUNITY_NODE (manager)->name, tend_task_get_name (task),
              error->message);
}

static void
node_finalize (GObject *object)
{
  Node *self = COMMUNITY_NODE (object);

  g_clear_object (&self->socket);
  g_clear_object (&self->met);
  g_clear_pointer (&self->peers, g_hash_table_unref);
  g_clear_pointer (&self->greeted_by, g_hash_table_unref);
  g_clear_pointer (&self->name, g_free);

  G_OBJECT_CLASS (node_parent_class)->finalize (object);
}

static void
node_class_init (NodeClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = node_finalize;
  TEND_TASK_MANAGER_CLASS (klass)->task_failed = node_task_failed;
}

static void
node_init (Node *self)
{
  self->peers = g_hash_table_new (NULL, NULL);
  self->greeted_by = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->met = tend_completion_new ("met");
}

Node *
node_new (guint number,
          guint n_nodes)
{
  Node *self = g_object_new (COMMUNITY_TYPE_NODE, NULL);

  self->name = g_strdup_printf ("node-%02u", number);
  self->n_nodes = n_nodes;

  return self;
}
