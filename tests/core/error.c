// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Errors that stand for several, and the report of errors that nobody observed.

#include "tend-core-private.h"
#include "tend-task.h"

static GPtrArray *
new_errors (const char *first,
            ...)
{
  g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);
  va_list messages;

  va_start (messages, first);
  for (const char *m = first; m != NULL; m = va_arg (messages, const char *))
    g_ptr_array_add (errors, g_error_new_literal (G_IO_ERROR, (int) errors->len, m));
  va_end (messages);

  return g_steal_pointer (&errors);
}

static GError *
new_several (void)
{
  g_autoptr(GPtrArray) errors = new_errors ("a", "b", NULL);

  return tend_error_new_several (errors);
}

static void
test_several_has_message (void)
{
  g_autoptr(GError) error = new_several ();
  g_autoptr(GPtrArray) one = new_errors ("only %s", NULL);
  g_autoptr(GError) single = tend_error_new_several (one);

  g_assert_error (error, TEND_ERROR, TEND_ERROR_SEVERAL);
  g_assert_cmpstr (error->message, ==, "One or more errors occurred. (a) (b)");
  g_assert_cmpstr (single->message, ==, "One or more errors occurred. (only %s)");
}

static void
check_parts (const GError *error)
{
  g_autoptr(GPtrArray) list = tend_error_list (error);

  g_assert_cmpuint (list->len, ==, 2);
  g_assert_error ((GError *) list->pdata[0], G_IO_ERROR, 0);
  g_assert_cmpstr (((GError *) list->pdata[0])->message, ==, "a");
  g_assert_error ((GError *) list->pdata[1], G_IO_ERROR, 1);
  g_assert_cmpstr (((GError *) list->pdata[1])->message, ==, "b");
}

static void
test_list_gives_parts_in_order (void)
{
  g_autoptr(GError) error = new_several ();

  check_parts (error);
}

static void
test_list_gives_any_other_itself (void)
{
  g_autoptr(GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BUSY, "busy");
  g_autoptr(GPtrArray) list = tend_error_list (error);

  g_assert_cmpuint (list->len, ==, 1);
  g_assert_true (list->pdata[0] != error);
  g_assert_error ((GError *) list->pdata[0], G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_cmpstr (((GError *) list->pdata[0])->message, ==, "busy");
}

/* Somebody else's error with the code has no parts, and is no crash. */
static void
test_list_gives_several_without_parts_itself (void)
{
  g_autoptr(GError) error = g_error_new_literal (TEND_ERROR, TEND_ERROR_SEVERAL, "mine");
  g_autoptr(GPtrArray) list = tend_error_list (error);

  g_assert_cmpuint (list->len, ==, 1);
  g_assert_cmpstr (((GError *) list->pdata[0])->message, ==, "mine");
}

static void
test_list_refuses_null (void)
{
  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, 0);
      g_test_trap_assert_failed ();
      g_test_trap_assert_stderr ("*tend_error_list*error != NULL*");
      return;
    }

  g_assert_null (tend_error_list (NULL));
}

static guint n_parts_freed;

static void
free_part (gpointer error)
{
  n_parts_freed++;
  g_error_free (error);
}

/* A copy has the parts without copying them, and keeps them alive. */
static void
test_copies_share_parts (void)
{
  GPtrArray *errors = new_errors ("a", "b", NULL);
  GError *error, *copy;

  n_parts_freed = 0;
  g_ptr_array_set_free_func (errors, free_part);
  error = tend_error_new_several (errors);
  g_ptr_array_unref (errors);
  copy = g_error_copy (error);

  g_error_free (error);
  g_assert_cmpuint (n_parts_freed, ==, 0);
  g_assert_error (copy, TEND_ERROR, TEND_ERROR_SEVERAL);
  g_assert_cmpstr (copy->message, ==, "One or more errors occurred. (a) (b)");
  check_parts (copy);

  g_error_free (copy);
  g_assert_cmpuint (n_parts_freed, ==, 2);
}

static void
test_several_may_hold_several (void)
{
  g_autoptr(GPtrArray) outer = new_errors ("x", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) list = NULL;

  g_ptr_array_add (outer, new_several ());
  error = tend_error_new_several (outer);
  g_assert_cmpstr (error->message, ==,
                   "One or more errors occurred. (x) (One or more errors occurred. (a) (b))");

  list = tend_error_list (error);
  g_assert_cmpuint (list->len, ==, 2);
  check_parts (list->pdata[1]);
}

