/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * A rate limit as a sliding window: at most N in any PERIOD. It remembers the last N times, so it
 * is exact. N is given with each call, since limits may be set while the sandbox runs.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  gint64 *times; /* ring of the last `n` admitted, steady ms */
  gint64 n;
  gint64 next;
} RateWindow;

/* Ms to wait (0: admitted, if taken too) at NOW; N 0 is no limit. */
gint64 rate_window_wait (RateWindow *window, gint64 n, gint64 period_ms, gint64 now);
void rate_window_take (RateWindow *window, gint64 n, gint64 now);
void rate_window_clear (RateWindow *window);

G_END_DECLS
