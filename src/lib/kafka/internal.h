/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What the Kafka clients of a process share behind their headers. Loop thread, but where said.
 */
#pragma once

#include <latchkey/kafka/client.h>

G_BEGIN_DECLS

typedef struct
{
  const char *name, *value; /* NULL ends a list */
} LkKafkaSetting;

/* One place creates clients: the shared settings, SETTINGS of the kind, then the user's own
 * properties, which may be unknown (CONFIG). The configuration object is freed on failure too. The
 * main and, for a consumer, the consumer queue wake the shared eventfd. */
rd_kafka_t *lk_kafka_client_new (LkKafka *kafka, rd_kafka_type_t type,
                                 const LkKafkaSetting *settings, int events,
                                 rd_kafka_queue_t **out_queue, GError **error);

/* Destroys CLIENT and its QUEUE without leaving a group; either may be NULL. */
void lk_kafka_client_free (rd_kafka_t *client, rd_kafka_queue_t *queue);

const LkClock *lk_kafka_clock (const LkKafka *kafka);

/* The low and high watermark of a partition, asked in the helper thread; the answer comes in
 * lk_kafka_turn. Asked through a CLIENT that fetches (else NULL) it also wakes its fetch thread,
 * which librdkafka 2.0.2 may leave asleep for up to a second after a full prefetch queue was
 * drained. FUNC NULL: only that. */
typedef void (*LkKafkaWatermarksFunc) (const char *topic, gint32 partition, gint64 low,
                                       gint64 high, const GError *error, gpointer data);
void lk_kafka_ask_watermarks (LkKafka *kafka, rd_kafka_t *client, const char *topic,
                              gint32 partition, LkKafkaWatermarksFunc func, gpointer data);

/* CLIENT and DATA are about to go: waits until the helper thread asks nothing with them any more,
 * and drops their questions and answers. */
void lk_kafka_forget_client (LkKafka *kafka, rd_kafka_t *client, gconstpointer data);

struct _LkReader;
LkKafka *lk_reader_kafka (const struct _LkReader *reader);

/* at_end comes again, about a second from now: for what could not be done and is tried again. */
void lk_reader_check_later (struct _LkReader *reader, const char *topic, gint32 partition);

/* Their librdkafka clients as they are now, so that a test can make them fatal. */
struct _LkProducer;
struct _LkOwnership;
rd_kafka_t *lk_producer_client (const struct _LkProducer *producer);
rd_kafka_t *lk_ownership_client (const struct _LkOwnership *ownership);

/* Logs an error event of a client; TRUE when it is fatal for that client. */
gboolean lk_kafka_log_error_event (rd_kafka_t *client, rd_kafka_event_t *event, const char *what);

G_END_DECLS