/* Sixteen of them, and how many there are beside. */
static void
test_message_has_a_number_of_parts (void)
{
  g_autoptr(GPtrArray) errors = new_errors ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13",
                                            "14", "15", NULL);
  g_autoptr(GError) all = tend_error_new_several (errors);
  g_autoptr(GError) most = NULL;
  g_autoptr(GPtrArray) list = NULL;

  g_assert_true (g_str_has_suffix (all->message, " (14) (15)"));

  /* The array of an error does not change any more. */
  g_ptr_array_unref (g_steal_pointer (&errors));
  errors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);
  for (int i = 0; i < 1000; i++)
    g_ptr_array_add (errors, g_error_new (G_IO_ERROR, i, "%d", i));
  most = tend_error_new_several (errors);
  g_assert_true (g_str_has_suffix (most->message, " (14) (15) and 984 more"));

  list = tend_error_list (most);
  g_assert_cmpuint (list->len, ==, 1000);
  g_assert_cmpstr (((GError *) list->pdata[999])->message, ==, "999");
}

/* 256 bytes of each, and no part of a character. */
static void
test_message_has_a_length (void)
{
  g_autofree char *fits = g_strnfill (256, 'x');
  g_autofree char *cut = g_strnfill (255, 'x');
  g_autofree char *long_text = g_strconcat (cut, "ä", NULL);
  g_autofree char *expected = g_strconcat ("One or more errors occurred. (", fits, ") (", cut, "...) (\357\277\275)", NULL);
  g_autoptr(GPtrArray) errors = new_errors (fits, long_text, "\xff", NULL);
  g_autoptr(GError) error = tend_error_new_several (errors);

  g_assert_cmpstr (error->message, ==, expected);
}

/* Each level waits for the one below it twice, and there are more than a stack has room for. */
static void
test_levels_do_not_add_up (void)
{
  g_autoptr(GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "c");

  for (guint i = 0; i < 30000; i++)
    {
      g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);

      g_ptr_array_add (errors, g_error_copy (error));
      g_ptr_array_add (errors, g_steal_pointer (&error));
      error = tend_error_new_several (errors);
    }
  g_assert_cmpuint (strlen (error->message), <, 1000);

  /* It is known at once that there is nothing to tell. */
  tend_report_unobserved ("Task(0)", "Task 0", error, NULL);
}

static void
test_cancelled_is_one_code (void)
{
  g_autoptr(GError) cancelled = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "c");
  g_autoptr(GError) stopped = g_error_new_literal (TEND_ERROR, TEND_ERROR_STOPPED, "s");

  g_assert_true (tend_error_is_cancelled (cancelled));
  g_assert_false (tend_error_is_cancelled (stopped));
  g_assert_false (tend_error_is_cancelled (NULL));
}

/* --- Errors that nobody observed --- */

typedef struct
{
  guint    n_told;
  guint    n_destroyed;
  char    *task;
  char    *origin;
  GError  *error;
} Told;

static void
told_cb (const char   *task,
         const GError *error,
         const char   *origin,
         gpointer      user_data)
{
  Told *told = user_data;

  told->n_told++;
  g_free (told->task);
  g_free (told->origin);
  g_clear_error (&told->error);
  told->task = g_strdup (task);
  told->origin = g_strdup (origin);
  told->error = g_error_copy (error);
}

static void
told_destroyed (gpointer user_data)
{
  ((Told *) user_data)->n_destroyed++;
}

static void
told_clear (Told *told)
{
  g_free (told->task);
  g_free (told->origin);
  g_clear_error (&told->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Told, told_clear)

static gboolean
fail_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_BUSY, "%s", (const char *) user_data);
  return TRUE;
}

static TendTask *
new_failed (const char *name)
{
  return tend_task_run_open (name, fail_cb, (gpointer) "nobody looks", NULL);
}

