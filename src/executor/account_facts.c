/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What reports ask of the executor: whose KISI user an event is about, and what stood for them.
 */
#include "account_internal.h"

static GArray *
groups_of (gpointer data)
{
  return state_mapped_groups (((Account *) data)->state);
}

static void
add_judge_command (LkTable *table, gint32 partition, const char *key, gpointer entry, gpointer data)
{
  const CommandEntry *command = entry;

  (void) table;
  (void) partition;
  (void) key;
  if (command->command.kind != LK_SOURCE_MEMBER)
    lk_judge_facts_add_command (data, &command->command, command->at);
}

static void
add_judge_right (LkTable *table, gint32 partition, const char *key, gpointer data, gpointer facts)
{
  const LedgerEntry *entry = data;

  (void) table;
  (void) partition;
  (void) key;
  if (entry->is_right)
    lk_judge_facts_add_right (facts, &entry->right, entry->at);
}

static gboolean
facts_of (const char *code, gint64 kisi_user_id, LkJudgeFacts *facts, gpointer data)
{
  StateSpace *space = state_space (((Account *) data)->state, code);
  /* A ledger that is not wholly understood tells nothing about a person. */
  gint64 member
      = space == NULL || space->refusal != NULL ? 0 : state_member_of_user (space, kisi_user_id);
  Person person = { .space = space };
  const CommandEntry *own;
  char first[32];

  if (member == 0)
    return FALSE;
  person.member = member;
  own = state_member_command (&person);
  facts->member = member;
  facts->entitled = own != NULL && own->command.entitled;
  facts->recorded_at = own == NULL ? LK_TIME_NONE : own->at;
  g_snprintf (first, sizeof first, "%" G_GINT64_FORMAT, member);
  lk_table_foreach_of (space->commands, state_partition (&person), first, add_judge_command, facts);
  lk_table_foreach_of (space->ledger, state_partition (&person), first, add_judge_right, facts);
  return TRUE;
}

static LkTime
events_until (gpointer data)
{
  return ((Account *) data)->record.events_until;
}

static void
set_events_until (LkTime until, gpointer data)
{
  Account *account = data;

  account->record.events_until = until;
  account_write_record (account);
}

static gboolean
may_call (gpointer data)
{
  const Account *account = data;

  return account->acting && !account->refused;
}

static void
reports_refused (const LkKisiAnswer *answer, gpointer data)
{
  if (answer->verdict == LK_KISI_UNAUTHORIZED)
    account_refuse (answer->message, data);
}

static void
reports_answered (gpointer data)
{
  account_heard (LK_KISI_OK, data);
}

const LkReportsLookup account_reports_lookup = { .groups = groups_of,
                                                 .facts = facts_of,
                                                 .events_until = events_until,
                                                 .set_events_until = set_events_until,
                                                 .may_call = may_call,
                                                 .refused = reports_refused,
                                                 .answered = reports_answered };
