// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The error domain, errors that stand for several, and the report of errors that nobody observed.

#include "tend-core-private.h"

#include <string.h>

#ifdef HAVE_BACKTRACE
#include <execinfo.h>
#include <stdlib.h>
#endif

/**
 * TendError:
 * @TEND_ERROR_STOPPED: the task was stopped
 * @TEND_ERROR_STATE: the task is not in a state that allows the call
 * @TEND_ERROR_EXISTS: the name is in use
 * @TEND_ERROR_SHUT_DOWN: the manager has been shut down
 * @TEND_ERROR_NOT_STARTED: the task was dropped before it was started
 * @TEND_ERROR_NO_FIBER: the call waits, and was made outside a fiber
 * @TEND_ERROR_NO_STACK: there is no memory for the stack of a fiber
 * @TEND_ERROR_WRONG_THREAD: the task belongs to the main context of another thread
 * @TEND_ERROR_SEVERAL: several errors, which [func@Tend.Error.list] lists
 * @TEND_ERROR_CLOSED: the channel was closed
 * @TEND_ERROR_FULL: every number is in use
 * @TEND_ERROR_NO_THREAD: the system gives no thread for the body of a task
 *
 * Error codes of the `TEND_ERROR` domain.
 *
 * Cancellation has no code of its own: a cancelled wait fails with `G_IO_ERROR_CANCELLED`.
 *
 * Since: 0.1
 */
G_DEFINE_ENUM_TYPE (TendError, tend_error,
                    G_DEFINE_ENUM_VALUE (TEND_ERROR_STOPPED, "stopped"),
                    G_DEFINE_ENUM_VALUE (TEND_ERROR_STATE, "state"),
                    G_DEFINE_ENUM_VALUE (TEND_ERROR_EXISTS, "exists"),
                    G_DEFINE_ENUM_VALUE (TEND_ERROR_SHUT_DOWN, "shut-down"),
                    G_DEFINE_ENUM_VALUE (TEND_ERROR_NOT_STARTED, "not-started"),
                    G_DEFINE_ENUM_VALUE (TEND_ERROR_NO_FIBER, "no-fiber"),
                    G_DEFINE_ENUM_VALUE (TEND_ERROR_NO_STACK, "no-stack"),
                    G_DEFINE_ENUM_VALUE (TEND_ERROR_WRONG_THREAD, "wrong-thread"),
                    G_DEFINE_ENUM_VALUE (TEND_ERROR_SEVERAL, "several"),
                    G_DEFINE_ENUM_VALUE (TEND_ERROR_CLOSED, "closed"),
                    G_DEFINE_ENUM_VALUE (TEND_ERROR_FULL, "full"),
                    G_DEFINE_ENUM_VALUE (TEND_ERROR_NO_THREAD, "no-thread"))

/*
 * What the message of several errors has of theirs. Each of them may stand for several, and so on: a message that had
 * all of it would double with each level where one task is waited for twice.
 */
#define MAX_PRINTED_ERRORS 16
#define MAX_PRINTED_BYTES 256

typedef struct
{
  GPtrArray *errors;    /* constant; of GError; only with TEND_ERROR_SEVERAL */
  gboolean   is_ending; /* constant; each of them only says that something was cancelled or stopped */
} TendErrorPrivate;

/* The private data lie before the error, as GLib has them: see its G_DEFINE_EXTENDED_ERROR(). */
static TendErrorPrivate *
get_private (const GError *error)
{
  const gsize alignment = 2 * sizeof (gsize);
  const gsize size = (sizeof (TendErrorPrivate) + (alignment - 1)) & -alignment;

  return (TendErrorPrivate *) (((guint8 *) error) - size);
}

static void
private_init (GError *error)
{
}

static void
private_copy (const GError *error,
              GError       *copy)
{
  const TendErrorPrivate *from = get_private (error);
  TendErrorPrivate *to = get_private (copy);

  /* The array never changes once it is set, so a copy shares it. */
  if (from->errors != NULL)
    to->errors = g_ptr_array_ref (from->errors);
  to->is_ending = from->is_ending;
}

static void
private_clear (GError *error)
{
  TendErrorPrivate *priv = get_private (error);
  GPtrArray *errors = g_steal_pointer (&priv->errors);

  /* They may be nested as deeply as a program's tasks have waited for each other. */
  if (errors != NULL)
    tend_call_flat ((TendFlatFunc) g_ptr_array_unref, errors, 0);
}

