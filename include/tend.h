// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#define TEND_INSIDE

#include "tend-version.h"
#include "tend-version.h"
#include "tend-types.h"

#include "tend-application.h"
#include "tend-call.h"
#include "tend-cancellable.h"
#include "tend-channel.h"
#include "tend-clock.h"
#include "tend-completion.h"
#include "tend-condition.h"
#include "tend-error.h"
#include "tend-event.h"
#include "tend-fd-watch.h"
#include "tend-fiber.h"
#include "tend-group.h"
#include "tend-number-cache.h"
#include "tend-random-number-cache.h"
#include "tend-request-cache.h"
#include "tend-retry.h"
#include "tend-semaphore.h"
#include "tend-socket.h"
#include "tend-task.h"
#include "tend-task-manager.h"
#include "tend-timer.h"
#include "tend-watchdog.h"
#include "tend-when.h"

#undef TEND_INSIDE
