// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Fibers in C++: what is being handled, and what is on its way, belongs to the fiber and not to its thread.

#include <tend.h>

#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <sys/resource.h>

static const gint64 SECOND = G_TIME_SPAN_SECOND;

/* Throws what is handled once more, and gives its text. */
static std::string
get_handled ()
{
  try
    {
      throw;
    }
  catch (const std::exception &again)
    {
      return again.what ();
    }
}

static bool
is_completed (TendTask *task)
{
  return tend_task_get_status (task) == TEND_TASK_STATUS_COMPLETED;
}

struct Fiber
{
  const char *name;
  gint64      usec;
  std::string seen;
};

static gboolean
catch_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  auto fiber = static_cast<Fiber *> (user_data);

  try
    {
      throw std::runtime_error (fiber->name);
    }
  catch (const std::exception &)
    {
      if (!tend_sleep (fiber->usec, error))
        return FALSE;
      fiber->seen = get_handled ();
    }

  return std::current_exception () == nullptr;
}

/* They leave their blocks in another order than that of a stack. */
static void
test_each_fiber_handles_its_own ()
{
  g_autoptr(TendClock) clock = tend_clock_freeze (nullptr);
  Fiber fibers[] = { { "first", SECOND, "" }, { "second", 3 * SECOND, "" }, { "third", 2 * SECOND, "" } };
  TendTask *tasks[G_N_ELEMENTS (fibers)];

  for (gsize i = 0; i < G_N_ELEMENTS (fibers); i++)
    tasks[i] = tend_task_run_fiber (fibers[i].name, catch_body, &fibers[i], nullptr);
  g_assert_true (std::current_exception () == nullptr);
  tend_clock_run_until_idle (clock, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (fibers); i++)
    {
      g_assert_true (is_completed (tasks[i]));
      g_assert_cmpstr (fibers[i].seen.c_str (), ==, fibers[i].name);
      g_object_unref (tasks[i]);
    }
}

/* The main context runs in a catch block, too. */
static void
test_main_part_handles_its_own ()
{
  g_autoptr(TendClock) clock = tend_clock_freeze (nullptr);
  Fiber fiber = { "fiber", SECOND, "" };
  g_autoptr(TendTask) task = nullptr;

  try
    {
      throw std::runtime_error ("main");
    }
  catch (const std::exception &)
    {
      task = tend_task_run_fiber (nullptr, catch_body, &fiber, nullptr);
      g_assert_true (get_handled () == "main");
      tend_clock_run_until_idle (clock, NULL);
      g_assert_true (get_handled () == "main");
    }

  g_assert_cmpstr (fiber.seen.c_str (), ==, "fiber");
  g_assert_true (std::current_exception () == nullptr);
}

/* What a fiber causes on the native stack does not see the fiber's, and leaves it alone. */
static void
throw_exit_cb (TendTask *task,
               gpointer  user_data)
{
  auto seen = static_cast<std::string *> (user_data);

  *seen = std::current_exception () == nullptr ? "nothing" : "something";
  try
    {
      throw std::runtime_error ("handler");
    }
  catch (const std::exception &)
    {
      *seen += ", then " + get_handled ();
    }
}

static gboolean
cause_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  g_autoptr(TendTask) other = tend_task_new_open (nullptr, nullptr, nullptr, nullptr);

  tend_task_add_exit_handler (other, throw_exit_cb, user_data, nullptr);
  try
    {
      throw std::runtime_error ("fiber");
    }
  catch (const std::exception &)
    {
      tend_task_stop (other);
      return get_handled () == "fiber";
    }
}

static void
test_handlers_have_their_own ()
{
  std::string seen;
  g_autoptr(TendTask) task = tend_task_run_fiber (nullptr, cause_body, &seen, nullptr);

  g_assert_true (is_completed (task));
  g_assert_cmpstr (seen.c_str (), ==, "nothing, then handler");
}

/* A destructor waits while an exception is on its way. */
struct Waiter
{
  ~Waiter ()
  {
    g_assert_cmpint (std::uncaught_exceptions (), ==, 1);
    g_assert_true (tend_sleep (SECOND, nullptr));
    g_assert_cmpint (std::uncaught_exceptions (), ==, 1);
  }
};

