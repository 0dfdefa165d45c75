// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Where the loops of all contexts are found, and to which thread each belongs.
//
// Lock: the registry's guards the table of hubs and the list of loops in each. It is taken with no
// other held, and user code never runs under it. A thread remembers the loop that it used last, so
// that the lock is not taken for each task.

#include "tend-loop-private.h"

#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

static struct
{
  GMutex      lock;
  GHashTable *hubs;         /* under lock; GMainContext to TendHub */
  int         generation;   /* atomic; changes when a loop comes, retires, or changes its thread */
} registry;

/*
 * The loop that this thread used last. It is only filled where the thread is the loop's own, and
 * only such a thread retires a loop, so that an entry of the current generation is alive.
 */
static TEND_THREAD struct
{
  GMainContext *context;
  int           priority;
  int           generation;
  TendLoop     *loop;
} last_used;

/* The address of a thread-local variable tells threads apart and costs nothing to get. */
static inline gpointer
get_thread_mark (void)
{
  return &last_used;
}

/* What a thread leaves behind when it exits belongs to nobody, until another takes it over. */
static void
thread_gone (gpointer mark)
{
  GHashTableIter iter;
  TendHub *hub;

  g_mutex_lock (&registry.lock);
  if (registry.hubs != NULL)
    {
      g_hash_table_iter_init (&iter, registry.hubs);
      while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &hub))
        for (GSList *l = hub->loops; l != NULL; l = l->next)
          g_atomic_pointer_compare_and_exchange (&((TendLoop *) l->data)->thread, mark, NULL);
    }
  g_mutex_unlock (&registry.lock);
}

static GPrivate thread_exit = G_PRIVATE_INIT (thread_gone);

/* Makes the loop the calling thread's. */
void
tend_loop_set_thread (TendLoop *loop)
{
  g_private_set (&thread_exit, get_thread_mark ());
  g_atomic_pointer_set (&loop->thread, get_thread_mark ());
  g_atomic_int_inc (&registry.generation);
}

static void
drop_hub_if_unused_locked (TendHub *hub)
{
  if (hub->loops != NULL || hub->clock != NULL)
    return;

  g_hash_table_remove (registry.hubs, hub->context);
  if (g_hash_table_size (registry.hubs) == 0)
    g_clear_pointer (&registry.hubs, g_hash_table_unref);
}

/*
 * Whether anybody uses the loop, which retires if not. To be asked before anything else about a loop
 * that another thread may have made: with the generation comes all that its maker did before.
 */
gboolean
tend_loop_has_users (TendLoop *loop)
{
  return g_atomic_int_get (&registry.generation) != 0 && g_atomic_int_get (&loop->users) > 0;
}

/* Takes a loop that nobody uses out of the registry. */
gboolean
tend_loop_retire (TendLoop *loop)
{
  gboolean retired = FALSE;
  TendHub *hub;

  g_mutex_lock (&registry.lock);
  hub = loop->hub;
  if (hub != NULL && g_atomic_int_get (&loop->users) == 0)
    {
      hub->loops = g_slist_remove (hub->loops, loop);
      loop->hub = NULL;
      g_atomic_int_inc (&registry.generation);

      drop_hub_if_unused_locked (hub);
      retired = TRUE;
    }
  g_mutex_unlock (&registry.lock);

  return retired;
}

static TendHub *
get_hub_locked (GMainContext *context)
{
  TendHub *hub;

  if (registry.hubs == NULL)
    registry.hubs = g_hash_table_new_full (NULL, NULL, NULL, g_free);

  hub = g_hash_table_lookup (registry.hubs, context);
  if (hub == NULL)
    {
      hub = g_new0 (TendHub, 1);
      hub->context = context;
      g_hash_table_insert (registry.hubs, context, hub);
    }

  return hub;
}

static TendLoop *
add_loop_locked (TendHub *hub,
                 int      priority)
{
  TendLoop *loop = tend_loop_new (hub, priority);

  g_atomic_int_inc (&registry.generation);
  hub->loops = g_slist_prepend (hub->loops, loop);
  g_source_attach (&loop->source, hub->context);
  g_source_unref (&loop->source);

  return loop;
}

static gboolean
try_use (TendLoop *loop)
{
  int users = g_atomic_int_get (&loop->users);

  while (users > 0)
    {
      if (g_atomic_int_compare_and_exchange_full (&loop->users, users, users + 1, &users))
        return TRUE;
    }

  return FALSE;
}

/*
 * Whether the calling thread may take itself for the one that runs @context where nobody else is
 * known to. A worker without a context of its own has the default one for its thread-default,
 * and does not run it.
 */
static gboolean
may_run (GMainContext *context)
{
#ifdef __linux__
  if (context == g_main_context_default () && !g_main_context_is_owner (context))
    return syscall (SYS_gettid) == getpid ();
#endif

  return TRUE;
}

