/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The sliding window of window.h.
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

gint64
rate_window_wait (RateWindow *window, gint64 n, gint64 period_ms, gint64 now)
{
  if (n <= 0)
    return 0;
  fit (window, n);
  return MAX (0, window->times[window->next] + period_ms - now);
}

void
rate_window_take (RateWindow *window, gint64 n, gint64 now)
{
  if (n <= 0)
    return;
  fit (window, n);
  window->times[window->next] = now;
  window->next = (window->next + 1) % n;
}

void
rate_window_clear (RateWindow *window)
{
  g_clear_pointer (&window->times, g_free);
  window->n = window->next = 0;
}
