/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Every line of design §5, "Pass", as a table: what the pass is, and what it gives.
 */
#include "../../src/pass-worker/decide.h"
#include "test_decide.h"

typedef struct
{
  const char *what; /* the line of §5 that it shows */
  const char *zone, *cutoff;
  gboolean instant;
  gint64 type, minutes;
  const char *created, *expires;
  gboolean used;
  const char *used_at;
  const char *contract; /* "active,cancelled,starts,ends,paused_from,paused_until"; NULL: none */
  gboolean deleted;
  LkWhy why;
  const char *claims;
} Row;

#define MADRID "Europe/Madrid", "00:00", FALSE
#define MADRID_4 "Europe/Madrid", "04:00", FALSE
#define NEW_YORK "America/New_York", "00:00", FALSE
#define NEW_YORK_4 "America/New_York", "04:00", FALSE
#define DAY 3001, -1
#define C "2026-01-10T09:30:00Z"

static const Row rows[] = {
  { "not used, no end: from its creation without end", MADRID, DAY, C, NULL, FALSE, NULL, NULL,
    FALSE, LK_WHY_UNUSED, "7001 2026-01-10T09:30:00Z..*" },
  { "not used: to its expiry", MADRID, DAY, C, "2026-02-01T15:20:00Z", FALSE, NULL, NULL, FALSE,
    LK_WHY_UNUSED, "7001 2026-01-10T09:30:00Z..2026-02-01T15:20:00Z" },
  { "a bare expiry counts to the end of that day, winter", MADRID, DAY, C, "2026-02-01T00:00:00Z",
    FALSE, NULL, NULL, FALSE, LK_WHY_UNUSED, "7001 2026-01-10T09:30:00Z..2026-02-01T23:00:00Z" },
  { "a bare expiry counts to the end of that day, summer", MADRID, DAY, C, "2026-07-01T00:00:00Z",
    FALSE, NULL, NULL, FALSE, LK_WHY_UNUSED, "7001 2026-01-10T09:30:00Z..2026-07-01T22:00:00Z" },
  { "a bare expiry west of Greenwich is that calendar date there", NEW_YORK, DAY, C,
    "2026-02-01T00:00:00Z", FALSE, NULL, NULL, FALSE, LK_WHY_UNUSED,
    "7001 2026-01-10T09:30:00Z..2026-02-02T05:00:00Z" },
  { "a bare expiry on the day clocks go on", MADRID, DAY, C, "2026-03-29T00:00:00Z", FALSE, NULL,
    NULL, FALSE, LK_WHY_UNUSED, "7001 2026-01-10T09:30:00Z..2026-03-29T22:00:00Z" },
  { "a bare expiry on the day clocks go back", MADRID, DAY, C, "2026-10-25T00:00:00Z", FALSE, NULL,
    NULL, FALSE, LK_WHY_UNUSED, "7001 2026-01-10T09:30:00Z..2026-10-25T23:00:00Z" },
  { "expire_date: instant takes it as it is", "Europe/Madrid", "00:00", TRUE, DAY, C,
    "2026-02-01T00:00:00Z", FALSE, NULL, NULL, FALSE, LK_WHY_UNUSED,
    "7001 2026-01-10T09:30:00Z..2026-02-01T00:00:00Z" },
  { "expired before it was made: nothing", MADRID, DAY, C, "2026-01-01T12:00:00Z", FALSE, NULL,
    NULL, FALSE, LK_WHY_EXPIRED, "" },
  { "no creation time: since ever", MADRID, DAY, NULL, NULL, FALSE, NULL, NULL, FALSE,
    LK_WHY_UNUSED, "7001 *..*" },

  { "day pass used this morning still opens until the cut-off", MADRID, DAY, C, NULL, TRUE,
    "2026-01-12T08:00:00Z", NULL, FALSE, LK_WHY_USED_TODAY,
    "7001 2026-01-10T09:30:00Z..2026-01-12T23:00:00Z" },
  { "used just before local midnight", MADRID, DAY, C, NULL, TRUE, "2026-01-12T22:59:59Z", NULL,
    FALSE, LK_WHY_USED_TODAY, "7001 2026-01-10T09:30:00Z..2026-01-12T23:00:00Z" },
  { "used at the cut-off itself: the next day's", MADRID, DAY, C, NULL, TRUE,
    "2026-01-12T23:00:00Z", NULL, FALSE, LK_WHY_USED_TODAY,
    "7001 2026-01-10T09:30:00Z..2026-01-13T23:00:00Z" },
  { "used after midnight with a cut-off of 04:00: still that night", MADRID_4, DAY, C, NULL, TRUE,
    "2026-01-13T01:30:00Z", NULL, FALSE, LK_WHY_USED_TODAY,
    "7001 2026-01-10T09:30:00Z..2026-01-13T03:00:00Z" },
  { "cut-off on the day clocks go on, Madrid (23 h)", MADRID, DAY, C, NULL, TRUE,
    "2026-03-29T10:00:00Z", NULL, FALSE, LK_WHY_USED_TODAY,
    "7001 2026-01-10T09:30:00Z..2026-03-29T22:00:00Z" },
  { "cut-off on the day clocks go back, Madrid (25 h)", MADRID, DAY, C, NULL, TRUE,
    "2026-10-25T10:00:00Z", NULL, FALSE, LK_WHY_USED_TODAY,
    "7001 2026-01-10T09:30:00Z..2026-10-25T23:00:00Z" },
  { "cut-off in the gap, Madrid: the gap's end", "Europe/Madrid", "02:30", FALSE, DAY, C, NULL,
    TRUE, "2026-03-28T20:00:00Z", NULL, FALSE, LK_WHY_USED_TODAY,
    "7001 2026-01-10T09:30:00Z..2026-03-29T01:00:00Z" },
  { "cut-off in the overlap, Madrid: the first of the two", "Europe/Madrid", "02:30", FALSE, DAY, C,
    NULL, TRUE, "2026-10-24T20:00:00Z", NULL, FALSE, LK_WHY_USED_TODAY,
    "7001 2026-01-10T09:30:00Z..2026-10-25T00:30:00Z" },
  { "cut-off on the day clocks go on, New York", NEW_YORK, DAY, C, NULL, TRUE,
    "2026-03-08T15:00:00Z", NULL, FALSE, LK_WHY_USED_TODAY,
    "7001 2026-01-10T09:30:00Z..2026-03-09T04:00:00Z" },
  { "cut-off on the day clocks go back, New York", NEW_YORK, DAY, C, NULL, TRUE,
    "2026-11-01T15:00:00Z", NULL, FALSE, LK_WHY_USED_TODAY,
    "7001 2026-01-10T09:30:00Z..2026-11-02T05:00:00Z" },
  { "cut-off in the gap, New York", "America/New_York", "02:30", FALSE, DAY, C, NULL, TRUE,
    "2026-03-08T01:00:00Z", NULL, FALSE, LK_WHY_USED_TODAY,
    "7001 2026-01-10T09:30:00Z..2026-03-08T07:00:00Z" },
  { "cut-off in the overlap, New York", "America/New_York", "01:30", FALSE, DAY, C, NULL, TRUE,
    "2026-11-01T01:00:00Z", NULL, FALSE, LK_WHY_USED_TODAY,
    "7001 2026-01-10T09:30:00Z..2026-11-01T05:30:00Z" },
  { "cut-off of 04:00 on the day clocks go on, New York", NEW_YORK_4, DAY, C, NULL, TRUE,
    "2026-03-07T22:00:00Z", NULL, FALSE, LK_WHY_USED_TODAY,
    "7001 2026-01-10T09:30:00Z..2026-03-08T08:00:00Z" },
  { "used, but its expiry is sooner than the cut-off", MADRID, DAY, C, "2026-01-12T16:00:00Z", TRUE,
    "2026-01-12T08:00:00Z", NULL, FALSE, LK_WHY_USED_TODAY,
    "7001 2026-01-10T09:30:00Z..2026-01-12T16:00:00Z" },
  { "used without a time: nothing", MADRID, DAY, C, NULL, TRUE, NULL, NULL, FALSE, LK_WHY_USED_UP,
    "" },
  { "minutes pass, not used up", MADRID, 3001, 600, C, NULL, FALSE, "2026-01-12T08:00:00Z", NULL,
    FALSE, LK_WHY_UNUSED, "7001 2026-01-10T09:30:00Z..*" },
  { "minutes pass, used up: nothing, not even today", MADRID, 3001, 600, C, NULL, TRUE,
    "2026-01-12T08:00:00Z", NULL, FALSE, LK_WHY_USED_UP, "" },
  { "several groups: one claim on each", MADRID, 3002, -1, C, NULL, FALSE, NULL, NULL, FALSE,
    LK_WHY_UNUSED, "7001 2026-01-10T09:30:00Z..*; 7003 2026-01-10T09:30:00Z..*" },

  { "contract without dates", MADRID, DAY, C, NULL, FALSE, NULL, "active,,,,,", FALSE,
    LK_WHY_UNUSED, "7001 2026-01-10T09:30:00Z..*" },
  { "contract not active: nothing", MADRID, DAY, C, NULL, FALSE, NULL, ",,,,,", FALSE,
    LK_WHY_CONTRACT_INACTIVE, "" },
  { "contract not active, although its end is to come: nothing", MADRID, DAY, C, NULL, FALSE, NULL,
    ",,,2026-05-01T00:00:00Z,,", FALSE, LK_WHY_CONTRACT_INACTIVE, "" },
  { "never past the contract's end, a bare date", MADRID, DAY, C, "2026-12-31T00:00:00Z", FALSE,
    NULL, "active,,,2026-05-01T00:00:00Z,,", FALSE, LK_WHY_UNUSED,
    "7001 2026-01-10T09:30:00Z..2026-05-01T22:00:00Z" },
  { "contract's end as an instant", "Europe/Madrid", "00:00", TRUE, DAY, C, NULL, FALSE, NULL,
    "active,,,2026-05-01T00:00:00Z,,", FALSE, LK_WHY_UNUSED,
    "7001 2026-01-10T09:30:00Z..2026-05-01T00:00:00Z" },
  { "cancelled for a future day: until that day", MADRID, DAY, C, NULL, FALSE, NULL,
    "active,cancelled,,2026-05-01T00:00:00Z,,", FALSE, LK_WHY_UNUSED,
    "7001 2026-01-10T09:30:00Z..2026-05-01T22:00:00Z" },
  { "cancelled without a date: not at all", MADRID, DAY, C, NULL, FALSE, NULL,
    "active,cancelled,,,,", FALSE, LK_WHY_CONTRACT_INACTIVE, "" },
  { "ended before the pass was made: nothing", MADRID, DAY, C, NULL, FALSE, NULL,
    "active,,,2026-01-02T00:00:00Z,,", FALSE, LK_WHY_CONTRACT_ENDED, "" },
  { "counts from its start, a bare date begins with its local day", MADRID, DAY, C, NULL, FALSE,
    NULL, "active,,2026-03-01T00:00:00Z,,,", FALSE, LK_WHY_UNUSED,
    "7001 2026-02-28T23:00:00Z..*" },
  { "bare start west of Greenwich", NEW_YORK, DAY, C, NULL, FALSE, NULL,
    "active,,2026-03-01T00:00:00Z,,,", FALSE, LK_WHY_UNUSED, "7001 2026-03-01T05:00:00Z..*" },
  { "paused: nothing from pause start to pause end, both days covered", MADRID, DAY, C, NULL, FALSE,
    NULL, "active,,,,2026-02-01T00:00:00Z,2026-02-14T00:00:00Z", FALSE, LK_WHY_UNUSED,
    "7001 2026-01-10T09:30:00Z..2026-01-31T23:00:00Z; 7001 2026-02-14T23:00:00Z..*" },
  { "paused without an end", MADRID, DAY, C, NULL, FALSE, NULL,
    "active,,,,2026-02-01T00:00:00Z,", FALSE, LK_WHY_UNUSED,
    "7001 2026-01-10T09:30:00Z..2026-01-31T23:00:00Z" },
  { "paused all the time there is: nothing", MADRID, DAY, C, NULL, FALSE, NULL,
    "active,,,,2026-01-01T00:00:00Z,", FALSE, LK_WHY_CONTRACT_ENDED, "" },
  { "a pause with two groups: each in order", MADRID, 3002, -1, C, NULL, FALSE, NULL,
    "active,,,,2026-02-01T00:00:00Z,2026-02-14T00:00:00Z", FALSE, LK_WHY_UNUSED,
    "7001 2026-01-10T09:30:00Z..2026-01-31T23:00:00Z; 7001 2026-02-14T23:00:00Z..*; "
    "7003 2026-01-10T09:30:00Z..2026-01-31T23:00:00Z; 7003 2026-02-14T23:00:00Z..*" },
  { "used today and the contract ends today", MADRID, DAY, C, NULL, TRUE, "2026-05-01T08:00:00Z",
    "active,,,2026-05-01T12:00:00Z,,", FALSE, LK_WHY_USED_TODAY,
    "7001 2026-01-10T09:30:00Z..2026-05-01T12:00:00Z" },

  { "deleted: nothing", MADRID, DAY, C, NULL, FALSE, NULL, NULL, TRUE, LK_WHY_DELETED, "" },
  { "its type not mapped: nothing", MADRID, 3999, -1, C, NULL, FALSE, NULL, NULL, FALSE,
    LK_WHY_NOT_MAPPED, "" },
  { "a resource's id is not a pass type's", MADRID, 4001, -1, C, NULL, FALSE, NULL, NULL, FALSE,
    LK_WHY_NOT_MAPPED, "" },
};

