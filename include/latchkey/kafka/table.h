/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * A table: the newest record per key of a compacted topic's partitions, loaded to the end and then
 * followed, with acknowledged writes that don't block and log-order repair (design §4, §12). One
 * LkTable is one topic; poller, workers, executor and CLI all use this one thing. Whether we own a
 * partition is told from outside (lk_table_own): only an owner repairs and rejects.
 *
 * Keys "first/rest" are kept together by their first part (the member), so that all of a person is
 * found at once. What an entry holds is the caller's business (decode): whole messages, or only a
 * digest. Memory: about 64 bytes a key besides the entry.
 *
 * Newest means highest: `compare` decides, and a record that loses against one read before it in
 * the same log does not replace it; where we own the partition, the winner is written again over
 * it (or, when `write` is NULL, `overruled` is called). Loop thread.
 */
#pragma once

#include <latchkey/kafka/producer.h>
#include <latchkey/kafka/reader.h>

G_BEGIN_DECLS

typedef struct _LkTable LkTable;

typedef struct
{
  /* The entry of a record that has a value; NULL with ERROR (REJECT) when it can't be understood:
   * the record is then handed to `rejected` and the partition goes on. NULL without ERROR: not of
   * interest to this table (another worker's source), as if it were not there. */
  gpointer (*decode) (const LkRecord *record, gpointer data, GError **error);
  void (*free_entry) (gpointer entry);
  /* > 0 when A is newer than B, 0 when they say the same. NULL: the later in the log is newer. */
  int (*compare) (gconstpointer a, gconstpointer b);
  /* May be NULL. Joins what both say into A's successor (ledger: records merge as facts); returns a
   * new entry, or NULL to let compare decide. */
  gpointer (*merge) (gconstpointer a, gconstpointer b);
  /* The record's value again, for the repair; may be NULL. FALSE: this one can't be. */
  gboolean (*write) (gconstpointer entry, GString *out_value, LkHeaders *out_headers);
  /* After each change that counts. OLD or NEW is NULL for an insertion or a removal; OLD is freed
   * afterwards. It may put, but not stop, drop or free the table. May be NULL. */
  void (*changed) (LkTable *table, gint32 partition, const char *key, gconstpointer old_entry,
                   gpointer new_entry, gpointer data);
  /* An owned partition has a loser after its winner and `write` is NULL. ENTRY is the winner. */
  void (*overruled) (LkTable *table, gint32 partition, const char *key, gpointer entry,
                     gpointer data);
  void (*rejected) (LkTable *table, const LkRecord *record, const GError *error, gpointer data);
  /* The partition was read to its end (also after lk_table_refresh). May be NULL. */
  void (*loaded) (LkTable *table, gint32 partition, gpointer data);
} LkTableOps;

/* OPS and DATA are borrowed. PARTITIONS is the topic's count. Nothing is read yet. */
LkTable *lk_table_new (LkReader *reader, LkProducer *producer, const char *topic,
                       gint32 partitions, const LkTableOps *ops, gpointer data);
void lk_table_free (LkTable *table); /* writes on their way call nobody back any more */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkTable, lk_table_free)

const char *lk_table_topic (const LkTable *table);
gint32 lk_table_partitions (const LkTable *table);

/* Starts following from the beginning, or where it was left less than a day ago. Stop keeps the
 * entries; read from the beginning, those that are not there any more leave when its end is reached
 * (`changed` is called). Drop forgets them, without a call. */
void lk_table_follow (LkTable *table, gint32 partition);
void lk_table_follow_all (LkTable *table);
void lk_table_stop (LkTable *table, gint32 partition);
void lk_table_drop (LkTable *table, gint32 partition);
void lk_table_refresh (LkTable *table, gint32 partition);

gboolean lk_table_is_loaded (const LkTable *table, gint32 partition);
gboolean lk_table_is_all_loaded (const LkTable *table);
/* Why a followed partition can't be read just now, or NULL; borrowed. */
const char *lk_table_trouble (const LkTable *table);

/* Told by whoever holds the ownership of the partition. */
void lk_table_own (LkTable *table, gint32 partition, gboolean own);
gboolean lk_table_owns (const LkTable *table, gint32 partition);

/* The standing entry, our own unacknowledged write included; NULL when there is none. */
gpointer lk_table_get (const LkTable *table, gint32 partition, const char *key);
guint lk_table_size (const LkTable *table);

/* FUNC must not change the table. FIRST: only keys "FIRST" and "FIRST/…", in key order. */
typedef void (*LkTableFunc) (LkTable *table, gint32 partition, const char *key, gpointer entry,
                             gpointer data);
void lk_table_foreach (LkTable *table, LkTableFunc func, gpointer data);
void lk_table_foreach_of (LkTable *table, gint32 partition, const char *first, LkTableFunc func,
                          gpointer data);

/* Writes KEY's value (NULL: tombstone). It stands at once for lk_table_get (decoded again through
 * `decode`), and is acknowledged through FUNC; when that fails the former entry stands again
 * (changed is called) and the caller decides. FUNC may be NULL. When it can't be queued: FALSE,
 * RETRY, nothing changed. */
gboolean lk_table_put (LkTable *table, gint32 partition, const char *key, const char *value,
                       gsize value_len, const LkHeaders *headers, LkAckFunc func, gpointer data,
                       GError **error);

/* The same with the entry that VALUE decodes to, which the table takes over (also on failure), so
 * that a hot path need not parse what it has just written; nor is it parsed again when it comes
 * back from the log after its acknowledgement. */
gboolean lk_table_put_entry (LkTable *table, gint32 partition, const char *key, const char *value,
                             gsize value_len, gpointer entry, const LkHeaders *headers,
                             LkAckFunc func, gpointer data, GError **error);

/* Unacknowledged writes of the partition (-1: of all), repairs included. */
guint lk_table_pending (const LkTable *table, gint32 partition);

/* Next offset of the partition; -1 unknown. For the group's committed offsets. */
gint64 lk_table_position (const LkTable *table, gint32 partition);

G_END_DECLS
