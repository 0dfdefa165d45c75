// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A cache with a name and a number, and a task that waits for it: another part of the
// program adds it after 1.23 seconds, and the wait is over.

#include <tend.h>

#define MY_TYPE_STATE (my_state_get_type ())
G_DECLARE_FINAL_TYPE (MyState, my_state, MY, STATE, TendNumberCache)

struct _MyState
{
  TendNumberCache parent_instance;

  int state;
};

G_DEFINE_FINAL_TYPE (MyState, my_state, TEND_TYPE_NUMBER_CACHE)

static void
my_state_class_init (MyStateClass *klass)
{
}

static void
my_state_init (MyState *self)
{
}

static gboolean
add_later (TendTask *task, gpointer user_data, GError **error)
{
  TendRequestCache *requests = user_data;
  g_autoptr(MyState) state = g_object_new (MY_TYPE_STATE, "prefix", "my-state", "number", (guint64) 0, NULL);

  state->state = 42;
  return tend_sleep (1230 * 1000, error) &&
         tend_request_cache_add (requests, TEND_NUMBER_CACHE (state), error);
}

static gboolean
example (TendTask *main_task, gpointer user_data, GError **error)
{
  g_autoptr(TendRequestCache) requests = tend_request_cache_new ();
  g_autoptr(TendTask) found = tend_request_cache_wait_for (requests, "my-state", 0, TEND_FOREVER);

  tend_task_manager_register (tend_request_cache_get_manager (requests),
                              tend_task_new_fiber ("Add later", add_later, requests, NULL),
                              TEND_NAME_POLICY_REJECT, NULL);
  if (!tend_await (found, error))
    return FALSE;

  g_print ("I found a cache with the state: %d\n", MY_STATE (tend_task_get_object (found))->state);
  return tend_request_cache_shutdown (requests, error);
}

int
main (void)
{
  return tend_run (example, NULL, NULL) ? 0 : 1;
}
