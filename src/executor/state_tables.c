/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The records of commands, ledger and rules as entries of tables, and whom their changes are about.
 */
#include "state_internal.h"

#include "merge.h"

#include <latchkey/base/log.h>
#include <latchkey/base/metrics.h>
#include <string.h>

gint64
state_member_of_key (const char *key)
{
  return g_ascii_strtoll (key, NULL, 10);
}

static gpointer
command_decode (const LkRecord *record, gpointer data, GError **error)
{
  CommandEntry *entry = g_new0 (CommandEntry, 1);
  const char *parent;
  gsize len;

  (void) data;
  entry->at = record->timestamp;
  if (lk_record_header (record, "traceparent", &parent, &len) && len < sizeof entry->traceparent)
    memcpy (entry->traceparent, parent, len);
  if (lk_command_parse (&entry->command, record->value, record->value_len, error))
    return entry;
  g_free (entry);
  return NULL;
}

static void
command_free (gpointer data)
{
  lk_command_clear (&((CommandEntry *) data)->command);
  g_free (data);
}

static int
command_compare (gconstpointer a, gconstpointer b)
{
  return lk_version_compare (((const CommandEntry *) a)->command.version,
                             ((const CommandEntry *) b)->command.version);
}

static void
command_changed (LkTable *table, gint32 partition, const char *key, gconstpointer old_entry,
                 gpointer new_entry, gpointer data)
{
  StateSpace *space = data;
  const CommandEntry *before = old_entry, *after = new_entry;
  gboolean told;

  (void) table;
  (void) partition;
  if (strchr (key, '/') == NULL)
    {
      if (before != NULL)
        state_note_address (space, &before->command, -1);
      if (after != NULL)
        state_note_address (space, &after->command, 1);
      state_address_changed (space, before == NULL ? NULL : &before->command);
      state_address_changed (space, after == NULL ? NULL : &after->command);
    }
  /* The same once more, a replay, is nothing new. */
  told = before == NULL || after == NULL
         || lk_command_digest (&before->command) != lk_command_digest (&after->command);
  space->state->changed (state_person (space, state_member_of_key (key)), told, space->state->data);
}

static void
rejected (LkTable *table, const LkRecord *record, const GError *error, gpointer data)
{
  StateSpace *space = data;

  lk_warning (LK_F (.space = space->config->code, .topic = record->topic,
                    .partition = record->partition, .offset = record->offset, .error = error,
                    .event = "record_ignored"),
              "can't understand this record; what stood before still stands");
  /* Set aside once, when it comes, by the account's owner; bad commands by the workers whose they
   * are. What is met while the table is read was met before. */
  if (table != space->commands && space->state->owned
      && lk_table_is_loaded (table, record->partition))
    lk_program_reject (space->state->program, record, space->config->code, 0, error, NULL, NULL);
}

/* --- ledger ---------------------------------------------------------------------------------- */

static gpointer
ledger_decode (const LkRecord *record, gpointer data, GError **error)
{
  StateSpace *space = data;
  LedgerEntry *entry = g_new0 (LedgerEntry, 1);
  g_autoptr (GError) local = NULL;

  entry->at = record->timestamp;
  entry->seen_at = lk_clock_steady (lk_program_clock (space->state->program));
  entry->is_right = memchr (record->key, '/', record->key_len) != NULL;
  if (entry->is_right
          ? lk_right_parse (&entry->right, record->value, record->value_len, &local)
          : lk_ledger_member_parse (&entry->member, record->value, record->value_len, &local))
    return entry;
  g_free (entry);
  /* A record of a newer format may say that a right is held: whoever can't read it must not decide
   * that there is none (design §3). */
  if (local->code == LK_ERROR_REFUSED && space->refusal == NULL)
    {
      space->refusal
          = g_strdup_printf ("space %s: ledger: %s", space->config->code, local->message);
      lk_metric_set (LK_M_SPACE_REFUSED, 1, space->config->code, NULL);
      lk_error (LK_F (.space = space->config->code, .event = "space_refused"),
                "the ledger was written by a newer release (%s): nothing is done for this space; "
                "rights that were written keep working",
                local->message);
    }
  g_propagate_error (error, g_steal_pointer (&local));
  return NULL;
}

static void
ledger_free (gpointer data)
{
  LedgerEntry *entry = data;

  if (entry->is_right)
    lk_right_clear (&entry->right);
  else
    lk_ledger_member_clear (&entry->member);
  g_free (entry);
}

static int
ledger_compare (gconstpointer a, gconstpointer b)
{
  const LedgerEntry *x = a, *y = b;

  return x->is_right && y->is_right ? merge_compare (&x->right, &y->right) : 0;
}

