/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The producer, played: records go out in the order in which they were sent, each is appended and
 * then acknowledged, and either may fail (weather.h).
 */
#include "process.h"

#include "owners.h"

#define TIMEOUT_MS (20 * LK_SECOND) /* a record that is not acknowledged is given up */

typedef enum
{
  MESSAGE_FINE,
  MESSAGE_LOST,    /* never appended, given up */
  MESSAGE_UNKNOWN, /* appended, but given up */
} Fate;

typedef struct
{
  LkProducer *producer;
  SimLog *log;
  char *key, *value;
  gsize key_len, value_len;
  LkAckFunc func;
  gpointer data;
  Fate fate;
  LkTime append_at, report_at;
  gint64 offset;
  gboolean appended;
} Message;

struct _LkProducer
{
  SimProcess *process;
  GQueue out;    /* Message* not yet appended, in order */
  GQueue unsaid; /* Message* whose report the process has not seen, in order */
  guint sent;    /* while it is paused: so many of OUT are on the wire already */
  gboolean dead, paused;
};

static void
append (LkProducer *producer, Message *message)
{
  SimWorld *world = producer->process->world;

  message->appended = TRUE;
  if (message->fate == MESSAGE_LOST)
    {
      sim_count (world, SIM_FAULT_WRITE_LOST);
      return;
    }
  sim_note (world, "process %u  writes %s %s = %s%s", producer->process->index,
            sim_log_topic (message->log), message->key,
            message->value == NULL ? "(tombstone)" : message->value,
            message->fate == MESSAGE_UNKNOWN ? "  [will not be acknowledged]" : "");
  if (message->fate == MESSAGE_UNKNOWN)
    sim_count (world, SIM_FAULT_WRITE_UNKNOWN);
  if (!sim_owners_has (world->owners, producer->process))
    sim_count (world, SIM_FAULT_LATE_WRITE);
  message->offset = sim_log_append (message->log, message->key, message->key_len, message->value,
                                    message->value_len);
}

/* Appends what is due. */
static void
flow (gpointer data)
{
  LkProducer *producer = data;
  LkTime now = producer->process->world->now;

  while (producer->out.length > 0)
    {
      Message *message = g_queue_peek_head (&producer->out);

      if (message->append_at > now)
        return;
      if (producer->paused || producer->dead)
        {
          if (producer->sent == 0)
            return;
          producer->sent--;
        }
      (void) g_queue_pop_head (&producer->out);
      append (producer, message);
    }
}

static void
reported (gpointer data)
{
  sim_process_stir (((LkProducer *) data)->process, 0);
}

static Fate
fate_of (LkProducer *producer, const char *key)
{
  SimWorld *world = producer->process->world;
  guint hash = g_str_hash (key);

  if (sim_chance (world, world->weather[WEATHER_WRITE_LOST], "write lost", hash, 0))
    return MESSAGE_LOST;
  if (sim_chance (world, world->weather[WEATHER_WRITE_UNKNOWN], "write unknown", hash, 0))
    return MESSAGE_UNKNOWN;
  return MESSAGE_FINE;
}

gboolean
lk_producer_send (LkProducer *producer, const char *topic, gint32 partition, const char *key,
                  gsize key_len, const char *value, gsize value_len, const LkHeaders *headers,
                  LkAckFunc func, gpointer data, GError **error)
{
  SimWorld *world = producer->process->world;
  Message *message;
  const Message *before = g_queue_peek_tail (&producer->out);
  gint64 delay;

  (void) headers;
  if (producer->dead)
    return lk_fail (error, LK_ERROR_RETRY, "%s: the process is dead", topic);
  message = g_new0 (Message, 1);
  message->producer = producer;
  message->log = sim_broker_log (world->broker, topic, partition);
  message->key = g_strndup (key, key_len);
  message->key_len = key_len;
  message->value = value == NULL ? NULL : g_strndup (value, value_len);
  message->value_len = value_len;
  message->func = func;
  message->data = data;
  message->offset = -1;
  message->fate = fate_of (producer, message->key);
  delay = 1 + sim_throw (world, 10, "append", g_str_hash (message->key), 0);
  if (sim_chance (world, world->weather[WEATHER_WRITE_SLOW], "write slow",
                  g_str_hash (message->key), 0))
    {
      sim_count (world, SIM_FAULT_WRITE_SLOW);
      delay += 1000 + sim_throw (world, 9000, "how slow", g_str_hash (message->key), 0);
    }
  message->append_at = world->now + delay;
  if (before != NULL)
    message->append_at = MAX (message->append_at, before->append_at);
  message->report_at
      = message->fate == MESSAGE_FINE
            ? message->append_at + 1 + sim_throw (world, 10, "report", g_str_hash (message->key), 0)
            : world->now + TIMEOUT_MS;
  g_queue_push_tail (&producer->out, message);
  g_queue_push_tail (&producer->unsaid, message);
  sim_after (world, message->append_at - world->now, flow, producer);
  sim_after (world, MAX (message->report_at, message->append_at) - world->now, reported, producer);
  return TRUE;
}

guint
lk_producer_pending (const LkProducer *producer)
{
  return producer->unsaid.length;
}

gboolean
lk_producer_is_full (const LkProducer *producer)
{
  (void) producer;
  return FALSE;
}

/* --- what its process calls ------------------------------------------------------------------- */

LkProducer *
sim_producer_new (SimProcess *process)
{
  LkProducer *producer = g_new0 (LkProducer, 1);

  producer->process = process;
  g_queue_init (&producer->out);
  g_queue_init (&producer->unsaid);
  return producer;
}

gboolean
sim_producer_turn (LkProducer *producer)
{
  LkTime now = producer->process->world->now;
  gboolean something = FALSE;
  GList *link = producer->unsaid.head;

  while (link != NULL)
    {
      Message *message = link->data;
      GList *next = link->next;

      if (message->appended && message->report_at <= now)
        {
          g_autoptr (GError) error = NULL;
          g_queue_delete_link (&producer->unsaid, link);
          if (message->fate != MESSAGE_FINE)
            (void) lk_fail (&error, LK_ERROR_UNKNOWN, "the record was not acknowledged in time");
          if (message->func != NULL)
            message->func (error == NULL ? message->offset : -1, error, message->data);
          g_free (message->key);
          g_free (message->value);
          g_free (message);
          something = TRUE;
          /* It may have sent more, at the end. */
          next = producer->unsaid.head;
        }
      link = next;
    }
  return something;
}

/* Of what is not appended yet, the first few are on the wire. */
static void
stop_sending (LkProducer *producer)
{
  producer->sent = sim_throw (producer->process->world, producer->out.length + 1, "on the wire",
                              producer->process->index, 0);
}

void
sim_producer_kill (LkProducer *producer)
{
  stop_sending (producer);
  if (producer->sent < producer->out.length)
    sim_count (producer->process->world, SIM_FAULT_CRASH_UNWRITTEN);
  producer->dead = TRUE;
}

void
sim_producer_pause (LkProducer *producer)
{
  stop_sending (producer);
  producer->paused = TRUE;
}

void
sim_producer_wake (LkProducer *producer)
{
  producer->paused = FALSE;
  flow (producer);
  sim_process_stir (producer->process, 0);
}
