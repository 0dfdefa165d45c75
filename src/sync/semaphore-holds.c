// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Who holds the permits of a semaphore, and who gets those that come free.
//
// Invariants, between any two calls:
// - A waiter waits only while no permit is available, so that nobody who comes later takes a permit before it.
// - The permits that are available, those on their way to woken waiters and those that are held are all there are.
//
// A hold is the record of the permits that one task has. It observes the task, and gives the permits back when the task
// is finished, and not when it ends: the body of a stopped fiber still unwinds in between. The scope of the task was
// tried for it, which is dropped too early. Permits that were acquired outside tasks are only counted.
//
// A task that acquires and releases, again and again, keeps its hold meanwhile. There is one such idle hold for the
// loops of a main context, so that a task has no long list of them.
//
// Ownership: all of it is the loop thread's. No user code runs where a decision is pending.

#include "semaphore-private.h"

/* Gives the permits that are available to those who wait. To be called whenever something has changed. */
void
tend_semaphore_settle (TendSemaphore *self)
{
  TendWaiter *waiter;

  while (self->n_available > 0 && (waiter = tend_waiters_peek (&self->waiters)) != NULL)
    {
      self->n_available--;
      tend_waiter_wake (waiter, TRUE);
    }

  tend_semaphore_note_change (self);
}

void
tend_semaphore_give_to_waiters (TendSemaphore *self)
{
  /* Waking takes references, of which the first must not be one that user code is told of. */
  g_object_ref (self);
  tend_semaphore_settle (self);
  g_object_unref (self);
}

void
tend_hold_free (TendHold *hold)
{
  TendSemaphore *self = hold->semaphore;

  tend_task_remove_observer (hold->task, &hold->observer);
  g_queue_unlink (&self->holds, &hold->link);
  if (self->recent == hold)
    self->recent = NULL;
  if (self->hub->idle_hold == hold)
    self->hub->idle_hold = NULL;
  g_free (hold);
}

/* The task has given back what it had, and may acquire again soon. */
static void
hold_rest (TendHold *hold)
{
  TendHub *hub = hold->semaphore->hub;

  if (hub->idle_hold != NULL && ((TendHold *) hub->idle_hold)->n == 0)
    tend_hold_free (hub->idle_hold);
  hub->idle_hold = hold;
}

void
tend_hold_release (TendHold *hold)
{
  if (--hold->n == 0 && hold->semaphore->hub->idle_hold != hold)
    hold_rest (hold);
}

static void
released_cb (TendObserver *observer,
             TendTask     *task)
{
  TendHold *hold = (TendHold *) observer;
  TendSemaphore *self = hold->semaphore;
  guint n = hold->n;

  tend_hold_free (hold);
  if (n > 0)
    tend_semaphore_give_back (self, n);
}

static const TendObserverClass hold_class = { .released = released_cb };

/* Whether @task is one that can hold permits: it runs, in the semaphore's main context. */
gboolean
tend_semaphore_may_hold (TendSemaphore *self,
                         TendTask      *task)
{
  TendLoop *loop = task != NULL ? tend_task_loop (task) : NULL;

  if (loop == NULL || tend_task_status (task) == TEND_TASK_STATUS_CREATED || tend_task_is_released (task))
    return FALSE;

  return loop == self->loop || tend_loop_get_context (loop) == tend_loop_get_context (self->loop);
}

/* A task has few observers, and a semaphore may have many holds. */
TendHold *
tend_semaphore_find_hold (TendSemaphore *self,
                          TendTask      *task)
{
  TendHold *recent = self->recent;

  if (recent != NULL && recent->task == task)
    return recent;

  if (!tend_semaphore_may_hold (self, task))
    return NULL;

  for (TendObserver *o = tend_task_observers (task); o != NULL; o = o->next)
    {
      if (o->klass == &hold_class && ((TendHold *) o)->semaphore == self)
        return (TendHold *) o;
    }

  return NULL;
}

/* Notes that @task has one permit more; outside tasks it is NULL, or one that cannot hold any. */
void
tend_semaphore_add_hold (TendSemaphore *self,
                         TendTask      *task)
{
  TendHold *hold = tend_semaphore_find_hold (self, task);

  if (hold != NULL)
    {
      hold->n++;
      return;
    }

  if (!tend_semaphore_may_hold (self, task))
    {
      self->n_unowned++;
      return;
    }

  hold = g_new (TendHold, 1);
  *hold = (TendHold) { .observer.klass = &hold_class, .link.data = hold, .semaphore = self, .task = task, .n = 1 };
  g_queue_push_tail_link (&self->holds, &hold->link);
  tend_task_add_observer (task, &hold->observer);
  self->recent = hold;
}

/* The hold that is the oldest of those that are not idle; NULL: there is none. */
static TendHold *
find_oldest_hold (TendSemaphore *self)
{
  for (GList *l = self->holds.head; l != NULL; l = l->next)
    {
      TendHold *hold = l->data;

      if (hold->n > 0)
        return hold;
    }

  return NULL;
}

/* Takes a permit from what @task holds, or from what nobody does. FALSE if there is none. */
gboolean
tend_semaphore_remove_hold (TendSemaphore *self,
                            TendTask      *task)
{
  TendHold *hold = tend_semaphore_find_hold (self, task);

  if (hold != NULL && hold->n == 0)
    hold = NULL;
  if (hold == NULL && self->n_unowned > 0)
    {
      self->n_unowned--;
      return TRUE;
    }

  /* Code that has lost its task, as JavaScript does in some promises, may release what it has acquired. */
  if (hold == NULL && (task == NULL || tend_task_loop (task) == NULL))
    hold = find_oldest_hold (self);
  if (hold == NULL)
    return FALSE;

  tend_hold_release (hold);
  return TRUE;
}

