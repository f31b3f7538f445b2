/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Topics as tables of whole messages. What can't be understood is counted, never in the way.
 */
#include "tables.h"

#include <string.h>

#define LOAD_MS 60000

/* --- entries --------------------------------------------------------------------------------- */

static gboolean
is_outcome (const LkRecord *record)
{
  g_autofree char *key = g_strndup (record->key, record->key_len);

  return lk_control_program (key) != NULL;
}

static gboolean
parse (CliEntry *entry, const LkRecord *record, GError **error)
{
  const char *json = record->value;
  gsize len = record->value_len;

  switch (entry->kind)
    {
    case LK_KIND_MEMBERS:
      return lk_member_parse (&entry->member, json, len, error);
    case LK_KIND_PASSES:
      return lk_pass_parse (&entry->pass, json, len, error);
    case LK_KIND_BOOKINGS:
      return lk_booking_parse (&entry->booking, json, len, error);
    case LK_KIND_RULES:
      entry->rules = lk_rules_parse (json, len, error);
      return entry->rules != NULL;
    case LK_KIND_COMMANDS:
      return lk_command_parse (&entry->command, json, len, error);
    case LK_KIND_LEDGER:
      entry->is_right = memchr (record->key, '/', record->key_len) != NULL;
      return entry->is_right ? lk_right_parse (&entry->right, json, len, error)
                             : lk_ledger_member_parse (&entry->ledger_member, json, len, error);
    case LK_KIND_CONTROL:
      entry->is_outcome = is_outcome (record);
      return entry->is_outcome ? lk_outcome_parse (&entry->outcome, json, len, error)
                               : lk_wish_parse (&entry->wish, json, len, error);
    case LK_KIND_NEXUDUS_ACCOUNT:
      return lk_nexudus_account_parse (&entry->nexudus, json, len, error);
    case LK_KIND_KISI_ACCOUNT:
      return lk_kisi_account_parse (&entry->kisi, json, len, error);
    default:
      g_assert_not_reached ();
    }
}

static void
entry_free (gpointer data)
{
  CliEntry *entry = data;

  switch (entry->kind)
    {
    case LK_KIND_MEMBERS:
      lk_member_clear (&entry->member);
      break;
    case LK_KIND_PASSES:
      lk_pass_clear (&entry->pass);
      break;
    case LK_KIND_BOOKINGS:
      lk_booking_clear (&entry->booking);
      break;
    case LK_KIND_RULES:
      lk_rules_free (entry->rules);
      break;
    case LK_KIND_COMMANDS:
      lk_command_clear (&entry->command);
      break;
    case LK_KIND_LEDGER:
      if (entry->is_right)
        lk_right_clear (&entry->right);
      else
        lk_ledger_member_clear (&entry->ledger_member);
      break;
    case LK_KIND_CONTROL:
      if (entry->is_outcome)
        lk_outcome_clear (&entry->outcome);
      else
        lk_wish_clear (&entry->wish);
      break;
    case LK_KIND_NEXUDUS_ACCOUNT:
      lk_nexudus_account_clear (&entry->nexudus);
      break;
    case LK_KIND_KISI_ACCOUNT:
      lk_kisi_account_clear (&entry->kisi);
      break;
    default:
      g_assert_not_reached ();
    }
  g_free (entry->newer);
  g_free (entry);
}

static gpointer
decode (const LkRecord *record, gpointer data, GError **error)
{
  CliEntry *entry = g_new0 (CliEntry, 1);
  g_autoptr (GError) local = NULL;

  entry->kind = (LkKind) GPOINTER_TO_INT (data);
  entry->at = record->timestamp;
  if (parse (entry, record, &local))
    return entry;
  if (entry->kind == LK_KIND_LEDGER && local->code == LK_ERROR_REFUSED)
    {
      *entry = (CliEntry){ .kind = entry->kind, .newer = g_strdup (local->message) };
      return entry;
    }
  g_propagate_error (error, g_steal_pointer (&local));
  /* A failed parse leaves nothing behind, so only the frame is ours to free. */
  g_free (entry);
  return NULL;
}

