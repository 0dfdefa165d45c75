// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Conveniences for C: sending and receiving integers, strings, objects, boxed values and pointers without a GValue.

#include "tend-sync-private.h"

/**
 * tend_channel_send_int: (skip)
 * @self: a channel
 * @value: the value
 * @error: return location for an error
 *
 * Sends an integer, as a value of type `gint64`; see tend_channel_send().
 *
 * Returns: %TRUE if the value is in the channel, %FALSE with @error set if not
 *
 * Since: 0.1
 */
gboolean
tend_channel_send_int (TendChannel  *self,
                       gint64        value,
                       GError      **error)
{
  GValue boxed = G_VALUE_INIT;

  g_value_init (&boxed, G_TYPE_INT64);
  g_value_set_int64 (&boxed, value);

  return tend_channel_send (self, &boxed, error);
}

/**
 * tend_channel_send_string: (skip)
 * @self: a channel
 * @value: the value, which is copied
 * @error: return location for an error
 *
 * Sends a string; see tend_channel_send().
 *
 * Returns: %TRUE if the value is in the channel, %FALSE with @error set if not
 *
 * Since: 0.1
 */
gboolean
tend_channel_send_string (TendChannel  *self,
                          const char   *value,
                          GError      **error)
{
  GValue boxed = G_VALUE_INIT;

  g_return_val_if_fail (value != NULL, FALSE);

  g_value_init (&boxed, G_TYPE_STRING);
  g_value_set_static_string (&boxed, value);

  return tend_channel_send (self, &boxed, error);
}

/**
 * tend_channel_send_object: (skip)
 * @self: a channel
 * @value: (type GObject.Object): the value, of which a reference is taken
 * @error: return location for an error
 *
 * Sends an object; see tend_channel_send().
 *
 * Returns: %TRUE if the value is in the channel, %FALSE with @error set if not
 *
 * Since: 0.1
 */
gboolean
tend_channel_send_object (TendChannel  *self,
                          gpointer      value,
                          GError      **error)
{
  g_auto(GValue) boxed = G_VALUE_INIT;

  g_return_val_if_fail (TEND_IS_CHANNEL (self), FALSE);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), FALSE);
  g_return_val_if_fail (G_IS_OBJECT (value), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  /* A toggle reference of the value may tell user code that it is held, and that drop the channel. */
  g_object_ref (self);
  g_value_init (&boxed, G_OBJECT_TYPE (value));
  g_value_set_object (&boxed, value);

  return tend_channel_send_taken (self, &boxed, "tend_channel_send", error);
}

/**
 * tend_channel_send_boxed: (skip)
 * @self: a channel
 * @type: a boxed type
 * @value: the value, which is copied
 * @error: return location for an error
 *
 * Sends a boxed value, such as a `GBytes` or a structure that has a boxed type; see tend_channel_send().
 *
 * The channel has a copy of its own, or a reference where the type counts them: the caller keeps @value, and may change
 * it.
 *
 * Returns: %TRUE if the value is in the channel, %FALSE with @error set if not
 *
 * Since: 0.1
 */
gboolean
tend_channel_send_boxed (TendChannel    *self,
                         GType           type,
                         gconstpointer   value,
                         GError        **error)
{
  GValue boxed = G_VALUE_INIT;

  g_return_val_if_fail (G_TYPE_IS_BOXED (type) && !G_TYPE_IS_ABSTRACT (type), FALSE);
  g_return_val_if_fail (value != NULL, FALSE);

  g_value_init (&boxed, type);
  g_value_set_static_boxed (&boxed, value);

  return tend_channel_send (self, &boxed, error);
}

/**
 * tend_channel_send_pointer: (skip)
 * @self: a channel
 * @value: (nullable): the pointer
 * @error: return location for an error
 *
 * Sends a pointer as it is; see tend_channel_send().
 *
 * The channel does not own what @value points to, and does not free it: a pointer that nobody receives is forgotten
 * with the channel. Use it for what lives longer than the channel. Use tend_channel_send_object() or
 * tend_channel_send_boxed() for what the receiver is to own.
 *
 * Returns: %TRUE if the value is in the channel, %FALSE with @error set if not
 *
 * Since: 0.1
 */
gboolean
tend_channel_send_pointer (TendChannel  *self,
                           gpointer      value,
                           GError      **error)
{
  GValue boxed = G_VALUE_INIT;

  g_value_init (&boxed, G_TYPE_POINTER);
  g_value_set_pointer (&boxed, value);

  return tend_channel_send (self, &boxed, error);
}

static void
unset_cb (gpointer data)
{
  g_value_unset (data);
}

/* Frees a value that does not have the type that was asked for, and sets the error. */
static void
refuse (GValue      *value,
        const char  *wanted,
        GError     **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               _("Channel: the value is a %s, and a %s is to be received"), G_VALUE_TYPE_NAME (value), wanted);
  tend_call_native (unset_cb, value);
}

/**
 * tend_channel_receive_int: (skip)
 * @self: a channel whose values are numbers
 * @value: (out): where the value goes
 * @error: return location for an error
 *
 * Receives an integer; see tend_channel_receive().
 *
 * Numbers of other types, such as those that the language bindings send, are converted.
 *
 * Returns: %TRUE with a value; %FALSE without an error at the end; %FALSE with an error as tend_channel_receive() sets
 *   it, or with `G_IO_ERROR_INVALID_DATA` if the value was not a number; that value is dropped
 *
 * Since: 0.1
 */
