/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * A table's life, looking into it, and writing to it; what its log says is table_part.c's.
 */
#include <latchkey/kafka/table.h>

#include "internal.h"
#include "table_part.h"

#include <string.h>

#define KEEP_MS LK_DAY /* a partition stopped longer is read anew */

/* --- life ------------------------------------------------------------------------------------- */

LkTable *
lk_table_new (LkReader *reader, LkProducer *producer, const char *topic, gint32 partitions,
              const LkTableOps *ops, gpointer data)
{
  LkTable *table = g_new0 (LkTable, 1);
  LkKind kind = LK_KIND_COUNT_;
  const char *scope = topic;

  g_assert (partitions > 0 && ops->decode != NULL);
  (void) lk_topic_parse (topic, lk_kafka_prefix (lk_reader_kafka (reader)), &kind, &scope);
  table->reader = reader;
  table->producer = producer;
  table->topic = g_strdup (topic);
  table->space = g_strdup (scope);
  table->kind = kind == LK_KIND_COUNT_ ? "other" : lk_kind_name (kind);
  table->ops = ops;
  table->data = data;
  table->n_parts = partitions;
  table->parts = g_new0 (LkPart, (gsize) partitions);
  table->writes = g_hash_table_new (NULL, NULL);
  for (gint32 p = 0; p < partitions; p++)
    {
      table->parts[p]
          = (LkPart){ .table = table, .partition = p, .seen = -1, .kept_next = -1 };
      lk_index_init (&table->parts[p].index);
    }
  return table;
}

void
lk_table_free (LkTable *table)
{
  GHashTableIter iter;
  gpointer write;

  if (table == NULL)
    return;
  g_hash_table_iter_init (&iter, table->writes);
  while (g_hash_table_iter_next (&iter, &write, NULL))
    ((LkWrite *) write)->part = NULL;
  for (gint32 p = 0; p < table->n_parts; p++)
    {
      LkPart *part = &table->parts[p];
      if (part->following)
        lk_reader_unfollow (table->reader, table->topic, p);
      lk_part_clear (part);
      lk_index_clear (&part->index, NULL);
      g_free (part->trouble);
    }
  g_hash_table_unref (table->writes);
  g_free (table->parts);
  g_free (table->topic);
  g_free (table->space);
  g_free (table);
}

const char *
lk_table_topic (const LkTable *table)
{
  return table->topic;
}

gint32
lk_table_partitions (const LkTable *table)
{
  return table->n_parts;
}

static LkPart *
part_of (const LkTable *table, gint32 partition)
{
  g_assert (partition >= 0 && partition < table->n_parts);
  return &table->parts[partition];
}

static const LkClock *
clock_of (const LkTable *table)
{
  return lk_kafka_clock (lk_reader_kafka (table->reader));
}

void
lk_table_follow (LkTable *table, gint32 partition)
{
  LkPart *part = part_of (table, partition);
  gint64 next = part->kept_next;

  if (part->following)
    return;
  if (next < 0 || lk_clock_steady (clock_of (table)) - part->kept_at >= KEEP_MS)
    {
      next = LK_OFFSET_BEGINNING;
      lk_part_read_anew (part);
    }
  part->following = TRUE;
  part->loaded = FALSE;
  lk_reader_follow (table->reader, table->topic, partition, next, &lk_part_handler, part);
}

void
lk_table_follow_all (LkTable *table)
{
  for (gint32 p = 0; p < table->n_parts; p++)
    lk_table_follow (table, p);
}

void
lk_table_stop (LkTable *table, gint32 partition)
{
  LkPart *part = part_of (table, partition);

  if (!part->following)
    return;
  /* Half a new reading is no place to go on from: what is not seen yet would stay. */
  part->kept_next = part->unseen != NULL && g_hash_table_size (part->unseen) > 0
                        ? -1
                        : lk_reader_position (table->reader, table->topic, partition);
  part->kept_at = lk_clock_steady (clock_of (table));
  lk_reader_unfollow (table->reader, table->topic, partition);
  part->following = part->loaded = FALSE;
  g_clear_pointer (&part->trouble, g_free);
}

void
lk_table_drop (LkTable *table, gint32 partition)
{
  lk_table_stop (table, partition);
  lk_part_clear (part_of (table, partition));
}

void
lk_table_refresh (LkTable *table, gint32 partition)
{
  LkPart *part = part_of (table, partition);

  if (!part->following)
    return;
  part->loaded = FALSE;
  lk_reader_refresh (table->reader, table->topic, partition);
}

gboolean
lk_table_is_loaded (const LkTable *table, gint32 partition)
{
  return part_of (table, partition)->loaded;
}

gboolean
lk_table_is_all_loaded (const LkTable *table)
{
  for (gint32 p = 0; p < table->n_parts; p++)
    if (table->parts[p].following && !table->parts[p].loaded)
      return FALSE;
  return TRUE;
}

const char *
lk_table_trouble (const LkTable *table)
{
  for (gint32 p = 0; p < table->n_parts; p++)
    if (table->parts[p].trouble != NULL)
      return table->parts[p].trouble;
  return NULL;
}

