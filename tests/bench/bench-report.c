// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Says what a benchmark has measured: as a table for people, as JSON for programs; and on what machine.

#define _GNU_SOURCE     /* sched_getcpu */

#include "bench.h"

#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#endif

#define COLUMN_WIDTH 24

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "GCC " __VERSION__
#endif

/* --- Results --- */

BenchResult *
bench_result_new (const char      *peer,
                  const BenchStep *step,
                  guint            n,
                  const char      *metric,
                  const char      *unit)
{
  BenchResult *result = g_new0 (BenchResult, 1);

  result->peer = peer;
  result->name = step->name;
  result->n = n;
  result->metric = metric;
  result->unit = unit;
  result->operation = step->operation;
  result->values = g_array_new (FALSE, FALSE, sizeof (double));

  return result;
}

void
bench_result_free (BenchResult *result)
{
  g_array_unref (result->values);
  g_free (result);
}

static int
compare_values (gconstpointer a,
                gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

typedef struct
{
  double median;
  double min;
  double max;
} Summary;

static Summary
summarize (const BenchResult *result)
{
  GArray *values = result->values;
  guint middle = values->len / 2;
  Summary summary;

  g_array_sort (values, compare_values);
  summary.min = g_array_index (values, double, 0);
  summary.max = g_array_index (values, double, values->len - 1);
  summary.median = g_array_index (values, double, middle);
  if (values->len % 2 == 0)
    summary.median = (summary.median + g_array_index (values, double, middle - 1)) / 2;

  return summary;
}

/* --- The machine --- */

static char *
get_cpu_model (void)
{
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/cpuinfo", &text, NULL, NULL) ||
      (line = strstr (text, "model name")) == NULL ||
      (line = strchr (line, ':')) == NULL)
    return g_strdup ("unknown CPU");

  return g_strstrip (g_strndup (line + 1, strcspn (line + 1, "\n")));
}

/* Where the process is pinned to, if it is. */
static int
get_pinned_cpu (void)
{
#ifdef __linux__
  cpu_set_t allowed;

  if (sched_getaffinity (0, sizeof allowed, &allowed) == 0 && CPU_COUNT (&allowed) == 1)
    return sched_getcpu ();
#endif

  return -1;
}

/* One line that says what the figures were measured on. */
char *
bench_describe_machine (void)
{
  GString *text = g_string_new (NULL);
  g_autofree char *model = get_cpu_model ();
  int cpu = get_pinned_cpu ();
  struct utsname name;

  uname (&name);
  g_string_append_printf (text, "%s (%ld CPUs", model, sysconf (_SC_NPROCESSORS_ONLN));
  if (cpu >= 0)
    g_string_append_printf (text, ", pinned to %d", cpu);
  g_string_append_printf (text, "), %s %s %s, GLib %u.%u.%u, %s %s", name.sysname, name.release, name.machine,
                          glib_major_version, glib_minor_version, glib_micro_version, COMPILER, BENCH_OPTIONS);

  return g_string_free (text, FALSE);
}

/* --- The table --- */

/* A whole number, its thousands set apart. */
static char *
format_count (double count)
{
  GString *text = g_string_new (NULL);

  g_string_printf (text, "%.0f", count);
  for (gssize at = (gssize) text->len - 3; at > (count < 0); at -= 3)
    g_string_insert_c (text, at, ',');

  return g_string_free (text, FALSE);
}

/* A figure with the three digits that count, or two if it is small. */
static char *
format_figure (double figure)
{
  double size = ABS (figure);

  if (size >= 1e6)
    return g_strdup_printf ("%.1fM", figure / 1e6);
  if (size >= 100)
    return format_count (figure);

  return g_strdup_printf (size < 0.1 ? "%.2g" : size < 10 ? "%.2f" : "%.1f", figure);
}

/* Fills a column, and leaves a space even where the text is too long for it. */
static void
print_cell (const char *text)
{
  printf ("%-*s ", COLUMN_WIDTH - 1, text);
}

static BenchResult *
find_result (GPtrArray         *results,
             const BenchResult *like,
             const char        *peer,
             guint              n)
{
  for (guint i = 0; i < results->len; i++)
    {
      BenchResult *result = g_ptr_array_index (results, i);

      if (g_str_equal (result->peer, peer) && g_str_equal (result->name, like->name) &&
          result->metric == like->metric && result->n == n)
        return result;
    }

  return NULL;
}

/* The sizes in the order in which they were measured. */
static GArray *
list_sizes (GPtrArray *results)
{
  GArray *sizes = g_array_new (FALSE, FALSE, sizeof (guint));

  for (guint i = 0; i < results->len; i++)
    {
      guint n = ((BenchResult *) g_ptr_array_index (results, i))->n;

      if (sizes->len == 0 || g_array_index (sizes, guint, sizes->len - 1) != n)
        g_array_append_val (sizes, n);
    }

  return sizes;
}

