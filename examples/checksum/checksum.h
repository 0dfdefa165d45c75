// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the parts of the program know of each other.
//
//   main       options, messages
//   run        the main part, and the exit status
//   walk       the fiber's way through the tree
//   files      a task for each file, and what becomes of it
//   hash       the body of such a task, in a thread
//   interrupt  Ctrl-C
//   output     the lines on stdout
//   view       the live view on the terminal
//   gate       how a fiber waits for a condition
//   text       names and sizes as a terminal may show them

#pragma once

#include <tend.h>

/* --- text: for terminals and messages --- */

char     *text_printable    (const char *bytes) G_GNUC_WARN_UNUSED_RESULT;
int       text_width        (const char *text);
void      text_append_fit   (GString    *to,
                             const char *text,
                             int         width);
char     *text_size         (double      bytes) G_GNUC_WARN_UNUSED_RESULT;
gboolean  text_is_utf8      (void);

/* --- gate: a fiber waits, somebody else opens --- */

typedef struct
{
  TendTask *task;           /* what the fiber waits for; NULL while it does not */
} Gate;

gboolean  gate_wait         (Gate    *self,
                             GError **error);
void      gate_open         (Gate    *self);

/* --- What has been done so far; of the loop thread, but for what is hashed in threads --- */

typedef struct
{
  gint64   began;           /* constant */
  guint64  n_files;         /* those that have ended, in whichever way */
  guint64  n_failed;        /* and those of them that failed */
  guint64  n_bytes;         /* atomic: what the threads have hashed */
  guint64  found_files;     /* what there is, as far as it has been counted */
  guint64  found_bytes;
  gboolean has_found_all;
} Totals;

static inline void
totals_add_bytes (Totals  *self,
                  guint64  n_bytes)
{
  __atomic_fetch_add (&self->n_bytes, n_bytes, __ATOMIC_RELAXED);
}

static inline guint64
totals_get_bytes (const Totals *self)
{
  return __atomic_load_n (&self->n_bytes, __ATOMIC_RELAXED);
}

/* --- walk: in a fiber --- */

typedef struct
{
  /* A regular file. FALSE with an error ends the walk. */
  gboolean (* file)  (gpointer     user_data,
                      const char  *path,
                      GFileInfo   *info,
                      GError     **error);

  /* A directory that cannot be read. The walk goes on. */
  void     (* failed) (gpointer      user_data,
                       const char   *path,
                       const GError *error);
} Visitor;

gboolean  walk              (const char     *dir,
                             const char     *attributes,
                             const Visitor  *visitor,
                             gpointer        user_data,
                             GError        **error);

/* --- hash: in a thread --- */

typedef struct
{
  char   *path;             /* constant */
  Totals *totals;           /* constant */
  int     has_begun;        /* atomic; set by the thread */
  guint64 n_bytes;          /* the thread's; the loop's once the task has completed */
} HashJob;

gboolean  hash_file         (TendTask  *task,
                             HashJob   *job,
                             GError   **error);

/* --- view: on a terminal --- */

typedef struct _View View;

int       view_find_terminal (void);
View     *view_new           (int              fd,
                              TendTaskManager *manager,
                              guint            n_rows,
                              const Totals    *totals);
void      view_print         (View            *self,
                              const char      *text,
                              gsize            length);
void      view_close         (View            *self,
                              const char      *last_line);

/* --- output: on stdout --- */

typedef struct _Output Output;

Output       *output_new       (TendTask   *owner,
                                gboolean    is_json,
                                View      **view);
void          output_free      (Output     *self);
void          output_hash      (Output     *self,
                                const char *path,
                                guint64     n_bytes,
                                const char *sha256);
void          output_error     (Output     *self,
                                const char *path,
                                const char *message);
gboolean      output_wait_room (Output     *self,
                                GError    **error);
gboolean      output_drain     (Output     *self,
                                GError    **error);
void          output_flush     (Output     *self);
int           output_get_errno (Output     *self);

/* --- run: all of it, of the loop thread --- */

typedef struct
{
  const char *dir;
  guint       n_jobs;
  gint64      timeout;      /* of a file, in microseconds; 0: none */
  gboolean    is_json;
  gboolean    prints;       /* on a terminal as well */
} Options;

typedef struct
{
  const Options   *options;
  TendTask        *task;            /* the main part's */
  TendTaskManager *manager;
  View            *view;            /* NULL without a terminal, and after an interrupt */
  Output          *output;
  gboolean         shows_lines;
  gboolean         has_failed;      /* anything that is to change the exit status */
  Totals           totals;

  /* files */
  guint            n_unended;       /* files whose tasks have not ended ... */
  guint            n_awaited;       /* ... and to how many of them the walk waits */
  Gate             gate;
  guint            n_stuck;         /* files that took too long, and still have their thread */
  GPtrArray       *unfinished;      /* paths: an interrupt came before their end */
  GPtrArray       *left_out;        /* paths: it came before their beginning */

  /* interrupt */
  int              signum;          /* what interrupted, or 0 */
} Run;

void      run_say_failed      (Run         *self,
                               const char  *path,
                               const char  *message);
int       run                 (const Options *options);

/* --- files: the tasks --- */

void      files_init          (Run         *self);
void      files_clear         (Run         *self);
gboolean  files_add           (Run         *self,
                               const char  *path,
                               GError     **error);
gboolean  files_wait          (Run         *self,
                               guint        n_left,
                               GError     **error);

/* --- interrupt: Ctrl-C --- */

void      interrupt_init      (Run         *self);
void      interrupt_report    (Run         *self);

/* --- main: messages --- */

void      say               (View       *view,
                             const char *path,
                             const char *message);
