// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A semaphore: permits that tasks hold, and wait for in order.
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

#include "tend-sync-private.h"
#include "tend-semaphore.h"

/**
 * TendSemaphore:
 *
 * A number of permits, of which tasks acquire one each, and for which they wait.
 *
 * Use a semaphore with one permit as a lock over code that waits, and one with several to limit how many tasks do
 * something at a time. Waiting tasks get their turn in the order of waiting: a permit that is released goes to the
 * first of them, and a task that comes later never takes it. For code that does not wait no lock is needed, since the
 * tasks of one main context take turns. To limit whole tasks, use [method@Tend.TaskManager.set_max_running].
 *
 * A fiber uses `tend_semaphore_acquire()`, and all other code [method@Tend.Semaphore.acquire_async] or
 * [method@Tend.Semaphore.try_acquire]. The permit belongs to the task that acquires it. What a task still holds when it
 * is finished is given back. A semaphore does not count who has it already: a task that holds the only permit and
 * acquires another one waits for itself.
 *
 * Waits hold no reference to the semaphore: when everybody else has dropped theirs, the waits fail.
 *
 * A semaphore belongs to the thread-default main context of the thread that creates it, and all of it is for the thread
 * that runs this context. The bodies of threads cannot use it; there use a [struct@GLib.Mutex].
 *
 * See [Semaphores, events and conditions](primitives.html).
 *
 * Since: 0.1
 */
struct _TendSemaphore
{
  GObject   parent_instance;

  TendLoop *loop;           /* constant */
  guint     n_permits;      /* constant */
  guint     n_available;
  guint     n_waiting;      /* those whose wait is not over */
  guint     n_unowned;      /* permits that were acquired outside tasks */
  GQueue    holds;          /* of Hold; that which is the oldest comes first */
  TendHub  *hub;            /* constant; that of the loop */
  gpointer  recent;         /* the Hold that was used last; NULL: none */
  TendQueue waiters;        /* of TendWaiter */
  gboolean  is_disposed;    /* by hand, maybe: what was held until then was given back */
  TendJob   changed_job;    /* notifies, once in a turn, what is not as it was told last */
  guint     told_available;
  guint     told_waiting;
};

G_DEFINE_FINAL_TYPE (TendSemaphore, tend_semaphore, G_TYPE_OBJECT)

typedef enum
{
  PROP_N_PERMITS = 1,
  PROP_N_AVAILABLE,
  PROP_N_WAITING,
} TendSemaphoreProperty;

static GParamSpec *properties[PROP_N_WAITING + 1];

/* The permits that a task has of a semaphore: none, if it is the idle one. */
typedef struct
{
  TendObserver   observer;  /* of the task */
  GList          link;      /* in the semaphore's holds; its data is the hold */
  TendSemaphore *semaphore; /* not a reference */
  TendTask      *task;      /* not a reference: it is not finished */
  guint          n;
} Hold;

/* --- The rules --- */

/* Those who hear of it may use or drop the semaphore. */
static void
changed_cb (TendJob *job)
{
  g_autoptr(TendSemaphore) self = g_object_ref (G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendSemaphore,
                                                                                                 changed_job)));
  gboolean has_available = self->told_available == self->n_available;
  gboolean has_waiting = self->told_waiting == self->n_waiting;

  self->told_available = self->n_available;
  self->told_waiting = self->n_waiting;
  if (!has_available)
    tend_notify_native (G_OBJECT (self), properties[PROP_N_AVAILABLE]);
  if (!has_waiting)
    tend_notify_native (G_OBJECT (self), properties[PROP_N_WAITING]);
}

/* Has the properties notified that are not as they were. */
static inline void
note_change (TendSemaphore *self)
{
  if ((self->told_available != self->n_available || self->told_waiting != self->n_waiting) &&
      !tend_job_is_waiting (&self->changed_job))
    tend_loop_queue_ready (self->loop, &self->changed_job);
}

