/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The shared worker. Per space it follows `rules` and, for the partitions it owns, `commands`;
 * when both are loaded it reads the snapshots from the beginning, decides each, and publishes what
 * differs from what stands. Restart, new rules and rebalance are this same turn (design §1). What
 * is read is in worker_input.c, what is written in worker_publish.c; here are rules, ownership, the
 * turn and the life.
 */
#include "worker_internal.h"

#include <latchkey/base/metrics.h>

/* Of the 50 ms that a change may take beside polls and calls; a million snapshots take a third less
 * CPU time with it (bench workers). */
#define LINGER_MS 5

void
worker_table_rejected (LkTable *table, const LkRecord *record, const GError *error, gpointer data)
{
  Space *space = data;

  lk_warning (LK_F (.space = space->config->code, .topic = record->topic,
                    .partition = record->partition, .offset = record->offset, .error = error,
                    .event = "record_ignored"),
              "can't understand this record; what stood before still stands");
  /* Set aside once, when it comes: what is met while the table is read was met before. */
  if (table == space->commands && lk_table_owns (table, record->partition)
      && lk_table_is_loaded (table, record->partition))
    lk_program_reject (space->worker->program, record, space->config->code, 0, error, NULL, NULL);
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
        worker_stop_reading (part);
      else if (part->owned)
        worker_restart_reading (part, "new rules");
    }
}

static const LkTableOps rules_ops = {
  .decode = rules_decode,
  .free_entry = rules_free_entry,
  .compare = rules_compare,
  .changed = rules_changed,
  .rejected = worker_table_rejected,
};

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
  worker_start_reading (part);
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
  worker_stop_reading (part);
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

static void
sweep (gpointer data)
{
  Worker *worker = data;

  worker_sweep (worker);
  worker->sweep = lk_timers_add (lk_program_timers (worker->program), SWEEP_MS, sweep, worker);
}

/* --- life ------------------------------------------------------------------------------------ */

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
                                  &worker_commands_ops, space);
  lk_table_follow_all (space->rules_table);
  return space;
}

static void
space_free (gpointer data)
{
  Space *space = data;

  for (int p = 0; p < space->config->partitions; p++)
    {
      worker_stop_reading (&space->partitions[p]);
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
    .linger_ms = LINGER_MS,
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
