/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * A sorted sequence.
 */
#include "queue.h"

#define LOOK_MAX 512 /* behind so many that may not start it is not looked further in a turn */

struct _Queue
{
  GSequence *sequence; /* QueueItem* */
  guint64 number;
  guint lengths[PLAN_CLASSES];
};

Queue *
queue_new (void)
{
  Queue *queue = g_new0 (Queue, 1);

  queue->sequence = g_sequence_new (NULL);
  return queue;
}

void
queue_free (Queue *queue)
{
  if (queue == NULL)
    return;
  g_sequence_free (queue->sequence);
  g_free (queue);
}

static int
compare (gconstpointer a, gconstpointer b, gpointer data)
{
  const QueueItem *x = a, *y = b;

  (void) data;
  if (x->class != y->class)
    return x->class < y->class ? -1 : 1;
  if (x->due != y->due)
    return x->due < y->due ? -1 : 1;
  return x->number < y->number ? -1 : x->number > y->number;
}

void
queue_put (Queue *queue, QueueItem *item, PlanClass class, LkTime due, LkTime start_at)
{
  guint64 number = item->iter != NULL ? item->number : ++queue->number;

  queue_remove (queue, item);
  item->class = class;
  item->due = due;
  item->start_at = start_at;
  item->number = number;
  item->iter = g_sequence_insert_sorted (queue->sequence, item, compare, NULL);
  queue->lengths[class]++;
}

void
queue_remove (Queue *queue, QueueItem *item)
{
  if (item->iter == NULL)
    return;
  g_sequence_remove (item->iter);
  item->iter = NULL;
  queue->lengths[item->class]--;
}

QueueItem *
queue_take (Queue *queue, LkTime now, gboolean (*may_start) (QueueItem *, gpointer), gpointer data,
            LkTime *out_next)
{
  guint looked = 0;

  *out_next = LK_TIME_NONE;
  for (GSequenceIter *iter = g_sequence_get_begin_iter (queue->sequence);
       !g_sequence_iter_is_end (iter) && looked < LOOK_MAX; iter = g_sequence_iter_next (iter))
    {
      QueueItem *item = g_sequence_get (iter);

      if (item->start_at != LK_TIME_NONE && item->start_at > now)
        {
          if (*out_next == LK_TIME_NONE || item->start_at < *out_next)
            *out_next = item->start_at;
          continue;
        }
      looked++;
      if (may_start != NULL && !may_start (item, data))
        continue;
      queue_remove (queue, item);
      return item;
    }
  return NULL;
}

/* The first of the class comes right behind all that are more urgent. */
LkTime
queue_oldest_due (const Queue *queue, PlanClass class)
{
  guint before = 0;

  for (guint c = 0; c < class; c++)
    before += queue->lengths[c];
  if (queue->lengths[class] == 0)
    return LK_TIME_NONE;
  return ((const QueueItem *) g_sequence_get (
              g_sequence_get_iter_at_pos (queue->sequence, (gint) before)))
      ->due;
}

guint
queue_length (const Queue *queue, PlanClass class)
{
  return queue->lengths[class];
}
