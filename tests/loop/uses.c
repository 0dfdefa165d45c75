// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The uses of a loop, which any thread may end: with the last one the loop leaves its context. And whose it is.

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

/* Another thread that takes a loop over, and keeps it until it is let go. */
typedef struct
{
  GMainContext *context;
  TendLoop     *loop;
  GThread      *thread;
  int           has_it;     /* atomic */
  int           is_let_go;  /* atomic */
} Rival;

static Rival *rival;    /* not NULL: it is faster than whoever acquires a context next */

static gpointer
rival_thread (gpointer data)
{
  Rival *self = data;

  g_assert_true (tend_loop_is_mine (self->loop));
  g_atomic_int_set (&self->has_it, TRUE);
  while (!g_atomic_int_get (&self->is_let_go))
    g_thread_yield ();

  return NULL;
}

/* Stands before GLib's function of the same name. */
gboolean
g_main_context_acquire (GMainContext *context)
{
  static __typeof__ (&g_main_context_acquire) next;
  Rival *first = g_atomic_pointer_exchange (&rival, NULL);

  if (g_atomic_pointer_get (&next) == NULL)
    g_atomic_pointer_set (&next, (__typeof__ (&g_main_context_acquire)) dlsym (RTLD_NEXT, "g_main_context_acquire"));

  if (first != NULL)
    {
      first->thread = g_thread_new ("rival", rival_thread, first);
      while (!g_atomic_int_get (&first->has_it))
        g_thread_yield ();
    }

  return next (context);
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

static gpointer
acquire_thread (gpointer context)
{
  return tend_loop_acquire (context, G_PRIORITY_DEFAULT);
}

/* Of two threads that take over a loop which is nobody's, the first has it. */
static void
test_first_to_take_it_over_has_it (void)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  Rival first = { .loop = g_thread_join (g_thread_new ("acquire", acquire_thread, context)) };

  g_atomic_pointer_set (&rival, &first);
  g_assert_false (tend_loop_is_mine (first.loop));
  g_assert_true (g_atomic_int_get (&first.has_it));
  g_assert_false (tend_loop_is_mine (first.loop));

  /* What it leaves behind is nobody's again. */
  g_atomic_int_set (&first.is_let_go, TRUE);
  g_thread_join (first.thread);
  g_assert_true (tend_loop_is_mine (first.loop));

  tend_loop_release (first.loop);
  while (g_main_context_iteration (context, FALSE))
    ;
}

/* Makes a loop and lets it go, and stays: what it has made is not nobody's. */
static gpointer
use_thread (gpointer data)
{
  Rival *self = data;

  self->loop = tend_loop_acquire (self->context, G_PRIORITY_DEFAULT);
  g_assert_true (tend_loop_is_mine (self->loop));
  tend_loop_release (self->loop);
  g_atomic_int_set (&self->has_it, TRUE);
  while (!g_atomic_int_get (&self->is_let_go))
    g_thread_yield ();

  return NULL;
}

/* A loop that was to retire, and is used again just before, is of the thread that runs it. */
static void
test_used_before_it_retires (void)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  Rival first = { .context = context };
  GPollFD fds[8];
  int timeout_ms, priority, n_fds;

  first.thread = g_thread_new ("use", use_thread, &first);
  while (!g_atomic_int_get (&first.has_it))
    g_thread_yield ();

  g_assert_true (g_main_context_acquire (context));
  g_assert_true (g_main_context_prepare (context, &priority));
  g_assert_true (tend_loop_acquire (context, G_PRIORITY_DEFAULT) == first.loop);
  n_fds = g_main_context_query (context, priority, &timeout_ms, fds, G_N_ELEMENTS (fds));
  g_assert_true (g_main_context_check (context, priority, fds, n_fds));
  g_main_context_dispatch (context);
  g_assert_true (tend_loop_is_mine (first.loop));
  g_main_context_release (context);

  tend_loop_release (first.loop);
  while (g_main_context_iteration (context, FALSE))
    ;
  g_atomic_int_set (&first.is_let_go, TRUE);
  g_thread_join (first.thread);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/loop/last-release-wakes-the-context", test_last_release_wakes_the_context);
  g_test_add_func ("/tend/loop/first-to-take-it-over-has-it", test_first_to_take_it_over_has_it);
  g_test_add_func ("/tend/loop/used-before-it-retires", test_used_before_it_retires);

  return g_test_run ();
}
