/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Creation of clients, the shared eventfd, and the helper thread for what only blocks.
 */
#include "internal.h"

#include <errno.h>
#include <latchkey/base/log.h>
#include <string.h>
#include <sys/eventfd.h>
#include <syslog.h>
#include <unistd.h>

#define ASK_TIMEOUT_MS 4000

typedef struct
{
  enum
  {
    ASK_PARTITIONS,
    ASK_WATERMARKS
  } what;
  rd_kafka_t *client; /* NULL: the asker */
  char *topic;
  gint32 partition;
  LkKafkaPartitionsFunc partitions_func;
  LkKafkaWatermarksFunc watermarks_func;
  gpointer data;
  /* the answer */
  int partitions;
  gint64 low, high;
  GError *error;
} Question;

struct _LkKafka
{
  const LkConfigKafka *config;
  const LkClock *clock;
  char *program;
  int fd;
  rd_kafka_t *asker; /* for metadata; never produces */
  GThread *thread;
  GMutex mutex; /* guards what follows */
  GCond work;   /* a question, or the end */
  GCond idle;   /* a question is answered */
  GQueue questions, answers;
  Question *asking; /* by the thread, just now */
  gboolean forgotten; /* nobody wants the answer to that any more */
  gboolean stopping;
};

/* --- the helper thread ------------------------------------------------------------------------ */

static void
question_free (gpointer data)
{
  Question *question = data;

  g_free (question->topic);
  g_clear_error (&question->error);
  g_free (question);
}

