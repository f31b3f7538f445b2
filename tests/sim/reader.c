/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The table reader, played: each partition is fetched on its own, so that what was written first to
 * one may be read after what was written last to another.
 */
#include "process.h"

#include "../../src/lib/kafka/internal.h"

#include <string.h>

typedef struct
{
  LkReader *reader;
  SimLog *log;
  const LkReaderHandler *handler;
  gpointer data;
  gint64 next;    /* offset to be handled next */
  gint64 fetched; /* what is before it may be handled */
  gint64 target;  /* at_end is due when next is there; -1: not known */
  gboolean due;   /* at_end is owed */
  guint asked;    /* number of the question after the end that counts */
  gboolean gone;  /* not followed any more; freed with the reader */
} Follow;

struct _LkReader
{
  SimProcess *process;
  GPtrArray *follows; /* Follow*, in the order in which they began */
  gboolean dead;
};

typedef struct
{
  Follow *follow;
  gint64 offset;
  guint asked;
} Fetch;

/* --- fetching --------------------------------------------------------------------------------- */

static void
fetched (gpointer data)
{
  g_autofree Fetch *fetch = data;
  Follow *follow = fetch->follow;

  if (follow->gone || follow->reader->dead || fetch->offset <= follow->fetched)
    return;
  follow->fetched = fetch->offset;
  sim_process_stir (follow->reader->process, 0);
}

static gint64
lag (const Follow *follow)
{
  SimWorld *world = follow->reader->process->world;
  gint64 index = follow->reader->process->index;
  guint topic = g_str_hash (sim_log_topic (follow->log)) + (guint) sim_log_partition (follow->log);

  if (world->ledger_lag > 0 && strstr (sim_log_topic (follow->log), "ledger") != NULL)
    return world->ledger_lag;
  if (sim_chance (world, 3, "lag", index, topic))
    {
      sim_count (world, SIM_FAULT_LAG);
      return 500 + sim_throw (world, 4500, "long lag", index, topic);
    }
  return 1 + sim_throw (world, 40, "short lag", index, topic);
}

static void
fetch_to (Follow *follow, gint64 offset)
{
  Fetch *fetch = g_new (Fetch, 1);

  *fetch = (Fetch){ follow, offset, 0 };
  sim_after (follow->reader->process->world, lag (follow), fetched, fetch);
}

static void
appended (SimLog *log, const SimRecord *record, gpointer data)
{
  LkReader *reader = data;

  for (guint i = 0; i < reader->follows->len; i++)
    {
      Follow *follow = reader->follows->pdata[i];
      if (follow->log == log && !follow->gone)
        fetch_to (follow, record->offset + 1);
    }
}

/* --- the end ---------------------------------------------------------------------------------- */

static void
end_told (gpointer data)
{
  g_autofree Fetch *fetch = data;
  Follow *follow = fetch->follow;

  if (follow->gone || follow->reader->dead || !follow->due || follow->asked != fetch->asked)
    return;
  follow->target = sim_log_end (follow->log);
  fetch_to (follow, follow->target);
  sim_process_stir (follow->reader->process, 0);
}

static void
ask_for_end (Follow *follow, gint64 delay)
{
  Fetch *fetch = g_new (Fetch, 1);

  follow->due = TRUE;
  follow->target = -1;
  *fetch = (Fetch){ follow, 0, ++follow->asked };
  sim_after (follow->reader->process->world, delay, end_told, fetch);
}

/* --- what a table calls ----------------------------------------------------------------------- */

static Follow *
find (const LkReader *reader, const char *topic, gint32 partition)
{
  SimLog *log = sim_broker_log (reader->process->world->broker, topic, partition);

  for (guint i = 0; i < reader->follows->len; i++)
    {
      Follow *follow = reader->follows->pdata[i];
      if (follow->log == log && !follow->gone)
        return follow;
    }
  return NULL;
}

