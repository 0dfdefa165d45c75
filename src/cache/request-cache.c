// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The requests that wait for their answers: adding, finding by number, popping.
//
// It is above all other files of its folder. Numbers are in request-cache-numbers.c. Timeouts are jobs of the loop,
// among its timers. Ownership: the loop thread's.

#include "tend-request-cache-private.h"

/**
 * TendRequestCache:
 *
 * Holds the requests of a program that wait for an answer, each under a number or a key.
 *
 * Add a [class@Tend.NumberCache] when you send a request, and pop it by its number when the answer comes. A request
 * without an answer times out. An answer that comes late, twice, or for a request that was never made finds nothing:
 * this is no error, and nothing has to be kept for it.
 *
 * Register tasks that belong to the requests with the manager of [method@Tend.RequestCache.get_manager]. They end with
 * the requests in [method@Tend.RequestCache.shutdown_async].
 *
 * A request cache that is finalized without a shutdown drops its caches, as [method@Tend.RequestCache.clear] does. It
 * belongs to the thread-default main context of the thread that creates it. All of it is for the thread that runs this
 * context.
 *
 * Since: 0.1
 */
G_DEFINE_TYPE (TendRequestCache, tend_request_cache, G_TYPE_OBJECT)

typedef enum
{
  PROP_MANAGER = 1,
  PROP_N_CACHES,
  PROP_SHUT_DOWN,
} TendRequestCacheProperty;

static GParamSpec *properties[PROP_SHUT_DOWN + 1];

/* --- Adding --- */

static void
tell_added (TendRequestCache *self,
            TendNumberCache  *cache)
{
  g_autoptr(TendNumberCache) kept = NULL;

  /* Those who have waited may pop the cache and drop it. */
  if (self->waiters != NULL)
    {
      kept = g_object_ref (cache);
      tend_request_cache_tell_waiters (self, cache);
    }
  tend_number_cache_notify_held (cache);
}

/**
 * tend_request_cache_add:
 * @self: a request cache
 * @cache: a cache that is in no request cache
 * @error: return location for an error
 *
 * Adds a cache, which is held until it is popped, is dropped or times out.
 *
 * The timeout counts from now. It is that of [method@Tend.NumberCache.get_timeout], unless
 * [method@Tend.RequestCache.push_timeout] overrides it. A cache may be added again after it has timed out or was
 * popped. If the cache is refused, its tasks are cancelled, unless a request cache holds it or it belongs to another
 * thread.
 *
 * @self keeps a reference to @cache while it holds it.
 *
 * Returns: %TRUE, or %FALSE with `TEND_ERROR_EXISTS` if the number is in use, `TEND_ERROR_SHUT_DOWN` after the
 *   shutdown, `TEND_ERROR_STATE` if a request cache holds it, `TEND_ERROR_FULL` if it has no number, another error of
 *   the `G_IO_ERROR` domain if the system gave none, `TEND_ERROR_WRONG_THREAD` if it belongs to another thread, or
 *   `G_IO_ERROR_INVALID_ARGUMENT` if its class gives a negative timeout
 *
 * Since: 0.1
 */
