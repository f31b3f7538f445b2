/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * A queue of outstanding offsets in reading order; acknowledgements come in nearly that order, so
 * the front moves and the queue stays short.
 */
#include "progress.h"

typedef struct
{
  gint64 offset;
  gboolean done;
} Outstanding;

struct _LkProgress
{
  Outstanding *ring; /* capacity is a power of two */
  guint capacity, head, length, pending;
  guint64 first; /* ticket of the one at head */
};

LkProgress *
lk_progress_new (void)
{
  LkProgress *progress = g_new0 (LkProgress, 1);

  progress->capacity = 64;
  progress->ring = g_new (Outstanding, progress->capacity);
  return progress;
}

void
lk_progress_free (LkProgress *progress)
{
  if (progress == NULL)
    return;
  g_free (progress->ring);
  g_free (progress);
}

static Outstanding *
at (const LkProgress *progress, guint index)
{
  return &progress->ring[(progress->head + index) & (progress->capacity - 1)];
}

static void
grow (LkProgress *progress)
{
  Outstanding *ring = g_new (Outstanding, (gsize) progress->capacity * 2);

  for (guint i = 0; i < progress->length; i++)
    ring[i] = *at (progress, i);
  g_free (progress->ring);
  progress->ring = ring;
  progress->head = 0;
  progress->capacity *= 2;
}

guint64
lk_progress_begin (LkProgress *progress, gint64 offset)
{
  if (progress->length == progress->capacity)
    grow (progress);
  *at (progress, progress->length) = (Outstanding){ offset, FALSE };
  progress->length++;
  progress->pending++;
  return progress->first + progress->length - 1;
}

void
lk_progress_end (LkProgress *progress, guint64 ticket)
{
  if (ticket < progress->first || ticket - progress->first >= progress->length)
    return;

  Outstanding *one = at (progress, (guint) (ticket - progress->first));
  if (one->done)
    return;
  one->done = TRUE;
  progress->pending--;
  while (progress->length > 0 && at (progress, 0)->done)
    {
      progress->head = (progress->head + 1) & (progress->capacity - 1);
      progress->length--;
      progress->first++;
    }
}

gint64
lk_progress_offset (const LkProgress *progress, guint64 ticket)
{
  if (ticket < progress->first || ticket - progress->first >= progress->length)
    return -1;
  return at (progress, (guint) (ticket - progress->first))->offset;
}

void
lk_progress_reset (LkProgress *progress)
{
  progress->first += progress->length;
  progress->length = progress->pending = 0;
}

gint64
lk_progress_position (const LkProgress *progress, gint64 next)
{
  return progress->length > 0 ? at (progress, 0)->offset : next;
}

guint
lk_progress_pending (const LkProgress *progress)
{
  return progress->pending;
}
