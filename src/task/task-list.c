// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The tasks that a thread has under way: the hub of a context has a list of those that were started and are not
// finished, newest first. Ownership: the loop thread's.

#include "task-life-private.h"

/* So many are named in a message. */
#define MAX_NAMED 16

void
tend_task_enlist (TendTask *self)
{
  TendHub *hub = tend_loop_get_hub (self->loop);

  self->next_started = hub->tasks;
  if (self->next_started != NULL)
    self->next_started->prev_started = self;
  hub->tasks = self;
}

void
tend_task_delist (TendTask *self)
{
  TendHub *hub = tend_loop_get_hub (self->loop);

  if (self->next_started != NULL)
    self->next_started->prev_started = self->prev_started;
  if (self->prev_started != NULL)
    self->prev_started->next_started = self->next_started;
  else
    hub->tasks = self->next_started;
  self->next_started = self->prev_started = NULL;
}

/* Names the tasks, of which there is one at least. */
char *
tend_task_print_list (GPtrArray *tasks)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < MIN (tasks->len, MAX_NAMED); i++)
    {
      g_autofree char *task = tend_task_head (tasks->pdata[i]);
      g_autofree char *origin = tend_task_dup_origin (tasks->pdata[i]);

      g_string_append_printf (text, "%s%s, made at %s", i > 0 ? "; " : "", task, origin);
    }
  if (tasks->len > MAX_NAMED)
    g_string_append_printf (text, "; and %u more", tasks->len - MAX_NAMED);

  return g_string_free (text, FALSE);
}

/* Names the tasks that are under way; NULL if there is none. */
char *
tend_task_print_started (TendHub *hub)
{
  g_autoptr(GPtrArray) tasks = g_ptr_array_new ();

  for (TendTask *task = hub->tasks; task != NULL; task = task->next_started)
    g_ptr_array_add (tasks, task);

  return tasks->len > 0 ? tend_task_print_list (tasks) : NULL;
}
