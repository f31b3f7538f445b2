/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The snapshots of a partition, from the record to the decision: read from the beginning when rules
 * and standing commands are there, decided each, handed on to be published.
 */
#include "worker_internal.h"

#include <string.h>

static void
reject (Partition *part, const LkRecord *record, const GError *error)
{
  Space *space = part->space;

  lk_program_reject (space->worker->program, record, space->config->code, part->committed, error,
                     worker_settled, worker_ack_new (part, record->offset));
}

/* The record key that COMMAND's snapshot must have: "<member>" or "<member>/<id>". */
static gboolean
key_fits (const LkRecord *record, const LkCommand *command, GError **error)
{
  char key[LK_KEY_MAX];

  if (command->kind == LK_SOURCE_MEMBER)
    g_snprintf (key, sizeof key, "%" G_GINT64_FORMAT, command->member);
  else
    g_snprintf (key, sizeof key, "%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT, command->member,
                command->source_id);
  if (strlen (key) == record->key_len && memcmp (key, record->key, record->key_len) == 0)
    return TRUE;
  return lk_fail (error, LK_ERROR_REJECT, "record key: expected '%s' from the value, got '%.*s'",
                  key, (int) MIN (record->key_len, 64), record->key);
}

/* Of a tombstone's record KEY the key of its command. FALSE (REJECT): no snapshot has such a key. */
static gboolean
command_key_of (const Partition *part, const LkRecord *record, char key[LK_KEY_MAX], GError **error)
{
  static const char *const words[] = { NULL, "pass", "booking" };
  const char *word = words[part->space->worker->spec->source], *rest, *more = NULL;
  gint64 member, id;

  if (!lk_key_parse (record->key, record->key_len, &member, &rest, error))
    return FALSE;
  if ((word == NULL) != (rest == NULL))
    return lk_fail (error, LK_ERROR_REJECT, "record key: expected '<member>%s'",
                    word == NULL ? "" : "/<id>");
  if (word == NULL)
    {
      g_snprintf (key, LK_KEY_MAX, "%" G_GINT64_FORMAT, member);
      return TRUE;
    }
  if (!lk_key_parse (rest, record->key_len - (gsize) (rest - record->key), &id, &more, NULL)
      || more != NULL)
    return lk_fail (error, LK_ERROR_REJECT, "record key: expected '<member>/<id>'");
  g_snprintf (key, LK_KEY_MAX, "%" G_GINT64_FORMAT "/%s/%" G_GINT64_FORMAT, member, word, id);
  return TRUE;
}

static void
input_tombstone (Partition *part, const LkRecord *record)
{
  g_autoptr (GError) error = NULL;
  char key[LK_KEY_MAX];

  if (command_key_of (part, record, key, &error))
    worker_publish_tombstone (part, record, key);
  else
    reject (part, record, error);
}

static void
input_record (const LkRecord *record, gpointer data)
{
  Partition *part = data;
  Space *space = part->space;
  g_autoptr (GError) error = NULL;
  g_auto (LkCommand) command = { 0 };

  if (part->redo_from >= 0 || space->rules == NULL)
    return; /* reading goes back in this turn of the program */
  part->records++;
  if (record->value == NULL)
    {
      input_tombstone (part, record);
      return;
    }
  if (!space->worker->spec->decide (record->value, record->value_len, space->rules, &command,
                                    &error)
      || !key_fits (record, &command, &error))
    {
      reject (part, record, error);
      return;
    }
  if (!g_str_equal (command.space, space->config->code))
    {
      (void) lk_fail (&error, LK_ERROR_REJECT, "space: '%s' in a topic of '%s'", command.space,
                      space->config->code);
      reject (part, record, error);
      return;
    }
  worker_publish_if_different (part, record, &command);
}

static void
input_at_end (const char *topic, gint32 partition, gpointer data)
{
  Partition *part = data;

  if (g_hash_table_size (part->overruled) == 0)
    return;
  lk_warning (LK_F (.space = part->space->config->code, .topic = topic, .partition = partition,
                    .event = "overruled_without_snapshot"),
              "%u overruled commands have no snapshot; they stay as they stand in the log",
              g_hash_table_size (part->overruled));
  g_hash_table_remove_all (part->overruled);
}

static const LkReaderHandler input_handler = { .record = input_record, .at_end = input_at_end };

void
worker_stop_reading (Partition *part)
{
  if (!part->reading)
    return;
  lk_reader_unfollow (part->space->worker->reader, part->space->input_topic, part->partition);
  part->reading = FALSE;
}

/* Reads the input when all it is decided from is there. */
void
worker_start_reading (Partition *part)
{
  Space *space = part->space;
  Worker *worker = space->worker;
  gint64 from = LK_OFFSET_BEGINNING;

  if (!part->owned || part->reading || worker->stopping || space->rules == NULL
      || !lk_table_is_loaded (space->commands, part->partition))
    return;
  if (part->kept_offset >= 0 && part->kept_rules == space->rules->rules_version
      && lk_clock_steady (worker->clock) - part->kept_at < KEEP_MS)
    from = part->kept_offset;
  part->kept_offset = -1;
  part->redo_from = -1;
  lk_progress_reset (part->progress);
  lk_reader_follow (worker->reader, space->input_topic, part->partition, from, &input_handler,
                    part);
  part->reading = TRUE;
  lk_info (LK_F (.space = space->config->code, .topic = space->input_topic,
                 .partition = part->partition, .event = "reading"),
           "deciding %s with rules %" G_GINT64_FORMAT,
           from == LK_OFFSET_BEGINNING ? "everything from the beginning" : "on from where it was",
           space->rules->rules_version);
}

void
worker_restart_reading (Partition *part, const char *why)
{
  if (!part->reading)
    {
      part->kept_offset = -1;
      worker_start_reading (part);
      return;
    }
  lk_debug (LK_F (.space = part->space->config->code, .topic = part->space->input_topic,
                  .partition = part->partition, .event = "reading_again"),
            "deciding everything again: %s", why);
  part->redo_from = -1;
  lk_progress_reset (part->progress);
  lk_reader_seek (part->space->worker->reader, part->space->input_topic, part->partition,
                  LK_OFFSET_BEGINNING);
}
