/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Pauses as spans of instants, joined and looked through in order.
 */
#include "pause.h"

#include <stdlib.h>

typedef struct
{
  LkTime start, end; /* G_MININT64, G_MAXINT64: open */
  Pause said;
} Span;

static Span
span_of (Pause pause, const LkZone *zone)
{
  Span span = { pause.from, pause.until, pause };

  if (pause.from == LK_TIME_NONE)
    span.start = G_MININT64;
  else if (lk_time_is_midnight_utc (pause.from) && zone != NULL)
    span.start = lk_zone_day_start (zone, pause.from);
  if (pause.until == LK_TIME_NONE)
    span.end = G_MAXINT64;
  else if (lk_time_is_midnight_utc (pause.until))
    span.end = zone != NULL ? lk_zone_day_end (zone, pause.until) : pause.until + LK_DAY;
  return span;
}

static int
compare (const void *a, const void *b)
{
  const Span *x = a, *y = b;

  return x->start != y->start ? (x->start < y->start ? -1 : 1)
                              : (x->end > y->end) - (x->end < y->end);
}

/* JOINED takes NEXT in, which begins no earlier and no later than at its end. */
static void
join (Span *joined, const Span *next)
{
  if (next->end > joined->end)
    {
      joined->end = next->end;
      joined->said.until = next->said.until;
    }
}

Pause
pause_choose (const Pause *pauses, guint n, const LkZone *zone, LkTime now)
{
  g_autofree Span *spans = g_new (Span, n + 1);
  Span best = { .said = { LK_TIME_NONE, LK_TIME_NONE } };
  guint used = 0;

  for (guint i = 0; i < n; i++)
    {
      Span span = span_of (pauses[i], zone);
      gboolean is_none = pauses[i].from == LK_TIME_NONE && pauses[i].until == LK_TIME_NONE;
      if (!is_none && span.start < span.end)
        spans[used++] = span;
    }
  qsort (spans, used, sizeof (Span), compare);
  for (guint i = 0; i < used;)
    {
      best = spans[i++];
      while (i < used && spans[i].start <= best.end)
        join (&best, &spans[i++]);
      if (best.end > now)
        break;
    }
  return best.said;
}
