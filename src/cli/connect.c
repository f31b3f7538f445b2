/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The clients of the command line and its small loop.
 */
#include "cli.h"

#include <latchkey/http/client.h>
#include <latchkey/program/program.h>

#define CONNECT_MS 10000
#define LOAD_MS 60000
#define WRITE_MS 15000

gboolean
cli_open_kafka (Cli *cli, GError **error)
{
  if (cli->kafka != NULL)
    return TRUE;
  cli->kafka = lk_kafka_new (&cli->config->kafka, "cli", cli->clock, error);
  if (cli->kafka == NULL)
    return FALSE;
  if (!lk_kafka_ping (cli->kafka, CONNECT_MS, error))
    return lk_fail_prefix (error, "Kafka at %s", cli->config->kafka.brokers);
  cli->producer = lk_producer_new (cli->kafka, 0, error);
  if (cli->producer == NULL)
    return FALSE;
  cli->reader = lk_reader_new (cli->kafka, error);
  return cli->reader != NULL;
}

void
cli_turn (Cli *cli, gint64 timeout_ms)
{
  gboolean more = FALSE;
  int fd = -1;

  if (cli->kafka != NULL)
    {
      fd = lk_kafka_fd (cli->kafka);
      lk_kafka_drain_fd (cli->kafka);
      more |= lk_kafka_turn (cli->kafka);
      if (cli->producer != NULL)
        more |= lk_producer_turn (cli->producer);
      if (cli->reader != NULL)
        {
          more |= lk_reader_turn (cli->reader);
          timeout_ms = MIN (timeout_ms, lk_reader_wait_ms (cli->reader));
        }
    }
  (void) lk_timers_run (cli->timers);
  lk_wait (fd, more ? 0 : MIN (timeout_ms, lk_timers_next (cli->timers)));
}

gboolean
cli_wait (Cli *cli, gboolean (*done) (gpointer data), gpointer data, const char *what,
          gint64 deadline_ms, GError **error)
{
  gint64 end = lk_clock_steady (cli->clock) + deadline_ms;

  while (!done (data))
    {
      gint64 left = end - lk_clock_steady (cli->clock);
      if (left <= 0)
        return lk_fail (error, LK_ERROR_RETRY, "gave up after %" G_GINT64_FORMAT " s: %s",
                        deadline_ms / 1000, what);
      cli_turn (cli, MIN (left, 200));
    }
  return TRUE;
}

static gboolean
is_loaded (gpointer data)
{
  return lk_table_is_all_loaded (data) || lk_table_trouble (data) != NULL;
}

static gboolean
wait_loaded (Cli *cli, LkTable *table, GError **error)
{
  g_autofree char *what = g_strdup_printf ("reading topic %s", lk_table_topic (table));

  if (!cli_wait (cli, is_loaded, table, what, LOAD_MS, error))
    return FALSE;
  if (lk_table_trouble (table) != NULL)
    return lk_fail (error, LK_ERROR_RETRY, "topic %s: %s", lk_table_topic (table),
                    lk_table_trouble (table));
  return TRUE;
}

gboolean
cli_refresh (Cli *cli, LkTable *table, GError **error)
{
  for (gint32 p = 0; p < lk_table_partitions (table); p++)
    lk_table_refresh (table, p);
  return wait_loaded (cli, table, error);
}

typedef struct
{
  gboolean over;
  GError *error;
} Write;

static void
written (gint64 offset, const GError *error, gpointer data)
{
  Write *write = data;

  write->over = TRUE;
  if (error != NULL)
    write->error = g_error_copy (error);
}

static gboolean
is_written (gpointer data)
{
  return ((Write *) data)->over;
}

gboolean
cli_write (Cli *cli, const char *topic, gint32 partition, const char *key, const char *value,
           gsize len, const LkHeaders *headers, GError **error)
{
  g_autofree char *what = g_strdup_printf ("writing to topic %s", topic);
  Write write = { FALSE, NULL };

  if (!lk_producer_send (cli->producer, topic, partition, key, strlen (key), value, len, headers,
                         written, &write, error))
    return lk_fail_prefix (error, "%s", what);
  if (!cli_wait (cli, is_written, &write, what, WRITE_MS, error))
    return FALSE;
  if (write.error == NULL)
    return TRUE;
  g_propagate_prefixed_error (error, write.error, "%s: ", what);
  return FALSE;
}

GPtrArray *
cli_spaces (Cli *cli, GError **error)
{
  g_autoptr (GPtrArray) spaces = g_ptr_array_new ();

  for (guint i = 0; i < cli->config->n_spaces; i++)
    if (cli->space == NULL || g_str_equal (cli->space, cli->config->spaces[i].code))
      g_ptr_array_add (spaces, &cli->config->spaces[i]);
  if (spaces->len == 0)
    {
      (void) lk_fail (error, LK_ERROR_CONFIG, "--space: '%s' is not in %s", cli->space,
                      cli->config->path);
      return NULL;
    }
  return g_steal_pointer (&spaces);
}
