// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The registry that finds the loops of all contexts. Which thread they belong to is in thread.c.
//
// Lock: registry_lock guards the table of hubs, and of each hub its loops and its frozen time. A thread
// remembers the loop that it used last, so that the lock is not taken for each task.
//
// A hub exists as long as it has a loop, and a loop as long as it is used, which is counted. Code that has no use of a
// loop looks at a hub only under the lock.

#include "tend-hub-private.h"

static TEND_DEFINE_LOCK (registry_lock);
static GHashTable *hubs;    /* under registry_lock; GMainContext to TendHub; NULL: none */

/*
 * The loop that this thread used last. It is only filled where the thread runs the loop, and
 * only such a thread retires a loop, so that an entry of the current generation is alive.
 */
static TEND_THREAD struct
{
  GMainContext *context;
  int           priority;
  gsize         generation;
  TendLoop     *loop;
} last_used;

/* What a thread leaves behind when it exits belongs to no thread, until another one takes it over. */
static void
thread_gone (gpointer mark)
{
  GHashTableIter iter;
  gpointer hub;

  tend_lock (&registry_lock);
  if (hubs != NULL)
    {
      g_hash_table_iter_init (&iter, hubs);
      while (g_hash_table_iter_next (&iter, NULL, &hub))
        tend_hub_leave_thread (hub, mark);
    }
  tend_unlock (&registry_lock);
}

/* --- fork() --- */

static gboolean is_forked;      /* constant, but for the child of a fork */

/*
 * The child of a fork begins without a loop. The loops of the parent stay attached to their contexts, but do nothing,
 * and the jobs in them do not run.
 */
static void
begin_anew (void)
{
  GHashTableIter iter;
  TendHub *hub;

  is_forked = TRUE;
  last_used.loop = NULL;
  tend_loops_renew ();

  if (hubs == NULL)
    return;

  g_hash_table_iter_init (&iter, hubs);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &hub))
    {
      for (GSList *l = hub->loops; l != NULL; l = l->next)
        ((TendLoop *) l->data)->is_forgotten = TRUE;
      if (!tend_thread_is_mark (hub->thread))
        hub->thread = NULL;
    }
  g_clear_pointer (&hubs, g_hash_table_unref);
}

/* Whether this process is the child of one that has used the library. */
gboolean
tend_is_forked (void)
{
  return is_forked;
}

/* --- Under the lock --- */

static TendHub *
find_hub_locked (GMainContext *context)
{
  return hubs != NULL ? g_hash_table_lookup (hubs, context) : NULL;
}

/* Enters @loop under the hub of @context, which is created with @mark if it is the first loop. */
static void
add_loop_locked (TendLoop     *loop,
                 GMainContext *context,
                 gpointer      mark)
{
  TendHub *hub = find_hub_locked (context);

  if (hub == NULL)
    {
      hub = g_new0 (TendHub, 1);
      hub->context = context;
      hub->thread = mark;
      hub->frozen_now = -1;
      if (hubs == NULL)
        hubs = g_hash_table_new (NULL, NULL);
      g_hash_table_insert (hubs, context, hub);
    }

  hub->loops = g_slist_prepend (hub->loops, loop);
  loop->hub = hub;
}

static void
remove_loop_locked (TendLoop *loop)
{
  TendHub *hub = g_steal_pointer (&loop->hub);

  hub->loops = g_slist_remove (hub->loops, loop);
  if (hub->loops != NULL)
    return;

  /* In the child of a fork it may be one of the parent's, which is not in the table. */
  if (find_hub_locked (hub->context) == hub)
    {
      g_hash_table_remove (hubs, hub->context);
      if (g_hash_table_size (hubs) == 0)
        g_clear_pointer (&hubs, g_hash_table_unref);
    }
  g_free (hub);
}

static TendLoop *
find_loop_locked (GMainContext *context,
                  int           priority)
{
  TendHub *hub = find_hub_locked (context);

  for (GSList *l = hub != NULL ? hub->loops : NULL; l != NULL; l = l->next)
    {
      if (((TendLoop *) l->data)->priority == priority)
        return l->data;
    }

  return NULL;
}

/* --- Coming and going --- */

/*
 * Whether anybody uses the loop; if not, it retires. Must be called before anything else about a loop that another
 * thread may have created: reading the generation makes everything visible that its creator did before.
 */
gboolean
tend_loop_has_users (TendLoop *loop)
{
  return tend_loops_get_generation () != 0 && g_atomic_int_get (&loop->users) > 0;
}

