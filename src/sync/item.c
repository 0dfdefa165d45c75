// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The items of a channel: how values come in and go out.
//
// A value is copied once, when it is sent, and moved from there on. What copies and frees it may be
// a language binding's, and so runs on the native stack.

#include "tend-sync-private.h"

typedef struct
{
  TendItem     *item;
  const GValue *value;
} Filling;

static void
fill_native_cb (gpointer data)
{
  Filling *filling = data;
  GValue *value = &filling->item->value;

  if (filling->value == NULL)
    g_value_init (value, G_TYPE_POINTER);
  else
    {
      g_value_init (value, G_VALUE_TYPE (filling->value));
      g_value_copy (filling->value, value);
    }
}

/* Creates an item from a copy of @value, or from a null pointer. */
TendItem *
tend_item_new (const GValue *value)
{
  TendItem *item = g_new0 (TendItem, 1);
  Filling filling = { item, value };

  item->link.data = item;
  tend_call_native (fill_native_cb, &filling);

  return item;
}

static void
free_native_cb (gpointer data)
{
  TendItem *item = data;

  g_value_unset (&item->value);
  g_free (item);
}

void
tend_item_free (TendItem *item)
{
  tend_call_native (free_native_cb, item);
}

/* Moves the value of @item to where the caller wants it, if anywhere. */
void
tend_item_give (TendItem *item,
                GValue   *value)
{
  if (value == NULL)
    {
      tend_item_free (item);
      return;
    }

  *value = item->value;
  g_free (item);
}

static void
unset_native_cb (gpointer data)
{
  g_value_unset (data);
}

/* Frees the previous contents of a receiver's variable. */
void
tend_item_clear_value (GValue *value)
{
  if (value != NULL && G_IS_VALUE (value))
    tend_call_native (unset_native_cb, value);
}