/* The names that the codes have on D-Bus. */
static const GDBusErrorEntry dbus_names[] = {
  { TEND_ERROR_STOPPED, "org.libtend.Error.Stopped" },
  { TEND_ERROR_STATE, "org.libtend.Error.State" },
  { TEND_ERROR_EXISTS, "org.libtend.Error.Exists" },
  { TEND_ERROR_SHUT_DOWN, "org.libtend.Error.ShutDown" },
  { TEND_ERROR_NOT_STARTED, "org.libtend.Error.NotStarted" },
  { TEND_ERROR_NO_FIBER, "org.libtend.Error.NoFiber" },
  { TEND_ERROR_NO_STACK, "org.libtend.Error.NoStack" },
  { TEND_ERROR_WRONG_THREAD, "org.libtend.Error.WrongThread" },
  { TEND_ERROR_SEVERAL, "org.libtend.Error.Several" },
  { TEND_ERROR_CLOSED, "org.libtend.Error.Closed" },
  { TEND_ERROR_FULL, "org.libtend.Error.Full" },
  { TEND_ERROR_NO_THREAD, "org.libtend.Error.NoThread" },
};

G_STATIC_ASSERT (G_N_ELEMENTS (dbus_names) == TEND_ERROR_NO_THREAD + 1);

/**
 * tend_error_quark:
 *
 * Gets the error domain of libtend, `TEND_ERROR`.
 *
 * It is registered with GDBus: an error of a D-Bus call keeps its domain and code, under the names
 * `org.libtend.Error.Stopped` and so on, if both sides use libtend.
 *
 * Returns: the quark of the domain
 *
 * Since: 0.1
 */
GQuark
tend_error_quark (void)
{
  static gsize quark;

  if (g_once_init_enter (&quark))
    {
      GQuark domain = g_error_domain_register_static ("tend-error-quark", sizeof (TendErrorPrivate),
                                                      private_init, private_copy, private_clear);

      for (guint i = 0; i < G_N_ELEMENTS (dbus_names); i++)
        g_dbus_error_register_error (domain, dbus_names[i].error_code, dbus_names[i].dbus_error_name);
      g_once_init_leave (&quark, domain);
    }

  return (GQuark) quark;
}

static TEND_DEFINE_LOCK (listener_lock);
static TendCallback *listener;      /* under listener_lock; reports unobserved errors; NULL for the default */

/* Whether the error only says that something was cancelled or stopped, which is not reported. */
static gboolean
is_ending (const GError *error)
{
  if (g_error_matches (error, TEND_ERROR, TEND_ERROR_SEVERAL))
    return get_private (error)->is_ending;

  return tend_error_is_cancelled (error) || g_error_matches (error, TEND_ERROR, TEND_ERROR_STOPPED);
}

static void
append_message (GString    *message,
                const char *text)
{
  gsize length = strnlen (text, MAX_PRINTED_BYTES + 1);
  gboolean is_cut = length > MAX_PRINTED_BYTES;
  g_autofree char *valid = NULL;

  /* Not within a character. */
  if (is_cut)
    for (length = MAX_PRINTED_BYTES; length > 0 && (text[length] & 0xc0) == 0x80; length--)
      continue;

  valid = g_utf8_make_valid (text, (gssize) length);
  g_string_append_printf (message, " (%s%s)", valid, is_cut ? "..." : "");
}

/* Creates one error of @errors, whose message has as much of their messages as people read. */
GError *
tend_error_new_several (GPtrArray *errors)
{
  g_autoptr(GString) message = g_string_new (_("One or more errors occurred."));
  TendErrorPrivate *priv;
  GError *error;

  g_assert (errors->len > 0);

  for (guint i = 0; i < MIN (errors->len, MAX_PRINTED_ERRORS); i++)
    append_message (message, ((const GError *) g_ptr_array_index (errors, i))->message);
  if (errors->len > MAX_PRINTED_ERRORS)
    g_string_append_printf (message, _(" and %u more"), errors->len - MAX_PRINTED_ERRORS);

  error = g_error_new_literal (TEND_ERROR, TEND_ERROR_SEVERAL, message->str);
  priv = get_private (error);
  priv->errors = g_ptr_array_ref (errors);
  priv->is_ending = TRUE;
  for (guint i = 0; i < errors->len && priv->is_ending; i++)
    priv->is_ending = is_ending (g_ptr_array_index (errors, i));

  return error;
}

