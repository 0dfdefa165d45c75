// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Two ways to wait for an async pair of an object: in a fiber, and by a callback that a gate may bar. It knows no
// manager, and the request cache uses it as well. Ownership: the loop thread's.

#include "tend-manager-private.h"
#include "tend-manager-wait-private.h"

#include "tend-fiber.h"

/* --- In a fiber --- */

/* What a fiber waits for, and what it gets. The fiber frees it, or the callback if the fiber has left before. */
typedef struct
{
  TendLoop     *loop;       /* the fiber's */
  TendQueue     fiber;      /* its job, while it waits */
  GAsyncResult *result;
  gboolean      is_left;
} FiberWait;

static void
fiber_wait_free (FiberWait *wait)
{
  g_clear_object (&wait->result);
  g_free (wait);
}

static void
fiber_wait_cb (GObject      *source_object,
               GAsyncResult *result,
               gpointer      user_data)
{
  FiberWait *wait = user_data;
  TendJob *fiber = tend_queue_peek (&wait->fiber);

  wait->result = g_object_ref (result);
  if (fiber != NULL)
    {
      tend_job_unlink (fiber);
      tend_loop_queue_micro (wait->loop, fiber);
    }
  else if (wait->is_left)
    fiber_wait_free (wait);
}

/*
 * Waits in a fiber for what @begin begins. It does not use tend_await_call(), which is for work outside of the
 * context: virtual time stands still for that. The caller holds @self, since the fiber may stand still before @begin
 * runs.
 */
gboolean
tend_manager_wait_in_fiber (gpointer           self,
                            TendLoop          *loop,
                            const char        *func,
                            TendManagerBegin   begin,
                            TendManagerFinish  finish,
                            GError           **error)
{
  TendJob *wake = tend_begin_wait (func, error);
  FiberWait *wait;
  gboolean ok = TRUE;

  if (wake == NULL)
    return FALSE;

  if (!tend_loop_is_mine (loop))
    {
      g_set_error (error, TEND_ERROR, TEND_ERROR_WRONG_THREAD,
                   _("%s(): the object belongs to the main context of another thread"), func);
      return FALSE;
    }

  wait = g_new0 (FiberWait, 1);
  wait->loop = tend_task_loop (tend_task_get_current ());
  tend_queue_init (&wait->fiber);
  begin (self, tend_current_cancellable (), fiber_wait_cb, wait);

  /* What @begin called may have run the loop until the result was there. */
  if (wait->result == NULL)
    {
      tend_queue_push (&wait->fiber, wake);
      ok = tend_wait (error);
    }
  if (wait->result == NULL)
    {
      wait->is_left = TRUE;
      return FALSE;
    }

  ok = ok && finish (self, wait->result, error);
  fiber_wait_free (wait);

  return ok;
}

/* --- Callbacks that may be barred --- */

typedef struct
{
  TendGate            *gate;
  GAsyncReadyCallback  callback;
  gpointer             user_data;
} Gated;

static void
gated_cb (GObject      *source_object,
          GAsyncResult *result,
          gpointer      user_data)
{
  Gated *self = user_data;

  if (!tend_gate_is_closed (self->gate))
    self->callback (source_object, result, self->user_data);
  tend_gate_unref (self->gate);
  g_free (self);
}

/*
 * Makes the result of a wait that @self offers. Its callback is barred by the gate of the calling task, or outside of
 * tasks by @gate, if there is one. That of a fiber is never barred, since it frees what the fiber waits with.
 */
GTask *
tend_manager_new_result (gpointer             self,
                         TendGate            *gate,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data,
                         gpointer             tag)
{
  TendTask *caller = tend_task_get_current ();
  GTask *result;

  if (tend_task_loop (caller) != NULL)
    gate = tend_task_get_callback_gate (caller, callback);

  if (gate != NULL && callback != NULL && callback != fiber_wait_cb)
    {
      Gated *gated = g_new (Gated, 1);

      gated->gate = tend_gate_ref (gate);
      gated->callback = callback;
      gated->user_data = user_data;
      callback = gated_cb;
      user_data = gated;
    }

  result = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (result, tag);

  return result;
}
