// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Whether other code has attached something to an object: a language binding its wrapper, others a weak or a toggle
// reference, a closure, or data of their own. All of this is in the data list of the object.
//
// While g_object_unref() drops a last reference, GLib may have entries of its own there, under undocumented names. So
// we look once at what is there in the dispose() of an object to which nothing was attached.

#include "tend-object-private.h"

#define MAX_OWN_KEYS 8

static GQuark own_keys[MAX_OWN_KEYS];   /* constant once the probe was made */
static guint n_own_keys;

typedef GObject TendBareProbe;
typedef GObjectClass TendBareProbeClass;

static GType tend_bare_probe_get_type (void) G_GNUC_CONST;

G_DEFINE_FINAL_TYPE (TendBareProbe, tend_bare_probe, G_TYPE_OBJECT)

static void
learn_cb (GQuark   key,
          gpointer data,
          gpointer user_data)
{
  /* One that has no room counts as somebody's: nothing is kept then, and all is right. */
  if (n_own_keys < MAX_OWN_KEYS)
    own_keys[n_own_keys++] = key;
}

static void
tend_bare_probe_dispose (GObject *object)
{
  g_datalist_foreach (&object->qdata, learn_cb, NULL);

  G_OBJECT_CLASS (tend_bare_probe_parent_class)->dispose (object);
}

static void
tend_bare_probe_class_init (TendBareProbeClass *klass)
{
  klass->dispose = tend_bare_probe_dispose;
}

static void
tend_bare_probe_init (TendBareProbe *self)
{
}

static void
learn (void)
{
  static gsize is_known;

  if (g_once_init_enter (&is_known))
    {
      g_object_unref (g_object_new (tend_bare_probe_get_type (), NULL));
      g_once_init_leave (&is_known, 1);
    }
}

typedef struct
{
  gboolean is_going;
  gboolean is_tied;
} Look;

static void
look_cb (GQuark   key,
         gpointer data,
         gpointer user_data)
{
  Look *look = user_data;

  for (guint i = 0; look->is_going && i < n_own_keys; i++)
    {
      if (own_keys[i] == key)
        return;
    }

  look->is_tied = TRUE;
}

/* Whether other code has attached something to the object; @is_going: in its dispose(), for its last reference. */
gboolean
tend_object_is_tied (GObject  *object,
                     gboolean  is_going)
{
  Look look = { is_going, FALSE };

  /* Usually nothing is there at all, and listing the entries takes a copy of the list. */
  if (((gsize) g_atomic_pointer_get (&object->qdata) & ~(gsize) G_DATALIST_FLAGS_MASK) == 0)
    return FALSE;

  learn ();
  g_datalist_foreach (&object->qdata, look_cb, &look);

  return look.is_tied;
}
