/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Every line of design §5, "Booking", as a table.
 */
#include "../../src/booking-worker/decide.h"
#include "test_decide.h"

typedef struct
{
  const char *what, *rules; /* rules: lead, grace and tentative as JSON; NULL: the defaults */
  gint64 resource;
  const char *from, *until;
  gboolean tentative, cancelled, deleted;
  LkWhy why;
  const char *claims;
} Row;

#define TEN "2026-09-01T08:00:00Z", "2026-09-01T09:00:00Z"

static const Row rows[] = {
  { "from 15 min before its start to its end", NULL, 4001, TEN, FALSE, FALSE, FALSE, LK_WHY_BOOKED,
    "7002 2026-09-01T07:45:00Z..2026-09-01T09:00:00Z" },
  { "lead and grace of the space", "\"lead_s\":600,\"grace_s\":300,\"tentative\":false,", 4001, TEN,
    FALSE, FALSE, FALSE, LK_WHY_BOOKED, "7002 2026-09-01T07:50:00Z..2026-09-01T09:05:00Z" },
  { "no lead at all", "\"lead_s\":0,\"grace_s\":0,\"tentative\":false,", 4001, TEN, FALSE, FALSE,
    FALSE, LK_WHY_BOOKED, "7002 2026-09-01T08:00:00Z..2026-09-01T09:00:00Z" },
  { "a mapping's own lead, several groups", NULL, 4002, TEN, FALSE, FALSE, FALSE, LK_WHY_BOOKED,
    "7002 2026-09-01T07:55:00Z..2026-09-01T09:00:00Z; "
    "7004 2026-09-01T07:55:00Z..2026-09-01T09:00:00Z" },
  { "tentative gives nothing by default", NULL, 4001, TEN, TRUE, FALSE, FALSE, LK_WHY_TENTATIVE,
    "" },
  { "tentative, where the space takes them", "\"lead_s\":900,\"grace_s\":0,\"tentative\":true,",
    4001, TEN, TRUE, FALSE, FALSE, LK_WHY_BOOKED,
    "7002 2026-09-01T07:45:00Z..2026-09-01T09:00:00Z" },
  { "cancelled: nothing", NULL, 4001, TEN, FALSE, TRUE, FALSE, LK_WHY_CANCELLED, "" },
  { "deleted: nothing", NULL, 4001, TEN, FALSE, FALSE, TRUE, LK_WHY_DELETED, "" },
  { "not mapped: nothing", NULL, 4009, TEN, FALSE, FALSE, FALSE, LK_WHY_NOT_MAPPED, "" },
  { "a pass type's id is not a resource's", NULL, 3001, TEN, FALSE, FALSE, FALSE,
    LK_WHY_NOT_MAPPED, "" },
  { "ends as it begins: the lead alone opens nothing", NULL, 4001, "2026-09-01T08:00:00Z",
    "2026-09-01T08:00:00Z", FALSE, FALSE, FALSE, LK_WHY_EXPIRED, "" },
  { "over the night clocks go back", NULL, 4001, "2026-10-24T23:30:00Z", "2026-10-25T01:30:00Z",
    FALSE, FALSE, FALSE, LK_WHY_BOOKED, "7002 2026-10-24T23:15:00Z..2026-10-25T01:30:00Z" },
};

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  g_autoptr (LkRules) rules = rules_of ("Europe/Madrid", "00:00", "end_of_day", row->rules);
  const LkBooking booking = { .booking = 555,
                              .member = 9001,
                              .space = (char *) "moncloa",
                              .revision = 500,
                              .resource = row->resource,
                              .from = at (row->from),
                              .until = at (row->until),
                              .tentative = row->tentative,
                              .cancelled = row->cancelled,
                              .deleted = row->deleted };
  g_auto (LkCommand) command = { 0 };

  booking_decide (&booking, rules, &command);
  g_autofree char *claims = claims_text (&command);
  g_assert_cmpstr (claims, ==, row->claims);
  g_assert_cmpstr (lk_why_name (command.why), ==, lk_why_name (row->why));
  g_assert_cmpint (command.kind, ==, LK_SOURCE_BOOKING);
  g_assert_cmpint (command.source_id, ==, 555);
  g_assert_cmpint (command.version.revision, ==, 500);
  g_assert_cmpint (command.version.rules, ==, 1000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = g_strdup_printf ("/decide/booking/%s", rows[i].what);
      g_test_add_data_func (path, &rows[i], test_row);
    }
  return g_test_run ();
}