/**
 * tend_error_list:
 * @error: an error of any domain
 *
 * Lists the errors that @error stands for.
 *
 * If the code of @error is `TEND_ERROR_SEVERAL`, the list has its parts in the order in which they came. For any other
 * error the list has one item, a copy of @error. The message of an error of several has the first 256 bytes of the
 * messages of at most 16 parts, and says how many more there are; the list has all of them.
 *
 * A language binding may copy an error, and the copy has lost its parts: use [method@Tend.Task.list_errors] there.
 *
 * May be called from any thread.
 *
 * Returns: (transfer container) (element-type GError): copies of the errors, at least one
 *
 * Since: 0.1
 */
GPtrArray *
tend_error_list (const GError *error)
{
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);
  g_autoptr(GPtrArray) parts = NULL;

  g_return_val_if_fail (error != NULL, NULL);

  /* What copies a part may be user code, and free @error. */
  if (g_error_matches (error, TEND_ERROR, TEND_ERROR_SEVERAL))
    parts = get_private (error)->errors;
  if (parts != NULL)
    g_ptr_array_ref (parts);

  if (parts == NULL)
    g_ptr_array_add (list, g_error_copy (error));
  else
    for (guint i = 0; i < parts->len; i++)
      g_ptr_array_add (list, g_error_copy (g_ptr_array_index (parts, i)));

  return g_steal_pointer (&list);
}

gboolean
tend_error_is_cancelled (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/*
 * Takes the error of an operation whose result nobody will take; NULL if it has none, or keeps it in a way of its own.
 * Before a result of GTask is taken as what it is, it gives its error as well.
 */
GError *
tend_take_result_error (GAsyncResult *result)
{
  GError *error = NULL;

  if (G_IS_TASK (result) && g_task_had_error (G_TASK (result)))
    g_task_propagate_pointer (G_TASK (result), &error);

  return error;
}

/**
 * TendUnobservedFunc:
 * @task: the task, as [method@Tend.Task.to_string] prints it
 * @error: its error
 * @origin: where the task was created, as [method@Tend.Task.dup_origin] prints it
 * @user_data: data passed to [func@Tend.set_unobserved_func]
 *
 * Reports the error of a failed task that nobody observed.
 *
 * Runs in the task's own thread.
 *
 * Since: 0.1
 */

/**
 * tend_set_unobserved_func:
 * @func: (nullable) (scope notified) (closure user_data) (destroy notify): reports the error, or %NULL for the default,
 *   which logs a warning
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when another function takes its place
 *
 * Sets the function that reports the errors that nobody else was told of.
 *
 * There is one such function in the process. Each error is reported once. That a task was cancelled or stopped is no
 * error that is reported. May be called from any thread.
 *
 * Since: 0.1
 */
void
tend_set_unobserved_func (TendUnobservedFunc func,
                          gpointer           user_data,
                          GDestroyNotify     notify)
{
  TendCallback *new = tend_callback_new (func, user_data, notify);
  TendCallback *old;

  tend_lock (&listener_lock);
  old = listener;
  listener = new;
  tend_unlock (&listener_lock);

  tend_callback_unref (old);
}

/* Prints an address of code, with the function or the program that contains it. */
char *
tend_print_place (gconstpointer origin)
{
  char *place = NULL;

#ifdef HAVE_BACKTRACE
  void *address = (void *) origin;
  char **symbols = address != NULL ? backtrace_symbols (&address, 1) : NULL;

  if (symbols != NULL)
    place = g_strdup (symbols[0]);
  free (symbols);
#endif

  return place != NULL ? place : g_strdup ("an unknown place");
}

/* Reports the error of the task that prints as @task, begins a message as @head does, and was made at @place. */
void
tend_report_unobserved (const char   *task,
                        const char   *head,
                        const GError *error,
                        const char   *place)
{
  TendCallback *told;

  if (is_ending (error) || tend_keep_report (task, head, error, place))
    return;

  tend_lock (&listener_lock);
  told = tend_callback_ref (listener);
  tend_unlock (&listener_lock);

  if (told != NULL)
    ((TendUnobservedFunc) told->func) (task, error, place, told->user_data);
  else
    g_warning ("%s: nobody observed its error; it was made at %s: %s", head, place, error->message);

  tend_callback_unref (told);
}