static gpointer
ledger_merge (gconstpointer a, gconstpointer b)
{
  const LedgerEntry *x = a, *y = b;
  LedgerEntry *merged;

  if (!x->is_right || !y->is_right)
    return NULL;
  merged = g_new0 (LedgerEntry, 1);
  merged->is_right = TRUE;
  merged->at = MAX (x->at, y->at);
  merged->seen_at = MIN (x->seen_at, y->seen_at);
  merge_rights (&x->right, &y->right, &merged->right);
  return merged;
}

static gboolean
ledger_write (gconstpointer data, GString *value, LkHeaders *headers)
{
  const LedgerEntry *entry = data;

  headers->type = entry->is_right ? "right.set" : "ledger.member.set";
  headers->source = "/latchkey/executor";
  headers->time = entry->at;
  if (entry->is_right)
    {
      g_snprintf (headers->subject, sizeof headers->subject, "%" G_GINT64_FORMAT "/%s",
                  entry->right.member, entry->right.right);
      lk_right_write (&entry->right, value);
    }
  else
    {
      g_snprintf (headers->subject, sizeof headers->subject, "%" G_GINT64_FORMAT,
                  entry->member.member);
      lk_ledger_member_write (&entry->member, value);
    }
  lk_headers_id (headers, headers->type, headers->subject, 0,
                 entry->is_right ? (gint64) entry->right.state : 0, g_str_hash (value->str));
  return TRUE;
}

/* Written again for another reason, an intent is no younger. */
static gboolean
is_same_intent (const LedgerEntry *a, const LedgerEntry *b)
{
  if (a->is_right != b->is_right)
    return FALSE;
  if (a->is_right)
    return a->right.state == LK_RIGHT_INTENDED && b->right.state == LK_RIGHT_INTENDED;
  return a->member.intended_at != LK_TIME_NONE && a->member.intended_at == b->member.intended_at;
}

static gboolean
is_ended (const LedgerEntry *entry)
{
  return entry != NULL && entry->is_right && entry->right.state == LK_RIGHT_ENDED
         && entry->right.right_id != 0;
}

static void
ledger_changed (LkTable *table, gint32 partition, const char *key, gconstpointer old_entry,
                gpointer new_entry, gpointer data)
{
  StateSpace *space = data;
  const LedgerEntry *before = old_entry;
  LedgerEntry *after = new_entry;
  gint64 member = state_member_of_key (key);

  (void) table;
  (void) partition;
  if (before != NULL && after != NULL && is_same_intent (before, after))
    after->seen_at = MIN (before->seen_at, after->seen_at);
  if (before != NULL)
    state_index_entry (space, member, before, FALSE);
  if (after != NULL)
    state_index_entry (space, member, after, TRUE);
  if (is_ended (after) && !is_ended (before))
    state_right_ended (space, member, &after->right);
  space->state->changed (state_person (space, member), FALSE, space->state->data);
}

/* --- rules ----------------------------------------------------------------------------------- */

static gpointer
rules_decode (const LkRecord *record, gpointer data, GError **error)
{
  (void) data;
  return lk_rules_parse (record->value, record->value_len, error);
}

static void
rules_free (gpointer data)
{
  lk_rules_free (data);
}

static int
rules_compare (gconstpointer a, gconstpointer b)
{
  gint64 x = ((const LkRules *) a)->rules_version, y = ((const LkRules *) b)->rules_version;

  return x < y ? -1 : x > y;
}

static void
rules_changed (LkTable *table, gint32 partition, const char *key, gconstpointer old_entry,
               gpointer new_entry, gpointer data)
{
  StateSpace *space = data;

  (void) table;
  (void) partition;
  (void) key;
  (void) old_entry;
  (void) new_entry;
  space->state->rules_changed (space, space->state->data);
}

const LkTableOps state_command_ops = { .decode = command_decode,
                                       .free_entry = command_free,
                                       .compare = command_compare,
                                       .changed = command_changed,
                                       .rejected = rejected };
const LkTableOps state_ledger_ops = { .decode = ledger_decode,
                                      .free_entry = ledger_free,
                                      .compare = ledger_compare,
                                      .merge = ledger_merge,
                                      .write = ledger_write,
                                      .changed = ledger_changed,
                                      .rejected = rejected };
const LkTableOps state_rules_ops = { .decode = rules_decode,
                                     .free_entry = rules_free,
                                     .compare = rules_compare,
                                     .changed = rules_changed,
                                     .rejected = rejected };
