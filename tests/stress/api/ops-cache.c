// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Operations on request caches, and on number caches of a class that overrides all that can be.

#include "fuzz.h"

typedef struct
{
  TendNumberCache parent_instance;
} FuzzCache;

typedef struct
{
  TendNumberCacheClass parent_class;
} FuzzCacheClass;

static GType fuzz_cache_get_type (void);

G_DEFINE_TYPE (FuzzCache, fuzz_cache, TEND_TYPE_NUMBER_CACHE)

/* --- What it calls --- */

static void
fuzz_cache_timed_out (TendNumberCache *cache)
{
  trace ("call timed-out");
  hook ();
}

static void
fuzz_cache_dropped (TendNumberCache *cache)
{
  trace ("call dropped");
  hook ();
}

/* It may be negative, which is refused. */
static gint64
fuzz_cache_get_timeout (TendNumberCache *cache)
{
  trace ("call get_timeout");
  hook ();
  return pick (20) == 0 ? -1 : pick_time ();
}

static void
fuzz_cache_class_init (FuzzCacheClass *klass)
{
  klass->parent_class.timed_out = fuzz_cache_timed_out;
  klass->parent_class.dropped = fuzz_cache_dropped;
  klass->parent_class.get_timeout = fuzz_cache_get_timeout;
}

static void
fuzz_cache_init (FuzzCache *self)
{
}

static void
timed_out_cb (TendNumberCache *cache,
              gpointer         data)
{
  token_call (data);
  hook ();
}

static void
closure_gone_cb (gpointer  data,
                 GClosure *closure)
{
  token_destroy (data);
}

/* --- Number caches --- */

static const char *
pick_text (void)
{
  static const char *texts[] = { "", "name", "a longer name" };

  return texts[pick (G_N_ELEMENTS (texts))];
}

static GBytes *
pick_key (void)
{
  const char *text = pick_text ();

  return g_bytes_new (text, strlen (text));
}

/* One that takes over what is reserved for another cache, or NULL. */
static TendNumberCache *
make_reserved (void)
{
  TendNumberCache *other = rack_hold (KIND_NUMBER_CACHE);
  TendNumberCache *cache;

  if (other == NULL || !tend_number_cache_is_reserved (other))
    return NULL;

  cache = g_object_new (fuzz_cache_get_type (), "reservation", other, NULL);
  if (tend_number_cache_is_reserved (other) || !tend_number_cache_is_reserved (cache))
    fail ("a reservation was handed on, and has not moved");
  return cache;
}

static TendNumberCache *
make_keyed (void)
{
  g_autoptr(GBytes) key = pick_key ();

  switch (pick (3))
    {
    case 0:
      return tend_number_cache_new_for_text (pick_name (), pick_text ());
    case 1:
      return tend_number_cache_new_for_key (pick_name (), key);
    default:
      return g_object_new (fuzz_cache_get_type (), "prefix", pick_name (), "key", key, NULL);
    }
}

static void
make_cache (void)
{
  TendRequestCache *requests = rack_hold (KIND_REQUEST_CACHE);
  g_autoptr(GError) error = NULL;
  TendNumberCache *cache = pick (4) == 0 ? make_reserved () : NULL;

  if (cache != NULL)
    ;
  else if (requests != NULL && pick (4) == 0)
    {
      cache = (TendNumberCache *) tend_random_number_cache_new (requests, pick_name (), 1 + pick (8), &error);
      check_answer (cache != NULL, error);
      if (cache == NULL)
        return;
      if (tend_random_number_cache_get_bits (TEND_RANDOM_NUMBER_CACHE (cache)) > 8)
        fail ("a random number has more bits than it was given");
    }
  else if (pick (4) == 0)
    cache = make_keyed ();
  else if (pick (2) == 0)
    cache = tend_number_cache_new (pick_name (), pick (3));
  else
    cache = g_object_new (fuzz_cache_get_type (), "prefix", pick_name (), "number", (guint64) pick (3), NULL);

  token_watch ("number cache", cache);
  g_signal_connect_data (cache, "timed-out", G_CALLBACK (timed_out_cb), token_new ("timed-out", TOKEN_NOTIFIED),
                         closure_gone_cb, 0);
  rack_put (KIND_NUMBER_CACHE, cache);
}

