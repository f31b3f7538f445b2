/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What the files of the shared worker have in common: per space, what stands and what it is decided
 * from; per partition, how far it is. Loop thread.
 */
#pragma once

#include <latchkey/program/worker.h>

#include "progress.h"

G_BEGIN_DECLS

#define KEEP_MS LK_DAY         /* a table away longer is read anew (design §5) */
#define EMPTY_MS (30 * LK_DAY) /* what has given nothing for so long is tombstoned */
#define SWEEP_MS LK_HOUR

typedef struct _Worker Worker;
typedef struct _Space Space;

/* What stands for one source. */
typedef struct
{
  LkVersion version;
  guint64 digest;
  LkTime written_at;
  gboolean gives;
} Standing;

typedef struct
{
  Space *space;
  gint32 partition;
  gboolean owned, reading;
  gint64 committed; /* of the group; only moves on */
  LkProgress *progress;
  gint64 redo_from;         /* -1, or a write failed at this offset: read again from there */
  GHashTable *overruled;    /* keys whose winner must be published again */
  guint64 records, written; /* since the last turn, for the metrics */

  /* Where reading stopped when the partition went away, and under which rules. */
  gint64 kept_offset, kept_rules, kept_at;
} Partition;

struct _Space
{
  Worker *worker;
  const LkConfigSpace *config;
  char *input_topic;
  char *ce_source;
  LkTable *rules_table, *commands;
  const LkRules *rules; /* owned by rules_table */
  Partition *partitions;
};

struct _Worker
{
  const LkWorkerSpec *spec;
  LkProgram *program;
  LkProducer *producer;
  LkReader *reader;
  const LkClock *clock;
  GPtrArray *spaces; /* Space* */
  GString *text;     /* scratch of the value being written */
  LkTimer *sweep;
  gboolean stopping;
};

typedef struct
{
  Partition *part;
  guint64 ticket;
} Ack;

/* --- worker_publish.c: what stands in `commands`, and what is written there --- */

/* Entries are Standing; data is the Space. */
extern const LkTableOps worker_commands_ops;

/* What RECORD caused is durable, or has to be caused again: an LkAckFunc, whose data is an Ack. */
void worker_settled (gint64 offset, const GError *error, gpointer data);
Ack *worker_ack_new (Partition *part, gint64 offset);
void worker_publish_if_different (Partition *part, const LkRecord *record,
                                  const LkCommand *command);
/* The snapshot's tombstone is answered with the command's. */
void worker_publish_tombstone (Partition *part, const LkRecord *record, const char *key);
/* Tombstones what has given nothing for 30 days; its snapshot, if any is left, decides the same
 * nothing and so publishes nothing. */
void worker_sweep (Worker *worker);

/* --- worker_input.c: the snapshots, from the record to the decision --- */

/* Reads the input when all it is decided from is there. */
void worker_start_reading (Partition *part);
void worker_stop_reading (Partition *part);
void worker_restart_reading (Partition *part, const char *why);

/* --- worker.c --- */

/* A record of a table that can't be understood (LkTableOps.rejected). */
void worker_table_rejected (LkTable *table, const LkRecord *record, const GError *error,
                            gpointer data);

G_END_DECLS
