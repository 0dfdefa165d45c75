// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The peers that use GLib alone, by the file that each is in.

#pragma once

#include "bench.h"

/* glib-spawn.c */
extern const BenchPeer glib_spawn_source_peer;
extern const BenchPeer glib_spawn_task_peer;
extern const BenchPeer glib_spawn_full_task_peer;
extern const BenchPeer glib_yield_source_peer;
extern const BenchPeer glib_yield_task_peer;

/* glib-timers.c */
extern const BenchPeer glib_timers_peer;
extern const BenchPeer glib_accuracy_peer;

/* glib-threads.c */
extern const BenchPeer glib_threads_task_peer;
extern const BenchPeer glib_threads_pool_peer;

/* glib-wait.c */
extern const BenchPeer glib_cancel_task_peer;
extern const BenchPeer glib_cancel_source_peer;
extern const BenchPeer glib_memory_task_peer;
extern const BenchPeer glib_memory_cancellable_peer;
extern const BenchPeer glib_memory_source_peer;

/* glib-echo.c */
extern const BenchPeer glib_echo_peer;

/* glib-load.c */
extern const BenchPeer glib_fair_peer;

/* glib-cache.c */
extern const BenchPeer glib_cache_source_peer;
extern const BenchPeer glib_cache_table_peer;

/* glib-manager.c */
extern const BenchPeer glib_manager_source_peer;
extern const BenchPeer glib_manager_name_peer;

/* glib-waits.c */
extern const BenchPeer glib_waits_peer;

/* glib-call.c */
extern const BenchPeer glib_call_peer;
