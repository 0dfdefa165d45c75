// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// How often and how soon a retry tries again: its settings, as functions and as properties.
//
// Ownership: the thread's that made the retry.

#include "tend-group-private.h"

#include <math.h>

#define DEFAULT_FIRST (100 * G_TIME_SPAN_MILLISECOND)
#define DEFAULT_MOST (30 * G_TIME_SPAN_SECOND)
#define DEFAULT_FACTOR 2.0

typedef enum
{
  PROP_MAX_ATTEMPTS = 1,
  PROP_FIRST_WAIT,
  PROP_LONGEST_WAIT,
  PROP_FACTOR,
  PROP_JITTER,
  PROP_TIMEOUT,
  PROP_SEED,
} TendRetryProperty;

static GParamSpec *properties[PROP_SEED + 1];

/* --- Settings and properties --- */

void
tend_retry_init_settings (TendRetry *self)
{
  self->settings.first = DEFAULT_FIRST;
  self->settings.most = DEFAULT_MOST;
  self->settings.factor = DEFAULT_FACTOR;
  self->settings.timeout = TEND_FOREVER;
}

static void
set_int64 (TendRetry         *self,
           gint64            *setting,
           gint64             value,
           TendRetryProperty  property)
{
  if (*setting == value)
    return;

  *setting = value;
  tend_notify_native (G_OBJECT (self), properties[property]);
}

static void
set_double (TendRetry         *self,
            double            *setting,
            double             value,
            TendRetryProperty  property)
{
  if (*setting == value)
    return;

  *setting = value;
  tend_notify_native (G_OBJECT (self), properties[property]);
}

static void
set_seed (TendRetry *self,
          gboolean   has_seed,
          guint32    seed)
{
  if (self->settings.has_seed == has_seed && self->settings.seed == seed)
    return;

  self->settings.has_seed = has_seed;
  self->settings.seed = seed;
  tend_notify_native (G_OBJECT (self), properties[PROP_SEED]);
}

