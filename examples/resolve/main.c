// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// resolve [NAME...]: looks up the addresses of many names at once.
//
// A stub resolver: it asks one server, which does the rest. A query that waits for its answer is in a request cache,
// under a random number. Read query.c first, then transport.c; run.c has the main part.

#include "resolve.h"

#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_USAGE     2
#define DEFAULT_PORT   53
#define RESOLV_CONF    "/etc/resolv.conf"

#define MAX_SOCKETS    256
#define MAX_RETRIES    100

/* Half of the numbers that 16 bits have: more at once on a socket would be easy to guess. */
#define MAX_PER_SOCKET 32768

static const char description[] =
  "Without NAME, the names are read from FILE or stdin, one on each line; a \"#\" begins a comment.\n"
  "\n"
  "ADDR is an address, and no name; an IPv6 address with a port stands in brackets. By default the first\n"
  "nameserver of " RESOLV_CONF " is asked, on port 53.\n"
  "\n"
  "Each line is \"NAME TYPE ADDRESS\", or \"NAME TYPE error: TEXT\". With --json each is an object with\n"
  "\"name\", \"type\", \"addresses\", \"error\", \"msec\", \"tries\" and \"tcp\". An answer that does not fit\n"
  "into a datagram is asked for over TCP, in the same try.\n"
  "\n"
  "A server with a short queue loses what is asked at once beyond that, and is asked again when the try\n"
  "has timed out: it may be faster with a smaller --parallel.\n"
  "\n"
  "With --ordered up to 100,000 outcomes wait for one before them; then no more is asked until it has come.\n"
  "\n"
  "The last line, on stderr, counts what came and was dropped: from elsewhere than the server; with an id\n"
  "or a question that was not asked on that socket; no DNS answer; larger than offered; or after the\n"
  "question had been answered or given up.\n"
  "\n"
  "The exit status is 0 if each name has addresses, has none, or does not exist; 1 if anything else came\n"
  "of one; 2 for wrong options; and 130 or 143 after an interrupt. A second interrupt does not wait.";

static int
fail_usage (const char *message)
{
  fprintf (stderr, "resolve: %s\nTry \"resolve --help\".\n", message);
  return EXIT_USAGE;
}

/* --- The server --- */

/* ADDR, ADDR:PORT, V6 or [V6]:PORT; NULL for anything else. */
static GSocketAddress *
parse_server (const char *text)
{
  g_autofree char *address = NULL;
  const char *port = NULL;
  guint64 number = DEFAULT_PORT;

  if (*text == '[')
    {
      const char *end = strchr (text, ']');

      if (end == NULL || (end[1] != '\0' && end[1] != ':') || memchr (text, ':', (gsize) (end - text)) == NULL)
        return NULL;
      address = g_strndup (text + 1, (gsize) (end - text - 1));
      port = end[1] == ':' ? end + 2 : NULL;
    }
  else
    {
      const char *colon = strchr (text, ':');

      /* A second colon makes it an IPv6 address. */
      if (colon == NULL || strchr (colon + 1, ':') != NULL)
        address = g_strdup (text);
      else
        {
          address = g_strndup (text, (gsize) (colon - text));
          port = colon + 1;
        }
    }

  if (port != NULL && !g_ascii_string_to_unsigned (port, 10, 1, G_MAXUINT16, &number, NULL))
    return NULL;

  return g_inet_socket_address_new_from_string (address, (guint) number);
}

/* The first server that the system asks, or this machine, as the C library has it. */
static GSocketAddress *
get_default_server (void)
{
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;

  if (g_file_get_contents (RESOLV_CONF, &text, NULL, NULL))
    lines = g_strsplit (text, "\n", -1);

  for (char **line = lines; line != NULL && *line != NULL; line++)
    {
      g_auto(GStrv) words = g_strsplit_set (g_strstrip (*line), " \t", 2);
      GSocketAddress *server;

      if (words[0] == NULL || words[1] == NULL || !g_str_equal (words[0], "nameserver"))
        continue;
      server = g_inet_socket_address_new_from_string (g_strstrip (words[1]), DEFAULT_PORT);
      if (server != NULL)
        return server;
    }

  return g_inet_socket_address_new_from_string ("127.0.0.1", DEFAULT_PORT);
}

/* --- Options --- */

/* The options as they are given. */
typedef struct
{
  char    *server;
  char    *type;
  char    *file;
  char   **names;
  double   timeout;
  int      n_parallel;
  int      n_retries;
  int      n_sockets;
  gboolean shows_progress;
  gboolean hides_progress;
} Given;

