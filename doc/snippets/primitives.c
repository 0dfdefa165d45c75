// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code of doc/primitives.md: a lock over code that waits, an event, and a condition.

#include <tend.h>

typedef struct
{
  TendSemaphore *lock;
  gint64         balance;
} Account;

static gboolean
deposit (TendTask *task, gpointer user_data, GError **error)
{
  Account *account = user_data;
  g_auto(TendPermit) permit = tend_permit_acquire (account->lock, error);
  gint64 balance;

  if (!tend_permit_is_held (&permit))
    return FALSE;

  balance = account->balance;
  if (!tend_sleep (1000, error))
    return FALSE;

  account->balance = balance + 1;
  return TRUE;
}

typedef struct
{
  TendEvent     *connected;
  TendCondition *changed;
  guint          n_asked;
  guint          n_jobs;
} Service;

static gboolean
ask (TendTask *task, gpointer user_data, GError **error)
{
  Service *service = user_data;

  if (!tend_event_wait (service->connected, error))
    return FALSE;

  service->n_asked++;
  return TRUE;
}

static gboolean
take_work (TendTask *task, gpointer user_data, GError **error)
{
  Service *service = user_data;

  while (service->n_jobs == 0)
    {
      if (!tend_condition_wait (service->changed, error))
        return FALSE;
    }

  service->n_jobs--;
  return TRUE;
}

static gboolean
run (TendTask *task, gpointer user_data, GError **error)
{
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendSemaphore) lock = tend_semaphore_new (1);
  g_autoptr(TendEvent) connected = tend_event_new ();
  g_autoptr(TendCondition) changed = tend_condition_new ();
  Account account = { lock, 0 };
  Service service = { connected, changed, 0, 0 };

  for (int i = 0; i < 3; i++)
    {
      if (!tend_group_add (group, tend_task_new_fiber ("deposit", deposit, &account, NULL), error) ||
          !tend_group_add (group, tend_task_new_fiber ("ask", ask, &service, NULL), error) ||
          !tend_group_add (group, tend_task_new_fiber ("work", take_work, &service, NULL), error))
        return FALSE;
    }

  tend_event_set (connected);
  service.n_jobs = 3;
  tend_condition_notify_all (changed);
  if (!tend_group_wait (group, error))
    return FALSE;

  g_print ("%" G_GINT64_FORMAT " deposits, %u questions, %u jobs left\n",
           account.balance, service.n_asked, service.n_jobs);
  return TRUE;
}

int
main (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(GError) error = NULL;

  if (tend_run (run, NULL, &error))
    return 0;

  g_printerr ("%s\n", error->message);
  return 1;
}
