// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the watchdog says, caught by a log writer, and code that blocks until it is said.
//
// No test here has a time that something must come in. The threshold is an hour, so that nothing is
// said of a slow machine, except within the code that blocks: it sets a millisecond and stands still
// until it is told of. Had the watchdog nothing to say of it, it would stand there until the test's
// time is up.

#pragma once

#include <tend.h>

#include <errno.h>
#include <semaphore.h>
#include <string.h>

#define NEVER (1 * G_TIME_SPAN_HOUR)
#define SOON (1 * G_TIME_SPAN_MILLISECOND)

typedef struct
{
  char    *message;
  char    *task;        /* NULL: none was named */
  char    *source;      /* likewise */
  gint64   blocked;
  GThread *thread;      /* that said it; for comparison only */
} Word;

static GAsyncQueue *words;
static sem_t n_words;

static inline void
word_free (Word *word)
{
  g_free (word->message);
  g_free (word->task);
  g_free (word->source);
  g_free (word);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Word, word_free)

static inline char *
find_field (const GLogField *fields,
            gsize            n_fields,
            const char      *key)
{
  for (gsize i = 0; i < n_fields; i++)
    {
      if (strcmp (fields[i].key, key) == 0)
        return fields[i].length < 0 ? g_strdup (fields[i].value)
                                    : g_strndup (fields[i].value, (gsize) fields[i].length);
    }

  return NULL;
}

static inline GLogWriterOutput
catch_word (GLogLevelFlags   level,
            const GLogField *fields,
            gsize            n_fields,
            gpointer         user_data)
{
  g_autofree char *blocked = find_field (fields, n_fields, "TEND_BLOCKED_USEC");
  g_autofree char *domain = find_field (fields, n_fields, "GLIB_DOMAIN");
  g_autofree char *priority = find_field (fields, n_fields, "PRIORITY");
  Word *word;

  if (blocked == NULL)
    return g_log_writer_default (level, fields, n_fields, user_data);

  g_assert_cmpint (level, ==, G_LOG_LEVEL_WARNING);
  g_assert_cmpstr (domain, ==, "Tend");
  g_assert_cmpstr (priority, ==, "4");

  word = g_new (Word, 1);
  word->message = find_field (fields, n_fields, "MESSAGE");
  word->task = find_field (fields, n_fields, "TEND_TASK");
  word->source = find_field (fields, n_fields, "TEND_SOURCE");
  word->blocked = g_ascii_strtoll (blocked, NULL, 10);
  word->thread = g_thread_self ();
  g_async_queue_push (words, word);
  sem_post (&n_words);

  return G_LOG_WRITER_HANDLED;
}

/* Stands still until the watchdog has said one thing more. ThreadSanitizer lets signals into this call. */
static inline Word *
wait_for_word (void)
{
  while (sem_wait (&n_words) != 0)
    g_assert_cmpint (errno, ==, EINTR);

  return g_async_queue_pop (words);
}

static inline void
set_threshold (gint64 threshold)
{
  g_autoptr(GError) error = NULL;

  tend_watchdog_start (threshold, &error);
  g_assert_no_error (error);
}

/* Blocks the loop until that has been said. The first that is said after a start is about the caller. */
static inline Word *
block (void)
{
  Word *word;

  set_threshold (SOON);
  word = wait_for_word ();
  set_threshold (NEVER);

  return word;
}

/* Ends the watchdog; what it had to say of a doubling meanwhile is forgotten. */
static inline void
stop_watchdog (void)
{
  tend_watchdog_stop ();

  while (sem_trywait (&n_words) == 0)
    word_free (g_async_queue_pop (words));
}

static inline void
assert_silence (void)
{
  int n = -1;

  g_assert_cmpint (sem_getvalue (&n_words, &n), ==, 0);
  g_assert_cmpint (n, ==, 0);
}

static inline void
catch_words (void)
{
  words = g_async_queue_new_full ((GDestroyNotify) word_free);
  sem_init (&n_words, 0, 0);
  g_log_set_writer_func (catch_word, NULL, NULL);
}
