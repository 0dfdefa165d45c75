// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A class derived from the manager, and one derived from that: what owns work is a manager itself.
// The other languages do the same in subclass.vala, subclass.py and subclass.js.

#include <tend.h>

/* --- A node, with a name and a log --- */

#define TEST_TYPE_NODE (test_node_get_type ())
G_DECLARE_DERIVABLE_TYPE (TestNode, test_node, TEST, NODE, TendTaskManager)

struct _TestNodeClass
{
  TendTaskManagerClass parent_class;
};

typedef struct
{
  char    *label;
  GString *log;
} TestNodePrivate;

typedef enum
{
  PROP_LABEL = 1,
} TestNodeProperty;

G_DEFINE_TYPE_WITH_PRIVATE (TestNode, test_node, TEND_TYPE_TASK_MANAGER)

static void
note (TestNode   *self,
      const char *what)
{
  TestNodePrivate *priv = test_node_get_instance_private (self);

  g_string_append_printf (priv->log, "%s%s", priv->log->len > 0 ? " " : "", what);
}

/* Since the last time. */
static void
assert_log (TestNode   *self,
            const char *expected)
{
  TestNodePrivate *priv = test_node_get_instance_private (self);

  g_assert_cmpstr (priv->log->str, ==, expected);
  g_string_truncate (priv->log, 0);
}

