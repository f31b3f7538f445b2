/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * `latchkey status`: how each space and account stands. JSON names are stable (design §10).
 */
#include "access.h"
#include "wishes.h"

#include <latchkey/model/json.h>
#include <stdio.h>

#define KINDS                                                                                      \
  (1u << LK_KIND_MEMBERS | 1u << LK_KIND_PASSES | 1u << LK_KIND_BOOKINGS | 1u << LK_KIND_COMMANDS  \
   | 1u << LK_KIND_LEDGER | 1u << LK_KIND_RULES | 1u << LK_KIND_CONTROL)
/* Longer than anything is due while both services are healthy (design §9, S2). */
#define LATE_S 60

/* What is as it should not be, for the longest time. */
typedef struct
{
  gint64 age_s; /* -1: nothing */
  gint64 member, group_id;
} Due;

typedef struct
{
  CliSpace *space;
  LkTime now;
  GHashTable *members; /* gint64* → itself: whoever has a command or a ledger record */
  guint entitled, rights, orphaned;
  GPtrArray *blocked; /* const CliEntry* of ledger members with blocked groups */
  GPtrArray *wishes;  /* char*: keys of those under way */
  Due loss, gain;     /* the oldest */
} Status;

static void
note_member (Status *status, gint64 member)
{
  if (!g_hash_table_contains (status->members, &member))
    {
      gint64 *key = g_new (gint64, 1);
      *key = member;
      g_hash_table_add (status->members, key);
    }
}

static void
count_command (const char *key, const CliEntry *entry, gpointer data)
{
  Status *status = data;
  const LkCommand *command = &entry->command;
  LkKind kind = command->kind == LK_SOURCE_MEMBER ? LK_KIND_MEMBERS
                : command->kind == LK_SOURCE_PASS ? LK_KIND_PASSES
                                                  : LK_KIND_BOOKINGS;
  char snapshot_key[LK_KEY_MAX];

  note_member (status, command->member);
  if (command->entitled)
    status->entitled++;
  if (command->kind == LK_SOURCE_MEMBER)
    g_snprintf (snapshot_key, sizeof snapshot_key, "%" G_GINT64_FORMAT, command->member);
  else
    g_snprintf (snapshot_key, sizeof snapshot_key, "%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT,
                command->member, command->source_id);
  /* A command that still gives something although its snapshot is nowhere (design §5). */
  if ((command->entitled || command->n_claims > 0)
      && cli_space_get (status->space, kind, command->member, snapshot_key) == NULL)
    status->orphaned++;
}

static void
count_ledger (const char *key, const CliEntry *entry, gpointer data)
{
  Status *status = data;

  if (!entry->is_right)
    {
      note_member (status, entry->ledger_member.member);
      if (entry->ledger_member.n_blocked > 0)
        g_ptr_array_add (status->blocked, (gpointer) entry);
    }
  else if (entry->right.state == LK_RIGHT_HELD)
    {
      note_member (status, entry->right.member);
      status->rights++;
    }
}

static void
find_oldest_due (Status *status)
{
  GHashTableIter iter;
  gpointer member;

  g_hash_table_iter_init (&iter, status->members);
  while (g_hash_table_iter_next (&iter, &member, NULL))
    {
      g_autoptr (CliAccess) access = cli_access_of (status->space, *(gint64 *) member);
      for (guint i = 0; i < access->groups->len; i++)
        {
          const CliGroup *group = access->groups->pdata[i];
          LkTime since = cli_group_due_since (group, status->now);
          gboolean gain = cli_group_wanted (group, status->now);
          /* Who can't be served waits for a person. A door that is open to whom it should not be
           * is told all the same, whatever stops it. */
          if (since == LK_TIME_NONE
              || (gain && group->blocked != NULL && !lk_block_is_of_delete (group->blocked)))
            continue;
          Due due
              = { MAX (status->now - since, 0) / LK_SECOND, *(gint64 *) member, group->group_id };
          Due *oldest = gain ? &status->gain : &status->loss;
          if (due.age_s > oldest->age_s)
            *oldest = due;
        }
    }
}

static void
note_wish (const char *key, const CliEntry *entry, gpointer data)
{
  g_ptr_array_add (((Status *) data)->wishes, g_strdup (key));
}

static void
status_of_space (Status *status)
{
  status->members = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  status->blocked = g_ptr_array_new ();
  status->wishes = g_ptr_array_new_with_free_func (g_free);
  status->loss.age_s = status->gain.age_s = -1;
  cli_space_foreach (status->space, LK_KIND_COMMANDS, 0, count_command, status);
  cli_space_foreach (status->space, LK_KIND_LEDGER, 0, count_ledger, status);
  cli_wishes_open (status->space, note_wish, status);
  find_oldest_due (status);
}

