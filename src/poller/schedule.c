/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Arithmetic of the budget. With limit L and cycles that need c of it (c ≤ 0.35), rows may start
 * while less than L·(1 − 1.1c − 0.05) was spent in the last hour, so that whatever they do, the
 * cycles of that hour still fit in, and a part of it stays unused for retries and logins. What was
 * spent has the cycles in it: rows get L·(0.95 − 2.1c) of an hour, and listings at least
 * L·(0.85 − 2.1c), which c ≤ 0.35 leaves over a tenth of it.
 */
#include "schedule.h"

#define CYCLES_MAX 0.35
#define SPARE 0.05
#define LISTING_LEAST 0.4
#define BELOW_ROWS 0.1

static gint64
least_interval (guint requests, gint64 period, guint limit)
{
  return (gint64) ((double) requests * (double) period / (CYCLES_MAX * (double) MAX (limit, 1)))
         + 1;
}

static double
share_of (guint requests, gint64 interval, gint64 period, guint limit)
{
  return (double) requests * (double) period / ((double) interval * (double) MAX (limit, 1));
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

/* Requests that a listing may make in PERIOD, beside the cycles. */
static double
room_of (const Schedule *plan, guint cycle_requests, gint64 period, guint limit)
{
  double all = MAX (limit, 1);

  return all * (1 - plan->listing - share_of (cycle_requests, plan->interval, period, limit));
}

ScheduleHour
schedule_hour (const Schedule *plan, guint cycle_requests, guint listing_requests,
               gint64 listing_interval, guint per_minute, guint per_hour)
{
  double in_minute = room_of (plan, cycle_requests, LK_MINUTE, per_minute);
  double in_hour = room_of (plan, cycle_requests, LK_HOUR, per_hour);
  ScheduleHour hour = { .cycles = (double) LK_HOUR / (double) plan->interval };

  hour.cycle_requests = hour.cycles * cycle_requests;
  hour.listing_ms = (gint64) (listing_requests * (double) LK_MINUTE / in_minute);
  if (listing_requests > in_hour)
    /* What an hour leaves to it is used up on the way. */
    hour.listing_ms
        = MAX (hour.listing_ms, (gint64) (listing_requests * (double) LK_HOUR / in_hour));
  hour.listings = (double) LK_HOUR / (double) (listing_interval + hour.listing_ms);
  hour.listing_requests = hour.listings * listing_requests;
  hour.rest = (double) per_hour - hour.cycle_requests - hour.listing_requests;
  return hour;
}
