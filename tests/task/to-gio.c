// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The bridge from a task to a GTask: the results that go over.

#include "to-gio.h"

/* --- Results --- */

static void
test_nothing (void)
{
  g_autoptr(TendTask) task = open_task ();
  Answer answer = { 0 };
  g_autoptr(GError) error = NULL;

  bridge (task, NULL, &answer);
  settle ();
  g_assert_cmpint (answer.n_calls, ==, 0);

  tend_task_return_value (task, NULL);
  g_assert_cmpint (answer.n_calls, ==, 0);
  assert_answered (&answer);
  g_assert_true (g_task_propagate_boolean (answer.result, &error));
  g_assert_no_error (error);
  g_assert_finalize_object (g_steal_pointer (&answer.result));
  assert_gone (task);
}

static void
test_boolean (void)
{
  for (gboolean value = FALSE; value <= TRUE; value++)
    {
      g_autoptr(TendTask) task = open_task ();
      Answer answer = { 0 };
      g_autoptr(GError) error = NULL;

      bridge (task, NULL, &answer);
      tend_task_return_boolean (task, value);
      assert_answered (&answer);
      g_assert_true (g_task_propagate_boolean (answer.result, &error) == value);
      g_assert_no_error (error);
      g_assert_finalize_object (g_steal_pointer (&answer.result));
      assert_gone (task);
    }
}

static void
test_integers (void)
{
  static const GType types[] = {
    G_TYPE_CHAR, G_TYPE_UCHAR, G_TYPE_INT, G_TYPE_UINT, G_TYPE_LONG, G_TYPE_ULONG, G_TYPE_INT64, G_TYPE_UINT64,
  };

  for (gsize i = 0; i <= G_N_ELEMENTS (types) + 1; i++)
    {
      g_autoptr(TendTask) task = open_task ();
      g_auto(GValue) number = G_VALUE_INIT;
      g_auto(GValue) value = G_VALUE_INIT;
      Answer answer = { 0 };
      g_autoptr(GError) error = NULL;

      if (i < G_N_ELEMENTS (types))
        {
          g_value_init (&number, G_TYPE_INT);
          g_value_set_int (&number, 4);
          g_value_init (&value, types[i]);
          g_assert_true (g_value_transform (&number, &value));
        }
      else if (i == G_N_ELEMENTS (types))
        {
          g_value_init (&value, TEND_TYPE_TASK_STATUS);
          g_value_set_enum (&value, 4);
        }
      else
        {
          g_value_init (&value, G_TYPE_APPLICATION_FLAGS);
          g_value_set_flags (&value, 4);
        }

      bridge (task, NULL, &answer);
      tend_task_return_value (task, &value);
      assert_answered (&answer);
      g_assert_cmpint (g_task_propagate_int (answer.result, &error), ==, 4);
      g_assert_no_error (error);
      g_assert_finalize_object (g_steal_pointer (&answer.result));
      assert_gone (task);
    }
}

/* The caller has its own copy or reference, also of what nobody takes. */
static void
test_pointers (void)
{
  for (int is_taken = FALSE; is_taken <= TRUE; is_taken++)
    {
      g_autoptr(TendTask) texts = open_task ();
      g_autoptr(TendTask) objects = open_task ();
      g_autoptr(TendTask) variants = open_task ();
      g_autoptr(GCancellable) object = g_cancellable_new ();
      Answer text_answer = { 0 }, object_answer = { 0 }, variant_answer = { 0 };

      bridge (texts, NULL, &text_answer);
      bridge (objects, NULL, &object_answer);
      bridge (variants, NULL, &variant_answer);
      tend_task_return_string (texts, "text");
      tend_task_return_object (objects, object);
      tend_task_return_variant (variants, g_variant_new_string ("variant"));
      assert_answered (&text_answer);
      assert_answered (&object_answer);
      assert_answered (&variant_answer);

      g_assert_cmpstr (tend_task_get_string (texts), ==, "text");
      g_assert_cmpstr (g_variant_get_string (tend_task_get_variant (variants), NULL), ==, "variant");
      assert_gone (texts);
      assert_gone (objects);
      assert_gone (variants);
      if (is_taken)
        {
          g_autofree char *text = g_task_propagate_pointer (text_answer.result, NULL);
          g_autoptr(GCancellable) taken = g_task_propagate_pointer (object_answer.result, NULL);
          g_autoptr(GVariant) variant = g_task_propagate_pointer (variant_answer.result, NULL);

          g_assert_cmpstr (text, ==, "text");
          g_assert_true (taken == object);
          g_assert_cmpstr (g_variant_get_string (variant, NULL), ==, "variant");
        }
      g_assert_finalize_object (g_steal_pointer (&text_answer.result));
      g_assert_finalize_object (g_steal_pointer (&object_answer.result));
      g_assert_finalize_object (g_steal_pointer (&variant_answer.result));
      g_assert_finalize_object (g_steal_pointer (&object));
    }
}

