// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Runs sequences of operations, each with objects, contexts and clocks of its own, until the time is up.
//
// Each sequence has a seed, one more than the last one's. If one fails its seed is printed:
//
//   fuzz-api --seed 4711 --sequences 1 --trace
//
// runs it again and says what it does. What can differ then are the moments at which threads end.
//
// At the end of a sequence all that it had is dropped, and what still runs is stopped: then nothing may be left of it.

#include "fuzz.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is left after so many rounds of the end stays for ever. */
#define N_END_ROUNDS 20

/* A sequence takes milliseconds: one that takes so long hangs. */
#define HANG_SECONDS 60

/* A sanitizer calls it before it ends the process. */
extern void __sanitizer_set_death_callback (void (*callback) (void)) __attribute__ ((weak));

Fuzz fuzz;

static gint64 first_seed = -1;
static int n_sequences = -1;
static int n_seconds = 90;
static int n_operations = 200;
static gboolean is_alone;
static gboolean is_verbose;
static char last_words[128];
static guint n_unobserved;

static const GOptionEntry options[] = {
  { "seed", 's', 0, G_OPTION_ARG_INT64, &first_seed, "The seed of the first sequence", "N" },
  { "sequences", 'n', 0, G_OPTION_ARG_INT, &n_sequences, "How many sequences", "N" },
  { "seconds", 't', 0, G_OPTION_ARG_INT, &n_seconds, "How long, if no number of sequences is given; 90", "N" },
  { "operations", 'o', 0, G_OPTION_ARG_INT, &n_operations, "How many operations a sequence makes; 200", "N" },
  { "alone", 0, 0, G_OPTION_ARG_NONE, &is_alone, "Without bodies in threads, and so the same each time", NULL },
  { "trace", 0, 0, G_OPTION_ARG_NONE, &fuzz.is_tracing, "Say what is done", NULL },
  { "verbose", 'v', 0, G_OPTION_ARG_NONE, &is_verbose, "Say how often what was done", NULL },
  G_OPTION_ENTRY_NULL
};

/* --- What is said --- */

/* Async-signal-safe. */
static void
say_seed (void)
{
  G_GNUC_UNUSED gssize n = write (STDERR_FILENO, last_words, strlen (last_words));
}

static void
died_cb (int number)
{
  say_seed ();
  signal (number, SIG_DFL);
  raise (number);
}

void
fail (const char *format,
      ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_printerr ("# %s\n", text);
  abort ();
}

void
trace (const char *format,
       ...)
{
  g_autofree char *text = NULL;
  va_list args;

  if (!fuzz.is_tracing)
    return;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_printerr ("# %*s%s\n", 2 * fuzz.depth, "", text);
}

/* What the operations bring about on purpose. */
static gboolean
is_expected (const char *message)
{
  static const char *const told[] = {
    "has been running for", "has not been started for", ": does not end: ", "waits for the task of its name before it",
    "after its group was cancelled, and is stopped", "Program: has ended, and stops what did not end",
  };

  for (guint i = 0; i < G_N_ELEMENTS (told); i++)
    if (strstr (message, told[i]) != NULL)
      return TRUE;

  return FALSE;
}

static void
log_cb (const char     *domain,
        GLogLevelFlags  level,
        const char     *message,
        gpointer        data)
{
  if (is_expected (message) || (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING)) == 0)
    return;

  fail ("%s: %s", domain, message);
}

/* --- A sequence --- */

static void
unobserved_cb (const char   *task,
               const GError *error,
               const char   *origin,
               gpointer      user_data)
{
  if (g_thread_self () != fuzz.home)
    fail ("an unobserved error was told in another thread");
  n_unobserved++;
  hook ();
}

static void
sequence_begin (guint32 seed)
{
  fuzz.seed = seed;
  fuzz.chance = (seed * 0x9e3779b9u) | 1;
  fuzz.home = g_thread_self ();
  fuzz.root = tend_task_get_current ();
  fuzz.has_threads = pick (3) == 0 && !is_alone;
  fuzz.has_owners = pick (3) == 0;
  fuzz.has_sides = pick (3) == 0;
  fuzz.has_endless = pick (2) == 0;
  fuzz.depth = 0;
  fuzz.n_left = n_operations * 4;
  fuzz.side = 0;
  fuzz.tokens = g_ptr_array_new_with_free_func (g_free);
  fuzz.held = g_ptr_array_new ();
  fuzz.paused = g_ptr_array_new ();
  g_snprintf (last_words, sizeof last_words, "# in the sequence: --seed %u --sequences 1 --operations %d\n",
              seed, n_operations);
  trace ("sequence %u", seed);
  alarm (HANG_SECONDS);

  for (guint i = 0; i < N_SIDES; i++)
    {
      fuzz.contexts[i] = g_main_context_new ();
      fuzz.clocks[i] = tend_clock_freeze (fuzz.contexts[i]);
    }
  g_main_context_push_thread_default (fuzz.contexts[0]);
}

