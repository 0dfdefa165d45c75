// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The cancellable: parents, a reason, and the link to the object that ends with it.
//
// GCancellable does the cancelling; our part is in its class handler, which runs once, in the thread that cancels. It
// takes everything out of the object under the lock, and acts afterwards: parents are released, the timer
// (cancel-timer.c) is dropped, handlers (cancel-handlers.c) are sent home.
//
// Lock: tend_cancel_lock guards what the fields below say. A child is known to its parents, and a cancellable to its
// timer, without a reference. Whoever finds it there pins it under the lock: it may then be used until it is unpinned,
// also if another thread drops the last reference meanwhile. dispose() sees the pin, and the object stays until there
// is none (linger.c). A reference could not be taken under the lock: a language binding is told of the second one.
//
// The task that a cancellable belongs to, or another object that ends with it, is at the end of a link (cancel-link.c),
// which only the task's own thread follows. The cancellable knows a home loop and a function, and no task.
//
// g_cancellable_disconnect() is not used, since it waits until the handlers of the cancellable have
// returned, and one of them may be who disconnects. A plain disconnect may let a handler run that
// another thread has begun; what it gets is counted, and tells it that it comes too late.

#include "tend-cancel-private.h"

/* To one parent. A signal handler is added and removed in constant time, however many there are. */
typedef struct _Link Link;
struct _Link
{
  Link            *next;        /* under tend_cancel_lock; the child's next */
  TendCancellable *child;       /* under tend_cancel_lock; NULL once cut */
  GCancellable    *parent;      /* the child's; a reference */
  gulong           handler;     /* the child's */
  gatomicrefcount  ref_count;   /* the child has one, the signal's handler another */
};

/**
 * TendCancellable:
 *
 * A cancellable with parents, a time limit, a reason, and handlers that run in the thread that added them.
 *
 * It is a [class@Gio.Cancellable], and works wherever one does. Use it if the cancellation can come from several sides:
 * somebody cancels it by hand, any of its parents is cancelled ([method@Tend.Cancellable.add_parent]), or its time is
 * up ([method@Tend.Cancellable.cancel_after]). Cancelling it does nothing to its parents. Once it is cancelled or
 * finalized, its parents and the loop forget it, so short-lived children of a long-lived parent leave nothing behind.
 *
 * [method@Tend.Cancellable.cancel_with_reason] states who cancels and why, and the error of what was cancelled repeats
 * it. The cancellable of a task ([method@Tend.Task.get_cancellable]) is a `TendCancellable`.
 *
 * A cancellable ends nothing by itself: pass it to the operation that it should end, or look at it there. A cancelled
 * one stays cancelled. Do not call [method@Gio.Cancellable.reset], which does not restore parents, time and handlers;
 * create a new cancellable.
 *
 * If you need nothing of this, a plain [class@Gio.Cancellable] is enough. To cancel a task, use
 * [method@Tend.Task.cancel].
 *
 * May be used from any thread.
 *
 * Since: 0.1
 */
G_DEFINE_TYPE (TendCancellable, tend_cancellable, G_TYPE_CANCELLABLE)

TEND_DEFINE_LOCK (tend_cancel_lock);

/*
 * Whether this thread is at home in @loop. tend_loop_is_mine() is not enough here: it takes a thread
 * that has made a loop for the loop's own until another runs it, and anybody may call us, such as a
 * worker that has no context of its own.
 */
gboolean
tend_cancel_is_home (TendLoop *loop)
{
  return g_main_context_is_owner (tend_loop_get_context (loop));
}

/* --- Pins --- */

void
tend_cancellable_pin_locked (TendCancellable *self)
{
  self->n_pins++;
}

/* The object may be gone afterwards, unless the caller has a reference. */
void
tend_cancellable_unpin (TendCancellable *self)
{
  TendLinger *linger = NULL;

  tend_lock (&tend_cancel_lock);
  if (--self->n_pins == 0)
    linger = g_steal_pointer (&self->linger);
  tend_unlock (&tend_cancel_lock);

  if (linger != NULL)
    tend_linger_end (linger);
}