static gboolean
parse (int       *argc,
       char    ***argv,
       Given     *given,
       Options   *options,
       GError   **error)
{
  const GOptionEntry entries[] = {
    { "server", 's', 0, G_OPTION_ARG_STRING, &given->server, "The server to ask", "ADDR[:PORT]" },
    { "type", 't', 0, G_OPTION_ARG_STRING, &given->type, "A, AAAA or both (the default)", "TYPE" },
    { "file", 'f', 0, G_OPTION_ARG_FILENAME, &given->file, "Where the names are", "FILE" },
    { "parallel", 'p', 0, G_OPTION_ARG_INT, &given->n_parallel, "How many are outstanding at most (1000)", "N" },
    { "timeout", 0, 0, G_OPTION_ARG_DOUBLE, &given->timeout, "How long the first try lasts (2.0)", "SECONDS" },
    { "retries", 'r', 0, G_OPTION_ARG_INT, &given->n_retries, "How many more tries, each twice as long (3)", "N" },
    { "sockets", 0, 0, G_OPTION_ARG_INT, &given->n_sockets, "On how many random ports (8)", "N" },
    { "ordered", 'o', 0, G_OPTION_ARG_NONE, &options->is_ordered, "Print in the order of the names", NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options->is_json, "Print an object on each line", NULL },
    { "progress", 0, 0, G_OPTION_ARG_NONE, &given->shows_progress, "Show the progress on stderr", NULL },
    { "no-progress", 0, 0, G_OPTION_ARG_NONE, &given->hides_progress, "Do not, even if that is a terminal", NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &options->is_quiet, "Print no counts at the end", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &given->names, NULL, "[NAME...]" },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr(GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (context, "Resolves many names at once.");
  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, NULL);

  return g_option_context_parse (context, argc, argv, error);
}

/* What is wrong with the options, or NULL. */
static const char *
take (const Given *given,
      Options     *options)
{
  const char *type = given->type != NULL ? given->type : "both";

  if (given->n_sockets < 1 || given->n_sockets > MAX_SOCKETS)
    return "--sockets takes a number from 1 to " G_STRINGIFY (MAX_SOCKETS);
  if (given->n_parallel < 1 || given->n_parallel > given->n_sockets * MAX_PER_SOCKET)
    return "--parallel takes a number from 1 to " G_STRINGIFY (MAX_PER_SOCKET) " for each socket";
  if (given->n_retries < 0 || given->n_retries > MAX_RETRIES)
    return "--retries takes a number from 0 to " G_STRINGIFY (MAX_RETRIES);
  if (!(given->timeout > 0 && given->timeout <= 1e6))
    return "--timeout takes a number of seconds above 0";
  if (given->shows_progress && given->hides_progress)
    return "--progress and --no-progress exclude each other";

  options->asks_a = g_ascii_strcasecmp (type, "AAAA") != 0;
  options->asks_aaaa = g_ascii_strcasecmp (type, "A") != 0;
  if (options->asks_a && options->asks_aaaa && g_ascii_strcasecmp (type, "both") != 0)
    return "--type takes A, AAAA or both";

  options->server = given->server != NULL ? parse_server (given->server) : get_default_server ();
  if (options->server == NULL)
    return "--server takes an address, with or without a port";

  options->names = given->names != NULL && given->names[0] != NULL ? given->names : NULL;
  options->file = given->file;
  options->n_parallel = (guint) given->n_parallel;
  options->n_retries = (guint) given->n_retries;
  options->n_sockets = (guint) given->n_sockets;
  options->timeout = MAX ((gint64) (given->timeout * G_TIME_SPAN_SECOND), 1);
  options->shows_progress = given->shows_progress || (!given->hides_progress && isatty (STDERR_FILENO));

  return NULL;
}

/*
 * Takes the places of stdin, stdout and stderr where they are closed, so that no socket gets what is to be
 * printed. They cannot be read or written, as if they were still closed.
 */
static void
fill_descriptors (void)
{
  int fd;

  do
    fd = open ("/", O_PATH | O_CLOEXEC);
  while (fd >= 0 && fd <= STDERR_FILENO);

  if (fd >= 0)
    close (fd);
}

int
main (int    argc,
      char **argv)
{
  Given given = { .n_parallel = 1000, .timeout = 2, .n_retries = 3, .n_sockets = 8 };
  Options options = { 0 };
  g_autoptr(GError) error = NULL;
  const char *message;
  int status;

  fill_descriptors ();
  setlocale (LC_ALL, "");
  message = parse (&argc, &argv, &given, &options, &error) ? take (&given, &options) : error->message;
  status = message == NULL ? run (&options) : fail_usage (message);

  g_clear_object (&options.server);
  g_strfreev (given.names);
  g_free (given.server);
  g_free (given.type);
  g_free (given.file);

  return status;
}
