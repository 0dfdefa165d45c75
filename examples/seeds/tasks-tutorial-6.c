// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A test of a class that registers a task when it is made, which is better avoided. Nothing that is
// registered runs at once, so that the test's set-up can cancel it in time: the body never runs. With
// KEEP_PENDING_TASKS in the environment the set-up lets the task be, and the test fails by its error.
//
// It is a small program and no GTest, whose output has a random seed: it prints the lines that a unit
// test prints, but for the time.

#include <tend.h>

/* --- The class --- */

#define MY_TYPE_COMMUNITY (my_community_get_type ())
G_DECLARE_FINAL_TYPE (MyCommunity, my_community, MY, COMMUNITY, TendTaskManager)

struct _MyCommunity
{
  TendTaskManager parent_instance;
};

G_DEFINE_FINAL_TYPE (MyCommunity, my_community, TEND_TYPE_TASK_MANAGER)

static gboolean
error_out (TendTask *task, gpointer user_data, GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "RuntimeError");
  return FALSE;
}

static void
my_community_class_init (MyCommunityClass *klass)
{
}

static void
my_community_init (MyCommunity *self)
{
  tend_task_manager_register (TEND_TASK_MANAGER (self),
                              tend_task_new ("error out :-(", error_out, NULL, NULL),
                              TEND_NAME_POLICY_REJECT, NULL);
}

/* --- Its test --- */

static void
task_failed_cb (TendTaskManager *manager, TendTask *task, const GError *error, gpointer user_data)
{
  GError **failure = user_data;

  if (*failure == NULL)
    g_set_error (failure, error->domain, error->code, "%s: %s", tend_task_get_name (task), error->message);
}

static TendTaskManager *
create_node (GError **failure)
{
  TendTaskManager *node = g_object_new (MY_TYPE_COMMUNITY, NULL);

  g_signal_connect (node, "task-failed", G_CALLBACK (task_failed_cb), failure);
  if (g_getenv ("KEEP_PENDING_TASKS") == NULL)
    tend_task_manager_cancel_all (node);

  return node;
}

static gboolean
test_something (TendTask *main_task, gpointer user_data, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(TendTaskManager) node = create_node (&failure);

  /* What was registered before and is still there runs before this returns. */
  if (!tend_yield (error) || !tend_task_manager_shutdown (node, error))
    return FALSE;

  if (failure != NULL)
    g_propagate_error (error, g_steal_pointer (&failure));
  return *error == NULL;
}

int
main (void)
{
  g_autoptr(GError) error = NULL;

  if (!tend_run (test_something, NULL, &error))
    g_print ("ERROR: test_something: %s\n", error->message);

  g_print ("Ran 1 test\n%s\n", error == NULL ? "OK" : "FAILED (errors=1)");
  return error == NULL ? 0 : 1;
}
