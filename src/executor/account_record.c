/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The account's own record, in kisi-account.<account>: how far door events are read, and what was
 * found out about KISI.
 */
#include "account_internal.h"

#include "crash.h"

#include <latchkey/base/log.h>

static gpointer
record_decode (const LkRecord *record, gpointer data, GError **error)
{
  LkKisiAccount *entry = g_new0 (LkKisiAccount, 1);

  (void) data;
  if (lk_kisi_account_parse (entry, record->value, record->value_len, error))
    return entry;
  g_free (entry);
  return NULL;
}

static void
record_free (gpointer entry)
{
  lk_kisi_account_clear (entry);
  g_free (entry);
}

static void
record_rejected (LkTable *table, const LkRecord *record, const GError *error, gpointer data)
{
  (void) table;
  lk_warning (LK_F (.account = ((Account *) data)->config->account, .topic = record->topic,
                    .offset = record->offset, .error = error, .event = "record_ignored"),
              "can't understand the account's record; door events are read anew");
}

const LkTableOps account_record_ops
    = { .decode = record_decode, .free_entry = record_free, .rejected = record_rejected };

void
account_write_record (Account *account)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  lk_kisi_account_write (&account->record, text);
  if (!lk_table_put (account->record_table, 0, account->config->account, text->str, text->len, NULL,
                     NULL, NULL, &error))
    lk_warning (LK_F (.account = account->config->account, .error = error, .event = "write_failed"),
                "can't write the account's record; the next change writes it");
  CRASH_POINT (ACCOUNT_WRITTEN);
}

void
account_read_record (Account *account)
{
  const LkKisiAccount *stands = lk_table_get (account->record_table, 0, account->config->account);

  lk_kisi_account_clear (&account->record);
  account->record = (LkKisiAccount){ .account = g_strdup (account->config->account),
                                     .events_until = LK_TIME_NONE,
                                     .audited_at = LK_TIME_NONE };
  if (stands == NULL)
    return;
  account->record.events_until = stands->events_until;
  account->record.audited_at = stands->audited_at;
  account->record.one_right = stands->one_right;
}
