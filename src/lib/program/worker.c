/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The shared worker. Per space it follows `rules` and, for the partitions it owns, `commands`;
 * when both are loaded it reads the snapshots from the beginning, decides each, and publishes what
 * differs from what stands. Restart, new rules and rebalance are this same turn (design §1).
 *
 * Of each standing command it keeps the version and a digest, not the text: a million passes fit in
 * a hundred megabytes. When a late record of a former owner overrules a winner, the winner's text
 * is therefore decided again from its snapshot instead of being written from memory.
 */
#include <latchkey/program/worker.h>

#include "progress.h"

#include <latchkey/base/metrics.h>

#define KEEP_MS LK_DAY               /* a table away longer is read anew (design §5) */
#define EMPTY_MS (30 * LK_DAY)       /* what has given nothing for so long is tombstoned */
#define SWEEP_MS LK_HOUR

typedef struct _Worker Worker;
typedef struct _Space Space;

/* What stands for one source. */
typedef struct
{
  LkVersion version;
  guint64 digest;
  LkTime written_at;
  gboolean gives;
} Standing;

typedef struct
{
  Space *space;
  gint32 partition;
  gboolean owned, reading;
  gint64 committed;      /* of the group; only moves on */
  LkProgress *progress;
  gint64 redo_from;      /* -1, or a write failed at this offset: read again from there */
  GHashTable *overruled; /* keys whose winner must be published again */
  guint64 records, written; /* since the last turn, for the metrics */

  /* Where reading stopped when the partition went away, and under which rules. */
  gint64 kept_offset, kept_rules, kept_at;
} Partition;

struct _Space
{
  Worker *worker;
  const LkConfigSpace *config;
  char *input_topic;
  char *ce_source;
  LkTable *rules_table, *commands;
  const LkRules *rules; /* owned by rules_table */
  Partition *partitions;
};

struct _Worker
{
  const LkWorkerSpec *spec;
  LkProgram *program;
  LkProducer *producer;
  LkReader *reader;
  const LkClock *clock;
  GPtrArray *spaces; /* Space* */
  GString *text;     /* scratch of the value being written */
  LkTimer *sweep;
  gboolean stopping;
};

typedef struct
{
  Partition *part;
  guint64 ticket;
} Ack;

static void restart_reading (Partition *part, const char *why);

/* --- what stands ---------------------------------------------------------------------------- */

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
  restart_reading (part, "overruled");
}

static void
table_rejected (LkTable *table, const LkRecord *record, const GError *error, gpointer data)
{
  Space *space = data;

  /* Commands and rules have other owners for the rejects topic's sake: a worker rejects only what
   * it reads as its input. */
  lk_warning (LK_F (.space = space->config->code, .topic = record->topic,
                    .partition = record->partition, .offset = record->offset, .error = error,
                    .event = "record_ignored"),
              "can't understand this record; what stood before still stands");
}

/* --- publishing ------------------------------------------------------------------------------ */

/* What a record caused is durable, or has to be caused again. */
static void
settled (gint64 offset, const GError *error, gpointer data)
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
  settled (offset, error, data);
}

static Ack *
ack_new (Partition *part, gint64 offset)
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
  Ack *ack = ack_new (part, record->offset);

  if (lk_table_put_entry (part->space->commands, part->partition, key, value, len, standing,
                          headers, published, ack, &error))
    return;
  settled (-1, error, ack);
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

static void
publish_if_different (Partition *part, const LkRecord *record, const LkCommand *command)
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
      if (!decided->gives && !forced)
        return;
    }
  else
    {
      if (lk_version_compare (decided->version, stands->version) < 0)
        return;
      /* A newer revision is published even when it decides the same: the version is the fence that
       * keeps what an older snapshot says from coming back. New rules alone are not. */
      if (decided->digest == stands->digest
          && decided->version.revision == stands->version.revision && !forced)
        return;
    }

  LkHeaders headers;
  fill_headers (part, record, command, key, decided->digest, &headers);
  g_string_truncate (worker->text, 0);
  lk_command_write (command, worker->text);
  publish (part, record, key, worker->text->str, worker->text->len, g_steal_pointer (&decided),
           &headers);
}

/* --- reading --------------------------------------------------------------------------------- */

