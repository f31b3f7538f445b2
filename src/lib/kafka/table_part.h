/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * One partition of a table: what its log says, record by record, and what of it has to be repaired.
 * Shared by table.c (life, looking, writing) and table_part.c (the log). Loop thread.
 */
#pragma once

#include "table_index.h"

G_BEGIN_DECLS

typedef struct
{
  LkTable *table;
  gint32 partition;
  LkIndex index;
  gboolean following, loaded, owned;
  guint size, pending;
  gint64 seen;           /* offset of the last record handled; -1 */
  gint64 kept_next;      /* where reading stopped; -1: from the beginning */
  gint64 kept_at;        /* steady */
  GHashTable *overruled; /* keys whose last record in the log lost; NULL: none */
  GHashTable *unseen;    /* while the log is read anew: slots (LkSlot*) not seen in it yet */
  char *trouble;
} LkPart;

/* A write on its way: ours (FUNC is the caller's), or a repair. */
typedef struct
{
  LkPart *part; /* NULL once the table is gone */
  guint64 number; /* 0: a repair */
  LkAckFunc func;
  gpointer data;
  char key[];
} LkWrite;

struct _LkTable
{
  LkReader *reader;
  LkProducer *producer;
  char *topic, *space; /* space: or account, of the topic's name */
  const char *kind;
  const LkTableOps *ops;
  gpointer data;
  gint32 n_parts;
  LkPart *parts;
  guint64 numbers;
  GHashTable *writes; /* set of LkWrite: those on their way when the table is freed */
};

extern const LkReaderHandler lk_part_handler; /* its data is the LkPart */

/* What stands for readers of the table: our own write when there is one, else the log's. */
gpointer lk_slot_standing (const LkSlot *slot);
void lk_part_changed (LkPart *part, const char *key, gconstpointer before, gpointer after);
void lk_part_free_entry (const LkPart *part, gpointer entry);
void lk_part_tidy (LkPart *part, const char *key);

/* The log will be read from its beginning, perhaps another log: what is not seen in it again leaves
 * when its end is reached, and nothing of before competes with it. */
void lk_part_read_anew (LkPart *part);
void lk_part_clear (LkPart *part); /* forgets everything, without telling */

/* Our own write is over; what the log says stands again. */
void lk_part_drop_own (LkPart *part, const char *key, LkSlot *slot);

void lk_part_repair_all (LkPart *part);

LkWrite *lk_write_new (LkPart *part, const char *key);
/* Queues it; acknowledged through FUNC with the LkWrite as its data. Frees it on failure. */
gboolean lk_write_send (LkWrite *write, const char *value, gsize len, const LkHeaders *headers,
                        LkAckFunc func, GError **error);
/* First in FUNC: FALSE (and WRITE is freed) when the table is gone. */
gboolean lk_write_arrived (LkWrite *write);

G_END_DECLS