/* Stops each task that has not let go of its body, whoever keeps it. */
static void
stop_bodies (void)
{
  for (guint i = 0; i < fuzz.tokens->len; i++)
    {
      Token *token = g_ptr_array_index (fuzz.tokens, i);

      if (token->task != NULL)
        {
          g_autoptr(TendTask) task = g_object_ref (token->task);

          tend_task_stop (task);
        }
    }
}

static void
resume_paused (void)
{
  while (fuzz.paused->len > 0)
    {
      g_autoptr(TendTask) task = g_ptr_array_steal_index_fast (fuzz.paused, fuzz.paused->len - 1);

      tend_task_resume (task);
    }
}

/* Lets time pass, in both contexts. */
static void
let_pass (void)
{
  for (guint i = 0; i < N_SIDES; i++)
    {
      g_main_context_push_thread_default (fuzz.contexts[i]);
      tend_clock_advance (fuzz.clocks[i], 20 * SECOND, NULL);
      g_main_context_pop_thread_default (fuzz.contexts[i]);
    }
}

/* Whether all is over that a sequence has brought about. Bodies in threads take the time that they take. */
static gboolean
wind_up (void)
{
  gboolean has_threads;

  for (guint n_rounds = 0; n_rounds < N_END_ROUNDS; n_rounds++)
    {
      rack_clear ();
      drop_held (0);
      resume_paused ();
      stop_bodies ();
      let_pass ();
      if (tokens_count_open (FALSE, &has_threads) == 0 && !rack_has (NULL) && fuzz.paused->len == 0)
        return TRUE;
      if (!has_threads)
        continue;
      n_rounds = 0;
      g_thread_yield ();
    }

  return FALSE;
}

static void
sequence_end (void)
{
  gboolean has_threads;

  trace ("the end");
  fuzz.depth = 1;
  if (!wind_up ())
    {
      tokens_count_open (TRUE, &has_threads);
      fail ("something is left of the sequence");
    }

  /* What still runs makes nothing: it would be of a context that goes, and in the way of the next sequence. */
  fuzz.n_left = 0;

  g_main_context_pop_thread_default (fuzz.contexts[0]);
  for (guint i = 0; i < N_SIDES; i++)
    {
      g_clear_object (&fuzz.clocks[i]);
      while (g_main_context_iteration (fuzz.contexts[i], FALSE))
        ;
      g_clear_pointer (&fuzz.contexts[i], g_main_context_unref);
    }
  g_clear_pointer (&fuzz.tokens, g_ptr_array_unref);
  g_clear_pointer (&fuzz.held, g_ptr_array_unref);
  g_clear_pointer (&fuzz.paused, g_ptr_array_unref);
  if (rack_has (NULL))
    fail ("an object is left of the sequence");
}

static void
run_sequence (guint32 seed)
{
  sequence_begin (seed);
  for (int i = 0; i < n_operations; i++)
    {
      run_operation ();
      /* What a fiber took between two of its waits is nobody's operation. */
      drop_held (0);
    }
  sequence_end ();
}

static guint64
run_sequences (guint32 seed)
{
  gint64 end = g_get_monotonic_time () + n_seconds * G_TIME_SPAN_SECOND;
  guint64 n = 0;

  while (n_sequences >= 0 ? n < (guint64) n_sequences : g_get_monotonic_time () < end)
    run_sequence (seed + n++);
  alarm (0);

  return n;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GOptionContext) context = g_option_context_new (NULL);
  g_autoptr(GError) error = NULL;
  static const int deaths[] = { SIGABRT, SIGTRAP, SIGALRM, SIGSEGV, SIGBUS };
  guint32 seed;
  guint64 n;

  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s\n", error->message);
      return 2;
    }

  g_log_set_default_handler (log_cb, NULL);
  tend_set_unobserved_func (unobserved_cb, NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (deaths); i++)
    signal (deaths[i], died_cb);
  if (__sanitizer_set_death_callback != NULL)
    __sanitizer_set_death_callback (say_seed);

  seed = first_seed >= 0 ? (guint32) first_seed : g_random_int ();
  g_print ("# --seed %u\n", seed);
  n = run_sequences (seed);
  if (is_verbose)
    operations_tell ();
  g_print ("# %" G_GUINT64_FORMAT " sequences from --seed %u, %" G_GUINT64_FORMAT " operations\n",
           n, seed, operations_count ());

  return 0;
}