static void
reject (Partition *part, const LkRecord *record, const GError *error)
{
  Space *space = part->space;

  lk_program_reject (space->worker->program, record, space->config->code, part->committed, error,
                     settled, ack_new (part, record->offset));
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

static void
input_tombstone (Partition *part, const LkRecord *record)
{
  static const char *const words[] = { NULL, "pass", "booking" };
  g_autoptr (GError) error = NULL;
  char key[LK_KEY_MAX];
  const char *rest;
  gint64 member;

  if (!lk_key_parse (record->key, record->key_len, &member, &rest, &error))
    {
      reject (part, record, error);
      return;
    }
  const char *word = words[part->space->worker->spec->source];
  if (word == NULL)
    g_snprintf (key, sizeof key, "%" G_GINT64_FORMAT, member);
  else
    g_snprintf (key, sizeof key, "%" G_GINT64_FORMAT "/%s/%.*s", member, word,
                rest == NULL ? 0 : (int) (record->key_len - (gsize) (rest - record->key)),
                rest == NULL ? "" : rest);
  if (lk_table_get (part->space->commands, part->partition, key) != NULL)
    publish (part, record, key, NULL, 0, NULL, NULL);
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
  publish_if_different (part, record, &command);
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

static void
stop_reading (Partition *part)
{
  if (!part->reading)
    return;
  lk_reader_unfollow (part->space->worker->reader, part->space->input_topic, part->partition);
  part->reading = FALSE;
}

/* Reads the input when all it is decided from is there. */
static void
start_reading (Partition *part)
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

static void
restart_reading (Partition *part, const char *why)
{
  if (!part->reading)
    {
      part->kept_offset = -1;
      start_reading (part);
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

static void
commands_loaded (LkTable *table, gint32 partition, gpointer data)
{
  Space *space = data;

  start_reading (&space->partitions[partition]);
}

/* --- rules ----------------------------------------------------------------------------------- */

static gpointer
rules_decode (const LkRecord *record, gpointer data, GError **error)
{
  LkRules *rules = lk_rules_parse (record->value, record->value_len, error);

  if (rules != NULL && rules->decider > LK_DECIDER)
    {
      (void) lk_fail (error, LK_ERROR_REJECT,
                      "rules are for decider %" G_GINT64_FORMAT
                      ", this worker has %d: install the newer release",
                      rules->decider, LK_DECIDER);
      g_clear_pointer (&rules, lk_rules_free);
    }
  return rules;
}

static void
rules_free_entry (gpointer entry)
{
  lk_rules_free (entry);
}

static int
rules_compare (gconstpointer a, gconstpointer b)
{
  gint64 x = ((const LkRules *) a)->rules_version, y = ((const LkRules *) b)->rules_version;

  return x < y ? -1 : x > y;
}

static void
rules_changed (LkTable *table, gint32 partition, const char *key, gconstpointer old_entry,
               gpointer new_entry, gpointer data)
{
  Space *space = data;

  if (!g_str_equal (key, space->config->code))
    return;
  space->rules = new_entry;
  for (int p = 0; p < space->config->partitions; p++)
    {
      Partition *part = &space->partitions[p];
      if (new_entry == NULL)
        stop_reading (part);
      else if (part->owned)
        restart_reading (part, "new rules");
    }
}

/* --- ownership ------------------------------------------------------------------------------- */

static Partition *
find_partition (Worker *worker, const char *topic, gint32 partition)
{
  for (guint i = 0; i < worker->spaces->len; i++)
    {
      Space *space = worker->spaces->pdata[i];
      if (g_str_equal (space->input_topic, topic) && partition >= 0
          && partition < space->config->partitions)
        return &space->partitions[partition];
    }
  return NULL;
}

static void
assigned (const char *topic, gint32 partition, gint64 committed, gpointer data)
{
  Partition *part = find_partition (data, topic, partition);

  if (part == NULL)
    return;
  part->owned = TRUE;
  part->committed = MAX (part->committed, committed);
  lk_table_follow (part->space->commands, partition);
  lk_table_own (part->space->commands, partition, TRUE);
  start_reading (part);
}

static void
revoked (const char *topic, gint32 partition, gboolean lost, gpointer data)
{
  Partition *part = find_partition (data, topic, partition);
  Worker *worker = data;

  if (part == NULL || !part->owned)
    return;
  if (part->reading && part->space->rules != NULL)
    {
      part->kept_offset = lk_progress_position (
          part->progress, lk_reader_position (worker->reader, topic, partition));
      part->kept_rules = part->space->rules->rules_version;
      part->kept_at = lk_clock_steady (worker->clock);
      if (!lost && part->kept_offset >= 0 && lk_progress_pending (part->progress) == 0)
        lk_ownership_commit (lk_program_ownership (worker->program), topic, partition,
                             part->kept_offset);
    }
  stop_reading (part);
  part->owned = FALSE;
  lk_table_own (part->space->commands, partition, FALSE);
  if (lost)
    lk_progress_reset (part->progress);
}

static gboolean
released (const char *topic, gint32 partition, gpointer data)
{
  Partition *part = find_partition (data, topic, partition);

  if (part == NULL)
    return TRUE;
  if (lk_progress_pending (part->progress) > 0)
    return FALSE;
  lk_table_stop (part->space->commands, partition);
  return TRUE;
}

/* --- a turn ---------------------------------------------------------------------------------- */

static void
partition_turn (Partition *part)
{
  Worker *worker = part->space->worker;

  if (part->records > 0)
    {
      lk_metric_add (LK_M_RECORDS_READ, (double) part->records, part->space->config->code,
                     lk_kind_name (worker->spec->input), NULL);
      part->records = 0;
    }
  if (part->written > 0)
    {
      lk_metric_add (LK_M_RECORDS_WRITTEN, (double) part->written, part->space->config->code,
                     lk_kind_name (LK_KIND_COMMANDS), NULL);
      part->written = 0;
    }
  if (!part->reading)
    return;
  if (part->redo_from >= 0)
    {
      gint64 from = part->redo_from;
      part->redo_from = -1;
      lk_progress_reset (part->progress);
      lk_reader_seek (worker->reader, part->space->input_topic, part->partition, from);
      return;
    }

  gint64 next = lk_reader_position (worker->reader, part->space->input_topic, part->partition);
  gint64 done = next < 0 ? -1 : lk_progress_position (part->progress, next);
  if (done > part->committed)
    {
      part->committed = done;
      lk_ownership_commit (lk_program_ownership (worker->program), part->space->input_topic,
                           part->partition, done);
    }
}

/* Why the space can't be served just now, or NULL. Free with g_free. */
static char *
not_ready_reason (const Space *space)
{
  const char *trouble = lk_table_trouble (space->rules_table);

  if (trouble != NULL)
    return g_strdup_printf ("%s: %s", lk_table_topic (space->rules_table), trouble);
  if (!lk_table_is_all_loaded (space->rules_table))
    return g_strdup_printf ("%s: loading", lk_table_topic (space->rules_table));
  if (space->rules == NULL)
    return g_strdup_printf ("space %s has no rules this worker can use: run `latchkey rules apply`",
                            space->config->code);
  for (int p = 0; p < space->config->partitions; p++)
    if (space->partitions[p].owned && !space->partitions[p].reading)
      return g_strdup_printf ("%s/%d: loading", lk_table_topic (space->commands), p);
  return NULL;
}

static gboolean
worker_turn (gpointer state)
{
  Worker *worker = state;
  g_autofree char *reason = NULL;

  for (guint i = 0; i < worker->spaces->len; i++)
    {
      Space *space = worker->spaces->pdata[i];
      for (int p = 0; p < space->config->partitions; p++)
        partition_turn (&space->partitions[p]);
      if (reason == NULL)
        reason = not_ready_reason (space);
    }
  lk_program_not_ready (worker->program, "tables", reason);
  return FALSE;
}

/* Tombstones what has given nothing for 30 days; its snapshot, if any is left, decides the same
 * nothing and so publishes nothing. */
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

static void
sweep (gpointer data)
{
  Worker *worker = data;

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
  worker->sweep = lk_timers_add (lk_program_timers (worker->program), SWEEP_MS, sweep, worker);
}

/* --- life ------------------------------------------------------------------------------------ */

static const LkTableOps rules_ops = {
  .decode = rules_decode,
  .free_entry = rules_free_entry,
  .compare = rules_compare,
  .changed = rules_changed,
  .rejected = table_rejected,
};

static const LkTableOps commands_ops = {
  .decode = standing_decode,
  .free_entry = g_free,
  .compare = standing_compare,
  .overruled = commands_overruled,
  .rejected = table_rejected,
  .loaded = commands_loaded,
};

static Space *
space_new (Worker *worker, const LkConfigSpace *config)
{
  const char *prefix = lk_kafka_prefix (lk_program_kafka (worker->program));
  g_autofree char *rules = lk_topic_name (prefix, LK_KIND_RULES, config->code);
  g_autofree char *commands = lk_topic_name (prefix, LK_KIND_COMMANDS, config->code);
  Space *space = g_new0 (Space, 1);

  space->worker = worker;
  space->config = config;
  space->input_topic = lk_topic_name (prefix, worker->spec->input, config->code);
  space->ce_source = g_strdup_printf ("/latchkey/%s/%s", worker->spec->program, config->code);
  space->partitions = g_new0 (Partition, (gsize) config->partitions);
  for (int p = 0; p < config->partitions; p++)
    {
      space->partitions[p] = (Partition){ .space = space,
                                          .partition = p,
                                          .committed = -1,
                                          .redo_from = -1,
                                          .kept_offset = -1,
                                          .progress = lk_progress_new () };
      space->partitions[p].overruled
          = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    }
  space->rules_table = lk_table_new (worker->reader, worker->producer, rules, 1, &rules_ops, space);
  space->commands = lk_table_new (worker->reader, worker->producer, commands, config->partitions,
                                  &commands_ops, space);
  lk_table_follow_all (space->rules_table);
  return space;
}

static void
space_free (gpointer data)
{
  Space *space = data;

  for (int p = 0; p < space->config->partitions; p++)
    {
      stop_reading (&space->partitions[p]);
      lk_progress_free (space->partitions[p].progress);
      g_hash_table_unref (space->partitions[p].overruled);
    }
  lk_table_free (space->commands);
  lk_table_free (space->rules_table);
  g_free (space->partitions);
  g_free (space->input_topic);
  g_free (space->ce_source);
  g_free (space);
}

static gpointer
worker_start (LkProgram *program, GError **error)
{
  Worker *worker = g_new0 (Worker, 1);
  const GPtrArray *spaces = lk_program_spaces (program);

  worker->spec = lk_program_data (program);
  worker->program = program;
  worker->producer = lk_program_producer (program);
  worker->reader = lk_program_reader (program);
  worker->clock = lk_program_clock (program);
  worker->text = g_string_sized_new (1024);
  worker->spaces = g_ptr_array_new_with_free_func (space_free);
  for (guint i = 0; i < spaces->len; i++)
    g_ptr_array_add (worker->spaces, space_new (worker, spaces->pdata[i]));
  worker->sweep = lk_timers_add (lk_program_timers (program), SWEEP_MS, sweep, worker);
  return worker;
}

static void
worker_stop (gpointer state)
{
  ((Worker *) state)->stopping = TRUE;
}

static gboolean
worker_stopped (gpointer state)
{
  Worker *worker = state;

  for (guint i = 0; i < worker->spaces->len; i++)
    {
      Space *space = worker->spaces->pdata[i];
      for (int p = 0; p < space->config->partitions; p++)
        if (lk_progress_pending (space->partitions[p].progress) > 0)
          return FALSE;
    }
  return TRUE;
}

static void
worker_free (gpointer state)
{
  Worker *worker = state;

  lk_timers_cancel (lk_program_timers (worker->program), worker->sweep);
  g_ptr_array_unref (worker->spaces);
  g_string_free (worker->text, TRUE);
  g_free (worker);
}

int
lk_worker_run (const LkWorkerSpec *spec, int argc, char **argv)
{
  const LkTopicUse topics[] = {
    { spec->input, LK_USE_READ | LK_USE_OWN },
    { LK_KIND_RULES, LK_USE_READ },
    { LK_KIND_COMMANDS, LK_USE_READ | LK_USE_WRITE },
    { LK_KIND_REJECTS, LK_USE_WRITE },
    { LK_KIND_COUNT_, 0 },
  };
  const LkProgramSpec program = {
    .name = spec->name,
    .program = spec->program,
    .summary = spec->summary,
    .scope = LK_SCOPE_SPACES,
    .topics = topics,
    .data = spec,
    .start = worker_start,
    .turn = worker_turn,
    .stop = worker_stop,
    .stopped = worker_stopped,
    .free = worker_free,
    .ownership = { assigned, revoked, released },
  };

  return lk_program_run (&program, argc, argv);
}
