// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The packets of examples/resolve/corpus, each of which is read as its name says, and all beginnings of
// which are read without harm. The function that a fuzzer calls is called with all of them.

#include <glib.h>
#include <string.h>

#include "dns.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const char *const results[] = {
  [DNS_ANSWERED] = "answered",
  [DNS_NO_ADDRESS] = "empty",
  [DNS_NOT_FOUND] = "missing",
  [DNS_SERVER_FAILURE] = "failure",
  [DNS_REFUSED] = "refused",
  [DNS_OTHER_ERROR] = "other",
  [DNS_TRUNCATED] = "truncated",
  [DNS_WRONG_QUESTION] = "wrong",
  [DNS_MALFORMED] = "malformed",
};

static void
test_packet (gconstpointer user_data)
{
  static const uint8_t www[] = "\3www\7example\3org";
  const char *path = user_data;
  g_autofree char *title = g_path_get_basename (path);
  g_autofree char *expected = g_strndup (title, strcspn (title, "-"));
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;
  DnsAnswer answer;
  gsize size;

  g_file_get_contents (path, &text, &size, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (size, <, 600);

  g_assert_cmpstr (results[dns_read_answer ((const uint8_t *) text, size, www, DNS_TYPE_A, &answer)], ==, expected);

  /* A copy of exactly that size, so that a sanitizer sees what is read behind it. */
  for (gsize n = 0; n <= size; n++)
    {
      g_autofree uint8_t *bytes = g_memdup2 (text, n);

      g_assert_cmpint (LLVMFuzzerTestOneInput (bytes, n), ==, 0);
    }
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GDir) folder = NULL;
  const char *title;

  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 2);

  folder = g_dir_open (argv[1], 0, &error);
  g_assert_no_error (error);
  while ((title = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *name = g_strconcat ("/tend/dns-corpus/", title, NULL);
      char *path = g_build_filename (argv[1], title, NULL);

      g_ptr_array_add (paths, path);
      g_test_add_data_func (name, path, test_packet);
    }
  g_assert_cmpuint (paths->len, >, 0);

  return g_test_run ();
}
