/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What stands in `commands`, and what is written there. Of each standing command the version and a
 * digest are kept, not the text: a million passes fit in a hundred megabytes. When a late record of
 * a former owner overrules a winner, the winner's text is therefore decided again from its snapshot
 * instead of being written from memory.
 */
#include "worker_internal.h"

static Standing *
standing_new (const LkCommand *command, LkTime written_at)
{
  Standing *standing = g_new (Standing, 1);

  *standing = (Standing){ .version = command->version,
                          .digest = lk_command_digest (command),
                          .written_at = written_at,
                          .gives = command->entitled || command->n_claims > 0 };
  return standing;
}

/* Whether a command key is of the kind of source that this worker writes. */
static gboolean
is_ours (const Worker *worker, const LkRecord *record)
{
  const char *slash = memchr (record->key, '/', record->key_len);

  if (worker->spec->source == LK_SOURCE_MEMBER)
    return slash == NULL;
  const char *word = worker->spec->source == LK_SOURCE_PASS ? "/pass/" : "/booking/";
  return slash != NULL && record->key_len - (gsize) (slash - record->key) > strlen (word)
         && memcmp (slash, word, strlen (word)) == 0;
}

static gpointer
standing_decode (const LkRecord *record, gpointer data, GError **error)
{
  Space *space = data;
  g_auto (LkCommand) command = { 0 };

  if (!is_ours (space->worker, record))
    return NULL;
  if (!lk_command_parse (&command, record->value, record->value_len, error))
    return NULL;
  return standing_new (&command, record->timestamp);
}

static int
standing_compare (gconstpointer a, gconstpointer b)
{
  return lk_version_compare (((const Standing *) a)->version, ((const Standing *) b)->version);
}

static void
commands_overruled (LkTable *table, gint32 partition, const char *key, gpointer entry,
                    gpointer data)
{
  Space *space = data;
  Partition *part = &space->partitions[partition];

  g_hash_table_add (part->overruled, g_strdup (key));
  lk_warning (LK_F (.space = space->config->code, .topic = lk_table_topic (table),
                    .partition = partition, .event = "command_overruled"),
              "a former owner wrote late over a newer command; deciding it again");
  worker_restart_reading (part, "overruled");
}

static void
commands_loaded (LkTable *table, gint32 partition, gpointer data)
{
  Space *space = data;

  worker_start_reading (&space->partitions[partition]);
}

const LkTableOps worker_commands_ops = {
  .decode = standing_decode,
  .free_entry = g_free,
  .compare = standing_compare,
  .overruled = commands_overruled,
  .rejected = worker_table_rejected,
  .loaded = commands_loaded,
};

/* --- writing ---------------------------------------------------------------------------------- */

/* What a record caused is durable, or has to be caused again. */
void
worker_settled (gint64 offset, const GError *error, gpointer data)
{
  Ack *ack = data;
  Partition *part = ack->part;
  gint64 caused_by = lk_progress_offset (part->progress, ack->ticket);

  if (error == NULL)
    {
      lk_progress_end (part->progress, ack->ticket);
    }
  else if (caused_by >= 0)
    {
      lk_warning (LK_F (.space = part->space->config->code, .topic = part->space->input_topic,
                        .partition = part->partition, .offset = caused_by, .error = error,
                        .event = "write_failed"),
                  "a command was not acknowledged; deciding again from that record");
      if (part->redo_from < 0 || caused_by < part->redo_from)
        part->redo_from = caused_by;
    }
  g_free (ack);
}

static void
published (gint64 offset, const GError *error, gpointer data)
{
  ((Ack *) data)->part->written += error == NULL;
  worker_settled (offset, error, data);
}

Ack *
worker_ack_new (Partition *part, gint64 offset)
{
  Ack *ack = g_new (Ack, 1);

  *ack = (Ack){ part, lk_progress_begin (part->progress, offset) };
  return ack;
}

