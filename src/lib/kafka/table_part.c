/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The log of one partition. Two things are kept for each key: what the log says (the winner among
 * the records read), and, while a write of ours is on its way, what that write says. The second
 * stands for readers of the table; when it comes back in the log, it takes its place there like any
 * other record.
 */
#include "table_part.h"

#include "internal.h"

#include <latchkey/base/log.h>
#include <latchkey/base/metrics.h>
#include <string.h>

static void repair (LkPart *part, const char *key, LkSlot *slot);

/* --- slots ------------------------------------------------------------------------------------ */

gpointer
lk_slot_standing (const LkSlot *slot)
{
  return slot->own != NULL ? slot->own->entry : slot->entry;
}

void
lk_part_free_entry (const LkPart *part, gpointer entry)
{
  if (entry != NULL && part->table->ops->free_entry != NULL)
    part->table->ops->free_entry (entry);
}

/* Takes a slot out that nothing stands in any more. Looked up again, since `changed` may have put
 * something there. */
void
lk_part_tidy (LkPart *part, const char *key)
{
  LkSlot *slot = lk_index_find (&part->index, key);

  if (slot == NULL || slot->entry != NULL || slot->own != NULL)
    return;
  if (part->unseen != NULL)
    (void) g_hash_table_remove (part->unseen, slot);
  if (part->overruled != NULL)
    (void) g_hash_table_remove (part->overruled, key);
  lk_index_remove (&part->index, key, slot);
}

void
lk_part_changed (LkPart *part, const char *key, gconstpointer before, gpointer after)
{
  LkTable *table = part->table;

  part->size += (after != NULL) - (before != NULL);
  if (table->ops->changed != NULL && (before != NULL || after != NULL))
    table->ops->changed (table, part->partition, key, before, after, table->data);
}

static void
set_overruled (LkPart *part, const char *key, gboolean overruled)
{
  if (overruled)
    {
      if (part->overruled == NULL)
        part->overruled = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      (void) g_hash_table_add (part->overruled, g_strdup (key));
    }
  else if (part->overruled != NULL)
    (void) g_hash_table_remove (part->overruled, key);
}

static gboolean
is_overruled (const LkPart *part, const char *key)
{
  return part->overruled != NULL && g_hash_table_contains (part->overruled, key);
}

/* --- the log ---------------------------------------------------------------------------------- */

/* What the log says of a key after BEFORE and then ENTRY, one of which may be NULL (no record; a
 * tombstone). Neither is freed: the answer is BEFORE, ENTRY or a new one. OVERRULED: the log's last
 * record says less than the answer. */
static gpointer
winner (LkPart *part, const LkSlot *slot, gpointer entry, gboolean *overruled)
{
  const LkTableOps *ops = part->table->ops;
  gpointer before = slot->entry, merged = NULL;

  *overruled = FALSE;
  if (part->unseen != NULL && g_hash_table_remove (part->unseen, slot))
    return entry; /* BEFORE is of an earlier reading, perhaps of another log */
  if (before == NULL || entry == NULL)
    return entry;
  if (ops->merge != NULL && (merged = ops->merge (before, entry)) != NULL)
    {
      int order = ops->compare == NULL ? 1 : ops->compare (merged, entry);
      *overruled = ops->compare != NULL && order > 0;
      if (order != 0)
        return merged;
      lk_part_free_entry (part, merged);
      return entry;
    }
  *overruled = ops->compare != NULL && ops->compare (entry, before) < 0;
  return *overruled ? before : entry;
}

/* ENTRY (taken over; NULL: a tombstone) was read. */
static void
log_record (LkPart *part, const char *key, LkSlot *slot, gpointer entry)
{
  gpointer before = slot->entry;
  gboolean overruled;
  gpointer after = winner (part, slot, entry, &overruled);

  slot->entry = after;
  set_overruled (part, key, overruled);
  if (after != before && slot->own == NULL)
    lk_part_changed (part, key, before, after);
  if (before != after)
    lk_part_free_entry (part, before);
  if (entry != after)
    lk_part_free_entry (part, entry);
  if (overruled)
    repair (part, key, slot);
}

/* Our own write is in the log: it takes its place there, without being parsed again. */
static void
own_record (LkPart *part, const char *key, LkSlot *slot)
{
  LkOwnWrite *own = g_steal_pointer (&slot->own);
  gpointer before = slot->entry, entry = own->entry;
  gboolean overruled;
  gpointer after = winner (part, slot, entry, &overruled);

  g_free (own);
  slot->entry = after;
  set_overruled (part, key, overruled);
  if (after != entry) /* what came between is newer, or adds something */
    lk_part_changed (part, key, entry, after);
  if (before != after)
    lk_part_free_entry (part, before);
  if (entry != after)
    lk_part_free_entry (part, entry);
  if (overruled)
    repair (part, key, slot);
}

void
lk_part_drop_own (LkPart *part, const char *key, LkSlot *slot)
{
  LkOwnWrite *own = g_steal_pointer (&slot->own);

  lk_part_changed (part, key, own->entry, slot->entry);
  lk_part_free_entry (part, own->entry);
  g_free (own);
  /* A loser was left to this write to settle. */
  if (is_overruled (part, key))
    repair (part, key, slot);
}

