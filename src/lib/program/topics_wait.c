/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Asks for one topic after the other; starts over a while after the first that is not as it should
 * be, since a wrong partition count would send a member's records where nobody looks for them.
 */
#include "topics_wait.h"

#define AGAIN_MS 2000

struct _LkTopicsWait
{
  LkKafka *kafka;
  LkTimers *timers;
  LkTimer *timer;
  GHashTable *expected;
  GPtrArray *todo; /* borrowed names still to be asked for in this round */
  char *reason;
  gboolean over;
};

static void ask_next (LkTopicsWait *wait);

static void
again (gpointer data)
{
  LkTopicsWait *wait = data;
  GHashTableIter iter;
  gpointer topic;

  wait->timer = NULL;
  g_ptr_array_set_size (wait->todo, 0);
  g_hash_table_iter_init (&iter, wait->expected);
  while (g_hash_table_iter_next (&iter, &topic, NULL))
    g_ptr_array_add (wait->todo, topic);
  ask_next (wait);
}

static void
not_yet (LkTopicsWait *wait, char *reason)
{
  g_free (wait->reason);
  wait->reason = reason;
  wait->timer = lk_timers_add (wait->timers, AGAIN_MS, again, wait);
}

static void
answered (const char *topic, int partitions, const GError *error, gpointer data)
{
  LkTopicsWait *wait = data;
  int expected = GPOINTER_TO_INT (g_hash_table_lookup (wait->expected, topic));

  if (error != NULL)
    not_yet (wait, g_strdup (error->message));
  else if (partitions == 0)
    not_yet (wait, g_strdup_printf ("topic %s does not exist: run `latchkey topics apply`", topic));
  else if (partitions != expected)
    not_yet (wait, g_strdup_printf ("topic %s has %d partitions, the configuration says %d: they "
                                    "are chosen once, so set `partitions` to what the topic has",
                                    topic, partitions, expected));
  else
    {
      g_ptr_array_set_size (wait->todo, (int) wait->todo->len - 1);
      ask_next (wait);
    }
}

static void
ask_next (LkTopicsWait *wait)
{
  if (wait->todo->len == 0)
    {
      g_clear_pointer (&wait->reason, g_free);
      wait->over = TRUE;
      return;
    }
  lk_kafka_ask_partitions (wait->kafka, wait->todo->pdata[wait->todo->len - 1], answered, wait);
}

LkTopicsWait *
lk_topics_wait_new (LkKafka *kafka, LkTimers *timers, GHashTable *expected)
{
  LkTopicsWait *wait = g_new0 (LkTopicsWait, 1);

  wait->kafka = kafka;
  wait->timers = timers;
  wait->expected = g_hash_table_ref (expected);
  wait->todo = g_ptr_array_new ();
  wait->reason = g_strdup ("asking the cluster for the topics");
  again (wait);
  return wait;
}

void
lk_topics_wait_free (LkTopicsWait *wait)
{
  if (wait == NULL)
    return;
  lk_timers_cancel (wait->timers, wait->timer);
  g_ptr_array_unref (wait->todo);
  g_hash_table_unref (wait->expected);
  g_free (wait->reason);
  g_free (wait);
}

gboolean
lk_topics_wait_is_over (const LkTopicsWait *wait)
{
  return wait->over;
}

const char *
lk_topics_wait_reason (const LkTopicsWait *wait)
{
  return wait->reason;
}
