// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tells ThreadSanitizer what GLib's primitives promise. Linked into every test of such a build.
//
// The GLib of a distribution is not instrumented, and its mutexes are futexes of its own, so that
// the sanitizer sees none of the order that they make and takes every shared field for a race.
// Each function here stands before the one of the same name in GLib, calls it, and says which
// order it makes: what happened before the release of an address happened before its next acquire.
// Only calls that come from outside GLib pass through here, which are the ones that matter.

#include <dlfcn.h>
#include <gio/gio.h>
#include <sanitizer/tsan_interface.h>

/* The function of that name further down the search order: GLib's. */
#define NEXT(name) \
  static __typeof__ (&name) found_##name; \
  __typeof__ (&name) next_##name = __atomic_load_n (&found_##name, __ATOMIC_RELAXED); \
  if (next_##name == NULL) \
    { \
      next_##name = (__typeof__ (&name)) dlsym (RTLD_NEXT, #name); \
      __atomic_store_n (&found_##name, next_##name, __ATOMIC_RELAXED); \
    }

/* --- Locks --- */

#define LOCK(name, Type) \
  void name (Type *lock) \
  { \
    NEXT (name); \
    next_##name (lock); \
    __tsan_acquire (lock); \
  }

#define TRYLOCK(name, Type) \
  gboolean name (Type *lock) \
  { \
    NEXT (name); \
    gboolean is_locked = next_##name (lock); \
    if (is_locked) \
      __tsan_acquire (lock); \
    return is_locked; \
  }

#define UNLOCK(name, Type) \
  void name (Type *lock) \
  { \
    NEXT (name); \
    __tsan_release (lock); \
    next_##name (lock); \
  }

LOCK (g_mutex_lock, GMutex)
TRYLOCK (g_mutex_trylock, GMutex)
UNLOCK (g_mutex_unlock, GMutex)

LOCK (g_rec_mutex_lock, GRecMutex)
TRYLOCK (g_rec_mutex_trylock, GRecMutex)
UNLOCK (g_rec_mutex_unlock, GRecMutex)

/* Readers are ordered among one another here, which they are not: some races may stay unseen. */
LOCK (g_rw_lock_writer_lock, GRWLock)
TRYLOCK (g_rw_lock_writer_trylock, GRWLock)
UNLOCK (g_rw_lock_writer_unlock, GRWLock)
LOCK (g_rw_lock_reader_lock, GRWLock)
TRYLOCK (g_rw_lock_reader_trylock, GRWLock)
UNLOCK (g_rw_lock_reader_unlock, GRWLock)

void
g_cond_wait (GCond  *cond,
             GMutex *mutex)
{
  NEXT (g_cond_wait);
  __tsan_release (mutex);
  next_g_cond_wait (cond, mutex);
  __tsan_acquire (mutex);
}

gboolean
g_cond_wait_until (GCond  *cond,
                   GMutex *mutex,
                   gint64  end_time)
{
  NEXT (g_cond_wait_until);
  __tsan_release (mutex);
  gboolean is_signalled = next_g_cond_wait_until (cond, mutex, end_time);
  __tsan_acquire (mutex);
  return is_signalled;
}

/* --- Reference counts: what was done with an object comes before its end --- */

void
g_object_unref (gpointer object)
{
  NEXT (g_object_unref);
  __tsan_release (object);
  __tsan_acquire (object);
  next_g_object_unref (object);
}

gboolean
g_atomic_ref_count_dec (gatomicrefcount *count)
{
  /* In its place: between what is said before the call and the call, another thread may come down to the last one. */
  return __atomic_fetch_sub (count, 1, __ATOMIC_ACQ_REL) == 1;
}

void
g_atomic_rc_box_release (gpointer box)
{
  NEXT (g_atomic_rc_box_release);
  __tsan_release (box);
  __tsan_acquire (box);
  next_g_atomic_rc_box_release (box);
}

void
g_atomic_rc_box_release_full (gpointer       box,
                              GDestroyNotify clear)
{
  NEXT (g_atomic_rc_box_release_full);
  __tsan_release (box);
  __tsan_acquire (box);
  next_g_atomic_rc_box_release_full (box, clear);
}

/* --- What is made once: whoever sees that it was made sees all of it --- */

gboolean
(g_once_init_enter) (volatile void *location)
{
  NEXT (g_once_init_enter);
  gboolean is_mine = next_g_once_init_enter (location);
  __tsan_acquire ((void *) location);
  return is_mine;
}

/* The sanitizer sees the look of g_once_init_enter(), which is inline, and has it acquire this. */
void
(g_once_init_leave) (volatile void *location,
                     gsize          result)
{
  NEXT (g_once_init_leave);
  __tsan_release ((void *) location);
  next_g_once_init_leave (location, result);
}

/* --- What one thread hands to another --- */

void
g_async_queue_push (GAsyncQueue *queue,
                    gpointer     data)
{
  NEXT (g_async_queue_push);
  __tsan_release (data);
  next_g_async_queue_push (queue, data);
}

#define POP(name, params, args) \
  gpointer name params \
  { \
    NEXT (name); \
    gpointer data = next_##name args; \
    if (data != NULL) \
      __tsan_acquire (data); \
    return data; \
  }

POP (g_async_queue_pop, (GAsyncQueue *queue), (queue))
POP (g_async_queue_try_pop, (GAsyncQueue *queue), (queue))
POP (g_async_queue_timeout_pop, (GAsyncQueue *queue, guint64 usec), (queue, usec))

/* --- Threads: the start and the join --- */

typedef struct
{
  GThreadFunc func;
  gpointer    data;
} ThreadStart;

static gpointer
run_thread (gpointer user_data)
{
  ThreadStart *start = user_data;

  __tsan_acquire (start);
  gpointer result = start->func (start->data);
  g_free (start);
  __tsan_release (g_thread_self ());
  return result;
}

#define THREAD_NEW(name, params, args) \
  GThread *name params \
  { \
    NEXT (name); \
    ThreadStart *start = g_new (ThreadStart, 1); \
    *start = (ThreadStart) { func, data }; \
    __tsan_release (start); \
    return next_##name args; \
  }

THREAD_NEW (g_thread_new, (const char *name, GThreadFunc func, gpointer data),
            (name, run_thread, start))
THREAD_NEW (g_thread_try_new, (const char *name, GThreadFunc func, gpointer data, GError **error),
            (name, run_thread, start, error))

gpointer
g_thread_join (GThread *thread)
{
  NEXT (g_thread_join);
  gpointer address = thread;
  gpointer result = next_g_thread_join (thread);
  __tsan_acquire (address);
  return result;
}

/* --- Sources and tasks: what was done before the call comes before the callback --- */

typedef struct
{
  GSourceFunc    func;
  gpointer       data;
  GDestroyNotify notify;
} SourceCall;

static gboolean
run_source_call (gpointer user_data)
{
  SourceCall *call = user_data;

  __tsan_acquire (call);
  return call->func (call->data);
}

static void
free_source_call (gpointer user_data)
{
  SourceCall *call = user_data;

  __tsan_acquire (call);
  if (call->notify != NULL)
    call->notify (call->data);
  g_free (call);
}

static SourceCall *
new_source_call (GSourceFunc    func,
                 gpointer       data,
                 GDestroyNotify notify)
{
  SourceCall *call = g_new (SourceCall, 1);

  *call = (SourceCall) { func, data, notify };
  __tsan_release (call);
  return call;
}

void
g_main_context_invoke_full (GMainContext   *context,
                            int             priority,
                            GSourceFunc     func,
                            gpointer        data,
                            GDestroyNotify  notify)
{
  NEXT (g_main_context_invoke_full);
  next_g_main_context_invoke_full (context, priority, run_source_call,
                                   new_source_call (func, data, notify), free_source_call);
}

void
g_main_context_invoke (GMainContext *context,
                       GSourceFunc   func,
                       gpointer      data)
{
  g_main_context_invoke_full (context, G_PRIORITY_DEFAULT, func, data, NULL);
}

guint
g_idle_add_full (int             priority,
                 GSourceFunc     func,
                 gpointer        data,
                 GDestroyNotify  notify)
{
  NEXT (g_idle_add_full);
  return next_g_idle_add_full (priority, run_source_call,
                               new_source_call (func, data, notify), free_source_call);
}

guint
g_idle_add (GSourceFunc func,
            gpointer    data)
{
  return g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, func, data, NULL);
}

static GQuark
task_func_quark (void)
{
  return g_quark_from_static_string ("tend-test-task-func");
}

static void
run_task_func (GTask        *task,
               gpointer      source,
               gpointer      data,
               GCancellable *cancellable)
{
  GTaskThreadFunc func = (GTaskThreadFunc) g_object_get_qdata (G_OBJECT (task), task_func_quark ());

  __tsan_acquire (task);
  func (task, source, data, cancellable);
}

void
g_task_run_in_thread (GTask           *task,
                      GTaskThreadFunc  func)
{
  NEXT (g_task_run_in_thread);
  g_object_set_qdata (G_OBJECT (task), task_func_quark (), (gpointer) func);
  __tsan_release (task);
  next_g_task_run_in_thread (task, run_task_func);
}
