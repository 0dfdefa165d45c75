// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The program of the peers that are libtend's.

#include "tend-peers.h"

static const BenchPeer *const peers[] = {
  &tend_spawn_peer,
  &tend_spawn_managed_peer,
  &tend_yield_peer,
  &tend_timers_peer,
  &tend_accuracy_peer,
  &tend_threads_peer,
  &tend_threads_looking_peer,
  &tend_cancel_peer,
  &tend_memory_peer,
  &tend_call_peer,
  &tend_waits_peer,
  &tend_calls_peer,
  &tend_echo_peer,
  &tend_fair_peer,
  &tend_scale_peer,
  &tend_cache_peer,
  &tend_operations_peer,
  &tend_manager_peer,
  &tend_manager_task_peer,
  NULL
};

int
main (int    argc,
      char **argv)
{
  return bench_main (peers, argc, argv);
}
