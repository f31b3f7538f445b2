/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The simulated Kafka cluster: partitions as logs. It loses nothing that it has; what is lost is
 * lost on the way (process.h). Topics come into being when they are first named. One thread.
 */
#pragma once

#include "world.h"

G_BEGIN_DECLS

typedef struct _SimBroker SimBroker;
typedef struct _SimLog SimLog; /* one partition */

typedef struct
{
  gint64 offset;
  LkTime timestamp;
  char *key, *value; /* value NULL: a tombstone */
  gsize key_len, value_len;
} SimRecord;

SimBroker *sim_broker_new (SimWorld *world);

SimLog *sim_broker_log (SimBroker *broker, const char *topic, gint32 partition);
const char *sim_log_topic (const SimLog *log);
gint32 sim_log_partition (const SimLog *log);

/* The offset after the last record. */
gint64 sim_log_end (const SimLog *log);
/* The first record at or behind OFFSET, or NULL. */
const SimRecord *sim_log_from (const SimLog *log, gint64 offset);

/* Appends; returns the offset. VALUE NULL: a tombstone. Watchers are called. */
gint64 sim_log_append (SimLog *log, const char *key, gsize key_len, const char *value,
                       gsize value_len);
/* Leaves only the newest record of each key, and no tombstone but of the last DELETE_RETENTION. */
void sim_log_compact (SimLog *log);

/* Called for each record after it was appended, in the order of watching. */
typedef void (*SimLogFunc) (SimLog *log, const SimRecord *record, gpointer data);
void sim_broker_watch (SimBroker *broker, SimLogFunc func, gpointer data);
void sim_broker_unwatch (SimBroker *broker, gpointer data);

/* Each partition there is, in the order in which they came into being. */
void sim_broker_foreach (SimBroker *broker, void (*func) (SimLog *log, gpointer data),
                         gpointer data);

G_END_DECLS