static void
test_node_task_failed (TendTaskManager *manager,
                       TendTask        *task,
                       const GError    *error)
{
  TEND_TASK_MANAGER_CLASS (test_node_parent_class)->task_failed (manager, task, error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  note (TEST_NODE (manager), "node");
}

static void
test_node_get_property (GObject    *object,
                        guint       prop_id,
                        GValue     *value,
                        GParamSpec *pspec)
{
  TestNodePrivate *priv = test_node_get_instance_private (TEST_NODE (object));

  switch ((TestNodeProperty) prop_id)
    {
    case PROP_LABEL:
      g_value_set_string (value, priv->label);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
test_node_set_property (GObject      *object,
                        guint         prop_id,
                        const GValue *value,
                        GParamSpec   *pspec)
{
  TestNodePrivate *priv = test_node_get_instance_private (TEST_NODE (object));

  switch ((TestNodeProperty) prop_id)
    {
    case PROP_LABEL:
      g_free (priv->label);
      priv->label = g_value_dup_string (value);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
test_node_finalize (GObject *object)
{
  TestNodePrivate *priv = test_node_get_instance_private (TEST_NODE (object));

  g_free (priv->label);
  g_string_free (priv->log, TRUE);

  G_OBJECT_CLASS (test_node_parent_class)->finalize (object);
}

static void
test_node_class_init (TestNodeClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = test_node_finalize;
  object_class->get_property = test_node_get_property;
  object_class->set_property = test_node_set_property;
  TEND_TASK_MANAGER_CLASS (klass)->task_failed = test_node_task_failed;

  g_object_class_install_property (object_class, PROP_LABEL,
                                   g_param_spec_string ("label", NULL, NULL, "",
                                                        G_PARAM_READWRITE | G_PARAM_CONSTRUCT | G_PARAM_STATIC_STRINGS));
}

static void
test_node_init (TestNode *self)
{
  TestNodePrivate *priv = test_node_get_instance_private (self);

  priv->log = g_string_new (NULL);
}

/* --- A node that begins its work too early --- */

#define TEST_TYPE_HASTY_NODE (test_hasty_node_get_type ())
G_DECLARE_FINAL_TYPE (TestHastyNode, test_hasty_node, TEST, HASTY_NODE, TestNode)

struct _TestHastyNode
{
  TestNode parent_instance;
};

G_DEFINE_FINAL_TYPE (TestHastyNode, test_hasty_node, TEST_TYPE_NODE)

static gboolean
never (TendTask  *task,
       gpointer   user_data,
       GError   **error)
{
  g_assert_not_reached ();
  return TRUE;
}

static void
test_hasty_node_constructed (GObject *object)
{
  G_OBJECT_CLASS (test_hasty_node_parent_class)->constructed (object);
  tend_task_manager_register (TEND_TASK_MANAGER (object), tend_task_new_open ("hasty", never, NULL, NULL),
                              TEND_NAME_POLICY_REJECT, NULL);
}

static void
test_hasty_node_task_failed (TendTaskManager *manager,
                             TendTask        *task,
                             const GError    *error)
{
  note (TEST_NODE (manager), "hasty");
  TEND_TASK_MANAGER_CLASS (test_hasty_node_parent_class)->task_failed (manager, task, error);
}

static void
test_hasty_node_class_init (TestHastyNodeClass *klass)
{
  G_OBJECT_CLASS (klass)->constructed = test_hasty_node_constructed;
  TEND_TASK_MANAGER_CLASS (klass)->task_failed = test_hasty_node_task_failed;
}

static void
test_hasty_node_init (TestHastyNode *self)
{
}

/* --- Tests --- */

typedef struct
{
  TendClock *clock;
  TestNode  *node;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  unused)
{
  fixture->clock = tend_clock_freeze (NULL);
  fixture->node = g_object_new (TEST_TYPE_NODE, "label", "Anna", "max-running", 2, NULL);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  unused)
{
  if (fixture->node != NULL)
    g_assert_finalize_object (fixture->node);
  g_assert_finalize_object (fixture->clock);
}

static gboolean
visit (TendTask  *task,
       gpointer   user_data,
       GError   **error)
{
  note (user_data, tend_task_get_name (task));
  return TRUE;
}

static gboolean
stay (TendTask  *task,
      gpointer   user_data,
      GError   **error)
{
  gboolean is_over = tend_sleep (G_MAXINT64, error);

  note (user_data, tend_task_get_name (task));
  return is_over;
}

static gboolean
fail (TendTask  *task,
      gpointer   user_data,
      GError   **error)
{
  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_BUSY, "busy");
  return TRUE;
}

static void
register_fiber (Fixture      *fixture,
                const char   *name,
                TendBodyFunc  func)
{
  tend_task_manager_register (TEND_TASK_MANAGER (fixture->node),
                              tend_task_new_fiber (name, func, g_object_ref (fixture->node), g_object_unref),
                              TEND_NAME_POLICY_REJECT, NULL);
}

static void
add_shutdown_task (Fixture    *fixture,
                   const char *name)
{
  g_autoptr(TendTask) task = tend_task_new_fiber (name, visit, g_object_ref (fixture->node), g_object_unref);

  g_assert_true (tend_task_manager_add_shutdown_task (TEND_TASK_MANAGER (fixture->node), g_object_ref (task),
                                                      NULL));
}

static void
test_properties (Fixture       *fixture,
                 gconstpointer  unused)
{
  g_autofree char *label = NULL;
  guint max_running;

  g_object_get (fixture->node, "label", &label, "max-running", &max_running, NULL);
  g_assert_cmpstr (label, ==, "Anna");
  g_assert_cmpuint (max_running, ==, 2);
}

static void
failed_cb (TendTaskManager *manager,
           TendTask        *task,
           const GError    *error,
           gpointer         user_data)
{
  note (TEST_NODE (manager), user_data);
}

static void
test_class_method (Fixture       *fixture,
                   gconstpointer  unused)
{
  char handler[] = "handler";

  g_signal_connect (fixture->node, "task-failed", G_CALLBACK (failed_cb), handler);
  tend_task_manager_register (TEND_TASK_MANAGER (fixture->node), tend_task_new_open ("x", fail, NULL, NULL),
                              TEND_NAME_POLICY_REJECT, NULL);
  tend_clock_advance (fixture->clock, 0, NULL);
  assert_log (fixture->node, "handler node");
}

static void
test_class_method_chains_up (Fixture       *fixture,
                             gconstpointer  unused)
{
  g_autoptr(TestNode) hasty = g_object_new (TEST_TYPE_HASTY_NODE, NULL);

  tend_task_manager_cancel_all (TEND_TASK_MANAGER (hasty));
  tend_task_manager_register (TEND_TASK_MANAGER (hasty), tend_task_new_open ("x", fail, NULL, NULL),
                              TEND_NAME_POLICY_REJECT, NULL);
  tend_clock_advance (fixture->clock, 0, NULL);
  assert_log (hasty, "hasty node");
  g_assert_finalize_object (g_steal_pointer (&hasty));
}

/* It should not, but it may. */
static void
test_constructor_registers (Fixture       *fixture,
                            gconstpointer  unused)
{
  g_autoptr(TestNode) hasty = g_object_new (TEST_TYPE_HASTY_NODE, NULL);

  g_assert_true (tend_task_manager_is_active (TEND_TASK_MANAGER (hasty), "hasty"));
  tend_task_manager_cancel_all (TEND_TASK_MANAGER (hasty));
  tend_clock_advance (fixture->clock, 0, NULL);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (hasty)), ==, 0);
  g_assert_finalize_object (g_steal_pointer (&hasty));
}

static void
test_list_model (Fixture       *fixture,
                 gconstpointer  unused)
{
  GListModel *model = G_LIST_MODEL (fixture->node);
  g_autoptr(TendTask) first = NULL;

  register_fiber (fixture, "a", visit);
  register_fiber (fixture, "b", visit);
  first = g_list_model_get_item (model, 0);
  g_assert_cmpstr (tend_task_get_name (first), ==, "a");
  g_assert_cmpuint (g_list_model_get_n_items (model), ==, 2);

  tend_clock_advance (fixture->clock, 0, NULL);
  assert_log (fixture->node, "a b");
  g_assert_cmpuint (g_list_model_get_n_items (model), ==, 0);
}

/* The tasks hold the node, which holds the tasks: the shutdown ends both. */
static void
test_shutdown (Fixture       *fixture,
               gconstpointer  unused)
{
  register_fiber (fixture, "a", stay);
  register_fiber (fixture, "b", stay);
  add_shutdown_task (fixture, "last");
  add_shutdown_task (fixture, "very-last");
  tend_clock_advance (fixture->clock, 0, NULL);
  assert_log (fixture->node, "");

  tend_task_manager_shutdown_async (TEND_TASK_MANAGER (fixture->node), NULL, NULL, NULL);
  tend_clock_advance (fixture->clock, 0, NULL);
  assert_log (fixture->node, "a b last very-last");
  g_assert_finalize_object (g_steal_pointer (&fixture->node));
}

static void
test_dropped (Fixture       *fixture,
              gconstpointer  unused)
{
  g_autoptr(TendTask) task = tend_task_new_open ("never", never, NULL, NULL);

  tend_task_set_delay (task, G_TIME_SPAN_SECOND);
  g_assert_true (tend_task_manager_register (TEND_TASK_MANAGER (fixture->node), g_object_ref (task),
                                             TEND_NAME_POLICY_REJECT, NULL));
  g_assert_finalize_object (g_steal_pointer (&fixture->node));
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_CANCELLED);
  tend_clock_advance (fixture->clock, 2 * G_TIME_SPAN_SECOND, NULL);
  g_assert_finalize_object (g_steal_pointer (&task));
}

int
main (int    argc,
      char **argv)
{
  static const struct
  {
    const char *path;
    void     (* func) (Fixture *, gconstpointer);
  } tests[] = {
    { "/tend/task-manager/derived/has-its-own-properties", test_properties },
    { "/tend/task-manager/derived/class-method-hears-of-failures", test_class_method },
    { "/tend/task-manager/derived/class-method-chains-up", test_class_method_chains_up },
    { "/tend/task-manager/derived/undoes-what-its-constructor-registered", test_constructor_registers },
    { "/tend/task-manager/derived/is-a-list-of-its-tasks", test_list_model },
    { "/tend/task-manager/derived/shuts-down-in-order", test_shutdown },
    { "/tend/task-manager/derived/cancels-its-tasks-when-dropped", test_dropped },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].func, tear_down);

  return g_test_run ();
}
