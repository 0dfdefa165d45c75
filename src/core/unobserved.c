// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Reports that are kept until somebody takes them: for languages that can run no code where a task is freed, in a
// collection of their garbage.
//
// Whoever keeps reports has a function, which a source calls until the last report was taken: an interpreter may
// skip a call. What nobody has taken at the end of the process is logged.
//
// Everything is under the lock. A report is in the queue, or belongs to whoever has taken it.

#include "tend-core-private.h"

#include <stdlib.h>

/* When the function has left reports in the queue, in milliseconds. */
#define PAUSE 10

typedef struct
{
  char   *task;
  char   *head;     /* of a message about it */
  GError *error;
  char   *place;
} Report;

static TEND_DEFINE_LOCK (keeper_lock);
static TendCallback *keeper;                  /* under keeper_lock; NULL: reports are not kept */
static GMainContext *context;                 /* under keeper_lock; where the keeper runs */
static GQueue reports = G_QUEUE_INIT;         /* under keeper_lock; of Report */
static gboolean is_calling;                   /* under keeper_lock; a source will call the keeper */

static Report *
take_report (void)
{
  Report *report;

  tend_lock (&keeper_lock);
  report = g_queue_pop_head (&reports);
  tend_unlock (&keeper_lock);

  return report;
}

/* The process ends. */
static void
log_reports (void)
{
  static GSList *logged;
  Report *report;

  /* Nothing is freed: the interpreter, whose objects an error may hold, is gone. */
  while ((report = take_report ()) != NULL)
    {
      logged = g_slist_prepend (logged, report);
      g_warning ("%s: nobody observed its error; it was made at %s: %s",
                 report->head, report->place, report->error->message);
    }
}

/* Whether the keeper is called again. */
static gboolean
has_reports (void)
{
  gboolean has;

  tend_lock (&keeper_lock);
  has = !g_queue_is_empty (&reports);
  is_calling = has;
  tend_unlock (&keeper_lock);

  return has;
}

static gboolean
call_cb (gpointer user_data)
{
  TendCallback *called;

  tend_lock (&keeper_lock);
  called = tend_callback_ref (keeper);
  tend_unlock (&keeper_lock);

  ((TendReportsFunc) called->func) (called->user_data);
  tend_callback_unref (called);

  if (has_reports ())
    {
      g_autoptr(GSource) again = g_timeout_source_new (PAUSE);

      g_source_set_callback (again, call_cb, NULL, NULL);
      g_source_attach (again, g_source_get_context (g_main_current_source ()));
    }

  return G_SOURCE_REMOVE;
}

/* Keeps a report for whoever takes it, and lets him know. FALSE if nobody does. */
gboolean
tend_keep_report (const char   *task,
                  const char   *head,
                  const GError *error,
                  const char   *place)
{
  g_autoptr(GSource) source = NULL;
  GMainContext *told = NULL;
  Report *report;

  if (g_atomic_pointer_get (&keeper) == NULL)
    return FALSE;

  report = g_new (Report, 1);
  *report = (Report) { g_strdup (task), g_strdup (head), g_error_copy (error), g_strdup (place) };

  tend_lock (&keeper_lock);
  g_queue_push_tail (&reports, report);
  if (!is_calling)
    told = context;
  is_calling = TRUE;
  tend_unlock (&keeper_lock);

  if (told != NULL)
    {
      source = g_idle_source_new ();
      g_source_set_priority (source, G_PRIORITY_DEFAULT);
      g_source_set_callback (source, call_cb, NULL, NULL);
      g_source_attach (source, told);
    }

  return TRUE;
}

/**
 * TendReportsFunc:
 * @user_data: data passed to [func@Tend.keep_reports]
 *
 * Takes the reports that [func@Tend.keep_reports] has kept.
 *
 * Since: 0.1
 */

/**
 * tend_keep_reports:
 * @func: (scope notified) (closure user_data) (destroy notify): is called when there are reports to take
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data
 *
 * Keeps the reports of unobserved errors for [func@Tend.take_report].
 *
 * For language bindings that cannot run code where a task is freed, since their garbage collector frees it. @func runs
 * in the thread-default main context of the caller, in the next turn of its loop, and again until it has taken all
 * reports. The function of [func@Tend.set_unobserved_func] is not called any more. Reports that nobody has taken when
 * the process exits are logged.
 *
 * May be called once in a process, by one thread.
 *
 * Since: 0.1
 */
void
tend_keep_reports (TendReportsFunc func,
                   gpointer        user_data,
                   GDestroyNotify  notify)
{
  TendCallback *callback;
  GMainContext *own;

  g_return_if_fail (func != NULL);
  g_return_if_fail (g_atomic_pointer_get (&keeper) == NULL);

  callback = tend_callback_new (func, user_data, notify);
  own = g_main_context_ref_thread_default ();

  tend_lock (&keeper_lock);
  context = own;
  g_atomic_pointer_set (&keeper, callback);
  tend_unlock (&keeper_lock);

  atexit (log_reports);
}

/**
 * tend_take_report:
 * @task: (out) (optional) (transfer full): the task, as [method@Tend.Task.to_string] prints it
 * @origin: (out) (optional) (transfer full): where the task was created
 *
 * Takes the first report that [func@Tend.keep_reports] has kept.
 *
 * Only for the thread that called [func@Tend.keep_reports].
 *
 * Returns: (transfer full): the error, or %NULL if there is no report; @task and @origin are %NULL then
 *
 * Since: 0.1
 */
GError *
tend_take_report (char **task,
                  char **origin)
{
  Report *report = take_report ();
  Report taken = { NULL };

  if (report != NULL)
    taken = *report;
  g_free (report);

  if (task != NULL)
    *task = g_steal_pointer (&taken.task);
  if (origin != NULL)
    *origin = g_steal_pointer (&taken.place);
  g_free (taken.task);
  g_free (taken.head);
  g_free (taken.place);

  return taken.error;
}
