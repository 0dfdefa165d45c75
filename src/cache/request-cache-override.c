// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Overrides of the timeouts of caches for a while, mainly for tests.
//
// An override belongs to the task that pushed it, or to code outside of tasks, and applies to the caches that this code
// adds. So overrides nest, and a wait in between does not affect others. If a task has ended without popping its
// override, the override applies to nobody and is dropped.

#include "tend-request-cache-private.h"

struct _TendOverride
{
  TendOverride *next;
  TendTask            *task;    /* a reference; outside of tasks it is that of the program's main part */
  GType                type;
  gint64               timeout;
};

static void
override_free (TendOverride *override)
{
  g_object_unref (override->task);
  g_free (override);
}

/* What a task has may be freed with it, and push or pop one: these are in no list any more. */
static void
free_all (TendOverride *override)
{
  while (override != NULL)
    {
      TendOverride *next = override->next;

      override_free (override);
      override = next;
    }
}

/* Whether nothing of the task runs any more that could still pop its override. */
static gboolean
is_over (TendTask *task)
{
  return tend_task_is_through (task);
}

static void
drop_ended (TendRequestCache *self)
{
  TendOverride *ended = NULL;

  for (TendOverride **o = &self->overrides; *o != NULL;)
    {
      TendOverride *override = *o;

      if (is_over (override->task))
        {
          *o = override->next;
          override->next = ended;
          ended = override;
        }
      else
        o = &override->next;
    }
  free_all (ended);
}

void
tend_request_cache_clear_overrides (TendRequestCache *self)
{
  free_all (g_steal_pointer (&self->overrides));
}

/* The time-out of @cache, which would be @timeout, for the code that runs now. */
gint64
tend_request_cache_override (TendRequestCache *self,
                             TendNumberCache  *cache,
                             gint64            timeout)
{
  TendTask *current = tend_task_get_current ();

  for (TendOverride *o = self->overrides; o != NULL; o = o->next)
    {
      if (o->task == current && g_type_is_a (G_OBJECT_TYPE (cache), o->type))
        return o->timeout;
    }

  return timeout;
}

/**
 * tend_request_cache_push_timeout:
 * @self: a request cache
 * @type: for caches of this type and of those derived from it; `TEND_TYPE_NUMBER_CACHE` for all
 * @timeout: microseconds; 0 for the next turn of the loop, %TEND_FOREVER for no limit
 *
 * Overrides the timeouts of the caches that the calling task adds from now on with @timeout.
 *
 * The override lasts until [method@Tend.RequestCache.pop_timeout]. It applies to what the calling task adds, or,
 * outside of tasks, to what code outside of tasks adds: while the task waits, others are not affected. A handler of
 * [signal@Tend.NumberCache::timed-out] is code outside of tasks. If several overrides match a cache, the newest one
 * applies. A cache keeps the timeout with which it was added.
 *
 * For the rest of a scope, write `g_auto(TendTimeoutOverride) override = tend_timeout_override_enter (cache, type,
 * timeout);`.
 *
 * Since: 0.1
 */
void
tend_request_cache_push_timeout (TendRequestCache *self,
                                 GType             type,
                                 gint64            timeout)
{
  TendOverride *override;

  g_return_if_fail (TEND_IS_REQUEST_CACHE (self));
  g_return_if_fail (g_type_is_a (type, TEND_TYPE_NUMBER_CACHE));
  g_return_if_fail (timeout >= 0);

  if (!tend_request_cache_check_thread (self, G_STRFUNC))
    return;

  /* What an ended task has may be freed with it, and drop the request cache. */
  g_object_ref (self);
  drop_ended (self);
  override = g_new0 (TendOverride, 1);
  override->task = g_object_ref (tend_task_get_current ());
  override->type = type;
  override->timeout = timeout;
  override->next = self->overrides;
  self->overrides = override;
  g_object_unref (self);
}

/**
 * tend_request_cache_pop_timeout:
 * @self: a request cache
 *
 * Ends the newest override of the calling task, or, outside of tasks, of the code outside of tasks.
 *
 * Since: 0.1
 */
void
tend_request_cache_pop_timeout (TendRequestCache *self)
{
  g_return_if_fail (TEND_IS_REQUEST_CACHE (self));

  if (!tend_request_cache_check_thread (self, G_STRFUNC))
    return;

  for (TendOverride **o = &self->overrides; *o != NULL; o = &(*o)->next)
    {
      TendOverride *override = *o;

      if (override->task == tend_task_get_current ())
        {
          *o = override->next;
          override_free (override);
          return;
        }
    }

  /* What is over may have lost its own already: somebody had it run once more. */
  if (!is_over (tend_task_get_current ()))
    g_critical ("%s(): no timeout was pushed here", G_STRFUNC);
}