static TendLoop *
acquire_slowly (GMainContext *context,
                int           priority)
{
  TendLoop *loop = NULL;
  TendHub *hub;

  g_mutex_lock (&registry.lock);
  hub = get_hub_locked (context);
  for (GSList *l = hub->loops; l != NULL && loop == NULL; l = l->next)
    {
      if (((TendLoop *) l->data)->priority == priority)
        loop = l->data;
    }
  if (loop == NULL)
    {
      loop = add_loop_locked (hub, priority);

      /* Its thread is the one that made it, unless another runs the context. */
      if (may_run (context) && g_main_context_acquire (context))
        {
          tend_loop_set_thread (loop);
          g_main_context_release (context);
        }
    }
  if (g_atomic_int_add (&loop->users, 1) == 0)
    g_main_context_ref (context);
  if (g_atomic_pointer_get (&loop->thread) == get_thread_mark ())
    {
      last_used.context = context;
      last_used.priority = priority;
      last_used.generation = g_atomic_int_get (&registry.generation);
      last_used.loop = loop;
    }
  g_mutex_unlock (&registry.lock);

  return loop;
}

/* Gives the loop of @context, or of the thread-default context, and counts one more user of it. */
TendLoop *
tend_loop_acquire (GMainContext *context,
                   int           priority)
{
  if (context == NULL)
    context = g_main_context_get_thread_default ();
  if (context == NULL)
    context = g_main_context_default ();

  if (last_used.loop != NULL &&
      last_used.context == context &&
      last_used.priority == priority &&
      last_used.generation == g_atomic_int_get (&registry.generation) &&
      try_use (last_used.loop))
    return last_used.loop;

  return acquire_slowly (context, priority);
}

/* Counts one more user of a loop that has one. */
TendLoop *
tend_loop_ref (TendLoop *loop)
{
  g_atomic_int_inc (&loop->users);
  return loop;
}

void
tend_loop_release (TendLoop *loop)
{
  GMainContext *context = NULL;
  int users = g_atomic_int_get (&loop->users);

  while (users > 1)
    {
      if (g_atomic_int_compare_and_exchange_full (&loop->users, users, users - 1, &users))
        return;
    }

  g_mutex_lock (&registry.lock);
  if (g_atomic_int_dec_and_test (&loop->users))
    context = loop->hub->context;
  g_mutex_unlock (&registry.lock);

  if (context != NULL)
    {
      /* A context that sleeps must look again, for the loop to retire. */
      if (g_atomic_pointer_get (&loop->thread) != get_thread_mark ())
        g_main_context_wakeup (context);
      g_main_context_unref (context);
    }
}

TendHub *
tend_hub_acquire (GMainContext *context)
{
  TendHub *hub;

  if (context == NULL)
    context = g_main_context_default ();

  g_mutex_lock (&registry.lock);
  hub = get_hub_locked (g_main_context_ref (context));
  g_mutex_unlock (&registry.lock);

  return hub;
}

/* Gives back what tend_hub_acquire() gave. */
void
tend_hub_release (TendHub *hub)
{
  GMainContext *context = hub->context;

  g_mutex_lock (&registry.lock);
  drop_hub_if_unused_locked (hub);
  g_mutex_unlock (&registry.lock);

  g_main_context_unref (context);
}

/*
 * Makes the loop the calling thread's, if that has acquired the context for good or the thread
 * before has exited. Nobody running the context at this moment is no reason: its thread may be
 * between two turns. Not inlined: saving its registers was most of the question that is asked of every call.
 */
static G_GNUC_NO_INLINE gboolean
take_over (TendLoop *loop)
{
  GMainContext *context = loop->hub->context;
  gboolean is_free;

  if (g_main_context_get_thread_default () == context)
    {
      tend_loop_set_thread (loop);
      return TRUE;
    }

  if (g_atomic_pointer_get (&loop->thread) != NULL || !may_run (context) || !g_main_context_acquire (context))
    return FALSE;

  /* Another thread may have been here first. */
  is_free = g_atomic_pointer_get (&loop->thread) == NULL;
  if (is_free)
    tend_loop_set_thread (loop);
  g_main_context_release (context);

  return is_free;
}

/* Whether the calling thread is the one that runs the loop. */
gboolean
tend_loop_is_mine (TendLoop *loop)
{
  return G_LIKELY (g_atomic_pointer_get (&loop->thread) == get_thread_mark ()) || take_over (loop);
}

/* Whether the calling thread was the last to run the loop, and nothing has to be done about it. */
gboolean
tend_loop_has_thread (TendLoop *loop)
{
  return g_atomic_pointer_get (&loop->thread) == get_thread_mark ();
}
