/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What can't be done for a person stands in the ledger's record of them, by group and reason, so
 * that the plan leaves it alone and the operator sees why (design §6.7).
 */
#include "job_internal.h"

#include "crash.h"
#include "record.h"

#include <latchkey/base/log.h>

/* What stops creates and what stops deletes stand side by side: neither may lift the other. What
 * stops every group stands once for a reason. */
static void
clear_blocks (LkLedgerMember *member, gint64 group, const char *reason)
{
  guint left = 0;

  for (guint i = 0; i < member->n_blocked; i++)
    if (member->blocked[i].group_id == group
        && (group == 0 ? g_str_equal (member->blocked[i].reason, reason)
                       : lk_block_is_of_delete (member->blocked[i].reason)
                             == lk_block_is_of_delete (reason)))
      g_free (member->blocked[i].reason);
    else
      member->blocked[left++] = member->blocked[i];
  member->n_blocked = left;
}

static void
add_block (LkLedgerMember *member, gint64 group, const char *reason, gint64 foreign, LkTime until)
{
  clear_blocks (member, group, reason);
  member->blocked = g_renew (LkBlocked, member->blocked, member->n_blocked + 1);
  member->blocked[member->n_blocked++] = (LkBlocked){ group, g_strdup (reason), foreign, until };
}

static gboolean
is_blocked_already (const Person *person, gint64 group, const char *reason)
{
  const LkLedgerMember *known = state_member_record (person);

  for (guint i = 0; known != NULL && i < known->n_blocked; i++)
    if (known->blocked[i].group_id == group && g_str_equal (known->blocked[i].reason, reason))
      return TRUE;
  return FALSE;
}

gboolean
job_is_stopped (const Job *job, const char *reason)
{
  return is_blocked_already (job->person, job->action.group_id, reason);
}

static void
record_block (Job *job)
{
  job_write_member (job, job_done);
  CRASH_POINT (BLOCK_WRITTEN);
}

/* The person can't be served in the action's group: recorded, told, and the plan goes on with the
 * rest. */
void
job_stop_group (Job *job, const char *reason, gint64 foreign, LkTime until)
{
  lk_warning (LK_F (.space = job->person->space->config->code, .member = job->person->member,
                    .event = "blocked"),
              "blocked in group %" G_GINT64_FORMAT ": %s", job->action.group_id, reason);
  gboolean told = is_blocked_already (job->person, job->action.group_id, reason);
  lk_ledger_member_clear (&job->member);
  record_copy_member (job->person, &job->member);
  add_block (&job->member, job->action.group_id, reason, foreign, until);
  job->change = "blocked";
  job->cause = reason;
  if (told) /* the same once more is no change */
    record_block (job);
  else
    job_write_change (job, record_block);
}

void
job_stop_delete (Job *job, const char *reason, gint64 again)
{
  job_stop_group (job, reason, 0, job_now (job) + again);
}

static void
logged (gint64 offset, const GError *error, gpointer data)
{
  (void) offset;
  (void) data;
  /* A block is a note: the next plan comes to the same and writes it again. */
  if (error != NULL)
    lk_warning (LK_F (.event = "write_failed", .error = error), "a block was not recorded");
}

void
job_block (const JobContext *context, Person *person, gint64 group, const char *reason,
           gint64 foreign_right_id, LkTime until)
{
  g_auto (LkLedgerMember) member = { 0 };
  LkAccessChange change = { .change = (char *) "blocked",
                            .cause = (char *) reason,
                            .group_id = group,
                            .window = { LK_TIME_NONE, LK_TIME_NONE } };
  g_autofree char *name = NULL;

  (void) context;
  if (is_blocked_already (person, group, reason))
    return;
  change.version = state_newest_version (person);
  name = record_blocked_name (group, reason, change.version);
  record_copy_member (person, &member);
  add_block (&member, group, reason, foreign_right_id, until);
  record_change (person, &change, name, NULL, NULL);
  record_member (person, &member, logged, NULL);
}

/* Whether a block is over; DATA as given to `unblock`. */
typedef gboolean (*Lifts) (const LkBlocked *blocked, gboolean other_address, gconstpointer data);

static gboolean
is_of_address (const LkBlocked *blocked, gboolean other_address, gconstpointer data)
{
  (void) other_address;
  (void) data;
  return g_str_equal (blocked->reason, PLAN_SHARED_ADDRESS)
         || g_str_equal (blocked->reason, PLAN_NO_ADDRESS);
}

static gboolean
is_of_group (const LkBlocked *blocked, gboolean other_address, gconstpointer group)
{
  (void) other_address;
  return blocked->group_id == *(const gint64 *) group && plan_block_is_of_group (blocked->reason);
}

/* Who was invited and is gone is invited again by `resync` alone; under another address they are
 * somebody who was not invited yet. */
static gboolean
is_lifted_by_facts (const LkBlocked *blocked, gboolean other_address, gconstpointer data)
{
  (void) data;
  return other_address || !g_str_equal (blocked->reason, "user_gone");
}

/* FALSE: there is nothing to lift. */
static gboolean
unblock (Person *person, Lifts lifts, gconstpointer data)
{
  const CommandEntry *command = state_member_command (person);
  const LkLedgerMember *known = state_member_record (person);
  g_auto (LkLedgerMember) member = { 0 };
  guint left = 0;

  if (known == NULL || known->n_blocked == 0)
    return FALSE;
  gboolean other_address = command != NULL && command->command.email != NULL && known->email != NULL
                           && g_ascii_strcasecmp (command->command.email, known->email) != 0;
  record_copy_member (person, &member);
  for (guint i = 0; i < member.n_blocked; i++)
    if (!lifts (&member.blocked[i], other_address, data))
      member.blocked[left++] = member.blocked[i];
    else
      g_free (member.blocked[i].reason);
  member.n_blocked = left;
  if (left == known->n_blocked)
    return FALSE;
  record_member (person, &member, logged, NULL);
  return TRUE;
}

void
job_unblock (const JobContext *context, Person *person)
{
  (void) context;
  (void) unblock (person, is_lifted_by_facts, NULL);
}

void
job_unblock_address (const JobContext *context, Person *person)
{
  (void) context;
  (void) unblock (person, is_of_address, NULL);
}

gboolean
job_unblock_group (const JobContext *context, Person *person, gint64 group)
{
  (void) context;
  return unblock (person, is_of_group, &group);
}
