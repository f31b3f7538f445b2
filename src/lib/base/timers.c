/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Timers: a binary heap ordered by deadline, then by the order in which they were added. Each
 * timer knows its place, so that cancelling one costs a sift and no search.
 */
#include <latchkey/base/clock.h>

struct _LkTimer
{
  gint64 due; /* steady ms */
  guint64 serial;
  guint place; /* in the heap */
  LkTimerFunc func;
  gpointer data;
};

struct _LkTimers
{
  const LkClock *clock;
  GPtrArray *heap; /* LkTimer, owned */
  guint64 serial;
};

LkTimers *
lk_timers_new (const LkClock *clock)
{
  LkTimers *timers = g_new0 (LkTimers, 1);

  timers->clock = clock;
  timers->heap = g_ptr_array_new_with_free_func (g_free);
  return timers;
}

void
lk_timers_free (LkTimers *timers)
{
  if (timers == NULL)
    return;
  g_ptr_array_unref (timers->heap);
  g_free (timers);
}

static LkTimer *
timer_at (const LkTimers *timers, guint place)
{
  return g_ptr_array_index (timers->heap, place);
}

static gboolean
before (const LkTimer *a, const LkTimer *b)
{
  return a->due != b->due ? a->due < b->due : a->serial < b->serial;
}

static void
put (LkTimers *timers, guint place, LkTimer *timer)
{
  g_ptr_array_index (timers->heap, place) = timer;
  timer->place = place;
}

/* Moves the timer at PLACE to where it belongs. */
static void
sift (LkTimers *timers, guint place)
{
  LkTimer *timer = timer_at (timers, place);

  while (place > 0 && before (timer, timer_at (timers, (place - 1) / 2)))
    {
      put (timers, place, timer_at (timers, (place - 1) / 2));
      place = (place - 1) / 2;
    }
  for (;;)
    {
      guint child = 2 * place + 1;

      if (child >= timers->heap->len)
        break;
      if (child + 1 < timers->heap->len
          && before (timer_at (timers, child + 1), timer_at (timers, child)))
        child++;
      if (!before (timer_at (timers, child), timer))
        break;
      put (timers, place, timer_at (timers, child));
      place = child;
    }
  put (timers, place, timer);
}

LkTimer *
lk_timers_add (LkTimers *timers, gint64 delay_ms, LkTimerFunc func, gpointer data)
{
  LkTimer *timer = g_new0 (LkTimer, 1);
  gint64 now = lk_clock_steady (timers->clock);

  g_assert (delay_ms >= 0);
  timer->due = delay_ms > G_MAXINT64 - now ? G_MAXINT64 : now + delay_ms;
  timer->serial = timers->serial++;
  timer->place = timers->heap->len;
  timer->func = func;
  timer->data = data;
  g_ptr_array_add (timers->heap, timer);
  sift (timers, timer->place);
  return timer;
}

void
lk_timers_cancel (LkTimers *timers, LkTimer *timer)
{
  guint place, last;

  if (timer == NULL)
    return;
  place = timer->place;
  last = timers->heap->len - 1;
  g_assert (place <= last && timer_at (timers, place) == timer);
  if (place != last)
    {
      put (timers, place, timer_at (timers, last));
      g_ptr_array_index (timers->heap, last) = timer;
    }
  g_ptr_array_set_size (timers->heap, (gint) last); /* frees TIMER */
  if (place != last)
    sift (timers, place);
}

gint64
lk_timers_next (const LkTimers *timers)
{
  gint64 now;

  if (timers->heap->len == 0)
    return G_MAXINT64;
  now = lk_clock_steady (timers->clock);
  return MAX (0, timer_at (timers, 0)->due - now);
}

gint64
lk_timers_run (LkTimers *timers)
{
  gint64 now = lk_clock_steady (timers->clock);
  guint64 end = timers->serial;

  while (timers->heap->len > 0)
    {
      LkTimer *timer = timer_at (timers, 0);
      LkTimerFunc func = timer->func;
      gpointer data = timer->data;

      /* One added by a callback of this call is due at NOW at the soonest, so it comes after all
       * the older ones that are due: reaching it means that those are done. */
      if (timer->due > now || timer->serial >= end)
        break;
      lk_timers_cancel (timers, timer);
      func (data);
    }
  return lk_timers_next (timers);
}
