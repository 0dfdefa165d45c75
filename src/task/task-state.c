// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a task is, at the bottom of everything else: its number, its text, its observers, its properties that are
// notified, what messages say of it, and the errors "cancelled" and "stopped".
//
// Ownership: the loop thread's, but for the numbers, which any thread may ask for.

#include "task-state-private.h"

/* --- The number --- */

static TEND_DEFINE_LOCK (number_lock);

/* There are no atomic operations on 64 bits everywhere; where a pointer has as many, there are. */
static guint64
count_created (void)
{
#if GLIB_SIZEOF_VOID_P == 8
  static gsize n_created;   /* atomic */

  return g_atomic_pointer_add (&n_created, 1);
#else
  static guint64 n_created; /* under number_lock */
  guint64 n;

  tend_lock (&number_lock);
  n = n_created++;
  tend_unlock (&number_lock);

  return n;
#endif
}

/* The next number. */
guint64
tend_task_take_id (void)
{
  guint64 id = count_created ();

  return id < TEND_MAIN_TASK_ID ? id : id + 1;
}

/* Returns the number of the task. Any thread. */
guint64
tend_task_number (TendTask *self)
{
  guint64 id, taken;

  if (self->body == NULL || !self->body->numbers_late)
    return self->id;

  tend_lock (&number_lock);
  id = self->id;
  tend_unlock (&number_lock);
  if (id != TEND_NO_ID)
    return id;

  /* Another thread may ask at the same time: then one number is left out. */
  taken = tend_task_take_id ();
  tend_lock (&number_lock);
  if (self->id == TEND_NO_ID)
    self->id = taken;
  id = self->id;
  tend_unlock (&number_lock);

  return id;
}

/* --- Text and properties --- */

GParamSpec *tend_task_properties[N_TASK_PROPERTIES];

/* Notifies that the name has changed; from a fiber too. */
void
tend_task_notify_name (TendTask *self)
{
  tend_notify_native (G_OBJECT (self), tend_task_properties[PROP_NAME]);
}

void
tend_task_notify_delay (TendTask *self)
{
  tend_notify_native (G_OBJECT (self), tend_task_properties[PROP_DELAY]);
}

/* Notifies that the status has changed. Native stack. */
void
tend_task_notify_status (TendTask *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), tend_task_properties[PROP_STATUS]);
  if (tend_task_has_ended (self))
    g_object_notify_by_pspec (G_OBJECT (self), tend_task_properties[PROP_ENDED]);
}

/**
 * tend_task_status_to_string:
 * @status: a status
 *
 * Gets the name of a status, such as `completed`.
 *
 * Returns: the name
 *
 * Since: 0.1
 */
const char *
tend_task_status_to_string (TendTaskStatus status)
{
  static const char * const names[] = {
    [TEND_TASK_STATUS_CREATED] = "created",
    [TEND_TASK_STATUS_PENDING] = "pending",
    [TEND_TASK_STATUS_RUNNING] = "running",
    [TEND_TASK_STATUS_COMPLETED] = "completed",
    [TEND_TASK_STATUS_FAILED] = "failed",
    [TEND_TASK_STATUS_CANCELLED] = "cancelled",
    [TEND_TASK_STATUS_STOPPED] = "stopped",
  };

  g_return_val_if_fail ((guint) status < G_N_ELEMENTS (names), NULL);

  return names[status];
}

#define DIGITS 24

/* Without a format, which would take three times as long, for each task that is cancelled. */
static const char *
print_number (char    *digits,
              guint64  id)
{
  char *first = digits + DIGITS - 1;

  if (id == TEND_NO_ID)
    return "?";

  *first = '\0';
  do
    *--first = (char) ('0' + id % 10);
  while ((id /= 10) > 0);

  return first;
}

char *
tend_task_print (const char *name,
                 guint64     id)
{
  char digits[DIGITS];
  const char *number = print_number (digits, id);

  if (name == NULL)
    return g_strconcat ("Task(", number, ")", NULL);

  return g_strconcat ("Task('", name, "', ", number, ")", NULL);
}

/**
 * tend_task_to_string:
 * @self: a task
 *
 * Prints the task: `Task('name', 3)`, or `Task(3)` without a name.
 *
 * May be called from any thread.
 *
 * Returns: (transfer full): the text
 *
 * Since: 0.1
 */
char *
tend_task_to_string (TendTask *self)
{
  g_return_val_if_fail (TEND_IS_TASK (self), NULL);

  return tend_task_print (tend_task_peek_name (self), tend_task_number (self));
}

/* --- Messages --- */

char *
tend_task_print_head (const char *name,
                      guint64     id)
{
  char digits[DIGITS];

  if (name == NULL)
    return g_strconcat ("Task ", print_number (digits, id), NULL);

  return g_strconcat ("Task '", name, "'", NULL);
}

char *
tend_task_head (TendTask *self)
{
  const char *name = tend_task_peek_name (self);

  /* A name needs no number: a task that is numbered on demand keeps none then. */
  return tend_task_print_head (name, name != NULL ? TEND_NO_ID : tend_task_number (self));
}