/* STANDING NULL: a tombstone. */
static void
publish (Partition *part, const LkRecord *record, const char *key, const char *value, gsize len,
         Standing *standing, const LkHeaders *headers)
{
  g_autoptr (GError) error = NULL;
  Ack *ack = worker_ack_new (part, record->offset);

  if (lk_table_put_entry (part->space->commands, part->partition, key, value, len, standing,
                          headers, published, ack, &error))
    return;
  worker_settled (-1, error, ack);
}

static void
fill_headers (Partition *part, const LkRecord *record, const LkCommand *command, const char *key,
              guint64 digest, LkHeaders *headers)
{
  const char *parent;
  gsize len;

  headers->type = lk_command_type (command);
  headers->source = part->space->ce_source;
  headers->time = lk_clock_wall (part->space->worker->clock);
  g_strlcpy (headers->subject, key, sizeof headers->subject);
  lk_headers_id (headers, headers->type, key, command->version.revision, command->version.rules,
                 digest);
  headers->traceparent[0] = '\0';
  if (lk_record_header (record, "traceparent", &parent, &len))
    lk_trace_child (headers->traceparent, parent, len, part->space->ce_source);
  if (headers->traceparent[0] == '\0')
    lk_trace_start (headers->traceparent, key, command->version.revision);
}

void
worker_publish_if_different (Partition *part, const LkRecord *record, const LkCommand *command)
{
  Worker *worker = part->space->worker;
  g_autofree Standing *decided = standing_new (command, lk_clock_wall (worker->clock));
  char key[LK_KEY_MAX];
  gboolean forced = FALSE;

  (void) lk_command_key (command, key); /* the length: the key is text */
  const Standing *stands = lk_table_get (part->space->commands, part->partition, key);
  if (g_hash_table_size (part->overruled) > 0)
    forced = g_hash_table_remove (part->overruled, key);
  if (stands == NULL)
    {
      /* That nothing is given is said all the same, for as long as a command that says so is kept:
       * rights may be held for one that was lost. */
      if (!decided->gives && !forced && record->timestamp < decided->written_at - EMPTY_MS)
        return;
    }
  else
    {
      if (lk_version_compare (decided->version, stands->version) < 0)
        return;
      /* A newer revision is published even when it decides the same: the version is the fence that
       * keeps what an older snapshot says from coming back. New rules alone are not. */
      if (decided->digest == stands->digest && decided->version.revision == stands->version.revision
          && !forced)
        return;
    }

  LkHeaders headers;
  fill_headers (part, record, command, key, decided->digest, &headers);
  g_string_truncate (worker->text, 0);
  lk_command_write (command, worker->text);
  publish (part, record, key, worker->text->str, worker->text->len, g_steal_pointer (&decided),
           &headers);
}

void
worker_publish_tombstone (Partition *part, const LkRecord *record, const char *key)
{
  if (lk_table_get (part->space->commands, part->partition, key) != NULL)
    publish (part, record, key, NULL, 0, NULL, NULL);
}

typedef struct
{
  Partition *part;
  LkTime before;
  GPtrArray *keys;
} Sweep;

static void
sweep_entry (LkTable *table, gint32 partition, const char *key, gpointer entry, gpointer data)
{
  const Standing *standing = entry;
  Sweep *sweep = data;

  if (lk_table_owns (table, partition) && !standing->gives && standing->written_at < sweep->before)
    {
      g_ptr_array_add (sweep->keys, g_strdup_printf ("%d", partition));
      g_ptr_array_add (sweep->keys, g_strdup (key));
    }
}

void
worker_sweep (Worker *worker)
{
  for (guint i = 0; i < worker->spaces->len; i++)
    {
      Space *space = worker->spaces->pdata[i];
      g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (g_free);
      Sweep all = { NULL, lk_clock_wall (worker->clock) - EMPTY_MS, keys };

      lk_table_foreach (space->commands, sweep_entry, &all);
      for (guint k = 0; k + 1 < keys->len; k += 2)
        /* A failure leaves it for the next sweep. */
        (void) lk_table_put (space->commands, (gint32) atoi (keys->pdata[k]), keys->pdata[k + 1],
                             NULL, 0, NULL, NULL, NULL, NULL);
    }
}
