// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A wait for tasks of a manager, or for its shutdown: a result that will be returned, and the list that has the wait
// until then. manager-wait-tasks.c and manager-shutdown.c decide when the wait is over.
//
//   in a list --> taken out --> its result returned --> freed
//
// It is taken out once: when what it waits for has ended, when it is cancelled, or when the manager goes.
// Ownership: the loop thread's.

#include "tend-manager-private.h"
#include "tend-manager-wait-private.h"

static void
wait_unlisten (TendManagerWait *wait)
{
  if (wait->cancelled != NULL)
    g_source_destroy (wait->cancelled);
  g_clear_pointer (&wait->cancelled, g_source_unref);
}

/*
 * Takes @wait out of its list, for the caller to return the result and to free the wait. The return calls whoever has
 * waited, who must find the wait in no list and beyond giving up.
 */
TendManagerWait *
tend_manager_wait_take (TendManagerWait *wait)
{
  GPtrArray *waits = g_steal_pointer (&wait->waits);
  guint i;

  if (g_ptr_array_find (waits, wait, &i))
    g_ptr_array_steal_index (waits, i);
  wait_unlisten (wait);

  return wait;
}

void
tend_manager_wait_free (TendManagerWait *wait)
{
  wait_unlisten (wait);
  g_clear_pointer (&wait->excused, g_hash_table_unref);
  g_clear_object (&wait->caller);
  g_object_unref (wait->result);
  g_object_unref (wait->manager);
  g_free (wait);
}

static gboolean
wait_cancelled_cb (GCancellable *cancellable,
                   gpointer      user_data)
{
  TendManagerWait *wait = tend_manager_wait_take (user_data);

  if (wait->given_up != NULL)
    wait->given_up (wait);
  g_task_return_error_if_cancelled (wait->result);
  tend_manager_wait_free (wait);

  return G_SOURCE_REMOVE;
}

/* The wait is over. It was taken out in a call that must not run user code, and so a job of the loop returns it. */
static void
wait_over_cb (TendJob *job)
{
  TendManagerWait *wait = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendManagerWait, job));

  g_task_return_boolean (wait->result, TRUE);
  tend_manager_wait_free (wait);
}

/*
 * Adds a wait of the current task to @waits; takes @result. If the cancellable of @result ends the wait, @given_up is
 * called after the wait was taken out and before the result is returned; it may be NULL.
 */
TendManagerWait *
tend_manager_wait_new (TendTaskManager     *self,
                       GPtrArray           *waits,
                       GTask               *result,
                       TendManagerWaitFunc  given_up)
{
  TendManagerWait *wait = g_new0 (TendManagerWait, 1);
  GCancellable *cancellable = g_task_get_cancellable (result);

  wait->manager = g_object_ref (self);
  wait->waits = waits;
  wait->given_up = given_up;
  wait->result = result;
  wait->caller = tend_task_get_current ();
  if (wait->caller != NULL)
    g_object_ref (wait->caller);
  tend_job_init (&wait->job, wait_over_cb);
  g_ptr_array_add (waits, wait);

  if (cancellable != NULL)
    {
      wait->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (wait->cancelled, G_SOURCE_FUNC (wait_cancelled_cb), wait, NULL);
      g_source_set_static_name (wait->cancelled, "[libtend] wait");
      g_source_attach (wait->cancelled, g_task_get_context (result));
    }

  return wait;
}