LkKafka *
lk_reader_kafka (const LkReader *reader)
{
  return (LkKafka *) reader->process;
}

void
lk_reader_follow (LkReader *reader, const char *topic, gint32 partition, gint64 offset,
                  const LkReaderHandler *handler, gpointer data)
{
  Follow *follow = g_new0 (Follow, 1);

  g_assert (find (reader, topic, partition) == NULL);
  follow->reader = reader;
  follow->log = sim_broker_log (reader->process->world->broker, topic, partition);
  follow->handler = handler;
  follow->data = data;
  follow->next = follow->fetched = MAX (offset, 0);
  g_ptr_array_add (reader->follows, follow);
  ask_for_end (follow, 5);
}

void
lk_reader_unfollow (LkReader *reader, const char *topic, gint32 partition)
{
  Follow *follow = find (reader, topic, partition);

  if (follow != NULL)
    follow->gone = TRUE;
}

void
lk_reader_refresh (LkReader *reader, const char *topic, gint32 partition)
{
  ask_for_end (find (reader, topic, partition), 5);
}

void
lk_reader_check_later (LkReader *reader, const char *topic, gint32 partition)
{
  Follow *follow = find (reader, topic, partition);

  if (follow != NULL && !follow->due)
    ask_for_end (follow, LK_SECOND);
}

gint64
lk_reader_position (const LkReader *reader, const char *topic, gint32 partition)
{
  const Follow *follow = find (reader, topic, partition);

  return follow == NULL ? -1 : follow->next;
}

/* --- what its process calls ------------------------------------------------------------------- */

LkReader *
sim_reader_new (SimProcess *process)
{
  LkReader *reader = g_new0 (LkReader, 1);

  reader->process = process;
  reader->follows = g_ptr_array_new ();
  sim_broker_watch (process->world->broker, appended, reader);
  return reader;
}

void
sim_reader_free (LkReader *reader)
{
  /* Fetches on their way still point to it. */
  reader->dead = TRUE;
  sim_broker_unwatch (reader->process->world->broker, reader);
}

static gboolean
serve (Follow *follow)
{
  const SimRecord *record;
  gboolean something = FALSE;

  while (!follow->gone && follow->next < follow->fetched
         && (record = sim_log_from (follow->log, follow->next)) != NULL
         && record->offset < follow->fetched)
    {
      const LkRecord handed = { .topic = sim_log_topic (follow->log),
                                .partition = sim_log_partition (follow->log),
                                .offset = record->offset,
                                .timestamp = record->timestamp,
                                .key = record->key,
                                .key_len = record->key_len,
                                .value = record->value,
                                .value_len = record->value_len };
      follow->next = record->offset + 1;
      follow->handler->record (&handed, follow->data);
      something = TRUE;
    }
  follow->next = MAX (follow->next, follow->fetched);
  if (!follow->gone && follow->due && follow->target >= 0 && follow->next >= follow->target)
    {
      follow->due = FALSE;
      follow->handler->at_end (sim_log_topic (follow->log), sim_log_partition (follow->log),
                               follow->data);
      something = TRUE;
    }
  return something;
}

gboolean
sim_reader_turn (LkReader *reader)
{
  gboolean something = FALSE;

  for (guint i = 0; i < reader->follows->len; i++)
    if (!((Follow *) reader->follows->pdata[i])->gone)
      something |= serve (reader->follows->pdata[i]);
  return something;
}

void
sim_reader_reread (LkReader *reader, SimLog *log)
{
  Follow *follow = find (reader, sim_log_topic (log), sim_log_partition (log));

  if (follow == NULL)
    return;
  sim_count (reader->process->world, SIM_FAULT_REREAD);
  follow->next = follow->fetched = 0;
  ask_for_end (follow, 5);
  if (follow->handler->reset != NULL)
    follow->handler->reset (sim_log_topic (log), sim_log_partition (log), follow->data);
}
