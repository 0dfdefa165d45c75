// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// C++ that comes late: a program in C loads a plugin in C++, after fibers have run, and its fibers call that.

#include "../task/common.h"

#include <dlfcn.h>

static gboolean (*catch_and_sleep) (const char *name,
                                    gint64      usec);

static gboolean
plugin_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  return catch_and_sleep (tend_task_get_name (task), GPOINTER_TO_SIZE (user_data));
}

static void
test_runtime_may_come_late (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autofree char *path = g_test_build_filename (G_TEST_BUILT, "test-exceptions-plugin.so", NULL);
  g_autoptr(TendTask) before G_GNUC_UNUSED = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);
  g_autoptr(TendTask) first = NULL, second = NULL;
  gpointer plugin;

  tend_clock_run_until_idle (clock, NULL);
  assert_notes ("slept");
  if (dlsym (RTLD_DEFAULT, "__cxa_get_globals") != NULL)
    {
      g_test_skip ("A tool has brought the runtime of C++ along.");
      return;
    }

  /* As plugins are loaded commonly: what comes with them can be seen by nobody else. */
  plugin = dlopen (path, RTLD_NOW | RTLD_LOCAL);
  g_assert_nonnull (plugin);
  g_assert_null (dlsym (RTLD_DEFAULT, "__cxa_get_globals"));
  catch_and_sleep = (gboolean (*) (const char *, gint64)) dlsym (plugin, "catch_and_sleep");
  g_assert_nonnull (catch_and_sleep);

  first = tend_task_run_fiber ("first", plugin_body, GSIZE_TO_POINTER (1000), NULL);
  second = tend_task_run_fiber ("second", plugin_body, GSIZE_TO_POINTER (2000), NULL);
  tend_clock_run_until_idle (clock, NULL);
  assert_status (first, "completed");
  assert_status (second, "completed");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/exceptions/runtime-may-come-late", test_runtime_may_come_late);

  return g_test_run ();
}
