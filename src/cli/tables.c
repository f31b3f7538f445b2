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
    case LK_KIND_NEXUDUS_ACCOUNT:
      lk_nexudus_account_clear (&entry->nexudus);
      break;
    case LK_KIND_KISI_ACCOUNT:
      lk_kisi_account_clear (&entry->kisi);
      break;
    default:
      g_assert_not_reached ();
    }
  g_free (entry);
}

static gpointer
decode (const LkRecord *record, gpointer data, GError **error)
{
  CliEntry *entry = g_new0 (CliEntry, 1);

  entry->kind = (LkKind) GPOINTER_TO_INT (data);
  entry->at = record->timestamp;
  if (parse (entry, record, error))
    return entry;
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
      return x->booking.revision < y->booking.revision
                 ? -1
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

static int
partitions_of (LkKind kind, const LkConfigSpace *space)
{
  return kind == LK_KIND_RULES ? 1 : space->partitions;
}

typedef struct
{
  CliSpace *space;
  const char *trouble;
} Loading;

static gboolean
is_loaded (gpointer data)
{
  Loading *loading = data;

  for (int k = 0; k < LK_KIND_COUNT_; k++)
    {
      LkTable *table = loading->space->tables[k];
      if (table == NULL)
        continue;
      loading->trouble = lk_table_trouble (table);
      if (loading->trouble != NULL)
        return TRUE;
      if (!lk_table_is_all_loaded (table))
        return FALSE;
    }
  return TRUE;
}

CliSpace *
cli_space_load (Cli *cli, const LkConfigSpace *space, guint kinds, gint64 member, GError **error)
{
  g_autoptr (CliSpace) loaded = g_new0 (CliSpace, 1);
  g_autofree char *what = g_strdup_printf ("reading the topics of space %s", space->code);
  Loading loading = { loaded, NULL };

  if (!cli_open_kafka (cli, error))
    return NULL;
  loaded->space = space;
  for (int k = 0; k < LK_KIND_COUNT_; k++)
    {
      if (!(kinds & (1u << k)))
        continue;
      g_autofree char *topic = lk_topic_name (lk_kafka_prefix (cli->kafka), (LkKind) k, space->code);
      int partitions = partitions_of ((LkKind) k, space);
      loaded->tables[k] = lk_table_new (cli->reader, cli->producer, topic, partitions, &ops,
                                        GINT_TO_POINTER (k));
      if (member > 0 && partitions > 1)
        lk_table_follow (loaded->tables[k], lk_partition_of_member (member, partitions));
      else
        lk_table_follow_all (loaded->tables[k]);
    }
  if (!cli_wait (cli, is_loaded, &loading, what, LOAD_MS, error))
    return NULL;
  if (loading.trouble != NULL)
    {
      (void) lk_fail (error, LK_ERROR_RETRY, "%s: %s", what, loading.trouble);
      return NULL;
    }
  return g_steal_pointer (&loaded);
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

const CliEntry *
cli_account_load (Cli *cli, LkKind kind, const char *account, LkTable **out_table, GError **error)
{
  g_autofree char *topic = NULL;

  *out_table = NULL;
  if (!cli_open_kafka (cli, error))
    return NULL;
  topic = lk_topic_name (lk_kafka_prefix (cli->kafka), kind, account);
  *out_table
      = lk_table_new (cli->reader, cli->producer, topic, 1, &ops, GINT_TO_POINTER ((int) kind));
  if (!cli_load (cli, *out_table, error))
    return NULL;
  return lk_table_get (*out_table, 0, account);
}

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