static void
test_unobserved_is_told (void)
{
  g_auto (Told) told = { 0 };
  g_autofree char *text = NULL;
  TendTask *task;

  tend_set_unobserved_func (told_cb, &told, NULL);
  task = new_failed ("job");
  text = tend_task_to_string (task);
  g_assert_cmpuint (told.n_told, ==, 0);

  g_assert_finalize_object (task);
  g_assert_cmpuint (told.n_told, ==, 1);
  g_assert_cmpstr (told.task, ==, text);
  g_assert_error (told.error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_cmpstr (told.error->message, ==, "nobody looks");
  g_assert_nonnull (strstr (told.origin, "test-core-error"));

  tend_set_unobserved_func (NULL, NULL, NULL);
}

static void
test_observed_is_not_told (void)
{
  g_auto (Told) told = { 0 };
  TendTask *task;

  tend_set_unobserved_func (told_cb, &told, NULL);
  task = new_failed ("job");
  g_assert_nonnull (tend_task_get_error (task));
  g_assert_finalize_object (task);
  g_assert_cmpuint (told.n_told, ==, 0);

  tend_set_unobserved_func (NULL, NULL, NULL);
}

static void
test_unobserved_func_is_replaceable (void)
{
  g_auto (Told) first = { 0 };
  g_auto (Told) second = { 0 };
  TendTask *task;

  tend_set_unobserved_func (told_cb, &first, told_destroyed);
  g_assert_cmpuint (first.n_destroyed, ==, 0);
  tend_set_unobserved_func (told_cb, &second, told_destroyed);
  g_assert_cmpuint (first.n_destroyed, ==, 1);
  g_assert_cmpuint (second.n_destroyed, ==, 0);

  task = new_failed (NULL);
  g_assert_finalize_object (task);
  g_assert_cmpuint (first.n_told, ==, 0);
  g_assert_cmpuint (second.n_told, ==, 1);

  tend_set_unobserved_func (NULL, NULL, NULL);
  g_assert_cmpuint (first.n_destroyed, ==, 1);
  g_assert_cmpuint (second.n_destroyed, ==, 1);
}

/* The old data are destroyed outside the lock: the function may be set again from there. */
static void
set_again_cb (gpointer user_data)
{
  tend_set_unobserved_func (told_cb, user_data, told_destroyed);
}

static void
test_unobserved_func_may_be_set_from_notify (void)
{
  g_auto (Told) told = { 0 };
  TendTask *task;

  tend_set_unobserved_func (told_cb, &told, set_again_cb);
  tend_set_unobserved_func (NULL, NULL, NULL);
  task = new_failed (NULL);
  g_assert_finalize_object (task);
  g_assert_cmpuint (told.n_told, ==, 1);

  tend_set_unobserved_func (NULL, NULL, NULL);
  g_assert_cmpuint (told.n_destroyed, ==, 1);
}

static void
test_default_warns (void)
{
  TendTask *task = new_failed ("job");

  g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING,
                         "Task 'job': nobody observed its error; it was made at *test-core-error*: nobody looks");
  g_assert_finalize_object (task);
  g_test_assert_expected_messages ();
}

/* --- Exceptions of other languages --- */

static void
test_exception_is_carried_by_copies (void)
{
  GObject *exception = g_object_new (G_TYPE_OBJECT, NULL);
  GError *error = tend_exception_error_new (exception, "thrown");
  GError *copy = g_error_copy (error);

  g_assert_error (copy, TEND_EXCEPTION_ERROR, TEND_EXCEPTION_ERROR_THROWN);
  g_assert_cmpstr (copy->message, ==, "thrown");
  g_error_free (error);
  g_assert_true (tend_exception_error_get_exception (copy) == exception);
  g_error_free (copy);
  g_assert_finalize_object (exception);
}

static void
test_exception_of_other_errors_is_none (void)
{
  g_autoptr(GError) plain = g_error_new_literal (TEND_EXCEPTION_ERROR, TEND_EXCEPTION_ERROR_THROWN, "by hand");
  g_autoptr(GError) other = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BUSY, "busy");
  g_autoptr(GError) empty = tend_exception_error_new (NULL, "empty");

  g_assert_null (tend_exception_error_get_exception (plain));
  g_assert_null (tend_exception_error_get_exception (other));
  g_assert_null (tend_exception_error_get_exception (empty));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/error/message-has-a-number-of-parts", test_message_has_a_number_of_parts);
  g_test_add_func ("/tend/error/message-has-a-length", test_message_has_a_length);
  g_test_add_func ("/tend/error/levels-do-not-add-up", test_levels_do_not_add_up);
  g_test_add_func ("/tend/error/several-has-message", test_several_has_message);
  g_test_add_func ("/tend/error/list-gives-parts-in-order", test_list_gives_parts_in_order);
  g_test_add_func ("/tend/error/list-gives-any-other-itself", test_list_gives_any_other_itself);
  g_test_add_func ("/tend/error/list-gives-several-without-parts-itself",
                   test_list_gives_several_without_parts_itself);
  g_test_add_func ("/tend/error/list-refuses-null", test_list_refuses_null);
  g_test_add_func ("/tend/error/copies-share-parts", test_copies_share_parts);
  g_test_add_func ("/tend/error/several-may-hold-several", test_several_may_hold_several);
  g_test_add_func ("/tend/error/cancelled-is-one-code", test_cancelled_is_one_code);
  g_test_add_func ("/tend/error/unobserved-is-told", test_unobserved_is_told);
  g_test_add_func ("/tend/error/observed-is-not-told", test_observed_is_not_told);
  g_test_add_func ("/tend/error/unobserved-func-is-replaceable", test_unobserved_func_is_replaceable);
  g_test_add_func ("/tend/error/unobserved-func-may-be-set-from-notify",
                   test_unobserved_func_may_be_set_from_notify);
  g_test_add_func ("/tend/error/default-warns", test_default_warns);
  g_test_add_func ("/tend/exception-error/is-carried-by-copies", test_exception_is_carried_by_copies);
  g_test_add_func ("/tend/exception-error/of-other-errors-is-none", test_exception_of_other_errors_is_none);

  return g_test_run ();
}
