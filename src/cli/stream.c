/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Reading topics through, with the programs' own reader.
 */
#include "stream.h"

#include <string.h>

#define READ_MS 120000

typedef struct
{
  CliStreamFunc func;
  gpointer data;
  guint left; /* partitions whose end is not reached */
  GError *trouble;
} Stream;

/* One space's topic. */
typedef struct
{
  Stream *stream;
  const LkConfigSpace *space;
  char *topic;
} Part;

static void
part_free (gpointer data)
{
  g_free (((Part *) data)->topic);
  g_free (data);
}

static void
on_record (const LkRecord *record, gpointer data)
{
  const Part *part = data;

  if (record->value != NULL)
    part->stream->func (record, part->space, part->stream->data);
}

static void
on_end (const char *topic, gint32 partition, gpointer data)
{
  ((Part *) data)->stream->left--;
}

static void
on_trouble (const char *topic, gint32 partition, const GError *error, gpointer data)
{
  Stream *stream = ((Part *) data)->stream;

  if (error != NULL && stream->trouble == NULL)
    {
      stream->trouble = g_error_copy (error);
      g_prefix_error (&stream->trouble, "topic %s: ", topic);
    }
}

static gboolean
is_over (gpointer data)
{
  const Stream *stream = data;

  return stream->left == 0 || stream->trouble != NULL;
}

gboolean
cli_stream (Cli *cli, LkKind kind, const GPtrArray *spaces, CliStreamFunc func, gpointer data,
            GError **error)
{
  static const LkReaderHandler handler
      = { .record = on_record, .at_end = on_end, .trouble = on_trouble };
  gint32 partitions = lk_kind_partitions (kind, 1); /* of these kinds it is no space's choice */
  Stream stream = { func, data, spaces->len * (guint) partitions, NULL };
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (part_free);
  gboolean ok;

  if (!cli_open_kafka (cli, error))
    return FALSE;
  for (guint i = 0; i < spaces->len; i++)
    {
      Part *part = g_new (Part, 1);
      *part = (Part){ &stream, spaces->pdata[i], NULL };
      part->topic = lk_topic_name (lk_kafka_prefix (cli->kafka), kind, part->space->code);
      g_ptr_array_add (parts, part);
      for (gint32 p = 0; p < partitions; p++)
        lk_reader_follow (cli->reader, part->topic, p, LK_OFFSET_BEGINNING, &handler, part);
    }
  ok = cli_wait (cli, is_over, &stream, "reading the topics", READ_MS, error);
  for (guint i = 0; i < parts->len; i++)
    for (gint32 p = 0; p < partitions; p++)
      lk_reader_unfollow (cli->reader, ((Part *) parts->pdata[i])->topic, p);
  if (stream.trouble == NULL)
    return ok;
  g_clear_error (error);
  g_propagate_error (error, stream.trouble);
  return FALSE;
}

gboolean
cli_since (Cli *cli, LkTime fallback, LkTime *out, GError **error)
{
  gint64 ago;

  *out = fallback;
  if (cli->since == NULL)
    return TRUE;
  if (lk_duration_parse (cli->since, &ago))
    {
      *out = lk_clock_wall (cli->clock) - ago;
      return TRUE;
    }
  if (lk_time_parse (cli->since, strlen (cli->since), out, NULL))
    return TRUE;
  return lk_fail (error, LK_ERROR_CONFIG,
                  "--since: expected a time like 2026-09-01T08:00:00Z or a duration like 24h, got "
                  "'%s'",
                  cli->since);
}
