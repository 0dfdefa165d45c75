// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The live view: one line for each running task of a manager, and one for all.
//
// The view knows nothing of files. It asks the manager, which is a list model of its tasks, for the running ones, and
// each of them for its name, its progress and its message. A task with an interval draws it. The interval begins at the
// end of the last drawing: a slow terminal gets fewer frames, and a fast one at most one per FRAME_USEC.
//
// The cursor stands on the empty line below the view, and every frame begins by going up to its
// first line. No setting of the terminal outlives the frame that makes it, so that nothing needs to
// be restored however the program ends. What else is to be printed goes above the view, with the
// next frame.

#include "checksum.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define FRAME_USEC     (G_TIME_SPAN_SECOND / 16)
#define N_SAMPLES      48                   /* frames, over which the rate of all is taken */
#define FILE_WORK      (32 * 1024)          /* what a file costs by itself, in bytes hashed */
#define MESSAGE_WIDTH  38

#define UP             "\033[%dA"
#define CLEAR_LINE     "\033[K"
#define CLEAR_BELOW    "\033[J"
#define WRAP_OFF       "\033[?7l"
#define WRAP_ON        "\033[?7h"
#define GREEN          "\033[32m"
#define DIM            "\033[2m"
#define PLAIN          "\033[0m"

typedef struct
{
  gint64  time;
  double  n_bytes;
  double  work;
} Sample;

struct _View
{
  int              fd;          /* constant, as are the next five */
  TendTaskManager *manager;
  guint            max_rows;
  const Totals    *totals;
  gboolean         has_colour;
  gboolean         has_reflow;  /* lines that get too long by a resize take several rows */
  TendTask        *task;        /* draws the frames */
  GPtrArray       *rows;        /* the task on each line, which keeps its line; or NULL */
  GString         *above;       /* what to print above the view with the next frame */
  GString         *frame;
  GArray          *widths;      /* of the lines that are on the screen */
  int              columns;     /* of the terminal */
  int              lines;
  Sample           samples[N_SAMPLES];
  guint            n_samples;
};

/* --- The terminal --- */

/* After a stop by Ctrl-Z the cursor stands wherever the shell has left it. */
static int was_continued;   /* atomic: whichever thread gets the signal sets it */

static void
continued_cb (int signum)
{
  g_atomic_int_set (&was_continued, TRUE);
}

/* The terminal for the view: stdout or else stderr, or -1 if neither is one. */
int
view_find_terminal (void)
{
  const char *term = g_getenv ("TERM");

  if (term == NULL || strcmp (term, "dumb") == 0)
    return -1;

  return isatty (STDOUT_FILENO) ? STDOUT_FILENO : isatty (STDERR_FILENO) ? STDERR_FILENO : -1;
}

/* Asked for with each frame, so that no signal is needed to hear of a resize. */
static void
measure (View *self)
{
  struct winsize size = { 0 };

  if (ioctl (self->fd, TIOCGWINSZ, &size) != 0)
    size.ws_col = 0;

  self->columns = size.ws_col > 0 ? size.ws_col : 80;
  self->lines = size.ws_row > 0 ? size.ws_row : 24;
}

static void
write_frame (View *self)
{
  const char *data = self->frame->str;
  gsize left = self->frame->len;

  while (left > 0)
    {
      ssize_t n = write (self->fd, data, left);

      if (n >= 0)
        {
          data += n;
          left -= (gsize) n;
        }
      else if (errno == EAGAIN)
        poll (&(struct pollfd) { .fd = self->fd, .events = POLLOUT }, 1, 1000);
      else if (errno != EINTR)
        break;
    }

  g_string_truncate (self->frame, 0);
}

/* --- The lines --- */

static void
add_bar (View   *self,
         double  fraction,
         int     width)
{
  gboolean is_utf8 = text_is_utf8 ();
  int n_full = (int) (fraction * width);

  if (self->has_colour)
    g_string_append (self->frame, GREEN);
  for (int i = 0; i < n_full; i++)
    g_string_append (self->frame, is_utf8 ? "━" : "#");

  if (self->has_colour)
    g_string_append (self->frame, PLAIN DIM);
  for (int i = n_full; i < width; i++)
    g_string_append (self->frame, is_utf8 ? "─" : "-");

  if (self->has_colour)
    g_string_append (self->frame, PLAIN);
}

/* Ends a line of so many columns, and remembers it for the next frame. */
static void
end_line (View *self,
          int   width)
{
  g_string_append (self->frame, CLEAR_LINE "\n");
  g_array_append_val (self->widths, width);
}