/* Takes a loop that nobody uses out of the registry. */
gboolean
tend_loop_retire (TendLoop *loop)
{
  gboolean retired = FALSE;

  tend_lock (&registry_lock);
  if (loop->hub != NULL && g_atomic_int_get (&loop->users) == 0)
    {
      remove_loop_locked (loop);
      tend_loops_renew ();
      retired = TRUE;
    }
  tend_unlock (&registry_lock);

  return retired;
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

/* Returns the existing loop with one more use, or NULL. Sets whether that is the first use. */
static TendLoop *
use_loop (GMainContext *context,
          int           priority,
          gboolean     *is_first)
{
  TendLoop *loop;

  tend_lock (&registry_lock);
  loop = find_loop_locked (context, priority);
  if (loop != NULL)
    *is_first = g_atomic_int_add (&loop->users, 1) == 0;
  tend_unlock (&registry_lock);

  return loop;
}

/* Enters a loop that was just created, unless another thread was faster: then returns the existing one. */
static TendLoop *
enter_loop (TendLoop     *made,
            GMainContext *context,
            int           priority,
            gpointer      mark,
            gboolean     *is_first)
{
  TendLoop *loop;

  tend_lock (&registry_lock);
  loop = find_loop_locked (context, priority);
  if (loop == NULL)
    {
      loop = made;
      add_loop_locked (loop, context, mark);
      tend_loops_renew ();
    }
  *is_first = g_atomic_int_add (&loop->users, 1) == 0;
  tend_unlock (&registry_lock);

  return loop;
}

/* Creates a loop, or finds that of a thread which was faster. */
static TendLoop *
make_loop (GMainContext *context,
           int           priority,
           gboolean     *is_first)
{
  TendLoop *made = tend_loop_new (priority), *loop;
  gboolean is_acquired = tend_thread_may_run (context) && g_main_context_acquire (context);

  /* The first loop of a context belongs to the thread that creates it, unless another thread runs the context. */
  tend_thread_watch ();
  loop = enter_loop (made, context, priority, is_acquired ? tend_thread_get_mark_for (context) : NULL, is_first);
  if (loop == made)
    g_source_attach (&made->source, context);
  g_source_unref (&made->source);

  if (is_acquired)
    g_main_context_release (context);

  return loop;
}

static TendLoop *
acquire_slowly (GMainContext *context,
                int           priority)
{
  static TendAtFork at_fork = { begin_anew };
  gboolean is_first;
  TendLoop *loop;
  gsize seen;

  tend_at_fork (&at_fork);
  tend_thread_set_exit_func (thread_gone);

  /* The loop's, while it is used. */
  g_main_context_ref (context);

  loop = use_loop (context, priority, &is_first);
  if (loop == NULL)
    loop = make_loop (context, priority, &is_first);
  if (!is_first)
    g_main_context_unref (context);

  /* If the generation changes meanwhile, the remembered loop is as old as its generation says. */
  seen = tend_loops_get_generation ();
  if (tend_loop_was_run_here (loop))
    {
      last_used.context = context;
      last_used.priority = priority;
      last_used.generation = seen;
      last_used.loop = loop;
    }

  return loop;
}

/* Returns the loop of @context, or of the thread-default context, with one more use. */
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
      last_used.generation == tend_loops_get_generation () &&
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

/* The loop is not touched after it was released: it may have retired and be freed. */
void
tend_loop_release (TendLoop *loop)
{
  int users = g_atomic_int_get (&loop->users);
  GMainContext *context;
  gboolean is_last, is_here;
  TendWaker waker;

  while (users > 1)
    {
      if (g_atomic_int_compare_and_exchange_full (&loop->users, users, users - 1, &users))
        return;
    }

  is_here = tend_loop_is_held (loop);
  context = loop->hub->context;
  if (!is_here)
    tend_loop_hold_waker (loop, &waker);

  tend_lock (&registry_lock);
  is_last = g_atomic_int_dec_and_test (&loop->users);
  tend_unlock (&registry_lock);

  /* A context that sleeps must look again, so that the loop retires. The reference was the loop's. */
  if (!is_here)
    tend_loop_wake (&waker, is_last);
  if (is_last)
    g_main_context_unref (context);
}

/* Freezes the time of the hub at @time, or unfreezes it if @time is negative. Its own thread only. */
void
tend_hub_freeze (TendHub *hub,
                 gint64   time)
{
  tend_lock (&registry_lock);
  hub->frozen_now = time;
  tend_unlock (&registry_lock);
}

/* Returns the time that the tasks of @context follow. Any thread. */
gint64
tend_context_now (GMainContext *context)
{
  gint64 now = -1;
  TendHub *hub;

  tend_lock (&registry_lock);
  hub = find_hub_locked (context);
  if (hub != NULL)
    now = hub->frozen_now;
  tend_unlock (&registry_lock);

  return now >= 0 ? now : g_get_monotonic_time ();
}

/* Whether the time of the loop, which is in use, is frozen. Any thread. */
gboolean
tend_loop_is_frozen (TendLoop *loop)
{
  gboolean is_frozen;

  tend_lock (&registry_lock);
  is_frozen = loop->hub->frozen_now >= 0;
  tend_unlock (&registry_lock);

  return is_frozen;
}

/* Whether no loop of the hub has anything to do before time moves on. Its own thread only. */
gboolean
tend_hub_is_quiet (TendHub *hub)
{
  gboolean is_quiet = TRUE;

  tend_lock (&registry_lock);
  for (GSList *l = hub->loops; l != NULL && is_quiet; l = l->next)
    is_quiet = tend_loop_is_quiet (l->data);
  tend_unlock (&registry_lock);

  return is_quiet;
}

gint64
tend_hub_next_deadline (TendHub *hub)
{
  gint64 next = TEND_FOREVER;

  tend_lock (&registry_lock);
  for (GSList *l = hub->loops; l != NULL; l = l->next)
    {
      const TendHeapEntry *first = tend_agenda_peek (&((TendLoop *) l->data)->timers);

      if (first != NULL)
        next = MIN (next, first->deadline);
    }
  tend_unlock (&registry_lock);

  return next;
}
