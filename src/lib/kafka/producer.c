/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The idempotent producer. Each message carries its acknowledgement's function as its opaque.
 */
#include <latchkey/kafka/producer.h>

#include "internal.h"

#include <latchkey/base/log.h>
#include <latchkey/model/report.h>
#include <string.h>

#define REPORTS_MAX 500
#define QUEUE_MAX 10000 /* messages: more only cost memory (tests/bench/bench_workers.py) */

typedef struct
{
  LkAckFunc func;
  gpointer data;
} Ack;

struct _LkProducer
{
  LkKafka *kafka;
  rd_kafka_t *client;
  rd_kafka_queue_t *queue;
  char linger[16];    /* ms */
  GHashTable *topics; /* name → rd_kafka_topic_t: known before the first record */
  guint pending;
  gboolean broken; /* fatal: to be rebuilt when all reports are in */
};

static gboolean
open_client (LkProducer *producer, GError **error)
{
  const LkKafkaSetting settings[] = {
    { "enable.idempotence", "true" },
    { "acks", "all" },
    { "linger.ms", producer->linger },
    { "compression.type", "lz4" },
    { "queue.buffering.max.messages", G_STRINGIFY (QUEUE_MAX) },
    { "queue.buffering.max.kbytes", "65536" },
    { "message.timeout.ms", "300000" },
    { NULL, NULL },
  };

  producer->client = lk_kafka_client_new (producer->kafka, RD_KAFKA_PRODUCER, settings,
                                          RD_KAFKA_EVENT_DR, &producer->queue, error);
  return producer->client != NULL;
}

static void
forget_topics (LkProducer *producer)
{
  GHashTableIter iter;
  gpointer topic;

  g_hash_table_iter_init (&iter, producer->topics);
  while (g_hash_table_iter_next (&iter, NULL, &topic))
    rd_kafka_topic_destroy (topic);
  g_hash_table_remove_all (producer->topics);
}

void
lk_producer_prepare (LkProducer *producer, const char *topic)
{
  if (g_hash_table_contains (producer->topics, topic))
    return;
  /* librdkafka asks for the leaders of a topic when it first hears of it, and a first record would
   * wait up to a second for the answer. */
  g_hash_table_insert (producer->topics, g_strdup (topic),
                       rd_kafka_topic_new (producer->client, topic, NULL));
}

LkProducer *
lk_producer_new (LkKafka *kafka, guint linger_ms, GError **error)
{
  g_autoptr (LkProducer) producer = g_new0 (LkProducer, 1);

  producer->kafka = kafka;
  g_snprintf (producer->linger, sizeof producer->linger, "%u", linger_ms);
  producer->topics = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (!open_client (producer, error))
    return NULL;
  return g_steal_pointer (&producer);
}

