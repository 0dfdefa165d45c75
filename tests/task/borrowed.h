// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the tests of borrowed objects share: user code that runs within a call of the library, and drops the last
// reference to what the call was given.

#pragma once

#include "common.h"

/* --- What the user code does --- */

static void (* user_code) (void);   /* what is done once, by what is called next; NULL: nothing */
static gpointer lent;               /* a reference, which is dropped by that; NULL: none */
static gpointer watched;            /* what was lent; NULL once it is finalized */

static void
run_user_code (void)
{
  void (* func) (void) = user_code;

  user_code = NULL;
  if (func != NULL)
    func ();
}

static void
drop_lent (void)
{
  g_clear_object (&lent);
}

/* Has the user code drop @object: the caller has no reference any more. */
G_GNUC_UNUSED
static gpointer
lend (gpointer object)
{
  g_assert (user_code == NULL && lent == NULL && watched == NULL);
  user_code = drop_lent;
  lent = watched = object;
  g_object_add_weak_pointer (object, &watched);

  return object;
}

/* The user code has run, and nothing else has held the object for longer than the call. */
G_GNUC_UNUSED
static void
assert_dropped (void)
{
  g_assert (user_code == NULL && lent == NULL);
  settle ();
  g_assert_null (watched);
}

/* --- Where it runs --- */

/* The copy of an error. */

typedef struct
{
  int unused;
} TestErrorPrivate;

static GQuark test_error_quark (void);

static void
test_error_private_init (TestErrorPrivate *priv)
{
}

static void
test_error_private_clear (TestErrorPrivate *priv)
{
}

static void
test_error_private_copy (const TestErrorPrivate *src,
                         TestErrorPrivate       *dest)
{
  run_user_code ();
  dest->unused = src->unused;
}

G_DEFINE_EXTENDED_ERROR (TestError, test_error)

G_GNUC_UNUSED
static GError *
new_test_error (void)
{
  return g_error_new_literal (test_error_quark (), 1, "No luck");
}

#define assert_test_error(error) g_assert_error (error, test_error_quark (), 1)

/* A body that fails with such an error. */
G_GNUC_UNUSED
static gboolean
fail_with_copies_body (TendTask  *task,
                       gpointer   user_data,
                       GError   **error)
{
  tend_task_return_error (task, new_test_error ());
  return TRUE;
}

/* A toggle reference, which tells when another one is taken. */

static void
toggled_cb (gpointer  data,
            GObject  *object,
            gboolean  is_last)
{
  if (!is_last)
    run_user_code ();
}

/* An object with no other reference than such a one. */
G_GNUC_UNUSED
static gpointer
new_toggled (GType type)
{
  GObject *object = g_object_new (type, NULL);

  g_object_add_toggle_ref (object, toggled_cb, NULL);
  g_object_unref (object);

  return object;
}

/* Nothing else holds it. */
G_GNUC_UNUSED
static void
free_toggled (gpointer object)
{
  gpointer toggled = object;

  g_object_add_weak_pointer (object, &toggled);
  g_object_remove_toggle_ref (object, toggled_cb, NULL);
  g_assert_null (toggled);
}

/* A fiber that has gone on at once so often that its next wait lets the loop turn first. */
G_GNUC_UNUSED
static void
use_up_waits (void)
{
  for (guint i = 0; i < 128; i++)
    g_assert_true (tend_checkpoint (NULL));
}

/* Runs @body with what is lent, which is dropped while the fiber stands still. */
G_GNUC_UNUSED
static void
run_dropping (TendBodyFunc body,
              gpointer     object)
{
  g_autoptr(TendTask) task = NULL;
  g_autoptr(GError) error = NULL;

  lend (object);
  task = tend_task_run_fiber (NULL, body, object, NULL);
  assert_status (task, "running");
  run_user_code ();
  tend_task_wait_sync (task, &error);
  g_assert_no_error (error);
  assert_dropped ();
}