static gboolean
has_problems (const Status *status)
{
  gboolean late = MAX (status->loss.age_s, status->gain.age_s) > LATE_S;

  return status->blocked->len > 0 || status->orphaned > 0 || cli_space_rules (status->space) == NULL
         || (late && !status->space->space->observe);
}

static void
status_clear (Status *status)
{
  g_hash_table_unref (status->members);
  g_ptr_array_unref (status->blocked);
  g_ptr_array_unref (status->wishes);
}

static void
write_due (LkJsonWriter *writer, const char *age, const char *whose, const Due *due)
{
  if (due->age_s < 0)
    {
      lk_json_null (writer, age);
      lk_json_null (writer, whose);
      return;
    }
  lk_json_int (writer, age, due->age_s);
  lk_json_begin_object (writer, whose);
  lk_json_int (writer, "member", due->member);
  lk_json_int (writer, "group_id", due->group_id);
  lk_json_end_object (writer);
}

static void
write_space (LkJsonWriter *writer, const Status *status)
{
  const LkConfigSpace *space = status->space->space;

  lk_json_begin_object (writer, NULL);
  lk_json_string (writer, "space", space->code);
  lk_json_string (writer, "mode", space->observe ? "observe" : "enforce");
  lk_json_bool (writer, "rules", cli_space_rules (status->space) != NULL);
  lk_json_int (writer, "members", status->entitled);
  lk_json_int (writer, "rights", status->rights);
  lk_json_int (writer, "orphaned", status->orphaned);
  lk_json_begin_array (writer, "blocked");
  for (guint i = 0; i < status->blocked->len; i++)
    {
      const LkLedgerMember *member = &((const CliEntry *) status->blocked->pdata[i])->ledger_member;
      for (guint b = 0; b < member->n_blocked; b++)
        {
          lk_json_begin_object (writer, NULL);
          lk_json_int (writer, "member", member->member);
          cli_json_id (writer, "group_id", member->blocked[b].group_id); /* null: every group */
          lk_json_string (writer, "reason", member->blocked[b].reason);
          cli_json_id (writer, "foreign_right_id", member->blocked[b].foreign_right_id);
          lk_json_time (writer, "until", member->blocked[b].until);
          lk_json_end_object (writer);
        }
    }
  lk_json_end_array (writer);
  write_due (writer, "oldest_due_loss_s", "oldest_due_loss", &status->loss);
  write_due (writer, "oldest_due_gain_s", "oldest_due_gain", &status->gain);
  lk_json_begin_array (writer, "wishes");
  for (guint i = 0; i < status->wishes->len; i++)
    lk_json_string (writer, NULL, status->wishes->pdata[i]);
  lk_json_end_array (writer);
  lk_json_end_object (writer);
}

static void
print_due (const Status *status, const Due *due, const char *what)
{
  if (due->age_s >= 0)
    (void) printf ("  a key %s have been %s %" G_GINT64_FORMAT " s ago: member %" G_GINT64_FORMAT
                   ", group %" G_GINT64_FORMAT "\n",
                   status->space->space->observe ? "would" : "should", what, due->age_s,
                   due->member, due->group_id);
}

static void
print_blocked (const LkLedgerMember *member, const LkBlocked *blocked)
{
  char until[LK_TIME_TEXT];

  (void) printf ("  member %" G_GINT64_FORMAT " is blocked in ", member->member);
  if (blocked->group_id == 0)
    (void) printf ("every group: %s", blocked->reason);
  else
    (void) printf ("group %" G_GINT64_FORMAT ": %s", blocked->group_id, blocked->reason);
  if (blocked->foreign_right_id != 0)
    (void) printf (" (right %" G_GINT64_FORMAT " is in the way)", blocked->foreign_right_id);
  if (blocked->until != LK_TIME_NONE)
    (void) printf (", until %s", lk_time_format (blocked->until, until));
  (void) putchar ('\n');
}

static void
print_space (const Status *status)
{
  const LkConfigSpace *space = status->space->space;

  (void) printf ("space %s (%s): %s%u members entitled, %u rights held, %u orphaned commands\n",
                 space->code, space->observe ? "observe" : "enforce",
                 cli_space_rules (status->space) == NULL ? "NO RULES, run `latchkey rules apply`; "
                                                         : "",
                 status->entitled, status->rights, status->orphaned);
  print_due (status, &status->loss, "taken away");
  print_due (status, &status->gain, "given");
  for (guint i = 0; i < status->blocked->len; i++)
    {
      const LkLedgerMember *member = &((const CliEntry *) status->blocked->pdata[i])->ledger_member;
      for (guint b = 0; b < member->n_blocked; b++)
        print_blocked (member, &member->blocked[b]);
    }
  for (guint i = 0; i < status->wishes->len; i++)
    (void) printf ("  wished, and not done yet: %s\n", (const char *) status->wishes->pdata[i]);
}

/* --- accounts -----------------------------------------------------------------------------------
 */