/* The thread that has dropped the last reference has finished with the object: it is freed, unless it is pinned. */
static void
alone_cb (TendLinger *linger,
          gpointer    data)
{
  TendCancellable *self = data;
  gboolean is_pinned;

  tend_lock (&tend_cancel_lock);
  is_pinned = self->n_pins > 0;
  if (is_pinned)
    self->linger = linger;
  tend_unlock (&tend_cancel_lock);

  if (!is_pinned)
    tend_linger_end (linger);
}

/* --- Parents --- */

static void
link_unref (gpointer data)
{
  Link *link = data;

  if (g_atomic_ref_count_dec (&link->ref_count))
    g_free (link);
}

/* The link is in no list any more, and has lost its child. The parent may be the last to hold its own, and so on. */
static void
link_cut (Link *link)
{
  if (link->handler != 0)
    g_signal_handler_disconnect (link->parent, link->handler);
  tend_call_flat (g_object_unref, link->parent, 0);
  link_unref (link);
}

/* Copies the reason why @parent was cancelled. */
static void
inherit_reason (TendCancellable *self,
                GCancellable    *parent)
{
  g_autofree char *reason = NULL;

  if (TEND_IS_CANCELLABLE (parent))
    reason = tend_cancellable_dup_reason (TEND_CANCELLABLE (parent));
  tend_cancellable_set_reason (self, reason);
}

/* The children that are being cancelled by one call in this thread, and not in one another: there may be many. */
typedef struct _Wave Wave;
struct _Wave
{
  GCancellable *current;    /* the one that is being cancelled */
  GQueue        next;       /* of TendCancellable, each pinned */
  Wave         *outer;      /* of a call that this one comes from; NULL: none */
};

static TEND_THREAD Wave *wave;

/* Cancels the child, which is pinned, and all that are below it. On the native stack, where no handler can wait. */
static void
cancel_wave (gpointer data)
{
  TendCancellable *child = data;
  Wave mine = { NULL, G_QUEUE_INIT, wave };

  wave = &mine;
  for (; child != NULL; child = g_queue_pop_head (&mine.next))
    {
      mine.current = G_CANCELLABLE (child);
      g_cancellable_cancel (mine.current);
      tend_cancellable_unpin (child);
    }
  wave = mine.outer;
}

/* Runs in the thread that cancels. */
static void
parent_cancelled_cb (GCancellable *parent,
                     gpointer      user_data)
{
  Link *link = user_data;
  TendCancellable *child;

  tend_lock (&tend_cancel_lock);
  child = link->child;
  if (child != NULL)
    tend_cancellable_pin_locked (child);
  tend_unlock (&tend_cancel_lock);

  if (child == NULL)
    return;

  inherit_reason (child, parent);
  if (wave != NULL && wave->current == parent)
    g_queue_push_tail (&wave->next, child);
  else
    tend_call_native (cancel_wave, child);
}

/* Takes out all links, which have no child afterwards. */
static Link *
steal_links_locked (TendCancellable *self)
{
  Link *links = g_steal_pointer (&self->links);

  for (Link *link = links; link != NULL; link = link->next)
    link->child = NULL;

  return links;
}

static void
cut_links (Link *links)
{
  for (Link *link = links, *next; link != NULL; link = next)
    {
      next = link->next;
      link_cut (link);
    }
}

/* --- Overrides --- */

static void
tend_cancellable_cancelled (GCancellable *cancellable)
{
  TendCancellable *self = TEND_CANCELLABLE (cancellable);
  TendCancelLink *link;
  GList *handlers;
  TendCancelTimer *timer;
  Link *links;

  tend_lock (&tend_cancel_lock);
  self->is_told = TRUE;
  links = steal_links_locked (self);
  timer = tend_cancel_timer_steal_locked (self);
  handlers = tend_handlers_fire_locked (self);
  link = self->link != NULL ? tend_cancel_link_ref (self->link) : NULL;
  tend_unlock (&tend_cancel_lock);

  cut_links (links);
  tend_cancel_timer_drop (timer);

  tend_handlers_send (handlers, self);

  if (link != NULL)
    {
      tend_cancel_link_send (link, NULL);
      tend_cancel_link_unref (link);
    }
}

