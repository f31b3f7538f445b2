/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Arithmetic of the budget. With limit L and cycles that need c of it (c ≤ 0.7), rows may start
 * while less than L·(1 − 1.1c − 0.05) was spent in the last hour, so that whatever they do, the
 * cycles of that hour still fit in, and a part of it stays unused for retries and logins.
 */
#include "schedule.h"

#define CYCLES_MAX    0.7
#define SPARE         0.05
#define LISTING_LEAST 0.4
#define BELOW_ROWS    0.1

static gint64
least_interval (guint requests, gint64 period, guint limit)
{
  return (gint64)((double)requests * (double)period / (CYCLES_MAX * (double)MAX (limit, 1))) + 1;
}

static double
share_of (guint requests, gint64 interval, gint64 period, guint limit)
{
  return (double)requests * (double)period / ((double)interval * (double)MAX (limit, 1));
}

Schedule
schedule_plan (gint64 poll_interval, guint cycle_requests, guint per_minute, guint per_hour)
{
  Schedule plan = { .interval = MAX (poll_interval, 1) };
  double cycles;

  plan.interval = MAX (plan.interval, least_interval (cycle_requests, LK_MINUTE, per_minute));
  plan.interval = MAX (plan.interval, least_interval (cycle_requests, LK_HOUR, per_hour));
  cycles = MAX (share_of (cycle_requests, plan.interval, LK_MINUTE, per_minute),
                share_of (cycle_requests, plan.interval, LK_HOUR, per_hour));
  plan.rows = cycles * 1.1 + SPARE;
  plan.listing = MAX (LISTING_LEAST, plan.rows + BELOW_ROWS);
  return plan;
}
