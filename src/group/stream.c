// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A stream of tasks, one by one, in the order in which they end.

#include "tend-group-private.h"

#include "tend-when.h"

/**
 * TendTaskStream:
 *
 * Yields tasks one by one, in the order in which they end.
 *
 * Create a stream with [func@Tend.when_each]. Each call of [method@Tend.TaskStream.next] returns a task to wait for.
 * Its result is the next task that has ended, or %NULL after the last one:
 *
 *     g_autoptr(TendTaskStream) stream = tend_when_each (tasks, n_tasks);
 *
 *     while (TRUE)
 *       {
 *         g_autoptr(TendTask) next = tend_task_stream_next (stream);
 *         TendTask *ended;
 *
 *         if (!tend_await (next, error))
 *           return FALSE;
 *         if ((ended = tend_task_get_object (next)) == NULL)
 *           break;
 *         ...
 *       }
 *
 * To wait for all tasks at once, use [func@Tend.when_all]. Only for the owning thread.
 *
 * Since: 0.1
 */
/* A task that gets the next task that ends. It is forgotten if it ends before that. */
typedef struct
{
  TendObserver    observer;
  GList           link;     /* in the stream's queue; its data is this */
  TendTaskStream *stream;   /* not a reference */
  TendTask       *task;     /* a reference */
} Question;

struct _TendTaskStream
{
  GObject    parent_instance;

  TendLoop  *loop;          /* constant */
  TendWatch *watches;
  guint      n_tasks;       /* constant */
  guint      n_left;        /* not given to anybody yet */
  GQueue     ended;         /* of TendTask; the watches hold them */
  GQueue     questions;     /* of Question, the eldest first */
};

G_DEFINE_FINAL_TYPE (TendTaskStream, tend_task_stream, G_TYPE_OBJECT)

/* Takes the question out of the stream: gives the task that asks, a reference. */
static TendTask *
take_question (Question *self)
{
  TendTask *task = self->task;

  g_queue_unlink (&self->stream->questions, &self->link);
  tend_task_remove_observer (task, &self->observer);
  g_free (self);

  return task;
}

/* The task that waited was cancelled. */
static void
question_ended (TendObserver *observer,
                TendTask     *task)
{
  g_object_unref (take_question ((Question *) observer));
}

static const TendObserverClass question_observer = {
  .ended = question_ended,
};

static void
ask (TendTaskStream *self,
     TendTask       *task)
{
  Question *question = g_new0 (Question, 1);

  question->observer.klass = &question_observer;
  question->link.data = question;
  question->stream = self;
  question->task = g_object_ref (task);
  g_queue_push_tail_link (&self->questions, &question->link);
  tend_task_add_observer (task, &question->observer);
}

/* Gives ended tasks to those who wait, and %NULL to those for whom nothing is left. */
static void
hand_out (TendTaskStream *self)
{
  while (!g_queue_is_empty (&self->questions) && (!g_queue_is_empty (&self->ended) || self->n_left == 0))
    {
      g_autoptr(TendTask) next = take_question (g_queue_peek_head (&self->questions));

      if (self->n_left == 0)
        tend_task_return_object (next, NULL);
      else
        {
          self->n_left--;
          tend_task_return_object (next, g_queue_pop_head (&self->ended));
        }
    }
}

static void
one_ended (TendWatch *watch)
{
  TendTaskStream *self = g_object_ref (watch->data);

  g_queue_push_tail (&self->ended, watch->task);
  hand_out (self);
  g_object_unref (self);
}

static void
tend_task_stream_dispose (GObject *object)
{
  TendTaskStream *self = TEND_TASK_STREAM (object);

  if (tend_loop_take_home (self->loop, object))
    return;

  /* Nobody can call next any more, but tasks of earlier calls may still wait. */
  while (!g_queue_is_empty (&self->questions))
    {
      g_autoptr(TendTask) next = take_question (g_queue_peek_head (&self->questions));

      tend_task_cancel (next);
    }

  G_OBJECT_CLASS (tend_task_stream_parent_class)->dispose (object);
}

static void
tend_task_stream_finalize (GObject *object)
{
  TendTaskStream *self = TEND_TASK_STREAM (object);

  g_queue_clear (&self->ended);
  tend_watches_clear (self->watches, self->n_tasks);
  g_free (self->watches);
  tend_loop_release (self->loop);

  G_OBJECT_CLASS (tend_task_stream_parent_class)->finalize (object);
}

static void
tend_task_stream_class_init (TendTaskStreamClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = tend_task_stream_dispose;
  object_class->finalize = tend_task_stream_finalize;
}

static void
tend_task_stream_init (TendTaskStream *self)
{
  self->loop = tend_loop_acquire (NULL, G_PRIORITY_DEFAULT);
  g_queue_init (&self->ended);
  g_queue_init (&self->questions);
}

/**
 * tend_when_each:
 * @tasks: (array length=n_tasks): tasks, of any main context
 * @n_tasks: the number of tasks
 *
 * Creates a stream that yields @tasks one by one, in the order in which they end.
 *
 * Tasks that have already ended come first, in the order of @tasks. A task that is in @tasks twice comes twice. No
 * error counts as observed: read the errors of the tasks that come.
 *
 * Returns: (transfer full): the stream, for the thread-default main context
 *
 * Since: 0.1
 */
TendTaskStream *
tend_when_each (TendTask **tasks,
                gsize      n_tasks)
{
  TendTaskStream *self;

  g_return_val_if_fail (tend_watch_check (tasks, n_tasks, G_STRFUNC), NULL);

  self = g_object_new (TEND_TYPE_TASK_STREAM, NULL);
  self->watches = g_new0 (TendWatch, n_tasks);
  self->n_tasks = self->n_left = (guint) n_tasks;
  for (guint i = 0; i < self->n_tasks; i++)
    tend_watch_begin (&self->watches[i], self->loop, tasks[i], one_ended, self);

  return self;
}

/**
 * tend_task_stream_get_n_left:
 * @self: a stream
 *
 * Gets the number of tasks that [method@Tend.TaskStream.next] has not yielded yet.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint
tend_task_stream_get_n_left (TendTaskStream *self)
{
  g_return_val_if_fail (TEND_IS_TASK_STREAM (self), 0);

  return self->n_left;
}

/**
 * tend_task_stream_next:
 * @self: a stream
 *
 * Gets a task to wait for, whose result is the next task that ends.
 *
 * The result is %NULL if no task is left. Several calls may be under way at once; they get their results in the order
 * of the calls. If the returned task is cancelled, no task is taken for it.
 *
 * Returns: (transfer full): a task with a task as its result
 *
 * Since: 0.1
 */
TendTask *
tend_task_stream_next (TendTaskStream *self)
{
  TendTask *next;

  g_return_val_if_fail (TEND_IS_TASK_STREAM (self), NULL);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), NULL);

  next = tend_task_create_for (self->loop, NULL, NULL, NULL, __builtin_return_address (0));
  ask (self, next);
  hand_out (self);

  return next;
}
