// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The outcome of a body: a value or an error.

#pragma once

#include "tend-error.h"

G_BEGIN_DECLS

/* --- Outcomes: what a body gave, a value or an error --- */

typedef struct
{
  GValue  value;
  GError *error;
} TendOutcome;

/* Whether there is a value. Ours is valid or zero: G_IS_VALUE() looks the type up, for each task. */
static inline gboolean
tend_outcome_has_value (const TendOutcome *outcome)
{
  return G_VALUE_TYPE (&outcome->value) != 0;
}

/* Fills @outcome with a copy of @value, or with no value for %NULL. To copy it may run user code. */
static inline void
tend_outcome_copy_value (TendOutcome  *outcome,
                         const GValue *value)
{
  if (value == NULL)
    return;

  g_value_init (&outcome->value, G_VALUE_TYPE (value));
  g_value_copy (value, &outcome->value);
}

/* Whether there is anything to free in it. The types of numbers come before all others. */
static inline gboolean
tend_outcome_holds_something (const TendOutcome *outcome)
{
  return outcome->error != NULL || G_VALUE_TYPE (&outcome->value) > G_TYPE_DOUBLE;
}

/* Clears the outcome before it frees: a destroy notify may run user code that clears the same outcome. */
static inline void
tend_outcome_clear (TendOutcome *outcome)
{
  TendOutcome old = *outcome;

  *outcome = (TendOutcome) { G_VALUE_INIT, NULL };
  if (tend_outcome_has_value (&old))
    g_value_unset (&old.value);
  g_clear_error (&old.error);
}

/* --- Errors --- */

GError  *tend_error_new_several    (GPtrArray    *errors);
gboolean tend_error_is_cancelled   (const GError *error);
GError  *tend_take_result_error    (GAsyncResult *result) G_GNUC_WARN_UNUSED_RESULT;
void     tend_report_unobserved    (const char   *task,
                                    const char   *head,
                                    const GError *error,
                                    const char   *place);
gboolean tend_keep_report          (const char   *task,
                                    const char   *head,
                                    const GError *error,
                                    const char   *place);
char    *tend_print_place          (gconstpointer origin) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
