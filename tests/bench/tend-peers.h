// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The peers that are libtend's, by the file that each is in.

#pragma once

#include "bench.h"

/* tend-spawn.c */
extern const BenchPeer tend_spawn_peer;
extern const BenchPeer tend_spawn_managed_peer;
extern const BenchPeer tend_yield_peer;

/* tend-timers.c */
extern const BenchPeer tend_timers_peer;
extern const BenchPeer tend_accuracy_peer;

/* tend-threads.c */
extern const BenchPeer tend_threads_peer;
extern const BenchPeer tend_threads_looking_peer;

/* tend-wait.c */
extern const BenchPeer tend_cancel_peer;
extern const BenchPeer tend_memory_peer;

/* tend-calls.c */
extern const BenchPeer tend_calls_peer;

/* tend-waits.c */
extern const BenchPeer tend_waits_peer;

/* tend-call.c */
extern const BenchPeer tend_call_peer;

/* tend-operations.c */
extern const BenchPeer tend_operations_peer;

/* tend-echo.c */
extern const BenchPeer tend_echo_peer;

/* tend-load.c */
extern const BenchPeer tend_fair_peer;
extern const BenchPeer tend_scale_peer;

/* tend-cache.c */
extern const BenchPeer tend_cache_peer;

/* tend-manager.c */
extern const BenchPeer tend_manager_peer;
extern const BenchPeer tend_manager_task_peer;
