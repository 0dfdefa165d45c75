// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// All that the library does which needs something of the system. Each kind of it ends, whatever the system refuses, and
// nothing of it is left; what fails says so in an error that names what was refused.

#pragma once

#include <tend.h>

G_BEGIN_DECLS

/* What the errors were about. */
typedef struct
{
  int n_threads;
  int n_stacks;
  int n_numbers;
  int n_watchdogs;
} Refused;

void kinds_run       (Refused *refused);
void kinds_run_alone (Refused *refused);
void kinds_run_good  (void);

G_END_DECLS
