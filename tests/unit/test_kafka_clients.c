/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Clients, producer, reader and ownership against librdkafka's own mock cluster: what needs no real
 * broker. The loop here is the one of every program: wait on the shared descriptor, then a turn of
 * each.
 */
#include "../../src/lib/kafka/internal.h"

#include <latchkey/base/log.h>
#include <latchkey/kafka/ownership.h>
#include <latchkey/kafka/table.h>
#include <librdkafka/rdkafka_mock.h>
#include <poll.h>
#include <string.h>

#define DEADLINE_MS 30000

typedef struct
{
  rd_kafka_t *host;
  rd_kafka_mock_cluster_t *cluster;
  LkConfigKafka config;
  char *brokers;
  LkKafka *kafka;
  LkProducer *producer;
  LkReader *reader;
  LkOwnership *ownership;
} World;

static void
set_up (World *world, gconstpointer unused)
{
  /* Sessions end soon, so that what waits for that does not take the test's time. */
  static LkConfigProperty properties[] = { { (char *) "session.timeout.ms", (char *) "4000" },
                                           { (char *) "heartbeat.interval.ms", (char *) "300" } };
  g_autoptr (GError) error = NULL;
  char why[256];

  world->host = rd_kafka_new (RD_KAFKA_PRODUCER, rd_kafka_conf_new (), why, sizeof why);
  g_assert_nonnull (world->host);
  world->cluster = rd_kafka_mock_cluster_new (world->host, 1);
  g_assert_nonnull (world->cluster);
  g_assert_cmpint (rd_kafka_mock_topic_create (world->cluster, "t", 4, 1), ==, 0);
  world->brokers = g_strdup (rd_kafka_mock_cluster_bootstraps (world->cluster));
  world->config.brokers = world->brokers;
  world->config.topic_prefix = (char *) "latchkey";
  world->config.properties = properties;
  world->config.n_properties = G_N_ELEMENTS (properties);
  world->kafka = lk_kafka_new (&world->config, "test", lk_clock_real (), &error);
  g_assert_no_error (error);
  world->producer = lk_producer_new (world->kafka, 0, &error);
  g_assert_no_error (error);
  world->reader = lk_reader_new (world->kafka, &error);
  g_assert_no_error (error);
}

static void
tear_down (World *world, gconstpointer unused)
{
  lk_ownership_free (world->ownership);
  lk_reader_free (world->reader);
  lk_producer_free (world->producer);
  lk_kafka_free (world->kafka);
  rd_kafka_mock_cluster_destroy (world->cluster);
  rd_kafka_destroy (world->host);
  g_free (world->brokers);
}

static void
turn (World *world, int wait_ms)
{
  struct pollfd fd = { .fd = lk_kafka_fd (world->kafka), .events = POLLIN };
  gboolean more;

  lk_kafka_drain_fd (world->kafka);
  more = lk_kafka_turn (world->kafka);
  more |= lk_producer_turn (world->producer);
  more |= lk_reader_turn (world->reader);
  if (world->ownership != NULL)
    more |= lk_ownership_turn (world->ownership);
  (void) poll (&fd, 1, more ? 0 : (int) MIN (wait_ms, lk_reader_wait_ms (world->reader)));
}

#define RUN_UNTIL(world, condition)                                                               \
  do                                                                                              \
    {                                                                                             \
      gint64 by = g_get_monotonic_time () + DEADLINE_MS * 1000;                                   \
      while (!(condition) && g_get_monotonic_time () < by)                                        \
        turn (world, 100);                                                                        \
      g_assert_true (condition);                                                                  \
    }                                                                                             \
  while (0)

/* --- clients ---------------------------------------------------------------------------------- */

