// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Objects of GLib and GIO that are dropped with a task: the sources and the cancellables that were added to it.
//
// Ownership: the loop thread's.

#include "task-cancel-private.h"

#define FIRST_PRUNE TEND_SCOPE_FIRST_PRUNE

typedef struct
{
  TendScopeItem  item;
  GSource       *source;
} SourceItem;

/* A source cannot be made to do nothing without a call to its owner. */
static void
source_let_go (TendScopeItem *item)
{
  SourceItem *self = (SourceItem *) item;

  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_free (self);
}

static const TendScopeItemClass source_item_class = { .let_go = source_let_go };

/*
 * Forgets the sources that have destroyed themselves, when so many more have been added. All are taken out of the scope
 * before the first is let go of, since whoever is told that a source is gone may end the task.
 */
static void
prune_sources (TendTask *self)
{
  TendScope *scope = self->scope;
  TendScopeItem *gone = NULL;

  for (TendScopeItem *item = scope->items, *next; item != NULL; item = next)
    {
      next = item->next;
      if (item->klass == &source_item_class && g_source_is_destroyed (((SourceItem *) item)->source))
        {
          tend_task_unlink_item (self, item);
          item->next = gone;
          gone = item;
          scope->n_sources--;
        }
    }

  scope->prune_at = MAX (FIRST_PRUNE, scope->n_sources * 2);

  for (TendScopeItem *item = gone, *next; item != NULL; item = next)
    {
      next = item->next;
      item->klass->let_go (item);
    }
}

/**
 * tend_task_add_source:
 * @self: a task
 * @source: a source that is not attached yet
 *
 * Attaches a source to the task's main context, and destroys it when the task ends.
 *
 * Use it for what GLib has a source for, such as file descriptors, signals and child processes. For timers,
 * [method@Tend.Task.add_timer] is cheaper. If the task has already ended, @source is destroyed.
 *
 * Only for the owning thread.
 *
 * Since: 0.1
 */
void
tend_task_add_source (TendTask *self,
                      GSource  *source)
{
  SourceItem *item;

  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (self->loop != NULL && tend_loop_is_mine (self->loop));
  g_return_if_fail (source != NULL);
  g_return_if_fail (g_source_get_context (source) == NULL);

  if (tend_task_has_ended (self))
    {
      g_source_destroy (source);
      return;
    }

  item = g_new0 (SourceItem, 1);
  item->item.klass = &source_item_class;
  item->source = g_source_ref (source);
  tend_task_link_item (self, &item->item);
  g_source_attach (source, tend_loop_get_context (self->loop));

  if (++self->scope->n_sources >= self->scope->prune_at)
    prune_sources (self);
}

typedef struct
{
  TendScopeItem  item;
  TendCancelLink  *link;          /* the handler has a reference as well */
  GCancellable  *cancellable;   /* a reference */
  gulong         handler;
} CancellableItem;

/* Runs in the thread that cancels, and only sends a request. */
static void
cancellable_cancelled_cb (GCancellable *cancellable,
                          gpointer      user_data)
{
  char *reason = NULL;

  if (TEND_IS_CANCELLABLE (cancellable))
    reason = tend_cancellable_dup_reason (TEND_CANCELLABLE (cancellable));
  tend_cancel_link_send (user_data, reason);
}

static void
cancellable_detach (TendScopeItem *item)
{
  tend_cancel_link_cut (((CancellableItem *) item)->link);
}

/*
 * Not g_cancellable_disconnect(): that waits until the cancellable's handlers have returned, and
 * one of them may be who ends the task.
 */
static void
cancellable_let_go (TendScopeItem *item)
{
  CancellableItem *self = (CancellableItem *) item;

  if (self->handler != 0)
    g_signal_handler_disconnect (self->cancellable, self->handler);
  g_object_unref (self->cancellable);
  g_free (self);
}

static const TendScopeItemClass cancellable_item_class = {
  .detach = cancellable_detach,
  .let_go = cancellable_let_go,
};

/**
 * tend_task_add_cancellable:
 * @self: a task
 * @cancellable: (nullable): a cancellable
 *
 * Cancels the task when @cancellable is cancelled. If @cancellable is already cancelled, the task is cancelled at once.
 *
 * The reason of a [class@Tend.Cancellable] is part of the task's error. The task drops its reference to @cancellable
 * when it ends. Only for the owning thread; @cancellable may be cancelled in any thread.
 *
 * Since: 0.1
 */
void
tend_task_add_cancellable (TendTask     *self,
                           GCancellable *cancellable)
{
  g_autoptr(GCancellable) held = NULL;
  g_autoptr(TendTask) kept = NULL;
  CancellableItem *item;

  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (self->loop != NULL && tend_loop_is_mine (self->loop));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (cancellable == NULL)
    return;

  /* A toggle reference of the cancellable may tell user code that it is held, and that end the task, or drop it. */
  kept = g_object_ref (self);
  held = g_object_ref (cancellable);
  if (tend_task_has_ended (self))
    return;

  item = g_new0 (CancellableItem, 1);
  item->item.klass = &cancellable_item_class;
  item->link = tend_task_new_link (self);
  item->cancellable = g_steal_pointer (&held);
  tend_task_link_item (self, &item->item);
  item->handler = g_cancellable_connect (cancellable, G_CALLBACK (cancellable_cancelled_cb),
                                         tend_cancel_link_ref (item->link), tend_cancel_link_unref);
}