/* Only a task that never has the cache as its result, as that of a wait may: the two would keep each other. */
static void
add_task (void)
{
  TendTask *task = hold (make_task ());
  TendNumberCache *cache = rack_hold (KIND_NUMBER_CACHE);
  g_auto(GValue) value = G_VALUE_INIT;
  g_autoptr(GError) reason = error_pick ();
  g_autoptr(GError) error = NULL;
  gboolean ok;

  if (cache == NULL)
    return;

  rack_put (KIND_TASK, g_object_ref (task));
  value_pick (&value);
  give_away (task);
  if (pick (2) == 0)
    ok = tend_number_cache_add_task (cache, task, pick (3) == 0 ? NULL : &value, &error);
  else
    ok = tend_number_cache_add_task_with_error (cache, task, reason, &error);
  check_answer (ok, error);
}

static void
remove_task (void)
{
  TendNumberCache *cache = rack_hold (KIND_NUMBER_CACHE);
  g_autoptr(GPtrArray) tasks = cache != NULL ? tend_number_cache_list_tasks (cache) : NULL;

  if (tasks != NULL && tasks->len > 0 &&
      !tend_number_cache_remove_task (cache, g_ptr_array_index (tasks, pick (tasks->len))))
    fail ("a cache lists a task, and does not have it");
}

static void
look_at_cache (void)
{
  TendNumberCache *cache = rack_hold (KIND_NUMBER_CACHE);
  g_autofree char *text = NULL;

  if (cache == NULL)
    return;

  text = tend_number_cache_to_string (cache);
  if (tend_number_cache_get_prefix (cache) == NULL || tend_number_cache_get_number (cache) > 255)
    fail ("%s has no prefix, or a number that nobody gave it", text);
  if (tend_number_cache_get_key (cache) != NULL && tend_number_cache_get_number (cache) != 0)
    fail ("%s has a key, and a number", text);
  tend_number_cache_get_timeout (cache);
  tend_number_cache_set_timeout (cache, pick_time ());
  if (tend_number_cache_restart_timeout (cache, pick_time ()) != tend_number_cache_is_held (cache))
    fail ("%s is held, and has no timeout", text);
}

/* --- Request caches --- */

static void
make (void)
{
  TendRequestCache *requests = tend_request_cache_new ();

  token_watch ("request cache", requests);
  rack_put (KIND_REQUEST_CACHE, requests);
}

static void
add (void)
{
  TendNumberCache *cache = rack_get (KIND_NUMBER_CACHE);
  TendRequestCache *requests = rack_get (KIND_REQUEST_CACHE);
  g_autoptr(GError) error = NULL;
  gboolean ok;

  if (cache == NULL || requests == NULL)
    return;

  ok = tend_request_cache_add (requests, cache, &error);
  check_answer (ok, error);
}

static void
reserve (void)
{
  TendNumberCache *cache = rack_get (KIND_NUMBER_CACHE);
  TendRequestCache *requests = rack_get (KIND_REQUEST_CACHE);
  g_autoptr(GError) error = NULL;
  gboolean ok;

  if (cache == NULL || requests == NULL)
    return;

  ok = tend_request_cache_reserve (requests, cache, &error);
  check_answer (ok, error);
  if (ok && !tend_number_cache_is_reserved (cache))
    fail ("a cache was reserved, and is not");
}

static void
release (void)
{
  TendNumberCache *cache = rack_get (KIND_NUMBER_CACHE);

  if (cache == NULL)
    return;

  if (tend_number_cache_is_reserved (cache) != tend_number_cache_release (cache))
    fail ("a cache was released, and was not reserved; or the other way");
}

