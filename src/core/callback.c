// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Functions of the user with their data, which are counted: one that is replaced while it runs is destroyed when it has
// returned.

#include "tend-core-private.h"

/* NULL is no callback: then @user_data is destroyed at once, and NULL returned. */
TendCallback *
tend_callback_new (gpointer       func,
                   gpointer       user_data,
                   GDestroyNotify notify)
{
  TendCallback *self;

  if (func == NULL)
    {
      if (notify != NULL)
        notify (user_data);
      return NULL;
    }

  self = g_atomic_rc_box_new (TendCallback);
  *self = (TendCallback) { func, user_data, notify };

  return self;
}

static void
callback_clear (gpointer data)
{
  TendCallback *self = data;

  if (self->notify != NULL)
    self->notify (self->user_data);
}

void
tend_callback_unref (TendCallback *self)
{
  TEND_CHECK_FREE ("A callback is let go of");

  if (self != NULL)
    g_atomic_rc_box_release_full (self, callback_clear);
}
