/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Two things are kept for each key: what the log says (the winner among the records read), and,
 * while a write of ours is on its way, what that write says. The second stands for readers of the
 * table; when the write comes back in the log, it takes its place there like any other record.
 */
#include <latchkey/kafka/table.h>

#include "internal.h"

#include <latchkey/base/log.h>
#include <latchkey/base/metrics.h>
#include <stdlib.h>
#include <string.h>

#define KEEP_MS LK_DAY /* a partition stopped longer is read anew */

typedef struct
{
  gpointer entry; /* of the log's winner; NULL: none */
  gint64 offset;  /* of the newest record read of this key; -1 */
  gboolean overruled; /* that record lost against `entry` */

  /* Our newest write that has not come back. */
  guint64 write; /* its number; 0: none */
  gint64 write_offset; /* once acknowledged; -1 */
  gpointer write_entry; /* NULL: a tombstone */

  char rest[]; /* of the key, behind the first part and its slash; "" and HAS_REST for "9001/" */
} Slot;

/* The slots of one first part, sorted by rest. */
typedef struct
{
  Slot **slots;
  guint n, capacity;
  Slot *alone; /* the key without a rest */
  char first[];
} Group;

typedef struct
{
  LkTable *table;
  gint32 partition;
  GHashTable *groups; /* first (in Group) → Group */
  gboolean following, loaded, owned;
  guint size, pending, n_overruled;
  gint64 kept_next;   /* where reading stopped; -1: from the beginning */
  gint64 kept_at;     /* steady */
} Part;

typedef struct
{
  Part *part;
  guint64 number;
  LkAckFunc func;
  gpointer data;
  char key[];
} Write;

struct _LkTable
{
  LkReader *reader;
  LkProducer *producer;
  char *topic, *space; /* space: or account, of the topic's name */
  const char *kind;
  const LkTableOps *ops;
  gpointer data;
  gint32 n_parts;
  Part *parts;
  guint64 writes;
  char *trouble;
  GHashTable *orphans; /* Write* on their way when the table was freed must not call back */
};

static void repair (Part *part, const char *key, Slot *slot);

/* --- slots ------------------------------------------------------------------------------------ */

static void
entry_free (const LkTable *table, gpointer entry)
{
  if (entry != NULL && table->ops->free_entry != NULL)
    table->ops->free_entry (entry);
}

static void
slot_free (const LkTable *table, Slot *slot)
{
  entry_free (table, slot->entry);
  if (slot->write_entry != slot->entry)
    entry_free (table, slot->write_entry);
  g_free (slot);
}

/* What stands: our own write when there is one, else the log's. */
static gpointer
standing (const Slot *slot)
{
  return slot->write != 0 ? slot->write_entry : slot->entry;
}

/* The first part's length; *OUT_REST is NULL when there is no slash. */
static gsize
split (const char *key, const char **out_rest)
{
  const char *slash = strchr (key, '/');

  *out_rest = slash == NULL ? NULL : slash + 1;
  return slash == NULL ? strlen (key) : (gsize) (slash - key);
}

static Group *
find_group (const Part *part, const char *key, gsize len)
{
  char first[LK_KEY_MAX];

  g_assert (len < sizeof first);
  memcpy (first, key, len);
  first[len] = '\0';
  return g_hash_table_lookup (part->groups, first);
}

