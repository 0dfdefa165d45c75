// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// That nothing happens under a lock: what the check says of those who break it. And fork(), which takes all locks.

#include "../support/child.h"
#include "tend-core-private.h"

#include <gio/gio.h>
#include <sys/wait.h>
#include <unistd.h>

static TEND_DEFINE_LOCK (lock);
static TEND_DEFINE_LOCK (other_lock);

#ifdef TEND_CHECKS

static void
ref_under_lock (void)
{
  g_autoptr(GCancellable) object = g_cancellable_new ();

  tend_lock (&lock);
  g_object_ref (object);
  tend_unlock (&lock);
}

static void
release_under_lock (void)
{
  g_autoptr(GPtrArray) objects = g_ptr_array_new_with_free_func (g_object_unref);

  /* By an address that was given away. */
  g_ptr_array_add (objects, g_cancellable_new ());
  tend_lock (&lock);
  g_ptr_array_set_free_func (objects, NULL);
  g_ptr_array_foreach (objects, (GFunc) (gpointer) g_object_unref, NULL);
  tend_unlock (&lock);
}

static void
emit_under_lock (void)
{
  GCancellable *object = g_cancellable_new ();

  tend_lock (&lock);
  g_signal_emit (object, g_signal_lookup ("cancelled", G_TYPE_CANCELLABLE), 0);
  tend_unlock (&lock);
}

static void
warn_under_lock (void)
{
  tend_lock (&lock);
  g_message ("whoever handles messages is somebody");
  tend_unlock (&lock);
}

static void
lock_under_lock (void)
{
  tend_lock (&lock);
  tend_lock (&other_lock);
  tend_unlock (&lock);
}

static void
call_under_lock (void)
{
  tend_lock (&lock);
  TEND_CHECK_FREE ("Somebody is called");
  tend_unlock (&lock);
}

static const struct
{
  const char *path;
  void     (* func) (void);
  const char *says;
} offences[] = {
  { "ref", ref_under_lock, "*g_object_ref() is called at*lock.c:* under the lock that was taken at*lock.c:*" },
  { "release", release_under_lock, "*g_object_unref() is called at*under the lock that was taken at*lock.c:*" },
  { "emit", emit_under_lock, "*g_signal_emit() is called at*lock.c:* under the lock that was taken at*lock.c:*" },
  { "warn", warn_under_lock, "*g_log() is called at*lock.c:* under the lock that was taken at*lock.c:*" },
  { "lock", lock_under_lock, "*A lock is taken at*lock.c:* under the lock that was taken at*lock.c:*" },
  { "call", call_under_lock, "*Somebody is called at*lock.c:* under the lock that was taken at*lock.c:*" },
};

static void
test_offence (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);

  if (g_test_subprocess ())
    {
      offences[i].func ();
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr (offences[i].says);
}

#endif

static int n_children;

static void
child_cb (void)
{
  /* All locks are free here. */
  tend_lock (&lock);
  n_children++;
  tend_unlock (&lock);
}

static int is_stopping;     /* atomic */

static gpointer
lock_thread (gpointer data)
{
  while (!g_atomic_int_get (&is_stopping))
    {
      tend_lock (&lock);
      tend_unlock (&lock);
      tend_lock (&other_lock);
      tend_unlock (&other_lock);
    }

  return NULL;
}

/* A child finds each lock free, whoever had it, and is told once that it is one. */
static void
test_fork (void)
{
  static TendAtFork at_fork = { child_cb };
  GThread *thread;

  tend_at_fork (&at_fork);
  tend_at_fork (&at_fork);
  thread = g_thread_new ("locks", lock_thread, NULL);

  for (guint i = 0; i < 100; i++)
    {
      pid_t child = fork ();
      int status;

      g_assert_cmpint (child, >=, 0);
      if (child == 0)
        {
          tend_lock (&other_lock);
          tend_unlock (&other_lock);
          child_end (n_children == 1);
        }

      g_assert_cmpint (waitpid (child, &status, 0), ==, child);
      assert_child_was_right (status);
      g_assert_cmpint (n_children, ==, 0);
    }

  g_atomic_int_set (&is_stopping, TRUE);
  g_thread_join (thread);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#ifdef TEND_CHECKS
  for (guint i = 0; i < G_N_ELEMENTS (offences); i++)
    {
      g_autofree char *path = g_strdup_printf ("/tend/lock/offence/%s", offences[i].path);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_offence);
    }
#endif
  g_test_add_func ("/tend/lock/fork", test_fork);

  return g_test_run ();
}
