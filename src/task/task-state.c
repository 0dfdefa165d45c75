// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a task is, at the bottom of everything else: its number, its text, its observers, its properties that are
// notified, and the errors "was cancelled" and "was stopped".
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

/* Prints a task that may be gone by now, followed by @what, and by @more if not %NULL. */
char *
tend_task_print (const char *name,
                 guint64     id,
                 const char *what,
                 const char *more)
{
  char digits[24];
  char *first = digits + sizeof digits - 1;

  /* Without a format, which would take three times as long, for each task that is cancelled. */
  *first = '\0';
  do
    *--first = (char) ('0' + id % 10);
  while ((id /= 10) > 0);

  return name != NULL ? g_strconcat ("Task('", name, "', ", first, ")", what, more, NULL) :
                        g_strconcat ("Task(", first, ")", what, more, NULL);
}

/**
 * tend_task_to_string:
 * @self: a task
 *
 * Formats the task for messages: `Task('name', 3)`, or `Task(3)` without a name.
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

  return tend_task_print (tend_task_peek_name (self), tend_task_number (self), NULL, NULL);
}

/* Whether a setting may still be changed; a critical if not. */
gboolean
tend_task_check_settable (TendTask   *self,
                          const char *what)
{
  g_autofree char *task = NULL;

  if (tend_task_status (self) == TEND_TASK_STATUS_CREATED)
    return TRUE;

  task = tend_task_to_string (self);
  g_critical ("The %s of %s cannot be set: it has been started", what, task);
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

/* Creates an error that says @what of the task, followed by @more. Each wait that is cancelled gets one: no formats. */
static GError *
new_error (TendTask   *self,
           GQuark      domain,
           int         code,
           const char *what,
           const char *more)
{
  g_autofree char *message = tend_task_print (tend_task_peek_name (self), tend_task_number (self), what, more);

  return g_error_new_literal (domain, code, message);
}

/* The error of a task that was asked to end, with the reason for which it was. */
GError *
tend_task_new_cancelled (TendTask *self)
{
  g_autofree char *reason = NULL;
  GCancellable *cancellable = g_atomic_pointer_get (&self->cancellable);

  if (tend_task_cancelling (self) == TEND_CANCELLING_TIMED_OUT)
    return new_error (self, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _(" did not end before its deadline"), NULL);

  if (cancellable != NULL)
    reason = tend_cancellable_peek_reason (TEND_CANCELLABLE (cancellable));

  return new_error (self, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                    reason != NULL ? _(" was cancelled: ") : _(" was cancelled"), reason);
}

GError *
tend_task_new_stopped (TendTask *self)
{
  return new_error (self, TEND_ERROR, TEND_ERROR_STOPPED, _(" was stopped"), NULL);
}
