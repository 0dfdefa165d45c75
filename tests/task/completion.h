// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the tests of the completion share: the error of coming too late, and dropping a completion.

#pragma once

#include "common.h"

#define expect_state_error(error, text) \
  G_STMT_START { \
    g_assert_error (error, TEND_ERROR, TEND_ERROR_STATE); \
    g_assert_true (g_str_has_suffix (error->message, text)); \
    g_clear_error (&(error)); \
  } G_STMT_END

/* Takes the task out of @completion, which must be gone then. */
G_GNUC_UNUSED
static TendTask *
drop (TendCompletion *completion)
{
  TendTask *task = g_object_ref (tend_completion_get_task (completion));

  g_assert_finalize_object (completion);
  return task;
}
