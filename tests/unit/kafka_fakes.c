/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The functions of client, reader and producer that a table calls, played by the test.
 */
#include "kafka_fakes.h"

#include "../../src/lib/kafka/internal.h"

#include <string.h>

Fake fake;

static void
write_free (gpointer data)
{
  FakeWrite *write = data;

  g_free (write->key);
  g_free (write->value);
  g_free (write);
}

void
fake_begin (void)
{
  memset (&fake, 0, sizeof fake);
  fake.writes = g_ptr_array_new_with_free_func (write_free);
  lk_fake_clock_init (&fake.clock, 1795490450972);
}

void
fake_end (void)
{
  for (guint p = 0; p < G_N_ELEMENTS (fake.handler); p++)
    g_assert_null (fake.handler[p]);
  g_ptr_array_unref (fake.writes);
}

/* --- what a table calls ----------------------------------------------------------------------- */

LkKafka *
lk_reader_kafka (const LkReader *reader)
{
  return (LkKafka *) &fake;
}

const LkClock *
lk_kafka_clock (const LkKafka *kafka)
{
  return &fake.clock.clock;
}

const char *
lk_kafka_prefix (const LkKafka *kafka)
{
  return "latchkey";
}

void
lk_reader_follow (LkReader *reader, const char *topic, gint32 partition, gint64 offset,
                  const LkReaderHandler *handler, gpointer data)
{
  g_assert_null (fake.handler[partition]);
  fake.handler[partition] = handler;
  fake.data[partition] = data;
  fake.start[partition] = offset;
  fake.next[partition] = offset >= 0 ? offset : -1;
}

void
lk_reader_unfollow (LkReader *reader, const char *topic, gint32 partition)
{
  fake.handler[partition] = NULL;
}

void
lk_reader_refresh (LkReader *reader, const char *topic, gint32 partition)
{
  fake.refreshes++;
}

void
lk_reader_check_later (LkReader *reader, const char *topic, gint32 partition)
{
  fake.checks++;
}

gint64
lk_reader_position (const LkReader *reader, const char *topic, gint32 partition)
{
  return fake.next[partition];
}

gboolean
lk_producer_send (LkProducer *producer, const char *topic, gint32 partition, const char *key,
                  gsize key_len, const char *value, gsize value_len, const LkHeaders *headers,
                  LkAckFunc func, gpointer data, GError **error)
{
  FakeWrite *write;

  if (fake.full)
    return lk_fail (error, LK_ERROR_RETRY, "the queue is full");
  write = g_new0 (FakeWrite, 1);
  write->key = g_strndup (key, key_len);
  write->value = value == NULL ? NULL : g_strndup (value, value_len);
  write->func = func;
  write->data = data;
  g_ptr_array_add (fake.writes, write);
  return TRUE;
}

/* --- what a test does ------------------------------------------------------------------------- */

void
fake_read_bytes (gint32 p, gint64 offset, const char *key, gsize key_len, const char *value)
{
  const LkRecord record = { .topic = "latchkey.ledger.moncloa",
                            .partition = p,
                            .offset = offset,
                            .key = key,
                            .key_len = key_len,
                            .value = value,
                            .value_len = value == NULL ? 0 : strlen (value) };

  g_assert_nonnull (fake.handler[p]);
  fake.next[p] = offset + 1;
  fake.handler[p]->record (&record, fake.data[p]);
}

void
fake_read (gint32 p, gint64 offset, const char *key, const char *value)
{
  fake_read_bytes (p, offset, key, strlen (key), value);
}

void
fake_at_end (gint32 p)
{
  fake.handler[p]->at_end ("latchkey.ledger.moncloa", p, fake.data[p]);
}

void
fake_ack (gint64 offset)
{
  g_autoptr (GError) error = NULL;
  FakeWrite *write;

  g_assert_cmpuint (fake.writes->len, >, 0);
  write = g_ptr_array_steal_index (fake.writes, 0);
  if (offset < 0)
    (void) lk_fail (&error, LK_ERROR_UNKNOWN, "timed out");
  if (write->func != NULL)
    write->func (offset < 0 ? -1 : offset, error, write->data);
  write_free (write);
}

const FakeWrite *
fake_write (guint n)
{
  g_assert_cmpuint (n, <, fake.writes->len);
  return fake.writes->pdata[n];
}