gboolean
tend_request_cache_add (TendRequestCache  *self,
                        TendNumberCache   *cache,
                        GError           **error)
{
  g_autoptr(TendRequestCache) kept = NULL;
  g_autoptr(TendNumberCache) held = NULL;
  TendNumberCachePrivate *priv;
  gint64 timeout;

  g_return_val_if_fail (TEND_IS_REQUEST_CACHE (self), FALSE);
  g_return_val_if_fail (TEND_IS_NUMBER_CACHE (cache), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!tend_request_cache_check_thread (self, G_STRFUNC) || !tend_request_cache_check_home (cache, error))
    return FALSE;

  /* A method of the class may drop both objects. */
  if (self->overrides != NULL || tend_number_cache_has_own_timeout (cache))
    kept = g_object_ref (self);
  held = g_object_ref (cache);
  priv = tend_number_cache_get_private (cache);
  timeout = tend_number_cache_ask_timeout (cache);
  if (self->overrides != NULL)
    timeout = tend_request_cache_override (self, cache, timeout);
  if (timeout < 0)
    {
      g_autofree char *name = tend_number_cache_print (cache);

      tend_number_cache_set_error (name, error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                                   _("the timeout of its class is negative"));
    }

  if (timeout < 0 || !tend_request_cache_check_addable (self, cache, error) ||
      !tend_request_cache_take_number (self, cache, error))
    {
      if (!priv->is_held)
        tend_number_cache_cancel_tasks (cache);
      return FALSE;
    }

  if (priv->loop == NULL)
    priv->loop = tend_loop_ref (self->loop);
  priv->is_held = TRUE;
  priv->is_popped = FALSE;
  held = NULL;                  /* the request cache's from here on */
  self->n_caches++;
  tend_request_cache_changed (self);

  tend_request_cache_arm (self, priv, timeout);
  tell_added (self, cache);
  return TRUE;
}

/* --- Finding --- */

/**
 * tend_request_cache_get_n_caches:
 * @self: a request cache
 *
 * Gets the number of caches that wait for their answers.
 *
 * Returns: the number of caches
 *
 * Since: 0.1
 */
guint
tend_request_cache_get_n_caches (TendRequestCache *self)
{
  g_return_val_if_fail (TEND_IS_REQUEST_CACHE (self), 0);

  return self->n_caches;
}

/**
 * tend_request_cache_list_caches:
 * @self: a request cache
 * @prefix: (nullable): a prefix, or %NULL for all
 *
 * Lists the caches that wait for their answers, in no particular order.
 *
 * Returns: (transfer container) (element-type TendNumberCache): the caches, to which the list holds references
 *
 * Since: 0.1
 */
GPtrArray *
tend_request_cache_list_caches (TendRequestCache *self,
                                const char       *prefix)
{
  GPtrArray *caches;

  g_return_val_if_fail (TEND_IS_REQUEST_CACHE (self), NULL);

  caches = g_ptr_array_new_with_free_func (g_object_unref);
  if (tend_request_cache_check_thread (self, G_STRFUNC))
    tend_request_cache_list (self, prefix, caches);

  return caches;
}

/**
 * tend_request_cache_lookup:
 * @self: a request cache
 * @prefix: a prefix
 * @number: a number
 *
 * Finds the cache of a number, and leaves it in the request cache.
 *
 * Use [method@Tend.RequestCache.pop] when the answer has come.
 *
 * Returns: (transfer none) (nullable): the cache; %NULL if there is none, for example because an answer came late
 *
 * Since: 0.1
 */
TendNumberCache *
tend_request_cache_lookup (TendRequestCache *self,
                           const char       *prefix,
                           guint64           number)
{
  g_return_val_if_fail (TEND_IS_REQUEST_CACHE (self), NULL);
  g_return_val_if_fail (prefix != NULL, NULL);

  if (!tend_request_cache_check_thread (self, G_STRFUNC))
    return NULL;

  return tend_place_get_cache (tend_request_cache_find (self, prefix, number));
}

/**
 * tend_request_cache_has:
 * @self: a request cache
 * @prefix: a prefix
 * @number: a number
 *
 * Checks whether there is a cache with that number.
 *
 * Returns: %TRUE if [method@Tend.RequestCache.lookup] would find one
 *
 * Since: 0.1
 */
gboolean
tend_request_cache_has (TendRequestCache *self,
                        const char       *prefix,
                        guint64           number)
{
  return tend_request_cache_lookup (self, prefix, number) != NULL;
}

/**
 * tend_request_cache_pop:
 * @self: a request cache
 * @prefix: a prefix
 * @number: a number
 *
 * Takes the cache of a number out of the request cache, because its answer has come.
 *
 * The cache does not time out any more, and its number is free. Its tasks are left alone, and now belong to the caller:
 * complete them with the content of the answer. Nobody cancels them when the cache is freed, so you may keep them for
 * longer.
 *
 * Returns: (transfer full) (nullable): the cache; %NULL if there is none: the answer came too late or twice, or nobody
 *   asked for it
 *
 * Since: 0.1
 */
