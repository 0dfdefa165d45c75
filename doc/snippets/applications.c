// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code of doc/applications.md: an application whose end waits for its tasks.

#include <tend.h>

static void
activate_cb (GApplication    *application,
             TendTaskManager *saves)
{
  g_print ("%s is active\n", g_application_get_application_id (application));
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GApplication) application = g_application_new ("org.example.Notes", G_APPLICATION_DEFAULT_FLAGS);
  g_autoptr(TendTaskManager) loads = tend_task_manager_new ();
  g_autoptr(TendTaskManager) saves = tend_task_manager_new ();

  tend_application_add_manager (application, loads, TEND_APPLICATION_FLAGS_NONE);
  tend_application_add_manager (application, saves, TEND_APPLICATION_FLAGS_DRAIN);
  g_signal_connect (application, "activate", G_CALLBACK (activate_cb), saves);

  return g_application_run (application, argc, argv);
}
