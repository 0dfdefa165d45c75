// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// community: an overlay of nodes that find and greet one another over UDP, on loopback.
//
// Each node knows only the first one, and introduces all nodes that it knows to its peers, so in the end everybody has
// met everybody. Then the nodes leave, the last one first. A node is a task manager; see node.c. The same program is in
// community.vala, community.py and community.js.

#include "node.h"

#include <glib-unix.h>
#include <signal.h>

#define EXIT_USAGE 2
#define MAX_NODES  99

typedef struct
{
  int       n_nodes;
  int       port;
  double    timeout;
  gboolean  stays;
  TendTask *task;      /* the main part */
  int       signum;    /* what ended it, or 0 */
} Run;

/* --- Signals --- */

/* The main part ends from wherever it waits, as it does at any end: the nodes leave in order. */
static gboolean
interrupt (Run *self,
           int  signum)
{
  self->signum = signum;
  tend_task_cancel (self->task);

  return G_SOURCE_CONTINUE;
}

static gboolean
sigint_cb (gpointer user_data)
{
  return interrupt (user_data, SIGINT);
}

static gboolean
sigterm_cb (gpointer user_data)
{
  return interrupt (user_data, SIGTERM);
}

/* The source dies with the main part, to whose scope it is added. */
static void
add_signal (Run         *self,
            int          signum,
            GSourceFunc  func)
{
  g_autoptr(GSource) source = g_unix_signal_source_new (signum);

  g_source_set_callback (source, func, self, NULL);
  tend_task_add_source (self->task, source);
}

/* --- The main part --- */

static gboolean
start_nodes (Run        *self,
             GPtrArray  *nodes,
             GError    **error)
{
  guint16 bootstrap = 0;

  for (guint i = 1; i <= (guint) self->n_nodes; i++)
    {
      Node *node = node_new (i, (guint) self->n_nodes);

      /* Where a task has failed there is no use in waiting. What failed the node says itself. */
      g_signal_connect_object (node, "task-failed", G_CALLBACK (tend_task_cancel), self->task, G_CONNECT_SWAPPED);
      g_ptr_array_add (nodes, node);

      if (!node_start (node, i == 1 ? (guint16) self->port : 0, bootstrap, error))
        {
          g_prefix_error (error, "node-%02u: ", i);
          return FALSE;
        }
      if (i == 1)
        bootstrap = node_get_port (node);
    }

  return TRUE;
}

static gboolean
meet (Run        *self,
      GPtrArray  *nodes,
      GError    **error)
{
  g_autofree TendTask **met = g_new (TendTask *, nodes->len);
  g_autoptr(TendTask) all = NULL;
  g_autoptr(TendTask) in_time = NULL;

  for (guint i = 0; i < nodes->len; i++)
    met[i] = node_get_met (nodes->pdata[i]);

  all = tend_wait_all (met, nodes->len);
  in_time = tend_task_with_timeout (all, (gint64) (self->timeout * G_TIME_SPAN_SECOND));
  if (!tend_await (in_time, error))
    {
      if (error != NULL && g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        {
          g_clear_error (error);
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "Not everybody has met within %g s", self->timeout);
        }
      return FALSE;
    }

  for (guint i = 0; i < nodes->len; i++)
    node_print_met (nodes->pdata[i]);

  return TRUE;
}

/* One after the other, and all of them even if one cannot end well. */
static gboolean
leave (GPtrArray *nodes)
{
  /* These waits are not to fail because of the very cancellation that they clean up after. */
  g_auto(TendShield) shield = tend_shield_enter ();
  gboolean is_fine = TRUE;

  for (guint i = nodes->len; i > 0; i--)
    {
      g_autoptr(GError) error = NULL;

      if (!tend_task_manager_shutdown (nodes->pdata[i - 1], &error))
        {
          g_printerr ("community: node-%02u: %s\n", i, error->message);
          is_fine = FALSE;
        }
    }

  return is_fine;
}

static gboolean
community (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  Run *self = user_data;
  g_autoptr(GPtrArray) nodes = g_ptr_array_new_with_free_func (g_object_unref);
  gboolean is_fine;

  self->task = task;
  add_signal (self, SIGINT, sigint_cb);
  add_signal (self, SIGTERM, sigterm_cb);

  is_fine = start_nodes (self, nodes, error) &&
            meet (self, nodes, error) &&
            (!self->stays || tend_sleep (G_MAXINT64, error));

  if (!leave (nodes) && is_fine)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "Not everybody has left in order");
      return FALSE;
    }

  return is_fine;
}

int
main (int    argc,
      char **argv)
{
  Run self = { .n_nodes = 4, .timeout = 5 };
  const GOptionEntry entries[] = {
    { "nodes", 'n', 0, G_OPTION_ARG_INT, &self.n_nodes, "How many nodes there are", "N" },
    { "port", 'p', 0, G_OPTION_ARG_INT, &self.port, "The port of the first node", "PORT" },
    { "timeout", 't', 0, G_OPTION_ARG_DOUBLE, &self.timeout, "Within what time they have to meet", "SECONDS" },
    { "stay", 's', 0, G_OPTION_ARG_NONE, &self.stays, "Stay together until Ctrl-C", NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr(GOptionContext) context = g_option_context_new (NULL);
  g_autoptr(GError) error = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("community: %s\n", error->message);
      return EXIT_USAGE;
    }
  if (argc > 1 || self.n_nodes < 2 || self.n_nodes > MAX_NODES || self.port < 0 || self.port > G_MAXUINT16 ||
      !(self.timeout >= 0 && self.timeout <= 1e6))
    {
      g_printerr ("community: Wrong options\nTry \"community --help\".\n");
      return EXIT_USAGE;
    }

  if (tend_run (community, &self, &error))
    return 0;

  /* Whoever was cancelled, by a signal or for a task that failed, has been told why. */
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_printerr ("community: %s\n", error->message);

  return self.signum != 0 ? 128 + self.signum : 1;
}
