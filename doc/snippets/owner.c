// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code of doc/task-manager.md about windows: a clock in a window, as a program.

#include <gtk/gtk.h>
#include <tend.h>

#define CLOCK_TYPE_WINDOW (clock_window_get_type ())
G_DECLARE_FINAL_TYPE (ClockWindow, clock_window, CLOCK, WINDOW, GtkWindow)

struct _ClockWindow
{
  GtkWindow parent_instance;

  TendTaskManager *tasks;
  GtkLabel        *label;
};

G_DEFINE_FINAL_TYPE (ClockWindow, clock_window, GTK_TYPE_WINDOW)

static gboolean
show_time (TendTask *task, gpointer user_data, GError **error)
{
  ClockWindow *self = user_data;
  g_autoptr(GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *text = g_date_time_format (now, "%T");

  gtk_label_set_text (self->label, text);
  return TRUE;
}

static void
clock_window_init (ClockWindow *self)
{
  g_autoptr(TendTask) task = tend_task_new ("clock", show_time, self, NULL);

  self->label = GTK_LABEL (gtk_label_new (NULL));
  gtk_window_set_child (GTK_WINDOW (self), GTK_WIDGET (self->label));

  self->tasks = tend_task_manager_new_for_owner (G_OBJECT (self));
  tend_task_set_delay (task, 0);
  tend_task_set_interval (task, G_TIME_SPAN_SECOND);
  tend_task_manager_register (self->tasks, g_steal_pointer (&task), TEND_NAME_POLICY_REJECT, NULL);
}

static void
clock_window_dispose (GObject *object)
{
  ClockWindow *self = CLOCK_WINDOW (object);

  g_clear_object (&self->tasks);
  G_OBJECT_CLASS (clock_window_parent_class)->dispose (object);
}

static void
clock_window_class_init (ClockWindowClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = clock_window_dispose;
}

int
main (void)
{
  gtk_init ();
  gtk_window_present (g_object_new (CLOCK_TYPE_WINDOW, NULL));

  while (g_list_model_get_n_items (gtk_window_get_toplevels ()) > 0)
    g_main_context_iteration (NULL, TRUE);

  return 0;
}
