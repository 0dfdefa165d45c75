// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Operations on cancellables, and on those of GIO.

#include "fuzz.h"

/* Only what is new gets parents, and so no cancellable is above itself. */
static void
make (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();

  if (pick (2) == 0)
    token_watch_any ("cancellable", cancellable);
  hold (g_object_ref (cancellable));
  for (guint n = pick (3); n > 0; n--)
    {
      GCancellable *parent = rack_hold (KIND_CANCELLABLE);

      if (parent != NULL)
        tend_cancellable_add_parent (cancellable, parent);
    }
  if (pick (3) == 0)
    tend_cancellable_cancel_after (cancellable, pick_time ());
  rack_put (KIND_CANCELLABLE, cancellable);
}

static void
make_plain (void)
{
  rack_put (KIND_CANCELLABLE, g_cancellable_new ());
}

static void
cancel (void)
{
  GCancellable *cancellable = rack_get (KIND_CANCELLABLE);

  if (cancellable != NULL)
    g_cancellable_cancel (cancellable);
}

static void
cancel_with_reason (void)
{
  GCancellable *cancellable = rack_get (KIND_CANCELLABLE);

  if (cancellable != NULL && TEND_IS_CANCELLABLE (cancellable))
    tend_cancellable_cancel_with_reason (TEND_CANCELLABLE (cancellable), "at random");
}

static void
cancel_after (void)
{
  GCancellable *cancellable = rack_get (KIND_CANCELLABLE);

  if (cancellable != NULL && TEND_IS_CANCELLABLE (cancellable))
    tend_cancellable_cancel_after (TEND_CANCELLABLE (cancellable), pick (4) == 0 ? G_MAXINT64 : pick_time ());
}

static void
look (void)
{
  GCancellable *cancellable = rack_hold (KIND_CANCELLABLE);
  g_autofree char *reason = NULL;
  g_autoptr(GError) error = NULL;

  if (cancellable == NULL || !TEND_IS_CANCELLABLE (cancellable))
    return;

  reason = tend_cancellable_dup_reason (TEND_CANCELLABLE (cancellable));
  if (tend_cancellable_set_error_if_cancelled (TEND_CANCELLABLE (cancellable), &error))
    check_error (error);
  else if (reason != NULL || error != NULL)
    fail ("a cancellable has a reason, and is not cancelled");
}

static void
handler_cb (TendCancellable *cancellable,
            gpointer         data)
{
  Token *token = data;

  token_call (token);
  if (token->is_over)
    fail ("handler %u was removed, and is called", token->number);
  if (!g_cancellable_is_cancelled (G_CANCELLABLE (cancellable)))
    fail ("a handler is told of a cancellable that is not cancelled");
  hook ();
}

/* A handler that is removed is not called any more; its data may go later. */
static void
add_handler (void)
{
  GCancellable *cancellable = rack_hold (KIND_CANCELLABLE);
  Token *token;
  gulong id;

  if (cancellable == NULL || !TEND_IS_CANCELLABLE (cancellable))
    return;

  token = token_new ("handler of a cancellable", TOKEN_NOTIFIED | TOKEN_AT_MOST);
  token->is_begun = FALSE;
  id = tend_cancellable_add_handler (TEND_CANCELLABLE (cancellable), handler_cb, token, token_destroy);
  token->is_begun = TRUE;
  hook ();
  if (pick (2) == 0)
    return;

  tend_cancellable_remove_handler (TEND_CANCELLABLE (cancellable), id);
  token->is_over = id != 0;
}

Op cancel_operations[] = {
  { "make a cancellable", make, 6 },
  { "make a cancellable of GIO", make_plain, 2 },
  { "cancel a cancellable", cancel, 3, OP_ANYWHERE },
  { "cancel with a reason", cancel_with_reason, 2, OP_ANYWHERE },
  { "cancel after some time", cancel_after, 2 },
  { "look at a cancellable", look, 1, OP_ANYWHERE },
  { "add a handler to a cancellable", add_handler, 5 },
  { NULL },
};
