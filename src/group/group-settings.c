// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The settings and properties of a group. Ownership: the loop thread's.

#include "tend-group-private.h"

typedef enum
{
  PROP_POLICY = 1,
  PROP_MAX_RUNNING,
  PROP_GRACE_PERIOD,
  PROP_PAUSED,
} TendGroupProperty;

#define N_PROPERTIES (PROP_PAUSED + 1)

static GParamSpec *properties[N_PROPERTIES];

/**
 * tend_group_get_policy:
 * @self: a group
 *
 * Gets the policy of the group.
 *
 * Returns: the policy
 *
 * Since: 0.1
 */
TendGroupPolicy
tend_group_get_policy (TendGroup *self)
{
  g_return_val_if_fail (TEND_IS_GROUP (self), TEND_GROUP_POLICY_WAIT_ALL);

  return self->policy;
}

/**
 * tend_group_get_max_running:
 * @self: a group
 *
 * Gets how many children may run at once.
 *
 * Returns: the limit, or 0 for none
 *
 * Since: 0.1
 */
guint
tend_group_get_max_running (TendGroup *self)
{
  g_return_val_if_fail (TEND_IS_GROUP (self), 0);

  return self->max_running;
}

/**
 * tend_group_set_max_running:
 * @self: a group
 * @n_tasks: the limit, or 0 for none
 *
 * Sets how many children may run at once.
 *
 * Children above the limit wait, in the order in which they were added.
 *
 * Since: 0.1
 */
void
tend_group_set_max_running (TendGroup *self,
                            guint      n_tasks)
{
  g_return_if_fail (TEND_IS_GROUP (self));
  g_return_if_fail (tend_loop_is_mine (self->loop));

  if (self->max_running == n_tasks)
    return;

  self->max_running = n_tasks;
  tend_group_give_slots (self);
  tend_notify_native (G_OBJECT (self), properties[PROP_MAX_RUNNING]);
}

/**
 * tend_group_get_n_left:
 * @self: a group
 *
 * Gets the number of children that are not finished.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint
tend_group_get_n_left (TendGroup *self)
{
  g_return_val_if_fail (TEND_IS_GROUP (self), 0);

  return self->n_left;
}

/**
 * tend_group_get_grace_period:
 * @self: a group
 *
 * Gets how long a group that is cancelled waits for its children before it stops them.
 *
 * Returns: microseconds; %TEND_FOREVER for no limit
 *
 * Since: 0.1
 */
gint64
tend_group_get_grace_period (TendGroup *self)
{
  g_return_val_if_fail (TEND_IS_GROUP (self), 0);

  return self->grace_period;
}

/**
 * tend_group_set_grace_period:
 * @self: a group
 * @grace_period: microseconds, five seconds by default; %TEND_FOREVER for no limit
 *
 * Sets how long a group that is cancelled waits for its children before it stops them; five seconds by default.
 *
 * The time begins when [method@Tend.Group.cancel] is called, when the scope of the group ends, or when the group is
 * dropped; see [class@Tend.Group]. It does not begin when the policy of the group cancels children. A wait that has
 * begun keeps its length.
 *
 * Since: 0.1
 */
void
tend_group_set_grace_period (TendGroup *self,
                             gint64     grace_period)
{
  g_return_if_fail (TEND_IS_GROUP (self));
  g_return_if_fail (tend_loop_is_mine (self->loop));
  g_return_if_fail (grace_period >= 0);

  if (self->grace_period == grace_period)
    return;

  self->grace_period = grace_period;
  tend_notify_native (G_OBJECT (self), properties[PROP_GRACE_PERIOD]);
}

static void
tend_group_get_property (GObject    *object,
                         guint       prop_id,
                         GValue     *value,
                         GParamSpec *pspec)
{
  TendGroup *self = TEND_GROUP (object);

  switch ((TendGroupProperty) prop_id)
    {
    case PROP_POLICY:
      g_value_set_enum (value, self->policy);
      break;
    case PROP_MAX_RUNNING:
      g_value_set_uint (value, self->max_running);
      break;
    case PROP_GRACE_PERIOD:
      g_value_set_int64 (value, self->grace_period);
      break;
    case PROP_PAUSED:
      g_value_set_boolean (value, self->is_paused);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
tend_group_set_property (GObject      *object,
                         guint         prop_id,
                         const GValue *value,
                         GParamSpec   *pspec)
{
  TendGroup *self = TEND_GROUP (object);

  switch ((TendGroupProperty) prop_id)
    {
    case PROP_POLICY:
      self->policy = (TendGroupPolicy) g_value_get_enum (value);
      break;
    case PROP_MAX_RUNNING:
      tend_group_set_max_running (self, g_value_get_uint (value));
      break;
    case PROP_GRACE_PERIOD:
      tend_group_set_grace_period (self, g_value_get_int64 (value));
      break;
    case PROP_PAUSED:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

void
tend_group_install_properties (GObjectClass *klass)
{
  klass->get_property = tend_group_get_property;
  klass->set_property = tend_group_set_property;

  /**
   * TendGroup:policy:
   *
   * Decides what happens to the other children when one ends.
   *
   * Since: 0.1
   */
  properties[PROP_POLICY] =
    g_param_spec_enum ("policy", NULL, NULL, TEND_TYPE_GROUP_POLICY, TEND_GROUP_POLICY_WAIT_ALL,
                       G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * TendGroup:max-running:
   *
   * How many children may run at once; 0 is no limit.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_RUNNING] =
    g_param_spec_uint ("max-running", NULL, NULL, 0, G_MAXUINT, 0,
                       G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * TendGroup:grace-period:
   *
   * How long a group that is cancelled waits before it stops children that have not ended, in microseconds.
   *
   * Since: 0.1
   */
  properties[PROP_GRACE_PERIOD] =
    g_param_spec_int64 ("grace-period", NULL, NULL, 0, G_MAXINT64, TEND_GROUP_GRACE_PERIOD,
                        G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * TendGroup:paused:
   *
   * Whether the group is paused.
   *
   * Since: 0.1
   */
  properties[PROP_PAUSED] =
    g_param_spec_boolean ("paused", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (klass, N_PROPERTIES, properties);
}
