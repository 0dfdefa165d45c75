// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The child of a fork that gets no descriptor, in the context of its parent: what wakes the context may be taken by the
// parent, which looks at it all the time here.

#include "../support/child.h"
#include "refuse.h"

#include <tend.h>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_TASKS 2000

static gboolean
nothing_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  return TRUE;
}

/* Each comes home by waking the context, which would sleep without that. */
static void
run_child (void)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  refuse_from (REFUSE_EVENTFD, 1, REFUSE_EVER);
  for (guint i = 0; i < N_TASKS; i++)
    {
      g_autoptr(TendTask) task = tend_task_run_thread ("thread", nothing_body, NULL, NULL);

      g_assert_true (tend_task_wait_sync (task, NULL));
    }
  g_assert_cmpint (refuse_count (REFUSE_EVENTFD), >, 0);
  child_end (TRUE);
}

static void
test_no_descriptor (void)
{
  g_autoptr(TendTask) task = NULL;
  pid_t child;
  int status;

  if (IS_TSAN)
    {
      g_test_skip ("ThreadSanitizer has no use for the child of a process with threads");
      return;
    }

  task = tend_task_run_thread ("thread", nothing_body, NULL, NULL);
  g_assert_true (tend_task_wait_sync (task, NULL));
  child = fork ();
  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    run_child ();

  while (waitpid (child, &status, WNOHANG) == 0)
    g_main_context_iteration (NULL, FALSE);
  assert_child_was_right (status);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/failures/child/no-descriptor", test_no_descriptor);

  return g_test_run ();
}
