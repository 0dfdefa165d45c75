// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Which of the tasks that are due may start: by the limit of the manager and of those above it, by
// their rates, and by urgency.
//
// Entries that cannot start wait in lanes, one for each priority of a task that waits. The most
// urgent goes first, but every eighth slot goes to whoever has waited longest: nobody starves. A slot
// is taken in the manager and in each one above it, and n_waiting says where anybody waits.
// Ownership: the loop thread's.

#include "tend-manager-private.h"

/* One slot in this many goes to the task that has waited longest; a power of two. */
#define SLOTS_PER_ELDEST 8

typedef struct
{
  int        priority;
  TendQueue *queue;         /* of entries, by their job */
} Lane;

/* Some entry that waits, and where it stands among the others. */
typedef struct
{
  TendEntry *entry;
  int        priority;
} Candidate;

static TendTaskManagerPrivate *
get_parent (TendTaskManagerPrivate *priv)
{
  return priv->parent != NULL ? tend_manager_get_private (priv->parent) : NULL;
}

/* --- The rate --- */

/* When the rate lets the next task start: a moment that has passed, if at once. */
static gint64
get_next_start (TendSlots *slots)
{
  gint64 eldest;

  if (slots->max_starts == 0)
    return G_MININT64;

  eldest = slots->starts[slots->first_start];
  return eldest == G_MININT64 ? G_MININT64 : tend_time_add (eldest, slots->rate_interval);
}

static void
note_start (TendSlots *slots,
            gint64     now)
{
  if (slots->max_starts == 0)
    return;

  slots->starts[slots->first_start] = now;
  slots->first_start = (slots->first_start + 1) % slots->max_starts;
}

static void
rate_cb (TendJob *job)
{
  TendTaskManagerPrivate *priv = TEND_MANAGER_PRIVATE_OF (job, slots.rate_job);

  tend_slots_pump (priv->slots.manager);
}

/* --- The lanes --- */

static void
lane_clear (gpointer data)
{
  g_free (((Lane *) data)->queue);
}

static void
count_waiting (TendTaskManagerPrivate *priv,
               int                     change)
{
  for (; priv != NULL; priv = get_parent (priv))
    {
      priv->slots.n_waiting += (guint) change;

      /* Nobody is left whom the rate holds back. */
      if (priv->slots.n_waiting == 0 && tend_job_is_waiting (&priv->slots.rate_job))
        tend_loop_remove (priv->loop, &priv->slots.rate_job);
    }
}

static void
wait_in_lane (TendTaskManagerPrivate *priv,
              TendEntry              *entry,
              gint64                  now)
{
  int priority = tend_loop_get_priority (tend_task_loop (entry->task));
  GArray *lanes = priv->slots.lanes;
  guint i;

  if (lanes == NULL)
    {
      lanes = priv->slots.lanes = g_array_new (FALSE, FALSE, sizeof (Lane));
      g_array_set_clear_func (lanes, lane_clear);
    }

  for (i = 0; i < lanes->len; i++)
    {
      if (g_array_index (lanes, Lane, i).priority >= priority)
        break;
    }

  if (i == lanes->len || g_array_index (lanes, Lane, i).priority != priority)
    {
      Lane lane = { priority, g_new (TendQueue, 1) };

      tend_queue_init (lane.queue);
      g_array_insert_val (lanes, i, lane);
    }

  entry->began = now;
  tend_queue_push (g_array_index (lanes, Lane, i).queue, &entry->job);
  entry->is_in_lane = TRUE;
  count_waiting (priv, 1);
}

static void
leave_lane (TendTaskManagerPrivate *priv,
            TendEntry              *entry)
{
  tend_job_unlink (&entry->job);
  entry->is_in_lane = FALSE;
  count_waiting (priv, -1);
}

/* --- Who is next --- */

/* Whether @a goes before @b: the more urgent one, or the one that has waited longer. */
static gboolean
goes_before (Candidate a,
             Candidate b,
             gboolean  by_age)
{
  if (a.entry == NULL || b.entry == NULL)
    return a.entry != NULL;
  if (!by_age && a.priority != b.priority)
    return a.priority < b.priority;

  return a.entry->began < b.entry->began ||
         (a.entry->began == b.entry->began && tend_task_number (a.entry->task) < tend_task_number (b.entry->task));
}