static void
find (void)
{
  TendRequestCache *requests = rack_hold (KIND_REQUEST_CACHE);
  const char *name = pick_name ();
  guint64 number = pick (3);
  TendNumberCache *found;
  gboolean has;

  if (requests == NULL)
    return;

  if (name == NULL)
    {
      has = tend_request_cache_has_type (requests, TEND_TYPE_NUMBER_CACHE, number);
      found = tend_request_cache_lookup_type (requests, TEND_TYPE_NUMBER_CACHE, number);
    }
  else
    {
      has = tend_request_cache_has (requests, name, number);
      found = tend_request_cache_lookup (requests, name, number);
    }
  if (has != (found != NULL) || (has && !tend_number_cache_is_held (found)))
    fail ("a request cache has a number, and has not");
  if (has != (tend_request_cache_get_n_caches (requests) > 0) && has)
    fail ("a request cache has a number, and counts none");
}

/* Whichever finds what the other one put there: both are bytes. */
static void
find_by_key (void)
{
  TendRequestCache *requests = rack_hold (KIND_REQUEST_CACHE);
  const char *name = pick_name (), *text = pick_text ();
  g_autoptr(GBytes) key = g_bytes_new (text, strlen (text));
  TendNumberCache *found;

  if (requests == NULL || name == NULL)
    return;

  found = tend_request_cache_lookup_key (requests, name, key);
  if (found != tend_request_cache_lookup_text (requests, name, text) ||
      tend_request_cache_has_key (requests, name, key) != (found != NULL) ||
      tend_request_cache_has_text (requests, name, text) != (found != NULL))
    fail ("a request cache has a key, and has not");
  if (found != NULL && !tend_number_cache_is_held (found))
    fail ("a request cache finds a key that it does not hold");
}

static void
pop_by_key (void)
{
  TendRequestCache *requests = rack_get (KIND_REQUEST_CACHE);
  const char *name = pick_name ();
  g_autoptr(GBytes) key = pick_key ();
  TendNumberCache *cache;

  if (requests == NULL || name == NULL)
    return;

  cache = pick (2) == 0 ? tend_request_cache_pop_key (requests, name, key)
                        : tend_request_cache_pop_text (requests, name, pick_text ());
  if (cache != NULL && tend_number_cache_is_held (cache))
    fail ("a cache was popped by its key, and is held");
  rack_put (KIND_NUMBER_CACHE, cache);
}

static void
wait_for_key (void)
{
  TendRequestCache *requests = rack_get (KIND_REQUEST_CACHE);
  const char *name = pick_name ();
  g_autoptr(GBytes) key = pick_key ();

  if (requests == NULL || name == NULL)
    return;

  rack_put (KIND_TASK, pick (2) == 0 ? tend_request_cache_wait_for_key (requests, name, key, pick_time ())
                                     : tend_request_cache_wait_for_text (requests, name, pick_text (), pick_time ()));
}

static void
pop (void)
{
  TendRequestCache *requests = rack_get (KIND_REQUEST_CACHE);
  const char *name = pick_name ();
  TendNumberCache *cache;

  if (requests == NULL)
    return;

  cache = name == NULL ? tend_request_cache_pop_type (requests, fuzz_cache_get_type (), pick (3))
                       : tend_request_cache_pop (requests, name, pick (3));
  if (cache != NULL && tend_number_cache_is_held (cache))
    fail ("a cache was popped, and is held");
  rack_put (KIND_NUMBER_CACHE, cache);
}

static void
drop_some (void)
{
  TendNumberCache *cache = rack_get (KIND_NUMBER_CACHE);
  TendRequestCache *requests = rack_get (KIND_REQUEST_CACHE);

  if (requests == NULL)
    return;

  if (pick (8) == 0)
    {
      g_autoptr(GError) reason = error_pick ();

      tend_request_cache_clear_with_error (requests, reason);
    }
  else if (cache == NULL || pick (4) == 0)
    tend_request_cache_clear (requests);
  else
    tend_request_cache_remove (requests, cache);
}

