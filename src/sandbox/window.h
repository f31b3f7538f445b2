/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * A rate limit of N in any PERIOD, in one of three shapes: exact over each span of that length,
 * counted anew in each period of the clock, or a bucket that fills evenly. N and the shape are
 * given with each call, since both may be set while the sandbox runs.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  RATE_SLIDING,
  RATE_FIXED,
  RATE_BUCKET,
} RateShape;

typedef struct
{
  gint64 *times; /* sliding: ring of the last `n` taken, steady ms */
  gint64 n;
  gint64 next;
  gint64 period, used; /* fixed: which one, and what was taken in it */
  double level;        /* bucket: what is taken of it */
  gint64 drained_at;
} RateWindow;

/* Ms to wait (0: admitted, if taken too) at NOW; N 0 is no limit. */
gint64
rate_window_wait (RateWindow *window, RateShape shape, gint64 n, gint64 period_ms, gint64 now);
void rate_window_take (RateWindow *window, RateShape shape, gint64 n, gint64 period_ms, gint64 now);
void rate_window_clear (RateWindow *window);

G_END_DECLS
