// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the tests of the cancellable share: what they ask of one, and what other threads do to it.

#pragma once

#include "../task/common.h"

G_GNUC_UNUSED
static gboolean
is_cancelled (gpointer cancellable)
{
  return g_cancellable_is_cancelled (cancellable);
}

G_GNUC_UNUSED
static void
assert_reason (TendCancellable *cancellable,
               const char      *expected)
{
  g_autofree char *reason = tend_cancellable_dup_reason (cancellable);

  g_assert_cmpstr (reason, ==, expected);
}

/* No child is known to @parent any more. */
G_GNUC_UNUSED
static void
assert_childless (gpointer parent)
{
  g_assert_false (g_signal_has_handler_pending (parent, g_signal_lookup ("cancelled", G_TYPE_CANCELLABLE), 0, TRUE));
}

G_GNUC_UNUSED
static void
note_handler_cb (TendCancellable *cancellable,
                 gpointer         user_data)
{
  g_assert_true (is_cancelled (cancellable));
  note ("%s", (const char *) user_data);
}

G_GNUC_UNUSED
static gpointer
cancel_cancellable_thread (gpointer data)
{
  g_cancellable_cancel (data);
  return NULL;
}

G_GNUC_UNUSED
static gpointer
unref_thread (gpointer data)
{
  g_object_unref (data);
  return NULL;
}
