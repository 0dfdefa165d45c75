// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A window of GTK that owns the manager of its tasks, on a display of the test's own: once it is
// destroyed, no task touches its widgets. Time is the tests': only GTK's own goes on by itself.

#include <gtk/gtk.h>
#include <signal.h>
#include <tend.h>
#include <unistd.h>

#define SECOND (G_TIME_SPAN_SECOND)

typedef struct
{
  TendClock       *clock;
  GtkWindow       *window;
  GtkLabel        *label;
  TendTaskManager *manager;
  guint            n_ticks;
  guint            destroy_at;  /* a tick destroys the window; 0: none does */
  gboolean         is_over;     /* the window was destroyed */
  gboolean         is_unwound;
  guint            n_destroyed; /* data of tasks */
} Fixture;

static const char *why_not;     /* there is no display; NULL: there is one */

/* --- The display --- */

/* Starts an X server on a free display, and says which; NULL if there is none. It ends with its last client. */
static GSubprocess *
start_display (char **display)
{
  g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE |
                                                                       G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autoptr(GSubprocess) server = NULL;
  g_autofree char *program = g_find_program_in_path ("Xvfb");
  char number[16] = { 0 };
  gsize length = 0;
  int fds[2];

  if (program == NULL)
    return NULL;

  g_assert_no_errno (pipe (fds));
  g_subprocess_launcher_take_fd (launcher, fds[1], 3);
  server = g_subprocess_launcher_spawn (launcher, NULL, program, "-displayfd", "3", "-nolisten", "tcp", "-terminate",
                                        "-screen", "0", "640x480x24", NULL);
  g_clear_object (&launcher);
  g_assert_nonnull (server);

  /* It writes the number and a new line when it is ready. */
  while (length < sizeof number - 1 && read (fds[0], number + length, 1) == 1 && number[length] != '\n')
    length++;
  close (fds[0]);
  number[length] = 0;
  g_assert_cmpuint (length, >, 0);
  *display = g_strconcat (":", number, NULL);

  return g_steal_pointer (&server);
}

static void
stop_display (GSubprocess *server)
{
  g_subprocess_send_signal (server, SIGTERM);
  g_subprocess_wait (server, NULL, NULL);
  g_object_unref (server);
}

/* --- The window --- */

static void
data_destroyed_cb (gpointer data)
{
  ((Fixture *) data)->n_destroyed++;
}

static void
window_destroyed_cb (GtkWidget *window,
                     gpointer   data)
{
  ((Fixture *) data)->is_over = TRUE;
}

static gboolean
tick (TendTask  *task,
      gpointer   data,
      GError   **error)
{
  Fixture *fixture = data;
  g_autofree char *text = g_strdup_printf ("%u", ++fixture->n_ticks);

  g_assert_false (fixture->is_over);
  gtk_label_set_text (fixture->label, text);
  tend_task_return_boolean (task, TRUE);

  if (fixture->n_ticks == fixture->destroy_at)
    gtk_window_destroy (fixture->window);

  return TRUE;
}

static gboolean
animate (TendTask  *task,
         gpointer   data,
         GError   **error)
{
  Fixture *fixture = data;

  while (tend_sleep (SECOND / 10, error))
    {
      g_assert_false (fixture->is_over);
      gtk_widget_queue_draw (GTK_WIDGET (fixture->label));
    }
  fixture->is_unwound = TRUE;

  return FALSE;
}

