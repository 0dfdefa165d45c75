// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// When the watchdog reports, and what.
//
// The rule has no clock and no thread of its own, so that it can be tried without either. The words
// go to the log as one structured message, from the watchdog's thread: the blocked one could be
// anywhere, with any lock.

#include "tend-monitor-private.h"
#include "tend-task-private.h"

#include <stdlib.h>
#include <string.h>

#ifdef HAVE_BACKTRACE
#include <execinfo.h>
#endif

/* --- When --- */

/*
 * Whether something is to be said of a thread that has been busy @since, at @now: once when that
 * has lasted for @threshold, and once more each time that it has doubled. @next_look is when there
 * may be more to say.
 *
 * What begins to block after this look cannot be late earlier than one threshold from now. So
 * looking that rarely misses nothing, and comes to the very moment all the same.
 */
gboolean
tend_watch_rule_look (TendWatchRule *rule,
                      gint64         threshold,
                      gint64         since,
                      gint64         now,
                      gint64        *next_look)
{
  gboolean is_due;

  *next_look = tend_time_add (now, threshold);
  if (since == 0)
    return FALSE;

  if (rule->since != since || rule->threshold != threshold)
    *rule = (TendWatchRule) { .threshold = threshold, .since = since, .due = threshold };

  is_due = now - since >= rule->due;
  while (now - since >= rule->due && rule->due < TEND_FOREVER)
    rule->due = tend_time_add (rule->due, rule->due);

  *next_look = MIN (*next_look, tend_time_add (since, rule->due));
  return is_due;
}

/* --- What --- */

/* Prints the task with @print, tend_task_print() or tend_task_print_head(). */
static char *
print_task (const TendAnswer *answer,
            char * (* print)  (const char *name,
                               guint64     id))
{
  g_autofree char *name = NULL;

  if (answer == NULL || !answer->has_task)
    return NULL;

  /* It may have been cut within a character. */
  if (answer->has_task_name)
    name = g_utf8_make_valid (answer->task_name, -1);

  /* A task without a number keeps none: that takes a lock, which its own thread may have had when it was asked. */
  return print (name, answer->task_id);
}

static char *
print_source (const TendAnswer *answer)
{
  g_autofree char *name = NULL;

  if (answer == NULL || answer->source == NULL)
    return NULL;

  if (!answer->has_source_name)
    return g_strdup_printf ("GSource %p", answer->source);

  name = g_utf8_make_valid (answer->source_name, -1);
  return g_strdup_printf ("GSource '%s'", name);
}

static gboolean
is_ours (const TendAnswer *answer)
{
  return answer->has_source_name && strcmp (answer->source_name, TEND_LOOP_SOURCE_NAME) == 0;
}

/* Says what blocks. A task that runs the loop itself is named with the source that it runs. */
static void
append_culprit (GString          *message,
                const TendAnswer *answer,
                const char       *task,
                const char       *source)
{
  if (answer == NULL)
    g_string_append (message, "Code that takes no signals: has");
  else if (task != NULL && source != NULL && !is_ours (answer))
    g_string_append_printf (message, "%s: in %s, has", task, source);
  else if (task != NULL || source != NULL)
    g_string_append_printf (message, "%s: has", task != NULL ? task : source);
  else
    g_string_append (message, "Code outside of any callback: has");
}

static void
append_trace (GString          *message,
              const TendAnswer *answer)
{
#ifdef HAVE_BACKTRACE
  int n = answer != NULL ? answer->n_frames - answer->first_frame : 0;
  char **lines = n > 0 ? backtrace_symbols (answer->frames + answer->first_frame, n) : NULL;

  for (int i = 0; lines != NULL && i < n; i++)
    g_string_append_printf (message, "\n  %s", lines[i]);

  free (lines);
#endif
}

/* Says that the thread which gave @answer, or none if that is NULL, has blocked for so many microseconds. */
void
tend_watch_say (const TendAnswer *answer,
                gint64            blocked)
{
  g_autoptr(GString) message = g_string_new (NULL);
  g_autofree char *task = print_task (answer, tend_task_print);
  g_autofree char *head = print_task (answer, tend_task_print_head);
  g_autofree char *source = print_source (answer);
  char usec[32];
  GLogField fields[6] = {
    { "GLIB_DOMAIN", G_LOG_DOMAIN, -1 },
    { "PRIORITY", "4", -1 },
    { "TEND_BLOCKED_USEC", usec, -1 },
  };
  gsize n_fields = 3;

  g_snprintf (usec, sizeof usec, "%" G_GINT64_FORMAT, blocked);

  append_culprit (message, answer, head, source);
  g_string_append_printf (message, " blocked the main context for %" G_GINT64_FORMAT ".%03d ms",
                          blocked / 1000, (int) (blocked % 1000));
  append_trace (message, answer);

  fields[n_fields++] = (GLogField) { "MESSAGE", message->str, -1 };
  if (task != NULL)
    fields[n_fields++] = (GLogField) { "TEND_TASK", task, -1 };
  if (source != NULL)
    fields[n_fields++] = (GLogField) { "TEND_SOURCE", source, -1 };

  g_log_structured_array (G_LOG_LEVEL_WARNING, fields, n_fields);
}