/* One running task: its name, and its progress where there is room for it. */
static void
add_task (View     *self,
          TendTask *task,
          int       width)
{
  g_autofree char *name = text_printable (tend_task_get_name (task));
  g_autofree char *message = tend_task_dup_message (task);
  double fraction = tend_task_get_progress (task);
  int bar_width = width >= 72 ? MIN (24, (width - MESSAGE_WIDTH) / 3) : 0;
  int message_width = width >= 56 ? MESSAGE_WIDTH : 0;

  /* It has only just begun, and most likely ends before the next frame. */
  if (message == NULL)
    {
      int name_width = MIN (text_width (name), width);

      text_append_fit (self->frame, name, name_width);
      end_line (self, name_width);
      return;
    }

  text_append_fit (self->frame, name,
                   MAX (0, width - (message_width > 0 ? message_width + 1 : 5) -
                           (bar_width > 0 ? bar_width + 1 : 0)));
  if (bar_width > 0)
    {
      g_string_append_c (self->frame, ' ');
      add_bar (self, fraction, bar_width);
    }

  if (message_width > 0)
    {
      g_string_append_c (self->frame, ' ');
      text_append_fit (self->frame, message, message_width);
    }
  else if (width >= 5)
    g_string_append_printf (self->frame, " %3d%%", (int) (fraction * 100));

  end_line (self, width);
}

static void
take_sample (View *self)
{
  Sample *sample = &self->samples[self->n_samples++ % N_SAMPLES];

  sample->time = g_get_monotonic_time ();
  sample->n_bytes = (double) totals_get_bytes (self->totals);
  sample->work = sample->n_bytes + FILE_WORK * (double) self->totals->n_files;
}

static char *
format_remaining (double seconds)
{
  int s = (int) CLAMP (seconds + 0.5, 0, 359999);

  return s >= 3600 ? g_strdup_printf ("ETA %d:%02d:%02d", s / 3600, s / 60 % 60, s % 60) :
                     g_strdup_printf ("ETA %d:%02d", s / 60, s % 60);
}

/* All tasks: as much of this as there is room for, the most important first. */
static void
add_total (View *self,
           int   width)
{
  const Totals *totals = self->totals;
  Sample *now = &self->samples[(self->n_samples - 1) % N_SAMPLES];
  Sample *then = &self->samples[self->n_samples > N_SAMPLES ? self->n_samples % N_SAMPLES : 0];
  double seconds = (double) MAX (1, now->time - then->time) / G_TIME_SPAN_SECOND;
  double speed = (now->work - then->work) / seconds;
  double all = (double) totals->found_bytes + FILE_WORK * (double) totals->found_files;
  double fraction = totals->has_found_all && all > 0 ? MIN (1.0, now->work / all) : 0.0;
  g_autofree char *done = text_size (now->n_bytes);
  g_autofree char *found = text_size (MAX (now->n_bytes, (double) totals->found_bytes));
  g_autofree char *rate = text_size ((now->n_bytes - then->n_bytes) / seconds);
  const char *sign = totals->has_found_all ? "" : "+";
  char *parts[] = {
    totals->has_found_all ? g_strdup_printf ("%3d%%", (int) (fraction * 100)) : g_strdup ("..."),
    g_strdup_printf ("%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT "%s files", totals->n_files,
                     MAX (totals->n_files, totals->found_files), sign),
    g_strdup_printf ("%s of %s%s", done, found, sign),
    g_strdup_printf ("%s/s", rate),
    totals->has_found_all && speed > 0 ? format_remaining ((all - now->work) / speed) : g_strdup ("ETA -"),
  };
  int used = 0;

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      int needs = text_width (parts[i]) + (i > 0 ? 2 : 0);

      if (used + needs <= width)
        {
          g_string_append_printf (self->frame, "%s%s", i > 0 ? "  " : "", parts[i]);
          used += needs;
        }
      g_free (parts[i]);
    }

  if (width - used >= 10)
    {
      g_string_append (self->frame, "  ");
      add_bar (self, fraction, MIN (24, width - used - 2));
      used += 2 + MIN (24, width - used - 2);
    }
  end_line (self, used);
}

/* --- The rows --- */

static gboolean
is_running (TendTask *task)
{
  return task != NULL && tend_task_get_status (task) == TEND_TASK_STATUS_RUNNING;
}

static void
clear_row (gpointer task)
{
  g_clear_object (&task);
}

