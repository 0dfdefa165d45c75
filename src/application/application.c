// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// An application that waits for its tasks: they hold it while it runs, and end in order before its run returns.
//
// An application has one TendEnds, in its data, with a part for each manager. A part holds the application while its
// manager is busy. When the application emits "shutdown", which is the last that it does in its run, each manager is
// shut down or drained, and the main context is iterated until all are down.
//
// Windows are those of GtkApplication, of which this library knows no more than a property and two signals by their
// names. Ownership: the thread of the default main context. Signals of the operating system come by sources of it.

#include "tend-application.h"

#include <glib-unix.h>
#include <signal.h>

#include "tend-manager-private.h"

typedef struct
{
  GApplication *application;    /* not a reference: it has this in its data */
  GPtrArray    *parts;          /* of Part */
  guint         sources[2];     /* those of the signals that end it; 0: none */
  guint         n_up;           /* the managers that the end waits for */
  gboolean      is_windowless;  /* its last window has gone, and no other has come */
  gboolean      is_ending;
} Ends;

typedef struct
{
  Ends                 *ends;
  TendTaskManager      *manager;    /* a reference */
  TendApplicationFlags  flags;
  gboolean              is_held;    /* it holds the application */
  TendJob               late_job;   /* the drain has lasted for the grace period */
} Part;

static const int end_signals[] = { SIGTERM, SIGINT };

G_STATIC_ASSERT (G_N_ELEMENTS (end_signals) == G_N_ELEMENTS (((Ends *) NULL)->sources));

G_DEFINE_FLAGS_TYPE (TendApplicationFlags, tend_application_flags,
                     G_DEFINE_ENUM_VALUE (TEND_APPLICATION_FLAGS_NONE, "none"),
                     G_DEFINE_ENUM_VALUE (TEND_APPLICATION_FLAGS_DRAIN, "drain"),
                     G_DEFINE_ENUM_VALUE (TEND_APPLICATION_FLAGS_BACKGROUND, "background"))

static GQuark
ends_quark (void)
{
  return g_quark_from_static_string ("tend-application-ends");
}

/* --- The hold --- */

/* A program whose last window was closed is to end, and only tasks that are to finish keep it from that. */
static gboolean
part_wants_hold (Part *self)
{
  if ((self->flags & TEND_APPLICATION_FLAGS_BACKGROUND) != 0 || self->ends->is_ending)
    return FALSE;
  if (self->ends->is_windowless && (self->flags & TEND_APPLICATION_FLAGS_DRAIN) == 0)
    return FALSE;

  return tend_task_manager_is_busy (self->manager);
}

static void
part_update (Part *self)
{
  gboolean is_held = part_wants_hold (self);

  if (is_held == self->is_held)
    return;

  self->is_held = is_held;
  if (is_held)
    g_application_hold (self->ends->application);
  else
    g_application_release (self->ends->application);
}

static void
windows_changed_cb (Ends *self)
{
  g_autoptr(GObject) window = NULL;

  g_object_get (self->application, "active-window", &window, NULL);
  self->is_windowless = window == NULL;
  for (guint i = 0; i < self->parts->len; i++)
    part_update (g_ptr_array_index (self->parts, i));
}

static void
watch_windows (Ends *self)
{
  GApplication *application = self->application;

  if (g_signal_lookup ("window-removed", G_OBJECT_TYPE (application)) == 0 ||
      g_object_class_find_property (G_OBJECT_GET_CLASS (application), "active-window") == NULL)
    return;

  g_signal_connect_swapped (application, "window-added", G_CALLBACK (windows_changed_cb), self);
  g_signal_connect_swapped (application, "window-removed", G_CALLBACK (windows_changed_cb), self);
}

/* --- The end --- */

static void
warn (const GError *error)
{
  g_autoptr(GPtrArray) errors = tend_error_list (error);

  for (guint i = 0; i < errors->len; i++)
    g_warning ("Program: at its end: %s", ((GError *) g_ptr_array_index (errors, i))->message);
}

static void
part_is_down (Part         *self,
              const GError *error)
{
  tend_loop_remove (tend_manager_get_private (self->manager)->loop, &self->late_job);
  self->ends->n_up--;
  if (error != NULL)
    warn (error);
}

static void
shut_down_cb (GObject      *source_object,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  tend_task_manager_shutdown_finish (TEND_TASK_MANAGER (source_object), result, &error);
  part_is_down (user_data, error);
}

static void
drained_cb (GObject      *source_object,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  tend_task_manager_drain_finish (TEND_TASK_MANAGER (source_object), result, &error);
  part_is_down (user_data, error);
}

/* The drain gets the result of the shutdown that overtakes it. */
static void
late_cb (TendJob *job)
{
  Part *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (Part, late_job));

  tend_loop_remove (tend_manager_get_private (self->manager)->loop, job);
  tend_task_manager_shutdown_async (self->manager, NULL, NULL, NULL);
}

static void
part_end (Part *self)
{
  TendLoop *loop = tend_manager_get_private (self->manager)->loop;
  gint64 grace_period = tend_task_manager_get_grace_period (self->manager);

  if ((self->flags & TEND_APPLICATION_FLAGS_DRAIN) == 0)
    {
      tend_task_manager_shutdown_async (self->manager, NULL, shut_down_cb, self);
      return;
    }

  tend_loop_arm (loop, &self->late_job, tend_time_add (tend_loop_now (loop), grace_period));
  tend_task_manager_drain_async (self->manager, NULL, drained_cb, self);
}

