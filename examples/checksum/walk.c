// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The way through the tree: sequential code in a fiber that awaits GIO's asynchronous calls.
//
// Every call of GIO takes the same three lines: begin it with tend_call_start() and the address of a call, await the
// result, call the finish function. Meanwhile the main loop goes on. The code need not be split into callbacks, and
// cancelling the task ends it in its current wait.
//
// Directories that are still to be read are kept in a list and not in nested calls: a fiber's stack is small, and a
// tree may be deep. Symbolic links are treated neither as files nor as directories, so a link to a parent cannot lead
// into a circle.

#include "checksum.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How many entries come at once: each call costs a trip to one of GIO's threads and back. */
#define BATCH 256

typedef struct
{
  const char    *dir;           /* as the user gave it, and as paths are to begin */
  char          *real_dir;      /* where that really is */
  const char    *attributes;
  const Visitor *visitor;
  gpointer       user_data;
  GPtrArray     *todo;          /* paths of directories */
} Walk;

static char *
join (const char *dir,
      const char *name)
{
  return g_strconcat (dir, g_str_has_suffix (dir, "/") ? "" : "/", name, NULL);
}

/*
 * The directory for GIO, which removes "x/.." from paths. Where x is a symbolic link that leads
 * elsewhere, so it starts from where DIR really is.
 */
static GFile *
get_file (Walk       *self,
          const char *path)
{
  g_autofree char *real_path = g_strconcat (self->real_dir, "/", path + strlen (self->dir), NULL);

  return g_file_new_for_path (real_path);
}

static gboolean
visit (Walk        *self,
       const char  *dir,
       GFileInfo   *info,
       GError     **error)
{
  GFileType type = g_file_info_get_file_type (info);
  g_autofree char *path = NULL;

  if (type != G_FILE_TYPE_REGULAR && type != G_FILE_TYPE_DIRECTORY)
    return TRUE;

  path = join (dir, g_file_info_get_name (info));
  if (type == G_FILE_TYPE_REGULAR)
    return self->visitor->file (self->user_data, path, info, error);

  g_ptr_array_add (self->todo, g_steal_pointer (&path));
  return TRUE;
}

/* Visits the next entries; sets @n_visited to 0 after the last. */
static gboolean
visit_batch (Walk             *self,
             const char       *dir,
             GFileEnumerator  *enumerator,
             guint            *n_visited,
             GError          **error)
{
  g_auto(TendCall) call = TEND_CALL_INIT;
  g_autolist(GFileInfo) infos = NULL;
  g_autoptr(GError) failure = NULL;

  g_file_enumerator_next_files_async (enumerator, BATCH, G_PRIORITY_DEFAULT,
                                      tend_call_start (&call), tend_call_ready, &call);
  if (!tend_await_call (&call, error))
    return FALSE;

  *n_visited = 0;
  infos = g_file_enumerator_next_files_finish (enumerator, call.result, &failure);
  if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  if (failure != NULL)
    self->visitor->failed (self->user_data, dir, failure);

  for (GList *link = infos; link != NULL; link = link->next, ++*n_visited)
    {
      if (!visit (self, dir, link->data, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
visit_directory (Walk        *self,
                 const char  *dir,
                 GError     **error)
{
  g_autoptr(GFile) file = get_file (self, dir);
  g_auto(TendCall) call = TEND_CALL_INIT;
  g_autoptr(GFileEnumerator) enumerator = NULL;
  g_autoptr(GError) failure = NULL;
  guint n_visited;

  g_file_enumerate_children_async (file, self->attributes, G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS,
                                   G_PRIORITY_DEFAULT, tend_call_start (&call),
                                   tend_call_ready, &call);
  if (!tend_await_call (&call, error))
    return FALSE;

  enumerator = g_file_enumerate_children_finish (file, call.result, &failure);
  if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  if (enumerator == NULL)
    {
      self->visitor->failed (self->user_data, dir, failure);
      return TRUE;
    }

  /* A short batch is the last. */
  do
    {
      if (!visit_batch (self, dir, enumerator, &n_visited, error))
        return FALSE;
    }
  while (n_visited == BATCH);

  return TRUE;
}

/*
 * Visits every regular file below @dir, in a fiber. Their paths begin with @dir as it stands, as
 * those of find(1) do. @dir itself may be a symbolic link.
 *
 * FALSE with an error if @dir is no directory, if a visit ends the walk, or if the task was
 * cancelled or stopped.
 */
gboolean
walk (const char     *dir,
      const char     *attributes,
      const Visitor  *visitor,
      gpointer        user_data,
      GError        **error)
{
  g_autoptr(GPtrArray) todo = g_ptr_array_new_with_free_func (g_free);
  char *real_dir = realpath (dir, NULL);
  Walk self = { dir, real_dir, attributes, visitor, user_data, todo };
  gboolean goes_on = TRUE;

  if (real_dir == NULL || !g_file_test (real_dir, G_FILE_TEST_IS_DIR))
    {
      int code = real_dir == NULL ? errno : ENOTDIR;

      g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (code), g_strerror (code));
      free (real_dir);
      return FALSE;
    }

  g_ptr_array_add (todo, g_strdup (dir));
  while (goes_on && todo->len > 0)
    {
      g_autofree char *next = g_ptr_array_steal_index (todo, todo->len - 1);

      goes_on = visit_directory (&self, next, error);
    }

  free (real_dir);
  return goes_on;
}
