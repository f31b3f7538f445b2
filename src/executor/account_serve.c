/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Serving: the most urgent action that may start becomes a job; when it ends, its person is planned
 * again.
 */
#include "account_internal.h"

#include "crash.h"

#include <latchkey/base/log.h>

#define IN_FLIGHT_MAX 8
#define AHEAD_MS 30  /* an intent is written, and so its call ready, by the time that it may start \
                      */
#define SILENT_MIN 5 /* calls in a row: more than one person's trouble, as a rule */

static Person *
person_of_item (QueueItem *item)
{
  return (Person *) (void *) ((char *) item - G_STRUCT_OFFSET (Person, queued));
}

static const char *
address_of (const Person *person)
{
  const CommandEntry *command = state_member_command (person);

  return command == NULL ? NULL : command->command.email;
}

/* Two spaces of one account must not make the same person at once (design §6.4). */
static gboolean
may_start (QueueItem *item, gpointer data)
{
  const Account *account = data;
  const Person *person = person_of_item (item);
  g_autofree char *address = NULL;

  if (person->action.kind != PLAN_USER)
    return TRUE;
  if (address_of (person) == NULL)
    return TRUE;
  address = g_ascii_strdown (address_of (person), -1);
  return !g_hash_table_contains (account->addresses, address);
}

static void
begin (Account *account, Person *person)
{
  PlanAction action = person->action;
  Job *job;

  if (person->right_key != NULL)
    {
      action.right = state_right (person, person->right_key);
      if (action.right == NULL)
        {
          account_mark_dirty (person, account); /* it is gone: plan again */
          return;
        }
    }
  if (action.kind == PLAN_USER && address_of (person) != NULL)
    {
      g_free (person->held_address);
      person->held_address = g_ascii_strdown (address_of (person), -1);
      (void) g_hash_table_add (account->addresses, g_strdup (person->held_address));
    }
  job = job_new (&account->context, person, &action);
  (void) g_hash_table_add (account->jobs, job);
  job_start (job);
}

/* ms until the next job may begin. What is urgent takes what there is; a backlog is spread evenly,
 * so that the most urgent call that comes next finds room soon. */
static gint64
wait_ms (const Account *account)
{
  gint64 wait = lk_budget_wait_ms (account->budget, 0);
  guint waiting = 0;

  for (guint c = 0; c < PLAN_CLASSES; c++)
    waiting += queue_length (account->queue, (PlanClass) c);
  if (queue_length (account->queue, PLAN_LOSS_DUE) == 0
      && waiting >= account->config->requests_per_second)
    wait = MAX (wait, lk_budget_pace_ms (account->budget));
  return wait - AHEAD_MS;
}

void
account_serve (Account *account)
{
  while (g_hash_table_size (account->jobs) < IN_FLIGHT_MAX)
    {
      LkTime now = account_wall (account), next;
      gint64 wait = wait_ms (account);
      QueueItem *item;

      if (wait > 0)
        {
          account_arm (account, wait);
          return;
        }
      item = queue_take (account->queue, now, may_start, account, &next);
      if (item == NULL)
        {
          if (next != LK_TIME_NONE)
            account_arm (account, next - now);
          return;
        }
      begin (account, person_of_item (item));
    }
}

void
account_job_ended (Person *person, JobOutcome outcome, gpointer data)
{
  Account *account = data;
  GHashTableIter iter;
  gpointer job;

  CRASH_POINT (JOB_DONE);
  g_hash_table_iter_init (&iter, account->jobs);
  while (g_hash_table_iter_next (&iter, &job, NULL))
    if (job_person (job) == person)
      {
        g_hash_table_iter_remove (&iter);
        break;
      }
  /* The one it was begun under: the person's may have changed since. */
  if (person->held_address != NULL)
    (void) g_hash_table_remove (account->addresses, person->held_address);
  g_clear_pointer (&person->held_address, g_free);
  person->busy = FALSE;
  if (outcome == JOB_RETRY)
    person->retry_at = account_wall (account) + lk_backoff_next (&person->backoff);
  else
    {
      person->retry_at = LK_TIME_NONE;
      if (outcome == JOB_DONE)
        lk_backoff_reset (&person->backoff);
    }
  person->dirty = FALSE;
  account_mark_dirty (person, account);
  account_arm (account, 0);
}

static void
try_again (Person *person, gpointer data)
{
  if (person->retry_at == LK_TIME_NONE)
    return;
  person->retry_at = LK_TIME_NONE;
  lk_backoff_reset (&person->backoff);
  account_mark_dirty (person, data);
}

/* One person's trouble is theirs alone, and they wait longer each time. Where nobody is answered it
 * is KISI that was away: when it is back nobody waits on, so that losses are not the last ones. */
void
account_heard (LkKisiVerdict verdict, gpointer data)
{
  Account *account = data;

  switch (verdict)
    {
    case LK_KISI_THROTTLED:
      return;
    case LK_KISI_UNAVAILABLE:
    case LK_KISI_UNKNOWN:
    case LK_KISI_MALFORMED:
      account->silent++;
      return;
    default:
      break;
    }
  if (account->silent >= SILENT_MIN)
    {
      lk_info (LK_F (.account = account->config->account, .event = "kisi_back"),
               "KISI answers again: who waited for it is tried at once");
      state_foreach (account->state, try_again, account);
      account_arm (account, 0);
    }
  account->silent = 0;
}

void
account_drop_jobs (Account *account)
{
  GHashTableIter iter;
  gpointer job;

  g_hash_table_iter_init (&iter, account->jobs);
  while (g_hash_table_iter_next (&iter, &job, NULL))
    {
      job_person (job)->busy = FALSE;
      job_cancel (job);
    }
  g_hash_table_remove_all (account->jobs);
  g_hash_table_remove_all (account->addresses);
}