static void
check_property (const char *name, const char *value, const char *expected)
{
  g_autoptr (GError) error = NULL;
  LkConfigProperty property = { .key = (char *) name, .value = (char *) value };
  LkConfigKafka config = { .brokers = (char *) "127.0.0.1:1",
                           .topic_prefix = (char *) "latchkey",
                           .n_properties = 1,
                           .properties = &property };

  g_assert_null (lk_kafka_new (&config, "test", lk_clock_real (), &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_CONFIG);
  g_assert_cmpstr (error->message, ==, expected);
}

static void
test_refused_properties (void)
{
  check_property ("sokcet.timeout.ms", "1",
                  "kafka.properties: sokcet.timeout.ms: No such configuration property: "
                  "\"sokcet.timeout.ms\"");
  check_property ("socket.timeout.ms", "1",
                  "kafka.properties: socket.timeout.ms: Configuration property "
                  "\"socket.timeout.ms\" value 1 is outside allowed range 10..300000\n");
  /* Found only when the client is made. */
  check_property ("security.protocol", "ssl_or_so",
                  "kafka.properties: security.protocol: Invalid value \"ssl_or_so\" for "
                  "configuration property \"security.protocol\"");
}

static int asked = -2;

static void
on_partitions (const char *topic, int partitions, const GError *error, gpointer data)
{
  asked = partitions;
}

static void
test_partitions (World *world, gconstpointer unused)
{
  lk_kafka_ask_partitions (world->kafka, "t", on_partitions, NULL);
  RUN_UNTIL (world, asked == 4);
  g_assert_true (lk_kafka_ping (world->kafka, DEADLINE_MS, NULL));
}

/* --- producer and reader ---------------------------------------------------------------------- */

static guint acks, failures, records, ends;
static gint64 last_offset;

static void
on_ack (gint64 offset, const GError *error, gpointer data)
{
  if (error == NULL)
    acks++;
  else
    failures++;
}

static void
on_record (const LkRecord *record, gpointer data)
{
  const char *id;
  gsize len;

  records++;
  last_offset = record->offset;
  g_assert_cmpstr (record->topic, ==, "t");
  g_assert_cmpmem (record->key, record->key_len, "9001", 4);
  if (record->value != NULL)
    {
      g_assert_true (lk_record_header (record, "ce_id", &id, &len));
      g_assert_cmpmem (id, len, "a/1", 3);
      g_assert_false (lk_record_header (record, "traceparent", &id, &len));
    }
}

static void
on_end (const char *topic, gint32 partition, gpointer data)
{
  ends++;
}

static const LkReaderHandler handler = { .record = on_record, .at_end = on_end };

static void
send_one (World *world, gint32 partition, const char *value)
{
  g_autoptr (GError) error = NULL;
  LkHeaders headers = { .type = "test", .source = "/test" };

  g_strlcpy (headers.id, "a/1", sizeof headers.id);
  g_strlcpy (headers.subject, "9001", sizeof headers.subject);
  g_assert_true (lk_producer_send (world->producer, "t", partition, "9001", 4, value,
                                   value == NULL ? 0 : strlen (value),
                                   value == NULL ? NULL : &headers, on_ack, NULL, &error));
  g_assert_no_error (error);
}

static void
test_write_and_read (World *world, gconstpointer unused)
{
  acks = failures = records = ends = 0;
  for (guint i = 0; i < 1000; i++)
    send_one (world, 1, i % 10 == 0 ? NULL : "{}");
  g_assert_cmpuint (lk_producer_pending (world->producer), ==, 1000);
  g_assert_false (lk_producer_is_full (world->producer));
  RUN_UNTIL (world, acks == 1000);
  g_assert_cmpuint (lk_producer_pending (world->producer), ==, 0);

  lk_reader_follow (world->reader, "t", 1, LK_OFFSET_BEGINNING, &handler, NULL);
  g_assert_true (lk_reader_follows (world->reader, "t", 1));
  g_assert_cmpint (lk_reader_position (world->reader, "t", 1), ==, -1);
  RUN_UNTIL (world, ends == 1);
  g_assert_cmpuint (records, ==, 1000);
  g_assert_cmpint (lk_reader_position (world->reader, "t", 1), ==, 1000);

  /* Back a bit; the end comes again. */
  records = 0;
  lk_reader_seek (world->reader, "t", 1, 990);
  RUN_UNTIL (world, ends == 2);
  g_assert_cmpuint (records, ==, 10);
  /* The end as of now, though nothing more comes. */
  lk_reader_refresh (world->reader, "t", 1);
  RUN_UNTIL (world, ends == 3);
  send_one (world, 1, "{}");
  RUN_UNTIL (world, records == 11);
  g_assert_cmpint (last_offset, ==, 1000);

  /* An empty partition has its end too, and so has one that is begun at its end. */
  lk_reader_follow (world->reader, "t", 2, LK_OFFSET_BEGINNING, &handler, NULL);
  RUN_UNTIL (world, ends == 4);
  lk_reader_unfollow (world->reader, "t", 1);
  lk_reader_follow (world->reader, "t", 1, 1001, &handler, NULL);
  RUN_UNTIL (world, ends == 5);
  g_assert_cmpuint (records, ==, 11);
}

static void
test_too_large (World *world, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *value = g_strnfill (1024 * 1024, 'x');

  g_assert_false (lk_producer_send (world->producer, "t", 0, "1", 1, value, strlen (value), NULL,
                                    on_ack, NULL, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_REJECT);
  g_assert_cmpuint (lk_producer_pending (world->producer), ==, 0);
}

/* librdkafka 2.0.2 aborts when a partition is taken away twice before its first stop is over. */
static void
test_follow_and_unfollow_at_once (World *world, gconstpointer unused)
{
  acks = records = ends = 0;
  for (guint i = 0; i < 100; i++)
    send_one (world, 0, "{}");
  RUN_UNTIL (world, acks == 100);
  for (guint i = 0; i < 300; i++)
    {
      lk_reader_follow (world->reader, "t", (gint32) (i % 3), LK_OFFSET_BEGINNING, &handler, NULL);
      turn (world, 0);
      if (i % 2 == 0)
        {
          lk_reader_seek (world->reader, "t", (gint32) (i % 3), LK_OFFSET_BEGINNING);
          turn (world, 0);
        }
      lk_reader_unfollow (world->reader, "t", (gint32) (i % 3));
      turn (world, 0);
    }
  records = ends = 0;
  lk_reader_follow (world->reader, "t", 0, LK_OFFSET_BEGINNING, &handler, NULL);
  RUN_UNTIL (world, ends == 1);
  g_assert_cmpuint (records, ==, 100);
}

static void
test_pause (World *world, gconstpointer unused)
{
  acks = records = ends = 0;
  lk_reader_follow (world->reader, "t", 0, LK_OFFSET_BEGINNING, &handler, NULL);
  lk_reader_follow (world->reader, "t", 1, LK_OFFSET_BEGINNING, &handler, NULL);
  RUN_UNTIL (world, ends == 2);
  lk_reader_pause (world->reader, "t", 0);
  send_one (world, 0, "{}");
  send_one (world, 1, "{}");
  RUN_UNTIL (world, acks == 2 && records == 1);
  lk_reader_resume (world->reader, "t", 0);
  RUN_UNTIL (world, records == 2);
  /* What is paused and left is not paused when it is followed again. */
  lk_reader_pause (world->reader, "t", 0);
  lk_reader_unfollow (world->reader, "t", 0);
  turn (world, 0);
  lk_reader_follow (world->reader, "t", 0, LK_OFFSET_BEGINNING, &handler, NULL);
  RUN_UNTIL (world, records == 3);
}

static void
test_free_with_questions_under_way (World *world, gconstpointer unused)
{
  for (guint i = 0; i < 100; i++)
    {
      g_autoptr (GError) error = NULL;
      LkReader *reader = lk_reader_new (world->kafka, &error);

      g_assert_no_error (error);
      lk_reader_follow (reader, "t", 0, LK_OFFSET_BEGINNING, &handler, NULL);
      (void) lk_reader_turn (reader);
      if (i % 2 == 0)
        g_thread_yield ();
      lk_reader_free (reader);
      (void) lk_kafka_turn (world->kafka);
    }
}

/* --- the producer turns fatal ----------------------------------------------------------------- */

static void
test_fatal_producer (World *world, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *former = NULL;

  acks = failures = 0;
  lk_producer_prepare (world->producer, "t");
  send_one (world, 0, "{}");
  RUN_UNTIL (world, acks == 1);
  former = g_strdup (rd_kafka_name (lk_producer_client (world->producer)));
  g_assert_cmpint (rd_kafka_test_fatal_error (lk_producer_client (world->producer),
                                              RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
                                              "a gap"),
                   ==, RD_KAFKA_RESP_ERR_NO_ERROR);
  /* A client that has turned fatal takes nothing more, which is no fault of the record. */
  g_assert_false (lk_producer_send (world->producer, "t", 0, "1", 1, "{}", 2, NULL, on_ack, NULL,
                                    &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_RETRY);
  g_clear_error (&error);
  /* By name: a new client may lie where the former one lay. */
  RUN_UNTIL (world, !g_str_equal (rd_kafka_name (lk_producer_client (world->producer)), former));
  send_one (world, 0, "{}");
  RUN_UNTIL (world, acks == 2);
  g_assert_cmpuint (failures, ==, 0);
  g_assert_cmpuint (lk_producer_pending (world->producer), ==, 0);
}

/* --- ownership -------------------------------------------------------------------------------- */

typedef struct
{
  guint assigned, revoked, lost, asked;
  gint64 committed[4];
  gboolean holds; /* does not release */
} Member;

static void
on_assigned (const char *topic, gint32 partition, gint64 committed, gpointer data)
{
  Member *member = data;

  member->assigned++;
  member->committed[partition] = committed;
}

static void
on_revoked (const char *topic, gint32 partition, gboolean lost, gpointer data)
{
  Member *member = data;

  member->revoked++;
  member->lost += lost;
}

static gboolean
on_released (const char *topic, gint32 partition, gpointer data)
{
  Member *member = data;

  member->asked++;
  return !member->holds;
}

static const LkOwnershipHandler owner = { on_assigned, on_revoked, on_released };
static const char *const topics[] = { "t", NULL };

static void
test_ownership (World *world, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  Member a = { 0 }, b = { 0 };

  world->ownership = lk_ownership_new (world->kafka, topics, &owner, &a, &error);
  g_assert_no_error (error);
  g_assert_false (lk_ownership_joined (world->ownership));
  RUN_UNTIL (world, a.assigned == 4);
  g_assert_true (lk_ownership_joined (world->ownership));
  g_assert_true (lk_ownership_has (world->ownership, "t", 3));
  g_assert_false (lk_ownership_has (world->ownership, "t", 4));
  for (guint p = 0; p < 4; p++)
    g_assert_cmpint (a.committed[p], ==, -1);
  lk_ownership_commit (world->ownership, "t", 2, 17);
  lk_ownership_commit (world->ownership, "u", 2, 17); /* not ours: ignored */
  g_assert_true (lk_ownership_commits_pending (world->ownership));
  RUN_UNTIL (world, !lk_ownership_commits_pending (world->ownership));

  /* It leaves, but not before the program has let go. */
  a.holds = TRUE;
  lk_ownership_leave (world->ownership);
  lk_ownership_leave (world->ownership); /* once is enough */
  RUN_UNTIL (world, a.revoked == 4 && a.asked >= 8);
  g_assert_false (lk_ownership_left (world->ownership));
  g_assert_false (lk_ownership_has (world->ownership, "t", 0));
  lk_ownership_commit (world->ownership, "t", 1, 5); /* what was done meanwhile */
  a.holds = FALSE;
  RUN_UNTIL (world, lk_ownership_left (world->ownership));
  g_assert_cmpuint (a.lost, ==, 0);
  lk_ownership_free (g_steal_pointer (&world->ownership));

  /* Its marks are the next owner's. */
  world->ownership = lk_ownership_new (world->kafka, topics, &owner, &b, &error);
  g_assert_no_error (error);
  RUN_UNTIL (world, b.assigned == 4);
  g_assert_cmpint (b.committed[0], ==, -1);
  g_assert_cmpint (b.committed[1], ==, 5);
  g_assert_cmpint (b.committed[2], ==, 17);
}

/* A group consumer that turns fatal: what it owned is lost, and a new one joins. */
static void
test_fatal_ownership (World *world, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  Member a = { 0 };

  world->ownership = lk_ownership_new (world->kafka, topics, &owner, &a, &error);
  g_assert_no_error (error);
  RUN_UNTIL (world, a.assigned == 4);
  g_assert_cmpint (rd_kafka_test_fatal_error (lk_ownership_client (world->ownership),
                                              RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, "fenced"),
                   ==, RD_KAFKA_RESP_ERR_NO_ERROR);
  RUN_UNTIL (world, a.lost == 4);
  g_assert_cmpuint (a.revoked, ==, 4);
  RUN_UNTIL (world, a.assigned == 8);
}

static void
ignore_logs (const char *line, gsize len, gpointer data)
{
  g_test_message ("%.*s", (int) len, line);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    void (*test) (World *, gconstpointer);
  } with_cluster[] = {
    { "/kafka/partitions", test_partitions },
    { "/kafka/write-and-read", test_write_and_read },
    { "/kafka/too-large", test_too_large },
    { "/kafka/follow-and-unfollow-at-once", test_follow_and_unfollow_at_once },
    { "/kafka/pause", test_pause },
    { "/kafka/free-with-questions-under-way", test_free_with_questions_under_way },
    { "/kafka/fatal-producer", test_fatal_producer },
    { "/kafka/ownership", test_ownership },
    { "/kafka/fatal-ownership", test_fatal_ownership },
  };

  g_test_init (&argc, &argv, NULL);
  lk_log_set_sink (ignore_logs, NULL);
  g_test_add_func ("/kafka/refused-properties", test_refused_properties);
  for (guint i = 0; i < G_N_ELEMENTS (with_cluster); i++)
    g_test_add (with_cluster[i].name, World, NULL, set_up, with_cluster[i].test, tear_down);
  return g_test_run ();
}