/* Whether the manager itself has a slot to give now; comes back when its rate does, if that is why not. */
static gboolean
has_room (TendTaskManagerPrivate *priv,
          gint64                  now)
{
  TendSlots *slots = &priv->slots;
  gint64 next = get_next_start (slots);

  if (slots->max_running > 0 && slots->n_running >= slots->max_running)
    return FALSE;
  if (next <= now)
    return TRUE;

  if (!tend_job_is_waiting (&slots->rate_job))
    tend_loop_arm (priv->loop, &slots->rate_job, next);
  return FALSE;
}

/* A manager on the way down, and the best that was found there. */
typedef struct
{
  TendTaskManagerPrivate *priv;
  Candidate               best;
  gboolean                by_age;
  guint                   next;     /* child to look at */
} Place;

static void
consider (Place     *place,
          Candidate  candidate)
{
  if (goes_before (candidate, place->best, place->by_age))
    place->best = candidate;
}

/* Looks through the lanes of @priv itself: FALSE if nobody waits there or below, or there is no room. */
static gboolean
enter_place (Place                  *place,
             TendTaskManagerPrivate *priv,
             gint64                  now,
             gboolean                by_age)
{
  TendSlots *slots = &priv->slots;

  if (slots->n_waiting == 0 || !has_room (priv, now))
    return FALSE;

  *place = (Place) { priv, { NULL, 0 }, by_age, 0 };
  place->by_age |= (slots->n_given & (SLOTS_PER_ELDEST - 1)) == SLOTS_PER_ELDEST - 1;
  for (guint i = 0; slots->lanes != NULL && i < slots->lanes->len; i++)
    {
      Lane *lane = &g_array_index (slots->lanes, Lane, i);
      TendJob *job = tend_queue_peek (lane->queue);

      consider (place, (Candidate) { job != NULL ? tend_entry_of_job (job) : NULL, lane->priority });
    }

  return TRUE;
}

/* The next child of @place that can be entered, as @child: FALSE if there is none left. */
static gboolean
enter_child (Place  *place,
             Place  *child,
             gint64  now)
{
  GPtrArray *children = place->priv->children;

  while (children != NULL && place->next < children->len)
    {
      TendTaskManager *manager = g_ptr_array_index (children, place->next++);

      if (enter_place (child, tend_manager_get_private (manager), now, place->by_age))
        return TRUE;
    }

  return FALSE;
}

/*
 * Whoever waits in @top or below and is to start next, if there is room; NULL: nobody. Managers may be below one
 * another as deep as a program likes.
 */
static TendEntry *
pick (TendTaskManagerPrivate *top,
      gint64                  now)
{
  g_autoptr(GArray) above = NULL;
  Place place, child;

  if (!enter_place (&place, top, now, FALSE))
    return NULL;

  while (TRUE)
    {
      Candidate best;

      if (enter_child (&place, &child, now))
        {
          if (above == NULL)
            above = g_array_new (FALSE, FALSE, sizeof (Place));
          g_array_append_val (above, place);
          place = child;
          continue;
        }

      best = place.best;
      if (above == NULL || above->len == 0)
        return best.entry;

      place = g_array_index (above, Place, above->len - 1);
      g_array_set_size (above, above->len - 1);
      consider (&place, best);
    }
}

static void
take_slot (TendEntry *entry,
           gint64     now)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (entry->manager);

  entry->has_slot = TRUE;
  for (; priv != NULL; priv = get_parent (priv))
    {
      priv->slots.n_running++;
      priv->slots.n_given++;
      note_start (&priv->slots, now);
    }
}

static void
begin_cb (TendJob *job)
{
  TendEntry *entry = tend_entry_of_job (job);

  /* Who is told of its end runs the main context, and it gives the slot back afterwards. */
  if (!tend_task_has_ended (entry->task))
    tend_entry_begin (entry, tend_loop_now (tend_task_loop (entry->task)));
}