void
lk_table_own (LkTable *table, gint32 partition, gboolean own)
{
  LkPart *part = part_of (table, partition);

  if (part->owned == own)
    return;
  part->owned = own;
  if (own && part->loaded)
    lk_part_repair_all (part);
}

gboolean
lk_table_owns (const LkTable *table, gint32 partition)
{
  return part_of (table, partition)->owned;
}

/* --- looking ---------------------------------------------------------------------------------- */

gpointer
lk_table_get (const LkTable *table, gint32 partition, const char *key)
{
  const LkSlot *slot = lk_index_find (&part_of (table, partition)->index, key);

  return slot == NULL ? NULL : lk_slot_standing (slot);
}

guint
lk_table_size (const LkTable *table)
{
  guint size = 0;

  for (gint32 p = 0; p < table->n_parts; p++)
    size += table->parts[p].size;
  return size;
}

typedef struct
{
  const LkPart *part;
  LkTableFunc func;
  gpointer data;
} Each;

static void
each_slot (const char *key, LkSlot *slot, gpointer data)
{
  const Each *each = data;
  gpointer entry = lk_slot_standing (slot);

  if (entry != NULL)
    each->func (each->part->table, each->part->partition, key, entry, each->data);
}

void
lk_table_foreach (LkTable *table, LkTableFunc func, gpointer data)
{
  for (gint32 p = 0; p < table->n_parts; p++)
    {
      Each each = { &table->parts[p], func, data };
      lk_index_foreach (&table->parts[p].index, NULL, each_slot, &each);
    }
}

void
lk_table_foreach_of (LkTable *table, gint32 partition, const char *first, LkTableFunc func,
                     gpointer data)
{
  Each each = { part_of (table, partition), func, data };

  lk_index_foreach (&each.part->index, first, each_slot, &each);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void
write_acknowledged (gint64 offset, const GError *error, gpointer data)
{
  LkWrite *write = data;
  LkPart *part = write->part;
  LkSlot *slot;

  if (!lk_write_arrived (write))
    return;
  slot = lk_index_find (&part->index, write->key);
  if (slot != NULL && slot->own != NULL && slot->own->number == write->number)
    {
      /* It failed: the log's stands again. Or it was read before its acknowledgement, and has
       * stood in the log since. */
      if (error != NULL || part->seen >= offset)
        {
          lk_part_drop_own (part, write->key, slot);
          lk_part_tidy (part, write->key);
        }
      else
        slot->own->offset = offset;
    }
  if (write->func != NULL)
    write->func (offset, error, write->data);
  g_free (write);
}

gboolean
lk_table_put_entry (LkTable *table, gint32 partition, const char *key, const char *value,
                    gsize value_len, gpointer entry, const LkHeaders *headers, LkAckFunc func,
                    gpointer data, GError **error)
{
  LkPart *part = part_of (table, partition);
  LkWrite *write;
  LkOwnWrite *former;
  gpointer before;
  guint64 number = ++table->numbers;
  LkSlot *slot;

  g_assert (*key != '\0' && strlen (key) < LK_KEY_MAX && (value == NULL) == (entry == NULL));
  write = lk_write_new (part, key);
  write->number = number;
  write->func = func;
  write->data = data;
  if (!lk_write_send (write, value, value_len, headers, write_acknowledged, error))
    {
      lk_part_free_entry (part, entry);
      return FALSE;
    }
  slot = lk_index_make (&part->index, key);
  before = lk_slot_standing (slot);
  former = slot->own;
  slot->own = g_new (LkOwnWrite, 1);
  *slot->own = (LkOwnWrite){ .number = number, .offset = -1, .entry = entry };
  lk_part_changed (part, key, before, entry);
  if (former != NULL)
    {
      lk_part_free_entry (part, former->entry);
      g_free (former);
    }
  return TRUE;
}

gboolean
lk_table_put (LkTable *table, gint32 partition, const char *key, const char *value,
              gsize value_len, const LkHeaders *headers, LkAckFunc func, gpointer data,
              GError **error)
{
  gpointer entry = NULL;

  if (value != NULL)
    {
      g_autoptr (GError) local = NULL;
      const LkRecord record = { .topic = table->topic,
                                .partition = partition,
                                .offset = -1,
                                .timestamp = lk_clock_wall (clock_of (table)),
                                .key = key,
                                .key_len = strlen (key),
                                .value = value,
                                .value_len = value_len };
      entry = table->ops->decode (&record, table->data, &local);
      if (entry == NULL && local == NULL)
        return lk_fail (error, LK_ERROR_REJECT, "%s: this table does not keep key '%s'",
                        table->topic, key);
      if (entry == NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
    }
  return lk_table_put_entry (table, partition, key, value, value_len, entry, headers, func, data,
                             error);
}

guint
lk_table_pending (const LkTable *table, gint32 partition)
{
  guint pending = 0;

  if (partition >= 0)
    return part_of (table, partition)->pending;
  for (gint32 p = 0; p < table->n_parts; p++)
    pending += table->parts[p].pending;
  return pending;
}

gint64
lk_table_position (const LkTable *table, gint32 partition)
{
  return lk_reader_position (table->reader, table->topic, partition);
}
