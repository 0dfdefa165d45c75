// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The class of semaphores: permits that tasks hold, and wait for in order. Ownership: all of it is the loop thread's.

#include "semaphore-private.h"

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
G_DEFINE_FINAL_TYPE (TendSemaphore, tend_semaphore, G_TYPE_OBJECT)

typedef enum
{
  PROP_N_PERMITS = 1,
  PROP_N_AVAILABLE,
  PROP_N_WAITING,
} TendSemaphoreProperty;

static GParamSpec *properties[PROP_N_WAITING + 1];

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
      TendHold *hold = self->holds.head->data;

      self->n_available += hold->n;
      tend_hold_free (hold);
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