static void
set_up (Fixture       *fixture,
        gconstpointer  unused)
{
  g_autoptr(TendTask) ticking = NULL;

  fixture->clock = tend_clock_freeze (NULL);
  if (why_not != NULL)
    return;

  fixture->window = GTK_WINDOW (gtk_window_new ());
  fixture->label = GTK_LABEL (gtk_label_new ("0"));
  gtk_window_set_child (fixture->window, GTK_WIDGET (fixture->label));
  g_object_add_weak_pointer (G_OBJECT (fixture->window), (gpointer *) &fixture->window);
  g_signal_connect (fixture->window, "destroy", G_CALLBACK (window_destroyed_cb), fixture);

  fixture->manager = tend_task_manager_new_for_owner (G_OBJECT (fixture->window));
  ticking = tend_task_new_open ("tick", tick, fixture, data_destroyed_cb);
  tend_task_set_interval (ticking, SECOND);
  g_assert_true (tend_task_manager_register (fixture->manager, g_object_ref (ticking), TEND_NAME_POLICY_REJECT,
                                             NULL));
  g_assert_nonnull (tend_task_manager_register (fixture->manager,
                                                tend_task_new_fiber ("animation", animate, fixture, data_destroyed_cb),
                                                TEND_NAME_POLICY_REJECT, NULL));
  gtk_window_present (fixture->window);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  unused)
{
  if (why_not == NULL)
    {
      guint n_ticks = fixture->n_ticks;

      g_assert_true (fixture->is_over);
      g_assert_true (fixture->is_unwound);
      tend_clock_advance (fixture->clock, 10 * SECOND, NULL);
      g_assert_cmpuint (fixture->n_ticks, ==, n_ticks);
      g_assert_cmpuint (fixture->n_destroyed, ==, 2);
      while (fixture->window != NULL)
        g_main_context_iteration (NULL, TRUE);
      g_assert_finalize_object (fixture->manager);
    }
  g_assert_finalize_object (fixture->clock);
}

static void
test_destroyed (Fixture       *fixture,
                gconstpointer  unused)
{
  if (why_not != NULL)
    {
      g_test_skip (why_not);
      return;
    }

  tend_clock_advance (fixture->clock, 7 * SECOND / 2, NULL);
  g_assert_cmpstr (gtk_label_get_text (fixture->label), ==, "3");
  gtk_window_destroy (fixture->window);
}

static void
test_destroyed_by_its_task (Fixture       *fixture,
                            gconstpointer  unused)
{
  if (why_not != NULL)
    {
      g_test_skip (why_not);
      return;
    }

  fixture->destroy_at = 2;
  tend_clock_advance (fixture->clock, 7 * SECOND / 2, NULL);
  g_assert_cmpuint (fixture->n_ticks, ==, 2);
}

/* As by its button: the window goes in a turn of the loop. */
static void
test_closed (Fixture       *fixture,
             gconstpointer  unused)
{
  if (why_not != NULL)
    {
      g_test_skip (why_not);
      return;
    }

  tend_clock_advance (fixture->clock, 3 * SECOND / 2, NULL);
  gtk_window_close (fixture->window);
  while (!fixture->is_over)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (fixture->n_ticks, ==, 1);
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr(GSubprocess) server = NULL;
  g_autofree char *display = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);

  /* Nothing of the user's desktop is looked at, and no graphics card. */
  g_setenv ("GDK_BACKEND", "x11", TRUE);
  g_setenv ("GSK_RENDERER", "cairo", TRUE);
  g_setenv ("GTK_A11Y", "none", TRUE);
  g_setenv ("GTK_THEME", "Default", TRUE);
  server = start_display (&display);
  if (server == NULL)
    why_not = "There is no Xvfb";
  else
    {
      g_setenv ("DISPLAY", display, TRUE);
      g_assert_true (gtk_init_check ());
    }

  g_test_add ("/tend/task-manager/owner/window-destroyed", Fixture, NULL, set_up, test_destroyed, tear_down);
  g_test_add ("/tend/task-manager/owner/window-destroyed-by-its-task", Fixture, NULL, set_up,
              test_destroyed_by_its_task, tear_down);
  g_test_add ("/tend/task-manager/owner/window-closed", Fixture, NULL, set_up, test_closed, tear_down);
  status = g_test_run ();

  if (server != NULL)
    {
      gdk_display_close (gdk_display_get_default ());
      stop_display (g_steal_pointer (&server));
    }

  return status;
}