/* Newest = highest, as for the programs themselves (design §4). */
static int
compare (gconstpointer a, gconstpointer b)
{
  const CliEntry *x = a, *y = b;

  switch (x->kind)
    {
    case LK_KIND_MEMBERS:
      return x->member.revision < y->member.revision   ? -1
             : x->member.revision > y->member.revision ? 1
                                                       : 0;
    case LK_KIND_PASSES:
      return x->pass.revision < y->pass.revision ? -1 : x->pass.revision > y->pass.revision;
    case LK_KIND_BOOKINGS:
      return x->booking.revision < y->booking.revision ? -1
                                                       : x->booking.revision > y->booking.revision;
    case LK_KIND_RULES:
      return x->rules->rules_version < y->rules->rules_version
                 ? -1
                 : x->rules->rules_version > y->rules->rules_version;
    case LK_KIND_COMMANDS:
      return lk_version_compare (x->command.version, y->command.version);
    default:
      return 0; /* the later in the log */
    }
}

static void
rejected (LkTable *table, const LkRecord *record, const GError *error, gpointer data)
{
  (void) error; /* `latchkey rejects` shows what the programs set aside */
}

static const LkTableOps ops = {
  .decode = decode,
  .free_entry = entry_free,
  .compare = compare,
  .rejected = rejected,
};

/* --- spaces ---------------------------------------------------------------------------------- */

typedef struct
{
  const GPtrArray *tables; /* LkTable* */
  const LkTable *troubled;
} Loading;

static gboolean
is_loaded (gpointer data)
{
  Loading *loading = data;

  for (guint i = 0; i < loading->tables->len; i++)
    {
      LkTable *table = loading->tables->pdata[i];
      if (lk_table_trouble (table) != NULL)
        loading->troubled = table;
      if (loading->troubled != NULL)
        return TRUE;
      if (!lk_table_is_all_loaded (table))
        return FALSE;
    }
  return TRUE;
}

/* Waits for all TABLES at once: each wait costs what the broker's fetch waits for. */
static gboolean
wait_loaded (Cli *cli, const GPtrArray *tables, const char *what, GError **error)
{
  Loading loading = { tables, NULL };

  if (!cli_wait (cli, is_loaded, &loading, what, LOAD_MS, error))
    return FALSE;
  if (loading.troubled == NULL)
    return TRUE;
  return lk_fail (error, LK_ERROR_RETRY, "%s: topic %s: %s", what,
                  lk_table_topic (loading.troubled), lk_table_trouble (loading.troubled));
}

static LkTable *
open_table (Cli *cli, LkKind kind, const char *scope, int partitions)
{
  g_autofree char *topic = lk_topic_name (lk_kafka_prefix (cli->kafka), kind, scope);

  return lk_table_new (cli->reader, cli->producer, topic, partitions, &ops,
                       GINT_TO_POINTER ((int) kind));
}

static CliSpace *
open_space (Cli *cli, const LkConfigSpace *config, guint kinds, gint64 member, GPtrArray *tables)
{
  CliSpace *space = g_new0 (CliSpace, 1);

  space->space = config;
  for (int k = 0; k < LK_KIND_COUNT_; k++)
    {
      if (!(kinds & (1u << k)))
        continue;
      int partitions = lk_kind_partitions ((LkKind) k, config->partitions);
      space->tables[k] = open_table (cli, (LkKind) k, config->code, partitions);
      g_ptr_array_add (tables, space->tables[k]);
      if (member > 0 && partitions > 1)
        lk_table_follow (space->tables[k], lk_partition_of_member (member, partitions));
      else
        lk_table_follow_all (space->tables[k]);
    }
  return space;
}

static void
note_newer (const char *key, const CliEntry *entry, gpointer data)
{
  const char **newer = data;

  (void) key;
  if (entry->newer != NULL)
    *newer = entry->newer;
}

static gboolean
check_ledger (CliSpace *space, gint64 member, GError **error)
{
  const char *newer = NULL;

  if (space->tables[LK_KIND_LEDGER] != NULL)
    cli_space_foreach (space, LK_KIND_LEDGER, member, note_newer, &newer);
  if (newer == NULL)
    return TRUE;
  return lk_fail (error, LK_ERROR_REFUSED,
                  "space %s: the ledger was written by a newer release (%s): use that one's "
                  "latchkey, or another --space",
                  space->space->code, newer);
}

