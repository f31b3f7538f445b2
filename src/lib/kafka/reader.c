/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The table reader. What is followed is assigned as a whole, at most once a turn, each partition at
 * the offset that was handled last: librdkafka drops what it had fetched under an older assignment,
 * so a seek, a start and a stop are one and the same thing here. Where an offset is gone is told as
 * an error (auto.offset.reset) rather than mended silently, since whoever keeps a table of the log
 * must know that another one begins. Whether the end has been reached
 * is known from the high watermark, asked when following begins; end-of-partition events only move
 * the position over what compaction or markers left empty (librdkafka sends one an end offset).
 */
#include <latchkey/kafka/reader.h>

#include "internal.h"

#include <latchkey/base/log.h>
#include <string.h>

#define EVENTS_MAX 500
#define NUDGE_EVERY 20000  /* messages; see lk_kafka_ask_watermarks */
#define ASK_AGAIN_MS 1000
#define ASSIGN_AGAIN_MS 1000 /* after a look-up of the beginning was refused */

typedef struct
{
  char *topic;
  gint32 partition;
  const LkReaderHandler *handler;
  gpointer data;
  gint64 start;    /* where to begin when nothing was handled yet */
  gint64 next;     /* -1: not known */
  gint64 target;   /* at_end is due when next reaches it; -1: not known or not due */
  guint question;  /* number of the watermark question under way; 0: none */
  gboolean due;    /* at_end is owed */
  gint64 ask_at;   /* steady: not before; 0: at once */
  gboolean stale;  /* skip what comes until the next assignment: it is from before a seek */
  gboolean paused;
  gboolean troubled;
} Follow;

struct _LkReader
{
  LkKafka *kafka;
  rd_kafka_t *client;
  rd_kafka_queue_t *queue;
  GHashTable *follows; /* Follow* → itself, by topic and partition */
  gboolean dirty;      /* the assignment is to be made again */
  gint64 assign_at;    /* steady: it is, from then on; G_MAXINT64 */
  gint64 ask_at;       /* steady: the next question is due; G_MAXINT64 */
  guint since_nudge;
  GQueue asked;   /* numbers of the questions under way: answers come in their order */
  guint question; /* number of the last one */
  Follow *last; /* of the last message: most come in runs */
};

static guint
follow_hash (gconstpointer key)
{
  const Follow *follow = key;

  return g_str_hash (follow->topic) * 31 + (guint) follow->partition;
}

static gboolean
follow_equal (gconstpointer a, gconstpointer b)
{
  const Follow *x = a, *y = b;

  return x->partition == y->partition && g_str_equal (x->topic, y->topic);
}

static void
follow_free (gpointer data)
{
  Follow *follow = data;

  g_free (follow->topic);
  g_free (follow);
}

static Follow *
find (const LkReader *reader, const char *topic, gint32 partition)
{
  const Follow key = { .topic = (char *) topic, .partition = partition };

  return g_hash_table_lookup (reader->follows, &key);
}

LkReader *
lk_reader_new (LkKafka *kafka, GError **error)
{
  g_autoptr (LkReader) reader = g_new0 (LkReader, 1);
  g_autofree char *group
      = g_strdup_printf ("%s.%s.tables", lk_kafka_prefix (kafka), lk_kafka_program (kafka));
  const LkKafkaSetting settings[] = {
    { "group.id", group }, /* wanted by librdkafka to assign at all; never joined */
    { "enable.auto.commit", "false" },
    { "enable.auto.offset.store", "false" },
    { "auto.offset.reset", "error" },
    { "enable.partition.eof", "true" },
    { "queued.min.messages", "50000" },
    { "queued.max.messages.kbytes", "32768" },
    { "fetch.message.max.bytes", "4194304" },
    { "fetch.error.backoff.ms", "100" },
    /* A new assignment waits for the fetch under way; at rest this many wake-ups cost nothing. */
    { "fetch.wait.max.ms", "250" },
    { NULL, NULL },
  };

  reader->kafka = kafka;
  reader->assign_at = reader->ask_at = G_MAXINT64;
  g_queue_init (&reader->asked);
  reader->follows = g_hash_table_new_full (follow_hash, follow_equal, follow_free, NULL);
  reader->client = lk_kafka_client_new (kafka, RD_KAFKA_CONSUMER, settings, RD_KAFKA_EVENT_FETCH,
                                        &reader->queue, error);
  if (reader->client == NULL)
    return NULL;
  return g_steal_pointer (&reader);
}

void
lk_reader_free (LkReader *reader)
{
  if (reader == NULL)
    return;
  if (reader->client != NULL)
    lk_kafka_forget_client (reader->kafka, reader->client, reader);
  lk_kafka_client_free (reader->client, reader->queue);
  g_hash_table_unref (reader->follows);
  g_queue_clear (&reader->asked);
  g_free (reader);
}