/* Something has changed in @self: lets those start that can, in all the managers that share slots. */
void
tend_slots_pump (TendTaskManager *self)
{
  TendTaskManagerPrivate *top = tend_manager_get_private (self);
  gint64 now;

  while (top->parent != NULL)
    top = tend_manager_get_private (top->parent);

  if (top->slots.n_waiting == 0)
    return;

  now = tend_loop_now (top->loop);
  while (TRUE)
    {
      TendEntry *entry = pick (top, now);

      if (entry == NULL)
        return;

      leave_lane (tend_manager_get_private (entry->manager), entry);
      take_slot (entry, now);
      entry->job.run = begin_cb;
      tend_loop_queue_micro (tend_task_loop (entry->task), &entry->job);
    }
}

/* Whether a task of the manager could start at once, and nobody waits who would go before it. */
static gboolean
is_free (TendTaskManagerPrivate *priv,
         gint64                  now)
{
  for (; priv != NULL; priv = get_parent (priv))
    {
      if (priv->slots.n_waiting > 0 || !has_room (priv, now))
        return FALSE;
    }

  return TRUE;
}

/* The entry is due: begins it, or has it wait for a slot. */
void
tend_slots_enter (TendEntry *entry)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (entry->manager);
  gint64 now;

  /* It comes back when it goes on, and keeps no slot from others until then. Or it is just ending, as above. */
  if (tend_task_stands_still (entry->task) || tend_task_has_ended (entry->task))
    return;

  now = tend_loop_now (priv->loop);

  /* An interval task sleeps most of its life: it would keep its slot from the others for ever. */
  if (tend_task_interval (entry->task) > 0)
    tend_entry_begin (entry, now);
  else if (is_free (priv, now))
    {
      take_slot (entry, now);
      tend_entry_begin (entry, now);
    }
  else
    {
      wait_in_lane (priv, entry, now);
      tend_slots_pump (entry->manager);
    }
}

/* The entry's task is finished or paused, or the entry goes. */
void
tend_slots_leave (TendEntry *entry)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (entry->manager);

  if (entry->is_in_lane)
    leave_lane (priv, entry);
  tend_loop_remove (tend_task_loop (entry->task), &entry->job);

  if (!entry->has_slot)
    return;

  entry->has_slot = FALSE;
  for (TendTaskManagerPrivate *p = priv; p != NULL; p = get_parent (p))
    p->slots.n_running--;
  tend_slots_pump (entry->manager);
}

/* --- The manager's part --- */

void
tend_slots_init (TendTaskManager *self)
{
  TendSlots *slots = &tend_manager_get_private (self)->slots;

  slots->manager = self;
  slots->rate_period = G_TIME_SPAN_SECOND;
  tend_job_init (&slots->rate_job, rate_cb);
}

/* The manager goes, and no task waits in it any more. */
void
tend_slots_clear (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  tend_loop_remove (priv->loop, &priv->slots.rate_job);
  g_clear_pointer (&priv->slots.lanes, g_array_unref);
  g_clear_pointer (&priv->slots.starts, g_free);
}

/* The tasks of @self, and those below it, count from now on in @to and above, and not in @from. */
void
tend_slots_move (TendTaskManager *self,
                 TendTaskManager *from,
                 TendTaskManager *to)
{
  TendSlots *slots = &tend_manager_get_private (self)->slots;

  if (slots->n_running == 0 && slots->n_waiting == 0)
    return;

  for (TendTaskManager *m = from; m != NULL; m = tend_manager_get_private (m)->parent)
    {
      tend_manager_get_private (m)->slots.n_running -= slots->n_running;
      tend_manager_get_private (m)->slots.n_waiting -= slots->n_waiting;
    }
  for (TendTaskManager *m = to; m != NULL; m = tend_manager_get_private (m)->parent)
    {
      tend_manager_get_private (m)->slots.n_running += slots->n_running;
      tend_manager_get_private (m)->slots.n_waiting += slots->n_waiting;
    }
}

/* --- Settings --- */

/**
 * tend_task_manager_get_max_running:
 * @self: a manager
 *
 * Gets how many tasks may run at once.
 *
 * Returns: the limit, or 0 for none
 *
 * Since: 0.1
 */
guint
tend_task_manager_get_max_running (TendTaskManager *self)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), 0);

  return tend_manager_get_private (self)->slots.max_running;
}