static gboolean
key_is_good (const LkRecord *record, char key[LK_KEY_MAX])
{
  if (record->key_len == 0 || record->key_len >= LK_KEY_MAX || record->key[0] == '/'
      || memchr (record->key, '\0', record->key_len) != NULL)
    return FALSE;
  memcpy (key, record->key, record->key_len);
  key[record->key_len] = '\0';
  return TRUE;
}

static void
reject (const LkTable *table, const LkRecord *record, const GError *error)
{
  if (table->ops->rejected != NULL)
    table->ops->rejected ((LkTable *) table, record, error, table->data);
}

/* TRUE when the record is our own write. */
static gboolean
settle_own (LkPart *part, const char *key, LkSlot *slot, gint64 offset)
{
  gboolean is_own;

  if (slot == NULL || slot->own == NULL || slot->own->offset < 0 || slot->own->offset > offset)
    return FALSE;
  /* Passed without having been seen: compaction took it out, for a later record like this one. */
  is_own = slot->own->offset == offset;
  own_record (part, key, slot);
  lk_part_tidy (part, key);
  return is_own;
}

static void
handle_record (const LkRecord *record, gpointer data)
{
  LkPart *part = data;
  LkTable *table = part->table;
  g_autoptr (GError) error = NULL;
  char key[LK_KEY_MAX];
  gpointer entry = NULL;
  LkSlot *slot;

  part->seen = record->offset;
  if (!key_is_good (record, key))
    {
      (void) lk_fail (&error, LK_ERROR_REJECT,
                      "record key: expected 1 to %d bytes without NUL, got %zu bytes",
                      LK_KEY_MAX - 1, record->key_len);
      reject (table, record, error);
      return;
    }
  if (settle_own (part, key, lk_index_find (&part->index, key), record->offset))
    return;
  if (record->value != NULL)
    {
      entry = table->ops->decode (record, table->data, &error);
      if (entry == NULL)
        {
          if (error != NULL)
            reject (table, record, error);
          return;
        }
    }
  slot = entry == NULL ? lk_index_find (&part->index, key) : lk_index_make (&part->index, key);
  if (slot == NULL)
    return;
  log_record (part, key, slot, entry);
  lk_part_tidy (part, key);
}

/* --- repair ----------------------------------------------------------------------------------- */

/* What could not be repaired just now is looked at again when at_end comes. */
static void
repair_later (LkPart *part, const char *key)
{
  set_overruled (part, key, TRUE);
  if (part->following)
    lk_reader_check_later (part->table->reader, part->table->topic, part->partition);
}

static void
repair_acknowledged (gint64 offset, const GError *error, gpointer data)
{
  LkWrite *write = data;
  const LkSlot *slot;

  if (!lk_write_arrived (write))
    return;
  slot = lk_index_find (&write->part->index, write->key);
  if (error != NULL && slot != NULL && slot->entry != NULL)
    {
      lk_warning (LK_F (.topic = write->part->table->topic, .partition = write->part->partition,
                        .error = error, .event = "overwriting_failed"),
                  "writing the newer record again was not acknowledged; trying again");
      repair_later (write->part, write->key);
    }
  g_free (write);
}

static void
repair (LkPart *part, const char *key, LkSlot *slot)
{
  LkTable *table = part->table;
  g_autoptr (GString) value = NULL;
  g_autoptr (GError) error = NULL;
  LkHeaders headers = { 0 };

  /* A write of ours is on its way and settles it, or loses, or fails, and comes here again. */
  if (!part->owned || !part->loaded || slot->own != NULL || slot->entry == NULL)
    return;
  set_overruled (part, key, FALSE);
  lk_metric_add (LK_M_OVERWRITTEN, 1, table->space, table->kind, NULL);
  if (table->ops->write == NULL)
    {
      if (table->ops->overruled != NULL)
        table->ops->overruled (table, part->partition, key, slot->entry, table->data);
      return;
    }
  value = g_string_new (NULL);
  if (!table->ops->write (slot->entry, value, &headers))
    return;
  lk_warning (LK_F (.topic = table->topic, .partition = part->partition, .offset = part->seen,
                    .event = "overwriting"),
              "a late record lost against a newer one; writing the newer one again");
  if (!lk_write_send (lk_write_new (part, key), value->str, value->len, &headers,
                      repair_acknowledged, &error))
    {
      lk_debug (LK_F (.topic = table->topic, .partition = part->partition, .error = error,
                      .event = "overwriting_failed"),
                "can't write the newer record just now; trying again");
      repair_later (part, key);
    }
}

/* `repair` changes the set, so it goes by a copy. */
void
lk_part_repair_all (LkPart *part)
{
  g_autoptr (GPtrArray) keys = NULL;
  GHashTableIter iter;
  gpointer key;

  if (part->overruled == NULL)
    return;
  keys = g_ptr_array_new_with_free_func (g_free);
  g_hash_table_iter_init (&iter, part->overruled);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    g_ptr_array_add (keys, g_strdup (key));
  for (guint i = 0; i < keys->len; i++)
    {
      LkSlot *slot = lk_index_find (&part->index, keys->pdata[i]);
      if (slot != NULL && is_overruled (part, keys->pdata[i]))
        repair (part, keys->pdata[i], slot);
    }
}

