/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The Kafka library on a real broker, driven by the system tests: one command a line on standard
 * input, one JSON object a line on standard output for all that happens. Usage:
 *   kafka-probe BROKERS PREFIX NAME [PROPERTY=VALUE ...]
 *
 *   table TOPIC PARTITIONS     follows all of it; keys are told as they change while "loud"
 *   loud | quiet               whether `changed` is told
 *   own P yes|no | put P KEY VALUE | remove P KEY | get P KEY | refresh P | stop P | follow P
 *   fill N BYTES               N records of that size through the producer, straight to the topic
 *   latency N                  one put after the other's acknowledgement
 *   join TOPIC | commit TOPIC P OFFSET | leave
 *   state                      size, memory, CPU time
 *   quit                       also at the end of the input
 *
 * An entry is the value's text; versions are the number it begins with.
 */
#include <latchkey/base/log.h>
#include <latchkey/kafka/ownership.h>
#include <latchkey/kafka/table.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

typedef struct
{
  LkConfigKafka config;
  LkKafka *kafka;
  LkProducer *producer;
  LkReader *reader;
  LkTable *table;
  LkOwnership *ownership;
  char *topic; /* of the table */
  gint32 partitions;
  gboolean loud, quit;
  GString *input;
  gint64 began;          /* µs: the table was followed */
  guint64 records;       /* decoded since then */
  gboolean keeps_nothing; /* entries are the same word: what the table itself takes */
  guint fill, filled, acked;
  gsize fill_size;
  gint64 fill_began;
  guint latency, latency_done;
  gint64 *latencies, put_at;
} Probe;

static void
tell (const char *format, ...) G_GNUC_PRINTF (1, 2);

static void
tell (const char *format, ...)
{
  va_list args;

  va_start (args, format);
  (void) vprintf (format, args);
  va_end (args);
  (void) putchar ('\n');
  (void) fflush (stdout);
}

static void
tell_error (const char *event, const GError *error)
{
  g_autofree char *text = g_strescape (error->message, NULL);

  tell ("{\"event\":\"%s\",\"code\":%d,\"error\":\"%s\"}", event, error->code, text);
}

/* --- the table -------------------------------------------------------------------------------- */

static char nothing[] = "0";

static gpointer
decode (const LkRecord *record, gpointer data, GError **error)
{
  Probe *probe = data;

  probe->records++;
  if (record->value_len == 0 || !g_ascii_isdigit (record->value[0]))
    {
      (void) lk_fail (error, LK_ERROR_REJECT, "expected a number");
      return NULL;
    }
  return probe->keeps_nothing ? nothing : g_strndup (record->value, record->value_len);
}

static void
free_entry (gpointer entry)
{
  if (entry != nothing)
    g_free (entry);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  gint64 x = g_ascii_strtoll (a, NULL, 10), y = g_ascii_strtoll (b, NULL, 10);

  return x < y ? -1 : x > y;
}

static gboolean
rewrite (gconstpointer entry, GString *out_value, LkHeaders *out_headers)
{
  out_headers->type = "probe.set";
  out_headers->source = "/probe";
  g_strlcpy (out_headers->id, "again", sizeof out_headers->id);
  g_string_append (out_value, entry);
  return TRUE;
}

static void
changed (LkTable *table, gint32 partition, const char *key, gconstpointer old_entry,
         gpointer new_entry, gpointer data)
{
  const Probe *probe = data;

  if (probe->loud)
    tell ("{\"event\":\"changed\",\"partition\":%d,\"key\":\"%s\",\"old\":\"%s\",\"new\":\"%s\"}",
          partition, key, old_entry ? (const char *) old_entry : "",
          new_entry ? (const char *) new_entry : "");
}

static void
rejected (LkTable *table, const LkRecord *record, const GError *error, gpointer data)
{
  tell ("{\"event\":\"rejected\",\"partition\":%d,\"offset\":%" G_GINT64_FORMAT "}",
        record->partition, record->offset);
}

static void
loaded (LkTable *table, gint32 partition, gpointer data)
{
  const Probe *probe = data;

  tell ("{\"event\":\"loaded\",\"partition\":%d,\"all\":%s,\"size\":%u,\"records\":%" G_GUINT64_FORMAT
        ",\"ms\":%.1f}",
        partition, lk_table_is_all_loaded (table) ? "true" : "false", lk_table_size (table),
        probe->records, (double) (g_get_monotonic_time () - probe->began) / 1000);
}

