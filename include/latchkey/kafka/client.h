/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What all Kafka clients of a process share: brokers, properties, topic prefix, and one eventfd
 * that every librdkafka queue wakes (edge-triggered: a queue left non-empty must be served again
 * without waiting). All state is the loop thread's; librdkafka's threads only fill queues. The few
 * questions that librdkafka 2.0.2 answers only by blocking (metadata, watermarks) go to one helper
 * thread that owns no state and posts its answers back to lk_kafka_turn.
 */
#pragma once

#include <latchkey/base/clock.h>
#include <latchkey/config/config.h>
#include <librdkafka/rdkafka.h>

G_BEGIN_DECLS

typedef struct _LkKafka LkKafka;

/* PROGRAM names the client.id and the groups: "<prefix>.<program>". CONFIG is borrowed. */
LkKafka *lk_kafka_new (const LkConfigKafka *config, const char *program, const LkClock *clock,
                       GError **error);
void lk_kafka_free (LkKafka *kafka); /* after all its clients */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkKafka, lk_kafka_free)

int lk_kafka_fd (const LkKafka *kafka);        /* readable when a queue has something new */
void lk_kafka_drain_fd (const LkKafka *kafka); /* before serving the queues */
const char *lk_kafka_prefix (const LkKafka *kafka);
const char *lk_kafka_program (const LkKafka *kafka);

/* Calls back what the helper thread has answered. TRUE when there is more to do at once. */
gboolean lk_kafka_turn (LkKafka *kafka);

/* How many partitions TOPIC has on the cluster: > 0, 0 when it does not exist, -1 with ERROR when
 * the cluster did not answer. Called once, from lk_kafka_turn; cancelled by lk_kafka_free. */
typedef void (*LkKafkaPartitionsFunc) (const char *topic, int partitions, const GError *error,
                                       gpointer data);
void lk_kafka_ask_partitions (LkKafka *kafka, const char *topic, LkKafkaPartitionsFunc func,
                              gpointer data);

/* librdkafka's error as ours: RETRY for what passes, FATAL for what a new client must cure,
 * CONFIG for authentication, authorisation and unknown topics, REFUSED never. */
LkErrorCode lk_kafka_error_code (rd_kafka_resp_err_t err);

/* One broker connection check for `check`: blocking up to TIMEOUT_MS, so for the CLI only. */
gboolean lk_kafka_ping (LkKafka *kafka, int timeout_ms, GError **error);

/* A record as read; everything is borrowed until the handler returns. value NULL: tombstone. */
typedef struct
{
  const char *topic;
  gint32 partition;
  gint64 offset;
  LkTime timestamp;
  const char *key;
  gsize key_len;
  const char *value;
  gsize value_len;
  const rd_kafka_message_t *message; /* for lk_record_header; NULL in tests */
} LkRecord;

/* Last header NAME; FALSE when absent. Parsing headers costs, so ask only when needed. */
gboolean lk_record_header (const LkRecord *record, const char *name, const char **out_value,
                           gsize *out_len);

G_END_DECLS
