// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Objects and callbacks: how long they live, what is attached to them, and how deep their calls nest.

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* --- linger.c: an object that stays when it is disposed of --- */

typedef struct _TendLinger TendLinger;
typedef void (* TendLingerFunc) (TendLinger *linger,
                                 gpointer    data);

gboolean tend_linger_begin      (GObject        *object,
                                 TendLingerFunc  alone,
                                 gpointer        data);
GObject *tend_linger_get_object (TendLinger     *self);
void     tend_linger_end        (TendLinger     *self);

/* --- foreign.c: what others tie to an object --- */

gboolean tend_object_is_tied    (GObject  *object,
                                 gboolean  is_going);

/* --- flat.c: calls that would else nest as deep as a program likes --- */

typedef void (* TendFlatFunc) (gpointer data);

gboolean tend_is_deep           (void);
void     tend_call_flat         (TendFlatFunc    func,
                                 gpointer        data,
                                 gsize           size);

/* --- Callbacks: a function, its data, and what destroys that --- */

/*
 * A callback that can be replaced while it runs: its caller has a reference, and dropping the last one destroys the
 * data.
 */
typedef struct
{
  gpointer       func;      /* constant, as all of it */
  gpointer       user_data;
  GDestroyNotify notify;
} TendCallback;

TendCallback *tend_callback_new   (gpointer        func,
                                   gpointer        user_data,
                                   GDestroyNotify  notify) G_GNUC_WARN_UNUSED_RESULT;
void          tend_callback_unref (TendCallback   *self);

static inline TendCallback *
tend_callback_ref (TendCallback *self)
{
  return self != NULL ? g_atomic_rc_box_acquire (self) : NULL;
}

G_END_DECLS