static void
test_values (void)
{
  g_autoptr(TendTask) doubles = open_task ();
  g_autoptr(TendTask) boxes = open_task ();
  g_auto(GValue) boxed = G_VALUE_INIT;
  g_auto(GValue) number = G_VALUE_INIT;
  g_auto(GValue) bytes = G_VALUE_INIT;
  Answer double_answer = { 0 }, box_answer = { 0 };

  g_value_init (&boxed, G_TYPE_BYTES);
  g_value_take_boxed (&boxed, g_bytes_new ("bytes", 5));
  bridge (doubles, NULL, &double_answer);
  bridge (boxes, NULL, &box_answer);
  tend_task_return_double (doubles, 0.5);
  tend_task_return_value (boxes, &boxed);
  assert_answered (&double_answer);
  assert_answered (&box_answer);

  g_assert_true (g_task_propagate_value (double_answer.result, &number, NULL));
  g_assert_cmpfloat (g_value_get_double (&number), ==, 0.5);
  g_assert_true (g_task_propagate_value (box_answer.result, &bytes, NULL));
  g_assert_true (g_bytes_equal (g_value_get_boxed (&bytes), g_value_get_boxed (&boxed)));
  g_assert_finalize_object (g_steal_pointer (&double_answer.result));
  g_assert_finalize_object (g_steal_pointer (&box_answer.result));
  assert_gone (doubles);
  assert_gone (boxes);
}

/* The one who takes it frees it, and nobody else. */
static void
test_owned_pointer_moves (void)
{
  g_autoptr(TendTask) task = open_task ();
  Answer answer = { 0 };
  int n_freed = 0;

  bridge (task, NULL, &answer);
  tend_task_return_pointer (task, &n_freed, count_cb);
  assert_answered (&answer);
  g_assert_null (tend_task_get_pointer (task));
  assert_gone (task);
  g_assert_true (g_task_propagate_pointer (answer.result, NULL) == &n_freed);
  g_assert_finalize_object (g_steal_pointer (&answer.result));
  g_assert_cmpint (n_freed, ==, 0);
}

static void
test_owned_pointer_that_nobody_takes (void)
{
  g_autoptr(TendTask) task = open_task ();
  Answer answer = { 0 };
  int n_freed = 0;

  bridge (task, NULL, &answer);
  tend_task_return_pointer (task, &n_freed, count_cb);
  assert_answered (&answer);
  assert_gone (task);
  g_assert_cmpint (n_freed, ==, 0);
  g_assert_finalize_object (g_steal_pointer (&answer.result));
  g_assert_cmpint (n_freed, ==, 1);
}

static void
test_shared_pointer_stays (void)
{
  g_autoptr(TendTask) task = open_task ();
  g_auto(GValue) copy = G_VALUE_INIT;
  Answer answer = { 0 };
  int n_freed = 0;

  tend_task_return_pointer (task, &n_freed, count_cb);
  g_value_init (&copy, G_VALUE_TYPE (tend_task_get_result (task, NULL)));
  g_value_copy (tend_task_get_result (task, NULL), &copy);
  bridge (task, NULL, &answer);
  assert_answered_error (&answer, TEND_ERROR, TEND_ERROR_STATE);
  g_assert_true (tend_task_get_pointer (task) == &n_freed);
  assert_gone (task);
  g_assert_cmpint (n_freed, ==, 0);
  g_value_unset (&copy);
  g_assert_cmpint (n_freed, ==, 1);
}

static void
test_plain_pointer_is_shared (void)
{
  g_autoptr(TendTask) task = open_task ();
  Answer first = { 0 }, second = { 0 };

  bridge (task, NULL, &first);
  bridge (task, NULL, &second);
  tend_task_return_pointer (task, &first, NULL);
  assert_answered (&first);
  assert_answered (&second);
  g_assert_true (g_task_propagate_pointer (first.result, NULL) == &first);
  g_assert_true (g_task_propagate_pointer (second.result, NULL) == &first);
  g_assert_finalize_object (g_steal_pointer (&first.result));
  g_assert_finalize_object (g_steal_pointer (&second.result));
  assert_gone (task);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("nothing", test_nothing);
  add ("boolean", test_boolean);
  add ("integers", test_integers);
  add ("pointers", test_pointers);
  add ("values", test_values);
  add ("owned-pointer-moves", test_owned_pointer_moves);
  add ("owned-pointer-that-nobody-takes", test_owned_pointer_that_nobody_takes);
  add ("shared-pointer-stays", test_shared_pointer_stays);
  add ("plain-pointer-is-shared", test_plain_pointer_is_shared);

  return g_test_run ();
}