gboolean
tend_channel_receive_int (TendChannel  *self,
                          gint64       *value,
                          GError      **error)
{
  GValue received = G_VALUE_INIT;
  GValue number = G_VALUE_INIT;

  g_return_val_if_fail (value != NULL, FALSE);

  if (!tend_channel_receive (self, &received, error))
    return FALSE;

  g_value_init (&number, G_TYPE_INT64);
  if (!g_value_transform (&received, &number))
    {
      refuse (&received, "a number", error);
      return FALSE;
    }

  *value = g_value_get_int64 (&number);
  return TRUE;
}

/**
 * tend_channel_receive_string: (skip)
 * @self: a channel whose values are strings
 * @error: return location for an error
 *
 * Receives a string; see tend_channel_receive().
 *
 * Returns: (transfer full) (nullable): the string; %NULL without an error at the end; %NULL with an
 *   error as tend_channel_receive() gives it, or with `G_IO_ERROR_INVALID_DATA` if the value was no
 *   string and was dropped
 *
 * Since: 0.1
 */
char *
tend_channel_receive_string (TendChannel  *self,
                             GError      **error)
{
  GValue received = G_VALUE_INIT;
  char *string;

  if (!tend_channel_receive (self, &received, error))
    return NULL;

  if (!G_VALUE_HOLDS_STRING (&received) || g_value_get_string (&received) == NULL)
    {
      refuse (&received, "a string", error);
      return NULL;
    }

  string = g_value_dup_string (&received);
  g_value_unset (&received);

  return string;
}

/**
 * tend_channel_receive_object: (skip)
 * @self: a channel whose values are objects
 * @error: return location for an error
 *
 * Receives an object; see tend_channel_receive().
 *
 * Returns: (transfer full) (nullable) (type GObject.Object): the object; %NULL without an error at
 *   the end; %NULL with an error as tend_channel_receive() gives it, or with
 *   `G_IO_ERROR_INVALID_DATA` if the value was no object and was dropped
 *
 * Since: 0.1
 */
gpointer
tend_channel_receive_object (TendChannel  *self,
                             GError      **error)
{
  GValue received = G_VALUE_INIT;
  gpointer object;

  if (!tend_channel_receive (self, &received, error))
    return NULL;

  if (!G_VALUE_HOLDS_OBJECT (&received) || g_value_get_object (&received) == NULL)
    {
      refuse (&received, "an object", error);
      return NULL;
    }

  object = g_value_dup_object (&received);
  tend_call_native (unset_cb, &received);

  return object;
}

/* A boxed value that leaves its GValue. */
typedef struct
{
  GValue   *received;
  gpointer  boxed;
} Leaving;

static void
take_boxed_cb (gpointer data)
{
  Leaving *self = data;

  self->boxed = g_value_dup_boxed (self->received);
  g_value_unset (self->received);
}

/**
 * tend_channel_receive_boxed: (skip)
 * @self: a channel whose values are of @type
 * @type: a boxed type
 * @error: return location for an error
 *
 * Receives a boxed value; see tend_channel_receive().
 *
 * The caller frees it as @type wants it, by g_bytes_unref() for a `GBytes`, say.
 *
 * Returns: (transfer full) (nullable): the value; %NULL without an error at the end; %NULL with an error as
 *   tend_channel_receive() sets it, or with `G_IO_ERROR_INVALID_DATA` if the value was not of @type and was dropped
 *
 * Since: 0.1
 */
gpointer
tend_channel_receive_boxed (TendChannel  *self,
                            GType         type,
                            GError      **error)
{
  GValue received = G_VALUE_INIT;
  Leaving leaving = { &received, NULL };

  g_return_val_if_fail (G_TYPE_IS_BOXED (type), NULL);

  if (!tend_channel_receive (self, &received, error))
    return NULL;

  if (!G_VALUE_HOLDS (&received, type) || g_value_get_boxed (&received) == NULL)
    {
      refuse (&received, g_type_name (type), error);
      return NULL;
    }

  tend_call_native (take_boxed_cb, &leaving);

  return leaving.boxed;
}

/**
 * tend_channel_receive_pointer: (skip)
 * @self: a channel whose values are pointers
 * @value: (out): where the pointer goes
 * @error: return location for an error
 *
 * Receives a pointer as it was sent; see tend_channel_send_pointer().
 *
 * %NULL is a pointer as any other.
 *
 * Returns: %TRUE with a pointer; %FALSE without an error at the end; %FALSE with an error as tend_channel_receive()
 *   sets it, or with `G_IO_ERROR_INVALID_DATA` if the value was not a pointer; that value is dropped
 *
 * Since: 0.1
 */
gboolean
tend_channel_receive_pointer (TendChannel  *self,
                              gpointer     *value,
                              GError      **error)
{
  GValue received = G_VALUE_INIT;

  g_return_val_if_fail (value != NULL, FALSE);

  if (!tend_channel_receive (self, &received, error))
    return FALSE;

  if (!G_VALUE_HOLDS_POINTER (&received))
    {
      refuse (&received, "a pointer", error);
      return FALSE;
    }

  *value = g_value_get_pointer (&received);
  return TRUE;
}
