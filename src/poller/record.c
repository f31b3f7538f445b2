/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The account's record, read and written.
 */
#include "record.h"

#include "spent.h"

#include <latchkey/base/metrics.h>

#define WRITE_MS (30 * LK_SECOND) /* the marks are written at most that often */

struct _Record
{
  const LkConfigNexudus *config;
  const LkClock *clock;
  LkBudget *budget;
  LkTable *table;
  char *topic;
  LkNexudusAccount data;
  gint64 written_at; /* steady */
};

static gpointer
decode (const LkRecord *record, gpointer data, GError **error)
{
  LkNexudusAccount *entry = g_new0 (LkNexudusAccount, 1);

  (void) data;
  if (lk_nexudus_account_parse (entry, record->value, record->value_len, error))
    return entry;
  g_free (entry);
  return NULL;
}

static void
free_entry (gpointer entry)
{
  lk_nexudus_account_clear (entry);
  g_free (entry);
}

static void
rejected (LkTable *table, const LkRecord *record, const GError *error, gpointer data)
{
  (void) table;
  lk_warning (LK_F (.account = ((Record *) data)->config->account, .topic = record->topic,
                    .offset = record->offset, .error = error, .event = "record_ignored"),
              "can't understand the account's record; reading Nexudus from a full listing");
}

Record *
record_new (LkProgram *program, const LkConfigNexudus *config, LkBudget *budget)
{
  static const LkTableOps ops
      = { .decode = decode, .free_entry = free_entry, .rejected = rejected };
  Record *record = g_new0 (Record, 1);

  record->config = config;
  record->clock = lk_program_clock (program);
  record->budget = budget;
  record->topic = lk_topic_name (lk_kafka_prefix (lk_program_kafka (program)),
                                 LK_KIND_NEXUDUS_ACCOUNT, config->account);
  record->table = lk_table_new (lk_program_reader (program), lk_program_producer (program),
                                record->topic, 1, &ops, record);
  lk_table_follow_all (record->table);
  return record;
}

void
record_free (Record *record)
{
  if (record == NULL)
    return;
  lk_table_free (record->table);
  lk_nexudus_account_clear (&record->data);
  g_free (record->topic);
  g_free (record);
}

const char *
record_topic (const Record *record)
{
  return record->topic;
}

void
record_own (Record *record, gboolean own)
{
  lk_table_own (record->table, 0, own);
  if (own)
    lk_table_refresh (record->table, 0);
}

gboolean
record_is_loaded (const Record *record)
{
  return lk_table_is_all_loaded (record->table);
}

gboolean
record_is_idle (const Record *record)
{
  return lk_table_pending (record->table, -1) == 0;
}

const char *
record_trouble (const Record *record)
{
  return lk_table_trouble (record->table);
}

static void
copy_trips (const LkNexudusAccount *from, LkNexudusAccount *to)
{
  to->trips = g_new0 (LkTrip, from->n_trips + 1);
  to->n_trips = from->n_trips;
  for (guint i = 0; i < from->n_trips; i++)
    lk_trip_copy (&from->trips[i], &to->trips[i]);
}

static void
show (const Record *record)
{
  const char *account = record->config->account;

  lk_metric_set (LK_M_POLLER_SPENT,
                 lk_nexudus_account_spent (&record->data, lk_clock_wall (record->clock)), account,
                 NULL);
  if (record->data.read_until != LK_TIME_NONE)
    lk_metric_set (LK_M_POLLER_READ_UNTIL, (double) record->data.read_until / LK_SECOND, account,
                   NULL);
  if (record->data.listed_at != LK_TIME_NONE)
    lk_metric_set (LK_M_POLLER_LISTED_AT, (double) record->data.listed_at / LK_SECOND, account,
                   NULL);
}

void
record_begin (Record *record)
{
  const LkNexudusAccount *stands = lk_table_get (record->table, 0, record->config->account);

  lk_nexudus_account_clear (&record->data);
  record->data = (LkNexudusAccount){ .account = g_strdup (record->config->account),
                                     .read_until = LK_TIME_NONE,
                                     .listed_at = LK_TIME_NONE,
                                     .totals = { -1, -1, -1, -1 } };
  if (stands != NULL)
    {
      record->data.read_until = stands->read_until;
      record->data.listed_at = stands->listed_at;
      copy_trips (stands, &record->data);
      spent_carry (record->budget, record->clock, stands);
    }
  spent_note (record->budget, record->clock, &record->data);
  show (record);
}

LkNexudusAccount *
record_data (Record *record)
{
  return &record->data;
}

void
record_write (Record *record, gboolean at_once)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  gint64 now = lk_clock_steady (record->clock);

  show (record);
  if (!at_once && now - record->written_at < WRITE_MS)
    return;
  record->written_at = now;
  spent_note (record->budget, record->clock, &record->data);
  lk_nexudus_account_write (&record->data, text);
  if (!lk_table_put (record->table, 0, record->config->account, text->str, text->len, NULL, NULL,
                     NULL, &error))
    /* The next cycle writes it. */
    lk_warning (LK_F (.account = record->config->account, .error = error, .event = "write_failed"),
                "can't write the account's record");
}

void
record_turn (Record *record)
{
  gint64 ago = lk_clock_steady (record->clock) - record->written_at;

  if (ago >= WRITE_MS && lk_budget_count (record->budget, ago, 0) > 0)
    record_write (record, TRUE);
}

void
record_set_fault (Record *record, const GError *error)
{
  const char *fault = error != NULL && error->code == LK_ERROR_REFUSED ? error->message : NULL;

  if (g_strcmp0 (record->data.fault, fault) == 0)
    return;
  g_free (record->data.fault);
  record->data.fault = g_strdup (fault);
  lk_metric_set (LK_M_ACCOUNT_REFUSED, fault != NULL, "nexudus", record->config->account, NULL);
  record_write (record, TRUE);
}