static const LkTableOps ops = { .decode = decode,
                                .free_entry = free_entry,
                                .compare = compare,
                                .write = rewrite,
                                .changed = changed,
                                .rejected = rejected,
                                .loaded = loaded };

static void
on_put (gint64 offset, const GError *error, gpointer data)
{
  if (error != NULL)
    tell_error ("failed", error);
  else
    tell ("{\"event\":\"acknowledged\",\"offset\":%" G_GINT64_FORMAT "}", offset);
}

static void
put (Probe *probe, gint32 partition, const char *key, const char *value)
{
  g_autoptr (GError) error = NULL;

  if (!lk_table_put (probe->table, partition, key, value, value == NULL ? 0 : strlen (value), NULL,
                     on_put, probe, &error))
    tell_error ("refused", error);
}

/* --- many records ----------------------------------------------------------------------------- */

static void
on_filled (gint64 offset, const GError *error, gpointer data)
{
  Probe *probe = data;

  if (error != NULL)
    tell_error ("failed", error);
  probe->acked++;
  if (probe->acked == probe->fill)
    tell ("{\"event\":\"filled\",\"records\":%u,\"ms\":%.1f}", probe->fill,
          (double) (g_get_monotonic_time () - probe->fill_began) / 1000);
}

static void
fill_turn (Probe *probe)
{
  g_autofree char *value = NULL;

  if (probe->filled == probe->fill)
    return;
  value = g_strnfill (probe->fill_size, 'x');
  while (probe->filled < probe->fill && !lk_producer_is_full (probe->producer))
    {
      g_autoptr (GError) error = NULL;
      char key[64];
      gint64 member = 1000000 + probe->filled / 3;
      LkHeaders headers = { .type = "probe.set", .source = "/probe", .time = 1795490450972 };

      (void) g_snprintf (value, probe->fill_size, "1 ");
      value[2] = 'x';
      (void) g_snprintf (key, sizeof key, "%" G_GINT64_FORMAT "/pass/%u", member, probe->filled);
      (void) g_snprintf (headers.id, sizeof headers.id, "%016x%016x", probe->filled, 7u);
      g_strlcpy (headers.subject, key, sizeof headers.subject);
      if (!lk_producer_send (probe->producer, probe->topic,
                             lk_partition_of_member (member, probe->partitions), key, strlen (key),
                             value, probe->fill_size, &headers, on_filled, probe, &error))
        {
          if (error->code != LK_ERROR_RETRY)
            tell_error ("refused", error);
          break;
        }
      probe->filled++;
    }
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return x < y ? -1 : x > y;
}

static void put_next (Probe *probe);

static void
on_latency (gint64 offset, const GError *error, gpointer data)
{
  Probe *probe = data;

  if (error != NULL)
    tell_error ("failed", error);
  probe->latencies[probe->latency_done++] = g_get_monotonic_time () - probe->put_at;
  if (probe->latency_done < probe->latency)
    {
      put_next (probe);
      return;
    }
  qsort (probe->latencies, probe->latency, sizeof (gint64), compare_times);
  tell ("{\"event\":\"latency\",\"median_us\":%" G_GINT64_FORMAT ",\"p99_us\":%" G_GINT64_FORMAT
        ",\"max_us\":%" G_GINT64_FORMAT "}",
        probe->latencies[probe->latency / 2], probe->latencies[probe->latency * 99 / 100],
        probe->latencies[probe->latency - 1]);
  g_clear_pointer (&probe->latencies, g_free);
}

static void
put_next (Probe *probe)
{
  g_autoptr (GError) error = NULL;

  probe->put_at = g_get_monotonic_time ();
  if (!lk_table_put (probe->table, 0, "1", "2", 1, NULL, on_latency, probe, &error))
    tell_error ("refused", error);
}

/* --- the group -------------------------------------------------------------------------------- */

static void
on_assigned (const char *topic, gint32 partition, gint64 committed, gpointer data)
{
  tell ("{\"event\":\"assigned\",\"topic\":\"%s\",\"partition\":%d,\"committed\":%" G_GINT64_FORMAT
        "}",
        topic, partition, committed);
}

