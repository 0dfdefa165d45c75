// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Spare tasks: objects whose last reference was dropped, and that the next tasks are made of.
//
// To make a GObject and to free it takes two thirds of the time of a small task, 240 ns of 350. So the last
// reference to a task that nobody else knows does not free it: it lets go of what it has as ever, and the
// empty object waits for the next task of the thread, with some hundred others. It keeps the memory of its
// name, its outcome and its scope.
//
// An object that has data of somebody else's (a language binding, a weak or toggle reference) goes the usual
// way: that somebody would meet another task in it. What is spare cannot be touched where a tool looks for uses
// after the end.
//
// Ownership: each thread has its own, which are freed when it exits.

#include "tend-task-private.h"

#include <string.h>

/* As many as are commonly alive at once; 300 KiB. */
#define MAX_SPARE 1024

typedef struct
{
  guint     n_tasks;
  guint     n_allowed;
  TendTask *tasks[MAX_SPARE];   /* a reference each */
} Spare;

static TEND_THREAD Spare *spare;

/* From here on a spare task is nobody's: before it is what it keeps, and what GObject has of it. */
#define FIRST_FORBIDDEN G_STRUCT_OFFSET (TendTask, loop)

static void
forbid (TendTask *task)
{
  tend_tool_poison (&task->loop, sizeof *task - FIRST_FORBIDDEN);
}

static void
clear (TendTask *task)
{
  tend_tool_unpoison (&task->loop, sizeof *task - FIRST_FORBIDDEN);
  memset (&task->loop, 0, sizeof *task - FIRST_FORBIDDEN);
}

static void
spare_free (gpointer data)
{
  Spare *self = data;

  self->n_allowed = 0;
  while (self->n_tasks > 0)
    {
      TendTask *task = self->tasks[--self->n_tasks];

      clear (task);
      g_object_unref (task);
    }

  spare = NULL;
  g_free (self);
}

static GPrivate at_exit = G_PRIVATE_INIT (spare_free);

static Spare *
get_spare (void)
{
  if (G_UNLIKELY (spare == NULL))
    {
      spare = g_new0 (Spare, 1);
      spare->n_allowed = MAX_SPARE;
      g_private_set (&at_exit, spare);
    }

  return spare;
}

/* GObject's own, while it drops the last reference. */
static void
look_for_foreign_cb (GQuark   key,
                     gpointer data,
                     gpointer user_data)
{
  static GQuark notify_queue;

  if (notify_queue == 0)
    notify_queue = g_quark_from_static_string ("GObject-notify-queue");
  if (key != notify_queue)
    *(gboolean *) user_data = TRUE;
}

/*
 * To be asked by dispose(): whether the object could be kept now. What it lets go of may call anybody, and so
 * tend_task_spare() asks again.
 */
gboolean
tend_task_can_spare (TendTask *self)
{
  GObject *object = G_OBJECT (self);
  gboolean is_known = FALSE;
  Spare *mine;

  /* Somebody disposes of a task that others still hold. */
  if (g_atomic_int_get (&object->ref_count) > 1)
    return FALSE;

  mine = get_spare ();
  if (mine->n_tasks >= mine->n_allowed)
    return FALSE;

  g_datalist_foreach (&object->qdata, look_for_foreign_cb, &is_known);
  return !is_known;
}

/*
 * Keeps the object of a task that has let go of everything, if it still can be: what is being dropped is not the
 * last reference then.
 */
gboolean
tend_task_spare (TendTask *self)
{
  Spare *mine;

  if (!tend_task_can_spare (self))
    return FALSE;

  g_signal_handlers_destroy (self);
  mine = get_spare ();
  mine->tasks[mine->n_tasks++] = g_object_ref (self);
  forbid (self);

  return TRUE;
}

/* A spare object as GObject makes them, but for what its class initializes; NULL if there is none. */
TendTask *
tend_task_take_spare (void)
{
  Spare *mine = get_spare ();
  TendTask *self;

  if (mine->n_tasks == 0)
    return NULL;

  self = mine->tasks[--mine->n_tasks];
  clear (self);

  return self;
}