TendNumberCache *
tend_request_cache_pop (TendRequestCache *self,
                        const char       *prefix,
                        guint64           number)
{
  TendNumberCache *cache;
  TendTablePlace *place;

  g_return_val_if_fail (TEND_IS_REQUEST_CACHE (self), NULL);
  g_return_val_if_fail (prefix != NULL, NULL);

  if (!tend_request_cache_check_thread (self, G_STRFUNC))
    return NULL;

  place = tend_request_cache_find (self, prefix, number);
  if (place == NULL)
    return NULL;

  cache = tend_request_cache_take_out (self, place);
  tend_number_cache_get_private (cache)->is_popped = TRUE;
  tend_number_cache_notify_held (cache);

  return cache;
}

/**
 * tend_request_cache_has_type:
 * @self: a request cache
 * @type: a type derived from [class@Tend.NumberCache]
 * @number: a number
 *
 * Checks whether there is a cache with that number whose prefix is the name of the type.
 *
 * Returns: %TRUE if [method@Tend.RequestCache.lookup_type] would find one
 *
 * Since: 0.1
 */
gboolean
tend_request_cache_has_type (TendRequestCache *self,
                             GType             type,
                             guint64           number)
{
  return tend_request_cache_lookup_type (self, type, number) != NULL;
}

/**
 * tend_request_cache_lookup_type:
 * @self: a request cache
 * @type: a type derived from [class@Tend.NumberCache]
 * @number: a number
 *
 * Finds the cache of a number whose prefix is the name of the type, which is the default prefix.
 *
 * Returns: (transfer none) (nullable): the cache, or %NULL
 *
 * Since: 0.1
 */
TendNumberCache *
tend_request_cache_lookup_type (TendRequestCache *self,
                                GType             type,
                                guint64           number)
{
  g_return_val_if_fail (g_type_is_a (type, TEND_TYPE_NUMBER_CACHE), NULL);

  return tend_request_cache_lookup (self, g_type_name (type), number);
}

/**
 * tend_request_cache_pop_type:
 * @self: a request cache
 * @type: a type derived from [class@Tend.NumberCache]
 * @number: a number
 *
 * Takes the cache that [method@Tend.RequestCache.lookup_type] would find out of the request cache.
 *
 * See [method@Tend.RequestCache.pop].
 *
 * Returns: (transfer full) (nullable): the cache, or %NULL
 *
 * Since: 0.1
 */
TendNumberCache *
tend_request_cache_pop_type (TendRequestCache *self,
                             GType             type,
                             guint64           number)
{
  g_return_val_if_fail (g_type_is_a (type, TEND_TYPE_NUMBER_CACHE), NULL);

  return tend_request_cache_pop (self, g_type_name (type), number);
}

/**
 * tend_request_cache_remove:
 * @self: a request cache
 * @cache: a cache
 *
 * Drops a cache whose answer is no longer wanted.
 *
 * The cache does not time out, and its number is free. [signal@Tend.NumberCache::dropped] is emitted, and then its
 * tasks are cancelled.
 *
 * Returns: %TRUE if @self held it
 *
 * Since: 0.1
 */
gboolean
tend_request_cache_remove (TendRequestCache *self,
                           TendNumberCache  *cache)
{
  g_return_val_if_fail (TEND_IS_REQUEST_CACHE (self), FALSE);
  g_return_val_if_fail (TEND_IS_NUMBER_CACHE (cache), FALSE);

  if (!tend_request_cache_check_thread (self, G_STRFUNC) ||
      tend_number_cache_get_holder (cache) != self)
    return FALSE;

  cache = tend_request_cache_release (self, cache);
  tend_number_cache_drop (cache, NULL, TRUE);
  g_object_unref (cache);

  return TRUE;
}

/* --- The object --- */