LkKafka *
lk_reader_kafka (const LkReader *reader)
{
  return reader->kafka;
}

/* --- the end ---------------------------------------------------------------------------------- */

static void
reach (Follow *follow)
{
  if (!follow->due || follow->target < 0 || follow->next < follow->target)
    return;
  follow->due = FALSE;
  follow->target = -1;
  if (follow->handler->at_end != NULL)
    {
      const LkReaderHandler *handler = follow->handler;
      g_autofree char *topic = g_strdup (follow->topic);
      /* It may unfollow this very partition. */
      handler->at_end (topic, follow->partition, follow->data);
    }
}

static void
watermarks (const char *topic, gint32 partition, gint64 low, gint64 high, const GError *error,
            gpointer data)
{
  LkReader *reader = data;
  Follow *follow = find (reader, topic, partition);
  guint question = GPOINTER_TO_UINT (g_queue_pop_head (&reader->asked));

  /* An answer to a question from before a seek or refresh is of an earlier end. */
  if (follow == NULL || follow->question != question)
    return;
  follow->question = 0;
  if (error != NULL)
    {
      /* The fetch says what is wrong; here it is only asked again. */
      follow->ask_at = lk_clock_steady (lk_kafka_clock (reader->kafka)) + ASK_AGAIN_MS;
      return;
    }
  if (!follow->due)
    return;
  follow->target = high;
  /* Nothing there to come: no message will move the position. */
  if (follow->next < 0 && (high == low || follow->start >= high))
    follow->next = high;
  if (!follow->stale)
    reach (follow);
}

/* One whose end was known to be reached before its assignment was made, or NULL. */
static Follow *
find_reached (const LkReader *reader)
{
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, reader->follows);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      Follow *follow = key;
      if (follow->due && !follow->stale && follow->target >= 0 && follow->next >= follow->target)
        return follow;
    }
  return NULL;
}

static void
ask_for_ends (LkReader *reader)
{
  gint64 now = lk_clock_steady (lk_kafka_clock (reader->kafka));
  GHashTableIter iter;
  gpointer key;
  Follow *reached;

  while ((reached = find_reached (reader)) != NULL)
    reach (reached);
  reader->ask_at = G_MAXINT64;
  g_hash_table_iter_init (&iter, reader->follows);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      Follow *follow = key;
      if (!follow->due || follow->question != 0 || follow->target >= 0)
        continue;
      if (follow->ask_at > now)
        {
          reader->ask_at = MIN (reader->ask_at, follow->ask_at);
          continue;
        }
      follow->question = ++reader->question;
      g_queue_push_tail (&reader->asked, GUINT_TO_POINTER (follow->question));
      lk_kafka_ask_watermarks (reader->kafka, NULL, follow->topic, follow->partition, watermarks,
                               reader);
    }
}

/* --- following -------------------------------------------------------------------------------- */

void
lk_reader_follow (LkReader *reader, const char *topic, gint32 partition, gint64 offset,
                  const LkReaderHandler *handler, gpointer data)
{
  Follow *follow;

  g_assert (find (reader, topic, partition) == NULL);
  follow = g_new0 (Follow, 1);
  *follow = (Follow){ .topic = g_strdup (topic),
                      .partition = partition,
                      .handler = handler,
                      .data = data,
                      .start = offset,
                      .next = offset >= 0 ? offset : -1,
                      .target = -1,
                      .due = TRUE,
                      .stale = TRUE };
  g_hash_table_add (reader->follows, follow);
  reader->dirty = TRUE;
}

void
lk_reader_unfollow (LkReader *reader, const char *topic, gint32 partition)
{
  Follow *follow = find (reader, topic, partition);

  if (follow == NULL)
    return;
  if (reader->last == follow)
    reader->last = NULL;
  lk_reader_resume (reader, topic, partition); /* librdkafka remembers, even what is not assigned */
  g_hash_table_remove (reader->follows, follow);
  reader->dirty = TRUE;
}

gboolean
lk_reader_follows (const LkReader *reader, const char *topic, gint32 partition)
{
  return find (reader, topic, partition) != NULL;
}

void
lk_reader_seek (LkReader *reader, const char *topic, gint32 partition, gint64 offset)
{
  Follow *follow = find (reader, topic, partition);

  g_assert (follow != NULL);
  follow->start = offset;
  follow->next = offset >= 0 ? offset : -1;
  follow->target = -1;
  follow->question = 0;
  follow->due = TRUE;
  follow->stale = TRUE;
  reader->dirty = TRUE;
}

void
lk_reader_refresh (LkReader *reader, const char *topic, gint32 partition)
{
  Follow *follow = find (reader, topic, partition);

  g_assert (follow != NULL);
  follow->due = TRUE;
  follow->target = -1;
  follow->question = 0;
  follow->ask_at = 0;
}