/* Gives the permits that are available to those who wait. To be called whenever something has changed. */
static void
settle (TendSemaphore *self)
{
  TendWaiter *waiter;

  while (self->n_available > 0 && (waiter = tend_waiters_peek (&self->waiters)) != NULL)
    {
      self->n_available--;
      tend_waiter_wake (waiter, TRUE);
    }

  note_change (self);
}

static G_GNUC_NO_INLINE void
give_to_waiters (TendSemaphore *self)
{
  /* Waking takes references, of which the first must not be one that user code is told of. */
  g_object_ref (self);
  settle (self);
  g_object_unref (self);
}

static inline void
give_back (TendSemaphore *self,
           guint          n)
{
  self->n_available += n;
  if (tend_queue_is_empty (&self->waiters))
    note_change (self);
  else
    give_to_waiters (self);
}

/* --- Who holds what --- */

static void
hold_free (Hold *hold)
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
hold_rest (Hold *hold)
{
  TendHub *hub = hold->semaphore->hub;

  if (hub->idle_hold != NULL && ((Hold *) hub->idle_hold)->n == 0)
    hold_free (hub->idle_hold);
  hub->idle_hold = hold;
}

static inline void
release_hold (Hold *hold)
{
  if (--hold->n == 0 && hold->semaphore->hub->idle_hold != hold)
    hold_rest (hold);
}

static void
released_cb (TendObserver *observer,
             TendTask     *task)
{
  Hold *hold = (Hold *) observer;
  TendSemaphore *self = hold->semaphore;
  guint n = hold->n;

  hold_free (hold);
  if (n > 0)
    give_back (self, n);
}

static const TendObserverClass hold_class = { .released = released_cb };

/* Whether @task is one that can hold permits: it runs, in the semaphore's main context. */
static gboolean
may_hold (TendSemaphore *self,
          TendTask      *task)
{
  TendLoop *loop = task != NULL ? tend_task_loop (task) : NULL;

  if (loop == NULL || tend_task_status (task) == TEND_TASK_STATUS_CREATED || tend_task_is_released (task))
    return FALSE;

  return loop == self->loop || tend_loop_get_context (loop) == tend_loop_get_context (self->loop);
}

/* A task has few observers, and a semaphore may have many holds. */
static Hold *
find_hold (TendSemaphore *self,
           TendTask      *task)
{
  Hold *recent = self->recent;

  if (recent != NULL && recent->task == task)
    return recent;

  if (!may_hold (self, task))
    return NULL;

  for (TendObserver *o = tend_task_observers (task); o != NULL; o = o->next)
    {
      if (o->klass == &hold_class && ((Hold *) o)->semaphore == self)
        return (Hold *) o;
    }

  return NULL;
}

/* Notes that @task has one permit more; outside tasks it is NULL, or one that cannot hold any. */
static void
add_hold (TendSemaphore *self,
          TendTask      *task)
{
  Hold *hold = find_hold (self, task);

  if (hold != NULL)
    {
      hold->n++;
      return;
    }

  if (!may_hold (self, task))
    {
      self->n_unowned++;
      return;
    }

  hold = g_new (Hold, 1);
  *hold = (Hold) { .observer.klass = &hold_class, .link.data = hold, .semaphore = self, .task = task, .n = 1 };
  g_queue_push_tail_link (&self->holds, &hold->link);
  tend_task_add_observer (task, &hold->observer);
  self->recent = hold;
}

/* The hold that is the oldest of those that are not idle; NULL: there is none. */
static Hold *
find_oldest_hold (TendSemaphore *self)
{
  for (GList *l = self->holds.head; l != NULL; l = l->next)
    {
      Hold *hold = l->data;

      if (hold->n > 0)
        return hold;
    }

  return NULL;
}

/* Takes a permit from what @task holds, or from what nobody does. FALSE if there is none. */
static gboolean
remove_hold (TendSemaphore *self,
             TendTask      *task)
{
  Hold *hold = find_hold (self, task);

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

  release_hold (hold);
  return TRUE;
}

/* --- The object --- */