/* The place where the name or the number of the task goes is marked: a translation may have it elsewhere. */
static const char *
get_form (const char *name)
{
  return name != NULL ? _("Task '%s': ") : _("Task %s: ");
}

char *
tend_task_message (const char *name,
                   guint64     id,
                   const char *what,
                   const char *more)
{
  char digits[DIGITS];

  return tend_message (get_form (name), name != NULL ? name : print_number (digits, id), what, more);
}

static GError *
new_error_valist (TendTask   *self,
                  GQuark      domain,
                  int         code,
                  const char *format,
                  va_list     args) G_GNUC_PRINTF (4, 0);

static GError *
new_error_valist (TendTask   *self,
                  GQuark      domain,
                  int         code,
                  const char *format,
                  va_list     args)
{
  const char *name = tend_task_peek_name (self);
  char digits[DIGITS];

  return tend_message_new_error (get_form (name), name != NULL ? name : print_number (digits, tend_task_number (self)),
                                 domain, code, format, args);
}

GError *
tend_task_new_error (TendTask   *self,
                     GQuark      domain,
                     int         code,
                     const char *format,
                     ...)
{
  GError *error;
  va_list args;

  va_start (args, format);
  error = new_error_valist (self, domain, code, format, args);
  va_end (args);

  return error;
}

/* @error may be NULL. */
void
tend_task_set_error (TendTask    *self,
                     GError     **error,
                     GQuark       domain,
                     int          code,
                     const char  *format,
                     ...)
{
  va_list args;

  if (error == NULL)
    return;

  va_start (args, format);
  *error = new_error_valist (self, domain, code, format, args);
  va_end (args);
}

/* Whether a setting may still be changed; a critical if not. */
gboolean
tend_task_check_settable (TendTask   *self,
                          const char *what)
{
  g_autofree char *task = NULL;

  if (tend_task_status (self) == TEND_TASK_STATUS_CREATED)
    return TRUE;

  task = tend_task_head (self);
  g_critical ("%s: the %s cannot be set: it has been started", task, what);
  return FALSE;
}

/* --- Observers --- */

/* The walks that this thread is in, the innermost first. */
static TEND_THREAD TendObserverWalk *walks;

void
tend_task_add_observer (TendTask     *self,
                        TendObserver *observer)
{
  observer->next = self->observers;
  self->observers = observer;
}

void
tend_task_remove_observer (TendTask     *self,
                           TendObserver *observer)
{
  for (TendObserverWalk *walk = walks; walk != NULL; walk = walk->outer)
    {
      if (walk->next == observer)
        walk->next = observer->next;
    }

  for (TendObserver **o = &self->observers; *o != NULL; o = &(*o)->next)
    {
      if (*o == observer)
        {
          *o = observer->next;
          return;
        }
    }
}

/* Begins a walk. Call tend_task_walk() until there is no observer left. */
void
tend_task_begin_walk (TendTask         *self,
                      TendObserverWalk *walk)
{
  walk->next = self->observers;
  walk->outer = walks;
  walks = walk;
}

/* Returns the next observer, or NULL: then the walk is over. */
TendObserver *
tend_task_walk (TendTask         *self,
                TendObserverWalk *walk)
{
  TendObserver *observer = walk->next;

  if (observer != NULL)
    walk->next = observer->next;
  else
    walks = walk->outer;

  return observer;
}

/* The error was read or reported: it need not be reported again. */
void
tend_task_set_observed (TendTask *self)
{
  self->is_observed = TRUE;
}

/* --- The errors of a task that was asked to end, or made to --- */

/* Each wait that is cancelled gets one: no formats. */
static GError *
new_error (TendTask   *self,
           GQuark      domain,
           int         code,
           const char *what,
           const char *more)
{
  const char *name = tend_task_peek_name (self);
  g_autofree char *message = tend_task_message (name, name != NULL ? TEND_NO_ID : tend_task_number (self), what, more);

  return g_error_new_literal (domain, code, message);
}

/* The error of a task that was asked to end, with the reason for which it was. */
GError *
tend_task_new_cancelled (TendTask *self)
{
  g_autofree char *reason = NULL;
  GCancellable *cancellable = g_atomic_pointer_get (&self->cancellable);

  if (tend_task_cancelling (self) == TEND_CANCELLING_TIMED_OUT)
    return new_error (self, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("did not end before its deadline"), NULL);

  if (cancellable != NULL)
    reason = tend_cancellable_peek_reason (TEND_CANCELLABLE (cancellable));

  return new_error (self, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                    reason != NULL ? _("cancelled: ") : _("cancelled"), reason);
}

GError *
tend_task_new_stopped (TendTask *self)
{
  return new_error (self, TEND_ERROR, TEND_ERROR_STOPPED, _("stopped"), NULL);
}

/* The error of a body that has failed without setting one. */
GError *
tend_task_new_missing (TendTask *self)
{
  return new_error (self, TEND_ERROR, TEND_ERROR_STATE, _("the body failed without an error"), NULL);
}
