/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Records of the executor.
 */
#include "record.h"

#include <string.h>

static LkTime
now (const Person *person)
{
  return lk_clock_wall (lk_program_clock (state_program (person->space->state)));
}

static void
fill_headers (const Person *person, const char *type, const char *key, LkHeaders *headers)
{
  headers->type = type;
  headers->source = person->space->ce_source;
  headers->time = now (person);
  g_strlcpy (headers->subject, key, sizeof headers->subject);
  if (!state_trace (person, headers->traceparent))
    lk_trace_start (headers->traceparent, key, headers->time);
}

static void
put (Person *person, const char *key, const char *type, const GString *text, gint64 state,
     LkAckFunc func, gpointer data)
{
  g_autoptr (GError) error = NULL;
  LkHeaders headers = { 0 };

  fill_headers (person, type, key, &headers);
  lk_headers_id (&headers, type, key, 0, state, g_str_hash (text->str));
  if (!lk_table_put (person->space->ledger, state_partition (person), key, text->str, text->len,
                     &headers, func, data, &error)
      && func != NULL)
    func (-1, error, data);
}

void
record_right (Person *person, const LkRight *right, LkAckFunc func, gpointer data)
{
  g_autoptr (GString) text = g_string_new (NULL);
  char key[LK_KEY_MAX];

  state_right_key (person, right, key);
  lk_right_write (right, text);
  put (person, key, "right.set", text, right->state, func, data);
}

void
record_member (Person *person, const LkLedgerMember *member, LkAckFunc func, gpointer data)
{
  g_autoptr (GString) text = g_string_new (NULL);
  char key[32];

  g_snprintf (key, sizeof key, "%" G_GINT64_FORMAT, person->member);
  lk_ledger_member_write (member, text);
  put (person, key, "ledger.member.set", text, 0, func, data);
}

char *
record_blocked_name (gint64 group, const char *reason, LkVersion version)
{
  return g_strdup_printf ("blocked/%" G_GINT64_FORMAT "/%s/%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT,
                          group, reason, version.revision, version.rules);
}

void
record_copy_member (const Person *person, LkLedgerMember *out)
{
  const LkLedgerMember *known = state_member_record (person);
  const CommandEntry *command = state_member_command (person);

  *out = (LkLedgerMember){ .format = LK_LEDGER_FORMAT,
                           .member = person->member,
                           .space = g_strdup (person->space->config->code),
                           .invited_at = LK_TIME_NONE,
                           .intended_at = LK_TIME_NONE,
                           .checked_at = now (person) };
  if (known == NULL)
    {
      out->email = command == NULL ? NULL : g_strdup (command->command.email);
      return;
    }
  out->kisi_user_id = known->kisi_user_id;
  out->email = g_strdup (known->email);
  out->invited_at = known->invited_at;
  out->intended_at = known->intended_at;
  out->checked_at = known->checked_at;
  out->n_blocked = known->n_blocked;
  out->blocked = g_new0 (LkBlocked, known->n_blocked + 1);
  for (guint i = 0; i < known->n_blocked; i++)
    {
      out->blocked[i] = known->blocked[i];
      out->blocked[i].reason = g_strdup (known->blocked[i].reason);
    }
}

void
record_change (Person *person, LkAccessChange *change, const char *name, LkAckFunc func,
               gpointer data)
{
  LkProducer *producer = lk_program_producer (state_program (person->space->state));
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *id = g_strdup_printf ("%s/%" G_GINT64_FORMAT "/%s", person->space->config->code,
                                         person->member, name);
  const gint32 partitions
      = lk_kind_partitions (LK_KIND_ACCESS_CHANGES, person->space->config->partitions);
  char key[32];
  LkHeaders headers = { 0 };

  g_snprintf (key, sizeof key, "%" G_GINT64_FORMAT, person->member);
  change->id = id;
  change->space = person->space->config->code;
  change->member_id = person->member;
  change->occurred_at = now (person);
  fill_headers (person, "access.change", key, &headers);
  lk_headers_id (&headers, headers.type, id, 0, 0, 0);
  lk_access_change_write (change, text);
  if (!lk_producer_send (producer, person->space->changes_topic,
                         lk_partition_of_member (person->member, partitions), key, strlen (key),
                         text->str, text->len, &headers, func, data, &error)
      && func != NULL)
    func (-1, error, data);
}
