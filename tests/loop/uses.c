// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The uses of a loop, which any thread may end: with the last one the loop leaves its context.

#include <dlfcn.h>

#include "tend.h"
#include "tend-loop-private.h"

/* Stands before GLib's function of the same name, and counts the calls. */
static int n_wakeups;   /* atomic */

void
g_main_context_wakeup (GMainContext *context)
{
  static __typeof__ (&g_main_context_wakeup) next;

  if (g_atomic_pointer_get (&next) == NULL)
    g_atomic_pointer_set (&next, (__typeof__ (&g_main_context_wakeup)) dlsym (RTLD_NEXT, "g_main_context_wakeup"));

  g_atomic_int_inc (&n_wakeups);
  next (context);
}

static gpointer
release_thread (gpointer loop)
{
  tend_loop_release (loop);
  return NULL;
}

/* Nothing else would have the context look again, if it sleeps. */
static void
test_last_release_wakes_the_context (void)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  TendLoop *loop = tend_loop_acquire (context, G_PRIORITY_DEFAULT);

  tend_loop_ref (loop);
  while (g_main_context_iteration (context, FALSE))
    ;

  g_atomic_int_set (&n_wakeups, 0);
  g_thread_join (g_thread_new ("release", release_thread, loop));
  g_assert_cmpint (g_atomic_int_get (&n_wakeups), ==, 0);
  g_thread_join (g_thread_new ("release", release_thread, loop));
  g_assert_cmpint (g_atomic_int_get (&n_wakeups), ==, 1);

  g_assert_nonnull (g_main_context_find_source_by_id (context, 1));
  while (g_main_context_iteration (context, FALSE))
    ;
  g_assert_null (g_main_context_find_source_by_id (context, 1));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/loop/last-release-wakes-the-context", test_last_release_wakes_the_context);

  return g_test_run ();
}