/* Index of the first slot whose rest is not before REST. */
static guint
lower_bound (const Group *group, const char *rest)
{
  guint low = 0, high = group->n;

  while (low < high)
    {
      guint middle = (low + high) / 2;
      if (strcmp (group->slots[middle]->rest, rest) < 0)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

static Slot *
find_slot (const Part *part, const char *key)
{
  const char *rest;
  gsize len = split (key, &rest);
  const Group *group = find_group (part, key, len);
  guint at;

  if (group == NULL)
    return NULL;
  if (rest == NULL)
    return group->alone;
  at = lower_bound (group, rest);
  return at < group->n && g_str_equal (group->slots[at]->rest, rest) ? group->slots[at] : NULL;
}

static Slot *
slot_new (const char *rest)
{
  gsize len = rest == NULL ? 0 : strlen (rest);
  Slot *slot = g_malloc0 (sizeof (Slot) + len + 1);

  slot->offset = slot->write_offset = -1;
  if (rest != NULL)
    memcpy (slot->rest, rest, len);
  return slot;
}

static Slot *
make_slot (Part *part, const char *key)
{
  const char *rest;
  gsize len = split (key, &rest);
  Group *group = find_group (part, key, len);
  Slot *slot;
  guint at;

  if (group == NULL)
    {
      group = g_malloc0 (sizeof (Group) + len + 1);
      memcpy (group->first, key, len);
      g_hash_table_insert (part->groups, group->first, group);
    }
  if (rest == NULL)
    {
      if (group->alone == NULL)
        group->alone = slot_new (NULL);
      return group->alone;
    }
  at = lower_bound (group, rest);
  if (at < group->n && g_str_equal (group->slots[at]->rest, rest))
    return group->slots[at];
  slot = slot_new (rest);
  if (group->n == group->capacity)
    {
      group->capacity = group->capacity == 0 ? 1 : group->capacity * 2;
      group->slots = g_renew (Slot *, group->slots, group->capacity);
    }
  memmove (&group->slots[at + 1], &group->slots[at], (group->n - at) * sizeof (Slot *));
  group->slots[at] = slot;
  group->n++;
  return slot;
}

/* Takes a slot out that nothing stands in any more. */
static void
tidy (Part *part, const char *key, Slot *slot)
{
  const char *rest;
  gsize len = split (key, &rest);
  Group *group;
  guint at;

  if (slot->entry != NULL || slot->write != 0)
    return;
  group = find_group (part, key, len);
  if (slot == group->alone)
    group->alone = NULL;
  else
    {
      at = lower_bound (group, rest);
      memmove (&group->slots[at], &group->slots[at + 1], (group->n - at - 1) * sizeof (Slot *));
      group->n--;
    }
  slot_free (part->table, slot);
  if (group->n == 0 && group->alone == NULL)
    g_hash_table_remove (part->groups, group->first);
}

static void
group_free (gpointer data)
{
  Group *group = data;

  /* Its slots are gone by now: tidy, or part_clear. */
  g_free (group->slots);
  g_free (group);
}

static void
part_clear (Part *part)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, part->groups);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Group *group = value;
      for (guint i = 0; i < group->n; i++)
        slot_free (part->table, group->slots[i]);
      if (group->alone != NULL)
        slot_free (part->table, group->alone);
      group->n = 0;
      group->alone = NULL;
    }
  g_hash_table_remove_all (part->groups);
  part->size = part->n_overruled = 0;
  part->loaded = FALSE;
  part->kept_next = -1;
}

static void
changed (Part *part, const char *key, gconstpointer before, gpointer after)
{
  LkTable *table = part->table;

  part->size += (after != NULL) - (before != NULL);
  if (table->ops->changed != NULL && (before != NULL || after != NULL))
    table->ops->changed (table, part->partition, key, before, after, table->data);
}

/* --- the log ---------------------------------------------------------------------------------- */

static void
set_overruled (Part *part, Slot *slot, gboolean overruled)
{
  part->n_overruled += (guint) overruled - (guint) slot->overruled;
  slot->overruled = overruled;
}

/* ENTRY (taken over; NULL: a tombstone) was read at OFFSET. */
static void
log_record (Part *part, const char *key, Slot *slot, gpointer entry, gint64 offset)
{
  const LkTableOps *ops = part->table->ops;
  gpointer before = slot->entry;
  gpointer merged = NULL;

  slot->offset = offset;
  if (before != NULL && entry != NULL && ops->merge != NULL)
    merged = ops->merge (before, entry);
  if (merged != NULL)
    {
      /* The log's last record says less than both together: that is the same as having lost. */
      set_overruled (part, slot, ops->compare != NULL && ops->compare (merged, entry) > 0);
      entry_free (part->table, entry);
      entry = merged;
    }
  else if (before != NULL && entry != NULL && ops->compare != NULL
           && ops->compare (entry, before) < 0)
    {
      entry_free (part->table, entry);
      set_overruled (part, slot, TRUE);
      if (part->owned && part->loaded)
        repair (part, key, slot);
      return;
    }
  else
    set_overruled (part, slot, FALSE);

  slot->entry = entry;
  if (slot->write == 0)
    changed (part, key, before, entry);
  entry_free (part->table, before);
  if (slot->overruled && part->owned && part->loaded)
    repair (part, key, slot);
}

