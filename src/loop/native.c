// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The way from a fiber's stack to the thread's native one, and the waits of fibers for layers that do not see fibers.
//
// The body of fibers sets a table of functions while a fiber runs on the thread. In the child of a fork no fiber runs:
// that body removes the table there.

#include "tend-native-private.h"

static TEND_THREAD const TendFiberClass *current_fiber;

void
tend_set_fiber (const TendFiberClass *fiber)
{
  current_fiber = fiber;
}

gboolean
tend_is_on_fiber (void)
{
  return current_fiber != NULL;
}

void
tend_call_native (TendNativeFunc func,
                  gpointer       data)
{
  if (current_fiber == NULL)
    func (data);
  else
    current_fiber->hop (func, data);
}

TendJob *
tend_begin_wait (const char  *func,
                 GError     **error)
{
  if (current_fiber != NULL)
    return current_fiber->begin_wait (error);

  g_set_error (error, TEND_ERROR, TEND_ERROR_NO_FIBER,
               _("%s(): waits, and can only be called in a fiber"), func);
  return NULL;
}

gboolean
tend_fiber_lets_run (void)
{
  return current_fiber != NULL && current_fiber->lets_run ();
}

gboolean
tend_fiber_goes_on (void)
{
  return current_fiber != NULL && current_fiber->goes_on ();
}

gboolean
tend_wait (GError **error)
{
  return current_fiber->wait (error);
}

TendJob *
tend_begin_bound_wait (void)
{
  return current_fiber->get_job ();
}

void
tend_wait_bound (void)
{
  current_fiber->wait_bound ();
}

gboolean
tend_shield_fiber (int change)
{
  return current_fiber != NULL && current_fiber->shield (change);
}

TendCalls *
tend_get_fiber_calls (void)
{
  return current_fiber != NULL ? current_fiber->get_calls () : NULL;
}

gboolean
tend_peek_fiber (const char **name,
                 guint64     *id)
{
  if (current_fiber == NULL)
    return FALSE;

  current_fiber->peek (name, id);
  return TRUE;
}

void
tend_fiber_unwound (gboolean is_forced)
{
  if (current_fiber != NULL)
    current_fiber->unwound (is_forced);
}

typedef struct
{
  GObject    *object;
  GParamSpec *pspec;
} NotifyCall;

static void
notify_native_cb (gpointer data)
{
  NotifyCall *call = data;

  g_object_notify_by_pspec (call->object, call->pspec);
}

/* Notifies a property, which a fiber may have changed. */
void
tend_notify_native (GObject    *object,
                    GParamSpec *pspec)
{
  NotifyCall call = { object, pspec };

  if (G_LIKELY (current_fiber == NULL))
    {
      g_object_notify_by_pspec (object, pspec);
      return;
    }

  tend_call_native (notify_native_cb, &call);
}

typedef struct
{
  GDestroyNotify notify;
  gpointer       user_data;
} Destroy;

static void
destroy_native_cb (gpointer data)
{
  Destroy *destroy = data;

  destroy->notify (destroy->user_data);
}

void
tend_destroy_natively (GDestroyNotify notify,
                       gpointer       user_data)
{
  Destroy destroy = { notify, user_data };

  if (notify != NULL)
    tend_call_native (destroy_native_cb, &destroy);
}
