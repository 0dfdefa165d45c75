// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The program of the peers that use GLib alone.

#include "glib-peers.h"

static const BenchPeer *const peers[] = {
  &glib_spawn_source_peer,
  &glib_spawn_task_peer,
  &glib_spawn_full_task_peer,
  &glib_yield_source_peer,
  &glib_yield_task_peer,
  &glib_timers_peer,
  &glib_accuracy_peer,
  &glib_threads_task_peer,
  &glib_threads_pool_peer,
  &glib_cancel_task_peer,
  &glib_cancel_source_peer,
  &glib_memory_task_peer,
  &glib_memory_cancellable_peer,
  &glib_memory_source_peer,
  &glib_call_peer,
  &glib_waits_peer,
  &glib_echo_peer,
  &glib_fair_peer,
  &glib_cache_source_peer,
  &glib_cache_table_peer,
  &glib_manager_source_peer,
  &glib_manager_name_peer,
  NULL
};

int
main (int    argc,
      char **argv)
{
  return bench_main (peers, argc, argv);
}