/* What the client still holds is reported, if only to free the acknowledgements. */
static void
drop_reports (LkProducer *producer)
{
  rd_kafka_event_t *event;

  (void) rd_kafka_purge (producer->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  while ((event = rd_kafka_queue_poll (producer->queue, 0)) != NULL)
    {
      const rd_kafka_message_t *message;
      while ((message = rd_kafka_event_message_next (event)) != NULL)
        g_free (message->_private);
      rd_kafka_event_destroy (event);
    }
}

void
lk_producer_free (LkProducer *producer)
{
  if (producer == NULL)
    return;
  if (producer->client != NULL)
    drop_reports (producer);
  forget_topics (producer);
  g_hash_table_unref (producer->topics);
  lk_kafka_client_free (producer->client, producer->queue);
  g_free (producer);
}

static void
add_header (rd_kafka_headers_t *headers, const char *name, const char *value)
{
  (void) rd_kafka_header_add (headers, name, -1, value, -1);
}

static rd_kafka_headers_t *
headers_new (const LkHeaders *from)
{
  rd_kafka_headers_t *headers = rd_kafka_headers_new (8);
  char time[LK_TIME_TEXT];

  add_header (headers, "ce_specversion", "1.0");
  add_header (headers, "ce_id", from->id);
  add_header (headers, "ce_type", from->type);
  add_header (headers, "ce_source", from->source);
  add_header (headers, "ce_time", lk_time_format (from->time, time));
  add_header (headers, "ce_subject", from->subject);
  add_header (headers, "content-type", "application/json");
  if (from->traceparent[0] != '\0')
    add_header (headers, "traceparent", from->traceparent);
  return headers;
}

gboolean
lk_producer_send (LkProducer *producer, const char *topic, gint32 partition, const char *key,
                  gsize key_len, const char *value, gsize value_len, const LkHeaders *headers,
                  LkAckFunc func, gpointer data, GError **error)
{
  rd_kafka_headers_t *own = NULL;
  rd_kafka_resp_err_t err;
  Ack *ack;

  if (value_len > LK_REJECT_MAX)
    return lk_fail (error, LK_ERROR_REJECT, "%s: a record of %zu bytes, at most %d are allowed",
                    topic, value_len, LK_REJECT_MAX);
  if (producer->broken)
    return lk_fail (error, LK_ERROR_RETRY, "%s: the producer is being made anew", topic);
  ack = g_new (Ack, 1);
  *ack = (Ack){ func, data };
  if (headers != NULL)
    own = headers_new (headers);
  err = rd_kafka_producev (
      producer->client, RD_KAFKA_V_TOPIC (topic), RD_KAFKA_V_PARTITION (partition),
      RD_KAFKA_V_MSGFLAGS (RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY (key, key_len),
      RD_KAFKA_V_VALUE ((void *) value, value_len), RD_KAFKA_V_OPAQUE (ack),
      RD_KAFKA_V_HEADERS (own), RD_KAFKA_V_END);
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
    {
      if (own != NULL)
        rd_kafka_headers_destroy (own); /* taken over only on success */
      g_free (ack);
      return lk_fail (error,
                      err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ? LK_ERROR_REJECT
                                                                  : LK_ERROR_RETRY,
                      "%s/%d: %s", topic, partition, rd_kafka_err2str (err));
    }
  producer->pending++;
  return TRUE;
}

static void
report (LkProducer *producer, const rd_kafka_message_t *message)
{
  Ack *ack = message->_private;
  g_autoptr (GError) error = NULL;

  producer->pending--;
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
    {
      LkErrorCode code = lk_kafka_error_code (message->err);
      (void) lk_fail (&error, code == LK_ERROR_REJECT ? code : LK_ERROR_UNKNOWN, "%s/%d: %s",
                      rd_kafka_topic_name (message->rkt), message->partition,
                      rd_kafka_err2str (message->err));
    }
  if (ack->func != NULL)
    ack->func (error == NULL ? message->offset : -1, error, ack->data);
  g_free (ack);
}

static void
rebuild (LkProducer *producer)
{
  g_autoptr (GError) error = NULL;

  forget_topics (producer);
  lk_kafka_client_free (producer->client, producer->queue);
  producer->client = NULL;
  producer->queue = NULL;
  /* The same settings made one before: a failure now is the machine's, not the user's. */
  if (!open_client (producer, &error))
    g_error ("can't make a producer again: %s", error->message);
  producer->broken = FALSE;
}

gboolean
lk_producer_turn (LkProducer *producer)
{
  guint done = 0;
  rd_kafka_event_t *event;

  while (done < REPORTS_MAX && (event = rd_kafka_queue_poll (producer->queue, 0)) != NULL)
    {
      if (rd_kafka_event_type (event) == RD_KAFKA_EVENT_DR)
        {
          const rd_kafka_message_t *message;
          while ((message = rd_kafka_event_message_next (event)) != NULL)
            {
              report (producer, message);
              done++;
            }
        }
      else if (rd_kafka_event_type (event) == RD_KAFKA_EVENT_ERROR
               && lk_kafka_log_error_event (producer->client, event, "producer")
               && !producer->broken)
        {
          producer->broken = TRUE;
          (void) rd_kafka_purge (producer->client,
                                 RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        }
      rd_kafka_event_destroy (event);
    }
  if (producer->broken && producer->pending == 0)
    rebuild (producer);
  return done >= REPORTS_MAX;
}

guint
lk_producer_pending (const LkProducer *producer)
{
  return producer->pending;
}

gboolean
lk_producer_is_full (const LkProducer *producer)
{
  return producer->pending > QUEUE_MAX / 5 * 4;
}

rd_kafka_t *
lk_producer_client (const LkProducer *producer)
{
  return producer->client;
}
