// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The check that nothing happens under a lock. It exists only if the library is built with -Dchecks=true.
//
// The linker redirects each call of the functions below to this file (--wrap), from every place in the library: from
// the code itself, from g_autoptr, or by an address that was passed on. Where a function of the user is called by its
// address, TEND_CHECK_FREE() checks. A call under a lock ends the process and names the places of both.

/* dladdr() */
#define _GNU_SOURCE

#include "tend-lock-private.h"

#include <dlfcn.h>
#include <gio/gio.h>
#include <stdarg.h>
#include <stdio.h>

/* Prints the place of the code at @address: its file and line, if there is a tool that knows. */
static char *
print_place (gconstpointer address)
{
  Dl_info info;
  g_autofree char *offset = NULL;
  g_autofree char *line = NULL;
  char *argv[] = { (char *) "addr2line", (char *) "-e", NULL, NULL, NULL };

  if (dladdr (address, &info) == 0)
    return g_strdup_printf ("%p", address);

  offset = g_strdup_printf ("%#lx", (gulong) ((const char *) address - (const char *) info.dli_fbase) - 1);

  argv[2] = (char *) info.dli_fname;
  argv[3] = offset;

  /* Its descriptors left open, it is started without a fork(), which would wait for the lock. */
  if (!g_spawn_sync (NULL, argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_LEAVE_DESCRIPTORS_OPEN, NULL, NULL,
                     &line, NULL, NULL, NULL) ||
      *line == '?' || *line == '\0')
    return g_strdup_printf ("%s+%s", info.dli_fname, offset);

  return g_strdup (g_strchomp (line));
}

static G_GNUC_NO_INLINE void
check_call (const char    *func,
            gconstpointer  caller)
{
  g_autofree char *place = NULL;
  g_autofree char *what = NULL;

  if (G_LIKELY (tend_check_is_free ()))
    return;

  place = print_place (caller);
  what = g_strdup_printf ("%s() is called", func);
  tend_check_free (what, place);
}

/* A function whose calls the linker redirects to this file. The build has the list of them: see meson.build. */
#define WRAP(Type, name, params, args) \
  Type __real_##name params; \
  Type __wrap_##name params; \
  Type __wrap_##name params \
  { \
    check_call (#name, __builtin_return_address (0)); \
    return __real_##name args; \
  }

WRAP (gpointer, g_object_ref, (gpointer object), (object))
WRAP (gpointer, g_object_ref_sink, (gpointer object), (object))
WRAP (gpointer, g_object_take_ref, (gpointer object), (object))
WRAP (void, g_object_unref, (gpointer object), (object))
WRAP (void, g_object_run_dispose, (GObject *object), (object))
WRAP (void, g_object_weak_ref, (GObject *object, GWeakNotify notify, gpointer data), (object, notify, data))
WRAP (void, g_object_weak_unref, (GObject *object, GWeakNotify notify, gpointer data), (object, notify, data))
WRAP (void, g_object_add_toggle_ref, (GObject *object, GToggleNotify notify, gpointer data), (object, notify, data))
WRAP (void, g_object_remove_toggle_ref, (GObject *object, GToggleNotify notify, gpointer data), (object, notify, data))
WRAP (gpointer, g_weak_ref_get, (GWeakRef *ref), (ref))
WRAP (void, g_weak_ref_set, (GWeakRef *ref, gpointer object), (ref, object))
WRAP (void, g_weak_ref_clear, (GWeakRef *ref), (ref))
WRAP (void, g_object_notify_by_pspec, (GObject *object, GParamSpec *pspec), (object, pspec))
WRAP (void, g_object_freeze_notify, (GObject *object), (object))
WRAP (void, g_object_thaw_notify, (GObject *object), (object))
WRAP (void, g_object_set_qdata_full, (GObject *object, GQuark quark, gpointer data, GDestroyNotify destroy),
      (object, quark, data, destroy))
WRAP (gulong, g_signal_connect_data,
      (gpointer object, const char *signal, GCallback func, gpointer data, GClosureNotify destroy, GConnectFlags flags),
      (object, signal, func, data, destroy, flags))
WRAP (void, g_signal_handler_disconnect, (gpointer object, gulong handler), (object, handler))
WRAP (void, g_signal_handlers_destroy, (gpointer object), (object))
WRAP (void, g_list_model_items_changed, (GListModel *list, guint position, guint removed, guint added),
      (list, position, removed, added))
WRAP (void, g_cancellable_cancel, (GCancellable *cancellable), (cancellable))
WRAP (gulong, g_cancellable_connect,
      (GCancellable *cancellable, GCallback func, gpointer data, GDestroyNotify destroy),
      (cancellable, func, data, destroy))
WRAP (void, g_cancellable_disconnect, (GCancellable *cancellable, gulong handler), (cancellable, handler))
WRAP (void, g_value_copy, (const GValue *from, GValue *to), (from, to))
WRAP (void, g_value_unset, (GValue *value), (value))
WRAP (GError *, g_error_copy, (const GError *error), (error))
WRAP (void, g_error_free, (GError *error), (error))
WRAP (void, g_clear_error, (GError **error), (error))
WRAP (guint, g_source_attach, (GSource *source, GMainContext *context), (source, context))
WRAP (void, g_source_destroy, (GSource *source), (source))
WRAP (void, g_source_unref, (GSource *source), (source))
WRAP (GMainContext *, g_main_context_ref, (GMainContext *context), (context))
WRAP (void, g_main_context_unref, (GMainContext *context), (context))
WRAP (gboolean, g_main_context_acquire, (GMainContext *context), (context))
WRAP (void, g_main_context_release, (GMainContext *context), (context))
WRAP (gboolean, g_main_context_iteration, (GMainContext *context, gboolean may_block), (context, may_block))
WRAP (void, g_main_context_wakeup, (GMainContext *context), (context))
WRAP (void, g_task_return_boolean, (GTask *task, gboolean result), (task, result))
WRAP (void, g_task_return_error, (GTask *task, GError *error), (task, error))
WRAP (GThread *, g_thread_try_new, (const char *name, GThreadFunc func, gpointer data, GError **error),
      (name, func, data, error))

void __wrap_g_signal_emit (gpointer object,
                           guint    signal,
                           GQuark   detail,
                           ...);

void
__wrap_g_signal_emit (gpointer object,
                      guint    signal,
                      GQuark   detail,
                      ...)
{
  va_list args;

  check_call ("g_signal_emit", __builtin_return_address (0));
  va_start (args, detail);
  g_signal_emit_valist (object, signal, detail, args);
  va_end (args);
}

/* A handler of messages is user code. */
void __wrap_g_log (const char     *domain,
                   GLogLevelFlags  level,
                   const char     *format,
                   ...) G_GNUC_PRINTF (3, 4);

void
__wrap_g_log (const char     *domain,
              GLogLevelFlags  level,
              const char     *format,
              ...)
{
  va_list args;

  check_call ("g_log", __builtin_return_address (0));
  va_start (args, format);
  g_logv (domain, level, format, args);
  va_end (args);
}