void
lk_reader_check_later (LkReader *reader, const char *topic, gint32 partition)
{
  Follow *follow = find (reader, topic, partition);

  if (follow == NULL || follow->due)
    return; /* or its end is coming anyway */
  lk_reader_refresh (reader, topic, partition);
  follow->ask_at = lk_clock_steady (lk_kafka_clock (reader->kafka)) + ASK_AGAIN_MS;
}

gint64
lk_reader_position (const LkReader *reader, const char *topic, gint32 partition)
{
  const Follow *follow = find (reader, topic, partition);

  return follow == NULL ? -1 : follow->next;
}

static void
set_paused (LkReader *reader, const char *topic, gint32 partition, gboolean paused)
{
  Follow *follow = find (reader, topic, partition);
  rd_kafka_topic_partition_list_t *list;

  if (follow == NULL || follow->paused == paused)
    return;
  follow->paused = paused;
  list = rd_kafka_topic_partition_list_new (1);
  (void) rd_kafka_topic_partition_list_add (list, topic, partition);
  if (paused)
    {
      (void) rd_kafka_pause_partitions (reader->client, list);
      /* What is in the queue already is fetched again on resume. */
      follow->stale = TRUE;
    }
  else
    {
      (void) rd_kafka_resume_partitions (reader->client, list);
      reader->dirty = TRUE;
    }
  rd_kafka_topic_partition_list_destroy (list);
}

void
lk_reader_pause (LkReader *reader, const char *topic, gint32 partition)
{
  set_paused (reader, topic, partition, TRUE);
}

void
lk_reader_resume (LkReader *reader, const char *topic, gint32 partition)
{
  set_paused (reader, topic, partition, FALSE);
}

/* librdkafka 2.0.2 aborts (rd_kafka_assignment_partition_stopped: rktp_started) when a partition is
 * taken away a second time before its first stop is over. A stop is two steps in the queue of
 * librdkafka's main thread, the second queued by the first, and this question goes through the same
 * queue: asked twice, both are over. */
static void
await_stops (LkReader *reader)
{
  for (guint i = 0; i < 2; i++)
    {
      rd_kafka_topic_partition_list_t *list = NULL;
      if (rd_kafka_assignment (reader->client, &list) == RD_KAFKA_RESP_ERR_NO_ERROR
          && list != NULL)
        rd_kafka_topic_partition_list_destroy (list);
    }
}

/* Makes librdkafka's assignment what is followed. */
static void
assign (LkReader *reader)
{
  rd_kafka_topic_partition_list_t *list
      = rd_kafka_topic_partition_list_new ((int) g_hash_table_size (reader->follows));
  rd_kafka_topic_partition_list_t *paused = rd_kafka_topic_partition_list_new (0);
  rd_kafka_resp_err_t err;
  GHashTableIter iter;
  gpointer key;

  reader->dirty = FALSE;
  reader->assign_at = G_MAXINT64;
  await_stops (reader);
  g_hash_table_iter_init (&iter, reader->follows);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      Follow *follow = key;
      rd_kafka_topic_partition_list_add (list, follow->topic, follow->partition)->offset
          = follow->next >= 0 ? follow->next : follow->start;
      if (follow->paused)
        (void) rd_kafka_topic_partition_list_add (paused, follow->topic, follow->partition);
      else
        follow->stale = FALSE;
    }
  err = rd_kafka_assign (reader->client, list);
  if (err == RD_KAFKA_RESP_ERR_NO_ERROR && paused->cnt > 0)
    err = rd_kafka_pause_partitions (reader->client, paused);
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
    lk_error (LK_F (.event = "assign_failed"), "the table reader can't assign: %s",
              rd_kafka_err2str (err));
  rd_kafka_topic_partition_list_destroy (list);
  rd_kafka_topic_partition_list_destroy (paused);
}

/* --- events ----------------------------------------------------------------------------------- */

static void
trouble (Follow *follow, rd_kafka_resp_err_t err, const char *why)
{
  g_autoptr (GError) error = NULL;

  if (err == RD_KAFKA_RESP_ERR_NO_ERROR && !follow->troubled)
    return;
  follow->troubled = err != RD_KAFKA_RESP_ERR_NO_ERROR;
  if (follow->troubled)
    (void) lk_fail (&error, lk_kafka_error_code (err), "%s/%d: %s", follow->topic,
                    follow->partition, why != NULL ? why : rd_kafka_err2str (err));
  if (follow->handler->trouble != NULL)
    follow->handler->trouble (follow->topic, follow->partition, error, follow->data);
}

static Follow *
find_of (LkReader *reader, const char *topic, gint32 partition)
{
  if (reader->last == NULL || reader->last->partition != partition
      || !g_str_equal (reader->last->topic, topic))
    reader->last = find (reader, topic, partition);
  return reader->last;
}

