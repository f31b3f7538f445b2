/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * latchkey-booking-worker: bookings × rules → commands.
 */
#include "decide.h"

#include <latchkey/program/worker.h>

static gboolean
decide (const char *json, gsize len, const LkRules *rules, LkCommand *out, GError **error)
{
  g_auto (LkBooking) booking = { 0 };

  if (!lk_booking_parse (&booking, json, len, error))
    return FALSE;
  booking_decide (&booking, rules, out);
  return TRUE;
}

int
main (int argc, char **argv)
{
  static const LkWorkerSpec spec = {
    .name = "latchkey-booking-worker",
    .program = "booking-worker",
    .summary = "decides which groups each booking opens, and when",
    .input = LK_KIND_BOOKINGS,
    .source = LK_SOURCE_BOOKING,
    .decide = decide,
  };

  return lk_worker_run (&spec, argc, argv);
}