static void
tend_cancellable_dispose (GObject *object)
{
  TendCancellable *self = TEND_CANCELLABLE (object);
  TendCancelTimer *timer = NULL;
  GList *handlers = NULL;
  Link *links = NULL;
  gboolean is_pinned;

  tend_lock (&tend_cancel_lock);
  is_pinned = self->n_pins > 0;
  if (!is_pinned)
    {
      links = steal_links_locked (self);
      timer = tend_cancel_timer_steal_locked (self);
      handlers = tend_handlers_remove_locked (self);
    }
  tend_unlock (&tend_cancel_lock);

  if (is_pinned)
    {
      tend_linger_begin (object, alone_cb, self);
      return;
    }

  cut_links (links);
  tend_cancel_timer_drop (timer);
  tend_handlers_destroy (handlers);

  G_OBJECT_CLASS (tend_cancellable_parent_class)->dispose (object);
}

static void
tend_cancellable_finalize (GObject *object)
{
  TendCancellable *self = TEND_CANCELLABLE (object);

  g_clear_pointer (&self->handlers, g_hash_table_unref);
  g_clear_pointer (&self->link, tend_cancel_link_unref);
  g_free (self->reason);

  G_OBJECT_CLASS (tend_cancellable_parent_class)->finalize (object);
}

static void
tend_cancellable_class_init (TendCancellableClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = tend_cancellable_dispose;
  object_class->finalize = tend_cancellable_finalize;
  G_CANCELLABLE_CLASS (klass)->cancelled = tend_cancellable_cancelled;
}

static void
tend_cancellable_init (TendCancellable *self)
{
}

/* --- For whom it belongs to --- */

/* Has the function at the end of @link called when this is cancelled; takes @link. */
void
tend_cancellable_set_link (TendCancellable *self,
                           TendCancelLink  *link)
{
  tend_lock (&tend_cancel_lock);
  self->link = link;
  tend_unlock (&tend_cancel_lock);
}

/* The link is not needed any more. In the thread at its end. */
void
tend_cancellable_drop_link (TendCancellable *self)
{
  TendCancelLink *link;

  tend_lock (&tend_cancel_lock);
  link = g_steal_pointer (&self->link);
  tend_unlock (&tend_cancel_lock);

  if (link != NULL)
    tend_cancel_link_cut (link);
}

/* Keeps @reason for the cancellation, unless this is cancelled or has a reason: the first one stays. */
void
tend_cancellable_set_reason (TendCancellable *self,
                             const char      *reason)
{
  gboolean is_late;

  if (reason == NULL)
    return;

  /* What is cancelled just now may miss it, as one that comes later does. */
  is_late = g_cancellable_is_cancelled (G_CANCELLABLE (self));

  tend_lock (&tend_cancel_lock);
  if (self->reason == NULL && !is_late)
    self->reason = g_strdup (reason);
  tend_unlock (&tend_cancel_lock);
}

/* Copies the reason, whether this is cancelled yet or not. */
char *
tend_cancellable_peek_reason (TendCancellable *self)
{
  char *reason;

  tend_lock (&tend_cancel_lock);
  reason = g_strdup (self->reason);
  tend_unlock (&tend_cancel_lock);

  return reason;
}

/* --- Public --- */

/**
 * tend_cancellable_new:
 *
 * Creates a cancellable without parents, time limit and handlers.
 *
 * Returns: (transfer full): the cancellable
 *
 * Since: 0.1
 */
TendCancellable *
tend_cancellable_new (void)
{
  return g_object_new (TEND_TYPE_CANCELLABLE, NULL);
}

/**
 * tend_cancellable_add_parent:
 * @self: a cancellable
 * @parent: (not nullable): another cancellable, of any kind; neither @self nor one that has @self as a parent
 *
 * Cancels @self when @parent is cancelled. If @parent is already cancelled, @self is cancelled at once.
 *
 * @self is cancelled before the call that cancels @parent returns, and gets the reason of @parent. @self may have
 * several parents: the first one that is cancelled counts. Cancelling @self does nothing to its parents.
 *
 * @self keeps a reference to @parent until @self is cancelled or finalized; @parent keeps none to @self. Adding and
 * removing a child takes the same time however many children @parent has. May be called from any thread.
 *
 * Since: 0.1
 */