static gboolean
unwinding_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  try
    {
      Waiter waiter;

      throw std::runtime_error ("on its way");
    }
  catch (const std::exception &caught)
    {
      return strcmp (caught.what (), "on its way") == 0 && std::uncaught_exceptions () == 0;
    }
}

static void
test_waits_while_unwinding ()
{
  g_autoptr(TendClock) clock = tend_clock_freeze (nullptr);
  g_autoptr(TendTask) first = tend_task_run_fiber (nullptr, unwinding_body, nullptr, nullptr);
  g_autoptr(TendTask) second = tend_task_run_fiber (nullptr, unwinding_body, nullptr, nullptr);

  g_assert_cmpint (std::uncaught_exceptions (), ==, 0);
  tend_clock_run_until_idle (clock, NULL);
  g_assert_true (is_completed (first));
  g_assert_true (is_completed (second));
}

/* A main context may be run by another thread later, which has had no fiber yet. */
struct Elsewhere
{
  GMainContext *context;
  TendTask     *task;
  Fiber         fiber;
};

static gpointer
begin_thread (gpointer data)
{
  auto elsewhere = static_cast<Elsewhere *> (data);

  g_main_context_push_thread_default (elsewhere->context);
  elsewhere->task = tend_task_run_fiber (nullptr, catch_body, &elsewhere->fiber, nullptr);
  g_main_context_pop_thread_default (elsewhere->context);

  return nullptr;
}

static gpointer
finish_thread (gpointer data)
{
  auto elsewhere = static_cast<Elsewhere *> (data);

  g_main_context_push_thread_default (elsewhere->context);
  while (!tend_task_is_ended (elsewhere->task))
    g_main_context_iteration (elsewhere->context, TRUE);
  g_object_unref (elsewhere->task);
  g_main_context_pop_thread_default (elsewhere->context);

  return nullptr;
}

static void
test_goes_with_the_context ()
{
  Elsewhere elsewhere = { g_main_context_new (), nullptr, { "moved", 1000, "" } };

  g_thread_join (g_thread_new ("begin", begin_thread, &elsewhere));
  g_thread_join (g_thread_new ("finish", finish_thread, &elsewhere));
  g_assert_cmpstr (elsewhere.fiber.seen.c_str (), ==, "moved");
  g_main_context_unref (elsewhere.context);
}

static gboolean
throw_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  if (!tend_yield (error))
    return FALSE;
  throw std::runtime_error ("nobody's");
}

/* Both of these say what they know: the task, and the exception. */
static void
test_one_that_leaves_ends_the_process ()
{
  const struct rlimit none = { 0, 0 };

  if (g_test_subprocess ())
    {
      g_autoptr(TendTask) task = tend_task_run_fiber ("thrower", throw_body, nullptr, nullptr);

      setrlimit (RLIMIT_CORE, &none);
      g_log_set_always_fatal (G_LOG_LEVEL_ERROR);
      tend_task_wait_sync (task, nullptr);
      return;
    }

  g_test_trap_subprocess (nullptr, 0, static_cast<GTestSubprocessFlags> (0));
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*Task 'thrower': an exception leaves the body, where nobody can catch it*"
                             "nobody's*");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, nullptr);

  g_test_add_func ("/tend/exceptions/each-fiber-handles-its-own", test_each_fiber_handles_its_own);
  g_test_add_func ("/tend/exceptions/main-part-handles-its-own", test_main_part_handles_its_own);
  g_test_add_func ("/tend/exceptions/handlers-have-their-own", test_handlers_have_their_own);
  g_test_add_func ("/tend/exceptions/waits-while-unwinding", test_waits_while_unwinding);
  g_test_add_func ("/tend/exceptions/goes-with-the-context", test_goes_with_the_context);
  g_test_add_func ("/tend/exceptions/one-that-leaves-ends-the-process", test_one_that_leaves_ends_the_process);

  return g_test_run ();
}
