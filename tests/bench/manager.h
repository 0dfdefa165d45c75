// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The peers of the manager's benchmark that know nothing of libtend.

#pragma once

#include "bench.h"

extern const BenchPeer source_peer;
extern const BenchPeer name_peer;