/* The application and its managers stay: whoever runs in here may drop them. */
static void
shutdown_cb (Ends *self)
{
  G_GNUC_UNUSED g_autoptr(GApplication) kept = g_object_ref (self->application);
  Part *first = g_ptr_array_index (self->parts, 0);
  TendHub *hub = tend_loop_get_hub (tend_manager_get_private (first->manager)->loop);

  if (self->is_ending)
    return;

  self->is_ending = TRUE;
  self->n_up = self->parts->len;
  for (guint i = 0; i < self->parts->len; i++)
    part_end (g_ptr_array_index (self->parts, i));
  while (self->n_up > 0)
    tend_hub_turn (hub);
  self->is_ending = FALSE;
}

/* --- Signals of the operating system --- */

static gboolean
asked_to_end_cb (gpointer user_data)
{
  Ends *self = user_data;
  G_GNUC_UNUSED g_autoptr(GApplication) kept = g_object_ref (self->application);

  if (!self->is_ending)
    g_application_quit (self->application);
  else
    for (guint i = 0; i < self->parts->len; i++)
      tend_task_manager_stop_all (((Part *) g_ptr_array_index (self->parts, i))->manager);

  return G_SOURCE_CONTINUE;
}

/* One whose default action would end the process: a handler of the program's own stays. */
static gboolean
has_default_action (int signum)
{
  struct sigaction action;

  return sigaction (signum, NULL, &action) == 0 && (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_DFL;
}

static void
watch_signals (Ends *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (end_signals); i++)
    {
      if (has_default_action (end_signals[i]))
        self->sources[i] = g_unix_signal_add (end_signals[i], asked_to_end_cb, self);
    }
}

/* --- The parts --- */

static void
part_free (Part *self)
{
  g_signal_handlers_disconnect_by_data (self->manager, self);
  g_object_unref (self->manager);
  g_free (self);
}

/* The application is finalized, and has let go of its handlers. */
static void
ends_free (Ends *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->sources); i++)
    g_clear_handle_id (&self->sources[i], g_source_remove);
  g_ptr_array_unref (self->parts);
  g_free (self);
}

static Ends *
ends_ensure (GApplication *application)
{
  Ends *self = g_object_get_qdata (G_OBJECT (application), ends_quark ());

  if (self != NULL)
    return self;

  self = g_new0 (Ends, 1);
  self->application = application;
  self->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) part_free);
  g_object_set_qdata_full (G_OBJECT (application), ends_quark (), self, (GDestroyNotify) ends_free);
  g_signal_connect_swapped (application, "shutdown", G_CALLBACK (shutdown_cb), self);
  watch_windows (self);
  watch_signals (self);

  return self;
}

static gboolean
ends_have (Ends            *self,
           TendTaskManager *manager)
{
  for (guint i = 0; i < self->parts->len; i++)
    {
      if (((Part *) g_ptr_array_index (self->parts, i))->manager == manager)
        return TRUE;
    }

  return FALSE;
}

/**
 * tend_application_add_manager:
 * @application: an application
 * @manager: a manager that was not added before
 * @flags: how the two wait for one another
 *
 * Ties the tasks of a manager to an application: they keep it running, and end in order before its run returns.
 *
 * While the manager has tasks that are not finished, the application is held, as by [method@Gio.Application.hold].
 * Tasks of child managers do not hold it: add their managers as well. When the last window of a `GtkApplication` has
 * closed, only tasks of managers with `TEND_APPLICATION_FLAGS_DRAIN` hold it. A manager with tasks that go on for as
 * long as the program runs, such as a check every minute, is added with `TEND_APPLICATION_FLAGS_BACKGROUND`.
 *
 * When the application ends, by [method@Gio.Application.quit] or because nothing holds it, all its managers end, before
 * [method@Gio.Application.run] returns and while its windows are still there. The manager is shut down, as
 * [method@Tend.TaskManager.shutdown_async] has it: its tasks are cancelled, and those that are not finished after the
 * [property@Tend.TaskManager:grace-period] are stopped. With `TEND_APPLICATION_FLAGS_DRAIN` the manager is drained
 * first, for no longer than that period. Warnings name what was stopped, and the shutdown tasks that failed.
 *
 * The signals `SIGTERM` and `SIGINT` quit the application from now on, if their actions were the default ones. Another
 * one while the managers end stops their tasks at once.
 *
 * The application keeps @manager as long as it lives. Both belong to the thread of the default main context, and so
 * does the call.
 *
 * Since: 0.1
 */
void
tend_application_add_manager (GApplication         *application,
                              TendTaskManager      *manager,
                              TendApplicationFlags  flags)
{
  Part *part;
  Ends *ends;

  g_return_if_fail (G_IS_APPLICATION (application));
  g_return_if_fail (TEND_IS_TASK_MANAGER (manager));

  if (!tend_manager_check_thread (manager, G_STRFUNC))
    return;

  if (tend_loop_get_context (tend_manager_get_private (manager)->loop) != g_main_context_default ())
    {
      g_critical ("%s(): the manager does not belong to the default main context", G_STRFUNC);
      return;
    }

  ends = ends_ensure (application);
  g_return_if_fail (!ends_have (ends, manager));
  g_return_if_fail (!ends->is_ending);

  part = g_new0 (Part, 1);
  part->ends = ends;
  part->manager = g_object_ref (manager);
  part->flags = flags;
  tend_job_init (&part->late_job, late_cb);
  g_ptr_array_add (ends->parts, part);
  g_signal_connect_swapped (manager, "task-added", G_CALLBACK (part_update), part);
  g_signal_connect_swapped (manager, "notify::busy", G_CALLBACK (part_update), part);
  part_update (part);
}
