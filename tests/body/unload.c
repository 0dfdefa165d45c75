// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A plugin that is linked to the library, and unloaded, in a program that is not: the threads of the library, what
// threads have of its own, and its sources and types stay, and so must its code.

#include <gio/gio.h>

#include <dlfcn.h>
#include <signal.h>
#include <string.h>

static gboolean
is_library_loaded (void)
{
  gpointer library = dlopen ("libtend-1.so.0", RTLD_LAZY | RTLD_NOLOAD);

  if (library != NULL)
    dlclose (library);
  return library != NULL;
}

/* Loads the plugin, has it run tasks, and unloads it. */
static void
use_plugin (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_BUILT, "test-body-plugin.so", NULL);
  gpointer plugin = dlopen (path, RTLD_NOW | RTLD_LOCAL);
  void (*run) (void);

  g_assert_nonnull (plugin);
  run = (void (*) (void)) dlsym (plugin, "plugin_run");
  g_assert_nonnull (run);
  run ();
  g_assert_cmpint (dlclose (plugin), ==, 0);
  g_assert_null (dlopen (path, RTLD_LAZY | RTLD_NOLOAD));
}

static void
test_library_outlives_the_plugin (void)
{
  g_assert_false (is_library_loaded ());
  for (guint i = 0; i < 10; i++)
    {
      use_plugin ();
      g_assert_true (is_library_loaded ());

      /* The loop's source goes in its next turn, and the one that sees to idle stacks stays. */
      while (g_main_context_iteration (NULL, FALSE))
        continue;
    }
}

static gpointer
use_thread (gpointer data)
{
  GMainContext *context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  use_plugin ();
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);

  return NULL;
}

/* Each has spare tasks, a signal stack, and more that is freed when it ends, after the plugin. */
static void
test_threads_end_after_the_plugin (void)
{
  for (guint i = 0; i < 10; i++)
    g_thread_join (g_thread_new ("user", use_thread, NULL));
}

/* The handler for overflows stays as well. */
static void
test_signals_come_after_the_plugin (void)
{
  if (g_test_subprocess ())
    {
      use_plugin ();
      raise (SIGSEGV);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr_unmatched ("*overflow*");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/unload/library-outlives-the-plugin", test_library_outlives_the_plugin);
  g_test_add_func ("/tend/unload/threads-end-after-the-plugin", test_threads_end_after_the_plugin);
  g_test_add_func ("/tend/unload/signals-come-after-the-plugin", test_signals_come_after_the_plugin);

  return g_test_run ();
}
