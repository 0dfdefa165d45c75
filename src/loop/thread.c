// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Which thread the loops of a context belong to. A context has one thread at a time, which all loops of a hub share.
//
// hub->thread is a mark: the address of a variable of the thread's own, with two bits that say how it has the loops.
//
//   nobody's --> maker, or plain for the default context      a loop is made where there was none
//   maker --> busy --> maker                                  tend_loop_enter(), tend_loop_leave()
//   any but another's busy --> plain                          the thread runs the context: tend_loop_set_thread()
//   any but another's busy --> maker                          the context is the thread's default one, or the loops
//                                                             are nobody's: tend_loop_is_mine()
//   any --> nobody's                                          the thread exits
//
// plain   the thread runs the context, or has run it last. Another that begins to run it takes the loops over.
// maker   it has made the first of them, or found them nobody's, and has not run the context. Another may begin to
//         run it at any moment, and takes the loops over then.
// busy    the maker is using the loops. Whoever begins to run the context waits until it leaves.
//
// There is no lock: each step is one compare-and-exchange of the mark. Knows the fields of hubs and loops, and calls
// neither hub.c nor loop.c.

#include "tend-hub-private.h"

#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

gsize tend_loops_generation;

static TEND_THREAD gint64 own;          /* its address is the thread's mark: two bits of it are free */
static TendThreadExitFunc exit_func;    /* atomic; constant once there is a loop */

/* --- Marks --- */

/* The address of a thread-local variable tells threads apart and costs nothing to get. */
static inline gpointer
get_thread_mark (void)
{
  return &own;
}

/*
 * The mark of a thread that has made the first loop of a context, or found it without a thread, and has not run it yet.
 * Another may begin to run it at any moment, and takes it over then.
 */
static inline gpointer
get_maker_mark (void)
{
  return (char *) get_thread_mark () + 1;
}

/* The mark of a creator that is using the loops. A thread that begins to run the context waits until it has left. */
static inline gpointer
get_busy_mark (void)
{
  return (char *) get_thread_mark () + 2;
}

static inline gboolean
is_busy (gpointer mark)
{
  return ((gsize) mark & 2) != 0;
}

/* Whether @mark is one of the three of the thread whose mark is @thread. */
static inline gboolean
is_mark_of (gpointer mark,
            gpointer thread)
{
  return ((gsize) mark & ~(gsize) 3) == (gsize) thread;
}

/* Whether @thread, a mark, is the calling thread's in any of the three ways. */
gboolean
tend_thread_is_mark (gpointer thread)
{
  return is_mark_of (thread, get_thread_mark ());
}

/* The mark of a thread that has not run @context yet. The default context is the main thread's from the beginning. */
gpointer
tend_thread_get_mark_for (GMainContext *context)
{
  return context == g_main_context_default () ? get_thread_mark () : get_maker_mark ();
}

/* --- The exit of a thread --- */

static void
thread_gone (gpointer mark)
{
  TendThreadExitFunc func = g_atomic_pointer_get (&exit_func);

  if (func != NULL)
    func (mark);
}

static GPrivate thread_exit = G_PRIVATE_INIT (thread_gone);

/* Sets the function that is called with the mark of a thread that exits, if it has had a loop. */
void
tend_thread_set_exit_func (TendThreadExitFunc func)
{
  g_atomic_pointer_set (&exit_func, func);
}

/* Makes sure that the exit of the calling thread is noticed. The thread gets a loop. */
void
tend_thread_watch (void)
{
  g_private_set (&thread_exit, get_thread_mark ());
}

/* Leaves the loops of @hub to nobody, if they are those of the thread whose mark is @mark. */
void
tend_hub_leave_thread (TendHub  *hub,
                       gpointer  mark)
{
  gpointer thread = g_atomic_pointer_get (&hub->thread);

  if (is_mark_of (thread, mark))
    g_atomic_pointer_compare_and_exchange (&hub->thread, thread, NULL);
}

/* --- Taking --- */

/* The loops that threads remember may be wrong from now on. */
void
tend_loops_renew (void)
{
  g_atomic_pointer_add (&tend_loops_generation, 1);
}

/*
 * Whether the calling thread may take itself for the one that runs @context where nobody else is
 * known to. A worker without a context of its own has the default one for its thread-default,
 * and does not run it.
 */
