/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Who is served next: persons with a planned action, by urgency. One place a person: a newer plan
 * replaces a waiting one, so a backlog is bounded by people, not events. Pure; one thread.
 */
#pragma once

#include "plan.h"

G_BEGIN_DECLS

typedef struct _Queue Queue;

/* Embedded in whoever is queued; zero it first. */
typedef struct
{
  GSequenceIter *iter; /* NULL: not queued */
  PlanClass class;
  LkTime due;
  LkTime start_at; /* LK_TIME_NONE: at once */
  guint64 number;
} QueueItem;

Queue *queue_new (void);
void queue_free (Queue *queue);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Queue, queue_free)

/* Puts ITEM in its place, taking it out of an older one. First come, first served among equals. */
void queue_put (Queue *queue, QueueItem *item, PlanClass class, LkTime due, LkTime start_at);
void queue_remove (Queue *queue, QueueItem *item);

/* The most urgent that may start at NOW and that MAY_START (may be NULL) lets; taken out. NULL:
 * none. *OUT_NEXT is when one will be ready that only its time holds back; LK_TIME_NONE: none. */
QueueItem *queue_take (Queue *queue, LkTime now, gboolean (*may_start) (QueueItem *, gpointer),
                       gpointer data, LkTime *out_next);

/* When the longest due of a class began to be so; LK_TIME_NONE: none waits. */
LkTime queue_oldest_due (const Queue *queue, PlanClass class);
guint queue_length (const Queue *queue, PlanClass class);

G_END_DECLS