/* Those who still wait are woken, and hold the semaphore until they have gone on. */
static void
tend_semaphore_dispose (GObject *object)
{
  TendSemaphore *self = TEND_SEMAPHORE (object);

  if (tend_loop_take_home (self->loop, object))
    return;

  self->is_disposed = TRUE;
  self->n_available += self->n_unowned;
  self->n_unowned = 0;
  while (self->holds.head != NULL)
    {
      Hold *hold = self->holds.head->data;

      self->n_available += hold->n;
      hold_free (hold);
    }
  tend_waiters_wake_all (&self->waiters, FALSE);

  G_OBJECT_CLASS (tend_semaphore_parent_class)->dispose (object);
}

static void
tend_semaphore_finalize (GObject *object)
{
  TendSemaphore *self = TEND_SEMAPHORE (object);

  g_assert (self->holds.head == NULL && tend_queue_is_empty (&self->waiters));

  tend_loop_remove (self->loop, &self->changed_job);
  tend_loop_release (self->loop);

  G_OBJECT_CLASS (tend_semaphore_parent_class)->finalize (object);
}

static void
tend_semaphore_constructed (GObject *object)
{
  TendSemaphore *self = TEND_SEMAPHORE (object);

  G_OBJECT_CLASS (tend_semaphore_parent_class)->constructed (object);

  self->n_available = self->told_available = self->n_permits;
}