static void
nudge (LkReader *reader, const Follow *follow)
{
  if (++reader->since_nudge < NUDGE_EVERY)
    return;
  reader->since_nudge = 0;
  lk_kafka_ask_watermarks (reader->kafka, reader->client, follow->topic, follow->partition, NULL,
                           NULL);
}

static void
reached_end (Follow *follow, gint64 offset)
{
  trouble (follow, RD_KAFKA_RESP_ERR_NO_ERROR, NULL);
  follow->next = MAX (follow->next, offset);
  reach (follow);
}

static void
serve_message (LkReader *reader, const rd_kafka_message_t *message)
{
  const char *topic = rd_kafka_topic_name (message->rkt);
  Follow *follow = find_of (reader, topic, message->partition);

  if (follow == NULL || follow->stale)
    return;
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
    {
      trouble (follow, message->err, rd_kafka_message_errstr (message));
      return;
    }
  if (follow->troubled)
    trouble (follow, RD_KAFKA_RESP_ERR_NO_ERROR, NULL);

  const LkRecord record = { .topic = follow->topic,
                            .partition = message->partition,
                            .offset = message->offset,
                            .timestamp = rd_kafka_message_timestamp (message, NULL),
                            .key = message->key == NULL ? "" : message->key,
                            .key_len = message->key_len,
                            .value = message->payload,
                            .value_len = message->len,
                            .message = message };

  follow->next = message->offset + 1;
  nudge (reader, follow);
  follow->handler->record (&record, follow->data);
  /* The handler may have unfollowed or sought. */
  follow = find_of (reader, topic, message->partition);
  if (follow != NULL && follow->due && !follow->stale)
    reach (follow);
}

static void
offset_is_gone (LkReader *reader, Follow *follow)
{
  const LkReaderHandler *handler = follow->handler;
  g_autofree char *topic = g_strdup (follow->topic);

  lk_reader_seek (reader, topic, follow->partition, LK_OFFSET_BEGINNING);
  if (handler->reset != NULL) /* it may unfollow this very partition */
    handler->reset (topic, follow->partition, follow->data);
}

/* End of partition, too, comes as an error event. */
static void
serve_error (LkReader *reader, rd_kafka_event_t *event)
{
  rd_kafka_resp_err_t err = rd_kafka_event_error (event);
  rd_kafka_topic_partition_t *where = rd_kafka_event_topic_partition (event);
  Follow *follow = where == NULL || where->topic == NULL
                       ? NULL
                       : find_of (reader, where->topic, where->partition);

  if (follow != NULL && follow->stale)
    ; /* of an older assignment */
  else if (err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
    {
      if (follow != NULL)
        reached_end (follow, where->offset);
    }
  else if (follow != NULL && err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET && follow->next >= 0)
    offset_is_gone (reader, follow);
  else if (follow != NULL)
    {
      /* The beginning could not be looked up, and librdkafka has given the partition up. */
      if (err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET)
        reader->assign_at
            = lk_clock_steady (lk_kafka_clock (reader->kafka)) + ASSIGN_AGAIN_MS;
      trouble (follow, err, rd_kafka_event_error_string (event));
    }
  else
    (void) lk_kafka_log_error_event (reader->client, event, "table reader");
  if (where != NULL)
    rd_kafka_topic_partition_destroy (where);
}

static void
serve (LkReader *reader, rd_kafka_event_t *event)
{
  const rd_kafka_message_t *message;

  switch (rd_kafka_event_type (event))
    {
    case RD_KAFKA_EVENT_FETCH:
      while ((message = rd_kafka_event_message_next (event)) != NULL)
        serve_message (reader, message);
      break;
    case RD_KAFKA_EVENT_ERROR:
      serve_error (reader, event);
      break;
    default:
      break;
    }
}

gboolean
lk_reader_turn (LkReader *reader)
{
  guint done = 0;
  rd_kafka_event_t *event;

  if (reader->dirty || lk_clock_steady (lk_kafka_clock (reader->kafka)) >= reader->assign_at)
    assign (reader);
  ask_for_ends (reader);
  while (done < EVENTS_MAX && !reader->dirty
         && (event = rd_kafka_queue_poll (reader->queue, 0)) != NULL)
    {
      serve (reader, event);
      rd_kafka_event_destroy (event);
      done++;
    }
  return done >= EVENTS_MAX || reader->dirty;
}

gint64
lk_reader_wait_ms (const LkReader *reader)
{
  gint64 at = MIN (reader->assign_at, reader->ask_at);

  if (reader->dirty)
    return 0;
  if (at == G_MAXINT64)
    return G_MAXINT64;
  return MAX (at - lk_clock_steady (lk_kafka_clock (reader->kafka)), 0);
}
