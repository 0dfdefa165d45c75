// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// An object that stays when its last reference is dropped, until other code releases it.
//
// dispose() may take a reference, and then the g_object_unref() that has called it frees nothing. But who holds that
// reference must not drop it before this g_object_unref() is done with the object, in another thread: it would free
// the object under its feet. When it is done depends on GLib. After dispose(), it thaws the notifications and counts
// down. Some versions do the one first, some the other, and we look which, with an object of our own:
//
// - Thawed last (GLib 2.74): dispatching the notifications is the last thing that it does with the object. So we have
//   it dispatch one.
// - Counted down last (GLib 2.84): then a toggle reference is told that it is the last one. Another thread, which has
//   taken a reference and dropped it meanwhile, may tell it as well, and the second to tell it comes late. What it
//   finds then is not the object but our record, which the thread that disposed of the object keeps until it
//   disposes of the next in this way, or ends.
//
// To have something dispatched, the class of the object gets a dispatch function of ours, the first time that one of
// its objects goes this way, and on versions of GLib that need it: with such a function, creating an object and each
// notification take longer. The class keeps it from then on. While GLib creates an object, it asks the class twice
// whether there is such a function. An object for which it has found one, and then none, stays frozen for ever. Nothing
// is notified while an object goes, because that would be in the wrong thread.
//
// Lock: classes_lock guards what is added to the list of those classes, which anybody may read.

#include "tend-core-private.h"

struct _TendLinger
{
  gatomicrefcount  ref_count;   /* for the code that ends it, and for the thread that began it */
  GObject         *object;      /* constant; held until the end */
  TendLingerFunc   alone;       /* constant */
  gpointer         data;        /* constant */
  int              is_told;     /* atomic */
};

/* Several threads may be the first to look, and find the same. */
static GQuark
linger_quark (void)
{
  static int known;
  GQuark quark = (GQuark) g_atomic_int_get (&known);

  if (G_UNLIKELY (quark == 0))
    {
      quark = g_quark_from_static_string ("tend-linger");
      g_atomic_int_set (&known, (int) quark);
    }

  return quark;
}

static void dispatch_cb (GObject     *object,
                         guint        n_pspecs,
                         GParamSpec **pspecs);

static void
linger_unref (gpointer data)
{
  TendLinger *self = data;

  if (g_atomic_ref_count_dec (&self->ref_count))
    g_free (self);
}

/* Of the thread: what it began last. */
static GPrivate latest = G_PRIVATE_INIT (linger_unref);

