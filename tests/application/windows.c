// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// An application with windows, as that of GTK has them, and the tasks that it waits for.

#include <tend.h>

/* What the library knows of GtkApplication: two signals, and the window that is in front. */
typedef struct
{
  GApplication parent_instance;

  GObject     *window;
} Application;

typedef GApplicationClass ApplicationClass;

static GType application_get_type (void) G_GNUC_CONST;

G_DEFINE_TYPE (Application, application, G_TYPE_APPLICATION)

typedef struct
{
  Application     *application;
  TendTaskManager *manager;
  gboolean         is_done;
} Fixture;

static Fixture *fixture;

static void
application_get_property (GObject    *object,
                          guint       property_id,
                          GValue     *value,
                          GParamSpec *pspec)
{
  g_value_set_object (value, ((Application *) object)->window);
}

static void
application_class_init (ApplicationClass *klass)
{
  G_OBJECT_CLASS (klass)->get_property = application_get_property;
  g_object_class_install_property (G_OBJECT_CLASS (klass), 1,
                                   g_param_spec_object ("active-window", NULL, NULL, G_TYPE_OBJECT,
                                                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  g_signal_new ("window-added", application_get_type (), G_SIGNAL_RUN_FIRST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                G_TYPE_OBJECT);
  g_signal_new ("window-removed", application_get_type (), G_SIGNAL_RUN_FIRST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                G_TYPE_OBJECT);
}

static void
application_init (Application *self)
{
}

/* A window holds its application. */
static void
open_window (void)
{
  fixture->application->window = g_object_new (G_TYPE_OBJECT, NULL);
  g_application_hold (G_APPLICATION (fixture->application));
  g_signal_emit_by_name (fixture->application, "window-added", fixture->application->window);
}

static void
close_window (void)
{
  g_autoptr(GObject) window = g_steal_pointer (&fixture->application->window);

  g_application_release (G_APPLICATION (fixture->application));
  g_signal_emit_by_name (fixture->application, "window-removed", window);
}

static gboolean
close_then_yield_body (TendTask  *task,
                       gpointer   user_data,
                       GError   **error)
{
  close_window ();
  for (guint i = 0; i < 10; i++)
    {
      if (!tend_yield (error))
        return FALSE;
    }

  fixture->is_done = TRUE;
  return TRUE;
}

static gboolean
reopen_then_yield_body (TendTask  *task,
                        gpointer   user_data,
                        GError   **error)
{
  close_window ();
  open_window ();
  g_application_release (G_APPLICATION (fixture->application));

  return tend_yield (error) && tend_yield (error) && (fixture->is_done = TRUE);
}

static void
activate (gpointer body)
{
  g_autoptr(GError) error = NULL;

  open_window ();
  tend_task_manager_register (fixture->manager, tend_task_new_fiber ("works", body, NULL, NULL),
                              TEND_NAME_POLICY_REJECT, &error);
  g_assert_no_error (error);
}

/* Whether the task that @body begins is done when the run of the application returns. */
static gboolean
run (TendBodyFunc         body,
     TendApplicationFlags flags)
{
  Fixture self = { g_object_new (application_get_type (), "flags", G_APPLICATION_NON_UNIQUE, NULL),
                   tend_task_manager_new () };

  fixture = &self;
  tend_application_add_manager (G_APPLICATION (self.application), self.manager, flags);
  g_signal_connect_swapped (self.application, "activate", G_CALLBACK (activate), body);
  g_assert_cmpint (g_application_run (G_APPLICATION (self.application), 0, NULL), ==, 0);
  g_assert_false (tend_task_manager_is_busy (self.manager));
  g_clear_object (&self.application->window);
  g_assert_finalize_object (self.application);
  g_assert_finalize_object (self.manager);

  return self.is_done;
}

/* The last window is closed: its task is cancelled. */
static void
test_last_window_ends_it (void)
{
  g_assert_false (run (close_then_yield_body, TEND_APPLICATION_FLAGS_NONE));
}

static void
test_what_drains_goes_on (void)
{
  g_assert_true (run (close_then_yield_body, TEND_APPLICATION_FLAGS_DRAIN));
}

/* A new window comes, and with it all is as before: the task holds the application. */
static void
test_new_window_comes (void)
{
  g_assert_true (run (reopen_then_yield_body, TEND_APPLICATION_FLAGS_NONE));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/application/windows/last-window-ends-it", test_last_window_ends_it);
  g_test_add_func ("/tend/application/windows/what-drains-goes-on", test_what_drains_goes_on);
  g_test_add_func ("/tend/application/windows/new-window-comes", test_new_window_comes);

  return g_test_run ();
}