/* --- a new reading ---------------------------------------------------------------------------- */

static void
add_unseen (const char *key, LkSlot *slot, gpointer data)
{
  LkPart *part = data;

  /* An acknowledged write was in the former log: it is seen again in this one, or gone. One that is
   * not acknowledged yet may still come. */
  if (slot->own != NULL && slot->own->offset >= 0)
    {
      lk_part_free_entry (part, slot->entry);
      slot->entry = slot->own->entry;
      g_clear_pointer (&slot->own, g_free);
    }
  if (slot->entry != NULL)
    (void) g_hash_table_add (part->unseen, slot);
}

void
lk_part_read_anew (LkPart *part)
{
  part->loaded = FALSE;
  part->seen = -1;
  part->kept_next = -1;
  g_clear_pointer (&part->overruled, g_hash_table_unref);
  g_clear_pointer (&part->unseen, g_hash_table_unref);
  part->unseen = g_hash_table_new (NULL, NULL);
  lk_index_foreach (&part->index, NULL, add_unseen, part);
}

void
lk_part_clear (LkPart *part)
{
  lk_index_clear (&part->index, part->table->ops->free_entry);
  lk_index_init (&part->index);
  g_clear_pointer (&part->overruled, g_hash_table_unref);
  g_clear_pointer (&part->unseen, g_hash_table_unref);
  part->size = 0;
  part->loaded = FALSE;
  part->seen = part->kept_next = -1;
}

typedef struct
{
  const LkPart *part;
  GPtrArray *keys;
} Sweep;

static void
collect_unseen (const char *key, LkSlot *slot, gpointer data)
{
  Sweep *sweep = data;

  if (g_hash_table_contains (sweep->part->unseen, slot))
    g_ptr_array_add (sweep->keys, g_strdup (key));
}

/* What the new reading has not shown is gone. */
static void
sweep_unseen (LkPart *part)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (g_free);
  Sweep sweep = { part, keys };

  if (g_hash_table_size (part->unseen) > 0)
    lk_index_foreach (&part->index, NULL, collect_unseen, &sweep);
  g_clear_pointer (&part->unseen, g_hash_table_unref);
  for (guint i = 0; i < keys->len; i++)
    {
      LkSlot *slot = lk_index_find (&part->index, keys->pdata[i]);
      gpointer before = slot->entry;

      slot->entry = NULL;
      if (slot->own == NULL)
        lk_part_changed (part, keys->pdata[i], before, NULL);
      lk_part_free_entry (part, before);
      lk_part_tidy (part, keys->pdata[i]);
    }
}

/* --- the reader's handler --------------------------------------------------------------------- */

static void
handle_at_end (const char *topic, gint32 partition, gpointer data)
{
  LkPart *part = data;
  LkTable *table = part->table;
  gboolean was_loaded = part->loaded;

  if (part->unseen != NULL)
    sweep_unseen (part);
  part->loaded = TRUE;
  if (part->owned)
    lk_part_repair_all (part);
  if (!was_loaded && table->ops->loaded != NULL)
    table->ops->loaded (table, partition, table->data);
}

static void
handle_trouble (const char *topic, gint32 partition, const GError *error, gpointer data)
{
  LkPart *part = data;

  g_free (part->trouble);
  part->trouble = error == NULL ? NULL : g_strdup (error->message);
}

static void
handle_reset (const char *topic, gint32 partition, gpointer data)
{
  LkPart *part = data;

  lk_warning (LK_F (.topic = topic, .partition = partition, .event = "log_begins_again"),
              "the place where reading stood is gone; reading the topic from its beginning");
  lk_part_read_anew (part);
}

const LkReaderHandler lk_part_handler = { .record = handle_record,
                                          .at_end = handle_at_end,
                                          .trouble = handle_trouble,
                                          .reset = handle_reset };

/* --- writes on their way ---------------------------------------------------------------------- */

LkWrite *
lk_write_new (LkPart *part, const char *key)
{
  gsize len = strlen (key);
  LkWrite *write = g_malloc0 (sizeof (LkWrite) + len + 1);

  write->part = part;
  memcpy (write->key, key, len);
  return write;
}

gboolean
lk_write_send (LkWrite *write, const char *value, gsize len, const LkHeaders *headers,
               LkAckFunc func, GError **error)
{
  LkTable *table = write->part->table;

  if (!lk_producer_send (table->producer, table->topic, write->part->partition, write->key,
                         strlen (write->key), value, len, headers, func, write, error))
    {
      g_free (write);
      return FALSE;
    }
  (void) g_hash_table_add (table->writes, write);
  write->part->pending++;
  return TRUE;
}

gboolean
lk_write_arrived (LkWrite *write)
{
  if (write->part == NULL)
    {
      g_free (write);
      return FALSE;
    }
  (void) g_hash_table_remove (write->part->table->writes, write);
  write->part->pending--;
  return TRUE;
}