static void
tend_retry_get_property (GObject    *object,
                         guint       property_id,
                         GValue     *value,
                         GParamSpec *pspec)
{
  const TendRetrySettings *settings = &TEND_RETRY (object)->settings;

  switch ((TendRetryProperty) property_id)
    {
    case PROP_MAX_ATTEMPTS:
      g_value_set_uint (value, settings->max_attempts);
      break;
    case PROP_FIRST_WAIT:
      g_value_set_int64 (value, settings->first);
      break;
    case PROP_LONGEST_WAIT:
      g_value_set_int64 (value, settings->most);
      break;
    case PROP_FACTOR:
      g_value_set_double (value, settings->factor);
      break;
    case PROP_JITTER:
      g_value_set_double (value, settings->jitter);
      break;
    case PROP_TIMEOUT:
      g_value_set_int64 (value, settings->timeout);
      break;
    case PROP_SEED:
      g_value_set_int64 (value, settings->has_seed ? (gint64) settings->seed : -1);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
tend_retry_set_property (GObject      *object,
                         guint         property_id,
                         const GValue *value,
                         GParamSpec   *pspec)
{
  TendRetry *self = TEND_RETRY (object);

  switch ((TendRetryProperty) property_id)
    {
    case PROP_MAX_ATTEMPTS:
      tend_retry_set_max_attempts (self, g_value_get_uint (value));
      break;
    case PROP_JITTER:
      tend_retry_set_jitter (self, g_value_get_double (value));
      break;
    case PROP_TIMEOUT:
      tend_retry_set_timeout (self, g_value_get_int64 (value));
      break;
    case PROP_SEED:
      set_seed (self, g_value_get_int64 (value) >= 0, (guint32) MAX (0, g_value_get_int64 (value)));
      break;
    case PROP_FIRST_WAIT:
    case PROP_LONGEST_WAIT:
    case PROP_FACTOR:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

/* The three settings of the back-off, which are set together. */
static void
define_back_off (void)
{
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * TendRetry:first-wait:
   *
   * The wait after the first attempt, in microseconds; see [method@Tend.Retry.set_back_off].
   *
   * Since: 0.1
   */
  properties[PROP_FIRST_WAIT] = g_param_spec_int64 ("first-wait", NULL, NULL, 0, G_MAXINT64, DEFAULT_FIRST, flags);

  /**
   * TendRetry:longest-wait:
   *
   * The longest wait between two attempts, in microseconds; see [method@Tend.Retry.set_back_off].
   *
   * Since: 0.1
   */
  properties[PROP_LONGEST_WAIT] = g_param_spec_int64 ("longest-wait", NULL, NULL, 0, G_MAXINT64, DEFAULT_MOST, flags);

  /**
   * TendRetry:factor:
   *
   * The ratio of each wait to the wait before it; see [method@Tend.Retry.set_back_off].
   *
   * Since: 0.1
   */
  properties[PROP_FACTOR] = g_param_spec_double ("factor", NULL, NULL, 1.0, G_MAXDOUBLE, DEFAULT_FACTOR, flags);
}

void
tend_retry_install_properties (GObjectClass *klass)
{
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  klass->get_property = tend_retry_get_property;
  klass->set_property = tend_retry_set_property;

  define_back_off ();

  /**
   * TendRetry:max-attempts:
   *
   * How many attempts there are at most, the first among them; 0 for no limit.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_ATTEMPTS] = g_param_spec_uint ("max-attempts", NULL, NULL, 0, G_MAXUINT, 0, flags);

  /**
   * TendRetry:jitter:
   *
   * The fraction of each wait that may be removed at random.
   *
   * Since: 0.1
   */
  properties[PROP_JITTER] = g_param_spec_double ("jitter", NULL, NULL, 0.0, 1.0, 0.0, flags);

  /**
   * TendRetry:timeout:
   *
   * How long all attempts may take together, with the waits between them, in microseconds; %TEND_FOREVER for no limit.
   *
   * Since: 0.1
   */
  properties[PROP_TIMEOUT] = g_param_spec_int64 ("timeout", NULL, NULL, 1, G_MAXINT64, TEND_FOREVER, flags);

  /**
   * TendRetry:seed:
   *
   * The seed of the random numbers of each run; -1 for a new one in each run.
   *
   * Since: 0.1
   */
  properties[PROP_SEED] = g_param_spec_int64 ("seed", NULL, NULL, -1, G_MAXUINT32, -1, flags);

  g_object_class_install_properties (klass, G_N_ELEMENTS (properties), properties);
}

/* --- Public --- */

/**
 * tend_retry_get_max_attempts:
 * @self: a retry
 *
 * Gets how many attempts there are at most.
 *
 * Returns: the number, or 0 for no limit
 *
 * Since: 0.1
 */
guint
tend_retry_get_max_attempts (TendRetry *self)
{
  g_return_val_if_fail (TEND_IS_RETRY (self), 0);

  return self->settings.max_attempts;
}

/**
 * tend_retry_set_max_attempts:
 * @self: a retry
 * @max_attempts: how many attempts there are at most, the first among them; 0 for no limit
 *
 * Sets how many attempts there are at most.
 *
 * Since: 0.1
 */
void
tend_retry_set_max_attempts (TendRetry *self,
                             guint      max_attempts)
{
  g_return_if_fail (TEND_IS_RETRY (self));

  if (self->settings.max_attempts == max_attempts)
    return;

  self->settings.max_attempts = max_attempts;
  tend_notify_native (G_OBJECT (self), properties[PROP_MAX_ATTEMPTS]);
}

/**
 * tend_retry_set_back_off:
 * @self: a retry
 * @first: the wait after the first attempt, in microseconds; 0 is until the next turn of the loop
 * @most: the longest wait, in microseconds
 * @factor: the factor by which each wait is longer than the one before; 1 for equal waits
 *
 * Sets the back-off: the wait between two attempts.
 *
 * The wait after attempt n is @first times @factor to the power of n - 1, and at most @most. It begins when the attempt
 * is finished.
 *
 * Since: 0.1
 */
void
tend_retry_set_back_off (TendRetry *self,
                         gint64     first,
                         gint64     most,
                         double     factor)
{
  g_return_if_fail (TEND_IS_RETRY (self));
  g_return_if_fail (first >= 0 && most >= first);
  g_return_if_fail (isfinite (factor) && factor >= 1.0);

  set_int64 (self, &self->settings.first, first, PROP_FIRST_WAIT);
  set_int64 (self, &self->settings.most, most, PROP_LONGEST_WAIT);
  set_double (self, &self->settings.factor, factor, PROP_FACTOR);
}

/**
 * tend_retry_get_back_off:
 * @self: a retry
 * @first: (out) (optional): return location for the wait after the first attempt, in microseconds
 * @most: (out) (optional): return location for the longest wait, in microseconds
 *
 * Gets the back-off that [method@Tend.Retry.set_back_off] has set.
 *
 * Returns: the factor
 *
 * Since: 0.1
 */
double
tend_retry_get_back_off (TendRetry *self,
                         gint64    *first,
                         gint64    *most)
{
  g_return_val_if_fail (TEND_IS_RETRY (self), 1.0);

  if (first != NULL)
    *first = self->settings.first;
  if (most != NULL)
    *most = self->settings.most;

  return self->settings.factor;
}

/**
 * tend_retry_set_jitter:
 * @self: a retry
 * @fraction: from 0, no jitter, to 1, which may remove the whole wait
 *
 * Sets the jitter: the fraction of each wait that may be removed at random.
 *
 * Use it if many clients use one server, so that they do not all come back at the same moment.
 *
 * Since: 0.1
 */
void
tend_retry_set_jitter (TendRetry *self,
                       double     fraction)
{
  g_return_if_fail (TEND_IS_RETRY (self));
  g_return_if_fail (fraction >= 0.0 && fraction <= 1.0);

  set_double (self, &self->settings.jitter, fraction, PROP_JITTER);
}

/**
 * tend_retry_get_jitter:
 * @self: a retry
 *
 * Gets the fraction of each wait that may be removed at random.
 *
 * Returns: the fraction, from 0 to 1
 *
 * Since: 0.1
 */
double
tend_retry_get_jitter (TendRetry *self)
{
  g_return_val_if_fail (TEND_IS_RETRY (self), 0.0);

  return self->settings.jitter;
}

/**
 * tend_retry_set_seed:
 * @self: a retry
 * @seed: the seed of the random numbers of each run
 *
 * Sets the seed of the jitter, so that each run has the same waits, for tests.
 *
 * Without a seed the waits of two runs differ.
 *
 * Since: 0.1
 */
void
tend_retry_set_seed (TendRetry *self,
                     guint32    seed)
{
  g_return_if_fail (TEND_IS_RETRY (self));

  set_seed (self, TRUE, seed);
}

/**
 * tend_retry_set_timeout:
 * @self: a retry
 * @timeout: microseconds from the start of a run, above 0; %TEND_FOREVER for no limit
 *
 * Sets how long all attempts may take together, with the waits between them.
 *
 * An attempt that runs at that moment is cancelled, and the task fails with `G_IO_ERROR_TIMED_OUT`
 * when it has ended, unless it completes after all. Where the next wait would not be over before the
 * time is up, the task fails without that wait, with the error of the last attempt. A deadline of the
 * task itself ([method@Tend.Task.set_deadline]) counts as well.
 *
 * Since: 0.1
 */
void
tend_retry_set_timeout (TendRetry *self,
                        gint64     timeout)
{
  g_return_if_fail (TEND_IS_RETRY (self));
  g_return_if_fail (timeout > 0);

  set_int64 (self, &self->settings.timeout, timeout, PROP_TIMEOUT);
}

/**
 * tend_retry_get_timeout:
 * @self: a retry
 *
 * Gets how long all attempts may take together.
 *
 * Returns: microseconds, or %TEND_FOREVER for no limit
 *
 * Since: 0.1
 */
gint64
tend_retry_get_timeout (TendRetry *self)
{
  g_return_val_if_fail (TEND_IS_RETRY (self), TEND_FOREVER);

  return self->settings.timeout;
}

/**
 * TendRetryPredicateFunc:
 * @task: the task of [method@Tend.Retry.run]
 * @attempt: the number of the attempt that failed, from 1
 * @error: its error
 * @user_data: the data given with the function
 *
 * Decides whether an error is worth another attempt.
 *
 * Returns: %TRUE to try again; %FALSE to fail with @error at once
 *
 * Since: 0.1
 */
