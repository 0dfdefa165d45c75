// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The parts of the watchdog: what it sees of the loop, how it asks the thread, when it reports, and what.

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* --- watchdog.c: its thread --- */

/* Whether it sleeps until the loop is busy. From any thread. */
gboolean tend_watch_is_asleep   (void);
void     tend_watch_wake        (void);

/* --- watchdog-poll.c: since when the loop is busy --- */

/* In the watched thread, which has claimed the watchdog. */
gboolean tend_watch_poll_begin  (GMainContext  *context,
                                 GError       **error);
void     tend_watch_poll_end    (GMainContext  *context);

/* In the child of a fork(), where nothing of GLib may be locked. */
void     tend_watch_poll_forget (void);

/* When the last poll returned, in monotonic microseconds; 0 while one goes on. From any thread. */
gint64   tend_watch_busy_since  (void);

/* --- watchdog-ask.c: what the blocked thread does --- */

#define TEND_ANSWER_NAME_SIZE 128
#define TEND_ANSWER_MAX_FRAMES 64

/* The answer of a blocked thread. Names are cut to the room for them. */
typedef struct
{
  gboolean      has_task;                               /* a task runs; its id may well be 0 */
  guint64       task_id;                                /* TEND_NO_ID: it has none yet */
  gboolean      has_task_name;
  char          task_name[TEND_ANSWER_NAME_SIZE];
  gconstpointer source;                                 /* NULL: no source is dispatched */
  gboolean      has_source_name;
  char          source_name[TEND_ANSWER_NAME_SIZE];
  int           first_frame;                            /* where the trace leaves the signal handler */
  int           n_frames;
  void         *frames[TEND_ANSWER_MAX_FRAMES];
} TendAnswer;

typedef enum
{
  TEND_ASK_ANSWERED,
  TEND_ASK_OVER,        /* it is not blocked any more */
  TEND_ASK_SILENT,      /* the signal does not come through */
} TendAskResult;

/* In the thread that will be asked. */
gboolean      tend_watch_ask_begin (GError            **error);
void          tend_watch_ask_end   (void);

/* In the watchdog's thread; the answer is valid until the next question. */
TendAskResult tend_watch_ask       (gint64              since,
                                    const TendAnswer  **answer);

/* --- watchdog-say.c: when to speak, and the words --- */

/* What was reported of the present block. All zero at first. */
typedef struct
{
  gint64 threshold;     /* microseconds */
  gint64 since;         /* which block */
  gint64 due;           /* how long it may last until the next word */
} TendWatchRule;

gboolean tend_watch_rule_look (TendWatchRule    *rule,
                               gint64            threshold,
                               gint64            since,
                               gint64            now,
                               gint64           *next_look);
void     tend_watch_say       (const TendAnswer *answer,
                               gint64            blocked);

G_END_DECLS