static void
on_revoked (const char *topic, gint32 partition, gboolean lost, gpointer data)
{
  tell ("{\"event\":\"revoked\",\"topic\":\"%s\",\"partition\":%d,\"lost\":%s}", topic, partition,
        lost ? "true" : "false");
}

static gboolean
on_released (const char *topic, gint32 partition, gpointer data)
{
  return TRUE;
}

static const LkOwnershipHandler owner = { on_assigned, on_revoked, on_released };

static void
join (Probe *probe, const char *topic)
{
  const char *const topics[] = { topic, NULL };
  g_autoptr (GError) error = NULL;

  probe->ownership = lk_ownership_new (probe->kafka, topics, &owner, probe, &error);
  if (probe->ownership == NULL)
    tell_error ("refused", error);
}

/* --- commands --------------------------------------------------------------------------------- */

static void
state (const Probe *probe)
{
  g_autofree char *status = NULL;
  const char *rss;
  struct rusage usage;

  (void) malloc_trim (0);
  (void) g_file_get_contents ("/proc/self/status", &status, NULL, NULL);
  rss = strstr (status, "VmRSS:");
  (void) getrusage (RUSAGE_SELF, &usage);
  tell ("{\"event\":\"state\",\"size\":%u,\"rss_kb\":%ld,\"peak_kb\":%ld,\"heap\":%zu,"
        "\"cpu_ms\":%.1f,\"pending\":%u}",
        probe->table == NULL ? 0 : lk_table_size (probe->table), strtol (rss + 6, NULL, 10),
        usage.ru_maxrss, mallinfo2 ().uordblks,
        (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000
            + (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000,
        lk_producer_pending (probe->producer));
}

static void
open_table (Probe *probe, const char *topic, const char *partitions, const char *kept)
{
  probe->keeps_nothing = g_strcmp0 (kept, "nothing") == 0;
  probe->topic = g_strdup (topic);
  probe->partitions = atoi (partitions);
  probe->table = lk_table_new (probe->reader, probe->producer, topic, probe->partitions, &ops,
                               probe);
  probe->began = g_get_monotonic_time ();
}

static void
get (const Probe *probe, gint32 partition, const char *key)
{
  const char *value = lk_table_get (probe->table, partition, key);

  tell ("{\"event\":\"value\",\"key\":\"%s\",\"value\":\"%s\"}", key, value == NULL ? "" : value);
}

static void
obey (Probe *probe, char **word)
{
  gint32 p = word[0] != NULL && word[1] != NULL ? atoi (word[1]) : 0;
  guint n = g_strv_length (word);

  if (n >= 3 && g_str_equal (word[0], "topic")) /* for `fill` alone */
    {
      probe->topic = g_strdup (word[1]);
      probe->partitions = atoi (word[2]);
    }
  else if (n >= 3 && g_str_equal (word[0], "table"))
    {
      open_table (probe, word[1], word[2], word[3]);
      lk_table_follow_all (probe->table);
    }
  else if (n == 1 && (g_str_equal (word[0], "loud") || g_str_equal (word[0], "quiet")))
    probe->loud = word[0][0] == 'l';
  else if (n == 3 && g_str_equal (word[0], "own"))
    lk_table_own (probe->table, p, g_str_equal (word[2], "yes"));
  else if (n == 4 && g_str_equal (word[0], "put"))
    put (probe, p, word[2], word[3]);
  else if (n == 3 && g_str_equal (word[0], "remove"))
    put (probe, p, word[2], NULL);
  else if (n == 3 && g_str_equal (word[0], "get"))
    get (probe, p, word[2]);
  else if (n == 2 && g_str_equal (word[0], "refresh"))
    lk_table_refresh (probe->table, p);
  else if (n == 2 && g_str_equal (word[0], "stop"))
    lk_table_stop (probe->table, p);
  else if (n == 2 && g_str_equal (word[0], "follow"))
    lk_table_follow (probe->table, p);
  else if (n == 3 && g_str_equal (word[0], "fill"))
    {
      probe->fill = (guint) atoi (word[1]);
      probe->fill_size = (gsize) atoi (word[2]);
      probe->filled = probe->acked = 0;
      probe->fill_began = g_get_monotonic_time ();
    }
  else if (n == 2 && g_str_equal (word[0], "latency"))
    {
      probe->latency = (guint) atoi (word[1]);
      probe->latency_done = 0;
      probe->latencies = g_new (gint64, probe->latency);
      put_next (probe);
    }
  else if (n == 2 && g_str_equal (word[0], "join"))
    join (probe, word[1]);
  else if (n == 4 && g_str_equal (word[0], "commit"))
    lk_ownership_commit (probe->ownership, word[1], atoi (word[2]),
                         g_ascii_strtoll (word[3], NULL, 10));
  else if (n == 1 && g_str_equal (word[0], "leave"))
    lk_ownership_leave (probe->ownership);
  else if (n == 1 && g_str_equal (word[0], "state"))
    state (probe);
  else if (n == 1 && g_str_equal (word[0], "quit"))
    probe->quit = TRUE;
  else
    tell ("{\"event\":\"what?\"}");
}

static void
read_commands (Probe *probe)
{
  char buffer[4096];
  ssize_t got = read (STDIN_FILENO, buffer, sizeof buffer);
  char *end;

  if (got <= 0)
    {
      probe->quit = TRUE;
      return;
    }
  g_string_append_len (probe->input, buffer, got);
  while ((end = strchr (probe->input->str, '\n')) != NULL)
    {
      g_auto (GStrv) words = NULL;
      *end = '\0';
      words = g_strsplit (probe->input->str, " ", -1);
      g_string_erase (probe->input, 0, end + 1 - probe->input->str);
      obey (probe, words);
    }
}

/* --- the loop --------------------------------------------------------------------------------- */

static void
turn (Probe *probe)
{
  gboolean more, was_troubled = probe->table != NULL && lk_table_trouble (probe->table) != NULL;
  struct pollfd fds[] = { { .fd = lk_kafka_fd (probe->kafka), .events = POLLIN },
                          { .fd = STDIN_FILENO, .events = POLLIN } };

  lk_kafka_drain_fd (probe->kafka);
  more = lk_kafka_turn (probe->kafka);
  more |= lk_producer_turn (probe->producer);
  more |= lk_reader_turn (probe->reader);
  if (probe->ownership != NULL)
    {
      more |= lk_ownership_turn (probe->ownership);
      if (lk_ownership_left (probe->ownership))
        {
          tell ("{\"event\":\"left\"}");
          g_clear_pointer (&probe->ownership, lk_ownership_free);
        }
    }
  fill_turn (probe);
  if (probe->table != NULL && was_troubled != (lk_table_trouble (probe->table) != NULL))
    tell ("{\"event\":\"trouble\",\"now\":%s}", was_troubled ? "false" : "true");
  (void) poll (fds, G_N_ELEMENTS (fds),
               more ? 0 : (int) MIN (lk_reader_wait_ms (probe->reader), 1000));
  if (fds[1].revents != 0)
    read_commands (probe);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) input = g_string_new (NULL);
  g_autofree LkConfigProperty *properties = g_new0 (LkConfigProperty, (gsize) argc);
  Probe probe = { .input = input };

  if (argc < 4)
    return 2;
  lk_log_init (argv[3], LK_LOG_INFO);
  probe.config = (LkConfigKafka){ .brokers = argv[1], .topic_prefix = argv[2] };
  probe.config.properties = properties;
  for (int i = 4; i < argc; i++)
    {
      char *value = strchr (argv[i], '=');
      if (value == NULL)
        return 2;
      *value = '\0';
      properties[probe.config.n_properties++]
          = (LkConfigProperty){ .key = argv[i], .value = value + 1 };
    }
  probe.kafka = lk_kafka_new (&probe.config, argv[3], lk_clock_real (), &error);
  if (probe.kafka != NULL)
    probe.producer = lk_producer_new (probe.kafka, 0, &error);
  if (probe.producer != NULL)
    probe.reader = lk_reader_new (probe.kafka, &error);
  if (probe.reader == NULL)
    {
      tell_error ("refused", error);
      return 2;
    }
  tell ("{\"event\":\"ready\"}");
  while (!probe.quit)
    turn (&probe);
  lk_table_free (probe.table);
  lk_ownership_free (probe.ownership);
  lk_reader_free (probe.reader);
  lk_producer_free (probe.producer);
  lk_kafka_free (probe.kafka);
  g_free (probe.topic);
  return 0;
}