/* Gives each running task a row, which it keeps while it runs. */
static void
update_rows (View *self)
{
  GListModel *tasks = G_LIST_MODEL (self->manager);
  guint n_running = 0, n_free = 0;
  TendTask *task;

  for (guint i = 0; i < self->rows->len; i++)
    {
      if (!is_running (self->rows->pdata[i]))
        g_clear_object ((TendTask **) &self->rows->pdata[i]);
    }

  for (guint i = 0; n_running < self->max_rows && (task = g_list_model_get_item (tasks, i)) != NULL; i++)
    {
      g_autoptr(TendTask) owned = task;

      if (!is_running (task))
        continue;

      n_running++;
      if (g_ptr_array_find (self->rows, task, NULL))
        continue;

      while (n_free < self->rows->len && self->rows->pdata[n_free] != NULL)
        n_free++;
      if (n_free == self->rows->len)
        g_ptr_array_add (self->rows, NULL);
      self->rows->pdata[n_free] = g_steal_pointer (&owned);
    }
}

/* --- Frames --- */

/*
 * Goes to the first line of the last frame, whose lines may have been folded by a resize since. A
 * terminal could be asked where its cursor is, but would answer as if the user had typed it.
 */
static void
go_up (View *self)
{
  int n_rows = 0;

  if (g_atomic_int_exchange (&was_continued, FALSE))
    g_array_set_size (self->widths, 0);

  for (guint i = 0; i < self->widths->len; i++)
    {
      int width = g_array_index (self->widths, int, i);

      n_rows += self->has_reflow ? MAX (1, (width + self->columns - 1) / self->columns) : 1;
    }
  g_array_set_size (self->widths, 0);

  g_string_append_c (self->frame, '\r');
  if (n_rows > 0)
    g_string_append_printf (self->frame, UP, n_rows);
}

static void
draw (View *self)
{
  int columns = self->columns;
  guint n_rows;

  measure (self);
  update_rows (self);
  take_sample (self);

  go_up (self);
  if (self->above->len > 0 || columns != self->columns)
    g_string_append (self->frame, CLEAR_BELOW);
  g_string_append_len (self->frame, self->above->str, (gssize) self->above->len);
  g_string_truncate (self->above, 0);

  /* One line is for the total, and one for the cursor. */
  n_rows = MIN (self->rows->len, (guint) MAX (0, self->lines - 2));
  g_string_append (self->frame, WRAP_OFF);
  for (guint i = 0; i < n_rows; i++)
    {
      if (self->rows->pdata[i] != NULL)
        add_task (self, self->rows->pdata[i], self->columns - 1);
      else
        end_line (self, 0);
    }
  add_total (self, self->columns - 1);
  g_string_append (self->frame, WRAP_ON CLEAR_BELOW);

  write_frame (self);
}

static gboolean
draw_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  draw (user_data);
  return TRUE;
}

/* --- Public --- */

/* Shows the tasks of @manager, the @n_rows oldest of those that run, on the terminal @fd, until view_close(). */
View *
view_new (int              fd,
          TendTaskManager *manager,
          guint            n_rows,
          const Totals    *totals)
{
  View *self = g_new0 (View, 1);

  self->fd = fd;
  self->manager = g_object_ref (manager);
  self->max_rows = n_rows;
  self->totals = totals;
  self->has_colour = g_getenv ("NO_COLOR") == NULL;
  self->has_reflow = (g_getenv ("XTERM_VERSION") == NULL || g_getenv ("TMUX") != NULL) &&
                     g_strcmp0 (g_getenv ("TERM"), "linux") != 0;
  self->rows = g_ptr_array_new_with_free_func (clear_row);
  self->above = g_string_new (NULL);
  self->frame = g_string_new (NULL);
  self->widths = g_array_new (FALSE, FALSE, sizeof (int));
  signal (SIGCONT, continued_cb);

  /* What is over at once needs no view: the first frame comes after an interval, too. */
  self->task = tend_task_new ("view", draw_cb, self, NULL);
  tend_task_set_interval (self->task, FRAME_USEC);
  tend_task_start (self->task, NULL);

  return self;
}

/* Prints @text, which ends with a line feed, above the view. */
void
view_print (View       *self,
            const char *text,
            gsize       length)
{
  g_string_append_len (self->above, text, (gssize) length);
}

/* Removes the view, prints what there is left to print, and @last_line if there is one. */
void
view_close (View       *self,
            const char *last_line)
{
  tend_task_stop (self->task);
  g_object_unref (self->task);

  measure (self);
  go_up (self);
  g_string_append (self->frame, CLEAR_BELOW);
  g_string_append_len (self->frame, self->above->str, (gssize) self->above->len);
  if (last_line != NULL)
    g_string_append (self->frame, last_line);
  write_frame (self);

  g_ptr_array_unref (self->rows);
  g_array_unref (self->widths);
  g_string_free (self->above, TRUE);
  g_string_free (self->frame, TRUE);
  g_object_unref (self->manager);
  g_free (self);
}
