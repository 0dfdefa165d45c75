// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Spare tasks: objects whose last reference was dropped, and that the next tasks are made of.
//
// To make a GObject and to free it takes two thirds of the time of a small task, 240 ns of 350. So the last
// reference to a task that nobody else knows does not free it: it lets go of what it has as ever, and the
// empty object waits for the next task of the thread, with some hundred others. It keeps the memory of its
// name unless that is long, of its outcome and of its scope.
//
// An object that has something of somebody else's (a language binding, a weak or toggle reference) goes the usual
// way: that somebody would meet another task in it. The same goes for one that somebody has got hold of again by the
// time it is wanted, though he had no reference to it.
//
// Code that drops a reference to a spare task has dropped one too many. dispose() notices this, and the pool keeps the
// task.
//
// Tools see uses after the end: under memcheck nothing is spare; under AddressSanitizer what is spare cannot be
// touched and is not used again, but freed in its turn, since GLib before 2.76 reuses memory by itself.
// TEND_DEBUG=no-spares has each task made anew.
//
// Ownership: each thread has its own, which are freed when it exits.

#include "task-life-private.h"

#include <string.h>

/* As many as are commonly alive at once; 300 KiB. */
#define MAX_SPARE 1024

/* With the longest name, another 64 KiB. */
#define MAX_SPARE_NAME 64

typedef struct
{
  guint     n_tasks;
  guint     n_allowed;
  guint     oldest;             /* where a tool watches: the place in "tasks" of the one that goes next */
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

/* Frees what was spare. */
static void
spare_task_free (TendTask *task)
{
  clear (task);
  g_object_unref (task);
}

static void
spare_free (gpointer data)
{
  Spare *self = data;

  self->n_allowed = 0;
  while (self->n_tasks > 0)
    spare_task_free (self->tasks[--self->n_tasks]);

  spare = NULL;
  g_free (self);
}

static GPrivate at_exit = G_PRIVATE_INIT (spare_free);

static guint
count_allowed (void)
{
  if (tend_debug_has (TEND_DEBUG_NO_SPARES) || (tend_tools & TEND_TOOL_MEMCHECK) != 0)
    return 0;

  return MAX_SPARE;
}

static Spare *
get_spare (void)
{
  if (G_UNLIKELY (spare == NULL))
    {
      spare = g_new0 (Spare, 1);
      spare->n_allowed = count_allowed ();
      g_private_set (&at_exit, spare);
    }

  return spare;
}

/* Whether there is room for one more. */
static gboolean
has_room (Spare *self)
{
  return self->n_tasks < self->n_allowed || (self->n_allowed > 0 && tend_tools_watch ());
}

/*
 * Called by dispose(): keeps the object of a task that has dropped everything, if it can be kept. The reference that is
 * being dropped is not the last one then.
 */
gboolean
tend_task_spare (TendTask *self)
{
  Spare *mine = get_spare ();
  TendTask *oldest = NULL;

  /* The dropped contents may have called code that holds the object now. */
  if (g_atomic_int_get (&G_OBJECT (self)->ref_count) > 1 || !has_room (mine) ||
      tend_object_is_tied (G_OBJECT (self), TRUE))
    return FALSE;

  g_signal_handlers_destroy (self);
  if (self->name != NULL && strnlen (self->name, MAX_SPARE_NAME) == MAX_SPARE_NAME)
    g_clear_pointer (&self->name, g_free);

  g_atomic_int_or ((guint *) &self->flags, TEND_FLAG_SPARE);
  g_object_ref (self);
  if (mine->n_tasks < mine->n_allowed)
    {
      mine->tasks[mine->n_tasks++] = self;
    }
  else
    {
      oldest = mine->tasks[mine->oldest];
      mine->tasks[mine->oldest] = self;
      mine->oldest = (mine->oldest + 1) % mine->n_allowed;
    }
  forbid (self);

  if (oldest != NULL)
    spare_task_free (oldest);

  return TRUE;
}

/* Called by dispose(): the reference that is being dropped is the pool's, and other code has dropped it. */
void
tend_task_keep_spare (TendTask *self)
{
  g_autofree char *task = NULL;

  g_object_ref (self);
  tend_tool_look (&self->loop);

  task = tend_task_print_head (self->name, self->id);
  g_critical ("%s: a reference to it was dropped once too often, and it has been freed before", task);
}

/* A spare object as GObject makes them, but for what its class initializes; NULL if there is none. */
TendTask *
tend_task_take_spare (void)
{
  Spare *mine = get_spare ();

  while (mine->n_tasks > 0 && !tend_tools_watch ())
    {
      TendTask *self = mine->tasks[--mine->n_tasks];

      if (G_LIKELY (g_atomic_int_get (&G_OBJECT (self)->ref_count) == 1 &&
                    !tend_object_is_tied (G_OBJECT (self), FALSE)))
        {
          clear (self);
          return self;
        }

      spare_task_free (self);
    }

  return NULL;
}