static void
tend_semaphore_get_property (GObject    *object,
                             guint       property_id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  TendSemaphore *self = TEND_SEMAPHORE (object);

  switch ((TendSemaphoreProperty) property_id)
    {
    case PROP_N_PERMITS:
      g_value_set_uint (value, self->n_permits);
      break;
    case PROP_N_AVAILABLE:
      g_value_set_uint (value, self->n_available);
      break;
    case PROP_N_WAITING:
      g_value_set_uint (value, self->n_waiting);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
tend_semaphore_set_property (GObject      *object,
                             guint         property_id,
                             const GValue *value,
                             GParamSpec   *pspec)
{
  TendSemaphore *self = TEND_SEMAPHORE (object);

  switch ((TendSemaphoreProperty) property_id)
    {
    case PROP_N_PERMITS:
      self->n_permits = g_value_get_uint (value);
      break;
    case PROP_N_AVAILABLE:
    case PROP_N_WAITING:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
tend_semaphore_class_init (TendSemaphoreClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = tend_semaphore_constructed;
  object_class->dispose = tend_semaphore_dispose;
  object_class->finalize = tend_semaphore_finalize;
  object_class->get_property = tend_semaphore_get_property;
  object_class->set_property = tend_semaphore_set_property;

  /**
   * TendSemaphore:n-permits:
   *
   * How many permits there are.
   *
   * Since: 0.1
   */
  properties[PROP_N_PERMITS] =
    g_param_spec_uint ("n-permits", NULL, NULL, 1, G_MAXUINT, 1,
                       G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * TendSemaphore:n-available:
   *
   * How many permits are available.
   *
   * Notified in the next turn of the loop after it has changed, at most once per turn.
   *
   * Since: 0.1
   */
  properties[PROP_N_AVAILABLE] =
    g_param_spec_uint ("n-available", NULL, NULL, 0, G_MAXUINT, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * TendSemaphore:n-waiting:
   *
   * How many wait for a permit.
   *
   * Notified in the next turn of the loop after it has changed, at most once per turn.
   *
   * Since: 0.1
   */
  properties[PROP_N_WAITING] =
    g_param_spec_uint ("n-waiting", NULL, NULL, 0, G_MAXUINT, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
tend_semaphore_init (TendSemaphore *self)
{
  self->loop = tend_loop_acquire (NULL, G_PRIORITY_DEFAULT);
  self->hub = tend_loop_get_hub (self->loop);
  g_queue_init (&self->holds);
  tend_queue_init (&self->waiters);
  tend_job_init (&self->changed_job, changed_cb);
}

/**
 * tend_semaphore_new:
 * @n_permits: how many permits there are, at least 1; a lock has 1
 *
 * Creates a semaphore for the thread-default main context, with all permits available.
 *
 * Returns: (transfer full): the semaphore
 *
 * Since: 0.1
 */
TendSemaphore *
tend_semaphore_new (guint n_permits)
{
  g_return_val_if_fail (n_permits > 0, NULL);

  return g_object_new (TEND_TYPE_SEMAPHORE, "n-permits", n_permits, NULL);
}

/**
 * tend_semaphore_get_n_permits:
 * @self: a semaphore
 *
 * Gets how many permits there are.
 *
 * Only for the owning thread.
 *
 * Returns: the number that the semaphore was created with
 *
 * Since: 0.1
 */
guint
tend_semaphore_get_n_permits (TendSemaphore *self)
{
  g_return_val_if_fail (TEND_IS_SEMAPHORE (self), 0);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), 0);

  return self->n_permits;
}

/**
 * tend_semaphore_get_n_available:
 * @self: a semaphore
 *
 * Counts the permits that are available.
 *
 * One that is on its way to a task that waited is not. Only for the owning thread.
 *
 * Returns: the number of permits
 *
 * Since: 0.1
 */
guint
tend_semaphore_get_n_available (TendSemaphore *self)
{
  g_return_val_if_fail (TEND_IS_SEMAPHORE (self), 0);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), 0);

  return self->n_available;
}

/**
 * tend_semaphore_get_n_waiting:
 * @self: a semaphore
 *
 * Counts those who wait for a permit.
 *
 * One that is given a permit, or is cancelled, counts until it goes on. Only for the owning thread.
 *
 * Returns: the number of waits
 *
 * Since: 0.1
 */
guint
tend_semaphore_get_n_waiting (TendSemaphore *self)
{
  g_return_val_if_fail (TEND_IS_SEMAPHORE (self), 0);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), 0);

  return self->n_waiting;
}

static void
set_gone_error (GError **error)
{
  g_set_error (error, TEND_ERROR, TEND_ERROR_CLOSED, _("Semaphore: nobody can release it any more"));
}

/* Whether @task acquires once more what it has had last, so that nothing but the count of its hold changes. */
static inline gboolean
is_recent (TendSemaphore *self,
           TendTask      *task)
{
  Hold *recent = self->recent;

  return recent != NULL && recent->task == task;
}

/* Takes a permit for the current task, if one is available. */
static gboolean
take (TendSemaphore *self)
{
  if (self->n_available == 0)
    return FALSE;

  self->n_available--;
  add_hold (self, tend_task_peek_current ());
  note_change (self);
  return TRUE;
}

/* --- Acquiring in a fiber --- */

/* Takes @kept, a reference to @self or NULL. */
static gboolean
wait_for_permit (TendSemaphore  *self,
                 TendSemaphore  *kept,
                 TendJob        *wake,
                 GError        **error)
{
  TendWaiter waiter;
  gboolean goes_on;

  self->n_waiting++;
  note_change (self);
  goes_on = tend_waiter_wait_in (&waiter, self, kept, &self->waiters, wake, NULL, error);
  self->n_waiting--;

  if (goes_on && waiter.is_granted)
    add_hold (self, tend_task_get_current ());
  else if (goes_on)
    set_gone_error (error);
  else if (waiter.is_granted)
    self->n_available++;
  if (!waiter.is_woken)
    g_object_ref (self);
  settle (self);
  g_object_unref (self);

  return goes_on && waiter.is_granted;
}

/* Apart from the function below, whose way is short where it is one that is gone again and again. */
static G_GNUC_NO_INLINE gboolean
acquire (TendSemaphore  *self,
         const char     *func,
         GError        **error)
{
  g_autoptr(TendSemaphore) kept = NULL;
  TendJob *wake;

  /* Others may run before the fiber waits here, and drop the semaphore. */
  kept = tend_fiber_lets_run () ? g_object_ref (self) : NULL;
  if (!tend_waiter_begin (self->loop, &wake, error))
    return FALSE;

  if (take (self))
    return TRUE;

  if (wake == NULL)
    {
      tend_begin_wait (func, error);
      return FALSE;
    }

  return wait_for_permit (self, g_steal_pointer (&kept), wake, error);
}

/**
 * tend_semaphore_acquire: (skip)
 * @self: a semaphore
 * @error: return location for an error
 *
 * Acquires a permit, and waits while there is none.
 *
 * The permit belongs to the task of the fiber until [method@Tend.Semaphore.release], or until the task is finished. For
 * the rest of a scope, use the guard `TendPermit`, which releases it:
 *
 * ```c
 * g_auto(TendPermit) permit = tend_permit_acquire (account->lock, error);
 * ```
 *
 * Waiting tasks get their turn in the order of waiting. If the task is cancelled or stopped meanwhile, it gets none: a
 * permit that was on its way to it goes to the next one that waits. Outside a fiber the call works if it need not wait.
 *
 * Only for the owning thread, and for a fiber of the semaphore's main context.
 *
 * Returns: %TRUE with a permit; %FALSE with `G_IO_ERROR_CANCELLED` or `TEND_ERROR_STOPPED` if the task was cancelled or
 *   ended, `TEND_ERROR_CLOSED` if everybody has dropped the semaphore, `TEND_ERROR_NO_FIBER` if it would have to wait
 *   outside a fiber, and `TEND_ERROR_WRONG_THREAD` in a fiber of another main context
 *
 * Since: 0.1
 */
gboolean
tend_semaphore_acquire (TendSemaphore  *self,
                        GError        **error)
{
  g_return_val_if_fail (TEND_IS_SEMAPHORE (self), FALSE);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  /* The task is one of this main context, since it has been here before. */
  if (self->n_available > 0 && is_recent (self, tend_task_peek_current ()) && tend_fiber_goes_on ())
    {
      self->n_available--;
      ((Hold *) self->recent)->n++;
      note_change (self);
      return TRUE;
    }

  return acquire (self, G_STRFUNC, error);
}

/* --- By callback --- */

static void
unref_task_cb (gpointer data)
{
  g_object_unref (data);
}

/* Whether what @task held was given back. It is not the one of the main part, which has no loop. */
static gboolean
is_finished (TendTask *task)
{
  return tend_task_loop (task) != NULL && tend_task_is_released (task);
}

/* The data of the wait is the task that has begun it, to which the permit goes. */
static void
settle_acquire (TendAsyncWait *wait)
{
  TendSemaphore *self = wait->waiter.source;
  TendTask *task = wait->waiter.data;
  gboolean is_granted = wait->waiter.is_granted;

  self->n_waiting--;
  if (tend_waiter_is_given_up (&wait->waiter))
    wait->error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                       _("Semaphore: the wait for a permit was cancelled"));
  else if (!is_granted)
    set_gone_error (&wait->error);
  else if (is_finished (task))
    tend_task_set_error (task, &wait->error, TEND_ERROR, TEND_ERROR_STOPPED, _("ended before it got the permit"));
  else
    add_hold (self, task);

  if (is_granted && wait->error != NULL)
    self->n_available++;
  settle (self);
}

/* Nobody has read the result, and so nobody knows that there is a permit to release. A task may have given it back. */
static void
take_back_permit (TendAsyncWait *wait)
{
  TendSemaphore *self = wait->waiter.source;
  g_autoptr(TendTask) task = g_steal_pointer (&wait->waiter.data);
  Hold *hold;

  if (!wait->waiter.is_granted || wait->error != NULL || is_finished (task))
    return;

  hold = find_hold (self, task);
  if (may_hold (self, task) && (hold == NULL || hold->n == 0))
    return;

  if (remove_hold (self, task))
    give_back (self, 1);
}

static const TendAsyncWaitKind acquire_kind = {
  .settle = settle_acquire,
  .free_data = unref_task_cb,
  .take_back = take_back_permit,
};

/**
 * tend_semaphore_acquire_async:
 * @self: a semaphore
 * @cancellable: (nullable): ends the wait when it is cancelled; no permit is taken then
 * @callback: (nullable) (scope async) (closure user_data): called when there is a permit
 * @user_data: data for @callback
 *
 * Acquires a permit as soon as there is one.
 *
 * @callback never runs before this returns. The permit belongs to the current task of this call, and is given back when
 * that is finished; outside tasks it belongs to nobody. A result that is dropped without
 * [method@Tend.Semaphore.acquire_finish] gives its permit back. The wait holds no reference to the semaphore: when
 * everybody else has dropped theirs, it fails with `TEND_ERROR_CLOSED`. If the calling task belongs to a manager with
 * an owner, @callback does not run after the owner is gone, and no permit is taken for it: see
 * [ctor@Tend.TaskManager.new_for_owner].
 *
 * Only for the owning thread; @cancellable may be cancelled in any thread.
 *
 * Since: 0.1
 */
void
tend_semaphore_acquire_async (TendSemaphore       *self,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  TendAsyncWait *wait;

  g_return_if_fail (TEND_IS_SEMAPHORE (self));
  g_return_if_fail (tend_loop_is_mine (self->loop));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  /* A toggle reference of the cancellable may tell user code that it is held, and that drop the semaphore. */
  g_object_ref (self);
  wait = tend_async_wait_new (&acquire_kind, self, self->loop, g_object_ref (tend_task_get_current ()),
                              cancellable, callback, user_data);
  self->n_waiting++;
  tend_queue_push (&self->waiters, &wait->waiter.link);
  settle (self);
  g_object_unref (self);
}

/**
 * tend_semaphore_acquire_finish:
 * @self: a semaphore
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Finishes the operation of [method@Tend.Semaphore.acquire_async].
 *
 * Returns: %TRUE with a permit; %FALSE with `G_IO_ERROR_CANCELLED`, with `TEND_ERROR_CLOSED` if everybody has dropped
 *   the semaphore, or with `TEND_ERROR_STOPPED` if the task that the permit was for is finished
 *
 * Since: 0.1
 */
gboolean
tend_semaphore_acquire_finish (TendSemaphore  *self,
                               GAsyncResult   *result,
                               GError        **error)
{
  TendAsyncWait *wait;

  g_return_val_if_fail (TEND_IS_SEMAPHORE (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  wait = tend_async_wait_check (result, &acquire_kind, self);
  g_return_val_if_fail (wait != NULL, FALSE);
  g_return_val_if_fail (wait->error != NULL || wait->waiter.data != NULL, FALSE);

  wait->is_read = TRUE;
  return tend_async_wait_propagate (wait, error);
}

/* --- Without a wait --- */

/**
 * tend_semaphore_try_acquire:
 * @self: a semaphore
 *
 * Acquires a permit if this needs no wait.
 *
 * The permit belongs to the current task, as one of tend_semaphore_acquire() does, or outside tasks and in one that is
 * finished to nobody. Works inside and outside fibers, also in a task that was cancelled. Only for the owning thread.
 *
 * Returns: %TRUE with a permit; %FALSE if none is available
 *
 * Since: 0.1
 */
gboolean
tend_semaphore_try_acquire (TendSemaphore *self)
{
  g_return_val_if_fail (TEND_IS_SEMAPHORE (self), FALSE);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), FALSE);

  return take (self);
}

/**
 * tend_semaphore_release:
 * @self: a semaphore
 *
 * Releases a permit, which goes to the first that waits.
 *
 * The permit is one that the current task holds. If it holds none, the permit is one that was acquired outside tasks.
 * Outside tasks, if there is no such permit either, it is one of the task that has held its permits for longest.
 *
 * To release what was not acquired is an error in the program: the function logs a critical and does nothing. The code
 * of the next holder never runs before this returns.
 *
 * Only for the owning thread.
 *
 * Since: 0.1
 */
void
tend_semaphore_release (TendSemaphore *self)
{
  TendTask *task;

  g_return_if_fail (TEND_IS_SEMAPHORE (self));
  g_return_if_fail (tend_loop_is_mine (self->loop));

  task = tend_task_peek_current ();
  if (is_recent (self, task) && ((Hold *) self->recent)->n > 0)
    {
      release_hold (self->recent);
      give_back (self, 1);
    }
  else if (remove_hold (self, task))
    give_back (self, 1);
  else if (!self->is_disposed)
    g_critical ("Semaphore: released by a task that holds no permit");
}