static void
answer_partitions (LkKafka *kafka, Question *question)
{
  const struct rd_kafka_metadata *metadata = NULL;
  rd_kafka_topic_t *topic = rd_kafka_topic_new (kafka->asker, question->topic, NULL);
  rd_kafka_resp_err_t err = rd_kafka_metadata (kafka->asker, 0, topic, &metadata, ASK_TIMEOUT_MS);

  rd_kafka_topic_destroy (topic);
  question->partitions = -1;
  if (err == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topic_cnt == 1)
    {
      const struct rd_kafka_metadata_topic *found = &metadata->topics[0];
      if (found->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        question->partitions = 0;
      else if (found->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        question->partitions = found->partition_cnt;
      else
        err = found->err;
    }
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
    (void) lk_fail (&question->error, lk_kafka_error_code (err), "topic %s: the cluster at %s: %s",
                    question->topic, kafka->config->brokers, rd_kafka_err2str (err));
  if (metadata != NULL)
    rd_kafka_metadata_destroy (metadata);
}

/* Asks the broker anew, whatever is known of TOPIC. */
static void
refresh_topic (rd_kafka_t *client, const char *name)
{
  const struct rd_kafka_metadata *metadata = NULL;
  rd_kafka_topic_t *topic = rd_kafka_topic_new (client, name, NULL);

  if (rd_kafka_metadata (client, 0, topic, &metadata, ASK_TIMEOUT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR)
    rd_kafka_metadata_destroy (metadata);
  rd_kafka_topic_destroy (topic);
}

static void
answer_watermarks (LkKafka *kafka, Question *question)
{
  /* Through a reader's own connection the question waits behind its fetch. */
  rd_kafka_t *client = question->client != NULL ? question->client : kafka->asker;
  rd_kafka_resp_err_t err
      = rd_kafka_query_watermark_offsets (client, question->topic, question->partition,
                                          &question->low, &question->high, ASK_TIMEOUT_MS);

  /* A broker may answer for a topic just made before it knows its partitions; librdkafka 2.0.2
   * keeps that answer and gives it for as long as it keeps any (seen over a minute). */
  if (err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC)
    {
      refresh_topic (client, question->topic);
      err = rd_kafka_query_watermark_offsets (client, question->topic, question->partition,
                                              &question->low, &question->high, ASK_TIMEOUT_MS);
    }
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
    (void) lk_fail (&question->error, lk_kafka_error_code (err), "%s/%d: %s", question->topic,
                    question->partition, rd_kafka_err2str (err));
}

static void
wake (const LkKafka *kafka)
{
  const guint64 one = 1;

  /* Full is as good as written: the reader wakes either way. */
  while (write (kafka->fd, &one, sizeof one) < 0 && errno == EINTR)
    continue;
}

/* The next question, or NULL at the end. */
static Question *
take_question (LkKafka *kafka)
{
  Question *question;

  g_mutex_lock (&kafka->mutex);
  while (!kafka->stopping && g_queue_is_empty (&kafka->questions))
    g_cond_wait (&kafka->work, &kafka->mutex);
  question = kafka->stopping ? NULL : g_queue_pop_head (&kafka->questions);
  kafka->asking = question;
  kafka->forgotten = FALSE;
  g_mutex_unlock (&kafka->mutex);
  return question;
}

static void
give_answer (LkKafka *kafka, Question *question)
{
  g_mutex_lock (&kafka->mutex);
  kafka->asking = NULL;
  if (kafka->forgotten)
    question_free (question);
  else
    g_queue_push_tail (&kafka->answers, question);
  g_cond_broadcast (&kafka->idle);
  g_mutex_unlock (&kafka->mutex);
  wake (kafka);
}

static gpointer
help (gpointer data)
{
  LkKafka *kafka = data;
  Question *question;

  while ((question = take_question (kafka)) != NULL)
    {
      if (question->what == ASK_PARTITIONS)
        answer_partitions (kafka, question);
      else
        answer_watermarks (kafka, question);
      give_answer (kafka, question);
    }
  return NULL;
}

static void
ask (LkKafka *kafka, Question *question)
{
  g_mutex_lock (&kafka->mutex);
  g_queue_push_tail (&kafka->questions, question);
  g_cond_signal (&kafka->work);
  g_mutex_unlock (&kafka->mutex);
}

void
lk_kafka_ask_partitions (LkKafka *kafka, const char *topic, LkKafkaPartitionsFunc func,
                         gpointer data)
{
  Question *question = g_new0 (Question, 1);

  question->what = ASK_PARTITIONS;
  question->topic = g_strdup (topic);
  question->partitions_func = func;
  question->data = data;
  ask (kafka, question);
}

void
lk_kafka_ask_watermarks (LkKafka *kafka, rd_kafka_t *client, const char *topic, gint32 partition,
                         LkKafkaWatermarksFunc func, gpointer data)
{
  Question *question = g_new0 (Question, 1);

  question->what = ASK_WATERMARKS;
  question->client = client;
  question->topic = g_strdup (topic);
  question->partition = partition;
  question->watermarks_func = func;
  question->data = data;
  ask (kafka, question);
}

static gboolean
is_of (const Question *question, const rd_kafka_t *client, gconstpointer data)
{
  return question->what == ASK_WATERMARKS
         && (question->client == client || question->data == data);
}

/* Questions and answers of CLIENT, or for DATA, out of QUEUE; the others keep their order. */
static void
purge (GQueue *queue, const rd_kafka_t *client, gconstpointer data)
{
  for (GList *link = queue->head, *next; link != NULL; link = next)
    {
      next = link->next;
      if (is_of (link->data, client, data))
        {
          question_free (link->data);
          g_queue_delete_link (queue, link);
        }
    }
}

void
lk_kafka_forget_client (LkKafka *kafka, rd_kafka_t *client, gconstpointer data)
{
  g_mutex_lock (&kafka->mutex);
  purge (&kafka->questions, client, data);
  if (kafka->asking != NULL && is_of (kafka->asking, client, data))
    {
      kafka->forgotten = TRUE;
      /* Only what uses the client itself has to be waited for. */
      while (kafka->asking != NULL && kafka->forgotten && kafka->asking->client == client)
        g_cond_wait (&kafka->idle, &kafka->mutex);
    }
  purge (&kafka->answers, client, data);
  g_mutex_unlock (&kafka->mutex);
}

static Question *
take_answer (LkKafka *kafka)
{
  Question *question;

  g_mutex_lock (&kafka->mutex);
  question = g_queue_pop_head (&kafka->answers);
  g_mutex_unlock (&kafka->mutex);
  return question;
}

gboolean
lk_kafka_turn (LkKafka *kafka)
{
  Question *question;

  while ((question = take_answer (kafka)) != NULL)
    {
      if (question->what == ASK_PARTITIONS)
        question->partitions_func (question->topic, question->partitions, question->error,
                                   question->data);
      else if (question->watermarks_func != NULL)
        question->watermarks_func (question->topic, question->partition, question->low,
                                   question->high, question->error, question->data);
      question_free (question);
    }
  return FALSE;
}

/* --- clients ---------------------------------------------------------------------------------- */

static void
log_line (const rd_kafka_t *client, int severity, const char *facility, const char *message)
{
  lk_log (severity <= LOG_WARNING ? LK_LOG_WARNING : LK_LOG_DEBUG, LK_F (.event = "librdkafka"),
          "%s: %s: %s", client == NULL ? "" : rd_kafka_name (client), facility, message);
}

static gboolean
set (rd_kafka_conf_t *conf, const char *name, const char *value, GError **error)
{
  char why[256];

  if (rd_kafka_conf_set (conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK)
    return TRUE;
  return lk_fail (error, LK_ERROR_CONFIG, "kafka.properties: %s: %s", name, why);
}

rd_kafka_t *
lk_kafka_client_new (LkKafka *kafka, rd_kafka_type_t type, const LkKafkaSetting *settings,
                     int events, rd_kafka_queue_t **out_queue, GError **error)
{
  static const LkKafkaSetting shared[] = {
    { "socket.nagle.disable", "true" }, /* 40 ms a request otherwise */
    { "socket.keepalive.enable", "true" },
    { "allow.auto.create.topics", "false" },
    { "topic.metadata.refresh.interval.ms", "60000" },
    { "reconnect.backoff.max.ms", "2000" },
    { "log.connection.close", "false" }, /* brokers close idle connections */
    { NULL, NULL },
  };
  rd_kafka_conf_t *conf = rd_kafka_conf_new ();
  g_autofree char *client_id = g_strdup_printf ("latchkey-%s", kafka->program);
  char why[512];
  rd_kafka_t *client;
  gboolean ok = set (conf, "bootstrap.servers", kafka->config->brokers, error)
                && set (conf, "client.id", client_id, error);

  for (const LkKafkaSetting *s = shared; ok && s->name != NULL; s++)
    ok = set (conf, s->name, s->value, error);
  for (const LkKafkaSetting *s = settings; ok && s->name != NULL; s++)
    ok = set (conf, s->name, s->value, error);
  for (guint i = 0; ok && i < kafka->config->n_properties; i++)
    ok = set (conf, kafka->config->properties[i].key, kafka->config->properties[i].value, error);
  if (!ok)
    {
      rd_kafka_conf_destroy (conf);
      return NULL;
    }
  rd_kafka_conf_set_log_cb (conf, log_line);
  rd_kafka_conf_set_events (conf, events | RD_KAFKA_EVENT_ERROR);
  client = rd_kafka_new (type, conf, why, sizeof why);
  if (client == NULL)
    {
      /* It takes the configuration over only when it succeeds. */
      rd_kafka_conf_destroy (conf);
      (void) lk_fail (error, LK_ERROR_CONFIG, "kafka.properties: %s", why);
      return NULL;
    }
  if (type == RD_KAFKA_CONSUMER)
    (void) rd_kafka_poll_set_consumer (client); /* fails only for a producer */
  if (out_queue != NULL)
    {
      static const guint64 one = 1;
      *out_queue = type == RD_KAFKA_CONSUMER ? rd_kafka_queue_get_consumer (client)
                                             : rd_kafka_queue_get_main (client);
      rd_kafka_queue_io_event_enable (*out_queue, kafka->fd, &one, sizeof one);
    }
  return client;
}

void
lk_kafka_client_free (rd_kafka_t *client, rd_kafka_queue_t *queue)
{
  if (queue != NULL)
    {
      rd_kafka_queue_io_event_enable (queue, -1, NULL, 0);
      rd_kafka_queue_destroy (queue);
    }
  if (client != NULL)
    rd_kafka_destroy_flags (client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

LkKafka *
lk_kafka_new (const LkConfigKafka *config, const char *program, const LkClock *clock,
              GError **error)
{
  static const LkKafkaSetting none[] = { { NULL, NULL } };
  g_autoptr (LkKafka) kafka = g_new0 (LkKafka, 1);

  kafka->config = config;
  kafka->clock = clock;
  kafka->program = g_strdup (program);
  g_mutex_init (&kafka->mutex);
  g_cond_init (&kafka->work);
  g_cond_init (&kafka->idle);
  g_queue_init (&kafka->questions);
  g_queue_init (&kafka->answers);
  kafka->fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (kafka->fd < 0)
    {
      (void) lk_fail (error, LK_ERROR_FATAL, "eventfd: %s", g_strerror (errno));
      return NULL;
    }
  kafka->asker = lk_kafka_client_new (kafka, RD_KAFKA_PRODUCER, none, 0, NULL, error);
  if (kafka->asker == NULL)
    return NULL;
  kafka->thread = g_thread_new ("kafka-ask", help, kafka);
  return g_steal_pointer (&kafka);
}

void
lk_kafka_free (LkKafka *kafka)
{
  if (kafka == NULL)
    return;
  if (kafka->thread != NULL)
    {
      g_mutex_lock (&kafka->mutex);
      kafka->stopping = TRUE;
      g_cond_signal (&kafka->work);
      g_mutex_unlock (&kafka->mutex);
      (void) g_thread_join (kafka->thread);
    }
  g_queue_clear_full (&kafka->questions, question_free);
  g_queue_clear_full (&kafka->answers, question_free);
  lk_kafka_client_free (kafka->asker, NULL);
  if (kafka->fd >= 0)
    (void) close (kafka->fd);
  g_mutex_clear (&kafka->mutex);
  g_cond_clear (&kafka->work);
  g_cond_clear (&kafka->idle);
  g_free (kafka->program);
  g_free (kafka);
}

int
lk_kafka_fd (const LkKafka *kafka)
{
  return kafka->fd;
}

void
lk_kafka_drain_fd (const LkKafka *kafka)
{
  guint64 count;

  while (read (kafka->fd, &count, sizeof count) < 0 && errno == EINTR)
    continue;
}

const char *
lk_kafka_prefix (const LkKafka *kafka)
{
  return kafka->config->topic_prefix;
}

const char *
lk_kafka_program (const LkKafka *kafka)
{
  return kafka->program;
}

const LkClock *
lk_kafka_clock (const LkKafka *kafka)
{
  return kafka->clock;
}

/* --- errors ----------------------------------------------------------------------------------- */

LkErrorCode
lk_kafka_error_code (rd_kafka_resp_err_t err)
{
  switch (err)
    {
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__FENCED:
      return LK_ERROR_FATAL;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return LK_ERROR_CONFIG;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
      return LK_ERROR_REJECT;
    default:
      return LK_ERROR_RETRY;
    }
}

gboolean
lk_kafka_log_error_event (rd_kafka_t *client, rd_kafka_event_t *event, const char *what)
{
  rd_kafka_resp_err_t err = rd_kafka_event_error (event);
  char why[512];

  if (err == RD_KAFKA_RESP_ERR__FATAL || rd_kafka_event_error_is_fatal (event))
    {
      (void) rd_kafka_fatal_error (client, why, sizeof why);
      lk_error (LK_F (.event = "kafka_fatal"), "the %s can't go on: %s; making a new one", what,
                why);
      return TRUE;
    }
  /* librdkafka reconnects by itself; a broker that is away shows as unreadiness and lag. */
  lk_log (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN
                  || lk_kafka_error_code (err) == LK_ERROR_CONFIG
              ? LK_LOG_WARNING
              : LK_LOG_DEBUG,
          LK_F (.event = "kafka_error"), "%s: %s", what, rd_kafka_event_error_string (event));
  return FALSE;
}

gboolean
lk_kafka_ping (LkKafka *kafka, int timeout_ms, GError **error)
{
  const struct rd_kafka_metadata *metadata = NULL;
  rd_kafka_resp_err_t err = rd_kafka_metadata (kafka->asker, 0, NULL, &metadata, timeout_ms);

  if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
    return lk_fail (error, LK_ERROR_RETRY, "no broker answers: %s", rd_kafka_err2str (err));
  rd_kafka_metadata_destroy (metadata);
  return TRUE;
}

gboolean
lk_record_header (const LkRecord *record, const char *name, const char **out_value, gsize *out_len)
{
  rd_kafka_headers_t *headers = NULL;
  const void *value;
  size_t len;

  if (record->message == NULL
      || rd_kafka_message_headers (record->message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR
      || rd_kafka_header_get_last (headers, name, &value, &len) != RD_KAFKA_RESP_ERR_NO_ERROR
      || value == NULL)
    return FALSE;
  *out_value = value;
  *out_len = len;
  return TRUE;
}