gboolean
tend_thread_may_run (GMainContext *context)
{
#ifdef __linux__
  if (context == g_main_context_default () && !g_main_context_is_owner (context))
    return syscall (SYS_gettid) == getpid ();
#endif

  return TRUE;
}

/* Makes the loops of @hub the calling thread's, with its @mark. FALSE while another, their maker, is using them. */
static G_GNUC_NO_INLINE gboolean
take (TendHub  *hub,
      gpointer  mark)
{
  gpointer thread = g_atomic_pointer_get (&hub->thread);

  tend_thread_watch ();
  do
    {
      if (is_busy (thread) && !is_mark_of (thread, get_thread_mark ()))
        return FALSE;
    }
  while (!g_atomic_pointer_compare_and_exchange_full (&hub->thread, thread, mark, &thread));
  tend_loops_renew ();

  return TRUE;
}

/* Whether the calling thread was the last to run the loop. */
gboolean
tend_loop_was_run_here (TendLoop *loop)
{
  return g_atomic_pointer_get (&loop->hub->thread) == get_thread_mark ();
}

/* Makes the loop the calling thread's, which runs its context. FALSE while the creator is using it. */
gboolean
tend_loop_set_thread (TendLoop *loop)
{
  return G_LIKELY (g_atomic_pointer_get (&loop->hub->thread) == get_thread_mark ()) ||
         take (loop->hub, get_thread_mark ());
}

/* Whether the calling thread was the last to run the loop, or has made it, and nothing has to be done about it. */
gboolean
tend_loop_has_thread (TendLoop *loop)
{
  return is_mark_of (g_atomic_pointer_get (&loop->hub->thread), get_thread_mark ());
}

/*
 * Whether the calling thread has the loop to itself: it has run it, or has made it and owns the context, or is using it
 * as its maker. No other can take it over.
 */
gboolean
tend_loop_is_held (TendLoop *loop)
{
  gpointer thread = g_atomic_pointer_get (&loop->hub->thread);

  return thread == get_thread_mark () || thread == get_busy_mark () ||
         (thread == get_maker_mark () && g_main_context_is_owner (loop->hub->context));
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
    return take (loop->hub, tend_thread_get_mark_for (context));

  if (g_atomic_pointer_get (&loop->hub->thread) != NULL || !tend_thread_may_run (context) ||
      !g_main_context_acquire (context))
    return FALSE;

  /* Another thread may have been here first. */
  is_free = g_atomic_pointer_get (&loop->hub->thread) == NULL && take (loop->hub, tend_thread_get_mark_for (context));
  g_main_context_release (context);

  return is_free;
}

/*
 * Whether the calling thread may use all of the loop: it runs it, or it has made it and nobody else has run it yet. For
 * what only the loop's thread may do. The maker sets up what another thread is to run, and stops before that begins.
 */
gboolean
tend_loop_is_mine (TendLoop *loop)
{
  return G_LIKELY (tend_loop_has_thread (loop)) || take_over (loop);
}

/* --- Entering --- */

static G_GNUC_NO_INLINE TendPass
enter_slowly (TendLoop *loop)
{
  gpointer maker = get_maker_mark ();

  if (!tend_loop_is_mine (loop))
    return TEND_PASS_NONE;

  if (g_atomic_pointer_compare_and_exchange (&loop->hub->thread, maker, get_busy_mark ()))
    {
      g_atomic_int_inc (&loop->users);
      return TEND_PASS_BUSY;
    }

  /* In a call within such a call; or another thread has just begun to run the context. */
  return tend_loop_has_thread (loop) ? TEND_PASS_PLAIN : TEND_PASS_NONE;
}

/*
 * Begins what any thread may do, if it can be done here and now: the calling thread runs the loop, or has made it.
 * Otherwise gives TEND_PASS_NONE, and it has to be sent to the loop. To be followed by tend_loop_leave().
 */
TendPass
tend_loop_enter (TendLoop *loop)
{
  if (G_LIKELY (g_atomic_pointer_get (&loop->hub->thread) == get_thread_mark ()))
    return TEND_PASS_PLAIN;

  return enter_slowly (loop);
}

/* The maker of the loop has done what it was busy with. To be followed by tend_loop_release(). */
void
tend_loop_leave_busy (TendLoop *loop)
{
  /* It may have run the context within. */
  g_atomic_pointer_compare_and_exchange (&loop->hub->thread, get_busy_mark (), get_maker_mark ());
}
