// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The taste of the manager in README.md: a gallery whose work ends with it.

#include <tend.h>

typedef struct
{
  GObject          parent_instance;
  TendTaskManager *tasks;
} Gallery;

typedef GObjectClass GalleryClass;

GType gallery_get_type (void) G_GNUC_CONST;

G_DEFINE_FINAL_TYPE (Gallery, gallery, G_TYPE_OBJECT)

static void
gallery_dispose (GObject *object)
{
  g_clear_object (&((Gallery *) object)->tasks);
  G_OBJECT_CLASS (gallery_parent_class)->dispose (object);
}

static void
gallery_class_init (GalleryClass *klass)
{
  klass->dispose = gallery_dispose;
}

static gboolean
make_thumbnail (TendTask *task, gpointer user_data, GError **error)
{
  return tend_checkpoint (error);
}

static gboolean
search (TendTask *task, gpointer user_data, GError **error)
{
  g_print ("searched\n");
  return TRUE;
}

static void
gallery_init (Gallery *self)
{
  /* The work ends with the gallery, and nothing calls back into one that is gone. Four at a time. */
  self->tasks = tend_task_manager_new_for_owner (G_OBJECT (self));
  tend_task_manager_set_max_running (self->tasks, 4);
}

static void
gallery_add (Gallery *self, const char *path)
{
  /* A thread creates the picture. By its name you can look it up, cancel it and show it. */
  tend_task_manager_register (self->tasks, tend_task_new_thread (path, make_thumbnail, g_strdup (path), g_free),
                              TEND_NAME_POLICY_REJECT, NULL);
}

static void
gallery_text_changed (Gallery *self)
{
  /* When nobody has typed for 0.3 s. A search that still runs is ended first. */
  tend_task_manager_debounce (self->tasks, tend_task_new ("search", search, self, NULL), 300 * 1000, NULL);
}

int
main (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Gallery *gallery = g_object_new (gallery_get_type (), NULL);

  gallery_add (gallery, "a.png");
  gallery_add (gallery, "b.png");
  gallery_text_changed (gallery);
  gallery_text_changed (gallery);
  tend_clock_run_until_idle (clock, NULL);

  /* It goes, and what it has asked for is not done any more. */
  gallery_text_changed (gallery);
  g_assert_finalize_object (gallery);
  tend_clock_run_until_idle (clock, NULL);

  return 0;
}
