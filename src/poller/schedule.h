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

/* Of cycles that cost CYCLE_REQUESTS each and are wished for every POLL_INTERVAL (ms), under these
 * limits. A cycle comes later than wished for only when cycles alone would need over 70 % of a
 * limit. */
Schedule
schedule_plan (gint64 poll_interval, guint cycle_requests, guint per_minute, guint per_hour);

G_END_DECLS