static LkPass
pass_of (const Row *row)
{
  LkPass pass = { .pass = 17,
                  .member = 9001,
                  .space = g_strdup ("moncloa"),
                  .revision = 500,
                  .type = row->type,
                  .minutes = row->minutes,
                  .created_at = at (row->created),
                  .expires_at = at (row->expires),
                  .used = row->used,
                  .used_at = at (row->used_at),
                  .deleted = row->deleted };

  if (row->contract != NULL)
    {
      g_auto (GStrv) part = g_strsplit (row->contract, ",", -1);
      g_assert_cmpuint (g_strv_length (part), ==, 6);
#define OPTIONAL(i) (*part[i] == '\0' ? NULL : part[i])
      pass.has_contract = TRUE;
      pass.contract = (LkContract){ .active = g_str_equal (part[0], "active"),
                                    .cancelled = g_str_equal (part[1], "cancelled"),
                                    .starts_at = at (OPTIONAL (2)),
                                    .ends_at = at (OPTIONAL (3)),
                                    .paused_from = at (OPTIONAL (4)),
                                    .paused_until = at (OPTIONAL (5)) };
    }
  return pass;
}

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  g_autoptr (LkRules) rules
      = rules_of (row->zone, row->cutoff, row->instant ? "instant" : "end_of_day", NULL);
  g_auto (LkPass) pass = pass_of (row);
  g_auto (LkCommand) command = { 0 };

  pass_decide (&pass, rules, &command);
  g_autofree char *claims = claims_text (&command);
  g_assert_cmpstr (claims, ==, row->claims);
  g_assert_cmpstr (lk_why_name (command.why), ==, lk_why_name (row->why));
  g_assert_cmpint (command.version.revision, ==, 500);
  g_assert_cmpint (command.version.rules, ==, 1000);
  g_assert_cmpint (command.kind, ==, LK_SOURCE_PASS);
  g_assert_cmpint (command.source_id, ==, 17);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = g_strdup_printf ("/decide/pass/%s", rows[i].what);
      /* GLib splits paths at slashes; the rows' words have none. */
      g_test_add_data_func (path, &rows[i], test_row);
    }
  return g_test_run ();
}