/* Our own write has come back: it becomes the log's, without being parsed again. */
static void
own_record (Part *part, const char *key, Slot *slot, gint64 offset)
{
  gpointer entry = slot->write_entry;
  gpointer stood = entry;

  slot->write = 0;
  slot->write_entry = NULL;
  slot->write_offset = -1;
  slot->offset = offset;
  if (slot->entry != NULL && entry != NULL && part->table->ops->compare != NULL
      && part->table->ops->compare (entry, slot->entry) < 0)
    {
      /* A foreign record that came between is newer than what we wrote. */
      changed (part, key, stood, slot->entry);
      entry_free (part->table, entry);
      set_overruled (part, slot, TRUE);
      if (part->owned && part->loaded)
        repair (part, key, slot);
      return;
    }
  entry_free (part->table, slot->entry);
  slot->entry = entry;
  set_overruled (part, slot, FALSE);
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
reject (LkTable *table, const LkRecord *record, const GError *error)
{
  if (table->ops->rejected != NULL)
    table->ops->rejected (table, record, error, table->data);
}

static void
handle_record (const LkRecord *record, gpointer data)
{
  Part *part = data;
  LkTable *table = part->table;
  g_autoptr (GError) error = NULL;
  char key[LK_KEY_MAX];
  gpointer entry = NULL;
  Slot *slot;

  if (!key_is_good (record, key))
    {
      (void) lk_fail (&error, LK_ERROR_REJECT,
                      "record key: expected 1 to %d bytes without NUL, got %zu bytes",
                      LK_KEY_MAX - 1, record->key_len);
      reject (table, record, error);
      return;
    }
  slot = find_slot (part, key);
  if (slot != NULL && slot->write != 0 && slot->write_offset == record->offset)
    {
      own_record (part, key, slot, record->offset);
      tidy (part, key, slot);
      return;
    }
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
  else if (slot == NULL)
    return;
  if (slot == NULL)
    slot = make_slot (part, key);
  log_record (part, key, slot, entry, record->offset);
  /* `changed` may have put something: the slot is looked up again. */
  slot = find_slot (part, key);
  if (slot != NULL)
    tidy (part, key, slot);
}

/* --- repair ----------------------------------------------------------------------------------- */

static void
repair (Part *part, const char *key, Slot *slot)
{
  LkTable *table = part->table;
  g_autoptr (GString) value = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  LkHeaders headers = { 0 };

  /* A write of ours is on its way and settles it, or loses and comes here again. */
  if (slot->write != 0 || slot->entry == NULL)
    return;
  set_overruled (part, slot, FALSE);
  lk_metric_add (LK_M_OVERWRITTEN, 1, table->space, table->kind, NULL);
  if (table->ops->write == NULL)
    {
      if (table->ops->overruled != NULL)
        table->ops->overruled (table, part->partition, key, slot->entry, table->data);
      return;
    }
  if (!table->ops->write (slot->entry, value, &headers))
    return;
  lk_warning (LK_F (.topic = table->topic, .partition = part->partition, .offset = slot->offset,
                    .event = "overwriting"),
              "a late record lost against a newer one; writing the newer one again");
  if (!lk_producer_send (table->producer, table->topic, part->partition, key, strlen (key),
                         value->str, value->len, &headers, NULL, NULL, &error))
    /* The next loser, or the next owner's load, finds it again. */
    lk_warning (LK_F (.topic = table->topic, .partition = part->partition, .error = error,
                      .event = "overwriting_failed"),
                "could not write the newer record again");
}

static void
collect_overruled (LkTable *table, gint32 partition, const char *key, gpointer entry, gpointer data)
{
  const Slot *slot = find_slot (&table->parts[partition], key);

  if (slot->overruled)
    g_ptr_array_add (data, g_strdup (key));
}

static void foreach_part (Part *part, LkTableFunc func, gpointer data);

static void
repair_all (Part *part)
{
  g_autoptr (GPtrArray) keys = NULL;

  if (part->n_overruled == 0)
    return;
  keys = g_ptr_array_new_with_free_func (g_free);
  foreach_part (part, collect_overruled, keys);
  for (guint i = 0; i < keys->len; i++)
    {
      Slot *slot = find_slot (part, keys->pdata[i]);
      if (slot != NULL && slot->overruled)
        repair (part, keys->pdata[i], slot);
    }
}

static void
handle_at_end (const char *topic, gint32 partition, gpointer data)
{
  Part *part = data;
  LkTable *table = part->table;

  part->loaded = TRUE;
  if (part->owned)
    repair_all (part);
  if (table->ops->loaded != NULL)
    table->ops->loaded (table, partition, table->data);
}

static void
handle_trouble (const char *topic, gint32 partition, const GError *error, gpointer data)
{
  Part *part = data;

  g_free (part->table->trouble);
  part->table->trouble = error == NULL ? NULL : g_strdup (error->message);
}

static const LkReaderHandler handler
    = { .record = handle_record, .at_end = handle_at_end, .trouble = handle_trouble };

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
  table->parts = g_new0 (Part, (gsize) partitions);
  table->orphans = g_hash_table_new (NULL, NULL);
  for (gint32 p = 0; p < partitions; p++)
    {
      table->parts[p] = (Part){ .table = table, .partition = p, .kept_next = -1 };
      table->parts[p].groups = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, group_free);
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
  g_hash_table_iter_init (&iter, table->orphans);
  while (g_hash_table_iter_next (&iter, &write, NULL))
    ((Write *) write)->part = NULL;
  for (gint32 p = 0; p < table->n_parts; p++)
    {
      if (table->parts[p].following)
        lk_reader_unfollow (table->reader, table->topic, p);
      part_clear (&table->parts[p]);
      g_hash_table_unref (table->parts[p].groups);
    }
  g_hash_table_unref (table->orphans);
  g_free (table->parts);
  g_free (table->topic);
  g_free (table->space);
  g_free (table->trouble);
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

static Part *
part_of (const LkTable *table, gint32 partition)
{
  g_assert (partition >= 0 && partition < table->n_parts);
  return &table->parts[partition];
}

static gint64
steady (const LkTable *table)
{
  return lk_clock_steady (lk_kafka_clock (lk_reader_kafka (table->reader)));
}

void
lk_table_follow (LkTable *table, gint32 partition)
{
  Part *part = part_of (table, partition);

  if (part->following)
    return;
  if (part->kept_next < 0 || steady (table) - part->kept_at >= KEEP_MS)
    part_clear (part);
  part->following = TRUE;
  part->loaded = FALSE;
  lk_reader_follow (table->reader, table->topic, partition,
                    part->kept_next >= 0 ? part->kept_next : LK_OFFSET_BEGINNING, &handler, part);
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
  Part *part = part_of (table, partition);

  if (!part->following)
    return;
  part->kept_next = lk_reader_position (table->reader, table->topic, partition);
  part->kept_at = steady (table);
  lk_reader_unfollow (table->reader, table->topic, partition);
  part->following = part->loaded = FALSE;
}

void
lk_table_drop (LkTable *table, gint32 partition)
{
  lk_table_stop (table, partition);
  part_clear (part_of (table, partition));
}

void
lk_table_refresh (LkTable *table, gint32 partition)
{
  Part *part = part_of (table, partition);

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
  return table->trouble;
}

void
lk_table_own (LkTable *table, gint32 partition, gboolean own)
{
  Part *part = part_of (table, partition);

  if (part->owned == own)
    return;
  part->owned = own;
  if (own && part->loaded)
    repair_all (part);
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
  const Slot *slot = find_slot (part_of (table, partition), key);

  return slot == NULL ? NULL : standing (slot);
}

guint
lk_table_size (const LkTable *table)
{
  guint size = 0;

  for (gint32 p = 0; p < table->n_parts; p++)
    size += table->parts[p].size;
  return size;
}

static void
foreach_group (Part *part, const Group *group, LkTableFunc func, gpointer data)
{
  char key[LK_KEY_MAX];
  gsize len = strlen (group->first);

  memcpy (key, group->first, len + 1);
  if (group->alone != NULL && standing (group->alone) != NULL)
    func (part->table, part->partition, key, standing (group->alone), data);
  for (guint i = 0; i < group->n; i++)
    {
      const Slot *slot = group->slots[i];
      if (standing (slot) == NULL)
        continue;
      key[len] = '/';
      g_strlcpy (key + len + 1, slot->rest, sizeof key - len - 1);
      func (part->table, part->partition, key, standing (slot), data);
    }
}

static void
foreach_part (Part *part, LkTableFunc func, gpointer data)
{
  GHashTableIter iter;
  gpointer group;

  g_hash_table_iter_init (&iter, part->groups);
  while (g_hash_table_iter_next (&iter, NULL, &group))
    foreach_group (part, group, func, data);
}

void
lk_table_foreach (LkTable *table, LkTableFunc func, gpointer data)
{
  for (gint32 p = 0; p < table->n_parts; p++)
    foreach_part (&table->parts[p], func, data);
}

void
lk_table_foreach_of (LkTable *table, gint32 partition, const char *first, LkTableFunc func,
                     gpointer data)
{
  Part *part = part_of (table, partition);
  const Group *group = g_hash_table_lookup (part->groups, first);

  if (group != NULL)
    foreach_group (part, group, func, data);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void
write_acknowledged (gint64 offset, const GError *error, gpointer data)
{
  Write *write = data;
  Part *part = write->part;
  Slot *slot;

  if (part == NULL) /* the table is gone */
    {
      g_free (write);
      return;
    }
  g_hash_table_remove (part->table->orphans, write);
  part->pending--;
  slot = find_slot (part, write->key);
  if (slot != NULL && slot->write == write->number)
    {
      /* It failed: the log's stands again. Or it was read before its acknowledgement, and has
       * stood in the log since. */
      if (error != NULL || slot->offset >= offset)
        {
          gpointer stood = slot->write_entry;
          slot->write = 0;
          slot->write_entry = NULL;
          changed (part, write->key, stood, slot->entry);
          entry_free (part->table, stood);
          slot = find_slot (part, write->key);
          if (slot != NULL)
            tidy (part, write->key, slot);
        }
      else
        slot->write_offset = offset;
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
  Part *part = part_of (table, partition);
  gsize len = strlen (key);
  Write *write;
  gpointer before;
  gboolean was_pending;
  Slot *slot;

  g_assert (len > 0 && len < LK_KEY_MAX && (value == NULL) == (entry == NULL));
  write = g_malloc0 (sizeof (Write) + len + 1);
  write->part = part;
  write->number = ++table->writes;
  write->func = func;
  write->data = data;
  memcpy (write->key, key, len);
  if (!lk_producer_send (table->producer, table->topic, partition, key, len, value, value_len,
                         headers, write_acknowledged, write, error))
    {
      entry_free (table, entry);
      g_free (write);
      return FALSE;
    }
  g_hash_table_add (table->orphans, write);
  part->pending++;
  slot = make_slot (part, key);
  before = standing (slot);
  was_pending = slot->write != 0;
  slot->write = write->number;
  slot->write_entry = entry;
  slot->write_offset = -1;
  changed (part, key, before, entry);
  if (was_pending)
    entry_free (table, before);
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
      const LkRecord record = { .topic = table->topic,
                                .partition = partition,
                                .offset = -1,
                                .timestamp
                                = lk_clock_wall (lk_kafka_clock (lk_reader_kafka (table->reader))),
                                .key = key,
                                .key_len = strlen (key),
                                .value = value,
                                .value_len = value_len };
      entry = table->ops->decode (&record, table->data, error);
      if (entry == NULL)
        return error == NULL || *error != NULL
                   ? FALSE
                   : lk_fail (error, LK_ERROR_REJECT, "%s: this table does not keep key '%s'",
                              table->topic, key);
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