static void
list (void)
{
  TendRequestCache *requests = rack_hold (KIND_REQUEST_CACHE);
  g_autoptr(GPtrArray) all = requests != NULL ? tend_request_cache_list_caches (requests, NULL) : NULL;
  g_autoptr(GPtrArray) some = requests != NULL ? tend_request_cache_list_caches (requests, pick_name ()) : NULL;

  if (requests == NULL)
    return;

  if (all->len != tend_request_cache_get_n_caches (requests) || some->len > all->len)
    fail ("a request cache lists others than it has");
  for (guint i = 0; i < all->len; i++)
    {
      if (!tend_number_cache_is_held (g_ptr_array_index (all, i)))
        fail ("a request cache lists one that it does not hold");
    }
}

static void
wait (void)
{
  TendRequestCache *requests = rack_get (KIND_REQUEST_CACHE);
  const char *name = pick_name ();

  if (requests != NULL && name != NULL)
    {
      gint64 timeout = pick (4) == 0 ? TEND_FOREVER : pick_time ();

      rack_put (KIND_TASK, tend_request_cache_wait_for (requests, name, pick (3), timeout));
    }
}

static void
override (void)
{
  TendRequestCache *requests = rack_hold (KIND_REQUEST_CACHE);

  if (requests == NULL)
    return;

  tend_request_cache_push_timeout (requests, pick (2) == 0 ? TEND_TYPE_NUMBER_CACHE : fuzz_cache_get_type (),
                                   pick_time ());
  run_operation ();
  tend_request_cache_pop_timeout (requests);
}

static void
take_manager (void)
{
  TendRequestCache *requests = rack_get (KIND_REQUEST_CACHE);

  if (requests != NULL)
    rack_put (KIND_MANAGER, g_object_ref (tend_request_cache_get_manager (requests)));
}

static void
shut_down_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      data)
{
  TendRequestCache *requests = TEND_REQUEST_CACHE (source);
  g_autoptr(GError) error = NULL;
  gboolean ok;

  token_call (data);
  ok = tend_request_cache_shutdown_finish (requests, result, &error);
  check_answer (ok, error);
  if (!tend_request_cache_is_shut_down (requests) || tend_request_cache_get_n_caches (requests) > 0)
    fail ("a request cache is shut down, and holds caches");
  hook ();
}

static void
shut_down (void)
{
  TendRequestCache *requests = rack_get (KIND_REQUEST_CACHE);
  GCancellable *cancellable = pick (3) == 0 ? rack_hold (KIND_CANCELLABLE) : NULL;
  Token *token;

  if (requests == NULL)
    return;

  token = token_new ("shutdown of a request cache", TOKEN_ONCE);
  tend_request_cache_shutdown_async (requests, cancellable, shut_down_cb, token);
}

Op cache_operations[] = {
  { "make a number cache", make_cache, 8 },
  { "add a task to a number cache", add_task, 6 },
  { "remove a task from a number cache", remove_task, 2 },
  { "look at a number cache", look_at_cache, 1 },
  { "make a request cache", make, 3 },
  { "add a number cache", add, 10 },
  { "reserve a number", reserve, 4 },
  { "release a number", release, 2 },
  { "find a number cache", find, 2 },
  { "pop a number cache", pop, 5 },
  { "find a cache by its key", find_by_key, 2 },
  { "pop a cache by its key", pop_by_key, 3 },
  { "wait for a key", wait_for_key, 2 },
  { "list the caches", list, 1 },
  { "drop number caches", drop_some, 3 },
  { "wait for a number", wait, 4 },
  { "override the time-outs", override, 2 },
  { "take the manager of a request cache", take_manager, 2 },
  { "shut a request cache down", shut_down, 2 },
  { NULL },
};
