/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Logs.
 */
#include "broker.h"

#include <string.h>

#define DELETE_RETENTION LK_DAY /* a tombstone is seen that long */
/* min.compaction.lag.ms of topics/: what an older version hides is written again before it can go.
 */
#define COMPACTION_LAG LK_MINUTE

struct _SimLog
{
  SimBroker *broker;
  char *topic;
  gint32 partition;
  GPtrArray *records; /* SimRecord* by offset */
  gint64 end;
};

typedef struct
{
  SimLogFunc func;
  gpointer data;
} Watcher;

struct _SimBroker
{
  SimWorld *world;
  GPtrArray *logs;
  GArray *watchers;
};

static void
record_free (gpointer data)
{
  SimRecord *record = data;

  g_free (record->key);
  g_free (record->value);
  g_free (record);
}

SimBroker *
sim_broker_new (SimWorld *world)
{
  SimBroker *broker = g_new0 (SimBroker, 1);

  broker->world = world;
  broker->logs = g_ptr_array_new ();
  broker->watchers = g_array_new (FALSE, FALSE, sizeof (Watcher));
  return broker;
}

SimLog *
sim_broker_log (SimBroker *broker, const char *topic, gint32 partition)
{
  SimLog *log;

  for (guint i = 0; i < broker->logs->len; i++)
    {
      log = broker->logs->pdata[i];
      if (log->partition == partition && g_str_equal (log->topic, topic))
        return log;
    }
  log = g_new0 (SimLog, 1);
  log->broker = broker;
  log->topic = g_strdup (topic);
  log->partition = partition;
  log->records = g_ptr_array_new_with_free_func (record_free);
  g_ptr_array_add (broker->logs, log);
  return log;
}

const char *
sim_log_topic (const SimLog *log)
{
  return log->topic;
}

gint32
sim_log_partition (const SimLog *log)
{
  return log->partition;
}

gint64
sim_log_end (const SimLog *log)
{
  return log->end;
}

const SimRecord *
sim_log_from (const SimLog *log, gint64 offset)
{
  guint low = 0, high = log->records->len;

  while (low < high)
    {
      guint middle = (low + high) / 2;
      if (((SimRecord *) log->records->pdata[middle])->offset < offset)
        low = middle + 1;
      else
        high = middle;
    }
  return low < log->records->len ? log->records->pdata[low] : NULL;
}

gint64
sim_log_append (SimLog *log, const char *key, gsize key_len, const char *value, gsize value_len)
{
  SimBroker *broker = log->broker;
  SimRecord *record = g_new (SimRecord, 1);

  *record = (SimRecord){ .offset = log->end++,
                         .timestamp = broker->world->now,
                         .key = g_strndup (key, key_len),
                         .key_len = key_len,
                         .value = value == NULL ? NULL : g_strndup (value, value_len),
                         .value_len = value_len };
  g_ptr_array_add (log->records, record);
  broker->world->result->records++;
  for (guint i = 0; i < broker->watchers->len; i++)
    {
      const Watcher *watcher = &g_array_index (broker->watchers, Watcher, i);
      watcher->func (log, record, watcher->data);
    }
  return record->offset;
}

void
sim_log_compact (SimLog *log)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  LkTime now = log->broker->world->now;
  guint end = 0; /* what follows is too young to be looked at */

  while (end < log->records->len
         && ((SimRecord *) log->records->pdata[end])->timestamp <= now - COMPACTION_LAG)
    end++;
  for (guint i = end; i > 0; i--)
    {
      const SimRecord *record = log->records->pdata[i - 1];
      gboolean is_newest = g_hash_table_add (seen, g_strdup (record->key));

      if (!is_newest || (record->value == NULL && record->timestamp < now - DELETE_RETENTION))
        g_ptr_array_remove_index (log->records, i - 1);
    }
}

void
sim_broker_watch (SimBroker *broker, SimLogFunc func, gpointer data)
{
  const Watcher watcher = { func, data };

  g_array_append_val (broker->watchers, watcher);
}

void
sim_broker_unwatch (SimBroker *broker, gpointer data)
{
  for (guint i = broker->watchers->len; i > 0; i--)
    if (g_array_index (broker->watchers, Watcher, i - 1).data == data)
      g_array_remove_index (broker->watchers, i - 1);
}

void
sim_broker_foreach (SimBroker *broker, void (*func) (SimLog *log, gpointer data), gpointer data)
{
  for (guint i = 0; i < broker->logs->len; i++)
    func (broker->logs->pdata[i], data);
}
