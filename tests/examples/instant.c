// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Runs an example in no time: it is compiled with its main() as example_main(), which finds the
// clock frozen, and so tend_run() jumps from deadline to deadline.

#include <tend.h>

#undef main

int example_main (void);

int
main (void)
{
  TendClock *clock = tend_clock_freeze (NULL);
  int status = example_main ();

  g_object_unref (clock);
  return status;
}
