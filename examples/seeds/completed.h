// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the programs tasks-tutorial-1 to 5 share: the numbers of the work that has completed, in the
// order of its completion.

#pragma once

#include <glib.h>

static int   completed[20];
static guint n_completed;

static inline void
add_completed (int number)
{
  g_assert (n_completed < G_N_ELEMENTS (completed));
  completed[n_completed++] = number;
}

static inline void
print_completed (void)
{
  g_print ("[");
  for (guint i = 0; i < n_completed; i++)
    g_print (i == 0 ? "%d" : ", %d", completed[i]);
  g_print ("]\n");
}
