// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the programs tasks-tutorial-1 to 5 share: the numbers of the work that has completed, in the
// order of its completion.

int[] completed;

void add_completed (int number) {
  completed += number;
}

void print_completed () {
  string[] numbers = {};

  foreach (int number in completed)
    numbers += number.to_string ();
  print ("[%s]\n", string.joinv (", ", numbers));
}