GPtrArray *
cli_spaces_load (Cli *cli, guint kinds, gint64 member, GError **error)
{
  g_autoptr (GPtrArray) chosen = cli_spaces (cli, error);
  g_autoptr (GPtrArray) spaces = g_ptr_array_new_with_free_func ((GDestroyNotify) cli_space_free);
  g_autoptr (GPtrArray) tables = g_ptr_array_new ();

  if (chosen == NULL || !cli_open_kafka (cli, error))
    return NULL;
  for (guint i = 0; i < chosen->len; i++)
    g_ptr_array_add (spaces, open_space (cli, chosen->pdata[i], kinds, member, tables));
  if (!wait_loaded (cli, tables, "reading the spaces' topics", error))
    return NULL;
  for (guint i = 0; i < spaces->len; i++)
    if (!check_ledger (spaces->pdata[i], member, error))
      return NULL;
  return g_steal_pointer (&spaces);
}

void
cli_space_free (CliSpace *space)
{
  if (space == NULL)
    return;
  for (int k = 0; k < LK_KIND_COUNT_; k++)
    lk_table_free (space->tables[k]);
  g_free (space);
}

const LkRules *
cli_space_rules (const CliSpace *space)
{
  const CliEntry *entry = lk_table_get (space->tables[LK_KIND_RULES], 0, space->space->code);

  return entry == NULL ? NULL : entry->rules;
}

/* --- accounts -------------------------------------------------------------------------------- */

static void
account_free (gpointer data)
{
  lk_table_free (((CliAccount *) data)->table);
  g_free (data);
}

static void
open_account (Cli *cli, LkKind kind, const char *name, GPtrArray *accounts, GPtrArray *tables)
{
  CliAccount *account = g_new0 (CliAccount, 1);

  account->kind = kind;
  account->name = name;
  account->table = open_table (cli, kind, name, 1);
  lk_table_follow_all (account->table);
  g_ptr_array_add (accounts, account);
  g_ptr_array_add (tables, account->table);
}

GPtrArray *
cli_accounts_load (Cli *cli, GError **error)
{
  g_autoptr (GPtrArray) accounts = g_ptr_array_new_with_free_func (account_free);
  g_autoptr (GPtrArray) tables = g_ptr_array_new ();

  if (!cli_open_kafka (cli, error))
    return NULL;
  for (guint i = 0; i < cli->config->n_nexudus; i++)
    open_account (cli, LK_KIND_NEXUDUS_ACCOUNT, cli->config->nexudus[i].account, accounts, tables);
  for (guint i = 0; i < cli->config->n_kisi; i++)
    open_account (cli, LK_KIND_KISI_ACCOUNT, cli->config->kisi[i].account, accounts, tables);
  if (!wait_loaded (cli, tables, "reading the accounts' topics", error))
    return NULL;
  for (guint i = 0; i < accounts->len; i++)
    {
      CliAccount *account = accounts->pdata[i];
      account->entry = lk_table_get (account->table, 0, account->name);
    }
  return g_steal_pointer (&accounts);
}

/* --- reading --------------------------------------------------------------------------------- */

typedef struct
{
  CliEntryFunc func;
  gpointer data;
} Each;

static void
each_entry (LkTable *table, gint32 partition, const char *key, gpointer entry, gpointer data)
{
  const Each *each = data;

  each->func (key, entry, each->data);
}

void
cli_space_foreach (CliSpace *space, LkKind kind, gint64 member, CliEntryFunc func, gpointer data)
{
  LkTable *table = space->tables[kind];
  Each each = { func, data };
  char first[32];

  if (member == 0)
    {
      lk_table_foreach (table, each_entry, &each);
      return;
    }
  g_snprintf (first, sizeof first, "%" G_GINT64_FORMAT, member);
  lk_table_foreach_of (table, lk_partition_of_member (member, lk_table_partitions (table)), first,
                       each_entry, &each);
}

const CliEntry *
cli_space_get (CliSpace *space, LkKind kind, gint64 member, const char *key)
{
  LkTable *table = space->tables[kind];

  return lk_table_get (table, lk_partition_of_member (member, lk_table_partitions (table)), key);
}
