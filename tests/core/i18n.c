// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The messages of errors are translated where there is a catalogue of the library.

#include <glib/gstdio.h>
#include <libintl.h>
#include <locale.h>
#include <string.h>

#include "../task/common.h"

/* The task and what is wrong with it are translated apart; in alphabetical order, as a catalogue has them. */
#define HEAD "Task '%s': "
#define HEAD_TRANSLATED "De opere '%1$s' : "
#define ORIGINAL "the name is empty"
#define TRANSLATED "nomen deest"

#define TEXT HEAD "\0" ORIGINAL "\0" HEAD_TRANSLATED "\0" TRANSLATED

/* Writes a catalogue of two texts, in the form that GNU gettext describes. */
static void
write_catalogue (const char *path)
{
  const guint32 begin = 60;
  const guint32 head[] = {
    0x950412de, 0, 2, 28, 44, 0, begin,
    sizeof HEAD - 1, begin,
    sizeof ORIGINAL - 1, begin + sizeof HEAD,
    sizeof HEAD_TRANSLATED - 1, begin + sizeof HEAD ORIGINAL + 1,
    sizeof TRANSLATED - 1, begin + sizeof HEAD ORIGINAL HEAD_TRANSLATED + 2,
  };
  g_autoptr(GByteArray) bytes = g_byte_array_new ();
  g_autoptr(GError) error = NULL;

  g_byte_array_append (bytes, (const guint8 *) head, sizeof head);
  g_byte_array_append (bytes, (const guint8 *) TEXT, sizeof TEXT);
  g_file_set_contents (path, (const char *) bytes->data, bytes->len, &error);
  g_assert_no_error (error);
}

static void
assert_message (const char *message)
{
  g_autoptr(TendTaskManager) manager = tend_task_manager_new ();
  g_autoptr(GError) error = NULL;

  g_assert_null (tend_task_manager_register (manager, tend_task_new ("", idle_body, NULL, NULL),
                                             TEND_NAME_POLICY_REJECT, &error));
  g_assert_cmpstr (error->message, ==, message);
}

static void
test_translated (void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *directory = g_dir_make_tmp ("tend-XXXXXX", &error);
  g_autofree char *language = g_build_filename (directory, "xx", NULL);
  g_autofree char *messages = g_build_filename (language, "LC_MESSAGES", NULL);
  g_autofree char *file = g_build_filename (messages, "libtend.mo", NULL);

  g_assert_no_error (error);
  if (setlocale (LC_ALL, "C.UTF-8") == NULL)
    {
      g_test_skip ("There is no locale C.UTF-8");
      return;
    }

  g_assert_cmpint (g_mkdir_with_parents (messages, 0700), ==, 0);
  write_catalogue (file);

  /* The first message has the library look where it is installed. */
  assert_message ("Task '': the name is empty");
  g_setenv ("LANGUAGE", "xx", TRUE);
  bindtextdomain ("libtend", directory);
  assert_message ("De opere '' : nomen deest");

  g_unlink (file);
  g_rmdir (messages);
  g_rmdir (language);
  g_rmdir (directory);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tend/error/messages-are-translated", test_translated);

  return g_test_run ();
}