static void
tend_request_cache_dispose (GObject *object)
{
  TendRequestCache *self = TEND_REQUEST_CACHE (object);

  if (tend_loop_take_home (self->loop, object))
    return;

  self->is_shut_down = TRUE;
  tend_request_cache_drop_all (self, NULL, FALSE);
  tend_request_cache_leave_manager (self);

  G_OBJECT_CLASS (tend_request_cache_parent_class)->dispose (object);
}

static void
tend_request_cache_finalize (GObject *object)
{
  TendRequestCache *self = TEND_REQUEST_CACHE (object);

  /* The task of an override may be freed with it, and run the main context. */
  tend_loop_remove (self->loop, &self->changed_job);
  tend_request_cache_clear_overrides (self);
  g_clear_pointer (&self->waiters, g_hash_table_unref);
  g_hash_table_unref (self->spaces);
  tend_loop_release (self->loop);

  G_OBJECT_CLASS (tend_request_cache_parent_class)->finalize (object);
}

static void
tend_request_cache_get_property (GObject    *object,
                                 guint       property_id,
                                 GValue     *value,
                                 GParamSpec *pspec)
{
  TendRequestCache *self = TEND_REQUEST_CACHE (object);

  switch ((TendRequestCacheProperty) property_id)
    {
    case PROP_MANAGER:
      g_value_set_object (value, tend_request_cache_get_manager (self));
      break;
    case PROP_N_CACHES:
      g_value_set_uint (value, self->n_caches);
      break;
    case PROP_SHUT_DOWN:
      g_value_set_boolean (value, self->is_shut_down);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

/* Those who hear of it may do anything with the request cache. */
static void
changed_cb (TendJob *job)
{
  g_autoptr(TendRequestCache) self =
    g_object_ref (G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendRequestCache, changed_job)));
  gboolean has_n_caches = self->told_n_caches == self->n_caches;
  gboolean has_shut_down = self->told_shut_down == self->is_shut_down;

  self->told_n_caches = self->n_caches;
  self->told_shut_down = self->is_shut_down;
  if (!has_n_caches)
    tend_notify_native (G_OBJECT (self), properties[PROP_N_CACHES]);
  if (!has_shut_down)
    tend_notify_native (G_OBJECT (self), properties[PROP_SHUT_DOWN]);
}

static void
tend_request_cache_class_init (TendRequestCacheClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = tend_request_cache_dispose;
  object_class->finalize = tend_request_cache_finalize;
  object_class->get_property = tend_request_cache_get_property;

  /**
   * TendRequestCache:manager:
   *
   * The manager of the tasks that belong to the caches. Reading the property creates the manager.
   *
   * Since: 0.1
   */
  properties[PROP_MANAGER] =
    g_param_spec_object ("manager", NULL, NULL, TEND_TYPE_TASK_MANAGER, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * TendRequestCache:n-caches:
   *
   * How many caches the request cache holds.
   *
   * Notified in the next turn of the loop after it has changed, at most once per turn.
   *
   * Since: 0.1
   */
  properties[PROP_N_CACHES] =
    g_param_spec_uint ("n-caches", NULL, NULL, 0, G_MAXUINT, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * TendRequestCache:shut-down:
   *
   * Whether the shutdown has begun. Notified in the next turn of the loop.
   *
   * Since: 0.1
   */
  properties[PROP_SHUT_DOWN] =
    g_param_spec_boolean ("shut-down", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
tend_request_cache_init (TendRequestCache *self)
{
  self->loop = tend_loop_acquire (NULL, G_PRIORITY_DEFAULT);
  self->spaces = tend_request_cache_new_spaces ();
  tend_job_init (&self->changed_job, changed_cb);
}

/**
 * tend_request_cache_new:
 *
 * Creates a request cache.
 *
 * Returns: (transfer full): the request cache, for the thread-default main context
 *
 * Since: 0.1
 */
TendRequestCache *
tend_request_cache_new (void)
{
  return g_object_new (TEND_TYPE_REQUEST_CACHE, NULL);
}
