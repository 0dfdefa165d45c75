// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// checksum [DIR]: the SHA-256 of every file below a directory, many at once, watched live.
//
// The example to begin with is doc/snippets/readme.c; this one is a whole program. Read it in the
// order of checksum.h: run.c and walk.c are the fiber, files.c has the tasks, and hash.c their threads.

#include "checksum.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_USAGE   2
#define MAX_JOBS     256

/* Every Debian system has it, with enough below to look at for some seconds. */
#define DEFAULT_DIR  "/usr/lib"

static const char description[] =
  "Without DIR, everything below " DEFAULT_DIR " is hashed. Symbolic links below DIR are not followed.\n"
  "\n"
  "The lines are those of sha256sum, for \"sha256sum -c\", in the order in which the files are done.\n"
  "With --json each line is an object with \"path\", and \"bytes\" and \"sha256\", or \"error\"; where a\n"
  "path is not UTF-8, \"path\" is readable only, and \"path_base64\" has its bytes.\n"
  "\n"
  "On a terminal the work is shown instead, and the lines come with --print only. Where stdout is\n"
  "redirected and stderr is a terminal, the work is shown on that.\n"
  "\n"
  "The exit status is 0, or 1 if a file or directory could not be read, 2 for wrong options, and 130\n"
  "after Ctrl-C, which names what was not finished. A second Ctrl-C does not wait for that.";

/* Tells the user something: on stderr, or above the view where that is on the same terminal. */
void
say (View       *view,
     const char *path,
     const char *message)
{
  g_autofree char *printable = text_printable (path);
  g_autofree char *line = g_strdup_printf ("checksum: %s: %s\n", printable, message);

  if (view != NULL && isatty (STDERR_FILENO))
    view_print (view, line, strlen (line));
  else
    fputs (line, stderr);
}

static int
fail_usage (const char *message)
{
  fprintf (stderr, "checksum: %s\nTry \"checksum --help\".\n", message);
  return EXIT_USAGE;
}

/* A thread for each processor, and some more where few processors would wait for the disk. */
static int
get_default_jobs (void)
{
  return (int) CLAMP (g_get_num_processors (), 4, MAX_JOBS);
}

int
main (int    argc,
      char **argv)
{
  int n_jobs = get_default_jobs ();
  double timeout = 0;
  gboolean shows_version = FALSE;
  g_auto(GStrv) dirs = NULL;
  Options options = { .dir = DEFAULT_DIR };
  const GOptionEntry entries[] = {
    { "jobs", 'j', 0, G_OPTION_ARG_INT, &n_jobs, "Hash N files at once", "N" },
    { "timeout", 't', 0, G_OPTION_ARG_DOUBLE, &timeout, "Give a file up after so long", "SECONDS" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options.is_json, "Print an object for each file", NULL },
    { "print", 'p', 0, G_OPTION_ARG_NONE, &options.prints, "Print the lines on a terminal as well", NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &shows_version, "Print the version", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &dirs, NULL, "[DIR]" },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr(GOptionContext) context = g_option_context_new (NULL);
  g_autoptr(GError) error = NULL;

  setlocale (LC_ALL, "");
  g_option_context_set_summary (context, "Hashes every regular file below DIR with SHA-256.");
  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, NULL);

  if (!g_option_context_parse (context, &argc, &argv, &error))
    return fail_usage (error->message);
  if (shows_version)
    {
      puts ("checksum (libtend) " TEND_VERSION_S);
      return EXIT_SUCCESS;
    }
  if (n_jobs < 1 || n_jobs > MAX_JOBS)
    return fail_usage ("--jobs takes a number from 1 to " G_STRINGIFY (MAX_JOBS));
  if (!(timeout >= 0 && timeout <= 1e9))
    return fail_usage ("--timeout takes a number of seconds");
  if (dirs != NULL && dirs[0] != NULL && dirs[1] != NULL)
    return fail_usage ("Only one directory can be given");

  if (dirs != NULL && dirs[0] != NULL)
    options.dir = dirs[0];
  options.n_jobs = (guint) n_jobs;
  options.timeout = (gint64) (timeout * G_TIME_SPAN_SECOND);

  return run (&options);
}