/* What dispose() has a notification of. No object has it. */
static GParamSpec *
get_marker (void)
{
  static GParamSpec *marker;

  if (g_once_init_enter (&marker))
    {
      GParamSpec *made = g_param_spec_boolean ("lingers", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

      g_once_init_leave (&marker, g_param_spec_ref_sink (made));
    }

  return marker;
}

/* --- Which of the two GLib does last --- */

typedef struct
{
  GObject  parent_instance;

  gboolean is_going;            /* dispose() has run */
  gboolean is_dispatching;
  gboolean is_thawed_last;      /* when it is thawed it has been counted down */
} TendProbe;

typedef GObjectClass TendProbeClass;

static GType tend_probe_get_type (void) G_GNUC_CONST;

G_DEFINE_FINAL_TYPE (TendProbe, tend_probe, G_TYPE_OBJECT)

static gboolean is_thawed_last;     /* constant once the probe was made */

static void
probe_toggled_cb (gpointer  data,
                  GObject  *object,
                  gboolean  is_last_ref)
{
  TendProbe *self = (TendProbe *) object;

  /* The reference that is taken below was the second one. */
  if (!is_last_ref)
    self->is_thawed_last = TRUE;
  else if (!self->is_dispatching)
    g_object_remove_toggle_ref (object, probe_toggled_cb, NULL);
}

static void
tend_probe_dispose (GObject *object)
{
  TendProbe *self = (TendProbe *) object;

  if (!self->is_going)
    {
      self->is_going = TRUE;
      g_object_add_toggle_ref (object, probe_toggled_cb, NULL);
      g_object_notify_by_pspec (object, get_marker ());
    }

  G_OBJECT_CLASS (tend_probe_parent_class)->dispose (object);
}

static void
tend_probe_dispatch (GObject     *object,
                     guint        n_pspecs,
                     GParamSpec **pspecs)
{
  TendProbe *self = (TendProbe *) object;

  self->is_dispatching = TRUE;
  g_object_ref (self);
  g_object_unref (self);
  self->is_dispatching = FALSE;
}

static void
tend_probe_finalize (GObject *object)
{
  is_thawed_last = ((TendProbe *) object)->is_thawed_last;

  G_OBJECT_CLASS (tend_probe_parent_class)->finalize (object);
}

static void
tend_probe_class_init (TendProbeClass *klass)
{
  klass->dispose = tend_probe_dispose;
  klass->finalize = tend_probe_finalize;
  klass->dispatch_properties_changed = tend_probe_dispatch;
}

static void
tend_probe_init (TendProbe *self)
{
}

/* Whether thawing is the last thing that g_object_unref() does. */
static gboolean
thaws_last (void)
{
  static gsize is_known;

  if (g_once_init_enter (&is_known))
    {
      g_object_unref (g_object_new (tend_probe_get_type (), NULL));
      g_once_init_leave (&is_known, 1);
    }

  return is_thawed_last;
}

/* --- The classes of objects that went --- */

typedef void (* DispatchFunc) (GObject     *object,
                               guint        n_pspecs,
                               GParamSpec **pspecs);

typedef struct _Patched Patched;
struct _Patched
{
  Patched      *next;       /* constant, as all of it */
  GObjectClass *klass;
  DispatchFunc  own;        /* its own function, whose place ours has */
};

static TEND_DEFINE_LOCK (classes_lock);
static Patched *patched;    /* atomic; added to under classes_lock, and never taken from */

static Patched *
find_patched (GObjectClass *klass)
{
  Patched *found = g_atomic_pointer_get (&patched);

  while (found != NULL && found->klass != klass)
    found = found->next;

  return found;
}

static void
patch (GObjectClass *klass)
{
  Patched *made;

  /* Its own, or that of the class that it is derived from. */
  if (g_atomic_pointer_get (&klass->dispatch_properties_changed) == dispatch_cb)
    return;

  made = g_new (Patched, 1);
  tend_lock (&classes_lock);
  if (klass->dispatch_properties_changed != dispatch_cb)
    {
      *made = (Patched) { patched, klass, klass->dispatch_properties_changed };
      g_atomic_pointer_set (&patched, made);
      g_atomic_pointer_set (&klass->dispatch_properties_changed, dispatch_cb);
      made = NULL;
    }
  tend_unlock (&classes_lock);
  g_free (made);
}

static DispatchFunc
get_own_dispatch (GObjectClass *klass)
{
  Patched *found;

  /* A class that was derived later has inherited ours. */
  while ((found = find_patched (klass)) == NULL)
    klass = g_type_class_peek_parent (klass);

  return found->own;
}

/* --- Going --- */

static void
tell (TendLinger *self)
{
  if (g_atomic_int_compare_and_exchange (&self->is_told, FALSE, TRUE))
    self->alone (self, self->data);
}

static void
toggled_cb (gpointer  data,
            GObject  *object,
            gboolean  is_last_ref)
{
  if (is_last_ref)
    tell (data);
}

static gboolean
has_marker (guint        n_pspecs,
            GParamSpec **pspecs)
{
  for (guint i = 0; i < n_pspecs; i++)
    {
      if (pspecs[i] == get_marker ())
        return TRUE;
    }

  return FALSE;
}

static void
dispatch_cb (GObject     *object,
             guint        n_pspecs,
             GParamSpec **pspecs)
{
  GObjectClass *klass = G_OBJECT_GET_CLASS (object);
  TendLinger *self;

  if (!has_marker (n_pspecs, pspecs))
    {
      get_own_dispatch (klass) (object, n_pspecs, pspecs);
      return;
    }

  self = g_object_get_qdata (object, linger_quark ());
  tell (self);
}

/*
 * Called by dispose(), which does nothing else then: the object stays. Once the g_object_unref() that disposes of it
 * has finished with it, @alone is called, in any thread, which has tend_linger_end() called. This may happen before
 * this function returns. FALSE if the object stays already, because it is disposed of by hand: @alone is not called
 * then.
 */
gboolean
tend_linger_begin (GObject        *object,
                   TendLingerFunc  alone,
                   gpointer        data)
{
  gboolean is_old = thaws_last ();
  TendLinger *self;

  if (g_object_get_qdata (object, linger_quark ()) != NULL)
    return FALSE;

  self = g_new0 (TendLinger, 1);
  g_atomic_ref_count_init (&self->ref_count);
  g_atomic_ref_count_inc (&self->ref_count);
  self->object = object;
  self->alone = alone;
  self->data = data;

  g_object_set_qdata (object, linger_quark (), self);
  if (!is_old)
    g_object_add_toggle_ref (object, toggled_cb, self);
  else
    {
      g_object_ref (object);
      patch (G_OBJECT_GET_CLASS (object));

      /* The object may be gone after this, if it was not frozen. */
      g_object_notify_by_pspec (object, get_marker ());
    }
  g_private_replace (&latest, self);

  return TRUE;
}

GObject *
tend_linger_get_object (TendLinger *self)
{
  return self->object;
}

/* Releases the object, which is disposed of then unless other code holds it. */
void
tend_linger_end (TendLinger *self)
{
  GObject *object = self->object;

  g_object_set_qdata (object, linger_quark (), NULL);
  if (thaws_last ())
    g_object_unref (object);
  else
    g_object_remove_toggle_ref (object, toggled_cb, self);
  linger_unref (self);
}
