/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The one idempotent producer of a process (acks=all): writes are queued, acknowledgements come
 * back through lk_producer_turn. It never blocks. A fatal producer is rebuilt: what was not
 * acknowledged is reported as failed with LK_ERROR_UNKNOWN. Loop thread.
 */
#pragma once

#include <latchkey/kafka/client.h>
#include <latchkey/model/headers.h>

G_BEGIN_DECLS

typedef struct _LkProducer LkProducer;

/* Has the leaders of TOPIC looked up, so that its first record need not wait for that. */
void lk_producer_prepare (LkProducer *producer, const char *topic);

/* OFFSET ≥ 0 when acknowledged (ERROR NULL), else -1. */
typedef void (*LkAckFunc) (gint64 offset, const GError *error, gpointer data);

/* A record waits LINGER_MS for others to go with: 0 for whom each record's way counts; where many
 * are written at once a few ms halve what librdkafka costs, since each batch is a request, its
 * answer, and two wake-ups. */
LkProducer *lk_producer_new (LkKafka *kafka, guint linger_ms, GError **error);
void lk_producer_free (LkProducer *producer); /* purges; nothing is called back any more */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkProducer, lk_producer_free)

/* Queues one record; key, value (NULL: tombstone) and headers (may be NULL) are copied. FUNC (may
 * be NULL) is called exactly once from lk_producer_turn. A full queue, a value over LK_REJECT_MAX
 * or an unknown partition is an error at once, RETRY or REJECT, and FUNC is not called. */
gboolean lk_producer_send (LkProducer *producer, const char *topic, gint32 partition,
                           const char *key, gsize key_len, const char *value, gsize value_len,
                           const LkHeaders *headers, LkAckFunc func, gpointer data,
                           GError **error);

/* At most 500 reports a call (design §11). TRUE when there is more to do at once. */
gboolean lk_producer_turn (LkProducer *producer);

guint lk_producer_pending (const LkProducer *producer);  /* not yet acknowledged */
gboolean lk_producer_is_full (const LkProducer *producer); /* over 80 %: stop reading */

G_END_DECLS