/**
 * tend_task_manager_set_max_running:
 * @self: a manager
 * @n_tasks: the limit, or 0 for none
 *
 * Sets how many tasks may run at once, here and in the child managers together.
 *
 * Tasks above the limit are pending. The one with the most urgent priority ([method@Tend.Task.set_priority]) starts
 * next, and among equals the one that was due first. Every eighth slot goes to the task that has waited longest, so
 * that no task waits for ever.
 *
 * A task that was cancelled or stopped keeps its slot until it is finished. A task that is paused after it has begun
 * keeps its slot; one that is paused before waits for none. Interval tasks, and tasks that ran when they were
 * registered, take no slot.
 *
 * Since: 0.1
 */
void
tend_task_manager_set_max_running (TendTaskManager *self,
                                   guint            n_tasks)
{
  TendTaskManagerPrivate *priv;

  g_return_if_fail (TEND_IS_TASK_MANAGER (self));

  priv = tend_manager_get_private (self);
  if (!tend_manager_check_thread (self, G_STRFUNC) || priv->slots.max_running == n_tasks)
    return;

  priv->slots.max_running = n_tasks;
  tend_slots_pump (self);
  tend_manager_notify (self, TEND_MANAGER_PROP_MAX_RUNNING);
}

/**
 * tend_task_manager_set_rate:
 * @self: a manager
 * @n_starts: how many tasks may start, or 0 for no limit
 * @interval: in how many microseconds; above 0 unless @n_starts is 0
 *
 * Limits how fast tasks start: at most @n_starts tasks start in any @interval.
 *
 * Tasks above the limit are pending, and start in the order that [method@Tend.TaskManager.set_max_running] describes.
 * Tasks of child managers count as well. Starts before the call and interval tasks do not count. The limit takes 8
 * bytes for each of @n_starts.
 *
 * Since: 0.1
 */
void
tend_task_manager_set_rate (TendTaskManager *self,
                            guint            n_starts,
                            gint64           interval)
{
  TendTaskManagerPrivate *priv;
  TendSlots *slots;
  gboolean has_rate, has_period;

  g_return_if_fail (TEND_IS_TASK_MANAGER (self));
  g_return_if_fail (n_starts == 0 || interval > 0);

  if (!tend_manager_check_thread (self, G_STRFUNC))
    return;

  priv = tend_manager_get_private (self);
  slots = &priv->slots;
  has_rate = slots->max_starts != n_starts;
  has_period = n_starts > 0 && slots->rate_period != interval;
  slots->starts = g_renew (gint64, slots->starts, n_starts);
  for (guint i = 0; i < n_starts; i++)
    slots->starts[i] = G_MININT64;
  slots->max_starts = n_starts;
  slots->first_start = 0;
  slots->rate_interval = n_starts > 0 ? interval : 0;
  if (n_starts > 0)
    slots->rate_period = interval;

  /* Those that start now may drop the manager. */
  g_object_ref (self);
  tend_loop_remove (priv->loop, &slots->rate_job);
  tend_slots_pump (self);
  if (has_rate)
    tend_manager_notify (self, TEND_MANAGER_PROP_RATE);
  if (has_period)
    tend_manager_notify (self, TEND_MANAGER_PROP_RATE_PERIOD);
  g_object_unref (self);
}

/* Sets the period of the rate, for now if there is a limit, and else for the next. */
void
tend_slots_set_period (TendTaskManager *self,
                       gint64           period)
{
  TendSlots *slots = &tend_manager_get_private (self)->slots;

  if (!tend_manager_check_thread (self, G_STRFUNC) || slots->rate_period == period)
    return;

  if (slots->max_starts > 0)
    {
      tend_task_manager_set_rate (self, slots->max_starts, period);
      return;
    }

  slots->rate_period = period;
  tend_manager_notify (self, TEND_MANAGER_PROP_RATE_PERIOD);
}

/**
 * tend_task_manager_get_rate:
 * @self: a manager
 * @interval: (out) (optional): return location for the microseconds
 *
 * Gets the limit that [method@Tend.TaskManager.set_rate] has set.
 *
 * Returns: how many tasks may start in @interval, or 0 for no limit
 *
 * Since: 0.1
 */
guint
tend_task_manager_get_rate (TendTaskManager *self,
                            gint64          *interval)
{
  TendSlots *slots;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), 0);

  slots = &tend_manager_get_private (self)->slots;
  if (interval != NULL)
    *interval = slots->rate_interval;

  return slots->max_starts;
}