/* What is the same of both services' records. */
typedef struct
{
  const char *api, *until_name;
  LkTime until;
  const char *fault; /* or NULL */
} Account;

static Account
account_of (const CliAccount *account)
{
  gboolean is_nexudus = account->kind == LK_KIND_NEXUDUS_ACCOUNT;
  Account out = { is_nexudus ? "nexudus" : "kisi", is_nexudus ? "read_until" : "events_until",
                  LK_TIME_NONE, NULL };

  if (account->entry != NULL)
    {
      out.until
          = is_nexudus ? account->entry->nexudus.read_until : account->entry->kisi.events_until;
      out.fault = is_nexudus ? account->entry->nexudus.fault : account->entry->kisi.fault;
    }
  return out;
}

static void
write_account (LkJsonWriter *writer, const CliAccount *account)
{
  const Account common = account_of (account);
  const CliEntry *entry = account->entry;

  lk_json_begin_object (writer, NULL);
  lk_json_string (writer, "api", common.api);
  lk_json_string (writer, "account", account->name);
  lk_json_time (writer, common.until_name, common.until);
  if (account->kind == LK_KIND_NEXUDUS_ACCOUNT)
    {
      lk_json_time (writer, "listed_at", entry == NULL ? LK_TIME_NONE : entry->nexudus.listed_at);
      lk_json_int (writer, "trips", entry == NULL ? 0 : entry->nexudus.n_trips);
    }
  else
    {
      lk_json_time (writer, "audited_at", entry == NULL ? LK_TIME_NONE : entry->kisi.audited_at);
      lk_json_string (writer, "rights_per_group",
                      entry == NULL           ? NULL
                      : entry->kisi.one_right ? "one"
                                              : "many");
    }
  lk_json_string (writer, "fault", common.fault);
  lk_json_end_object (writer);
}

static guint
trips_of (const CliAccount *account)
{
  return account->kind == LK_KIND_NEXUDUS_ACCOUNT && account->entry != NULL
             ? account->entry->nexudus.n_trips
             : 0;
}

static void
print_account (const CliAccount *account)
{
  const Account common = account_of (account);
  gboolean is_nexudus = account->kind == LK_KIND_NEXUDUS_ACCOUNT;
  char text[LK_TIME_TEXT];

  (void) printf ("%s account %s: ", common.api, account->name);
  if (common.until == LK_TIME_NONE)
    (void) printf ("%s: does latchkey-%s run?",
                   is_nexudus ? "NEVER READ" : "door events NEVER READ",
                   is_nexudus ? "poller" : "executor");
  else
    (void) printf ("%s %s", is_nexudus ? "read until" : "door events until",
                   lk_time_format (common.until, text));
  (void) printf ("%s%s\n",
                 common.fault == NULL ? "" : "; FAULT: ", common.fault == NULL ? "" : common.fault);
  for (guint i = 0; i < trips_of (account); i++)
    {
      const LkTrip *trip = &account->entry->nexudus.trips[i];
      (void) printf ("  BRAKE: %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
                     " %s of space %s vanished from Nexudus's lists, and are kept\n",
                     trip->held, trip->of, trip->kind, trip->space);
    }
}

static gboolean
has_problem (const CliAccount *account)
{
  const Account common = account_of (account);

  return common.fault != NULL || common.until == LK_TIME_NONE || trips_of (account) > 0;
}

/* --- the command --------------------------------------------------------------------------------
 */

int
status_run (Cli *cli, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  LkJsonWriter writer = { text, FALSE };
  g_autoptr (GPtrArray) spaces = cli_spaces_load (cli, KINDS, 0, error);
  g_autoptr (GPtrArray) accounts = spaces == NULL ? NULL : cli_accounts_load (cli, error);
  gboolean problems = FALSE;

  if (accounts == NULL)
    return CLI_UNREACHABLE;
  lk_json_begin_object (&writer, NULL);
  lk_json_begin_array (&writer, "spaces");
  for (guint i = 0; i < spaces->len; i++)
    {
      CliSpace *space = spaces->pdata[i];
      Status status = { .space = space, .now = lk_clock_wall (cli->clock) };
      status_of_space (&status);
      problems |= has_problems (&status);
      write_space (&writer, &status);
      if (!cli->json)
        print_space (&status);
      status_clear (&status);
    }
  lk_json_end_array (&writer);
  lk_json_begin_array (&writer, "accounts");
  for (guint i = 0; i < accounts->len; i++)
    {
      problems |= has_problem (accounts->pdata[i]);
      write_account (&writer, accounts->pdata[i]);
      if (!cli->json)
        print_account (accounts->pdata[i]);
    }
  lk_json_end_array (&writer);
  lk_json_end_object (&writer);
  if (cli->json)
    puts (text->str);
  return problems ? CLI_DIFFERENCES : CLI_DONE;
}
