// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A task that hands its progress on to another one, of which it does a part.
//
// Ownership: the loop thread's. It is an item of the scope of the task that hands on, and an observer of that task.

#include "task-fields-private.h"
#include "task-scope-private.h"
#include "tend-observer-private.h"

typedef struct
{
  TendScopeItem item;
  TendObserver  observer;
  TendTask     *from;       /* not a reference: its scope has this */
  TendTask     *to;         /* a reference */
  double        start;
  double        end;
} Forward;

static void
hand_on (Forward *self,
         double   fraction)
{
  double progress = self->start + (self->end - self->start) * fraction;

  /* Two tasks that hand on to each other come to rest so. */
  if (!tend_task_has_ended (self->to) && tend_task_get_progress (self->to) != progress)
    tend_task_set_progress (self->to, progress, NULL);
}

static void
forward_progressed (TendObserver *observer,
                    TendTask     *task)
{
  Forward *self = G_STRUCT_MEMBER_P (observer, -(glong) G_STRUCT_OFFSET (Forward, observer));
  double fraction = tend_task_get_progress (task);

  if (fraction >= 0.0)
    hand_on (self, fraction);
}

static const TendObserverClass forward_observer = {
  .progressed = forward_progressed,
};

static void
forward_detach (TendScopeItem *item)
{
  Forward *self = (Forward *) item;

  tend_task_remove_observer (self->from, &self->observer);
}

static void
forward_let_go (TendScopeItem *item)
{
  Forward *self = (Forward *) item;

  if (tend_task_status (self->from) == TEND_TASK_STATUS_COMPLETED)
    hand_on (self, 1.0);
  g_object_unref (self->to);
  g_free (self);
}

static const TendScopeItemClass forward_item = {
  .detach = forward_detach,
  .let_go = forward_let_go,
};

/**
 * tend_task_forward_progress:
 * @self: a task that has not ended
 * @to: another task of the same main context
 * @start: the progress of @to when @self begins, from 0 to 1
 * @end: the progress of @to when @self has completed, from 0 to 1
 *
 * Hands the progress of a task on to a task of which it does a part.
 *
 * Whenever the progress of @self changes, that of @to is set to the matching point between @start and @end, in the next
 * turn of the loop. When @self completes, it is set to @end; when @self ends otherwise, it stays. Unknown progress is
 * not handed on, and neither are messages. Nothing happens if @self or @to has ended.
 *
 * @self holds a reference to @to until it ends. Only for the owning thread.
 *
 * Since: 0.1
 */
void
tend_task_forward_progress (TendTask *self,
                            TendTask *to,
                            double    start,
                            double    end)
{
  Forward *forward;

  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (TEND_IS_TASK (to));
  g_return_if_fail (self != to);
  g_return_if_fail (self->loop != NULL && tend_loop_is_mine (self->loop));
  g_return_if_fail (to->loop != NULL && tend_loop_is_mine (to->loop));
  g_return_if_fail (start >= 0.0 && start <= 1.0);
  g_return_if_fail (end >= 0.0 && end <= 1.0);

  if (tend_task_has_ended (self) || tend_task_has_ended (to))
    return;

  forward = g_new0 (Forward, 1);
  forward->item.klass = &forward_item;
  forward->observer.klass = &forward_observer;
  forward->from = self;
  forward->to = g_object_ref (to);
  forward->start = start;
  forward->end = end;
  tend_task_link_item (self, &forward->item);
  tend_task_add_observer (self, &forward->observer);
}