void
tend_cancellable_add_parent (TendCancellable *self,
                             GCancellable    *parent)
{
  gboolean is_late;
  Link *link;

  g_return_if_fail (TEND_IS_CANCELLABLE (self));
  g_return_if_fail (G_IS_CANCELLABLE (parent));
  g_return_if_fail (parent != G_CANCELLABLE (self));

  if (g_cancellable_is_cancelled (G_CANCELLABLE (self)))
    return;

  if (g_cancellable_is_cancelled (parent))
    {
      inherit_reason (self, parent);
      g_cancellable_cancel (G_CANCELLABLE (self));
      return;
    }

  /* A toggle reference of the parent may tell user code that it is held, and that drop @self. */
  g_object_ref (self);
  link = g_new0 (Link, 1);
  link->child = self;
  link->parent = g_object_ref (parent);
  g_atomic_ref_count_init (&link->ref_count);
  g_atomic_ref_count_inc (&link->ref_count);
  link->handler = g_cancellable_connect (parent, G_CALLBACK (parent_cancelled_cb), link, link_unref);

  tend_lock (&tend_cancel_lock);
  is_late = self->is_told || link->handler == 0;
  link->next = is_late ? NULL : self->links;
  if (is_late)
    link->child = NULL;
  else
    self->links = link;
  tend_unlock (&tend_cancel_lock);

  if (is_late)
    link_cut (link);
  g_object_unref (self);
}

static void
cancel_native_cb (gpointer data)
{
  g_cancellable_cancel (data);
}

/**
 * tend_cancellable_cancel_with_reason:
 * @self: a cancellable
 * @reason: who cancels and why, as a phrase that follows a colon: `the window was closed`
 *
 * Cancels @self, and records why.
 *
 * Does what [method@Gio.Cancellable.cancel] does. The children of @self get the same reason, and the errors of the
 * tasks that are cancelled contain it. If @self is already cancelled, nothing happens: the first reason stays. May be
 * called from any thread.
 *
 * Since: 0.1
 */
void
tend_cancellable_cancel_with_reason (TendCancellable *self,
                                     const char      *reason)
{
  g_return_if_fail (TEND_IS_CANCELLABLE (self));
  g_return_if_fail (reason != NULL && g_utf8_validate (reason, -1, NULL));

  tend_cancellable_set_reason (self, reason);
  tend_call_native (cancel_native_cb, self);
}

/**
 * tend_cancellable_dup_reason:
 * @self: a cancellable
 *
 * Gets the reason why @self was cancelled.
 *
 * May be called from any thread.
 *
 * Returns: (transfer full) (nullable): the reason; %NULL if none was given, or if @self is not cancelled
 *
 * Since: 0.1
 */
char *
tend_cancellable_dup_reason (TendCancellable *self)
{
  g_return_val_if_fail (TEND_IS_CANCELLABLE (self), NULL);

  return g_cancellable_is_cancelled (G_CANCELLABLE (self)) ? tend_cancellable_peek_reason (self) : NULL;
}

/**
 * tend_cancellable_set_error_if_cancelled:
 * @self: a cancellable
 * @error: return location for an error
 *
 * Sets @error if @self is cancelled.
 *
 * Does what [method@Gio.Cancellable.set_error_if_cancelled] does, with the reason in the message. May be called from
 * any thread.
 *
 * Returns: %TRUE with `G_IO_ERROR_CANCELLED` if @self is cancelled, %FALSE if not
 *
 * Since: 0.1
 */
gboolean
tend_cancellable_set_error_if_cancelled (TendCancellable  *self,
                                         GError          **error)
{
  g_autofree char *reason = NULL;

  g_return_val_if_fail (TEND_IS_CANCELLABLE (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!g_cancellable_is_cancelled (G_CANCELLABLE (self)))
    return FALSE;

  reason = tend_cancellable_peek_reason (self);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, _("Operation: cancelled%s%s"),
               reason != NULL ? ": " : "", reason != NULL ? reason : "");
  return TRUE;
}
