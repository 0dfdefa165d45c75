// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include <tend.h>

G_BEGIN_DECLS

#define COMMUNITY_TYPE_NODE (node_get_type ())
G_DECLARE_FINAL_TYPE (Node, node, COMMUNITY, NODE, TendTaskManager)

Node     *node_new       (guint     number,
                          guint     n_nodes) G_GNUC_WARN_UNUSED_RESULT;

gboolean  node_start     (Node     *self,
                          guint16   port,
                          guint16   bootstrap,
                          GError  **error);
guint16   node_get_port  (Node     *self);
TendTask *node_get_met   (Node     *self);
void      node_print_met (Node     *self);

G_END_DECLS
