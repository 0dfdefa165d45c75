// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Errors that stand for exceptions of another language. They carry an object, which has the exception: a copy of such
// an error leads to the very exception, whoever has made the copy.
//
// They are here, and not in what is added for a language, since GJS calls no function with an error whose domain is in
// no typelib, unless other JavaScript is on the stack: nobody would be told of what failed in a timer.

#include "tend-core-private.h"

/**
 * TendExceptionError:
 * @TEND_EXCEPTION_ERROR_THROWN: something was thrown
 *
 * The domain `TEND_EXCEPTION_ERROR`: errors that stand for exceptions of another language.
 *
 * The message is the text of the exception. Compare the domain alone: the code may be any number, which only the
 * language that has thrown the exception can interpret.
 *
 * Since: 0.1
 */
G_DEFINE_ENUM_TYPE (TendExceptionError, tend_exception_error,
                    G_DEFINE_ENUM_VALUE (TEND_EXCEPTION_ERROR_THROWN, "thrown"))

typedef struct
{
  GObject *exception;   /* constant; a reference, or NULL */
} Private;

/* The private data lie before the error, as GLib has them: see its G_DEFINE_EXTENDED_ERROR(). */
static Private *
get_private (const GError *error)
{
  const gsize alignment = 2 * sizeof (gsize);
  const gsize size = (sizeof (Private) + (alignment - 1)) & -alignment;

  return (Private *) (((guint8 *) error) - size);
}

static void
private_init (GError *error)
{
}

static void
private_copy (const GError *error,
              GError       *copy)
{
  GObject *exception = get_private (error)->exception;

  if (exception != NULL)
    get_private (copy)->exception = g_object_ref (exception);
}

static void
private_clear (GError *error)
{
  g_clear_object (&get_private (error)->exception);
}

/**
 * tend_exception_error_quark:
 *
 * Gets the domain of errors that stand for exceptions of other languages, `TEND_EXCEPTION_ERROR`.
 *
 * Returns: the quark of the domain
 *
 * Since: 0.1
 */
GQuark
tend_exception_error_quark (void)
{
  static gsize quark;

  if (g_once_init_enter (&quark))
    g_once_init_leave (&quark, g_error_domain_register_static ("tend-exception", sizeof (Private),
                                                               private_init, private_copy, private_clear));

  return (GQuark) quark;
}

/**
 * tend_exception_error_new:
 * @exception: (nullable): an object that has the exception
 * @message: the text of the exception
 *
 * Creates an error that stands for an exception of another language.
 *
 * For language bindings. Each copy of the error holds a reference to @exception. So @exception must not refer to the
 * task that fails with the error: the two would keep each other.
 *
 * Returns: (transfer full): the error
 *
 * Since: 0.1
 */
GError *
tend_exception_error_new (GObject    *exception,
                          const char *message)
{
  GError *error;

  g_return_val_if_fail (exception == NULL || G_IS_OBJECT (exception), NULL);
  g_return_val_if_fail (message != NULL, NULL);

  error = g_error_new_literal (TEND_EXCEPTION_ERROR, TEND_EXCEPTION_ERROR_THROWN, message);
  if (exception != NULL)
    get_private (error)->exception = g_object_ref (exception);

  return error;
}

/**
 * tend_exception_error_get_exception:
 * @error: an error of any domain
 *
 * Gets the object that was given to [func@Tend.ExceptionError.new].
 *
 * Returns: (transfer none) (nullable): the object, which belongs to @error; %NULL if the error has none
 *
 * Since: 0.1
 */
GObject *
tend_exception_error_get_exception (const GError *error)
{
  g_return_val_if_fail (error != NULL, NULL);

  return error->domain == TEND_EXCEPTION_ERROR ? get_private (error)->exception : NULL;
}
