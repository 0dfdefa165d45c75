// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include <tend.h>

TendTask *tend_test_new_fiber  (TendTask        *own,
                                TendTask        *started,
                                TendTaskManager *manager);
TendTask *tend_test_new_thread (TendTask        *own,
                                TendTask        *cancelled);