static void
print_head (const BenchResult *result,
            GArray            *sizes)
{
  printf ("\n%s, %s per %s: median (min to max)\n%-18s", result->name, result->unit, result->operation, "");
  for (guint i = 0; i < sizes->len; i++)
    {
      g_autofree char *n = format_count (g_array_index (sizes, guint, i));

      print_cell (n);
    }
  printf (sizes->len > 1 ? "growth\n" : "\n");
}

/* What a peer needed at each size, and how many times as much at the last as at the first. */
static void
print_peer (GPtrArray         *results,
            const BenchResult *like,
            const char        *peer,
            GArray            *sizes)
{
  double first = 0, last = 0;

  printf ("  %-16s", peer);
  for (guint i = 0; i < sizes->len; i++)
    {
      const BenchResult *result = find_result (results, like, peer, g_array_index (sizes, guint, i));
      g_autofree char *median = NULL, *min = NULL, *max = NULL, *cell = NULL;
      Summary summary;

      if (result == NULL)
        {
          print_cell ("");
          continue;
        }

      summary = summarize (result);
      median = format_figure (summary.median);
      min = format_figure (summary.min);
      max = format_figure (summary.max);
      cell = g_strdup_printf ("%s (%s to %s)", median, min, max);
      print_cell (cell);
      last = summary.median;
      if (i == 0)
        first = last;
    }
  if (sizes->len > 1 && first > 0)
    printf ("%.2f", last / first);
  printf ("\n");
}

/* How many times as much as a peer we needed. */
static void
print_ratios (GPtrArray         *results,
              const BenchResult *like,
              const char        *ours,
              const char        *peer,
              GArray            *sizes)
{
  g_autofree char *title = g_strdup_printf ("to %s", peer);

  printf ("    %-14s", title);
  for (guint i = 0; i < sizes->len; i++)
    {
      guint n = g_array_index (sizes, guint, i);
      const BenchResult *a = find_result (results, like, ours, n);
      const BenchResult *b = find_result (results, like, peer, n);
      double theirs = b != NULL ? summarize (b).median : 0;
      g_autofree char *ratio = a != NULL && theirs > 0 ? format_figure (summarize (a).median / theirs) : g_strdup ("");

      print_cell (ratio);
    }
  printf ("\n");
}

/* Prints the table of one case: what the peers need, and below them our ratio to each. */
static void
print_case (const BenchScenario *scenario,
            GPtrArray           *results,
            const BenchResult   *like,
            GArray              *sizes)
{
  const char *ours = scenario->peers[0]->name;
  guint first = g_array_index (sizes, guint, 0);

  print_head (like, sizes);
  for (const BenchPeer *const *peer = scenario->peers; *peer != NULL; peer++)
    {
      if (find_result (results, like, (*peer)->name, first) != NULL)
        print_peer (results, like, (*peer)->name, sizes);
    }

  if (find_result (results, like, ours, first) == NULL)
    return;
  for (const BenchPeer *const *peer = scenario->peers + 1; *peer != NULL; peer++)
    {
      if (find_result (results, like, (*peer)->name, first) != NULL)
        print_ratios (results, like, ours, (*peer)->name, sizes);
    }
}

/* Prints each case once, in the order in which they came. */
void
bench_print_table (const BenchScenario *scenario,
                   GPtrArray           *results)
{
  g_autoptr(GArray) sizes = list_sizes (results);

  for (guint i = 0; i < results->len; i++)
    {
      const BenchResult *result = g_ptr_array_index (results, i);
      gboolean is_new = TRUE;

      for (guint j = 0; is_new && j < i; j++)
        {
          const BenchResult *before = g_ptr_array_index (results, j);

          is_new = before->metric != result->metric || !g_str_equal (before->name, result->name);
        }
      if (is_new)
        print_case (scenario, results, result, sizes);
    }
}

/* --- JSON --- */

/* What would end a string early, or is not allowed in it, becomes a space: names have none of it. */
static char *
escape (const char *text)
{
  return g_strdelimit (g_strdup (text), "\"\\\n\t", ' ');
}

void
bench_print_json (const BenchScenario *scenario,
                  GPtrArray           *results,
                  const char          *machine)
{
  g_autofree char *escaped = escape (machine);

  for (guint i = 0; i < results->len; i++)
    {
      const BenchResult *result = g_ptr_array_index (results, i);
      Summary summary = summarize (result);

      printf ("{\"scenario\": \"%s\", \"peer\": \"%s\", \"case\": \"%s\", \"n\": %u, \"metric\": \"%s\", "
              "\"unit\": \"%s/%s\", \"median\": %.2f, \"min\": %.2f, \"max\": %.2f, \"rounds\": %u, "
              "\"machine\": \"%s\"}\n",
              scenario->name, result->peer, result->name, result->n, result->metric,
              result->unit, result->operation, summary.median, summary.min, summary.max, result->values->len,
              escaped);
    }
}
