/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * How an account's requests are shared out, so that changes are read at their interval, whatever
 * else there is to read, and no hour is ever used up. Pure; any thread.
 */
#pragma once

#include <latchkey/base/time.h>

G_BEGIN_DECLS

typedef struct
{
  gint64 interval; /* ms from the start of one incremental cycle to the next */
  double rows;     /* share of the limits that single rows leave to the cycles */
  double listing;  /* share of them that a full listing leaves to both */
} Schedule;

/* Of a cycle: seven lists of changes, while each is one page, and three totals. */
#define SCHEDULE_CYCLE_REQUESTS 10

/* Of cycles that cost CYCLE_REQUESTS each and are wished for every POLL_INTERVAL (ms), under these
 * limits. A cycle comes later than wished for only when cycles alone would need over 35 % of a
 * limit: else what may be read besides would be nothing. */
Schedule schedule_plan (gint64 poll_interval, guint cycle_requests, guint per_minute,
                        guint per_hour);

/* How an hour is spent when all goes on as planned. */
typedef struct
{
  double cycles, cycle_requests;     /* an hour */
  double listings, listing_requests; /* an hour */
  gint64 listing_ms;                 /* that one takes at the least */
  double rest;                       /* requests an hour: for single rows, logins, retries */
} ScheduleHour;

/* By PLAN, of cycles that cost CYCLE_REQUESTS and listings that cost LISTING_REQUESTS, each begun
 * LISTING_INTERVAL (ms) after the end of the one before. */
ScheduleHour schedule_hour (const Schedule *plan, guint cycle_requests, guint listing_requests,
                            gint64 listing_interval, guint per_minute, guint per_hour);

G_END_DECLS
