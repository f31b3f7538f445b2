/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The three shapes of window.h.
 */
#include "window.h"

static void
fit (RateWindow *window, gint64 n)
{
  if (window->n == n)
    return;
  g_free (window->times);
  window->times = g_new (gint64, n);
  for (gint64 i = 0; i < n; i++)
    window->times[i] = G_MININT64 / 2;
  window->n = n;
  window->next = 0;
}

/* The bucket loses N in PERIOD_MS. */
static void
drain (RateWindow *window, gint64 n, gint64 period_ms, gint64 now)
{
  double lost = (double)(now - window->drained_at) * (double)n / (double)period_ms;
  window->level = MAX (0, window->level - lost);
  window->drained_at = now;
}

gint64
rate_window_wait (RateWindow *window, RateShape shape, gint64 n, gint64 period_ms, gint64 now)
{
  if (n <= 0)
    return 0;
  if (shape == RATE_FIXED)
    return window->period == now / period_ms && window->used >= n ? period_ms - now % period_ms : 0;
  if (shape == RATE_BUCKET)
    {
      drain (window, n, period_ms, now);
      double over = window->level + 1 - (double)n;
      return over > 0 ? 1 + (gint64)(over * (double)period_ms / (double)n) : 0;
    }
  fit (window, n);
  return MAX (0, window->times[window->next] + period_ms - now);
}

void
rate_window_take (RateWindow *window, RateShape shape, gint64 n, gint64 period_ms, gint64 now)
{
  if (n <= 0)
    return;
  if (shape == RATE_FIXED)
    {
      window->used = window->period == now / period_ms ? window->used + 1 : 1;
      window->period = now / period_ms;
    }
  else if (shape == RATE_BUCKET)
    {
      drain (window, n, period_ms, now);
      window->level = MIN (window->level + 1, (double)n);
    }
  else
    {
      fit (window, n);
      window->times[window->next] = now;
      window->next = (window->next + 1) % n;
    }
}

void
rate_window_clear (RateWindow *window)
{
  g_clear_pointer (&window->times, g_free);
  window->n = window->next = 0;
}
